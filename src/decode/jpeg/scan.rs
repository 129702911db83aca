//! Scan headers, and the order of restart intervals in coded data: ITU-T T.81 B.2.3, A.2, E.2.4.

use std::ops::Range;

use super::bits::{BitReader, Fault, Unread};
use super::warn_once;
use crate::cancel::Cancellation;
use crate::container::jpeg::Frame;
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};

/// One component of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScanComponent {
    /// Its place in the frame header.
    pub(super) index: usize,
    /// Numbers of its Huffman tables.
    pub(super) dc: u8,
    pub(super) ac: u8,
}

/// A scan header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ScanHeader {
    pub(super) components: Vec<ScanComponent>,
    /// First and last coefficient of the band, in zigzag order.
    pub(super) ss: u8,
    pub(super) se: u8,
    /// Bits already sent and still to be sent after this scan (successive approximation).
    pub(super) ah: u8,
    pub(super) al: u8,
}

impl ScanHeader {
    /// Reads a SOS payload against its frame.
    pub(super) fn parse(payload: &[u8], frame: &Frame) -> Result<Self, &'static str> {
        const SHORT: &str = "scan header of a wrong length";
        let count = usize::from(*payload.first().ok_or(SHORT)?);
        if !(1..=4).contains(&count) {
            return Err("scan of no component or more than four");
        }
        if payload.len() != 4 + 2 * count {
            return Err(SHORT);
        }
        let (specs, tail) = payload[1..].split_at(2 * count);
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for spec in specs.chunks_exact(2) {
            let index = frame
                .components
                .iter()
                .enumerate()
                .position(|(index, c)| {
                    c.id == spec[0] && components.iter().all(|s| s.index != index)
                })
                .ok_or("scan of an unknown or repeated component")?;
            components.push(ScanComponent { index, dc: spec[1] >> 4, ac: spec[1] & 15 });
        }
        let header =
            Self { components, ss: tail[0], se: tail[1], ah: tail[2] >> 4, al: tail[2] & 15 };
        if frame.progressive && !header.is_legal_progression() {
            return Err("scan with impossible progressive parameters");
        }
        if count > 1 && header.blocks_per_mcu(frame) > 10 {
            return Err("more than ten blocks in an MCU");
        }
        Ok(header)
    }

    /// G.1.1.1.1 and G.1.1.1.2; Al as far as libjpeg goes.
    const fn is_legal_progression(&self) -> bool {
        let band = if self.ss == 0 {
            self.se == 0
        } else {
            self.ss <= self.se && self.se <= 63 && self.components.len() == 1
        };
        band && self.al <= 13 && (self.ah == 0 || self.ah == self.al + 1)
    }

    /// Whether the parameters are those of a sequential scan (table B.3).
    pub(super) const fn is_sequential(&self) -> bool {
        self.ss == 0 && self.se == 63 && self.ah == 0 && self.al == 0
    }

    fn blocks_per_mcu(&self, frame: &Frame) -> u32 {
        self.components
            .iter()
            .filter_map(|c| frame.components.get(c.index))
            .map(|c| u32::from(c.h) * u32::from(c.v))
            .sum()
    }

    /// How many MCUs the scan has, and which of its components each block of an MCU belongs to. A
    /// scan of one component has MCUs of one block (A.2.2).
    pub(super) fn layout(&self, frame: &Frame) -> (u64, Vec<usize>) {
        let of = |c: &ScanComponent| frame.components.get(c.index).copied();
        if let [only] = &self.components[..] {
            let (across, down) = of(only).map_or((0, 0), |c| frame.blocks_alone(c));
            return (u64::from(across) * u64::from(down), vec![0]);
        }
        let (across, down) = frame.mcus();
        let blocks = self.components.iter().enumerate().flat_map(|(place, component)| {
            let count = of(component).map_or(0, |c| usize::from(c.h) * usize::from(c.v));
            std::iter::repeat_n(place, count)
        });
        (u64::from(across) * u64::from(down), blocks.collect())
    }
}

/// What is done with the MCUs of a scan.
pub(super) trait Pass {
    /// Predictions and runs start anew: at the start of the scan and after a restart marker.
    fn restart(&mut self);

    /// Reads these MCUs, which follow those read before. Ends early, without a fault, when the
    /// reader overran.
    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault>;

    /// Whether a run of blocks goes on past the end of the interval.
    fn is_open(&self) -> bool {
        false
    }

    /// Where a value no picture has was first met, once.
    fn implausible(&mut self) -> Option<Unread> {
        None
    }
}

/// So many MCUs are read between two looks at the cancellation flag.
const STRETCH: u64 = 1 << 14;

