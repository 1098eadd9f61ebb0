//! Arbitrary input: no format panics, and a reader produces the same result as a slice.

#![no_main]

mod support;

use inferno::collapse::{Collapse, guess::Folder};
use libfuzzer_sys::fuzz_target;
use std::io::BufReader;
use support::{Trickle, fold};

fuzz_target!(|input: &[u8]| {
    let mut folder = Folder::default();
    let whole = folder.collapse_slice_to_tree(input);
    let slow = folder.collapse_to_tree(BufReader::with_capacity(64, Trickle(input)));
    match (whole, slow) {
        (Ok(whole), Ok(slow)) => assert_eq!(fold(&whole), fold(&slow)),
        (Err(whole), Err(slow)) => assert_eq!(whole.to_string(), slow.to_string()),
        (whole, slow) => panic!("{:?} and {:?}", whole.is_ok(), slow.is_ok()),
    }
});
