-- What the server keeps: sealed objects by place, spent tokens, invites by hash, client keys of desks, one bundle.
-- No addresses, no times finer than an hour. No row says which token or upload brought an object.

CREATE TABLE object (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    object BLOB NOT NULL UNIQUE CHECK (length(object) = 16),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    -- 0 text, 1 media.
    lane INTEGER NOT NULL CHECK (lane IN (0, 1)),
    -- Hours since 1970.
    hour INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL
) STRICT;

-- How much of each object file is acknowledged; a shorter file has lost reports.
CREATE TABLE segment (
    segment INTEGER PRIMARY KEY,
    length INTEGER NOT NULL
) STRICT;

-- Spent tokens: the upload that each opened, and how many objects it paid for.
CREATE TABLE token (
    nonce BLOB NOT NULL PRIMARY KEY CHECK (length(nonce) = 32),
    upload BLOB NOT NULL CHECK (length(upload) = 16),
    count INTEGER NOT NULL CHECK (count BETWEEN 1 AND 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
    secret_hash BLOB NOT NULL PRIMARY KEY CHECK (length(secret_hash) = 32),
    -- Hours since 1970.
    expires INTEGER NOT NULL,
    -- Empty until a device used the invite.
    body_hash BLOB NOT NULL DEFAULT x'' CHECK (length(body_hash) IN (0, 32)),
    used_hour INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE client_key (
    fingerprint BLOB NOT NULL PRIMARY KEY CHECK (length(fingerprint) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE bundle (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- Three SHA-256 of root keys, pinned by the first publication.
    roots BLOB NOT NULL CHECK (length(roots) = 96),
    note TEXT NOT NULL
) STRICT;
