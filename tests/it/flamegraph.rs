//! Tests of flame graphs drawn by the library and by `inferno-flamegraph`.
//!
//! `tests/data/flamegraph` has a directory for each golden case: `input.folded`, `args` (one per
//! line), other files for the tool, and `expected.svg`; `expected.NAME` for the contents of a file
//! afterwards, `expected.stderr` for warnings. For a new case, add the input and the arguments, run
//! `BLESS=1 cargo test --test it flamegraph` to write the rest, and review it.

use crate::support::xml;

use inferno::call_tree::CallTree;
use inferno::flamegraph::color::{Color, PaletteMap};
use inferno::flamegraph::{self, Direction, Format, Options, Theme};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A frame in the document.
#[derive(Debug, Clone, PartialEq)]
struct Frame {
    title: String,
    label: String,
    fill: String,
    /// The start and width in samples.
    start: f64,
    count: f64,
    y: u64,
}

fn draw(opt: &mut Options<'_>, lines: &[&str]) -> (xml::Element, Vec<Frame>) {
    let mut svg = Vec::new();
    flamegraph::from_lines(opt, lines.iter().copied(), &mut svg).unwrap();
    read_svg(&svg)
}

fn read_svg(svg: &[u8]) -> (xml::Element, Vec<Frame>) {
    let root = xml::parse(std::str::from_utf8(svg).unwrap()).unwrap();
    let frames = root.by_id("frames").unwrap().children.iter();
    let is_frame = |element: &&xml::Element| element.name != "svg";
    let frames = frames.filter(is_frame).map(read_frame).collect();
    (root, frames)
}

fn read_frame(group: &xml::Element) -> Frame {
    let rect = group.child("rect").unwrap();
    let number = |name: &str| rect.attribute(name).unwrap().parse().unwrap();
    Frame {
        title: group.child("title").unwrap().text.clone(),
        label: group
            .child("text")
            .map_or(String::new(), |text| text.text.clone()),
        fill: rect.attribute("fill").unwrap().to_string(),
        start: number("fg:x"),
        count: number("fg:w"),
        y: number("y") as u64,
    }
}

fn titles(opt: &mut Options<'_>, lines: &[&str]) -> Vec<String> {
    let (_, frames) = draw(opt, lines);
    frames.into_iter().map(|frame| frame.title).collect()
}

fn options(change: impl FnOnce(&mut Options<'_>)) -> Options<'static> {
    let mut opt = Options::default();
    change(&mut opt);
    opt
}

fn error_of(opt: &mut Options<'_>, lines: &[&str]) -> (io::Error, Vec<u8>) {
    let mut svg = Vec::new();
    let error = flamegraph::from_lines(opt, lines.iter().copied(), &mut svg).unwrap_err();
    (error, svg)
}

/// The links in a picture, by the name in their title.
fn links(opt: &mut Options<'_>, lines: &[&str]) -> Vec<(String, String)> {
    fn collect(element: &xml::Element, links: &mut Vec<(String, String)>) {
        if let (Some(link), Some(title)) = (element.attribute("xlink:href"), element.child("title"))
        {
            assert_eq!(element.name, "a");
            let name = title.text.rsplit_once(" (").expect("a count").0;
            links.push((name.to_string(), link.to_string()));
        }
        for child in &element.children {
            collect(child, links);
        }
    }
    let mut links = Vec::new();
    collect(&draw(opt, lines).0, &mut links);
    links
}

#[test]
fn frames_with_a_file_link_to_it() {
    let lines = [
        "main;parse (/srv/a \"b\".c:7);read (io.rs:70) 3",
        "main;(anonymous) 1",
    ];
    let pattern = "https://x/?f={file}&l={line}";
    let mut opt = options(|opt| opt.link = pattern.parse().ok());
    let mut found = links(&mut opt, &lines);
    found.sort();
    let expected = [
        (
            "parse (/srv/a \"b\".c:7)",
            "https://x/?f=/srv/a%20%22b%22.c&l=7",
        ),
        ("read (io.rs:70)", "https://x/?f=io.rs&l=70"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, link)| (name.to_string(), link.to_string()))
    );
    assert_eq!(links(&mut Options::default(), &lines), []);
}

/// What is said about a function wins; what is not a link is there besides.
#[test]
#[cfg(feature = "nameattr")]
fn attributes_of_functions_go_with_links() {
    let file = "a (a.c:1)\thref=/a\nb (b.c:2)\tclass=hot\ttarget=t\n";
    let mut opt = options(|opt| {
        opt.link = "file:{file}".parse().ok();
        opt.func_frameattrs = flamegraph::FuncFrameAttrsMap::from_reader(file.as_bytes()).unwrap();
    });
    let mut found = links(&mut opt, &["a (a.c:1);b (b.c:2) 3"]);
    found.sort();
    let expected = [("a (a.c:1)", "/a"), ("b (b.c:2)", "file:b.c")];
    assert_eq!(
        found,
        expected.map(|(name, link)| (name.to_string(), link.to_string()))
    );
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut opt, ["a (a.c:1);b (b.c:2) 3"], &mut svg).unwrap();
    let svg = String::from_utf8(svg).unwrap();
    assert!(svg.contains("<a xlink:href=\"file:b.c\" target=\"_top\" class=\"hot\">"));
}

