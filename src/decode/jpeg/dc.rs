//! Progressive scans of DC coefficients: ITU-T T.81 G.1.2.1.

use std::ops::Range;

use multiversion::multiversion;

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
        let outcome = read_first(self, &mut local, mcus);
        *reader = local;
        outcome
    }

    fn implausible(&mut self) -> Option<Unread> {
        self.implausible.take()
    }
}

/// The next MCUs.
#[multiversion(targets("x86_64+avx2+bmi1+bmi2+lzcnt+popcnt"))]
fn read_first<'t, 's, 'd>(
    pass: &mut DcFirst<'t, 's>,
    reader: &mut BitReader<'d>,
    mcus: Range<u64>,
) -> Result<(), Fault> {
    for _ in mcus {
        for (block, unit) in pass.units.iter().enumerate() {
            reader.refill();
            let prediction = &mut pass.predictions[unit.place & 3];
            if !prediction.read(reader, unit.dc)? {
                pass.implausible.note(*reader);
            }
            if let Some(kept) = &mut pass.kept {
                kept.put(block, prediction.value());
            }
        }
        if let Some(kept) = &mut pass.kept {
            kept.advance();
        }
        if reader.overran() {
            break;
        }
    }
    Ok(())
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
