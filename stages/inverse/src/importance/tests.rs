use ndarray::array;

use super::*;

fn key() -> StreamKey {
    StreamKey::new([6; 16])
}

fn uniform(rows: usize, columns: usize, index: u64) -> Array2<f64> {
    let mut generator = key().stream("uniform", index);
    Array2::from_shape_simple_fn((rows, columns), || 2.0 * generator.uniform() - 1.0)
}

fn importance(
    predict: &(dyn Fn(ArrayView2<'_, f64>) -> Array2<f64> + Sync),
    features: &Array2<f64>,
    targets: &Array2<f64>,
    groups: &[Vec<usize>],
) -> Vec<Importance> {
    let context = FitContext::unwatched(key());
    permutation_importance(predict, (features.view(), targets.view()), groups, 20, key(), &context).unwrap()
}

#[test]
fn a_linear_law_has_the_importance_of_its_squared_coefficients() {
    let features = uniform(4000, 3, 0);
    let predict = |x: ArrayView2<'_, f64>| Array2::from_shape_fn((x.nrows(), 1), |(r, _)| 3.0 * x[[r, 0]] + x[[r, 1]]);
    let targets = predict(features.view());
    let found = importance(&predict, &features, &targets, &[vec![0], vec![1], vec![2], vec![0, 1]]);
    // Exchanging doubles the part of the variance: 2 * 9 / 10, 2 * 1 / 10, 0, and 2.
    for (found, expected) in found.iter().zip([1.8, 0.2, 0.0, 2.0]) {
        assert!((found.mean - expected).abs() < 0.05 && found.sd < 0.06, "{found:?}");
    }
    assert_eq!((found[2].mean, found[2].sd), (0.0, 0.0));
}

#[test]
fn features_that_say_the_same_are_important_as_a_group() {
    let single = uniform(2000, 1, 0);
    let features = Array2::from_shape_fn((2000, 2), |(r, _)| single[[r, 0]]);
    let mean = |x: ArrayView2<'_, f64>| Array2::from_shape_fn((x.nrows(), 1), |(r, _)| (x[[r, 0]] + x[[r, 1]]) / 2.0);
    let groups = correlated_groups(features.view(), 0.9);
    assert_eq!(groups, [vec![0, 1]]);
    let found = importance(&mean, &features, &single, &[vec![0], groups[0].clone()]);
    assert!((found[0].mean - 0.5).abs() < 0.05 && (found[1].mean - 2.0).abs() < 0.1, "{found:?}");
}

#[test]
fn groups_join_whatever_is_correlated_in_ranks() {
    let base = uniform(300, 3, 1);
    let features = Array2::from_shape_fn((300, 5), |(r, c)| match c {
        0 => base[[r, 0]],
        1 => base[[r, 1]],
        2 => (4.0 * base[[r, 0]]).exp(),
        3 => 7.0,
        _ => -base[[r, 1]] + 0.01 * base[[r, 2]],
    });
    assert_eq!(correlated_groups(features.view(), 0.95), [vec![0, 2], vec![1, 4], vec![3]]);
    assert!(correlated_groups(Array2::zeros((3, 0)).view(), 0.5).is_empty());
}

#[test]
fn rows_without_prediction_are_left_out_and_nonsense_is_refused() {
    let features = uniform(200, 2, 2);
    let predict = |x: ArrayView2<'_, f64>| {
        Array2::from_shape_fn((x.nrows(), 1), |(r, _)| if x[[r, 0]] > 0.9 { f64::NAN } else { x[[r, 1]] })
    };
    let targets = features.select(Axis(1), &[1]);
    let found = importance(&predict, &features, &targets, &[vec![1]]);
    assert!((found[0].mean - 2.0).abs() < 0.2);
    let constant = importance(&predict, &features, &Array2::zeros((200, 1)), &[vec![1]]);
    assert!(constant[0].mean.is_nan());
    let context = FitContext::unwatched(key());
    let refused = |rows: &Array2<f64>, groups: &[Vec<usize>], repeats| {
        permutation_importance(&predict, (rows.view(), targets.view()), groups, repeats, key(), &context).is_err()
    };
    assert!(refused(&features, &[vec![2]], 1) && refused(&features, &[vec![]], 1) && refused(&features, &[vec![0]], 0));
    assert!(refused(&uniform(10, 2, 1), &[vec![0]], 1));
    let cancelled = FitContext { cancelled: &|| true, ..FitContext::unwatched(key()) };
    let ended = permutation_importance(&predict, (features.view(), targets.view()), &[vec![0]], 2, key(), &cancelled);
    assert_eq!(ended.unwrap_err(), InverseError::Cancelled);
}

#[test]
fn sensitivity_of_a_linear_and_of_an_even_law_is_the_closed_form() {
    let parameters = uniform(20_000, 3, 3);
    let features = Array2::from_shape_fn((20_000, 3), |(r, c)| {
        let (a, b) = (parameters[[r, 0]], parameters[[r, 1]]);
        [2.0 * a - b, a * a, 5.0][c]
    });
    let found = sensitivity(parameters.view(), features.view()).unwrap();
    let of = |feature: usize, parameter: usize| found[feature * 3 + parameter];
    for (parameter, coefficient) in [(0, 2.0), (1, -1.0), (2, 0.0)] {
        let coefficient = coefficient / 5.0f64.sqrt();
        let sensitivity = of(0, parameter);
        assert!((sensitivity.coefficient - coefficient).abs() < 0.02, "{sensitivity:?}");
        assert!((sensitivity.first_order - coefficient * coefficient).abs() < 0.02, "{sensitivity:?}");
        assert!((sensitivity.linear_r2 - 1.0).abs() < 1e-9);
    }
    // An even law has no linear part, but is all due to its parameter.
    assert!(of(1, 0).coefficient.abs() < 0.03 && of(1, 0).first_order > 0.98 && of(1, 0).linear_r2 < 0.01);
    assert!(of(1, 2).first_order.abs() < 0.01);
    assert!(of(2, 0).coefficient.is_nan() && of(2, 0).first_order.is_nan());
}

#[test]
fn the_ishigami_function_has_its_published_first_order_indices() {
    // a = 7, b = 0.1 on (-pi, pi)^3: S = 0.3139, 0.4424, 0 (Saltelli et al. 2008).
    let parameters = uniform(40_000, 3, 4) * std::f64::consts::PI;
    let features = Array2::from_shape_fn((40_000, 1), |(r, _)| {
        let (a, b, c) = (parameters[[r, 0]], parameters[[r, 1]], parameters[[r, 2]]);
        a.sin() + 7.0 * b.sin().powi(2) + 0.1 * c.powi(4) * a.sin()
    });
    let found = sensitivity(parameters.view(), features.view()).unwrap();
    for (found, expected) in found.iter().zip([0.3139, 0.4424, 0.0]) {
        assert!((found.first_order - expected).abs() < 0.015, "{found:?}");
    }
}

#[test]
fn dependent_and_constant_parameters_have_no_coefficient() {
    let base = uniform(100, 1, 5);
    let parameters = Array2::from_shape_fn((100, 3), |(r, c)| [base[[r, 0]], 2.0 * base[[r, 0]], 1.0][c]);
    let found = sensitivity(parameters.view(), base.view()).unwrap();
    assert!(found.iter().all(|sensitivity| sensitivity.coefficient.is_nan()));
    assert!(found[0].first_order > 0.9 && found[2].first_order.is_nan());
    assert!(sensitivity(base.view(), array![[1.0]].view()).is_err());
    let mut missing = base.clone();
    missing[[3, 0]] = f64::NAN;
    assert!(sensitivity(base.view(), missing.view()).is_err() && sensitivity(missing.view(), base.view()).is_err());
}
