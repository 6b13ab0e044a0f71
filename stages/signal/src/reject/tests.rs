use super::*;

const NONE: Limits = Limits { missing: 0.0, peak_to_peak: None, absolute: None, flat: None, gradient: None };
const NAN: f64 = f64::NAN;

fn reasons(epoch: &[f64], limits: &Limits) -> Vec<(Reason, f64)> {
    exceeded(epoch, limits).iter().map(|excess| (excess.reason, excess.value)).collect()
}

#[test]
fn limits_are_exceeded_by_what_they_say() {
    let epoch = [1.0, 3.0, -5.0, 2.0];
    let all = Limits { peak_to_peak: Some(7.9), absolute: Some(4.9), flat: Some(8.1), gradient: Some(7.9), ..NONE };
    let expected = [(Reason::PeakToPeak, 8.0), (Reason::Absolute, 5.0), (Reason::Flat, 8.0), (Reason::Gradient, 8.0)];
    assert_eq!(reasons(&epoch, &all), expected);
    assert_eq!(exceeded(&epoch, &all)[0].limit, 7.9);
    // What is reached is not exceeded.
    let reached = Limits { peak_to_peak: Some(8.0), absolute: Some(5.0), flat: Some(8.0), gradient: Some(8.0), ..NONE };
    assert_eq!(reasons(&epoch, &reached), []);
    assert_eq!(reasons(&epoch, &NONE), []);
}

#[test]
fn missing_values_are_a_reason_of_their_own_and_part_of_no_other() {
    let epoch = [1.0, NAN, 100.0, 101.0];
    let limits = Limits { gradient: Some(50.0), ..NONE };
    assert_eq!(reasons(&epoch, &limits), [(Reason::Missing, 0.25)]);
    assert_eq!(reasons(&epoch, &Limits { missing: 0.25, ..limits }), []);
    assert_eq!(reasons(&[f64::INFINITY, 1.0], &Limits { absolute: Some(2.0), ..NONE }), [(Reason::Missing, 0.5)]);
    // Without any value an epoch is rejected whatever is allowed.
    let lenient = Limits { missing: 1.0, flat: Some(1.0), peak_to_peak: Some(1.0), absolute: None, gradient: None };
    assert_eq!(reasons(&[NAN; 3], &lenient), [(Reason::Missing, 1.0)]);
    assert_eq!(reasons(&[], &lenient), [(Reason::Missing, 1.0)]);
}

#[test]
fn one_value_and_constants_are_flat_and_have_no_steps() {
    let limits = Limits { flat: Some(1e-9), gradient: Some(0.0), peak_to_peak: Some(0.0), ..NONE };
    assert_eq!(reasons(&[4.0], &limits), [(Reason::Flat, 0.0)]);
    assert_eq!(reasons(&[4.0; 100], &limits), [(Reason::Flat, 0.0)]);
    assert_eq!(reasons(&[4.0, 4.0 + 1e-6], &limits)[0].0, Reason::PeakToPeak);
    let large = vec![1.0; 1_000_000];
    assert_eq!(reasons(&large, &limits), [(Reason::Flat, 0.0)]);
}

#[test]
fn variances_are_compared_by_their_logarithms() {
    // Amplitudes 1, 1, 2 and 1/2, on any offset: logs of variances are 0, 0, +a, -a.
    let epoch = |size: f64, offset: f64| -> Vec<f64> { [-1.0, 1.0, 1.0, -1.0].map(|x| size * x + offset).to_vec() };
    let epochs = [epoch(1.0, 0.0), epoch(1.0, 5.0), epoch(2.0, 1e6), epoch(0.5, -3.0)];
    let slices: Vec<&[f64]> = epochs.iter().map(Vec::as_slice).collect();
    let scores = variance_scores(&slices);
    let expected = [0.0, 0.0, 2.0_f64.sqrt(), -(2.0_f64.sqrt())];
    assert!(scores.iter().zip(expected).all(|(z, expected)| (z - expected).abs() < 1e-9), "{scores:?}");
}

#[test]
fn constant_and_missing_epochs_have_no_part_in_the_scores_of_others() {
    let (small, large) = ([0.0, 1.0], [0.0, 4.0]);
    let scores = variance_scores(&[&small, &[3.0, 3.0], &large, &[NAN, NAN], &[]]);
    assert_eq!(scores[1], f64::NEG_INFINITY);
    assert!(scores[3].is_nan() && scores[4].is_nan());
    assert!((scores[0] + 1.0).abs() < 1e-12 && (scores[2] - 1.0).abs() < 1e-12);
    // All the same: nothing stands out.
    assert!(variance_scores(&[&small, &small]).iter().all(|z| z.is_nan()));
    assert!(variance_scores(&[&small])[0].is_nan());
    assert!(variance_scores(&[]).is_empty());
    let huge = variance_scores(&[&[1e299, -1e299], &[1e-200, 0.0]]);
    assert!((huge[0] - 1.0).abs() < 1e-12 && (huge[1] + 1.0).abs() < 1e-12);
}

#[test]
fn no_z_is_larger_than_the_largest() {
    for count in [2_usize, 5, 10, 50] {
        let quiet = [0.0, 1.0];
        let loud = [0.0, 1e6];
        let mut epochs: Vec<&[f64]> = vec![&quiet; count];
        epochs[0] = &loud;
        let z = variance_scores(&epochs)[0];
        assert!((z - largest_z(count)).abs() < 1e-9, "{count}: {z}");
    }
    assert_eq!(largest_z(0), 0.0);
}
