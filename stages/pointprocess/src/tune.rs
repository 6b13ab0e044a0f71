//! Values of parameters at which neurons fire at given rates, and how well a finite run knows them.
//!
//! [`tune`] has one target and one parameter, [`tune_several`] as many targets as parameters.
//!
//! One parameter: the rate must only rise or only fall over the range, which nine runs check; a reversal of more than four
//! standard errors is an error. The root is bracketed and found by the Illinois variant of regula falsi, with halvings
//! where it is slow; where a run runs away, the rate counts as infinite. The interval of 95 % ends where the rate is the
//! target r - 1.96 s and r + 1.96 s, s being the standard error of the rate at the value. Runs of one random stream make
//! neighbouring rates comparable.
//!
//! Reference: M. Dowell, P. Jarratt, A modified regula falsi method for computing the root of an equation, BIT 11 (1971)
//! 168.

mod rate;
mod several;

pub use rate::{Counter, Rate};
pub use several::tune_several;

use crate::error::PointProcessError;
use crate::model::{above_zero, due};

/// What tuning found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// The value of the parameter.
    pub value: f64,
    /// The rate measured there.
    pub rate: Rate,
    /// Ends of the interval of 95 %, ascending; an end of the range where it reaches beyond.
    pub interval: (f64, f64),
}

/// Half the width of an interval of 95 %, in standard errors.
const REACH: f64 = 1.96;
/// Values, ends included, at which the rate is looked at first.
const SCAN: usize = 9;
/// A rate this near to a target, in standard errors, is the target.
const NEAR: f64 = 0.01;
/// A rate further from the target, in standard errors and as a part of the target, is another.
const FAR: (f64, f64) = (4.0, 0.01);
/// A bracket this narrow, as a part of the range, is a value.
const NARROW: f64 = 1e-9;
/// More than enough to halve a range until it is narrow, two steps each.
const STEPS: usize = 80;

/// Measures the rate at a value of the parameter.
type Measure<'a> = &'a mut dyn FnMut(f64) -> Result<Rate, PointProcessError>;

/// Finds the value between `low` and `high` at which `measure` gives the target.
///
/// # Errors
/// A range or a target that cannot be, a rate that rises and falls, a target that the rates at both ends do not enclose or
/// that the rate jumps over, or what `measure` says.
pub fn tune(target_hz: f64, (low, high): (f64, f64), measure: Measure<'_>) -> Result<Tuned, PointProcessError> {
    above_zero("target rate", target_hz)?;
    due("low", low, true, "expected a finite number")?;
    due("high", high, high > low, "expected a finite number above `low`")?;
    let mut search = Search { points: Vec::new(), narrow: NARROW * (high - low), rises: true, measure };
    for k in 0..SCAN {
        let part = k as f64 / (SCAN - 1) as f64;
        search.measure(low + part * (high - low))?;
    }
    search.check_monotone()?;
    let (at_low, at_high) = (search.points[0].1.rate_hz, search.points[SCAN - 1].1.rate_hz);
    search.rises = at_high > at_low;
    if at_low == at_high || !(at_low.min(at_high) <= target_hz && target_hz <= at_low.max(at_high)) {
        return Err(PointProcessError::NotReached { target_hz, low, high, at_low, at_high });
    }
    let value = search.crossing(target_hz)?;
    let rate = search.measure(value)?;
    let allowed = (FAR.0 * rate.standard_error_hz).max(FAR.1 * target_hz);
    if (rate.rate_hz - target_hz).abs() > allowed {
        return Err(PointProcessError::Jump { target_hz, value, found_hz: rate.rate_hz });
    }
    let reach = REACH * rate.standard_error_hz;
    let (a, b) = if reach > 0.0 {
        (search.crossing(target_hz - reach)?, search.crossing(target_hz + reach)?)
    } else {
        (value, value)
    };
    Ok(Tuned { value, rate, interval: (a.min(b).min(value), a.max(b).max(value)) })
}

