//! Selects and renames stacks and frames by regular expression.
//!
//! A [`Filter`] is a list of steps, applied one after another, each of which turns a [`CallTree`]
//! into another. It works between any profile and any output:
//!
//! ```
//! use inferno::{filter::Filter, folded};
//!
//! let lines = "\
//! app;main;serve;parse::{{closure}} 3
//! app;main;serve;parse 4
//! app;main;log;write 2
//! idle;wait 90
//! ";
//! let filter = Filter::new()
//!     .drop("^idle;")?
//!     .rename(r"::\{\{closure\}\}", "")?
//!     .hide("^main$")?;
//! let tree = filter.apply(folded::read(lines.as_bytes())?.tree);
//!
//! let mut out = Vec::new();
//! folded::write(&tree, &mut out)?;
//! assert_eq!(out, b"app;log;write 2\napp;serve;parse 7\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The syntax of patterns is that of the [`regex`](https://docs.rs/regex/latest/regex/#syntax)
//! crate. They match anywhere unless anchored with `^` and `$`. A pattern for *stacks* is matched
//! against the whole stack as folded text, `main;parse;read`; one for *frames* against the name of
//! each frame. The command name that collapsers put first is a frame too.
//!
//! Only [`keep`](Filter::keep), [`drop`](Filter::drop) and [`base`](Filter::base) remove samples.
//! The others preserve the sum of all counts. A filter without steps returns the tree as it is, at
//! no cost.

use crate::call_tree::{CallTree, NodeId, Roots, rebuild};
use regex::bytes::Regex;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// Selects and renames stacks and frames. See the [module](self) documentation.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Keep(Regex),
    Drop(Regex),
    Hide(Regex),
    Base(Regex),
    SkipAfter(Regex),
    FoldCallees(Regex),
    Rename(Regex, String),
}

/// Parts of names that compilers and runtimes number differently in each run or build, with their
/// replacements.
const GENERATED: [(&str, &str); 7] = [
    // Rust: closures in a function are merged into the function.
    (r"(::\{\{closure\}\}|::\{closure#\d+\})+", ""),
    // C++: lambdas of a function are merged.
    (r"\{lambda\([^{}]*\)#\d+\}", "{lambda}"),
    // Java: `A$$Lambda$14/0x0000000800c8d440`, `A$$Lambda+0x00007f0001/123`, `LambdaForm$MH/0x..`, and
    // other hidden classes.
    (
        r"\$\$Lambda(\$\d+)?([/.+](0x[0-9a-fA-F]+|\d+))*",
        "$$$$Lambda",
    ),
    (r"(LambdaForm\$\w+)([/.+](0x[0-9a-fA-F]+|\d+))+", "$1"),
    (r"[/.+]0x[0-9a-fA-F]{8,}([/.]\d+)?", ""),
    (
        r"((?:GeneratedMethod|GeneratedConstructor)Accessor|\$Proxy)\d+",
        "$1",
    ),
    // The suffix that gcc appends to clones of a function.
    (
        r"(\.(isra|part|constprop|lto_priv|cold)(\.\d+)?)+($|_\[)",
        "$4",
    ),
];

impl Filter {
    /// A filter that changes nothing.
    pub fn new() -> Filter {
        Filter::default()
    }

    /// Keeps only stacks that match.
    ///
    /// If called twice, both patterns must match; `a|b` keeps stacks that match one of them.
    ///
    /// # Errors
    /// If the pattern is not a regular expression, as in all methods here.
    pub fn keep(self, stacks: &str) -> Result<Filter, PatternError> {
        Ok(self.then(Step::Keep(pattern(stacks)?)))
    }

    /// Removes stacks that match.
    ///
    /// # Errors
    /// The same as for [`Filter::keep`].
    pub fn drop(self, stacks: &str) -> Result<Filter, PatternError> {
        Ok(self.then(Step::Drop(pattern(stacks)?)))
    }

    /// Removes frames that match. Their callees become callees of their callers, and their samples
    /// become samples of their callers.
    ///
    /// # Errors
    /// The same as for [`Filter::keep`].
    pub fn hide(self, frames: &str) -> Result<Filter, PatternError> {
        Ok(self.then(Step::Hide(pattern(frames)?)))
    }

