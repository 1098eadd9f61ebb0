//! Compressed and encoded input: the result does not depend on the size of reads, compressed data
//! decompresses to the original, and truncated data to a prefix of it.

#![no_main]

mod support;

use flate2::Compression;
use flate2::write::GzEncoder;
use inferno::decode::decoded;
use libfuzzer_sys::fuzz_target;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::{BufRead, BufReader, Read, Write};
use support::Trickle;

/// A limit against decompression bombs.
const MAX_DECODED: u64 = 1 << 24;

/// The decoded bytes, and whether reading ended with an error.
fn decode(reader: impl BufRead + Send) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let is_error = match decoded(reader) {
        Ok(reader) => reader.take(MAX_DECODED).read_to_end(&mut bytes).is_err(),
        Err(_) => true,
    };
    (bytes, is_error)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fuzz_target!(|input: &[u8]| {
    let (all_at_once, is_error) = decode(input);
    let (bit_by_bit, is_error_too) = decode(BufReader::with_capacity(1, Trickle(input)));
    assert_eq!(is_error, is_error_too);
    // How much of damaged data is decoded before the error is left to the decoder.
    let shorter = all_at_once.len().min(bit_by_bit.len());
    assert_eq!(all_at_once[..shorter], bit_by_bit[..shorter]);
    assert!(is_error || all_at_once.len() == bit_by_bit.len());

    let text = [b"# ", input].concat();
    for packed in [
        gzip(&text),
        compress_to_vec(&*text, CompressionLevel::Fastest),
    ] {
        assert_eq!(decode(&*packed), (text.clone(), false));
        let twice = [&*packed, &*packed].concat();
        assert_eq!(decode(&*twice), (text.repeat(2), false), "several members");
        let (start, _) = decode(&packed[..packed.len() - packed.len() / 3]);
        assert!(text.starts_with(&start));
    }
});
