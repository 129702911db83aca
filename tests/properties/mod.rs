//! What must hold for any bytes at all: shared by the fuzz targets and the bounded mutations that
//! run with the other tests. Everything here panics when it does not hold.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub(crate) mod seal;

use std::sync::LazyLock;

use gatefold::{
    Bounds, Error, Fit, Inspection, Limits, Part, PartKind, Pipeline, Policy, RenditionSpec,
    Structure, Upload,
};

/// Pixels of a canvas, so that one run stays below a few milliseconds.
pub(crate) const PIXELS: u64 = 1 << 16;

static PIPELINE: LazyLock<Pipeline> = LazyLock::new(|| {
    let mut limits = Limits::default();
    limits.max_side = 4096;
    limits.max_pixels = PIXELS;
    limits.max_frames = 16;
    limits.max_frame_pixels = 4 * PIXELS;
    limits.max_metadata_bytes = 1 << 18;
    limits.max_scans = 20;
    limits.max_memory = 48 << 20;
    let mut policy = Policy::default();
    policy.limits = limits;
    policy.pixel_digest = true;
    Pipeline::builder(policy)
        .rendition(RenditionSpec::new("24x24".parse().unwrap()))
        .rendition("9x31".parse().unwrap())
        .build()
        .unwrap()
});

/// The outcome without what a caught panic would hide.
fn outcome<T>(outcome: Result<T, Error>) -> Result<T, Error> {
    if let Err(Error::Internal(rejection)) = &outcome {
        panic!("a defect that was caught: {rejection}");
    }
    outcome
}

pub(crate) fn inspect(bytes: &[u8]) {
    let outcome = outcome(PIPELINE.inspect(&Upload::new(bytes)));
    let inspection = match &outcome {
        Ok(inspection) => inspection,
        Err(error) => error.inspection().unwrap(),
    };
    sound(bytes, inspection);
}

pub(crate) fn check(bytes: &[u8]) {
    let upload = Upload::new(bytes);
    let checked = outcome(PIPELINE.check(&upload));
    if let Ok(inspection) = &checked {
        sound(bytes, inspection);
        assert!(inspection.is_accepted());
        assert!(PIPELINE.inspect(&upload).is_ok(), "checking accepts what inspecting rejects");
    }
}

/// Decodes, too: what `check` accepts has to come out as pictures of the sizes that were promised.
pub(crate) fn process(bytes: &[u8]) {
    let upload = Upload::new(bytes);
    let Ok(checked) = outcome(PIPELINE.check(&upload)) else {
        assert!(outcome(PIPELINE.process(&upload)).is_err(), "rejected by check, yet processed");
        return;
    };
    match outcome(PIPELINE.process(&upload)) {
        Ok(report) => {
            assert_eq!(Some(report.size()), checked.size());
            assert_eq!(report.renditions().len(), 2);
        }
        Err(error) => panic!("accepted by check, but {}: {error}", error.code()),
    }
}

/// An accepted file without its metadata is accepted, clean, the same image, and final.
pub(crate) fn sanitize(bytes: &[u8]) {
    let upload = Upload::new(bytes);
    let Ok(inspection) = outcome(PIPELINE.check(&upload)) else { return };
    let clean = inspection.sanitized(&upload).expect("an accepted file");
    let upload = Upload::new(&clean[..]);
    let again = outcome(PIPELINE.check(&upload)).expect("what was accepted stays accepted");
    let structure = again.structure().unwrap();
    let unwanted = |part: &&Part| matches!(part.kind, PartKind::Metadata | PartKind::Trailing);
    let kept: Vec<_> = structure.parts().iter().filter(unwanted).map(|part| part.name).collect();
    // An orientation is kept, and EXIF is where most formats have one.
    let orients = u8::from(again.orientation() as u8 != 1);
    assert!(kept.len() <= usize::from(orients), "left behind: {kept:?}");
    assert!(structure.trailing().is_none());
    let facts = |i: &Inspection| (i.size(), i.orientation(), i.frames(), i.has_alpha());
    assert_eq!(facts(&inspection), facts(&again));
    assert_eq!(again.sanitized(&upload).as_deref(), Some(&clean[..]), "not final");
    let (before, after) = (image_digest(bytes), image_digest(&clean));
    if let (Some(before), Some(after)) = (before, after) {
        assert_eq!(before, after, "another image");
    }
}

fn image_digest(bytes: &[u8]) -> Option<gatefold::ImageDigest> {
    Some(PIPELINE.process(&Upload::new(bytes)).ok()?.digests().image)
}

/// Texts that links bring: what is taken is written and read back as the same.
pub(crate) fn sizes(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(bounds) = text.parse::<Bounds>() {
        assert_eq!(bounds.to_string().parse(), Ok(bounds));
        assert!(bounds.width().or(bounds.height()).is_some());
        assert!(bounds.width().unwrap_or(0).max(bounds.height().unwrap_or(0)) <= Bounds::MAX_SIDE);
    }
    let rules = &PIPELINE.policy().renditions;
    if let Ok(spec) = text.parse::<RenditionSpec>() {
        let _ = spec.check(rules);
    }
    let _ = text.parse::<Fit>();
}

fn sound(bytes: &[u8], inspection: &Inspection) {
    assert_eq!(inspection.bytes(), bytes.len() as u64);
    for finding in inspection.findings() {
        assert!(finding.offset().is_none_or(|at| at <= bytes.len() as u64), "{finding}");
    }
    if let Some(structure) = inspection.structure() {
        places_lie_inside(bytes, structure);
    }
}

/// Parts follow each other inside the file, and what they carry lies inside them.
pub(crate) fn places_lie_inside(bytes: &[u8], structure: &Structure) {
    let length = bytes.len() as u64;
    let mut last = 0;
    for part in structure.parts() {
        assert!(part.span.start <= part.span.end && part.span.end <= length, "{part:?}");
        assert!(part.payload.start <= part.payload.end, "{part:?}");
        assert!(part.span.start <= part.payload.start, "{part:?}");
        assert!(part.payload.end <= part.span.end, "{part:?}");
        assert!(last <= part.span.start, "{part:?} begins before {last}");
        last = part.span.start;
    }
    assert!(structure.end() <= length);
    if let Some(trailing) = structure.trailing() {
        assert!(structure.end() <= trailing.span.start && trailing.span.end == length);
    }
    for span in structure.icc() {
        assert!(span.start <= span.end && span.end <= length);
    }
}
