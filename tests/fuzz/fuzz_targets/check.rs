//! The verdict on every coded byte.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../properties/mod.rs"]
mod properties;

fuzz_target!(|bytes: &[u8]| properties::check(bytes));
