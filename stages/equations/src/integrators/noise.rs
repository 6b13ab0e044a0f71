//! Euler-Maruyama, stochastic Heun and Milstein.

use std::collections::{BTreeSet, HashMap};

use super::{diffusion, drift, moved, time_after};
use crate::engine::{EngineError, Graph, Value};
use crate::language::analysis::system::System;

/// x + dt f + g dW
pub(super) fn euler(graph: &mut Graph<'_>, system: &System, old: &[Value]) -> Result<Vec<Value>, EngineError> {
    let (time, dt) = (graph.time(), graph.dt());
    let slopes = drift(graph, system, old, time)?;
    let factors = diffusion(graph, system, old, time)?;
    let increments = increments(graph, system);
    let new = moved(graph, old, &slopes, dt);
    Ok(kicked(graph, &new, &factors, &increments))
}

/// x + dt f + dW (g(x, t) + g(x + g dW, t + dt))/2
pub(super) fn heun(graph: &mut Graph<'_>, system: &System, old: &[Value]) -> Result<Vec<Value>, EngineError> {
    let (time, dt) = (graph.time(), graph.dt());
    let slopes = drift(graph, system, old, time)?;
    let factors = diffusion(graph, system, old, time)?;
    let increments = increments(graph, system);
    let support = kicked(graph, old, &factors, &increments);
    let later = time_after(graph, 1.0);
    let mut mean = diffusion(graph, system, &support, later)?;
    for (mean, first) in mean.iter_mut().zip(&factors) {
        for (name, value) in mean {
            if let Some(&first) = first.get(name) {
                let sum = graph.sum(first, *value);
                *value = graph.scaled(sum, 0.5);
            }
        }
    }
    let new = moved(graph, old, &slopes, dt);
    Ok(kicked(graph, &new, &mean, &increments))
}

/// x + dt f + g dW + (g(x + dt f + sqrt(dt) g) - g) dW^2/(2 sqrt(dt))
pub(super) fn milstein(graph: &mut Graph<'_>, system: &System, old: &[Value]) -> Result<Vec<Value>, EngineError> {
    let (time, dt) = (graph.time(), graph.dt());
    let root = dt.sqrt();
    let slopes = drift(graph, system, old, time)?;
    let factors = diffusion(graph, system, old, time)?;
    let increments = increments(graph, system);
    let without_noise = moved(graph, old, &slopes, dt);
    let roots = increments.keys().map(|name| (name.clone(), graph.constant(root))).collect();
    let support = kicked(graph, &without_noise, &factors, &roots);
    let at_support = diffusion(graph, system, &support, time)?;
    let mut squares = HashMap::new();
    for (name, &increment) in &increments {
        let square = graph.product(increment, increment);
        squares.insert(name.clone(), graph.scaled(square, 0.5 / root));
    }
    let mut corrections = at_support;
    for (corrections, factors) in corrections.iter_mut().zip(&factors) {
        for (name, value) in corrections {
            if let Some(&factor) = factors.get(name) {
                *value = graph.difference(*value, factor);
            }
        }
    }
    let new = kicked(graph, &without_noise, &factors, &increments);
    Ok(kicked(graph, &new, &corrections, &squares))
}

/// dW of each name, drawn in the order of the names.
fn increments(graph: &mut Graph<'_>, system: &System) -> HashMap<String, Value> {
    let root = graph.dt().sqrt();
    let noise = |equation: &crate::language::analysis::system::SystemEquation| {
        equation.noise.iter().map(|noise| noise.name.clone()).collect::<Vec<_>>()
    };
    let names: BTreeSet<String> = system.equations.iter().flat_map(noise).collect();
    let mut increments = HashMap::with_capacity(names.len());
    for name in names {
        let draw = graph.normal_draw(false);
        increments.insert(name, graph.scaled(draw, root));
    }
    increments
}

/// `values + factors * increments`, summed over names of noise in their order.
fn kicked(
    graph: &mut Graph<'_>,
    values: &[Value],
    factors: &[HashMap<String, Value>],
    increments: &HashMap<String, Value>,
) -> Vec<Value> {
    let mut kicked = Vec::with_capacity(values.len());
    for (&value, factors) in values.iter().zip(factors) {
        let mut names: Vec<&String> = factors.keys().collect();
        names.sort_unstable();
        let mut value = value;
        for name in names {
            if let Some(&increment) = increments.get(name) {
                let kick = graph.product(factors[name], increment);
                value = graph.sum(value, kick);
            }
        }
        kicked.push(value);
    }
    kicked
}
