-- What the sender needs of one vault: sealed objects, tokens, the organisation's bundle. Nothing in here opens a report or
-- names one: the short code stands in the vault.

CREATE TABLE organisation (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- Three SHA-256 of root keys, from the invite.
    roots BLOB NOT NULL,
    -- The signed note in force.
    bundle TEXT NOT NULL
) STRICT;

-- An enrolment under way: kept until the tokens are in, so that a lost answer is asked for again unchanged.
CREATE TABLE enrolment (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    secret BLOB NOT NULL,
    blinding BLOB NOT NULL
) STRICT;

CREATE TABLE token (
    nonce BLOB PRIMARY KEY,
    output BLOB NOT NULL,
    key BLOB NOT NULL,
    -- The upload it was given to, if any. A token that was given away is never given again.
    upload BLOB UNIQUE
) STRICT;

CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    -- The draft's mark, by which the vault knows its report.
    mark BLOB NOT NULL UNIQUE,
    -- Days since 1970, until the vault has forgotten the draft, then NULL.
    day INTEGER,
    -- When it was finished, seconds since 1970, and 64 random bits that its delay is drawn from; NULL once all of it was
    -- sent.
    finished INTEGER,
    seed INTEGER
) STRICT;

CREATE TABLE object (
    object BLOB PRIMARY KEY,
    report INTEGER NOT NULL REFERENCES report (id),
    -- 0 text, 1 media.
    lane INTEGER NOT NULL,
    position INTEGER NOT NULL,
    -- Where the sealed area lies; NULL after a verified receipt freed it.
    slot INTEGER UNIQUE,
    upload BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Problem code of a refusal that a person has to look at.
    problem INTEGER,
    -- Digest, hour and signature of the verified receipt.
    receipt BLOB,
    UNIQUE (report, lane, position)
) STRICT;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

-- When a network last showed a wrong certificate, or answered in the server's place. Seconds since 1970.
CREATE TABLE network (
    network BLOB PRIMARY KEY,
    intercepted INTEGER,
    filtered INTEGER
) STRICT;

-- Keys that only the sender needs: 'pool' hides waiting packets among random slots, 'network' names networks.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
