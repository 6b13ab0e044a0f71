//! Programs of a group of neurons: what is constant over a step, state updates, conditions of events, resets and other
//! statements.
//!
//! A state update first says who is refractory, then steps the equations, outside of refractoriness where they ask for
//! it. Conditions look at what it gives.

use super::super::context::{Context, expression, not_allowed};
use super::super::description::Neurons;
use super::super::error::{NetworkError, NetworkProblem};
use super::super::object::{Code, Object};
use super::super::refractory::{Refractoriness, Release};
use super::{CONDITION, NOT_REFRACTORY, column_of};
use crate::engine::{Bindings, Graph, Operation, Value, Write};
use crate::integrators::step;
use crate::language::analysis::integrator::{INTEGRATORS, Integrator, choose};
use crate::language::analysis::system::System;
use crate::language::check::{check_condition, check_statements};
use crate::language::equation::Flag;
use crate::language::error::{LanguageError, nearest};
use crate::language::parse_statements;
use crate::language::statement::Statement;

/// The name of the event that the threshold makes.
pub(crate) const SPIKE: &str = "spike";

/// What a group computes.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupCode {
    /// Subexpressions that are kept for a step.
    pub constant_over_dt: Option<Code>,
    /// Refractoriness, unless `release` is for that, and equations; the condition of spikes as well, if it is fused.
    pub update: Option<Code>,
    /// Ends of refractoriness that is of one length.
    pub release: Option<Release>,
    /// Conditions of events as [`events`] has them; none where the update computes it.
    pub conditions: Vec<Option<Code>>,
    /// The reset, if there is one, then what happens on other events: the number of the event and the code.
    pub on_events: Vec<(usize, Code)>,
    /// Statements at regular times.
    pub regular: Vec<Code>,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// Events of a group: spikes, then others by name.
pub(crate) fn events(described: &Neurons) -> Vec<&str> {
    let spikes = described.threshold.iter().map(|_| SPIKE);
    spikes.chain(described.events.keys().map(String::as_str)).collect()
}

/// Compiles what a group computes. With `fused` the update computes the condition of spikes too.
///
/// # Errors
/// What is wrong with expressions and statements.
pub(crate) fn compile(
    context: &Context<'_>,
    number: usize,
    described: &Neurons,
    fused: bool,
) -> Result<GroupCode, NetworkError> {
    let object = &context.objects[number];
    let group = Group { context, object, number, described };
    let mut notes = Vec::new();
    let refractoriness = match &described.refractory {
        None => None,
        Some(text) => Some(Refractoriness::new(object, &group.at("refractory"), text.as_str())?),
    };
    // Who is in which state is known without looking at each neuron, unless statements meddle.
    let release = match &refractoriness {
        Some(Refractoriness::Fixed(time)) if !group.writes_refractoriness() => Some(Release::new(object, *time)?),
        _ => None,
    };
    let computed = refractoriness.as_ref().filter(|_| release.is_none());
    let update = group.update(computed, fused, &mut notes)?;
    let events = events(described);
    let mut conditions = Vec::with_capacity(events.len());
    for &event in &events {
        conditions.push(if event == SPIKE && fused { None } else { Some(group.condition_alone(event)?) });
    }
    let mut on_events = Vec::new();
    let mut on_event = |event: &str, path: &str, text: &str| {
        let Some(place) = events.iter().position(|known| *known == event) else {
            let suggestion = nearest(event, events.iter().copied());
            let problem = NetworkProblem::Unknown { kind: "event", name: event.to_owned(), suggestion };
            return Err(NetworkError::new(path, problem));
        };
        on_events.push((place, group.statements(path, text, false)?));
        Ok(())
    };
    if let Some(reset) = &described.reset {
        if described.threshold.is_none() {
            let problem = "a reset needs a `threshold`".to_owned();
            return Err(NetworkError::new(group.at("reset"), NetworkProblem::Conflict(problem)));
        }
        on_event(SPIKE, &group.at("reset"), reset)?;
    }
    for (place, described) in described.on_event.iter().enumerate() {
        on_event(&described.event, &group.at(&format!("on_event.{place}")), &described.code)?;
    }
    let mut regular = Vec::with_capacity(described.run_regularly.len());
    for (place, described) in described.run_regularly.iter().enumerate() {
        regular.push(group.statements(&group.at(&format!("run_regularly.{place}.code")), &described.code, true)?);
    }
    let constant_over_dt = group.constant_over_dt()?;
    Ok(GroupCode { constant_over_dt, update, release, conditions, on_events, regular, notes })
}

