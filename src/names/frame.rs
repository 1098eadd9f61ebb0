//! Names of frames.

use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, FrameId};
use ahash::AHashMap;

/// Interned names, numbered in the order of their first use.
#[derive(Debug, Default)]
pub(crate) struct Names {
    names: Vec<Vec<u8>>,
    numbers: AHashMap<Vec<u8>, u32>,
}

impl Names {
    /// The number of `name`, which is added if it is new.
    pub fn intern(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_vec());
        self.numbers.insert(name.to_vec(), number);
        number
    }

    /// The names by number.
    pub fn as_slice(&self) -> &[Vec<u8>] {
        &self.names
    }

    /// Interns the names as frames of `tree`, by number.
    pub fn as_frames(&self, tree: &mut CallTree) -> Vec<FrameId> {
        self.names.iter().map(|name| tree.intern(name)).collect()
    }
}

/// The name of a frame without a name.
pub(crate) const UNKNOWN: &[u8] = b"[unknown]";

/// Converts `name` to a frame: trims it, and replaces characters that would end the frame or the
/// line in folded text, and an empty name.
pub(crate) fn frame_name(name: &[u8]) -> Vec<u8> {
    let name = name.trim_ascii();
    if name.is_empty() {
        return UNKNOWN.to_vec();
    }
    let harmless = |byte: &u8| match byte {
        b';' => b':',
        b'\n' | b'\r' => b' ',
        byte => *byte,
    };
    name.iter().map(harmless).collect()
}

/// `name (file:line)`; `name (file)` if there is no line.
pub(crate) fn with_source(name: &[u8], file: &[u8], line: Option<Decimal>) -> Vec<u8> {
    let file = frame_name(file);
    let line = line.map_or(String::new(), |line| format!(":{line}"));
    [name, b" (", &file, line.as_bytes(), b")"].concat()
}

/// The name of a function without a symbol: `[libc.so.6]`, or with its address `[libc.so.6
/// <2a1f0>]`.
pub(crate) fn object_name(object: &[u8], address: Option<u64>) -> Vec<u8> {
    let object = match object {
        b"" => b"unknown",
        object => object,
    };
    let address = address.map_or(String::new(), |address| format!(" <{address:x}>"));
    frame_name(&[b"[", object, address.as_bytes(), b"]"].concat())
}

/// The last component of a path or URL.
pub(crate) fn basename(path: &[u8]) -> &[u8] {
    let start = memchr::memrchr2(b'/', b'\\', path).map_or(0, |at| at + 1);
    &path[start..]
}
