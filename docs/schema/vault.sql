CREATE TABLE attachment (
    id INTEGER PRIMARY KEY,
    draft INTEGER NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    evidence_id BLOB NOT NULL UNIQUE,
    -- Opens the chunks; forgotten at finish.
    item_key BLOB NOT NULL,
    kind TEXT NOT NULL,
    mime TEXT NOT NULL,
    origin TEXT NOT NULL,
    -- Name of the imported file, as it was.
    file_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    added INTEGER NOT NULL
) STRICT;

CREATE TABLE attachment_slot (
    attachment INTEGER NOT NULL REFERENCES attachment (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    slot INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (attachment, position)
) STRICT;

CREATE TABLE draft (
    -- Never given twice: a repeated command must not meet another draft.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Random, goes into the sealed report.
    report_id BLOB NOT NULL UNIQUE,
    -- Random, stands in the queue while a finish is under way, so that a crash between the two stores is noticed.
    mark BLOB NOT NULL UNIQUE,
    form_id TEXT NOT NULL,
    form_version INTEGER NOT NULL,
    lang TEXT NOT NULL,
    -- Answers in the stored form of kapok-report, replaced as a whole with each answer saved.
    answers TEXT NOT NULL,
    -- How many questions they answer, so that a list of drafts reads no answer.
    answered INTEGER NOT NULL,
    -- Seconds since 1970, as the device believed.
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
, note TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE finished (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    -- Days since 1970.
    day INTEGER NOT NULL,
    form_id TEXT NOT NULL
, note TEXT NOT NULL DEFAULT '', mark BLOB) STRICT;

CREATE TABLE moving (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- awaited: a one-time identity waits for a move file. arrived: one was taken up. sent: one was written, and nothing may be
    -- changed or sent here. ending: the new phone has it all, and what is here is being erased.
    kind TEXT NOT NULL CHECK (kind IN ('awaited', 'arrived', 'sent', 'ending')),
    -- While awaited.
    identity TEXT,
    -- Digits of the file, once it was written whole.
    digits TEXT,
    -- Digits that only whoever opened the file can know.
    arrival TEXT,
    -- Wrong arrival codes so far.
    wrong INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE queue_key (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key BLOB NOT NULL
) STRICT;

CREATE TABLE recovery (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    people INTEGER NOT NULL,
    needed INTEGER NOT NULL,
    -- Days since 1970.
    day INTEGER NOT NULL,
    -- Of the key that they open: with another one they are void.
    fingerprint BLOB NOT NULL
) STRICT;

CREATE TABLE settings (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- Code of the profile that says what stays of a finished report.
    kept TEXT NOT NULL DEFAULT 'low' CHECK (kept IN ('low', 'elevated', 'severe')),
    -- Finished reports of which nothing stayed but that they were.
    counted INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE undo (
    draft INTEGER NOT NULL REFERENCES draft (id) ON DELETE CASCADE,
    -- The revision that the save made.
    revision INTEGER NOT NULL,
    -- Seconds since 1970, as the device believed.
    saved INTEGER NOT NULL,
    -- The former answers under the keys that it changed.
    former TEXT NOT NULL,
    PRIMARY KEY (draft, revision)
) STRICT, WITHOUT ROWID;

CREATE INDEX attachment_of_draft ON attachment (draft);
