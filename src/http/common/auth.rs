//! Credentials in all their spellings. Secrets are never logged, and no answer repeats one.

use std::marker::PhantomData;
use std::time::Instant;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::failure::Failure;
use super::{Context, Voice};
use crate::service::{ApiKey, Role};

/// Which spellings a surface takes.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself")]
pub(crate) struct Credentials {
    /// `Authorization: Basic base64(ID:SECRET)` (RFC 7617).
    pub(crate) basic: bool,
    /// `Authorization: Bearer ID:SECRET` (RFC 6750).
    pub(crate) bearer: bool,
    /// `Authorization: KEY:SECRET`.
    pub(crate) pair: bool,
    /// The header or query parameter `x-api-key: ID:SECRET`.
    pub(crate) api_key: bool,
}

impl Credentials {
    /// What a client should send, for the header `WWW-Authenticate` (RFC 9110 11.6.1).
    const fn challenge(self) -> &'static str {
        match self {
            Self { basic: true, bearer: true, .. } => "Basic realm=\"gatefold\", Bearer",
            Self { basic: true, .. } => "Basic realm=\"gatefold\"",
            Self { bearer: true, .. } => "Bearer",
            Self { api_key: true, .. } => "ApiKey",
            _ => "KeySecret",
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self { api_key: true, .. } => {
                "send an API key in the header x-api-key or the query parameter of that name"
            }
            Self { pair: true, .. } => "send the header Authorization: <API_KEY>:<API_SECRET>",
            Self { basic: true, bearer: true, .. } => {
                "send the header Authorization with Basic credentials or a Bearer token"
            }
            _ => "send the header Authorization: Bearer <API_KEY>",
        }
    }

    /// Id and secret, from wherever this surface looks for them.
    fn find(self, parts: &Parts) -> Option<(String, String)> {
        if self.api_key
            && let Some(found) = api_key(parts)
        {
            return Some(found);
        }
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let value = values.next()?.to_str().ok()?.trim();
        if values.next().is_some() {
            // Two sets of credentials: which one counts would be a guess.
            return None;
        }
        if let Some((scheme, rest)) = value.split_once(' ') {
            let rest = rest.trim();
            return match scheme.to_ascii_lowercase().as_str() {
                "basic" if self.basic => {
                    let text = String::from_utf8(LENIENT.decode(rest).ok()?).ok()?;
                    pair(&text)
                }
                "bearer" if self.bearer => pair(rest),
                _ => None,
            };
        }
        if self.pair { pair(value) } else { None }
    }
}

fn api_key(parts: &Parts) -> Option<(String, String)> {
    if let Some(value) = parts.headers.get("x-api-key") {
        return pair(value.to_str().ok()?.trim());
    }
    let fields = super::input::fields(&parts.uri).ok()?;
    let (_, value) = fields.iter().find(|(name, _)| name == "x-api-key")?;
    pair(value)
}

/// Clients write base64 with and without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn pair(text: &str) -> Option<(String, String)> {
    let (id, secret) = text.split_once(':')?;
    let sane = !id.is_empty() && !secret.is_empty() && text.len() <= 512;
    sane.then(|| (id.to_owned(), secret.to_owned()))
}

/// Who makes the request: a handler that takes this refuses everybody else with 401, and the hasty
/// with 429, before anything of the body is read.
pub(crate) struct Caller<V> {
    pub(crate) key: ApiKey,
    voice: PhantomData<V>,
}

impl<V: Voice> Caller<V> {
    /// Refuses with 403 unless the key may do what this role may.
    pub(crate) fn must(&self, role: Role) -> Result<(), Failure> {
        if self.key.may(role) {
            return Ok(());
        }
        Err(Failure::forbidden(format!("this key does not have the role {}", role.name())))
    }

    /// The tenant named in a path: 404 for those that the key does not reach, as for those that
    /// nobody has.
    pub(crate) fn tenant<'a>(&self, named: &'a str) -> Result<&'a str, Failure> {
        let sane = (1..=64).contains(&named.len())
            && named.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && !named.starts_with('.');
        if sane && self.key.reaches(named) {
            return Ok(named);
        }
        Err(Failure::not_found("account"))
    }
}

impl<V: Voice> FromRequestParts<Context> for Caller<V> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        let refused = |message| {
            Failure::unauthenticated(message)
                .with_header(WWW_AUTHENTICATE, V::CREDENTIALS.challenge())
        };
        let (id, secret) =
            V::CREDENTIALS.find(parts).ok_or_else(|| refused(V::CREDENTIALS.wanted()))?;
        let key = context.assets.authenticate(&id, &secret).await?;
        let key = key.ok_or_else(|| refused("this key is not known, or its secret is wrong"))?;
        context.rates.take(&key.id, Instant::now())?;
        Ok(Self { key, voice: PhantomData })
    }
}
