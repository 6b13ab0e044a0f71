use lapicque_numerics::random::StreamKey;
use ndarray::array;
use proptest::prelude::*;

use super::*;

fn priors() -> Vec<Prior> {
    vec![
        Prior::Uniform { low: -2.0, high: 3.0 },
        Prior::Uniform { low: 1e6, high: 1e6 + 1.0 },
        Prior::Normal { mean: 4.0, sd: 0.1 },
        Prior::Lognormal { median: 20.0, log_sd: 0.8 },
        Prior::Tabulated { edges: vec![0.0, 1.0, 3.0, 4.0, 10.0, 11.0], weights: vec![0.0, 2.0, 0.0, 1.0, 0.0] },
    ]
}

#[test]
fn densities_and_distribution_functions_are_the_closed_forms() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    close(Prior::Uniform { low: -2.0, high: 3.0 }.log_density(3.0), -(5f64.ln()));
    close(
        Prior::Normal { mean: 1.0, sd: 2.0 }.log_density(2.0),
        -0.125 - (2.0 * (2.0 * std::f64::consts::PI).sqrt()).ln(),
    );
    // The formulas in Python 3 with math.log and math.erfc, at 10.
    close(Prior::Lognormal { median: 20.0, log_sd: 0.8 }.log_density(10.0), -3.373_733_992_008_103_3);
    close(Prior::Lognormal { median: 20.0, log_sd: 0.8 }.cdf(10.0), 0.193_126_109_381_965_23);
    let table = Prior::Tabulated { edges: vec![0.0, 1.0, 3.0, 4.0, 10.0], weights: vec![0.0, 2.0, 0.0, 1.0] };
    close(table.log_density(2.0), (2.0f64 / 3.0 / 2.0).ln());
    close(table.log_density(3.0), (2.0f64 / 3.0 / 2.0).ln());
    close(table.cdf(2.0), 1.0 / 3.0);
    close(table.cdf(3.5), 2.0 / 3.0);
    close(table.quantile(5.0 / 6.0), 7.0);
    for outside in [0.5, 3.5, -1.0, 10.5, f64::INFINITY] {
        assert_eq!(table.log_density(outside), f64::NEG_INFINITY, "{outside}");
        assert!(!table.contains(outside));
    }
    assert_eq!(table.support(), (1.0, 10.0));
    assert!(table.log_density(f64::NAN).is_nan() && table.quantile(1.5).is_nan());
}

#[test]
fn densities_integrate_to_the_distribution_function() {
    for prior in priors() {
        let (low, high) = (prior.quantile(0.01), prior.quantile(0.9));
        let steps = 200_000;
        let width = (high - low) / f64::from(steps);
        let sum: f64 =
            (0..steps).map(|step| prior.log_density(low + (f64::from(step) + 0.5) * width).exp() * width).sum();
        assert!((sum - 0.89).abs() < 1e-4, "{prior:?}: {sum}");
    }
}

