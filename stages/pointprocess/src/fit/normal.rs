//! The normal distribution, as far as tests of coefficients need it.

use std::f64::consts::FRAC_1_SQRT_2;

/// The probability of a value at least as far from 0 as z, of either sign.
pub fn two_sided_p(z: f64) -> f64 {
    libm::erfc(z.abs() * FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_tables() {
        // Twice the smaller tail; quantiles are those of R 4.3, qnorm.
        for (tail, z) in [
            (0.5, 0.0),
            (0.025, 1.959963984540054),
            (0.005, 2.575829303548901),
            (0.025, -1.959963984540054),
            (1e-10, -6.361340902404056),
            (0.4, 0.2533471031357997),
        ] {
            assert!((two_sided_p(z) / (2.0 * tail) - 1.0).abs() < 1e-12, "{z}");
        }
    }
}