#[test]
fn the_change_of_a_caller_is_the_sum_of_its_callees() {
    let lines = ["p;a 10 30", "p;b 10 30", "p;a 5 5", "q 5 0"];
    assert_eq!(
        titles(&mut Options::default(), &lines),
        [
            "all (65 samples, 100%)",
            "p (65 samples, 100.00%; +61.54%)",
            "a (35 samples, 53.85%; +30.77%)",
            "b (30 samples, 46.15%; +30.77%)",
        ]
    );
}

#[test]
fn changes_survive_factor_reverse_and_base() {
    let lines = ["m;a 10 30", "m;b;a 20 5", "n 1 5"];
    let mut opt = options(|opt| opt.factor = 0.5);
    assert_eq!(
        titles(&mut opt, &lines)[2],
        "a (15 samples, 75.00%; +50.00%)"
    );
    let mut opt = options(|opt| opt.reverse_stack_order = true);
    assert_eq!(
        titles(&mut opt, &lines),
        [
            "all (40 samples, 100%)",
            "a (35 samples, 87.50%; +12.50%)",
            "b (5 samples, 12.50%; -37.50%)",
            "m (5 samples, 12.50%; -37.50%)",
            "m (30 samples, 75.00%; +50.00%)",
            "n (5 samples, 12.50%; +10.00%)",
        ]
    );
    let mut opt = options(|opt| opt.base = vec!["b".to_string()]);
    assert_eq!(
        titles(&mut opt, &lines),
        [
            "all (5 samples, 100%)",
            "b (5 samples, 100.00%; -300.00%)",
            "a (5 samples, 100.00%; -300.00%)",
        ]
    );
}

#[test]
fn frames_that_disappeared_do_not_affect_the_colors() {
    let (_, frames) = draw(&mut Options::default(), &["a 0 10", "b 1000 0"]);
    assert_eq!(frames[1].fill, "rgb(255,100,100)");
    let mut opt = options(|opt| opt.min_width = 0.0);
    let (_, frames) = draw(&mut opt, &["a 0 10", "b 1000 0"]);
    let fills: Vec<&str> = frames.iter().map(|frame| frame.fill.as_str()).collect();
    assert_eq!(
        fills,
        ["rgb(250,250,250)", "rgb(255,100,100)", "rgb(100,100,255)"]
    );
}

#[test]
fn counts_are_exact() {
    let lines = ["a 9007199254740993", "b 0.5", "b 0.25"];
    let (root, frames) = draw(&mut options(|opt| opt.min_width = 0.0), &lines);
    let frames_root = root.by_id("frames").unwrap();
    assert_eq!(
        frames_root.attribute("total_samples"),
        Some("9007199254740993.75")
    );
    assert_eq!(
        frames[0].title,
        "all (9,007,199,254,740,993.75 samples, 100%)"
    );
    assert_eq!(frames[2].title, "b (0.75 samples, 0.00%)");
}

#[test]
fn a_factor_does_not_change_percentages() {
    let percentages = |factor| {
        let titles = titles(&mut options(|opt| opt.factor = factor), &["a 31", "b 302"]);
        titles[1].split_once(", ").unwrap().1.to_string()
    };
    for factor in [1.0, 0.1, 0.0, 1000.0] {
        assert_eq!(percentages(factor), "9.31%)", "{factor}");
    }
}

