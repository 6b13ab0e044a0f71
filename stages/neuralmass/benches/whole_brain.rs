//! CPU seconds of neural masses, one thread: the workloads that `benches/peers.py` runs in other programs.
//!
//! `cargo bench -p lapicque-neuralmass --bench whole_brain [-- NAME ...]`; a line of JSON each, the best of three runs.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::time::Instant;

use lapicque_neuralmass::bold::{Haemodynamics, Sampling};
use lapicque_neuralmass::models::aln::Aln;
use lapicque_neuralmass::models::{fhn::FitzHughNagumo, hopf::Hopf, wc::WilsonCowan, ww::WongWang};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::simulation::{
    Block, Initial, Input, InputTime, Record, Scheme, Set, Settings, Values, simulate_sets,
};
use lapicque_neuralmass::table::Neuron;
use lapicque_neuralmass::table::generator::{Fit, Membrane, point};
use lapicque_neuralmass::{Model, bold};
use lapicque_numerics::random::StreamKey;

const NODES: usize = 80;
const DT_MS: f64 = 0.1;

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|some| name.contains(some.as_str()));
    let brain = network();
    let alone = Network::single();
    let noisy = [("sigma_ou", 0.01)];
    let working = [("mue_ext_mean", 1.57), ("mui_ext_mean", 1.6), ("sigma_ou", 0.09), ("b", 5.0)];
    let measure = |name: &str, mut work: Box<dyn FnMut() -> u64 + '_>| {
        if wanted(name) {
            report(name, &mut *work);
        }
    };
    let sets_of = |name: &'static str, values: &[f64]| -> Vec<Set> {
        values.iter().enumerate().map(|(k, &value)| set(&Aln::default(), &[(name, value)], k as u8)).collect()
    };
    measure("aln_80_nodes_180_s_bold", Box::new(|| whole_brain(&brain, &working, 1_800_000)));
    measure(
        "aln_80_nodes_10_s",
        Box::new(|| many(&Aln::default(), &brain, &[set(&Aln::default(), &working, 1)], 100_000, 1)),
    );
    measure("hopf_80_nodes_10_s", Box::new(|| one(&Hopf { diffusive: true }, &brain, &noisy)));
    measure("fhn_80_nodes_10_s", Box::new(|| one(&FitzHughNagumo { diffusive: true }, &brain, &noisy)));
    measure("wc_80_nodes_10_s", Box::new(|| one(&WilsonCowan::default(), &brain, &noisy)));
    measure("ww_80_nodes_10_s", Box::new(|| one(&WongWang::default(), &brain, &noisy)));
    let currents: Vec<f64> = (0..50).map(|k| 2.0 * f64::from(k) / 49.0).collect();
    let scan = sets_of("mue_ext_mean", &currents);
    measure("aln_bifurcation_50_x_2_s", Box::new(|| many(&Aln::default(), &alone, &scan, 20_000, 1)));
    let strengths: Vec<f64> = (0..64).map(|k| 0.02 * f64::from(k)).collect();
    let sweep: Vec<Set> =
        strengths.iter().map(|&v| set(&Aln::default(), &[("mue_ext_mean", v), ("sigma_ou", 0.1)], 3)).collect();
    measure("aln_1_node_sweep_64_x_10_s", Box::new(|| many(&Aln::default(), &alone, &sweep, 100_000, 1)));
    let sweep: Vec<Set> =
        strengths.iter().map(|&v| set(&Aln::default(), &[("Ke_gl", 400.0 * v), ("sigma_ou", 0.1)], 3)).collect();
    measure("aln_80_nodes_sweep_64_x_1_s", Box::new(|| many(&Aln::default(), &brain, &sweep, 10_000, 1)));
    let model = Hopf { diffusive: true };
    let sweep: Vec<Set> = strengths.iter().map(|&v| set(&model, &[("K_gl", v), ("sigma_ou", 0.01)], 3)).collect();
    measure("hopf_1_node_sweep_64_x_10_s", Box::new(|| many(&model, &alone, &sweep, 100_000, 1)));
    measure("hopf_80_nodes_sweep_64_x_1_s", Box::new(|| many(&model, &brain, &sweep, 10_000, 1)));
    measure("aln_table_350_x_64_sixteenth", Box::new(some_of_the_table));
}

