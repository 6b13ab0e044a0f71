//! Linear response of the rate to a modulated mean input.
//!
//! With x = sqrt(2) (V - mu)/sigma at threshold (x_t) and reset (x_r), [F] = F(x_t) - F(x_r), and
//! Psi the parabolic cylinder function of [`lapicque_numerics::special::parabolic_cylinder`] for
//! c = i omega tau_m:
//!
//! - shift (Schuecker et al. 2015), with both x increased by alpha k/sqrt(2), k = sqrt(tau_s/tau_m):
//!   n = sqrt(2)/sigma nu/(1 + i omega tau_m) [Psi']/[Psi];
//! - Taylor (Schuecker et al. 2014, Eq. 93), the same to first order in k:
//!   nu [Psi']/[Psi] -> nu_T a_1 + nu_0 alpha k/sqrt(2) (a_2 - a_1^2), a_1 = [Psi']/[Psi], a_2 = [Psi'']/[Psi].
//!
//! With a refractory period the reset follows the threshold tau_r later, and [Psi] in a denominator
//! is Psi(x_t) - exp(-i omega tau_r) Psi(x_r) (Lindner & Schimansky-Geier 2001); a_1^2 becomes
//! a_1 (Psi'(x_t) - exp(-i omega tau_r) Psi'(x_r))/(...). Only then is n continuous at omega = 0,
//! where it is the derivative of the rate by mu. Numerators and denominators are divided by
//! i omega tau_m, so low frequencies lose no digits.

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use lapicque_numerics::special::exp_m1_over;
use lapicque_numerics::special::parabolic_cylinder::{LARGEST_PARAMETER, SMALLEST_START, Stretch, stretches};
use num_complex::Complex64;

use super::check::{check, finite, out_of_range};
use super::siegert::{ALPHA, Passage};
use super::{Input, Neuron, NeuronError, Refractory, Synapses, TransferOptions};

/// The transfer function in Hz/V at one complex angular frequency `omega` (1/s).
///
/// A modulation exp(i omega t) of the mean by d mu modulates the rate by n(omega) d mu. Negative
/// frequencies give the complex conjugate. Where the Taylor expansion gives a negative rate, which
/// [`super::firing_rate`] refuses, the expansion of the response is still what it is. Of many
/// frequencies [`transfer_functions`] is faster.
///
/// # Errors
/// A parameter out of its range; an `omega` that is not finite or at which i omega tau_m has a
/// real part of -1 or less, where the response to a growing input does not exist.
pub fn transfer_function(
    neuron: &Neuron,
    input: Input,
    omega: Complex64,
    options: TransferOptions,
) -> Result<Complex64, NeuronError> {
    let mut response = [Complex64::ZERO];
    fill(neuron, input, &[omega], options, &mut response)?;
    Ok(response[0])
}

/// The transfer function in Hz/V at each of the complex angular frequencies `omegas` (1/s).
///
/// The same numbers as [`transfer_function`], for less work.
///
/// # Errors
/// Those of [`transfer_function`].
pub fn transfer_functions(
    neuron: &Neuron,
    input: Input,
    omegas: &[Complex64],
    options: TransferOptions,
) -> Result<Vec<Complex64>, NeuronError> {
    let mut responses = vec![Complex64::ZERO; omegas.len()];
    fill(neuron, input, omegas, options, &mut responses)?;
    Ok(responses)
}

fn fill(
    neuron: &Neuron,
    input: Input,
    omegas: &[Complex64],
    options: TransferOptions,
    responses: &mut [Complex64],
) -> Result<(), NeuronError> {
    check(neuron, input)?;
    let tau_m = neuron.membrane_time_constant_s;
    for &omega in omegas {
        check_frequency(tau_m, omega)?;
    }
    match Passage::new(neuron, input, options.synapses) {
        Some(passage) if SQRT_2 * passage.reset > SMALLEST_START => {
            if passage.rate_hz > 0.0 {
                noisy(neuron, input, &passage, omegas, options, responses);
            }
        }
        _ => deterministic(neuron, input, omegas, options.refractory, responses),
    }
    for (response, &omega) in responses.iter_mut().zip(omegas) {
        if options.synaptic_filter && options.synapses != Synapses::Delta {
            *response /= 1.0 + i_times(omega) * neuron.synaptic_time_constant_s;
        }
        finite("transfer function", response.re)?;
        finite("transfer function", response.im)?;
    }
    Ok(())
}

