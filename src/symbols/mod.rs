//! Symbolization: finds functions for addresses, through symbols and debug information.
//!
//! [`Files`] finds the file that ran, which is opened only through [`untrusted`] and must have the
//! recorded build ID, if any. [`FileSymbols`] has its functions: from its symbol tables, or those
//! of its debug files, with the calls inlined into them. [`Missing`] says why a function has no
//! name. For `perf.data`, [`kernel`] also reads the kernel's symbols and JIT maps.

mod file_symbols;
mod files;
mod host;
mod inline;
pub(crate) mod kernel;
mod missing;
mod object;
mod runtime;
mod split;
mod system;
mod table;
pub(crate) mod untrusted;
mod xz;

pub(crate) use file_symbols::FileSymbols;
pub(crate) use files::{Elf, Files, Found, Identity, Image, section_data};
pub(crate) use host::Origin;
pub(crate) use missing::{Missing, list_missing};
pub(crate) use object::{Kind, Object, User};
pub(crate) use runtime::Runtime;
pub(crate) use table::{Segments, SymbolTable};

/// A function of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// The linkage name; `None` if it is unknown.
    pub name: Option<Vec<u8>>,
    pub is_inlined: bool,
    /// The line that was running, or from which the next function was called, if it was asked for
    /// and is known.
    pub line: Option<SourceLine>,
}

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    /// The path, as the compiler had it.
    pub file: Vec<u8>,
    /// Counted from 1.
    pub number: Option<u32>,
}

/// What is read of debug information.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Detail {
    /// The calls that were inlined.
    pub inlined: bool,
    /// The lines of the source.
    pub lines: bool,
}

/// The functions at one location, the outermost first: more than one if some are inlined.
pub(crate) type Functions = Vec<Function>;

impl Function {
    /// Whether this is a mangled name of C++ or Rust, which identifies a function uniquely.
    pub fn is_mangled(&self) -> bool {
        matches!(self.name.as_deref(), Some([b'_', b'Z' | b'R', ..]))
    }

    pub fn named(name: Option<&[u8]>) -> Function {
        Function {
            name: name.map(<[u8]>::to_vec),
            is_inlined: false,
            line: None,
        }
    }
}
