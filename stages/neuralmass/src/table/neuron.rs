//! The neuron that a table is of.

/// An exponential integrate-and-fire neuron; a leaky one where the slope factor is 0.
///
/// `C dV/dt = g_L (E_L - V) + g_L DeltaT exp((V - V_T) / DeltaT) + I`; at V_s it spikes, and begins again at V_r after T_ref.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neuron {
    /// C in pF.
    pub capacitance_pf: f64,
    /// g_L in nS.
    pub leak_conductance_ns: f64,
    /// E_L in mV.
    pub leak_potential_mv: f64,
    /// DeltaT in mV; 0 is a leaky integrate-and-fire neuron.
    pub slope_factor_mv: f64,
    /// V_T in mV; without effect where DeltaT is 0.
    pub threshold_mv: f64,
    /// V_r in mV.
    pub reset_mv: f64,
    /// V_s in mV: where spikes end; the threshold where DeltaT is 0.
    pub spike_mv: f64,
    /// T_ref in ms.
    pub refractory_ms: f64,
}

/// That of Cakan & Obermayer 2020.
impl Default for Neuron {
    fn default() -> Self {
        Self {
            capacitance_pf: 200.0,
            leak_conductance_ns: 10.0,
            leak_potential_mv: -65.0,
            slope_factor_mv: 1.5,
            threshold_mv: -50.0,
            reset_mv: -70.0,
            spike_mv: -40.0,
            refractory_ms: 1.5,
        }
    }
}

impl Neuron {
    /// C / g_L in ms.
    pub fn membrane_time_constant_ms(&self) -> f64 {
        self.capacitance_pf / self.leak_conductance_ns
    }
}
