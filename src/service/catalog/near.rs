//! Hashes near another, from indexes over four parts of 16 bits of every hash (multi-index hashing,
//! see the core's `duplicates/near.rs`): only what equals a near value in one part is looked at.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row, Sqlite};
use uuid::Uuid;

use super::{Catalog, Columns, Result, signed};
use crate::PerceptualHash;
use crate::duplicates::substrings_near;

/// The parts of a hash, as the indexes of `schema_4.sql` have them.
const PARTS: [&str; 4] = [
    "(perceptual & 65535)",
    "((perceptual >> 16) & 65535)",
    "((perceptual >> 32) & 65535)",
    "((perceptual >> 48) & 65535)",
];
/// Hashes that are looked up in one statement.
const AT_ONCE: usize = 256;

impl Catalog {
    /// The distinct hashes of a tenant that differ from this one in at most `radius` bits.
    pub(crate) async fn hashes_near(
        &self,
        tenant: &str,
        hash: PerceptualHash,
        radius: u32,
    ) -> Result<BTreeSet<u64>> {
        let mut found = BTreeSet::new();
        for (part, values) in PARTS.into_iter().zip(substrings_near(hash, radius)) {
            if values.is_empty() {
                continue;
            }
            let mut query = having("", tenant, part, &values);
            for row in query.build().fetch_all(&self.readers).await? {
                let bits: i64 = row.try_get("perceptual")?;
                let other = PerceptualHash::from_bits(bits.cast_unsigned());
                if hash.distance(other) <= radius {
                    found.insert(other.bits());
                }
            }
        }
        Ok(found)
    }

    /// The first of a tenant's living assets that have one of these hashes, by hash and id; all but
    /// `other_than`.
    pub(crate) async fn assets_with(
        &self,
        tenant: &str,
        hashes: &[u64],
        other_than: Uuid,
        now: Timestamp,
        count: usize,
    ) -> Result<Vec<Uuid>> {
        let mut hashes: Vec<i64> = hashes.iter().map(|bits| bits.cast_signed()).collect();
        hashes.sort_unstable();
        let mut found = Vec::new();
        for hashes in hashes.chunks(AT_ONCE) {
            if found.len() >= count {
                break;
            }
            let mut query = QueryBuilder::<Sqlite>::new("SELECT id FROM assets WHERE tenant = ");
            query.push_bind(tenant.to_owned()).push(" AND perceptual IN (");
            // Few lengths, so that few statements are kept prepared.
            let padding = if hashes.len() == 1 { 0 } else { AT_ONCE - hashes.len() };
            let mut list = query.separated(", ");
            for bits in hashes.iter().chain(hashes.last().into_iter().cycle().take(padding)) {
                list.push_bind(*bits);
            }
            query.push(") AND (expires_at IS NULL OR expires_at > ");
            query.push_bind(now.as_millisecond()).push(") AND id <> ");
            query.push_bind(other_than.to_string()).push(" ORDER BY perceptual, id LIMIT ");
            query.push_bind(signed((count - found.len()) as u64));
            for row in query.build().fetch_all(&self.readers).await? {
                found.push(row.uuid("id")?);
            }
        }
        Ok(found)
    }
}

/// The hashes whose part has one of these values.
fn having(explain: &str, tenant: &str, part: &str, values: &[u16]) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(explain);
    // Joined in this order, so that the index is searched once for each value.
    query.push("WITH near (value) AS (");
    query.push_values(values, |mut row, value| {
        row.push_bind(i64::from(*value));
    });
    query.push(") SELECT DISTINCT perceptual FROM near CROSS JOIN assets WHERE tenant = ");
    query.push_bind(tenant.to_owned()).push(" AND ").push(part).push(" = near.value");
    query
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn near_hashes_are_found_in_an_index_over_each_part() {
        let catalog = Catalog::in_memory(Duration::from_secs(9)).await.unwrap();
        for (number, part) in PARTS.into_iter().enumerate() {
            let mut query = having("EXPLAIN QUERY PLAN ", "shop", part, &[1, 2, 3]);
            let rows = query.build().fetch_all(&catalog.readers).await.unwrap();
            let index = format!(
                "SEARCH assets USING COVERING INDEX assets_part_{number} (tenant=? AND <expr>=?)"
            );
            assert!(rows.iter().any(|row| row.get::<String, _>("detail") == index), "{index}");
        }
    }

    /// A row of each hash for this tenant.
    async fn put(catalog: &Catalog, tenant: &str, hashes: &[u64]) {
        sqlx::query(
            "INSERT INTO blobs (id, digest, bytes, created_at) VALUES ('b', 'd', 1, 0)
             ON CONFLICT DO NOTHING",
        )
        .execute(&catalog.writer)
        .await
        .unwrap();
        for bits in hashes {
            sqlx::query(
                "INSERT INTO assets (id, tenant, surface, public_id, blob, byte_digest, format,
                 width, height, has_alpha, frames, perceptual, created_at, updated_at)
                 VALUES (?1, ?2, 'moov', ?1, 'b', 'd', 'png', 1, 1, 0, 1, ?3, 0, 0)",
            )
            .bind(Uuid::new_v4().to_string())
            .bind(tenant)
            .bind(bits.cast_signed())
            .execute(&catalog.writer)
            .await
            .unwrap();
        }
    }

    #[tokio::test]
    async fn an_index_finds_what_comparing_with_all_finds() {
        let catalog = Catalog::in_memory(Duration::from_secs(9)).await.unwrap();
        let centre: u64 = 0x8f31_0000_ffff_77aa;
        let mut state: u64 = 1;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state ^ (state >> 29)
        };
        let mut hashes = vec![centre, !centre, 0, u64::MAX];
        for number in 0..600 {
            let flips = (0..number % 24).fold(0, |mask, _| mask | 1 << (random() % 64));
            hashes.push(centre ^ flips);
        }
        put(&catalog, "shop", &hashes).await;
        put(&catalog, "another", &[centre ^ (1 << 40)]).await;
        for radius in 0..=15 {
            let near = |bits: &u64| (bits ^ centre).count_ones() <= radius;
            let expected: BTreeSet<u64> = hashes.iter().copied().filter(near).collect();
            let query = PerceptualHash::from_bits(centre);
            let found = catalog.hashes_near("shop", query, radius).await.unwrap();
            assert_eq!(found, expected, "{radius}");
        }

        // All that have one of many hashes, each once, whatever is asked for at once.
        let now = Timestamp::UNIX_EPOCH;
        let mut distinct = hashes.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let all = catalog.assets_with("shop", &distinct, Uuid::nil(), now, 9_999).await.unwrap();
        assert_eq!(all.len(), hashes.len());
        let first = catalog.assets_with("shop", &distinct, all[0], now, 300).await.unwrap();
        assert_eq!(first, all[1..301]);
    }
}
