//! Pairs from lists and from a table.

use lapicque_numerics::random::StreamKey;

use super::candidates::{Asked, Candidates};
use super::names::{Names, index};
use super::{Created, TableWeights};
use crate::engine::State;
use crate::language::scope::{Quantity, Side};
use crate::network::context::{Context, not_allowed, unit_of};
use crate::network::description::{Connect, TableColumns};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::units::Dimension;

/// Creates synapses between the neurons of two lists.
///
/// # Errors
/// Lists that do not fit, neurons that do not exist.
pub(super) fn listed(
    names: &Names<'_>,
    i: &[i64],
    j: &[i64],
    way: &Connect,
    states: &mut [State],
    key: &StreamKey,
    created: &mut Created,
) -> Result<(), NetworkError> {
    let count = match (i.len(), j.len()) {
        (a, b) if a == b => a,
        (1, count) | (count, 1) => count,
        (a, b) => {
            let allowed = format!("as many as `j`, which has {b}, or one");
            return Err(not_allowed(&names.at("i"), format!("{a} numbers"), allowed));
        }
    };
    for (side, numbers) in [(Side::Presynaptic, i), (Side::Postsynaptic, j)] {
        let size = names.members(side).size();
        if let Some((place, &number)) =
            numbers.iter().enumerate().find(|&(_, &number)| number < 0 || number >= i64::from(size))
        {
            let allowed = format!("the part has {size} neurons, counted from 0");
            return Err(not_allowed(&names.at(index(side)), format!("{number} (number {place} of the list)"), allowed));
        }
    }
    let asked = Asked { condition: None, p: None, n: way.n.as_ref(), generated: None, iterated: None };
    let mut candidates = Candidates::new(names, &names.scope, &asked, states, key)?;
    let of = |numbers: &[i64], place: usize| numbers[if numbers.len() == 1 { 0 } else { place }] as f64;
    for place in 0..count {
        candidates.push(of(i, place), of(j, place), 0.0, created)?;
    }
    candidates.finish(created)
}

/// Creates the synapses of the table `connectivity`.
///
/// # Errors
/// No table, columns of different lengths, neurons that do not exist, weights that are missing or not finite.
pub(super) fn table(
    context: &Context<'_>,
    names: &Names<'_>,
    described: &TableColumns,
    created: &mut Created,
) -> Result<(), NetworkError> {
    let path = names.at("table");
    let Some(connections) = context.connections else {
        let why = "there is no table `connectivity`".to_owned();
        return Err(NetworkError::new(path, NetworkProblem::Conflict(why)));
    };
    let rows = connections.sources.len();
    if connections.targets.len() != rows {
        let value = format!("{} targets", connections.targets.len());
        return Err(not_allowed(&path, value, format!("one for each of {rows} sources")));
    }
    for (side, numbers) in [(Side::Presynaptic, &connections.sources), (Side::Postsynaptic, &connections.targets)] {
        let size = names.members(side).size();
        if let Some(row) = numbers.iter().position(|&number| number >= size) {
            let allowed = format!("the part has {size} neurons, counted from 0");
            return Err(not_allowed(&path, format!("{} = {} in row {row}", index(side), numbers[row]), allowed));
        }
    }
    let first = created.pairs.i.len();
    created.expect(&path, rows as f64)?;
    if let Some(variable) = &described.weight {
        let unit = match &described.unit {
            None => Quantity { value: 1.0, dimension: Dimension::NONE },
            Some(unit) => unit_of(&format!("{path}.unit"), unit)?,
        };
        let weights = &connections.weights;
        let at = format!("{path}.weight");
        if weights.len() != rows {
            return Err(not_allowed(&at, format!("{} weights", weights.len()), format!("one for each of {rows} rows")));
        }
        if let Some(row) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(not_allowed(&at, format!("{} in row {row}", weights[row]), "finite numbers".to_owned()));
        }
        let values = weights.iter().map(|weight| weight * unit.value).collect();
        let dimension = unit.dimension;
        created.pairs.weights.push(TableWeights { variable: variable.clone(), path: at, dimension, first, values });
    } else if described.unit.is_some() {
        let why = "a unit is that of `weight`".to_owned();
        return Err(NetworkError::new(format!("{path}.unit"), NetworkProblem::Conflict(why)));
    }
    for (&i, &j) in connections.sources.iter().zip(&connections.targets) {
        created.push(&path, i, j, 1)?;
    }
    Ok(())
}
