//! Signed links: HMAC-SHA256 (RFC 2104, FIPS 198-1) over path, size and expiry, which every language
//! has in its standard library or close to it.
//!
//! What is signed is three lines without a line end after the last: the path below the public URL, the
//! size as it stands in the link (nothing without one), and the expiry in seconds since 1970. The link
//! gives the expiry as `exp`, the key's id as `kid` and the signature, in hexadecimal, as `sig`.

use std::fmt;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::assets::{Assets, Result};
use super::error::ServiceError;
use super::model::Asset;
use crate::{Bounds, LinkRule};

/// Least bytes of a secret: as many as SHA-256 gives.
const MIN_SECRET: usize = 32;
/// Most bytes of an id and of a secret.
const MAX_ID: usize = 64;
const MAX_SECRET: usize = 1024;
/// The key of a service that was given none.
const OWN_KEY: &str = "own";

/// A key that signs links. Its secret is never shown.
///
/// A backend signs links by itself, without a request, when it knows the key:
///
/// ```
/// use gatefold::service::LinkKey;
/// let key = LinkKey::new("2026-11", "a secret of at least thirty-two bytes")?;
/// let query = key.query("/images/0123456789ABCDEFGHIJK", Some("400x400"), 1_800_000_000);
/// assert!(query.starts_with("exp=1800000000&kid=2026-11&sig="));
/// # Ok::<(), gatefold::service::ServiceError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkKey {
    id: String,
    secret: String,
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl LinkKey {
    /// A key with this id, of 1 to 64 letters, digits, `-`, `_` and `.`, and this secret, of 32 to
    /// 1024 bytes.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for any other id or secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Result<Self> {
        let key = Self { id: id.into(), secret: secret.into() };
        key.check()?;
        Ok(key)
    }

    fn check(&self) -> Result<()> {
        let Self { id, secret } = self;
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !plain || id.is_empty() || id.len() > MAX_ID {
            let message = format!(
                "the id of a link key has 1 to {MAX_ID} letters, digits, \"-\", \"_\" and \".\""
            );
            return Err(ServiceError::invalid("link_keys", message));
        }
        if !(MIN_SECRET..=MAX_SECRET).contains(&secret.len()) {
            let message = format!(
                "the secret of the link key {id} has {} bytes; it must have {MIN_SECRET} to \
                 {MAX_SECRET}",
                secret.len()
            );
            return Err(ServiceError::invalid("link_keys", message));
        }
        Ok(())
    }

    /// The id, which links name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The query fields that sign a link: `exp`, `kid` and `sig`. `path` is the link's path below the
    /// public URL, such as `/images/{publicID}`; `size` is what the link's `size` says, `None` for a
    /// link without one; `expires` is in seconds since 1970.
    pub fn query(&self, path: &str, size: Option<&str>, expires: u64) -> String {
        let signature = self.mac(path, size, expires).finalize().into_bytes();
        format!("exp={expires}&kid={}&sig={}", self.id, super::theme::hexadecimal(&signature))
    }

    fn mac(&self, path: &str, size: Option<&str>, expires: u64) -> Hmac<Sha256> {
        // RFC 2104: a key is filled up with zeros to a block, and one that is longer is hashed first.
        let mut block = [0; 64];
        let secret = self.secret.as_bytes();
        match block.get_mut(..secret.len()) {
            Some(start) => start.copy_from_slice(secret),
            None => block[..32].copy_from_slice(&Sha256::digest(secret)),
        }
        let mut mac = <Hmac<Sha256> as Mac>::new(&block.into());
        mac.update(format!("{path}\n{}\n{expires}", size.unwrap_or_default()).as_bytes());
        mac
    }
}

/// The signature of a link, as the fields of its query give it.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The field `exp`: when the link ends, in whole seconds since 1970 in UTC.
    pub expires: &'a str,
    /// The field `kid`: the id of the key that signed; `None` where the link names none.
    pub key: Option<&'a str>,
    /// The field `sig`: 64 hexadecimal digits.
    pub digits: &'a str,
}

/// Why a link is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It has no signature, and the policy serves signed links alone.
    #[error("this picture is served to signed links alone, and the link has no signature")]
    Required,
    /// Its signature is of another path, size or expiry, or of a key that is not known.
    #[error("the signature does not belong to this path, size and expiry")]
    Invalid,
    /// Its time is over.
    #[error("the link expired at {at}")]
    Expired {
        /// When that was.
        at: Timestamp,
    },
}

impl SignatureError {
    /// A stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Required => "signature_required",
            Self::Invalid => "signature_invalid",
            Self::Expired { .. } => "link_expired",
        }
    }
}

/// The keys of a service: the first signs, all verify.
#[derive(Debug)]
pub(crate) struct LinkKeys(Vec<LinkKey>);

impl LinkKeys {
    /// The keys that were given, else one of the service's own.
    pub(crate) fn new(given: &[LinkKey], own: &[u8]) -> Result<Self> {
        for (at, key) in given.iter().enumerate() {
            key.check()?;
            if given.iter().take(at).any(|other| other.id == key.id) {
                let message = format!("two link keys have the id {}", key.id);
                return Err(ServiceError::invalid("link_keys", message));
            }
        }
        if !given.is_empty() {
            return Ok(Self(given.to_vec()));
        }
        let secret = super::theme::hexadecimal(own);
        Ok(Self(vec![LinkKey { id: OWN_KEY.to_owned(), secret }]))
    }

