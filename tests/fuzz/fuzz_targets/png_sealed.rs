//! PNG files whose lengths and checksums are put right, so that what lies behind them is reached.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../properties/mod.rs"]
mod properties;

fuzz_target!(|bytes: &[u8]| {
    let bytes = properties::seal::png(bytes);
    properties::process(&bytes);
    properties::sanitize(&bytes);
});
