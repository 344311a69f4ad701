-- The shares that people were given who can open this vault together.
CREATE TABLE recovery (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    people INTEGER NOT NULL,
    needed INTEGER NOT NULL,
    -- Days since 1970.
    day INTEGER NOT NULL,
    -- Of the key that they open: with another one they are void.
    fingerprint BLOB NOT NULL
) STRICT;
