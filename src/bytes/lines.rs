//! Lines of text, and what lines have in common.

/// The length of the common prefix of `a` and `b`.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    // Long chunks are compared by `memcmp`, short ones in line.
    let long = equal_chunks::<256>(a, b);
    let start = long + equal_chunks::<32>(&a[long..], &b[long..]);
    start + common_prefix_of_short(&a[start..], &b[start..])
}

/// The length of the chunks at the start that are equal.
fn equal_chunks<const SIZE: usize>(a: &[u8], b: &[u8]) -> usize {
    let chunks = a.as_chunks::<SIZE>().0.iter().zip(b.as_chunks().0);
    SIZE * chunks.take_while(|(a, b)| a == b).count()
}

/// Like `common_prefix`, for prefixes that are usually short.
pub(crate) fn common_prefix_of_short(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    for (at, (a, b)) in words.clone().enumerate() {
        let difference = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if difference != 0 {
            return 8 * at + (difference.trailing_zeros() / 8) as usize;
        }
    }
    let start = 8 * words.len();
    let bytes = a[start..].iter().zip(&b[start..]);
    start + bytes.take_while(|(a, b)| a == b).count()
}

/// The lines of `block`, without line ends. The last one may be incomplete.
pub(crate) fn lines_of(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', block)
        .chain((!block.ends_with(b"\n")).then_some(block.len()))
        .map(move |end| {
            let line = &block[start..end];
            start = end + 1;
            line
        })
}

/// The first line of `text`, without its line end, and the rest.
pub(crate) fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'\n', text) {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, b""),
    }
}

/// The lines of `text` that have a line end.
pub(crate) fn whole_lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = after_last_line(text).unwrap_or(0);
    lines_of(&text[..end]).take(if end == 0 { 0 } else { usize::MAX })
}

/// The end of the last whole line of `block`.
pub(crate) fn after_last_line(block: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', block).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_prefix_counts_bytes() {
        let a = vec![b'x'; 600];
        for at in [0, 1, 31, 32, 33, 63, 64, 99, 255, 256, 300, 599] {
            let mut b = a.clone();
            b[at] = b'y';
            assert_eq!(common_prefix(&a, &b), at);
        }
        assert_eq!(common_prefix(&a, &a[..40]), 40);
    }
}
