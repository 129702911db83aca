//! The segments of a file in their order, as whoever reads its scans meets them: ITU-T T.81 annex B.

use super::scan::ScanHeader;
use super::tables::Tables;
use crate::container::jpeg::{DHT, DQT, DRI, Frame, SOS, coding_name, marker_of};
use crate::container::{PartKind, Structure, slice};
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};

/// One scan.
pub(super) struct Scan<'a> {
    pub(super) frame: &'a Frame,
    pub(super) header: &'a ScanHeader,
    /// Coded data, restart markers included.
    pub(super) data: &'a [u8],
    /// Its offset in the file.
    pub(super) at: u64,
}

/// Whoever reads a file's scans.
pub(super) trait Reader {
    /// Once, before the first scan.
    fn frame(&mut self, frame: &Frame) -> Result<(), Stop>;

    /// Each scan, with the tables that are in force.
    fn scan(&mut self, scan: &Scan<'_>, tables: &mut Tables) -> Result<(), Stop>;
}

pub(super) fn corrupt(what: &'static str, at: u64) -> Stop {
    Stop::Finding(Finding::error(FindingKind::Corrupt { what }).at(at))
}

/// Goes through the parts of a file that the walk has found.
pub(super) fn read(
    bytes: &[u8],
    structure: &Structure,
    reader: &mut impl Reader,
) -> Result<(), Stop> {
    let mut tables = Tables::default();
    let mut frame = None;
    // The scan header whose data comes next.
    let mut pending = None;
    for part in &structure.parts {
        let at = part.span.start;
        let payload = slice(bytes, &part.payload);
        let fault = |what| corrupt(what, at);
        match marker_of(part, bytes) {
            Some(DQT) => tables.define_quant(payload).map_err(fault)?,
            Some(DHT) => tables.define_huffman(payload).map_err(fault)?,
            Some(DRI) => tables.define_restart(payload).map_err(fault)?,
            Some(SOS) => {
                // Without a frame the walk has said why.
                let Some(frame) = &frame else { return Ok(()) };
                pending = Some(ScanHeader::parse(payload, frame).map_err(fault)?);
            }
            Some(marker) if coding_name(marker).is_some() => {
                frame = Frame::parse(marker, payload).ok();
                if let Some(frame) = &frame {
                    reader.frame(frame)?;
                }
            }
            None if part.kind == PartKind::ImageData => {
                if let (Some(header), Some(frame)) = (pending.take(), &frame) {
                    let scan = Scan { frame, header: &header, data: payload, at };
                    reader.scan(&scan, &mut tables)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
