//! Neuron models, a file each. A file holds the equations, the exact propagators, one neuron by
//! itself (the reference that traces are compared with) and the same step for many neurons side by
//! side.

mod coefficients;
pub mod iaf_psc_delta;
pub mod iaf_psc_exp;
mod parameters;

pub(crate) use coefficients::{At, Coefficients, Slice};
pub(crate) use parameters::{Dynamics, Neurons, Spiking, neurons};

/// What carries currents to the potential.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Membrane {
    pub(crate) capacitance_pf: f64,
    pub(crate) time_constant_ms: f64,
    pub(crate) constant_current_pa: f64,
}
