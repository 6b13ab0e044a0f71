//! Coefficient of variation of the intervals between spikes.
//!
//! Brunel (2000, Appendix A.1), with y_t, y_r and nu of [`super::siegert`]:
//!
//! CV^2 = 2 pi (nu tau_m)^2 int_{y_r}^{y_t} exp(x^2) dx int_{-inf}^x exp(u^2) (1 + erf u)^2 du.
//!
//! The order of integration is exchanged: int exp(x^2) dx = K, K(y) = exp(y^2) D(y) with Dawson's
//! integral D, and so, with g(u) = exp(u^2) (1 + erf u)^2,
//!
//! CV^2 = 2 pi (nu tau_m)^2 int_{-inf}^{y_t} g(u) (K(y_t) - K(max(u, y_r))) du,
//!
//! one integral, in which exp(2 y_t^2) of K g and exp(-2 y_t^2) of nu^2 are cancelled beforehand.

use std::f64::consts::TAU;

use lapicque_numerics::special::quadrature::gauss_legendre;
use lapicque_numerics::special::{dawson, erfcx};

use super::check::{check, finite};
use super::siegert::Passage;
use super::{Input, Neuron, NeuronError, Synapses};

/// The coefficient of variation of interspike intervals, refractory period included.
///
/// Without noise it is 0 for a neuron that fires; one that does not has the limit 1 of rare spikes.
///
/// # Errors
/// A parameter out of its range; [`Synapses::Taylor`], for which no such theory exists.
pub fn coefficient_of_variation(neuron: &Neuron, input: Input, synapses: Synapses) -> Result<f64, NeuronError> {
    check(neuron, input)?;
    if synapses == Synapses::Taylor {
        return Err(NeuronError::NoVariabilityOfTaylor);
    }
    let Some(passage) = Passage::new(neuron, input, synapses) else {
        return Ok(if input.mean_v >= neuron.threshold_v { 0.0 } else { 1.0 });
    };
    if passage.rate_hz == 0.0 {
        return Ok(1.0);
    }
    let relative = neuron.membrane_time_constant_s / passage.scaled_interval_s;
    let variance = TAU * relative * relative * scaled_integral(&passage);
    finite("coefficient of variation", variance.sqrt())
}

/// int_{-inf}^{y_t} g(u) (K(y_t) - K(max(u, y_r))) du, times exp(-2 y_t^2) for y_t > 0.
fn scaled_integral(passage: &Passage) -> f64 {
    let integrand = |below_threshold| scaled_integrand(passage, below_threshold);
    // The slope breaks at the reset; to the left of either the integrand changes over 1/y first.
    let mut sum = 0.0;
    let mut below_threshold = 0.0;
    for (corner, end) in [(passage.threshold, passage.length), (passage.reset, f64::INFINITY)] {
        let mut width = 0.5 / (1.0 + corner.abs());
        while below_threshold < end {
            let u = passage.threshold - below_threshold;
            let panel = width.min(end - below_threshold);
            sum += gauss_legendre(below_threshold, panel, integrand);
            below_threshold = if panel < width { end } else { below_threshold + panel };
            let left_of_reset = below_threshold - passage.length;
            if left_of_reset > 0.0 && u < 0.0 && left_of_reset * (left_of_reset - 2.0 * passage.reset.min(0.0)) > 40.0 {
                break;
            }
            width = (2.0 * width).min(1_f64.max(0.5 * u.abs()));
        }
    }
    sum
}

/// The integrand at y_t - u = `below_threshold`, from which differences of squares are taken.
fn scaled_integrand(passage: &Passage, below_threshold: f64) -> f64 {
    let Passage { threshold, length, .. } = *passage;
    let below_reset = (below_threshold - length).max(0.0);
    let u = threshold - below_threshold;
    let from = u + below_reset;
    if u <= 0.0 {
        let scale = -2.0 * threshold.max(0.0).powi(2);
        let outer = (below_threshold * (threshold + u) + scale).exp() * dawson(threshold);
        let inner = (below_reset * (from + u) + scale).exp() * dawson(from);
        return erfcx(-u).powi(2) * (outer - inner);
    }
    let inner = (-(below_threshold - below_reset) * (threshold + from)).exp() * dawson(from);
    let density = (-below_threshold * (threshold + u)).exp() * (2.0 - (-u * u).exp() * erfcx(u)).powi(2);
    density * (dawson(threshold) - inner)
}
