//! Synapses of a model.

use std::sync::Arc;

use super::checks::{self, conflict, unknown};
use super::connections::{Count, Sides};
use super::groups::{checked_equations, column_bytes, variables};
use super::report::{PathwayReport, SynapsesReport};
use super::{Known, Survey};
use crate::language::analysis::integrator::Integrator;
use crate::language::analysis::system::System;
use crate::language::block::Equations;
use crate::language::equation::{EquationKind, Flag, Values};
use crate::language::flags::Model as Kind;
use crate::language::scope::{Scope, Side, Variable};
use crate::network::context::not_allowed;
use crate::network::description::{Initial, Pathway, Slot, Spikes, Synapses};
use crate::network::error::NetworkError;
use crate::units::Dimension;

/// Variables of neurons that all synapses together may see: each has names of its own for them.
const MOST_SEEN: u64 = 1_000_000;

/// Delays of more steps are refused.
const MOST_STEPS: f64 = u32::MAX as f64;

impl<'a> Survey<'a> {
    pub(super) fn all_synapses(&mut self) -> Vec<SynapsesReport> {
        let model = self.model;
        let mut seen = 0;
        let mut reports = Vec::new();
        for (name, described) in &model.synapses {
            if self.is_full() {
                break;
            }
            let path = format!("synapses.{name}");
            if !self.name_is_free(&path, name) {
                continue;
            }
            if let Some(report) = self.one_synapses(&path, name, described, &mut seen) {
                reports.push(report);
            }
            if seen > MOST_SEEN {
                let value = "the synapses see too many variables of neurons".to_owned();
                self.noted::<()>(Err(not_allowed(&path, value, format!("at most {MOST_SEEN} in all"))));
                break;
            }
        }
        reports
    }

    /// The name of the group of one side, and how many of its neurons.
    fn members(&mut self, path: &str, text: &str) -> Option<(&'a str, u32)> {
        if self.is_refused(text) {
            return None;
        }
        let part = self.part(path, text);
        self.noted(part).map(|(name, range)| (name, range.len() as u32))
    }

    fn one_synapses(
        &mut self,
        path: &str,
        name: &'a str,
        described: &Synapses,
        seen: &mut u64,
    ) -> Option<SynapsesReport> {
        let source = self.members(&format!("{path}.source"), &described.source);
        let target_text = described.target.as_deref().unwrap_or(&described.source);
        let target = match &described.target {
            None => source,
            Some(text) => self.members(&format!("{path}.target"), text),
        };
        let dt = self.clock(path, described.time_step.as_ref());
        let read = checks::equations(path, &described.equations, &described.replace, Kind::Synapses);
        let equations = self.noted(read);
        let ((source, source_size), (target, target_size), equations, dt) = (source?, target?, equations?, dt?);
        let mut names = Scope::synapses(&equations);
        for (group, side) in [(source, Side::Presynaptic), (target, Side::Postsynaptic)] {
            let group = self.groups.get(group)?;
            *seen += group.equations.equations().len() as u64;
            names.add_neurons(&group.equations, side);
        }
        if let Some(index) = &described.multisynaptic_index {
            let variable = Variable {
                values: Values::Integer,
                dimension: Dimension::NONE,
                read_only: Some(crate::language::error::ReadOnly::Given),
                shared: false,
            };
            names.add_variable(index, variable);
        }
        self.add_outer(&mut names, dt);
        self.noted(checked_equations(path, &equations, &names))?;
        let summed = self.summed(path, &equations, target);
        let initial = self.initial(path, &described.initial, &equations, &names, None);
        let located = |error| NetworkError::language(format!("{path}.equations"), error, equations.source());
        let (clock_driven, event_driven) =
            (System::clock_driven(&equations).map_err(located), System::event_driven(&equations).map_err(located));
        let (clock_driven, event_driven) = (self.noted(clock_driven)?, self.noted(event_driven)?);
        let integrator = self.integrator(path, described.integrator.as_deref(), &clock_driven, &names, &initial, dt);
        let mut between = names.clone();
        between.set_outer(Arc::clone(&self.between));
        if !event_driven.equations.is_empty()
            && let Err(refusal) = Integrator::Exact.takes(&event_driven, &between)
        {
            let value = "event-driven equations are solved exactly from event to event".to_owned();
            self.noted::<()>(Err(not_allowed(&format!("{path}.equations"), value, refusal.to_string())));
        }
        self.regular(path, &described.run_regularly, &names, dt);
        let pathways = self.pathways(path, described, [source, target], &names);
        let count = self.connected(path, described, &Sides { source: source_size, target: target_size, names: &names });
        let per_synapse = |described: &Option<Initial>| {
            // Delays that differ are kept, and found by them.
            if matches!(described, None | Some(Initial::Expression(_))) { 0.0 } else { 8.0 }
        };
        let delays = per_synapse(&described.delay) + per_synapse(&described.post_delay);
        let pairs = 2.0 * 8.0 + 2.0 * 4.0;
        let rows = 4.0 * pathways.len() as f64;
        let last_update = if event_driven.equations.is_empty() { 0.0 } else { 8.0 };
        let each = pairs + rows + delays + last_update;
        let bytes = count.expected * each + column_bytes(&equations, count.expected);
        let of = |system: &System| system.variables().map(str::to_owned).collect::<Vec<String>>();
        let report = SynapsesReport {
            name: name.to_owned(),
            source: described.source.clone(),
            target: target_text.to_owned(),
            expected: count.expected,
            exact: count.exact,
            time_step_s: dt,
            variables: variables(&equations, &described.initial),
            equations: self.put_in(path, &equations, &names),
            event_driven: of(&event_driven),
            clock_driven: of(&clock_driven),
            summed,
            integrator,
            pathways,
            bytes,
        };
        let size = (count.exact && count.expected <= f64::from(u32::MAX)).then_some(count.expected as u32);
        let expected = count.expected;
        let (path, order) = (path.to_owned(), described.order);
        let known = Known { path, size, expected, equations, names, spikes: false, events: Vec::new(), dt, order };
        self.synapses.insert(name, known);
        Some(report)
    }

