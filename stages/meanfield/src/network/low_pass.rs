//! Low-pass filters in place of transfer functions (Senk et al. 2020, Fig 5).
//!
//! h_0/(1 + i omega tau) is fitted to n(omega) by the least sum of squared differences of magnitudes, with tau >= 0.

use nalgebra::{DMatrix, Matrix2, Vector2};
use num_complex::Complex64;
use thiserror::Error;

use super::checks::one_for_each;
use super::response::mean_coupling;
use super::{LinearError, ParameterError, Parameters};
use crate::neuron::{Input, Neuron, NeuronError, TransferOptions, transfer_functions};

/// A first-order low-pass filter with the standard errors of its fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LowPass {
    /// h_0.
    pub gain_hz_per_v: f64,
    /// tau.
    pub time_constant_s: f64,
    /// Standard error of the gain.
    pub gain_error_hz_per_v: f64,
    /// Standard error of the time constant.
    pub time_constant_error_s: f64,
}

/// Why no filter was fitted.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LowPassError {
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error(transparent)]
    Neuron(#[from] NeuronError),
    #[error("{frequencies} different frequencies: a fit of two numbers with their errors needs 3 or more")]
    TooFew { frequencies: usize },
    #[error("a frequency of {omega}/s: it must be finite")]
    Frequency { omega: f64 },
    #[error("a transfer function holds {value}: its values must be finite and not all 0")]
    NotFinite { value: Complex64 },
    #[error("no low-pass filter resembles the transfer function")]
    NotConverged,
}

/// The low-pass filter that is nearest to a transfer function at angular frequencies (1/s), in any order.
///
/// # Errors
/// Fewer than three frequencies; another number of values; values that are not finite; a fit that does not settle.
pub fn fit_low_pass(omegas: &[f64], transfer_hz_per_v: &[Complex64]) -> Result<LowPass, LowPassError> {
    one_for_each("transfer_hz_per_v", transfer_hz_per_v.len(), omegas.len())?;
    if let Some(&omega) = omegas.iter().find(|omega| !omega.is_finite()) {
        return Err(LowPassError::Frequency { omega });
    }
    let mut squares: Vec<f64> = omegas.iter().map(|omega| omega * omega).collect();
    squares.sort_by(f64::total_cmp);
    squares.dedup();
    if squares.len() < 3 {
        return Err(LowPassError::TooFew { frequencies: squares.len() });
    }
    let largest = transfer_hz_per_v.iter().map(|n| n.norm()).fold(0.0, f64::max);
    if let Some(&value) = transfer_hz_per_v.iter().find(|n| !n.is_finite() || largest == 0.0) {
        return Err(LowPassError::NotFinite { value });
    }
    let unit = squares.last().copied().unwrap_or(1.0).sqrt();
    // In units of the largest value and of the highest frequency.
    let scaled = omegas.iter().zip(transfer_hz_per_v).map(|(omega, n)| ((omega / unit).powi(2), n / largest));
    let mut scaled: Vec<(f64, Complex64)> = scaled.collect();
    scaled.sort_by(|a, b| a.0.total_cmp(&b.0));
    let points: Vec<(f64, f64)> = scaled.iter().map(|(square, n)| (*square, n.norm())).collect();
    let (best, covariance) = fit(&points).ok_or(LowPassError::NotConverged)?;
    // Where the phase is least: at high frequencies the response lags by more than a quarter turn.
    let sign = scaled[0].1.re.signum();
    Ok(LowPass {
        gain_hz_per_v: sign * best[0] * largest,
        time_constant_s: best[1].abs() / unit,
        gain_error_hz_per_v: covariance[(0, 0)].sqrt() * largest,
        time_constant_error_s: covariance[(1, 1)].sqrt() / unit,
    })
}

impl LowPass {
    /// h_0/(1 + i omega tau), Hz/V.
    pub fn transfer_function(&self, omega: Complex64) -> Complex64 {
        self.gain_hz_per_v / (1.0 + Complex64::I * omega * self.time_constant_s)
    }

    /// sqrt((dtau/tau)^2 + (dh_0/h_0)^2).
    pub fn relative_error(&self) -> f64 {
        let gain = self.gain_error_hz_per_v / self.gain_hz_per_v;
        (self.time_constant_error_s / self.time_constant_s).hypot(gain)
    }
}

/// Fits for one neuron at several inputs.
pub fn scan_low_pass(
    neuron: &Neuron,
    inputs: &[Input],
    omegas: &[f64],
    options: TransferOptions,
) -> Vec<Result<LowPass, LowPassError>> {
    let complex: Vec<Complex64> = omegas.iter().copied().map(Complex64::from).collect();
    let fit = |&input: &Input| fit_low_pass(omegas, &transfer_functions(neuron, input, &complex, options)?);
    inputs.iter().map(fit).collect()
}

/// Weights of the network of low-pass units, h_0,i tau_m,i J_ij K_ij.
///
/// # Errors
/// Parameters that are not valid; another number of filters than of populations.
pub fn low_pass_weights(parameters: &Parameters, filters: &[LowPass]) -> Result<DMatrix<f64>, LinearError> {
    parameters.check()?;
    one_for_each("filters", filters.len(), parameters.populations.len())?;
    let mut weights = mean_coupling(parameters);
    for (mut row, filter) in weights.row_iter_mut().zip(filters) {
        row *= filter.gain_hz_per_v;
    }
    Ok(weights)
}

const STEPS: u32 = 500;

/// h and t with the least sum of (h/sqrt(1 + w^2 t^2) - y)^2 over points (w^2, y), by Levenberg's and Marquardt's method; and
/// the covariance of the estimates, scaled by the variance of the residuals.
fn fit(points: &[(f64, f64)]) -> Option<(Vector2<f64>, Matrix2<f64>)> {
    let model = |p: &Vector2<f64>| {
        let (mut normal, mut gradient, mut cost) = (Matrix2::zeros(), Vector2::zeros(), 0.0);
        for &(square, y) in points {
            let g = (1.0 + square * p[1] * p[1]).sqrt().recip();
            let residual = p[0] * g - y;
            let slope = Vector2::new(g, -p[0] * square * p[1] * g.powi(3));
            normal += slope * slope.transpose();
            gradient += slope * residual;
            cost += residual * residual;
        }
        (normal, gradient, cost)
    };
    // The filter that is at half its power where the data are.
    let first = points.first()?.1;
    let half = points.iter().find(|(_, y)| *y < 0.5f64.sqrt() * first).map_or(1.0, |(square, _)| square.sqrt());
    let mut p = Vector2::new(first, 1.0 / half.max(f64::MIN_POSITIVE));
    let mut damping = 1e-3;
    let (mut normal, mut gradient, mut cost) = model(&p);
    for _ in 0..STEPS {
        let damped = normal + Matrix2::from_diagonal(&normal.diagonal()) * damping;
        let change = damped.try_inverse()? * -gradient;
        let next = p + change;
        let small = change.component_div(&p.map(|p| p.abs().max(1e-300))).amax() < 1e-13;
        let (next_normal, next_gradient, next_cost) = model(&next);
        if next_cost <= cost {
            (p, normal, gradient, cost) = (next, next_normal, next_gradient, next_cost);
            damping *= 0.1;
        } else {
            damping *= 10.0;
        }
        if small || damping > 1e12 {
            let variance = cost / (points.len() as f64 - 2.0);
            return Some((p, normal.try_inverse()? * variance));
        }
    }
    None
}
