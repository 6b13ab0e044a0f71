//! How far two groups lie apart, in standard deviations: Cohen's d and Hedges' g.
//!
//! With n, mean m and variance s^2 (of n - 1) of a group 1 and of the controls 2:
//!
//! ```text
//! s^2 = ((n1 - 1) s1^2 + (n2 - 1) s2^2) / (n1 + n2 - 2)          pooled variance
//! d   = (m1 - m2) / s                                           Cohen (1988), Statistical power analysis, 2.5.1
//! g   = J(n1 + n2 - 2) d                                        Hedges (1981) J Educ Stat 6:107, eq. 6e: without bias
//! t   = d sqrt(n1 n2 / (n1 + n2))                               Student's t, n1 + n2 - 2 degrees of freedom
//! se^2 = (n1 + n2) / (n1 n2) + d^2 / (2 (n1 + n2))              for large groups: Hedges and Olkin (1985), 5.E, eq. 8
//! ```
//!
//! J is exact (gamma functions). The interval of d is exact as well, for normal values of equal variance: t has a noncentral t
//! distribution whose noncentrality is delta sqrt(n1 n2 / (n1 + n2)), and the interval has the deltas that make the observed t
//! neither too large nor too small (Steiger and Fouladi 1997). That of g is J times that of d.

use crate::distributions::{hedges_factor, noncentrality_interval, two_sided_t};

/// Two groups and what lies between them. Numbers that are not defined are NaN: spreads of groups of one, sizes where all values are equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectSize {
    /// Values of the group.
    pub n: usize,
    /// Values of the controls.
    pub n_control: usize,
    /// Mean of the group.
    pub mean: f64,
    /// Mean of the controls.
    pub mean_control: f64,
    /// Standard deviation of the group (n - 1).
    pub sd: f64,
    /// Standard deviation of the controls (n - 1).
    pub sd_control: f64,
    /// Difference of the means over the pooled standard deviation.
    pub cohens_d: f64,
    /// The same without bias.
    pub hedges_g: f64,
    /// Standard error of Cohen's d, for large groups.
    pub se_of_d: f64,
    /// Standard error of Hedges' g, for large groups.
    pub se_of_g: f64,
    /// Exact confidence interval of Cohen's d.
    pub interval_of_d: (f64, f64),
    /// That of Hedges' g.
    pub interval_of_g: (f64, f64),
    /// Student's t of the difference of the means.
    pub t: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided p value of t.
    pub p: f64,
}

/// Compares the values of a group with those of the controls; all have to be finite. `confidence` of the intervals lies in (0, 1).
///
/// The result does not depend on the order of the values, to the last bit.
pub fn effect_size(group: &[f64], control: &[f64], confidence: f64) -> EffectSize {
    let (one, two) = (Moments::of(group), Moments::of(control));
    let df = (one.n + two.n) as f64 - 2.0;
    let spread =
        if one.n == 0 || two.n == 0 || df < 1.0 { f64::NAN } else { ((one.squares + two.squares) / df).sqrt() };
    let equal = one.is_constant() && two.is_constant();
    let cohens_d = if equal { f64::NAN } else { (one.mean - two.mean) / spread };
    let (n1, n2) = (one.n as f64, two.n as f64);
    let root_n = (n1 * n2 / (n1 + n2)).sqrt();
    let t = cohens_d * root_n;
    let factor = hedges_factor(df);
    let se_of_d = ((n1 + n2) / (n1 * n2) + cohens_d * cohens_d / (2.0 * (n1 + n2))).sqrt();
    let (low, high) = noncentrality_interval(t, df, confidence);
    let interval_of_d = (low / root_n, high / root_n);
    EffectSize {
        n: one.n,
        n_control: two.n,
        mean: one.mean,
        mean_control: two.mean,
        sd: one.sd(),
        sd_control: two.sd(),
        cohens_d,
        hedges_g: factor * cohens_d,
        se_of_d,
        se_of_g: factor * se_of_d,
        interval_of_d,
        interval_of_g: (factor * interval_of_d.0, factor * interval_of_d.1),
        t,
        df: if df < 1.0 { f64::NAN } else { df },
        p: two_sided_t(t, df),
    }
}

