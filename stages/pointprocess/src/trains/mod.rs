//! What spike trains look like, alone, in pairs and together.
//!
//! | file | measures |
//! |---|---|
//! | [`intervals`] | mean, CV, CV2, LV, LvR and histogram of intervals, burst index |
//! | [`counts`] | counts in bins: Fano factor, correlation of counts |
//! | [`peri_event`] | counts around events |
//! | [`correlogram`] | auto- and cross-correlograms |
//! | [`distances`] | ISI-distance, SPIKE-distance, SPIKE-synchronization, van Rossum, Victor-Purpura |
//! | [`tiling`] | spike time tiling coefficient |
//! | [`coupling`] | how a neuron follows the others of its population |
//! | [`spectrum`] | from counts to a spectrum whose Poisson level is the rate |
//!
//! Times are in ms. A train is recorded over (start, stop]; a spike at the start itself counts as well. All work on the
//! times of spikes: nothing is as large as the recording divided by a step, and work is linear in the spikes but where a
//! measure says otherwise.
//!
//! **Several spikes at one time**, as counts above one in a bin of a simulation are, count as often as they are where spikes
//! are counted (rate, counts, peri-event counts, correlograms, van Rossum, Victor-Purpura, tiling, coupling), and are one
//! event where the times between spikes matter (intervals, burst index, ISI-distance, SPIKE-distance,
//! SPIKE-synchronization): an interval of 0 is no interval.
//!
//! What is undefined is NaN, never zero.
//!
//! ```
//! use lapicque_pointprocess::trains::{Interval, Train, intervals};
//!
//! let recorded = Interval::new(0.0, 100.0)?;
//! let train = Train::new(vec![10.0, 30.0, 40.0, 70.0], recorded)?;
//! assert_eq!(train.rate_hz(), 40.0);
//! let between_ms = intervals::intervals_ms(&train);
//! assert_eq!(between_ms, [20.0, 10.0, 30.0]);
//! assert!((intervals::cv(&between_ms) - (200.0f64 / 3.0).sqrt() / 20.0).abs() < 1e-12);
//! # Ok::<(), lapicque_pointprocess::trains::TrainError>(())
//! ```

pub mod correlogram;
pub mod counts;
pub mod coupling;
pub mod distances;
mod error;
pub mod intervals;
pub mod peri_event;
pub mod spectrum;
pub mod tiling;
mod train;

pub use error::TrainError;
pub use train::{Interval, Train, Weighted};

/// Of a bin: times this near to an edge are on it, so that rounded sums of steps are where the steps are.
pub(crate) const ON_EDGE: f64 = 1e-8;

/// A setting that is a time above 0.
pub(crate) fn above_zero(field: &'static str, found: f64) -> Result<(), TrainError> {
    let is = found > 0.0 && found.is_finite();
    if is { Ok(()) } else { Err(TrainError::Setting { field, found, allowed: "a finite time above 0 ms is due" }) }
}

/// The mean of those that are defined; NaN of none.
pub fn mean_of_defined(values: impl IntoIterator<Item = f64>) -> f64 {
    let (sum, n) = values.into_iter().filter(|value| !value.is_nan()).fold((0.0, 0.0), |(s, n), v| (s + v, n + 1.0));
    sum / n
}
