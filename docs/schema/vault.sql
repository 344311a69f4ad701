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
) STRICT;

CREATE TABLE finished (
    id INTEGER PRIMARY KEY,
    code TEXT NOT NULL,
    -- Days since 1970.
    day INTEGER NOT NULL,
    form_id TEXT NOT NULL
) STRICT;
