//! Times of a network between the steps of a simulation: how they are rounded, and which are.
//!
//! Refractory periods go up to the next step and delays to the nearest, halves up
//! ([`lapicque_numerics::grid`]). Delays that are drawn are rounded after they were drawn.

use lapicque_network::{Distribution, Drive, Network};
use lapicque_numerics::grid::{GridError, TimeGrid};

use crate::SimulationError;
use crate::draw::Sampler;

/// A time of a network that a simulation changes.
#[derive(Debug, Clone, PartialEq)]
pub struct RoundedTime {
    /// Of the value in the network, such as `populations.E.t_ref`.
    pub path: String,
    /// As the network has it.
    pub time_ms: f64,
    /// How many time steps it takes in the simulation.
    pub steps: u32,
    /// `steps` time steps.
    pub becomes_ms: f64,
}

/// The refractory periods and delays of `network` that are no whole number of steps, and what they
/// become; times that are drawn are not among them.
///
/// # Errors
/// A time step that is not above 0; a time that has too many steps, or a delay that has none.
pub fn rounded_times(network: &Network, time_step_ms: f64) -> Result<Vec<RoundedTime>, SimulationError> {
    let grid =
        TimeGrid::new(time_step_ms).map_err(|source| SimulationError::Option { option: "time_step_ms", source })?;
    let mut rounded = Vec::new();
    let mut note = |path: &str, time_ms: f64, steps: u32| {
        if grid.steps(time_ms).is_err() {
            rounded.push(RoundedTime { path: path.to_owned(), time_ms, steps, becomes_ms: grid.time_ms(steps) });
        }
    };
    for population in &network.populations {
        let path = format!("populations.{}.t_ref", population.name);
        if let Some(period_ms) = population.neuron.parameters.get("t_ref").and_then(the_only_value) {
            let steps = grid.steps_up(period_ms).map_err(time_error(&path))?;
            note(&path, period_ms, steps);
        }
        for (position, drive) in population.drives.iter().enumerate() {
            if let Drive::Poisson { delay_ms, .. } = drive {
                let path = format!("{}.delay", drive_path(&population.name, population.drives.len(), position));
                note(&path, *delay_ms, constant_delay(*delay_ms, &path, grid)?);
            }
        }
    }
    for connection in &network.connections {
        let path = format!("connections.{}.delay", connection.name);
        if let Some(delay_ms) = the_only_value(&connection.delay_ms) {
            note(&path, delay_ms, constant_delay(delay_ms, &path, grid)?);
        }
    }
    Ok(rounded)
}

/// A delay that all synapses share, in steps; at least one.
pub(crate) fn constant_delay(delay_ms: f64, path: &str, grid: TimeGrid) -> Result<u32, SimulationError> {
    match grid.nearest_step(delay_ms).map_err(time_error(path))? {
        0 => Err(SimulationError::ShortDelay { path: path.to_owned(), delay_ms, time_step_ms: grid.step_ms() }),
        steps => Ok(steps),
    }
}

pub(crate) fn drive_path(population: &str, drives: usize, position: usize) -> String {
    match drives {
        1 => format!("populations.{population}.drive"),
        _ => format!("populations.{population}.drives.{position}"),
    }
}

fn time_error(path: &str) -> impl FnOnce(GridError) -> SimulationError {
    move |source| SimulationError::Time { path: path.to_owned(), source }
}

fn the_only_value(distribution: &Distribution) -> Option<f64> {
    Sampler::new(distribution, String::new()).constant()
}
