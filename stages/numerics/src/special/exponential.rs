//! The exponential function where differences of it cancel.

use num_complex::Complex64;

/// (exp(z) - 1)/z, 1 at z = 0; relative error about 1e-15.
pub fn exp_m1_over(z: Complex64) -> Complex64 {
    if z.norm() > 0.5 {
        return (z.exp() - 1.0) / z;
    }
    // 1 + z/2 (1 + z/3 (1 + ...)).
    (2..=16).rev().fold(Complex64::ONE, |sum, n| sum * z / f64::from(n) + 1.0)
}