struct Search<'a> {
    /// Values with their rates, ascending.
    points: Vec<(f64, Rate)>,
    narrow: f64,
    rises: bool,
    measure: Measure<'a>,
}

impl Search<'_> {
    fn measure(&mut self, value: f64) -> Result<Rate, PointProcessError> {
        let place = self.points.partition_point(|point| point.0 < value);
        if let Some(&(known, rate)) = self.points.get(place)
            && known == value
        {
            return Ok(rate);
        }
        let rate = match (self.measure)(value) {
            Err(PointProcessError::RunAway { .. }) => Rate { rate_hz: f64::INFINITY, standard_error_hz: 0.0 },
            other => other?,
        };
        self.points.insert(place, (value, rate));
        Ok(rate)
    }

    /// The direction is that of the ends; the rate may go the other way by chance alone.
    fn check_monotone(&self) -> Result<(), PointProcessError> {
        let rate = |place: usize| self.points[place].1;
        let rises = rate(self.points.len() - 1).rate_hz >= rate(0).rate_hz;
        for first in 0..self.points.len() {
            for second in first + 1..self.points.len() {
                let (one, other) = (rate(first), rate(second));
                let back = if rises { one.rate_hz - other.rate_hz } else { other.rate_hz - one.rate_hz };
                if back > FAR.0 * one.standard_error_hz.hypot(other.standard_error_hz) {
                    return Err(PointProcessError::NotMonotone {
                        value: self.points[first].0,
                        rate_hz: one.rate_hz,
                        other_value: self.points[second].0,
                        other_rate_hz: other.rate_hz,
                    });
                }
            }
        }
        Ok(())
    }

    /// Where the rate crosses a level; an end of the range where it does not.
    fn crossing(&mut self, level_hz: f64) -> Result<f64, PointProcessError> {
        let is_before = |rate: &Rate, rises: bool| (rate.rate_hz < level_hz) == rises;
        let rises = self.rises;
        let first_behind = self.points.iter().position(|point| !is_before(&point.1, rises));
        let (mut from, mut to) = match first_behind {
            None => return Ok(self.points[self.points.len() - 1].0),
            Some(0) => return Ok(self.points[0].0),
            Some(place) => (self.points[place - 1], self.points[place]),
        };
        // Differences from the level, the older of them halved while it does not move.
        let (mut at_from, mut at_to) = (from.1.rate_hz - level_hz, to.1.rate_hz - level_hz);
        for point in [from, to] {
            if (point.1.rate_hz - level_hz).abs() <= NEAR * point.1.standard_error_hz {
                return Ok(point.0);
            }
        }
        let mut moved_from = None;
        for step in 0..STEPS {
            let width = to.0 - from.0;
            if width <= self.narrow {
                break;
            }
            let slope = at_to - at_from;
            let part = if step % 3 == 2 || !slope.is_finite() || slope == 0.0 { 0.5 } else { -at_from / slope };
            let value = from.0 + width * part.clamp(0.01, 0.99);
            let rate = self.measure(value)?;
            let difference = rate.rate_hz - level_hz;
            if difference.abs() <= NEAR * rate.standard_error_hz {
                return Ok(value);
            }
            let moves_from = is_before(&rate, rises);
            if moves_from {
                (from, at_from) = ((value, rate), difference);
                at_to *= if moved_from == Some(true) { 0.5 } else { 1.0 };
            } else {
                (to, at_to) = ((value, rate), difference);
                at_from *= if moved_from == Some(false) { 0.5 } else { 1.0 };
            }
            moved_from = Some(moves_from);
        }
        // The end whose rate is nearer.
        let nearer = (from.1.rate_hz - level_hz).abs() <= (to.1.rate_hz - level_hz).abs();
        Ok(if nearer { from.0 } else { to.0 })
    }
}

#[cfg(test)]
mod tests;
