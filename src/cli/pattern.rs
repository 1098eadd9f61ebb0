//! Patterns for names of files, such as `'shards/*.gz'`: a shell has a limit to the number of names
//! that it passes on, and some shells pass patterns as they are.

use std::fs;
use std::path::{Path, PathBuf};

/// The files that match a pattern, whose file name contains `*` or `?`, in the order of their
/// names. A path that is no pattern, that exists, or that nothing matches is returned as it is.
pub(super) fn expand(path: &Path) -> Vec<PathBuf> {
    let as_is = || vec![path.to_path_buf()];
    let pattern = path.file_name().and_then(|name| name.to_str());
    let Some(pattern) = pattern.filter(|pattern| pattern.contains(['*', '?'])) else {
        return as_is();
    };
    if fs::symlink_metadata(path).is_ok() {
        return as_is();
    }
    let parent = path.parent().unwrap_or(Path::new(""));
    let directory = match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    let matching = names.filter(|name| matches(pattern.as_bytes(), name.as_encoded_bytes()));
    let paths = matching.map(|name| parent.join(name));
    let mut files: Vec<PathBuf> = paths.filter(|path| !path.is_dir()).collect();
    files.sort();
    match files.is_empty() {
        true => as_is(),
        false => files,
    }
}

/// Whether `name` matches `pattern`, in which `*` stands for any bytes and `?` for a character.
/// Hidden files match only if the pattern names the dot.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let is_hidden = name.starts_with(b".") && !pattern.starts_with(b".");
    !is_hidden && is_match(pattern, name)
}

fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut name_at) = (0, 0);
    // After the last `*`, and the end of what it stands for.
    let mut star: Option<(usize, usize)> = None;
    while name_at < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, name_at));
            }
            Some(b'?') => {
                at += 1;
                name_at = after_char(name, name_at);
            }
            Some(byte) if *byte == name[name_at] => {
                at += 1;
                name_at += 1;
            }
            _ => {
                let Some((after_star, end)) = star else {
                    return false;
                };
                star = Some((after_star, end + 1));
                (at, name_at) = (after_star, end + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// The end of the character at `start` in UTF-8.
fn after_char(name: &[u8], start: usize) -> usize {
    let is_continued = |byte: &&u8| **byte & 0xc0 == 0x80;
    start + 1 + name[start + 1..].iter().take_while(is_continued).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, is_matching) in [
            ("*", "a", true),
            ("*", ".a", false),
            (".*", ".a", true),
            ("*.gz", "a.gz", true),
            ("*.gz", "a.gz.gz", true),
            ("*.gz", "a.gzip", false),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbY", false),
            ("?.x", "\u{e9}.x", true),
            ("?.x", "ab.x", false),
            ("a?", "a", false),
            ("a**", "a", true),
        ] {
            let found = matches(pattern.as_bytes(), name.as_bytes());
            assert_eq!(found, is_matching, "{pattern} {name}");
        }
    }
}
