-- Recordings that wait to be read or are being read. Whoever takes one raises its fence; only the
-- holder of the current fence writes the outcome.
CREATE TABLE recording_jobs (
    track        TEXT PRIMARY KEY REFERENCES tracks (id) ON DELETE CASCADE,
    tenant       TEXT NOT NULL,
    attempts     INTEGER NOT NULL,     -- readings that were begun
    fence        INTEGER NOT NULL,     -- raised with every lease
    leased_until INTEGER NOT NULL,     -- nobody else may take it before; 0 is free
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX recording_jobs_order ON recording_jobs (tenant, created_at);

INSERT INTO recording_jobs (track, tenant, attempts, fence, leased_until, created_at)
SELECT id, tenant, 0, 0, 0, updated_at FROM tracks
WHERE status = 'processing' AND audio IS NOT NULL;

-- Why a track's recording failed.
ALTER TABLE tracks ADD COLUMN status_message TEXT;
CREATE INDEX tracks_session ON tracks (session) WHERE session IS NOT NULL;

-- The API key behind a session or a ticket, which ends with it; NULL in rows from before.
ALTER TABLE sessions ADD COLUMN api_key TEXT;
ALTER TABLE tickets ADD COLUMN api_key TEXT;
CREATE INDEX sessions_key ON sessions (api_key, expires_at) WHERE api_key IS NOT NULL;
CREATE INDEX tickets_target ON tickets (target);
