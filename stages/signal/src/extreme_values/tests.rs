use super::*;

/// The data of Rosner (1983), section 5, as in the NIST/SEMATECH Engineering Statistics Handbook, 1.3.5.17.3.
const ROSNER: [f64; 54] = [
    -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69, 1.70, 1.76,
    1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35, 2.37, 2.40, 2.47, 2.54,
    2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21, 3.26, 3.30, 3.59, 3.68, 4.30, 4.64, 5.34, 5.42, 6.01,
];

#[test]
fn the_published_example_has_three_outliers() {
    // The second largest deviation is not significant by itself, the third is: all three are outliers.
    assert_eq!(outliers(&ROSNER, 10, 0.05, Deviation::Sample), [53, 52, 51]);
    assert_eq!(outliers(&ROSNER, 2, 0.05, Deviation::Sample), Vec::<usize>::new());
    let critical = [3.158, 3.151, 3.143, 3.136, 3.128, 3.120, 3.111, 3.103, 3.094, 3.085];
    for (i, expected) in critical.into_iter().enumerate() {
        let got = critical_value(54, i + 1, 0.05);
        assert!((got - expected).abs() < 1e-3, "{i}: {got} != {expected}");
    }
    let turned: Vec<f64> = ROSNER.iter().rev().map(|x| 10.0 - x).collect();
    assert_eq!(outliers(&turned, 10, 0.05, Deviation::Sample), [0, 1, 2]);
}

#[test]
fn studentised_deviations_are_the_published_ones() {
    let expected = [3.118, 2.942, 3.179, 2.810, 2.815, 2.848, 2.279, 2.310, 2.101, 2.067];
    let mut rest = ROSNER.to_vec();
    for expected in expected {
        let (mean, sd) = moments(&rest, Deviation::Sample);
        let farthest = (0..rest.len()).max_by(|&i, &j| (rest[i] - mean).abs().total_cmp(&(rest[j] - mean).abs()));
        let farthest = rest.remove(farthest.unwrap_or(0));
        let got = (farthest - mean).abs() / sd;
        assert!((got - expected).abs() < 1.5e-3, "{got} != {expected}");
    }
}

#[test]
fn quantiles_are_those_of_scipy() {
    // scipy.stats.t.isf
    for (p, df, expected) in [
        (0.025, 10.0, 2.2281388519862753),
        (4.6e-4, 52.0, 3.5152008887664348),
        (1e-6, 3.0, 103.29946778041935),
        (8.4e-5, 296.0, 3.811564006257063),
        (0.25, 1.0, 1.0),
    ] {
        let got = upper_t(p, df);
        assert!((got - expected).abs() < 1e-8 * expected, "{p} {df}: {got} != {expected}");
    }
}

#[test]
fn few_or_equal_values_have_no_outliers() {
    for values in [&[][..], &[1.0], &[1.0, 1e9], &[1.0; 20]] {
        assert_eq!(outliers(values, 10, 0.05, Deviation::Sample), Vec::<usize>::new(), "{values:?}");
    }
    assert_eq!(outliers(&ROSNER, 10, 0.0, Deviation::Sample), Vec::<usize>::new());
    assert_eq!(outliers(&ROSNER, 0, 0.05, Deviation::Sample), Vec::<usize>::new());
    assert!(critical_value(3, 2, 0.05).is_nan() && critical_value(10, 0, 0.05).is_nan());
    // One value that is far off is seen among ten, and in more than are asked for at most.
    let mut values = vec![0.0, 1.0, -1.0, 0.5, -0.5, 0.2, -0.3, 0.8, 0.1, 1e6];
    assert_eq!(outliers(&values, 2, 0.05, Deviation::Sample), [9]);
    values[0] = -1e9;
    assert_eq!(outliers(&values, 50, 0.05, Deviation::Sample), [0, 9]);
}

#[test]
fn the_deviation_of_the_population_is_smaller() {
    let values: Vec<f64> = (0..40).map(|i| f64::from(i * i % 11)).chain([20.0]).collect();
    let (_, sample) = moments(&values, Deviation::Sample);
    let (_, population) = moments(&values, Deviation::Population);
    assert!((sample / population - (41.0_f64 / 40.0).sqrt()).abs() < 1e-12);
}
