//! Tests with generated profiles: nothing in them is lost, and each is recognized.

#![cfg(all(feature = "jfr", feature = "json", feature = "protobuf"))]

use crate::documents;

use documents::KINDS;
use inferno::call_tree::CallTree;
use inferno::collapse::{Collapse, formats, guess};

const SIZE: usize = 300_000;

/// The size of all function names, independent of the number of samples.
const TABLES: usize = 2_000_000;

fn total(tree: &CallTree) -> f64 {
    tree.totals()[0].to_f64()
}

/// Fractions of a microsecond are exact in a tree, but not as `f64`.
fn assert_equal(name: &str, actual: f64, expected: f64) {
    assert!(
        (actual - expected).abs() < 1e-3,
        "{name}: {actual}, expected {expected}"
    );
}

#[test]
fn generated_profiles_are_read_in_full() {
    for kind in KINDS {
        let made = (kind.make)(SIZE);
        let format = formats::all().find(|format| format.name == kind.format);
        let format = format.expect("all kinds are in formats that are read");
        let profile = format.read(&*made.bytes, &guess::Options::default());
        let profile = profile.unwrap();
        let values = profile.values();
        let listed = values.iter().find(|value| value.is_default).unwrap();
        assert_equal(kind.name, listed.sum.to_f64(), made.total);
        let tree = profile.merged();
        assert_equal(kind.name, total(&tree), made.total);
        let tree = guess::Folder::default()
            .collapse_slice_to_tree(&made.bytes)
            .unwrap();
        assert_equal(kind.name, total(&tree), made.total);
    }
}

#[test]
fn generated_profiles_are_reproducible_and_have_the_requested_size() {
    for kind in KINDS {
        let made = (kind.make)(SIZE).bytes;
        assert!(made == (kind.make)(SIZE).bytes, "{}", kind.name);
        assert!(
            (SIZE / 2..2 * SIZE + TABLES).contains(&made.len()),
            "{}: {}",
            kind.name,
            made.len()
        );
    }
}
