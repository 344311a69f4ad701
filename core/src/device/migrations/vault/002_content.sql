-- Undo, notes, and how much of a finished report stays.

-- What the person wants to remember the report by once it is finished.
ALTER TABLE draft ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- Grows with every change of answers, note and attachments: what was derived from an older one is stale.
ALTER TABLE draft ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- What a save of answers replaced, so that it can be undone.
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

-- Empty where the setting says that only code and day stay, as is form_id then.
ALTER TABLE finished ADD COLUMN note TEXT NOT NULL DEFAULT '';

-- What the person chose for this vault.
CREATE TABLE settings (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    -- Code of the profile that says what stays of a finished report.
    kept TEXT NOT NULL DEFAULT 'low' CHECK (kept IN ('low', 'elevated', 'severe')),
    -- Finished reports of which nothing stayed but that they were.
    counted INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO settings (only) VALUES (1);
