//! Turning the stored rows and columns into what is shown, in place.
//!
//! Pictures of 50 MP pass through here, and a second buffer of their size would double what a
//! rotated photograph costs; so even the transpositions are done within the one buffer, with the
//! memory of a few columns beside it.

use crate::geometry::{Orientation, Size};

/// Columns that are transposed at a time. A panel row of 64 RGB pixels is three cache lines, which
/// keeps the moves of the first step from wasting most of what they fetch.
const PANEL: usize = 64;

/// Rows of a panel that are transposed at a time: 32 × 64 × 4 bytes stay in the first-level cache.
const BAND: usize = 32;

/// Bytes that [`apply`] allocates at most.
pub(super) fn memory_needed(stored: Size, channels: u64, orientation: Orientation) -> u64 {
    if !orientation.swaps_sides() {
        return 0;
    }
    let columns = u64::from(stored.width).min(PANEL as u64);
    // One panel on its way, the columns that fill no panel, a bit for each panel row.
    let panel = columns * u64::from(stored.height) * channels;
    2 * panel + stored.pixels() / PANEL as u64 + PANEL as u64
}

/// Turns `samples`, a picture of the `stored` size with `channels` (1, 3 or 4) samples per pixel.
pub(crate) fn apply(samples: &mut [u8], stored: Size, channels: usize, orientation: Orientation) {
    let (width, height) = (stored.width as usize, stored.height as usize);
    match channels {
        1 => turn(samples.as_chunks_mut::<1>().0, width, height, orientation),
        4 => turn(samples.as_chunks_mut::<4>().0, width, height, orientation),
        _ => turn(samples.as_chunks_mut::<3>().0, width, height, orientation),
    }
}

fn turn<const N: usize>(pixels: &mut [[u8; N]], width: usize, height: usize, to: Orientation) {
    if width == 0 || height == 0 || pixels.len() != width * height {
        return;
    }
    match to {
        Orientation::Normal => {}
        Orientation::FlipHorizontal => mirror_rows(pixels, width),
        Orientation::Rotate180 => pixels.reverse(),
        Orientation::FlipVertical => {
            let (top, bottom) = pixels.split_at_mut(height / 2 * width);
            let lower = bottom.chunks_exact_mut(width).rev();
            for (a, b) in top.chunks_exact_mut(width).zip(lower) {
                a.swap_with_slice(b);
            }
        }
        Orientation::Transpose => transpose(pixels, width, height, false),
        Orientation::Rotate90 => transpose(pixels, width, height, true),
        Orientation::Transverse => {
            mirror_rows(pixels, width);
            transpose(pixels, width, height, true);
        }
        Orientation::Rotate270 => {
            mirror_rows(pixels, width);
            transpose(pixels, width, height, false);
        }
    }
}

fn mirror_rows<const N: usize>(pixels: &mut [[u8; N]], width: usize) {
    for row in pixels.chunks_exact_mut(width) {
        row.reverse();
    }
}

/// Exchanges rows and columns; with `mirrored`, each new row also runs backwards.
///
/// First the rows are regrouped into panels of [`PANEL`] columns that lie in one piece, then each
/// panel is transposed through a buffer of its own size.
fn transpose<const N: usize>(pixels: &mut [[u8; N]], width: usize, height: usize, mirrored: bool) {
    let rest = width % PANEL;
    let whole = width - rest;
    let mut rest_panel = Vec::with_capacity(rest * height);
    if rest > 0 {
        for y in 0..height {
            let row = y * width;
            rest_panel.extend_from_slice(&pixels[row + whole..row + width]);
            pixels.copy_within(row..row + whole, y * whole);
        }
    }
    let (panels, rest_out) = pixels.split_at_mut(whole * height);
    gather_panels(panels, whole / PANEL, height);
    let mut scratch = Vec::new();
    for panel in panels.chunks_exact_mut(PANEL * height) {
        scratch.clear();
        scratch.extend_from_slice(panel);
        transpose_panel(&scratch, panel, PANEL, height, mirrored);
    }
    if rest > 0 {
        transpose_panel(&rest_panel, rest_out, rest, height, mirrored);
    }
}

