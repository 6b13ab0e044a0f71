//! The shape of the repository: what its pages say of dependencies and kinds is so, files are short and begin with what they are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const CODE: [&str; 6] = ["schemas", "stages", "catalog", "pipeline", "tests", "examples"];
const MOST_LINES: usize = 500;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands on a page between `<!-- name -->` and `<!-- /name -->`: rows of a table, cells without backquotes.
fn table(page: &str, name: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let begin = format!("<!-- {name} -->");
    let (_, after) = text.split_once(&begin).unwrap_or_else(|| panic!("{page} has no `{begin}`"));
    let (inside, _) =
        after.split_once(&format!("<!-- /{name} -->")).unwrap_or_else(|| panic!("{page}: `{begin}` has no end"));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    // The heading and its rule.
    inside.lines().filter(|line| line.starts_with('|')).skip(2).map(cells).collect()
}

/// All Rust files of the project, with their text.
fn rust_files() -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = CODE.iter().map(|folder| Path::new(ROOT).join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.strip_prefix(ROOT).unwrap().to_owned(), text));
            }
        }
    }
    assert!(files.len() > 100, "{} files: the folders have other names now", files.len());
    files.sort();
    files
}

#[test]
fn crates_depend_on_what_the_architecture_says() {
    let metadata = Command::new(env!("CARGO"))
        .current_dir(ROOT)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .output();
    let metadata: Value = serde_json::from_slice(&metadata.unwrap().stdout).unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let normal = package["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null());
        let names = normal.map(|d| d["rename"].as_str().or(d["name"].as_str()).unwrap().to_owned());
        found.insert(package["name"].as_str().unwrap().to_owned(), names.collect());
    }
    let rows = table("ARCHITECTURE.md", "dependencies");
    let said: BTreeMap<String, BTreeSet<String>> =
        rows.iter().map(|row| (row[0].clone(), row[1].split(',').map(|d| d.trim().to_owned()).collect())).collect();
    for (package, dependencies) in &found {
        let allowed = said.get(package).unwrap_or_else(|| panic!("ARCHITECTURE.md does not list {package}"));
        assert_eq!(
            dependencies, allowed,
            "{package}: change ARCHITECTURE.md with the dependency, and say why in the commit"
        );
    }
    assert_eq!(found.len(), said.len(), "ARCHITECTURE.md lists a crate that is gone");
}

#[test]
fn science_knows_no_tables_and_one_crate_knows_the_query_engine() {
    let rows = table("ARCHITECTURE.md", "dependencies");
    let uses = |package: &str, start: &str| {
        let row = rows.iter().find(|row| row[0] == package).unwrap();
        row[1].split(", ").any(|d| d.starts_with(start))
    };
    for science in [
        "numerics",
        "network",
        "spiking",
        "meanfield",
        "potential",
        "signal",
        "density",
        "inverse",
        "recording",
        "search",
        "statistics",
    ] {
        let package = format!("lapicque-{science}");
        for start in ["arrow", "parquet", "datafusion", "lapicque-pipeline", "lapicque-schemas", "tokio"] {
            assert!(!uses(&package, start), "{package} depends on {start}*");
        }
    }
    let with_engine: Vec<&str> =
        rows.iter().map(|row| row[0].as_str()).filter(|package| uses(package, "datafusion")).collect();
    assert_eq!(with_engine, ["lapicque-query"]);
}

#[test]
fn the_readme_lists_the_kinds() {
    let answer = Command::new(env!("CARGO_BIN_EXE_lapicque")).args(["stages", "--json"]).output().unwrap();
    let kinds: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let text = |kind: &Value, key: &str| kind[key].as_str().unwrap().replace('`', "");
    let found: Vec<Vec<String>> =
        kinds.as_array().unwrap().iter().map(|k| vec![text(k, "kind"), text(k, "summary")]).collect();
    assert_eq!(table("README.md", "kinds"), found, "README.md: the table of kinds is what `lapicque stages` says");
}

/// What a stage does. A kind that does something else adds its verb.
const VERBS: [&str; 22] = [
    "Apply", "Compute", "Convolve", "Cut", "Derive", "Draw", "Find", "Fit", "Infer", "Keep", "Lay", "Measure",
    "Predict", "Read", "Resample", "Scale", "Search", "Simulate", "Take", "Tell", "Test", "Train",
];

#[test]
fn summaries_of_kinds_begin_with_a_verb() {
    for row in table("README.md", "kinds") {
        let first = row[1].split(' ').next().unwrap_or_default();
        assert!(VERBS.contains(&first), "{}: `{first}` is not among the verbs of kinds", row[0]);
    }
}

#[test]
fn crates_that_tables_go_through_are_there_once() {
    let lock = read("Cargo.lock");
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            package
                .lines()
                .find_map(|line| line.strip_prefix(key)?.trim().strip_prefix("= "))
                .unwrap()
                .trim_matches('"')
        };
        versions.entry(value("name")).or_default().push(value("version"));
    }
    let shared = |name: &str| {
        ["arrow", "datafusion"].iter().any(|start| name.starts_with(start))
            || ["parquet", "object_store"].contains(&name)
    };
    let shared: Vec<_> = versions.iter().filter(|(name, _)| shared(name)).collect();
    assert!(shared.len() > 20);
    for (name, versions) in shared {
        assert_eq!(versions.len(), 1, "{name} is there in the versions {versions:?}: their tables do not fit together");
    }
}

