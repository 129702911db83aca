//! The entropy walk of JPEG's scans.
#![no_main]

use gatefold::{Format, Limits, stages};
use libfuzzer_sys::fuzz_target;

#[path = "../../properties/mod.rs"]
mod properties;

fuzz_target!(|bytes: &[u8]| {
    if Format::sniff(bytes) == Some(Format::Jpeg) {
        let structure = stages::walk(Format::Jpeg, bytes, &Limits::default());
        if structure.stored_size().pixels() <= properties::PIXELS {
            for finding in stages::verify(bytes, &structure) {
                assert_ne!(finding.code(), "internal", "{finding}");
            }
        }
    }
});
