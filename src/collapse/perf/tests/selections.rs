//! Selections of fields with `perf script -F`.

use super::*;

/// The fields of a sample printed by `perf script -F`.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    has_call_chains: bool,
    comm: bool,
    pid: bool,
    tid: bool,
    cpu: bool,
    time: bool,
    period: bool,
    event: bool,
    dso: bool,
}

impl Fields {
    pub fn all_of_them() -> impl Iterator<Item = Fields> {
        (0..1 << 9).map(|bits: u32| {
            let is_set = |bit: u32| bits & 1 << bit != 0;
            Fields {
                has_call_chains: is_set(0),
                comm: is_set(1),
                pid: is_set(2),
                tid: is_set(3),
                cpu: is_set(4),
                time: is_set(5),
                period: is_set(6),
                event: is_set(7),
                dso: is_set(8),
            }
        })
    }

    /// Whether the last word of the comm could be mistaken for the thread ID.
    fn may_mislead(&self, comm: &str) -> bool {
        let is_like_ids = match comm {
            "pool 7/9" => self.cpu || self.time,
            _ => self.cpu && !self.time && comm.ends_with(|it: char| it.is_ascii_digit()),
        };
        !self.pid && !self.tid && is_like_ids
    }

    pub fn print(&self, comm: &str, tid: u32, period: u64) -> String {
        let mut text = String::new();
        if self.comm {
            text += &match self.has_call_chains {
                true => format!("{comm} "),
                false => format!("{comm:>16} "),
            };
        }
        text += &match (self.pid, self.tid) {
            (true, true) => format!("{:>5}/{tid:<5} ", 77),
            (false, false) => String::new(),
            _ => format!("{tid:>5} "),
        };
        for (is_printed, field) in [
            (self.cpu, "[003] ".to_string()),
            (self.time, "  804.000123: ".to_string()),
            (self.period, format!("{period:>10} ")),
            (self.event, "cycles:u: ".to_string()),
        ] {
            text += if is_printed { &field } else { "" };
        }
        let dso = if self.dso { " (/bin/x)" } else { "" };
        match self.has_call_chains {
            true => format!(
                "{text}\n\t{:>16x} leaf{dso}\n\t{:>16x} main{dso}\n\n",
                0x1a, 0x7f001234567fu64
            ),
            false => format!("{text} {:>16x} leaf{dso}\n", 0x7f001234567fu64),
        }
    }
}

#[test]
fn any_selection_of_fields_is_folded() {
    let comms = [
        "a:b: c",
        "pool 7/9",
        "prog",
        "SUMO 3 tick",
        "my thread 1",
        "-/74",
        "a: b",
        "[kworker]",
        "9",
        "f",
        "Web Content 5",
    ];
    for fields in Fields::all_of_them() {
        for comm in comms {
            if fields.may_mislead(comm) {
                continue;
            }
            let text = fields.print(comm, 4321, 2_004_008).repeat(2) + &fields.print(comm, 31, 7);
            let count = if fields.period { 4_008_023 } else { 3 };
            let root = if fields.comm {
                comm.replace(' ', "_") + ";"
            } else {
                String::new()
            };
            let stack = if fields.has_call_chains {
                "main;leaf"
            } else {
                "leaf"
            };
            let folded = fold(&Options::default(), text.as_bytes());
            assert_eq!(folded, format!("{root}{stack} {count}\n"), "{text}");
            assert_eq!(
                fold_slowly(&Options::default(), text.as_bytes()),
                folded,
                "{text}"
            );
            assert_eq!(
                fold_backwards(&Options::default(), text.as_bytes()),
                folded,
                "{text}"
            );
        }
    }
}

#[test]
fn ids_are_known_in_any_selection_that_has_them() {
    let options = with_options(|options| options.include_tid = true);
    for fields in Fields::all_of_them().filter(|fields| fields.tid) {
        for (comm, tid) in [
            ("SUMO 3 tick", 4321),
            ("my thread 1", 31),
            ("-/74", 1234567),
        ] {
            let text = fields.print(comm, tid, 2_004_008);
            let comm = if fields.comm {
                comm.replace(' ', "_")
            } else {
                "?".to_string()
            };
            let pid = if fields.pid { "77" } else { "?" };
            let folded = fold(&options, text.as_bytes());
            assert!(
                folded.starts_with(&format!("{comm}-{pid}/{tid};")),
                "{text}{folded}"
            );
        }
    }
}
