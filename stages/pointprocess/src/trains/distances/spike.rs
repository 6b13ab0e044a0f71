//! SPIKE-distance: how far spikes of one train are from the nearest of the other, relative to the intervals.
//!
//! D = 1/T integral (S_1(t) nu_2(t) + S_2(t) nu_1(t)) / (2 nu(t)^2) dt, nu = (nu_1 + nu_2) / 2
//!
//! S_1(t) = (D_p (t_f - t) + D_f (t - t_p)) / nu_1(t) is the distance of the spikes t_p before and t_f after t to the nearest of the
//! other train, weighted by how near they are. At the edges, intervals are as in the ISI-distance, and S is
//! that of the first or last spike. The other train has an auxiliary spike before the first, as far as the first interval is long but not
//! within the recording, and one behind the last; a train without spikes has one at each end. The one spike of a train that lies at the
//! very start of the recording has the end as its next.
//!
//! References: Kreuz T et al. (2013) J Neurophysiol 109:1457, equations 17-20; edges: Satuvuori E et al. (2017) J Neurosci Methods
//! 287:25, as in PySpike.

use super::pieces::{Piece, events_ms, mean_of_linear, pieces};
use crate::trains::train::of_both;
use crate::trains::{Interval, Train, TrainError};

/// From 0 (all spikes together) to 1.
///
/// # Errors
/// Trains of other recordings.
pub fn spike_distance(a: &Train, b: &Train) -> Result<f64, TrainError> {
    let recorded = of_both(a, b)?;
    let (a, b) = (events_ms(a), events_ms(b));
    let (profile_a, profile_b) = (Profile::of(&a, &b, recorded), Profile::of(&b, &a, recorded));
    let at = |of_a: &Piece, of_b: &Piece, time: f64| {
        let (s_a, s_b) = (profile_a.at(of_a, time), profile_b.at(of_b, time));
        let (nu_a, nu_b) = (of_a.interval_ms, of_b.interval_ms);
        let mean = 0.5 * (nu_a + nu_b);
        0.5 * (s_a * nu_b + s_b * nu_a) / (mean * mean)
    };
    Ok(mean_of_linear(&profile_a.pieces, &profile_b.pieces, recorded, at))
}

/// Distances of the spikes of one train to the nearest of another, in between linear.
struct Profile {
    pieces: Vec<Piece>,
    nearest_ms: Vec<f64>,
}

impl Profile {
    fn of(events: &[f64], others: &[f64], recorded: Interval) -> Self {
        let mut pieces = pieces(events, recorded);
        let mut ends = events.to_vec();
        if let ([only], [piece]) = (events, pieces.as_mut_slice())
            && *only == recorded.start_ms()
        {
            ends.push(recorded.stop_ms());
            piece.spikes = (0, 1);
        }
        let nearest_ms = nearest(&ends, &with_auxiliary(others, recorded));
        Self { pieces, nearest_ms }
    }

    fn at(&self, piece: &Piece, time: f64) -> f64 {
        let (before, after) = (self.nearest_ms[piece.spikes.0], self.nearest_ms[piece.spikes.1]);
        if piece.spikes.0 == piece.spikes.1 {
            return before;
        }
        (before * (piece.to_ms - time) + after * (time - piece.from_ms)) / piece.interval_ms
    }
}

/// The spikes of a train with the auxiliary ones beyond the first and the last.
fn with_auxiliary(events: &[f64], recorded: Interval) -> Vec<f64> {
    let (start, stop) = (recorded.start_ms(), recorded.stop_ms());
    let (before, after) = match events.len() {
        0 | 1 => (start, stop),
        n => (start.min(2.0 * events[0] - events[1]), stop.max(2.0 * events[n - 1] - events[n - 2])),
    };
    [before].into_iter().chain(events.iter().copied()).chain([after]).collect()
}

/// Of each time, which rise, the distance to the nearest of `others`, which rise too.
fn nearest(times: &[f64], others: &[f64]) -> Vec<f64> {
    let mut place = 0;
    let of = |&time: &f64| {
        while others.get(place + 1).is_some_and(|next| *next <= time) {
            place += 1;
        }
        let distance = |place: usize| others.get(place).map_or(f64::INFINITY, |other| (other - time).abs());
        distance(place).min(distance(place + 1))
    };
    times.iter().map(of).collect()
}
