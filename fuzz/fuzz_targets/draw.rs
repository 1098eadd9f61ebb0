//! Drawing with options, attributes and a color map: an image is well-formed XML, none of its
//! attributes runs a script, and stored colors are used again.
//!
//! An input is options, attributes, a map and folded stacks, separated by bytes of 0xff.

#![no_main]

mod support;
#[allow(dead_code)]
#[path = "../../tests/it/support/xml.rs"]
mod xml;

use inferno::flamegraph::color::PaletteMap;
use inferno::flamegraph::{self, DiffWidth, Direction, Format, FuncFrameAttrsMap, Options};
use libfuzzer_sys::fuzz_target;

/// Sets options from the bits of a few bytes and from text after these.
fn set(options: &mut Options<'_>, choices: &[u8]) {
    let byte = |at: usize| choices.get(at).copied().unwrap_or_default();
    let bit = |number: usize| byte(number / 7) >> (number % 7) & 1 == 1;
    let text = String::from_utf8_lossy(choices.get(8..).unwrap_or_default());
    options.hash = bit(0);
    options.deterministic = bit(1);
    options.direction = if bit(2) {
        Direction::Inverted
    } else {
        Direction::Straight
    };
    options.negate_differentials = bit(3);
    options.reverse_stack_order = bit(4);
    options.no_javascript = bit(5);
    options.color_diffusion = bit(6);
    options.flame_chart = bit(7);
    options.pretty_xml = bit(8);
    options.no_sort = bit(9);
    options.diff_width =
        [DiffWidth::After, DiffWidth::Before, DiffWidth::Larger][byte(2) as usize % 3];
    options.format = if bit(10) { Format::Html } else { Format::Svg };
    options.image_width = bit(11).then_some(usize::from(byte(3)) * 10);
    options.frame_height = usize::from(byte(4));
    options.font_size = usize::from(byte(5));
    options.min_width = f64::from(byte(6)) / 100.0;
    options.factor = f64::from(byte(7)) / 7.0;
    options.title = text.to_string();
    options.subtitle = bit(12).then(|| text.to_string());
    options.count_name = text.to_string();
    options.name_type = text.to_string();
    options.notes = text.to_string();
    options.font_type = text.to_string();
    options.base = bit(13).then(|| text.to_string()).into_iter().collect();
}

/// Text without stacks is an error, and produces an image that says so.
fn draw(choices: &[u8], attributes: &[u8], colors: &mut PaletteMap, stacks: &[u8]) -> Vec<u8> {
    let mut options = Options::default();
    set(&mut options, choices);
    options.func_frameattrs =
        FuncFrameAttrsMap::from_reader(attributes).expect("a slice can be read");
    options.palette_map = Some(colors);
    let mut picture = Vec::new();
    let _ = flamegraph::from_reader(&mut options, stacks, &mut picture);
    picture
}

fn check_attributes(element: &xml::Element) {
    for (name, value) in &element.attributes {
        let value: String = value.chars().filter(|c| *c > ' ').collect();
        assert!(!name.to_lowercase().starts_with("on"), "{name}");
        assert!(!value.to_lowercase().starts_with("javascript:"), "{value}");
    }
    element.children.iter().for_each(check_attributes);
}

fuzz_target!(|input: &[u8]| {
    let [choices, attributes, colors, stacks] = support::parts(input);
    let mut colors = PaletteMap::from_reader(&mut &*colors).expect("a slice can be read");
    let picture = draw(choices, attributes, &mut colors, stacks);
    let text = std::str::from_utf8(&picture).expect("all is UTF-8");
    if text.starts_with("<?xml") {
        let picture = xml::parse(text).expect("it is well-formed");
        // The viewer's own `onload` is on the root.
        picture
            .by_id("frames")
            .into_iter()
            .for_each(check_attributes);
    }
    assert_eq!(draw(choices, attributes, &mut colors, stacks), picture);
});
