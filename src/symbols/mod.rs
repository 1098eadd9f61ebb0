//! From addresses to functions: the symbols and debug information of programs and libraries.
//!
//! [`Files`] finds the file that ran, which is opened through [`door`] only and must have the build-id that
//! was recorded, if any was. [`FileSymbols`] are its functions: those of its symbol tables, or of debug
//! files that belong to it, and the calls that were inlined into them. [`Lack`] says why a function has no
//! name. `perf.data` has more besides files: [`kernel`] reads the tables of the kernel's functions, and
//! maps of code that was made at run time.

pub(crate) mod door;
mod file_symbols;
mod files;
mod host;
mod inline;
pub(crate) mod kernel;
mod lack;
mod object;
mod runtime;
mod split;
mod table;
mod xz;

pub(crate) use file_symbols::FileSymbols;
pub(crate) use files::{Elf, Files, Found, Identity, Image, section_data};
pub(crate) use host::Origin;
pub(crate) use lack::{Lack, list_lacking};
pub(crate) use object::{Kind, Object, User};
pub(crate) use runtime::Runtime;
pub(crate) use table::{Segments, SymbolTable};

/// A function of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// As the linker has it; `None` if it has no name.
    pub name: Option<Vec<u8>>,
    pub is_inlined: bool,
    /// The line that was running, or from which the next function was called, if it was asked for and is known.
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

/// The functions of one location, the outermost first: more than one if some are inlined.
pub(crate) type Functions = Vec<Function>;

impl Function {
    /// Whether the name is one of C++ or Rust, with all that tells functions apart.
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
