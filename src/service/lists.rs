//! Lists of what a tenant has, page by page, and what looks alike.

use uuid::Uuid;

use super::assets::{Assets, Result};
use super::catalog::{Cursor, MOST};
use super::error::ServiceError;
use super::model::{Asset, Surface};

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The assets, the newest first.
    pub assets: Vec<Asset>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

impl Assets {
    /// The most entries of one page of any list.
    pub const MAX_PAGE: u64 = MOST as u64;
    /// The most bits in which pictures may differ for [`Assets::near`]: at 15 of 64 an index answers
    /// by looking at a few percent of all hashes, and pictures further apart do not look alike.
    pub const MAX_RADIUS: u32 = 15;
    /// The most of what looks alike that may be left out.
    pub const MAX_NEAR_SKIP: u64 = 10_000;

    /// A page of what a tenant has on an API, or on all of them (`None`), the newest first, disabled
    /// ones included. What is skipped is counted one by one in an index; [`Assets::page`] goes on
    /// from any place at once.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a `count` above [`Assets::MAX_PAGE`],
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn list(
        &self,
        tenant: &str,
        surface: impl Into<Option<Surface>>,
        skip: u64,
        count: u64,
    ) -> Result<Vec<Asset>> {
        Ok(self.page_from((tenant, surface.into()), None, (skip, count)).await?.assets)
    }

    /// As [`Assets::list`], from the place where another page ended: whatever was added or removed
    /// in between, nothing is shown twice or left out.
    ///
    /// # Errors
    /// As [`Assets::list`].
    pub async fn page(
        &self,
        tenant: &str,
        surface: impl Into<Option<Surface>>,
        after: Option<Cursor>,
        count: u64,
    ) -> Result<Page> {
        self.page_from((tenant, surface.into()), after, (0, count)).await
    }

    pub(crate) async fn page_from(
        &self,
        of: (&str, Option<Surface>),
        after: Option<Cursor>,
        (skip, count): (u64, u64),
    ) -> Result<Page> {
        check_count(count)?;
        let catalog = &self.inner.catalog;
        let now = self.inner.settings.clock.now();
        // One more tells whether there is a next page.
        let mut places = catalog.newest(of, now, after, (skip, count.saturating_add(1))).await?;
        let more = places.len() as u64 > count;
        places.truncate(usize::try_from(count).unwrap_or(MOST));
        let next = places.last().copied().filter(|_| more);
        let ids: Vec<Uuid> = places.iter().map(Cursor::id).collect();
        Ok(Page { assets: catalog.assets_of(&ids).await?, next })
    }

    /// A page of the tenant's living assets that look like this one: those whose perceptual hash
    /// differs in at most `radius` of 64 bits, with the difference, nearest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a `radius` above [`Assets::MAX_RADIUS`], a `skip` above
    /// [`Assets::MAX_NEAR_SKIP`] or a `count` above [`Assets::MAX_PAGE`],
    /// [`ServiceError::NotFound`] when the tenant has no such asset.
    pub async fn near(
        &self,
        tenant: &str,
        id: Uuid,
        radius: u32,
        skip: u64,
        count: u64,
    ) -> Result<Vec<(Asset, u32)>> {
        at_most("radius", u64::from(radius), u64::from(Self::MAX_RADIUS))?;
        at_most("skip", skip, Self::MAX_NEAR_SKIP)?;
        check_count(count)?;
        let asset = self.asset(tenant, id).await?;
        let Some(hash) = asset.perceptual_hash else { return Ok(Vec::new()) };
        let catalog = &self.inner.catalog;
        let now = self.inner.settings.clock.now();
        let wanted = usize::try_from(skip.saturating_add(count)).unwrap_or(usize::MAX);
        let mut near: Vec<(u32, Uuid)> = Vec::new();
        let mut from = 0;
        // Ever further out: a page that the nearest fill needs no look at the others.
        for to in (3..radius).step_by(4).chain([radius]) {
            let hashes = catalog.hashes_near(tenant, hash, to).await?;
            for distance in from..=to {
                let here = |bits: &&u64| (**bits ^ hash.bits()).count_ones() == distance;
                let here: Vec<u64> = hashes.iter().filter(here).copied().collect();
                let missing = wanted.saturating_sub(near.len());
                if !here.is_empty() && missing > 0 {
                    let found = catalog.assets_with(tenant, &here, id, now, missing).await?;
                    near.extend(found.into_iter().map(|other| (distance, other)));
                }
            }
            from = to + 1;
            if near.len() >= wanted {
                break;
            }
        }
        let page = near.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default();
        let ids: Vec<Uuid> = page.iter().map(|(_, other)| *other).collect();
        let found = catalog.assets_of(&ids).await?;
        let distance = |asset: &Asset| {
            page.iter().find(|(_, other)| *other == asset.id).map(|(distance, _)| *distance)
        };
        Ok(found.into_iter().filter_map(|asset| distance(&asset).map(|d| (asset, d))).collect())
    }
}

/// Whether a page may have so many entries.
pub(super) fn check_count(count: u64) -> Result<()> {
    at_most("count", count, Assets::MAX_PAGE)
}

fn at_most(field: &'static str, actual: u64, max: u64) -> Result<()> {
    if actual > max {
        let message = format!("{field} is {actual}; it must be 0 to {max}");
        return Err(ServiceError::invalid(field, message));
    }
    Ok(())
}
