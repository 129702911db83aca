//! From scans to pictures, at one scale or two.
//!
//! A sequential scan of all components becomes samples MCU row by MCU row, and rows of the pictures
//! as soon as they are known. Where components come in separate scans, their samples are kept; in
//! progressive files (annex G) those coefficients that the scales need.

use super::blocks::{Blocks, Codes, ScanPart};
use super::canvas::{Canvas, Output, blocks_across};
use super::coefficients::{Coefficients, DcBits, DcKept, DcPart, Kept, transform};
use super::finish::Finish;
use super::idct::{Steps, natural_steps};
use super::reduced::Inverse;
use super::scan::{ScanComponent, ScanHeader};
use super::segments::{Scan, corrupt};
use super::sequential::Prediction;
use super::tables::Tables;
use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::container::jpeg::{Component, Frame};
use crate::decode::scale::Scales;
use crate::decode::{Mode, Stop, buffer};
use crate::geometry::Size;

/// Bytes taken at most: the pictures, windows of samples or all of them, and what is kept of the
/// coefficients of a progressive picture.
pub(in crate::decode) fn memory_needed(structure: &Structure, mode: Mode, scales: Scales) -> u64 {
    let frame = frame_of(structure);
    let channels = if mode == Mode::Shown { 3 } else { 4 };
    let whole = structure.jpeg.non_interleaved && !frame.progressive;
    let pictures = scales.iter().enumerate().map(|(index, scale)| {
        let samples = scale.of(structure.stored).pixels().saturating_mul(channels);
        let packed = samples.saturating_add(Canvas::memory_needed(&frame, scale, whole, false));
        if index == 0 && scales.planar {
            packed.max(Canvas::memory_needed(&frame, scale, whole, true))
        } else {
            packed
        }
    });
    // Whether components may be kept is known later: those of pixels are no fewer.
    let all = Scales { planar: false, ..scales };
    let coefficients = frame.components.iter().enumerate().map(|(index, component)| {
        if frame.progressive {
            let (side, _) = kept(&frame, index, all);
            Coefficients::memory_needed(&frame, *component, side)
        } else {
            0
        }
    });
    pictures
        .chain(coefficients)
        .fold(super::verify_memory(structure), u64::saturating_add)
        .saturating_add(1 << 20)
}

/// The frame as far as its geometry goes.
fn frame_of(structure: &Structure) -> Frame {
    let jpeg = &structure.jpeg;
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let sampling = jpeg.sampling.iter().take(jpeg.components.into());
    normalised(&Frame {
        progressive: jpeg.progressive,
        width: side(structure.stored.width),
        height: side(structure.stored.height),
        components: sampling.map(|&(h, v)| Component { id: 0, h, v, quant: 0 }).collect(),
    })
}

/// The rows of coefficients that a component needs for these scales, and the last one in zigzag
/// order.
fn kept(frame: &Frame, index: usize, scales: Scales) -> (usize, u32) {
    let inverses = scales.iter().enumerate().filter_map(|(place, scale)| {
        Inverse::all(frame, scale, place == 0 && scales.planar).get(index).copied()
    });
    inverses
        .fold((1, 0), |(side, last), inverse| (side.max(inverse.reads()), last.max(inverse.last())))
}

/// A frame whose only component has no sampling factors but 1: they mean nothing (A.2.2).
fn normalised(frame: &Frame) -> Frame {
    let mut frame = frame.clone();
    if let [only] = &mut frame.components[..] {
        (only.h, only.v) = (1, 1);
    }
    frame
}

/// How far the pictures are.
enum State<'f> {
    /// Before the first scan.
    Waiting,
    /// Sequential components come one after the other.
    Separate { canvases: Vec<Canvas<'f>>, seen: [bool; 4] },
    /// Coefficients are being gathered.
    Progressive(Vec<Coefficients>),
    /// All is there; further scans are of no use.
    Done(Vec<Output>),
}

/// The pictures of a file, on their way.
pub(super) struct Pictures<'f> {
    stored: Size,
    scales: Scales,
    finish: &'f Finish,
    frame: Option<Frame>,
    state: State<'f>,
}

/// The component at this place of the frame; scan headers name no others.
fn component(frame: &Frame, index: usize, at: u64) -> Result<Component, Stop> {
    frame.components.get(index).copied().ok_or_else(|| corrupt("scan of an unknown component", at))
}

