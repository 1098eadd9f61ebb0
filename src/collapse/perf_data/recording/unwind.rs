//! Unwinds user stacks from registers and the top of the stack (`perf record --call-graph dwarf`).
//!
//! The information for each function is in the object's [`FrameTables`], which are read once for
//! all processes and threads. The rows of addresses are cached, because they are needed repeatedly.
//! Code without tables is assumed to have frame pointers if their values are plausible.

use super::frame_tables::{FrameTables, Return, Row};
use super::machine::{Machine, Registers};
use super::objects::ObjectId;
use super::processes::Location;
use super::sample::UserState;
use super::space::Space;
use super::trampolines::Trampolines;
use crate::symbols::Found;
use crate::symbols::{Kind, Object};
use ahash::AHashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Deeper stacks are truncated.
const MAX_FRAMES: usize = 4096;

/// The caller of the outermost known function, if the stack extends beyond the recorded part. perf
/// prints such a frame too.
const CUT: Location = Location {
    object: ObjectId::UNKNOWN,
    address: u64::MAX,
    is_return: false,
};

/// Unwind information for the functions of an object.
#[derive(Debug)]
enum Tables {
    Frames(Box<FrameTables>),
    Trampolines(Trampolines),
}

impl Tables {
    fn row(&self, location: Location) -> Option<Row> {
        match self {
            Tables::Frames(tables) => {
                let address = tables.segments.address_of(location.address)?;
                tables.row(address)
            }
            Tables::Trampolines(trampolines) => trampolines.row(location.address),
        }
    }
}

type SharedTables = Arc<OnceLock<Option<Tables>>>;

/// The tables of all objects, shared by all threads.
#[derive(Debug, Default)]
pub(super) struct AllTables {
    of_object: Mutex<AHashMap<ObjectId, SharedTables>>,
}

impl AllTables {
    /// The tables of an object, which are read on first use.
    fn get(&self, id: ObjectId, read: impl FnOnce() -> Option<Tables>) -> SharedTables {
        let mut of_object = self
            .of_object
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let tables = of_object.entry(id).or_default().clone();
        drop(of_object);
        tables.get_or_init(read);
        tables
    }
}

/// Unwinds stacks, on one thread.
pub(super) struct Unwinder {
    machine: Option<&'static Machine>,
    all_tables: Arc<AllTables>,
    tables: AHashMap<ObjectId, SharedTables>,
    rows: AHashMap<(ObjectId, u64), Option<Arc<Row>>>,
}

/// Opens the files of objects.
pub(super) trait Open {
    fn object(&self, id: ObjectId) -> Arc<Object>;
    fn open(&self, object: &Object) -> Found;
    /// The text of a JIT map; empty if there is none.
    fn perf_map(&self, object: &Object) -> Vec<u8>;
}

impl Unwinder {
    /// `arch` is the output of `uname -m`.
    pub fn new(arch: &[u8], all_tables: Arc<AllTables>) -> Unwinder {
        Unwinder {
            machine: Machine::of_arch(arch),
            all_tables,
            tables: AHashMap::new(),
            rows: AHashMap::new(),
        }
    }

    /// Calls `add` with the location of each function in the stack, the innermost first.
    pub fn unwind(
        &mut self,
        user: &UserState<'_>,
        space: &Space,
        files: &impl Open,
        mut add: impl FnMut(Location),
    ) -> Option<()> {
        let machine = self.machine?;
        let (mut registers, mut address) = machine.registers(user)?;
        let stack = Stack::new(user, registers.get(machine.stack_pointer)?);
        let without_tables = WithoutTables {
            machine,
            space,
            stack: &stack,
            files,
        };
        // Whether `address` is a return address.
        let mut is_return = false;
        // Whether that is certain from tables.
        let mut is_known_return = false;
        for _ in 0..MAX_FRAMES {
            let known = space.find(address.wrapping_sub(u64::from(is_return)));
            let row = self.row(known, machine, files);
            // A signal handler returns to the start of this function, which did not call it.
            let is_signal = row.as_ref().is_some_and(|row| row.is_signal);
            add(match is_signal && is_return {
                true => space.find(address),
                false => known,
            });
            let frame = registers.get(machine.stack_pointer)?;
            registers.set(machine.instruction_pointer, Some(address));
            let is_known = row.is_some();
            let next = match row {
                Some(row) => row.step(machine, &mut registers, &mut |at| stack.read(at)),
                None => without_tables.step(known, is_known_return, &mut registers),
            };
            match next {
                // No call ends at the first byte of memory.
                Return::To(next) if next & machine.address_mask > 1 => {
                    let has_moved = registers.get(machine.stack_pointer) > Some(frame);
                    if is_return && !has_moved {
                        break;
                    }
                    address = next & machine.address_mask;
                    is_return = !is_signal;
                    is_known_return = is_known && is_return;
                }
                Return::To(_) | Return::Nowhere => return Some(()),
                Return::Unknown => break,
            }
        }
        if stack.has_ended.get() {
            add(CUT);
        }
        Some(())
    }

