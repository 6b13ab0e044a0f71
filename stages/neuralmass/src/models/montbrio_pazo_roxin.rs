//! **montbrio_pazo_roxin**: rate and mean potential of all-to-all coupled quadratic integrate-and-fire neurons (exact).
//!
//! ```text
//! r' = Delta/(pi tau^2) + 2 r v/tau
//! v' = (v^2 + eta + J tau r + K_gl tau c + I_ou + I_ext - (pi tau r)^2)/tau          c = sum_j C_ij r_j(t - d_ij)
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | tau | 1 | ms | membrane time constant | > 0 |
//! | Delta | 1 | 1 | half width of the Lorentzian of excitabilities | >= 0 |
//! | eta | -5 | 1 | its centre | any |
//! | J | 15 | 1 | synaptic weight | any |
//! | K_gl | 0.6 | 1 | global coupling (of no publication) | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, ms^-1/2 | noise on the current | > 0, >= 0 |
//! | I_ou_mean | 0 | 1 | its mean | any |
//!
//! v is in units in which neurons reset from +infinity to -infinity. Delta, eta and J are those of the publication's
//! bistable example, where time is in units of tau: with tau = 1 ms rates are hundreds of Hz, with 10 ms tens. (TVB has
//! Delta 0.7, eta -4.6, J 14.5.) Rates leave in Hz, and stay at or above 0: where a step is too long for a deep v
//! Euler's rule would take them below. 0.05 times the rate drives the BOLD signal (our choice).
//!
//! Reference: Montbrio, Pazo, Roxin 2015, Phys. Rev. X 5:021028, doi:10.1103/PhysRevX.5.021028, eq. 12,
//! bistability in fig. 2.

use std::f64::consts::PI;

use lapicque_units::Range;

use crate::real::first;
use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model.
#[derive(Debug, Clone, Copy, Default)]
pub struct MontbrioPazoRoxin;

impl Model for MontbrioPazoRoxin {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        Description {
            name: "montbrio_pazo_roxin",
            time_step_ms: 0.01,
            parameters: vec![
                parameter("tau", "ms", 1.0, Range::Positive, "membrane time constant"),
                parameter("Delta", "1", 1.0, Range::NonNegative, "half width of the excitabilities"),
                parameter("eta", "1", -5.0, Range::Any, "centre of the excitabilities"),
                parameter("J", "1", 15.0, Range::Any, "synaptic weight"),
                parameter("K_gl", "1", 0.6, Range::Any, "global coupling"),
                parameter("tau_ou", "ms", 5.0, Range::Positive, "time constant of the noise"),
                parameter("sigma_ou", "1", 0.0, Range::NonNegative, "amplitude of the noise"),
                parameter("I_ou_mean", "1", 0.0, Range::Any, "mean of the noise on the current"),
            ],
            derived: 7,
            states: vec![
                StateSpec { name: "r", unit: "kHz", initial: [0.0, 0.1] },
                StateSpec { name: "v", unit: "1", initial: [-2.0, -1.0] },
            ],
            algebraic: Vec::new(),
            sources: 1,
            couplings: vec![Coupling { source: 0, weight: Weight::Linear }],
            delayed: Vec::new(),
            inputs: vec![InputSpec { name: "I_ext", unit: "1", default: 0.0, meaning: "current to all neurons" }],
            noise: vec![7],
            white_noise: Vec::new(),
            outputs: vec![
                OutputSpec { name: "rate", unit: "Hz", meaning: "rate" },
                OutputSpec { name: "v", unit: "1", meaning: "mean potential" },
            ],
            bold: (0, 0.05, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        let [tau, delta, eta, j, k_gl]: [f64; 5] = std::array::from_fn(|i| parameters[i]);
        derived.copy_from_slice(&[
            tau.recip(),
            delta / (PI * tau * tau),
            2.0 / tau,
            eta,
            j * tau,
            k_gl * tau,
            PI * tau,
        ]);
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
        let &[per_tau, spread, twice_per_tau, eta, j, k_gl, pi_tau] = first::<7, R>(derived);
        let [r, v] = [states[0], states[1]];
        let synchrony = pi_tau * r;
        let current = eta + j * r + k_gl * arriving.coupling[0] + arriving.noise[0] + arriving.inputs[0];
        rates_of_change[0] = spread + twice_per_tau * r * v;
        rates_of_change[1] = per_tau * (v * v + current - synchrony * synchrony);
    }

    #[inline(always)]
    fn constrain<R: Real>(&self, _derived: &[R], states: &mut [R]) {
        states[0] = states[0].at_least(0.0);
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], outputs: &mut [R]) {
        outputs[0] = states[0] * 1e3;
        outputs[1] = states[1];
    }

    #[inline(always)]
    fn sources<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], sources: &mut [R]) {
        sources[0] = states[0];
    }
}
