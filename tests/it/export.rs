//! `inferno::export`: what is written in a format and read again is what it was.

use inferno::call_tree::{CallTree, Count, Forest, Unit};
use inferno::collapse::guess;
use inferno::decode::decoded;
use inferno::export::Format;
use inferno::folded;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io;

/// Formats that keep stacks, and that are read, too.
const EXACT: [&str; 4] = ["folded", "pprof", "speedscope", "firefox"];

fn tree_of(text: &str) -> CallTree {
    folded::read(text.as_bytes()).expect("text").tree
}

fn folded_text(tree: &CallTree) -> String {
    let mut out = Vec::new();
    folded::write(tree, &mut out).expect("a Vec takes everything");
    String::from_utf8_lossy(&out).into_owned()
}

fn written(format: &str, profile: impl Into<Forest>) -> Vec<u8> {
    let mut out = Vec::new();
    let format = Format::named(format).expect("a format");
    format
        .write(profile, &mut out)
        .expect("a Vec takes everything");
    out
}

fn text(format: &str, profile: impl Into<Forest>) -> String {
    String::from_utf8(written(format, profile)).expect("text")
}

/// What any tool here makes of a profile.
fn read(profile: &[u8]) -> io::Result<CallTree> {
    let mut options = guess::Options::default();
    options.demangle = false;
    let folder = guess::Folder::from(options);
    let forest = folder.try_collapse(io::BufReader::new(decoded(profile)?))?;
    Ok(forest.expect("a profile that is recognized").merged())
}

#[track_caller]
fn assert_same(format: &str, folded: &str) {
    let read = read(&written(format, tree_of(folded)));
    let read = read.unwrap_or_else(|error| panic!("{format}: {error}"));
    assert_eq!(folded_text(&read), folded, "{format}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn stacks_are_read_as_they_were_written(
        stacks in prop::collection::btree_map("[a-c\"\\\\é\u{1f525}]{1,3}(;[ab\u{1}\u{7f}]( ?[<'&/])?[ab]){0,5}", 1u64..=1 << 62, 1..30)
    ) {
        let mut tree = CallTree::new();
        for (stack, count) in &stacks {
            let node = tree.descend(CallTree::ROOT, stack.as_bytes());
            tree.add(node, *count);
        }
        // Folded text of such names may look like something else.
        for format in &EXACT[1..] {
            let read = read(&written(format, tree.clone())).expect("a profile");
            prop_assert_eq!(folded_text(&read), folded_text(&tree), "{}", format);
        }
    }

    /// callgrind has no stacks, but what functions count themselves and in all.
    #[test]
    fn callgrind_has_the_counts_of_functions(
        stacks in prop::collection::btree_map("[a-d](;[a-d]){0,6}", 1u64..1000, 1..20)
    ) {
        let lines = stacks.iter().map(|(stack, count)| format!("{stack} {count}\n"));
        let (own, called, total) = functions_of(&text("callgrind", tree_of(&lines.collect::<String>())));
        prop_assert_eq!(total, stacks.values().sum::<u64>());
        let sum_of = |has: &dyn Fn(&[&str]) -> bool| -> u64 {
            let frames = |stack: &str| has(&stack.split(';').collect::<Vec<_>>());
            stacks.iter().filter(|(stack, _)| frames(stack)).map(|(_, count)| count).sum()
        };
        for name in ["a", "b", "c", "d"] {
            let leaves = sum_of(&|frames| frames.last() == Some(&name));
            prop_assert_eq!(own.get(name).copied().unwrap_or(0), leaves, "{} itself", name);
            if let Some(called) = called.get(name) {
                prop_assert_eq!(*called, sum_of(&|frames| frames.contains(&name)), "calls of {}", name);
            }
        }
    }
}

