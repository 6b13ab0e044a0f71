//! Reading the shipped network, and setting values in it (once per point of a sweep).

use lapicque_network::{NetworkFile, shipped};

fn main() {
    divan::main();
}

#[divan::bench]
fn parse(bencher: divan::Bencher) {
    let text = shipped("hagen").unwrap_or_default();
    bencher.bench(|| NetworkFile::parse(divan::black_box(text), "hagen.yaml"));
}

#[divan::bench]
fn with_three_values(bencher: divan::Bencher) {
    let Ok(file) = NetworkFile::parse(shipped("hagen").unwrap_or_default(), "hagen.yaml") else {
        return;
    };
    bencher.bench(|| file.with(divan::black_box(&[("J_ext", 27.0), ("J_EE", 2.0), ("tau_syn_E", 1.0)])));
}

#[divan::bench]
fn with_a_ratio_of_55_connections(bencher: divan::Bencher) {
    let Ok(file) = NetworkFile::parse(shipped("potjans_diesmann").unwrap_or_default(), "potjans_diesmann.yaml") else {
        return;
    };
    bencher.bench(|| file.with(divan::black_box(&[("g", 5.0), ("nu_ext", 9.0)])));
}
