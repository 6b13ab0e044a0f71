//! Tails of the distributions of two test statistics.
//!
//! Kolmogorov-Smirnov: 2 sum (-1)^(k-1) exp(-2 k^2 l^2) with l = (sqrt n + 0.12 + 0.11 / sqrt n) D (Stephens 1970, J R Stat Soc B 32:115), to about 1 % from
//! n = 5 on.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// The probability that chi-square of so many degrees of freedom is larger; NaN of none.
pub(super) fn chi_square_above(statistic: f64, degrees: usize) -> f64 {
    match ChiSquared::new(degrees as f64) {
        Ok(distribution) if !statistic.is_nan() => distribution.sf(statistic),
        _ => f64::NAN,
    }
}

/// The probability that the largest distance of `count` uniform numbers' distribution function is larger.
pub(super) fn kolmogorov_above(distance: f64, count: usize) -> f64 {
    let root = (count as f64).sqrt();
    let scaled = (root + 0.12 + 0.11 / root) * distance;
    if scaled.is_nan() {
        return f64::NAN;
    }
    // Below, the sum is 1 to rounding, and converges slowly.
    if scaled < 0.2 {
        return 1.0;
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * scaled * scaled).exp()
    };
    (1..100).map(term).sum::<f64>().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_chi_square_are_those_of_tables() {
        // Quantiles as printed in tables (Abramowitz, Stegun 26.8), to their five digits.
        for (statistic, degrees, p) in [
            (3.84146, 1, 0.05),
            (5.99146, 2, 0.05),
            (10.8276, 1, 0.001),
            (30.1435, 19, 0.05),
            (7.63273, 19, 0.99),
            (43.8202, 19, 0.001),
        ] {
            let found = chi_square_above(statistic, degrees);
            assert!((found / p - 1.0).abs() < 2e-4, "{statistic} {degrees}: {found}");
        }
        // Two degrees of freedom are an exponential distribution.
        for x in [0.1, 1.0, 2.9, 3.1, 40.0] {
            assert!((chi_square_above(x, 2) / (-x / 2.0f64).exp() - 1.0).abs() < 1e-13);
        }
        assert_eq!((chi_square_above(0.0, 3), chi_square_above(1e5, 3)), (1.0, 0.0));
    }

    #[test]
    fn tails_of_kolmogorov_are_those_of_tables() {
        // Limiting quantiles 1.3581 (5 %) and 1.6276 (1 %), Smirnov 1948.
        let at = |scaled: f64| kolmogorov_above(scaled / (1e3 + 0.12 + 0.11 / 1e3), 1_000_000);
        assert!((at(1.3581) - 0.05).abs() < 2e-5 && (at(1.6276) - 0.01).abs() < 1e-5);
        // Massey 1951: 5 % of samples of 20 lie beyond 0.294.
        assert!((kolmogorov_above(0.294, 20) - 0.05).abs() < 2e-3);
        assert_eq!(kolmogorov_above(0.0, 10), 1.0);
    }
}
