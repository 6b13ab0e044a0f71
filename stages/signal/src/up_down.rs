//! Up and down states of a signal that is bistable: where it is above a threshold.
//!
//! A signal goes up where it reaches the threshold, and down where it falls below the threshold less the hysteresis; it begins
//! down between the two. States that are shorter than the shortest one count to the state before them (the first to the one
//! after it). Durations are means over states that have both ends.
//!
//! | measure | equation | undefined (NaN) |
//! |---|---|---|
//! | fraction up | time up / T | no values, or missing ones |
//! | up states | how many, those that are cut by an end included | missing values |
//! | transition rate | changes of state / T | no values, or missing ones |
//! | durations | mean of whole states | without one |
//!
//! Reference: Cakan C, Dimulescu C, Khakimova L, Obst D, Flöel A, Obermayer K (2022) Front Comput Neurosci 15:800101 (up and
//! down states of the aln model by a threshold of its rates).

use crate::missing::missing;

/// What counts as a state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct States {
    /// In the unit of the signal.
    pub threshold: f64,
    /// In the unit of the signal; 0 or more.
    pub hysteresis: f64,
    /// Samples of a state at least.
    pub shortest: usize,
}

/// Measures of a signal; durations and rates per sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpDown {
    /// Part of the time that is up.
    pub fraction_up: f64,
    /// How many up states there are.
    pub up_states: f64,
    /// Changes of state per sample.
    pub transitions: f64,
    /// Mean, in samples.
    pub up_duration: f64,
    /// Mean, in samples.
    pub down_duration: f64,
}

/// Measures of up and down states.
///
/// ```
/// use lapicque_signal::up_down::{States, up_down};
///
/// let found = up_down(&[0.0, 5.0, 5.0, 0.0, 0.0, 0.0, 5.0, 5.0], &States { threshold: 1.0, hysteresis: 0.0, shortest: 1 });
/// assert_eq!((found.fraction_up, found.up_states, found.up_duration, found.down_duration), (0.5, 2.0, 2.0, 3.0));
/// ```
pub fn up_down(series: &[f64], states: &States) -> UpDown {
    if missing(series).is_some() {
        let nan = f64::NAN;
        return UpDown { fraction_up: nan, up_states: nan, transitions: nan, up_duration: nan, down_duration: nan };
    }
    let runs = runs(series, states);
    let len = series.len() as f64;
    let whole = runs.get(1..runs.len().saturating_sub(1)).unwrap_or_default();
    let mean = |up: bool| {
        let of_state: Vec<f64> = whole.iter().filter(|run| run.0 == up).map(|run| run.1 as f64).collect();
        of_state.iter().sum::<f64>() / of_state.len() as f64
    };
    let up = runs.iter().filter(|run| run.0);
    UpDown {
        fraction_up: up.clone().map(|run| run.1 as f64).sum::<f64>() / len,
        up_states: up.count() as f64,
        transitions: runs.len().saturating_sub(1) as f64 / len,
        up_duration: mean(true),
        down_duration: mean(false),
    }
}

/// State and length of what lies side by side.
fn runs(series: &[f64], states: &States) -> Vec<(bool, usize)> {
    let mut up = false;
    let mut runs: Vec<(bool, usize)> = Vec::new();
    for value in series {
        up = if up { *value >= states.threshold - states.hysteresis } else { *value >= states.threshold };
        match runs.last_mut() {
            Some(last) if last.0 == up => last.1 += 1,
            _ => runs.push((up, 1)),
        }
    }
    let mut kept: Vec<(bool, usize)> = Vec::new();
    for (up, length) in runs {
        match kept.last_mut() {
            Some(last) if last.0 == up || length < states.shortest => last.1 += length,
            Some(last) if kept_is_short(*last, states) => *last = (up, last.1 + length),
            _ => kept.push((up, length)),
        }
    }
    kept
}

/// Only the first state can still be too short: later ones count to the one before.
fn kept_is_short(state: (bool, usize), states: &States) -> bool {
    state.1 < states.shortest
}

#[cfg(test)]
mod tests;
