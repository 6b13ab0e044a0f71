//! Runs of Brian2 as files: a specification, and what its monitors have recorded.
//!
//! The small ones are in `tests/golden/equations/runs`, all of them in `fixtures/brian` of the folder of LAPICQUE_SHARED.
#![allow(dead_code, clippy::result_large_err)]

pub(crate) mod compare;
pub(crate) mod convert;
pub(crate) mod population;
pub(crate) mod table;

use std::path::{Path, PathBuf};

use lapicque_equations::network::description::Model;
use lapicque_equations::network::{NetworkError, Options, Recording, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::Value as Json;

/// A specification and the folder of its files.
pub(crate) struct Spec {
    pub(crate) name: String,
    pub(crate) json: Json,
    pub(crate) folder: PathBuf,
}

/// All specifications of a folder, by name.
pub(crate) fn specs(folder: &Path) -> Vec<Spec> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut specs: Vec<Spec> = entries
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?.strip_suffix(".spec.json")?.to_owned();
            let json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            Some(Spec { name, json, folder: folder.to_owned() })
        })
        .collect();
    specs.sort_by(|a, b| a.name.cmp(&b.name));
    specs
}

/// The small specifications.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/equations/runs")
}

/// The folder of all specifications, or a remark that it is missing.
pub(crate) fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or_else(|| PathBuf::from("../../../shared"), PathBuf::from);
    let folder = shared.join("fixtures/brian");
    if !folder.is_dir() {
        println!("skipped: {} is missing (LAPICQUE_SHARED)", folder.display());
        return None;
    }
    Some(folder)
}

impl Spec {
    /// A model file that lies beside the specification.
    pub(crate) fn model(&self, json: Json) -> Model {
        let mut model = model(json);
        let names: Vec<String> = model.file_names().into_iter().map(str::to_owned).collect();
        for name in names {
            let contents = std::fs::read(self.folder.join(&name)).unwrap();
            model.files.insert(name, contents);
        }
        model
    }
}

/// A model file.
pub(crate) fn model(json: Json) -> Model {
    let text = json.to_string();
    serde_json::from_value(json).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Simulates with the numbers of a seed.
pub(crate) fn run(model: &Model, seed: u8) -> Result<Recording, NetworkError> {
    let key = StreamKey::new([seed; 16]);
    simulate(model, None, &Options::default(), &key, &|| false, &mut |_| {})
}
