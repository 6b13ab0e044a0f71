//! Numbers and defaults change only with the revision of their kind (`tests/golden/kinds/KIND/expected.json`).

use std::collections::BTreeMap;
use std::path::Path;

use lapicque_schemas::DigestBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cases::folders;
use super::rounded::rounded_digest;
use super::{every_kind, lab, reference};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Snapshot {
    kind: String,
    revision: u32,
    /// As in the case.
    given: Value,
    canonical: Value,
    /// Of each output, rounded.
    outputs: BTreeMap<String, String>,
}

fn snapshots() -> BTreeMap<String, Snapshot> {
    let lab = lab();
    let pipeline = every_kind();
    let ran = reference();
    let (_, graph) = lab.bind(&pipeline).unwrap();
    let snapshot = |stage: &lapicque_pipeline::BoundStage| {
        let bound = stage.bound();
        let outputs = bound
            .outputs
            .iter()
            .enumerate()
            .map(|(i, output)| (output.name.clone(), rounded_digest(ran.output(&stage.name, i)).to_string()));
        // A network within a configuration is long; its digest says as much.
        let mut canonical = bound.config.clone();
        canonical.sort_all_objects();
        if stage.spec.kind == "python" {
            // Its version is that of this machine.
            canonical.as_object_mut().unwrap().remove("interpreter");
        }
        if canonical.to_string().len() > 1000 {
            canonical = DigestBuilder::new("configuration").text(&canonical.to_string()).finish().to_string().into();
        }
        let given = pipeline["stages"][&stage.name].clone();
        (
            stage.name.clone(),
            Snapshot {
                kind: stage.spec.kind.clone(),
                revision: bound.revision,
                given,
                canonical,
                outputs: outputs.collect(),
            },
        )
    };
    graph.stages.iter().map(snapshot).collect()
}

#[test]
fn defaults_and_numbers_change_with_the_revision_alone() {
    let found = snapshots();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut known: BTreeMap<String, Snapshot> = BTreeMap::new();
    for (kind, folder) in folders() {
        let expected: BTreeMap<String, Snapshot> = match std::fs::read_to_string(folder.join("expected.json")) {
            Ok(text) => serde_json::from_str(&text).unwrap(),
            Err(_) if update => BTreeMap::new(),
            Err(error) => panic!("{kind}/expected.json: {error}"),
        };
        known.extend(expected);
    }
    // Numbers of a stage may differ because those of a stage above it do.
    let mut problems = Vec::new();
    let raised = known
        .iter()
        .any(|(name, old)| found.get(name).is_some_and(|new| new.revision != old.revision || new.given != old.given));
    for (name, new) in &found {
        let Some(old) = known.get(name) else {
            problems.push(format!("`{name}` ({}) is new", new.kind));
            continue;
        };
        if new == old {
            continue;
        }
        let differs = if new.outputs == old.outputs { "canonical configuration" } else { "numbers" };
        let explained = new.revision != old.revision || new.given != old.given || raised;
        if !explained {
            problems.push(format!(
                "{differs} of `{}` (stage `{name}`) changed, but its revision is still {}: stored results would be taken for new ones. \
                 Raise REVISION of the kind if this is meant, and find the mistake if not.\n  was {old:?}\n  is  {new:?}",
                new.kind, new.revision
            ));
        } else {
            problems.push(format!(
                "{differs} of `{}` (stage `{name}`) changed with a revision or with a case of the suite",
                new.kind
            ));
        }
    }
    problems.extend(known.keys().filter(|name| !found.contains_key(*name)).map(|name| format!("`{name}` is gone")));
    let unexplained = problems.iter().any(|problem| problem.contains("Raise REVISION"));
    if update && !unexplained {
        for (kind, folder) in folders() {
            write(&folder.join("expected.json"), &found.iter().filter(|(_, snapshot)| snapshot.kind == kind).collect());
        }
        return;
    }
    let hint = if unexplained {
        ""
    } else {
        "\nUPDATE_GOLDEN=1 cargo test --release --test integration defaults_and writes the files expected.json anew"
    };
    assert!(problems.is_empty(), "{}{hint}", problems.join("\n"));
}

fn write(path: &Path, snapshots: &BTreeMap<&String, &Snapshot>) {
    let mut text = serde_json::to_string_pretty(snapshots).unwrap();
    text.push('\n');
    std::fs::write(path, text).unwrap();
}
