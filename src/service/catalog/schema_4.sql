-- Kept renditions describe themselves: what a row was for stands in each file.
DROP TABLE renditions;

-- Orders rows of one millisecond; rows from before have 0.
ALTER TABLE assets ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collections ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;

-- Pages are found in these indexes alone, whatever is skipped.
DROP INDEX assets_listed;
CREATE INDEX assets_newest ON assets (tenant, created_at DESC, seq DESC, id DESC, expires_at);
CREATE INDEX assets_newest_of
    ON assets (tenant, surface, created_at DESC, seq DESC, id DESC, expires_at);
DROP INDEX collections_listed;
CREATE INDEX collections_newest ON collections (tenant, created_at DESC, seq DESC, id DESC);

-- Near duplicates: the hash in four parts of 16 bits, see near.rs.
DROP INDEX assets_hashed;
CREATE INDEX assets_perceptual ON assets (tenant, perceptual, id, expires_at);
CREATE INDEX assets_part_0 ON assets (tenant, (perceptual & 65535), perceptual);
CREATE INDEX assets_part_1 ON assets (tenant, ((perceptual >> 16) & 65535), perceptual);
CREATE INDEX assets_part_2 ON assets (tenant, ((perceptual >> 32) & 65535), perceptual);
CREATE INDEX assets_part_3 ON assets (tenant, ((perceptual >> 48) & 65535), perceptual);
