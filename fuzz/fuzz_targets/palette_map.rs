//! Color maps: reading back a written map results in the same map.

#![no_main]

use inferno::flamegraph::color::PaletteMap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let colors = PaletteMap::from_reader(&mut &*text).expect("a slice can be read");
    let mut written = Vec::new();
    colors.to_writer(&mut written).expect("a vector takes all");
    let again = PaletteMap::from_reader(&mut written.as_slice()).expect("a slice can be read");
    assert_eq!(again, colors);
    assert_eq!(
        written.iter().filter(|byte| **byte == b'\n').count(),
        colors.iter().count()
    );
});
