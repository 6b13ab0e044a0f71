//! Working points and spectra of the microcircuit, eight populations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::f64::consts::TAU;

use divan::{Bencher, black_box};
use lapicque_meanfield::network::{
    Parameters, Search, effective_connectivity, fixed_points, modes, power_spectra, scan, transfer_function_matrix,
    working_point,
};
use lapicque_meanfield::neuron::{Refractory, Synapses, TransferOptions};
use nalgebra::DMatrix;
use num_complex::Complex64;
use support::{golden, json, microcircuit, sanzeni};

fn main() {
    divan::main();
}

fn parameters(name: &str) -> Parameters {
    let reference = json(&golden(&format!("microcircuit/{name}.json")));
    microcircuit(&reference["parameters"], &reference["parameters"]["populations"])
}

/// Relative inhibition 4 to 8, external rates 7 to 10 Hz.
fn plane(points: usize) -> Vec<Parameters> {
    let base = parameters("pd14");
    let side = (points as f64).sqrt().ceil() as usize;
    let of = |index: usize| {
        let (g, rate) = (index / side, index % side);
        let part = |i: usize| i as f64 / side as f64;
        let mut parameters = base.clone();
        for mut column in parameters.weight_v.column_iter_mut().skip(1).step_by(2) {
            column *= 1.0 + part(g);
        }
        parameters.populations.iter_mut().for_each(|p| p.drives[0].rate_hz = 7.0 + 3.0 * part(rate));
        parameters
    };
    (0..points).map(of).collect()
}

#[divan::bench(args = [Synapses::Shift, Synapses::Taylor, Synapses::Delta])]
fn working_point_from_rest(bencher: Bencher, synapses: Synapses) {
    let parameters = parameters("pd14");
    bencher.bench(|| working_point(black_box(&parameters), synapses, &Search::default()).unwrap());
}

#[divan::bench(sample_count = 10)]
fn working_points_1000_from_rest(bencher: Bencher) {
    let points = plane(1000);
    let each =
        |parameters: &Parameters| working_point(parameters, Synapses::Shift, &Search::default()).unwrap().rates_hz[0];
    bencher.bench(|| black_box(&points).iter().map(each).sum::<f64>());
}

#[divan::bench(sample_count = 10)]
fn working_points_1000_one_after_the_other(bencher: Bencher) {
    let points = plane(1000);
    bencher.with_inputs(|| points.clone()).bench_values(|points| {
        scan(points, Synapses::Shift, &Search::default()).into_iter().filter(Result::is_ok).count()
    });
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn working_points_100_000_on_two_threads(bencher: Bencher) {
    let points = plane(100_000);
    let each =
        |parameters: &Parameters| working_point(parameters, Synapses::Shift, &Search::default()).unwrap().rates_hz[0];
    let part = |points: &[Parameters]| points.iter().map(each).sum::<f64>();
    let (first, second) = points.split_at(50_000);
    bencher.bench(|| {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| part(second));
            part(first) + other.join().unwrap()
        })
    });
}

#[divan::bench]
fn all_working_points_of_two_populations(bencher: Bencher) {
    let reference = json(&golden("sanzeni/networks.json"));
    let parameters = sanzeni(&reference["saturation_driven_multisolution"]["params_mV_s"], 5.0);
    bencher.bench(|| fixed_points(black_box(&parameters), Synapses::Delta, &Search::default(), 64).unwrap());
}

const OPTIONS: TransferOptions =
    TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Corrected, synaptic_filter: true };

fn omegas() -> Vec<f64> {
    (0..400).map(|f| TAU * (0.1 + f64::from(f))).collect()
}

fn transfer(parameters: &Parameters) -> (Vec<f64>, DMatrix<Complex64>) {
    let point = working_point(parameters, Synapses::Shift, &Search::default()).unwrap();
    let transfer = transfer_function_matrix(parameters, &point.input, &omegas(), OPTIONS).unwrap();
    (point.rates_hz, transfer)
}

#[divan::bench]
fn transfer_functions_at_400_frequencies(bencher: Bencher) {
    let parameters = parameters("bos2016");
    let point = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
    bencher.bench(|| transfer_function_matrix(black_box(&parameters), &point.input, &omegas(), OPTIONS).unwrap());
}

#[divan::bench]
fn power_spectra_at_400_frequencies(bencher: Bencher) {
    let parameters = parameters("bos2016");
    let (rates, transfer) = transfer(&parameters);
    bencher.bench(|| {
        let w = effective_connectivity(black_box(&parameters), &omegas(), &transfer).unwrap();
        power_spectra(&parameters, &rates, &w).unwrap()
    });
}

#[divan::bench]
fn power_spectra_and_modes_at_400_frequencies(bencher: Bencher) {
    let parameters = parameters("bos2016");
    let (rates, transfer) = transfer(&parameters);
    bencher.bench(|| {
        let w = effective_connectivity(black_box(&parameters), &omegas(), &transfer).unwrap();
        (power_spectra(&parameters, &rates, &w).unwrap(), modes(&w).unwrap())
    });
}
