//! The walk of Gif files alone.
#![no_main]

use gatefold::{Format, Limits, stages};
use libfuzzer_sys::fuzz_target;

#[path = "../../properties/mod.rs"]
mod properties;

fuzz_target!(|bytes: &[u8]| {
    if Format::sniff(bytes) == Some(Format::Gif) {
        let structure = stages::walk(Format::Gif, bytes, &Limits::default());
        properties::places_lie_inside(bytes, &structure);
    }
});
