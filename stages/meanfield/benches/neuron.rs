//! Rates and transfer functions of single neurons, one thread: inputs as in the populations of a
//! cortical microcircuit, 300 frequencies up to 150 Hz.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lapicque_meanfield::neuron::{
    Input, Neuron, Refractory, Synapses, TransferOptions, coefficient_of_variation, firing_rate, rate_and_derivatives,
    transfer_functions,
};
use num_complex::Complex64;

const NEURON: Neuron = Neuron {
    membrane_time_constant_s: 0.01,
    synaptic_time_constant_s: 0.0005,
    refractory_period_s: 0.002,
    threshold_v: 0.015,
    reset_v: 0.0,
};

/// The working point of the microcircuit of Potjans & Diesmann (2014): rates from 0.7 to 9 Hz.
const POPULATIONS: [Input; 8] = [
    Input { mean_v: 0.00258, sd_v: 0.00621 },
    Input { mean_v: 0.0067, sd_v: 0.00514 },
    Input { mean_v: 0.007, sd_v: 0.00551 },
    Input { mean_v: 0.00694, sd_v: 0.00598 },
    Input { mean_v: 0.00757, sd_v: 0.0059 },
    Input { mean_v: 0.00905, sd_v: 0.00509 },
    Input { mean_v: 0.00284, sd_v: 0.00645 },
    Input { mean_v: 0.00904, sd_v: 0.00492 },
];

const THEORIES: [Synapses; 3] = [Synapses::Delta, Synapses::Shift, Synapses::Taylor];

fn main() {
    divan::main();
}

#[divan::bench(args = THEORIES)]
fn rate(bencher: Bencher, synapses: Synapses) {
    bencher
        .counter(ItemsCount::new(8_usize))
        .bench(|| POPULATIONS.map(|input| firing_rate(black_box(&NEURON), black_box(input), synapses).unwrap()));
}

#[divan::bench(args = THEORIES)]
fn rate_with_derivatives(bencher: Bencher, synapses: Synapses) {
    bencher.counter(ItemsCount::new(8_usize)).bench(|| {
        POPULATIONS.map(|input| rate_and_derivatives(black_box(&NEURON), black_box(input), synapses).unwrap())
    });
}

/// Driven above threshold: quadrature instead of Dawson's integral.
#[divan::bench(args = [0.016, 0.03, 0.3])]
fn rate_of_a_strongly_driven_neuron(bencher: Bencher, mean_v: f64) {
    let input = Input { mean_v, sd_v: 0.003 };
    bencher.bench(|| rate_and_derivatives(black_box(&NEURON), black_box(input), Synapses::Shift).unwrap());
}

#[divan::bench(args = THEORIES)]
fn transfer_function_300_frequencies_8_populations(bencher: Bencher, synapses: Synapses) {
    let options = TransferOptions { synapses, refractory: Refractory::Corrected, synaptic_filter: true };
    let omegas: Vec<Complex64> = (0..300).map(|i| (TAU * (0.1 + 0.5 * f64::from(i))).into()).collect();
    bencher
        .counter(ItemsCount::new(2400_usize))
        .bench(|| POPULATIONS.map(|input| transfer_functions(&NEURON, input, black_box(&omegas), options).unwrap()));
}

#[divan::bench(args = [0.016, 0.03, 0.3])]
fn transfer_function_of_a_strongly_driven_neuron(bencher: Bencher, mean_v: f64) {
    let options =
        TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Corrected, synaptic_filter: true };
    let omegas: Vec<Complex64> = (0..300).map(|i| (TAU * (0.1 + 0.5 * f64::from(i))).into()).collect();
    let input = Input { mean_v, sd_v: 0.003 };
    bencher
        .counter(ItemsCount::new(300_usize))
        .bench(|| transfer_functions(&NEURON, input, black_box(&omegas), options).unwrap());
}

#[divan::bench]
fn variability(bencher: Bencher) {
    bencher.counter(ItemsCount::new(8_usize)).bench(|| {
        POPULATIONS
            .map(|input| coefficient_of_variation(black_box(&NEURON), black_box(input), Synapses::Shift).unwrap())
    });
}

#[divan::bench(args = [1, 4, 30])]
fn transfer_function_of_few_frequencies(bencher: Bencher, n: u32) {
    let options =
        TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Corrected, synaptic_filter: true };
    let omegas: Vec<Complex64> = (0..n).map(|i| (TAU * f64::from(80 + i)).into()).collect();
    bencher.bench(|| transfer_functions(&NEURON, POPULATIONS[0], black_box(&omegas), options).unwrap());
}
