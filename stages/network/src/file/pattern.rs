//! Paths with `*` in the name of a population or connection: `connections.*I_to_*.weight`.

use super::node::{Node, Value};
use super::problem::ProblemKind;
use super::reader::Reader;
use crate::path::long_spelling;

/// Comparisons of patterns with names in one file, and paths of all its parameters.
pub(super) const MOST_PATHS: usize = 200_000;

impl<'t> Reader<'t> {
    /// Notes the names of populations and connections, which patterns match.
    pub(super) fn note_names(&mut self, populations: Option<&'t Node>, connections: Option<&'t Node>) {
        for (section, node) in [("populations", populations), ("connections", connections)] {
            if let Some(Node { value: Value::Map(entries), .. }) = node {
                self.names.insert(section, entries.iter().map(|(key, _)| key.text.as_str()).collect());
            }
        }
    }

    /// The paths that are meant, in the order of the file, and whether `written` is a pattern.
    pub(super) fn matching(&mut self, written: &str) -> Result<(Vec<String>, bool), ProblemKind> {
        let path = long_spelling(written);
        let parts: Vec<&str> = path.splitn(3, '.').collect();
        let (section, pattern, rest) = match parts.as_slice() {
            [section, pattern, rest] if pattern.contains('*') => (*section, *pattern, *rest),
            _ => {
                self.spend(1)?;
                return Ok((vec![path], false));
            }
        };
        let names = self.names.get(section).map_or(0, Vec::len);
        self.spend(names.max(1))?;
        let names = self.names.get(section).into_iter().flatten().filter(|name| matches(pattern, name));
        Ok((names.map(|name| format!("{section}.{name}.{rest}")).collect(), true))
    }

    fn spend(&mut self, paths: usize) -> Result<(), ProblemKind> {
        self.paths_spent += paths;
        match self.paths_spent <= MOST_PATHS {
            true => Ok(()),
            false => Err(ProblemKind::TooManyPaths { allowed: MOST_PATHS }),
        }
    }
}

/// Whether `name` is `pattern` with any letters, or none, for each `*`.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let (between, last) = others.rsplit_once('*').unwrap_or(("", others));
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    for part in between.split('*') {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_letters() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "E_to_I"),
            ("E_*", "E_"),
            ("*_to_I", "E_to_I"),
            ("*I_to_*", "L4I_to_L23E"),
            ("*I*E*", "L4I_to_L23E"),
            ("**", "x"),
            ("E", "E"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("E_*", "E"),
            ("*I_to_*", "L4E_to_L23I"),
            ("*aa", "a"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
            ("*E*E*E*", "E_to_E"),
            ("E", "I"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
