//! What of a frame line tells its function: all but the address, and the offset within it.
//!
//! A large profile has a hundred thousand different frame lines, but some thousand functions:
//! these fit in a core's caches.

use crate::text::hex_digits_at_end;
use ahash::AHashMap;

/// The functions of lines, and the modules they are in.
#[derive(Default)]
pub(super) struct Modules {
    /// ` (MODULE)`, as lines end, to its number.
    numbers: AHashMap<Vec<u8>, u64>,
    /// The one found last, which is mostly the next one's too.
    last: Vec<u8>,
    last_number: u64,
}

/// All that the meaning of a line hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// The line without its address, and mostly without offset and module.
    pub text: &'a [u8],
    /// The number of the module if `text` is without it, else 0.
    pub module: u64,
}

impl<'a> Key<'a> {
    /// The key of a line that nothing is to be left out of.
    pub fn whole(text: &'a [u8]) -> Key<'a> {
        Key { text, module: 0 }
    }
}

impl Modules {
    /// The key of a line that reads `text` behind its address: ` NAME+0xOFFSET (MODULE)`, mostly.
    #[inline]
    pub fn key<'a>(&mut self, text: &'a [u8]) -> Key<'a> {
        self.short_key(text).unwrap_or(Key::whole(text))
    }

    /// The key without the offset. `None` if there is none, or none for sure.
    #[inline]
    fn short_key<'a>(&mut self, text: &'a [u8]) -> Option<Key<'a>> {
        let symbol = match text.strip_suffix(self.last.as_slice()) {
            Some(symbol) if !self.last.is_empty() => symbol,
            _ => self.find(text)?,
        };
        let name = without_offset(symbol)?;
        Some(Key {
            text: name,
            module: self.last_number,
        })
    }

    /// Makes the module of a line the last one, and returns what stands before it.
    fn find<'a>(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        let inside = text.strip_suffix(b")")?;
        let open = memchr::memrchr2(b'(', b')', inside)?;
        let symbol = text[..=open].strip_suffix(b" (")?;
        let module = &text[symbol.len()..];
        self.last_number = match self.numbers.get(module) {
            Some(number) => *number,
            None => {
                let number = self.numbers.len() as u64 + 1;
                self.numbers.insert(module.to_vec(), number);
                number
            }
        };
        self.last.clear();
        self.last.extend_from_slice(module);
        Some(symbol)
    }
}

/// `NAME` of `NAME+0xOFFSET`; `None` without an offset, or where the name is not what remains.
#[inline]
fn without_offset(symbol: &[u8]) -> Option<&[u8]> {
    let name = symbol[..symbol.len() - hex_digits_at_end(symbol)].strip_suffix(b"+0x")?;
    name.last()?.is_ascii_graphic().then_some(name)
}
