//! A small writer of XML: elements, attributes, text. It writes well-formed XML whatever the
//! strings hold.
//!
//! What XML has no way to hold, control characters and the like, becomes U+FFFD.

/// An XML document that is being written, in memory until it is [taken](Xml::take).
#[derive(Debug, Default)]
pub(super) struct Xml {
    out: Vec<u8>,
    is_pretty: bool,
    open: Vec<Open>,
    /// Whether the start tag of the innermost element still takes attributes.
    is_in_tag: bool,
}

#[derive(Debug)]
struct Open {
    name: &'static str,
    has_children: bool,
}

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

impl Xml {
    /// A `pretty` document has each element on a line of its own.
    pub fn new(is_pretty: bool) -> Xml {
        Xml {
            is_pretty,
            ..Xml::default()
        }
    }

    /// How many bytes there are to take.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// What was written since the last time, to be cleared by the caller.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Opens an element within the innermost open one.
    pub fn start(&mut self, name: &'static str) {
        self.start_child();
        self.open.push(Open {
            name,
            has_children: false,
        });
        self.out.push(b'<');
        self.out.extend_from_slice(name.as_bytes());
        self.is_in_tag = true;
    }

    /// Closes the innermost element.
    pub fn end(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        if self.is_in_tag {
            self.out.extend_from_slice(b"/>");
            self.is_in_tag = false;
            return;
        }
        if element.has_children {
            self.break_line();
        }
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(element.name.as_bytes());
        self.out.push(b'>');
    }

    /// Adds an attribute to the element just started.
    pub fn attr(&mut self, name: &str, value: &str) {
        self.attr_with(name, |out| escape(out, value, is_special_in_attribute));
    }

    /// Adds an attribute whose value, written by `push`, needs no escaping.
    pub fn attr_with(&mut self, name: &str, push: impl FnOnce(&mut Vec<u8>)) {
        debug_assert!(self.is_in_tag, "attributes come first");
        self.out.push(b' ');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"=\"");
        push(&mut self.out);
        self.out.push(b'"');
    }

    /// Adds text to the innermost element.
    pub fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.text_with(|out| escape(out, text, is_special_in_text));
        }
    }

    /// Adds text, written by `push`, that needs no escaping.
    pub fn text_with(&mut self, push: impl FnOnce(&mut Vec<u8>)) {
        self.finish_tag();
        push(&mut self.out);
    }

    /// Writes what is no element, `<?xml?>` for one, as it is.
    pub fn raw(&mut self, markup: &str) {
        self.start_child();
        self.out.extend_from_slice(markup.as_bytes());
    }

    /// Writes a comment. Dashes that would end it are set apart.
    pub fn comment(&mut self, text: &str) {
        self.start_child();
        self.out.extend_from_slice(b"<!--");
        let mut text = text.replace("--", "- -").replace("--", "- -");
        if text.ends_with('-') {
            text.push(' ');
        }
        escape(&mut self.out, &text, is_special_in_attribute);
        self.out.extend_from_slice(b"-->");
    }

    /// Writes a section whose text is not escaped, fit for scripts.
    pub fn cdata(&mut self, text: &str) {
        self.finish_tag();
        self.out.extend_from_slice(b"<![CDATA[");
        let text = text.replace("]]>", "]]]]><![CDATA[>");
        escape(&mut self.out, &text, |_| None);
        self.out.extend_from_slice(b"]]>");
    }

    fn start_child(&mut self) {
        self.finish_tag();
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        if !self.out.is_empty() || !self.open.is_empty() {
            self.break_line();
        }
    }

    fn finish_tag(&mut self) {
        if self.is_in_tag {
            self.out.push(b'>');
            self.is_in_tag = false;
        }
    }

    fn break_line(&mut self) {
        if self.is_pretty {
            self.out.push(b'\n');
            for _ in &self.open {
                self.out.extend_from_slice(b"    ");
            }
        }
    }
}

fn is_special_in_text(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#13;"),
        _ => None,
    }
}

fn is_special_in_attribute(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'"' => Some(b"&quot;"),
        b'\'' => Some(b"&apos;"),
        b'\t' => Some(b"&#9;"),
        b'\n' => Some(b"&#10;"),
        _ => is_special_in_text(byte),
    }
}

/// Copies `text` with what `special` gives for some ASCII characters, and U+FFFD for what may
/// not be in XML at all.
#[inline]
fn escape(out: &mut Vec<u8>, text: &str, special: impl Fn(u8) -> Option<&'static [u8]>) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let length = illegal_length(&bytes[at..]);
        let replacement = match length {
            0 => special(bytes[at]),
            _ => Some(REPLACEMENT),
        };
        if let Some(replacement) = replacement {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(replacement);
            copied = at + length.max(1);
        }
        at += length.max(1);
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// The length of the character that `text` starts with if XML may not hold it, else 0.
fn illegal_length(text: &[u8]) -> usize {
    match text {
        [0..=8 | 11..=12 | 14..=31, ..] => 1,
        // U+FFFE and U+FFFF.
        [0xef, 0xbf, 0xbe | 0xbf, ..] => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(is_pretty: bool, write: impl FnOnce(&mut Xml)) -> String {
        let mut xml = Xml::new(is_pretty);
        write(&mut xml);
        String::from_utf8(xml.out).unwrap()
    }

    fn small(xml: &mut Xml) {
        xml.raw("<?xml?>");
        xml.start("a");
        xml.attr("x", "1");
        xml.start("b");
        xml.end();
        xml.start("c");
        xml.text("text");
        xml.end();
        xml.end();
    }

    #[test]
    fn elements_nest() {
        assert_eq!(
            written(false, small),
            r#"<?xml?><a x="1"><b/><c>text</c></a>"#
        );
    }

    #[test]
    fn pretty_elements_have_a_line_each() {
        let expected = "<?xml?>\n<a x=\"1\">\n    <b/>\n    <c>text</c>\n</a>";
        assert_eq!(written(true, small), expected);
    }

    #[test]
    fn markup_in_strings_is_escaped() {
        let xml = written(false, |xml| {
            xml.start("a");
            xml.attr("x", "<&>\"'\t\n");
            xml.text("<&>\"'\r");
            xml.end();
        });
        let attribute = "&lt;&amp;&gt;&quot;&apos;&#9;&#10;";
        assert_eq!(
            xml,
            format!("<a x=\"{attribute}\">&lt;&amp;&gt;\"'&#13;</a>")
        );
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let xml = written(false, |xml| {
            xml.start("a");
            xml.text("\0x\u{1f}\u{7f}\u{fffe}\u{ffff}\u{fffd}\u{10ffff}\t\n");
            xml.end();
        });
        assert_eq!(
            xml,
            "<a>\u{fffd}x\u{fffd}\u{7f}\u{fffd}\u{fffd}\u{fffd}\u{10ffff}\t\n</a>"
        );
    }

    #[test]
    fn a_comment_cannot_be_ended_from_within() {
        let comment = |text: &str| written(false, |xml| xml.comment(text));
        assert_eq!(comment("a -- b"), "<!--a - - b-->");
        assert_eq!(comment("----"), "<!--- - - - -->");
        assert_eq!(comment("-->"), "<!--- -&gt;-->");
        assert_eq!(comment("\u{1}"), "<!--\u{fffd}-->");
    }

    #[test]
    fn cdata_cannot_be_ended_from_within() {
        let xml = written(false, |xml| {
            xml.start("s");
            xml.cdata("a<b]]>c\u{2}");
            xml.end();
        });
        assert_eq!(xml, "<s><![CDATA[a<b]]]]><![CDATA[>c\u{fffd}]]></s>");
    }
}
