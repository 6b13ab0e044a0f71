//! The stationary density of membrane potentials by threshold integration.
//!
//! ```text
//! dV = (mu + (E_L - V + Psi(V)) / taum) dt + sigma dW,   Psi = DeltaT exp((V - V_T) / DeltaT)  (0 where DeltaT = 0)
//! F_k = 2 / sigma^2 ((V_k - E_L - Psi_k) / taum - mu)    A_k = exp(dV F_k)    B_k = 2 / sigma^2 (A_k - 1) / F_k
//! from V_s down:   p_{k-1} = A_k p_k + B_k (above the reset)     p_{k-1} = A_k p_k (at and below it)
//! r_0 = 1 / (dV sum p)      r = r_0 / (1 + r_0 T_ref)
//! ```
//!
//! Reference: Richardson 2007, Phys. Rev. E 76:021919, doi:10.1103/PhysRevE.76.021919, section III.

use super::membrane::{GeneratorError, Membrane};

/// Below the reset the integration ends where the density has fallen to this part of its maximum.
const NEGLIGIBLE: f64 = 1e-20;
/// What the density at the lowest potential may be of its maximum.
const AT_THE_END: f64 = 1e-6;
/// The greatest sum of densities with flux 1: beyond, numbers run out.
const MOST: f64 = 1e280;

/// What holds on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steady {
    /// Rate in kHz.
    pub(super) rate_khz: f64,
    /// Mean potential in mV of a neuron that is not refractory.
    pub(super) potential_mv: f64,
}

/// Densities with what they were made of, per potential from `first` on; below they are 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Density {
    pub(super) first: usize,
    pub(super) growth: Vec<f64>,
    pub(super) gain: Vec<f64>,
    /// Per mV; sums to the part of time that a neuron is not refractory.
    pub(super) p: Vec<f64>,
}

/// Rate and mean potential; `density` has the rest afterwards.
pub(super) fn steady(
    membrane: &Membrane,
    mu: f64,
    sigma: f64,
    density: &mut Density,
) -> Result<Steady, GeneratorError> {
    let count = membrane.potentials.len();
    let (dv, reset) = (membrane.step_mv, membrane.reset);
    let scale = 2.0 / (sigma * sigma);
    for values in [&mut density.growth, &mut density.gain, &mut density.p] {
        values.clear();
        values.resize(count, 0.0);
    }
    let Density { first, growth, gain, p } = density;
    *first = 0;
    let mut greatest = 0.0_f64;
    let [mut sum, mut moment] = [0.0; 2];
    for k in (1..count).rev() {
        let slope = scale * (membrane.leaks[k] - mu);
        let exponent = dv * slope;
        if exponent > 50.0 {
            return Err(GeneratorError::TooCoarse { mu, sigma, factor: libm::exp(exponent) });
        }
        growth[k] = libm::exp(exponent);
        // (A - 1) / F loses its digits where F is near 0.
        gain[k] = if exponent.abs() < 1e-4 {
            scale * dv * (1.0 + exponent / 2.0 + exponent * exponent / 6.0)
        } else {
            scale * (growth[k] - 1.0) / slope
        };
        let injected = if k > reset { gain[k] } else { 0.0 };
        let next = p[k] * growth[k] + injected;
        p[k - 1] = next;
        sum += next;
        moment += next * membrane.potentials[k - 1];
        greatest = greatest.max(next);
        if k <= reset && next < NEGLIGIBLE * greatest && growth[k] < 1.0 {
            *first = k - 1;
            break;
        }
    }
    let area = dv * sum;
    if !(area > 0.0 && area < MOST) {
        return Err(GeneratorError::Silent { mu, sigma });
    }
    let part = p[*first] / greatest;
    if part > AT_THE_END {
        return Err(GeneratorError::TooNarrow { mu, sigma, lowest: membrane.potentials[0], part });
    }
    let unrefractory = 1.0 / area;
    let rate_khz = unrefractory / (1.0 + unrefractory * membrane.neuron.refractory_ms);
    for p in &mut p[*first..] {
        *p *= rate_khz;
    }
    Ok(Steady { rate_khz, potential_mv: moment / sum })
}
