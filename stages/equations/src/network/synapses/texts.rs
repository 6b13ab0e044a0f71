//! Names that anything in the model mentions about synapses.

use std::collections::BTreeSet;

use super::super::context::{Context, expression};
use super::super::description::{Initial, Synapses, Text};
use super::super::error::NetworkError;
use super::super::pathway::described as described_pathways;
use crate::language::parse_statements;
use crate::language::statement::Statement;

/// All names that anything about these synapses mentions, other than their equations.
pub(super) struct Texts {
    /// Statements of pathways, in their order.
    pub pathways: Vec<Vec<Statement>>,
    /// Statements at regular times.
    pub regular: Vec<Vec<Statement>>,
    /// All names.
    pub names: Vec<String>,
    /// Those of what is computed for all synapses by others: first values, delays, what monitors record.
    pub looked_at: BTreeSet<String>,
}

impl Texts {
    /// Reads them.
    ///
    /// # Errors
    /// What does not follow the grammar.
    pub(crate) fn new<'a>(context: &'a Context<'_>, name: &str, described: &'a Synapses) -> Result<Self, NetworkError> {
        let path = format!("synapses.{name}");
        let mut texts =
            Self { pathways: Vec::new(), regular: Vec::new(), names: Vec::new(), looked_at: BTreeSet::new() };
        let parse =
            |path: &str, text: &str| parse_statements(text).map_err(|error| NetworkError::language(path, error, text));
        let pathways = described_pathways(&path, described)?;
        for pathway in &pathways {
            texts.pathways.push(parse(&pathway.code.1, pathway.code.0)?);
        }
        for (place, regular) in described.run_regularly.iter().enumerate() {
            texts.regular.push(parse(&format!("{path}.run_regularly.{place}.code"), &regular.code)?);
        }
        for statement in texts.pathways.iter().chain(&texts.regular).flatten() {
            texts.names.push(statement.target.clone());
            texts.names.extend(statement.value.names().into_iter().map(str::to_owned));
        }
        let mut expressions: Vec<(String, &Text)> = Vec::new();
        let mut add = |path: String, initial: &'a Initial| match initial {
            Initial::Expression(text) | Initial::At { value: text, .. } => expressions.push((path, text)),
            Initial::Values { .. } | Initial::Sections(_) => {}
        };
        for (variable, initial) in &described.initial {
            add(format!("{path}.initial.{variable}"), initial);
        }
        for pathway in &pathways {
            if let (Some(delay), path) = &pathway.delay {
                add(path.clone(), delay);
            }
        }
        for (run, changes) in context.model.runs.iter().enumerate() {
            let own = changes.set.iter().filter(|(key, _)| key.strip_prefix(name).is_some_and(|k| k.starts_with('.')));
            own.for_each(|(key, initial)| add(format!("runs.{run}.set.{key}"), initial));
        }
        for (path, text) in expressions {
            let parsed = expression(&path, text.as_str())?;
            texts.looked_at.extend(parsed.names().into_iter().map(str::to_owned));
        }
        let monitors = &context.model.monitors;
        let states = monitors.state.values().map(|monitor| (&monitor.of, &monitor.variables));
        let last = monitors.last.values().map(|monitor| (&monitor.of, &monitor.variables));
        for (of, variables) in states.chain(last) {
            if of == name {
                texts.looked_at.extend(variables.iter().cloned());
            }
        }
        texts.names.extend(texts.looked_at.iter().cloned());
        Ok(texts)
    }
}
