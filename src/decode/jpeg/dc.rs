//! Progressive scans of DC coefficients: ITU-T T.81 G.1.2.1.

use std::ops::Range;

use super::bits::{BitReader, Fault, Unread};
use super::coefficients::DcKept;
use super::scan::Pass;
use super::sequential::{Implausible, Prediction, Unit};

/// The first scan of DC coefficients (G.1.2.1).
pub(super) struct DcFirst<'t, 's> {
    pub(super) units: Vec<Unit<'t>>,
    pub(super) predictions: [Prediction; 4],
    pub(super) kept: Option<DcKept<'s>>,
    pub(super) implausible: Implausible,
}

impl Pass for DcFirst<'_, '_> {
    fn restart(&mut self) {
        self.predictions.iter_mut().for_each(Prediction::reset);
    }

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        let mut local = *reader;
        for _ in mcus {
            for (block, unit) in self.units.iter().enumerate() {
                local.refill();
                let prediction = &mut self.predictions[unit.place & 3];
                match prediction.read(&mut local, unit.dc) {
                    Ok(true) => {}
                    Ok(false) => self.implausible.note(local),
                    Err(fault) => {
                        *reader = local;
                        return Err(fault);
                    }
                }
                if let Some(kept) = &mut self.kept {
                    kept.put(block, prediction.value());
                }
            }
            if let Some(kept) = &mut self.kept {
                kept.advance();
            }
            if local.overran() {
                break;
            }
        }
        *reader = local;
        Ok(())
    }

    fn implausible(&mut self) -> Option<Unread> {
        self.implausible.take()
    }
}

/// A further scan of DC coefficients: one bit for each block (G.1.2.1).
pub(super) struct DcRefine {
    pub(super) blocks_per_mcu: u64,
}

impl Pass for DcRefine {
    fn restart(&mut self) {}

    fn read(&mut self, reader: &mut BitReader<'_>, mcus: Range<u64>) -> Result<(), Fault> {
        reader.skip((mcus.end - mcus.start).saturating_mul(self.blocks_per_mcu));
        Ok(())
    }
}
