//! An upload: bytes, and what the client claims about them.

use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

use crate::cancel::Cancellation;
use crate::finding::{Finding, FindingKind};

/// Bytes and claims. Nothing here is believed: names and types are compared with the content.
///
/// ```
/// use gatefold::Upload;
/// let upload = Upload::new(&b"GIF89a"[..]).claiming_name("cover.png").claiming_media_type("image/png");
/// assert_eq!(upload.bytes().len(), 6);
/// ```
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    bytes: Cow<'a, [u8]>,
    name: Option<String>,
    media_type: Option<String>,
    id: Option<String>,
    cancellation: Cancellation,
}

impl<'a> Upload<'a> {
    /// An upload of these bytes, borrowed or owned, with nothing claimed.
    pub fn new(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self {
            bytes: bytes.into(),
            name: None,
            media_type: None,
            id: None,
            cancellation: Cancellation::new(),
        }
    }

    /// With the file name that the client gave; only its extension is looked at.
    #[must_use]
    pub fn claiming_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// With the media type that the client gave.
    #[must_use]
    pub fn claiming_media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// With the identifier under which duplicates of this upload shall know it until it is
    /// committed under another. Without one it is known by its byte digest.
    #[must_use]
    pub fn identified_by(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// With a flag that stops the work on this upload, for when nobody waits for it any more.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: &Cancellation) -> Self {
        self.cancellation = self.cancellation.with_flag_of(cancellation);
        self
    }

    /// With a limit on the processor time that the work on this upload may take, over all threads and
    /// all calls together; it is looked at wherever the work can be cancelled. On systems whose
    /// threads have no clock of their own (all but Linux and Apple's), time passes instead.
    ///
    /// Past it a [`Pipeline`](crate::Pipeline) gives
    /// [`Error::TookTooLong`](crate::Error::TookTooLong) and no verdict. Limits that give the same
    /// verdict everywhere are those of a policy, such as
    /// [`Limits::max_work`](crate::Limits::max_work).
    ///
    /// ```
    /// use std::time::Duration;
    /// use gatefold::{Pipeline, Policy, Upload};
    /// let pipeline = Pipeline::builder(Policy::default()).build()?;
    /// # let bytes = std::fs::read("testdata/png/rgb.png")?;
    /// let upload = Upload::new(bytes).within(Duration::from_secs(20));
    /// assert!(pipeline.process(&upload).is_ok());
    /// # Ok::<(), gatefold::Error>(())
    /// ```
    #[must_use]
    pub fn within(mut self, max: Duration) -> Self {
        self.cancellation = self.cancellation.within(max);
        self
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file name that the client gave.
    pub fn claimed_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The media type that the client gave.
    pub fn claimed_media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    /// The identifier given with [`Upload::identified_by`].
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The flag given with [`Upload::cancelled_by`].
    pub const fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The bytes themselves, copied only when they were borrowed.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_owned()
    }
}

/// Why a stream gave no upload.
#[derive(Debug)]
pub(crate) enum ReadFailure {
    TooLong { actual: u64, finding: Finding },
    Io(std::io::Error),
}

/// Reads a stream to its end, but never more than one byte past `max_bytes`.
pub(crate) fn read_capped(reader: impl Read, max_bytes: u64) -> Result<Vec<u8>, ReadFailure> {
    let mut bytes = Vec::new();
    reader.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(ReadFailure::Io)?;
    let actual = bytes.len() as u64;
    if actual > max_bytes {
        let finding = Finding::error(FindingKind::TooManyBytes { actual, max: max_bytes });
        return Err(ReadFailure::TooLong { actual, finding });
    }
    Ok(bytes)
}
