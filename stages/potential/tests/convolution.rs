//! Signals of 0.8 s of spikes of the reference network: `tests/golden/dipole`, kernels of `tests/golden/kernels`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_potential::convolution::{
    BinGrid, Convolution, Edges, PopulationSpikes, Signal, Superposition, superpose,
};
use lapicque_potential::kernels::{Compatibility, Kernel, KernelParameters, Probe, predict};
use proptest::prelude::*;

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
    convolved(kernels, &Convolution::causal(superposition, Edges::Same))
}

fn convolved(kernels: &[Kernel], convolution: &Convolution) -> Vec<Signal> {
    let (e, i) = (steps("E"), steps("I"));
    let spikes = [("I", &i), ("E", &e)].map(|(population, steps)| PopulationSpikes { population, steps });
    let grid = BinGrid::new(500.0, 1300.0, 0.0625).unwrap();
    assert_eq!((grid.first_step, grid.bins), (FIRST_STEP, BINS));
    superpose(&spikes, kernels, &grid, convolution).unwrap()
}

proptest! {
    /// Spikes of 60 bins; the middle ones are recorded. A plain sum over all of them is what is right.
    #[test]
    fn valid_samples_are_those_of_an_endless_recording(
        steps in prop::collection::vec(prop::collection::vec(0u32..60, 0..40), 2),
        kernels in prop::collection::vec(prop::collection::vec(-2.0..2.0, 1..25), 4),
        lags_before_zero in 0usize..12,
        (start, stop) in (0u32..59).prop_flat_map(|start| (Just(start), start + 1..60)),
    ) {
        let named = |(values, (pre, post)): (&Vec<f64>, (&str, &str))| Kernel {
            pre: pre.into(), post: post.into(), probe: Probe::DipoleZ, dt_ms: 0.5, values: values.clone(),
        };
        let input = [("E", &steps[0]), ("I", &steps[1])]
            .map(|(population, steps)| PopulationSpikes { population, steps });
        let grid = BinGrid::new(f64::from(start) * 0.5, f64::from(stop) * 0.5, 0.5).unwrap();
        let all: Vec<Kernel> = kernels.iter().zip(PAIRS).map(named).collect();
        let of = |edges| {
            let convolution = Convolution { superposition: Superposition::Total, edges, lags_before_zero };
            superpose(&input, &all, &grid, &convolution)
        };
        // Bins are numbered from the start of the simulation; the last one that is recorded is closed.
        let count = |x: usize, bin: i64| {
            let last = i64::from(stop) - 1;
            steps[x].iter().map(|&step| if i64::from(step) == last + 1 { last } else { i64::from(step) })
                .filter(|&step| step == bin).count() as f64
        };
        let recorded = |bin: i64| (i64::from(start)..i64::from(stop)).contains(&bin);
        let sum = |bin: i64, known: &dyn Fn(i64) -> bool| -> f64 {
            let terms = kernels.iter().enumerate().flat_map(|(i, kernel)| {
                kernel.iter().enumerate().map(move |(k, value)| (i / 2, k as i64 - lags_before_zero as i64, value))
            });
            terms.filter(|(_, lag, _)| known(bin - lag)).map(|(x, lag, value)| count(x, bin - lag) * value).sum()
        };

        let same = of(Edges::Same).unwrap().remove(0);
        prop_assert_eq!((same.first_bin, same.values.len()), (0, (stop - start) as usize));
        for (i, value) in same.values.iter().enumerate() {
            prop_assert!((value - sum(i64::from(start) + i as i64, &recorded)).abs() < 1e-9);
        }

        // Bins of which all lags are recorded, and lag 0.
        let longest = kernels.iter().map(Vec::len).max().unwrap().max(lags_before_zero + 1) as i64;
        let last_lag = longest - 1 - lags_before_zero as i64;
        let valid: Vec<i64> = (i64::from(start)..i64::from(stop))
            .filter(|bin| recorded(bin - last_lag) && recorded(bin + lags_before_zero as i64))
            .collect();
        match of(Edges::Valid) {
            Err(error) => prop_assert!(valid.is_empty(), "{error}"),
            Ok(mut signals) => {
                let signal = signals.remove(0);
                let bins: Vec<i64> = (0..signal.values.len())
                    .map(|i| i64::from(start) + (signal.first_bin + i) as i64)
                    .collect();
                prop_assert_eq!(&bins, &valid);
                for (bin, value) in bins.iter().zip(&signal.values) {
                    prop_assert!((value - sum(*bin, &|_| true)).abs() < 1e-9, "{bin}");
                }
            }
        }
    }
}

#[test]
fn the_valid_part_is_the_end_of_the_whole() {
    let (whole, valid) = (
        run(&kernels(), Superposition::Total).remove(0),
        convolved(&kernels(), &Convolution::causal(Superposition::Total, Edges::Valid)).remove(0),
    );
    assert_eq!((valid.first_bin, valid.values.len()), (1600, BINS - 1600));
    assert!(deviation(&valid.values, &whole.values[1600..]) < 1e-12);
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
