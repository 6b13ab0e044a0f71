//! Victor-Purpura distance: the least cost of making one train from another.
//!
//! A spike is put in or taken away at cost 1, or moved by dt at cost q abs(dt), so spikes further apart than 2 / q are never moved.
//! G(i, j), the distance of the first i and j spikes, is the least of G(i - 1, j) + 1, G(i, j - 1) + 1 and
//! G(i - 1, j - 1) + q abs(t_i - t_j); work is the product of the numbers of spikes, memory one row.
//!
//! Reference: Victor JD & Purpura KP (1996) J Neurophysiol 76:1310.

use crate::trains::train::of_both;
use crate::trains::{Train, TrainError};

/// With the cost `cost_per_ms` of moving a spike by 1 ms; from abs(n_1 - n_2) to n_1 + n_2.
///
/// # Errors
/// Trains of other recordings, a cost that is negative or not finite.
pub fn victor_purpura_distance(a: &Train, b: &Train, cost_per_ms: f64) -> Result<f64, TrainError> {
    if !(cost_per_ms >= 0.0 && cost_per_ms.is_finite()) {
        let allowed = "a finite cost from 0 on is due";
        return Err(TrainError::Setting { field: "cost_per_ms", found: cost_per_ms, allowed });
    }
    of_both(a, b)?;
    let (a, b) = (a.spikes_ms(), b.spikes_ms());
    let mut row: Vec<f64> = (0..=b.len()).map(|j| j as f64).collect();
    for (i, time) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (i + 1) as f64;
        for (j, other) in b.iter().enumerate() {
            let moved = diagonal + cost_per_ms * (time - other).abs();
            diagonal = row[j + 1];
            row[j + 1] = moved.min(diagonal + 1.0).min(row[j] + 1.0);
        }
    }
    Ok(row[b.len()])
}
