//! A file's pixels at full size.
//!
//! A sequential scan of all components becomes samples MCU row by MCU row, and rows of the picture
//! as soon as they are known. Where components come in separate scans, their samples are kept;
//! in progressive files (annex G) their coefficients.

use super::approximation::{Ac, Band, Coefficients, Dc, DcPart};
use super::blocks::{Blocks, ScanPart};
use super::canvas::{Canvas, Shape};
use super::finish::Finish;
use super::idct::{LANES, Steps, natural_steps};
use super::scan::ScanData;
use super::segments::{self, Scan, corrupt};
use super::tables::{Tables, Use};
use crate::container::Structure;
use crate::container::jpeg::{Component, Frame};
use crate::decode::{Job, Mode, Picture, Stop, buffer, profile};
use crate::finding::ColorModel;

/// Bytes taken at most: the picture, a window of samples or all of them, and the coefficients of a
/// progressive picture, two bytes each and a bit to tell zeros.
pub(in crate::decode) fn memory_needed(structure: &Structure, mode: Mode) -> u64 {
    let jpeg = &structure.jpeg;
    let channels = if mode == Mode::Shown { 3 } else { 4 };
    let samples = structure.stored.pixels().saturating_mul(channels);
    let components = u64::from(jpeg.components.max(1));
    let width = u64::from(structure.stored.width);
    // Rows of blocks are padded to whole groups; a component has at most so many rows.
    let rows = u64::from(structure.stored.height).div_ceil(8).saturating_add(4);
    let padding = rows.saturating_mul(components * (LANES as u64 - 1));
    let kept = match (jpeg.progressive, jpeg.non_interleaved) {
        (true, _) => Coefficients::BLOCK,
        (false, true) => 64,
        (false, false) => 0,
    };
    samples
        .saturating_add(Canvas::memory_needed(width, components))
        .saturating_add(jpeg.blocks.saturating_add(padding).saturating_mul(kept))
        .saturating_add(1 << 20)
}

/// Decodes a file that the walk and [`super::verify`] found sound.
pub(in crate::decode) fn decode(job: &Job<'_>) -> Result<Picture, Stop> {
    let model = match job.structure.jpeg.components {
        1 => ColorModel::Grey,
        4 => ColorModel::Cmyk,
        _ => ColorModel::Rgb,
    };
    let mut findings = Vec::new();
    let plan = profile::plan(job, model, false, &mut findings).flatten();
    let layout = job.layout();
    let finish = Finish { transform: job.structure.jpeg.transform, plan, layout };
    let mut decoder = Decoder { job, finish: Some(finish), frame: None, state: State::Waiting };
    segments::read(job.bytes, job.structure, &mut decoder)?;
    let samples = decoder.finish()?;
    Ok(Picture { layout, samples, findings })
}

/// How far the picture is.
enum State {
    /// Before the first scan.
    Waiting,
    /// Sequential components come one after the other.
    Separate { canvas: Box<Canvas>, seen: [bool; 4] },
    /// Coefficients are being gathered.
    Progressive(Vec<Coefficients>),
    /// All is there; further scans are of no use.
    Done(Vec<u8>),
}

struct Decoder<'a> {
    job: &'a Job<'a>,
    /// Until the canvas has it.
    finish: Option<Finish>,
    frame: Option<Frame>,
    state: State,
}

/// A frame whose only component has no sampling factors but 1: they mean nothing (A.2.2).
fn normalised(frame: &Frame) -> Frame {
    let mut frame = frame.clone();
    if let [only] = &mut frame.components[..] {
        (only.h, only.v) = (1, 1);
    }
    frame
}

impl segments::Reader for Decoder<'_> {
    fn frame(&mut self, frame: &Frame) -> Result<(), Stop> {
        let stored = self.job.structure.stored;
        if (u32::from(frame.width), u32::from(frame.height)) != (stored.width, stored.height) {
            return Err(Stop::corrupt("the header and the picture differ in size"));
        }
        self.frame = Some(normalised(frame));
        Ok(())
    }

    fn scan(&mut self, scan: &Scan<'_>, tables: &mut Tables) -> Result<(), Stop> {
        let Some(frame) = self.frame.clone() else { return Ok(()) };
        self.job.proceed()?;
        if frame.progressive {
            self.progressive(scan, &frame, tables)
        } else {
            self.sequential(scan, &frame, tables)
        }
    }
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