    /// Starts each stack at its innermost frame that matches; removes stacks without one.
    ///
    /// This is [`flamegraph::Options::base`](crate::flamegraph::Options::base) for patterns.
    ///
    /// # Errors
    /// The same as for [`Filter::keep`].
    pub fn base(self, frames: &str) -> Result<Filter, PatternError> {
        Ok(self.then(Step::Base(pattern(frames)?)))
    }

    /// Starts each stack at its innermost frame that matches, so that this frame is shown once
    /// instead of once for each caller; keeps stacks without one whole.
    ///
    /// This is [`perf::Options::skip_after`](crate::collapse::perf::Options::skip_after) for
    /// patterns and for any format.
    ///
    /// # Errors
    /// The same as for [`Filter::keep`].
    pub fn skip_after(self, frames: &str) -> Result<Filter, PatternError> {
        Ok(self.then(Step::SkipAfter(pattern(frames)?)))
    }

    /// Ends each stack at its outermost frame that matches, whose callees are added to its own
    /// samples.
    ///
    /// # Errors
    /// The same as for [`Filter::keep`].
    pub fn fold_callees(self, frames: &str) -> Result<Filter, PatternError> {
        Ok(self.then(Step::FoldCallees(pattern(frames)?)))
    }

    /// Replaces all matches in the name of a frame. In `replacement`, `$1` or `${name}` is replaced
    /// with the text that the group matched, and `$$` with a `$`. Frames with the same new name are
    /// merged.
    ///
    /// ```
    /// use inferno::{filter::Filter, folded};
    ///
    /// let lines = "main;worker-1;run 3\nmain;worker-2;run 4\n";
    /// let filter = Filter::new().rename(r"^(\w+)-\d+$", "$1")?;
    /// let tree = filter.apply(folded::read(lines.as_bytes())?.tree);
    /// let mut out = Vec::new();
    /// folded::write(&tree, &mut out)?;
    /// assert_eq!(out, b"main;worker;run 7\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A `;`, which separates frames, becomes `:`, and a line end becomes a space.
    ///
    /// # Errors
    /// The same as for [`Filter::keep`], and if the pattern lacks a group that `replacement` names.
    pub fn rename(self, frames: &str, replacement: &str) -> Result<Filter, PatternError> {
        let frames = pattern(frames)?;
        let lacks = |group: &&str| !has_group(&frames, group);
        match groups_in(replacement).find(lacks) {
            Some(group) => Err(PatternError {
                pattern: frames.to_string(),
                problem: Problem::NoGroup(group.to_string()),
            }),
            None => Ok(self.then(Step::Rename(frames, replacement.to_string()))),
        }
    }

    /// Removes the parts of names that compilers and runtimes number: closures of Rust
    /// (`::{{closure}}`), lambdas of C++ (`{lambda(int)#2}`) and Java
    /// (`$$Lambda$14/0x0000000800c8d440`), addresses of hidden classes, numbers of accessors and
    /// proxies, suffixes of gcc (`.isra.0`).
    ///
    /// ```
    /// use inferno::{filter::Filter, folded};
    ///
    /// let lines = "App$$Lambda$14/0x0000000800c8d440.run 1\nApp$$Lambda$15/0x0000000800c8d668.run 2\n";
    /// let tree = Filter::new().merge_generated().apply(folded::read(lines.as_bytes())?.tree);
    /// let mut out = Vec::new();
    /// folded::write(&tree, &mut out)?;
    /// assert_eq!(out, b"App$$Lambda.run 3\n");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn merge_generated(self) -> Filter {
        GENERATED
            .iter()
            .fold(self, |filter, (frames, replacement)| {
                let frames = Regex::new(frames).expect("built-in patterns are valid");
                filter.then(Step::Rename(frames, replacement.to_string()))
            })
    }

    /// Whether the filter has no steps.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Applies all steps, in the order in which they were added.
    ///
    /// Both counts of a differential tree are kept, and so is the order of a tree [in time
    /// order](CallTree::in_time_order). The cost of each step is linear in the frames of all
    /// stacks; each name is matched once.
    pub fn apply(&self, tree: CallTree) -> CallTree {
        self.steps.iter().fold(tree, |tree, step| {
            let mut tree = step.apply(&tree);
            if step.cuts_roots() {
                tree.set_roots(Roots::Unknown);
            }
            tree
        })
    }

    fn then(mut self, step: Step) -> Filter {
        self.steps.push(step);
        self
    }
}

impl Step {
    /// Whether stacks may start with another frame afterwards.
    fn cuts_roots(&self) -> bool {
        matches!(self, Step::Hide(_) | Step::Base(_) | Step::SkipAfter(_))
    }

