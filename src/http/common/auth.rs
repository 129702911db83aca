//! Credentials in all their spellings. Secrets are never logged, and no answer repeats one.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::client::ClientAddress;
use super::failure::Failure;
use super::rate::Shown;
use super::{Context, Voice, cross};
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

/// How credentials came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// A browser that knows them sends these by itself, whichever page asks.
    Basic,
    /// RFC 6750's.
    Bearer,
    /// Any other, which only a client that means it sends.
    Other,
}

impl Credentials {
    /// What a client should send, for the header `WWW-Authenticate` (RFC 9110 11.6.1), with what was
    /// wrong with its Bearer token (RFC 6750 3).
    fn challenge(self, error: &str) -> String {
        let basic = "Basic realm=\"gatefold\"";
        let bearer = format!("Bearer realm=\"gatefold\"{error}");
        match self {
            Self { basic: true, bearer: true, .. } => format!("{basic}, {bearer}"),
            Self { basic: true, .. } => basic.to_owned(),
            Self { bearer: true, .. } => bearer,
            Self { api_key: true, .. } => "ApiKey".to_owned(),
            _ => "KeySecret".to_owned(),
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

    /// Id and secret, from wherever this surface looks for them; none where what came is malformed.
    fn find(self, parts: &Parts) -> Option<(Spelling, Option<(String, String)>)> {
        if self.api_key
            && let Some(found) = api_key(parts)
        {
            return Some((Spelling::Other, Some(found)));
        }
        let mut values = parts.headers.get_all(AUTHORIZATION).iter();
        let value = values.next()?.to_str().ok()?.trim();
        if values.next().is_some() {
            // Two sets of credentials: which one counts would be a guess.
            return None;
        }
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        match scheme.to_ascii_lowercase().as_str() {
            "basic" if self.basic => {
                let text = LENIENT.decode(rest.trim()).ok();
                let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
                Some((Spelling::Basic, text.as_deref().and_then(pair)))
            }
            "bearer" if self.bearer => Some((Spelling::Bearer, pair(rest.trim()))),
            _ if self.pair && !value.contains(' ') => Some((Spelling::Other, pair(value))),
            _ => None,
        }
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

/// Who makes the request: a handler that takes this refuses everybody else with 401, pages of other
/// origins that ride on a browser's credentials with 403, and the hasty with 429, before anything of the
/// body is read. What the key reaches, `access` tells.
pub(crate) struct Caller<V> {
    pub(super) key: ApiKey,
    spelling: Spelling,
    voice: PhantomData<V>,
}

impl<V: Voice> Caller<V> {
    /// 403 for want of this role, with RFC 6750's error for those who sent a token.
    pub(super) fn forbidden(&self, message: impl Into<String>, role: Role) -> Failure {
        let failure = Failure::forbidden(message);
        if self.spelling != Spelling::Bearer {
            return failure;
        }
        let error = format!(", error=\"insufficient_scope\", scope=\"{}\"", role.name());
        failure.with_header(WWW_AUTHENTICATE, &V::CREDENTIALS.challenge(&error))
    }
}

impl<V: Voice> FromRequestParts<Context> for Caller<V> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Failure> {
        let refused = |error, message| {
            Failure::unauthenticated(message)
                .with_header(WWW_AUTHENTICATE, &V::CREDENTIALS.challenge(error))
        };
        let (spelling, found) =
            V::CREDENTIALS.find(parts).ok_or_else(|| refused("", V::CREDENTIALS.wanted()))?;
        if spelling == Spelling::Basic {
            cross::refuse_foreign_pages(parts, context)?;
        }
        let error = if spelling == Spelling::Bearer { ", error=\"invalid_token\"" } else { "" };
        let (id, secret) = found.ok_or_else(|| refused(error, V::CREDENTIALS.wanted()))?;
        let client = ClientAddress::of_request(&parts.extensions);
        context.rates.may_try(client, &id)?;
        let key = context.assets.authenticate(&id, &secret).await?;
        context.rates.tried(client, &id, key.is_some());
        let key =
            key.ok_or_else(|| refused(error, "this key is not known, or its secret is wrong"))?;
        context.rates.credential(Shown::Key(&key.id))?;
        Ok(Self { key, spelling, voice: PhantomData })
    }
}
