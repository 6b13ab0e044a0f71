//! The cases of the suite: `tests/golden/kinds/KIND/CASE.yaml` holds stages by name, `default.yaml` first, and `expected.json` what they give.
//!
//! All cases are one pipeline, so that they may take each other's tables.

use std::path::{Path, PathBuf};

use lapicque_pipeline::config::parse_yaml;
use serde_json::{Map, Value, json};

use crate::support::{Lab, VARIABLE, has_python};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/kinds");

/// The kind that needs a Python with pyarrow; without one the suite goes on without it, and says so.
const PYTHON: &str = "python";

/// Whether stages of a kind can run on this machine.
pub(super) fn runs_here(kind: &str) -> bool {
    // Where each batch has a process of its own, each would start an interpreter.
    kind != PYTHON || (std::env::var_os(VARIABLE).is_none() && has_python())
}

/// The folders of the kinds that can run here, by name.
pub(super) fn folders() -> Vec<(String, PathBuf)> {
    all_folders().into_iter().filter(|(kind, _)| runs_here(kind)).collect()
}

/// The folders of kinds, by name.
pub(super) fn all_folders() -> Vec<(String, PathBuf)> {
    let mut folders: Vec<(String, PathBuf)> = sorted(Path::new(FOLDER))
        .into_iter()
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    folders.sort();
    folders
}

/// The pipelines of a folder: names of cases and their stages.
pub(super) fn cases(folder: &Path) -> Vec<(String, Map<String, Value>)> {
    let is_case = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "yaml") && !path.ends_with("other_values.yaml")
    };
    let mut files: Vec<PathBuf> = sorted(folder).into_iter().filter(is_case).collect();
    files.sort_by_key(|path| (!path.ends_with("default.yaml"), path.clone()));
    let case = |path: PathBuf| {
        let Value::Object(stages) = read_yaml(&path) else { panic!("{}: no map of stages", path.display()) };
        (path.file_stem().unwrap().to_string_lossy().into_owned(), stages)
    };
    files.into_iter().map(case).collect()
}

