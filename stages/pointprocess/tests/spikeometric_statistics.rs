//! Statistics over seeds against those of spikeometric 1.0.3.
//!
//! A single figure must be within four standard errors of the difference: |mean - mean'| < 4 sqrt(sd^2 / n + sd'^2 / 8),
//! the peer having 8 seeds. Of many figures at once (histograms, phases, neurons, pairs) some pass that by chance, and a
//! deviation from 8 seeds is itself uncertain. There the deviation over our seeds serves both sides, rare bins are joined,
//! and both the largest z and the sum of all z^2 must be what chance gives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod peer;

use std::path::Path;

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::{Event, Model, Network, Run, Start, Stream, simulate};
use peer::{fixtures, json, model, numbers};
use serde_json::Value;

const SEEDS: u8 = 64;
const SEEDS_OF_PEER: f64 = 8.0;

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n)
}

/// Mean and standard deviation over seeds.
fn spread(values: &[f64]) -> (f64, f64) {
    let (mean, variance) = moments(values);
    (mean, (variance * values.len() as f64 / (values.len() as f64 - 1.0)).sqrt())
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn within(name: &str, ours: &[f64], due: &Value) {
    let (mean, sd) = spread(ours);
    let (due, due_sd) = (due["mean"].as_f64().unwrap(), due["std"].as_f64().unwrap());
    let allowed = 4.0 * (due_sd * due_sd / SEEDS_OF_PEER + sd * sd / ours.len() as f64).sqrt();
    println!("{name}: {mean} +- {sd}, due {due} +- {due_sd}, {:.2} of 4", 4.0 * (mean - due) / allowed);
    assert!((mean - due).abs() < allowed, "{name}: {mean} +- {sd}, due {due} +- {due_sd}");
}

/// Many figures at once, each with its values over our seeds.
fn all_within(name: &str, ours: &[Vec<f64>], due: &[f64]) {
    all_below(4.5, name, ours, due);
}

/// As [`all_within`], with another limit for the largest z.
fn all_below(limit: f64, name: &str, ours: &[Vec<f64>], due: &[f64]) {
    assert_eq!(ours.len(), due.len(), "{name}");
    let z = |(values, due): (&Vec<f64>, &f64)| {
        let (mean, sd) = spread(values);
        (mean - due) / (sd * (1.0 / values.len() as f64 + 1.0 / SEEDS_OF_PEER).sqrt())
    };
    let z: Vec<f64> = ours.iter().zip(due).map(z).collect();
    let m = z.len() as f64;
    let largest = z.iter().fold(0.0, |most: f64, z| most.max(z.abs()));
    let sum = z.iter().map(|z| z * z).sum::<f64>();
    println!("{name}: {m} figures, largest |z| {largest:.2}, sum of squares {sum:.1}");
    assert!(largest < limit, "{name}: {z:.1?}");
    // A z with a deviation from n seeds has a mean square of (n - 1) / (n - 3), and tails that make squares vary more.
    let mean_square = f64::from(SEEDS - 1) / f64::from(SEEDS - 3);
    assert!((sum - m * mean_square).abs() < 4.0 * (2.5 * m).sqrt(), "{name}: sum of {m} squares is {sum}");
}

/// As [`all_within`] for a histogram, neighbouring bins joined until the mean probability of each is `least`.
fn histogram_within(name: &str, ours: &[Vec<f64>], due: &[f64], least: f64) {
    let (mut joined, mut joined_due) = (Vec::new(), Vec::new());
    let (mut bin, mut bin_due) = (vec![0.0; ours[0].len()], 0.0);
    for (values, due) in ours.iter().zip(due) {
        bin.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        bin_due += due;
        if spread(&bin).0 >= least {
            joined.push(std::mem::replace(&mut bin, vec![0.0; ours[0].len()]));
            joined_due.push(std::mem::take(&mut bin_due));
        }
    }
    let last = joined.len() - 1;
    joined[last].iter_mut().zip(&bin).for_each(|(sum, value)| *sum += value);
    joined_due[last] += bin_due;
    assert!(ours.len() == due.len() && joined.len() > 5);
    all_within(name, &joined, &joined_due);
}

/// One list for each figure from one list for each seed.
fn by_figure(by_seed: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..by_seed[0].len()).map(|figure| by_seed.iter().map(|values| values[figure]).collect()).collect()
}

