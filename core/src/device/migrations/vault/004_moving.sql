-- A move to another phone, or from one, that is under way.
CREATE TABLE moving (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- awaited: a one-time identity waits for a move file. arrived: one was taken up. sent: one was written, and nothing may be
    -- changed or sent here. ending: the new phone has it all, and what is here is being erased.
    kind TEXT NOT NULL CHECK (kind IN ('awaited', 'arrived', 'sent', 'ending')),
    -- While awaited.
    identity TEXT,
    -- Digits of the file, once it was written whole.
    code TEXT,
    -- Digits that only whoever opened the file can know.
    arrival TEXT,
    -- Wrong arrival codes so far.
    wrong INTEGER NOT NULL DEFAULT 0
) STRICT;
