//! Detects attributes that could run a script when the image is opened, hovered over or clicked.
//!
//! An image may be inlined in HTML, where names are case-insensitive, so case is ignored here.

use std::borrow::Cow;

/// Whether an attribute is an event handler, or its value runs as a script.
pub(super) fn could_run(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let local = name.rsplit(':').next().unwrap_or_default();
    if local.starts_with("on") || local == "srcdoc" {
        return true;
    }
    if name.starts_with("aria-") || name.starts_with("data-") {
        return false;
    }
    let value = with_references(value);
    [bare(&value), bare(&without_css_escapes(&value))]
        .iter()
        .any(|value| match local {
            "href" => starts_script(value),
            "id" | "class" => mentions_script(value),
            "style" => mentions_script(value) || is_active_style(value),
            _ => mentions_script(value) || starts_script(value),
        })
}

const SCHEMES: [&str; 3] = ["javascript:", "vbscript:", "livescript:"];

fn starts_script(value: &str) -> bool {
    value.starts_with("data:") || SCHEMES.iter().any(|scheme| value.starts_with(scheme))
}

fn mentions_script(value: &str) -> bool {
    let is_data = |address: &str| address.trim_start_matches(['"', '\'']).starts_with("data:");
    SCHEMES.iter().any(|scheme| value.contains(scheme)) || value.split("url(").skip(1).any(is_data)
}

/// Features of style sheets that ran scripts in old browsers.
fn is_active_style(value: &str) -> bool {
    ["expression(", "-moz-binding:", "behavior:url(", "@import"]
        .iter()
        .any(|active| value.contains(active))
}

/// In lower case, without characters that browsers ignore in URLs: whitespace and control
/// characters.
fn bare(value: &str) -> String {
    let is_ignored =
        |c: &char| c.is_whitespace() || c.is_control() || "\u{feff}\u{200b}\u{ad}".contains(*c);
    value
        .chars()
        .filter(|c| !is_ignored(c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Decodes references such as `&#58;`, `&#x3a;` and `&colon;`. They are escaped again in the image,
/// but may not be when copied from it.
fn with_references(value: &str) -> Cow<'_, str> {
    let Some(start) = value.find('&') else {
        return Cow::Borrowed(value);
    };
    let (mut text, mut rest) = (value[..start].to_string(), &value[start..]);
    while !rest.is_empty() {
        let (character, after) = first_character(rest);
        text.extend(character);
        rest = after;
    }
    Cow::Owned(text)
}

/// The character that a text starts with, or refers to, and the rest.
fn first_character(text: &str) -> (Option<char>, &str) {
    let reference = text
        .strip_prefix('&')
        .and_then(|reference| numeric_reference(reference).or_else(|| named_reference(reference)));
    reference.unwrap_or_else(|| {
        let mut characters = text.chars();
        (characters.next(), characters.as_str())
    })
}

fn numeric_reference(text: &str) -> Option<(Option<char>, &str)> {
    let number = text.strip_prefix('#')?;
    let (radix, digits) = match number.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, number),
    };
    let end = digits
        .find(|c: char| !c.is_digit(radix))
        .unwrap_or(digits.len());
    let code = u32::from_str_radix(&digits[..end], radix).ok()?;
    let rest = &digits[end..];
    Some((char::from_u32(code), rest.strip_prefix(';').unwrap_or(rest)))
}

fn named_reference(text: &str) -> Option<(Option<char>, &str)> {
    let (name, rest) = text.split_once(';')?;
    let character = match name {
        "colon" => ':',
        "lpar" => '(',
        "Tab" | "NewLine" => ' ',
        _ => return None,
    };
    Some((Some(character), rest))
}

/// Removes comments, and decodes escapes such as `\6a` and `\j`.
fn without_css_escapes(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '/']) {
        text.push_str(&rest[..at]);
        let is_escape = rest[at..].starts_with('\\');
        let after = &rest[at + 1..];
        rest = match (is_escape, after.strip_prefix('*')) {
            (true, _) => css_escape(after, &mut text),
            (false, Some(comment)) => comment.split_once("*/").map_or("", |(_, rest)| rest),
            (false, None) => {
                text.push('/');
                after
            }
        };
    }
    text + rest
}