/// Spikes of all neurons.
struct Trains {
    steps: u64,
    /// For each neuron its (step, count).
    neurons: Vec<Vec<(u64, u32)>>,
}

impl Trains {
    fn of(events: &[Event], neurons: usize, steps: u64) -> Self {
        let mut trains = vec![Vec::new(); neurons];
        events.iter().for_each(|e| trains[e.neuron as usize].push((e.step, e.count)));
        Self { steps, neurons: trains }
    }

    fn spikes(&self, neuron: usize) -> f64 {
        self.neurons[neuron].iter().map(|spike| f64::from(spike.1)).sum()
    }

    /// Of some neurons together, in steps; several spikes of a step are one event.
    fn intervals(&self, neurons: &[usize]) -> Vec<f64> {
        let of = |&neuron: &usize| self.neurons[neuron].windows(2).map(|pair| (pair[1].0 - pair[0].0) as f64);
        neurons.iter().flat_map(of).collect()
    }

    /// In whole windows.
    fn counts(&self, neuron: usize, window: u64) -> Vec<f64> {
        let mut counts = vec![0.0; (self.steps / window) as usize];
        for &(step, count) in &self.neurons[neuron] {
            if let Some(sum) = counts.get_mut((step / window) as usize) {
                *sum += f64::from(count);
            }
        }
        counts
    }
}

/// Parts of intervals in bins of `width`, the last for all that are longer.
fn interval_histogram(intervals: &[f64], width: f64, bins: usize) -> Vec<f64> {
    let mut parts = vec![0.0; bins];
    // Half a step keeps intervals at a boundary in the upper bin.
    intervals.iter().for_each(|v| parts[(((v + 0.5) / width) as usize).min(bins - 1)] += 1.0 / intervals.len() as f64);
    parts
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((mean_a, var_a), (mean_b, var_b)) = (moments(a), moments(b));
    let covariance = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / a.len() as f64;
    covariance / (var_a * var_b).sqrt()
}

fn run(
    model: &Model,
    network: &Network,
    steps: u64,
    seed: u8,
    number: u64,
    input: &mut dyn FnMut(u64, &mut [f64]),
) -> Trains {
    let run = Run { steps, equilibration_steps: 100, start: Start::Random, traces: false, largest_mean_count: 500.0 };
    let mut draws = Stream::new(&StreamKey::new([seed; 16]), number);
    let recording = simulate(model, network, &run, &mut draws, input, &|| true).unwrap();
    Trains::of(&recording.events, network.neurons(), steps)
}

