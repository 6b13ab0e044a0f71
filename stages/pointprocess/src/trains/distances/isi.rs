//! ISI-distance: how different the momentary intervals of two trains are.
//!
//! D = 1/T integral abs(nu_1(t) - nu_2(t)) / max(nu_1(t), nu_2(t)) dt
//!
//! nu_n(t) is the interval of train n that t lies in. Before the first spike it is the time from the start of the recording to it, or the
//! first interval if that is longer; after the last spike likewise. A train without spikes has one interval, the whole recording.
//!
//! Reference: Kreuz T et al. (2007) J Neurosci Methods 165:151; edges: Mulansky M et al. (2015) IEEE EBCCSP, as in PySpike.

use super::pieces::{events_ms, mean_of_linear, pieces};
use crate::trains::train::of_both;
use crate::trains::{Train, TrainError};

/// From 0 (equal intervals throughout) to below 1.
///
/// # Errors
/// Trains of other recordings.
pub fn isi_distance(a: &Train, b: &Train) -> Result<f64, TrainError> {
    let recorded = of_both(a, b)?;
    let (a, b) = (pieces(&events_ms(a), recorded), pieces(&events_ms(b), recorded));
    Ok(mean_of_linear(&a, &b, recorded, |a, b, _| {
        (a.interval_ms - b.interval_ms).abs() / a.interval_ms.max(b.interval_ms)
    }))
}
