//! p values of many tests: Holm's correction for the chance of any false alarm, that of Benjamini and Hochberg for their share.
//!
//! With p_(1) <= ... <= p_(m):
//! * Holm (1979) Scand J Stat 6:65: max over i <= k of (m - i + 1) p_(i), at most 1. Valid whatever the dependence of the tests.
//! * Benjamini and Hochberg (1995) J R Stat Soc B 57:289: min over i >= k of m p_(i) / i. Valid for independent tests and for
//!   tests with positive regression dependence.
//!
//! Tests without a p value (NaN) are no tests: they stay NaN and do not count in m.

/// The p values of all tests, corrected by Holm's step-down method.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut corrected = vec![f64::NAN; p.len()];
    let mut largest: f64 = 0.0;
    for (rank, &test) in order.iter().enumerate() {
        largest = largest.max((order.len() - rank) as f64 * p[test]).min(1.0);
        corrected[test] = largest;
    }
    corrected
}

/// The p values of all tests, corrected for the false discovery rate by the step-up method of Benjamini and Hochberg.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let order = ascending(p);
    let mut corrected = vec![f64::NAN; p.len()];
    let mut least: f64 = 1.0;
    for (rank, &test) in order.iter().enumerate().rev() {
        least = least.min(order.len() as f64 / (rank + 1) as f64 * p[test]);
        corrected[test] = least;
    }
    corrected
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&test| !p[test].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [f64; 6] = [0.01, 0.04, f64::NAN, 0.03, 0.005, 0.04];

    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!((f - e).abs() < 1e-15 || f.is_nan() && e.is_nan(), "{found:?} against {expected:?}");
        }
    }

    /// By hand: sorted 0.005, 0.01, 0.03, 0.04, 0.04; times 5, 4, 3, 2, 1, then the running maximum.
    #[test]
    fn holm_takes_the_running_maximum() {
        assert_near(&holm(&P), &[0.04, 0.09, f64::NAN, 0.09, 0.025, 0.09]);
    }

    /// By hand: times 5/1, 5/2, 5/3, 5/4, 5/5, then the running minimum from the end.
    #[test]
    fn benjamini_hochberg_takes_the_running_minimum_from_the_end() {
        assert_near(&benjamini_hochberg(&P), &[0.025, 0.04, f64::NAN, 0.04, 0.025, 0.04]);
    }

    #[test]
    fn nothing_exceeds_one_and_nothing_is_made_of_nothing() {
        assert_near(&holm(&[0.9, 0.8]), &[1.0, 1.0]);
        assert_near(&benjamini_hochberg(&[1.0, 0.9]), &[1.0, 1.0]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
        assert!(holm(&[f64::NAN])[0].is_nan());
    }

    proptest::proptest! {
        #[test]
        fn corrected_values_keep_the_order_and_are_no_smaller(p in proptest::collection::vec(0.0..=1.0, 1..40)) {
            for corrected in [holm(&p), benjamini_hochberg(&p)] {
                for (i, &a) in p.iter().enumerate() {
                    assert!(corrected[i] >= a - 1e-15 && corrected[i] <= 1.0);
                    for (j, &b) in p.iter().enumerate() {
                        assert!(a > b || corrected[i] <= corrected[j] + 1e-15);
                    }
                }
            }
            // The share of false alarms is no more than their chance.
            assert!(holm(&p).iter().zip(benjamini_hochberg(&p)).all(|(h, b)| b <= *h + 1e-15));
        }
    }
}
