//! Text profiles that are read as a whole: no input panics, and the way of reading does not affect
//! the result.

#![no_main]

mod support;

use libfuzzer_sys::fuzz_target;
use support::{JSON, PROTOBUF, check_document};

fuzz_target!(|input: (u8, &[u8])| {
    check_document(
        |name| name != "jfr" && !JSON.contains(&name) && !PROTOBUF.contains(&name),
        input.0,
        input.1,
    )
});
