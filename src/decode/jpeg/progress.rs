//! Which parts of a picture its scans have sent: ITU-T T.81 G.1.1.1.

use super::scan::ScanHeader;
use crate::container::Structure;
use crate::container::jpeg::Frame;
use crate::finding::{Finding, FindingKind, Severity};

/// How far each coefficient of each component has been sent: bits still to come, `None` before its
/// first scan.
#[derive(Debug)]
pub(super) struct Progress {
    bits_to_come: [[Option<u8>; 64]; 4],
}

impl Default for Progress {
    fn default() -> Self {
        Self { bits_to_come: [[None; 64]; 4] }
    }
}

impl Progress {
    /// Takes a scan into account. What is out of turn in a progressive one (G.1.1.1) is given back;
    /// decoders go on all the same. A sequential file sends each component once.
    pub(super) fn note(
        &mut self,
        header: &ScanHeader,
        progressive: bool,
    ) -> Result<Option<&'static str>, &'static str> {
        let mut irregular = None;
        for component in &header.components {
            let Some(sent) = self.bits_to_come.get_mut(component.index) else {
                continue;
            };
            if !progressive {
                if sent[0].is_some() {
                    return Err("a component sent twice");
                }
                *sent = [Some(0); 64];
                continue;
            }
            if header.ss > 0 && sent[0].is_none() {
                irregular = Some("a scan of higher frequencies before the first of the lowest");
            }
            for bits in sent.iter_mut().take(usize::from(header.se) + 1).skip(header.ss.into()) {
                if bits.unwrap_or(0) != header.ah {
                    irregular = Some("a progressive scan out of turn");
                }
                *bits = Some(header.al);
            }
        }
        Ok(irregular)
    }

    /// After the last scan: whether all of the picture was sent. Some writers leave out the finest
    /// scans and put the end mark; where this is missing, too, the file was cut between two scans.
    pub(super) fn judge(&self, frame: &Frame, structure: &Structure) -> Option<Finding> {
        let ended = structure.parts().iter().any(|part| part.name.as_str() == "EOI");
        let unfinished = if ended { Severity::Warning } else { Severity::Error };
        for component in self.bits_to_come.iter().take(frame.components.len()) {
            let (what, severity) = match component[0] {
                None => ("a component without a scan", Severity::Error),
                Some(_) if component.iter().any(|bits| bits.is_some_and(|bits| bits > 0)) => {
                    ("scans that would complete the precision", unfinished)
                }
                Some(_) if component.iter().all(Option::is_some) => continue,
                Some(_) => ("scans of higher frequencies", unfinished),
            };
            let finding = Finding::error(FindingKind::Truncated { what }).at(structure.end);
            return Some(finding.with_severity(severity));
        }
        None
    }
}
