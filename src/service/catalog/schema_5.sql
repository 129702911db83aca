-- What each tenant has: its pictures, and the bytes of its pictures and recordings. Bytes that two
-- records share count for each. Triggers keep the numbers, so that whatever stores, replaces, expires
-- or deletes a record cannot forget them.
CREATE TABLE usage (
    tenant TEXT PRIMARY KEY,
    assets INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO usage (tenant, assets, bytes)
SELECT tenant, sum(assets), sum(bytes) FROM (
    SELECT assets.tenant AS tenant, 1 AS assets, blobs.bytes AS bytes
    FROM assets JOIN blobs ON blobs.id = assets.blob
    UNION ALL
    SELECT tracks.tenant AS tenant, 0 AS assets, blobs.bytes AS bytes
    FROM tracks JOIN blobs ON blobs.id = tracks.audio
) AS stored GROUP BY tenant;

CREATE TRIGGER usage_asset_stored AFTER INSERT ON assets BEGIN
    INSERT INTO usage (tenant, assets, bytes)
    VALUES (NEW.tenant, 1, coalesce((SELECT bytes FROM blobs WHERE id = NEW.blob), 0))
    ON CONFLICT (tenant) DO UPDATE SET
    assets = usage.assets + excluded.assets, bytes = usage.bytes + excluded.bytes;
END;

CREATE TRIGGER usage_asset_replaced AFTER UPDATE OF blob ON assets
WHEN OLD.blob <> NEW.blob BEGIN
    UPDATE usage SET bytes = bytes
        + coalesce((SELECT bytes FROM blobs WHERE id = NEW.blob), 0)
        - coalesce((SELECT bytes FROM blobs WHERE id = OLD.blob), 0)
    WHERE tenant = NEW.tenant;
END;

CREATE TRIGGER usage_asset_deleted AFTER DELETE ON assets BEGIN
    UPDATE usage SET assets = assets - 1,
        bytes = bytes - coalesce((SELECT bytes FROM blobs WHERE id = OLD.blob), 0)
    WHERE tenant = OLD.tenant;
END;

CREATE TRIGGER usage_track_stored AFTER INSERT ON tracks
WHEN NEW.audio IS NOT NULL BEGIN
    INSERT INTO usage (tenant, assets, bytes)
    VALUES (NEW.tenant, 0, coalesce((SELECT bytes FROM blobs WHERE id = NEW.audio), 0))
    ON CONFLICT (tenant) DO UPDATE SET bytes = usage.bytes + excluded.bytes;
END;

CREATE TRIGGER usage_track_replaced AFTER UPDATE OF audio ON tracks
WHEN OLD.audio IS DISTINCT FROM NEW.audio BEGIN
    INSERT INTO usage (tenant, assets, bytes)
    VALUES (NEW.tenant, 0, coalesce((SELECT bytes FROM blobs WHERE id = NEW.audio), 0)
        - coalesce((SELECT bytes FROM blobs WHERE id = OLD.audio), 0))
    ON CONFLICT (tenant) DO UPDATE SET bytes = usage.bytes + excluded.bytes;
END;

CREATE TRIGGER usage_track_deleted AFTER DELETE ON tracks
WHEN OLD.audio IS NOT NULL BEGIN
    UPDATE usage SET bytes = bytes
        - coalesce((SELECT bytes FROM blobs WHERE id = OLD.audio), 0)
    WHERE tenant = OLD.tenant;
END;

-- Limits that an operator has given a tenant; NULL is none.
CREATE TABLE quotas (
    tenant     TEXT PRIMARY KEY,
    max_assets INTEGER,
    max_bytes  INTEGER
) STRICT, WITHOUT ROWID;
