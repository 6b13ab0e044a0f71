//! Backward Euler steps of a linear cable whose tree matrix is factored once.
//!
//! With the deviation `v` from rest and, per compartment, the linearised Ih gate `m` (see [`crate::membrane`]):
//!
//! ```text
//! C dv/dt = -(G + L) v + M m + W s(t),     tau_w dm/dt = v - m
//! (C/dt + G + L) v[n] = C/dt v[n-1] + W s[n-1] + M m[n-1]
//! m[n] = v[n] + (m[n-1] - v[n]) exp(-dt / tau_w)
//! ```
//!
//! `L` is the axial Laplacian, `s` a bi-exponential of unit peak. This is the fixed step of NEURON (`secondorder = 0`),
//! which takes the synaptic current at the beginning of a step; the first potential that is not 0 is `v[2]`.
//! The tree is eliminated from the tips to the soma without fill-in (Hines 1984, Int J Biomed Comput 15:69).

use super::Cable;
use crate::membrane::SmallSignal;

/// Unit-peak bi-exponential `s(t) = (exp(-t/decay) - exp(-t/rise)) / (exp(-tp/decay) - exp(-tp/rise))`.
///
/// `rise_time_ms` must be below `decay_time_ms`, both above 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SynapticTimeCourse {
    /// rise.
    pub rise_time_ms: f64,
    /// decay.
    pub decay_time_ms: f64,
}

/// The factored step of one cable with one membrane: solve as often as there are inputs.
#[derive(Debug, Clone)]
pub(crate) struct CableStep {
    dt_ms: f64,
    nodes: Vec<Node>,
}

/// What one compartment contributes to a step.
#[derive(Debug, Clone, Copy)]
struct Node {
    parent: usize,
    /// g_axial / pivot.
    to_parent: f64,
    inverse_pivot: f64,
    /// C / dt, uS.
    capacitive_us: f64,
    /// M, uS.
    gate_us: f64,
    /// exp(-dt / tau_w).
    gate_decay: f64,
}

impl SynapticTimeCourse {
    /// When the peak is reached.
    pub fn time_to_peak_ms(&self) -> f64 {
        let (rise, decay) = (self.rise_time_ms, self.decay_time_ms);
        rise * decay / (decay - rise) * (decay / rise).ln()
    }

    /// The integral over time, ms.
    pub fn area_ms(&self) -> f64 {
        (self.decay_time_ms - self.rise_time_ms) / self.difference_at_peak()
    }

    fn difference_at_peak(&self) -> f64 {
        let peak = self.time_to_peak_ms();
        (-peak / self.decay_time_ms).exp() - (-peak / self.rise_time_ms).exp()
    }
}

impl CableStep {
    /// Factors the step. `membrane` has one entry per compartment of `cable`.
    pub(crate) fn factor(cable: &Cable, membrane: &[SmallSignal], dt_ms: f64) -> Self {
        // S/cm2 * um2 = 1e-2 uS.
        let to_us = |density: f64, area_um2: f64| 1e-2 * density * area_um2;
        let mut pivots: Vec<f64> = cable
            .compartments
            .iter()
            .zip(membrane)
            .map(|(c, m)| {
                c.capacitance_nf / dt_ms + to_us(m.conductance_s_per_cm2, c.area_um2) + c.axial_conductance_us
            })
            .collect();
        for c in &cable.compartments {
            if let Some(p) = c.parent {
                pivots[p] += c.axial_conductance_us;
            }
        }
        for (i, c) in cable.compartments.iter().enumerate().rev() {
            if let Some(p) = c.parent {
                pivots[p] -= c.axial_conductance_us * c.axial_conductance_us / pivots[i];
            }
        }
        let nodes = cable
            .compartments
            .iter()
            .zip(membrane)
            .zip(&pivots)
            .map(|((c, m), pivot)| Node {
                parent: c.parent.unwrap_or(0),
                to_parent: c.axial_conductance_us / pivot,
                inverse_pivot: 1.0 / pivot,
                capacitive_us: c.capacitance_nf / dt_ms,
                gate_us: to_us(m.gate_s_per_cm2, c.area_um2),
                gate_decay: (-dt_ms / m.gate_time_constant_ms).exp(),
            })
            .collect();
        Self { dt_ms, nodes }
    }

