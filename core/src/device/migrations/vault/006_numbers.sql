-- Numbers of drafts and of finished reports begin at a place of each vault's own, so that a number from one vault means nothing
-- in another that is open a moment later. Vaults that have numbers already keep them.

INSERT INTO sqlite_sequence (name, seq)
    SELECT 'draft', ((random() & 0x3FFFFFFF) + 1) << 20
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'draft')
      AND NOT EXISTS (SELECT 1 FROM finished);
