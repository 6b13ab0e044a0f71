//! The value of a parameter at which neurons fire at a given rate, and how well a finite run knows it.
//!
//! The rate must rise or fall with the parameter over the whole range. Bisection finds where the measured rate crosses the
//! target r, and where it crosses r - 1.96 s and r + 1.96 s, s being the standard error of the rate there from the rates of
//! blocks of the run: the interval. Runs of one random stream make neighbouring rates comparable. A run that runs away
//! counts as infinitely fast.

use crate::error::PointProcessError;
use crate::model::{above_zero, due};
use crate::simulate::Event;

/// Blocks that the standard error of a rate is taken from.
const BLOCKS: u64 = 20;
/// Halvings of the range.
const HALVINGS: usize = 40;

/// A rate and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Spikes per neuron and second.
    pub rate_hz: f64,
    /// Standard error (Hz).
    pub standard_error_hz: f64,
}

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

impl Rate {
    /// The mean over all neurons, and its standard error by 20 blocks of equal length; what is left over is not used.
    ///
    /// # Errors
    /// No neuron, fewer steps than blocks, or a step that is not above 0.
    pub fn of(events: &[Event], neurons: usize, steps: u64, dt_ms: f64) -> Result<Self, PointProcessError> {
        above_zero("neurons", neurons as f64)?;
        above_zero("dt", dt_ms)?;
        due("steps", steps as f64, steps >= BLOCKS, "20 steps at least are due")?;
        let length = steps / BLOCKS;
        let mut counts = [0.0; BLOCKS as usize];
        for event in events {
            if let Some(count) = counts.get_mut((event.step / length) as usize) {
                *count += f64::from(event.count);
            }
        }
        let per_count = 1000.0 / (neurons as f64 * length as f64 * dt_ms);
        let mean = counts.iter().sum::<f64>() / BLOCKS as f64;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (BLOCKS - 1) as f64;
        let standard_error = (variance / BLOCKS as f64).sqrt();
        Ok(Self { rate_hz: mean * per_count, standard_error_hz: standard_error * per_count })
    }
}

/// Finds the value between `low` and `high` at which `measure` gives the target.
///
/// # Errors
/// A range or a target that cannot be, a target that the rates at both ends do not enclose, or what `measure` says.
pub fn tune(
    target_hz: f64,
    (low, high): (f64, f64),
    measure: &mut dyn FnMut(f64) -> Result<Rate, PointProcessError>,
) -> Result<Tuned, PointProcessError> {
    above_zero("target rate", target_hz)?;
    due("low", low, true, "a finite number is due")?;
    due("high", high, high > low, "a finite number above `low` is due")?;
    let (at_low, at_high) = (rate(low, measure)?, rate(high, measure)?);
    if at_low == at_high || !(at_low.min(at_high) <= target_hz && target_hz <= at_low.max(at_high)) {
        return Err(PointProcessError::NotReached { target_hz, low, high, at_low, at_high });
    }
    let rises = at_high > at_low;
    let value = crossing(target_hz, (low, high), rises, measure)?;
    let found = measure(value)?;
    let reach = 1.96 * found.standard_error_hz;
    let a = crossing(target_hz - reach, (low, high), rises, measure)?;
    let b = crossing(target_hz + reach, (low, high), rises, measure)?;
    Ok(Tuned { value, rate: found, interval: (a.min(b), a.max(b)) })
}

fn rate(value: f64, measure: &mut dyn FnMut(f64) -> Result<Rate, PointProcessError>) -> Result<f64, PointProcessError> {
    match measure(value) {
        Ok(rate) => Ok(rate.rate_hz),
        Err(PointProcessError::RunAway { .. }) => Ok(f64::INFINITY),
        Err(other) => Err(other),
    }
}

/// Where the rate crosses a level, next to an end where it does not.
fn crossing(
    level_hz: f64,
    (mut from, mut to): (f64, f64),
    rises: bool,
    measure: &mut dyn FnMut(f64) -> Result<Rate, PointProcessError>,
) -> Result<f64, PointProcessError> {
    for _ in 0..HALVINGS {
        let middle = from + (to - from) / 2.0;
        if (rate(middle, measure)? < level_hz) == rises {
            from = middle;
        } else {
            to = middle;
        }
    }
    Ok(from + (to - from) / 2.0)
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;

    use super::*;
    use crate::{Network, Run, Start, Stream, models, simulate};

    #[test]
    fn a_known_rate_is_inverted_with_its_interval() {
        for sign in [1.0, -1.0] {
            let mut measure = |x: f64| Ok(Rate { rate_hz: 10.0 + sign * 2.0 * x, standard_error_hz: 1.0 });
            let found = tune(12.0, (-4.0, 4.0), &mut measure).unwrap();
            assert!((found.value - sign).abs() < 1e-9);
            assert!((found.interval.0 - (sign - 0.98)).abs() < 1e-9 && (found.interval.1 - (sign + 0.98)).abs() < 1e-9);
            let none = tune(30.0, (-4.0, 4.0), &mut measure);
            assert!(matches!(none, Err(PointProcessError::NotReached { .. })));
        }
    }

    #[test]
    fn a_threshold_is_found_whose_rate_is_known() {
        // Without refractoriness the rate is 1000 / (1 + exp(theta)) Hz: 50 Hz at theta = ln 19.
        let network = Network::from_edges(20, &[]).unwrap();
        let run =
            Run { steps: 4000, equilibration_steps: 0, start: Start::Rest, traces: false, largest_mean_count: 1.0 };
        let mut measure = |theta: f64| {
            let glm = models::BernoulliGlm { theta, absolute_steps: 0, relative_steps: 0, ..Default::default() };
            let mut draws = Stream::new(&StreamKey::new([4; 16]), 0);
            let model = glm.model(models::Compat::None)?;
            let events = simulate(&model, &network, &run, &mut draws, &mut |_, _| {}, &|| true)?.events;
            Rate::of(&events, 20, run.steps, 1.0)
        };
        let found = tune(50.0, (0.0, 8.0), &mut measure).unwrap();
        let half = (found.interval.1 - found.interval.0) / 2.0;
        assert!((found.value - 19.0_f64.ln()).abs() < 2.5 * half && half < 0.1, "{found:?}");
        assert!((found.rate.rate_hz - 50.0).abs() < 0.1, "{found:?}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut measure = |_: f64| Ok(Rate { rate_hz: 1.0, standard_error_hz: 0.0 });
        assert!(tune(0.0, (0.0, 1.0), &mut measure).is_err() && tune(1.0, (1.0, 1.0), &mut measure).is_err());
        assert!(matches!(tune(1.0, (0.0, 1.0), &mut measure), Err(PointProcessError::NotReached { .. })));
        assert!(Rate::of(&[], 0, 100, 1.0).is_err() && Rate::of(&[], 1, 19, 1.0).is_err());
    }
}
