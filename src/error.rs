//! What can go wrong, and whose fault it is.

use crate::duplicates::IndexError;
use crate::finding::{Finding, FindingKind};
use crate::report::{Inspection, Rejection};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is at fault: a limit, a rule or its content. The rejection keeps every finding.
    #[error("{0}")]
    Rejected(Box<Rejection>),
    /// The bytes could not be read.
    #[error("the upload could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// The caller's cancellation was raised.
    #[error("cancelled")]
    Cancelled,
    /// The work took longer than [`Upload::within`](crate::Upload::within) permits. This says nothing
    /// about the file: another processor may need less.
    #[error("the work took longer than the {} s permitted", .max.as_secs_f64())]
    TookTooLong {
        /// The most processor time that it may take.
        max: std::time::Duration,
    },
    /// The pipeline was asked for something that it or its policy cannot do.
    #[error("{0}")]
    Config(String),
    /// The duplicate index failed.
    #[error("the duplicate index failed: {0}")]
    Index(#[from] IndexError),
    /// A defect of gatefold's own or of a library under it, caught before it could do harm.
    #[error("{}", .0.finding())]
    Internal(Box<Rejection>),
}

impl Error {
    /// A stable code: the finding's for a rejection, else `io`, `cancelled`, `took_too_long`, `config`,
    /// `index` or `internal`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.code(),
            Self::Io(_) => "io",
            Self::Cancelled => "cancelled",
            Self::TookTooLong { .. } => "took_too_long",
            Self::Config(_) => "config",
            Self::Index(_) => "index",
            Self::Internal(_) => "internal",
        }
    }

    /// True when the file is at fault and sending it again will not help.
    pub const fn is_rejected(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }

    /// True when the file was rejected as a duplicate.
    pub fn is_duplicate(&self) -> bool {
        self.code() == "duplicate"
    }

    /// What is known about the file all the same.
    pub const fn inspection(&self) -> Option<&Inspection> {
        match self {
            Self::Rejected(rejection) | Self::Internal(rejection) => Some(rejection.inspection()),
            _ => None,
        }
    }

    /// The error for an inspection with `finding` added, which must be an error.
    pub(crate) fn rejecting(mut inspection: Inspection, finding: Finding) -> Self {
        inspection.findings.push(finding);
        Self::of_inspection(inspection)
    }

    /// The error for an inspection in which something rejects.
    pub(crate) fn of_inspection(inspection: Inspection) -> Self {
        match Rejection::of(inspection) {
            Some(rejection)
                if matches!(rejection.finding().kind(), FindingKind::Internal { .. }) =>
            {
                Self::Internal(Box::new(rejection))
            }
            Some(rejection) => Self::Rejected(Box::new(rejection)),
            None => Self::Config("an accepted inspection was taken for a rejected one".to_owned()),
        }
    }
}
