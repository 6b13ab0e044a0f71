//! Stability of a neural field of low-pass units with delay (Senk et al. 2020, Eq 7; Helias et al. 2013, Eq 8).
//!
//! A perturbation exp(lambda t + i k x) grows or decays by (1 + lambda tau) exp(lambda d) = xi(k), whose solutions are
//! lambda_b = -1/tau + W_b(xi (d/tau) exp(d/tau))/d, one for each branch b of Lambert's W function.
//! A conjugate pair of solutions with the largest real part is an oscillation in time, and at k > 0 a travelling wave of
//! the speed Im(lambda)/k.

use std::f64::consts::TAU;
use std::ops::RangeInclusive;

use lapicque_numerics::special::lambert_w;
use nalgebra::DMatrix;
use num_complex::Complex64;
use thiserror::Error;

/// What the characteristic equation cannot be solved for.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum CharacteristicError {
    #[error("`{parameter}` = {value}: it must be {allowed}")]
    OutOfRange { parameter: &'static str, value: f64, allowed: &'static str },
    #[error("branch {branch} has no solution: without {missing} there is one eigenvalue, on branch 0")]
    NoSolution { branch: i32, missing: &'static str },
}

/// lambda (1/s) on a branch, for a low-pass filter of `time_constant_s` and a connection of strength `xi` after `delay_s`.
///
/// # Errors
/// A time constant that is not above 0, a negative delay, values that are not finite; a branch other than 0 without delay or
/// without connection.
pub fn eigenvalue(
    branch: i32,
    time_constant_s: f64,
    delay_s: f64,
    xi: Complex64,
) -> Result<Complex64, CharacteristicError> {
    let out_of_range = |parameter, value, allowed| Err(CharacteristicError::OutOfRange { parameter, value, allowed });
    if !(time_constant_s > 0.0 && time_constant_s.is_finite()) {
        return out_of_range("time_constant_s", time_constant_s, "above 0, and finite");
    }
    if !(delay_s >= 0.0 && delay_s.is_finite()) {
        return out_of_range("delay_s", delay_s, "0 or above, and finite");
    }
    if !xi.is_finite() {
        return out_of_range("xi", xi.norm(), "finite");
    }
    if branch != 0 && delay_s == 0.0 {
        return Err(CharacteristicError::NoSolution { branch, missing: "delay" });
    }
    if branch != 0 && xi == Complex64::ZERO {
        return Err(CharacteristicError::NoSolution { branch, missing: "connection" });
    }
    let ratio = delay_s / time_constant_s;
    if delay_s == 0.0 || ratio == 0.0 {
        return Ok((xi - 1.0) / time_constant_s);
    }
    let argument = xi * ratio * ratio.exp();
    let w = if argument.norm() < LARGEST_ARGUMENT {
        lambert_w(branch, argument)
    } else {
        lambert_w_of_logarithm((xi * ratio).ln() + ratio + Complex64::new(0.0, TAU * f64::from(branch)))
    };
    Ok(w / delay_s - 1.0 / time_constant_s)
}

/// lambda of each branch (row) for each xi (column), 1/s.
///
/// # Errors
/// As of [`eigenvalue`].
pub fn eigenvalues_of_branches(
    branches: RangeInclusive<i32>,
    time_constant_s: f64,
    delay_s: f64,
    xi: &[Complex64],
) -> Result<DMatrix<Complex64>, CharacteristicError> {
    let rows = branches.clone().count();
    let mut values = Vec::with_capacity(rows * xi.len());
    for branch in branches {
        for &xi in xi {
            values.push(eigenvalue(branch, time_constant_s, delay_s, xi)?);
        }
    }
    Ok(DMatrix::from_row_slice(rows, xi.len(), &values))
}

/// Row and column of the eigenvalue with the largest real part; of a conjugate pair that with the positive frequency.
/// None without values.
pub fn fastest_growing(eigenvalues: &DMatrix<Complex64>) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    for at in (0..eigenvalues.nrows()).flat_map(|row| (0..eigenvalues.ncols()).map(move |column| (row, column))) {
        let better = best.is_none_or(|best| {
            let (new, old) = (eigenvalues[at], eigenvalues[best]);
            let same = (new.re - old.re).abs() <= SAME * old.norm().max(new.norm());
            if same { new.im > 0.0 && old.im < 0.0 } else { new.re > old.re }
        });
        if better {
            best = Some(at);
        }
    }
    best
}

/// Of W itself; beyond it the equation is solved for the logarithm of the argument.
const LARGEST_ARGUMENT: f64 = 1e100;

/// Real parts of a conjugate pair agree to rounding.
const SAME: f64 = 1e-12;

/// w with w + ln w = l, for l whose exponential overflows.
fn lambert_w_of_logarithm(l: Complex64) -> Complex64 {
    let mut w = l - l.ln();
    for _ in 0..20 {
        let change = (w + w.ln() - l) / (1.0 + 1.0 / w);
        w -= change;
        if change.norm() <= f64::EPSILON * w.norm() {
            break;
        }
    }
    w
}
