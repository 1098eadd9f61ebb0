//! The style sheet of the SVG, and the options passed to the viewer's script.

use super::color::{DARK, LIGHT, StrokeColor, css, palette};
use super::geometry::X_PAD;
use super::{Options, TextTruncateDirection, defaults};
use std::fmt::Write;

/// The viewer, made by tests/browser/minify.mjs of the files in `viewer`, as are the style sheets. It is packed, after
/// a script that unpacks it.
const VIEWER: &str = include_str!("viewer.min.js");

/// Styles of the parts that pictures have, too.
const STYLE: &str = include_str!("graph.min.css");

/// Frames that are painted together have transparent elements, which get no outline.
const OUTLINES: &str = ".outlines #frames > * > rect { stroke:#555; stroke-width:0.5; stroke-opacity:0.6; }\n\
     .outlines #frames > * > rect[fill-opacity] { stroke:none; }\n";

/// Styles of the modern theme: gaps between frames.
const MODERN: &str = include_str!("viewer/modern.css");

/// Styles of the modern theme where the system is dark, without the script.
const DARK_STYLE: &str = include_str!("viewer/modern-dark.css");

const VIEWER_STYLE: &str = include_str!("viewer.min.css");

/// The style sheet. With `has_outlines`, adjacent frames of the same color can be told apart.
pub(super) fn style_sheet(opt: &Options<'_>, has_outlines: bool) -> String {
    let family = match opt.is_modern() && opt.font_type == defaults::FONT_TYPE {
        true => "system-ui, sans-serif".to_string(),
        false => font_family(&opt.font_type),
    };
    let (size, title_size) = (opt.font_size, opt.font_size.saturating_add(5));
    let mut style = format!(
        "\ntext {{ font-family:{family}; font-size:{size}px }}\n\
         #title {{ text-anchor:middle; font-size:{title_size}px; }}\n"
    );
    if has_outlines {
        style += OUTLINES;
        let size = size.saturating_sub(1).max(1);
        style += &format!("#legend text {{ font-size:{size}px }}\n");
    }
    if let StrokeColor::Color(color) = opt.stroke_color {
        let color = css(color);
        style += &format!("#frames > * > rect {{ stroke:{color}; stroke-width:1; }}\n");
    }
    style += STYLE;
    if opt.is_modern() {
        style += MODERN;
        if !opt.is_picture() {
            push_dark_style(&mut style);
        }
    }
    if !opt.is_picture() {
        style += VIEWER_STYLE;
    }
    style
}

/// Appends rules for images without the script, which follow the color scheme of the system: each light color
/// becomes the corresponding dark one.
fn push_dark_style(style: &mut String) {
    style.push_str("@media (prefers-color-scheme: dark) {\n");
    style.push_str(DARK_STYLE);
    for (light, dark) in palette(LIGHT).into_iter().zip(palette(DARK)) {
        let (light, dark) = (css(light), css(dark));
        // Writing into a String does not fail.
        let _ = writeln!(
            style,
            ".modern:not(.live) [fill=\"{light}\"] {{ fill: {dark} }}"
        );
    }
    style.push_str("}\n");
}

/// The SHA-256 hash, in base 64, of the viewer when it is unpacked. It becomes a script of its own.
pub(super) fn viewer_hash() -> &'static str {
    let last_line = VIEWER.lines().last().unwrap_or_default();
    last_line.split(' ').nth(1).unwrap_or_default()
}

/// Appends the script of the viewer.
pub(super) fn push_viewer(script: &mut String) {
    script.push('\n');
    script.push_str(VIEWER);
}

/// The variables that initialize the viewer.
pub(super) fn script_variables(opt: &Options<'_>) -> String {
    let truncate_right = opt.text_truncate_direction == TextTruncateDirection::Right;
    let variables = [
        ("nametype", js_string(&opt.name_type)),
        ("fontsize", opt.font_size.to_string()),
        ("fontwidth", js_number(opt.font_width)),
        ("xpad", X_PAD.to_string()),
        ("inverted", opt.is_inverted().to_string()),
        ("searchcolor", js_string(&opt.search_color.to_string())),
        ("fluiddrawing", opt.image_width.is_none().to_string()),
        ("truncate_text_right", truncate_right.to_string()),
    ];
    let mut script = "\n".to_string();
    for (name, value) in variables {
        script += &format!("        var {name} = {value};\n");
    }
    script + "    "
}

/// A font family name, quoted unless it is a generic family.
fn font_family(font_type: &str) -> String {
    const GENERIC: [&str; 5] = ["cursive", "fantasy", "monospace", "serif", "sans-serif"];
    if GENERIC.contains(&font_type) {
        return font_type.to_string();
    }
    let mut quoted = "\"".to_string();
    for character in font_type.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' | '\r' | '\u{c}' => quoted.push(' '),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// A string literal that cannot end its line, a CDATA section, or an HTML script element.
fn js_string(text: &str) -> String {
    let mut literal = "'".to_string();
    for character in text.chars() {
        match character {
            '\'' | '\\' => literal.extend(['\\', character]),
            '<' | ']' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing into a String does not fail.
                let _ = write!(literal, "\\u{:04x}", u32::from(character));
            }
            other => literal.push(other),
        }
    }
    literal + "'"
}

pub(super) fn js_number(number: f64) -> String {
    match number.is_finite() {
        true => number.to_string(),
        false => "0".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_for_links_too() {
        let color = "#010203".parse().unwrap();
        let opt = Options {
            stroke_color: color,
            ..Options::default()
        };
        let rule = "#frames > * > rect { stroke:rgb(1,2,3); stroke-width:1; }";
        assert!(style_sheet(&opt, false).contains(rule));
        assert!(!style_sheet(&Options::default(), false).contains("stroke-width:1;"));
    }

    #[test]
    fn families_are_quoted_unless_generic() {
        for generic in ["cursive", "fantasy", "monospace", "serif", "sans-serif"] {
            assert_eq!(font_family(generic), generic);
        }
        assert_eq!(font_family("Andale Mono"), "\"Andale Mono\"");
        assert_eq!(font_family("a\"b\\c\n"), "\"a\\\"b\\\\c \"");
    }

    #[test]
    fn strings_cannot_end_what_they_are_in() {
        assert_eq!(js_string("Function:"), "'Function:'");
        assert_eq!(js_string("a'b\\c"), r"'a\'b\\c'");
        assert_eq!(
            js_string("\n]]></script>\u{2028}"),
            r"'\u000a\u005d\u005d>\u003c/script>\u2028'"
        );
    }

    #[test]
    fn the_viewer_can_be_embedded() {
        let mut viewer = String::new();
        push_viewer(&mut viewer);
        assert!(!viewer.contains("]]>"));
        assert!(!viewer.contains("</script"));
    }
}
