//! What every kind of stage promises, held against a pipeline with a stage of each (`tests/golden/house/every_kind.yaml`).

mod configuration;
mod defaults;
mod messages;
mod pass;
mod results;
mod rounded;
mod task;

use lapicque_pipeline::config::parse_yaml;
use serde_json::Value;

use crate::support::Lab;

/// The pipeline with a stage of every kind.
pub(crate) fn every_kind() -> Value {
    parse_yaml(include_str!("../../golden/house/every_kind.yaml")).unwrap().value
}

/// A folder with the files that it names.
pub(crate) fn lab() -> Lab {
    let lab = Lab::with_kinds(pass::registry);
    lab.write("tiny_network.yaml", include_str!("../../golden/house/tiny_network.yaml"));
    lab.write("tiny_binary.yaml", include_str!("../../golden/house/tiny_binary.yaml"));
    lab.write("recording.csv", include_str!("../../golden/recordings/human_m1_lfp_1s.csv"));
    lab.write("table.csv", "sample,channel,epoch,power,count\na,Cz,0,0.5,3\na,Cz,1,0.25,4\nb,Cz,0,-1.5,5\n");
    lab
}

/// All kinds, and one that passes tables on.
pub(crate) fn registry() -> lapicque_pipeline::Registry {
    pass::registry()
}

/// The names of the stages, in their order.
fn stages(pipeline: &Value) -> Vec<String> {
    pipeline["stages"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_kind_has_a_stage() {
    let pipeline = every_kind();
    let used: Vec<&str> =
        pipeline["stages"].as_object().unwrap().values().map(|stage| stage["kind"].as_str().unwrap()).collect();
    for kind in lapicque::registry().iter() {
        assert!(used.contains(&kind.name()), "give `{}` a stage in tests/golden/house/every_kind.yaml", kind.name());
    }
}