#[test]
fn time_runs_to_the_right() {
    let mut opt = options(|opt| opt.flame_chart = true);
    let lines = ["m;z 1", "m;a 1", "m;z 1", "m;z 2"];
    let (_, frames) = draw(&mut opt, &lines);
    let places: Vec<(&str, f64, f64)> = frames[2..]
        .iter()
        .map(|frame| (frame.label.as_str(), frame.start, frame.count))
        .collect();
    assert_eq!(places, [("z", 0.0, 1.0), ("a", 1.0, 1.0), ("z", 2.0, 3.0)]);
}

#[test]
fn a_tree_is_drawn_like_its_folded_lines() {
    let mut tree = CallTree::new();
    tree.add_stack(["a", "b"], 3u64);
    tree.add_stack(["a"], 1u64);
    let mut svg = Vec::new();
    flamegraph::from_call_tree(&mut Options::default(), &tree, &mut svg).unwrap();
    let mut from_lines = Vec::new();
    flamegraph::from_lines(&mut Options::default(), ["a;b 3", "a 1"], &mut from_lines).unwrap();
    assert_eq!(svg, from_lines);
}

#[test]
fn the_end_of_a_reader_ends_its_last_line() {
    let mut svg = Vec::new();
    let readers = ["a;b 1\nc 2".as_bytes(), "d;e 3".as_bytes()];
    flamegraph::from_readers(&mut Options::default(), readers, &mut svg).unwrap();
    let titles: Vec<String> = read_svg(&svg)
        .1
        .into_iter()
        .map(|frame| frame.title)
        .collect();
    assert_eq!(
        titles[3..5],
        ["c (2 samples, 33.33%)", "d (3 samples, 50.00%)"]
    );
}

#[test]
fn without_samples_the_image_shows_an_error() {
    for lines in [&[][..], &["a 0"], &["nonsense"]] {
        let (error, svg) = error_of(&mut Options::default(), lines);
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(error.to_string(), "No stack counts found");
        let root = xml::parse(std::str::from_utf8(&svg).unwrap()).unwrap();
        let text = &root.child("text").unwrap().text;
        assert_eq!(text, "ERROR: No valid input provided to flamegraph");
        // There is no script to call.
        assert_eq!(root.attribute("onload"), None);
    }
}

#[test]
fn counts_beyond_64_bits_are_refused() {
    let lines = ["a 18446744073709551615", "b 1"];
    let (error, svg) = error_of(&mut Options::default(), &lines);
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(
        error.to_string(),
        "The stack counts add up to more than 64 bits hold"
    );
    assert!(xml::parse(std::str::from_utf8(&svg).unwrap()).is_ok());
    // This is the largest supported sum.
    let lines = ["a 18446744073709551614", "b 1"];
    assert_eq!(
        titles(&mut Options::default(), &lines)[0],
        "all (18,446,744,073,709,551,615 samples, 100%)"
    );
}

#[test]
fn no_sort_rejects_unsorted_lines() {
    let lines = ["b 1", "a 1"];
    let (error, svg) = error_of(&mut options(|opt| opt.no_sort = true), &lines);
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "unsorted input lines detected");
    assert!(svg.is_empty());
    draw(&mut options(|opt| opt.no_sort = true), &["a 1", "b 1"]);
}

#[test]
fn a_frame_height_of_zero_is_rejected() {
    let (error, svg) = error_of(&mut options(|opt| opt.frame_height = 0), &["a 1"]);
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "the frame height must be at least 1 pixel"
    );
    assert!(svg.is_empty());
}

#[test]
fn the_error_for_a_missing_file_names_it() {
    let files = ["no such file".into()];
    let drawn = flamegraph::from_files(&mut Options::default(), &files, io::sink());
    let error = drawn.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with("no such file: "), "{error}");
}

#[test]
fn the_writers_error_is_passed_on() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut colors = PaletteMap::default();
    let mut opt = Options::default();
    opt.palette_map = Some(&mut colors);
    let error = flamegraph::from_lines(&mut opt, ["a 1"], Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(opt.palette_map.is_some());
}

#[test]
fn colors_are_the_same_in_every_run_and_kept_in_the_map() {
    let lines = ["a;b 1", "a;c 2", "a;a 3"];
    let fills = |opt: &mut Options<'_>| -> Vec<String> {
        let (_, frames) = draw(opt, &lines);
        frames.into_iter().map(|frame| frame.fill).collect()
    };
    assert_eq!(
        fills(&mut Options::default()),
        fills(&mut Options::default())
    );

    let mut colors = PaletteMap::default();
    colors.insert("b", Color::new(1, 2, 3));
    let mut opt = Options::default();
    opt.palette_map = Some(&mut colors);
    let fills = fills(&mut opt);
    // The root, a, a;a, a;b and a;c.
    assert_eq!(fills[1], fills[2]);
    assert_eq!(fills[3], "rgb(1,2,3)");
    let names: Vec<&str> = colors.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["", "a", "b", "c"]);
}

