//! stub
use crate::digest::{Digest, PerceptualHash};
use std::sync::Arc;
/// e
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct IndexError(pub String);
/// k
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// i
    pub id: String,
    /// c
    pub committed: bool,
}
/// r
#[derive(Debug)]
pub struct Reservation {}
impl Reservation {
    /// e
    pub fn extend(&mut self, _: &[Digest]) -> Result<Option<Known>, IndexError> {
        Ok(None)
    }
    /// s
    pub fn set_perceptual(&mut self, _: Option<PerceptualHash>) {}
}
/// r
#[derive(Debug)]
pub enum Reserve {
    /// r
    Reserved(Reservation),
    /// k
    Known(Known),
}
/// t
pub trait DuplicateIndex: Send + Sync + std::fmt::Debug {
    /// r
    fn reserve(
        self: Arc<Self>,
        scope: &str,
        digests: &[Digest],
        id: &str,
        except: Option<&str>,
    ) -> Result<Reserve, IndexError>;
    /// l
    fn lookup(&self, scope: &str, digests: &[Digest]) -> Result<Option<Known>, IndexError>;
}
