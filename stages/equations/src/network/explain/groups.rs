//! Groups of a model.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::checks::{self, unknown};
use super::report::{EquationReport, EventReport, GroupKind, GroupReport, VariableReport};
use super::{Known, Survey};
use crate::language::analysis::inline::Inliner;
use crate::language::analysis::simplify::simplify;
use crate::language::analysis::system::System;
use crate::language::block::Equations;
use crate::language::check::check_equations;
use crate::language::equation::{Definition, Equation, EquationKind, Flag, Values};
use crate::language::error::LanguageError;
use crate::language::expression::{Expression, ExpressionKind};
use crate::language::flags::Model as Kind;
use crate::language::scope::{Meaning, Scope};
use crate::network::context::not_allowed;
use crate::network::description::{Initial, Neurons, Poisson, Regular, SpatialNeurons, SpikeGenerator, Text};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::network::{groups, spatial};
use crate::units::Dimension;

/// Groups of neurons with a form times constants: each has its own copy of all.
const MOST_CONSTANTS: usize = 5_000_000;

/// Longer equations are told in part.
const LONGEST: usize = 2_000;

/// A group with equations.
struct Group<'b, 'a> {
    path: &'b str,
    name: &'a str,
    kind: GroupKind,
    described: &'b Neurons,
    size: u32,
    dt: f64,
}

impl<'a> Survey<'a> {
    pub(super) fn groups(&mut self) -> Vec<GroupReport> {
        let mut reports = Vec::new();
        let model = self.model;
        for (name, described) in &model.neurons {
            if self.is_full() {
                return reports;
            }
            let path = format!("neurons.{name}");
            if self.name_is_free(&path, name) {
                reports.extend(self.neurons(&path, name, described));
            }
        }
        if model.spatial_neurons.len().saturating_mul(model.constants.len()) > MOST_CONSTANTS {
            let value = format!("{} groups and {} constants", model.spatial_neurons.len(), model.constants.len());
            let allowed = format!("a product of at most {MOST_CONSTANTS}");
            self.noted::<()>(Err(not_allowed("spatial_neurons", value, allowed)));
            return reports;
        }
        for (name, described) in &model.spatial_neurons {
            if self.is_full() {
                return reports;
            }
            let path = format!("spatial_neurons.{name}");
            if self.name_is_free(&path, name) {
                reports.extend(self.compartments(&path, name, described));
            }
        }
        for (name, described) in &model.poisson {
            if self.is_full() {
                return reports;
            }
            let path = format!("poisson.{name}");
            if self.name_is_free(&path, name) {
                reports.extend(self.poisson(&path, name, described));
            }
        }
        for (name, described) in &model.spike_generators {
            if self.is_full() {
                return reports;
            }
            let path = format!("spike_generators.{name}");
            if self.name_is_free(&path, name) {
                reports.extend(self.spike_generator(&path, name, described));
            }
        }
        reports
    }

    /// Whether a name is one, and that of no other object.
    pub(super) fn name_is_free(&mut self, path: &str, name: &str) -> bool {
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        let result = if !is_name {
            let allowed = "names are made of letters, digits, `_` and `-`".to_owned();
            Err(not_allowed(path, format!("`{name}`"), allowed))
        } else if let Some(other) = self.groups.get(name) {
            let problem = NetworkProblem::Twice { name: name.to_owned(), other: other.path.clone() };
            Err(NetworkError::new(path, problem))
        } else {
            Ok(())
        };
        self.noted(result).is_some()
    }

    fn size(&mut self, path: &str, size: u32) -> Option<u32> {
        let result = if size == 0 {
            Err(not_allowed(&format!("{path}.size"), "0".to_owned(), "at least 1".to_owned()))
        } else {
            Ok(size)
        };
        self.noted(result)
    }

    pub(super) fn clock(&mut self, path: &str, step: Option<&Text>) -> Option<f64> {
        let outer = Arc::clone(&self.outer);
        match step {
            None => Some(self.dt),
            Some(text) => self.noted(checks::positive_time(&format!("{path}.time_step"), text, &outer)),
        }
    }

