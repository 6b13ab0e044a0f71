//! Distributions of weights, delays and heterogeneous parameters.
//!
//! A draw that falls outside the bounds is drawn again, never clipped: the density is that of the shape, cut and
//! normalised. `mean` and `sd` are those of the variable *before* truncation, as in NEST's `redraw`.
//! Lognormal: `ln x` is normal with σ² = ln(1 + sd²/mean²) and μ = ln|mean| - σ²/2.

use lapicque_units::write_number;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::Range;

/// A value, or a distribution of values over neurons or synapses; numbers are in the canonical unit of what it describes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// What is drawn from.
    pub shape: Shape,
    /// Values outside are drawn again (never clipped).
    pub bounds: Bounds,
}

/// The shape of a distribution, before its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One value.
    Constant {
        /// That value.
        value: f64,
    },
    /// A normal distribution.
    Normal {
        /// Before the bounds.
        mean: f64,
        /// Before the bounds; >= 0.
        sd: Spread,
    },
    /// `mean` and `sd` are those of the variable itself, not of its logarithm.
    /// With a negative mean (inhibitory weights), `-x` is lognormal.
    Lognormal {
        /// Before the bounds.
        mean: f64,
        /// Before the bounds; >= 0.
        sd: Spread,
    },
    /// Equally likely everywhere between two values.
    Uniform {
        /// The least value.
        low: f64,
        /// The greatest value.
        high: f64,
    },
}

/// A standard deviation, absolute or as a fraction of |mean|, so that it follows a sweep of the mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// In the unit of the mean.
    Absolute(f64),
    /// A fraction of |mean|.
    Relative(f64),
}

/// Which draws are taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// All.
    None,
    /// The sign of the mean; zero is drawn again too.
    KeepSign,
    /// `min <= value <= max`; either may be infinite.
    Between {
        /// The least value that is taken.
        #[serde(serialize_with = "finite", deserialize_with = "min_or_none")]
        min: f64,
        /// The greatest value that is taken.
        #[serde(serialize_with = "finite", deserialize_with = "max_or_none")]
        max: f64,
    },
}

// JSON has no infinity: an open end is written as null.
fn finite<S: Serializer>(bound: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    bound.is_finite().then_some(*bound).serialize(serializer)
}

fn min_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NEG_INFINITY))
}

fn max_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

/// Why a distribution cannot be drawn from, or can give values that its parameter must not have.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum InvalidDistribution {
    #[error("{part} {} is not allowed; it must be {allowed}", write_number(*.value))]
    OutOfRange { part: &'static str, value: f64, allowed: Range },
    #[error("`{low_name}` {} is above `{high_name}` {}", write_number(*.low), write_number(*.high))]
    Reversed { low_name: &'static str, low: f64, high_name: &'static str, high: f64 },
    #[error("a mean of 0 has no sign to keep")]
    KeepSignOfZero,
    #[error("a lognormal distribution cannot have the mean 0")]
    LognormalOfZero,
    #[error("values must be {allowed}, but can be drawn outside; bound the distribution with `min` or `keep_sign`")]
    Unbounded { allowed: Range },
    #[error("the bounds accept {} of the draws, at least {} is needed", write_number(*.accepted), write_number(LEAST_ACCEPTED))]
    TooFewAccepted { accepted: f64 },
}

/// Below this share of accepted draws, redrawing takes (nearly) forever.
const LEAST_ACCEPTED: f64 = 1e-3;

impl Distribution {
    /// One value for all.
    pub fn constant(value: f64) -> Self {
        Self { shape: Shape::Constant { value }, bounds: Bounds::None }
    }

    /// The mean before truncation.
    pub fn mean(&self) -> f64 {
        match self.shape {
            Shape::Constant { value } => value,
            Shape::Normal { mean, .. } | Shape::Lognormal { mean, .. } => mean,
            Shape::Uniform { low, high } => 0.5 * (low + high),
        }
    }

    /// The standard deviation before truncation.
    pub fn sd(&self) -> f64 {
        match self.shape {
            Shape::Constant { .. } => 0.0,
            Shape::Normal { mean, sd } | Shape::Lognormal { mean, sd } => match sd {
                Spread::Absolute(sd) => sd,
                Spread::Relative(fraction) => fraction * mean.abs(),
            },
            Shape::Uniform { low, high } => (high - low) / 12f64.sqrt(),
        }
    }

    /// `(min, max)` between which a draw is accepted.
    pub fn limits(&self) -> (f64, f64) {
        match self.bounds {
            Bounds::None => (f64::NEG_INFINITY, f64::INFINITY),
            Bounds::KeepSign if self.mean() < 0.0 => (f64::NEG_INFINITY, -f64::MIN_POSITIVE),
            Bounds::KeepSign => (f64::MIN_POSITIVE, f64::INFINITY),
            Bounds::Between { min, max } => (min, max),
        }
    }

