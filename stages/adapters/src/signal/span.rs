//! Stretches of a signal in configurations: a number of samples, a time, or a part of another stretch.

use std::fmt;

use lapicque_units::{Fraction, Time};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `256`, `500 ms`, `50 %` or `0.5`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Span {
    Samples(u32),
    Time(Time),
    Part(f64),
}

impl Span {
    /// The whole samples that fit into it; `all` is what a part is of.
    pub(crate) fn samples(self, rate_hz: f64, all: usize) -> usize {
        self.exactly(rate_hz, all).map_or(usize::MAX, |exactly| (exactly + 1e-6).floor() as usize)
    }

    /// What is said of it where it is no whole number of samples.
    pub(crate) fn rounded(self, what: &str, rate_hz: f64) -> Option<String> {
        let Span::Time(time) = self else {
            return None;
        };
        let (exactly, samples) = (self.exactly(rate_hz, 0)?, self.samples(rate_hz, 0));
        ((exactly - samples as f64).abs() > 1e-6).then(|| {
            format!("{what} of {time} is no whole number of samples at {rate_hz} Hz: it has {samples} samples")
        })
    }

    /// Whether it is a length: finite and above 0.
    pub(crate) fn is_length(self) -> bool {
        match self {
            Span::Samples(samples) => samples > 0,
            Span::Time(time) => time.value() > 0.0 && time.value().is_finite(),
            Span::Part(_) => false,
        }
    }

    fn exactly(self, rate_hz: f64, all: usize) -> Option<f64> {
        let samples = match self {
            Span::Samples(samples) => f64::from(samples),
            Span::Time(time) => time.value() * 1e-3 * rate_hz,
            Span::Part(part) => part * all as f64,
        };
        // More than any signal has.
        (samples < 1e15).then_some(samples)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Samples(1) => f.write_str("1 sample"),
            Span::Samples(samples) => write!(f, "{samples} samples"),
            Span::Time(time) => write!(f, "{time}"),
            Span::Part(part) => write!(f, "{} %", 100.0 * part),
        }
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Span::Samples(samples) => serializer.serialize_u32(*samples),
            Span::Time(time) => time.serialize(serializer),
            Span::Part(part) => serializer.serialize_f64(*part),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as `500 ms`, a whole number of samples, or a part such as `50 %`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        if text.trim_end().ends_with('%') {
            return text.parse().map(|part: Fraction| Span::Part(part.value())).map_err(E::custom);
        }
        text.parse().map(Span::Time).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, samples: u64) -> Result<Span, E> {
        u32::try_from(samples).map(Span::Samples).map_err(|_| {
            E::custom(format!("{samples} samples are more than there can be; at most {} are allowed", u32::MAX))
        })
    }

    fn visit_i64<E: Error>(self, samples: i64) -> Result<Span, E> {
        u64::try_from(samples)
            .map_err(|_| E::custom(format!("{samples} is no number of samples; it must be 0 or greater")))
            .and_then(|samples| self.visit_u64(samples))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Span, E> {
        if value > 0.0 && value < 1.0 {
            return Ok(Span::Part(value));
        }
        if value.fract() == 0.0 && value.abs() < 1e15 {
            return self.visit_i64(value as i64);
        }
        Err(E::custom(format!(
            "{value} is neither a whole number of samples nor a part between 0 and 1; a time has a unit, e.g. `500 ms`"
        )))
    }
}
