//! The stacks of programs without frame pointers, from their registers and the top of their
//! stack (`perf record --call-graph dwarf`).
//!
//! How to get from a function to its caller is in the object's unwind tables. Each object is given
//! to the unwinder once, at a place of its own in an address space that no process has: so what
//! was found for an address holds for all processes, wherever they have mapped the object.

use super::files::{Elf, Found, Image, section_data};
use super::objects::{Kind, ObjectId, Objects};
use super::processes::{Location, Space};
use super::sample::UserState;
use super::symbols::Segments;
use ahash::AHashMap;
use framehop::aarch64::{CacheAarch64, UnwindRegsAarch64, UnwinderAarch64};
use framehop::x86_64::{CacheX86_64, Reg, UnwindRegsX86_64, UnwinderX86_64};
use framehop::{ExplicitModuleSectionInfo, FrameAddress, Module, Unwinder as _};
use object::{Object, ObjectSection};
use std::ops::Range;
use std::sync::Arc;

/// Deeper stacks are cut.
const MOST_FRAMES: usize = 4096;

/// What called the outermost function that is known, if the stack goes on beyond what was recorded
/// of it. perf prints such a frame, too.
const CUT: Location = Location {
    object: ObjectId::UNKNOWN,
    address: u64::MAX,
    is_return: false,
};

type Data = Arc<[u8]>;

/// Unwinds the stacks of one architecture.
pub(super) struct Unwinder {
    machine: Option<Machine>,
    tables: AHashMap<ObjectId, Table>,
    next_base: u64,
}

enum Machine {
    X86_64(UnwinderX86_64<Data>, Box<CacheX86_64>),
    Aarch64(UnwinderAarch64<Data>, Box<CacheAarch64>),
}

/// Where an object is, for the unwinder.
struct Table {
    base: u64,
    segments: Segments,
}

impl Unwinder {
    /// `arch` is what `uname -m` says.
    pub fn new(arch: &[u8]) -> Unwinder {
        // No process has anything here.
        const FIRST_BASE: u64 = 1 << 60;
        let x86_64 = || Machine::X86_64(UnwinderX86_64::new(), Box::new(CacheX86_64::new()));
        let machine = match arch {
            b"x86_64" => Some(x86_64()),
            b"aarch64" => Some(Machine::Aarch64(
                UnwinderAarch64::new(),
                Box::new(CacheAarch64::new()),
            )),
            b"" if cfg!(target_arch = "x86_64") => Some(x86_64()),
            _ => None,
        };
        Unwinder {
            machine,
            tables: AHashMap::new(),
            next_base: FIRST_BASE,
        }
    }

    /// Calls `add` with the place of each function in the stack, the innermost first.
    pub fn unwind(
        &mut self,
        user: &UserState<'_>,
        space: &Space,
        open: &mut impl FnMut(ObjectId) -> Found,
        objects: &Objects,
        mut add: impl FnMut(Location),
    ) -> Option<()> {
        let (mut registers, ip, stack_start) = self.machine.as_ref()?.registers(user)?;
        let mut is_cut = false;
        let mut read_stack = |address: u64| {
            let offset = usize::try_from(address.wrapping_sub(stack_start));
            let word = offset.ok().and_then(|at| user.stack.at(at));
            is_cut |= word.is_none() && address > stack_start;
            word.ok_or(())
        };
        let mut return_address = None;
        for _ in 0..MOST_FRAMES {
            let address = return_address.map_or(ip, |address: u64| address.wrapping_sub(1));
            let location = space.find(address);
            add(location);
            let known = self.place(location, open, objects).unwrap_or(address);
            let frame = match return_address {
                None => FrameAddress::from_instruction_pointer(known),
                Some(_) => FrameAddress::from_return_address(known.wrapping_add(1))?,
            };
            let machine = self.machine.as_mut()?;
            match machine.step(frame, &mut registers, &mut read_stack) {
                // No call ends at the first byte of all memory.
                Ok(Some(next)) if next > 1 => return_address = Some(next),
                Ok(_) => break,
                Err(_) => break,
            }
        }
        if is_cut {
            add(CUT);
        }
        Some(())
    }

    /// Where the unwinder knows a location; `None` if there are no tables for it.
    fn place(
        &mut self,
        location: Location,
        open: &mut impl FnMut(ObjectId) -> Found,
        objects: &Objects,
    ) -> Option<u64> {
        let kind = objects.get(location.object).kind;
        if !matches!(kind, Kind::File | Kind::Vdso) {
            return None;
        }
        if !self.tables.contains_key(&location.object) {
            let table = self.add_object(open(location.object));
            self.tables.insert(location.object, table);
        }
        let table = self.tables.get(&location.object)?;
        let address = table.segments.address_of(location.address)?;
        table.base.checked_add(address)
    }