impl Decoder<'_> {
    fn canvas(&mut self, frame: &Frame, whole: bool) -> Result<Canvas, Stop> {
        let finish = self.finish.take().ok_or(Stop::corrupt("a second frame"))?;
        let samples = buffer(self.job.structure.stored, finish.layout.channels())?;
        Ok(Canvas::new(frame, finish, samples, whole))
    }

    fn sequential(
        &mut self,
        scan: &Scan<'_>,
        frame: &Frame,
        tables: &mut Tables,
    ) -> Result<(), Stop> {
        let fault = |what| corrupt(what, scan.at);
        let header = scan.header;
        let complete = header.components.len() == frame.components.len();
        let (mut canvas, mut seen) = match std::mem::replace(&mut self.state, State::Waiting) {
            State::Separate { canvas, seen } => (canvas, seen),
            done @ State::Done(_) => {
                self.state = done;
                return Ok(());
            }
            _ => (Box::new(self.canvas(frame, !complete)?), [false; 4]),
        };
        for part in &header.components {
            tables.prepare_dc(part.dc).map_err(fault)?;
            tables.prepare_ac(part.ac, Use::Values).map_err(fault)?;
        }
        let (mcus, _) = header.layout(frame);
        let mut across = frame.mcus().0 as usize;
        let mut parts = Vec::with_capacity(header.components.len());
        for part in &header.components {
            let own = component(frame, part.index, scan.at)?;
            let mut factors = (usize::from(own.h), usize::from(own.v));
            if header.components.len() == 1 {
                across = frame.blocks_alone(own).0 as usize;
                factors = (1, 1);
            }
            let dc = tables.dc.get(usize::from(part.dc)).and_then(|slot| slot.table());
            let ac = tables.ac.get(usize::from(part.ac));
            let ac = ac.and_then(|slot| Some((slot.table()?, slot.values()?)));
            let (Some(dc), Some((ac, values))) = (dc, ac) else {
                return Err(fault("a scan without its Huffman table"));
            };
            let blocks = Shape::new(frame, own).across;
            let steps = steps(tables, own, scan.at)?;
            parts.push(ScanPart::new(part.index, (dc, ac, values), steps, factors, blocks));
            seen[part.index & 3] = true;
        }
        let mut pass = Blocks::new(parts, &mut canvas, across, complete);
        walk(self.job, scan, tables, mcus, &mut pass)?;
        self.state = if complete {
            State::Done(canvas.into_samples())
        } else {
            State::Separate { canvas, seen }
        };
        Ok(())
    }

    fn progressive(
        &mut self,
        scan: &Scan<'_>,
        frame: &Frame,
        tables: &mut Tables,
    ) -> Result<(), Stop> {
        let fault = |what| corrupt(what, scan.at);
        let header = scan.header;
        if matches!(self.state, State::Waiting) {
            let stores = frame.components.iter().map(|own| {
                let alone = frame.blocks_alone(*own).0 as usize;
                Coefficients::new(Shape::new(frame, *own), alone, frame.mcus().1 as usize)
            });
            self.state = State::Progressive(stores.collect());
        }
        let State::Progressive(stores) = &mut self.state else { return Ok(()) };
        for part in &header.components {
            let own = component(frame, part.index, scan.at)?;
            let store = stores.get_mut(part.index).ok_or_else(|| fault("unknown component"))?;
            if store.steps.is_none() {
                store.steps = Some(steps(tables, own, scan.at)?);
            }
            if header.ss > 0 {
                tables.prepare_ac(part.ac, Use::Values).map_err(fault)?;
            } else if header.ah == 0 {
                tables.prepare_dc(part.dc).map_err(fault)?;
            }
        }
        let (mcus, _) = header.layout(frame);
        let al = u32::from(header.al);
        let job = self.job;
        if header.ss > 0 {
            let Some(part) = header.components.first() else { return Ok(()) };
            let slot = tables.ac.get(usize::from(part.ac));
            let codes = slot.and_then(|slot| Some((slot.table()?, slot.values()?)));
            let (Some((table, values)), Some(store)) = (codes, stores.get_mut(part.index)) else {
                return Err(fault("a scan without its Huffman table"));
            };
            let (ss, se) = (u32::from(header.ss), u32::from(header.se));
            let band = Band { table, values, ss, se, al, first: header.ah == 0 };
            return walk(job, scan, tables, mcus, &mut Ac { band, store, empty: 0 });
        }
        let mut across = frame.mcus().0 as usize;
        let mut parts = Vec::with_capacity(header.components.len());
        for part in &header.components {
            let own = component(frame, part.index, scan.at)?;
            let (mut h, mut v) = (usize::from(own.h), usize::from(own.v));
            if header.components.len() == 1 {
                across = frame.blocks_alone(own).0 as usize;
                (h, v) = (1, 1);
            }
            let table = tables.dc.get(usize::from(part.dc)).and_then(|slot| slot.table());
            let table = table.filter(|_| header.ah == 0);
            parts.push(DcPart { index: part.index, table, h, v, prediction: 0 });
        }
        if header.ah == 0 && parts.iter().any(|part| part.table.is_none()) {
            return Err(fault("a scan without its Huffman table"));
        }
        walk(job, scan, tables, mcus, &mut Dc { parts, stores, across, al })
    }

    /// After the last scan: the picture.
    fn finish(mut self) -> Result<Vec<u8>, Stop> {
        let missing = || Stop::truncated("a component without a scan");
        let frame = self.frame.clone().ok_or_else(missing)?;
        match std::mem::replace(&mut self.state, State::Waiting) {
            State::Done(samples) => Ok(samples),
            State::Separate { mut canvas, seen } => {
                if seen.iter().take(frame.components.len()).any(|seen| !seen) {
                    return Err(missing());
                }
                for until in (0..canvas.height()).step_by(64).skip(1) {
                    self.job.proceed()?;
                    canvas.write(until);
                }
                canvas.write(canvas.height());
                Ok(canvas.into_samples())
            }
            State::Progressive(stores) => {
                if stores.iter().any(|store| store.steps.is_none()) {
                    return Err(missing());
                }
                let mut canvas = self.canvas(&frame, false)?;
                for mcu_row in 0..frame.mcus().1 as usize {
                    self.job.proceed()?;
                    for (index, (store, own)) in stores.iter().zip(&frame.components).enumerate() {
                        store.transform(&mut canvas, index, mcu_row, usize::from(own.v));
                    }
                    canvas.complete(mcu_row);
                }
                Ok(canvas.into_samples())
            }
            State::Waiting => Err(missing()),
        }
    }
}

/// Reads one scan. What is irregular in it was told when it was verified.
fn walk(
    job: &Job<'_>,
    scan: &Scan<'_>,
    tables: &Tables,
    mcus: u64,
    pass: &mut impl super::scan::Pass,
) -> Result<(), Stop> {
    let restart_interval = tables.restart_interval;
    let data = ScanData { data: scan.data, offset: scan.at, restart_interval, mcus };
    data.walk(pass, &mut Vec::new(), job.cancel)
}
