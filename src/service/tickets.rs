//! Tickets: links that permit one upload to whoever holds them.

use std::time::Duration;

use uuid::Uuid;

use super::assets::{Assets, Result};
use super::catalog::TicketRecord;
use super::clock::after;
use super::error::ServiceError;
use super::id;
use super::model::{Collection, Ticket, TicketFor, Track};

/// Letters and digits of a ticket's id: 143 bits.
const ID_LENGTH: usize = 24;
/// Hexadecimal digits of its signature: 128 bits.
const SIGNATURE_LENGTH: usize = 32;

pub(super) const NO_TICKET: ServiceError = ServiceError::NotFound { what: "upload" };

impl Assets {
    /// A ticket for the cover or the audio of a collection or track of this tenant.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has no such collection or track.
    pub async fn issue_ticket(
        &self,
        tenant: &str,
        what: TicketFor,
        ttl: Duration,
    ) -> Result<Ticket> {
        match what {
            TicketFor::CollectionCover(id) => drop(self.collection(tenant, id).await?),
            TicketFor::TrackCover(id) | TicketFor::TrackAudio(id) => {
                drop(self.track(tenant, id).await?);
            }
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
        self.valid_ticket(token).await.map(|ticket| ticket.what)
    }

    /// The collection whose cover a ticket is for, as it is now; `None` for a track's.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the ticket is forged, unknown or over.
    pub async fn collection_of_ticket(&self, token: &str) -> Result<Option<Collection>> {
        let ticket = self.valid_ticket(token).await?;
        match ticket.what {
            TicketFor::CollectionCover(id) => self.collection(&ticket.tenant, id).await.map(Some),
            TicketFor::TrackCover(_) | TicketFor::TrackAudio(_) => Ok(None),
        }
    }

    /// The track that a ticket is for, as it is now; `None` for a collection's.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the ticket is forged, unknown or over.
    pub async fn track_of_ticket(&self, token: &str) -> Result<Option<Track>> {
        let ticket = self.valid_ticket(token).await?;
        match ticket.what {
            TicketFor::TrackCover(id) | TicketFor::TrackAudio(id) => {
                self.track(&ticket.tenant, id).await.map(Some)
            }
            TicketFor::CollectionCover(_) => Ok(None),
        }
    }

    pub(super) async fn valid_ticket(&self, token: &str) -> Result<TicketRecord> {
        let whole = token.len() == ID_LENGTH + SIGNATURE_LENGTH && token.is_ascii();
        let Some((id, signature)) = token.split_at_checked(ID_LENGTH).filter(|_| whole) else {
            return Err(NO_TICKET);
        };
        // Equal hashes of two texts are equal texts, and they are compared in constant time.
        if blake3::hash(signature.as_bytes()) != blake3::hash(self.signature(id).as_bytes()) {
            return Err(NO_TICKET);
        }
        let now = self.inner.settings.clock.now();
        self.inner.catalog.ticket(id, now).await?.ok_or(NO_TICKET)
    }

    fn signature(&self, id: &str) -> String {
        let mac = blake3::keyed_hash(&self.inner.seal, id.as_bytes());
        mac.to_hex().get(..SIGNATURE_LENGTH).unwrap_or_default().to_owned()
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
