use super::*;

fn folded(tree: &CallTree) -> String {
    let mut out = Vec::new();
    crate::folded::write(tree, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn equal_stacks_are_one() {
    let mut tree = CallTree::new();
    tree.add_stack(["a", "b"], 1u64);
    tree.add_stack(["a"], 5u64);
    tree.add_stack(["a", "b"], 2u64);
    assert_eq!(folded(&tree), "a 5\na;b 3\n");
    assert_eq!(tree.len(), 3);
}

#[test]
fn line_ends_in_names_become_spaces() {
    let mut tree = CallTree::new();
    for name in ["a\nb", "a b", "a\rb", "a\nb", "\r\na b\n"] {
        tree.add_stack(["main", name], 1u64);
    }
    let frame = tree.intern(b"a\nb");
    assert_eq!(tree.frame_name(frame), b"a b");
    let mut other = CallTree::new();
    other.add_stack(["main", "a\nb"], 4u64);
    tree.merge(&other);
    assert_eq!(folded(&tree), "main;a b 9\n");
    let read = crate::folded::read(folded(&tree).as_bytes()).unwrap();
    assert_eq!(read.ignored_lines, 0);
}

#[test]
fn siblings_of_new_names_are_found_again() {
    let mut tree = CallTree::new();
    for stack in ["a;b", "a;c", "a;d", "a;c", "e", "a;e", "a;d", "a;e"] {
        let node = tree.descend(CallTree::ROOT, stack.as_bytes());
        tree.add(node, 1u64);
    }
    assert_eq!(folded(&tree), "a;b 1\na;c 2\na;d 2\na;e 2\ne 1\n");
    assert_eq!(tree.len(), 7);
}

#[test]
fn a_count_of_zero_is_still_a_stack() {
    let mut tree = CallTree::new();
    tree.descend(CallTree::ROOT, b"a;b");
    assert!(tree.is_empty());
    tree.add_stack(["a", "b"], 0u64);
    assert!(!tree.is_empty());
    assert_eq!(folded(&tree), "a;b 0\n");
}

#[test]
fn merging_adds() {
    let mut one = CallTree::new();
    one.add_stack(["a", "b"], 1u64);
    let mut two = CallTree::new();
    two.add_stack(["b"], 7u64);
    two.add_stack(["a", "b"], 2u64);
    one.merge(&two);
    assert_eq!(folded(&one), "a;b 3\nb 7\n");
}

#[test]
fn merging_a_differential_keeps_both_counts() {
    let mut one = CallTree::new();
    one.add_stack(["a"], 4u64);
    let mut two = CallTree::new();
    let node = two.descend(CallTree::ROOT, b"a;b");
    two.add_change(node, 10u64, 30u64);
    one.merge(&two);
    assert!(one.is_differential());
    assert_eq!(one.totals()[0], Count::from(34));
    assert_eq!(one.totals_before()[0], Count::from(14));
}

#[test]
fn in_time_order_only_the_newest_child_is_used_again() {
    let mut tree = CallTree::in_time_order();
    for stack in [["a", "x"], ["a", "x"], ["a", "y"], ["a", "x"]] {
        tree.add_stack(stack, 1u64);
    }
    let names: Vec<&[u8]> = tree.walk().map(|visit| tree.name(visit.node)).collect();
    assert_eq!(names, [b"a", b"x", b"y", b"x"]);
}

#[test]
fn in_time_order_a_child_ends_when_its_parent_continues() {
    let mut tree = CallTree::in_time_order();
    tree.add_stack(["a", "x"], 1u64);
    tree.add_stack(["a"], 1u64);
    tree.add_stack(["a", "x"], 1u64);
    let names: Vec<&[u8]> = tree.walk().map(|visit| tree.name(visit.node)).collect();
    assert_eq!(names, [b"a", b"x", b"x"]);
}

#[test]
fn a_walk_can_skip_the_descendants_of_a_node() {
    let mut tree = CallTree::new();
    tree.add_stack(["a", "b", "c"], 1u64);
    tree.add_stack(["d", "e"], 1u64);
    let mut walk = tree.walk();
    let mut names = Vec::new();
    while let Some(visit) = walk.next() {
        names.push(tree.name(visit.node));
        if tree.name(visit.node) == b"b" {
            walk.skip_callees();
        }
    }
    assert_eq!(names, [b"a", b"b", b"d", b"e"]);
}
