//! Runge-Kutta of order 2 and 4.

use super::{drift, moved, time_after};
use crate::engine::{EngineError, Graph, Value};
use crate::language::analysis::system::System;

/// The midpoint method.
pub(super) fn rk2(graph: &mut Graph<'_>, system: &System, old: &[Value]) -> Result<Vec<Value>, EngineError> {
    let (time, dt) = (graph.time(), graph.dt());
    let first = drift(graph, system, old, time)?;
    let middle = moved(graph, old, &first, 0.5 * dt);
    let half = time_after(graph, 0.5);
    let second = drift(graph, system, &middle, half)?;
    Ok(moved(graph, old, &second, dt))
}

/// The classical method.
pub(super) fn rk4(graph: &mut Graph<'_>, system: &System, old: &[Value]) -> Result<Vec<Value>, EngineError> {
    let (time, dt) = (graph.time(), graph.dt());
    let (half, whole) = (time_after(graph, 0.5), time_after(graph, 1.0));
    let first = drift(graph, system, old, time)?;
    let at = moved(graph, old, &first, 0.5 * dt);
    let second = drift(graph, system, &at, half)?;
    let at = moved(graph, old, &second, 0.5 * dt);
    let third = drift(graph, system, &at, half)?;
    let at = moved(graph, old, &third, dt);
    let fourth = drift(graph, system, &at, whole)?;
    let mut slopes = Vec::with_capacity(old.len());
    for (((first, second), third), fourth) in first.into_iter().zip(second).zip(third).zip(fourth) {
        let middle = graph.sum(second, third);
        let middle = graph.scaled(middle, 2.0);
        let ends = graph.sum(first, fourth);
        slopes.push(graph.sum(middle, ends));
    }
    Ok(moved(graph, old, &slopes, dt / 6.0))
}
