-- Schema of the committed vectors. It is theirs alone: the vault's own schema may change, they may not.
CREATE TABLE fruit (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    khmer TEXT NOT NULL,
    picture BLOB NOT NULL
) STRICT;
