-- Each vault has a queue of its own, and what stays of a report leads to it there.

CREATE TABLE queue_key (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    key BLOB NOT NULL
) STRICT;

-- The mark that the report bears in the queue, or NULL for reports of before.
ALTER TABLE finished ADD COLUMN mark BLOB;