/// What functions cost themselves, what all calls of each cost, and the total, as
/// `callgrind_annotate` adds them up.
fn functions_of(profile: &str) -> (BTreeMap<String, u64>, BTreeMap<String, u64>, u64) {
    let (mut own, mut called) = (BTreeMap::new(), BTreeMap::new());
    let (mut names, mut current, mut callee, mut total) = (BTreeMap::new(), None, None, 0);
    for line in profile.lines() {
        let is_function = line.starts_with("fn=") || line.starts_with("cfn=");
        let name = line.split_once('=').filter(|_| is_function);
        let name = name.map(|(_, name)| name.to_string());
        let name = name.map(|name| {
            let (id, new) = name.split_once(' ').unwrap_or((&name, ""));
            let known = names
                .entry(id.to_string())
                .or_insert_with(|| new.to_string());
            known.clone()
        });
        match line.split_once(['=', ' ']) {
            Some(("fn", _)) => current = name,
            Some(("cfn", _)) => callee = name,
            Some(("0", cost)) => {
                let cost: u64 = cost.parse().expect("a cost");
                let sum = match callee.take() {
                    Some(callee) => called.entry(callee).or_insert(0),
                    None => own.entry(current.clone().expect("a function")).or_insert(0),
                };
                *sum += cost;
            }
            Some(("totals:", sum)) => total = sum.parse().expect("a sum"),
            _ => {}
        }
    }
    (own, called, total)
}

#[test]
fn all_counts_are_kept() {
    for format in EXACT {
        assert_same(format, &format!("a {}\n", i64::MAX));
        assert_same(format, "a 1\nb 9007199254740993\n");
        if format != "pprof" {
            assert_same(format, "a 18446744073709551615\n");
            assert_same(format, "a 0.000000001\nb 1234567.123456789\n");
        }
        if format != "firefox" {
            assert_same(format, " 2\na 1\n");
        }
    }
}

/// The names of the columns of a table without rows, sorted.
fn columns_of(profile: &str, table: &str) -> Vec<String> {
    let (_, rest) = profile
        .split_once(&format!("\"{table}\":{{"))
        .expect("the table");
    let columns = rest.split('}').next().expect("its end").split(',');
    let mut names: Vec<String> = columns
        .filter_map(|column| column.strip_suffix(":[]"))
        .map(|name| name.trim_matches('"').to_string())
        .collect();
    names.sort();
    names
}

/// The Firefox Profiler expects all columns of a table, even if it has no rows.
#[test]
fn empty_tables_of_firefox_have_all_columns() {
    let firefox = text("firefox", tree_of("a 1\n"));
    for (table, columns) in [
        (
            "markers",
            &["category", "data", "endTime", "name", "phase", "startTime"][..],
        ),
        ("resourceTable", &["host", "lib", "name", "type"]),
        (
            "nativeSymbols",
            &["address", "functionSize", "libIndex", "name"],
        ),
    ] {
        assert_eq!(columns_of(&firefox, table), columns, "{table}");
    }
}

#[test]
fn unsupported_data_is_approximated() {
    let reread =
        |format, folded: &str| folded_text(&read(&written(format, tree_of(folded))).unwrap());
    assert_eq!(reread("firefox", " 2\na 1\n"), "[no stack] 2\na 1\n");
    assert_eq!(reread("callgrind", " 2\na 1\n"), "a 1\nroot 2\n");
    assert_eq!(
        reread("pprof", "a 18446744073709551615\n"),
        format!("a {}\n", i64::MAX)
    );
    // The total stays.
    assert_eq!(
        reread("pprof", "a 0.4\nb 0.4\nc 0.4\nd 0.8\n"),
        "b 1\nd 1\n"
    );
    for format in ["pprof", "speedscope", "firefox", "callgrind"] {
        assert_eq!(reread(format, "a;;b 1\n"), "a;[unknown];b 1\n", "{format}");
    }
    let mut tree = CallTree::new();
    tree.add_stack([&b"a\xff"[..]], 1u64);
    for format in ["pprof", "speedscope", "firefox"] {
        let tree = read(&written(format, tree.clone())).unwrap();
        assert_eq!(folded_text(&tree), "a\u{fffd} 1\n", "{format}");
    }
    assert!(
        written("d3", tree.clone())
            .windows(4)
            .any(|bytes| bytes == "a\u{fffd}".as_bytes())
    );
}

