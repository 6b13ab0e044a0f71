//! Values that may be distributions: `3 mV`, `{normal: {mean: 3 mV, sd: 10 %, min: 0 mV}}`.

use lapicque_units::{Dimension, Quantity};

use super::node::{Node, Value};
use super::problem::ProblemKind;
use super::reader::{Reader, Section};
use crate::path::with_unit;
use crate::{Bounds, Distribution, Range, Shape, Spread};

pub(super) const SHAPES: &[&str] = &["normal", "lognormal", "uniform"];
pub(super) const NORMAL_KEYS: &[&str] = &["mean", "sd", "min", "max", "keep_sign"];
pub(super) const UNIFORM_KEYS: &[&str] = &["low", "high", "min", "max", "keep_sign"];

impl<'t> Reader<'t> {
    /// A value or a distribution of values in `unit` and `range`.
    pub(super) fn distribution(
        &mut self,
        node: &'t Node,
        path: &str,
        unit: &'static str,
        range: Range,
    ) -> Option<Distribution> {
        if !matches!(node.value, Value::Map(_)) {
            return self.value(node, path, unit, range).map(Distribution::constant);
        }
        // The mean, not this mapping, is what the path means; it is noted again below.
        self.places.remove(path);
        let (kind, inner) = self.variant(node, path, SHAPES)?;
        let (shape, section) = if kind == "uniform" {
            let section = self.record(inner, path, UNIFORM_KEYS)?;
            let low = self.required_value(section, "low", path, unit, range);
            let high = self.required_value(section, "high", path, unit, range);
            (low.zip(high).map(|(low, high)| Shape::Uniform { low, high }), section)
        } else {
            let section = self.record(inner, path, NORMAL_KEYS)?;
            let mean = self.required_mean(section, path, unit).and_then(|node| self.value(node, path, unit, range));
            let sd = self.spread(section, path, unit);
            let shape = mean.zip(sd).map(|(mean, sd)| match kind {
                "normal" => Shape::Normal { mean, sd },
                _ => Shape::Lognormal { mean, sd },
            });
            (shape, section)
        };
        let bounds = self.bounds(section, path, unit);
        let distribution = Distribution { shape: shape?, bounds: bounds? };
        if let Err(invalid) = distribution.check(range) {
            self.problem(node.at, path, ProblemKind::Distribution(invalid));
            return None;
        }
        Some(distribution)
    }

    fn required_mean(&mut self, section: Section<'t>, path: &str, unit: &'static str) -> Option<&'t Node> {
        let node = self.field(section, "mean", path);
        if node.is_none() {
            self.missing(section, path, "mean", &format!("mean: {}", with_unit(1.0, unit)));
        }
        node
    }

    /// Absolute, or relative to |mean| where it is written as a plain fraction with `%`.
    fn spread(&mut self, section: Section<'t>, path: &str, unit: &'static str) -> Option<Spread> {
        let path = format!("{path}.sd");
        let node = self.required(section, "sd", &path, "sd: 10 %")?;
        if let Value::Text(text) = &node.value
            && let Ok(quantity) = text.parse::<Quantity>()
            && quantity.dimension() == Dimension::NONE
        {
            return self.value(node, &path, "1", Range::NonNegative).map(Spread::Relative);
        }
        self.value(node, &path, unit, Range::NonNegative).map(Spread::Absolute)
    }

    fn bounds(&mut self, section: Section<'t>, path: &str, unit: &'static str) -> Option<Bounds> {
        let keeps_sign = match section.get("keep_sign") {
            Some(_) => self.switch(section, "keep_sign", path)?,
            None => false,
        };
        let mut limit = |key: &'static str, open: f64| {
            let path = format!("{path}.{key}");
            match self.field(section, key, &path) {
                Some(node) => self.value(node, &path, unit, Range::Any).map(|value| (value, true)),
                None => Some((open, false)),
            }
        };
        let (min, max) = (limit("min", f64::NEG_INFINITY), limit("max", f64::INFINITY));
        let ((min, has_min), (max, has_max)) = (min?, max?);
        match (keeps_sign, has_min || has_max) {
            (false, false) => Some(Bounds::None),
            (false, true) => Some(Bounds::Between { min, max }),
            (true, false) => Some(Bounds::KeepSign),
            (true, true) => {
                let kind = ProblemKind::NotWith { key: "keep_sign", with: "`min` or `max`" };
                self.problem(section.at, path, kind);
                None
            }
        }
    }
}
