//! Who may take memory and a processor: uploads wait here, for a bounded time, instead of taking the
//! process down.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::ServiceError;

/// Memory is handed out in units of this many bytes, so that budgets fit a semaphore.
const UNIT: u64 = 16 * 1024;

/// Bytes of memory that are the holder's until it drops this.
pub(crate) struct Memory {
    _permit: OwnedSemaphorePermit,
}

/// A processor that is the holder's until it drops this.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// The budget of one process.
pub(crate) struct Admission {
    memory: Arc<Semaphore>,
    units: u32,
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Admission {
    pub(crate) fn new(memory_budget: u64, turns: usize, patience: Duration) -> Self {
        let units = u32::try_from(memory_budget / UNIT).unwrap_or(u32::MAX >> 3).max(1);
        Self {
            memory: Arc::new(Semaphore::new(units as usize)),
            units,
            turns: Arc::new(Semaphore::new(turns.max(1))),
            patience,
        }
    }

    /// Waits for `bytes` of memory. What needs more than the whole budget gets the whole.
    pub(crate) async fn memory(&self, bytes: u64) -> Result<Memory, ServiceError> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, self.units);
        let permit = self.within(Arc::clone(&self.memory).acquire_many_owned(units)).await?;
        Ok(Memory { _permit: permit })
    }

    /// Waits for a processor. Take memory first: whoever has a turn must not wait.
    pub(crate) async fn turn(&self) -> Result<Turn, ServiceError> {
        let permit = self.within(Arc::clone(&self.turns).acquire_owned()).await?;
        Ok(Turn { _permit: permit })
    }

    async fn within<T, E>(
        &self,
        permit: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ServiceError> {
        match timeout(self.patience, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(ServiceError::Overloaded {
                retry_after: self.patience.max(Duration::from_secs(1)),
            }),
        }
    }
}
