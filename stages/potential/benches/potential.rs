//! Kernels of a network, the signal of ten seconds of its spikes, and lead fields of the four-sphere head.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use divan::Bencher;
use lapicque_potential::convolution::{BinGrid, Convolution, Edges, PopulationSpikes, Superposition, superpose};
use lapicque_potential::head::{ConcentricSpheres, LeadField, Vector, sphere_lead_field};
use lapicque_potential::kernels::{Kernel, KernelParameters, Probe, predict};

fn main() {
    divan::main();
}

/// Four kernels of 1601 lags.
#[divan::bench]
fn kernels_dipole() -> Vec<Kernel> {
    predict(black_box(&KernelParameters::hagen())).unwrap()
}

/// Four kernels, dipole and 13 contacts.
#[divan::bench]
fn kernels_dipole_and_13_contacts() -> Vec<Kernel> {
    let mut parameters = KernelParameters::hagen();
    parameters.probes.extend((0..13).map(|i| Probe::Lfp { contact_z_um: 1000.0 - 100.0 * f64::from(i) }));
    predict(black_box(&parameters)).unwrap()
}

/// 10 s at a step of 1/16 ms, 500 000 and 90 000 spikes, as the reference network fires.
#[divan::bench(args = [1, 30, 100, 300, 10_000])]
fn convolution_10_s(bencher: Bencher, sparser: u32) {
    let (e, i) = (steps(500_000 / sparser, 1), steps(90_000 / sparser, 2));
    let kernels = predict(&KernelParameters::hagen()).unwrap();
    bencher.bench(|| convolve(&e, &i, &kernels, Superposition::Total));
}

#[divan::bench]
fn convolution_10_s_by_connection(bencher: Bencher) {
    let (e, i) = (steps(500_000, 1), steps(90_000, 2));
    let kernels = predict(&KernelParameters::hagen()).unwrap();
    bencher.bench(|| convolve(&e, &i, &kernels, Superposition::ByConnection));
}

/// One dipole, electrodes all over the scalp.
#[divan::bench(args = [20, 231])]
fn four_sphere_one_dipole(electrodes: u32) -> LeadField {
    lead_field(1, electrodes)
}

#[divan::bench]
fn four_sphere_1000_dipoles_20_electrodes() -> LeadField {
    lead_field(1000, 20)
}

fn lead_field(dipoles: u32, electrodes: u32) -> LeadField {
    let dipoles = spiral(dipoles, 77_013.0);
    let electrodes = spiral(electrodes, 90_000.0);
    sphere_lead_field(black_box(&ConcentricSpheres::four_sphere()), &dipoles, &electrodes).unwrap()
}

/// Places spread evenly over a sphere.
fn spiral(places: u32, radius: f64) -> Vec<Vector> {
    (0..places)
        .map(|i| {
            let z = 1.0 - (2.0 * f64::from(i) + 1.0) / f64::from(places);
            let (across, angle) = ((1.0 - z * z).sqrt(), 2.4 * f64::from(i));
            [across * angle.cos(), across * angle.sin(), z].map(|x| radius * x)
        })
        .collect()
}

fn convolve(e: &[u32], i: &[u32], kernels: &[Kernel], superposition: Superposition) -> Vec<f64> {
    let spikes =
        [("E", e), ("I", i)].map(|(population, steps)| PopulationSpikes { population, steps: black_box(steps) });
    let grid = BinGrid::new(0.0, 10_000.0, 0.0625).unwrap();
    let convolution = Convolution::causal(superposition, Edges::Valid);
    superpose(&spikes, kernels, &grid, &convolution).unwrap().remove(0).values
}

/// Sorted pseudo-random steps of 10 s.
fn steps(count: u32, seed: u64) -> Vec<u32> {
    let mut state = seed;
    let mut steps: Vec<u32> = (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % 160_000) as u32
        })
        .collect();
    steps.sort_unstable();
    steps
}
