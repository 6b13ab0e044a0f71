//! Models against spikeometric 1.0.3: drives and rates given its spikes, its spikes given its random numbers, its
//! stimuli and its Mexican hat.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod peer;

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::generators::mexican_hat;
use lapicque_pointprocess::inputs::{Input, RegularPulses};
use lapicque_pointprocess::{Draws, Network, Run, Start, simulate};
use lapicque_stimulus::{Stimulus, Waveform};
use peer::{fixtures, json, model, numbers};
use serde_json::Value;

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

#[test]
fn stimuli_have_the_values_of_the_peer() {
    let Some(folder) = fixtures() else { return };
    let folder = folder.join("stimuli_connectivity");
    let settings = json(folder.join("params.json"));
    let number = |of: &str, field: &str| settings[of][field].as_f64().unwrap();
    let count = |of: &str, field: &str| number(of, field) as usize;
    let text = std::fs::read_to_string(folder.join("stimulus_values.csv")).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    let steps = rows.iter().filter(|row| row[0] >= 0.0).count();
    assert_eq!(steps, 320);
    let regular = RegularPulses {
        strength: number("reg", "strength"),
        period_steps: count("reg", "period"),
        width_steps: count("reg", "tau"),
        start_step: count("reg", "start"),
        stop_step: Some(count("reg", "stop")),
        from_zero: true,
    };
    // What the peer calls the duration of a sine is where it ends.
    let sine = Stimulus {
        waveform: Waveform::Sinusoid {
            amplitude: number("sin", "amplitude"),
            frequency_hz: 1000.0 / number("sin", "period"),
            phase_rad: number("sin", "phase"),
            offset: number("sin", "baseline"),
        },
        start_ms: number("sin", "start"),
        end_ms: Some(number("sin", "duration")),
    };
    let starts: Vec<usize> = settings["poisson_event_times"].as_array().unwrap().iter().map(whole).collect();
    let (strength, width) = (number("poi", "strength"), count("poi", "tau"));
    let inputs = [
        Input::regular_pulses(regular, &[true], 1, steps),
        Input::waveform(&sine, &[true], 1, 1.0, steps, &StreamKey::new([1; 16])),
        Input::given_pulses(strength, width, &starts, &[true], 1, steps),
    ]
    .map(Result::unwrap);
    for row in &rows {
        if row[0] < 0.0 {
            assert_eq!(row[1..].iter().map(|value| value.abs()).sum::<f64>(), 0.0, "nothing is before step 0");
            continue;
        }
        for (input, due) in inputs.iter().zip(&row[1..]) {
            let mut drive = [0.0];
            input.add(row[0] as u64, &mut drive);
            // The peer computes sines in single precision.
            assert!((drive[0] - due).abs() < 2e-6, "{} {} {due}", row[0], drive[0]);
        }
    }
}

fn whole(value: &Value) -> usize {
    value.as_f64().unwrap() as usize
}
