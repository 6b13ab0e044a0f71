//! What a step of neurons with a form computes.

use super::variables::HIDDEN;
use crate::engine::{Bindings, EngineError, Graph};
use crate::language::analysis::integrator::{Integrator, choose};
use crate::language::analysis::system::System;
use crate::network::context::Context;
use crate::network::description::SpatialNeurons;
use crate::network::error::NetworkError;
use crate::network::object::{Code, Object};
use crate::spatial::membrane::{membrane_current, point_current};

/// The integrator of all variables but `v`: `exponential_euler` in the place of `exact` where both are the same, else what
/// the model says.
///
/// # Errors
/// Equations that cannot be split into noise and what is none.
pub(super) fn integrator(object: &Object, described: &SpatialNeurons) -> Result<Option<String>, NetworkError> {
    let path = format!("{}.equations", object.path);
    let system = System::clock_driven(&object.equations)
        .map_err(|error| NetworkError::language(path, error, object.equations.source()))?;
    let named = match &described.integrator {
        Some(name) => Integrator::named(name),
        None => choose(&system, &object.names).map(|choice| choice.integrator),
    };
    let same = named == Some(Integrator::Exact)
        && Integrator::Exact.takes(&system, &object.names).is_ok()
        && !coupled(&system);
    if same { Ok(Some(Integrator::ExponentialEuler.to_string())) } else { Ok(described.integrator.clone()) }
}

/// Whether some variable's derivative depends on another variable of the system.
fn coupled(system: &System) -> bool {
    system
        .equations
        .iter()
        .any(|equation| system.variables().any(|other| other != equation.variable && equation.drift.mentions(other)))
}

/// What gives gtot and I0, and both of the currents of electrodes.
pub(super) fn membrane(
    context: &Context<'_>,
    object: &Object,
    number: usize,
    described: &SpatialNeurons,
) -> Result<Code, NetworkError> {
    let path = format!("{}.equations", object.path);
    let total = membrane_current(&object.equations).map_err(|error| NetworkError::new(&path, error))?;
    let mut expressions = vec![total.conductance, total.current];
    if !described.electrodes.is_empty() {
        let electrodes = point_current(&object.equations, &described.electrodes)
            .map_err(|error| NetworkError::new(format!("{}.electrodes", object.path), error))?;
        expressions.extend([electrodes.conductance, electrodes.current]);
    }
    let engine = |error: EngineError| NetworkError::new(&path, error);
    let scope = object.scope(&context.arrays);
    let mut graph = Graph::new(&scope);
    let mut writes = Vec::with_capacity(expressions.len());
    for (name, expression) in HIDDEN.iter().zip(&expressions) {
        let value = graph.expression(expression, &Bindings::new(), false).map_err(engine)?;
        let Some(column) = object.layout.number(name) else { continue };
        writes.push(graph.write(column, value).map_err(engine)?);
    }
    let key = context.key.derive(&format!("{}.membrane", object.path));
    Ok(Code::new(object, number, &graph, &writes, &key))
}
