//! The normal distribution, as far as intervals and tests need it.

use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use super::error::{FitError, check};

/// The probability of a value at least as far from 0 as z, of either sign.
pub fn two_sided_p(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

/// The value that a normal variable stays below with a probability.
///
/// # Errors
/// A probability outside of 0 to 1, or at its ends.
pub fn normal_quantile(probability: f64) -> Result<f64, FitError> {
    check("probability", probability, probability > 0.0 && probability < 1.0, "a number between 0 and 1 is needed")?;
    // In the lower half, where the distribution function keeps its digits.
    let p = probability.min(1.0 - probability);
    let below = |x: f64| 0.5 * libm::erfc(-x * FRAC_1_SQRT_2);
    let (mut low, mut high) = (-39.0, 0.0);
    let mut x = -1.0;
    for _ in 0..200 {
        let off = below(x) - p;
        if off > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = libm::exp(-0.5 * x * x) / TAU.sqrt();
        let newton = x - off / density;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - x).abs() <= 1e-15 * next.abs().max(1e-10) {
            x = next;
            break;
        }
        x = next;
    }
    Ok(if probability > 0.5 { -x } else { x })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        // R 4.3, qnorm.
        for (p, due) in [
            (0.5, 0.0),
            (0.975, 1.959963984540054),
            (0.995, 2.575829303548901),
            (0.025, -1.959963984540054),
            (1e-10, -6.361340902404056),
            (0.6, 0.2533471031357997),
        ] {
            let found = normal_quantile(p).unwrap();
            assert!((found - due).abs() < 1e-12 * (1.0f64).max(due.abs()), "{p}: {found}");
            if p != 0.5 {
                assert!((two_sided_p(due) / (2.0 * p.min(1.0 - p)) - 1.0).abs() < 1e-9);
            }
        }
        assert!(normal_quantile(0.0).is_err() && normal_quantile(1.0).is_err() && normal_quantile(f64::NAN).is_err());
    }
}
