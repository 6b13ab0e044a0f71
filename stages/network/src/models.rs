//! Neuron models by name, with their parameters, units and defaults (those of NEST 3).
//!
//! | model | dynamics | weights |
//! |---|---|---|
//! | `iaf_psc_exp` | C dV/dt = -C (V - E_L)/τ_m + I_ex + I_in + I_e, τ_syn dI/dt = -I | pA |
//! | `iaf_psc_alpha` | the same with I(t) = J (e t/τ_syn) exp(-t/τ_syn) | pA, peak of the current |
//! | `iaf_psc_delta` | τ_m dV/dt = -(V - E_L) + τ_m I_e/C, V jumps by J | mV |
//! | `iaf_cond_exp` | C dV/dt = -g_L (V - E_L) - g_ex (V - E_ex) - g_in (V - E_in) + I_e, τ_syn dg/dt = -g | nS |
//! | `binary` | state 0 or 1, set to Θ(h - θ) at the events of a Poisson process of rate 1/τ_m | mV |
//!
//! The integrate-and-fire models spike at V >= V_th, then hold V_reset for t_ref.
//! Excitation or inhibition is the sign of the weight, in `iaf_cond_exp` too (g_in takes |J| of negative weights).
//! References: Rotter & Diesmann (1999) Biol Cybern 81:381; Meffin, Burkitt & Grayden (2004) J Comput Neurosci 16:159;
//! van Vreeswijk & Sompolinsky (1998) Neural Comput 10:1321 (binary).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Range;

/// A neuron model that a network may name; the table on top has the equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeuronModel {
    /// Leaky integrate-and-fire with exponential postsynaptic currents.
    IafPscExp,
    /// Leaky integrate-and-fire with voltage jumps.
    IafPscDelta,
    /// Leaky integrate-and-fire with alpha-shaped postsynaptic currents.
    IafPscAlpha,
    /// Leaky integrate-and-fire with exponential postsynaptic conductances.
    IafCondExp,
    /// Asynchronously updated threshold unit.
    Binary,
}

/// One parameter of a neuron model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParameterSpec {
    /// The symbol used in network files, as in NEST.
    pub symbol: &'static str,
    /// The canonical unit; values are numbers in it.
    pub unit: &'static str,
    /// In the unit; that of NEST 3.
    pub default: f64,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// Which values it may have.
    pub range: Range,
}

const fn parameter(
    symbol: &'static str,
    unit: &'static str,
    default: f64,
    range: Range,
    meaning: &'static str,
) -> ParameterSpec {
    ParameterSpec { symbol, unit, default, meaning, range }
}

const CAPACITANCE: ParameterSpec = parameter("C_m", "pF", 250.0, Range::Positive, "membrane capacitance");
const MEMBRANE_TIME: ParameterSpec = parameter("tau_m", "ms", 10.0, Range::Positive, "membrane time constant");
const LEAK_REVERSAL: ParameterSpec = parameter("E_L", "mV", -70.0, Range::Any, "leak reversal potential");
const RESET: ParameterSpec = parameter("V_reset", "mV", -70.0, Range::Any, "potential after a spike");
const THRESHOLD: ParameterSpec = parameter("V_th", "mV", -55.0, Range::Any, "spike threshold");
const INITIAL: ParameterSpec = parameter("V_m", "mV", -70.0, Range::Any, "potential at t = 0");
const REFRACTORY: ParameterSpec = parameter("t_ref", "ms", 2.0, Range::NonNegative, "refractory period");
const INPUT_CURRENT: ParameterSpec = parameter("I_e", "pA", 0.0, Range::Any, "constant input current");

const IAF_PSC_EXP: &[ParameterSpec] = &[
    CAPACITANCE,
    MEMBRANE_TIME,
    LEAK_REVERSAL,
    RESET,
    THRESHOLD,
    INITIAL,
    REFRACTORY,
    parameter("tau_syn_ex", "ms", 2.0, Range::Positive, "time constant of excitatory synaptic currents"),
    parameter("tau_syn_in", "ms", 2.0, Range::Positive, "time constant of inhibitory synaptic currents"),
    INPUT_CURRENT,
];

