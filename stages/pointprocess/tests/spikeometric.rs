//! Models against spikeometric 1.0.3: drives and rates given its spikes, its spikes given its random numbers, and
//! statistics over seeds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::PathBuf;

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::generators::mexican_hat;
use lapicque_pointprocess::models::{BernoulliGlm, Compat, PoissonGlm, RectifiedLnp, RectifiedSam, ThresholdSam};
use lapicque_pointprocess::{Draws, Event, Model, Network, Run, Start, Stream, simulate};
use serde_json::Value;

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

/// The numbers of an .npy file of version 1.
fn numbers(path: PathBuf) -> Vec<f64> {
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

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn model(settings: &Value) -> Model {
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

/// Random numbers of a file, [neurons, steps].
struct Tape {
    steps: usize,
    uniforms: Vec<f64>,
    normals: Vec<f64>,
}

impl Draws for Tape {
    fn uniforms(&mut self, step: u64, values: &mut [f64]) {
        for (neuron, value) in values.iter_mut().enumerate() {
            *value = self.uniforms[neuron * self.steps + step as usize];
        }
    }

    fn normal(&mut self, step: u64, neuron: usize) -> f64 {
        self.normals[neuron * self.steps + step as usize]
    }
}

fn replay(case: &str) {
    let Some(folder) = fixtures() else { return };
    let folder = folder.join("teacher_forced").join(case);
    let file = |name: &str| numbers(folder.join(name));
    let settings = json(folder.join("params.json"));
    let (n, steps) = (settings["n_neurons"].as_u64().unwrap() as usize, settings["n_steps"].as_u64().unwrap() as usize);
    let mut model = model(&settings);
    // The tape of normal numbers has their standard deviation.
    if let Some(noise) = &mut model.noise {
        noise.sigma = 1.0;
    }
    let network = Network::from_matrix(n, &file("w0.npy")).unwrap();
    let mut stimulus = file("stim.npy");
    if case == "bernoulli_long_window" {
        // The file has single precision; the drives of double precision were computed from the sine itself.
        for (place, value) in stimulus.iter_mut().enumerate().filter(|(_, value)| **value != 0.0) {
            let sine = 2.0 * (std::f64::consts::TAU * (place % steps) as f64 / 40.0).sin();
            assert!((*value - sine).abs() < 2e-7, "{place}: {value} {sine}");
            *value = sine;
        }
    }
    let has_history = folder.join("state_with_history.npy").exists();
    let (start, due) = if has_history {
        let window = settings["T"].as_u64().unwrap() as usize;
        let scale = settings["state_scale"].as_f64().unwrap();
        let state: Vec<f64> = file("state_with_history.npy").iter().map(|x| (x / scale).round()).collect();
        let at = |neuron: usize, t: usize| state[neuron * (window + steps) + t];
        let before = (0..n).flat_map(|i| (0..window).map(move |t| (window - 1 - t, i, t)));
        let history = before.map(|(ago, i, t)| (ago, i, at(i, t))).filter(|spike| spike.2 > 0.0);
        let spikes = (0..n).flat_map(|i| (0..steps).map(move |t| (i, t))).map(|(i, t)| at(i, window + t));
        (Start::Spikes(history.collect()), spikes.collect())
    } else {
        (Start::Activation(file("activation0.npy")), file("spikes.npy"))
    };
    let normals = if has_history { Vec::new() } else { file("normal_tape.npy") };
    let mut tape = Tape { steps, uniforms: file("uniform_tape.npy"), normals };
    let run = Run { steps: steps as u64, equilibration_steps: 0, start, traces: true, largest_mean_count: 500.0 };
    let mut input = |step: u64, drive: &mut [f64]| {
        for (neuron, g) in drive.iter_mut().enumerate() {
            *g += stimulus[neuron * steps + step as usize];
        }
    };
    let recording = simulate(&model, &network, &run, &mut tape, &mut input, &|| true).unwrap();
    let mut counts = vec![0.0; n * steps];
    for event in &recording.events {
        counts[event.neuron as usize * steps + event.step as usize] = f64::from(event.count);
    }
    assert!(counts == due, "{case}: other spikes");
    let traces = recording.traces.unwrap();
    let compare = |name: &str, ours: &[f64], tolerance: f64, relative: f64| {
        let due = file(name);
        for neuron in 0..n {
            for t in 0..steps {
                let (a, b) = (ours[t * n + neuron], due[neuron * steps + t]);
                assert!((a - b).abs() <= tolerance + relative * b.abs(), "{case} {name} {neuron} {t}: {a} {b}");
            }
        }
    };
    compare("input_f64.npy", &traces.drive, 1e-12, 1e-12);
    compare("input_peer_f32.npy", &traces.drive, 2e-5, 0.0);
    if folder.join("rate_f64.npy").exists() {
        compare("rate_f64.npy", &traces.per_step, 1e-15, 1e-12);
        compare("rate_peer_f32.npy", &traces.per_step, 5e-7, 0.0);
    }
}

#[test]
fn bernoulli_is_replayed() {
    replay("bernoulli_seed_params");
    replay("bernoulli_long_window");
}

#[test]
fn poisson_is_replayed() {
    replay("poisson_dt1");
    replay("poisson_dt0p1");
}

#[test]
fn rectified_is_replayed() {
    replay("rectified_lnp_mexhat");
}

#[test]
fn activations_are_replayed() {
    replay("rectified_sam");
    replay("threshold_sam");
}

#[test]
fn the_mexican_hat_is_that_of_the_peer() {
    let Some(folder) = fixtures() else { return };
    let folder = folder.join("stimuli_connectivity");
    let settings = json(folder.join("params.json"));
    let number = |field: &str| settings[field].as_f64().unwrap();
    let n = settings["n"].as_u64().unwrap() as usize;
    let network = mexican_hat(n, number("a"), number("s1"), number("s2")).unwrap();
    let due = numbers(folder.join("mexican_hat.npy"));
    assert_eq!(network.connections(), n * (n - 1));
    for source in 0..n {
        let (targets, weights) = network.outgoing(source);
        for (&target, weight) in targets.iter().zip(weights) {
            let due = due[source * n + target as usize];
            assert!((weight - due).abs() < 1.2e-7, "{source} {target}: {weight} {due}");
        }
    }
}

/// Mean and standard deviation over seeds.
fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

fn within(name: &str, ours: &[f64], due: &Value) {
    let (mean, sd) = spread(ours);
    let (due, due_sd) = (due["mean"].as_f64().unwrap(), due["std"].as_f64().unwrap());
    let allowed = 4.0 * (due_sd * due_sd / 8.0 + sd * sd / ours.len() as f64).sqrt();
    assert!((mean - due).abs() < allowed, "{name}: {mean} +- {sd}, due {due} +- {due_sd}");
}

/// Mean and coefficient of variation of all intervals, in steps.
fn intervals(events: &[Event], neurons: &[usize]) -> (f64, f64) {
    let mut all = Vec::new();
    for &neuron in neurons {
        let times: Vec<u64> = events.iter().filter(|e| e.neuron as usize == neuron).map(|e| e.step).collect();
        all.extend(times.windows(2).map(|pair| (pair[1] - pair[0]) as f64));
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    (mean, (all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64).sqrt() / mean)
}

fn statistics(case: &str) {
    let Some(folder) = fixtures() else { return };
    let folder = folder.join(case);
    let summary = json(folder.join("summary.json"));
    let (n, steps) = (summary["n_neurons"].as_u64().unwrap() as usize, summary["n_steps"].as_u64().unwrap());
    let model = model(&summary);
    let network = Network::from_matrix(n, &numbers(folder.join("w0.npy"))).unwrap();
    let run = Run { steps, equilibration_steps: 100, start: Start::Random, traces: false, largest_mean_count: 500.0 };
    let (mut rates, mut means, mut cvs) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..8 {
        let mut draws = Stream::new(&StreamKey::new([seed; 16]), 0);
        let recording = simulate(&model, &network, &run, &mut draws, &mut |_, _| {}, &|| true).unwrap();
        let spikes: u32 = recording.events.iter().map(|e| e.count).sum();
        rates.push(f64::from(spikes) * 1000.0 / (n as f64 * steps as f64 * model.dt_ms));
        let (mean, cv) = intervals(&recording.events, &(0..n).collect::<Vec<_>>());
        means.push(mean * model.dt_ms);
        cvs.push(cv);
    }
    within(&format!("{case} rate"), &rates, &summary["rate_hz"]);
    within(&format!("{case} interval"), &means, &summary["isi_mean_ms"]);
    within(&format!("{case} cv"), &cvs, &summary["isi_cv"]);
}

#[test]
fn statistics_are_those_of_the_peer() {
    statistics("stats_poisson_dt1");
    statistics("stats_rectified_lnp_mexhat");
    statistics("stats_rectified_sam");
    statistics("stats_threshold_sam");
}

#[test]
fn the_seed_example_has_the_statistics_of_the_peer() {
    let Some(folder) = fixtures() else { return };
    let folder = folder.join("stats_seed_example");
    let summary = json(folder.join("summary.json"));
    let (n, steps, seeds) = (50, summary["n_steps"].as_u64().unwrap(), 8);
    let model = model(&summary);
    let (weights, masks) = (numbers(folder.join("w0.npy")), numbers(folder.join("stim_masks.npy")));
    let run = Run { steps, equilibration_steps: 100, start: Start::Random, traces: false, largest_mean_count: 1.0 };
    let (mut rates, mut first, mut cvs) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..seeds {
        let (mut stimulated, mut onset, mut cv_sum) = (0.0, 0.0, Vec::new());
        for i in 0..10 {
            let network = Network::from_matrix(n, &weights[i * n * n..(i + 1) * n * n]).unwrap();
            let mask: Vec<usize> = (0..n).filter(|neuron| masks[i * n + neuron] > 0.0).collect();
            let mut input = |step: u64, drive: &mut [f64]| {
                if step % 100 < 10 {
                    mask.iter().for_each(|&neuron| drive[neuron] += 5.0);
                }
            };
            let mut draws = Stream::new(&StreamKey::new([seed; 16]), i as u64);
            let events = simulate(&model, &network, &run, &mut draws, &mut input, &|| true).unwrap().events;
            let of_mask = events.iter().filter(|e| mask.contains(&(e.neuron as usize)));
            let mine: Vec<Event> = of_mask.copied().collect();
            stimulated += mine.len() as f64;
            onset += mine.iter().filter(|e| e.step % 100 == 0).count() as f64;
            cv_sum.extend(mine.iter().map(|e| Event { neuron: e.neuron + (i * n) as u32, ..*e }));
        }
        rates.push(stimulated * 1000.0 / (40.0 * steps as f64));
        first.push(onset / (40.0 * steps as f64 / 100.0));
        cvs.push(intervals(&cv_sum, &(0..10 * n).collect::<Vec<_>>()).1);
    }
    let due = &summary["groups"]["stim"];
    within("rate", &rates, &due["rate_hz"]);
    within("cv", &cvs, &due["isi_cv"]);
    let (psth, psth_sd) = (due["psth"]["mean"][0].clone(), due["psth"]["std"][0].clone());
    within("onset", &first, &serde_json::json!({ "mean": psth, "std": psth_sd }));
}
