use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, array, s};

use super::*;
use crate::{Draws, FitContext, Prior};

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

fn prior() -> JointPrior {
    JointPrior::new(vec![Prior::Normal { mean: 0.0, sd: 1.0 }, Prior::Uniform { low: -4.0, high: 4.0 }]).unwrap()
}

/// True targets are normal with mean `m` and standard deviation 1/2 given the features m; draws have another mean and width.
fn cases(samples: usize, shift: f64, width: f64) -> Cases {
    let mut generator = key(9).stream("cases", 0);
    let middle = Array2::from_shape_simple_fn((samples, 2), || generator.normal());
    let truth = &middle + &Array2::from_shape_simple_fn((samples, 2), || 0.5 * generator.normal());
    let log = |row: ndarray::ArrayView1<'_, f64>, m: ndarray::ArrayView1<'_, f64>| {
        -row.iter().zip(m).map(|(v, m)| ((v - m - 0.5 * shift) / (0.5 * width)).powi(2) / 2.0).sum::<f64>()
    };
    let draws = middle.rows().into_iter().map(|m| {
        let values = Array2::from_shape_fn((200, 2), |(_, t)| m[t] + 0.5 * (shift + width * generator.normal()));
        let log_density = values.rows().into_iter().map(|row| log(row, m)).collect();
        Draws { values, log_density }
    });
    let draws = draws.collect();
    let truth_log_density = truth.rows().into_iter().zip(middle.rows()).map(|(row, m)| log(row, m)).collect();
    Cases { rows: (0..samples).collect(), truth, draws, truth_log_density, failed: Vec::new() }
}

fn check(shift: f64, width: f64) -> Calibration {
    calibration(&cases(1000, shift, width), &prior(), key(1)).unwrap()
}

fn at(coverage: &[Coverage], level: f64) -> f64 {
    coverage.iter().find(|coverage| (coverage.level - level).abs() < 1e-9).unwrap().coverage
}

#[test]
fn a_right_posterior_passes_all_checks() {
    let found = check(0.0, 1.0);
    for target in &found.targets {
        assert_eq!(target.judgement.verdict, Verdict::Calibrated, "{:?}", target.judgement);
        assert!(target.uniformity.chi_square_p > 0.01 && target.uniformity.ks_p > 0.01, "{:?}", target.uniformity);
        assert!(
            target.coverage.iter().all(|coverage| (coverage.coverage - coverage.level).abs() < 3.5 * coverage.error)
        );
        // 200 draws tell a mean to 7 % of a standard deviation, so z is a little wider than 1.
        assert!(target.widths.z_mean.abs() < 0.1 && (target.widths.z_sd - 1.0).abs() < 0.07, "{:?}", target.widths);
        assert!(target.ranks.iter().all(|rank| *rank <= 200));
    }
    assert!((found.targets[0].widths.contraction - 0.75).abs() < 0.01);
    assert!((found.targets[1].widths.contraction - (1.0 - 0.25 * 12.0 / 64.0)).abs() < 0.01);
    let regions = found.regions.unwrap();
    assert_eq!(regions.judgement.verdict, Verdict::Calibrated);
    assert!((at(&regions.coverage, 0.8) - 0.8).abs() < 0.04);
    assert_eq!(found.tarp.judgement.verdict, Verdict::Calibrated, "{:?}", found.tarp.judgement);
    assert!(found.correlations[[0, 1]].abs() < 0.01 && found.correlations[[0, 0]] == 1.0);
}

#[test]
fn a_narrow_posterior_is_called_overconfident_and_a_wide_one_underconfident() {
    let narrow = check(0.0, 0.7);
    // P(|z| < 0.6745 * 0.7) and P(|z| < 1.2816 * 0.7) of a normal variable.
    for (level, expected) in [(0.5, 0.3632), (0.8, 0.6303)] {
        assert!((at(&narrow.targets[0].coverage, level) - expected).abs() < 0.05, "{level}");
    }
    for target in &narrow.targets {
        assert_eq!(target.judgement.verdict, Verdict::Overconfident, "{:?}", target.judgement);
        assert!(target.uniformity.chi_square_p < 1e-6 && target.widths.z_sd > 1.3);
    }
    let regions = narrow.regions.unwrap();
    assert_eq!(regions.judgement.verdict, Verdict::Overconfident);
    // Two dimensions: 1 - (1 - level)^(0.7^2).
    assert!((at(&regions.coverage, 0.8) - (1.0 - 0.2f64.powf(0.49))).abs() < 0.05);
    assert!(narrow.tarp.uniformity.ks_p < 1e-3, "{:?}", narrow.tarp);
    let wide = check(0.0, 1.4);
    assert!(wide.targets.iter().all(|target| target.judgement.verdict == Verdict::Underconfident));
    assert_eq!(wide.regions.unwrap().judgement.verdict, Verdict::Underconfident);
}