#[test]
fn rows_of_tsv_are_quoted_where_readers_would_split_or_trim_them() {
    let mut tree = tree_of("main;parse 3\n 8\nback\\slash;\\t 0.000000001\n");
    for name in ["tab\there", "say \"hi\"", "'", "#", " a ", "\"", "a 1"] {
        tree.add_stack([name, "x y"], u64::MAX);
    }
    let most = u64::MAX;
    let expected = [
        "stack\tcount".to_string(),
        "\"\"\t8".to_string(),
        format!("\" a ;x y\"\t{most}"),
        format!("\"\"\";x y\"\t{most}"),
        format!("\"#;x y\"\t{most}"),
        format!("\"';x y\"\t{most}"),
        format!("a 1;x y\t{most}"),
        "back\\slash;\\t\t0.000000001".to_string(),
        "main;parse\t3".to_string(),
        format!("\"say \"\"hi\"\";x y\"\t{most}"),
        format!("\"tab\there;x y\"\t{most}"),
    ];
    let table = text("tsv", tree);
    assert_eq!(table.lines().collect::<Vec<_>>(), expected);

    let differential = text("tsv", tree_of("a;b 1 2\na;b c 0 0.5\n"));
    assert_eq!(
        differential,
        "stack\tbefore\tafter\na;b\t1\t2\na;b c\t0\t0.5\n"
    );
}

/// Folded text is written in chunks, which are not lines.
#[test]
fn a_long_tsv_has_all_rows() {
    let lines: Vec<String> = (0..20_000)
        .map(|number| format!("main;f{number:05} {number}"))
        .collect();
    let table = text("tsv", tree_of(&lines.join("\n")));
    let rows: Vec<String> = table
        .lines()
        .skip(1)
        .map(|row| row.replace('\t', " "))
        .collect();
    assert_eq!(rows, lines);
}

#[test]
fn bytes_that_are_not_utf8_are_replaced_in_tsv_with_a_warning() {
    let mut tree = CallTree::new();
    tree.add_stack([&b"a\xff"[..]], 1u64);
    let (table, warnings) = inferno::warnings::collect(|| text("tsv", tree));
    assert_eq!(table, "stack\tcount\na\u{fffd}\t1\n");
    assert_eq!(warnings.len(), 1);
}

#[test]
fn units_are_kept() {
    for (unit, format, count) in [
        (Unit::Nanoseconds, "pprof", "2500"),
        (Unit::Nanoseconds, "speedscope", "2500"),
        (Unit::Bytes, "pprof", "2500"),
        (Unit::Bytes, "speedscope", "2500"),
        (Unit::Bytes, "firefox", "2500"),
        (Unit::Milliseconds, "firefox", "2500"),
        (Unit::called("cycles"), "pprof", "2500"),
    ] {
        let mut tree = tree_of("a 2500\n");
        tree.set_unit(unit.clone());
        let read = read(&written(format, tree)).unwrap();
        assert_eq!(
            (read.unit(), read.totals()[0].to_string().as_str()),
            (&unit, count),
            "{format}"
        );
    }
    // What the format does not have is converted.
    for (unit, format, expected, count) in [
        (Unit::Nanoseconds, "firefox", Unit::Milliseconds, "0.0025"),
        (
            Unit::TenNanoseconds,
            "speedscope",
            Unit::Nanoseconds,
            "25000",
        ),
        (Unit::TenNanoseconds, "pprof", Unit::Nanoseconds, "25000"),
    ] {
        let mut tree = tree_of("a 2500\n");
        tree.set_unit(unit);
        let read = read(&written(format, tree)).unwrap();
        assert_eq!(
            (read.unit(), read.totals()[0].to_string().as_str()),
            (&expected, count),
            "{format}"
        );
    }
}

#[test]
fn stacks_may_be_deep() {
    const DEPTH: usize = 100_000;
    let mut tree = CallTree::new();
    tree.add_stack(vec!["f"; DEPTH], 3u64);
    for format in Format::all() {
        let profile = written(format.name(), tree.clone());
        assert!(profile.len() < 100 * DEPTH, "{format:?}");
        if EXACT.contains(&format.name()) {
            let read = read(&profile).unwrap();
            assert_eq!(
                (read.len(), read.totals()[0]),
                (DEPTH + 1, Count::from(3)),
                "{format:?}"
            );
        }
    }
    let json = text("d3", tree);
    assert_eq!(json.matches("{\"name\"").count(), DEPTH + 1);
    assert!(
        json.ends_with("]}]}]}\n")
            && json.matches(['[', '{']).count() == json.matches([']', '}']).count()
    );
}

