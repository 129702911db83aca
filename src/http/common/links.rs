//! What a link says beside which picture it names: its size, its version and its signature.
//!
//! `size` is the picture's size, `v` the start of the digest of its bytes, `exp`, `kid` and `sig` sign
//! path and size; fields of any other name, and their order, do not matter.

use std::time::Duration;

use axum::http::Uri;

use utoipa::IntoParams;

use super::input::{fields, once};
use super::serving::Caching;
use super::{Context, Failure};
use crate::LinkRule;
use crate::service::{Asset, ServiceError, Signature};

/// For how long what a versioned link serves may be kept.
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Least and most digits of a version: fewer could be those of another picture.
const VERSION: std::ops::RangeInclusive<usize> = 16..=64;

/// What the query of a link may say beside its size.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is read by name; this describes it")]
pub(crate) struct LinkQuery {
    /// The start of the digest of the picture's bytes, as versioned links have it. While it names the
    /// current picture the answer may be kept for a year.
    #[param(pattern = "^[0-9a-fA-F]{16,64}$")]
    v: Option<String>,
    /// When the signature ends, in seconds since 1970.
    #[param(pattern = "^[0-9]{1,15}$")]
    exp: Option<String>,
    /// The id of the key that signed the link.
    kid: Option<String>,
    /// The signature over path, size and expiry.
    #[param(pattern = "^[0-9a-fA-F]{64}$")]
    sig: Option<String>,
}

/// The query of a link to a picture.
pub(crate) struct Link {
    size: Option<String>,
    version: Option<String>,
    expires: Option<String>,
    key: Option<String>,
    signature: Option<String>,
}

impl Link {
    /// Reads the query; a field of these that is given twice is a mistake.
    pub(crate) fn of(uri: &Uri) -> Result<Self, Failure> {
        let mut fields = fields(uri)?;
        Ok(Self {
            size: once(&mut fields, "size")?,
            version: once(&mut fields, "v")?,
            expires: once(&mut fields, "exp")?,
            key: once(&mut fields, "kid")?,
            signature: once(&mut fields, "sig")?,
        })
    }

    /// Whether it claims to be signed.
    pub(crate) const fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    pub(crate) fn size(&self) -> Option<&str> {
        self.size.as_deref()
    }

    /// Whether anybody may follow this link to the asset, and for how long the answer may be kept.
    /// `path` is what is signed. A signature that is given must be right, whatever the policy.
    pub(crate) fn caching(
        &self,
        context: &Context,
        asset: &Asset,
        path: &str,
        rule: LinkRule,
    ) -> Result<Caching, Failure> {
        let given = self.signature.as_deref().map(|digits| Signature {
            expires: self.expires.as_deref().unwrap_or_default(),
            key: self.key.as_deref(),
            digits,
        });
        let end = context
            .assets
            .check_link(rule, path, self.size(), given)
            .map_err(ServiceError::from)?;
        let names_these_bytes = self.version.as_ref().is_some_and(|version| {
            VERSION.contains(&version.len())
                && asset.digest().get(..version.len())
                    == Some(version.to_ascii_lowercase().as_str())
        });
        let caching = if names_these_bytes {
            Caching::Immutable(YEAR)
        } else {
            let options = &context.options;
            Caching::Public { age: options.cache_max_age, stale: options.stale_while_revalidate }
        };
        let now = context.assets.settings().clock.now();
        Ok(match end {
            Some(end) => caching.until(Duration::try_from(end - now).unwrap_or_default()),
            None => caching,
        })
    }
}
