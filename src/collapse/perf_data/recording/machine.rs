//! Processors: the register numbers of perf and of debug information, and register values.

use super::sample::UserState;

/// The maximum number of registers, in the numbering of debug information.
const REGISTERS: usize = 32;

/// A processor with support for unwinding.
#[derive(Debug)]
pub(super) struct Machine {
    /// Maps perf's register numbers to those of debug information.
    numbers: &'static [(u32, u16)],
    /// perf's number of the instruction pointer.
    instruction: u32,
    pub frame_pointer: u16,
    pub stack_pointer: u16,
    /// The number of the instruction pointer in expressions.
    pub instruction_pointer: u16,
    /// Whether the return address is in a register until a function calls another.
    pub has_link_register: bool,
    /// The bits of an address that are not part of a pointer signature.
    pub address_mask: u64,
    /// The end of the user address space, with the largest page tables.
    pub end_of_user_half: u64,
}

static X86_64: Machine = Machine {
    #[rustfmt::skip]
    numbers: &[
        (0, 0), (1, 3), (2, 2), (3, 1), (4, 4), (5, 5), (6, 6), (7, 7), (16, 8), (17, 9),
        (18, 10), (19, 11), (20, 12), (21, 13), (22, 14), (23, 15),
    ],
    instruction: 8,
    frame_pointer: 6,
    stack_pointer: 7,
    instruction_pointer: 16,
    has_link_register: false,
    address_mask: u64::MAX,
    end_of_user_half: 1 << 56,
};

static AARCH64: Machine = Machine {
    #[rustfmt::skip]
    numbers: &[
        (0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 8), (9, 9),
        (10, 10), (11, 11), (12, 12), (13, 13), (14, 14), (15, 15), (16, 16), (17, 17),
        (18, 18), (19, 19), (20, 20), (21, 21), (22, 22), (23, 23), (24, 24), (25, 25),
        (26, 26), (27, 27), (28, 28), (29, 29), (30, 30), (31, 31),
    ],
    instruction: 32,
    frame_pointer: 29,
    stack_pointer: 31,
    instruction_pointer: 32,
    has_link_register: true,
    address_mask: (1 << 48) - 1,
    end_of_user_half: 1 << 48,
};

impl Machine {
    /// `arch` is the output of `uname -m`; the default is this machine's.
    pub fn of_arch(arch: &[u8]) -> Option<&'static Machine> {
        match arch {
            b"x86_64" => Some(&X86_64),
            b"aarch64" | b"arm64" => Some(&AARCH64),
            b"" => Machine::of_arch(std::env::consts::ARCH.as_bytes()),
            _ => None,
        }
    }

    pub fn is_aarch64(&self) -> bool {
        std::ptr::eq(self, &AARCH64)
    }

    /// The registers at the time of a sample, and the address of the instruction.
    pub fn registers(&self, user: &UserState<'_>) -> Option<(Registers, u64)> {
        let mut registers = Registers::default();
        for (of_perf, number) in self.numbers {
            registers.set(*number, user.register(*of_perf));
        }
        registers.get(self.stack_pointer)?;
        Some((registers, user.register(self.instruction)?))
    }
}

/// The values of registers, as far as known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Registers {
    values: [u64; REGISTERS],
    /// A bit for each register whose value is known.
    known: u64,
}

impl Registers {
    pub fn get(&self, number: u16) -> Option<u64> {
        let value = self.values.get(usize::from(number))?;
        (self.known >> number & 1 != 0).then_some(*value)
    }

    /// Sets a register; `None` makes its value unknown. Registers that are not used for unwinding
    /// are ignored.
    pub fn set(&mut self, number: u16, value: Option<u64>) {
        let Some(place) = self.values.get_mut(usize::from(number)) else {
            return;
        };
        *place = value.unwrap_or(0);
        self.known &= !(1 << number);
        self.known |= u64::from(value.is_some()) << number;
    }
}