/// Coded data of one scan.
pub(super) struct ScanData<'a> {
    /// The data, restart markers included.
    pub(super) data: &'a [u8],
    /// Its offset in the file.
    pub(super) offset: u64,
    pub(super) restart_interval: u16,
    pub(super) mcus: u64,
}

impl ScanData<'_> {
    /// Reads every MCU through `pass`, restart interval by restart interval.
    ///
    /// Warnings are added to `findings`; what is missing or damaged is the error.
    pub(super) fn walk(
        &self,
        pass: &mut impl Pass,
        findings: &mut Vec<Finding>,
        cancel: &Cancellation,
    ) -> Result<(), Stop> {
        let interval = match self.restart_interval {
            0 => self.mcus,
            interval => u64::from(interval),
        };
        let (mut start, mut done, mut number) = (0, 0_u64, 0);
        let mut left_over = None;
        loop {
            let until = done.saturating_add(interval).min(self.mcus);
            let mut reader = BitReader::new(self.data.get(start..).unwrap_or_default());
            self.interval(pass, &mut reader, done..until, findings, cancel)?;
            done = until;
            let here = self.place(&reader);
            let (end, marker) = interval_end(self.data, self.data.len() - reader.rest());
            if here < end {
                left_over.get_or_insert(here);
            }
            match marker {
                Some(_) if done == self.mcus => {
                    left_over.get_or_insert(end);
                    break;
                }
                None if done == self.mcus => break,
                None if here < end => return Err(self.corrupt("a restart marker is missing", here)),
                None => return Err(self.truncated(end)),
                // E.1.4: RST0 to RST7 in turn.
                Some((code, _)) if code != number => {
                    return Err(self.corrupt("restart markers out of order", end));
                }
                Some((_, after)) => {
                    number = (number + 1) & 7;
                    start = after;
                }
            }
        }
        if let Some(at) = left_over {
            let what = "bytes left over in coded data";
            warn_once(findings, FindingKind::Irregular { what }, self.offset + at as u64);
        }
        Ok(())
    }

    /// One restart interval.
    fn interval(
        &self,
        pass: &mut impl Pass,
        reader: &mut BitReader<'_>,
        mcus: Range<u64>,
        findings: &mut Vec<Finding>,
        cancel: &Cancellation,
    ) -> Result<(), Stop> {
        pass.restart();
        let mut next = mcus.start;
        while next < mcus.end {
            if cancel.should_stop() {
                return Err(Stop::Cancelled);
            }
            let until = next.saturating_add(STRETCH).min(mcus.end);
            let outcome = pass.read(reader, next..until);
            if let Some(unread) = pass.implausible() {
                let what = "values that no picture of 8-bit samples has";
                let at = self.offset + unread.place(self.data) as u64;
                warn_once(findings, FindingKind::Corrupt { what }, at);
            }
            if reader.overran() {
                let at = self.data.len() - reader.rest();
                return Err(if reader.rest() > 0 {
                    self.corrupt("a restart marker comes before its blocks are complete", at)
                } else {
                    self.truncated(at)
                });
            }
            if let Err(fault) = outcome {
                return Err(self.corrupt(what(fault), self.place(reader)));
            }
            next = until;
        }
        if pass.is_open() {
            let what = "a run of empty blocks past the end of its interval";
            let at = self.offset + self.place(reader) as u64;
            warn_once(findings, FindingKind::Irregular { what }, at);
        }
        Ok(())
    }

    /// The first byte of which nothing was consumed.
    fn place(&self, reader: &BitReader<'_>) -> usize {
        reader.unread().place(self.data)
    }

    fn corrupt(&self, what: &'static str, at: usize) -> Stop {
        Stop::Finding(Finding::error(FindingKind::Corrupt { what }).at(self.offset + at as u64))
    }

    fn truncated(&self, at: usize) -> Stop {
        let what = "coded data ends before the last block of the picture";
        Stop::Finding(Finding::error(FindingKind::Truncated { what }).at(self.offset + at as u64))
    }
}

const fn what(fault: Fault) -> &'static str {
    match fault {
        Fault::Code => "coded data with a code that is in no table",
        Fault::Overflow => "coded data with too many coefficients in a block",
    }
}

/// Where the restart interval that `from` lies in ends, and the number of the restart marker
/// there with the offset after it.
fn interval_end(data: &[u8], from: usize) -> (usize, Option<(u8, usize)>) {
    let mut at = from;
    while let Some(found) = data.get(at..).and_then(|rest| memchr::memchr(0xff, rest)) {
        let start = at + found;
        let rest = data.get(start..).unwrap_or_default();
        let Some(code) = rest.iter().position(|byte| *byte != 0xff) else {
            break;
        };
        at = start + code + 1;
        if let Some(marker @ 0xd0..=0xd7) = rest.get(code) {
            return (start, Some((marker & 7, at)));
        }
    }
    (data.len(), None)
}
