//! Tickets: links that permit one upload to whoever holds them.
//!
//! A ticket is judged when an upload to it begins. What began is stored, though the ticket, its session
//! or its key end before the last byte.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::assets::{Assets, Result};
use super::audio::must_lack_audio;
use super::catalog::TicketRecord;
use super::clock::after;
use super::error::ServiceError;
use super::id;
use super::model::{Ticket, TicketFor};

/// Letters and digits of a ticket's id: 143 bits.
const ID_LENGTH: usize = 24;
/// Hexadecimal digits of its signature: 128 bits.
const SIGNATURE_LENGTH: usize = 32;

pub(super) const NO_TICKET: ServiceError = ServiceError::NotFound { what: "upload" };

impl Assets {
    /// A ticket for the cover or the audio of a collection or track of this tenant. It ends with the
    /// API key that it is issued through.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has no such collection or track,
    /// [`ServiceError::Conflict`] for audio when the track has a recording.
    pub async fn issue_ticket(
        &self,
        tenant: &str,
        what: TicketFor,
        ttl: Duration,
        api_key: Option<&str>,
    ) -> Result<Ticket> {
        match what {
            TicketFor::CollectionCover(id) => drop(self.collection(tenant, id).await?),
            TicketFor::TrackCover(id) => drop(self.track(tenant, id).await?),
            TicketFor::TrackAudio(id) => must_lack_audio(&self.track(tenant, id).await?)?,
        }
        let id = id::letters(ID_LENGTH)?;
        let expires_at = after(self.inner.settings.clock.now(), ttl);
        let record = TicketRecord {
            id,
            what,
            tenant: tenant.to_owned(),
            expires_at,
            accepted: None,
            asset: None,
            api_key: api_key.map(str::to_owned),
        };
        self.inner.catalog.put_ticket(&record).await?;
        let token = format!("{}{}", record.id, self.signature(&record.id));
        Ok(Ticket { token, ttl: ttl.as_secs(), expires_at })
    }

    /// What a ticket permits, used or not.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it is forged, unknown or over.
    pub async fn ticket(&self, token: &str) -> Result<TicketFor> {
        self.open_ticket(token).await.map(|ticket| ticket.what())
    }

    /// Judges a ticket, before the upload to it is read. Whatever the ticket's end, it works until what
    /// this returns is dropped.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it is forged, unknown or over.
    pub async fn open_ticket(&self, token: &str) -> Result<OpenTicket> {
        let id = self.signed_id(token)?;
        // First, so that no sweep comes in between.
        let in_use = self.inner.tickets.hold(id);
        let record = self.inner.catalog.ticket(id).await?.ok_or(NO_TICKET)?;
        let over = record.expires_at <= self.inner.settings.clock.now();
        if over || !self.key_lives(record.api_key.as_deref()).await? {
            return Err(NO_TICKET);
        }
        Ok(OpenTicket { record, _in_use: in_use })
    }

    /// The ticket as it is now: another upload may have used it up.
    pub(super) async fn renewed(&self, ticket: &OpenTicket) -> Result<TicketRecord> {
        self.inner.catalog.ticket(&ticket.record.id).await?.ok_or(NO_TICKET)
    }

    /// Whether the key behind a session or a ticket was not revoked.
    pub(super) async fn key_lives(&self, key: Option<&str>) -> Result<bool> {
        match key {
            Some(key) => self.inner.keyring.lives(key).await,
            None => Ok(true),
        }
    }

    fn signed_id<'a>(&self, token: &'a str) -> Result<&'a str> {
        let whole = token.len() == ID_LENGTH + SIGNATURE_LENGTH && token.is_ascii();
        let Some((id, signature)) = token.split_at_checked(ID_LENGTH).filter(|_| whole) else {
            return Err(NO_TICKET);
        };
        // Equal hashes of two texts are equal texts, and they are compared in constant time.
        if blake3::hash(signature.as_bytes()) != blake3::hash(self.signature(id).as_bytes()) {
            return Err(NO_TICKET);
        }
        Ok(id)
    }

    fn signature(&self, id: &str) -> String {
        let mac = blake3::keyed_hash(&self.inner.seal, id.as_bytes());
        mac.to_hex().get(..SIGNATURE_LENGTH).unwrap_or_default().to_owned()
    }
}

/// A ticket that was valid when an upload to it began.
pub struct OpenTicket {
    record: TicketRecord,
    _in_use: InUse,
}

impl OpenTicket {
    /// What it permits.
    pub const fn what(&self) -> TicketFor {
        self.record.what
    }
}

impl fmt::Debug for OpenTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTicket").field("what", &self.record.what).finish_non_exhaustive()
    }
}

/// The tickets to which uploads are on their way. Sweeps leave them alone.
#[derive(Default)]
pub(super) struct TicketsInUse(Arc<Mutex<HashMap<String, usize>>>);

/// Holds one of them.
struct InUse {
    id: String,
    all: Arc<Mutex<HashMap<String, usize>>>,
}

impl TicketsInUse {
    fn hold(&self, id: &str) -> InUse {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(id.to_owned()).or_default() += 1;
        InUse { id: id.to_owned(), all: Arc::clone(&self.0) }
    }

    /// Their ids.
    pub(super) fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.id);
            }
        }
    }
}

/// What became of a ticket, as somebody with a certain body sees it.
pub(super) enum Spent {
    /// It is unused.
    Not,
    /// It was used for the same body: this is a retry. The asset that it became, if it is one.
    OnThis(Option<Uuid>),
}

impl Spent {
    /// # Errors
    /// [`ServiceError::NotFound`] when it was used for another body.
    pub(super) fn of(ticket: &TicketRecord, digest: &str) -> Result<Self> {
        match &ticket.accepted {
            None => Ok(Self::Not),
            Some(accepted) if accepted == digest => Ok(Self::OnThis(ticket.asset)),
            Some(_) => Err(NO_TICKET),
        }
    }
}
