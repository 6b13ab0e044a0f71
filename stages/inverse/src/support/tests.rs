use ndarray::array;

use super::*;

fn key() -> StreamKey {
    StreamKey::new([8; 16])
}

/// Two features with correlation 0.9, and a third without.
fn features(rows: usize) -> Array2<f64> {
    let mut generator = key().stream("features", 0);
    let mut features = Array2::zeros((rows, 3));
    for mut row in features.rows_mut() {
        let (a, b, c) = (generator.normal(), generator.normal(), generator.normal());
        row[0] = 5.0 + 2.0 * a;
        row[1] = 0.9 * a + (1.0f64 - 0.81).sqrt() * b;
        row[2] = 100.0 * c;
    }
    features
}

#[test]
fn mahalanobis_is_the_closed_form_and_knows_what_varies_together() {
    let support = TrainingSupport::of(features(20_000).view(), key()).unwrap();
    // z = (2, 2, 0) and (2, -2, 0): z^T R^-1 z = 2 z^2 / (1 + r) and 2 z^2 / (1 - r).
    let along = support.distance(&[9.0, 2.0, 0.0]);
    let across = support.distance(&[9.0, -2.0, 0.0]);
    assert!((along.mahalanobis - (8.0 / 1.9f64).sqrt()).abs() < 0.05, "{}", along.mahalanobis);
    assert!((across.mahalanobis - (8.0 / 0.1f64).sqrt()).abs() < 0.3, "{}", across.mahalanobis);
    // The length of three normal numbers: chi of 3 degrees of freedom, P(chi < 2.052) = 0.761.
    assert!((along.mahalanobis_quantile - 0.761).abs() < 0.02, "{}", along.mahalanobis_quantile);
    assert_eq!(across.mahalanobis_quantile, 1.0);
    assert!(across.neighbour_quantile > 0.99 && along.neighbour_quantile < 0.99);
    assert!((along.feature_quantiles[0] - 0.977).abs() < 0.005 && (along.feature_quantiles[2] - 0.5).abs() < 0.02);
}

#[test]
fn a_row_outside_of_the_training_set_is_told_from_one_inside() {
    let features = features(500);
    let support = TrainingSupport::of(features.view(), key()).unwrap();
    let same = support.distance(&features.row(7).to_vec());
    assert_eq!((same.neighbour, same.neighbour_quantile), (0.0, 0.0));
    let far = support.distance(&[5.0, 0.0, 5000.0]);
    assert_eq!((far.mahalanobis_quantile, far.neighbour_quantile, far.feature_quantiles[2]), (1.0, 1.0, 1.0));
    assert!(far.neighbour > 40.0);
    let missing = support.distance(&[5.0, f64::NAN, 0.0]);
    assert!(missing.mahalanobis.is_nan() && missing.neighbour.is_nan() && missing.feature_quantiles[0].is_nan());
    assert!(support.distance(&[1.0]).neighbour.is_nan());
}

#[test]
fn features_that_are_equal_constant_or_more_than_rows_have_distances() {
    let rows = features(50);
    let doubled = Array2::from_shape_fn((50, 3), |(r, c)| [rows[[r, 0]], rows[[r, 0]], 3.0][c]);
    let support = TrainingSupport::of(doubled.view(), key()).unwrap();
    let (inside, outside) = (support.distance(&[5.0, 5.0, 3.0]), support.distance(&[5.0, 9.0, 3.0]));
    assert!(inside.mahalanobis < 1.0 && outside.mahalanobis > 4.0 * inside.mahalanobis.max(0.5), "{outside:?}");
    let wide = Array2::from_shape_fn((4, 10), |(r, c)| ((r * 3 + c * c) as f64).sin());
    let support = TrainingSupport::of(wide.view(), key()).unwrap();
    assert!(support.distance(&[0.1; 10]).mahalanobis.is_finite());
    for too_few in [Array2::zeros((1, 2)), Array2::zeros((0, 2)), Array2::zeros((5, 0))] {
        assert!(TrainingSupport::of(too_few.view(), key()).is_err());
    }
    let missing = TrainingSupport::of(array![[1.0, f64::NAN], [2.0, 1.0]].view(), key()).unwrap_err();
    assert!(matches!(missing, InverseError::FeatureNotFinite { feature: 1, .. }));
}

#[test]
fn of_many_rows_some_are_kept() {
    let support = TrainingSupport::of(features(3000).view(), key()).unwrap();
    assert_eq!(support.rows.nrows(), MOST_ROWS);
}