#[test]
fn any_byte_may_be_in_a_name() {
    let mut folded = Vec::new();
    for byte in 0..=255u8 {
        for name in [
            vec![byte],
            vec![b'x', byte, b'y'],
            vec![0xef, 0xbf, byte],
            vec![byte; 40],
        ] {
            folded.extend_from_slice(&name);
            folded.extend_from_slice(b" 1\n");
        }
    }
    let mut opt = options(|opt| {
        opt.min_width = 0.0;
        opt.count_name = "\0<&\"]]>".to_string();
        opt.title = "\u{1}\u{fffe}<".to_string();
        opt.subtitle = Some("\u{b}".to_string());
        opt.notes = "-->\0--".to_string();
        opt.name_type = "\0]]>\n'</script>".to_string();
        opt.font_type = "\0<]]>\"\n".to_string();
    });
    for pretty in [false, true] {
        opt.pretty_xml = pretty;
        let mut svg = Vec::new();
        flamegraph::from_reader(&mut opt, folded.as_slice(), &mut svg).unwrap();
        let (_, frames) = read_svg(&svg);
        assert!(frames.len() > 900, "{}", frames.len());
        assert!(
            frames
                .iter()
                .any(|frame| frame.title.starts_with("x\u{fffd}y ("))
        );
    }
}

#[test]
fn a_large_graph_has_elements_for_visible_frames() {
    let lines = |functions: usize| -> Vec<String> {
        let small = (0..functions).map(|number| format!("all;f{number:05} 10"));
        small
            .chain([format!("all;wide {}", 10 * functions)])
            .collect()
    };
    let drawn = |functions: usize, change: fn(&mut Options<'_>)| {
        let lines = lines(functions);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut opt = options(|opt| opt.min_width = 0.0);
        change(&mut opt);
        let (root, frames) = draw(&mut opt, &lines);
        let data = root.by_id("profile").map(|data| data.text.clone());
        let are_painted_together = root.by_id("narrow").is_some();
        (frames.len(), are_painted_together, data.unwrap_or_default())
    };
    // All frames, including the root, the first frame, and the wide one.
    let (elements, are_painted_together, _) = drawn(1_000, |_| ());
    assert_eq!((elements, are_painted_together), (1_003, false));
    let (elements, are_painted_together, _) = drawn(9_997, |_| ());
    assert_eq!((elements, are_painted_together), (10_000, true));
    let (elements, are_painted_together, data) = drawn(9_998, |_| ());
    assert_eq!((elements, are_painted_together), (3, true));
    // For each frame, a few bits of the stack, the color, and the digits of the name.
    assert!((20_000..80_000).contains(&data.len()), "{}", data.len());
    // Without the viewer, the other frames could never be drawn.
    assert_eq!(drawn(9_998, |opt| opt.no_javascript = true).0, 10_001);
}

#[test]
fn thin_frames_of_a_large_graph_are_elements_only_if_there_are_links() {
    // One frame of one and a half pixels, more than a thousand below that, and one wide one.
    let small = (0..11_000).map(|number| format!("f{number:05} 10"));
    let lines: Vec<String> = small
        .chain(["g 280".to_string(), "wide 110000".to_string()])
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let drawn = |change: fn(&mut Options<'_>)| {
        let mut opt = options(|opt| opt.min_width = 0.0);
        change(&mut opt);
        titles(&mut opt, &lines)
    };
    let has_thin = |titles: &[String]| titles.iter().any(|title| title.starts_with("g ("));
    assert!(!has_thin(&drawn(|_| ())));
    assert_eq!(drawn(|_| ()).len(), 2);
    let has_links = |opt: &mut Options<'_>| opt.link = "https://example.com/{file}".parse().ok();
    assert!(has_thin(&drawn(has_links)));
}

