-- The word that people read on the screens.

ALTER TABLE moving RENAME COLUMN code TO digits;