#[test]
fn both_counts_of_a_comparison_are_kept() {
    let changed = || tree_of("a;b 3 5\na;c 4 0\n");
    let json = text("d3", changed());
    let node = |name: &str, numbers: &str| format!("{{\"name\":\"{name}\",{numbers}");
    assert!(
        json.contains(&node("root", "\"value\":5,\"delta\":-2")),
        "{json}"
    );
    assert!(
        json.contains(&node("b", "\"value\":5,\"delta\":2}")),
        "{json}"
    );
    assert!(
        json.contains(&node("c", "\"value\":0,\"delta\":-4}")),
        "{json}"
    );
    let callgrind = text("callgrind", changed());
    assert!(callgrind.contains("events: before after\n") && callgrind.ends_with("totals: 7 5\n"));
    assert!(callgrind.contains("fn=(3)\n0 4 0\n"), "{callgrind}");
    assert_eq!(text("folded", changed()), "a;b 3 5\na;c 4 0\n");
    let speedscope = text("speedscope", changed());
    let profile = |name: &str, end: u64| {
        format!("\"name\":\"{name}\",\"unit\":\"none\",\"startValue\":0,\"endValue\":{end}")
    };
    assert!(
        speedscope.contains(&profile("before", 7)) && speedscope.contains(&profile("after", 5))
    );
    for (value, expected) in [("before", "a;b 3\na;c 4\n"), ("after", "a;b 5\n")] {
        let mut options = guess::Options::default();
        options.value = Some(value.to_string());
        let profile = written("pprof", changed());
        let profile = io::BufReader::new(decoded(&profile[..]).unwrap());
        let forest = guess::Folder::from(options).try_collapse(profile).unwrap();
        assert_eq!(folded_text(&forest.unwrap().merged()), expected);
    }
    let firefox = text("firefox", changed());
    assert!(firefox.contains("{\"name\":\"before\"") && firefox.contains("\"weight\":[3,4]"));
    assert!(firefox.contains("{\"name\":\"after\"") && firefox.contains("\"weight\":[5]"));
}

/// A function that calls others goes on by itself between the calls.
#[test]
fn time_order_is_kept_in_exports() {
    let mut tree = CallTree::in_time_order();
    for (stack, count) in [
        ("m;b", 1u64),
        ("m", 2),
        ("m;a;x", 3),
        ("m;a", 4),
        ("m;b", 5),
    ] {
        let node = tree.descend(CallTree::ROOT, stack.as_bytes());
        tree.add(node, count);
    }
    let speedscope = text("speedscope", tree.clone());
    let events = |frames: &str| {
        let events = frames.split(' ').map(|event| {
            let (kind, rest) = event.split_at(1);
            let (frame, at) = rest.split_once('@').expect("a time");
            format!("{{\"type\":\"{kind}\",\"frame\":{frame},\"at\":{at}}}")
        });
        format!("\"events\":[{}]", events.collect::<Vec<_>>().join(","))
    };
    // 0 is m, 1 b, 2 a, 3 x.
    let expected = events("O0@0 O1@0 C1@1 O2@3 O3@3 C3@6 C2@10 O1@10 C1@15 C0@15");
    assert!(speedscope.contains(&expected), "{speedscope}");
    let read = read(speedscope.as_bytes()).unwrap();
    assert_eq!(folded_text(&read), "m 2\nm;a 4\nm;a;x 3\nm;b 6\n");
    let firefox = text("firefox", tree);
    assert!(firefox.contains("\"weight\":[1,2,3,4,5]"), "{firefox}");
    let expected = "\"frame\":[0,1,2,3,1],\"prefix\":[null,0,0,2,0]";
    assert!(
        firefox.contains(expected) && firefox.contains("\"stack\":[1,0,3,2,4]"),
        "{firefox}"
    );
}

#[test]
fn output_does_not_depend_on_how_the_tree_was_built() {
    let one = ["b;x 1\n", "a;y 2\na 3\n", "b 4\n"].map(tree_of);
    let other = tree_of("b 4\na;y 2\nb;x 1\na 3\n");
    for format in Format::all() {
        let forest = Forest::from_iter(one.clone());
        assert_eq!(
            written(format.name(), forest),
            written(format.name(), other.clone()),
            "{format:?}"
        );
    }
}

#[test]
fn profiles_may_be_empty() {
    for format in Format::all() {
        let profile = written(format.name(), CallTree::new());
        if !["folded", "d3", "tsv"].contains(&format.name()) {
            assert!(read(&profile).unwrap().is_empty(), "{format:?}");
        }
    }
}

#[test]
fn write_errors_are_returned() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in Format::all() {
        let error = format.write(tree_of("a;b 3\n"), Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format:?}");
    }
}
