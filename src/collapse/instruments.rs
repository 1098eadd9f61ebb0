//! Apple Instruments: a copied call tree (Edit, Deep Copy).
//!
//! ```text
//! input  = header, { row }
//! header = WEIGHT TAB "Self …" TAB … TAB "Symbol Name"
//! row    = NUMBER UNIT PERCENT "%" TAB NUMBER UNIT TAB [ " " TAB ] { " " } NAME      (a space for each caller)
//! ```
//!
//! ```text
//! Weight    Self Weight        Symbol Name
//! 3.50 s  100.0%    0 s         shop (71)
//! 3.50 s  100.0%    1.25 s          main
//! 2.25 s   64.2%    2.25 s           render
//! ```
//!
//! A row counts its self weight, in the smallest unit. Instruments rounds weights, so sums may be
//! inexact. `xctrace export` is exact; see [`xctrace`](super::xctrace).

use super::document::lines::{Lines, whole_lines};
use super::document::{Document, Profile, ValueType, shared_options};
use crate::bytes::decimal::Decimal;
use crate::call_tree::{CallTree, NodeId};
use crate::flags::flags;
use crate::names::frame::frame_name;
use std::io::{self, BufRead};

/// Folds call trees of Instruments. See the [module](self) for the format.
pub type Folder = super::document::Folder<Options>;

flags! {
    /// Options for a call tree of Instruments.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// Keep mangled names of Rust and C++ functions as they are
        #[arg(long)]
        pub no_demangle: bool,
    }
}

impl Document for Options {
    const NAME: &'static str = "instruments";
    const DESCRIPTION: &'static str = "a call tree copied from Instruments";
    shared_options!();

    fn sniff(head: &[u8]) -> Option<bool> {
        whole_lines(head).next().map(is_header)
    }

    fn demangles(&self) -> bool {
        !self.no_demangle
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let mut lines = Lines::of(input);
        if !lines.next()?.is_some_and(is_header) {
            return Err(lines.error("columns up to `Symbol Name`, separated by tabs"));
        }
        let mut rows: Vec<(NodeId, Weight)> = Vec::new();
        let mut path: Vec<(usize, NodeId)> = Vec::new();
        let mut first_depth = None;
        while let Some(line) = lines.next()? {
            if line.is_empty() {
                continue;
            }
            let Some((depth, name, weight)) = read_row(line) else {
                lines.skip_if_cut("a row, `WEIGHT PERCENT% TAB SELF TAB NAME`")?;
                continue;
            };
            let depth = depth.saturating_sub(*first_depth.get_or_insert(depth));
            while path.pop_if(|(outer, _)| *outer >= depth).is_some() {}
            let parent = path.last().map_or(CallTree::ROOT, |(_, node)| *node);
            let frame = profile.tree.intern(&frame_name(name));
            let node = profile.tree.child(parent, frame);
            path.push((depth, node));
            rows.push((node, weight));
        }
        lines.warn_if_cut();
        let weights = || {
            rows.iter()
                .map(|(_, weight)| weight)
                .filter(|weight| !weight.is_zero())
        };
        let unit = weights()
            .map(|weight| weight.unit)
            .min_by_key(|unit| unit.size);
        let unit = unit.unwrap_or(Unit {
            name: "none",
            size: 1,
        });
        profile.choose(vec![ValueType::new("self", unit.name)], None, 0)?;
        for (node, weight) in &rows {
            let weight = weight.in_units_of(unit);
            profile.add_to_sum(0, weight);
            profile.add(*node, weight);
        }
        Ok(())
    }
}

fn is_header(line: &[u8]) -> bool {
    let mut columns = line.split(|byte| *byte == b'\t');
    let has_weight = columns.next().is_some_and(|first| !first.is_empty());
    let has_self = columns
        .next()
        .is_some_and(|second| second.starts_with(b"Self"));
    let last = columns.next_back();
    has_weight && has_self && matches!(last, Some(b"Symbol Name" | b"Symbol Names"))
}

