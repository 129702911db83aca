//! Pages of stored pictures, the newest first: found in an index alone, and read by their ids.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use uuid::Uuid;

use super::{Catalog, Columns, Result, signed};
use crate::service::error::ServiceError;
use crate::service::model::Surface;

/// The place in a list after which a page begins. Its text is opaque to clients.
///
/// ```
/// use gatefold::service::{Assets, Cursor, NewAsset, Settings, Spooled, Surface};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let assets = Assets::in_memory(Settings::default()).await?;
/// for name in ["testdata/png/rgb.png", "testdata/png/rgba.png"] {
///     let new = NewAsset::new("a tenant", Surface::Backoffice);
///     assets.store(new, Spooled::of(std::fs::read(name)?)).await?;
/// }
/// let first = assets.page("a tenant", None, None, 1).await?;
/// let next = first.next.unwrap();
/// assert_eq!(next.to_string().parse::<Cursor>()?, next);
/// let second = assets.page("a tenant", None, Some(next), 1).await?;
/// assert_ne!(first.assets, second.assets);
/// assert_eq!(second.next, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Milliseconds since 1970.
    created_at: i64,
    seq: i64,
    id: Uuid,
}

impl Cursor {
    pub(crate) const fn id(&self) -> Uuid {
        self.id
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}-{}", self.created_at, self.seq, self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = ServiceError;

    fn from_str(text: &str) -> Result<Self> {
        let read = || {
            let mut parts = text.split('-');
            let mut number = || i64::from_str_radix(parts.next()?, 16).ok();
            let (created_at, seq) = (number()?, number()?);
            let id = Uuid::try_parse(parts.next()?).ok()?;
            parts.next().is_none().then_some(Self { created_at, seq, id })
        };
        let message = "after is no place in a list; pass on what an answer had as next";
        read().ok_or_else(|| ServiceError::invalid("after", message))
    }
}

impl Catalog {
    /// The places of what a tenant has, on a surface or on all, and is alive: the newest first.
    pub(crate) async fn newest(
        &self,
        (tenant, surface): (&str, Option<Surface>),
        now: Timestamp,
        after: Option<Cursor>,
        (skip, count): (u64, u64),
    ) -> Result<Vec<Cursor>> {
        let mut query =
            newest("SELECT", (tenant, surface), now.as_millisecond(), after, (skip, count));
        let rows = query.build().fetch_all(&self.readers).await?;
        let place = |row: &SqliteRow| {
            Ok(Cursor {
                created_at: row.try_get("created_at")?,
                seq: row.try_get("seq")?,
                id: row.uuid("id")?,
            })
        };
        rows.iter().map(place).collect()
    }
}

fn newest(
    select: &str,
    (tenant, surface): (&str, Option<Surface>),
    now: i64,
    after: Option<Cursor>,
    (skip, count): (u64, u64),
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(select);
    query.push(" id, created_at, seq FROM assets WHERE tenant = ").push_bind(tenant.to_owned());
    if let Some(surface) = surface {
        query.push(" AND surface = ").push_bind(surface.name());
    }
    query.push(" AND (expires_at IS NULL OR expires_at > ").push_bind(now).push(")");
    if let Some(Cursor { created_at, seq, id }) = after {
        query.push(" AND (created_at, seq, id) < (").push_bind(created_at);
        query.push(", ").push_bind(seq).push(", ").push_bind(id.to_string()).push(")");
    }
    query.push(" ORDER BY created_at DESC, seq DESC, id DESC LIMIT ").push_bind(signed(count));
    query.push(" OFFSET ").push_bind(signed(skip));
    query
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn pages_are_read_from_an_index_in_its_order() {
        let catalog = Catalog::in_memory(Duration::from_secs(9)).await.unwrap();
        let place = Cursor { created_at: 1, seq: 1, id: Uuid::nil() };
        for surface in [None, Some(Surface::Moov)] {
            for after in [None, Some(place)] {
                let explain = "EXPLAIN QUERY PLAN SELECT";
                let mut query = newest(explain, ("shop", surface), 9, after, (5, 20));
                let rows = query.build().fetch_all(&catalog.readers).await.unwrap();
                let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
                let [step] = steps.as_slice() else { panic!("{steps:?}") };
                assert!(step.starts_with("SEARCH assets USING COVERING INDEX"), "{step}");
            }
        }
    }

    #[test]
    fn places_are_read_back_and_nothing_else_is() {
        let place = Cursor { created_at: 1_700_000_000_000, seq: i64::MAX, id: Uuid::from_u128(5) };
        assert_eq!(place.to_string().parse::<Cursor>().unwrap(), place);
        for text in ["", "-", "1-2", "1-2-3", "1-2-00000000000000000000000000000005-", "g-2-5"] {
            assert_eq!(text.parse::<Cursor>().unwrap_err().code(), "invalid", "{text}");
        }
    }
}
