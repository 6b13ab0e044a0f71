//! Drawing from the distributions of a network description.
//!
//! Values outside the bounds are drawn again. A lognormal variable of mean m and standard deviation
//! s is
//! `sign(m) exp(mu + sigma z)` with `sigma^2 = ln(1 + s^2/m^2)` and `mu = ln|m| - sigma^2/2`.

use lapicque_network::{Distribution, Shape};
use lapicque_numerics::random::Generator;

use crate::SimulationError;

/// A distribution made ready for many draws.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    kind: Kind,
    limits: (f64, f64),
    path: String,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Constant(f64),
    Normal { mean: f64, sd: f64 },
    Lognormal { mu: f64, sigma: f64, sign: f64 },
    Uniform { low: f64, width: f64 },
}

/// Descriptions that are drawn from less often than once in 10^5 tries are refused before; this
/// ends the loop in any case.
const TRIES: u32 = 100_000_000;

impl Sampler {
    pub(crate) fn new(distribution: &Distribution, path: String) -> Self {
        let (mean, sd) = (distribution.mean(), distribution.sd());
        let kind = match distribution.shape {
            Shape::Constant { value } => Kind::Constant(value),
            Shape::Normal { .. } | Shape::Lognormal { .. } if sd == 0.0 => Kind::Constant(mean),
            Shape::Normal { .. } => Kind::Normal { mean, sd },
            Shape::Lognormal { .. } => {
                let variance = libm::log1p((sd / mean).powi(2));
                Kind::Lognormal {
                    mu: libm::log(mean.abs()) - 0.5 * variance,
                    sigma: variance.sqrt(),
                    sign: mean.signum(),
                }
            }
            Shape::Uniform { low, high } => Kind::Uniform { low, width: high - low },
        };
        Self { kind, limits: distribution.limits(), path }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The value of a distribution that has only one.
    pub(crate) fn constant(&self) -> Option<f64> {
        match self.kind {
            Kind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// No draw is below; -inf if there is no such limit.
    pub(crate) fn lowest(&self) -> f64 {
        let lowest = match self.kind {
            Kind::Constant(value) => value,
            Kind::Uniform { low, .. } => low,
            Kind::Lognormal { sign, .. } if sign > 0.0 => 0.0,
            Kind::Normal { .. } | Kind::Lognormal { .. } => f64::NEG_INFINITY,
        };
        lowest.max(self.limits.0)
    }

    /// The ends of eight standard deviations about the mean of a normal variable, within its
    /// limits: one draw in 10^15 is beyond.
    pub(crate) fn normal_range(&self) -> Option<(f64, f64, f64)> {
        match self.kind {
            Kind::Normal { mean, sd } => {
                Some(((mean - 8.0 * sd).max(self.limits.0), (mean + 8.0 * sd).min(self.limits.1), sd))
            }
            _ => None,
        }
    }

    pub(crate) fn draw(&self, generator: &mut Generator) -> Result<f64, SimulationError> {
        let mut value = 0.0;
        self.draw_each(1, generator, |x| value = x)?;
        Ok(value)
    }

    /// Gives `n` draws to `each`.
    #[inline]
    pub(crate) fn draw_each(
        &self,
        n: usize,
        generator: &mut Generator,
        mut each: impl FnMut(f64),
    ) -> Result<(), SimulationError> {
        match self.kind {
            Kind::Constant(value) => {
                (0..n).for_each(|_| each(value));
                Ok(())
            }
            Kind::Normal { mean, sd } => self.accept(n, each, || mean + sd * generator.normal()),
            Kind::Lognormal { mu, sigma, sign } => {
                self.accept(n, each, || sign * libm::exp(mu + sigma * generator.normal()))
            }
            Kind::Uniform { low, width } => self.accept(n, each, || low + width * generator.uniform()),
        }
    }

    #[inline]
    fn accept(
        &self,
        n: usize,
        mut each: impl FnMut(f64),
        mut draw: impl FnMut() -> f64,
    ) -> Result<(), SimulationError> {
        let (low, high) = self.limits;
        for _ in 0..n {
            let mut value = draw();
            let mut tries = 1;
            while !(low <= value && value <= high) {
                if tries == TRIES {
                    return Err(SimulationError::NoDraw { path: self.path.clone(), tries });
                }
                value = draw();
                tries += 1;
            }
            each(value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapicque_network::{Bounds, Spread};
    use lapicque_numerics::random::StreamKey;

    fn draws(shape: Shape, bounds: Bounds) -> Vec<f64> {
        let mut generator = StreamKey::new([1; 16]).stream("draw", 0);
        let mut values = Vec::new();
        Sampler::new(&Distribution { shape, bounds }, "test".into())
            .draw_each(100_000, &mut generator, |x| values.push(x))
            .unwrap();
        values
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn shapes_have_their_moments() {
        let cases = [
            (Shape::Normal { mean: -23.84, sd: Spread::Relative(0.1) }, -23.84, 2.384),
            (Shape::Lognormal { mean: 2.0, sd: Spread::Absolute(1.0) }, 2.0, 1.0),
            (Shape::Lognormal { mean: -2.0, sd: Spread::Relative(0.5) }, -2.0, 1.0),
            (Shape::Uniform { low: -1.0, high: 3.0 }, 1.0, 4.0 / 12f64.sqrt()),
            (Shape::Constant { value: 0.1 }, 0.1, 0.0),
            (Shape::Normal { mean: 0.1, sd: Spread::Absolute(0.0) }, 0.1, 0.0),
        ];
        for (shape, mean, sd) in cases {
            let (m, s) = moments(&draws(shape, Bounds::None));
            assert!((m - mean).abs() <= 4.5 * sd / 316.0 + 1e-12, "{shape:?}: mean {m}");
            assert!((s - sd).abs() <= 0.02 * sd + 1e-12, "{shape:?}: sd {s}");
        }
    }

    #[test]
    fn bounds_are_drawn_again_and_not_clipped() {
        let values = draws(Shape::Normal { mean: 0.5, sd: Spread::Absolute(1.0) }, Bounds::KeepSign);
        assert!(values.iter().all(|&x| x > 0.0));
        // Mean of a normal variable truncated at 0: m + s phi(a)/(1 - Phi(a)), a = -m/s.
        let hazard = libm::exp(-0.125) / (2.0 * std::f64::consts::PI).sqrt() / (0.5 * libm::erfc(-0.5 / 2f64.sqrt()));
        assert!((moments(&values).0 - (0.5 + hazard)).abs() < 0.01);
        let values =
            draws(Shape::Normal { mean: 2.52, sd: Spread::Relative(0.5) }, Bounds::Between { min: 0.3, max: 3.0 });
        assert!(values.iter().all(|x| (0.3..=3.0).contains(x)));
        assert!(!values.contains(&0.3) && !values.contains(&3.0));
    }
}