    /// Weighted sums of the potentials after one synaptic event at step 0.
    ///
    /// `amplitudes_na` is the peak current into each compartment (depolarising above 0), `rows` the weights of each wanted
    /// sum over compartments. Returns one signal of `steps + 1` samples per row; sample 0 is 0.
    pub(crate) fn respond(
        &self,
        amplitudes_na: &[f64],
        time_course: SynapticTimeCourse,
        rows: &[Vec<f64>],
        steps: usize,
    ) -> Vec<Vec<f64>> {
        let mut signals: Vec<Vec<f64>> = rows
            .iter()
            .map(|_| {
                let mut signal = Vec::with_capacity(steps + 1);
                signal.push(0.0);
                signal
            })
            .collect();
        let mut potentials = vec![0.0; self.nodes.len()];
        let mut gates = vec![0.0; self.nodes.len()];
        let (mut rise, mut decay) = {
            let start = 1.0 / time_course.difference_at_peak();
            (start, start)
        };
        let rise_factor = (-self.dt_ms / time_course.rise_time_ms).exp();
        let decay_factor = (-self.dt_ms / time_course.decay_time_ms).exp();
        for _ in 0..steps {
            self.advance(&mut potentials, &mut gates, amplitudes_na, decay - rise);
            rise *= rise_factor;
            decay *= decay_factor;
            for (signal, row) in signals.iter_mut().zip(rows) {
                signal.push(row.iter().zip(&potentials).map(|(w, v)| w * v).sum());
            }
        }
        signals
    }

    fn advance(&self, v: &mut [f64], m: &mut [f64], amplitudes_na: &[f64], time_course: f64) {
        for (((v, m), node), amplitude) in v.iter_mut().zip(m.iter()).zip(&self.nodes).zip(amplitudes_na) {
            *v = node.capacitive_us * *v + amplitude * time_course + node.gate_us * *m;
        }
        for (i, node) in self.nodes.iter().enumerate().skip(1).rev() {
            v[node.parent] += node.to_parent * v[i];
        }
        v[0] *= self.nodes[0].inverse_pivot;
        for (i, node) in self.nodes.iter().enumerate().skip(1) {
            v[i] = node.inverse_pivot * v[i] + node.to_parent * v[node.parent];
        }
        for ((m, v), node) in m.iter_mut().zip(v.iter()).zip(&self.nodes) {
            *m = *v + (*m - *v) * node.gate_decay;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cable::{BallAndSticks, EndRounding};

    const TIME_COURSE: SynapticTimeCourse = SynapticTimeCourse { rise_time_ms: 0.2, decay_time_ms: 1.8 };

    #[test]
    fn areas_of_the_two_synapses_of_the_hagen_model() {
        assert!((TIME_COURSE.area_ms() - 2.368933).abs() < 1e-6);
        let inhibitory = SynapticTimeCourse { rise_time_ms: 0.1, decay_time_ms: 9.0 };
        assert!((inhibitory.area_ms() - 9.466737).abs() < 1e-6);
    }

    #[test]
    fn a_step_solves_the_linear_system() {
        let cable = BallAndSticks::hagen_excitatory().compartments(EndRounding::Exact).unwrap();
        let n = cable.compartments.len();
        let dt = 0.0625;
        let membrane = vec![SmallSignal::leak(1e-4); n];
        let step = CableStep::factor(&cable, &membrane, dt);
        let amplitudes: Vec<f64> = (0..n).map(|i| (i as f64 * 1.7).sin()).collect();
        let mut v = vec![0.0; n];
        let mut m = vec![0.0; n];
        step.advance(&mut v, &mut m, &amplitudes, 1.0);
        let axial: Vec<f64> = (0..n)
            .map(|i| {
                let mut unit = vec![0.0; n];
                unit[i] = 1.0;
                let row = cable.current_weights_on_potentials(&unit);
                row.iter().zip(&v).map(|(w, v)| w * v).sum()
            })
            .collect();
        for (i, c) in cable.compartments.iter().enumerate() {
            let membrane_us = c.capacitance_nf / dt + 1e-2 * 1e-4 * c.area_um2;
            let residual = membrane_us * v[i] - axial[i] - amplitudes[i];
            assert!(residual.abs() < 1e-12, "compartment {i}: {residual}");
        }
    }

    #[test]
    fn a_single_compartment_follows_the_scalar_recursion() {
        let cell = BallAndSticks { sticks: Vec::new(), ..BallAndSticks::hagen_excitatory() };
        let cable = cell.compartments(EndRounding::Exact).unwrap();
        let step = CableStep::factor(&cable, &[SmallSignal::leak(1e-4)], 0.1);
        let signal = step.respond(&[0.5], TIME_COURSE, &[vec![1.0]], 30).remove(0);
        assert_eq!(&signal[..2], &[0.0, 0.0]);
        let (c, g) = (cable.compartments[0].capacitance_nf, 1e-6 * cable.compartments[0].area_um2);
        let mut v = 0.0;
        for (n, value) in signal.iter().enumerate().skip(1) {
            let t = (n - 1) as f64 * 0.1;
            let s = ((-t / 1.8).exp() - (-t / 0.2_f64).exp()) * TIME_COURSE.area_ms() / 1.6;
            v = (c / 0.1 * v + 0.5 * s) / (c / 0.1 + g);
            assert!((value - v).abs() < 1e-12 * v.abs().max(1e-6));
        }
    }
}
