//! What an operator may choose.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::clock::Clock;
use super::model::Surface;
use super::quota::Quota;
use super::signatures::LinkKey;
use crate::Policy;

const MIB: u64 = 1024 * 1024;

/// How the service works. All fields have defaults; a TOML file may give any of them.
///
/// ```
/// use gatefold::service::Settings;
/// let settings = Settings { public_url: "https://images.example".into(), ..Settings::default() };
/// assert_eq!(settings.ticket_ttl.as_secs(), 3600);
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where clients reach the service, without a slash at the end. Links are made from it, never
    /// from what a request says. Default `http://127.0.0.1:8080`.
    pub public_url: String,
    /// The policy of each API.
    pub policies: Policies,
    /// Uploads and renditions that are worked on at once, and threads for that; short work has as
    /// many again to itself. Default 0: as many as there are processors.
    pub threads: usize,
    /// Bytes that uploads and renditions may take together, in memory, with those kept in
    /// `hot_cache` and those being sent. Default 512 MiB.
    pub memory_budget: u64,
    /// How long a request may wait for memory or a processor before it is refused with
    /// [`ServiceError::Overloaded`](super::ServiceError::Overloaded). Default 10 s.
    #[serde(with = "seconds", alias = "patience")]
    pub admission_timeout: Duration,
    /// Requests that may wait for memory or a processor at once; more are refused. Default 1024.
    pub max_waiting: usize,
    /// The same of one tenant or, without a key, one network address. Default 256.
    pub max_waiting_per_client: usize,
    /// The part of turns that requests without a key get while others wait, in percent, 1 to 99.
    /// Default 25.
    pub anonymous_share: u8,
    /// Processor time that the work on one picture may take. Where that cannot be measured, time
    /// since the work began. Default 20 s.
    #[serde(with = "seconds")]
    pub processing_timeout: Duration,
    /// Bytes of finished renditions kept on disk. Default 1 GiB.
    pub rendition_cache: u64,
    /// Bytes of finished renditions kept in memory. Default 32 MiB.
    pub hot_cache: u64,
    /// How long a ticket lives. Default 1 h.
    #[serde(with = "seconds")]
    pub ticket_ttl: Duration,
    /// Bytes of one recording. Default 1 GiB.
    pub max_audio_bytes: u64,
    /// How long an upload of a recording waits for it to be read, which goes on without it.
    /// Default 2 s.
    #[serde(with = "seconds")]
    pub audio_wait: Duration,
    /// Tracks that may be made in one upload session. Default 1 000.
    pub max_session_tracks: u64,
    /// Upload sessions that one API key may have open. Default 1 000.
    pub max_key_sessions: u64,
    /// How long bytes that no record names any more are left alone before they are removed. Bytes of
    /// an upload that was interrupted are left alone for twice [`storage_timeout`](Self::storage_timeout)
    /// at least. Default 1 h.
    #[serde(with = "seconds")]
    pub sweep_grace: Duration,
    /// Bytes that must be free on the disk for the service to call itself ready. Default 64 MiB.
    pub min_free_bytes: u64,
    /// How long the database or the blob store may take to answer. Default 30 s.
    #[serde(with = "seconds")]
    pub storage_timeout: Duration,
    /// Keys for signed links: the first signs, all verify, so that a key can be exchanged without
    /// breaking links. Default none: a key that only the service knows signs and verifies.
    pub link_keys: Vec<LinkKey>,
    /// How much a tenant may have. Default: as much as fits.
    pub quota: Quota,
    /// How much these tenants may have instead, by name. An operator's word
    /// ([`Assets::set_quota`](super::Assets::set_quota)) counts before both. Default none.
    pub tenant_quotas: BTreeMap<String, Quota>,
    /// Where the time is read.
    #[serde(skip)]
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://127.0.0.1:8080".to_owned(),
            policies: Policies::default(),
            threads: 0,
            memory_budget: 512 * MIB,
            admission_timeout: Duration::from_secs(10),
            max_waiting: 1024,
            max_waiting_per_client: 256,
            anonymous_share: 25,
            processing_timeout: Duration::from_secs(20),
            rendition_cache: 1024 * MIB,
            hot_cache: 32 * MIB,
            ticket_ttl: Duration::from_secs(3600),
            max_audio_bytes: 1024 * MIB,
            audio_wait: Duration::from_secs(2),
            max_session_tracks: 1000,
            max_key_sessions: 1000,
            sweep_grace: Duration::from_secs(3600),
            min_free_bytes: 64 * MIB,
            storage_timeout: Duration::from_secs(30),
            link_keys: Vec::new(),
            quota: Quota::default(),
            tenant_quotas: BTreeMap::new(),
            clock: Clock::System,
        }
    }
}

