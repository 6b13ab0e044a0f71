//! Files of spikeometric 1.0.3 and the models that they name.

use std::path::PathBuf;

use lapicque_pointprocess::Model;
use lapicque_pointprocess::models::{BernoulliGlm, Compat, PoissonGlm, RectifiedLnp, RectifiedSam, ThresholdSam};
use serde_json::Value;

/// Where the fixtures are, if they are there.
pub(crate) fn fixtures() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm");
    if !folder.is_dir() {
        println!("skipped: no folder {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The numbers of an .npy file of version 1.
pub(crate) fn numbers(path: PathBuf) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..begin]).unwrap();
    assert!(header.contains("'fortran_order': False"));
    let data = &bytes[begin..];
    if header.contains("<f8") {
        data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
    } else if header.contains("<f4") {
        data.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()
    } else {
        assert!(header.contains("|b1") || header.contains("|u1"), "{header}");
        data.iter().map(|&b| f64::from(b)).collect()
    }
}

/// What a file holds.
pub(crate) fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The model that a file of settings describes, as the peer has it.
pub(crate) fn model(settings: &Value) -> Model {
    let number = |field: &str| settings["params"][field].as_f64().unwrap();
    let count = |field: &str| settings["params"][field].as_u64().unwrap() as usize;
    let model = match settings["model"].as_str().unwrap() {
        "BernoulliGLM" => BernoulliGlm {
            theta: number("theta"),
            dt_ms: number("dt"),
            coupling_steps: count("coupling_window"),
            alpha_per_ms: number("alpha"),
            beta_per_ms: number("beta"),
            absolute_steps: count("abs_ref_scale"),
            absolute_strength: number("abs_ref_strength"),
            relative_steps: count("rel_ref_scale"),
            relative_strength: number("rel_ref_strength"),
            recurrence: number("r"),
        }
        .model(Compat::Spikeometric),
        "PoissonGLM" => PoissonGlm {
            alpha_ms: number("alpha"),
            beta: number("beta"),
            dt_ms: number("dt"),
            window_steps: count("T"),
            tau_ms: number("tau"),
            recurrence: number("r"),
            background: number("b"),
        }
        .model(Compat::Spikeometric),
        "RectifiedLNP" => RectifiedLnp {
            gain: number("lambda_0"),
            theta: number("theta"),
            dt_ms: number("dt"),
            window_steps: count("T"),
            tau_ms: number("tau"),
            recurrence: number("r"),
            background: number("b"),
        }
        .model(),
        "RectifiedSAM" => RectifiedSam {
            gain: number("lambda_0"),
            theta: number("theta"),
            dt_ms: number("dt"),
            tau_ms: number("tau"),
            recurrence: number("r"),
            background: number("b"),
        }
        .model(),
        "ThresholdSAM" => ThresholdSam {
            theta: number("theta"),
            dt_ms: number("dt"),
            tau_ms: number("tau"),
            recurrence: number("r"),
            background: number("b"),
            noise_probability: number("rho"),
            noise_sigma: number("sigma"),
        }
        .model(Compat::Spikeometric),
        other => panic!("{other}"),
    };
    model.unwrap()
}