    fn neurons(&mut self, path: &str, name: &'a str, described: &Neurons) -> Option<GroupReport> {
        let size = self.size(path, described.size);
        let dt = self.clock(path, described.time_step.as_ref());
        let read = checks::equations(path, &described.equations, &described.replace, Kind::Neurons);
        let equations = self.noted(read)?;
        let dt = dt?;
        let mut names = Scope::neurons(&equations);
        self.add_outer(&mut names, dt);
        if described.refractory.is_some() {
            names.add_refractoriness();
        }
        self.noted(checked_equations(path, &equations, &names))?;
        let group = Group { path, name, kind: GroupKind::Neurons, described, size: size?, dt };
        self.group(&group, equations, names)
    }

    /// Neurons with a form: their elements are compartments.
    fn compartments(&mut self, path: &str, name: &'a str, described: &SpatialNeurons) -> Option<GroupReport> {
        let made = spatial::object(&self.context, name, described);
        let (object, _) = self.noted(made)?;
        let neurons = spatial::as_neurons(&object, described);
        let neurons = Neurons { integrator: described.integrator.clone(), ..self.noted(neurons)? };
        self.noted(checks::divisors(path, &object.equations, &object.names))?;
        let (size, dt) = (neurons.size, object.dt);
        let group = Group { path, name, kind: GroupKind::Compartments, described: &neurons, size, dt };
        self.group(&group, object.equations, object.names)
    }

    /// What groups with equations have in common.
    fn group(&mut self, group: &Group<'_, 'a>, equations: Equations, names: Scope) -> Option<GroupReport> {
        let &Group { path, name, kind, described, size, dt } = group;
        let initial = self.initial(path, &described.initial, &equations, &names, Some(size));
        let clock_driven = System::clock_driven(&equations)
            .map_err(|error| NetworkError::language(format!("{path}.equations"), error, equations.source()));
        let system = self.noted(clock_driven)?;
        let integrator = self.integrator(path, described.integrator.as_deref(), &system, &names, &initial, dt);
        self.spiking(path, described, &equations, &names);
        self.regular(path, &described.run_regularly, &names, dt);
        for (event, of) in &described.events {
            let at = format!("{path}.events.{event}.condition");
            let read = checks::condition(&at, &of.condition, &names, "the condition");
            self.noted(read);
        }
        for (number, on_event) in described.on_event.iter().enumerate() {
            let at = format!("{path}.on_event.{number}");
            if on_event.event != "spike" && !described.events.contains_key(&on_event.event) {
                let known = described.events.keys().map(String::as_str).chain(["spike"]);
                let error = unknown(&format!("{at}.event"), "event", &on_event.event, known);
                self.noted::<()>(Err(error));
            }
            let read = checks::statements(&format!("{at}.code"), &on_event.code, &names);
            self.noted(read);
        }
        self.undefined_divisors(path, &equations, described);
        // Of refractoriness and conditions; of compartments their geometry and what their cable needs.
        let more = if kind == GroupKind::Compartments { 40.0 } else { 2.0 };
        let report = GroupReport {
            name: name.to_owned(),
            kind,
            size,
            time_step_s: dt,
            variables: variables(&equations, &described.initial),
            equations: self.put_in(path, &equations, &names),
            integrator,
            threshold: described.threshold.clone(),
            reset: described.reset.clone(),
            refractory: described.refractory.as_ref().map(|text| text.as_str().to_owned()),
            events: described
                .events
                .iter()
                .map(|(name, event)| EventReport { name: name.clone(), condition: event.condition.clone() })
                .collect(),
            bytes: column_bytes(&equations, f64::from(size)) + f64::from(size) * 8.0 * more,
        };
        let events = described.events.keys().cloned().collect();
        let (spikes, order) = (described.threshold.is_some(), described.order);
        let (expected, size, path) = (f64::from(size), Some(size), path.to_owned());
        self.groups.insert(name, Known { path, size, expected, equations, names, spikes, events, dt, order });
        Some(report)
    }

    fn poisson(&mut self, path: &str, name: &'a str, described: &Poisson) -> Option<GroupReport> {
        let size = self.size(path, described.size)?;
        let neurons = groups::poisson(&self.context, name, described);
        let neurons = self.noted(neurons)?;
        let dt = self.clock(path, described.time_step.as_ref())?;
        let equations = self.noted(checks::equations(path, &neurons.equations, &BTreeMap::new(), Kind::Neurons))?;
        let mut names = Scope::neurons(&equations);
        self.add_outer(&mut names, dt);
        self.groups.insert(name, source_of_spikes(path, size, equations, names, dt));
        Some(source_report(name, GroupKind::Poisson, size, dt, 8.0))
    }

