//! Exponential Euler: each equation solved as x' = A x + B, with the other variables held.

use super::bindings;
use crate::engine::{Graph, Operation, Value};
use crate::language::analysis::integrator::{Integrator, Reason, Refusal};
use crate::language::analysis::linear::conditionally_linear;
use crate::language::analysis::system::System;

use super::IntegratorError;

pub(super) fn exponential_euler(
    graph: &mut Graph<'_>,
    system: &System,
    old: &[Value],
) -> Result<Vec<Value>, IntegratorError> {
    let time = graph.time();
    let bindings = bindings(system, old, time);
    let mut new = Vec::with_capacity(old.len());
    for (row, (equation, &x)) in system.equations.iter().zip(old).enumerate() {
        let linear = conditionally_linear(system, row).map_err(|reason| Refusal {
            integrator: Integrator::ExponentialEuler,
            reason: Reason::NotLinear(reason),
        })?;
        let shared = super::is_shared(graph, &equation.variable);
        let slope = graph.expression(&linear.slope, &bindings, shared)?;
        let rest = graph.expression(&linear.rest, &bindings, shared)?;
        new.push(solved(graph, x, slope, rest));
    }
    Ok(new)
}

/// x after a step of x' = slope x + rest. With `exprel` there is no division by a slope that may be 0.
pub(super) fn solved(graph: &mut Graph<'_>, x: Value, slope: Value, rest: Value) -> Value {
    let dt = graph.dt();
    if graph.as_constant(slope) == Some(0.0) {
        let change = graph.scaled(rest, dt);
        return graph.sum(x, change);
    }
    let exponent = graph.scaled(slope, dt);
    if graph.as_constant(rest) == Some(0.0) {
        let factor = graph.apply(Operation::Exp, &[exponent]);
        return graph.product(x, factor);
    }
    let mean = graph.apply(Operation::Exprel, &[exponent]);
    let mean = graph.scaled(mean, dt);
    let by_slope = graph.product(slope, x);
    let derivative = graph.sum(by_slope, rest);
    let change = graph.product(derivative, mean);
    graph.sum(x, change)
}
