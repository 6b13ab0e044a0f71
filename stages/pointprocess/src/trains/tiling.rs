//! Spike time tiling coefficient: a correlation of two trains that the rates do not confound.
//!
//! STTC = 1/2 ((P_A - T_B) / (1 - P_A T_B) + (P_B - T_A) / (1 - P_B T_A))
//!
//! P_A is the proportion of spikes of A that lie within +- dt of one of B, T_A the proportion of the recording within +- dt of
//! spikes of A. A term whose denominator is 0 (all tiled, all together) is 1. From -1 to 1, 1 for equal trains; NaN where a train
//! has no spikes.
//!
//! Reference: Cutts CS & Eglen SJ (2014) J Neurosci 34:14288.

use super::train::of_both;
use super::{ON_EDGE, Train, TrainError, above_zero};

/// The coefficient with a window of +- `dt_ms`; work is linear in the spikes.
///
/// # Errors
/// Trains of other recordings, a window that is not finite and above 0.
pub fn spike_time_tiling(a: &Train, b: &Train, dt_ms: f64) -> Result<f64, TrainError> {
    above_zero("dt_ms", dt_ms)?;
    of_both(a, b)?;
    if a.spikes_ms().is_empty() || b.spikes_ms().is_empty() {
        return Ok(f64::NAN);
    }
    let term = |p: f64, t: f64| if p * t == 1.0 { 1.0 } else { (p - t) / (1.0 - p * t) };
    let of_a = term(together(a, b, dt_ms), tiled(b, dt_ms));
    let of_b = term(together(b, a, dt_ms), tiled(a, dt_ms));
    Ok(0.5 * (of_a + of_b))
}

/// The proportion of spikes of `a` near to one of `b`.
fn together(a: &Train, b: &Train, dt_ms: f64) -> f64 {
    let reach_ms = dt_ms * (1.0 + ON_EDGE);
    let others = b.events_ms();
    let mut first = 0;
    let near = a.spikes_ms().iter().filter(|&&time| {
        while others.get(first).is_some_and(|other| *other < time - reach_ms) {
            first += 1;
        }
        others.get(first).is_some_and(|other| *other <= time + reach_ms)
    });
    near.count() as f64 / a.spikes_ms().len() as f64
}

/// The proportion of the recording near to a spike.
fn tiled(train: &Train, dt_ms: f64) -> f64 {
    let (events, recorded) = (train.events_ms(), train.recorded());
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return 0.0 };
    let between: f64 = events.windows(2).map(|pair| (pair[1] - pair[0]).min(2.0 * dt_ms)).sum();
    let ends = (first - recorded.start_ms()).min(dt_ms) + (recorded.stop_ms() - last).min(dt_ms);
    (between + ends) / recorded.duration_ms()
}

#[cfg(test)]
mod tests {
    use super::super::Interval;
    use super::*;

    fn train(spikes_ms: &[f64]) -> Train {
        Train::new(spikes_ms.to_vec(), Interval::new(0.0, 100.0).unwrap()).unwrap()
    }

    #[test]
    fn tiles_are_cut_at_the_ends_and_do_not_add_up() {
        // 0-4, 48-54 (two that overlap), 98-100 of 100 ms.
        assert!((tiled(&train(&[2.0, 50.0, 52.0, 100.0]), 2.0) - 0.12).abs() < 1e-15);
        let (a, b) = (train(&[10.0, 50.0]), train(&[12.0, 80.0, 90.0]));
        // P_A = 1/2 (at the edge of the window), P_B = 1/3, T_A = 0.08, T_B = 0.12.
        let due = 0.5 * ((0.5 - 0.12) / (1.0 - 0.06) + (1.0 / 3.0 - 0.08) / (1.0 - 0.08 / 3.0));
        assert!((spike_time_tiling(&a, &b, 2.0).unwrap() - due).abs() < 1e-15);
        assert_eq!(spike_time_tiling(&a, &a, 2.0), Ok(1.0));
        // All is tiled.
        assert_eq!(spike_time_tiling(&a, &b, 200.0), Ok(1.0));
        assert!(spike_time_tiling(&a, &train(&[]), 2.0).unwrap().is_nan());
        assert!(spike_time_tiling(&a, &b, 0.0).is_err() && spike_time_tiling(&a, &b, f64::NAN).is_err());
    }
}
