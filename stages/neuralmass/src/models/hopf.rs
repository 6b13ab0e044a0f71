//! **hopf**: the normal form of a Hopf bifurcation (Stuart-Landau oscillator).
//!
//! ```text
//! x' = (a - x^2 - y^2) x - w y + K_gl c + x_ou + x_ext        c = sum_j C_ij (x_j(t - d_ij) - x_i)   (diffusive)
//! y' = (a - x^2 - y^2) y + w x + y_ou + y_ext                 c = sum_j C_ij x_j(t - d_ij)           (additive)
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | a | 0.25 | 1/ms | bifurcation parameter: below 0 a fixed point, above a limit cycle of radius sqrt(a) | any |
//! | w | 0.2 | 1/ms | angular frequency; 0.2 is 32 Hz | any |
//! | K_gl | 0.6 | 1/ms | global coupling | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, 1/ms^3/2 | noise | > 0, >= 0 |
//! | x_ou_mean, y_ou_mean | 0, 0 | 1/ms | means of the noise | any |
//!
//! Reference: Deco et al. 2017, Sci. Rep. 7:3095, doi:10.1038/s41598-017-03073-5, eqs. 3 and 4.

use lapicque_units::Range;

use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model; `diffusive` chooses the form of the coupling.
#[derive(Debug, Clone, Copy)]
pub struct Hopf {
    /// Differences instead of sums.
    pub diffusive: bool,
}

impl Model for Hopf {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let state = |name| StateSpec { name, unit: "1", initial: [-0.5, 0.5] };
        let input = |name, meaning| InputSpec { name, unit: "1/ms", default: 0.0, meaning };
        let output = |name, meaning| OutputSpec { name, unit: "1", meaning };
        Description {
            name: "hopf",
            time_step_ms: 0.1,
            parameters: vec![
                parameter("a", "1/ms", 0.25, Range::Any, "bifurcation parameter"),
                parameter("w", "1/ms", 0.2, Range::Any, "angular frequency"),
                parameter("K_gl", "1/ms", 0.6, Range::Any, "global coupling"),
                parameter("tau_ou", "ms", 5.0, Range::Positive, "time constant of the noise"),
                parameter("sigma_ou", "1/ms^3/2", 0.0, Range::NonNegative, "amplitude of the noise"),
                parameter("x_ou_mean", "1/ms", 0.0, Range::Any, "mean of the noise on x"),
                parameter("y_ou_mean", "1/ms", 0.0, Range::Any, "mean of the noise on y"),
            ],
            derived: 3,
            states: vec![state("x"), state("y")],
            algebraic: Vec::new(),
            sources: 1,
            couplings: vec![Coupling { source: 0, weight: Weight::Linear }],
            delayed: Vec::new(),
            inputs: vec![input("x_ext", "drive of x"), input("y_ext", "drive of y")],
            noise: vec![5, 6],
            white_noise: Vec::new(),
            outputs: vec![output("x", "real part"), output("y", "imaginary part")],
            bold: (0, 4.0, 1.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        derived.copy_from_slice(&parameters[..3]);
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
        let [a, w, k_gl] = [derived[0], derived[1], derived[2]];
        let [x, y] = [states[0], states[1]];
        let sum = arriving.coupling[0];
        let coupling = if self.diffusive { sum - arriving.weight_sum * x } else { sum };
        let radial = a - x * x - y * y;
        rates_of_change[0] = radial * x - w * y + k_gl * coupling + arriving.noise[0] + arriving.inputs[0];
        rates_of_change[1] = radial * y + w * x + arriving.noise[1] + arriving.inputs[1];
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
