//! Delays as factors in frequency: D(omega) = E[exp(-i omega d)].
//!
//! | distribution | factor |
//! |---|---|
//! | constant | exp(-i w m) |
//! | Gaussian | exp(-i w m - (s w)^2/2) |
//! | Gaussian within [a, b] | Gaussian x (Q((a-m)/s + i w s) - Q((b-m)/s + i w s)) / (Q((a-m)/s) - Q((b-m)/s)), Q(x) = erfc(x/sqrt 2)/2 |
//! | lognormal, also within [a, b] | an integral, see `lognormal_factor` |
//! | uniform | exp(-i w m) sin(w h)/(w h), h = sqrt(3) s |
//!
//! m and s are mean and standard deviation of the distribution, of the truncated one before it was cut.
//! A standard deviation of 0 is a constant delay in all of them.
//! The Gaussian has negative delays; it is the convention of Bos et al. (2016), and harmless where s is well below m.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use errorfunctions::ComplexErrorFunctions;
use lapicque_numerics::special::quadrature::NODES;
use num_complex::Complex64;

use super::ParameterError;
use super::checks::{not_negative, out_of_range};

/// The delay of the connections of two populations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delay {
    /// Mean over synapses.
    pub mean_s: f64,
    /// Over synapses.
    pub sd_s: f64,
    /// How delays are distributed around the mean.
    pub distribution: DelayDistribution,
}

/// The distribution of delays over the synapses of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DelayDistribution {
    /// All delays are the mean; a standard deviation is not looked at.
    Constant,
    /// Normal, negative delays included.
    Gaussian,
    /// `mean_s` and `sd_s` are those of the Gaussian before it was cut.
    TruncatedGaussian {
        /// No delay is below.
        min_s: f64,
        /// May be infinite.
        max_s: f64,
    },
    /// Its logarithm is normal.
    Lognormal,
    /// `mean_s` and `sd_s` are those of the lognormal distribution before it was cut.
    TruncatedLognormal {
        /// No delay is below.
        min_s: f64,
        /// May be infinite.
        max_s: f64,
    },
    /// Equally likely from `mean_s` - sqrt(3) `sd_s` to `mean_s` + sqrt(3) `sd_s`.
    Uniform,
}

impl Delay {
    /// All delays are `mean_s`.
    pub fn constant(mean_s: f64) -> Self {
        Self { mean_s, sd_s: 0.0, distribution: DelayDistribution::Constant }
    }

    /// Whether all delays are the mean.
    pub fn is_constant(&self) -> bool {
        self.sd_s == 0.0 || self.distribution == DelayDistribution::Constant
    }

    /// E[exp(-i omega d)], omega in 1/s.
    pub fn factor(&self, omega: f64) -> Complex64 {
        let Self { mean_s, sd_s, distribution } = *self;
        let constant = Complex64::cis(-omega * mean_s);
        if self.is_constant() {
            return constant;
        }
        match distribution {
            DelayDistribution::Constant => constant,
            DelayDistribution::Gaussian => constant * (-0.5 * (sd_s * omega).powi(2)).exp(),
            DelayDistribution::TruncatedGaussian { min_s, max_s } => {
                let ends = [(min_s - mean_s) / sd_s, (max_s - mean_s) / sd_s];
                let part = |omega: f64| {
                    let [low, high] = ends.map(|end| above(end, omega * sd_s));
                    low - high
                };
                constant * part(omega) / part(0.0)
            }
            DelayDistribution::Lognormal => lognormal_factor(mean_s, sd_s, [0.0, f64::INFINITY], omega),
            DelayDistribution::TruncatedLognormal { min_s, max_s } => {
                lognormal_factor(mean_s, sd_s, [min_s, max_s], omega)
            }
            DelayDistribution::Uniform => {
                let half = omega * sd_s * 3f64.sqrt();
                if half == 0.0 { constant } else { constant * (half.sin() / half) }
            }
        }
    }

    pub(crate) fn check(&self, name: impl Fn(&str) -> String) -> Result<(), ParameterError> {
        not_negative(self.mean_s, || name("mean_s"))?;
        not_negative(self.sd_s, || name("sd_s"))?;
        if self.is_constant() {
            return Ok(());
        }
        let (min_s, max_s, standard): (f64, f64, [f64; 2]) = match self.distribution {
            DelayDistribution::Lognormal | DelayDistribution::TruncatedLognormal { .. } if self.mean_s == 0.0 => {
                return Err(out_of_range(name("mean_s"), self.mean_s, "above 0 for a lognormal distribution"));
            }
            DelayDistribution::TruncatedGaussian { min_s, max_s } => {
                (min_s, max_s, [min_s, max_s].map(|end| (end - self.mean_s) / self.sd_s))
            }
            DelayDistribution::TruncatedLognormal { min_s, max_s } => {
                (min_s, max_s, [min_s, max_s].map(|end| standard_normal(self.mean_s, self.sd_s, end)))
            }
            _ => return Ok(()),
        };
        if min_s.is_nan() {
            return Err(out_of_range(name("min_s"), min_s, "a number"));
        }
        if max_s.is_nan() || max_s <= min_s {
            return Err(out_of_range(name("max_s"), max_s, "above `min_s`"));
        }
        let [low, high] = standard.map(|end| above(end, 0.0).re);
        match 0.5 * (low - high) < LEAST_SHARE {
            true => Err(out_of_range(name("mean_s"), self.mean_s, "nearer to the bounds, by its standard deviation")),
            false => Ok(()),
        }
    }
}