/// A profile like that of a compiler: long names that share most of their text, and many narrow frames.
fn stacks_of_a_compiler() -> Vec<String> {
    let mut state = 1u32;
    let mut random = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * u64::from(below)) >> 32) as u32
    };
    let words = [
        "resolve", "typeck", "borrow", "codegen", "query", "intern", "visit", "fold",
    ];
    let word = |of: u32| words[(of % 8) as usize];
    let name = |number: u32| {
        let (a, b, c) = (word(number), word(number / 8), word(number / 64));
        format!("<rustc_{a}::{b}::Context<rustc_{b}::{c}>>::{c}_{a}_{number}")
    };
    let mut path: Vec<String> = Vec::new();
    let mut lines = Vec::new();
    for _ in 0..4_000 {
        path.truncate(random(20) as usize);
        let new = 1 + random(6);
        path.extend((0..new).map(|_| {
            let frequent = random(2_000) * random(2_000) / 2_000;
            name(frequent)
        }));
        lines.push(format!("{} {}", path.join(";"), 1 + random(9) * random(9)));
    }
    lines
}

#[test]
fn graphs_are_small() {
    let size = |lines: &[&str], theme| {
        let mut svg = Vec::new();
        let mut opt = options(|opt| opt.theme = theme);
        opt.min_width = 0.0;
        flamegraph::from_lines(&mut opt, lines.iter().copied(), &mut svg).unwrap();
        svg.len()
    };
    let large = stacks_of_a_compiler();
    let large: Vec<&str> = large.iter().map(String::as_str).collect();
    for (theme, most) in [(Theme::Classic, 520_000), (Theme::Modern, 330_000)] {
        let small = size(&["main;parse 3", "main;draw 4"], theme);
        assert!(small < 60_000, "{small}");
        let large = size(&large, theme);
        assert!(large < most, "{large}");
    }
}

#[test]
fn narrow_frames_are_painted_in_proportion_to_their_weight() {
    for direction in [Direction::Straight, Direction::Inverted] {
        for functions in [2_000, 6_000] {
            let mut lines = vec![format!("other;other;other {}", 100 * functions)];
            for number in 0..functions {
                lines.push(format!("main;f{number:05} 90"));
                lines.push(format!("main;f{number:05};l{number:05} 10"));
            }
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let (root, frames) = draw(&mut options(|opt| opt.direction = direction), &lines);
            let narrow = root.by_id("narrow").unwrap();
            let rows: BTreeMap<u32, f64> = painted(narrow);
            let mut shares: Vec<f64> = rows.values().map(|units| units / 11_800.0).collect();
            shares.sort_by(f64::total_cmp);
            let is_close = |share: &f64, expected: f64| (share - expected).abs() < 0.001;
            assert_eq!(shares.len(), 2, "{shares:?}");
            assert!(
                is_close(&shares[0], 0.05) && is_close(&shares[1], 0.5),
                "{shares:?}"
            );
            let colors = narrow.children.len();
            assert!((2..40).contains(&colors), "{colors} colors");
            let ys = frames.iter().map(|frame| frame.y * 10 + 75);
            assert!(
                rows.keys()
                    .all(|y| ys.clone().any(|other| other == u64::from(*y)))
            );
        }
    }
}

/// The length of what the paths in `narrow` paint in each row, by position, however often.
fn painted(narrow: &xml::Element) -> BTreeMap<u32, f64> {
    let mut rows: BTreeMap<u32, Vec<(i64, i64)>> = BTreeMap::new();
    for path in &narrow.children {
        let (mut x, mut y) = (0, 0);
        let data = path.attribute("d").unwrap();
        let mut rest = data;
        while let Some(command) = rest.chars().next() {
            let end = rest[1..]
                .find(char::is_alphabetic)
                .map_or(rest.len(), |end| end + 1);
            let numbers: Vec<i64> = rest[1..end]
                .split(' ')
                .map(|it| it.parse().unwrap())
                .collect();
            match (command, numbers.as_slice()) {
                ('M', [to, row]) => (x, y) = (*to, *row),
                ('m', [by, 0]) => x += by,
                ('h', [by]) => {
                    rows.entry(y as u32).or_default().push((x, x + by));
                    x += by;
                }
                _ => panic!("{data}"),
            }
            rest = &rest[end..];
        }
    }
    let length = |mut parts: Vec<(i64, i64)>| {
        parts.sort_unstable();
        let mut end = 0;
        let mut sum = 0;
        for (from, to) in parts {
            sum += (to - from.max(end)).max(0);
            end = end.max(to);
        }
        sum as f64
    };
    rows.into_iter()
        .map(|(y, parts)| (y, length(parts)))
        .collect()
}

