//! Why nothing can be estimated.

/// What is wrong with spikes, trials or settings.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConnectivityError {
    /// No pair of neurons.
    #[error("{found} neurons make no pair; 2 at least are needed")]
    TooFewNeurons {
        /// How many there are.
        found: usize,
    },
    /// A neuron that does not exist.
    #[error("there is no neuron {found}; neurons are numbered from 0 to {last}", last = neurons.saturating_sub(1))]
    Neuron {
        /// The neuron.
        found: usize,
        /// How many there are.
        neurons: usize,
    },
    /// A spike outside of the run.
    #[error("neuron {neuron} spikes at step {step}, but the run has {steps} steps (from 0)")]
    Step {
        /// Who spikes.
        neuron: u32,
        /// When.
        step: u64,
        /// How many steps there are.
        steps: u64,
    },
    /// A spike count of 0.
    #[error("neuron {neuron} has a count of 0 at step {step}; a spike counts 1 or more")]
    EmptyCount {
        /// Which neuron.
        neuron: u32,
        /// At which step.
        step: u64,
    },
    /// A setting out of its range.
    #[error("`{field}` is {found}; {allowed}")]
    OutOfRange {
        /// Its name.
        field: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A window that ends where it begins, or before.
    #[error("the window `{window}` goes from {from} to {to}; it must end after it begins")]
    EmptyWindow {
        /// Its name.
        window: &'static str,
        /// Its first step.
        from: i64,
        /// The step behind its last.
        to: i64,
    },
    /// Windows whose order makes no sense.
    #[error("the window `{earlier}` {what} at {found}, the window `{later}` begins at {begins}; {allowed}")]
    WindowOrder {
        /// The one that comes first.
        earlier: &'static str,
        /// The other.
        later: &'static str,
        /// What of the earlier is compared.
        what: &'static str,
        /// Its step.
        found: i64,
        /// Where the later begins.
        begins: i64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A window or lag that does not fit into the run.
    #[error("`{field}` reaches over {found} steps, but the run has {steps}; it must be shorter than the run")]
    LongerThanRun {
        /// Its name.
        field: &'static str,
        /// Its length.
        found: u64,
        /// Steps or bins of the run.
        steps: u64,
    },
    /// No stimulus whose windows lie in the run.
    #[error(
        "{onsets} onsets of stimuli, but no trial: the windows from {from} to {to} around an onset must lie within the {steps} steps of the run"
    )]
    NoTrials {
        /// How many onsets there are.
        onsets: usize,
        /// The first step of all windows.
        from: i64,
        /// The step behind the last.
        to: i64,
        /// Steps of the run.
        steps: u64,
    },
    /// More trials than bits can be counted.
    #[error("the run has {found} bins; {allowed} at most are allowed: take wider bins")]
    TooLong {
        /// Bins of the run.
        found: u64,
        /// The most.
        allowed: u64,
    },
    /// Results that do not fit into memory.
    #[error(
        "{pairs} pairs need {bytes} bytes of memory, more than {allowed}: take fewer sources than {sources}, or fewer lags"
    )]
    TooManyPairs {
        /// How many sources.
        sources: usize,
        /// How many pairs.
        pairs: u64,
        /// What they would take.
        bytes: u64,
        /// What they may take.
        allowed: u64,
    },
    /// Sums that no trials have.
    #[error("the sums contradict each other: {what}; sums of all trials of both neurons are needed")]
    Sums {
        /// What does not hold.
        what: &'static str,
    },
    /// Two lists that belong together.
    #[error("{found} estimates for {due} weights; one for each is needed")]
    Length {
        /// How many estimates.
        found: usize,
        /// How many weights.
        due: usize,
    },
    /// A weight that is no number.
    #[error("weight {place} (from 0) is {found}; weights are finite numbers")]
    Weight {
        /// Which.
        place: usize,
        /// What it is.
        found: f64,
    },
    /// It was told to stop.
    #[error("the estimation was cancelled")]
    Cancelled,
}