    /// The row of a location.
    fn row(
        &mut self,
        location: Location,
        machine: &Machine,
        files: &impl Open,
    ) -> Option<Arc<Row>> {
        let key = (location.object, location.address);
        if let Some(row) = self.rows.get(&key) {
            return row.clone();
        }
        let tables = self.tables.entry(location.object).or_insert_with(|| {
            let read = || read_tables(location.object, machine, files);
            self.all_tables.get(location.object, read)
        });
        let tables = tables.get().and_then(Option::as_ref);
        let row = tables.and_then(|it| it.row(location)).map(Arc::new);
        self.rows.insert(key, row.clone());
        row
    }
}

fn read_tables(id: ObjectId, machine: &Machine, files: &impl Open) -> Option<Tables> {
    let object = files.object(id);
    match object.kind {
        Kind::File | Kind::Vdso => match files.open(&object) {
            Found::File(image) => {
                FrameTables::read(&image, machine).map(|it| Tables::Frames(Box::new(it)))
            }
            Found::Nothing(_) => None,
        },
        Kind::PerfMap if !machine.is_aarch64() => {
            Trampolines::read(&files.perf_map(&object)).map(Tables::Trampolines)
        }
        _ => None,
    }
}

/// The recorded part of the stack.
struct Stack<'a> {
    user: &'a UserState<'a>,
    start: u64,
    /// Whether a read went beyond its end.
    has_ended: std::cell::Cell<bool>,
}

impl<'a> Stack<'a> {
    fn new(user: &'a UserState<'a>, start: u64) -> Stack<'a> {
        Stack {
            user,
            start,
            has_ended: std::cell::Cell::new(false),
        }
    }

    fn read(&self, address: u64) -> Option<u64> {
        let offset = usize::try_from(address.wrapping_sub(self.start));
        let word = offset.ok().and_then(|at| self.user.stack.at(at));
        if word.is_none() && address > self.start {
            self.has_ended.set(true);
        }
        word
    }
}

/// Unwinds functions without tables.
struct WithoutTables<'a, F> {
    machine: &'a Machine,
    space: &'a Space,
    stack: &'a Stack<'a>,
    files: &'a F,
}

impl<F: Open> WithoutTables<'_, F> {
    /// `is_known_return` says whether the tables of the callee lead here.
    fn step(&self, function: Location, is_known_return: bool, registers: &mut Registers) -> Return {
        let next = self.follow_frame_pointer(registers);
        match next {
            Return::To(_) => next,
            _ if !is_known_return => next,
            _ => self.leave_trampoline(function, registers).unwrap_or(next),
        }
    }

    /// Unwinds a function whose frame pointer is plausible, because it is slightly above the stack
    /// pointer. It points to the caller's frame pointer, followed by the return address. Code
    /// without frame pointers can have any value in that register, so the caller is uncertain.
    fn follow_frame_pointer(&self, registers: &mut Registers) -> Return {
        const FARTHEST: u64 = 0x4000;
        let (Some(frame), Some(top)) = (
            registers.get(self.machine.frame_pointer),
            registers.get(self.machine.stack_pointer),
        ) else {
            return Return::Unknown;
        };
        if frame.checked_sub(top).is_none_or(|size| size > FARTHEST) {
            return Return::Nowhere;
        }
        let return_address = self.stack.read(frame.wrapping_add(8));
        let (Some(caller), Some(address)) = (self.stack.read(frame), return_address) else {
            return Return::Unknown;
        };
        if !self.is_code(address) {
            return Return::Nowhere;
        }
        registers.set(self.machine.frame_pointer, Some(caller));
        registers.set(self.machine.stack_pointer, Some(frame.wrapping_add(16)));
        Return::To(address)
    }

    /// Unwinds a likely Python trampoline that is in no map: JIT-compiled code with the stack of a
    /// trampoline, called by a function in a file.
    fn leave_trampoline(&self, function: Location, registers: &mut Registers) -> Option<Return> {
        const ALIGNMENT: u64 = 16;
        let top = registers.get(self.machine.stack_pointer)?;
        let may_be_one = !self.machine.is_aarch64()
            && top.is_multiple_of(ALIGNMENT)
            && self.files.object(function.object).kind == Kind::PerfMap;
        let caller = self
            .stack
            .read(top.checked_add(8)?)
            .filter(|_| may_be_one)?;
        let location = self.space.find(caller.wrapping_sub(1));
        if !self.is_code(caller) || self.files.object(location.object).kind != Kind::File {
            return None;
        }
        registers.set(self.machine.stack_pointer, Some(top.checked_add(16)?));
        Some(Return::To(caller))
    }

    /// Whether a function can return to `address`. The preceding call may be the last instruction
    /// of a mapping.
    fn is_code(&self, address: u64) -> bool {
        let address = address & self.machine.address_mask;
        let is_user_half = address < self.machine.end_of_user_half;
        is_user_half && self.space.is_executable(address.wrapping_sub(1))
    }
}