#[test]
fn a_page_has_its_own_policy_or_a_nonce() {
    let written = |nonce: Option<&str>| {
        let mut opt = options(|opt| {
            opt.format = Format::Html;
            opt.csp_nonce = nonce.map(str::to_string);
            opt.title = "</title><script>".to_string();
        });
        let mut page = Vec::new();
        flamegraph::from_lines(&mut opt, ["a;b 1"], &mut page).unwrap();
        String::from_utf8(page).unwrap()
    };
    let page = written(None);
    assert!(page.starts_with("<!DOCTYPE html><html"));
    assert!(page.contains("default-src &apos;none&apos;; script-src &apos;sha256-"));
    assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;</title>"));
    assert!(page.ends_with("</svg></main></body></html>"));
    assert!(!page.contains("onload="));
    let page = written(Some("\"r4nd0m"));
    assert!(page.contains("script-src &apos;nonce-&quot;r4nd0m&apos;"));
    assert_eq!(page.matches(" nonce=\"&quot;r4nd0m\"").count(), 2);
}

#[test]
fn sizes_of_any_kind_can_be_drawn() {
    for size in [0, 1, 10, 19, 20, 21, usize::MAX] {
        for direction in [Direction::Straight, Direction::Inverted] {
            let mut opt = options(|opt| {
                opt.image_width = Some(size);
                opt.font_size = size;
                opt.frame_height = size.max(1);
                opt.direction = direction;
            });
            let (root, _) = draw(&mut opt, &["a;b;c 1"]);
            let width = root.by_id("frames").unwrap().attribute("width");
            assert_eq!(width, Some(size.saturating_sub(20).to_string().as_str()));
        }
    }
    for number in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN] {
        let mut opt = options(|opt| {
            opt.font_width = number;
            opt.factor = number;
        });
        assert_eq!(draw(&mut opt, &["a;b;c 1"]).1.len(), 4);
    }
}

/// Stacks of the frames `a` to `d`, with counts.
fn any_stacks() -> impl Strategy<Value = Vec<(Vec<String>, u32)>> {
    let frame = prop::sample::select(vec!["a", "b", "a::b", "c d"]).prop_map(str::to_string);
    let stack = prop::collection::vec(frame, 1..6);
    prop::collection::vec((stack, 0..100u32), 1..30)
}

fn lines_of(stacks: &[(Vec<String>, u32)]) -> Vec<String> {
    let line = |(stack, count): &(Vec<String>, u32)| format!("{} {count}", stack.join(";"));
    stacks.iter().map(line).collect()
}

proptest! {
    /// Sorted lines take a faster path than others.
    #[test]
    fn the_order_of_lines_does_not_matter(
        mut lines in prop::collection::vec("[a!;]{1,4}([ \t]?[a1;]){0,3} [1-9]", 1..16),
        min_width in prop::sample::select(vec![0.0, 0.01, 20.0]),
        no_javascript: bool,
    ) {
        let mut options = Options::default();
        options.deterministic = true;
        options.min_width = min_width;
        options.no_javascript = no_javascript;
        let mut draw = |lines: &[String]| {
            let mut svg = Vec::new();
            let lines = lines.iter().map(String::as_str);
            let drawn = flamegraph::from_lines(&mut options, lines, &mut svg);
            (drawn.map_err(|error| error.to_string()), svg)
        };
        let any_order = draw(&lines);
        lines.sort();
        prop_assert!(draw(&lines) == any_order);
    }

    /// The widths equal a naive sum over all prefixes of all stacks.
    #[test]
    fn widths_are_sums_of_counts(stacks in any_stacks()) {
        let mut expected: BTreeMap<&[String], u32> = BTreeMap::new();
        for (stack, count) in &stacks {
            for depth in 0..=stack.len() {
                *expected.entry(&stack[..depth]).or_default() += count;
            }
        }
        expected.retain(|_, count| *count > 0);
        prop_assume!(!expected.is_empty());
        let mut widths: Vec<(usize, String, u32)> = expected
            .iter()
            .map(|(stack, count)| {
                let name = stack.last().map_or("all", String::as_str);
                (stack.len(), name.to_string(), *count)
            })
            .collect();
        widths.sort();
        let mut drawn: Vec<_> = frames_by_depth(&stacks, false)
            .into_iter()
            .map(|(depth, frame)| (depth, frame.label, frame.count as u32))
            .collect();
        drawn.sort();
        prop_assert_eq!(drawn, widths);
    }

    #[test]
    fn callees_are_within_their_caller_and_do_not_overlap(
        stacks in any_stacks(),
        flame_chart: bool,
    ) {
        prop_assume!(stacks.iter().any(|(_, count)| *count > 0));
        let mut callers: Vec<Frame> = Vec::new();
        for (depth, frame) in frames_by_depth(&stacks, flame_chart) {
            // A frame comes after its caller and its caller's earlier callees.
            if let Some(earlier) = callers.get(depth) {
                prop_assert!(earlier.start + earlier.count <= frame.start);
            }
            callers.truncate(depth);
            if let Some(caller) = callers.last() {
                prop_assert!(caller.start <= frame.start);
                prop_assert!(frame.start + frame.count <= caller.start + caller.count);
            }
            callers.push(frame);
        }
    }
}

