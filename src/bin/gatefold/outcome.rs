//! Exit codes, and the failures that end a run before it has rows.

use std::fmt::Display;
use std::process::ExitCode;

use gatefold::Error;

use crate::console;

/// How a run ends; the later in this order, the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Exit {
    /// 0: everything was accepted.
    #[default]
    Accepted,
    /// 1: something was rejected.
    Rejected,
    /// 2: the command line or a policy file is wrong.
    Usage,
    /// 3: something could not be read, judged or written.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Accepted => 0,
            Exit::Rejected => 1,
            Exit::Usage => 2,
            Exit::Failed => 3,
        })
    }
}

impl Exit {
    /// What one file's result means for the whole run.
    pub(crate) const fn of_error(error: &Error) -> Self {
        match error {
            Error::Rejected(_) => Self::Rejected,
            // Only the command itself cancels: when nobody reads its output any more.
            Error::Cancelled => Self::Accepted,
            _ => Self::Failed,
        }
    }

    /// Keeps the stronger of the two.
    pub(crate) fn and(&mut self, other: Self) {
        *self = (*self).max(other);
    }
}

/// Why a run cannot begin or go on.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// The command line or a policy file is wrong.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// Something could not be read or written.
    pub(crate) fn io(message: impl Display) -> Self {
        Self { exit: Exit::Failed, message: message.to_string() }
    }

    /// A panic of the command itself, already told by the panic hook.
    pub(crate) fn internal() -> Self {
        Self { exit: Exit::Failed, message: String::new() }
    }

    /// Says it on standard error.
    pub(crate) fn tell(&self) -> Exit {
        if !self.message.is_empty() {
            console::note(&self.message);
        }
        self.exit
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Config(message) => Self::usage(message),
            other => Self::io(other),
        }
    }
}
