//! Why spike trains cannot be measured.

/// What is wrong with trains or settings.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum TrainError {
    #[error("a recording from {start_ms} to {stop_ms} ms: both ends are finite, and the end comes after the start")]
    Interval { start_ms: f64, stop_ms: f64 },
    #[error("spike {place} at {time_ms} ms comes after one at {before_ms} ms: times rise")]
    Order { place: usize, before_ms: f64, time_ms: f64 },
    #[error("spike {place} at {time_ms} ms lies outside of the recording from {start_ms} to {stop_ms} ms")]
    Outside { place: usize, time_ms: f64, start_ms: f64, stop_ms: f64 },
    #[error("`{field}` is {found}: {allowed}")]
    Setting { field: &'static str, found: f64, allowed: &'static str },
    #[error("`{field}` gives {found} bins; at most {most} are allowed")]
    Bins { field: &'static str, found: f64, most: usize },
    #[error(
        "trains recorded from {start_ms} to {stop_ms} ms and from {other_start_ms} to {other_stop_ms} ms: what compares trains asks for the same recording"
    )]
    OtherRecording { start_ms: f64, stop_ms: f64, other_start_ms: f64, other_stop_ms: f64 },
}