    /// The share of draws within the limits (to about 1e-7).
    pub fn accepted_share(&self) -> f64 {
        let (min, max) = self.limits();
        self.cumulative(max, true) - self.cumulative(min, false)
    }

    /// Whether it can be drawn from and gives only values in `range`.
    pub fn check(&self, range: Range) -> Result<(), InvalidDistribution> {
        let within = |part, value, allowed: Range| match allowed.contains(value) {
            true => Ok(()),
            false => Err(InvalidDistribution::OutOfRange { part, value, allowed }),
        };
        match self.shape {
            Shape::Constant { value } => within("the value", value, range)?,
            Shape::Normal { mean, sd } | Shape::Lognormal { mean, sd } => {
                within("the mean", mean, range)?;
                let (Spread::Absolute(spread) | Spread::Relative(spread)) = sd;
                within("the standard deviation", spread, Range::NonNegative)?;
                if mean == 0.0 && matches!(self.shape, Shape::Lognormal { .. }) {
                    return Err(InvalidDistribution::LognormalOfZero);
                }
            }
            Shape::Uniform { low, high } => {
                within("`low`", low, range)?;
                within("`high`", high, range)?;
                ordered("low", low, "high", high)?;
            }
        }
        match self.bounds {
            Bounds::None => {}
            Bounds::KeepSign if self.mean() == 0.0 => {
                return Err(InvalidDistribution::KeepSignOfZero);
            }
            Bounds::KeepSign => {}
            Bounds::Between { min, max } => {
                if min != f64::NEG_INFINITY {
                    within("`min`", min, Range::Any)?;
                }
                if max != f64::INFINITY {
                    within("`max`", max, Range::Any)?;
                }
                ordered("min", min, "max", max)?;
            }
        }
        let (low, high) = self.support();
        let outside = match range {
            Range::Any | Range::Whole { .. } => false,
            Range::Positive => low <= 0.0,
            Range::NonNegative => low < 0.0,
            Range::Fraction => low < 0.0 || high > 1.0,
        };
        if outside {
            return Err(InvalidDistribution::Unbounded { allowed: range });
        }
        let accepted = self.accepted_share();
        if accepted < LEAST_ACCEPTED {
            return Err(InvalidDistribution::TooFewAccepted { accepted: accepted.max(0.0) });
        }
        Ok(())
    }

    /// The least and the greatest value that can come out.
    fn support(&self) -> (f64, f64) {
        let (min, max) = self.limits();
        let (low, high) = match self.shape {
            _ if self.sd() == 0.0 => (self.mean(), self.mean()),
            Shape::Constant { value } => (value, value),
            Shape::Normal { .. } => (f64::NEG_INFINITY, f64::INFINITY),
            Shape::Lognormal { mean, .. } if mean < 0.0 => (f64::NEG_INFINITY, -f64::MIN_POSITIVE),
            Shape::Lognormal { .. } => (f64::MIN_POSITIVE, f64::INFINITY),
            Shape::Uniform { low, high } => (low, high),
        };
        (low.max(min), high.min(max))
    }

    /// P(x <= at), or P(x < at) unless `inclusive`, before truncation.
    fn cumulative(&self, at: f64, inclusive: bool) -> f64 {
        let (mean, sd) = (self.mean(), self.sd());
        if sd == 0.0 {
            return f64::from(u8::from(mean < at || inclusive && mean == at));
        }
        match self.shape {
            Shape::Constant { .. } | Shape::Normal { .. } => normal_cdf((at - mean) / sd),
            Shape::Uniform { low, high } => ((at - low) / (high - low)).clamp(0.0, 1.0),
            Shape::Lognormal { .. } => {
                let variance = (sd / mean).powi(2).ln_1p();
                let z = |x: f64| (x.ln() - mean.abs().ln() + 0.5 * variance) / variance.sqrt();
                match (mean < 0.0, at < 0.0) {
                    (false, true) => 0.0,
                    (false, false) => normal_cdf(z(at)),
                    (true, true) => 1.0 - normal_cdf(z(-at)),
                    (true, false) => 1.0,
                }
            }
        }
    }
}

fn ordered(low_name: &'static str, low: f64, high_name: &'static str, high: f64) -> Result<(), InvalidDistribution> {
    if low > high {
        return Err(InvalidDistribution::Reversed { low_name, low, high_name, high });
    }
    Ok(())
}