/// All frames in document order, with labels that are not truncated.
fn frames_by_depth(stacks: &[(Vec<String>, u32)], flame_chart: bool) -> Vec<(usize, Frame)> {
    let mut opt = options(|opt| {
        opt.font_size = 0;
        opt.image_width = Some(1_000_000);
        opt.flame_chart = flame_chart;
        opt.direction = Direction::Inverted;
    });
    let lines = lines_of(stacks);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let (_, frames) = draw(&mut opt, &lines);
    let top = frames[0].y;
    let with_depth = |frame: Frame| ((frame.y - top) as usize / 16, frame);
    frames.into_iter().map(with_depth).collect()
}

#[cfg(feature = "cli")]
mod tool {
    //! Runs `inferno-flamegraph` as a process.

    use super::xml;
    use std::fs;
    use std::io::Write;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    fn command(directory: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inferno-flamegraph"));
        command.current_dir(directory).env_remove("RUST_LOG");
        command.args(args);
        command
    }

    fn run(directory: &Path, args: &[&str], input: &[u8]) -> Output {
        let mut command = command(directory, args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The tool may exit before reading everything.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn golden_cases() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/flamegraph");
        let mut failed = Vec::new();
        for case in fs::read_dir(cases).unwrap() {
            let case = case.unwrap().path();
            if let Err(difference) = check_case(&case) {
                failed.push(format!("{}: {difference}", case.display()));
            }
        }
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }

    fn check_case(case: &Path) -> Result<(), String> {
        let directory = tempfile::tempdir().unwrap();
        for file in fs::read_dir(case).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
        }
        let args = fs::read_to_string(case.join("args")).unwrap();
        let mut args: Vec<&str> = args.lines().collect();
        // These cases do not cover the viewer's script and style.
        args.extend(["--no-javascript", "--pretty-xml", "input.folded"]);
        let output = run(directory.path(), &args, b"");
        let svg = text(&output.stdout);
        xml::parse(&svg)?;
        check_file(case, "expected.svg", &without_style(&svg))?;
        check_file(case, "expected.stderr", &text(&output.stderr))?;
        let map = fs::read_to_string(directory.path().join("palette.map"));
        check_file(case, "expected.palette.map", &map.unwrap_or_default())
    }

    /// Compares with a file of the case, which may be missing if it would be empty.
    fn check_file(case: &Path, name: &str, found: &str) -> Result<(), String> {
        let path = case.join(name);
        if std::env::var_os("BLESS").is_some() && !found.is_empty() {
            fs::write(&path, found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected == found {
            return Ok(());
        }
        let lines = expected.lines().zip(found.lines());
        let different = lines
            .into_iter()
            .find(|(expected, found)| expected != found);
        Err(format!("{name} differs: {different:#?}"))
    }

    fn without_style(svg: &str) -> String {
        let (start, end) = (svg.find("<style"), svg.find("</style>"));
        let (start, end) = (start.unwrap_or(svg.len()), end.unwrap_or(svg.len()));
        svg[..start].to_string() + &svg[end..]
    }

    #[test]
    fn errors_are_one_line_with_program_and_path() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("empty"), "").unwrap();
        fs::write(directory.path().join("ok"), "a 1\n").unwrap();
        for (args, message) in [
            (&["missing"][..], "missing: No such file or directory"),
            (&["empty"], "empty: No stack counts found"),
            (&["ok", "--base", "b"], "ok: No stack has the base `b`"),
            (
                &["ok", "--nameattr", "none"],
                "none: No such file or directory",
            ),
            (
                &["ok", "-o", "no/file"],
                "no/file: No such file or directory",
            ),
        ] {
            let output = run(directory.path(), args, b"");
            let stderr = text(&output.stderr);
            let expected = format!("inferno-flamegraph: error: {message}");
            assert!(stderr.starts_with(&expected), "{stderr}");
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
            assert_eq!(output.status.code(), Some(1), "{args:?}");
        }
        let unsorted = run(directory.path(), &["--no-sort"], b"b 1\na 1\n");
        let message = "inferno-flamegraph: error: standard input: unsorted input lines detected\n";
        assert_eq!(text(&unsorted.stderr), message);
    }

