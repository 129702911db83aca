-- When bytes were about to be written that no record names yet; NULL once a record has named them.
-- Only rows without it may be shared.
ALTER TABLE blobs ADD COLUMN intended_at INTEGER;
CREATE INDEX blobs_intended ON blobs (intended_at) WHERE intended_at IS NOT NULL;

-- Files without a row are no longer listed or removed; `gatefold store check` tells of them.
DROP TABLE orphans;

-- While one of these runs, no bytes are removed: a backup still has to copy what its records name.
CREATE TABLE leases (
    id         TEXT PRIMARY KEY,
    purpose    TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
