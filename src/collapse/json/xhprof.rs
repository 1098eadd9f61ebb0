//! XHProf: PHP profiles of XHProf and Tideways as JSON (`json_encode(xhprof_disable())`).
//!
//! ```text
//! file  = { "main()": costs, "CALLER==>FUNCTION": costs … }
//! costs = { "ct": CALLS, "wt": µs, "cpu"?: µs, "mu"?: BYTES, "pmu"?: BYTES }      (of the function and its callees)
//! ```
//!
//! ```json
//! {"main()": {"ct": 1, "wt": 900}, "main()==>Shop::load": {"ct": 2, "wt": 700}}
//! ```
//!
//! The profile is a call graph: the self cost of a function is exact, and stacks are an estimate
//! (see `document/graph.rs`). Recursive calls are separate functions in the graph, `walk@1`, with
//! the same name.

use crate::bytes::decimal::Decimal;
use crate::bytes::text::plural;
use crate::collapse::document::graph::{FunctionId, Graph};
use crate::collapse::document::{Document, Profile, ValueType, shared_options};
use crate::collapse::json::{self, Keys, Text};
use crate::flags::flags;
use crate::input::invalid;
use crate::names::frame::frame_name;
use crate::warnings::warning;
use ahash::{AHashMap, RandomState};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// Folds XHProf profiles. See the [module](self) for the format.
///
/// ```
/// use inferno::collapse::{Collapse, xhprof::Folder};
///
/// let profile = r#"{"main()": {"ct": 1, "wt": 900}, "main()==>load": {"ct": 2, "wt": 700}}"#;
/// let mut folded = Vec::new();
/// Folder::default().collapse(profile.as_bytes(), &mut folded)?;
/// assert_eq!(folded, b"main() 200\nmain();load 700\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type Folder = crate::collapse::document::Folder<Options>;

flags! {
    /// Options for an XHProf profile.
    #[derive(Debug, Clone, Default)]
    #[non_exhaustive]
    pub struct Options {
        /// The value to count: `wt` (time) or `cpu`, both in microseconds, `mu` (memory) or `pmu` (peak
        /// memory), both in bytes [default: wt]
        #[arg(long, alias = "sample-type", value_name = "NAME")]
        pub value: Option<String>,
    }
}

/// The available values with their units. (Calls have no inclusive costs.)
const VALUES: [(&str, &str); 4] = [
    ("wt", "microseconds"),
    ("cpu", "microseconds"),
    ("mu", "bytes"),
    ("pmu", "bytes"),
];

const ARROW: &[u8] = b"==>";

impl Document for Options {
    const NAME: &'static str = "xhprof";
    const DESCRIPTION: &'static str = "an XHProf profile (JSON)";

    shared_options!(value);

    fn sniff(head: &[u8]) -> Option<bool> {
        let keys = Keys::of(head);
        keys.answer(keys.has("main().ct") || keys.has("main().wt"))
    }

    fn demangles(&self) -> bool {
        false
    }

    fn read(&self, input: &mut dyn BufRead, profile: &mut Profile) -> io::Result<()> {
        let document = json::read_to_end(input)?;
        let file: File<'_> = json::parse_object(&document, Self::DESCRIPTION)?;
        if !file.keys().any(|key| &key[..] == b"main()") {
            return Err(invalid(format!(
                "expected {}, which has `main()`",
                Self::DESCRIPTION
            )));
        }
        let is_there = |name: &str| {
            file.values()
                .any(|costs| costs.contains_key(&Text(name.as_bytes().into())))
        };
        let values = VALUES.iter().filter(|(name, _)| is_there(name));
        let values: Vec<_> = values
            .map(|(name, unit)| ValueType::new(*name, *unit))
            .collect();
        if values.is_empty() {
            return Err(invalid(
                "the profile has neither times (`wt`) nor other costs",
            ));
        }
        let sums: Vec<_> = values
            .iter()
            .map(|value| Costs::of(&file, &value.name))
            .collect();
        let chosen = profile.choose(values, self.value.as_deref(), 0)?;
        for (value, costs) in sums.iter().enumerate() {
            costs
                .own()
                .into_iter()
                .for_each(|(_, own)| profile.add_to_sum(value, own));
        }
        if let Some(costs) = sums.into_iter().nth(chosen) {
            costs.add_to(profile);
        }
        Ok(())
    }
}

/// The costs of each call.
type File<'a> = HashMap<Text<'a>, HashMap<Text<'a>, Decimal, RandomState>, RandomState>;

/// A caller, which is `None` for the main program, and its callee.
type Call<'f> = (Option<&'f [u8]>, &'f [u8]);

/// The costs of one kind.
struct Costs<'f> {
    /// Sorted by name, for reproducible results.
    calls: Vec<(Call<'f>, Decimal)>,
}

impl<'f> Costs<'f> {
    fn of(file: &'f File<'_>, kind: &str) -> Costs<'f> {
        let kind = Text(kind.as_bytes().into());
        let calls = file.iter().map(|(call, costs)| {
            let cost = costs.get(&kind).copied().unwrap_or_default();
            let arrow = memchr::memmem::find(call, ARROW);
            let call = match arrow {
                Some(at) => (Some(&call[..at]), &call[at + ARROW.len()..]),
                None => (None, &call[..]),
            };
            (call, cost)
        });
        let mut calls: Vec<_> = calls.collect();
        calls.sort_unstable();
        Costs { calls }
    }

    /// The self cost of each function.
    fn own(&self) -> AHashMap<&'f [u8], Decimal> {
        let mut own: AHashMap<&[u8], Decimal> = AHashMap::new();
        for ((caller, function), cost) in &self.calls {
            *own.entry(function).or_default() += *cost;
            if let Some(caller) = caller {
                let caller = own.entry(caller).or_default();
                *caller = *caller - *cost;
            }
        }
        own
    }

    fn add_to(&self, profile: &mut Profile) {
        let own = self.own();
        let mut functions: Vec<_> = own.keys().copied().collect();
        functions.sort_unstable();
        let ids: AHashMap<&[u8], FunctionId> = functions.iter().copied().zip(0..).collect();
        let mut graph = Graph::default();
        let mut negative = 0;
        for (function, cost) in own {
            // Measuring takes time, and memory may be freed by another function than its allocator.
            negative += u64::from(cost.is_negative());
            graph.add_own(ids[function], cost.max(Decimal::ZERO));
        }
        for ((caller, function), cost) in &self.calls {
            if let Some(caller) = caller {
                graph.add_call(ids[caller], ids[function], *cost);
            }
        }
        if negative > 0 {
            let functions = plural(negative, "function", "functions");
            warning!("{functions} cost less than their callees; their self cost is taken as zero");
        }
        let names: Vec<_> = functions.iter().map(|name| name_of(name)).collect();
        graph.add_to(&names, profile);
    }
}

/// The name of a function, without its recursion depth.
fn name_of(function: &[u8]) -> Vec<u8> {
    let at = memchr::memrchr(b'@', function).filter(|at| {
        let digits = &function[at + 1..];
        *at > 0 && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    });
    frame_name(&function[..at.unwrap_or(function.len())])
}