pub(super) fn read_yaml(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse_yaml(&text).unwrap_or_else(|error| panic!("{}: {}", path.display(), error.message)).value
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The pipeline with all cases of every kind.
pub(crate) fn every_kind() -> Value {
    let mut stages = Map::new();
    for (kind, folder) in folders() {
        for (case, of_case) in cases(&folder) {
            for (name, stage) in of_case {
                assert_eq!(stage["kind"], kind, "{kind}/{case}.yaml: `{name}`");
                assert!(stages.insert(name.clone(), stage).is_none(), "{kind}/{case}.yaml: there is another `{name}`");
            }
        }
    }
    json!({"lapicque": 1, "name": "every-kind", "seed": 1, "stages": stages})
}

/// A folder with the files that it names.
pub(crate) fn lab() -> Lab {
    let lab = Lab::with_kinds(super::pass::registry);
    lab.write("tiny_network.yaml", include_str!("../../golden/house/tiny_network.yaml"));
    lab.write("tiny_model.yaml", include_str!("../../golden/house/tiny_model.yaml"));
    lab.write("tiny_binary.yaml", include_str!("../../golden/house/tiny_binary.yaml"));
    lab.write("recording.csv", include_str!("../../golden/recordings/human_m1_lfp_1s.csv"));
    lab.write("table.csv", "sample,channel,epoch,power,count\na,Cz,0,0.5,3\na,Cz,1,0.25,4\nb,Cz,0,-1.5,5\n");
    // Of other values.
    let network = include_str!("../../golden/house/tiny_binary.yaml").replace("0.1 mV", "0.2 mV");
    lab.write("other_binary.yaml", network);
    let network = include_str!("../../../stages/network/networks/senk2020.yaml").replace("size: 4000", "size: 3000");
    lab.write("other_spatial.yaml", network);
    lab.write("other_recording.csv", "time_s,Cz\n0,1\n0.001,2\n0.002,4\n");
    lab.write("two_arrays.mat", include_bytes!("../../../fuzz/seeds/mat/two_arrays.mat"));
    lab.write("other_table.csv", "sample,channel,epoch,power,count\na,Cz,0,0.75,3\n");
    let connectome =
        "source,target,weight,length_mm\nleft,left,0,0\nright,left,0.5,30\nleft,right,0.25,33\nhub,right,1,10\n";
    lab.write("connectome.csv", connectome);
    lab.write("weights.csv", "a,b,c\n0.125,0.5,0\n0.25,0,2\n1,0.375,0\n");
    lab.write("other_weights.csv", "a,b,c\n0,0.75,0\n0.5,0,1\n1,2,0\n");
    lab.write("fibre_lengths.csv", "0,30,45\n31,0,20\n44,21,0\n");
    lab.write("node_names.txt", "left\nright\nhub\n");
    lab.write("node_positions.csv", "name,x,y,z\na,-30,10,5\nb,30,10,5\nc,0,-40,20\n");
    lab.write("streamlines.txt", "4\n2\n8\n");
    lab.write("other_streamlines.txt", "1\n2\n3\n");
    lab.write("two_matrices.mat", two_matrices());
    lab.write("scale.awk", include_str!("../../golden/kinds/command/scale.awk"));
    let script = include_str!("../../golden/kinds/python/line_length.py");
    lab.write("line_length.py", script);
    lab.write("other_length.py", format!("{script}\n# another\n"));
    lab.write("points.csv", "sample,J_ext,weight,note\na,30 pA,1,x\nb,31 pA,3,y\n");
    lab.write("currents.csv", "sample,J_ext\na,30 pA\nb,31 pA\n");
    let rows = |row: fn(usize) -> String| (0..20).map(row).collect::<String>();
    lab.write("no_times.csv", format!("Cz\n{}", rows(|i| format!("{}\n", i % 7))));
    let row = |i: usize| format!("{},{},{},{}\n", i, 2 * i, i % 7, i % 5);
    write_dataset(&lab, "dataset", 1.0);
    write_dataset(&lab, "other_dataset", 2.0);
    lab.write("spikes.csv", "time_ms,unit,population\n1,0,E\n2.5,0,E\n2.5,3,E\n4,0,I\n7.25,0,E\n9,0,I\n");
    lab.write("other_spikes.csv", "time_ms,unit,population\n1,0,E\n2,0,E\n4,0,I\n");
    lab.write("two_times.csv", "a,b,who,other,where\n1,2,0,0,E\n3,4,0,1,I\n5,7,1,2,E\n");
    lab.write("two_channels.csv", format!("a,b,Cz,Fz\n{}", rows(row)));
    lab
}

/// A MAT file of version 4 with two matrices, `x` and `y`.
fn two_matrices() -> Vec<u8> {
    let variable = |name: u8, values: [f64; 4]| {
        let head = [0_u32, 2, 2, 0, 2].iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let values = values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        [head, vec![name, 0], values].concat()
    };
    [variable(b'x', [0.0, 1.0, 2.0, 3.0]), variable(b'y', [0.0, 4.0, 5.0, 0.0])].concat()
}

/// A BIDS dataset of two small recordings that differ in all their entities.
fn write_dataset(lab: &Lab, name: &str, scale: f64) {
    let row = |row: usize| format!("{},{},{}\n", 0.25 * row as f64, scale * (row % 7) as f64, scale * (row % 5) as f64);
    let recording = format!("time_s,Cz,Fz\n{}", (0..16).map(row).collect::<String>());
    let (first, second) = ("sub-01/ses-1/eeg", "sub-02/ses-2/ieeg");
    for folder in [first, second] {
        std::fs::create_dir_all(lab.folder().join(name).join(folder)).unwrap();
    }
    let write = |file: &str, text: &str| lab.write(&format!("{name}/{file}"), text);
    write("participants.tsv", "participant_id\tgroup\nsub-01\tcontrol\nsub-02\tpatient\n");
    write("channels.tsv", "name\ttype\tunits\tstatus\nCz\tEEG\tn/a\tgood\nFz\tEOG\tn/a\tbad\n");
    write("task-rest_eeg.json", "{\"PowerLineFrequency\": 50}");
    write(&format!("{first}/sub-01_ses-1_task-rest_run-1_eeg.csv"), &recording);
    write(&format!("{first}/sub-01_ses-1_task-rest_run-1_other.csv"), &recording);
    write(&format!("{first}/sub-01_ses-1_task-rest_run-1_events.tsv"), "onset\tduration\ttrial_type\n0.5\tn/a\ttone\n");
    write(&format!("{second}/sub-02_ses-2_task-move_run-2_ieeg.csv"), &recording);
}

/// The names of the stages, in their order.
pub(super) fn stages(pipeline: &Value) -> Vec<String> {
    pipeline["stages"].as_object().unwrap().keys().cloned().collect()
}

/// The pipeline of a stage and all that it needs.
pub(super) fn alone(pipeline: &Value, name: &str) -> Value {
    let mut small = pipeline.clone();
    small["stages"] = Value::Object(with_inputs(pipeline["stages"].as_object().unwrap(), name));
    small
}

/// A stage with all that it needs.
pub(super) fn with_inputs(stages: &Map<String, Value>, name: &str) -> Map<String, Value> {
    let mut needed = vec![name.to_owned()];
    let mut seen = 0;
    while seen < needed.len() {
        let inputs = stages[&needed[seen]]["inputs"].as_object().cloned().unwrap_or_default();
        for from in inputs.values().filter_map(Value::as_str) {
            let stage = from.split('.').next().unwrap().to_owned();
            if !needed.contains(&stage) {
                needed.push(stage);
            }
        }
        seen += 1;
    }
    stages
        .iter()
        .filter(|(stage, _)| needed.contains(stage))
        .map(|(stage, value)| (stage.clone(), value.clone()))
        .collect()
}