    fn apply(&self, tree: &CallTree) -> CallTree {
        match self {
            Step::Keep(stacks) => with_stacks_that(tree, |stack| stacks.is_match(stack)),
            Step::Drop(stacks) => with_stacks_that(tree, |stack| !stacks.is_match(stack)),
            Step::Rename(frames, to) => {
                rebuild::with_names(tree, |name| renamed(frames, name, to.as_bytes()))
            }
            Step::Hide(frames) => with_frames(tree, frames, |stack, is_match| {
                stack.retain(|&node| !is_match(node));
                true
            }),
            Step::Base(frames) => with_frames(tree, frames, |stack, is_match| {
                drop_callers(stack, is_match).is_some()
            }),
            Step::SkipAfter(frames) => with_frames(tree, frames, |stack, is_match| {
                drop_callers(stack, is_match);
                true
            }),
            Step::FoldCallees(frames) => with_frames(tree, frames, |stack, is_match| {
                let outermost = stack.iter().position(|&node| is_match(node));
                stack.truncate(outermost.map_or(stack.len(), |at| at + 1));
                true
            }),
        }
    }
}

/// A tree of the stacks whose text satisfies `is_wanted`.
fn with_stacks_that(tree: &CallTree, is_wanted: impl Fn(&[u8]) -> bool) -> CallTree {
    let mut text = Vec::new();
    rebuild::with_stacks(tree, |stack| {
        text.clear();
        for (index, &node) in stack.iter().enumerate() {
            if index > 0 {
                text.push(b';');
            }
            text.extend_from_slice(tree.name(node));
        }
        is_wanted(&text)
    })
}

/// A tree of the stacks modified by `change`, which knows which nodes have a matching name.
fn with_frames(
    tree: &CallTree,
    frames: &Regex,
    mut change: impl FnMut(&mut Vec<NodeId>, &dyn Fn(NodeId) -> bool) -> bool,
) -> CallTree {
    let matches: Vec<bool> = tree
        .frame_names()
        .map(|name| frames.is_match(name))
        .collect();
    let is_match = |node| matches[tree.frame(node).index()];
    rebuild::with_stacks(tree, |stack| change(stack, &is_match))
}

/// Removes the callers of the innermost match; `None` if there is none.
fn drop_callers(stack: &mut Vec<NodeId>, is_match: &dyn Fn(NodeId) -> bool) -> Option<()> {
    let innermost = stack.iter().rposition(|&node| is_match(node))?;
    stack.drain(..innermost);
    Some(())
}

fn renamed<'n>(frames: &Regex, name: &'n [u8], replacement: &[u8]) -> Cow<'n, [u8]> {
    match frames.replace_all(name, replacement) {
        Cow::Owned(mut name) => {
            let separators = name.iter_mut().filter(|byte| **byte == b';');
            separators.for_each(|byte| *byte = b':');
            Cow::Owned(name)
        }
        name => name,
    }
}

/// The groups that a replacement refers to, as the `regex` crate parses it.
fn groups_in(replacement: &str) -> impl Iterator<Item = &str> {
    let mut rest = replacement;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find('$')? + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                rest = after;
            } else if let Some((group, _)) = rest.strip_prefix('{').and_then(|s| s.split_once('}'))
            {
                return Some(group);
            } else {
                let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
                match rest.bytes().take_while(is_word).count() {
                    0 => {}
                    length => return Some(&rest[..length]),
                }
            }
        }
    })
}

fn has_group(frames: &Regex, group: &str) -> bool {
    match group.parse::<usize>() {
        Ok(number) => number < frames.captures_len(),
        Err(_) => frames.capture_names().flatten().any(|name| name == group),
    }
}

fn pattern(text: &str) -> Result<Regex, PatternError> {
    Regex::new(text).map_err(|error| PatternError {
        pattern: text.to_string(),
        problem: Problem::Syntax(error),
    })
}

/// An invalid regular expression, or a replacement that refers to a missing group.
#[derive(Debug, Clone)]
pub struct PatternError {
    pattern: String,
    problem: Problem,
}

#[derive(Debug, Clone)]
enum Problem {
    Syntax(regex::Error),
    NoGroup(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = &self.pattern;
        match &self.problem {
            Problem::Syntax(error) => {
                // The last of several lines; the previous ones point at the position.
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or_default();
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                write!(
                    f,
                    "expected a regular expression, found `{pattern}`: {reason}"
                )
            }
            Problem::NoGroup(group) => write!(
                f,
                "expected a group of `{pattern}` after `$`, found `{group}` (`${{1}}` is the first, \
                 `$$` is a `$`)"
            ),
        }
    }
}

