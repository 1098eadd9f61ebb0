//! The output of `xctrace export`: the result is the same when reading a few bytes at a time, and
//! with spaces in tags. Start from real files:
//! `cargo fuzz run xctrace fuzz/corpus/xctrace tests/data/xctrace`.

#![no_main]

mod support;

use inferno::collapse::Collapse;
use inferno::collapse::xctrace::Folder;
use libfuzzer_sys::fuzz_target;
use std::io::{BufReader, Read};
use support::{Trickle, fold, total, unfold};

fn read(document: impl Read) -> Option<Vec<u8>> {
    let tree = Folder::default().collapse_to_tree(BufReader::with_capacity(3, document));
    let tree = tree.ok()?;
    let text = fold(&tree);
    assert_eq!(total(&unfold(&text)), total(&tree));
    Some(text)
}

/// Rewrites tags in a form that `xctrace` never writes, so that they take another path.
fn respelled(document: &[u8]) -> Option<Vec<u8>> {
    let is_simple = !document.contains(&b'\'') && !document.windows(2).any(|pair| pair == b"<!");
    let text = std::str::from_utf8(document).ok().filter(|_| is_simple)?;
    Some(text.replace("\"/>", "\" \n/>").into_bytes())
}

fuzz_target!(|document: &[u8]| {
    let folded = read(document);
    assert_eq!(read(Trickle(document)), folded);
    if let Some(respelled) = respelled(document) {
        assert_eq!(read(&*respelled), folded);
    }
});
