//! Tests of flame graphs as PNG and PDF. On a machine without fonts, the error is tested instead.

#![cfg(all(feature = "cli", feature = "picture"))]

use resvg::tiny_skia::Pixmap;
use std::process::{Command, Output};

use crate::support::run::{assert_fails, run, stderr, stdout};

const FLAMEGRAPH: &str = env!("CARGO_BIN_EXE_inferno-flamegraph");
const STACKS: &[u8] = b"main;parse;read 3\nmain;draw 2\n";
const NO_FONTS: &str = "inferno-flamegraph: error: no fonts found: the text of a picture needs one, \
                        so install a font such as DejaVu Sans Mono\n";

/// The picture; `None` on a machine without fonts.
#[track_caller]
fn draw(flags: &str, stacks: &[u8]) -> Option<Vec<u8>> {
    let flags: Vec<&str> = flags.split(' ').collect();
    let output = run(FLAMEGRAPH, &flags, stacks);
    if stderr(&output) == NO_FONTS {
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        return None;
    }
    assert_eq!(stderr(&output), "");
    assert!(output.status.success());
    Some(output.stdout)
}

fn decode(png: &[u8]) -> Pixmap {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    Pixmap::decode_png(png).expect("a PNG")
}

/// The color of a pixel, as an SVG has it.
fn color_at(picture: &Pixmap, x: u32, y: u32) -> String {
    let color = picture.pixel(x, y).expect("a pixel");
    format!("rgb({},{},{})", color.red(), color.green(), color.blue())
}

/// The color of a frame in the SVG.
fn color_of(name: &str, svg: &str) -> String {
    let (_, frame) = svg.split_once(&format!("<title>{name} (")).expect(name);
    let (_, fill) = frame.split_once("fill=\"").expect("a color");
    fill.split('"').next().expect("its end").to_string()
}

#[test]
fn a_png_has_the_colors_of_the_svg() {
    let Some(png) = draw("--format png --width 520", STACKS) else {
        return;
    };
    let picture = decode(&png);
    assert_eq!((picture.width(), picture.height()), (520, 4 * 16 + 36 + 34));
    let svg = stdout(&run(FLAMEGRAPH, &["--width", "520"], STACKS));
    // Frames are 100 pixels wide per sample, and `draw` comes before `parse`.
    let right_end_of = |frame: &str, x, row: u32| {
        let y = 36 + 16 * row + 8;
        assert_eq!(color_at(&picture, x, y), color_of(frame, &svg), "{frame}");
    };
    right_end_of("read", 505, 0);
    right_end_of("draw", 205, 1);
    right_end_of("parse", 505, 1);
    right_end_of("main", 505, 2);
    // There is nothing above `draw`.
    assert_ne!(color_at(&picture, 205, 36 + 8), color_of("draw", &svg));
}

#[test]
fn a_scaled_png_has_more_pixels() {
    let Some(png) = draw("--format png --width 520 --scale 2.5", STACKS) else {
        return;
    };
    let picture = decode(&png);
    assert_eq!((picture.width(), picture.height()), (1300, 335));
}

#[test]
fn a_picture_has_labels_and_no_buttons() {
    let Some(png) = draw("--format png --width 520", STACKS) else {
        return;
    };
    let picture = decode(&png);
    // The strokes of some fonts are thinner than a pixel, and so not entirely black.
    let is_text = |x: u32, y: u32| {
        let color = picture.pixel(x, y).expect("a pixel");
        color.red().max(color.green()).max(color.blue()) < 120
    };
    let has_text =
        |from: u32, to: u32, row: u32| (from..to).any(|x| (row..row + 14).any(|y| is_text(x, y)));
    // The label of the root, the title, and the corners where the viewer has its buttons.
    assert!(has_text(10, 40, 36 + 3 * 16 + 1));
    assert!(has_text(200, 320, 12));
    assert!(!has_text(0, 190, 10) && !has_text(330, 520, 10));
    assert!(!has_text(0, 520, 36 + 4 * 16 + 4));
}

#[test]
fn a_pdf_has_a_page_of_text() {
    let Some(pdf) = draw("--format pdf --width 520", STACKS) else {
        return;
    };
    let has = |bytes: &[u8]| pdf.windows(bytes.len()).any(|part| part == bytes);
    assert!(pdf.starts_with(b"%PDF-1."));
    assert!(has(b"/MediaBox [0 0 520 134]"));
    assert!(has(b"/Type /Font") && has(b"/ToUnicode"));
}

#[test]
fn a_pdf_of_any_size_can_be_shown() {
    let Some(pdf) = draw("--format pdf --height 1000000 --width 1000000", STACKS) else {
        return;
    };
    let text = String::from_utf8_lossy(&pdf);
    let (_, size) = text.split_once("/MediaBox [0 0 ").expect("a page");
    let size = size.split(']').next().expect("its end");
    let size: Vec<f32> = size
        .split(' ')
        .map(|length| length.parse().unwrap())
        .collect();
    assert!(size[0] < 14_400.0 && size[1] <= 14_400.0, "{size:?}");
}

#[test]
fn a_graph_too_large_for_a_png_is_an_error() {
    let output = |flags: &[&str]| run(FLAMEGRAPH, &[&["--format", "png"], flags].concat(), STACKS);
    if stderr(&output(&[])) == NO_FONTS {
        return;
    }
    for (flags, size) in [
        (&["--height", "1000000"][..], "1200 x 4000070"),
        (&["--scale", "1000"], "1200000 x 134000"),
        (
            &["--width", "1000000", "--fontsize", "100000"],
            "1000000 x 500074",
        ),
    ] {
        let message = format!(
            "inferno-flamegraph: error: a PNG of {size} pixels is too large: expected at most 134217728 pixels\n"
        );
        assert_fails(&output(flags), &message);
    }
}

#[test]
fn a_missing_character_is_reported_once() {
    // A noncharacter, which no font has.
    let stacks = "a;\u{10fffe} 1\nb;\u{10fffe}\u{10fffe} 1\n".as_bytes();
    let output = run(FLAMEGRAPH, &["--format", "png"], stacks);
    if stderr(&output) != NO_FONTS {
        let message = "inferno-flamegraph: warning: no font has some characters, such as U+10FFFE: \
                       boxes are drawn instead\n";
        assert_eq!(stderr(&output), message);
        decode(&output.stdout);
    }
}

#[test]
fn an_empty_profile_is_an_error() {
    let output = run(FLAMEGRAPH, &["--format", "png"], b"");
    assert_fails(
        &output,
        "inferno-flamegraph: error: standard input: No stack counts found\n",
    );
}

#[test]
fn only_a_png_has_a_scale() {
    let output = run(FLAMEGRAPH, &["--scale", "2"], STACKS);
    assert!(stderr(&output).contains("--scale requires --format png"));
    assert_eq!(output.status.code(), Some(2));
}

/// Fontconfig's variable, which is for Linux.
#[cfg(target_os = "linux")]
#[test]
fn without_fonts_there_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("a.folded"), STACKS).unwrap();
    let fonts = "<?xml version=\"1.0\"?><fontconfig><dir>/nowhere</dir></fontconfig>";
    std::fs::write(path("fonts.conf"), fonts).unwrap();
    for format in ["png", "pdf"] {
        let output: Output = Command::new(FLAMEGRAPH)
            .args(["--format", format, "a.folded", "-o", "a.png"])
            .current_dir(directory.path())
            .env("FONTCONFIG_FILE", path("fonts.conf"))
            .output()
            .unwrap();
        assert_fails(&output, NO_FONTS);
        assert!(!path("a.png").exists());
    }
}