fn one_network(case: &str) {
    let Some(folder) = fixtures() else { return };
    let folder = folder.join(case);
    let summary = json(folder.join("summary.json"));
    let (n, steps) = (summary["n_neurons"].as_u64().unwrap() as usize, summary["n_steps"].as_u64().unwrap());
    let model = model(&summary);
    let network = Network::from_matrix(n, &numbers(folder.join("w0.npy"))).unwrap();
    let all: Vec<usize> = (0..n).collect();
    let per_count = 1000.0 / (steps as f64 * model.dt_ms);
    let window = (10.0 / model.dt_ms).round() as u64;
    let (mut rates, mut means, mut cvs, mut correlations) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut histograms, mut per_neuron) = (Vec::new(), Vec::new());
    for seed in 0..SEEDS {
        let trains = run(&model, &network, steps, seed, 0, &mut |_, _| {});
        per_neuron.push(all.iter().map(|&neuron| trains.spikes(neuron) * per_count).collect::<Vec<f64>>());
        rates.push(per_neuron[seed as usize].iter().sum::<f64>() / n as f64);
        let intervals = trains.intervals(&all);
        let (mean, variance) = moments(&intervals);
        means.push(mean * model.dt_ms);
        cvs.push(variance.sqrt() / mean);
        histograms.push(interval_histogram(&intervals, 1.0 / model.dt_ms, 101));
        let counts: Vec<Vec<f64>> = all.iter().map(|&neuron| trains.counts(neuron, window)).collect();
        let neighbours: Vec<f64> = counts.windows(2).map(|pair| correlation(&pair[0], &pair[1])).collect();
        correlations.push(moments(&neighbours).0);
    }
    within(&format!("{case} rate"), &rates, &summary["rate_hz"]);
    within(&format!("{case} interval"), &means, &summary["isi_mean_ms"]);
    within(&format!("{case} cv"), &cvs, &summary["isi_cv"]);
    within(&format!("{case} correlation"), &correlations, &summary["neighbour_count_corr_10ms"]);
    let due = list(&summary["per_neuron_rate_hz"]["mean"]);
    all_within(&format!("{case} rates of neurons"), &by_figure(&per_neuron), &due);
    let due = list(&summary["isi_hist_1ms_bins_0_100_then_gt100"]["mean"]);
    histogram_within(&format!("{case} intervals"), &by_figure(&histograms), &due, 0.004);
}

#[test]
fn a_poisson_glm_has_the_statistics_of_the_peer() {
    one_network("stats_poisson_dt1");
}

#[test]
fn a_rectified_lnp_has_the_statistics_of_the_peer() {
    one_network("stats_rectified_lnp_mexhat");
}

#[test]
fn a_rectified_sam_has_the_statistics_of_the_peer() {
    one_network("stats_rectified_sam");
}

#[test]
fn a_threshold_sam_has_the_statistics_of_the_peer() {
    one_network("stats_threshold_sam");
}

/// Columns of a table, numbers all.
fn columns(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    by_figure(&rows)
}

/// Figures of one group of neurons, by seed.
#[derive(Default)]
struct Group {
    neurons: Vec<usize>,
    rates: Vec<f64>,
    means: Vec<f64>,
    cvs: Vec<f64>,
    phases: Vec<Vec<f64>>,
}

impl Group {
    fn take(&mut self, trains: &Trains) {
        let n = self.neurons.len() as f64;
        let mut phases = vec![0.0; 100];
        for spike in self.neurons.iter().flat_map(|&neuron| &trains.neurons[neuron]) {
            phases[(spike.0 % 100) as usize] += 100.0 / (n * trains.steps as f64);
        }
        self.rates.push(phases.iter().sum::<f64>() * 10.0);
        self.phases.push(phases);
        let (mean, variance) = moments(&trains.intervals(&self.neurons));
        self.means.push(mean);
        self.cvs.push(variance.sqrt() / mean);
    }
}

