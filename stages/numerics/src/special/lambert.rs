//! Lambert's W: the solutions w of w exp(w) = z, one per branch.

use num_complex::Complex64;

/// W_k(z) on branch `k`, by Halley's method (crate `lambert_w`), relative error about 1e-15.
///
/// Less near the branch point -1/e, as the condition of the problem has it. Arguments from 1e-150 to
/// 1e150 in size; NaN or infinite beyond that, and at 0 on branches other than 0.
pub fn lambert_w(k: i32, z: Complex64) -> Complex64 {
    let (re, im) = lambert_w::lambert_w(k, z.re, z.im, f64::EPSILON);
    Complex64::new(re, im)
}
