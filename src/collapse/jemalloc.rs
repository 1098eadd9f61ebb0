//! jemalloc: heap profiles (`prof.dump`).
//!
//! ```text
//! input = "heap_v2/" RATE, { thread }, { "@ " { ADDRESS }, { thread } }, "MAPPED_LIBRARIES:", maps
//! thread = "  t" ( "*" | N ) ": " OBJECTS ": " BYTES " [" OBJECTS ": " BYTES "]"     ("*" is all of them)
//! ```
//!
//! ```text
//! heap_v2/524288
//!   t*: 3: 3000 [0: 0]
//! @ 0x1101 0x5201
//!   t*: 3: 3000 [0: 0]
//!   t0: 3: 3000 [0: 0]
//! MAPPED_LIBRARIES:
//! 00001000-00002000 r-xp 00000000 08:01 12      /srv/app/prog
//! ```
//!
//! Allocations are sampled; counts are estimates of all allocations. There are no symbols: they are
//! looked up in the mapped objects, if these still exist.

use super::document::addresses::Addresses;
use super::document::heap::{self, Sampling};
use super::document::lines::{Lines, parse, whole_lines};
use super::document::maps::Maps;
use super::document::{Document, Profile, shared_options};
use super::engine::shared::SymbolOptions;
use super::gperftools::{Stack, add_stacks, split_stack};
use crate::flags::flags;
use std::io::{self, BufRead};

/// Folds jemalloc heap profiles. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a jemalloc heap profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `inuse_space`, `inuse_objects`, `alloc_space` or `alloc_objects`
        /// [default: inuse_space]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,

        /// Append file and line to names, where there is debug information: `main (main.c:7)`
        #[arg(long)]
        pub lines: bool,

        /// How to symbolize addresses
        #[command(flatten)]
        pub symbols: SymbolOptions,
    }
}

impl Document for Options {
    const NAME: &'static str = "jemalloc";
    const DESCRIPTION: &'static str = "a jemalloc heap profile";
    shared_options!(value, lines);

    fn sniff(head: &[u8]) -> Option<bool> {
        whole_lines(head)
            .next()
            .map(|line| line.starts_with(b"heap_v2/"))
    }

    fn symbols(&mut self) -> Option<&mut SymbolOptions> {
        Some(&mut self.symbols)
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut lines = Lines::of(input);
        let rate = lines
            .next()?
            .and_then(|line| parse(line.strip_prefix(b"heap_v2/")?));
        let Some(rate) = rate else {
            return Err(lines.error("a jemalloc heap profile, `heap_v2/RATE`"));
        };
        let sampling = Sampling::with_rate(rate);
        let mut stacks = Vec::new();
        let mut maps = Maps::default();
        let mut addresses = None;
        while let Some(line) = lines.next()? {
            if line.starts_with(b"@") {
                addresses = split_stack(line).map(|(_, addresses)| addresses);
                if addresses.is_none() {
                    lines.skip_if_cut("a stack, `@ ADDRESSES`")?;
                }
            } else if let Some(counts) = line.trim_ascii().strip_prefix(b"t*: ") {
                // The first line has the totals of the heap.
                match (heap::counts(counts), addresses.take()) {
                    (Some(counts), Some(addresses)) => {
                        stacks.push(Stack::new(counts.unsampled(sampling), addresses));
                    }
                    (Some(_), None) => {}
                    (None, _) => lines.skip_if_cut("`t*: OBJECTS: BYTES [OBJECTS: BYTES]`")?,
                }
            } else {
                maps.read_line(line);
            }
        }
        lines.warn_if_cut();
        let column = profile.choose(heap::value_types(), self.value.as_deref(), 0)?;
        let addresses = Addresses::new(&self.symbols, self.lines);
        add_stacks(stacks, maps, addresses, column, profile);
        Ok(())
    }
}
