//! WebP files whose lengths are put right.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../properties/mod.rs"]
mod properties;

fuzz_target!(|bytes: &[u8]| {
    let bytes = properties::seal::webp(bytes);
    properties::process(&bytes);
    properties::sanitize(&bytes);
});
