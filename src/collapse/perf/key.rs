//! The cache key of a frame line: the part that determines its frames, without the address and the
//! offset.
//!
//! A large profile has a hundred thousand distinct frame lines, but only some thousand functions,
//! which fit in a core's caches.

use super::modules::Modules;
use crate::bytes::text::strip_hex_offset;

/// Computes keys of lines, and compares lines with keys.
#[derive(Default)]
pub(super) struct Keys {
    /// ` (MODULE)`, the end of lines.
    modules: Modules,
}

/// The cache key of a frame line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// The line without its address, and usually without offset and module.
    pub text: &'a [u8],
    /// The number of the module if it is not part of `text`, otherwise 0.
    pub module: u64,
}

impl<'a> Key<'a> {
    /// A substitute for the module's number: the line was checked together with its address.
    const CHECKED: u64 = u64::MAX >> 1;

    /// The key of a line that is a frame with any address.
    fn whole(text: &'a [u8]) -> Key<'a> {
        Key { text, module: 0 }
    }

    /// The key of a line that is known to be a frame, which may depend on its address.
    pub fn checked(text: &'a [u8]) -> Key<'a> {
        let module = Key::CHECKED;
        Key { text, module }
    }

    /// The rest of the key. Lines of Java commands are named differently.
    pub fn context(&self, is_java: bool) -> u64 {
        self.module << 1 | u64::from(is_java)
    }

    /// The key of a line that was looked up with `context` and `text`, if it belongs to a command
    /// of the same kind.
    #[inline]
    pub fn of((context, text): (u64, &'a [u8]), is_java: bool) -> Option<Key<'a>> {
        let module = context >> 1;
        (context & 1 == u64::from(is_java)).then_some(Key { text, module })
    }
}

impl Keys {
    /// The key of a line with `text` after its address, usually ` NAME+0xOFFSET (MODULE)`.
    #[inline]
    pub fn key<'a>(&mut self, text: &'a [u8]) -> Key<'a> {
        self.short_key(text).unwrap_or(Key::whole(text))
    }

    /// The key without the offset. `None` if there is none, or if that is uncertain.
    #[inline]
    fn short_key<'a>(&mut self, text: &'a [u8]) -> Option<Key<'a>> {
        let symbol = match self.strip(text, self.modules.last()) {
            Some(symbol) => symbol,
            None => self.find(text)?,
        };
        let name = without_offset(symbol)?;
        Some(Key {
            text: name,
            module: self.modules.last(),
        })
    }

    /// `text` up to the end of the name in its last line, if an offset and this module follow; all
    /// of `text` if `module` is 0.
    #[inline]
    pub fn strip_tail<'a>(&self, text: &'a [u8], module: u64) -> Option<&'a [u8]> {
        match module {
            0 => Some(text),
            module => without_offset(self.strip(text, module)?),
        }
    }

    /// `text` without the module at its end.
    #[inline]
    fn strip<'a>(&self, text: &'a [u8], module: u64) -> Option<&'a [u8]> {
        text.strip_suffix(self.modules.get(module)?)
    }

    /// Makes the module of a line the last one, and returns the text before it.
    fn find<'a>(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let inside = text.strip_suffix(b")")?;
        let open = memchr::memrchr2(b'(', b')', inside)?;
        let symbol = text[..=open].strip_suffix(b" (")?;
        self.modules.number(&text[symbol.len()..]);
        Some(symbol)
    }
}

/// `NAME` for `NAME+0xOFFSET`; `None` without an offset, or if the rest is not the name.
#[inline]
fn without_offset(symbol: &[u8]) -> Option<&[u8]> {
    let name = strip_hex_offset(symbol)?;
    name.last()?.is_ascii_graphic().then_some(name)
}
