//! The walk of Jpeg files alone.
#![no_main]

use gatefold::{Format, Limits, stages};
use libfuzzer_sys::fuzz_target;

#[path = "../../properties/mod.rs"]
mod properties;

fuzz_target!(|bytes: &[u8]| {
    if Format::sniff(bytes) == Some(Format::Jpeg) {
        let structure = stages::walk(Format::Jpeg, bytes, &Limits::default());
        properties::places_lie_inside(bytes, &structure);
    }
});
