//! What a step of neurons with a form computes.

use super::variables::HIDDEN;
use crate::engine::{Bindings, EngineError, Graph};
use crate::integrators::step;
use crate::language::analysis::integrator::{INTEGRATORS, Integrator, choose};
use crate::language::analysis::system::System;
use crate::language::error::nearest;
use crate::network::context::Context;
use crate::network::description::SpatialNeurons;
use crate::network::error::{NetworkError, NetworkProblem};
use crate::network::object::{Code, Object};
use crate::spatial::membrane::{membrane_current, point_current};

/// The step of all variables with a derivative, and a remark on its integrator.
pub(super) fn gates(
    context: &Context<'_>,
    object: &Object,
    number: usize,
    described: &SpatialNeurons,
) -> Result<(Option<Code>, Option<String>), NetworkError> {
    let path = format!("{}.equations", object.path);
    let system = System::clock_driven(&object.equations)
        .map_err(|error| NetworkError::language(&path, error, object.equations.source()))?;
    let (named, note) = match &described.integrator {
        Some(name) => (Some(Integrator::named(name).ok_or_else(|| unknown_integrator(object, name))?), None),
        None => {
            let choice = choose(&system, &object.names);
            let note = choice.as_ref().and_then(|choice| choice.note.as_ref()).map(ToString::to_string);
            (choice.map(|choice| choice.integrator), note)
        }
    };
    let Some(mut integrator) = named.filter(|_| !system.equations.is_empty()) else { return Ok((None, None)) };
    let refused = |error| NetworkError::new(&path, NetworkProblem::Integrator(error));
    integrator.takes(&system, &object.names).map_err(|refusal| refused(refusal.into()))?;
    if integrator == Integrator::Exact && !coupled(&system) {
        integrator = Integrator::ExponentialEuler;
    }
    let scope = object.scope(&context.arrays);
    let mut graph = Graph::new(&scope);
    let writes = step(&mut graph, &system, &object.names, integrator).map_err(refused)?;
    let key = context.key.derive(&format!("{}.update", object.path));
    Ok((Some(Code::new(object, number, &graph, &writes, &key)), note))
}

fn unknown_integrator(object: &Object, name: &str) -> NetworkError {
    let suggestion = nearest(name, INTEGRATORS.iter().map(|&(known, _)| known));
    let problem = NetworkProblem::Unknown { kind: "integrator", name: name.to_owned(), suggestion };
    NetworkError::new(format!("{}.integrator", object.path), problem)
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
