//! What is refused before anything is computed, and what is refused after.

use super::{Input, Neuron, NeuronError};

/// # Errors
/// A parameter of the neuron or of the input that is out of its range, see the table of the module.
pub(super) fn check(neuron: &Neuron, input: Input) -> Result<(), NeuronError> {
    let tau_m = neuron.membrane_time_constant_s;
    if !(tau_m > 0.0 && tau_m.is_finite()) {
        return Err(out_of_range("membrane_time_constant_s", tau_m, "finite and above 0"));
    }
    for (parameter, value) in [
        ("synaptic_time_constant_s", neuron.synaptic_time_constant_s),
        ("refractory_period_s", neuron.refractory_period_s),
        ("sd_v", input.sd_v),
    ] {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(out_of_range(parameter, value, "finite and 0 or above"));
        }
    }
    for (parameter, value) in
        [("threshold_v", neuron.threshold_v), ("reset_v", neuron.reset_v), ("mean_v", input.mean_v)]
    {
        if !value.is_finite() {
            return Err(out_of_range(parameter, value, "finite"));
        }
    }
    if neuron.threshold_v <= neuron.reset_v {
        return Err(NeuronError::ThresholdNotAboveReset { threshold_v: neuron.threshold_v, reset_v: neuron.reset_v });
    }
    Ok(())
}

/// # Errors
/// A result that is infinite or not a number.
pub(super) fn finite(quantity: &'static str, value: f64) -> Result<f64, NeuronError> {
    if value.is_finite() { Ok(value) } else { Err(NeuronError::NotFinite { quantity, value }) }
}

pub(super) fn out_of_range(parameter: &'static str, value: f64, allowed: &'static str) -> NeuronError {
    NeuronError::OutOfRange { parameter, value, allowed }
}
