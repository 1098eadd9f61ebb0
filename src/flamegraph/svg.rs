//! A small XML writer: elements, attributes, text. The output is well-formed for any strings.
//!
//! Characters that are invalid in XML, such as control characters, become U+FFFD.

/// An XML document under construction, in memory until it is [taken](Xml::take).
#[derive(Debug, Default)]
pub(super) struct Xml {
    out: Vec<u8>,
    is_pretty: bool,
    open: Vec<Open>,
    /// Whether the innermost element still accepts attributes.
    is_in_tag: bool,
}

#[derive(Debug)]
struct Open {
    name: &'static str,
    has_children: bool,
}

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

impl Xml {
    /// Creates a document. A `pretty` one has each element on its own line.
    pub fn new(is_pretty: bool) -> Xml {
        Xml {
            is_pretty,
            ..Xml::default()
        }
    }

    /// The number of bytes to take.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// The output since the last call, to be cleared by the caller.
    pub fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Closes the start tag of an element that needs no end tag in HTML.
    pub fn open_ended(&mut self) {
        self.finish_tag();
        self.open.pop();
    }

    /// Opens an element within the innermost open one.
    #[inline]
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
    #[inline]
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
        self.attr_with(name, |out| escape(out, value, &IN_ATTRIBUTE));
    }

    /// Adds an attribute whose value, written by `push`, needs no escaping.
    #[inline]
    pub fn attr_with(&mut self, name: &str, push: impl FnOnce(&mut Vec<u8>)) {
        debug_assert!(self.is_in_tag, "attributes come first");
        self.out.push(b' ');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"=\"");
        push(&mut self.out);
        self.out.push(b'"');
    }

    /// Adds text to the innermost element.
    #[inline]
    pub fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.text_with(|out| escape(out, text, &IN_TEXT));
        }
    }

    /// Adds text, written by `push`, that needs no escaping.
    #[inline]
    pub fn text_with(&mut self, push: impl FnOnce(&mut Vec<u8>)) {
        self.finish_tag();
        push(&mut self.out);
    }

    /// Writes markup other than elements, such as `<?xml?>`, as it is.
    pub fn raw(&mut self, markup: &str) {
        self.start_child();
        self.out.extend_from_slice(markup.as_bytes());
    }

    /// Writes a comment. Dashes that would end it are separated.
    pub fn comment(&mut self, text: &str) {
        self.start_child();
        self.out.extend_from_slice(b"<!--");
        let mut text = text.replace("--", "- -").replace("--", "- -");
        if text.ends_with('-') {
            text.push(' ');
        }
        escape(&mut self.out, &text, &IN_ATTRIBUTE);
        self.out.extend_from_slice(b"-->");
    }

    /// Writes a section whose text is not escaped, for scripts.
    pub fn cdata(&mut self, text: &str) {
        self.finish_tag();
        self.out.extend_from_slice(b"<![CDATA[");
        let mut start = 0;
        for end in memchr::memmem::find_iter(text.as_bytes(), "]]>") {
            push_legal(&mut self.out, &text[start..end]);
            self.out.extend_from_slice(b"]]]]><![CDATA[>");
            start = end + 3;
        }
        push_legal(&mut self.out, &text[start..]);
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

/// How to handle a character, by its first byte.
type Rules = [Rule; 256];

#[derive(Clone, Copy)]
enum Rule {
    Copy,
    Replace(&'static [u8]),
    /// U+FFFE and U+FFFF begin with this byte, but most characters that do are legal.
    Look,
}

const IN_CDATA: Rules = {
    let mut rules = [Rule::Copy; 256];
    let mut byte = 0;
    while byte < 255 {
        if may_be_illegal(byte) {
            rules[byte as usize] = Rule::Replace(REPLACEMENT);
        }
        byte += 1;
    }
    rules[0xef] = Rule::Look;
    rules
};

/// Whether a character that begins with this byte may be invalid in XML.
const fn may_be_illegal(byte: u8) -> bool {
    matches!(byte, 0xef | ..b' ') && !matches!(byte, b'\t' | b'\n' | b'\r')
}

static IN_TEXT: Rules = {
    let mut rules = IN_CDATA;
    rules[b'&' as usize] = Rule::Replace(b"&amp;");
    rules[b'<' as usize] = Rule::Replace(b"&lt;");
    rules[b'>' as usize] = Rule::Replace(b"&gt;");
    rules[b'\r' as usize] = Rule::Replace(b"&#13;");
    rules
};

static IN_ATTRIBUTE: Rules = {
    let mut rules = IN_TEXT;
    rules[b'"' as usize] = Rule::Replace(b"&quot;");
    rules[b'\'' as usize] = Rule::Replace(b"&apos;");
    rules[b'\t' as usize] = Rule::Replace(b"&#9;");
    rules[b'\n' as usize] = Rule::Replace(b"&#10;");
    rules
};

/// Replaces characters that are invalid in XML.
pub(super) fn legal(text: String) -> String {
    if is_surely_legal(&text) {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    escape(&mut out, &text, &IN_CDATA);
    String::from_utf8_lossy(&out).into_owned()
}

fn push_legal(out: &mut Vec<u8>, text: &str) {
    match is_surely_legal(text) {
        true => out.extend_from_slice(text.as_bytes()),
        false => escape(out, text, &IN_CDATA),
    }
}

/// Whether the text has no bytes that begin an invalid character, computed without a branch for
/// each byte. Legal characters can also begin with these bytes.
fn is_surely_legal(text: &str) -> bool {
    text.bytes()
        .fold(true, |all, byte| all & !may_be_illegal(byte))
}

fn escape(out: &mut Vec<u8>, text: &str, rules: &Rules) {
    let mut rest = text.as_bytes();
    let is_special = |byte: &u8| !matches!(rules[usize::from(*byte)], Rule::Copy);
    while let Some(at) = rest.iter().position(is_special) {
        out.extend_from_slice(&rest[..at]);
        let (replacement, length) = match (rules[usize::from(rest[at])], &rest[at..]) {
            (Rule::Replace(replacement), _) => (replacement, 1),
            (_, [_, 0xbf, 0xbe | 0xbf, ..]) => (REPLACEMENT, 3),
            _ => (&rest[at..=at], 1),
        };
        out.extend_from_slice(replacement);
        rest = &rest[at + length..];
    }
    out.extend_from_slice(rest);
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
    fn characters_invalid_in_xml_are_replaced() {
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
