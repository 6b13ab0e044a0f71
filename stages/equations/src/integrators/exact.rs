//! The solution of linear systems.

use super::exponential::solved;
use super::{IntegratorError, bindings};
use crate::engine::{Graph, Matrix, Solution, Value};
use crate::language::analysis::integrator::{Integrator, Reason, Refusal};
use crate::language::analysis::linear::linear_system;
use crate::language::analysis::system::System;
use crate::language::scope::Scope;

/// Variables after a step outside of refractoriness, where they stand still; the others after a step.
pub(super) fn exact(
    graph: &mut Graph<'_>,
    system: &System,
    names: &Scope,
    old: &[Value],
) -> Result<Vec<Value>, IntegratorError> {
    let refused = |reason| Refusal { integrator: Integrator::Exact, reason: Reason::NotLinear(reason) };
    let linear = linear_system(system, names).map_err(refused)?;
    let time = graph.time();
    let bindings = bindings(system, old, time);
    let size = old.len();
    let shared = |graph: &Graph<'_>, row: usize| super::is_shared(graph, &system.equations[row].variable);
    let mut constants = Vec::with_capacity(size);
    for (row, constant) in linear.constants.iter().enumerate() {
        let shared = shared(graph, row);
        constants.push(graph.expression(constant, &bindings, shared)?);
    }
    let mut entries = Vec::with_capacity(linear.matrix.len());
    for entry in &linear.matrix {
        let shared = shared(graph, entry.row);
        let value = graph.expression(&entry.coefficient, &bindings, shared)?;
        // One equation has a solution that needs no matrix, cheap enough for factors that change at each step.
        if size == 1 && graph.as_constant(value).is_none() {
            return Ok(vec![solved(graph, old[0], value, constants[0])]);
        }
        entries.push((entry.row * size + entry.column, value));
    }
    let mut matrix = Matrix { variables: linear.variables, entries };
    let free = graph.solution(matrix.clone())?;
    let mut new: Vec<Value> = (0..size).map(|row| applied(graph, &free, row, old, &constants)).collect();

    // While refractory, some derivatives are 0, so that what depends on their variables has another solution.
    let is_held = |row: usize| system.equations[row].unless_refractory;
    let depends =
        |graph: &Graph<'_>, row: usize, on: usize| graph.as_constant(free.state[row * size + on]) != Some(0.0);
    let drives = |graph: &Graph<'_>, row: usize| (0..size).any(|other| is_held(other) && depends(graph, row, other));
    let driven: Vec<usize> = (0..size).filter(|&row| !is_held(row) && drives(graph, row)).collect();
    if driven.is_empty() {
        return Ok(new);
    }
    matrix.entries.retain(|(place, _)| !is_held(place / size));
    let zero = graph.constant(0.0);
    for (row, constant) in constants.iter_mut().enumerate() {
        if is_held(row) {
            *constant = zero;
        }
    }
    let held = graph.solution(matrix)?;
    for row in driven {
        let held = applied(graph, &held, row, old, &constants);
        new[row] = graph.unless_refractory(new[row], held)?;
    }
    Ok(new)
}

/// A row of `state` x + `input` c, without terms that are 0.
fn applied(graph: &mut Graph<'_>, by: &Solution, row: usize, x: &[Value], c: &[Value]) -> Value {
    let size = x.len();
    let mut sum = None;
    let inputs = by.input[row * size..(row + 1) * size].iter().zip(c);
    let states = by.state[row * size..(row + 1) * size].iter().zip(x);
    for (&factor, &value) in inputs.chain(states) {
        if graph.as_constant(factor) == Some(0.0) || graph.as_constant(value) == Some(0.0) {
            continue;
        }
        let term = graph.product(value, factor);
        sum = Some(match sum {
            None => term,
            Some(sum) => graph.sum(sum, term),
        });
    }
    let zero = graph.constant(0.0);
    sum.unwrap_or(zero)
}