/// The quantisation table of a component, in natural order.
fn steps(tables: &Tables, component: Component, at: u64) -> Result<Steps, Stop> {
    let table = tables.quant.get(usize::from(component.quant)).and_then(Option::as_ref);
    table.map(natural_steps).ok_or_else(|| corrupt("a scan without its quantisation table", at))
}

/// MCUs across a scan, and how many blocks of a component are across and down in each (A.2).
fn layout(frame: &Frame, header: &ScanHeader, own: Component) -> (usize, (usize, usize)) {
    if header.components.len() == 1 {
        (frame.blocks_alone(own).0 as usize, (1, 1))
    } else {
        (frame.mcus().0 as usize, (own.h.into(), own.v.into()))
    }
}

impl<'f> Pictures<'f> {
    pub(super) const fn new(stored: Size, scales: Scales, finish: &'f Finish) -> Self {
        Self { stored, scales, finish, frame: None, state: State::Waiting }
    }

    pub(super) fn frame(&mut self, frame: &Frame) -> Result<(), Stop> {
        if (u32::from(frame.width), u32::from(frame.height))
            != (self.stored.width, self.stored.height)
        {
            return Err(Stop::corrupt("the header and the picture differ in size"));
        }
        let frame = self.frame.insert(normalised(frame));
        if frame.progressive {
            let stores = frame.components.iter().enumerate().map(|(index, own)| {
                let (side, last) = kept(frame, index, self.scales);
                Coefficients::new(frame, *own, side, last)
            });
            self.state = State::Progressive(stores.collect());
        }
        Ok(())
    }

