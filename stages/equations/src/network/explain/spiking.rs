//! Thresholds, resets and refractoriness: whether they mean something, and whether they do what they seem to.

use std::collections::{HashMap, HashSet};

use super::Survey;
use super::checks;
use crate::language::analysis::inline::Inliner;
use crate::language::block::Equations;
use crate::language::check::check_refractory;
use crate::language::equation::{EquationKind, Flag};
use crate::language::evaluate::{Value, evaluate};
use crate::language::expression::{BinaryOperator, Expression, ExpressionKind};
use crate::language::scope::{Meaning, Scope};
use crate::language::statement::Statement;
use crate::network::context::{expression, not_allowed};
use crate::network::description::Neurons;
use crate::network::error::NetworkError;

impl Survey<'_> {
    /// Threshold, reset and refractoriness.
    pub(super) fn spiking(&mut self, path: &str, described: &Neurons, equations: &Equations, names: &Scope) {
        let at = |field: &str| format!("{path}.{field}");
        let threshold = described.threshold.as_ref().and_then(|text| {
            let read = checks::condition(&at("threshold"), text, names, "the threshold");
            let parsed = self.noted(read)?;
            self.noted(inlined(&at("threshold"), &parsed, text, equations))
        });
        let reset = described.reset.as_ref().and_then(|text| {
            let read = checks::statements(&at("reset"), text, names);
            self.noted(read)
        });
        if let Some(text) = &described.refractory {
            let read = expression(&at("refractory"), text.as_str()).and_then(|parsed| {
                let located = |error| NetworkError::language(at("refractory"), error, text.as_str());
                check_refractory(&parsed, names).map_err(located)?;
                Ok(checks::known(&parsed, names))
            });
            if let Some(Some(time)) = self.noted(read)
                && time < 0.0
            {
                let allowed = "a time of at least 0*second, or a condition".to_owned();
                self.noted::<()>(Err(not_allowed(&at("refractory"), text.as_str().to_owned(), allowed)));
            }
        }
        if described.threshold.is_none() {
            for (field, given) in [("reset", described.reset.is_some()), ("refractory", described.refractory.is_some())]
            {
                if given {
                    self.remark(
                        &at(field),
                        "there is no `threshold`, so nothing spikes and this has no effect".to_owned(),
                    );
                }
            }
        } else if described.refractory.is_none()
            && let Some(equation) = equations.equations().iter().find(|equation| equation.has(Flag::UnlessRefractory))
        {
            let text = format!(
                "`{}` has the flag `unless refractory`, which has no effect without `refractory`",
                equation.name
            );
            self.remark(&at("equations"), text);
        }
        let Some(threshold) = threshold else { return };
        let given = ["t", "dt", "i", "N", "t_in_timesteps", "lastspike", "not_refractory"];
        let looked_at: Vec<&str> = threshold
            .names()
            .into_iter()
            .filter(|name| !given.contains(name) && matches!(names.meaning(name), Some(Meaning::Variable(_))))
            .collect();
        let random = threshold.any(&mut |part| {
            matches!(&part.kind, ExpressionKind::Call { function, .. } if function.starts_with("rand") || function == "poisson")
        });
        if random || looked_at.is_empty() {
            return;
        }
        let often = if described.refractory.is_some() { "whenever it is not refractory" } else { "in each step" };
        let listed: Vec<String> = looked_at.iter().take(5).map(|name| format!("`{name}`")).collect();
        match (&described.reset, reset) {
            (None, _) if described.refractory.is_none() => {
                let text = format!(
                    "there is no `reset`, so a neuron spikes {often} while {} stays beyond the threshold",
                    listed.join(", ")
                );
                self.remark(&at("threshold"), text);
            }
            (Some(_), Some(statements)) => {
                let written: HashSet<&str> = statements.iter().map(|statement| statement.target.as_str()).collect();
                if !looked_at.iter().any(|name| written.contains(name)) {
                    let text = format!(
                        "the reset does not write {}, which the threshold looks at: a neuron beyond it spikes {often} until its equations bring it back",
                        listed.join(" or ")
                    );
                    self.remark(&at("reset"), text);
                } else if holds_after(&statements, &threshold, names) {
                    let text = format!(
                        "after the reset the threshold still holds, so a neuron that has spiked spikes again {often}"
                    );
                    self.remark(&at("reset"), text);
                }
            }
            _ => {}
        }
    }

    /// Parameters that divide and are 0 unless something sets them.
    pub(super) fn undefined_divisors(&mut self, path: &str, equations: &Equations, described: &Neurons) {
        let Some(group) = path.strip_prefix("neurons.") else { return };
        let set: HashSet<&str> = self.model.runs.iter().flat_map(|run| run.set.keys()).map(String::as_str).collect();
        let mut told = HashSet::new();
        for equation in equations.equations() {
            let Some(expression) = equation.expression() else { continue };
            let mut found = Vec::new();
            expression.visit(&mut |part| {
                if let ExpressionKind::Binary { operator: BinaryOperator::Divide, right, .. } = &part.kind
                    && let ExpressionKind::Name(name) = &right.kind
                {
                    found.push(name.as_str());
                }
            });
            for name in found {
                let is_open = equations.get(name).is_some_and(|parameter| {
                    parameter.kind() == EquationKind::Parameter && !parameter.has(Flag::Linked)
                });
                let is_set = described.initial.contains_key(name) || set.contains(format!("{group}.{name}").as_str());
                let is_written = described.run_regularly.iter().any(|regular| regular.code.contains(name));
                if is_open && !is_set && !is_written && told.insert(name) {
                    let text = format!(
                        "`{name}` divides in the equation of `{}`, and is 0 unless `initial` says otherwise",
                        equation.name
                    );
                    self.remark(&format!("{path}.equations"), text);
                }
            }
        }
    }
}

fn inlined(path: &str, parsed: &Expression, text: &str, equations: &Equations) -> Result<Expression, NetworkError> {
    Inliner::new(equations).inline(parsed).map_err(|error| NetworkError::language(path, error, text))
}

/// Whether the threshold holds after the reset, where all that it looks at is known then.
fn holds_after(statements: &[Statement], threshold: &Expression, names: &Scope) -> bool {
    let mut after: HashMap<&str, Option<Value>> = HashMap::new();
    // A variable that no statement writes may have any value when a neuron spikes.
    let value = |after: &HashMap<&str, Option<Value>>, name: &str| match after.get(name) {
        Some(known) => *known,
        None => names.fixed(name).map(|quantity| Value::Number(quantity.value)),
    };
    for statement in statements {
        let result = evaluate(&statement.written(), &|name| value(&after, name)).ok();
        after.insert(&statement.target, result);
    }
    matches!(evaluate(threshold, &|name| value(&after, name)), Ok(Value::Boolean(true)))
}
