//! Finds inlined calls and source lines in debug information.

use super::files::{Files, Image, section_data};
use super::split::SplitInfo;
use super::{Detail, Function, Functions, SourceLine};
use addr2line::{Context, Location, LookupContinuation, LookupResult};
use gimli::{DwarfSections, EndianSlice, RunTimeEndian, Section, SectionId};
use object::Object;

pub(crate) type DwarfReader<'a> = EndianSlice<'a, RunTimeEndian>;

/// Deeper nested calls are skipped.
const MAX_NESTED: usize = 256;

/// The debug information of an object.
pub(crate) struct DebugInfo {
    sections: DwarfSections<Vec<u8>>,
    endian: RunTimeEndian,
    split: SplitInfo,
}

impl DebugInfo {
    /// Reads the debug information of the first of `images` that has any.
    pub fn read<'i>(images: impl Iterator<Item = &'i Image>) -> Option<DebugInfo> {
        let mut found = images.filter_map(Self::of_image);
        found.next()
    }

    fn of_image(image: &Image) -> Option<DebugInfo> {
        let elf = image.parse()?;
        elf.section_by_name(".debug_info")?;
        let load = |id: SectionId| {
            let data = section_data(&elf, id.name()).unwrap_or_default();
            Ok::<_, gimli::Error>(data)
        };
        let sections = DwarfSections::load(load).ok()?;
        let endian = match elf.is_little_endian() {
            true => RunTimeEndian::Little,
            false => RunTimeEndian::Big,
        };
        let parts = number_of_parts(&sections, endian);
        Some(DebugInfo {
            sections,
            endian,
            split: SplitInfo::new(image, parts, endian),
        })
    }
}

/// The number of split parts of debug information. Their addresses are in a section of the main
/// file.
fn number_of_parts(sections: &DwarfSections<Vec<u8>>, endian: RunTimeEndian) -> usize {
    let dwarf = sections.borrow(|data| EndianSlice::new(data, endian));
    if dwarf.debug_addr.reader().is_empty() {
        return 0;
    }
    let mut units = dwarf.units();
    std::iter::from_fn(|| units.next().ok()?).count()
}

/// Finds the calls inlined at addresses of an object.
pub(crate) struct InlinedCalls<'a> {
    context: Option<Context<DwarfReader<'a>>>,
    split: Option<&'a SplitInfo>,
    detail: Detail,
    files: &'a Files,
}

impl<'a> InlinedCalls<'a> {
    pub fn new(info: Option<&'a DebugInfo>, detail: Detail, files: &'a Files) -> InlinedCalls<'a> {
        let context = info.and_then(|info| {
            let section = |data: &'a Vec<u8>| EndianSlice::new(data, info.endian);
            Context::from_dwarf(info.sections.borrow(section)).ok()
        });
        InlinedCalls {
            context,
            split: info.map(|info| &info.split),
            detail,
            files,
        }
    }

    /// The functions at `address`, which is in the symbol `name`, the outermost first.
    pub fn functions(&self, address: u64, name: &[u8]) -> Functions {
        let mut functions = self.inlined_at(address).unwrap_or_default();
        functions.reverse();
        if !self.detail.inlined {
            return vec![self.not_inlined(functions, address, name)];
        }
        name_outermost(&mut functions, name);
        functions
    }

    /// Only the outermost of the functions.
    fn not_inlined(&self, functions: Functions, address: u64, name: &[u8]) -> Function {
        let outermost = functions.into_iter().next();
        let line = outermost.and_then(|outermost| outermost.line);
        Function {
            line: line.or_else(|| self.line_at(address)),
            ..Function::named(Some(name))
        }
    }

    /// The line at an address outside of known functions.
    fn line_at(&self, address: u64) -> Option<SourceLine> {
        let context = self.context.as_ref().filter(|_| self.detail.lines)?;
        source_line(context.find_location(address).ok()??)
    }

    /// The functions from debug information, the innermost first.
    fn inlined_at(&self, address: u64) -> Option<Functions> {
        let context = self.context.as_ref()?;
        let mut lookup = context.find_frames(address);
        let mut frames = loop {
            lookup = match lookup {
                LookupResult::Output(frames) => break frames.ok()?,
                LookupResult::Load { load, continuation } => {
                    let part = self.split.and_then(|split| split.load(&load, self.files));
                    continuation.resume(part)
                }
            }
        };
        let mut functions = Functions::new();
        while let Ok(Some(frame)) = frames.next()
            && functions.len() < MAX_NESTED
        {
            let name = frame.function?.name.slice().to_vec();
            functions.push(Function {
                name: Some(name),
                is_inlined: true,
                line: frame
                    .location
                    .filter(|_| self.detail.lines)
                    .and_then(source_line),
            });
        }
        Some(functions)
    }
}

fn source_line(location: Location<'_>) -> Option<SourceLine> {
    let file = location.file?.as_bytes().to_vec();
    let number = location.line.filter(|number| *number > 0);
    Some(SourceLine { file, number })
}

/// Sets the name of the outermost function, which is not inlined and has the symbol `name`. Like
/// perf, this prefers the name from debug information, which distinguishes several functions with
/// the same code; but that lacks the mangled names of some.
fn name_outermost(functions: &mut Functions, name: &[u8]) {
    let own = Function {
        line: functions.first().and_then(|it| it.line.clone()),
        ..Function::named(Some(name))
    };
    match functions.first_mut() {
        None => functions.push(own),
        Some(outermost) if outermost.name == own.name => *outermost = own,
        Some(outermost) if own.is_mangled() && !outermost.is_mangled() => *outermost = own,
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_function_has_the_most_specific_name() {
        for (in_debug_info, symbol, expected) in [
            (None, "main", "main"),
            (Some("main"), "main", "main"),
            (Some("lambda"), "_ZN4worklambdaEv", "_ZN4worklambdaEv"),
            (Some("_RNv3fmt3u64"), "_RNv3fmt5usize", "_RNv3fmt3u64"),
            (Some("work"), "work.part.0", "work"),
        ] {
            let known = in_debug_info.map(|name| Function {
                is_inlined: true,
                ..Function::named(Some(name.as_bytes()))
            });
            let mut functions: Functions = known.into_iter().collect();
            name_outermost(&mut functions, symbol.as_bytes());
            assert_eq!(functions.len(), 1);
            assert_eq!(functions[0].name.as_deref(), Some(expected.as_bytes()));
            assert_eq!(functions[0].is_inlined, expected != symbol, "{symbol}");
        }
    }
}