#[test]
fn the_top_level_is_what_the_architecture_names() {
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "LICENSE",
        ".ci/run",
        "schemas",
        "stages",
        "catalog",
        "pipeline",
        "tests",
        "examples",
    ] {
        assert!(Path::new(ROOT).join(name).exists(), "{name} is missing");
    }
    let architecture = read("ARCHITECTURE.md");
    for folder in ["schemas", "stages", "catalog", "pipeline"] {
        for entry in std::fs::read_dir(Path::new(ROOT).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(
                !path.is_dir() || architecture.contains(name.as_str()),
                "ARCHITECTURE.md does not name {folder}/{name}"
            );
        }
    }
}

#[test]
fn links_of_the_pages_lead_somewhere() {
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        for link in read(page).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let is_file = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            assert!(!is_file || Path::new(ROOT).join(target).exists(), "{page}: `{link}` leads nowhere");
        }
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    for (path, text) in rust_files() {
        let name = path.display();
        let lines = text.lines().count();
        assert!(
            lines < MOST_LINES,
            "{name} has {lines} lines; fewer than {MOST_LINES} are due: which two questions does it answer?"
        );
        // A module of tests in a file of its own is told of where it is declared.
        let of_tests = path.file_name().is_some_and(|file| file == "tests.rs");
        assert!(of_tests || text.starts_with("//!"), "{name} does not begin with `//!`");
        for mark in ["TO\u{44}O", "FIX\u{4d}E"] {
            assert!(!text.contains(mark), "{name}: `{mark}`: do it, or open an issue");
        }
    }
}

/// The paths of a `use` tree: `a::{b, c::d}` names `a::b` and `a::c::d`.
fn paths(before: &str, tree: &str) -> Vec<String> {
    let Some((head, inside)) = tree.split_once('{') else {
        return vec![format!("{before}{tree}")];
    };
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let (mut depth, mut start, mut all) = (0, 0, Vec::new());
    let ends = inside.char_indices().chain([(inside.len(), ',')]);
    for (at, c) in ends {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            all.extend(paths(&format!("{before}{head}"), &inside[start..at]));
            start = at + 1;
        }
    }
    all
}

/// What the modules of a crate import from each other; a module is the names on its path.
fn imports(source: &Path, files: &[(PathBuf, String)]) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let module = |path: &Path| -> Option<Vec<String>> {
        let inside = path.strip_prefix(source).ok()?.with_extension("");
        let mut names: Vec<String> = inside.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| name != "mod" && name != "lib" && name != "main");
        Some(names)
    };
    let modules: BTreeMap<Vec<String>, &str> =
        files.iter().filter_map(|(path, text)| Some((module(path)?, text.as_str()))).collect();
    let of_module = |(own, text): (&Vec<String>, &&str)| {
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((text, ""));
        let uses = code.split('\n').enumerate().filter_map(|(line, text)| {
            let text = text.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            text.strip_prefix("use ").map(|_| code.split('\n').skip(line).collect::<Vec<_>>().join(" "))
        });
        let trees = uses.filter_map(|rest| {
            let (_, tree) = rest.split_once("use ")?;
            Some(tree.split_once(';')?.0.split_whitespace().collect::<String>())
        });
        let named = trees.flat_map(|tree| paths("", &tree)).filter_map(|path| {
            let mut parts: Vec<String> = path.split("::").map(str::to_owned).collect();
            let mut at = match parts[0].as_str() {
                "crate" => Vec::new(),
                "super" => own.clone(),
                _ => return None,
            };
            while parts[0] == "super" {
                at.pop();
                parts.remove(0);
            }
            at.extend(parts.into_iter().filter(|part| part != "crate"));
            while !modules.contains_key(&at) {
                at.pop()?;
            }
            Some(at)
        });
        (own.clone(), named.filter(|other| other != own && !other.is_empty()).collect())
    };
    modules.iter().map(of_module).collect()
}

#[test]
fn no_module_imports_itself_by_way_of_others() {
    let files = rust_files();
    let sources: BTreeSet<PathBuf> = files
        .iter()
        .filter_map(|(path, _)| path.ancestors().find(|a| a.ends_with("src")).map(Path::to_owned))
        .chain([PathBuf::from("pipeline/cli")])
        .collect();
    assert!(sources.len() > 10);
    for source in sources {
        let imports = imports(&source, &files);
        // What is left when modules that import nothing of what is left are taken away, again and again.
        let mut left: BTreeSet<&Vec<String>> = imports.keys().collect();
        loop {
            let (stays, goes): (BTreeSet<_>, BTreeSet<_>) =
                left.iter().partition(|module| imports[**module].iter().any(|other| left.contains(other)));
            if goes.is_empty() {
                break;
            }
            left = stays;
        }
        let shown: Vec<String> = left.iter().map(|module| module.join("::")).collect();
        assert!(shown.is_empty(), "{}: a circle among {shown:?}", source.display());
    }
}
