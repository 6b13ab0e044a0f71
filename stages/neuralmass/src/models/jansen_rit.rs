//! **jansen_rit**: a cortical column of pyramidal cells with excitatory and inhibitory interneurons.
//!
//! ```text
//! y0'' = A a S(y1 - y2) - 2 a y0' - a^2 y0
//! y1'' = A a (p + p_ou + K_gl c + C2 S(C1 y0)) - 2 a y1' - a^2 y1      c = sum_j C_ij S((y1 - y2)_j(t - d_ij))
//! y2'' = B b C4 S(C3 y0) - 2 b y2' - b^2 y2                           S(v) = 2 e0/(1 + exp(r (v0 - v)))
//! ```
//!
//! The states are y0, y1, y2 (mV) and their derivatives y3, y4, y5 (mV/ms).
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | A, B | 3.25, 22 | mV | size of excitatory and inhibitory potentials | >= 0 |
//! | a, b | 100, 50 | 1/s | rate constants of excitation and inhibition | > 0 |
//! | C | 135 | 1 | number of synapses | >= 0 |
//! | C1, C2, C3, C4 | 1, 0.8, 0.25, 0.25 | C | to and from excitatory, to and from inhibitory cells | >= 0 |
//! | e0 | 2.5 | 1/s | half of the greatest rate | >= 0 |
//! | r | 0.56 | 1/mV | slope of the sigmoid | any |
//! | v0 | 6 | mV | its half point | any |
//! | K_gl | 10 | 1 | global coupling, of rates in 1/s (of no publication) | any |
//! | tau_ou, sigma_ou | 5, 0 | ms, ms^-1/2 s^-1 | noise on the input | > 0, >= 0 |
//! | p_ou_mean | 0 | 1/s | its mean | any |
//!
//! The input `p` is 220 /s where none is given, the middle of the 120 to 320 /s of the publication: alpha rhythm.
//! The output is y1 - y2, the potential of pyramidal cells that the EEG follows; their rate S(y1 - y2) in Hz, at most
//! 2 e0, drives the BOLD signal.
//!
//! Reference: Jansen & Rit 1995, Biol. Cybern. 73:357, doi:10.1007/BF00199471, eq. 6; defaults as there.

use lapicque_units::Range;

use crate::real::first;
use crate::{Arriving, Coupling, Description, InputSpec, Model, OutputSpec, ParameterSpec, Real, StateSpec, Weight};

/// The model.
#[derive(Debug, Clone, Copy, Default)]
pub struct JansenRit;

const MS_IN_S: f64 = 1e3;

