//! What a recording says of itself: its length, title, artist and picture.
//!
//! Lengths come from `lofty`. Tags are read here: only the fields that are wanted, in one pass over
//! what the file declares, with counts and sizes capped. General readers of tags keep every item,
//! look each up among those before it and follow nested frames on the stack.

mod ape;
mod id3;
mod iff;
mod mp4;
mod reader;
mod text;
mod vorbis;

use std::io;
use std::time::Duration;

use lofty::config::{GlobalOptions, ParseOptions, apply_global_options};
use lofty::file::{AudioFile as _, FileType};
use lofty::probe::Probe;

pub(crate) use reader::{Limits, Reader, Source, Stopped};

/// Bytes of a picture that are taken from a recording.
const MAX_PICTURE: u64 = 32 * 1024 * 1024;
/// Bytes of a text that are looked at.
const MAX_TEXT_BYTES: u64 = 64 * 1024;
/// Parts (frames, boxes, chunks, blocks, fields) of one level that are looked at.
const MAX_PARTS: usize = 4096;
/// `ID3v2` tags at the start of a file that are looked at.
const MAX_LEADING_TAGS: usize = 8;
/// Bytes of ADTS from whose average the length of the whole is told: its frames say nothing of it.
const ADTS_SAMPLE: u64 = 4 * 1024 * 1024;

/// A recording's fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Recording {
    pub(crate) duration: Duration,
    pub(crate) tags: Tags,
}

/// Fields that a tag may give.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tags {
    pub(crate) title: Option<String>,
    pub(crate) artist: Option<String>,
    picture: Option<Picture>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    is_front: bool,
    bytes: Vec<u8>,
}

impl Tags {
    /// The front cover, else the first picture.
    pub(crate) fn take_picture(&mut self) -> Option<Vec<u8>> {
        self.picture.take().map(|picture| picture.bytes)
    }

    /// Fills what is missing from another tag.
    fn or(self, other: Self) -> Self {
        Self {
            title: self.title.or(other.title),
            artist: self.artist.or(other.artist),
            picture: self.picture.or(other.picture),
        }
    }

    /// Whether a picture of this kind is worth reading: a front cover wins over the first picture.
    fn wants_picture(&self, is_front: bool) -> bool {
        self.picture.as_ref().is_none_or(|held| is_front && !held.is_front)
    }

    fn put_picture(&mut self, is_front: bool, bytes: Vec<u8>) {
        if !bytes.is_empty() && self.wants_picture(is_front) {
            self.picture = Some(Picture { is_front, bytes });
        }
    }
}

/// Why a recording was not read.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It cannot be read, whoever tries; why, for its owner.
    Unreadable(String),
    /// Reading was cancelled, or the store failed: another time it may be read.
    Interrupted,
}

/// Reads a recording of any kind that `lofty` knows.
///
/// # Errors
/// [`Failed`], when it has no length that could be told within the limits.
pub(crate) fn read<S: Source>(reader: &mut Reader<S>) -> Result<Recording, Failed> {
    // No field of a file makes one allocation larger than this.
    apply_global_options(
        GlobalOptions::new().use_custom_resolvers(false).allocation_limit(16 * 1024 * 1024),
    );
    let read = read_parts(reader);
    match (read, reader.stopped()) {
        (_, Some(Stopped::Cancelled | Stopped::Storage)) => Err(Failed::Interrupted),
        (Ok(recording), _) => Ok(recording),
        (Err(_), Some(stopped)) => Err(Failed::Unreadable(stopped.to_string())),
        (Err(error), None) => Err(Failed::Unreadable(format!("it could not be read: {error}"))),
    }
}

fn read_parts<S: Source>(reader: &mut Reader<S>) -> io::Result<Recording> {
    let (leading, begin) = leading_tags(reader)?;
    reader.begin_at(begin);
    let options = ParseOptions::new().read_tags(false).read_cover_art(false);
    let kind = Probe::new(&mut *reader).options(options).guess_file_type()?.file_type();
    let unknown = || io::Error::other("its format is unknown");
    let kind = kind.ok_or_else(unknown)?;
    let tags = match kind {
        FileType::Flac => vorbis::of_flac(reader)?.or(leading),
        FileType::Opus | FileType::Vorbis | FileType::Speex => vorbis::of_ogg(reader)?,
        FileType::Mp4 => mp4::read(reader)?,
        FileType::Wav | FileType::Aiff => iff::read(reader)?,
        _ => {
            let (trailing, start) = ape::read(reader)?;
            let tags = leading.or(trailing).or(id3::read_v1(reader)?);
            // `lofty` takes a tag that it does not read for a part of the sound.
            if let Some(start) = start {
                reader.end_at(start);
            }
            tags
        }
    };
    let whole = reader.length();
    if kind == FileType::Aac {
        reader.end_at(ADTS_SAMPLE);
    }
    let shown = reader.length();
    reader.begin_at(0);
    let file = Probe::with_file_type(&mut *reader, kind).options(options).read();
    let duration = file.map_err(io::Error::other)?.properties().duration();
    let duration = match u32::try_from(whole.checked_div(shown).unwrap_or(1)) {
        Ok(1) | Err(_) => duration,
        Ok(_) => duration.mul_f64((whole as f64 / shown as f64).min(1e6)),
    };
    Ok(Recording { duration, tags })
}

/// What the `ID3v2` tags at the start say, and where they end.
fn leading_tags<S: Source>(reader: &mut Reader<S>) -> io::Result<(Tags, u64)> {
    let (mut tags, mut end) = (Tags::default(), 0);
    for _ in 0..MAX_LEADING_TAGS {
        let Some((length, found)) = id3::read(reader, end)? else { break };
        tags = tags.or(found);
        end = end.saturating_add(length);
    }
    Ok((tags, end))
}
