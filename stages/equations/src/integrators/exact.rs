//! The solution of linear systems.

use super::exponential::solved;
use super::{IntegratorError, Propagator, bindings, propagator};
use crate::engine::{Graph, Value};
use crate::language::analysis::integrator::{Integrator, Reason, Refusal};
use crate::language::analysis::linear::linear_system;
use crate::language::analysis::system::System;
use crate::language::scope::Scope;

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
    let mut matrix = vec![0.0; size * size];
    for entry in &linear.matrix {
        let shared = shared(graph, entry.row);
        let value = graph.expression(&entry.coefficient, &bindings, shared)?;
        let variable = || system.equations[entry.row].variable.clone();
        match graph.as_constant(value) {
            Some(number) => matrix[entry.row * size + entry.column] = number,
            // One equation has a solution that needs no matrix.
            None if size == 1 => return Ok(vec![solved(graph, old[0], value, constants[0])]),
            None => return Err(IntegratorError::VaryingMatrix { variable: variable() }),
        }
    }
    let free = solution(graph, system, &matrix)?;
    let any_held = system.equations.iter().any(|equation| equation.unless_refractory);
    if !any_held {
        return Ok(applied(graph, &free, old, &constants));
    }
    // While refractory, some derivatives are 0, so that the others have another solution.
    let zero = graph.constant(0.0);
    let mut held_constants = constants.clone();
    for (row, equation) in system.equations.iter().enumerate() {
        if equation.unless_refractory {
            matrix[row * size..(row + 1) * size].fill(0.0);
            held_constants[row] = zero;
        }
    }
    let held = solution(graph, system, &matrix)?;
    let free = applied(graph, &free, old, &constants);
    let held = applied(graph, &held, old, &held_constants);
    let mut new = Vec::with_capacity(size);
    for (free, held) in free.into_iter().zip(held) {
        new.push(graph.unless_refractory(free, held)?);
    }
    Ok(new)
}

fn solution(graph: &Graph<'_>, system: &System, matrix: &[f64]) -> Result<Propagator, IntegratorError> {
    let size = system.equations.len();
    let not_finite = |row: &[f64]| row.iter().any(|entry| !entry.is_finite());
    let worst = matrix.chunks(size.max(1)).position(not_finite).unwrap_or(0);
    propagator(matrix, size, graph.dt()).ok_or_else(|| IntegratorError::Matrix {
        variable: system.equations.get(worst).map_or_else(String::new, |equation| equation.variable.clone()),
    })
}

/// `state` x + `input` c, without terms that are 0.
fn applied(graph: &mut Graph<'_>, by: &Propagator, x: &[Value], c: &[Value]) -> Vec<Value> {
    let size = x.len();
    let mut new = Vec::with_capacity(size);
    for row in 0..size {
        let mut sum = None;
        let inputs = by.input[row * size..(row + 1) * size].iter().zip(c);
        let states = by.state[row * size..(row + 1) * size].iter().zip(x);
        for (&factor, &value) in inputs.chain(states) {
            if factor == 0.0 || graph.as_constant(value) == Some(0.0) {
                continue;
            }
            let term = graph.scaled(value, factor);
            sum = Some(match sum {
                None => term,
                Some(sum) => graph.sum(sum, term),
            });
        }
        let zero = graph.constant(0.0);
        new.push(sum.unwrap_or(zero));
    }
    new
}