impl Model for JansenRit {
    fn description(&self) -> Description {
        let parameter = |name, unit, default, range, meaning| ParameterSpec { name, unit, default, range, meaning };
        let size = |name, unit, default, meaning| parameter(name, unit, default, Range::NonNegative, meaning);
        let state = |name, unit, greatest| StateSpec { name, unit, initial: [0.0, greatest] };
        Description {
            name: "jansen_rit",
            time_step_ms: 0.1,
            parameters: vec![
                size("A", "mV", 3.25, "size of excitatory potentials"),
                size("B", "mV", 22.0, "size of inhibitory potentials"),
                parameter("a", "1/s", 100.0, Range::Positive, "rate constant of excitation"),
                parameter("b", "1/s", 50.0, Range::Positive, "rate constant of inhibition"),
                size("C", "1", 135.0, "number of synapses"),
                size("C1", "1", 1.0, "synapses from pyramidal to excitatory cells, in units of C"),
                size("C2", "1", 0.8, "synapses from excitatory to pyramidal cells, in units of C"),
                size("C3", "1", 0.25, "synapses from pyramidal to inhibitory cells, in units of C"),
                size("C4", "1", 0.25, "synapses from inhibitory to pyramidal cells, in units of C"),
                size("e0", "1/s", 2.5, "half of the greatest rate"),
                parameter("r", "1/mV", 0.56, Range::Any, "slope of the sigmoid"),
                parameter("v0", "mV", 6.0, Range::Any, "potential of half the greatest rate"),
                parameter("K_gl", "1", 10.0, Range::Any, "global coupling"),
                parameter("tau_ou", "ms", 5.0, Range::Positive, "time constant of the noise"),
                parameter("sigma_ou", "1", 0.0, Range::NonNegative, "amplitude of the noise"),
                parameter("p_ou_mean", "1/s", 0.0, Range::Any, "mean of the noise on the input"),
            ],
            derived: 14,
            states: vec![
                state("y0", "mV", 0.2),
                state("y1", "mV", 20.0),
                state("y2", "mV", 20.0),
                state("y3", "mV/ms", 0.0),
                state("y4", "mV/ms", 0.0),
                state("y5", "mV/ms", 0.0),
            ],
            algebraic: Vec::new(),
            sources: 1,
            couplings: vec![Coupling { source: 0, weight: Weight::Linear }],
            delayed: Vec::new(),
            inputs: vec![InputSpec { name: "p", unit: "1/s", default: 220.0, meaning: "pulses from elsewhere" }],
            noise: vec![15],
            white_noise: Vec::new(),
            outputs: vec![
                OutputSpec { name: "v", unit: "mV", meaning: "potential of pyramidal cells, y1 - y2" },
                OutputSpec { name: "rate", unit: "Hz", meaning: "rate of pyramidal cells" },
            ],
            bold: (1, 1.0, 0.0),
        }
    }

    fn derive(&self, parameters: &[f64], derived: &mut [f64]) {
        let [size_e, size_i, a, b, c, c1, c2, c3, c4, e0, r, v0, k_gl]: [f64; 13] =
            std::array::from_fn(|i| parameters[i]);
        let [a, b] = [a / MS_IN_S, b / MS_IN_S];
        derived.copy_from_slice(&[
            2.0 * e0 / MS_IN_S,
            r,
            v0,
            size_e * a,
            2.0 * a,
            a * a,
            size_i * b * c4 * c,
            2.0 * b,
            b * b,
            c1 * c,
            c2 * c,
            c3 * c,
            k_gl,
            1.0 / MS_IN_S,
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
        let &[_, _, _, gain_e, twice_a, a_squared, gain_i, twice_b, b_squared, c1, c2, c3, k_gl, per_ms] =
            first::<14, R>(derived);
        let &[y0, y1, y2, y3, y4, y5] = first::<6, R>(states);
        let pulses = (arriving.inputs[0] + arriving.noise[0]) * per_ms + k_gl * arriving.coupling[0];
        rates_of_change[0] = y3;
        rates_of_change[1] = y4;
        rates_of_change[2] = y5;
        rates_of_change[3] = gain_e * sigmoid(derived, y1 - y2) - twice_a * y3 - a_squared * y0;
        rates_of_change[4] = gain_e * (pulses + c2 * sigmoid(derived, c1 * y0)) - twice_a * y4 - a_squared * y1;
        rates_of_change[5] = gain_i * sigmoid(derived, c3 * y0) - twice_b * y5 - b_squared * y2;
    }

    #[inline(always)]
    fn outputs<R: Real>(&self, derived: &[R], states: &[R], _algebraic: &[R], outputs: &mut [R]) {
        let v = states[1] - states[2];
        outputs[0] = v;
        outputs[1] = sigmoid(derived, v) * MS_IN_S;
    }

    #[inline(always)]
    fn sources<R: Real>(&self, derived: &[R], states: &[R], _algebraic: &[R], sources: &mut [R]) {
        sources[0] = sigmoid(derived, states[1] - states[2]);
    }
}

/// Rate in 1/ms at a potential in mV.
#[inline(always)]
fn sigmoid<R: Real>(derived: &[R], v: R) -> R {
    derived[0] / ((derived[1] * (derived[2] - v)).exp() + 1.0)
}
