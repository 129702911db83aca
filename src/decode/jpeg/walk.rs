//! One reading of all scans: what is wrong in them, and, where they are wanted, the pictures.

use super::canvas::Output;
use super::dc::{DcFirst, DcRefine};
use super::pixels::Pictures;
use super::progress::Progress;
use super::progressive::{Ac, Codes, Nothing};
use super::scan::{ScanComponent, ScanData};
use super::segments::{self, Scan, corrupt};
use super::sequential::{Implausible, Prediction, Sequential, Unit};
use super::tables::{Tables, Use};
use super::{verify_memory, warn_once};
use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::container::jpeg::Frame;
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};
use crate::policy::Limits;

/// Below so many bytes a scan is read code by code: building the larger tables would take longer.
const WORTH_TABLES: usize = 16 * 1024;

pub(super) struct Walk<'a, 'f> {
    structure: &'a Structure,
    /// The most memory that may be taken.
    max: u64,
    cancel: &'a Cancellation,
    frame: Option<Frame>,
    progress: Progress,
    /// By component: which coefficients of each block are known not to be zero.
    masks: [Vec<u64>; 4],
    findings: Vec<Finding>,
    pictures: Option<Pictures<'f>>,
    /// Why there can be no pictures, though the scans may be sound.
    failed: Option<Stop>,
}

impl<'a, 'f> Walk<'a, 'f> {
    pub(super) fn new(
        structure: &'a Structure,
        limits: &Limits,
        cancel: &'a Cancellation,
        pictures: Option<Pictures<'f>>,
    ) -> Self {
        Self {
            structure,
            max: limits.max_memory,
            cancel,
            frame: None,
            progress: Progress::default(),
            masks: Default::default(),
            findings: Vec::new(),
            pictures,
            failed: None,
        }
    }

    /// Reads all scans. What was found comes first, and then what gives the samples of the pictures,
    /// for whoever wants them in spite of it.
    #[allow(clippy::type_complexity, reason = "two callers, which take it apart")]
    pub(super) fn run(
        mut self,
        bytes: &[u8],
    ) -> Result<(Vec<Finding>, impl FnOnce() -> Result<Vec<Output>, Stop>), Stop> {
        match segments::read(bytes, self.structure, &mut self) {
            Ok(()) => {
                let frame = self.frame.as_ref();
                let unsent = frame.and_then(|frame| self.progress.judge(frame, self.structure));
                self.findings.extend(unsent);
            }
            Err(Stop::Finding(finding)) => self.findings.push(finding),
            Err(Stop::Cancelled) => return Err(Stop::Cancelled),
        }
        let Self { findings, pictures, failed, masks, cancel, .. } = self;
        let samples = move || match (failed, pictures) {
            (Some(stop), _) => Err(stop),
            (None, Some(pictures)) => pictures.finish(&masks, cancel),
            (None, None) => Ok(Vec::new()),
        };
        Ok((findings, samples))
    }

    fn irregular(&mut self, what: &'static str, at: u64) {
        warn_once(&mut self.findings, FindingKind::Irregular { what }, at);
    }

    /// Goes on without pictures where there can be none.
    fn fail(&mut self, stop: Stop) {
        self.pictures = None;
        self.failed.get_or_insert(stop);
    }

    /// Makes the tables of a scan ready; gives the predictions of its components.
    fn prepare(&self, scan: &Scan<'_>, tables: &mut Tables) -> Result<[Prediction; 4], Stop> {
        let Scan { frame, header, data, at } = *scan;
        let fault = |what| corrupt(what, at);
        let progressive = frame.progressive;
        let dc_codes = !progressive || header.ss == 0 && header.ah == 0;
        let ac_codes = !progressive || header.ss > 0;
        let mut predictions = [Prediction::new(1, 0); 4];
        for (component, prediction) in header.components.iter().zip(&mut predictions) {
            if dc_codes {
                tables.prepare_dc(component.dc).map_err(fault)?;
            }
            if ac_codes {
                tables.prepare_ac(component.ac, Use::Single).map_err(fault)?;
                let last = self.pictures.as_ref().map_or(0, |p| p.last(component.index));
                if data.len() >= WORTH_TABLES {
                    let first = u32::from(header.ss.max(1));
                    if first <= last && (!progressive || header.ah == 0) {
                        tables.prepare_ac(component.ac, Use::Values).map_err(fault)?;
                    }
                    if last < 63 {
                        let skips = if progressive { Use::Band } else { Use::Sequential };
                        tables.prepare_ac(component.ac, skips).map_err(fault)?;
                    }
                }
            }
            let steps = frame
                .components
                .get(component.index)
                .and_then(|c| tables.quant.get(usize::from(c.quant)))
                .copied()
                .flatten();
            let steps = steps.ok_or_else(|| fault("a scan without its quantisation table"))?;
            *prediction = Prediction::new(steps[0], if progressive { header.al } else { 0 });
        }
        Ok(predictions)
    }
}