const IAF_PSC_ALPHA: &[ParameterSpec] = &[
    CAPACITANCE,
    MEMBRANE_TIME,
    LEAK_REVERSAL,
    RESET,
    THRESHOLD,
    INITIAL,
    REFRACTORY,
    parameter("tau_syn_ex", "ms", 2.0, Range::Positive, "rise time of excitatory synaptic currents"),
    parameter("tau_syn_in", "ms", 2.0, Range::Positive, "rise time of inhibitory synaptic currents"),
    INPUT_CURRENT,
];

const IAF_PSC_DELTA: &[ParameterSpec] =
    &[CAPACITANCE, MEMBRANE_TIME, LEAK_REVERSAL, RESET, THRESHOLD, INITIAL, REFRACTORY, INPUT_CURRENT];

const IAF_COND_EXP: &[ParameterSpec] = &[
    CAPACITANCE,
    parameter("g_L", "nS", 16.6667, Range::Positive, "leak conductance"),
    LEAK_REVERSAL,
    parameter("E_ex", "mV", 0.0, Range::Any, "excitatory reversal potential"),
    parameter("E_in", "mV", -85.0, Range::Any, "inhibitory reversal potential"),
    parameter("V_reset", "mV", -60.0, Range::Any, "potential after a spike"),
    THRESHOLD,
    INITIAL,
    REFRACTORY,
    parameter("tau_syn_ex", "ms", 0.2, Range::Positive, "time constant of excitatory synaptic conductances"),
    parameter("tau_syn_in", "ms", 2.0, Range::Positive, "time constant of inhibitory synaptic conductances"),
    INPUT_CURRENT,
];

const BINARY: &[ParameterSpec] = &[
    parameter("tau_m", "ms", 10.0, Range::Positive, "mean interval between updates"),
    parameter("theta", "mV", 0.0, Range::Any, "threshold of the summed input"),
];

impl NeuronModel {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Self; 5] = [Self::IafPscExp, Self::IafPscAlpha, Self::IafPscDelta, Self::IafCondExp, Self::Binary];

    /// Its parameters, in the order in which they are shown.
    pub fn parameters(self) -> &'static [ParameterSpec] {
        match self {
            Self::IafPscExp => IAF_PSC_EXP,
            Self::IafPscAlpha => IAF_PSC_ALPHA,
            Self::IafPscDelta => IAF_PSC_DELTA,
            Self::IafCondExp => IAF_COND_EXP,
            Self::Binary => BINARY,
        }
    }

    /// The parameter of this symbol.
    pub fn parameter(self, symbol: &str) -> Option<&'static ParameterSpec> {
        self.parameters().iter().find(|spec| spec.symbol == symbol)
    }

    /// As in network files and in NEST.
    pub fn name(self) -> &'static str {
        match self {
            Self::IafPscExp => "iaf_psc_exp",
            Self::IafPscAlpha => "iaf_psc_alpha",
            Self::IafPscDelta => "iaf_psc_delta",
            Self::IafCondExp => "iaf_cond_exp",
            Self::Binary => "binary",
        }
    }

    /// The model of this name; none if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// The unit of the weights of synapses onto neurons of this model.
    pub fn weight_unit(self) -> &'static str {
        match self {
            Self::IafPscExp | Self::IafPscAlpha => "pA",
            Self::IafPscDelta | Self::Binary => "mV",
            Self::IafCondExp => "nS",
        }
    }
}

impl fmt::Display for NeuronModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde_and_read_back() {
        for model in NeuronModel::ALL {
            assert_eq!(serde_json::to_value(model).unwrap(), model.name());
            assert_eq!(NeuronModel::from_name(model.name()), Some(model));
        }
        assert_eq!(NeuronModel::from_name("IafPscExp"), None);
    }

    #[test]
    fn specifications_are_sound() {
        for model in NeuronModel::ALL {
            for spec in model.parameters() {
                lapicque_units::Unit::parse(spec.unit).unwrap();
                assert!(spec.range.contains(spec.default), "{model} {}", spec.symbol);
                assert_eq!(model.parameter(spec.symbol), Some(spec));
            }
        }
    }
}