fn check_frequency(tau_m: f64, omega: Complex64) -> Result<(), NeuronError> {
    for (parameter, value) in [("omega.re", omega.re), ("omega.im", omega.im)] {
        if !value.is_finite() || (value * tau_m).abs() > 0.1 * LARGEST_PARAMETER {
            return Err(out_of_range(
                parameter,
                value,
                "finite, and at most 1e99 in units of the membrane time constant",
            ));
        }
    }
    if omega.im * tau_m >= 1.0 {
        return Err(out_of_range("omega.im", omega.im, "below 1/`membrane_time_constant_s`"));
    }
    Ok(())
}

/// The rate that scales the response: that of the theory asked for.
fn rate_of(neuron: &Neuron, passage: &Passage, synapses: Synapses) -> f64 {
    match synapses {
        Synapses::Delta | Synapses::Shift => passage.rate_hz,
        Synapses::Taylor => passage.taylor(neuron, passage.ends()).rate_hz,
    }
}

fn noisy(
    neuron: &Neuron,
    input: Input,
    passage: &Passage,
    omegas: &[Complex64],
    options: TransferOptions,
    responses: &mut [Complex64],
) {
    let tau_m = neuron.membrane_time_constant_s;
    let parameters: Vec<Complex64> = omegas.iter().map(|&omega| i_times(omega) * tau_m).collect();
    let stretches = stretches(SQRT_2 * passage.reset, SQRT_2 * passage.length, &parameters);
    let rate_hz = rate_of(neuron, passage, options.synapses);
    let k = (neuron.synaptic_time_constant_s / tau_m).sqrt();
    let correction = passage.rate_hz * ALPHA * k * FRAC_1_SQRT_2;
    for (((response, stretch), &c), &omega) in responses.iter_mut().zip(stretches).zip(&parameters).zip(omegas) {
        let delay = refractory_delay(neuron, omega, options.refractory);
        let denominator = stretch.psi_increment_over_c + stretch.start.psi * delay.missing_over_c;
        let a1 = stretch.g_increment / denominator;
        let sum = match options.synapses {
            Synapses::Delta | Synapses::Shift => a1 * rate_hz,
            Synapses::Taylor => a1 * rate_hz + curvature(&stretch, a1, denominator, delay) * correction,
        };
        *response = sum / (1.0 + c) * (SQRT_2 / input.sd_v);
    }
}

/// a_2 - a_1^2, refractory.
fn curvature(stretch: &Stretch, a1: Complex64, denominator: Complex64, delay: Delay) -> Complex64 {
    let a2 = (stretch.end.s - stretch.start.s) / denominator;
    a2 - a1 * (stretch.end.g - stretch.start.g * delay.factor) / denominator
}

/// What the refractory period does to the flux that re-enters at the reset.
#[derive(Clone, Copy)]
struct Delay {
    /// exp(-i omega tau_r).
    factor: Complex64,
    /// (1 - exp(-i omega tau_r))/(i omega tau_m).
    missing_over_c: Complex64,
}

/// At frequency 0 the response is the derivative of the rate, whatever is asked for.
fn refractory_delay(neuron: &Neuron, omega: Complex64, refractory: Refractory) -> Delay {
    if refractory == Refractory::Nnmt && omega != Complex64::ZERO {
        return Delay { factor: Complex64::ONE, missing_over_c: Complex64::ZERO };
    }
    let exponent = -i_times(omega) * neuron.refractory_period_s;
    let relative = exp_m1_over(exponent);
    Delay {
        factor: exponent.exp(),
        missing_over_c: relative * (neuron.refractory_period_s / neuron.membrane_time_constant_s),
    }
}

/// Without noise: Psi = (-x)^(-c), whose limit is independent of sigma. The response is infinite at
/// the harmonics of the rate. A neuron that does not fire does not respond.
fn deterministic(
    neuron: &Neuron,
    input: Input,
    omegas: &[Complex64],
    refractory: Refractory,
    responses: &mut [Complex64],
) {
    let above_threshold = input.mean_v - neuron.threshold_v;
    let above_reset = input.mean_v - neuron.reset_v;
    if above_threshold <= 0.0 {
        return;
    }
    let tau_m = neuron.membrane_time_constant_s;
    let passage = ((neuron.threshold_v - neuron.reset_v) / above_threshold).ln_1p();
    let rate_hz = 1.0 / (neuron.refractory_period_s + tau_m * passage);
    for (response, &omega) in responses.iter_mut().zip(omegas) {
        let c = i_times(omega) * tau_m;
        let delay = refractory_delay(neuron, omega, refractory);
        // Divided by Psi(x_t).
        let start = (-c * passage).exp();
        let denominator = exp_m1_over(-c * passage) * passage + start * delay.missing_over_c;
        *response = (1.0 / above_threshold - start / above_reset) / denominator * rate_hz / (1.0 + c);
    }
}

fn i_times(omega: Complex64) -> Complex64 {
    Complex64::new(-omega.im, omega.re)
}
