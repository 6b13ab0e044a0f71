//! Why a network could not be simulated.

use lapicque_network::{InvalidNetwork, Unsupported};
use lapicque_numerics::grid::GridError;
use lapicque_numerics::random::OutOfRange;

use crate::memory::Memory;

/// What of a network or of the options cannot be simulated, by the path of the value.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SimulationError {
    #[error(transparent)]
    Network(#[from] InvalidNetwork),
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    #[error("`{option}`: {source}")]
    Option { option: &'static str, source: GridError },
    #[error("`transient_ms` = {transient_ms}: it must be below `duration_ms` = {duration_ms}")]
    Transient { transient_ms: f64, duration_ms: f64 },
    #[error("`{path}`: a delay of {delay_ms} ms; it must be from 1 to {most_steps} steps of {time_step_ms} ms")]
    Delay { path: String, delay_ms: f64, most_steps: u32, time_step_ms: f64 },
    /// Poisson mean or connection probability.
    #[error("`{path}`: {source}")]
    OutOfRange { path: String, source: OutOfRange },
    /// A refractory period or a delay.
    #[error("`{path}`: {source}")]
    Time { path: String, source: GridError },
    #[error(
        "`{path}` = {delay_ms} ms is less than half a time step of {time_step_ms} ms; a delay is at least one step"
    )]
    ShortDelay { path: String, delay_ms: f64, time_step_ms: f64 },
    #[error("`{path}`: there is no population `{name}`")]
    UnknownPopulation { path: String, name: String },
    #[error("`{path}`: no value within the bounds in {tries} draws")]
    NoDraw { path: String, tries: u32 },
    #[error(
        "`{path}`: V_reset = {reset_mv} mV and V_th = {threshold_mv} mV were drawn for one neuron; the reset must be below the threshold"
    )]
    ResetAboveThreshold { path: String, reset_mv: f64, threshold_mv: f64 },
    #[error("the network has {neurons} neurons; at most {most} can be simulated")]
    TooManyNeurons { neurons: u64, most: u64 },
    #[error("`{path}`: about {synapses:e} synapses; at most {most:e} per connection can be simulated")]
    TooManySynapses { path: String, synapses: f64, most: f64 },
    #[error("the network has about {synapses:.2e} synapses, and its simulation would take {memory}; at most {} GB are allowed", most_bytes / 1e9)]
    TooMuchMemory { synapses: f64, memory: Memory, most_bytes: f64 },
    #[error("the simulation was cancelled")]
    Cancelled,
}

/// Something a valid network describes and this crate does not simulate.
pub(crate) fn unsupported(path: String, reason: &str) -> SimulationError {
    SimulationError::Unsupported(Unsupported { path, reason: reason.to_owned() })
}
