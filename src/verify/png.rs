//! PNG: the data of each frame inflate to exactly the rows that its header promises. Whoever wants
//! the rows of a still gets them on the way, so that nothing is inflated twice.

use std::ops::ControlFlow;

use crate::cancel::Cancellation;
use crate::container::{Structure, slice};
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};
use crate::inflate::{Broken, Inflater};

/// Inflated bytes past the last row that are looked at before giving up on finding an end.
const EXCESS: u64 = 64 * 1024;

/// Adam7 (PNG Third Edition §8.1): first column and row of each pass, and its steps.
const ADAM7: [(u32, u32, u32, u32); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

/// How the rows of the file are laid out.
#[derive(Debug, Clone, Copy)]
struct Layout {
    bits_per_pixel: u64,
    interlaced: bool,
}

/// Takes the rows of the first picture, interlaced ones pass by pass, as they are inflated.
pub(crate) trait RawRows {
    /// The next bytes of the current row, whose first one names its filter; `last` when the row is
    /// complete.
    fn take(&mut self, piece: &[u8], last: bool);
}

pub(super) fn verify(
    bytes: &[u8],
    structure: &Structure,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    read(bytes, structure, cancel, None)
}

/// As [`verify`](super::verify), and hands the rows of the IDAT chunks to `taker`. They are worth
/// nothing unless what is found leaves the picture whole.
pub(crate) fn read(
    bytes: &[u8],
    structure: &Structure,
    cancel: &Cancellation,
    mut taker: Option<&mut dyn RawRows>,
) -> Result<Vec<Finding>, Stop> {
    let mut findings = Vec::new();
    let Some(layout) = layout(bytes, structure) else {
        return Ok(findings);
    };
    let size = structure.stored_size();
    let mut inflater = Inflater::new();
    let mut frame: Option<Frame> = None;
    let animated = structure.parts().iter().any(|p| p.name.as_str() == "acTL");
    for part in structure.parts() {
        let payload = slice(bytes, &part.payload);
        let at = part.payload.start;
        match part.name.as_str() {
            "IDAT" => {
                let frame =
                    frame.get_or_insert_with(|| Frame::new(layout, size.width, size.height, at));
                let taker = taker.as_deref_mut();
                frame.feed(&mut inflater, (payload, at), cancel, &mut findings, taker)?;
            }
            "fcTL" if animated => {
                // One before IDAT describes the default image, whose size the header tells.
                if let Some(done) = frame.take() {
                    done.close(&inflater, &mut findings);
                    inflater.restart();
                    frame = control(payload).map(|(w, h)| Frame::new(layout, w, h, at));
                }
            }
            "fdAT" if animated => {
                if let Some(frame) = &mut frame {
                    let data = payload.get(4..).unwrap_or_default();
                    frame.feed(&mut inflater, (data, at + 4), cancel, &mut findings, None)?;
                }
            }
            _ => {}
        }
    }
    if let Some(last) = frame {
        last.close(&inflater, &mut findings);
    }
    Ok(findings)
}

fn layout(bytes: &[u8], structure: &Structure) -> Option<Layout> {
    let part = structure.parts().iter().find(|p| p.name.as_str() == "IHDR")?;
    let header = slice(bytes, &part.payload);
    let samples = match header.get(9)? {
        0 | 3 => 1,
        2 => 3,
        4 => 2,
        _ => 4,
    };
    Some(Layout {
        bits_per_pixel: samples * u64::from(*header.get(8)?),
        interlaced: *header.get(12)? == 1,
    })
}

fn control(payload: &[u8]) -> Option<(u32, u32)> {
    let side = |at: usize| Some(u32::from_be_bytes(payload.get(at..at + 4)?.try_into().ok()?));
    Some((side(4)?, side(8)?))
}

/// Rows of one length that follow each other, each with its filter byte in front.
#[derive(Debug, Clone, Copy)]
struct Rows {
    count: u64,
    bytes: u64,
}

impl Layout {
    fn rows(self, width: u32, height: u32) -> Rows {
        let bits = u64::from(width) * self.bits_per_pixel;
        let count = if width == 0 { 0 } else { u64::from(height) };
        Rows { count, bytes: 1 + bits.div_ceil(8) }
    }

    /// The passes in the order of the file; one for what is not interlaced.
    fn passes(self, width: u32, height: u32) -> Vec<Rows> {
        let passes = if self.interlaced {
            let along =
                |side: u32, first: u32, step: u32| side.saturating_sub(first).div_ceil(step);
            ADAM7
                .iter()
                .map(|&(x, y, dx, dy)| self.rows(along(width, x, dx), along(height, y, dy)))
                .collect()
        } else {
            vec![self.rows(width, height)]
        };
        passes.into_iter().filter(|rows| rows.count > 0).collect()
    }
}

/// Counting off the rows as they come out of the inflater.
struct Rest {
    /// Passes to come, the next one last.
    passes: Vec<Rows>,
    current: Rows,
    /// Bytes of the current row still to come.
    row_left: u64,
    excess: u64,
    bad_filter: bool,
}

impl Rest {
    const fn is_whole(&self) -> bool {
        self.current.count == 0 && self.row_left == 0 && self.passes.is_empty()
    }

    fn count(&mut self, mut fresh: &[u8], taker: &mut Option<&mut (dyn RawRows + '_)>) {
        while let Some(&filter) = fresh.first() {
            if self.row_left == 0 {
                if self.current.count == 0 {
                    let Some(next) = self.passes.pop() else {
                        self.excess += fresh.len() as u64;
                        return;
                    };
                    self.current = next;
                }
                self.current.count -= 1;
                self.row_left = self.current.bytes;
                self.bad_filter |= filter > 4;
            }
            let step = usize::try_from(self.row_left).unwrap_or(usize::MAX).min(fresh.len());
            self.row_left -= step as u64;
            let (piece, rest) = fresh.split_at_checked(step).unwrap_or_default();
            if let Some(taker) = taker {
                taker.take(piece, self.row_left == 0);
            }
            fresh = rest;
        }
    }
}

struct Frame {
    rest: Rest,
    start: u64,
    /// Nothing more is to be learnt of this frame.
    settled: bool,
    noted_extra: bool,
}

impl Frame {
    fn new(layout: Layout, width: u32, height: u32, start: u64) -> Self {
        let mut passes = layout.passes(width, height);
        passes.reverse();
        Self {
            rest: Rest {
                passes,
                current: Rows { count: 0, bytes: 0 },
                row_left: 0,
                excess: 0,
                bad_filter: false,
            },
            start,
            settled: false,
            noted_extra: false,
        }
    }

    fn feed(
        &mut self,
        inflater: &mut Inflater,
        (data, at): (&[u8], u64),
        cancel: &Cancellation,
        findings: &mut Vec<Finding>,
        mut taker: Option<&mut (dyn RawRows + '_)>,
    ) -> Result<(), Stop> {
        if self.settled {
            return Ok(());
        }
        if inflater.is_done() {
            self.extra(data, at, findings);
            return Ok(());
        }
        let rest = &mut self.rest;
        let fed = inflater.feed(data, false, |fresh| {
            rest.count(fresh, &mut taker);
            if rest.bad_filter || rest.excess > EXCESS || cancel.should_stop() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if cancel.should_stop() {
            return Err(Stop::Cancelled);
        }
        if self.rest.bad_filter {
            self.settled = true;
            let what = "a row's filter does not exist";
            findings.push(Finding::error(FindingKind::Corrupt { what }).at(at));
            return Ok(());
        }
        match fed {
            Ok((used, ControlFlow::Continue(()))) => {
                if inflater.is_done() {
                    let unused = data.get(used..).unwrap_or_default();
                    self.extra(unused, at + used as u64, findings);
                }
            }
            Ok((_, ControlFlow::Break(()))) => self.settled = true,
            Err(broken) => {
                self.settled = true;
                let what = match broken {
                    Broken::Checksum => "the checksum of the image data is wrong",
                    Broken::Short | Broken::Corrupt => "the image data cannot be inflated",
                };
                findings.push(Finding::error(FindingKind::Corrupt { what }).at(at));
            }
        }
        Ok(())
    }

    /// Bytes behind the end of the compressed stream.
    fn extra(&mut self, data: &[u8], at: u64, findings: &mut Vec<Finding>) {
        if !data.is_empty() && !self.noted_extra {
            self.noted_extra = true;
            let what = "bytes follow the end of the compressed image data";
            findings.push(Finding::warning(FindingKind::Irregular { what }).at(at));
        }
    }

    fn close(self, inflater: &Inflater, findings: &mut Vec<Finding>) {
        if self.rest.excess > 0 {
            let what = "the image data hold more than the rows of the picture";
            findings.push(Finding::warning(FindingKind::Irregular { what }).at(self.start));
        }
        if self.settled {
            return;
        }
        if !self.rest.is_whole() {
            let what = "the image data end before the last row";
            findings.push(Finding::error(FindingKind::Truncated { what }).at(self.start));
        } else if !inflater.is_done() {
            // The checksum at least is missing, so nobody can tell whether the rows are right.
            let what = "the compressed image data have no end";
            findings.push(Finding::error(FindingKind::Truncated { what }).at(self.start));
        }
    }
}