#[test]
fn the_seed_example_has_the_statistics_of_the_peer() {
    const N: usize = 50;
    let Some(folder) = fixtures() else { return };
    let folder = folder.join("stats_seed_example");
    let summary = json(folder.join("summary.json"));
    let steps = summary["n_steps"].as_u64().unwrap();
    let model = model(&summary);
    let (weights, masks) = (numbers(folder.join("w0.npy")), numbers(folder.join("stim_masks.npy")));
    let networks: Vec<Network> =
        weights.chunks(N * N).map(|weights| Network::from_matrix(N, weights).unwrap()).collect();
    let is_stimulated = |neuron: &usize| masks[*neuron] > 0.0;
    let all: Vec<usize> = (0..10 * N).collect();
    let (stimulated, other): (Vec<usize>, Vec<usize>) = all.iter().partition(|neuron| is_stimulated(neuron));
    let (excitatory, inhibitory): (Vec<usize>, Vec<usize>) = other.iter().partition(|neuron| *neuron % N < N / 2);
    let names = ["stim", "unstim_exc", "unstim_inh", "unstim", "all"];
    let members = [stimulated.clone(), excitatory, inhibitory, other.clone(), all.clone()];
    let mut groups = members.map(|neurons| Group { neurons, ..Group::default() });
    let (mut fanos, mut per_neuron, mut covariances) = (Vec::new(), Vec::new(), Vec::new());
    let mut histograms = [Vec::new(), Vec::new()];
    for seed in 0..SEEDS {
        let mut trains = Trains { steps, neurons: Vec::new() };
        for (number, network) in networks.iter().enumerate() {
            let mask: Vec<usize> = (0..N).filter(|neuron| is_stimulated(&(number * N + neuron))).collect();
            let mut input = |step: u64, drive: &mut [f64]| {
                if step % 100 < 10 {
                    mask.iter().for_each(|&neuron| drive[neuron] += 5.0);
                }
            };
            trains.neurons.extend(run(&model, network, steps, seed, number as u64, &mut input).neurons);
        }
        groups.iter_mut().for_each(|group| group.take(&trains));
        let fano = |&neuron: &usize| {
            let (mean, variance) = moments(&trains.counts(neuron, 100));
            variance / mean
        };
        fanos.push(moments(&all.iter().map(fano).collect::<Vec<f64>>()).0);
        per_neuron.push(all.iter().map(|&i| trains.spikes(i) * 1000.0 / steps as f64).collect::<Vec<f64>>());
        for (histograms, group) in histograms.iter_mut().zip([&stimulated, &other]) {
            // The file begins with an interval of one step.
            histograms.push(interval_histogram(&trains.intervals(group), 1.0, 502).split_off(1));
        }
        covariances.push(next_step_covariances(&trains, N));
    }
    for (name, group) in names.iter().zip(&groups) {
        let due = &summary["groups"][name];
        within(&format!("{name} rate"), &group.rates, &due["rate_hz"]);
        within(&format!("{name} interval"), &group.means, &due["isi_mean_ms"]);
        within(&format!("{name} cv"), &group.cvs, &due["isi_cv"]);
        all_within(&format!("{name} phases"), &by_figure(&group.phases), &list(&due["psth"]["mean"]));
    }
    within("fano", &fanos, &summary["fano_100ms"]);
    let due = columns(&folder.join("per_neuron_rate_hz.csv"));
    assert_eq!(due[2], masks);
    all_within("rates of neurons", &by_figure(&per_neuron), &due[3]);
    let due = columns(&folder.join("isi_hist.csv"));
    histogram_within("intervals of stimulated neurons", &by_figure(&histograms[0]), &due[1], 0.002);
    histogram_within("intervals of the others", &by_figure(&histograms[1]), &due[3], 0.0005);
    let due = numbers(folder.join("net0_lag1_cov_mean.npy"));
    // A pair meets about once in a seed, so that means are sums of few events, and have long tails.
    all_below(6.5, "covariances", &by_figure(&covariances), &due);
}

/// The covariance of a step of each neuron with the next step of each other, of the first n neurons, [from, to].
fn next_step_covariances(trains: &Trains, n: usize) -> Vec<f64> {
    let pairs = (trains.steps - 1) as f64;
    let mut rows = vec![0.0; n * n];
    let mut by_step = vec![Vec::new(); trains.steps as usize];
    for neuron in 0..n {
        trains.neurons[neuron].iter().for_each(|spike| by_step[spike.0 as usize].push(neuron));
    }
    for pair in by_step.windows(2) {
        for &from in &pair[0] {
            pair[1].iter().for_each(|to| rows[from * n + to] += 1.0 / pairs);
        }
    }
    let mean = |neuron: usize, skipped: u64| {
        trains.neurons[neuron].iter().filter(|spike| spike.0 != skipped).count() as f64 / pairs
    };
    let last = trains.steps - 1;
    for from in 0..n {
        for to in 0..n {
            rows[from * n + to] -= mean(from, last) * mean(to, 0);
        }
    }
    rows
}
