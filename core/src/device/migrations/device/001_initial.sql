-- What belongs to the device and to no vault. Under a key that the device key wraps.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

-- Keys of the queues that may be sent from while their vaults are locked.
CREATE TABLE lent (
    region INTEGER PRIMARY KEY,
    key BLOB NOT NULL
) STRICT;
