//! Which pictures are known already.
//!
//! An index keeps, per scope (a tenant, an account, a folder), the exact digests of what is stored
//! and the perceptual hashes beside them. A new upload *reserves* its digests before it is decoded,
//! and *commits* once the embedder has stored it. In between nobody else gets the same digests, so of
//! two equal uploads at the same instant exactly one is new; a reservation that is dropped gives its
//! digests back.

mod group;
mod memory;
mod near;

use std::error::Error;
use std::fmt;

use crate::digest::{Digest, PerceptualHash};

pub use group::{DuplicateGroup, Fingerprint, group_duplicates};
pub use memory::MemoryIndex;
pub use near::HammingIndex;
#[cfg(feature = "service")]
pub(crate) use near::substrings_near;

/// The index could not answer: a database is away, for example. The in-memory one always answers.
#[derive(Debug, thiserror::Error)]
#[error("the duplicate index did not answer: {0}")]
pub struct IndexError(#[source] Box<dyn Error + Send + Sync>);

impl IndexError {
    /// Wraps what went wrong.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Who has a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Of the image; of the upload, while it is not committed.
    pub id: String,
    /// False while it is only reserved and may still vanish.
    pub committed: bool,
}

/// The answer to [`DuplicateIndex::reserve`].
#[derive(Debug)]
#[must_use]
pub enum Reserve {
    /// All digests are new, and the caller's until it commits or drops the reservation.
    Reserved(Reservation),
    /// One of them is somebody else's; nothing was reserved.
    Known(Known),
}

/// An image that looks similar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// Its id.
    pub id: String,
    /// In how many of 64 bits the hashes differ.
    pub distance: u32,
}

/// Remembers exact digests and perceptual hashes, by scope.
///
/// Implementations keep these promises, on which [`Reservation`] builds:
/// - [`reserve`](Self::reserve) is atomic: of several uploads with one digest at the same instant, in
///   one scope, one gets it. All of an upload's digests are taken, or none.
/// - A digest belongs to one image at a time, or to the uploads that are about to replace it.
/// - Hashes can be found once they are committed, and are forgotten with their image.
pub trait DuplicateIndex: fmt::Debug + Send + Sync {
    /// Takes the digests within `scope`, or says who has one of them, as [`lookup`](Self::lookup)
    /// does. Whoever runs into the reservation is told `id`, until [`Reservation::commit`] gives the
    /// final one.
    ///
    /// With `replaces`, the upload is to take the place of that image. The image's own digests are then
    /// no obstacle (the same bytes again are a retry, no duplicate), nor are those of other uploads
    /// about to replace it. They change hands with the commit; until then the image keeps them.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer; then nothing is reserved.
    fn reserve(
        &self,
        scope: &str,
        digests: &[Digest],
        id: &str,
        replaces: Option<&str>,
    ) -> Result<Reserve, IndexError>;

    /// Who has one of the digests: a committed image before a reservation, then whoever has the
    /// first of them in the order given.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer.
    fn lookup(&self, scope: &str, digests: &[Digest]) -> Result<Option<Known>, IndexError>;

    /// Forgets a committed image that was deleted; false when there was none.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer; whether it forgot the image is then open, and
    /// asking again does no harm.
    fn release(&self, scope: &str, id: &str) -> Result<bool, IndexError>;

    /// The committed images whose hash differs in at most `radius` bits, nearest first, then by id.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer.
    fn near(&self, scope: &str, hash: PerceptualHash, radius: u32)
    -> Result<Vec<Near>, IndexError>;
}

/// An index's own side of a [`Reservation`]; of interest to who implements [`DuplicateIndex`].
pub trait Hold: fmt::Debug + Send + Sync {
    /// Takes further digests into the reservation, or says who has one of them and takes none.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer; the reservation stands as it was.
    fn extend(&mut self, digests: &[Digest]) -> Result<Option<Known>, IndexError>;

    /// Makes the reservation the image `id`, in place of the one that it replaces and of any that has
    /// this id already.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer; [`release`](Self::release) follows.
    fn commit(&mut self, id: &str, hash: Option<PerceptualHash>) -> Result<(), IndexError>;

    /// Gives the digests back. Called once at most, never after a commit that succeeded, and from
    /// `Drop`: it must not panic, and what it cannot do now must end by itself (a lease that expires).
    fn release(&mut self);
}

/// Digests that are the caller's until it commits, or drops this.
///
/// ```
/// use gatefold::{ByteDigest, DuplicateIndex, MemoryIndex, Reserve};
/// let index = MemoryIndex::new();
/// let digests = [ByteDigest::of(b"a picture").into()];
/// let Reserve::Reserved(reservation) = index.reserve("", &digests, "upload", None)? else {
///     unreachable!("the index was empty");
/// };
/// // ... the picture is stored ...
/// reservation.commit("image 1")?;
/// assert_eq!(index.lookup("", &digests)?.map(|known| known.id), Some("image 1".to_owned()));
/// # Ok::<(), gatefold::IndexError>(())
/// ```
#[derive(Debug)]
#[must_use = "a reservation that is dropped is given back"]
pub struct Reservation {
    /// `None` once committed.
    hold: Option<Box<dyn Hold>>,
    hash: Option<PerceptualHash>,
}

impl Reservation {
    /// A reservation over an index's own state.
    pub fn new(hold: Box<dyn Hold>) -> Self {
        Self { hold: Some(hold), hash: None }
    }

    /// Reserves further digests, such as those of pixels, which are known only after decoding. When
    /// one of them is somebody else's this says whose, and the reservation stands as it was.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer; the reservation stands as it was.
    pub fn extend(&mut self, digests: &[Digest]) -> Result<Option<Known>, IndexError> {
        self.hold.as_mut().map_or(Ok(None), |hold| hold.extend(digests))
    }

    /// The hash under which the image can be found once it is committed.
    pub fn set_perceptual(&mut self, hash: Option<PerceptualHash>) {
        self.hash = hash;
    }

    /// Makes the upload the image `id`, which may differ from the provisional one. The image that it
    /// replaces is forgotten, and so is one that has this id already: the later commit counts.
    ///
    /// # Errors
    /// [`IndexError`] when the index cannot answer; then the reservation is given back, and the
    /// caller should take back what it stored.
    pub fn commit(mut self, id: &str) -> Result<(), IndexError> {
        if let Some(hold) = &mut self.hold {
            hold.commit(id, self.hash)?;
        }
        self.hold = None;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(mut hold) = self.hold.take() {
            hold.release();
        }
    }
}
