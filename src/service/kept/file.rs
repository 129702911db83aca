//! The file of one kept rendition: a header that describes the bytes behind it.
//!
//! | bytes | content |
//! |---|---|
//! | 0–3 | `GFKR` |
//! | 4 | version: 1 |
//! | 5 | media type: 1 `image/jpeg`, 2 `image/png`, 3 `image/webp` |
//! | 6–7 | zero |
//! | 8–15 | length of the rendition, little-endian |
//! | 16–47 | BLAKE3 of bytes 0 to 15 and of the rendition |
//! | 48– | the rendition |

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use bytes::Bytes;

use crate::Format;

const MAGIC: [u8; 4] = *b"GFKR";
const VERSION: u8 = 1;
const FACTS: usize = 16;
const HEADER: usize = 48;

/// What a file turned out to be.
pub(super) enum Content {
    Absent,
    /// Cut short, empty, changed, or none of ours.
    Damaged,
    Whole(Bytes, Format),
}

/// The first bytes of the header.
fn facts(format: Format, length: u64) -> Option<[u8; FACTS]> {
    let code = match format {
        Format::Jpeg => 1,
        Format::Png => 2,
        Format::WebP => 3,
        _ => return None,
    };
    let mut facts = [0; FACTS];
    facts[..4].copy_from_slice(&MAGIC);
    facts[4] = VERSION;
    facts[5] = code;
    facts[8..].copy_from_slice(&length.to_le_bytes());
    Some(facts)
}

fn digest(facts: &[u8; FACTS], bytes: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(facts);
    hasher.update(bytes);
    *hasher.finalize().as_bytes()
}

/// Writes a rendition to a new file.
pub(super) fn write(path: &Path, format: Format, bytes: &[u8]) -> io::Result<()> {
    let facts = facts(format, bytes.len() as u64)
        .ok_or_else(|| io::Error::other("no format of renditions"))?;
    let mut file = create(path)?;
    let mut header = [0; HEADER];
    header[..FACTS].copy_from_slice(&facts);
    header[FACTS..].copy_from_slice(&digest(&facts, bytes));
    file.write_all(&header)?;
    file.write_all(bytes)
}

/// Reads a rendition back, and whether it is what was written.
pub(super) fn read(path: &Path) -> io::Result<Content> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::Absent),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(Content::Damaged),
        Err(error) => return Err(error),
    }
    let body = length - (HEADER as u64).min(length);
    let known = [Format::Jpeg, Format::Png, Format::WebP].into_iter().find_map(|format| {
        facts(format, body).filter(|f| header.starts_with(f)).map(|f| (f, format))
    });
    // Nothing is read of what does not have the length that it says.
    let Some((facts, format)) = known else { return Ok(Content::Damaged) };
    let mut bytes = Vec::new();
    let wanted = usize::try_from(body).map_err(io::Error::other)?;
    bytes.try_reserve_exact(wanted).map_err(io::Error::other)?;
    file.take(body).read_to_end(&mut bytes)?;
    if bytes.len() == wanted && header[FACTS..] == digest(&facts, &bytes) {
        Ok(Content::Whole(Bytes::from(bytes), format))
    } else {
        Ok(Content::Damaged)
    }
}

/// Makes a file that only its owner may read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a folder that only its owner may enter, where it is missing; whether it was.
pub(super) fn create_folder(path: &Path) -> io::Result<bool> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Bytes that a file or folder takes on the disk: its blocks. A file system that fills blocks later
/// shows fewer than there will be.
pub(super) fn used(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    let blocks = std::os::unix::fs::MetadataExt::blocks(metadata).saturating_mul(512);
    #[cfg(not(unix))]
    let blocks = metadata.len().div_ceil(4096).saturating_mul(4096);
    blocks.max(metadata.len())
}