/// Nanoseconds that this thread has run.
fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn report(name: &str, work: &mut dyn FnMut() -> u64) {
    let (mut cpu_s, mut wall_s, mut bits) = (f64::INFINITY, f64::INFINITY, 0);
    for _ in 0..3 {
        let (start, before) = (Instant::now(), cpu_ns());
        bits = work();
        wall_s = wall_s.min(start.elapsed().as_secs_f64());
        cpu_s = cpu_s.min((cpu_ns() - before) as f64 * 1e-9);
    }
    println!(
        "{{\"workload\": \"{name}\", \"cpu_s\": {cpu_s:.4}, \"wall_s\": {wall_s:.4}, \"peak_mb\": {:.1}, \"bits\": \"{bits:016x}\"}}",
        peak_mb()
    );
}

fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Each node hears of each other, after 5 to 125 steps.
fn network() -> Network {
    let mut generator = StreamKey::new([9; 16]).stream("network", 0);
    let weights: Vec<f64> = (0..NODES * NODES)
        .map(|k| if k / NODES == k % NODES { 0.0 } else { 2.0 * generator.uniform() / NODES as f64 })
        .collect();
    let lengths: Vec<f64> = (0..NODES * NODES).map(|_| 10.0 + 240.0 * generator.uniform()).collect();
    Network::new(NODES, &weights, &lengths, Some(20.0), DT_MS).unwrap()
}

fn set<M: Model>(model: &M, changes: &[(&str, f64)], seed: u8) -> Set {
    let description = model.description();
    let value = |name: &str, default| changes.iter().find(|c| c.0 == name).map_or(default, |c| c.1);
    Set {
        parameters: description.parameters.iter().map(|p| Values::Same(value(p.name, p.default))).collect(),
        inputs: description.inputs.iter().map(|i| Input::Constant(i.default)).collect(),
        initial: Initial::Drawn(StreamKey::new([seed; 16])),
        normals: Normals::Key(StreamKey::new([seed + 100; 16])),
    }
}

fn settings(every: u64) -> Settings {
    Settings {
        time_step_ms: DT_MS,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: vec![0], every, average: false },
    }
}

fn one<M: Model>(model: &M, network: &Network, changes: &[(&str, f64)]) -> u64 {
    many(model, network, &[set(model, changes, 1)], 100_000, 1)
}

fn many<M: Model>(model: &M, network: &Network, sets: &[Set], steps: u64, every: u64) -> u64 {
    let mut bits = 0;
    let mut sink = |block: &Block<'_>| bits = digest(bits, &[block.values[0], block.values[block.values.len() - 1]]);
    let ends = simulate_sets(model, network, sets, &settings(every), steps, &mut sink, &mut |_| true).unwrap();
    ends.into_iter().map(Result::unwrap).fold(bits, |bits, end| digest(digest(bits, &end.states), &end.history))
}

/// As `simulate.neural_mass` does it, without the traces.
fn whole_brain(network: &Network, changes: &[(&str, f64)], steps: u64) -> u64 {
    use lapicque_neuralmass::recorder::{BoldOf, Kept, Recorder};
    let model = Aln::default();
    let of = BoldOf {
        output: 0,
        haemodynamics: Haemodynamics::default(),
        repetition_time_ms: 2000.0,
        scheme: bold::Scheme::Heun { longest_step_ms: 5.0 },
        sampling: Sampling::End,
    };
    let kept = Kept { every: steps, average: false, transient: 0, steps };
    let mut recorder = Recorder::new(kept, NODES, 0, DT_MS, Some(of)).unwrap();
    let mut sink = |block: &Block<'_>| recorder.take(block, 0, 1).unwrap();
    simulate_sets(&model, network, &[set(&model, changes, 1)], &settings(1), steps, &mut sink, &mut |_| true)
        .unwrap()
        .remove(0)
        .unwrap();
    recorder.finish(0.0).bold.map_or(0, |signal| digest(0, &signal.values))
}

/// One point of sixteen of the table that is shipped: rows and columns 2, 6, 10, ...
fn some_of_the_table() -> u64 {
    let membrane = Membrane::new(Neuron::default(), -200.0, 0.01).unwrap();
    let mu = (0..350).skip(2).step_by(4).map(|k| -1.0 + 8.0 * f64::from(k) / 349.0);
    let sigma = || (0..64).skip(2).step_by(4).map(|k| 0.5 + 4.5 * f64::from(k) / 63.0);
    mu.flat_map(|mu| sigma().map(move |sigma| (mu, sigma))).fold(0, |bits, (mu, sigma)| {
        let point = point(&membrane, mu, sigma, Fit::Continuous).unwrap();
        digest(bits, &[point.rate_khz, point.tau_mu_ms, point.potential_mv, point.tau_sigma_ms])
    })
}

/// Of results: equal ones have equal ones.
fn digest(before: u64, values: &[f64]) -> u64 {
    values.iter().fold(before, |bits, value| (bits ^ value.to_bits()).wrapping_mul(0x100_0000_01B3).rotate_left(29))
}
