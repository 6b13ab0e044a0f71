//! Statistics of networks of stochastic neurons through a pipeline against those of spikeometric 1.0.3.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use support::{ran, texts};

/// Where the fixtures are, if they are there.
fn fixtures() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm");
    if !folder.is_dir() {
        println!("skipped: no folder {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The numbers of an .npy file of version 1: single precision or bytes.
fn npy(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let data = &bytes[begin..];
    if std::str::from_utf8(&bytes[10..begin]).unwrap().contains("<f4") {
        return data.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect();
    }
    data.iter().map(|&b| f64::from(b)).collect()
}

#[test]
fn rates_are_those_of_spikeometric() {
    let Some(fixture) = fixtures() else { return };
    let fixture = fixture.join("stats_seed_example");
    let summary: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixture.join("summary.json")).unwrap()).unwrap();
    let (weights, masks) = (npy(&fixture.join("w0.npy")), npy(&fixture.join("stim_masks.npy")));
    let (n, steps, seeds) = (50, summary["n_steps"].as_u64().unwrap(), 8);
    // Spikes of stimulated, other excitatory, and inhibitory neurons, by seed.
    let mut counts = vec![[0.0; 3]; seeds];
    let mut first = vec![0.0; seeds];
    for network in 0..10 {
        let of = &weights[network * n * n..(network + 1) * n * n];
        let rows: Vec<String> =
            of.chunks(n).map(|row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",")).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("w.csv"), rows.join("\n")).unwrap();
        let mask: Vec<usize> = (0..n).filter(|neuron| masks[network * n + neuron] > 0.0).collect();
        let text = format!(
            "  p:
    kind: parameters.grid
    sweep: {{ seed: {{ values: [1, 2, 3, 4, 5, 6, 7, 8] }} }}
  c: {{ kind: connectivity.import, path: w.csv }}
  s:
    kind: simulate.point_process
    inputs: {{ parameters: p, connectivity: c }}
    model: bernoulli_glm
    steps: {steps}
    populations: {{ excitatory: 25, inhibitory: 25 }}
    stimuli:
      light: {{ regular: {{ strength: 5, period: 100 ms, width: 10 ms }}, neurons: {mask:?} }}
"
        );
        let table = ran(&text, folder.path());
        let table = table.output("s", 0);
        let (sample, population) = (texts(&table, "sample"), texts(&table, "population"));
        let numbers = |name: &str| table.column_by_name(name).unwrap().as_primitive::<UInt32Type>().values().to_vec();
        let (neuron, step) = (numbers("neuron"), numbers("step"));
        let (mut seed, mut label) = (0, sample[0].clone());
        for row in 0..step.len() {
            if sample[row] != label {
                (seed, label) = (seed + 1, sample[row].clone());
            }
            let is_excitatory = population[row] == "excitatory";
            let group = if is_excitatory && mask.contains(&(neuron[row] as usize)) {
                0
            } else {
                2 - usize::from(is_excitatory)
            };
            counts[seed][group] += 1.0;
            first[seed] += f64::from(u8::from(group == 0 && step[row] % 100 == 1));
        }
        assert_eq!(seed, 7);
    }
    let within = |name: &str, ours: Vec<f64>, due: &serde_json::Value, due_sd: &serde_json::Value| {
        let mean = ours.iter().sum::<f64>() / ours.len() as f64;
        let sd = (ours.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (ours.len() - 1) as f64).sqrt();
        let (due, due_sd) = (due.as_f64().unwrap(), due_sd.as_f64().unwrap());
        let allowed = 4.0 * ((due_sd * due_sd + sd * sd) / 8.0).sqrt();
        println!("{name}: {mean:.3} +- {sd:.3}, due {due:.3} +- {due_sd:.3}");
        assert!((mean - due).abs() < allowed, "{name}: {mean} +- {sd}, due {due} +- {due_sd}");
    };
    for (group, name, neurons) in [(0, "stim", 40.0), (1, "unstim_exc", 210.0), (2, "unstim_inh", 250.0)] {
        let rates = counts.iter().map(|counts| counts[group] * 1000.0 / (neurons * steps as f64)).collect();
        let due = &summary["groups"][name]["rate_hz"];
        within(name, rates, &due["mean"], &due["std"]);
    }
    let onset = first.iter().map(|count| count / (40.0 * steps as f64 / 100.0)).collect();
    let psth = &summary["groups"]["stim"]["psth"];
    within("first step of a pulse", onset, &psth["mean"][0], &psth["std"][0]);
}
