#![allow(clippy::unwrap_used)]
use std::f64::consts::TAU;

use proptest::prelude::*;

use super::*;

fn never() -> bool {
    false
}

/// Linear congruential: uniform in [0, 1).
fn noise(n: usize, mut state: u64) -> Vec<f64> {
    let next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    std::iter::repeat_with(next).take(n).collect()
}

fn sine(n: usize, period: f64) -> Vec<f64> {
    (0..n).map(|i| (TAU * i as f64 / period).sin()).collect()
}

/// All measures of defaults, by name.
fn all(x: &[f64]) -> Vec<(&'static str, f64)> {
    let h = hjorth(x);
    let embedding = Embedding::default();
    let (sample, approximate) = sample_and_approximate_entropy(x, Matching::default(), &never).unwrap();
    let words = lempel_ziv(x);
    let scales = multiscale_entropy(x, Matching::default(), 2, &never).unwrap();
    vec![
        ("activity", h.activity),
        ("mobility", h.mobility),
        ("complexity", h.complexity),
        ("permutation", permutation_entropy(x, embedding, false)),
        ("sample", sample),
        ("approximate", approximate),
        ("multiscale_1", scales[0]),
        ("multiscale_2", scales[1]),
        ("svd", svd_entropy(x, embedding, true)),
        ("spectral", periodogram_entropy(x, false)),
        ("lempel_ziv", words.phrases),
        ("lempel_ziv_normalized", words.normalized),
        ("hurst", hurst(x, 10, true)),
        ("higuchi", higuchi_fd(x, 10)),
        ("katz", katz_fd(x)),
        ("petrosian", petrosian_fd(x)),
        ("line_length", line_length(x)),
        ("zero_crossings", zero_crossings(x)),
        ("decay", autocorrelation_decay(x)),
    ]
}

fn defined(x: &[f64]) -> Vec<(&'static str, f64)> {
    let values = all(x);
    assert!(values.iter().all(|(_, value)| value.is_nan() || value.is_finite()), "{values:?}");
    values.into_iter().filter(|(_, value)| !value.is_nan()).collect()
}

#[test]
fn series_that_are_empty_or_short_or_have_no_variance_define_few_measures() {
    assert_eq!(defined(&[]), []);
    assert_eq!(defined(&[5.0]), [("activity", 0.0), ("lempel_ziv", 1.0)]);
    let two = [
        ("activity", 1.0),
        ("mobility", 0.0),
        ("spectral", 0.0),
        ("lempel_ziv", 2.0),
        ("lempel_ziv_normalized", 1.0),
        ("petrosian", 1.0),
        ("line_length", 2.0),
        ("zero_crossings", 1.0),
    ];
    let decay = (1.0 - (-1.0_f64).exp()) / 1.5;
    assert_eq!(defined(&[-1.0, 1.0]), [two.as_slice(), &[("decay", decay)]].concat());
    // Whatever the mean of a constant rounds to.
    for value in [0.1, 1e6 + 0.1, -1e-3] {
        let values = defined(&[value; 1000]);
        let svd = values.iter().position(|(name, _)| *name == "svd").unwrap();
        assert!(values[svd].1.abs() < 1e-12);
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let expected = [
            "activity",
            "permutation",
            "svd",
            "lempel_ziv",
            "lempel_ziv_normalized",
            "petrosian",
            "line_length",
            "zero_crossings",
        ];
        assert_eq!(names, expected);
        assert_eq!((values[0].1, values[1].1, values[3].1, values[5].1), (0.0, 0.0, 2.0, 1.0));
        assert_eq!((values[6].1, values[7].1), (0.0, 0.0));
    }
    assert!(svd_entropy(&[0.0; 100], Embedding::default(), true).is_nan());
}

#[test]
fn one_value_that_is_no_number_leaves_nothing() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for place in [0, 50, 199] {
            let mut x = noise(200, 1);
            x[place] = value;
            assert_eq!(defined(&x), []);
        }
    }
    // Squares of such values are infinite.
    let huge: Vec<f64> = noise(200, 1).iter().map(|x| x * 1e300).collect();
    assert!(hjorth(&huge).activity.is_nan() && sample_entropy(&huge, Matching::default(), &never).unwrap().is_nan());
    assert!(
        (svd_entropy(&huge, Embedding::default(), true) - svd_entropy(&noise(200, 1), Embedding::default(), true))
            .abs()
            < 1e-12
    );
}

