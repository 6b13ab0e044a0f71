//! Signals of 0.8 s of spikes of the reference network: `tests/golden/dipole`, kernels of `tests/golden/kernels`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_potential::convolution::{BinGrid, PopulationSpikes, Signal, Superposition, superpose};
use lapicque_potential::kernels::{Compatibility, Kernel, KernelParameters, Probe, predict};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");
const PAIRS: [(&str, &str); 4] = [("E", "E"), ("E", "I"), ("I", "E"), ("I", "I")];
const BINS: usize = 12_800;
/// 500 ms into the simulation.
const FIRST_STEP: u32 = 8000;

fn floats(file: &str) -> Vec<f64> {
    std::fs::read(format!("{GOLDEN}{file}"))
        .unwrap()
        .chunks_exact(8)
        .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

fn steps(population: &str) -> Vec<u32> {
    std::fs::read(format!("{GOLDEN}dipole/steps_{population}.u16le"))
        .unwrap()
        .chunks_exact(2)
        .map(|b| FIRST_STEP + u32::from(u16::from_le_bytes(b.try_into().unwrap())))
        .collect()
}

/// The peer's own kernels.
fn kernels() -> Vec<Kernel> {
    floats("kernels/A_default_ihlin.f64le")
        .chunks(1601)
        .zip(PAIRS)
        .map(|(values, (pre, post))| Kernel {
            pre: pre.into(),
            post: post.into(),
            probe: Probe::DipoleZ,
            dt_ms: 0.0625,
            values: values.to_vec(),
        })
        .collect()
}

fn run(kernels: &[Kernel], superposition: Superposition) -> Vec<Signal> {
    let (e, i) = (steps("E"), steps("I"));
    let spikes = [("I", &i), ("E", &e)].map(|(population, steps)| PopulationSpikes { population, steps });
    let grid = BinGrid::new(500.0, 1300.0, 0.0625).unwrap();
    assert_eq!((grid.first_step, grid.bins), (FIRST_STEP, BINS));
    superpose(&spikes, kernels, &grid, superposition).unwrap()
}

fn deviation(ours: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(ours.len(), reference.len());
    let largest = reference.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
    ours.iter().zip(reference).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / largest
}

#[test]
fn connections_and_their_sum_equal_the_peer_s() {
    let reference = floats("dipole/raw.f64le");
    let reference: Vec<&[f64]> = reference.chunks(BINS).collect();
    let parts = run(&kernels(), Superposition::ByConnection);
    assert_eq!(parts.len(), 4);
    for ((part, reference), (pre, post)) in parts.iter().zip(&reference).zip(PAIRS) {
        assert_eq!(part.connection, Some((pre.into(), post.into())));
        let error = deviation(&part.values, reference);
        assert!(error < 1e-9, "{pre} -> {post}: {error:e}");
    }
    let sum: Vec<f64> = (0..BINS).map(|i| reference.iter().map(|r| r[i]).sum()).collect();
    let total = run(&kernels(), Superposition::Total);
    assert_eq!(total.len(), 1);
    assert!(deviation(&total[0].values, &sum) < 1e-9);
    assert_eq!(total[0].values.len().div_ceil(10), 1280);
}

#[test]
fn kernels_predicted_here_give_the_same_signal() {
    let mut parameters = KernelParameters::hagen();
    parameters.compatibility = Compatibility::Lfpykernels;
    let ours = run(&predict(&parameters).unwrap(), Superposition::Total);
    let peer = run(&kernels(), Superposition::Total);
    assert!(deviation(&ours[0].values, &peer[0].values) < 1e-9);
}

/// ncpi 0.2.6 took its kernels, stored as post:pre, for pre:post. Only a deliberate swap of the names gives that here.
#[test]
fn swapped_names_reproduce_the_legacy_pairing() {
    let mut swapped = kernels();
    for kernel in &mut swapped {
        std::mem::swap(&mut kernel.pre, &mut kernel.post);
    }
    let legacy = floats("dipole/legacy_swapped.f64le");
    let signals = run(&swapped, Superposition::ByConnection);
    let every_4th = |i: usize| -> Vec<f64> { signals[i].values.iter().step_by(4).copied().collect() };
    // The kernel of I onto E with the spikes of E, and the reverse.
    assert!(deviation(&every_4th(2), &legacy[..BINS / 4]) < 1e-9);
    assert!(deviation(&every_4th(1), &legacy[BINS / 4..]) < 1e-9);

    let (wrong, right) = (run(&swapped, Superposition::Total), run(&kernels(), Superposition::Total));
    assert!(deviation(&wrong[0].values, &right[0].values) > 1.0);
}
