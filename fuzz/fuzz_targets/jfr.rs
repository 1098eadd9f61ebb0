//! Recordings of the JVM's flight recorder: no input panics, and the way of reading does not affect
//! the result.

#![no_main]

mod support;

use libfuzzer_sys::fuzz_target;
use support::check_document;

fuzz_target!(|input: (u8, &[u8])| check_document(|name| name == "jfr", input.0, input.1));