    fn verify(&self, path: &str, size: Option<&str>, given: &Signature<'_>) -> Option<u64> {
        let digits = (1..=15).contains(&given.expires.len())
            && given.expires.bytes().all(|b| b.is_ascii_digit());
        let expires: u64 = if digits { given.expires.parse().ok()? } else { return None };
        let signature = bytes_of(given.digits)?;
        let named = |key: &&LinkKey| given.key.is_none_or(|id| id == key.id);
        // Compared in constant time.
        let valid = |key: &LinkKey| key.mac(path, size, expires).verify_slice(&signature).is_ok();
        self.0.iter().filter(named).any(valid).then_some(expires)
    }
}

/// The 32 bytes of a signature in hexadecimal.
fn bytes_of(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

impl Assets {
    /// The asset's public link, signed with the first of [`Settings::link_keys`]: it serves the asset
    /// at this size (`None`: what a link without a size serves) and no other, before `expires`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use gatefold::Bounds;
    /// use gatefold::service::{Assets, NewAsset, Settings, Spooled, Surface};
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let assets = Assets::in_memory(Settings::default()).await?;
    /// let picture = Spooled::of(std::fs::read("testdata/png/rgb.png")?);
    /// let asset = assets.store(NewAsset::new("a tenant", Surface::Audicient), picture).await?;
    /// let expires = assets.settings().clock.now() + Duration::from_secs(600);
    /// let link = assets.signed_link(&asset, Some(Bounds::new(400, 400)?), expires);
    /// assert!(link.contains("?size=400x400&exp="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Settings::link_keys`]: super::Settings::link_keys
    pub fn signed_link(&self, asset: &Asset, size: Option<Bounds>, expires: Timestamp) -> String {
        let size = size.map(|size| size.to_string());
        let expires = u64::try_from(expires.as_second()).unwrap_or(0);
        let signed = self.inner.link_keys.0.first().map_or_else(String::new, |key| {
            key.query(&public_path(asset), size.as_deref(), expires)
        });
        let size = size.map_or_else(String::new, |size| format!("size={size}&"));
        format!("{}?{size}{signed}", self.public_link(asset))
    }

    /// Checks the signature of a link to `path` (decoded, beginning with a slash) at `size` (the field
    /// of that name as it stands in the query). Gives the time at which the link ends; `None` for one
    /// without a signature, where `rule` needs none. For routes of your own.
    ///
    /// # Errors
    /// [`SignatureError::Required`] where `rule` asks for a signature and there is none,
    /// [`SignatureError::Invalid`] for one of another path, size or expiry or of an unknown key,
    /// [`SignatureError::Expired`] once its time is over.
    pub fn check_link(
        &self,
        rule: LinkRule,
        path: &str,
        size: Option<&str>,
        given: Option<Signature<'_>>,
    ) -> std::result::Result<Option<Timestamp>, SignatureError> {
        let Some(given) = given else {
            return match rule {
                LinkRule::Open => Ok(None),
                LinkRule::Signed => Err(SignatureError::Required),
            };
        };
        let expires = self.inner.link_keys.verify(path, size, &given);
        let at = expires
            .and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok())
            .ok_or(SignatureError::Invalid)?;
        if at <= self.inner.settings.clock.now() {
            return Err(SignatureError::Expired { at });
        }
        Ok(Some(at))
    }
}

/// The path of an asset's public link.
pub(super) fn public_path(asset: &Asset) -> String {
    format!("/images/{}", asset.public_id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_signature_is_the_hmac_that_other_languages_compute() {
        // python3 -c 'import hmac; print(hmac.new(b"0123456789abcdef0123456789abcdef",
        //   b"/images/AAAAAAAAAAAAAAAAAAAAA\n400x400\n1800000000", "sha256").hexdigest())'
        let key = LinkKey::new("k", "0123456789abcdef0123456789abcdef").unwrap();
        let query = key.query("/images/AAAAAAAAAAAAAAAAAAAAA", Some("400x400"), 1_800_000_000);
        assert_eq!(
            query,
            "exp=1800000000&kid=k&sig=3ac236c43470ffe815042897f4e5f5a50427474cf65907188ade338ccf65071d"
        );
    }

    #[test]
    fn secrets_are_never_shown() {
        let key = LinkKey::new("k", "0123456789abcdef0123456789abcdef").unwrap();
        assert!(!format!("{key:?} {:?}", LinkKeys(vec![key.clone()])).contains("0123"));
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let secret = "0123456789abcdef0123456789abcdef";
        for (id, secret) in [("", secret), ("a b", secret), ("a", "short"), ("a&b", secret)] {
            assert_eq!(LinkKey::new(id, secret).unwrap_err().code(), "invalid", "{id}");
        }
        let twice = [LinkKey::new("a", secret).unwrap(), LinkKey::new("a", secret).unwrap()];
        assert_eq!(LinkKeys::new(&twice, b"").unwrap_err().code(), "invalid");
    }
}