#[test]
fn a_shifted_posterior_is_called_biased_and_the_side_is_told() {
    for shift in [0.4, -0.4] {
        let found = check(shift, 1.0);
        for target in &found.targets {
            assert_eq!(target.judgement.verdict, Verdict::Biased, "{:?}", target.judgement);
            // True values lie below a posterior that is too high.
            assert!(target.judgement.shift * shift < 0.0 && target.widths.z_mean * shift > 0.0);
        }
    }
}

#[test]
fn few_samples_are_not_judged_and_none_is_refused() {
    let few = calibration(&cases(20, 3.0, 0.1), &prior(), key(1)).unwrap();
    assert!(few.targets.iter().all(|target| target.judgement.verdict == Verdict::Undecided));
    assert!(calibration(&cases(0, 0.0, 1.0), &prior(), key(1)).is_err());
    let mut unequal = cases(40, 0.0, 1.0);
    unequal.draws[3].values = unequal.draws[3].values.slice(s![..10, ..]).to_owned();
    assert!(calibration(&unequal, &prior(), key(1)).is_err());
    let mut missing = cases(40, 0.0, 1.0);
    missing.truth[[3, 1]] = f64::NAN;
    assert!(calibration(&missing, &prior(), key(1)).unwrap_err().to_string().contains("not finite"));
}

#[test]
fn draws_without_a_density_and_equal_draws_still_have_ranks() {
    let mut cases = cases(1000, 0.0, 1.0);
    cases.truth_log_density.fill(f64::NAN);
    // All of a hundredth: many draws equal the true value.
    cases.truth.mapv_inplace(|value| (value * 2.0).round() / 2.0);
    cases.draws.iter_mut().for_each(|draws| draws.values.mapv_inplace(|value| (value * 2.0).round() / 2.0));
    let found = calibration(&cases, &prior(), key(1)).unwrap();
    assert!(found.regions.is_none());
    assert!(found.targets.iter().all(|target| target.judgement.verdict == Verdict::Calibrated));
    assert_eq!(found, calibration(&cases, &prior(), key(1)).unwrap());
}

#[test]
fn mass_at_a_bound_is_told_beside_that_of_the_prior() {
    let prior =
        JointPrior::new(vec![Prior::Uniform { low: 0.0, high: 1.0 }, Prior::Normal { mean: 0.0, sd: 1.0 }]).unwrap();
    let values = Array2::from_shape_fn((100, 2), |(row, _)| if row < 30 { 0.999 } else { row as f64 / 100.0 });
    let edges = edge_mass(&Draws { values, log_density: vec![0.0; 100] }, &prior);
    let edge = edges[0].unwrap();
    assert_eq!((edge.low.posterior, edge.high.posterior), (0.0, 0.31));
    assert!((edge.low.prior - 0.01).abs() < 1e-12 && (edge.high.prior - 0.01).abs() < 1e-12);
    assert!(edges[1].is_none());
}

#[test]
fn the_local_test_finds_the_features_where_a_posterior_is_wrong() {
    // Right where the feature is negative, shifted by two standard deviations where it is positive.
    let mut generator = key(3).stream("local", 0);
    let features = Array2::from_shape_simple_fn((600, 1), || 2.0 * generator.uniform() - 1.0);
    let truth = Array2::from_shape_fn((600, 1), |(row, _)| features[[row, 0]] + 0.1 * generator.normal());
    let mut draw = |x: f64, count: usize| {
        let wrong = if x > 0.0 { 0.2 } else { 0.0 };
        let values = Array2::from_shape_fn((count, 1), |_| x + wrong + 0.1 * generator.normal());
        Draws { log_density: vec![f64::NAN; count], values }
    };
    let draws: Vec<Draws> = features.iter().map(|x| draw(*x, 5)).collect();
    let cases =
        Cases { truth_log_density: vec![f64::NAN; 600], truth, draws, rows: (0..600).collect(), failed: vec![] };
    let context = FitContext::unwatched(key(4));
    let mut test = |x: f64| {
        let draws = draw(x, 200);
        local_c2st(&cases, features.view(), (&[x], &draws), 19, key(5), &context).unwrap()
    };
    let (right, wrong) = (test(-0.5), test(0.5));
    assert!(wrong.p <= 0.05 && wrong.statistic > 3.0 * wrong.null, "{wrong:?}");
    assert!(right.p > 0.05, "{right:?}");
    let none = local_c2st(&cases, array![[0.0]].view(), (&[0.0], &cases.draws[0]), 3, key(5), &context);
    assert!(none.is_err());
}

#[test]
fn the_verdict_of_another_shape_is_not_calibrated() {
    // Neither shifted nor spread: two humps.
    let numbers: Vec<f64> = (0..2000)
        .map(|place| {
            let u = (f64::from(place) + 0.5) / 2000.0;
            if place % 2 == 0 { 0.212 + 0.1 * (u - 0.5) } else { 0.788 + 0.1 * (u - 0.5) }
        })
        .collect();
    let found = judge(&numbers);
    assert_eq!(found.verdict, Verdict::Misshapen, "{found:?}");
}