#[test]
fn a_sine_is_as_the_closed_forms_say() {
    let wave = sine(4000, 40.0);
    let h = hjorth(&wave);
    let omega = TAU / 40.0;
    // Differences of a sine are a sine of 2 sin(omega / 2) times its amplitude; ends are not whole periods of them.
    assert!((h.activity - 0.5).abs() < 1e-12);
    assert!((h.mobility - 2.0 * (omega / 2.0).sin()).abs() < 1e-4 && (h.complexity - 1.0).abs() < 1e-3);
    assert_eq!(zero_crossings(&wave), 199.0);
    // 4 per period.
    assert!((line_length(&wave) - (400.0 + wave[3999])).abs() < 1e-9);
    // Whole periods: all power in one bin.
    assert!(periodogram_entropy(&wave, false).abs() < 1e-9);
    // The autocorrelation of a long sine is a cosine.
    let decay = autocorrelation_decay(&wave);
    assert!((decay - (-1.0_f64).exp().acos() / omega).abs() < 0.1, "{decay}");
    assert!((higuchi_fd(&sine(4000, 400.0), 10) - 1.0).abs() < 0.01);
    // Two singular values: (x_i, x_(i+1)) with cos(omega) between them.
    let (a, b) = ((1.0 + omega.cos()).sqrt(), (1.0 - omega.cos()).sqrt());
    let (a, b) = (a / (a + b), b / (a + b));
    let entropy = svd_entropy(&wave, Embedding { order: 2, delay: 1 }, false);
    assert!((entropy + a * a.log2() + b * b.log2()).abs() < 1e-3);
    // Up, up and down, down and up, down: two orders are one half less the turns.
    let permutation = permutation_entropy(&wave, Embedding { order: 2, delay: 1 }, true);
    assert!((permutation - 1.0).abs() < 1e-3);
}

#[test]
fn noise_is_as_it_should_be() {
    let x: Vec<f64> = noise(20_000, 7).iter().map(|x| x - 0.5).collect();
    assert!((permutation_entropy(&x, Embedding::default(), true) - 1.0).abs() < 1e-3);
    assert!((hurst(&x, 10, true) - 0.5).abs() < 0.03, "{}", hurst(&x, 10, true));
    assert!(hurst(&x, 10, false) > 0.53);
    let walk: Vec<f64> = x
        .iter()
        .scan(0.0, |sum, x| {
            *sum += x;
            Some(*sum)
        })
        .collect();
    assert!(hurst(&walk, 10, true) > 0.9);
    assert!((higuchi_fd(&x, 10) - 2.0).abs() < 0.02 && (higuchi_fd(&walk, 10) - 1.5).abs() < 0.05);
    assert!((lempel_ziv(&x).normalized - 1.0).abs() < 0.1);
    // Hjorth (1970): differences of white noise have the variances 2 and 6.
    let h = hjorth(&x);
    assert!((h.mobility - 2.0_f64.sqrt()).abs() < 0.02 && (h.complexity - (3.0_f64 / 2.0).sqrt()).abs() < 0.01);
    // Independent values: -ln of the chance that two uniform ones are within r = 0.2 / sqrt(12) of each other.
    let r = 0.2 / 12.0_f64.sqrt();
    let sample = sample_entropy(&x, Matching::default(), &never).unwrap();
    assert!((sample + (2.0 * r - r * r).ln()).abs() < 0.02, "{sample}");
    // Means of s values vary less, and the tolerance stays.
    let scales = multiscale_entropy(&x, Matching::default(), 3, &never).unwrap();
    assert_eq!(scales[0], sample);
    assert!(scales[1] < scales[0] - 0.2 && scales[2] < scales[1] - 0.1);
}

#[test]
fn straight_lines_have_no_rounding_noise_in_their_differences() {
    let line: Vec<f64> = (0..1000).map(|i| 0.1 * f64::from(i)).collect();
    let h = hjorth(&line);
    assert_eq!(h.mobility, 0.0);
    assert!(h.complexity.is_nan());
    assert!((katz_fd(&line) - 1.0).abs() < 1e-12 && (higuchi_fd(&line, 10) - 1.0).abs() < 1e-12);
    assert_eq!((petrosian_fd(&line), permutation_entropy(&line, Embedding::default(), false)), (1.0, 0.0));
}

