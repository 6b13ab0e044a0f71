//! Patterns of file names: `*` and `?` for any letters and any letter, `[a-z]` and `[!a-z]` for one of these, `**` for folders in folders.

use std::io;
use std::path::{Path, PathBuf};

/// More files are a mistake.
const MOST_FILES: usize = 100_000;
/// Folders within folders that `**` goes into.
const DEEPEST: usize = 32;

pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

/// The files that a pattern matches, as names like the pattern, sorted. Relative patterns start at `folder`. Hidden files and folders need a pattern with the
/// point; `**` follows no links.
pub(crate) fn matching(folder: &Path, pattern: &str) -> io::Result<Vec<String>> {
    let mut parts = pattern.split('/').peekable();
    let mut names = vec![String::new()];
    if pattern.starts_with('/') {
        parts.next();
        names = vec!["/".to_owned()];
    }
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let mut next = Vec::new();
        for name in &names {
            match part {
                "**" => within(folder, name, DEEPEST, &mut next)?,
                part if is_pattern(part) => {
                    for (entry, is_folder) in entries(folder, name)? {
                        if (is_last || is_folder) && is_match(part, &entry) {
                            next.push(joined(name, &entry));
                        }
                    }
                }
                "" => next.push(name.clone()),
                part => next.push(joined(name, part)),
            }
            if next.len() > MOST_FILES {
                return Err(io::Error::other(format!("`{pattern}` matches more than {MOST_FILES} files")));
            }
        }
        names = next;
    }
    names.retain(|name| folder.join(name).is_file());
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn joined(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder if folder.ends_with('/') => format!("{folder}{name}"),
        folder => format!("{folder}/{name}"),
    }
}

/// Names in a folder, and whether they are folders; nothing of what is no folder, or cannot be read.
fn entries(folder: &Path, name: &str) -> io::Result<Vec<(String, bool)>> {
    let path: PathBuf = if name.is_empty() { folder.to_owned() } else { folder.join(name) };
    let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
    let Ok(list) = std::fs::read_dir(path) else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in list {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push((name, entry.path().is_dir()));
        }
    }
    Ok(names)
}

/// A folder and all folders in it.
fn within(folder: &Path, name: &str, deepest: usize, found: &mut Vec<String>) -> io::Result<()> {
    found.push(name.to_owned());
    if deepest == 0 || found.len() > MOST_FILES {
        return Ok(());
    }
    for (entry, is_folder) in entries(folder, name)? {
        let below = joined(name, &entry);
        if is_folder && !entry.starts_with('.') && !folder.join(&below).is_symlink() {
            within(folder, &below, deepest - 1, found)?;
        }
    }
    Ok(())
}

/// Whether a name is of a pattern without `/`.
fn is_match(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on if what follows the last star does not match.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, n));
            p += 1;
            continue;
        }
        match one(&pattern[p..], name[n]) {
            Some(length) => {
                p += length;
                n += 1;
            }
            None => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// How much of a pattern a letter takes, if it matches.
fn one(pattern: &[char], letter: char) -> Option<usize> {
    match *pattern {
        [] => None,
        ['?', ..] => Some(1),
        ['[', ..] => match class(pattern, letter) {
            Some((is_in, length)) => is_in.then_some(length),
            // Without its end it is a letter.
            None => (letter == '[').then_some(1),
        },
        [own, ..] => (own == letter).then_some(1),
    }
}

/// Whether a letter is of `[...]`, and how long that is.
fn class(pattern: &[char], letter: char) -> Option<(bool, usize)> {
    let is_negated = matches!(pattern.get(1), Some('!' | '^'));
    let start = if is_negated { 2 } else { 1 };
    // A bracket that comes first is a letter.
    let end = (start + 1..pattern.len()).find(|&at| pattern[at] == ']')?;
    let letters = &pattern[start..end];
    let mut is_in = false;
    let mut at = 0;
    while at < letters.len() {
        match letters[at..] {
            [low, '-', high, ..] => {
                is_in |= (low..=high).contains(&letter);
                at += 3;
            }
            [own, ..] => {
                is_in |= own == letter;
                at += 1;
            }
            [] => break,
        }
    }
    Some((is_in != is_negated, end + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("*", "a.csv", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("*.csv", ".a.csv", false),
            (".*", ".a", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYb", false),
            ("sub-??", "sub-01", true),
            ("sub-??", "sub-1", false),
            ("sub-[0-4][!9]", "sub-12", true),
            ("sub-[0-4][!9]", "sub-19", false),
            ("[]]x", "]x", true),
            ("[a", "[a", true),
            ("?", "\u{e4}", true),
            ("**", "ab", true),
            ("", "", true),
        ] {
            assert_eq!(is_match(pattern, name), expected, "{pattern} {name}");
        }
        assert!(!is_match(&"*a".repeat(30), &"a".repeat(29)), "it ends soon");
    }

    /// The same by trying everything.
    fn is_match_of(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], name) => name.is_empty(),
            (['*', rest @ ..], name) => (0..=name.len()).any(|taken| is_match_of(rest, &name[taken..])),
            (['?', rest @ ..], [_, behind @ ..]) => is_match_of(rest, behind),
            ([own, rest @ ..], [letter, behind @ ..]) => own == letter && is_match_of(rest, behind),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_by_trying_everything(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let letters = |text: &str| text.chars().collect::<Vec<char>>();
            prop_assert_eq!(is_match(&pattern, &name), is_match_of(&letters(&pattern), &letters(&name)));
        }

        #[test]
        fn no_pattern_panics(pattern in "[\\[\\]ab*?!^\u{e4}-]{0,12}", name in "[\\[\\]ab\u{e4}-]{0,12}") {
            let _ = is_match(&pattern, &name);
        }
    }
}
