//! What every kind of stage promises, held against the cases in `tests/golden/kinds`.

mod cancellation;
mod cases;
mod configuration;
mod defaults;
mod ingredients;
mod messages;
mod pass;
mod reference;
mod remembered;
mod results;
mod rounded;
mod task;

use cases::stages;
pub(crate) use cases::{every_kind, lab};
pub(crate) use reference::reference;

/// All kinds, and one that passes tables on.
pub(crate) fn registry() -> lapicque_pipeline::Registry {
    pass::registry()
}

#[test]
fn every_kind_has_a_folder_and_every_folder_a_kind() {
    let folders: Vec<String> = cases::all_folders().into_iter().map(|(kind, _)| kind).collect();
    let registry = lapicque::registry();
    let names: std::collections::BTreeSet<&str> = registry.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), registry.iter().count(), "two kinds have one name");
    for kind in registry.iter() {
        let name = kind.name();
        assert!(
            folders.iter().any(|folder| folder == name),
            "give `{name}` a case: tests/golden/kinds/{name}/default.yaml"
        );
    }
    for (kind, folder) in cases::all_folders() {
        assert!(registry.get(&kind).is_some(), "tests/golden/kinds/{kind}: there is no such kind");
        assert_eq!(cases::cases(&folder).first().map(|(name, _)| name.as_str()), Some("default"), "{kind}");
    }
}
