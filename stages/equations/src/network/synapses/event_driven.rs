//! Equations that are solved from event to event.
//!
//! x' = M x + c, with M and c as they are at the event, over the time D since the last event of the synapse:
//! x becomes e^(M D) x + (integral of e^(M s) from 0 to D) c. One equation that depends on no other is
//! x e^(m D) + c D exprel(m D); of those that depend on each other the exponential of the matrix is taken.

use crate::engine::{Bindings, EngineError, Graph, Matrix, Operation, Value};
use crate::language::analysis::linear::LinearSystem;

/// Variables with their values at the event.
///
/// # Errors
/// What cannot be computed.
pub(crate) fn since_last_event(
    graph: &mut Graph<'_>,
    system: &LinearSystem,
) -> Result<Vec<(String, Value)>, EngineError> {
    let size = system.variables.len();
    let none = Bindings::new();
    let column = |graph: &mut Graph<'_>, name: &str| match graph.layout().number(name) {
        Some(column) => Ok(graph.column(column)),
        None => Err(EngineError::UnknownName { name: name.to_owned() }),
    };
    let last = column(graph, "lastupdate")?;
    let now = graph.time();
    let since = graph.difference(now, last);
    let mut old = Vec::with_capacity(size);
    let mut constants = Vec::with_capacity(size);
    for (variable, constant) in system.variables.iter().zip(&system.constants) {
        old.push(column(graph, variable)?);
        constants.push(graph.expression(constant, &none, false)?);
    }
    let mut entries = Vec::with_capacity(system.matrix.len());
    for entry in &system.matrix {
        entries.push((entry.row, entry.column, graph.expression(&entry.coefficient, &none, false)?));
    }
    let mut new = Vec::with_capacity(size);
    for (number, variable) in system.variables.iter().enumerate() {
        let group = together(number, size, &entries);
        let value = if group.len() == 1 {
            let slope = entries.iter().find(|&&(row, _, _)| row == number).map(|&(_, _, value)| value);
            alone(graph, old[number], slope, constants[number], since)
        } else {
            // Time in units of D: the matrix D/dt M over a step dt is M over D.
            let steps = graph.scaled(since, 1.0 / graph.dt());
            let place = |variable: usize| group.iter().position(|&other| other == variable);
            let mut matrix = Matrix {
                variables: group.iter().map(|&variable| system.variables[variable].clone()).collect(),
                entries: Vec::new(),
            };
            for &(row, column, value) in &entries {
                if let (Some(row), Some(column)) = (place(row), place(column)) {
                    matrix.entries.push((row * group.len() + column, graph.product(value, steps)));
                }
            }
            let solution = graph.solution(matrix)?;
            let row = place(number).unwrap_or(0) * group.len();
            let mut sum = graph.constant(0.0);
            for (column, &other) in group.iter().enumerate() {
                let state = graph.product(solution.state[row + column], old[other]);
                let driven = graph.product(constants[other], steps);
                let input = graph.product(solution.input[row + column], driven);
                let both = graph.sum(state, input);
                sum = graph.sum(sum, both);
            }
            sum
        };
        new.push((variable.clone(), value));
    }
    Ok(new)
}

/// The variables that a variable depends on or that depend on it, through others too, in order; itself included.
fn together(number: usize, size: usize, entries: &[(usize, usize, Value)]) -> Vec<usize> {
    let mut inside = vec![false; size];
    inside[number] = true;
    loop {
        let before = inside.iter().filter(|&&is| is).count();
        for &(row, column, _) in entries {
            let either = inside[row] || inside[column];
            inside[row] = either;
            inside[column] = either;
        }
        if inside.iter().filter(|&&is| is).count() == before {
            return (0..size).filter(|&variable| inside[variable]).collect();
        }
    }
}

fn alone(graph: &mut Graph<'_>, old: Value, slope: Option<Value>, constant: Value, since: Value) -> Value {
    let driven = graph.product(constant, since);
    let is_zero = |graph: &Graph<'_>, value: Value| graph.as_constant(value) == Some(0.0);
    let Some(slope) = slope.filter(|&slope| !is_zero(graph, slope)) else {
        return if is_zero(graph, constant) { old } else { graph.sum(old, driven) };
    };
    let exponent = graph.product(slope, since);
    let decay = graph.apply(Operation::Exp, &[exponent]);
    let state = graph.product(old, decay);
    if is_zero(graph, constant) {
        return state;
    }
    let mean = graph.apply(Operation::Exprel, &[exponent]);
    let input = graph.product(driven, mean);
    graph.sum(state, input)
}
