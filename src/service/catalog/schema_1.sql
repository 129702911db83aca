-- Times are whole milliseconds since 1970 in UTC, ids are UUIDs as text, booleans 0 or 1.

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE keys (
    id         TEXT PRIMARY KEY,
    secret     BLOB NOT NULL,          -- salted BLAKE3, see keys.rs
    salt       BLOB NOT NULL,
    roles      TEXT NOT NULL,          -- JSON array
    tenants    TEXT,                   -- JSON array; NULL is everybody's
    collection TEXT,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- Stored bytes. A digest may have several rows for a while: a doomed one gets no new references, so
-- whoever stores the same bytes then makes a row and a file of its own.
CREATE TABLE blobs (
    id         TEXT PRIMARY KEY,       -- where the bytes lie
    digest     TEXT NOT NULL,          -- BLAKE3 of the bytes, in hexadecimal
    bytes      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    doomed_at  INTEGER
) STRICT;
CREATE INDEX blobs_digest ON blobs (digest);
CREATE INDEX blobs_doomed ON blobs (doomed_at) WHERE doomed_at IS NOT NULL;

CREATE TABLE assets (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    surface      TEXT NOT NULL,
    public_id    TEXT NOT NULL UNIQUE,
    blob         TEXT NOT NULL REFERENCES blobs (id),
    byte_digest  TEXT NOT NULL,        -- of the file as it was sent
    format       TEXT NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    has_alpha    INTEGER NOT NULL,
    frames       INTEGER NOT NULL,
    file_name    TEXT,
    alt_text     TEXT,
    theme        TEXT,                 -- JSON
    perceptual   INTEGER,              -- the hash's 64 bits
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    disabled_at  INTEGER,
    expires_at   INTEGER
) STRICT;
CREATE INDEX assets_listed ON assets (tenant, surface, created_at DESC, id);
CREATE INDEX assets_blob ON assets (blob);
CREATE INDEX assets_expiring ON assets (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX assets_hashed ON assets (tenant) WHERE perceptual IS NOT NULL;

-- Who has a digest, under policies that reject duplicates. The key decides between two at once.
CREATE TABLE claims (
    tenant TEXT NOT NULL,
    kind   TEXT NOT NULL,
    digest TEXT NOT NULL,
    asset  TEXT NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    PRIMARY KEY (tenant, kind, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX claims_asset ON claims (asset);

CREATE TABLE collections (
    id                   TEXT PRIMARY KEY,
    tenant               TEXT NOT NULL,
    title                TEXT NOT NULL,
    organization_index   TEXT,
    metadata             TEXT NOT NULL, -- JSON
    player_subtitle      TEXT,
    is_cover_overridable INTEGER NOT NULL,
    is_theme_overridable INTEGER NOT NULL,
    cover                TEXT REFERENCES assets (id) ON DELETE SET NULL,
    tracks_theme         TEXT,          -- JSON: of its tracks' covers together
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL
) STRICT;
CREATE INDEX collections_listed ON collections (tenant, created_at DESC, id);
CREATE INDEX collections_cover ON collections (cover) WHERE cover IS NOT NULL;

CREATE TABLE sessions (
    id                 TEXT PRIMARY KEY,
    tenant             TEXT NOT NULL,
    collection         TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    creator            TEXT,
    organization_index TEXT,
    metadata           TEXT NOT NULL,   -- JSON
    expires_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_expiring ON sessions (expires_at);
CREATE INDEX sessions_collection ON sessions (collection);

CREATE TABLE tracks (
    id                 TEXT PRIMARY KEY,
    tenant             TEXT NOT NULL,
    collection         TEXT NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    session            TEXT,
    file_name          TEXT NOT NULL,
    organization_index TEXT,
    metadata           TEXT NOT NULL,   -- JSON
    position           INTEGER NOT NULL,
    player_title       TEXT,
    player_subtitle    TEXT,
    duration           REAL,
    status             TEXT NOT NULL,
    cover              TEXT REFERENCES assets (id) ON DELETE SET NULL,
    audio              TEXT REFERENCES blobs (id),
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX tracks_listed ON tracks (collection, position, id);
CREATE INDEX tracks_cover ON tracks (cover) WHERE cover IS NOT NULL;
CREATE INDEX tracks_audio ON tracks (audio) WHERE audio IS NOT NULL;

CREATE TABLE tickets (
    id         TEXT PRIMARY KEY,
    purpose    TEXT NOT NULL,          -- collection-cover, track-cover, track-audio
    target     TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    accepted   TEXT,                   -- digest of the body that was accepted
    asset      TEXT                    -- the asset that it became
) STRICT;
CREATE INDEX tickets_expiring ON tickets (expires_at);

-- Finished renditions on disk, by entity tag.
CREATE TABLE renditions (
    etag       TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes      INTEGER NOT NULL,
    used_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX renditions_used ON renditions (used_at);

-- Files that no record names, and when a sweep first saw them so.
CREATE TABLE orphans (
    path    TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