impl Error for PatternError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.problem {
            Problem::Syntax(error) => Some(error),
            Problem::NoGroup(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_tree::Count;
    use crate::folded::{self, LineFolder};
    use proptest::prelude::*;

    type Made = Result<Filter, PatternError>;

    const LINES: &str =
        "app;main;log;write 2\napp;main;serve;log;write 3\napp;main;serve 5\nidle 90\n";

    fn filtered(lines: &str, filter: Made) -> Vec<String> {
        let tree = folded::read(lines.as_bytes()).unwrap().tree;
        written(&filter.unwrap().apply(tree))
    }

    fn written(tree: &CallTree) -> Vec<String> {
        let mut out = Vec::new();
        folded::write(tree, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(str::to_string).collect()
    }

    #[test]
    fn stacks_are_kept_and_dropped_by_their_text() {
        let kept = ["app;main;log;write 2", "app;main;serve 5"];
        let filter = Filter::new().drop("^idle$|serve;log");
        assert_eq!(filtered(LINES, filter), kept);
        let filter = Filter::new().keep("main;log|serve$");
        assert_eq!(filtered(LINES, filter), kept);
        let filter = Filter::new()
            .keep("log")
            .and_then(|filter| filter.keep("serve"));
        assert_eq!(filtered(LINES, filter), ["app;main;serve;log;write 3"]);
        assert!(filtered(LINES, Filter::new().keep("nothing")).is_empty());
    }

    #[test]
    fn hidden_frames_leave_their_samples() {
        let lines = filtered(LINES, Filter::new().hide("^(main|write|serve)$"));
        assert_eq!(lines, ["app 5", "app;log 5", "idle 90"]);
        assert_eq!(filtered("a;b 1\n", Filter::new().hide("")), [" 1"]);
    }

    #[test]
    fn callers_and_callees_are_cut() {
        let lines = filtered(LINES, Filter::new().base("^log|^serve"));
        assert_eq!(lines, ["log;write 5", "serve 5"]);
        let lines = filtered(LINES, Filter::new().skip_after("^log"));
        assert_eq!(lines, ["app;main;serve 5", "idle 90", "log;write 5"]);
        let lines = filtered(LINES, Filter::new().fold_callees("^log|^serve"));
        assert_eq!(lines, ["app;main;log 2", "app;main;serve 8", "idle 90"]);
    }

    #[test]
    fn frames_with_the_same_new_name_are_merged() {
        let lines = filtered(LINES, Filter::new().rename("^(log|serve)$", "<$1>"));
        assert_eq!(lines[0], "app;main;<log>;write 2");
        let lines = filtered(LINES, Filter::new().rename("log|serve", "x;y"));
        assert_eq!(lines[0], "app;main;x:y 5");
        let lines = filtered(LINES, Filter::new().rename("log|serve", "x\r\ny"));
        assert_eq!(lines[0], "app;main;x  y 5");
    }

    #[test]
    fn generated_names_are_merged() {
        for (name, expected) in [
            ("a::f::{{closure}}", "a::f"),
            ("a::f::{closure#0}::{closure#12}", "a::f"),
            (
                "main::{lambda(int, char)#2}::operator()",
                "main::{lambda}::operator()",
            ),
            ("A$$Lambda$14/0x0000000800c8d440.run", "A$$Lambda.run"),
            ("A$$Lambda$14/1018547642.run", "A$$Lambda.run"),
            ("A$$Lambda/0x00007f0001.run", "A$$Lambda.run"),
            ("A$$Lambda+0x00007f0001/123.run", "A$$Lambda.run"),
            ("A$$Lambda+0x00007f0001.123.run", "A$$Lambda.run"),
            ("A$$Lambda.0x00007f0001.add", "A$$Lambda.add"),
            ("A$$Lambda.accept", "A$$Lambda.accept"),
            (
                "java/lang/invoke/LambdaForm$MH/0x0000000800c.invoke",
                "java/lang/invoke/LambdaForm$MH.invoke",
            ),
            ("A$Hidden+0x0000000800c8d440.f", "A$Hidden.f"),
            ("A$Hidden+0x0000000800c8d440/12.f", "A$Hidden.f"),
            (
                "GeneratedMethodAccessor12.invoke",
                "GeneratedMethodAccessor.invoke",
            ),
            ("com/sun/proxy/$Proxy7.f", "com/sun/proxy/$Proxy.f"),
            ("schedule.isra.0", "schedule"),
            ("do_work.constprop.0.cold_[k]", "do_work_[k]"),
            ("copy.part.3", "copy"),
            ("cache.lto_priv.0", "cache"),
            ("main.cold_start", "main.cold_start"),
            ("plain", "plain"),
        ] {
            let lines = filtered(&format!("{name} 1\n"), Ok(Filter::new().merge_generated()));
            assert_eq!(lines, [format!("{expected} 1")]);
        }
    }

    #[test]
    fn steps_are_applied_in_order() {
        let renamed_first = Filter::new()
            .rename("log", "note")
            .and_then(|f| f.keep("note"));
        assert_eq!(filtered(LINES, renamed_first).len(), 2);
        let kept_first = Filter::new()
            .keep("note")
            .and_then(|f| f.rename("log", "note"));
        assert!(filtered(LINES, kept_first).is_empty());
    }

    #[test]
    fn time_order_and_both_counts_are_kept() {
        let mut folder = LineFolder::new(CallTree::in_time_order());
        for line in ["a;x;b 1", "a;b 2", "c 3", "a;x;b 4"] {
            folder.fold_line(line.as_bytes());
        }
        let tree = Filter::new().hide("x").unwrap().apply(folder.finish().tree);
        let names: Vec<&[u8]> = tree.walk().map(|visit| tree.name(visit.node)).collect();
        assert_eq!(names, [&b"a"[..], b"b", b"c", b"a", b"b"]);

        let lines = filtered("a;x;b 1 10\na;b 2 20\n", Filter::new().hide("x"));
        assert_eq!(lines, ["a;b 3 30"]);
    }

    #[test]
    fn a_differential_in_time_order_keeps_its_baseline() {
        let mut tree = CallTree::in_time_order();
        for stack in [&b"a"[..], b"a;x", b"a"] {
            let node = tree.descend(CallTree::ROOT, stack);
            tree.add_change(node, 10u64, 1u64);
        }
        let tree = Filter::new().hide("x").unwrap().apply(tree);
        assert_eq!(tree.totals()[0].to_string(), "3");
        assert_eq!(tree.totals_before()[0].to_string(), "30");
    }

    #[test]
    fn the_error_names_an_invalid_pattern() {
        let error = Filter::new().keep("a(b").unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a regular expression, found `a(b`: unclosed group"
        );
    }

    fn profile() -> impl Strategy<Value = CallTree> {
        let frame = prop::sample::select(vec!["a", "b", "ab", "c::{{closure}}", "d"]);
        let stack = prop::collection::vec(frame, 0..6);
        prop::collection::vec((stack, 0u64..99, 0u64..99), 0..12).prop_map(|stacks| {
            let mut tree = CallTree::new();
            for (stack, before, after) in stacks {
                let leaf = tree.add_stack(&stack, 0u64);
                tree.add_change(leaf, before, after);
            }
            tree
        })
    }

    fn sums(tree: &CallTree) -> (Count, Count) {
        let own = |tree: &CallTree, count: fn(&CallTree, NodeId) -> Option<Count>| {
            tree.ids().filter_map(|node| count(tree, node)).sum()
        };
        (
            own(tree, CallTree::self_count),
            own(tree, CallTree::self_before),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Steps that only move samples lose none, and selections partition the stacks.
        #[test]
        fn no_sample_is_lost(tree in profile(), pattern in prop::sample::select(vec![
            "a", "^a$", "b$", "closure", "", "nothing",
        ])) {
            let all = sums(&tree);
            for filter in [
                Filter::new().hide(pattern),
                Filter::new().skip_after(pattern),
                Filter::new().fold_callees(pattern),
                Filter::new().rename(pattern, "z"),
                Ok(Filter::new().merge_generated()),
                Ok(Filter::new()),
            ] {
                prop_assert_eq!(sums(&filter.unwrap().apply(tree.clone())), all);
            }
            let kept = sums(&Filter::new().keep(pattern).unwrap().apply(tree.clone()));
            let dropped = sums(&Filter::new().drop(pattern).unwrap().apply(tree));
            prop_assert_eq!((kept.0 + dropped.0, kept.1 + dropped.1), all);
        }
    }
}