/// Of a distribution within its bounds; below it their difference has no digits.
const LEAST_SHARE: f64 = 1e-6;

/// exp(-w^2/2) erfc((x + i w)/sqrt 2): twice the part of a Gaussian above x, with frequency.
///
/// exp(-w^2/2) and erfc are never formed by themselves: the first is 0 and the second infinite for large w.
fn above(x: f64, w: f64) -> Complex64 {
    if x.is_infinite() {
        return if x > 0.0 { Complex64::ZERO } else { Complex64::from(2.0 * (-0.5 * w * w).exp()) };
    }
    // erfc(z) = exp(-z^2) faddeeva(i z), z = (x + i w)/sqrt 2.
    let tail = |sign: f64| {
        let iz = Complex64::new(-w, x) * (sign * FRAC_1_SQRT_2);
        Complex64::from_polar((-0.5 * x * x).exp(), -x * w) * iz.w()
    };
    if x >= 0.0 { tail(1.0) } else { 2.0 * (-0.5 * w * w).exp() - tail(-1.0) }
}

/// exp(-x^2/2) is 2e-16 there.
const REACH: f64 = 8.5;
/// Pieces of unit length, and of e-fold decay, that a Gauss-Legendre rule of 16 points covers.
const PIECES: [f64; 2] = [1.0, 0.125];
/// At most on one line; beyond it the factor is about 0.
const MOST_PIECES: f64 = 256.0;

/// E[exp(-i omega d)] of a lognormal d of mean `mean` and standard deviation `sd` before it was cut to `min`..`max`.
///
/// d = e^(m + s z), z standard normal: (2 pi)^-1/2 Int exp(-i omega e^(m + s z) - z^2/2) dz. For omega > 0 the path goes
/// below the real axis, z = u - i e, where the first factor decays instead of oscillating; e = min(1.5, pi/(4 s)). At the
/// bounds it comes down from the real axis. Negative omega is the conjugate.
/// The error is below 1e-12 up to sd = 1.5 mean at omega mean = 30.
fn lognormal_factor(mean: f64, sd: f64, [min, max]: [f64; 2], omega: f64) -> Complex64 {
    if omega == 0.0 {
        return Complex64::ONE;
    }
    let (location, scale) = of_logarithm(mean, sd);
    let standard = |d: f64| standard_normal(mean, sd, d).clamp(-REACH, REACH);
    let (low, high) = (Complex64::from(standard(min)), Complex64::from(standard(max)));
    let below = Complex64::new(0.0, -(PI / (4.0 * scale)).min(1.5));
    let integrand = |z: Complex64, omega: f64| {
        let delay = (location + scale * z).exp();
        (Complex64::new(0.0, -omega) * delay - 0.5 * z * z).exp()
    };
    let leg = |end: Complex64| {
        if end.re.abs() == REACH {
            return Complex64::ZERO;
        }
        // Down from the real axis the integrand falls by this rate.
        let decay = omega.abs() * (location + scale * end.re).exp() * scale;
        straight(end, end + below, decay, |z| integrand(z, omega.abs()))
    };
    let across = straight(low + below, high + below, 0.0, |z| integrand(z, omega.abs()));
    let integral = leg(low) + across - leg(high);
    let factor = integral / straight(low, high, 0.0, |z| integrand(z, 0.0)).re;
    if omega > 0.0 { factor } else { factor.conj() }
}

/// Mean and standard deviation of the logarithm.
fn of_logarithm(mean: f64, sd: f64) -> (f64, f64) {
    let variance = (sd / mean).powi(2).ln_1p();
    (mean.ln() - 0.5 * variance, variance.sqrt())
}

/// z of d = e^(m + s z).
fn standard_normal(mean: f64, sd: f64, d: f64) -> f64 {
    let (location, scale) = of_logarithm(mean, sd);
    (d.max(0.0).ln() - location) / scale
}