    fn spike_generator(&mut self, path: &str, name: &'a str, described: &SpikeGenerator) -> Option<GroupReport> {
        let size = self.size(path, described.size)?;
        let dt = self.clock(path, described.time_step.as_ref());
        let outer = Arc::clone(&self.outer);
        if described.elements.len() != described.times.len() {
            let value = format!("{} elements and {} times", described.elements.len(), described.times.len());
            let error = not_allowed(&format!("{path}.times"), value, "a time for each element".to_owned());
            self.noted::<()>(Err(error));
        }
        if let Some(element) = described.elements.iter().find(|element| **element >= size) {
            let error = not_allowed(&format!("{path}.elements"), element.to_string(), format!("numbers below {size}"));
            self.noted::<()>(Err(error));
        }
        if let Some(time) = described.times.iter().find(|time| !(time.is_finite() && **time >= 0.0)) {
            let allowed = "finite times of at least 0".to_owned();
            self.noted::<()>(Err(not_allowed(&format!("{path}.times"), time.to_string(), allowed)));
        }
        let unit = Text::new(&described.unit);
        let read = checks::number(&format!("{path}.unit"), &unit, &Scope::new(), Dimension::SECOND, "the unit");
        self.noted(read);
        if let Some(period) = &described.period {
            self.noted(checks::positive_time(&format!("{path}.period"), period, &outer));
        }
        let dt = dt?;
        let mut names = Scope::neurons(&Equations::default());
        self.add_outer(&mut names, dt);
        self.groups.insert(name, source_of_spikes(path, size, Equations::default(), names, dt));
        let bytes = 12.0 * described.times.len() as f64 / f64::from(size);
        Some(source_report(name, GroupKind::SpikeGenerator, size, dt, bytes))
    }

    /// Variables before the first step, with those whose value is known.
    pub(super) fn initial(
        &mut self,
        path: &str,
        described: &BTreeMap<String, Initial>,
        equations: &Equations,
        names: &Scope,
        size: Option<u32>,
    ) -> HashMap<String, Option<f64>> {
        let mut values = HashMap::new();
        for (name, initial) in described {
            let at = format!("{path}.initial.{name}");
            let result = match names.meaning(name) {
                Some(Meaning::Variable(variable)) if equations.get(name).is_some() || variable.read_only.is_none() => {
                    match equations.get(name).map(Equation::kind) {
                        Some(EquationKind::Subexpression) => {
                            let allowed = "it is computed from its equation, so it has no value of its own".to_owned();
                            Err(not_allowed(&at, format!("`{name}`"), allowed))
                        }
                        _ => {
                            let size = if variable.shared { Some(1) } else { size };
                            checks::initial(&at, initial, names, &variable, size)
                        }
                    }
                }
                _ => {
                    let known = equations.equations().iter().map(|equation| equation.name.as_str());
                    Err(unknown(&at, "variable", name, known))
                }
            };
            if let Some(value) = self.noted(result) {
                values.insert(name.clone(), value);
            }
        }
        values
    }

    pub(super) fn regular(&mut self, path: &str, all: &[Regular], names: &Scope, dt: f64) {
        let outer = Arc::clone(&self.outer);
        for (number, regular) in all.iter().enumerate() {
            let at = format!("{path}.run_regularly.{number}");
            self.noted(checks::statements(&format!("{at}.code"), &regular.code, names));
            let Some(text) = &regular.every else { continue };
            let every = checks::positive_time(&format!("{at}.every"), text, &outer);
            if self.noted(every).is_some_and(|every| every < dt * (1.0 - 1e-4)) {
                let allowed = format!("at least the step of the group, {dt} s");
                self.noted::<()>(Err(not_allowed(&format!("{at}.every"), text.as_str().to_owned(), allowed)));
            }
        }
    }

