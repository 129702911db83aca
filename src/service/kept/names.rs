//! What the files of kept renditions are called: `ASSET-WIDTHxHEIGHT-TAG`, in the folder that the
//! asset's last digits name.

use crate::RenditionSpec;
use crate::service::model::Asset;

use super::folder::SHARDS;

/// Hexadecimal digits of an entity tag.
const TAG_DIGITS: usize = 32;
/// Hexadecimal digits of an asset's key.
const ASSET_DIGITS: usize = 16;

/// Names an asset with its present bytes: other bytes make it another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AssetKey(u64);

impl AssetKey {
    pub(crate) fn of(asset: &Asset) -> Self {
        // Both are evenly spread already: a random id and a digest.
        let (_, id) = asset.id.as_u64_pair();
        let digest = asset.blob_digest.get(..ASSET_DIGITS).unwrap_or_default();
        Self(id ^ u64::from_str_radix(digest, 16).unwrap_or_default())
    }

    /// The folder of its renditions.
    pub(super) const fn shard(self) -> usize {
        self.0 as usize % SHARDS
    }

    /// How the names of its files begin.
    pub(super) fn prefix(self) -> String {
        format!("{:016x}-", self.0)
    }
}

/// Names a rendition of an asset.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(super) asset: AssetKey,
    /// Width and height as they were asked for.
    size: (u32, u32),
    /// Its entity tag without quotes.
    tag: String,
}

impl Name {
    pub(crate) fn new(asset: AssetKey, spec: &RenditionSpec, tag: &str) -> Self {
        Self { asset, size: (spec.width(), spec.height()), tag: tag.to_owned() }
    }

    pub(super) fn file(&self) -> String {
        let (width, height) = self.size;
        format!("{}{width}x{height}-{}", self.asset.prefix(), self.tag)
    }
}

/// What a file's name says: the size and the entity tag; `None` when it is none of ours.
pub(super) fn parse(file: &str) -> Option<((u32, u32), &str)> {
    let mut parts = file.split('-');
    let (asset, size, tag) = (parts.next()?, parts.next()?, parts.next()?);
    let hexadecimal = |text: &str, digits| {
        text.len() == digits
            && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let (width, height) = size.split_once('x')?;
    let size = (width.parse().ok()?, height.parse().ok()?);
    let ours =
        parts.next().is_none() && hexadecimal(asset, ASSET_DIGITS) && hexadecimal(tag, TAG_DIGITS);
    ours.then_some((size, tag))
}