#[test]
fn draws_have_its_mean_and_standard_deviation() {
    for prior in priors() {
        let mut generator = StreamKey::new([1; 16]).stream("prior", 0);
        let draws: Vec<f64> = (0..40_000).map(|_| prior.draw(&mut generator)).collect();
        assert!(draws.iter().all(|value| prior.contains(*value)), "{prior:?}");
        let mean = draws.iter().sum::<f64>() / 4e4;
        let sd = (draws.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4e4).sqrt();
        // A lognormal with this spread has a kurtosis of about 40.
        assert!((sd / prior.sd() - 1.0).abs() < 0.05, "{prior:?}: {sd}");
        let below = draws.iter().filter(|value| **value < prior.quantile(0.3)).count();
        assert!((below as f64 / 4e4 - 0.3).abs() < 0.012, "{prior:?}");
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let table = |edges: &[f64], weights: &[f64]| Prior::Tabulated { edges: edges.to_vec(), weights: weights.to_vec() };
    for (prior, parameter) in [
        (Prior::Uniform { low: 1.0, high: 1.0 }, "high"),
        (Prior::Uniform { low: f64::NAN, high: 1.0 }, "low"),
        (Prior::Uniform { low: -1e308, high: 1e308 }, "high"),
        (Prior::Normal { mean: 0.0, sd: 0.0 }, "sd"),
        (Prior::Normal { mean: f64::INFINITY, sd: 1.0 }, "mean"),
        (Prior::Lognormal { median: -1.0, log_sd: 1.0 }, "median"),
        (Prior::Lognormal { median: 1.0, log_sd: f64::NAN }, "log_sd"),
        (table(&[1.0], &[]), "edges"),
        (table(&[1.0, 1.0], &[1.0]), "edges"),
        (table(&[1.0, f64::INFINITY], &[1.0]), "edges"),
        (table(&[1.0, 2.0], &[1.0, 1.0]), "weights"),
        (table(&[1.0, 2.0], &[0.0]), "weights"),
        (table(&[1.0, 2.0, 3.0], &[1.0, -1.0]), "weights"),
    ] {
        let message = prior.check().unwrap_err().to_string();
        assert!(message.starts_with(&format!("`{parameter}` of ")), "{message}");
    }
    priors().iter().for_each(|prior| prior.check().unwrap());
    // What was not checked gives nonsense, but no panic.
    for prior in [table(&[], &[]), table(&[], &[1.0]), table(&[1.0], &[1.0, 2.0])] {
        assert!(!prior.contains(1.0) && prior.support().1.is_nan());
        let _ = (prior.log_density(1.0), prior.cdf(1.0), prior.quantile(0.4), prior.sd(), prior.to_normal(0.3));
    }
}

#[test]
fn the_joint_prior_takes_the_range_of_training_values_where_nothing_is_known() {
    let targets = array![[1.0, 5.0], [3.0, 6.0], [2.0, 9.0]];
    let known = [None, Some(Prior::Lognormal { median: 6.0, log_sd: 1.0 })];
    let joint = JointPrior::of_training(&known, targets.view()).unwrap();
    assert_eq!(joint.targets()[0], Prior::Uniform { low: 1.0, high: 3.0 });
    assert_eq!(joint.assumed(), [true, false]);
    assert!(JointPrior::of_training(&[], targets.view()).unwrap().assumed()[1]);
    assert!(joint.contains(&[1.0, 5.0]) && !joint.contains(&[0.9, 5.0]));
    assert!((joint.log_density(&[2.0, 6.0]) - (0.5f64.ln() + joint.targets()[1].log_density(6.0))).abs() < 1e-14);
    let mut generator = StreamKey::new([1; 16]).stream("joint", 0);
    let more = joint.draw(9, &mut generator);
    let fewer = joint.draw(4, &mut StreamKey::new([1; 16]).stream("joint", 0));
    assert_eq!(more.slice(ndarray::s![..4, ..]), fewer);
}

#[test]
fn training_values_beyond_the_prior_and_constant_targets_are_refused() {
    let targets = array![[1.0, 5.0], [3.0, 6.0], [-2.0, 9.0]];
    let known = [Some(Prior::Uniform { low: 0.0, high: 2.0 })];
    let error = JointPrior::of_training(&known, targets.view()).unwrap_err();
    assert_eq!(error, InverseError::OutsidePrior { target: 0, row: 1, value: 3.0, low: 0.0, high: 2.0, rows: 2 });
    let constant = array![[1.0, 5.0], [3.0, 5.0]];
    assert_eq!(JointPrior::of_training(&[], constant.view()).unwrap_err(), InverseError::ConstantTarget { target: 1 });
    assert!(JointPrior::of_training(&[], Array2::zeros((0, 1)).view()).is_err());
    assert!(JointPrior::new(Vec::new()).is_err());
}

use ndarray::Array2;

proptest! {
    #[test]
    fn quantile_and_distribution_function_are_inverse(p in 0.0..1.0f64) {
        for prior in priors() {
            let value = prior.quantile(p);
            prop_assert!(prior.contains(value) || p == 0.0, "{prior:?} {p} {value}");
            prop_assert!((prior.cdf(value) - p).abs() < 1e-9, "{prior:?} {p} {value}");
        }
    }

    #[test]
    fn the_normal_space_leads_back(z in -8.0..8.0f64) {
        for prior in priors() {
            let value = prior.from_normal(z);
            let (low, high) = prior.support();
            prop_assert!(value >= low && value <= high);
            // Bounds far from zero leave a value next to them few digits.
            let near_zero = !matches!(prior, Prior::Uniform { low, .. } if low > 1e5);
            if near_zero && z.abs() < 5.0 {
                let table = matches!(prior, Prior::Tabulated { .. });
                prop_assert!((prior.to_normal(value) - z).abs() < if table { 1e-6 } else { 1e-8 }, "{prior:?} {z}");
            }
        }
    }
}
