//! Mean and standard deviation of distributions as they are drawn: cut at their bounds and normalised.

use lapicque_numerics::special::quadrature::gauss_legendre;

use crate::{Distribution, Shape};

impl Distribution {
    /// Mean and standard deviation of what is drawn: of the density that is cut at the bounds and normalised. The
    /// distribution must be one that can be drawn from ([`Distribution::check`]).
    pub fn drawn_mean_and_sd(&self) -> (f64, f64) {
        mean_and_sd(self)
    }
}

fn mean_and_sd(distribution: &Distribution) -> (f64, f64) {
    let (mean, sd) = (distribution.mean(), distribution.sd());
    let (min, max) = distribution.limits();
    match distribution.shape {
        _ if sd == 0.0 => (mean, 0.0),
        Shape::Constant { value } => (value, 0.0),
        Shape::Uniform { low, high } => {
            let (low, high) = (low.max(min), high.min(max));
            (0.5 * (low + high), (high - low) / 12f64.sqrt())
        }
        Shape::Normal { .. } => {
            if min == f64::NEG_INFINITY && max == f64::INFINITY {
                return (mean, sd);
            }
            of_standard_normal((min - mean) / sd, (max - mean) / sd, |z| mean + sd * z)
        }
        Shape::Lognormal { .. } => {
            // -x is lognormal if the mean is negative.
            let sign = mean.signum();
            let (low, high) = if sign > 0.0 { (min.max(0.0), max) } else { ((-max).max(0.0), -min) };
            if low <= f64::MIN_POSITIVE && high == f64::INFINITY {
                return (mean, sd);
            }
            let variance = (sd / mean).powi(2).ln_1p();
            let (location, scale) = (mean.abs().ln() - 0.5 * variance, variance.sqrt());
            let standard = |x: f64| (x.ln() - location) / scale;
            of_standard_normal(standard(low), standard(high), |z| sign * (location + scale * z).exp())
        }
    }
}

/// A normal density is below 1e-32 of its peak there.
const REACH: f64 = 12.0;
const PANELS: u32 = 24;

/// Mean and standard deviation of f(z), z standard normal within [low, high].
fn of_standard_normal(low: f64, high: f64, f: impl Fn(f64) -> f64) -> (f64, f64) {
    let (low, high) = (low.clamp(-REACH, REACH), high.clamp(-REACH, REACH));
    let width = (high - low) / f64::from(PANELS);
    let integral = |g: &dyn Fn(f64) -> f64| -> f64 {
        let panel = |panel| gauss_legendre(low + f64::from(panel) * width, width, |z| (-0.5 * z * z).exp() * g(z));
        (0..PANELS).map(panel).sum()
    };
    let norm = integral(&|_| 1.0);
    let mean = integral(&|z| f(z)) / norm;
    let variance = integral(&|z| (f(z) - mean).powi(2)) / norm;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bounds, Spread};

    fn close(found: (f64, f64), expected: (f64, f64)) {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * b.abs().max(1e-3);
        assert!(near(found.0, expected.0) && near(found.1, expected.1), "{found:?} {expected:?}");
    }

    fn normal(mean: f64, sd: f64, bounds: Bounds) -> Distribution {
        Distribution { shape: Shape::Normal { mean, sd: Spread::Absolute(sd) }, bounds }
    }

    #[test]
    fn a_half_normal() {
        let half = normal(0.0, 2.0, Bounds::Between { min: 0.0, max: f64::INFINITY });
        let mean = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
        close(mean_and_sd(&half), (mean, (4.0 - mean * mean).sqrt()));
    }

    #[test]
    fn signs_that_are_kept() {
        let wide = normal(1.0, 1.0, Bounds::KeepSign);
        // phi(1)/Phi(1), from tables of the normal distribution.
        let ratio: f64 = 0.241_970_724_519_143_37 / 0.841_344_746_068_542_9;
        let (mean, sd) = (1.0 + ratio, (1.0 - ratio - ratio * ratio).sqrt());
        close(mean_and_sd(&wide), (mean, sd));
        close(mean_and_sd(&normal(-1.0, 1.0, Bounds::KeepSign)), (-mean, sd));
        // Ten standard deviations away, bounds do nothing.
        close(mean_and_sd(&normal(10.0, 1.0, Bounds::KeepSign)), (10.0, 1.0));
    }

    #[test]
    fn lognormal() {
        let of = |mean, bounds| Distribution { shape: Shape::Lognormal { mean, sd: Spread::Relative(0.5) }, bounds };
        close(mean_and_sd(&of(-3.0, Bounds::None)), (-3.0, 1.5));
        close(mean_and_sd(&of(3.0, Bounds::KeepSign)), (3.0, 1.5));
        let (low, low_sd) = mean_and_sd(&of(3.0, Bounds::Between { min: 0.0, max: 3.0 }));
        let (high, high_sd) = mean_and_sd(&of(3.0, Bounds::Between { min: 3.0, max: f64::INFINITY }));
        let share = of(3.0, Bounds::Between { min: 0.0, max: 3.0 }).accepted_share();
        // Both parts make the whole; the share is known to 1e-7.
        assert!((share * low + (1.0 - share) * high - 3.0).abs() < 1e-6);
        let second = share * (low * low + low_sd * low_sd) + (1.0 - share) * (high * high + high_sd * high_sd);
        assert!((second - 11.25).abs() < 1e-5);
        assert_eq!(mean_and_sd(&of(-3.0, Bounds::Between { min: -3.0, max: 0.0 })), (-low, low_sd));
    }

    #[test]
    fn constants_and_uniform_values() {
        assert_eq!(mean_and_sd(&Distribution::constant(4.0)), (4.0, 0.0));
        let shape = Shape::Uniform { low: 0.0, high: 4.0 };
        let cut = Distribution { shape, bounds: Bounds::Between { min: 1.0, max: 9.0 } };
        close(mean_and_sd(&cut), (2.5, 3.0 / 12f64.sqrt()));
        assert_eq!(mean_and_sd(&normal(2.0, 0.0, Bounds::KeepSign)), (2.0, 0.0));
    }
}