/// Abramowitz & Stegun (1964), eq. 7.1.26; absolute error below 1.5e-7.
fn normal_cdf(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let series =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let upper = 0.5 * series * (-x * x).exp();
    if z < 0.0 { upper } else { 1.0 - upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(mean: f64, sd: Spread, bounds: Bounds) -> Distribution {
        Distribution { shape: Shape::Normal { mean, sd }, bounds }
    }

    #[test]
    fn cumulative_of_the_normal() {
        for (z, expected) in [(0.0, 0.5), (1.0, 0.841_344_746), (-1.96, 0.024_997_895), (-5.0, 2.866_5e-7)] {
            assert!((normal_cdf(z) - expected).abs() < 2e-7, "{z}");
        }
        assert_eq!(normal_cdf(f64::INFINITY), 1.0);
        assert_eq!(normal_cdf(f64::NEG_INFINITY), 0.0);
    }

    #[test]
    fn relative_spread_follows_the_mean() {
        assert_eq!(normal(-20.0, Spread::Relative(0.1), Bounds::None).sd(), 2.0);
        assert_eq!(normal(-40.0, Spread::Relative(0.1), Bounds::None).sd(), 4.0);
        assert_eq!(normal(-40.0, Spread::Absolute(0.1), Bounds::None).sd(), 0.1);
    }

    #[test]
    fn share_of_accepted_draws() {
        let half = normal(2.0, Spread::Absolute(1.0), Bounds::Between { min: 2.0, max: f64::INFINITY });
        assert!((half.accepted_share() - 0.5).abs() < 1e-6);
        let shape = Shape::Lognormal { mean: 1.0, sd: Spread::Absolute(1.0) };
        // The median of a lognormal with mean 1 and sd 1 is 1/sqrt(2).
        let bounds = Bounds::Between { min: f64::NEG_INFINITY, max: 0.5f64.sqrt() };
        assert!((Distribution { shape, bounds }.accepted_share() - 0.5).abs() < 1e-6);
        let shape = Shape::Lognormal { mean: -1.0, sd: Spread::Absolute(1.0) };
        let bounds = Bounds::Between { min: -(0.5f64.sqrt()), max: 0.0 };
        assert!((Distribution { shape, bounds }.accepted_share() - 0.5).abs() < 1e-6);
        let shape = Shape::Uniform { low: 0.0, high: 4.0 };
        let bounds = Bounds::Between { min: 3.0, max: 9.0 };
        assert_eq!(Distribution { shape, bounds }.accepted_share(), 0.25);
    }

    #[test]
    fn an_endless_redraw_is_refused() {
        let never = normal(0.0, Spread::Absolute(1.0), Bounds::Between { min: 8.0, max: 9.0 });
        assert!(matches!(never.check(Range::Any), Err(InvalidDistribution::TooFewAccepted { .. })));
        let point = normal(1.0, Spread::Absolute(0.0), Bounds::Between { min: 2.0, max: 3.0 });
        assert!(matches!(point.check(Range::Any), Err(InvalidDistribution::TooFewAccepted { .. })));
        let on_the_bound = normal(2.0, Spread::Absolute(0.0), Bounds::Between { min: 2.0, max: 2.0 });
        assert_eq!(on_the_bound.check(Range::Any), Ok(()));
    }

    #[test]
    fn values_outside_the_range_are_refused() {
        let unbounded = normal(10.0, Spread::Relative(0.1), Bounds::None);
        assert_eq!(unbounded.check(Range::Any), Ok(()));
        assert_eq!(unbounded.check(Range::Positive), Err(InvalidDistribution::Unbounded { allowed: Range::Positive }));
        assert_eq!(normal(10.0, Spread::Relative(0.1), Bounds::KeepSign).check(Range::Positive), Ok(()));
        assert_eq!(normal(10.0, Spread::Relative(0.0), Bounds::None).check(Range::Positive), Ok(()));
        for value in [f64::NAN, f64::INFINITY] {
            assert!(Distribution::constant(value).check(Range::Any).is_err());
            assert!(normal(value, Spread::Absolute(1.0), Bounds::None).check(Range::Any).is_err());
            assert!(normal(1.0, Spread::Absolute(value), Bounds::None).check(Range::Any).is_err());
        }
        assert!(normal(1.0, Spread::Absolute(-1.0), Bounds::None).check(Range::Any).is_err());
        assert!(normal(0.0, Spread::Absolute(1.0), Bounds::KeepSign).check(Range::Any).is_err());
        let nan = normal(0.0, Spread::Absolute(1.0), Bounds::Between { min: f64::NAN, max: 1.0 });
        assert!(nan.check(Range::Any).is_err());
        let reversed = Distribution { shape: Shape::Uniform { low: 2.0, high: 1.0 }, bounds: Bounds::None };
        assert!(matches!(reversed.check(Range::Any), Err(InvalidDistribution::Reversed { .. })));
    }
}