#[test]
fn phrases_are_those_of_lempel_and_ziv() {
    // 1 / 0 / 01 / 1110 / 1100 / 0010, the example of Kaspar and Schuster's implementers; median 1 of more ones than zeros
    // would hide them, so they are written about their median.
    let sequence = |text: &str| text.bytes().map(|b| if b == b'1' { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    assert_eq!(lempel_ziv(&sequence("1001111011000010")).phrases, 6.0);
    assert_eq!(lempel_ziv(&sequence("1010101010")).phrases, 3.0);
    assert_eq!(lempel_ziv(&sequence("0001101001000101")).phrases, 6.0);
}

/// Kaspar and Schuster's count, by its definition: the longest stretch that occurs earlier, and one symbol more.
fn phrases_by_search(bits: &[bool]) -> usize {
    let (mut start, mut phrases) = (0, 0);
    while start < bits.len() {
        let mut len = 1;
        while start + len <= bits.len()
            && bits[..start + len - 1].windows(len).any(|word| word == &bits[start..start + len])
        {
            len += 1;
        }
        start += len;
        phrases += 1;
    }
    phrases
}

/// Matches of template i over some length, by comparing it with all.
fn matches_by_search(x: &[f64], len: usize, count: usize, tolerance: f64) -> Vec<u64> {
    let near = |i: usize, j: usize| (0..len).all(|k| (x[i + k] - x[j + k]).abs() <= tolerance);
    (0..count).map(|i| (0..count).filter(|j| near(i, *j)).count() as u64).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_tree_counts_what_a_search_counts(
        seed in any::<u64>(),
        n in 8_usize..400,
        order in 1_usize..7,
        levels in prop::sample::select(vec![2.0, 5.0, 30.0, 1e9]),
        smooth in any::<bool>(),
        tolerance in 0.0_f64..0.7,
    ) {
        let mut x: Vec<f64> = noise(n, seed).iter().map(|x| (x * levels).floor() / levels).collect();
        if smooth {
            x = x.iter().scan(0.0, |sum, x| { *sum += x - 0.5; Some(*sum) }).collect();
        }
        let found = templates::matches(&x, order, tolerance, &never).unwrap().unwrap();
        prop_assert_eq!(found.of_order, matches_by_search(&x, order, n - order + 1, tolerance));
        prop_assert_eq!(found.of_next, matches_by_search(&x, order + 1, n - order, tolerance));
    }

    #[test]
    fn the_automaton_finds_the_phrases_of_a_search(
        bits in prop::collection::vec(any::<bool>(), 1..120),
        repeats in 1_usize..4,
    ) {
        // Zeros and ones alone have a median of 0.5 if there are as many of each.
        let bits = bits.repeat(repeats);
        let balanced: Vec<bool> = bits.iter().copied().chain(bits.iter().map(|b| !b)).collect();
        let x: Vec<f64> = balanced.iter().map(|b| if *b { 1.0 } else { 0.0 }).collect();
        prop_assert_eq!(lempel_ziv(&x).phrases, phrases_by_search(&balanced) as f64);
    }

    #[test]
    fn singular_values_keep_the_trace_and_orders_of_scale(seed in any::<u64>(), n in 12_usize..80, order in 2_usize..5) {
        let x = noise(n, seed);
        let entropy = svd_entropy(&x, Embedding { order, delay: 1 }, true);
        prop_assert!((0.0..=1.0 + 1e-12).contains(&entropy));
        let scaled: Vec<f64> = x.iter().map(|x| x * 1e200).collect();
        let again = svd_entropy(&scaled, Embedding { order, delay: 1 }, true);
        prop_assert!((entropy - again).abs() < 1e-12);
    }
}

#[test]
fn orders_and_delays_out_of_range_are_undefined() {
    let x = noise(100, 3);
    for (order, delay) in [(1, 1), (0, 1), (3, 0), (9, 1), (3, 50), (2, usize::MAX)] {
        assert!(permutation_entropy(&x, Embedding { order, delay }, true).is_nan(), "{order} {delay}");
    }
    assert!(svd_entropy(&x, Embedding { order: 3, delay: 34 }, true).is_nan());
    assert!(higuchi_fd(&x, 51).is_nan() && higuchi_fd(&x, 50).is_finite() && higuchi_fd(&x, 1).is_nan());
    for (order, tolerance) in [(0, 0.2), (7, 0.2), (2, f64::NAN), (2, -0.1), (2, f64::INFINITY)] {
        assert!(sample_entropy(&x, Matching { order, tolerance }, &never).unwrap().is_nan(), "{order} {tolerance}");
    }
    assert!(spectral_entropy(&[1.0], true).is_nan() && spectral_entropy(&[1.0, -1.0, 3.0], false).is_nan());
    assert_eq!(spectral_entropy(&[1.0; 8], false), 3.0);
}

#[test]
fn who_wants_to_stop_is_heard() {
    let x = noise(5000, 3);
    assert_eq!(sample_entropy(&x, Matching::default(), &|| true), Err(Stopped));
    let asked = std::cell::Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 3
    };
    assert_eq!(multiscale_entropy(&x, Matching::default(), 3, &stop), Err(Stopped));
    assert_eq!(asked.get(), 4);
}

#[test]
fn a_million_values_are_measured() {
    let mut x = noise(1_000_000, 5);
    for i in 1..x.len() {
        x[i] += 0.9 * x[i - 1];
    }
    let long = std::env::var("LAPICQUE_LONG_TESTS").is_ok_and(|value| value == "1");
    let entropies = if long { sample_entropy(&x, Matching::default(), &never).unwrap() } else { 1.0 };
    assert!(entropies.is_finite());
    let h = hjorth(&x);
    // Of a first-order process with a = 0.9: sqrt(2 (1 - a)).
    assert!((h.mobility - 0.2_f64.sqrt()).abs() < 0.01);
    assert!((autocorrelation_decay(&x) + 1.0 / 0.9_f64.ln()).abs() < 0.4);
    assert!((1.0..2.0).contains(&higuchi_fd(&x, 10)));
    let defined = [
        permutation_entropy(&x, Embedding::default(), true),
        svd_entropy(&x, Embedding::default(), true),
        periodogram_entropy(&x, true),
        lempel_ziv(&x).normalized,
        hurst(&x, 10, true),
        petrosian_fd(&x) - 0.5,
    ];
    assert!(defined.iter().all(|value| (0.0..=1.0).contains(value)), "{defined:?}");
}