/// Mean and sum of squared deviations.
struct Moments {
    n: usize,
    mean: f64,
    squares: f64,
    /// Least and largest value.
    ends: (f64, f64),
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (Some(&least), Some(&largest)) = (sorted.first(), sorted.last()) else {
            return Self { n, mean: f64::NAN, squares: 0.0, ends: (f64::NAN, f64::NAN) };
        };
        // From the least value, so that a large offset costs no digits.
        let above = sorted.iter().map(|value| value - least).sum::<f64>() / n as f64;
        let mean = if least == largest { least } else { least + above };
        let squares = sorted.iter().map(|value| ((value - least) - above).powi(2)).sum();
        Self { n, mean, squares, ends: (least, largest) }
    }

    fn sd(&self) -> f64 {
        if self.n < 2 { f64::NAN } else { (self.squares / (self.n as f64 - 1.0)).sqrt() }
    }

    fn is_constant(&self) -> bool {
        self.ends.0 == self.ends.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// By hand: means 2.5 and 1.5, variances 5/3 each.
    #[test]
    fn a_small_case_is_what_it_is_by_hand() {
        let effect = effect_size(&[1.0, 2.0, 3.0, 4.0], &[3.0, 0.0, 2.0, 1.0], 0.95);
        let d = 1.0 / (5.0_f64 / 3.0).sqrt();
        assert!((effect.cohens_d - d).abs() < 1e-15);
        assert!((effect.t - d * 2.0_f64.sqrt()).abs() < 1e-15);
        assert_eq!((effect.n, effect.n_control, effect.df), (4, 4, 6.0));
        assert!((effect.sd - (5.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        // J(6) = Gamma(3) / (sqrt(3) Gamma(2.5)) = 2 / (sqrt(3) 3/4 sqrt(pi)).
        let factor = 2.0 / (3.0_f64.sqrt() * 0.75 * std::f64::consts::PI.sqrt());
        assert!((effect.hedges_g - factor * d).abs() < 1e-14);
        assert!((effect.se_of_d - (0.5 + d * d / 16.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_group_of_one_has_an_effect_but_no_spread_of_its_own() {
        let effect = effect_size(&[3.0], &[0.0, 1.0, 2.0], 0.95);
        assert!(effect.sd.is_nan());
        assert!((effect.cohens_d - 2.0).abs() < 1e-15);
        assert_eq!(effect.df, 2.0);
    }

    #[test]
    fn what_is_not_defined_is_nan() {
        let empty = effect_size(&[], &[1.0, 2.0, 3.0], 0.95);
        assert!(empty.mean.is_nan() && empty.cohens_d.is_nan() && empty.p.is_nan() && empty.interval_of_d.0.is_nan());
        assert_eq!((empty.n, empty.mean_control), (0, 2.0));
        // 0.1 three times has a mean that rounds to another number.
        let equal = effect_size(&[0.1, 0.1, 0.1], &[0.3, 0.3], 0.95);
        assert!(equal.cohens_d.is_nan() && equal.p.is_nan());
        assert_eq!((equal.mean, equal.sd), (0.1, 0.0));
        let two = effect_size(&[1.0], &[2.0], 0.95);
        assert!(two.cohens_d.is_nan() && two.df.is_nan());
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let plain = effect_size(&[1.0, 2.0, 3.0, 4.5], &[3.25, 0.0, 2.0, 1.0], 0.95);
        let far = |x: &[f64]| x.iter().map(|v| v + 1e9).collect::<Vec<_>>();
        let shifted = effect_size(&far(&[1.0, 2.0, 3.0, 4.5]), &far(&[3.25, 0.0, 2.0, 1.0]), 0.95);
        assert!((shifted.cohens_d / plain.cohens_d - 1.0).abs() < 1e-6);
        assert_eq!(shifted.sd, plain.sd);
    }

    proptest! {
        #[test]
        fn order_changes_no_bit_and_exchange_changes_the_sign(
            a in proptest::collection::vec(-50.0..50.0, 3..12), b in proptest::collection::vec(-50.0..50.0, 3..12),
        ) {
            let effect = effect_size(&a, &b, 0.9);
            let reversed = |x: &[f64]| x.iter().rev().copied().collect::<Vec<_>>();
            prop_assert_eq!(effect, effect_size(&reversed(&a), &reversed(&b), 0.9));
            let exchanged = effect_size(&b, &a, 0.9);
            prop_assert_eq!(effect.cohens_d, -exchanged.cohens_d);
            prop_assert!((effect.interval_of_d.0 + exchanged.interval_of_d.1).abs() < 1e-7 * (1.0 + effect.cohens_d.abs()));
            let (low, high) = effect.interval_of_d;
            prop_assert!(low < effect.cohens_d && effect.cohens_d < high);
        }

        /// Of 90 %: has zero in it exactly where p is above 10 %.
        #[test]
        fn the_interval_and_the_test_agree(
            a in proptest::collection::vec(-3.0..5.0, 3..12), b in proptest::collection::vec(-4.0..4.0, 3..12),
        ) {
            let effect = effect_size(&a, &b, 0.9);
            let inside = effect.interval_of_d.0 < 0.0 && effect.interval_of_d.1 > 0.0;
            prop_assert!((effect.p - 0.1).abs() < 1e-6 || inside == (effect.p > 0.1));
        }
    }
}