/// The integral of f on a straight line, along which it falls by the rate `decay`.
fn straight(from: Complex64, to: Complex64, decay: f64, f: impl Fn(Complex64) -> Complex64) -> Complex64 {
    let pieces = ((to - from).norm() * (PIECES[0] + PIECES[1] * decay)).ceil().clamp(1.0, MOST_PIECES);
    let half = (to - from) / (2.0 * pieces);
    let piece = |index: u32| {
        let middle = from + half * f64::from(2 * index + 1);
        let pair = |&(node, weight): &(f64, f64)| (f(middle - half * node) + f(middle + half * node)) * weight;
        NODES.iter().map(pair).sum::<Complex64>()
    };
    (0..pieces as u32).map(piece).sum::<Complex64>() * half
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Int exp(-i omega d) density(d), normalised, over [low, high] by Simpson's rule.
    fn integrated(density: impl Fn(f64) -> f64, low: f64, high: f64, omega: f64) -> Complex64 {
        let n = 200_000;
        let step = (high - low) / f64::from(n);
        let (mut sum, mut norm) = (Complex64::ZERO, 0.0);
        for i in 0..=n {
            let weight = if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
            let d = low + f64::from(i) * step;
            let weighted = weight * density(d);
            sum += weighted * Complex64::cis(-omega * d);
            norm += weighted;
        }
        sum / norm
    }

    const OMEGAS: [f64; 6] = [0.0, 1.0, 300.0, -700.0, 3000.0, 20_000.0];

    #[test]
    fn truncated_gaussians() {
        let (mean_s, sd_s) = (1.5e-3, 1e-3);
        for (min_s, max_s) in
            [(0.0, f64::INFINITY), (0.3e-3, 2e-3), (1.6e-3, 5e-3), (f64::NEG_INFINITY, 1e-3), (-1.0, 1.0)]
        {
            let delay = Delay { mean_s, sd_s, distribution: DelayDistribution::TruncatedGaussian { min_s, max_s } };
            let density = |d: f64| (-0.5 * ((d - mean_s) / sd_s).powi(2)).exp();
            for omega in OMEGAS {
                let expected = integrated(density, f64::max(min_s, -9e-3), f64::min(max_s, 12e-3), omega);
                let found = delay.factor(omega);
                assert!((found - expected).norm() < 1e-11, "{min_s} {max_s} {omega}: {found} {expected}");
            }
        }
    }

    #[test]
    fn other_distributions() {
        let (mean_s, sd_s) = (1.5e-3, 1e-3);
        let of = |distribution| Delay { mean_s, sd_s, distribution };
        let half = 3f64.sqrt() * sd_s;
        for omega in OMEGAS {
            let uniform = integrated(|_| 1.0, mean_s - half, mean_s + half, omega);
            assert!((of(DelayDistribution::Uniform).factor(omega) - uniform).norm() < 1e-10);
            let gaussian = integrated(|d| (-0.5 * ((d - mean_s) / sd_s).powi(2)).exp(), -9e-3, 12e-3, omega);
            assert!((of(DelayDistribution::Gaussian).factor(omega) - gaussian).norm() < 1e-11);
            assert_eq!(of(DelayDistribution::Constant).factor(omega), Complex64::cis(-omega * mean_s));
        }
    }

    /// Over the logarithm, where the density is Gaussian.
    #[test]
    fn lognormal_delays_from_narrow_to_wide() {
        let mean = 1.5e-3;
        for ratio in [0.01, 0.1, 0.5, 1.0, 1.5] {
            let variance = f64::ln_1p(ratio * ratio);
            let delay = |z: f64| mean * (variance.sqrt() * z - 0.5 * variance).exp();
            for (low, high) in [(-10.0, 10.0), (-1.0, 10.0), (-10.0, 0.5), (-0.3, 0.4), (1.0, 3.0)] {
                let distribution = match (low, high) {
                    (-10.0, 10.0) => DelayDistribution::Lognormal,
                    (-10.0, _) => DelayDistribution::TruncatedLognormal { min_s: -1.0, max_s: delay(high) },
                    (_, 10.0) => DelayDistribution::TruncatedLognormal { min_s: delay(low), max_s: f64::INFINITY },
                    _ => DelayDistribution::TruncatedLognormal { min_s: delay(low), max_s: delay(high) },
                };
                for omega in OMEGAS {
                    let n = 100_000;
                    let step = (high - low) / f64::from(n);
                    let (mut expected, mut norm) = (Complex64::ZERO, 0.0);
                    for i in 0..=n {
                        let z = low + f64::from(i) * step;
                        let simpson = if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
                        let weight = simpson * (-0.5 * z * z).exp();
                        expected += weight * Complex64::cis(-omega * delay(z));
                        norm += weight;
                    }
                    let off = (Delay { mean_s: mean, sd_s: ratio * mean, distribution }.factor(omega)
                        - expected / norm)
                        .norm();
                    assert!(off < 1e-11, "{ratio} {low} {high} {omega}: off by {off:e}");
                }
            }
        }
    }

    #[test]
    fn without_spread_a_delay_is_constant() {
        for distribution in [
            DelayDistribution::Gaussian,
            DelayDistribution::TruncatedGaussian { min_s: 0.0, max_s: f64::INFINITY },
            DelayDistribution::Lognormal,
            DelayDistribution::Uniform,
        ] {
            let delay = Delay { mean_s: 2e-3, sd_s: 0.0, distribution };
            assert_eq!(delay.factor(-500.0), Complex64::cis(1.0));
            let near = Delay { sd_s: 1e-9, ..delay }.factor(-500.0);
            assert!((near - Complex64::cis(1.0)).norm() < 1e-8, "{distribution:?}: {near}");
            assert_eq!(Delay { sd_s: 1e-3, ..delay }.factor(0.0), Complex64::ONE);
        }
    }
}