/// Moves the panel rows of each panel together: a transposition of `rows` × `columns` blocks in
/// place, along the cycles of the permutation.
fn gather_panels<const N: usize>(pixels: &mut [[u8; N]], columns: usize, rows: usize) {
    if columns < 2 || rows < 2 {
        return;
    }
    let blocks = columns * rows;
    let mut done = vec![0_u64; blocks.div_ceil(64)];
    let mut kept = [[0; N]; PANEL];
    for start in 0..blocks {
        if done[start / 64] >> (start % 64) & 1 == 1 {
            continue;
        }
        kept.copy_from_slice(&pixels[start * PANEL..(start + 1) * PANEL]);
        let mut to = start;
        loop {
            done[to / 64] |= 1 << (to % 64);
            let from = (to % rows) * columns + to / rows;
            if from == start {
                pixels[to * PANEL..(to + 1) * PANEL].copy_from_slice(&kept);
                break;
            }
            pixels.copy_within(from * PANEL..(from + 1) * PANEL, to * PANEL);
            to = from;
        }
    }
}

fn transpose_panel<const N: usize>(
    from: &[[u8; N]],
    to: &mut [[u8; N]],
    columns: usize,
    rows: usize,
    mirrored: bool,
) {
    for (band_index, band) in from.chunks(BAND * columns).enumerate() {
        let first = band_index * BAND;
        let count = band.len() / columns;
        for (x, out) in to.chunks_exact_mut(rows).enumerate() {
            let column = band[x..].iter().step_by(columns);
            if mirrored {
                let out = &mut out[rows - first - count..rows - first];
                for (out, pixel) in out.iter_mut().rev().zip(column) {
                    *out = *pixel;
                }
            } else {
                for (out, pixel) in out[first..first + count].iter_mut().zip(column) {
                    *out = *pixel;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the shown pixel comes from, straight from the table of EXIF 2.32 section 4.6.4.
    fn source(o: Orientation, w: usize, h: usize, x: usize, y: usize) -> (usize, usize) {
        match o {
            Orientation::Normal => (x, y),
            Orientation::FlipHorizontal => (w - 1 - x, y),
            Orientation::Rotate180 => (w - 1 - x, h - 1 - y),
            Orientation::FlipVertical => (x, h - 1 - y),
            Orientation::Transpose => (y, x),
            Orientation::Rotate90 => (y, h - 1 - x),
            Orientation::Transverse => (w - 1 - y, h - 1 - x),
            Orientation::Rotate270 => (w - 1 - y, x),
        }
    }

    #[test]
    fn every_orientation_of_every_shape_follows_the_table() {
        let sizes = [(1, 1), (1, 70), (70, 1), (3, 5), (64, 2), (65, 33), (200, 131), (128, 64)];
        for (w, h) in sizes {
            let stored = Size::new(w as u32, h as u32);
            for value in 1..=8 {
                let o = Orientation::from_exif(value).unwrap_or_default();
                for channels in [3, 4] {
                    let pixel = |x: usize, y: usize| {
                        [x as u8, y as u8, (x ^ y) as u8, (x + y) as u8][..channels].to_vec()
                    };
                    let mut samples: Vec<u8> =
                        (0..h).flat_map(|y| (0..w).flat_map(move |x| pixel(x, y))).collect();
                    apply(&mut samples, stored, channels, o);
                    let shown = o.apply_to(stored);
                    for y in 0..shown.height as usize {
                        for x in 0..shown.width as usize {
                            let (sx, sy) = source(o, w, h, x, y);
                            let at = (y * shown.width as usize + x) * channels;
                            assert_eq!(
                                samples[at..at + channels],
                                pixel(sx, sy),
                                "{o:?} {w}x{h} at {x},{y}"
                            );
                        }
                    }
                }
            }
        }
    }
}
