//! A train as pieces of time between its spikes, with what the distances of Kreuz ask for at the edges.
//!
//! A train without spikes has one at each end of the recording. Before the first spike the interval is not known: it is taken as
//! the time from the start, or the first interval if that is longer; after the last spike likewise.

use crate::trains::{Interval, Train};

/// From `from_ms` to `to_ms`, within the recording; there are no pieces without length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) from_ms: f64,
    pub(super) to_ms: f64,
    /// The interval that the piece is part of (ms), above 0.
    pub(super) interval_ms: f64,
    /// The spikes that it lies between, by their place: the same one before the first spike and after the last.
    pub(super) spikes: (usize, usize),
}

/// The events of a train, with those at the ends of the recording where it has none.
pub(super) fn events_ms(train: &Train) -> Vec<f64> {
    let recorded = train.recorded();
    match train.events_ms() {
        [] => vec![recorded.start_ms(), recorded.stop_ms()],
        events => events.to_vec(),
    }
}

/// The pieces of these events, one after the other, all of the recording.
pub(super) fn pieces(events: &[f64], recorded: Interval) -> Vec<Piece> {
    let (start, stop, last) = (recorded.start_ms(), recorded.stop_ms(), events.len().saturating_sub(1));
    let mut pieces = Vec::with_capacity(events.len() + 1);
    let outer = |length: f64, next: Option<f64>| next.map_or(length, |next| length.max(next));
    let interval = |place: usize| events.get(place + 1).map(|next| next - events[place]);
    if events[0] > start {
        let interval_ms = outer(events[0] - start, interval(0));
        pieces.push(Piece { from_ms: start, to_ms: events[0], interval_ms, spikes: (0, 0) });
    }
    let within = (0..last).map(|place| Piece {
        from_ms: events[place],
        to_ms: events[place + 1],
        interval_ms: events[place + 1] - events[place],
        spikes: (place, place + 1),
    });
    pieces.extend(within);
    if events[last] < stop {
        let interval_ms = outer(stop - events[last], last.checked_sub(1).and_then(interval));
        pieces.push(Piece { from_ms: events[last], to_ms: stop, interval_ms, spikes: (last, last) });
    }
    pieces
}

/// The mean over the recording of what is linear within the common pieces of both: `at` gives it at a time in a piece of each.
pub(super) fn mean_of_linear(
    a: &[Piece],
    b: &[Piece],
    recorded: Interval,
    at: impl Fn(&Piece, &Piece, f64) -> f64,
) -> f64 {
    let (mut i, mut j) = (0, 0);
    let mut from = recorded.start_ms();
    let mut integral = 0.0;
    while let (Some(of_a), Some(of_b)) = (a.get(i), b.get(j)) {
        let to = of_a.to_ms.min(of_b.to_ms);
        integral += 0.5 * (at(of_a, of_b, from) + at(of_a, of_b, to)) * (to - from);
        from = to;
        i += usize::from(of_a.to_ms <= to);
        j += usize::from(of_b.to_ms <= to);
    }
    integral / recorded.duration_ms()
}
