use super::*;

#[test]
fn averages_are_those_of_their_definitions() {
    let epochs: [&[f64]; 3] = [&[1.0, 0.0], &[2.0, 0.0], &[6.0, 9.0]];
    let mean = average(&epochs, Pooling::Mean).unwrap();
    assert_eq!(mean.values, [3.0, 3.0]);
    // Squares of deviations: 4 + 1 + 9 and 9 + 9 + 36, over 3 times 2.
    let expected = [(14.0_f64 / 6.0).sqrt(), 3.0];
    assert!(mean.standard_error.iter().zip(expected).all(|(error, expected)| (error - expected).abs() < 1e-12));
    let median = average(&epochs, Pooling::Median).unwrap();
    assert_eq!(median.values, [2.0, 0.0]);
    assert_eq!(median.standard_error, mean.standard_error);
}

#[test]
fn few_and_unequal_epochs_are_defined() {
    let none = average(&[], Pooling::Mean).unwrap();
    assert!(none.values.is_empty() && none.standard_error.is_empty());
    let one = average(&[&[4.0]], Pooling::Mean).unwrap();
    assert_eq!(one.values, [4.0]);
    assert!(one.standard_error[0].is_nan());
    let same = average(&[&[0.1], &[0.1], &[0.1]], Pooling::Mean).unwrap();
    assert!(same.standard_error[0].abs() < 1e-16);
    let gap = average(&[&[1.0, 2.0], &[f64::NAN, 4.0]], Pooling::Mean).unwrap();
    assert!(gap.values[0].is_nan() && gap.standard_error[0].is_nan());
    assert_eq!((gap.values[1], gap.standard_error[1]), (3.0, 1.0));
    assert!(average(&[&[1.0], &[]], Pooling::Mean).is_err());
}