    #[test]
    fn wrong_usage_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        for (args, message) in [
            (
                &["--height", "0"][..],
                "invalid value '0' for '--height <UINT>': expected a whole number from 1 to 1000000",
            ),
            (
                &["--colors", "pink"],
                "invalid value 'pink' for '--colors <STRING>'",
            ),
            (
                &["--bgcolors", "pink"],
                "invalid value 'pink' for '--bgcolors <STRING>': \
                 expected `yellow`, `blue`, `green`, `grey`, or a color as `#rrggbb`",
            ),
            (
                &["--uicolor", "red"],
                "invalid value 'red' for '--uicolor <#RRGGBB>': \
                 expected a color as `#rrggbb`",
            ),
        ] {
            let output = run(directory.path(), args, b"a 1\n");
            let first_line = text(&output.stderr).lines().next().unwrap().to_string();
            assert_eq!(first_line, format!("error: {message}"));
            assert_eq!(output.status.code(), Some(2));
            assert!(output.stdout.is_empty());
        }
    }

    #[test]
    fn standard_input_is_the_default_and_read_once() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "b 2\n").unwrap();
        for (args, total) in [(&[][..], "1"), (&["-"], "1"), (&["-", "file", "-"], "3")] {
            let output = run(directory.path(), args, b"a 1\n");
            let root = xml::parse(&text(&output.stdout)).unwrap();
            let frames = root.by_id("frames").unwrap();
            assert_eq!(frames.attribute("total_samples"), Some(total), "{args:?}");
        }
    }

    #[test]
    fn an_output_file_is_written_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("out.svg");
        fs::write(&file, "old").unwrap();
        assert!(
            !run(directory.path(), &["-o", "out.svg"], b"")
                .status
                .success()
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        let output = run(directory.path(), &["--output=out.svg"], b"a 1\n");
        assert!(output.status.success() && output.stdout.is_empty());
        assert!(xml::parse(&fs::read_to_string(&file).unwrap()).is_ok());
    }

    #[test]
    fn a_closed_output_pipe_is_not_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let mut command = command(directory.path(), &[]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let folded: String = (0..5000).map(|number| format!("f{number} 1\n")).collect();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(folded.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (text(&output.stderr), output.status.code()),
            (String::new(), Some(0))
        );
    }
}

#[test]
fn the_modern_theme_colors_by_module() {
    let lines = [
        "main;alloc::f 5",
        "main;alloc::f;alloc::g;a::very::long::path::of::function 1",
        "main;core::h 2",
        "other;alloc::f 3",
    ];
    let mut options = Options::default();
    options.theme = Theme::Modern;
    let (root, frames) = draw(&mut options, &lines);
    let fills = |name: &str| -> Vec<&str> {
        let named = frames.iter().filter(|frame| frame.title.starts_with(name));
        named.map(|frame| frame.fill.as_str()).collect()
    };
    let once = fills("alloc::f ");
    assert_eq!(once[0], once[1]);
    assert_ne!(fills("core::h ")[0], once[0]);
    let label = |name: &str| {
        let frame = frames.iter().find(|frame| frame.title.starts_with(name));
        frame.map(|frame| frame.label.as_str())
    };
    assert_eq!(label("a::very"), Some("\u{2026}::function"));
    let style = |root: &xml::Element| root.child("style").unwrap().text.clone();
    assert!(style(&root).contains("prefers-color-scheme"));
    assert_eq!(root.attribute("class"), Some("modern gaps"));
    options.stroke_color = "#010203".parse().unwrap();
    let (outlined, _) = draw(&mut options, &lines);
    assert_eq!(outlined.attribute("class"), Some("modern"));
    let (classic, _) = draw(&mut Options::default(), &lines);
    assert!(!style(&classic).contains("prefers-color-scheme"));
}
