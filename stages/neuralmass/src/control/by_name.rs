//! Problems whose model is one of the registry.

use super::descent::{Descended, Descent, descend, respond};
use super::problem::{ControlError, Problem};
use crate::Model;
use crate::registry::AnyModel;

/// What was found, and what the nodes do under it.
#[derive(Debug, Clone, PartialEq)]
pub struct Solved {
    /// The descent.
    pub descended: Descended,
    /// By set: `[(place in the list * nodes + node) * steps + k]`, that of time (k + 1) dt.
    pub responses: Vec<Vec<f64>>,
}

/// As [`descend`]; `outputs` are the places of those that are told of each set.
///
/// # Errors
/// See there.
pub fn solve(
    problem: &Problem<'_, AnyModel>,
    first: &[f64],
    descent: Descent,
    outputs: &[usize],
    proceed: &mut dyn FnMut() -> bool,
) -> Result<Solved, ControlError> {
    match problem.model {
        AnyModel::Aln(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::Fhn(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::Hopf(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::JansenRit(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::Kuramoto(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::MontbrioPazoRoxin(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::Thalamus(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::Wc(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
        AnyModel::Ww(model) => solved(&problem.with_model(model), first, descent, outputs, proceed),
    }
}

fn solved<M: Model>(
    problem: &Problem<'_, M>,
    first: &[f64],
    descent: Descent,
    outputs: &[usize],
    proceed: &mut dyn FnMut() -> bool,
) -> Result<Solved, ControlError> {
    let descended = descend(problem, first, descent, proceed)?;
    let rows = problem.network.nodes() * problem.steps;
    let response = |set: usize| {
        let all = respond(problem, set, &descended.control, proceed)?;
        Ok(outputs.iter().flat_map(|output| &all[output * rows..(output + 1) * rows]).copied().collect())
    };
    let responses = (0..problem.sets.len()).map(response).collect::<Result<_, ControlError>>()?;
    Ok(Solved { descended, responses })
}
