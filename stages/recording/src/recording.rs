//! What every reader gives: channels with their own sampling rates, and annotations.

use crate::Samples;

/// A recording of one or several channels.
///
/// Names of patients, which some formats carry, are left in the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recording {
    /// In the order of the file. A channel interrupted by gaps is several entries with the same label, in the order of time.
    pub channels: Vec<Channel>,
    /// In the order of the file.
    pub annotations: Vec<Annotation>,
    /// Whether entries with the same label are epochs around an event each, on whose clock their times are.
    pub is_epoched: bool,
    /// Date and time of the start as the file writes them (EDF: `dd.mm.yy hh.mm.ss`, local time; CSV: the first time, where it is clock text).
    pub start: Option<String>,
    /// What was left out or put right, in sentences for the user.
    pub notes: Vec<String>,
}

/// A uniformly sampled signal without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// As the file names it.
    pub label: String,
    /// As the file writes it; none if it does not say.
    pub unit: Option<String>,
    /// Samples per second, above 0.
    pub sampling_rate_hz: f64,
    /// By how much of itself the rate is uncertain, because the file rounds what it follows from; 0 where it does not.
    pub rate_rounding: f64,
    /// NaN where a value is missing.
    pub samples: Samples,
    /// Time of the first sample, from the start of the recording.
    pub start_s: f64,
}

/// A channel without its values; where there may be gaps, the whole of its stretches.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelOutline {
    /// As the file writes it.
    pub label: String,
    /// As the file writes it.
    pub unit: Option<String>,
    /// In Hz.
    pub sampling_rate_hz: f64,
    /// Values from the first to the last.
    pub samples: u64,
    /// Time of the first sample, where the outline tells stretches apart.
    pub start_s: f64,
}

/// A remark on a moment or a stretch of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Annotation {
    /// From the start of the recording.
    pub onset_s: f64,
    /// Of a stretch; none of a moment.
    pub duration_s: Option<f64>,
    /// As the file has it.
    pub text: String,
    /// What sort of remark it is, where the format has sorts (BrainVision: `Stimulus`, `Response`, ...).
    pub kind: Option<String>,
    /// The channel that it is about, where the format says so.
    pub channel: Option<String>,
}
