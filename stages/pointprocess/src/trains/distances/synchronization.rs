//! SPIKE-synchronization: the proportion of spikes that have a partner in the other train.
//!
//! Spikes i and j of two trains are together where abs(t_i - t_j) < tau_ij, half of the smallest of the four intervals before and after
//! them; intervals that are not known (before the first, after the last spike) do not limit it, the duration of the recording
//! and a largest window do. No spike has two partners. SYNC = 2 C / (n_1 + n_2) of C pairs; 1 of two trains without spikes.
//!
//! Reference: Kreuz T et al. (2015) J Neurophysiol 113:3432, equations 19-23.

use crate::trains::train::of_both;
use crate::trains::{Train, TrainError, above_zero};

/// From 0 (no spike has a partner) to 1. `most_ms` limits how far partners may be from each other; `None`: the trains alone say.
///
/// # Errors
/// Trains of other recordings, a limit that is not finite and above 0.
pub fn spike_synchronization(a: &Train, b: &Train, most_ms: Option<f64>) -> Result<f64, TrainError> {
    let recorded = of_both(a, b)?;
    most_ms.map_or(Ok(()), |most| above_zero("most_ms", most))?;
    let (a, b) = (a.events_ms(), b.events_ms());
    if a.is_empty() && b.is_empty() {
        return Ok(1.0);
    }
    let widest = most_ms.unwrap_or(f64::INFINITY).min(0.5 * recorded.duration_ms());
    let window = |i: usize, j: usize| half_interval(a, i).min(half_interval(b, j)).min(widest);
    let mut together = 0;
    let (mut i, mut j) = (0, 0);
    // Partners are neighbours when both trains are merged.
    while i < a.len() && j < b.len() {
        if (a[i] - b[j]).abs() < window(i, j) {
            together += 1;
            (i, j) = (i + 1, j + 1);
        } else if a[i] < b[j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    Ok(2.0 * f64::from(together) / (a.len() + b.len()) as f64)
}

/// Half of the smaller of the intervals beside an event.
fn half_interval(events: &[f64], place: usize) -> f64 {
    let before = place.checked_sub(1).map_or(f64::INFINITY, |before| events[place] - events[before]);
    let after = events.get(place + 1).map_or(f64::INFINITY, |after| after - events[place]);
    0.5 * before.min(after)
}
