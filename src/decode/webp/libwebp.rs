//! Lossy pictures through libwebp, which finds out on the way whether all of the data are used.

use webpx::{ColorMode, DecodeStatus, Limits, StreamingDecoder};

use crate::decode::{Stop, buffer};
use crate::geometry::Size;
use crate::pixels::Layout;
use crate::verify::WEBP_SLACK;

/// The picture, and whether the last partition has more unread bytes than pass without a word.
/// `None` when libwebp refuses the data or needs more.
///
/// It gets the data in two pieces, the second as long as what may be left over and one more byte:
/// a picture that is complete without that one has left it unread.
pub(super) fn decode(
    picture: &[u8],
    size: Size,
    layout: Layout,
) -> Result<Option<(Vec<u8>, bool)>, Stop> {
    let channels = layout.channels();
    let mut samples = buffer(size, channels)?;
    let Ok(length) = u32::try_from(picture.len()) else {
        return Ok(None);
    };
    // Some of the picture goes with the headers, without which nothing is begun.
    let (start, rest) = picture.split_at(picture.len().min(10));
    let mut head = b"RIFF".to_vec();
    // The byte that pads an odd length is announced, yet never sent: libwebp would read it as data.
    head.extend(length.saturating_add(length % 2).saturating_add(12).to_le_bytes());
    head.extend(b"WEBPVP8 ");
    head.extend(length.to_le_bytes());
    head.extend(start);
    let mode = if channels == 3 { ColorMode::Rgb } else { ColorMode::Rgba };
    let stride = size.width as usize * channels;
    let Ok(decoder) = StreamingDecoder::with_buffer(&mut samples, stride, mode) else {
        return Ok(None);
    };
    // Its limits are not ours, which were judged before.
    let mut decoder = decoder.limits(Limits::none());
    let (most, last) = rest.split_at(rest.len().saturating_sub(WEBP_SLACK + 1));
    let mut spare = None;
    for (piece, would_spare) in [(&*head, true), (most, true), (last, false)] {
        match decoder.append(piece) {
            Ok(DecodeStatus::Complete) => {
                spare = Some(would_spare);
                break;
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    drop(decoder);
    Ok(spare.map(|spare| (samples, spare)))
}
