//! Who steps equations, why, and whether the step suits them.

use std::collections::HashMap;

use super::Survey;
use super::checks::unknown;
use super::groups::time;
use super::report::{IntegratorReport, RefusalReport, TimeConstant};
use super::stiffness::shortest_time_constant;
use crate::language::analysis::integrator::{INTEGRATORS, Integrator, Note, Refusal, choose};
use crate::language::analysis::system::System;
use crate::language::scope::Scope;
use crate::network::context::not_allowed;

impl Survey<'_> {
    /// Who steps a system, and what should be known about that.
    pub(super) fn integrator(
        &mut self,
        path: &str,
        named: Option<&str>,
        system: &System,
        names: &Scope,
        initial: &HashMap<String, Option<f64>>,
        dt: f64,
    ) -> Option<IntegratorReport> {
        let at = format!("{path}.integrator");
        let refusal_of = |refusal: Refusal| RefusalReport {
            integrator: refusal.integrator.to_string(),
            reason: refusal.reason.to_string(),
        };
        let (integrator, note, refused) = match named {
            Some(text) => {
                let Some(integrator) = Integrator::named(text) else {
                    let error = unknown(&at, "integrator", text, INTEGRATORS.iter().map(|&(name, _)| name));
                    return self.noted(Err(error));
                };
                if let Err(refusal) = integrator.takes(system, names) {
                    let error = not_allowed(&at, format!("`{integrator}`"), refusal.to_string());
                    return self.noted(Err(error));
                }
                (integrator, None, Vec::new())
            }
            None => {
                let choice = choose(system, names)?;
                let before = [Integrator::Exact, Integrator::Euler, Integrator::Heun];
                let before = before.into_iter().take_while(|other| *other != choice.integrator);
                let refused = before.filter_map(|other| other.takes(system, names).err()).map(refusal_of).collect();
                (choice.integrator, choice.note, refused)
            }
        };
        let exact = integrator == Integrator::Exact;
        let shortest_time_constant = if exact { None } else { shortest_time_constant(system, names, initial, dt) };
        let beside = shortest_time_constant.as_ref().map(|shortest| {
            let TimeConstant { variable, seconds, steps } = shortest;
            format!("at the values before the first step the shortest time constant is {} ({steps:.3} steps, of `{variable}`)", time(*seconds))
        });
        let explicit = matches!(integrator, Integrator::Euler | Integrator::Heun | Integrator::Milstein);
        let unstable = explicit && shortest_time_constant.as_ref().is_some_and(|shortest| shortest.steps < 0.5);
        if unstable {
            let text = format!(
                "{}: steps of `{integrator}` are unstable beyond twice that",
                beside.clone().unwrap_or_default()
            );
            self.remark(&at, text);
        }
        if let Some(note @ Note::ForwardEuler { .. }) = note {
            let why = refused_text(&refused);
            let beside = beside.filter(|_| !unstable).map_or_else(String::new, |beside| format!("; {beside}"));
            self.remark(&at, format!("{note}{why}{beside}"));
        }
        Some(IntegratorReport { name: integrator.to_string(), named: named.is_some(), refused, shortest_time_constant })
    }
}

fn refused_text(refused: &[RefusalReport]) -> String {
    let reasons: Vec<String> =
        refused.iter().map(|refused| format!("`{}`: {}", refused.integrator, refused.reason)).collect();
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}