    /// Variables of the target that are sums over synapses.
    fn summed(&mut self, path: &str, equations: &Equations, target: &str) -> Vec<String> {
        let mut found = Vec::new();
        for equation in equations.equations().iter().filter(|equation| equation.has(Flag::Summed)) {
            let name = &equation.name;
            let at = format!("{path}.equations");
            let Some(variable) = name.strip_suffix("_post") else {
                let text = format!("`{name}` is `summed`, so it is named after a variable of the target: `NAME_post`");
                self.noted::<()>(Err(conflict(&at, &text)));
                continue;
            };
            let Some(group) = self.groups.get(target) else { continue };
            let result = match group.equations.get(variable) {
                Some(own) if own.kind() != EquationKind::Parameter => {
                    let text = format!(
                        "`{variable}` of `{target}` is computed from its equation, so no sum can be written to it"
                    );
                    Err(conflict(&at, &text))
                }
                Some(own) if own.dimension != equation.dimension => {
                    let value = format!("`{name}` has the unit {}", equation.dimension);
                    Err(not_allowed(&at, value, format!("that of `{variable}` of `{target}`: {}", own.dimension)))
                }
                Some(_) => Ok(()),
                None => {
                    let known = group.equations.equations().iter().map(|own| own.name.as_str());
                    Err(unknown(&at, "variable", variable, known))
                }
            };
            if self.noted(result).is_some() {
                found.push(variable.to_owned());
            }
        }
        found
    }

    fn pathways(&mut self, path: &str, described: &Synapses, groups: [&str; 2], names: &Scope) -> Vec<PathwayReport> {
        let mut reports = Vec::new();
        for (name, code, delay, spikes, field) in [
            ("pre", &described.on_pre, &described.delay, Spikes::Pre, "delay"),
            ("post", &described.on_post, &described.post_delay, Spikes::Post, "post_delay"),
        ] {
            let Some(code) = code else {
                if delay.is_some() {
                    let text = format!("there is no `on_{name}` that it could delay");
                    self.noted::<()>(Err(conflict(&format!("{path}.{field}"), &text)));
                }
                continue;
            };
            if described.pathways.contains_key(name) {
                let text = format!("`on_{name}` is short for a pathway `{name}`, and there is one");
                self.noted::<()>(Err(conflict(&format!("{path}.on_{name}"), &text)));
                continue;
            }
            let pathway = Pathway {
                spikes,
                code: code.clone(),
                event: None,
                delay: delay.clone(),
                when: Slot::synapses(),
                order: None,
            };
            let (code_at, delay_at) = (format!("{path}.on_{name}"), format!("{path}.{field}"));
            reports.push(self.pathway([&code_at, &delay_at], name, &pathway, groups, names));
        }
        for (name, pathway) in &described.pathways {
            let at = format!("{path}.pathways.{name}");
            let (code_at, delay_at) = (format!("{at}.code"), format!("{at}.delay"));
            reports.push(self.pathway([&code_at, &delay_at], name, pathway, groups, names));
        }
        reports
    }