struct Group<'a> {
    context: &'a Context<'a>,
    object: &'a Object,
    number: usize,
    described: &'a Neurons,
}

impl Group<'_> {
    fn at(&self, field: &str) -> String {
        format!("{}.{field}", self.object.path)
    }

    fn code(&self, graph: &Graph<'_>, writes: &[Write], purpose: &str) -> Code {
        Code::new(self.object, self.number, graph, writes, &self.context.key.derive(purpose))
    }

    fn located(&self, field: &str, error: LanguageError, text: &str) -> NetworkError {
        NetworkError::language(self.at(field), error, text)
    }

    fn constant_over_dt(&self) -> Result<Option<Code>, NetworkError> {
        let scope = self.object.scope(&self.context.arrays);
        let mut graph = Graph::new(&scope);
        let mut writes = Vec::new();
        let path = self.at("equations");
        let engine = |error| NetworkError::new(&path, error);
        for (equation, expression) in self.object.equations.subexpressions() {
            if !equation.has(Flag::ConstantOverDt) {
                continue;
            }
            let located = |error| self.located("equations", error, self.object.equations.source());
            let expression = self.object.inline(expression).map_err(located)?;
            let value = graph.expression(&expression, &Bindings::new(), equation.has(Flag::Shared)).map_err(engine)?;
            let write = graph.write(column_of(self.object, &equation.name)?, value).map_err(engine)?;
            graph.follow(write);
            writes.push(write);
        }
        let code = || self.code(&graph, &writes, &self.at("constant over dt"));
        Ok((!writes.is_empty()).then(code))
    }

    fn update(
        &self,
        refractoriness: Option<&Refractoriness>,
        fused: bool,
        notes: &mut Vec<String>,
    ) -> Result<Option<Code>, NetworkError> {
        let object = self.object;
        let path = self.at("equations");
        let located = |error| self.located("equations", error, object.equations.source());
        let mut system = System::clock_driven(&object.equations).map_err(located)?;
        if self.described.refractory.is_none() {
            let flagged = system.equations.iter_mut().filter(|equation| equation.unless_refractory);
            let names: Vec<&str> = flagged
                .map(|equation| {
                    equation.unless_refractory = false;
                    equation.variable.as_str()
                })
                .collect();
            if !names.is_empty() {
                let names = names.join(", ");
                notes
                    .push(format!("{}: `unless refractory` of {names} does nothing without `refractory`", object.path));
            }
        }
        let integrator = self.integrator(&system, notes)?;
        let scope = object.scope(&self.context.arrays);
        let mut graph = Graph::new(&scope);
        let mut writes = Vec::new();
        if let Some(refractoriness) = refractoriness {
            let at = self.at("refractory");
            let engine = |error| NetworkError::new(&at, error);
            let free = refractoriness.not_refractory(&mut graph).map_err(engine)?;
            let write = graph.write(column_of(object, NOT_REFRACTORY)?, free).map_err(engine)?;
            graph.follow(write);
            writes.push(write);
        }
        if let Some(integrator) = integrator {
            let new = step(&mut graph, &system, &object.names, integrator);
            writes.extend(new.map_err(|error| NetworkError::new(&path, error))?);
        }
        if fused {
            writes.iter().for_each(|&write| graph.follow(write));
            writes.push(self.condition(SPIKE, &mut graph)?);
        }
        if writes.is_empty() {
            return Ok(None);
        }
        let code = self.code(&graph, &writes, &self.at("update"));
        Ok(Some(if fused { code.find(column_of(object, CONDITION)?) } else { code }))
    }

    fn integrator(&self, system: &System, notes: &mut Vec<String>) -> Result<Option<Integrator>, NetworkError> {
        let Some(name) = &self.described.integrator else {
            let Some(choice) = choose(system, &self.object.names) else { return Ok(None) };
            notes.extend(choice.note.map(|note| format!("{}: {note}", self.object.path)));
            return Ok(Some(choice.integrator));
        };
        let Some(integrator) = Integrator::named(name) else {
            let names: Vec<&str> = INTEGRATORS.iter().map(|&(name, _)| name).collect();
            return Err(not_allowed(
                &self.at("integrator"),
                format!("`{name}`"),
                format!("one of {}", names.join(", ")),
            ));
        };
        if let Err(refusal) = integrator.takes(system, &self.object.names) {
            let problem = crate::integrators::IntegratorError::Refused(refusal);
            return Err(NetworkError::new(self.at("integrator"), problem));
        }
        Ok((!system.equations.is_empty()).then_some(integrator))
    }

    /// The condition of an event, as what is written to its column.
    fn condition(&self, event: &str, graph: &mut Graph<'_>) -> Result<Write, NetworkError> {
        let (field, text, what) = self.condition_text(event);
        let path = self.at(&field);
        let located = |error| NetworkError::language(&path, error, text);
        let engine = |error| NetworkError::new(&path, error);
        let parsed = expression(&path, text)?;
        check_condition(&parsed, &self.object.names, what).map_err(located)?;
        let inlined = self.object.inline(&parsed).map_err(located)?;
        let mut holds = graph.expression(&inlined, &Bindings::new(), false).map_err(engine)?;
        if event == SPIKE && self.described.refractory.is_some() {
            let free: Value = graph.column(column_of(self.object, NOT_REFRACTORY)?);
            holds = graph.apply(Operation::And, &[holds, free]);
        }
        graph.write(column_of(self.object, CONDITION)?, holds).map_err(engine)
    }

    fn condition_text(&self, event: &str) -> (String, &str, &'static str) {
        match (&self.described.threshold, self.described.events.get(event)) {
            (Some(threshold), _) if event == SPIKE => ("threshold".to_owned(), threshold, "the threshold"),
            (_, Some(described)) => (format!("events.{event}.condition"), &described.condition, "the condition"),
            _ => ("events".to_owned(), "", "the condition"),
        }
    }

    fn condition_alone(&self, event: &str) -> Result<Code, NetworkError> {
        let scope = self.object.scope(&self.context.arrays);
        let mut graph = Graph::new(&scope);
        let write = self.condition(event, &mut graph)?;
        let code = self.code(&graph, &[write], &self.at(&format!("condition {event}")));
        // Neurons with a form look at places of which the condition is kept.
        let with_form = self.context.forms.contains_key(&self.number);
        Ok(if with_form { code } else { code.find(write.column) })
    }

    /// Statements; with `conditional` variables that are for outside of refractoriness are not written inside.
    fn statements(&self, path: &str, text: &str, conditional: bool) -> Result<Code, NetworkError> {
        statements(self.context, self.object, self.number, path, text, conditional)
    }

    /// Whether statements write what says who is refractory. Those that cannot be read are refused where they are compiled.
    fn writes_refractoriness(&self) -> bool {
        let described = self.described;
        let texts = described.reset.iter().chain(described.on_event.iter().map(|on| &on.code));
        let mut texts = texts.chain(described.run_regularly.iter().map(|regular| &regular.code));
        let meddles = |statement: &Statement| [NOT_REFRACTORY, super::LAST_SPIKE].contains(&statement.target.as_str());
        texts.any(|text| parse_statements(text).is_ok_and(|statements| statements.iter().any(meddles)))
    }
}

/// Statements over all variables of an object, with draws that are told from others by `path`.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn statements(
    context: &Context<'_>,
    object: &Object,
    number: usize,
    path: &str,
    text: &str,
    conditional: bool,
) -> Result<Code, NetworkError> {
    let located = |error| NetworkError::language(path, error, text);
    let engine = |error| NetworkError::new(path, error);
    let parsed = parse_statements(text).map_err(located)?;
    check_statements(&parsed, &object.names).map_err(located)?;
    let mut inlined = Vec::with_capacity(parsed.len());
    for statement in parsed {
        let value = object.inline(&statement.value).map_err(located)?;
        inlined.push(Statement { value, ..statement });
    }
    let scope = object.scope(&context.arrays);
    let mut graph = Graph::new(&scope);
    let writes = graph.statements(&inlined, &Bindings::new(), conditional).map_err(engine)?;
    Ok(Code::new(object, number, &graph, &writes, &context.key.derive(path)))
}