    fn canvases(&self, frame: &Frame, whole: bool) -> Result<Vec<Canvas<'f>>, Stop> {
        let canvases = self.scales.iter().enumerate().map(|(index, scale)| {
            let packed = index > 0 || !self.scales.planar;
            let samples = || buffer(scale.of(self.stored), self.finish.layout.channels());
            let samples = packed.then(samples).transpose()?;
            Ok(Canvas::new(frame, scale, self.finish, samples, whole))
        });
        canvases.collect()
    }

    /// The last coefficient of a component that is wanted, in zigzag order.
    pub(super) fn last(&self, index: usize) -> u32 {
        self.frame.as_ref().map_or(0, |frame| kept(frame, index, self.scales).1)
    }

    /// A sequential scan, to be given to `walk`. The tables are prepared; `predictions` are those of
    /// the scan's components.
    pub(super) fn sequential(
        &mut self,
        scan: &Scan<'_>,
        tables: &Tables,
        predictions: [Prediction; 4],
        walk: impl FnOnce(&mut Blocks<'_, '_, '_>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Some(frame) = self.frame.clone() else { return Ok(()) };
        let header = scan.header;
        let complete = header.components.len() == frame.components.len();
        let (mut canvases, mut seen) = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Separate { canvases, seen } => (canvases, seen),
            _ => (self.canvases(&frame, !complete)?, [false; 4]),
        };
        let mut across = 0;
        let mut parts = Vec::with_capacity(header.components.len());
        for (part, prediction) in header.components.iter().zip(predictions) {
            let own = component(&frame, part.index, scan.at)?;
            let (mcus, (h, v)) = layout(&frame, header, own);
            across = mcus;
            parts.push(ScanPart {
                index: part.index,
                codes: codes(tables, *part, scan.at)?,
                steps: steps(tables, own, scan.at)?,
                prediction,
                h,
                v,
                across: blocks_across(&frame, own),
                last: self.last(part.index),
            });
            seen[part.index & 3] = true;
        }
        walk(&mut Blocks::new(parts, &mut canvases, across, complete))?;
        self.state = if complete {
            State::Done(canvases.into_iter().map(Canvas::into_output).collect())
        } else {
            State::Separate { canvases, seen }
        };
        Ok(())
    }

    /// Notes the quantisation of a scan's components; gives what keeps their DC coefficients.
    pub(super) fn dc(
        &mut self,
        scan: &Scan<'_>,
        tables: &Tables,
    ) -> Result<Option<DcKept<'_>>, Stop> {
        self.note_steps(scan, tables)?;
        let (Some(frame), State::Progressive(stores)) = (&self.frame, &mut self.state) else {
            return Ok(None);
        };
        let mut across = 0;
        let mut parts = Vec::with_capacity(scan.header.components.len());
        for part in &scan.header.components {
            let (mcus, (h, v)) = layout(frame, scan.header, component(frame, part.index, scan.at)?);
            across = mcus;
            parts.push(DcPart { index: part.index, h, v });
        }
        Ok(Some(DcKept::new(stores, &parts, across, scan.header.al.into())))
    }

    /// As [`Pictures::dc`], for a further scan.
    pub(super) fn dc_bits(
        &mut self,
        scan: &Scan<'_>,
        tables: &Tables,
    ) -> Result<Option<DcBits<'_>>, Stop> {
        self.dc(scan, tables).map(|kept| kept.map(DcBits))
    }

    /// As [`Pictures::dc`], for a scan of AC coefficients that are wanted.
    pub(super) fn ac(
        &mut self,
        scan: &Scan<'_>,
        tables: &Tables,
    ) -> Result<Option<Kept<'_>>, Stop> {
        self.note_steps(scan, tables)?;
        let Some(index) = scan.header.components.first().map(|part| part.index) else {
            return Ok(None);
        };
        if u32::from(scan.header.ss) > self.last(index) {
            return Ok(None);
        }
        let State::Progressive(stores) = &mut self.state else { return Ok(None) };
        Ok(stores.get_mut(index).map(|store| Kept::new(store, scan.header.al.into())))
    }

    fn note_steps(&mut self, scan: &Scan<'_>, tables: &Tables) -> Result<(), Stop> {
        let (Some(frame), State::Progressive(stores)) = (&self.frame, &mut self.state) else {
            return Ok(());
        };
        for part in &scan.header.components {
            let own = component(frame, part.index, scan.at)?;
            if let Some(store) = stores.get_mut(part.index)
                && store.steps.is_none()
            {
                store.steps = Some(steps(tables, own, scan.at)?);
            }
        }
        Ok(())
    }

    /// After the last scan: what was made, by scale. `masks` tell, for each component of a progressive
    /// picture, which coefficients of each block are not zero.
    pub(super) fn finish(
        mut self,
        masks: &[Vec<u64>; 4],
        cancel: &Cancellation,
    ) -> Result<Vec<Output>, Stop> {
        let missing = || Stop::truncated("a component without a scan");
        let proceed = || if cancel.should_stop() { Err(Stop::Cancelled) } else { Ok(()) };
        let frame = self.frame.clone().ok_or_else(missing)?;
        let canvases = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Done(outputs) => return Ok(outputs),
            State::Separate { mut canvases, seen } => {
                if seen.iter().take(frame.components.len()).any(|seen| !seen) {
                    return Err(missing());
                }
                for canvas in &mut canvases {
                    for until in (0..canvas.height()).step_by(64).skip(1) {
                        proceed()?;
                        canvas.write(until);
                    }
                    canvas.write(canvas.height());
                }
                canvases
            }
            State::Progressive(stores) => {
                if stores.iter().any(|store| store.steps.is_none()) {
                    return Err(missing());
                }
                let mut canvases = self.canvases(&frame, false)?;
                for mcu_row in 0..frame.mcus().1 as usize {
                    proceed()?;
                    let components = stores.iter().zip(&frame.components).zip(masks);
                    for (index, ((store, own), masks)) in components.enumerate() {
                        let v = usize::from(own.v);
                        let rows = mcu_row * v..(mcu_row + 1) * v;
                        transform(store, &mut canvases, index, rows, masks);
                    }
                    for canvas in &mut canvases {
                        canvas.complete(mcu_row);
                    }
                }
                canvases
            }
            State::Waiting => return Err(missing()),
        };
        Ok(canvases.into_iter().map(Canvas::into_output).collect())
    }
}

/// The tables of a component of a sequential scan, which were prepared.
fn codes(tables: &Tables, part: ScanComponent, at: u64) -> Result<Codes<'_>, Stop> {
    let dc = tables.dc.get(usize::from(part.dc)).and_then(|slot| slot.table());
    let slot = tables.ac.get(usize::from(part.ac));
    let ac = slot.and_then(|slot| slot.table());
    let (Some(dc), Some(ac), Some(slot)) = (dc, ac, slot) else {
        return Err(corrupt("a scan without its Huffman table", at));
    };
    Ok(Codes { dc, ac, values: slot.values(), skips: slot.skips() })
}
