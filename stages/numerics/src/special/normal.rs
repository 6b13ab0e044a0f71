//! The standard normal distribution.
//!
//! Phi(x) = erfc(-x / sqrt 2) / 2 by the scaled error function, so that tails keep their relative accuracy. Its inverse begins with the rational
//! approximation of P. J. Acklam (2003), relative error 1.2e-9, and is corrected twice by Halley's method, which leaves rounding only.

use super::erfcx;

/// ln(sqrt(2 pi)).
pub const LOG_SQRT_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// The probability that a standard normal variable is below `x`; relative error about 1e-15 (1 + x^2) below 0.
pub fn normal_below(x: f64) -> f64 {
    if x > 0.0 {
        1.0 - normal_below(-x)
    } else {
        0.5 * erfcx(-x * std::f64::consts::FRAC_1_SQRT_2) * (-x * x / 2.0).exp()
    }
}

/// The value that a standard normal variable is below with probability `p`, the inverse of [`normal_below`]. Its error is below 1e-15, or
/// 1e-15 of its absolute value where that is above 1. Infinite at and beyond 0 and 1, NaN for NaN.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 0.5 {
        return if p == 0.5 { 0.0 } else { -normal_quantile(1.0 - p) };
    }
    let mut x = rough_quantile(p);
    for _ in 0..2 {
        let error = (normal_below(x) / p - 1.0) * p * (x * x / 2.0 + LOG_SQRT_TWO_PI).exp();
        if error.is_finite() {
            x -= error / (1.0 + x * error / 2.0);
        }
    }
    x
}

fn rough_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    let polynomial = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    if p < 0.02425 {
        let q = (-2.0 * p.ln()).sqrt();
        return polynomial(&C, q) / polynomial(&D, q);
    }
    let q = p - 0.5;
    polynomial(&A, q * q) * q / polynomial(&B, q * q)
}