/// A policy for every API. A TOML file gives the fields in which one differs from its default.
///
/// ```
/// use gatefold::Policy;
/// use gatefold::service::Settings;
/// let settings: Settings = toml::from_str("[policies.moov]\nlimits = { max_bytes = 1000000 }")?;
/// assert_eq!(settings.policies.moov.limits.max_bytes, 1_000_000);
/// assert_eq!(settings.policies.moov.formats, Policy::moov().formats);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    /// Product images. Default [`Policy::moov`].
    #[serde(deserialize_with = "upon::moov")]
    pub moov: Policy,
    /// Covers. Default [`Policy::audiodelivery`].
    #[serde(deserialize_with = "upon::audiodelivery")]
    pub audiodelivery: Policy,
    /// Pictures of people and drafts. Default [`Policy::audicient`].
    #[serde(deserialize_with = "upon::audicient")]
    pub audicient: Policy,
    /// Artwork of releases. Default [`Policy::audicient_release`].
    #[serde(deserialize_with = "upon::audicient_release")]
    pub audicient_release: Policy,
    /// Editors' assets. Default [`Policy::backoffice`].
    #[serde(deserialize_with = "upon::backoffice")]
    pub backoffice: Policy,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            moov: Policy::moov(),
            audiodelivery: Policy::audiodelivery(),
            audicient: Policy::audicient(),
            audicient_release: Policy::audicient_release(),
            backoffice: Policy::backoffice(),
        }
    }
}

impl Policies {
    /// The policy of this API.
    pub const fn of(&self, surface: Surface) -> &Policy {
        match surface {
            Surface::Moov => &self.moov,
            Surface::Audiodelivery => &self.audiodelivery,
            Surface::Audicient => &self.audicient,
            Surface::AudicientRelease => &self.audicient_release,
            Surface::Backoffice => &self.backoffice,
        }
    }
}

/// Durations in configuration are whole seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

/// Policies that are read upon an API's own.
mod upon {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde_json::{Map, Value};

    use crate::Policy;

    pub(super) fn moov<'de, D: Deserializer<'de>>(from: D) -> Result<Policy, D::Error> {
        read(&Policy::moov(), from)
    }

    pub(super) fn audiodelivery<'de, D: Deserializer<'de>>(from: D) -> Result<Policy, D::Error> {
        read(&Policy::audiodelivery(), from)
    }

    pub(super) fn audicient<'de, D: Deserializer<'de>>(from: D) -> Result<Policy, D::Error> {
        read(&Policy::audicient(), from)
    }

    pub(super) fn audicient_release<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Policy, D::Error> {
        read(&Policy::audicient_release(), from)
    }

    pub(super) fn backoffice<'de, D: Deserializer<'de>>(from: D) -> Result<Policy, D::Error> {
        read(&Policy::backoffice(), from)
    }

    fn read<'de, D: Deserializer<'de>>(base: &Policy, from: D) -> Result<Policy, D::Error> {
        let own = Map::deserialize(from)?;
        let mut merged = serde_json::to_value(base).map_err(D::Error::custom)?;
        if let Value::Object(merged) = &mut merged {
            overlay(merged, own);
        }
        serde_json::from_value(merged).map_err(D::Error::custom)
    }

    /// Objects are merged, everything else is replaced.
    fn overlay(base: &mut Map<String, Value>, own: Map<String, Value>) {
        for (key, value) in own {
            match (base.get_mut(&key), value) {
                (Some(Value::Object(base)), Value::Object(own)) => overlay(base, own),
                (_, value) => {
                    base.insert(key, value);
                }
            }
        }
    }
}
