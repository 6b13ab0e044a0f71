//! One leaky integrate-and-fire neuron that receives noise.
//!
//! tau_m dV/dt = -V + mu + sigma sqrt(2 tau_m) xi(t), a spike and a reset to V_r whenever V reaches
//! V_th, and V held at V_r for tau_r after it. Filtered synapses make xi a coloured noise of
//! correlation time tau_s; the theory is the first order in k = sqrt(tau_s/tau_m).
//!
//! | symbol | field | unit | meaning | range |
//! |---|---|---|---|---|
//! | tau_m | `membrane_time_constant_s` | s | | above 0 |
//! | tau_s | `synaptic_time_constant_s` | s | decay of a synaptic current, 0: delta synapses | 0 or above; far below tau_m |
//! | tau_r | `refractory_period_s` | s | | 0 or above |
//! | V_th | `threshold_v` | V | from the resting potential | above V_r |
//! | V_r | `reset_v` | V | from the resting potential | finite |
//! | mu | `mean_v` | V | mean of the free membrane potential, from rest | finite |
//! | sigma | `sd_v` | V | of white noise; the free membrane potential has the s.d. sigma/sqrt(2) | 0 or above |

mod check;
mod siegert;
mod transfer;
mod variability;

pub use siegert::{firing_rate, rate_and_derivatives};
pub use transfer::{transfer_function, transfer_functions};
pub use variability::coefficient_of_variation;

/// A leaky integrate-and-fire neuron; potentials are relative to the resting potential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neuron {
    /// tau_m.
    pub membrane_time_constant_s: f64,
    /// 0 for delta synapses.
    pub synaptic_time_constant_s: f64,
    /// tau_r.
    pub refractory_period_s: f64,
    /// V_th.
    pub threshold_v: f64,
    /// V_r.
    pub reset_v: f64,
}

impl Neuron {
    /// Whether tau_s is above 0.1 tau_m, where the theories of filtered synapses, expansions in k, are no longer to be trusted.
    pub fn has_slow_synapses(&self) -> bool {
        // The limit itself, as the quotient of two decimal numbers, is below.
        self.synaptic_time_constant_s > 0.1 * (1.0 + 4.0 * f64::EPSILON) * self.membrane_time_constant_s
    }
}

/// What a neuron receives: mean and standard deviation in the units of the membrane potential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Input {
    /// mu.
    pub mean_v: f64,
    /// sigma.
    pub sd_v: f64,
}

/// The theory of the stationary rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Synapses {
    /// White noise; the synaptic time constant is not used.
    Delta,
    /// Filtered noise as a shift of threshold and reset.
    Shift,
    /// Filtered noise as a Taylor expansion in k around white noise.
    Taylor,
}

/// A rate and its partial derivatives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RateDerivatives {
    /// nu.
    pub rate_hz: f64,
    /// d nu/d mu.
    pub by_mean_hz_per_v: f64,
    /// d nu/d sigma.
    pub by_sd_hz_per_v: f64,
}

/// How the response of a neuron treats the refractory period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Refractory {
    /// The flux at the reset is that at the threshold, tau_r earlier (Lindner & Schimansky-Geier 2001).
    #[default]
    Corrected,
    /// The refractory period enters by the rate alone, as in NNMT; at frequency 0 the response is
    /// the derivative of the rate nevertheless, by a jump of nu tau_r.
    Nnmt,
}

/// Options of the transfer function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TransferOptions {
    /// Theory of the synapses.
    pub synapses: Synapses,
    /// Theory of the refractory period.
    pub refractory: Refractory,
    /// Multiply by 1/(1 + i omega tau_s): the input is a modulated synaptic input, not a current.
    /// Without effect on delta synapses.
    pub synaptic_filter: bool,
}

/// What is wrong with a neuron or its input.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum NeuronError {
    #[error("`{parameter}` = {value}: it must be {allowed}")]
    OutOfRange { parameter: &'static str, value: f64, allowed: &'static str },
    #[error("`threshold_v` = {threshold_v} V: it must be above `reset_v` = {reset_v} V")]
    ThresholdNotAboveReset { threshold_v: f64, reset_v: f64 },
    #[error(
        "the Taylor expansion gives a rate of {rate_hz} Hz: it holds for weaker or faster synapses only; use the shift"
    )]
    NegativeRate { rate_hz: f64 },
    #[error("the variability of intervals has no Taylor expansion: use the shift")]
    NoVariabilityOfTaylor,
    #[error("the {quantity} is {value}: these parameters are beyond what double precision can represent")]
    NotFinite { quantity: &'static str, value: f64 },
}