/// The unit of a number, and its size in terms of the smallest unit of its kind.
#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    size: u64,
}

struct Weight {
    number: Decimal,
    unit: Unit,
}

impl Weight {
    fn is_zero(&self) -> bool {
        self.number == Decimal::ZERO
    }

    fn in_units_of(&self, unit: Unit) -> Decimal {
        self.number.times(self.unit.size / unit.size)
    }

    /// Parses `1.25 s`; `-` means zero.
    fn parse(text: &[u8]) -> Option<Weight> {
        let none = Unit {
            name: "none",
            size: 1,
        };
        if text == b"-" {
            return Some(Weight {
                number: Decimal::ZERO,
                unit: none,
            });
        }
        let mut words = text
            .split(|byte| *byte == b' ')
            .filter(|word| !word.is_empty());
        let number = Decimal::parse(words.next()?)?;
        let unit = words.next().map_or(Some(none), unit)?;
        Some(Weight { number, unit })
    }
}

fn unit(name: &[u8]) -> Option<Unit> {
    let (name, size) = match name {
        b"ns" => ("nanoseconds", 1),
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => ("microseconds", 1_000),
        b"ms" => ("milliseconds", 1_000_000),
        b"s" => ("seconds", 1_000_000_000),
        b"min" => ("minutes", 60_000_000_000),
        b"byte" | b"bytes" | b"B" => ("bytes", 1),
        b"KB" | b"KiB" => ("kilobytes", 1 << 10),
        b"MB" | b"MiB" => ("megabytes", 1 << 20),
        b"GB" | b"GiB" => ("gigabytes", 1 << 30),
        b"c" => ("cycles", 1),
        b"kc" | b"Kc" => ("thousand cycles", 1_000),
        b"Mc" => ("million cycles", 1_000_000),
        b"Gc" => ("billion cycles", 1_000_000_000),
        b"k" | b"K" => ("thousand", 1_000),
        b"M" => ("million", 1_000_000),
        b"G" => ("billion", 1_000_000_000),
        _ => return None,
    };
    Some(Unit { name, size })
}

/// The depth, name and self weight of a row.
fn read_row(line: &[u8]) -> Option<(usize, &[u8], Weight)> {
    let mut columns = line.splitn(3, |byte| *byte == b'\t');
    columns.next()?;
    let weight = Weight::parse(columns.next()?.trim_ascii())?;
    let rest = columns.next()?;
    let rest = &rest[memchr::memrchr(b'\t', rest).map_or(0, |tab| tab + 1)..];
    let name = rest.trim_ascii_start();
    (!name.is_empty()).then_some((rest.len() - name.len(), name, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_weights_and_names() {
        for header in [
            "Weight\tSelf Weight\t\tSymbol Name",
            "Bytes Used\tSelf Bytes\t\tSymbol Names",
        ] {
            assert!(is_header(header.as_bytes()), "{header}");
        }
        for other in [
            "",
            "\tSelf Weight\t\tSymbol Name",
            "Weight\tCount\t\tSymbol Name",
            "Weight\tSelf Weight\t\tSymbol",
        ] {
            assert!(!is_header(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn units_have_sizes() {
        for (names, size) in [
            ("ns byte bytes B c", 1),
            ("us \u{b5}s \u{3bc}s kc Kc k K", 1_000),
            ("ms Mc M", 1_000_000),
            ("s Gc G", 1_000_000_000),
            ("min", 60_000_000_000),
            ("KB KiB", 1 << 10),
            ("MB MiB", 1 << 20),
            ("GB GiB", 1 << 30),
        ] {
            for name in names.split(' ') {
                let unit = unit(name.as_bytes()).map(|unit| unit.size);
                assert_eq!(unit, Some(size), "{name}");
            }
        }
        assert!(unit(b"h").is_none());
    }
}