/// Appends the escaped character, and returns the text after the escape.
fn css_escape<'t>(escape: &'t str, text: &mut String) -> &'t str {
    let digits = escape
        .bytes()
        .take(6)
        .take_while(u8::is_ascii_hexdigit)
        .count();
    let rest = &escape[digits..];
    match u32::from_str_radix(&escape[..digits], 16) {
        Ok(code) => {
            text.extend(char::from_u32(code));
            rest.strip_prefix(char::is_whitespace).unwrap_or(rest)
        }
        // The character is literal, and does not start another escape or comment.
        Err(_) => rest.strip_prefix(['\\', '/']).unwrap_or(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_handlers_could_run() {
        for name in [
            "onclick",
            "ONLOAD",
            "onfocusin",
            "xlink:onclick",
            "On",
            "srcdoc",
        ] {
            assert!(could_run(name, "x"), "{name}");
        }
        for name in ["icon", "data-on", "aria-on", "font"] {
            assert!(!could_run(name, "x"), "{name}");
        }
    }

    #[test]
    fn addresses_could_run_in_any_spelling() {
        for address in [
            "javascript:alert(1)",
            "vbscript:alert(1)",
            "livescript:alert(1)",
            "JavaScript:alert(1)",
            " java\u{1}script:alert(1)",
            "\u{a0}javascript\u{2003}:alert(1)",
            "java\tscript\n:x",
            "\u{feff}javascript:x",
            "javascript&#58;x",
            "javascript&#x3A;x",
            "javascript&#0000058x",
            "javascript&colon;x",
            "java&Tab;script&NewLine;:x",
            "&#106;&#97;vascript:x",
            "data:text/html,<script>",
            "vbscript:x",
            "LiveScript:x",
        ] {
            for name in [
                "href",
                "xlink:href",
                "HREF",
                "formaction",
                "xml:base",
                "src",
                "style",
            ] {
                let is_plain_data = name == "style" && address.starts_with("data:");
                assert_eq!(could_run(name, address), !is_plain_data, "{name}={address}");
            }
        }
    }

    #[test]
    fn styles_could_run() {
        for style in [
            "background:url(javascript:x)",
            "fill: url( 'JAVASCRIPT:x' )",
            "fill:ur\\6c(\\6a avascript:x)",
            "fill:url(java/**/script:x)",
            "fill:url(ja\\vascript:x)",
            "fill:url(\"data:image/svg+xml,x\")",
            "width:expression(alert(1))",
            "width:exp/* */ression(alert(1))",
            "-moz-binding:url(x)",
            "behavior: url(x.htc)",
            "behavior:url&lpar;x.htc&#41;",
            "@import 'x'",
        ] {
            assert!(could_run("style", style), "{style}");
        }
        assert!(could_run("fill", "url(javascript:x)"));
        assert!(could_run("filter", "url('data:x')"));
    }

    #[test]
    fn harmless_attributes_are_kept() {
        for (name, value) in [
            ("href", "https://example.org/?next=javascript:x&data:"),
            ("href", "/javascript:/"),
            ("href", "#data:"),
            ("href", "src/data.c:12"),
            ("href", "vscode://file/a.rs:1"),
            ("href", "a&b;c&#;d&"),
            ("title", "on click"),
            ("class", "data:flow on"),
            ("id", "javascript"),
            ("target", "_blank"),
            ("aria-label", "JavaScript: the parser"),
            ("data-kind", "data:"),
            (
                "style",
                "fill:url(#background); scroll-behavior:smooth; content:\"\\201c\"",
            ),
            ("stroke-dasharray", "1 2/3"),
        ] {
            assert!(!could_run(name, value), "{name}={value}");
        }
    }
}