    /// Equations of derivatives with all put in.
    pub(super) fn put_in(&mut self, path: &str, equations: &Equations, names: &Scope) -> Vec<EquationReport> {
        let inliner = Inliner::new(equations);
        let mut reports = Vec::new();
        for (equation, expression) in equations.derivatives() {
            let inlined = inliner
                .inline(expression)
                .map_err(|error| NetworkError::language(format!("{path}.equations"), error, equations.source()));
            let Some(inlined) = self.noted(inlined) else { continue };
            let mut shown = simplify(inlined, names);
            round(&mut shown);
            let mut text = format!("d{}/dt = {shown}", equation.name);
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
                text += "...";
            }
            reports.push(EquationReport { variable: equation.name.clone(), text });
        }
        reports
    }
}

fn source_of_spikes(path: &str, size: u32, equations: Equations, names: Scope, dt: f64) -> Known {
    Known {
        path: path.to_owned(),
        size: Some(size),
        expected: f64::from(size),
        equations,
        names,
        spikes: true,
        events: Vec::new(),
        dt,
        order: 0,
    }
}

fn source_report(name: &str, kind: GroupKind, size: u32, dt: f64, bytes_each: f64) -> GroupReport {
    GroupReport {
        name: name.to_owned(),
        kind,
        size,
        time_step_s: dt,
        variables: Vec::new(),
        equations: Vec::new(),
        integrator: None,
        threshold: None,
        reset: None,
        refractory: None,
        events: Vec::new(),
        bytes: bytes_each * f64::from(size),
    }
}

pub(super) fn checked_equations(path: &str, equations: &Equations, names: &Scope) -> Result<(), NetworkError> {
    let located = |error: LanguageError| NetworkError::language(format!("{path}.equations"), error, equations.source());
    check_equations(equations, names).map_err(located)?;
    checks::divisors(path, equations, names)
}

pub(super) fn variables(equations: &Equations, initial: &BTreeMap<String, Initial>) -> Vec<VariableReport> {
    let of = |equation: &Equation| VariableReport {
        name: equation.name.clone(),
        kind: match equation.definition {
            Definition::Derivative(_) => "derivative",
            Definition::Subexpression(_) => "subexpression",
            Definition::Parameter => "parameter",
        },
        unit: match equation.values {
            Values::Float => equation.dimension.to_string(),
            Values::Integer => "integer".to_owned(),
            Values::Boolean => "boolean".to_owned(),
        },
        flags: equation.flags.iter().map(|(flag, _)| flag.to_string()).collect(),
        initial: match initial.get(&equation.name) {
            Some(Initial::Expression(text)) => Some(text.as_str().to_owned()),
            _ => None,
        },
    };
    equations.equations().iter().map(of).collect()
}

/// Bytes of the variables that are kept, for this many elements.
pub(super) fn column_bytes(equations: &Equations, elements: f64) -> f64 {
    let kept = equations
        .equations()
        .iter()
        .filter(|equation| equation.kind() != EquationKind::Subexpression || equation.has(Flag::ConstantOverDt));
    kept.map(|equation| if equation.has(Flag::Shared) { 8.0 } else { 8.0 * elements }).sum()
}

/// Rounds the numbers of an expression to 12 digits, for reading: 20*1e-6 is 2e-5.
fn round(expression: &mut Expression) {
    match &mut expression.kind {
        ExpressionKind::Number(value) => *value = format!("{value:.11e}").parse().unwrap_or(*value),
        ExpressionKind::Boolean(_) | ExpressionKind::Name(_) => {}
        ExpressionKind::Unary { operand, .. } => round(operand),
        ExpressionKind::Binary { left, right, .. } => {
            round(left);
            round(right);
        }
        ExpressionKind::Comparison { first, rest } => {
            round(first);
            rest.iter_mut().for_each(|(_, operand)| round(operand));
        }
        ExpressionKind::Logical { operands: parts, .. } | ExpressionKind::Call { arguments: parts, .. } => {
            parts.iter_mut().for_each(round);
        }
    }
}

/// A time in the unit that suits it.
pub(super) fn time(seconds: f64) -> String {
    let (value, unit) = match seconds.abs() {
        s if s >= 1.0 => (seconds, "s"),
        s if s >= 1e-5 || s == 0.0 => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "us"),
    };
    let rounded = format!("{value:.6e}").parse::<f64>().unwrap_or(value);
    format!("{rounded} {unit}")
}
