//! VTune exports: the result is the same when reading a few bytes at a time, and with other line
//! ends. Start from real files: `cargo fuzz run vtune fuzz/corpus/vtune tests/data/vtune`.

#![no_main]

mod support;

use inferno::collapse::Collapse;
use inferno::collapse::vtune::Folder;
use libfuzzer_sys::fuzz_target;
use std::io::{BufReader, Read};
use support::{Trickle, fold, total, unfold};

fn read(table: impl Read) -> Option<Vec<u8>> {
    let tree = Folder::default().collapse_to_tree(BufReader::with_capacity(3, table));
    let tree = tree.ok()?;
    let text = fold(&tree);
    assert_eq!(total(&unfold(&text)), total(&tree));
    Some(text)
}

fuzz_target!(|table: &[u8]| {
    let folded = read(table);
    assert_eq!(read(Trickle(table)), folded);
    if !table.contains(&b'\r') {
        let lines: Vec<_> = table.split(|byte| *byte == b'\n').collect();
        assert_eq!(read(&*lines.join(&b"\r\n"[..])), folded);
    }
});
