//! Probabilities of test statistics.
//!
//! Incomplete gamma and beta functions are those of statrs; its error function is good to 1e-10 only, so that of libm is taken. The noncentral t distribution is the integral over the chi density of
//! s = sqrt(chi^2_nu / nu),
//!
//! ```text
//! P(T <= t; nu, delta) = int_0^inf Phi(t s - delta) f_nu(s) ds
//! ```
//!
//! (Johnson, Kotz and Balakrishnan, Continuous univariate distributions 2, 31.1), by Gauss-Legendre panels that are narrow where
//! Phi rises. All of its terms are positive, so nothing cancels.

use lapicque_numerics::special::normal_quantile;
use lapicque_numerics::special::quadrature::NODES;
use libm::erfc;
use statrs::function::beta::beta_reg;
use statrs::function::gamma::{gamma_ur, ln_gamma};

/// P(|T| >= |t|) of Student's t with `df` degrees of freedom, which need not be whole; NaN where either is NaN or `df` is not positive.
pub fn two_sided_t(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return two_sided_normal(t);
    }
    if t.is_infinite() {
        return 0.0;
    }
    // Near zero the argument of the tail would lose the digits of t.
    let square = t * t;
    if square < 0.5 {
        1.0 - beta_reg(0.5, 0.5 * df, square / (df + square))
    } else {
        beta_reg(0.5 * df, 0.5, df / (df + square))
    }
}

/// P(|Z| >= |z|) of the standard normal distribution.
pub fn two_sided_normal(z: f64) -> f64 {
    if z.is_nan() { z } else { erfc(z.abs() / std::f64::consts::SQRT_2) }
}

/// P(X >= x) of chi-squared with `df` degrees of freedom; NaN where either is NaN or `df` is not positive.
pub fn above_chi_squared(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 { 1.0 } else { gamma_ur(0.5 * df, 0.5 * x) }
}

/// The z with P(|Z| >= z) = `p`, for `p` in (0, 1).
pub fn two_sided_normal_quantile(p: f64) -> f64 {
    -normal_quantile(0.5 * p)
}

/// The t with P(|T| >= t) = `p`, for `p` in (0, 1).
pub fn two_sided_t_quantile(p: f64, df: f64) -> f64 {
    if df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    let mut high = 2.0 * two_sided_normal_quantile(p) + 1.0;
    while two_sided_t(high, df) > p && high < 1e300 {
        high *= 2.0;
    }
    root(0.0, high, |t| two_sided_t(t, df) - p)
}

/// P(T <= t) of the noncentral t distribution with `df` degrees of freedom and noncentrality `delta`, to about 1e-13.
pub fn noncentral_t(t: f64, df: f64, delta: f64) -> f64 {
    let width = 12.0 / (2.0 * df).sqrt();
    let (low, high) = ((1.0 - width).max(0.0), 1.0 + width);
    let mut breaks: Vec<f64> = (0..=12).map(|i| low + (high - low) * f64::from(i) / 12.0).collect();
    if low == 0.0 {
        // A power of s that need not be whole.
        breaks.extend((5..14).map(|halvings| high * 0.5_f64.powi(halvings)));
    }
    if t != 0.0 {
        let rise = |steps: f64| (delta + steps) / t;
        breaks.extend([-9.0, -6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0, 6.0, 9.0].map(rise));
    }
    breaks.retain(|s| (low..=high).contains(s));
    breaks.sort_by(f64::total_cmp);
    breaks.dedup();
    let log_density = |s: f64| (df - 1.0) * s.ln() - 0.5 * df * s * s;
    let peak = if df > 1.0 { log_density(((df - 1.0) / df).sqrt()) } else { 0.0 };
    // The constant of the density is taken from the same nodes: logarithms of large gamma functions would cost digits.
    let (mut below, mut all) = (0.0, 0.0);
    for ends in breaks.windows(2) {
        let (middle, half) = (0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0]));
        for (node, weight) in NODES {
            for s in [middle - half * node, middle + half * node] {
                let share = half * weight * (log_density(s) - peak).exp();
                below += share * 0.5 * erfc((delta - t * s) / std::f64::consts::SQRT_2);
                all += share;
            }
        }
    }
    below / all
}

/// The noncentralities between which the one that gave `t` lies with probability `confidence`: the exact pivot
/// (Steiger and Fouladi 1997). NaN where it is not defined.
pub fn noncentrality_interval(t: f64, df: f64, confidence: f64) -> (f64, f64) {
    let allowed = t.is_finite() && df.is_finite() && df > 0.0 && confidence > 0.0 && confidence < 1.0;
    if !allowed {
        return (f64::NAN, f64::NAN);
    }
    let tail = 0.5 * (1.0 - confidence);
    let solve = |below: f64| {
        let step = 2.0 + two_sided_normal_quantile(2.0 * tail) * (1.0 + t * t / (2.0 * df)).sqrt();
        let (mut low, mut high) = (t - step, t + step);
        let excess = |delta: f64| noncentral_t(t, df, delta) - below;
        for _ in 0..60 {
            let (at_low, at_high) = (excess(low), excess(high));
            if at_low >= 0.0 && at_high <= 0.0 {
                break;
            }
            if at_low < 0.0 {
                low -= 2.0 * (high - low);
            }
            if at_high > 0.0 {
                high += 2.0 * (high - low);
            }
        }
        root(low, high, excess)
    };
    (solve(1.0 - tail), solve(tail))
}

/// Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2)): what Cohen's d is multiplied by to lose its bias (Hedges 1981); NaN below 2 degrees of freedom.
pub fn hedges_factor(df: f64) -> f64 {
    if df < 2.0 {
        return f64::NAN;
    }
    if df > 1e4 {
        return 1.0 - 3.0 / (4.0 * df) - 7.0 / (32.0 * df * df);
    }
    (ln_gamma(0.5 * df) - ln_gamma(0.5 * (df - 1.0))).exp() / (0.5 * df).sqrt()
}

/// Where a function that falls from `low` to `high` crosses zero: false position, the end that stays halved (Illinois).
fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut at_low, mut at_high) = (f(low), f(high));
    let mut last = 0;
    for step in 0..200 {
        // Now and then a plain bisection, against steps that hardly move.
        let mut middle =
            if step % 4 == 3 { 0.5 * (low + high) } else { high - at_high * (high - low) / (at_high - at_low) };
        if !(low..=high).contains(&middle) {
            middle = 0.5 * (low + high);
        }
        let value = f(middle);
        if value == 0.0 || (high - low) < 1e-13 * (1.0 + middle.abs()) {
            return middle;
        }
        let side = if value > 0.0 { 1 } else { -1 };
        if side > 0 {
            (low, at_low) = (middle, value);
            at_high *= if last == side { 0.5 } else { 1.0 };
        } else {
            (high, at_high) = (middle, value);
            at_low *= if last == side { 0.5 } else { 1.0 };
        }
        last = side;
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_relative(found: f64, expected: f64, tolerance: f64, what: &str) {
        assert!((found / expected - 1.0).abs() < tolerance, "{what}: {found} against {expected}");
    }

    /// Figures of SciPy, whose own error is below these tolerances (`tests/golden/statistics`).
    #[test]
    fn probabilities_are_those_of_scipy() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/statistics/distributions.json");
        let golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let rows = |name: &str| -> Vec<Vec<f64>> {
            let row = |row: &serde_json::Value| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
            golden[name].as_array().unwrap().iter().map(row).collect()
        };
        for row in rows("two_sided_t") {
            assert_relative(two_sided_t(row[0], row[1]), row[2], 1e-10, &format!("{row:?}"));
        }
        for row in rows("two_sided_normal") {
            assert_relative(two_sided_normal(row[0]), row[1], 1e-12, &format!("{row:?}"));
        }
        for row in rows("two_sided_normal") {
            assert_relative(two_sided_normal_quantile(row[1]), row[0].max(1e-300), 1e-12, &format!("{row:?}"));
        }
        for row in rows("above_chi_squared") {
            assert_relative(above_chi_squared(row[0], row[1]), row[2], 1e-10, &format!("{row:?}"));
        }
        for row in rows("two_sided_t_quantile") {
            assert_relative(two_sided_t_quantile(row[0], row[1]), row[2], 1e-9, &format!("{row:?}"));
        }
        for row in rows("noncentral_t") {
            let found = noncentral_t(row[0], row[1], row[2]);
            assert!((found - row[3]).abs() < 1e-11, "{row:?}: {found}");
        }
        for row in rows("noncentrality_interval") {
            let (low, high) = noncentrality_interval(row[0], row[1], row[2]);
            assert!((low - row[3]).abs() < 1e-8 * (1.0 + row[3].abs()), "{row:?}: {low}");
            assert!((high - row[4]).abs() < 1e-8 * (1.0 + row[4].abs()), "{row:?}: {high}");
        }
        for row in rows("hedges_factor") {
            assert_relative(hedges_factor(row[0]), row[1], 1e-11, &format!("{row:?}"));
        }
    }

    #[test]
    fn the_noncentral_distribution_is_the_central_one_without_noncentrality() {
        for df in [1.0, 2.0, 3.5, 10.0, 300.0, 1e5] {
            for t in [-40.0, -2.0, -0.3, 0.0, 0.7, 3.0, 15.0] {
                let half = 0.5 * two_sided_t(t, df);
                let central = if t > 0.0 { 1.0 - half } else { half };
                let found = noncentral_t(t, df, 0.0);
                // At 1e5 degrees of freedom logarithms of gamma functions are 1e6, and lose six digits of sixteen.
                assert!((found - central).abs() < 1e-10, "t {t}, df {df}: {found} against {central}");
            }
        }
    }

    #[test]
    fn what_is_not_defined_is_nan() {
        assert!(two_sided_t(f64::NAN, 3.0).is_nan() && two_sided_t(1.0, 0.0).is_nan());
        assert!(above_chi_squared(1.0, 0.0).is_nan() && two_sided_normal(f64::NAN).is_nan());
        assert!(noncentrality_interval(f64::INFINITY, 3.0, 0.95).0.is_nan());
        assert!(hedges_factor(1.0).is_nan());
        assert_eq!((two_sided_t(f64::INFINITY, 3.0), two_sided_t(0.0, 3.0)), (0.0, 1.0));
    }
}
