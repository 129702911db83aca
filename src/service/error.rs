//! What can go wrong in the service, and whose fault it is.

use std::time::Duration;

use super::model::Asset;
use crate::Rejection;

/// Why the service did not do what it was asked for. Nothing is half-stored when it is returned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The pipeline refused the file.
    #[error("{0}")]
    Rejected(Box<Rejection>),
    /// The tenant has this image already, and its policy rejects duplicates.
    #[error("this image is stored already, as {}{}", .0.id, disabled(.0))]
    Duplicate(Box<Asset>),
    /// Nothing of this kind has this id, or the caller must not know that something does.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// The body is longer than permitted.
    #[error("the body of {} bytes is larger than the {max} permitted", .actual.map_or_else(|| "too many".to_owned(), |n| n.to_string()))]
    TooLarge {
        /// Its length in bytes where it was declared; at least this much was read otherwise.
        actual: Option<u64>,
        /// The most bytes permitted.
        max: u64,
    },
    /// The tenant would have more than its quota permits.
    #[error("with this the account would have {needed} {what}; its quota is {max}")]
    QuotaExceeded {
        /// What of: `pictures` or `bytes`.
        what: &'static str,
        /// How many it would have.
        needed: u64,
        /// The most that it may have.
        max: u64,
    },
    /// A value is not permitted.
    #[error("{message}")]
    Invalid {
        /// The field at fault, as the caller names it.
        field: &'static str,
        /// A sentence with the actual value and the limit.
        message: String,
    },
    /// It does not fit what is there.
    #[error("{message}")]
    Conflict {
        /// A sentence that says what is there.
        message: String,
    },
    /// There are as many as are permitted.
    #[error("there are {actual} {what}, and {max} are permitted")]
    LimitReached {
        /// What there are so many of.
        what: &'static str,
        /// How many there are.
        actual: u64,
        /// How many are permitted.
        max: u64,
        /// When there may be fewer, if time alone makes them fewer.
        retry_after: Option<Duration>,
    },
    /// The image was served in as many sizes as its policy permits.
    #[error(
        "the image has {actual} sizes already, and at most {max} are served of one; ask for one of those"
    )]
    TooManySizes {
        /// How many distinct sizes it has.
        actual: u64,
        /// The most that are permitted.
        max: u32,
    },
    /// The asset is not in the version that the caller wanted to change.
    #[error("it was changed in the meantime")]
    Changed,
    /// The caller is known, but must not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// The link's signature does not let it be followed.
    #[error("{0}")]
    Signature(#[from] super::signatures::SignatureError),
    /// The memory or work budget is full; trying again later helps.
    #[error("the server is busy; try again in {} s", .retry_after.as_secs())]
    Overloaded {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// Work on a picture took longer than it may; nothing was stored, and no verdict was reached.
    #[error("the work on this picture took longer than the {} s permitted", .max.as_secs_f64())]
    TookTooLong {
        /// The most processor time that it may take.
        max: Duration,
    },
    /// The database or the blob store did not answer in time.
    #[error("{what} did not answer in time")]
    Timeout {
        /// Who did not answer.
        what: &'static str,
    },
    /// The database or the blob store failed. The source is for the log, not for clients.
    #[error("{what} failed")]
    Storage {
        /// Who failed.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A record names bytes that the blob store does not have.
    #[error("the stored bytes are missing")]
    BlobMissing,
    /// The stored bytes are not those that the record tells of.
    #[error("the stored bytes are damaged: {detail}")]
    BlobDamaged {
        /// In what they differ, for the log.
        detail: String,
    },
    /// The disk is full.
    #[error("{what} has no room left")]
    StorageFull {
        /// What could not be written.
        what: &'static str,
    },
    /// The directory is not the store that it should be, and nothing in it was changed.
    #[error("{message}")]
    StoreRefused {
        /// What was found there, and what to do.
        message: String,
    },
    /// A defect of the service's own.
    #[error("internal error")]
    Internal(String),
}

/// How to get back an image that was disabled by mistake.
fn disabled(asset: &Asset) -> &'static str {
    match asset.disabled_at {
        Some(_) => {
            ", which is disabled; enable that one, or replace it by this image, to use it again"
        }
        None => "",
    }
}

impl ServiceError {
    /// A stable code: the finding's for a rejection, else one word for the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Duplicate(_) => "duplicate",
            Self::NotFound { .. } => "not_found",
            Self::TooLarge { .. } => "too_many_bytes",
            Self::QuotaExceeded { .. } => "quota_exceeded",
            Self::Invalid { .. } => "invalid",
            Self::Conflict { .. } => "conflict",
            Self::LimitReached { .. } => "limit_reached",
            Self::TooManySizes { .. } => "too_many_sizes",
            Self::Changed => "precondition_failed",
            Self::Forbidden(_) => "forbidden",
            Self::Signature(error) => error.code(),
            Self::Overloaded { .. } => "overloaded",
            Self::TookTooLong { .. } => "took_too_long",
            Self::Timeout { .. } => "timeout",
            Self::Storage { .. } => "storage",
            Self::BlobMissing => "blob_missing",
            Self::BlobDamaged { .. } => "blob_damaged",
            Self::StorageFull { .. } => "storage_full",
            Self::StoreRefused { .. } => "store_refused",
            Self::Internal(_) => "internal",
        }
    }

    /// The same error for one of several who waited for it.
    pub(crate) fn shared(error: std::sync::Arc<Self>) -> Self {
        match &*error {
            Self::Rejected(rejection) => Self::Rejected(rejection.clone()),
            Self::Invalid { field, message } => Self::invalid(field, message.clone()),
            Self::TooManySizes { actual, max } => Self::TooManySizes { actual: *actual, max: *max },
            Self::Overloaded { retry_after } => Self::Overloaded { retry_after: *retry_after },
            Self::TookTooLong { max } => Self::TookTooLong { max: *max },
            Self::Timeout { what } => Self::Timeout { what },
            Self::BlobMissing => Self::BlobMissing,
            Self::BlobDamaged { detail } => Self::BlobDamaged { detail: detail.clone() },
            Self::StorageFull { what } => Self::StorageFull { what },
            Self::Storage { what, .. } => Self::Storage { what, source: Box::new(error) },
            // No work that is shared fails otherwise.
            _ => Self::Internal(error.to_string()),
        }
    }

    /// [`ServiceError::StorageFull`] where a full disk is behind it, else [`ServiceError::Storage`].
    pub(crate) fn storage(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        if is_full(&*source) { Self::StorageFull { what } } else { Self::Storage { what, source } }
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }
}

/// Whether a disk without room, or a quota, is behind an error.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let mut next = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(StorageFull | QuotaExceeded)) {
            return true;
        }
        next = error.source();
    }
    false
}

/// SQLite's primary result codes, which the low byte of every code is.
mod sqlite {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const FULL: u32 = 13;
}

impl From<sqlx::Error> for ServiceError {
    fn from(error: sqlx::Error) -> Self {
        let what = "the database";
        let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
        match (&error, code.map(|code| code & 0xff)) {
            (sqlx::Error::PoolTimedOut, _) | (_, Some(sqlite::BUSY | sqlite::LOCKED)) => {
                Self::Timeout { what }
            }
            (_, Some(sqlite::FULL)) => Self::StorageFull { what },
            _ => Self::storage(what, error),
        }
    }
}

impl From<crate::Error> for ServiceError {
    fn from(error: crate::Error) -> Self {
        match error {
            crate::Error::Rejected(rejection) => Self::Rejected(rejection),
            crate::Error::TookTooLong { max } => Self::TookTooLong { max },
            error => Self::Internal(error.to_string()),
        }
    }
}
