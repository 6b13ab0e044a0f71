//! Steps of differential equations x' = f(x, t) + g_1(x, t) xi_1 + ...
//!
//! All variables change at once, from their old values. dW is sqrt(dt) times a draw of the standard normal distribution,
//! one for each name of noise, element and step, whichever equations have it.
//!
//! | name | x after a step |
//! |---|---|
//! | `exact` | e^(M dt) x + (integral of e^(M s) from 0 to dt) c, of x' = M x + c |
//! | `euler` | x + dt f + g dW |
//! | `rk2` | x + dt f(x + dt f(x, t)/2, t + dt/2) |
//! | `rk4` | x + (k1 + 2 k2 + 2 k3 + k4)/6 |
//! | `exponential_euler` | x + (A x + B) dt exprel(A dt), of x' = A x + B with all other variables held |
//! | `heun` | x + dt f + dW (g(x, t) + g(x + g dW, t + dt))/2 |
//! | `milstein` | x + dt f + g dW + (g(x + dt f + sqrt(dt) g) - g) dW^2/(2 sqrt(dt)) |
//!
//! `exact` makes both matrices by one exponential of a larger matrix, so that oscillators and singular M, of which there
//! is no fixed point, are solved as any other. M may depend on parameters that are shared or of each element: both
//! matrices are kept until it changes, so that one exponential is made for each set of entries and change.
//!
//! `heun` and `milstein` are integrals of Stratonovich; without noise both are `euler`.
//!
//! The derivative of a variable `unless refractory` is 0 while the element is refractory, and it is not written.
//!
//! References: Higham (2008) Functions of Matrices, doi:10.1137/1.9780898717778; Hochbruck & Ostermann (2010) Acta
//! Numerica 19:209, doi:10.1017/S0962492910000048; Kloeden & Platen (1992), doi:10.1007/978-3-662-12616-5.

mod exact;
mod exponential;
mod noise;
mod runge_kutta;

use std::collections::HashMap;

use crate::engine::{Bindings, EngineError, Graph, Value, Write};
use crate::language::analysis::integrator::{Integrator, Refusal};
use crate::language::analysis::system::System;
use crate::language::scope::Scope;

/// Why a system cannot be stepped.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IntegratorError {
    /// The integrator does not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something in it cannot be computed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What one step of `system` writes to its variables.
///
/// # Errors
/// Systems that the integrator does not take, and names that have no meaning in the graph.
pub fn step(
    graph: &mut Graph<'_>,
    system: &System,
    names: &Scope,
    integrator: Integrator,
) -> Result<Vec<Write>, IntegratorError> {
    integrator.takes(system, names)?;
    let old = states(graph, system)?;
    let new = match integrator {
        Integrator::Exact => exact::exact(graph, system, names, &old)?,
        Integrator::Euler => noise::euler(graph, system, &old)?,
        Integrator::Rk2 => runge_kutta::rk2(graph, system, &old)?,
        Integrator::Rk4 => runge_kutta::rk4(graph, system, &old)?,
        Integrator::ExponentialEuler => exponential::exponential_euler(graph, system, &old)?,
        Integrator::Heun => noise::heun(graph, system, &old)?,
        Integrator::Milstein => noise::milstein(graph, system, &old)?,
    };
    let mut writes = Vec::with_capacity(new.len());
    for ((equation, mut new), old) in system.equations.iter().zip(new).zip(old) {
        if equation.unless_refractory {
            new = graph.unless_refractory(new, old)?;
        }
        writes.push(graph.write(column(graph, &equation.variable)?, new)?);
    }
    Ok(writes)
}

fn column(graph: &Graph<'_>, variable: &str) -> Result<usize, EngineError> {
    graph.layout().number(variable).ok_or_else(|| EngineError::UnknownName { name: variable.to_owned() })
}

/// The variables before the step.
fn states(graph: &mut Graph<'_>, system: &System) -> Result<Vec<Value>, EngineError> {
    let mut states = Vec::with_capacity(system.equations.len());
    for equation in &system.equations {
        let column = column(graph, &equation.variable)?;
        states.push(graph.column(column));
    }
    Ok(states)
}

/// Variables with the values `states`, and the time.
fn bindings(system: &System, states: &[Value], time: Value) -> Bindings {
    let mut bindings: Bindings = system.variables().map(str::to_owned).zip(states.iter().copied()).collect();
    bindings.insert("t".to_owned(), time);
    bindings
}

/// f at `states` and `time`.
fn drift(graph: &mut Graph<'_>, system: &System, states: &[Value], time: Value) -> Result<Vec<Value>, EngineError> {
    let bindings = bindings(system, states, time);
    let mut values = Vec::with_capacity(states.len());
    for equation in &system.equations {
        let value = graph.expression(&equation.drift, &bindings, is_shared(graph, &equation.variable))?;
        values.push(unless_refractory(graph, value, equation.unless_refractory)?);
    }
    Ok(values)
}

/// All g at `states` and `time`: for each equation names of noise with their factors.
fn diffusion(
    graph: &mut Graph<'_>,
    system: &System,
    states: &[Value],
    time: Value,
) -> Result<Vec<HashMap<String, Value>>, EngineError> {
    let bindings = bindings(system, states, time);
    let mut values = Vec::with_capacity(states.len());
    for equation in &system.equations {
        let mut of_equation = HashMap::new();
        for noise in &equation.noise {
            let value = graph.expression(&noise.factor, &bindings, is_shared(graph, &equation.variable))?;
            let value = unless_refractory(graph, value, equation.unless_refractory)?;
            of_equation.insert(noise.name.clone(), value);
        }
        values.push(of_equation);
    }
    Ok(values)
}

fn is_shared(graph: &Graph<'_>, variable: &str) -> bool {
    graph.layout().number(variable).is_some_and(|number| graph.layout().columns()[number].shared)
}

/// 0 during refractoriness, where the equation asks for it.
fn unless_refractory(graph: &mut Graph<'_>, value: Value, asked: bool) -> Result<Value, EngineError> {
    if !asked {
        return Ok(value);
    }
    let zero = graph.constant(0.0);
    graph.unless_refractory(value, zero)
}

/// `state + by * slope` for each variable.
fn moved(graph: &mut Graph<'_>, states: &[Value], slopes: &[Value], by: f64) -> Vec<Value> {
    let mut moved = Vec::with_capacity(states.len());
    for (&state, &slope) in states.iter().zip(slopes) {
        let change = graph.scaled(slope, by);
        moved.push(graph.sum(state, change));
    }
    moved
}

/// The time `part` of a step after the beginning.
fn time_after(graph: &mut Graph<'_>, part: f64) -> Value {
    let time = graph.time();
    let later = graph.constant(part * graph.dt());
    graph.sum(time, later)
}
