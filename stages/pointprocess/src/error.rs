//! What is wrong with a model, a network, or what became of it.

/// Why there are no spikes.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PointProcessError {
    /// A field outside of its range.
    #[error("`{field}` is {found}: {allowed}")]
    OutOfRange {
        /// Its name.
        field: &'static str,
        /// What it is.
        found: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A weight that is no number.
    #[error("the weight from neuron {source_neuron} to neuron {target} is {found}: a finite number is due")]
    Weight {
        /// Where the connection starts.
        source_neuron: usize,
        /// Where it ends.
        target: usize,
        /// What it is.
        found: f64,
    },
    /// A connection from or to a neuron that does not exist.
    #[error("a connection names neuron {found}, but there are {neurons} (from 0)")]
    NoSuchNeuron {
        /// The neuron.
        found: usize,
        /// How many there are.
        neurons: usize,
    },
    /// A list of another length than there are neurons, or a matrix that is not square.
    #[error("`{field}` has {found} values where {due} are due")]
    Length {
        /// What it is.
        field: &'static str,
        /// How long it is.
        found: usize,
        /// How long it must be.
        due: usize,
    },
    /// A start that the model has no state for.
    #[error("a model with {memory} cannot start from {start}")]
    StartOfOtherModel {
        /// What the model remembers.
        memory: &'static str,
        /// What it was given.
        start: &'static str,
    },
    /// A drive that is no number.
    #[error("the drive of neuron {neuron} is {found} at step {step}: weights or inputs are too large, or no numbers")]
    Drive {
        /// Which neuron.
        neuron: usize,
        /// At which step of the run, equilibration included.
        step: u64,
        /// What it is.
        found: f64,
    },
    /// A probability above one.
    #[error(
        "the probability of a spike of neuron {neuron} is {found} at step {step}, above 1: shorten the step or let the \
         emission be a hazard"
    )]
    Probability {
        /// Which neuron.
        neuron: usize,
        /// At which step of the run, equilibration included.
        step: u64,
        /// What it is.
        found: f64,
    },
    /// Activity that feeds itself without bound.
    #[error(
        "the network runs away: the mean count of neuron {neuron} is {found} at step {step}, above {allowed}; weaken \
         excitation or shorten the step"
    )]
    RunAway {
        /// Which neuron.
        neuron: usize,
        /// At which step of the run, equilibration included.
        step: u64,
        /// Its mean count of one step.
        found: f64,
        /// The largest that the run allows.
        allowed: f64,
    },
    /// A rate that no value of a range gives.
    #[error("{target_hz} Hz is not reached: the rate is {at_low} Hz at {low} and {at_high} Hz at {high}")]
    NotReached {
        /// The rate asked for.
        target_hz: f64,
        /// Lower end of the range.
        low: f64,
        /// Upper end of the range.
        high: f64,
        /// The rate at the lower end (Hz).
        at_low: f64,
        /// The rate at the upper end (Hz).
        at_high: f64,
    },
    /// A rate that rises and falls with a parameter.
    #[error(
        "the rate does not only rise or only fall: it is {rate_hz} Hz at {value} and {other_rate_hz} Hz at {other_value}; \
         give a range in which it does"
    )]
    NotMonotone {
        /// A value of the parameter.
        value: f64,
        /// The rate there (Hz).
        rate_hz: f64,
        /// A larger value.
        other_value: f64,
        /// The rate there (Hz), on the wrong side of the first.
        other_rate_hz: f64,
    },
    /// A rate that jumps over what is asked for.
    #[error("{target_hz} Hz is not reached: the rate jumps at {value}, where it is {found_hz} Hz")]
    Jump {
        /// The rate asked for (Hz).
        target_hz: f64,
        /// Where it jumps.
        value: f64,
        /// The rate there (Hz).
        found_hz: f64,
    },
    /// Rates that no point of a box gives, as far as the search sees.
    #[error(
        "{target_hz} Hz is not reached for target number {number}; the nearest rate is {found_hz} Hz, give other ranges or \
         other targets"
    )]
    TargetsNotReached {
        /// Which target (from 0).
        number: usize,
        /// The rate asked for (Hz).
        target_hz: f64,
        /// That of the nearest point (Hz).
        found_hz: f64,
    },
    /// Parameters that change all rates in the same proportion, or none.
    #[error("the rates do not determine the parameters: they change together, or not at all; tune other parameters")]
    Undetermined,
    /// More than may be held in memory.
    #[error("{what} need about {gigabytes:.1} GB of memory; the limit is {limit_gigabytes:.1} GB")]
    Memory {
        /// Of what there is too much.
        what: String,
        /// How much (10^9 bytes).
        gigabytes: f64,
        /// The limit (10^9 bytes).
        limit_gigabytes: f64,
    },
    /// A number of neurons that has no number of 32 bits.
    #[error("there are {found} neurons; at most 4294967295 are allowed")]
    TooManyNeurons {
        /// How many.
        found: usize,
    },
    /// A time that is no whole number of steps.
    #[error("`{field}` = {found_ms} ms is no whole number of steps of {dt_ms} ms")]
    NotWholeSteps {
        /// Its name.
        field: &'static str,
        /// What it is (ms).
        found_ms: f64,
        /// The step (ms).
        dt_ms: f64,
    },
    /// A value that cannot be set.
    #[error(transparent)]
    Set(#[from] lapicque_units::SetError),
    /// A stimulus that cannot be.
    #[error(transparent)]
    Stimulus(#[from] lapicque_stimulus::StimulusError),
    /// It was told to stop.
    #[error("the simulation was cancelled")]
    Cancelled,
}
