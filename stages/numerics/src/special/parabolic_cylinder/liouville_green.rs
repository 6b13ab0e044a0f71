//! Psi of [`super`] for large |c|, by the Liouville-Green expansion.
//!
//! U = exp(-x^2/4) Psi obeys U'' = q^2 U with q^2 = x^2/4 + c - 1/2, so M = U'/U obeys
//! M^2 + M' = q^2. Iterating M <- sqrt(q^2 - M') from M = q gives the expansion in 1/|c|, uniformly
//! in x (DLMF 2.7(iii), 12.10). Derivatives are those of a Taylor polynomial around x, of which
//! each iteration consumes one order.

use num_complex::Complex64;

use super::{Growth, Point, Stretch};
use crate::special::quadrature::NODES;

/// See [`super::stretches`].
pub(super) fn stretch(start: f64, length: f64, c: Complex64) -> Stretch {
    let end = start + length;
    let (left, right) = (log_derivative(start, c), log_derivative(end, c));
    let integral = integral_of_log_derivative(start, length, c);
    let growth = Growth::new(c, integral);
    let point = |x: f64, ratio: Complex64, psi: Complex64| {
        let g = ratio * psi;
        Point { psi, g, s: psi + g * x }
    };
    let (start, end) = (point(start, left, growth.start.into()), point(end, right, growth.end));
    Stretch { start, end, g_increment: end.g - start.g, psi_increment_over_c: growth.increment_over_c }
}

const ORDER: usize = 8;

/// Psi'/(c Psi) = (x/2 + M)/c.
fn log_derivative(x: f64, c: Complex64) -> Complex64 {
    let a = c - 0.5;
    let mut q_squared = [Complex64::ZERO; ORDER];
    q_squared[0] = a + 0.25 * x * x;
    q_squared[1] = Complex64::from(0.5 * x);
    q_squared[2] = Complex64::from(0.25);
    let mut m = square_root(&q_squared);
    let mut slope = Complex64::ZERO;
    for valid in (1..ORDER).rev() {
        let mut square = q_squared;
        for n in 0..valid {
            square[n] -= m[n + 1] * (n + 1) as f64;
        }
        slope = m[1];
        m = square_root(&square);
    }
    // M^2 - x^2/4 = a - M': no cancellation on the left.
    if x < 0.0 { (a - slope) / (c * (m[0] - 0.5 * x)) } else { (m[0] + 0.5 * x) / c }
}

/// The power series of the square root of a power series.
fn square_root(series: &[Complex64; ORDER]) -> [Complex64; ORDER] {
    let mut root = [Complex64::ZERO; ORDER];
    root[0] = series[0].sqrt();
    let half = 0.5 / root[0];
    for n in 1..ORDER {
        let products: Complex64 = (1..n).map(|k| root[k] * root[n - k]).sum();
        root[n] = (series[n] - products) * half;
    }
    root
}

/// int Psi'/(c Psi) dx on pieces that are short against max(|x|, sqrt|c|), the scale of change.
fn integral_of_log_derivative(start: f64, length: f64, c: Complex64) -> Complex64 {
    let scale = 0.5 * c.norm().sqrt();
    let mut integral = Complex64::ZERO;
    let mut remaining = length;
    while remaining > 0.0 {
        let x = start + length - remaining;
        let piece = remaining.min(0.6 * x.abs().max(scale));
        let half = 0.5 * piece;
        for (node, weight) in NODES {
            for node in [-node, node] {
                integral += log_derivative(x + half * (1.0 + node), c) * (weight * half);
            }
        }
        remaining -= piece;
    }
    integral
}
