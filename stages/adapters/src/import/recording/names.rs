//! Names of recordings: of their files, told apart by folders where files are called the same, or given by the user.

use std::collections::HashMap;
use std::fmt;

use indexmap::IndexMap;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Several files: a list, or a map of names and files.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Paths {
    #[default]
    None,
    Listed(Vec<String>),
    Named(IndexMap<String, String>),
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PathsVisitor)
    }
}

struct PathsVisitor;

impl<'de> Visitor<'de> for PathsVisitor {
    type Value = Paths;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of files, or a map such as `{sub-01: sub-01/eeg.edf}`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Paths, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Paths::Listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Paths, A::Error> {
        IndexMap::deserialize(MapAccessDeserializer::new(map)).map(Paths::Named)
    }
}

/// A name for each path: the file's without extension; with as many folders as it takes where several are called so; with the extension where folders do not
/// help. Paths of one file keep one name.
pub(crate) fn names_of(paths: &[&str]) -> Vec<String> {
    let parts: Vec<Vec<&str>> = paths.iter().map(|path| parts(path)).collect();
    let stem = |path: usize| stem(parts[path].last().copied().unwrap_or_default());
    let mut by_stem: HashMap<&str, Vec<usize>> = HashMap::new();
    for path in 0..paths.len() {
        by_stem.entry(stem(path)).or_default().push(path);
    }
    let mut names: Vec<String> = (0..paths.len()).map(|path| stem(path).to_owned()).collect();
    for same in by_stem.values().filter(|same| same.len() > 1) {
        let deepest = same.iter().map(|&path| parts[path].len()).max().unwrap_or(1);
        let with_folders = |path: usize, folders: usize| {
            let own = &parts[path][..parts[path].len().saturating_sub(1)];
            let own = &own[own.len().saturating_sub(folders)..];
            own.iter().copied().chain([stem(path)]).collect::<Vec<_>>().join("/")
        };
        let with_extension = |path: usize| parts[path].join("/");
        let told_apart = |name: &dyn Fn(usize) -> String| {
            let mut files: HashMap<String, &[&str]> = HashMap::new();
            same.iter().all(|&path| *files.entry(name(path)).or_insert(&parts[path]) == parts[path].as_slice())
        };
        let folders = (1..deepest).find(|&folders| told_apart(&|path| with_folders(path, folders)));
        for &path in same {
            names[path] = folders.map_or_else(|| with_extension(path), |folders| with_folders(path, folders));
        }
    }
    names
}

/// Folders and file, without what says nothing.
fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|part| !matches!(*part, "" | ".")).collect()
}

fn stem(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_tell_files_of_one_name_apart() {
        for (paths, expected) in [
            (&["a/x.edf", "b/y.edf"][..], &["x", "y"][..]),
            (&["sub-01/eeg.csv", "sub-02/eeg.csv", "other.csv"], &["sub-01/eeg", "sub-02/eeg", "other"]),
            (
                &["1/ses-1/eeg.edf", "1/ses-2/eeg.edf", "2/ses-1/eeg.edf"],
                &["1/ses-1/eeg", "1/ses-2/eeg", "2/ses-1/eeg"],
            ),
            (&["eeg.csv", "a/eeg.csv"], &["eeg", "a/eeg"]),
            (&["./a/eeg.csv", "/data/b/eeg.csv"], &["a/eeg", "b/eeg"]),
            (&["a/eeg.csv", "a/eeg.edf"], &["a/eeg.csv", "a/eeg.edf"]),
            (&["s1.csv", "./s1.csv"], &["s1.csv", "s1.csv"]),
            (&["a.b.csv", ".hidden"], &["a.b", ".hidden"]),
        ] {
            assert_eq!(names_of(paths), expected, "{paths:?}");
        }
    }
}