impl segments::Reader for Walk<'_, '_> {
    fn frame(&mut self, frame: &Frame) -> Result<(), Stop> {
        self.frame = Some(frame.clone());
        let (needed, max) = (verify_memory(self.structure), self.max);
        if needed > max {
            return Err(Stop::Finding(Finding::error(FindingKind::TooMuchMemory { needed, max })));
        }
        if let Some(Err(stop)) = self.pictures.as_mut().map(|pictures| pictures.frame(frame)) {
            self.fail(stop);
        }
        Ok(())
    }

    /// One scan: its tables, its data, its place among the others.
    fn scan(&mut self, scan: &Scan<'_>, tables: &mut Tables) -> Result<(), Stop> {
        let Scan { frame, header, data, at } = *scan;
        let progressive = frame.progressive;
        if !progressive && !header.is_sequential() {
            self.irregular("a sequential scan with progressive parameters", at);
        }
        self.progress
            .note(header, progressive)
            .map_err(|what| corrupt(what, at))?
            .into_iter()
            .for_each(|what| self.irregular(what, at));
        let predictions = self.prepare(scan, tables)?;

        let (mcus, layout) = header.layout(frame);
        let data = ScanData { data, offset: at, restart_interval: tables.restart_interval, mcus };
        let tables = &*tables;
        let missing = || corrupt("a scan without its Huffman table", at);
        if progressive && header.ss > 0 {
            return self.ac_scan(scan, tables, &data);
        }
        let (findings, cancel) = (&mut self.findings, self.cancel);
        if progressive && header.ah > 0 {
            let kept = self.pictures.as_mut().map(|pictures| pictures.dc_bits(scan, tables));
            return if let Some(mut pass) = kept.transpose()?.flatten() {
                data.walk(&mut pass, findings, cancel)
            } else {
                let mut pass = DcRefine { blocks_per_mcu: layout.len() as u64 };
                data.walk(&mut pass, findings, cancel)
            };
        }
        if !progressive && let Some(pictures) = &mut self.pictures {
            return pictures
                .sequential(scan, tables, predictions, |pass| data.walk(pass, findings, cancel));
        }
        let units = layout.iter().map(|place| {
            let ScanComponent { dc, ac, .. } = *header.components.get(*place)?;
            let dc = tables.dc.get(usize::from(dc))?.table()?;
            let slot = tables.ac.get(usize::from(ac)).filter(|_| !progressive);
            let (ac, skips) = match slot {
                Some(slot) => (slot.table()?, slot.skips()),
                None => (dc, None),
            };
            Some(Unit { place: *place, dc, ac, skips })
        });
        let units = units.collect::<Option<Vec<_>>>().ok_or_else(missing)?;
        let implausible = Implausible::default();
        if !progressive {
            return data.walk(
                &mut Sequential { units, predictions, implausible },
                findings,
                cancel,
            );
        }
        let kept = self.pictures.as_mut().map(|pictures| pictures.dc(scan, tables));
        let kept = kept.transpose()?.flatten();
        data.walk(&mut DcFirst { units, predictions, kept, implausible }, findings, cancel)
    }
}

impl Walk<'_, '_> {
    /// A scan of a band of AC coefficients.
    fn ac_scan(
        &mut self,
        scan: &Scan<'_>,
        tables: &Tables,
        data: &ScanData<'_>,
    ) -> Result<(), Stop> {
        let missing = || corrupt("a scan without its Huffman table", scan.at);
        let header = scan.header;
        let part = header.components.first().ok_or_else(missing)?;
        let slot = tables.ac.get(usize::from(part.ac)).ok_or_else(missing)?;
        let table = slot.table().ok_or_else(missing)?;
        let masks = self.masks.get_mut(part.index).ok_or_else(missing)?;
        if masks.is_empty() {
            *masks = vec![0; usize::try_from(data.mcus).unwrap_or(0)];
        }
        let (bands, values) = (slot.bands(), slot.values());
        let codes = Codes { table, bands, values, ss: header.ss.into(), se: header.se.into() };
        let further = header.ah > 0;
        let (empty, implausible) = (0, Implausible::default());
        let (findings, cancel) = (&mut self.findings, self.cancel);
        let kept = self.pictures.as_mut().map(|pictures| pictures.ac(scan, tables));
        if let Some(kept) = kept.transpose()?.flatten() {
            let mut pass = Ac { codes, masks, kept, further, empty, implausible };
            data.walk(&mut pass, findings, cancel)
        } else {
            let mut pass = Ac { codes, masks, kept: Nothing, further, empty, implausible };
            data.walk(&mut pass, findings, cancel)
        }
    }
}
