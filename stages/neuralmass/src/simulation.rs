//! Stepping a network of one model.
//!
//! [`simulate`] steps one set of parameters, [`simulate_sets`] several over one network, eight at a time, with the same
//! bits. What is recorded goes to a sink in blocks, so memory does not grow with the duration. A [`State`] continues a
//! run as if it had not been interrupted. What a step is stands at the top of `model.rs`; Heun's scheme takes a predictor
//! by that step and then the mean of both derivatives.

mod coupling;
mod engine;
mod prepare;
mod recording;
mod setting;
#[cfg(test)]
mod tests;
mod unpacked;

pub use setting::{
    Block, Initial, Input, InputTime, Record, Scheme, Set, Settings, SimulationError, Start, State, Values,
};

pub(crate) use prepare::{INITIAL, drawn};
pub(crate) use unpacked::{Unpacked, inputs_at, unpack};

use crate::network::Network;
use crate::{Model, WIDTH};

/// Steps one set; returns where it ended.
///
/// `sink` takes what is recorded; `proceed` hears from time to time how many steps are done and says whether to go on.
///
/// # Errors
/// What is refused, a state that is no longer finite, or that it was cancelled.
pub fn simulate<M: Model>(
    model: &M,
    network: &Network,
    set: &Set,
    settings: &Settings,
    steps: u64,
    sink: &mut dyn FnMut(&Block<'_>),
    proceed: &mut dyn FnMut(u64) -> bool,
) -> Result<State, SimulationError> {
    let mut engine = prepare::prepare(model, network, std::slice::from_ref(set), settings, steps, 0)?;
    let mut ends = engine.run(model, steps, sink, proceed)?;
    ends.pop().unwrap_or(Err(SimulationError::Cancelled))
}

/// Steps several sets over one network; one of them that fails does not hinder the others.
///
/// `sink` hears of groups of at most eight sets, `proceed` of the steps done by all groups together.
///
/// # Errors
/// What is refused in any set, or that it was cancelled.
pub fn simulate_sets<M: Model>(
    model: &M,
    network: &Network,
    sets: &[Set],
    settings: &Settings,
    steps: u64,
    sink: &mut dyn FnMut(&Block<'_>),
    proceed: &mut dyn FnMut(u64) -> bool,
) -> Result<Vec<Result<State, SimulationError>>, SimulationError> {
    let mut ends = Vec::with_capacity(sets.len());
    for (group, some) in sets.chunks(WIDTH).enumerate() {
        let mut engine = prepare::prepare(model, network, some, settings, steps, group * WIDTH)?;
        let before = group as u64 * steps;
        ends.extend(engine.run(model, steps, sink, &mut |done| proceed(before + done))?);
    }
    Ok(ends)
}
