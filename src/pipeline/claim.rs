//! The duplicate decision: what the index says of an upload, and what that does to its report.

use std::sync::Arc;

use super::{Draft, Pipeline};
use crate::digest::{ByteDigest, Digest, ImageDigest, PixelDigest};
use crate::duplicates::{DuplicateIndex, Known, Reservation, Reserve};
use crate::error::Error;
use crate::finding::{Finding, FindingKind};
use crate::policy::DuplicateRule;
use crate::report::{Inspection, Report};
use crate::upload::Upload;

/// What the index said.
pub(crate) enum Claim {
    NotAsked,
    New(Reservation),
    Known(Known),
}

impl Pipeline {
    /// Asks the index, where the policy wants it asked.
    pub(crate) fn reserve(
        &self,
        upload: &Upload<'_>,
        (bytes, image): (ByteDigest, ImageDigest),
        pixels: Option<PixelDigest>,
    ) -> Result<Claim, Error> {
        let Some(index) = self.index() else {
            return Ok(Claim::NotAsked);
        };
        let mut digests = vec![Digest::Bytes(bytes), Digest::Image(image)];
        digests.extend(pixels.map(Digest::Pixels));
        let id = upload.id().map_or_else(|| bytes.to_string(), str::to_owned);
        Ok(match index.reserve(&self.settings.scope, &digests, &id, None)? {
            Reserve::Reserved(reservation) => Claim::New(reservation),
            Reserve::Known(known) => Claim::Known(known),
        })
    }

    /// Whether the index holds one of these digests for a stored image, without reserving.
    pub(crate) fn committed(
        &self,
        (bytes, image): (ByteDigest, ImageDigest),
    ) -> Result<Option<Known>, Error> {
        let Some(index) = self.index() else {
            return Ok(None);
        };
        let known =
            index.lookup(&self.settings.scope, &[Digest::Bytes(bytes), Digest::Image(image)])?;
        Ok(known.filter(|known| known.committed))
    }

    fn index(&self) -> Option<&Arc<dyn DuplicateIndex>> {
        let asked = self.policy().duplicates != DuplicateRule::Allow;
        self.settings.index.as_ref().filter(|_| asked)
    }

    /// Puts the index's word into the report.
    pub(crate) fn finish(&self, draft: Draft, claim: Claim) -> Result<Report, Error> {
        let Draft { inspection, format, digests, palette, renditions } = draft;
        let (duplicate, reservation) = match claim {
            Claim::NotAsked => (None, None),
            Claim::New(mut reservation) => {
                reservation.set_perceptual(digests.perceptual);
                (None, Some(reservation))
            }
            Claim::Known(known) if self.policy().duplicates == DuplicateRule::Reject => {
                return Err(rejected_as(inspection, &known));
            }
            Claim::Known(known) => (Some(known), None),
        };
        let size = inspection.size().unwrap_or(crate::geometry::Size::new(0, 0));
        Ok(Report {
            inspection,
            structure_format: format,
            size,
            digests,
            palette,
            renditions,
            duplicate,
            reservation,
        })
    }
}

pub(crate) fn rejected_as(inspection: Inspection, known: &Known) -> Error {
    let finding = Finding::error(FindingKind::Duplicate { of: known.id.clone() });
    Error::rejecting(inspection, finding)
}
