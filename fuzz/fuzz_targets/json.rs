//! Profiles in JSON: no input panics, and the way of reading does not affect the result.

#![no_main]

mod support;

use libfuzzer_sys::fuzz_target;
use support::{JSON, check_document};

fuzz_target!(|input: (u8, &[u8])| {
    check_document(|name| JSON.contains(&name), input.0, input.1)
});