    fn pathway(
        &mut self,
        [code_at, delay_at]: [&str; 2],
        name: &str,
        pathway: &Pathway,
        [source, target]: [&str; 2],
        names: &Scope,
    ) -> PathwayReport {
        let (group, spikes) = match pathway.spikes {
            Spikes::Pre => (source, "pre"),
            Spikes::Post => (target, "post"),
        };
        let read = checks::statements(code_at, &pathway.code, names);
        self.noted(read);
        let mut dt = self.dt;
        if let Some(known) = self.groups.get(group) {
            dt = known.dt;
            match pathway.event.as_deref().filter(|event| *event != "spike") {
                Some(event) if !known.events.iter().any(|own| own == event) => {
                    let events = known.events.iter().map(String::as_str).chain(["spike"]);
                    let error = unknown(&code_at.replace(".code", ".event"), "event", event, events);
                    self.noted::<()>(Err(error));
                }
                None if !known.spikes => {
                    let text = format!("`{group}` never spikes: it has no `threshold`");
                    self.noted::<()>(Err(conflict(code_at, &text)));
                }
                _ => {}
            }
        }
        let steps = match &pathway.delay {
            None => Some((0, 0)),
            Some(delay) => {
                let steps = self.delay(delay_at, delay, names, dt);
                self.noted(steps).flatten()
            }
        };
        PathwayReport {
            name: name.to_owned(),
            spikes,
            event: pathway.event.clone(),
            code: pathway.code.trim().to_owned(),
            shortest_delay_steps: steps.map(|(shortest, _)| shortest),
            longest_delay_steps: steps.map(|(_, longest)| longest),
        }
    }

    /// The shortest and the longest delay in steps, where they are known.
    fn delay(
        &self,
        path: &str,
        described: &Initial,
        names: &Scope,
        dt: f64,
    ) -> Result<Option<(u64, u64)>, NetworkError> {
        let time = Variable { values: Values::Float, dimension: Dimension::SECOND, read_only: None, shared: false };
        let one = checks::initial(path, described, names, &time, None)?;
        let seconds = match described {
            Initial::Values { values, unit } => {
                let unit = unit.as_deref().unwrap_or("1");
                let unit = crate::network::context::expression(path, unit)?;
                let scale = checks::known(&unit, &Scope::new()).unwrap_or(1.0);
                let bounds = values
                    .iter()
                    .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
                (!values.is_empty()).then_some((bounds.0 * scale, bounds.1 * scale))
            }
            Initial::Expression(_) | Initial::At { .. } | Initial::Sections(_) => one.map(|value| (value, value)),
        };
        let Some((shortest, longest)) = seconds else { return Ok(None) };
        let told = |value: f64| match described {
            Initial::Expression(text) => text.as_str().to_owned(),
            _ => format!("a delay of {value} s"),
        };
        if shortest < 0.0 {
            return Err(not_allowed(
                path,
                told(shortest),
                "a delay of at least 0*ms: no spike arrives before it is sent".to_owned(),
            ));
        }
        if longest / dt > MOST_STEPS {
            return Err(not_allowed(path, told(longest), format!("at most {MOST_STEPS} steps")));
        }
        let steps = |seconds: f64| (seconds / dt + 0.5) as u64;
        Ok(Some((steps(shortest), steps(longest))))
    }

    fn connected(&mut self, path: &str, described: &Synapses, sides: &Sides<'_>) -> Count {
        if described.connect.is_empty() {
            self.remark(
                &format!("{path}.connect"),
                "there is no way of connecting, so there are no synapses".to_owned(),
            );
        }
        let mut sum = Count { expected: 0.0, exact: true };
        for (number, connect) in described.connect.iter().enumerate() {
            let count = self.count(&format!("{path}.connect.{number}"), connect, sides);
            if let Some(count) = self.noted(count) {
                sum = Count { expected: sum.expected + count.expected, exact: sum.exact && count.exact };
            }
        }
        if let Some(values) =
            [&described.delay, &described.post_delay].into_iter().flatten().find_map(|delay| match delay {
                Initial::Values { values, .. } => Some(values.len() as f64),
                _ => None,
            })
            && sum.exact
            && values != sum.expected
        {
            let value = format!("{values} values");
            let error =
                not_allowed(&format!("{path}.delay"), value, format!("one for each of {} synapses", sum.expected));
            self.noted::<()>(Err(error));
        }
        sum
    }
}