    fn add_object(&mut self, found: Found) -> Table {
        let mut table = Table {
            base: self.next_base,
            segments: Segments::default(),
        };
        let Found::File(image) = found else {
            return table;
        };
        let Some((sections, segments)) = read_tables(&image) else {
            return table;
        };
        const PAGE: u64 = 1 << 16;
        // Addresses in an object are told to the unwinder in 32 bits.
        let size = segments.end().min(u64::from(u32::MAX)) + 1;
        let range = table.base..table.base + size;
        self.next_base = range.end.next_multiple_of(PAGE) + PAGE;
        if let Some(machine) = &mut self.machine {
            machine.add_module(range, sections);
        }
        table.segments = segments;
        table
    }
}

/// The registers of a machine.
enum Registers {
    X86_64(UnwindRegsX86_64),
    Aarch64(UnwindRegsAarch64),
}

impl Machine {
    /// The registers at the time of a sample, the instruction and the stack pointer.
    fn registers(&self, user: &UserState<'_>) -> Option<(Registers, u64, u64)> {
        match self {
            Machine::X86_64(..) => {
                let (bp, sp, ip) = (user.register(6)?, user.register(7)?, user.register(8)?);
                let mut registers = UnwindRegsX86_64::new(ip, sp, bp);
                for (number, register) in X86_64_REGISTERS {
                    registers.set(register, user.register(number).unwrap_or(0));
                }
                Some((Registers::X86_64(registers), ip, sp))
            }
            Machine::Aarch64(..) => {
                let (fp, lr) = (user.register(29)?, user.register(30)?);
                let (sp, pc) = (user.register(31)?, user.register(32)?);
                let registers = UnwindRegsAarch64::new(lr, sp, fp);
                Some((Registers::Aarch64(registers), pc, sp))
            }
        }
    }

    fn add_module(&mut self, range: Range<u64>, sections: ExplicitModuleSectionInfo<Data>) {
        let base = range.start;
        let module = Module::new(String::new(), range, base, sections);
        match self {
            Machine::X86_64(unwinder, _) => unwinder.add_module(module),
            Machine::Aarch64(unwinder, _) => unwinder.add_module(module),
        }
    }

    /// The return address of the function at `frame`, whose registers become its caller's.
    fn step(
        &mut self,
        frame: FrameAddress,
        registers: &mut Registers,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Result<Option<u64>, framehop::Error> {
        match (self, registers) {
            (Machine::X86_64(unwinder, cache), Registers::X86_64(registers)) => {
                unwinder.unwind_frame(frame, registers, cache, read_stack)
            }
            (Machine::Aarch64(unwinder, cache), Registers::Aarch64(registers)) => {
                unwinder.unwind_frame(frame, registers, cache, read_stack)
            }
            _ => Ok(None),
        }
    }
}

/// perf's numbers of the registers that a function keeps for its caller, and some more.
const X86_64_REGISTERS: [(u32, Reg); 13] = [
    (0, Reg::RAX),
    (1, Reg::RBX),
    (2, Reg::RCX),
    (3, Reg::RDX),
    (4, Reg::RSI),
    (16, Reg::R8),
    (17, Reg::R9),
    (18, Reg::R10),
    (19, Reg::R11),
    (20, Reg::R12),
    (21, Reg::R13),
    (22, Reg::R14),
    (23, Reg::R15),
];

/// The sections that say how to unwind, and where they are.
fn read_tables(image: &Image) -> Option<(ExplicitModuleSectionInfo<Data>, Segments)> {
    let elf = image.parse()?;
    let range = |name: &str| {
        let section = elf.section_by_name(name)?;
        let start = section.address();
        Some(start..start.checked_add(section.size())?)
    };
    let data = |name: &str| data_of(&elf, name);
    let sections = ExplicitModuleSectionInfo {
        base_svma: 0,
        text_svma: range(".text"),
        got_svma: range(".got"),
        eh_frame_svma: range(".eh_frame"),
        eh_frame: data(".eh_frame"),
        eh_frame_hdr_svma: range(".eh_frame_hdr"),
        eh_frame_hdr: data(".eh_frame_hdr"),
        debug_frame: data(".debug_frame"),
        ..ExplicitModuleSectionInfo::default()
    };
    Some((sections, Segments::of_elf(&elf)))
}

fn data_of(elf: &Elf<'_>, name: &str) -> Option<Data> {
    section_data(elf, name).map(Data::from)
}
