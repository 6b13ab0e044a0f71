//! What a description of synapses means: their equations, what names stand for, and which variables of neurons their code
//! needs.

use std::collections::BTreeSet;

use super::super::context::{Context, Members, not_allowed};
use super::super::delivery::Coded;
use super::super::description::Synapses;
use super::super::error::{NetworkError, NetworkProblem};
use super::super::pathway::{DELAY, check_event, described as described_pathways};
use super::sides::{Neighbours, Sides};
use super::texts::Texts;
use crate::engine::Column;
use crate::integrators::IntegratorError;
use crate::language::analysis::inline::{Inliner, substitute};
use crate::language::analysis::integrator::{INTEGRATORS, Integrator, Reason, Refusal, choose};
use crate::language::analysis::linear::{LinearSystem, linear_system};
use crate::language::analysis::system::System;
use crate::language::block::Equations;
use crate::language::check::{check_equations, check_statements};
use crate::language::equation::{Equation, EquationKind, Flag, Values};
use crate::language::error::{LanguageError, ReadOnly};
use crate::language::expression::{Expression, ExpressionKind};
use crate::language::flags::{Model, check_model};
use crate::language::scope::{Callable, Scope, Side, Variable};
use crate::language::span::Span;
use crate::language::statement::Statement;
use crate::language::{parse_expression, replace_names, reserved};
use crate::units::Dimension;

/// A description that has been read.
pub(super) struct Plan {
    pub name: String,
    pub path: String,
    pub equations: Equations,
    pub names: Scope,
    pub dt: f64,
    pub neighbours: Neighbours,
    /// Variables of the synapses themselves.
    pub own: Vec<Column>,
    /// Variables of neurons that need a column.
    pub used: BTreeSet<String>,
    /// Code of pathways, with its place in the model.
    pub pathways: Vec<(String, Side, Coded)>,
    /// Statements at regular times, with their places in the model.
    pub regular: Vec<(String, Coded)>,
    pub clock_driven: Option<(Integrator, System)>,
    /// Summed variables: the name of the target, its side, and what each synapse adds.
    pub summed: Vec<(String, Side, Expression)>,
    pub notes: Vec<String>,
}

/// The groups, or parts of them, that synapses connect.
///
/// # Errors
/// Groups that do not exist, and a name that another object has.
pub(super) fn members(
    context: &Context<'_>,
    name: &str,
    described: &Synapses,
) -> Result<(Members, Members), NetworkError> {
    let path = format!("synapses.{name}");
    if let Some(&other) = context.by_name.get(name) {
        let other = context.objects[other].path.clone();
        return Err(NetworkError::new(path, NetworkProblem::Twice { name: name.to_owned(), other }));
    }
    let source = context.members(&format!("{path}.source"), &described.source)?;
    let target = match &described.target {
        None => source,
        Some(target) => context.members(&format!("{path}.target"), target)?,
    };
    Ok((source, target))
}

impl Plan {
    /// Reads a description.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub(crate) fn new(
        context: &Context<'_>,
        name: &str,
        described: &Synapses,
        sides: &Sides,
    ) -> Result<Self, NetworkError> {
        let path = format!("synapses.{name}");
        let at = |field: &str| format!("{path}.{field}");
        let dt = match &described.time_step {
            None => context.dt,
            Some(step) => context.positive_time(&at("time_step"), step)?,
        };
        let equations = read_equations(&at("equations"), described)?;
        let in_equations = |error| NetworkError::language(at("equations"), error, equations.source());
        check_model(&equations, Model::Synapses).map_err(in_equations)?;
        if let Some(equation) = equations.equations().iter().find(|equation| equation.has(Flag::Linked)) {
            let problem = format!("`{}` is linked, which only variables of neurons can be", equation.name);
            return Err(NetworkError::new(at("equations"), NetworkProblem::Conflict(problem)));
        }

        // What names mean: own variables, those of neurons, constants.
        let mut names = Scope::synapses(&equations);
        for side in [Side::Presynaptic, Side::Postsynaptic] {
            names.add_neurons(&context.objects[sides.members(side).object].equations, side);
        }
        let given = |dimension, values| Variable { values, dimension, read_only: Some(ReadOnly::Given), shared: false };
        let mut own = own_columns(&at("multisynaptic_index"), &equations, described.multisynaptic_index.as_deref())?;
        if let Some(index) = &described.multisynaptic_index {
            names.add_variable(index, given(Dimension::NONE, Values::Integer));
        }
        let is_event_driven = own.iter().any(|column| column.name == LAST_UPDATE);
        if is_event_driven && equations.get(LAST_UPDATE).is_none() {
            names.add_variable(LAST_UPDATE, given(Dimension::SECOND, Values::Float));
        }
        let texts = Texts::new(context, name, described)?;
        let in_expressions = equations.equations().iter().filter_map(|e| e.expression()).flat_map(|e| e.names());
        let mentioned: BTreeSet<&str> = in_expressions.chain(texts.names.iter().map(String::as_str)).collect();
        for name in COUNTS.into_iter().filter(|name| mentioned.contains(name) && equations.get(name).is_none()) {
            names.add_variable(name, given(Dimension::NONE, Values::Integer));
            own.push(Column { values: Values::Integer, ..Column::float(name) });
        }
        let has_pre = described_pathways(&path, described)?.iter().any(|pathway| pathway.name == PRE);
        if mentioned.contains(DELAY) && has_pre {
            names.add_variable(DELAY, given(Dimension::SECOND, Values::Float));
            own.push(Column::float(DELAY));
        }
        let is_own = |name: &str| {
            own.iter().any(|column| column.name == name) || equations.get(name).is_some_and(|e| !e.has(Flag::Summed))
        };
        let mut neighbours = Neighbours::default();
        let summed = equations.equations().iter().filter(|e| e.has(Flag::Summed)).map(|e| e.name.as_str());
        for name in mentioned.iter().copied().chain(summed) {
            if !is_own(name) {
                neighbours.see(context, sides, name, &mut names).map_err(in_equations)?;
            }
        }
        context.add_constants(&mut names, dt);
        check_equations(&equations, &names).map_err(in_equations)?;

        let mut plan = Self {
            name: name.to_owned(),
            path: path.clone(),
            names,
            dt,
            neighbours,
            own,
            used: BTreeSet::new(),
            pathways: Vec::new(),
            regular: Vec::new(),
            clock_driven: None,
            summed: Vec::new(),
            notes: Vec::new(),
            equations,
        };
        plan.read_summed(context, sides)?;
        plan.read_clock_driven(described)?;
        let event_driven = plan.event_driven()?;
        for (pathway, statements) in described_pathways(&path, described)?.iter().zip(texts.pathways) {
            check_event(context, pathway, sides.members(pathway.side).object)?;
            let (text, path) = &pathway.code;
            let coded = plan.coded(path, text, statements, event_driven.clone())?;
            plan.pathways.push((path.clone(), pathway.side, coded));
        }
        for (place, (regular, statements)) in described.run_regularly.iter().zip(texts.regular).enumerate() {
            let path = format!("{path}.run_regularly.{place}.code");
            let coded = plan.coded(&path, &regular.code, statements, None)?;
            plan.regular.push((path, coded));
        }
        for name in texts.looked_at {
            plan.use_names(&Expression::name(&name, Span::default()))?;
        }
        Ok(plan)
    }

    /// An expression with all subexpressions put in.
    fn inline(&self, expression: &Expression) -> Result<Expression, LanguageError> {
        let own = Inliner::new(&self.equations).inline(expression)?;
        Ok(substitute(&own, &|name| self.neighbours.subexpressions.get(name).cloned()))
    }

    fn in_equations(&self, error: LanguageError) -> NetworkError {
        NetworkError::language(format!("{}.equations", self.path), error, self.equations.source())
    }

    /// Remembers which variables of neurons an expression needs.
    fn use_names(&mut self, expression: &Expression) -> Result<(), NetworkError> {
        let inlined = self.inline(expression).map_err(|error| self.in_equations(error))?;
        let used = inlined.names().into_iter().filter(|name| self.neighbours.seen.contains_key(*name));
        self.used.extend(used.map(str::to_owned));
        Ok(())
    }

    fn read_summed(&mut self, context: &Context<'_>, sides: &Sides) -> Result<(), NetworkError> {
        let path = format!("{}.equations", self.path);
        let conflict = |problem: String| NetworkError::new(&path, NetworkProblem::Conflict(problem));
        let equations = self.equations.clone();
        for (equation, expression) in equations.subexpressions() {
            if !equation.has(Flag::Summed) && !equation.has(Flag::ConstantOverDt) {
                continue;
            }
            self.use_names(expression)?;
            if !equation.has(Flag::Summed) {
                continue;
            }
            let name = &equation.name;
            let Some((base, side)) = side_of(name) else {
                let problem =
                    format!("`{name}` is summed, so it has the name of a variable of neurons with `_post` or `_pre`");
                return Err(conflict(problem));
            };
            let members = sides.members(side);
            let group = &context.objects[members.object];
            let kept = |target: &&Equation| {
                target.kind() == EquationKind::Parameter
                    && ![Flag::Constant, Flag::Shared, Flag::Linked].iter().any(|&flag| target.has(flag))
            };
            let Some(target) = group.equations.get(base).filter(kept) else {
                let group = &group.name;
                let problem = format!(
                    "`{name}` is summed, but `{base}` is no parameter `{base} : UNIT` of each neuron of `{group}`"
                );
                return Err(conflict(problem));
            };
            if target.values != Values::Float || target.dimension != equation.dimension {
                let problem = format!(
                    "`{name}` has the unit {}, and `{base}` of `{}` another: {}",
                    equation.dimension, group.name, target.dimension
                );
                return Err(conflict(problem));
            }
            self.check_one_writer(context, members, base)?;
            let inlined = self.inline(expression).map_err(|error| self.in_equations(error))?;
            let here = |name: &str| self.neighbours.seen.get(name).map(|seen| (seen.remote.object, seen.remote.column));
            if inlined.names().iter().any(|used| here(used).is_some() && here(used) == here(name)) {
                return Err(conflict(format!("`{name}` is summed up from itself")));
            }
            self.used.insert(name.clone());
            self.summed.push((name.clone(), side, inlined));
        }
        Ok(())
    }

    /// Whether no other synapses sum up to the same variable of the same neurons.
    fn check_one_writer(&self, context: &Context<'_>, members: Members, base: &str) -> Result<(), NetworkError> {
        for (other, described) in &context.model.synapses {
            let Some(&number) = context.by_name.get(other).filter(|_| *other != self.name) else { continue };
            let path = format!("synapses.{other}");
            let source = context.members(&path, &described.source)?;
            let target = described.target.as_ref().map_or(Ok(source), |target| context.members(&path, target))?;
            for (side, theirs) in [("_pre", source), ("_post", target)] {
                let equation = context.objects[number].equations.get(&format!("{base}{side}"));
                let overlap = theirs.start < members.stop && members.start < theirs.stop;
                if theirs.object == members.object && overlap && equation.is_some_and(|e| e.has(Flag::Summed)) {
                    let group = &context.objects[members.object].name;
                    let problem = format!("`{base}` of `{group}` is summed up by `{other}` too; only one can");
                    return Err(NetworkError::new(
                        format!("{}.equations", self.path),
                        NetworkProblem::Conflict(problem),
                    ));
                }
            }
        }
        let twice = self.summed.iter().filter(|(name, _, _)| side_of(name).is_some_and(|(own, _)| own == base));
        for (name, _, _) in twice {
            // `x_pre` and `x_post` of one group.
            let seen = self.neighbours.seen.get(name);
            if seen.is_some_and(|seen| seen.remote.object == members.object) {
                let problem = format!("`{base}` is summed up twice");
                return Err(NetworkError::new(format!("{}.equations", self.path), NetworkProblem::Conflict(problem)));
            }
        }
        Ok(())
    }

    /// Puts variables of neurons in the place of what stands for them.
    fn with_neighbours(&mut self, mut system: System) -> System {
        let subexpressions = &self.neighbours.subexpressions;
        for equation in &mut system.equations {
            let factors = equation.noise.iter_mut().map(|noise| &mut noise.factor);
            for expression in std::iter::once(&mut equation.drift).chain(factors) {
                *expression = substitute(expression, &|name| subexpressions.get(name).cloned());
            }
        }
        system
    }

    fn read_clock_driven(&mut self, described: &Synapses) -> Result<(), NetworkError> {
        let system = System::clock_driven(&self.equations).map_err(|error| self.in_equations(error))?;
        let system = self.with_neighbours(system);
        let at = || format!("{}.integrator", self.path);
        let integrator = match &described.integrator {
            None => match choose(&system, &self.names) {
                None => return Ok(()),
                Some(choice) => {
                    self.notes.extend(choice.note.map(|note| format!("{}: {note}", self.path)));
                    choice.integrator
                }
            },
            Some(name) => Integrator::named(name).ok_or_else(|| {
                let names: Vec<&str> = INTEGRATORS.iter().map(|&(name, _)| name).collect();
                not_allowed(&at(), format!("`{name}`"), format!("one of {}", names.join(", ")))
            })?,
        };
        if let Err(refusal) = integrator.takes(&system, &self.names) {
            return Err(NetworkError::new(at(), IntegratorError::Refused(refusal)));
        }
        if system.equations.is_empty() {
            return Ok(());
        }
        for equation in &system.equations {
            let factors = equation.noise.iter().map(|noise| &noise.factor);
            for expression in std::iter::once(&equation.drift).chain(factors) {
                self.use_names(expression)?;
            }
        }
        self.clock_driven = Some((integrator, system));
        Ok(())
    }

    fn event_driven(&mut self) -> Result<Option<LinearSystem>, NetworkError> {
        let system = System::event_driven(&self.equations).map_err(|error| self.in_equations(error))?;
        if system.equations.is_empty() {
            return Ok(None);
        }
        let system = self.with_neighbours(system);
        let path = format!("{}.equations", self.path);
        let refused = |reason| {
            let refusal = Refusal { integrator: Integrator::Exact, reason };
            NetworkError::new(&path, IntegratorError::Refused(refusal))
        };
        if system.equations.iter().any(|equation| !equation.noise.is_empty()) {
            return Err(refused(Reason::Noise));
        }
        // Any number of steps may lie between two events.
        let mut names = self.names.clone();
        for array in self.equations.equations().iter().filter_map(Equation::expression).flat_map(functions) {
            if let Some(Callable::TimedArray { dimension, per_element, .. }) = self.names.callable(&array).cloned() {
                names.add_callable(&array, Callable::TimedArray { dimension, per_element, constant_over_step: false });
            }
        }
        linear_system(&system, &names).map(Some).map_err(|reason| refused(Reason::NotLinear(reason)))
    }

    /// Statements as code.
    fn coded(
        &mut self,
        path: &str,
        text: &str,
        statements: Vec<Statement>,
        event_driven: Option<LinearSystem>,
    ) -> Result<Coded, NetworkError> {
        let located = |error| NetworkError::language(path, error, text);
        check_statements(&statements, &self.names).map_err(located)?;
        let mut resolved = Vec::with_capacity(statements.len());
        for statement in statements {
            let value = self.inline(&statement.value).map_err(located)?;
            let target = self.neighbours.target(&statement.target).to_owned();
            if self.own.iter().any(|column| column.name == target && column.shared) {
                let problem =
                    format!("`{target}` is shared by all synapses, so code of single synapses cannot write it");
                return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
            }
            resolved.push(Statement { target, value, ..statement });
        }
        let own = |name: &str| {
            let column = self.own.iter().find(|column| column.name == name);
            column.is_some_and(|column| !column.shared && column.values != Values::Boolean)
        };
        let coded = Coded::new(resolved, event_driven, &self.neighbours, &self.names, &own);
        self.used.extend(coded.columns(&self.neighbours));
        Ok(coded)
    }
}

/// How many synapses the presynaptic neuron of a synapse has, and how many the postsynaptic one.
pub(super) const COUNTS: [&str; 2] = ["N_outgoing", "N_incoming"];

/// The name of the pathway that `on_pre` is.
pub(super) const PRE: &str = "pre";

/// When an event-driven variable was last solved.
const LAST_UPDATE: &str = "lastupdate";

fn read_equations(path: &str, described: &Synapses) -> Result<Equations, NetworkError> {
    let replacements: Vec<(&str, &str)> =
        described.replace.iter().map(|(name, new)| (name.as_str(), new.as_str())).collect();
    let written = &described.equations;
    let text = replace_names(written, &replacements).map_err(|error| NetworkError::language(path, error, written))?;
    Equations::parse(&text).map_err(|error| NetworkError::language(path, error, &text))
}

/// The variables of synapses themselves.
fn own_columns(path: &str, equations: &Equations, index: Option<&str>) -> Result<Vec<Column>, NetworkError> {
    let whole = |name: &str, shared| Column { values: Values::Integer, shared, ..Column::float(name) };
    let mut own = vec![whole("i", false), whole("j", false), whole("N_pre", true), whole("N_post", true)];
    if let Some(index) = index {
        let taken = equations.get(index).is_some() || own.iter().any(|column| column.name == index);
        let is_name = matches!(parse_expression(index), Ok(parsed) if parsed.names() == [index]);
        if let Some(reason) = reserved(index) {
            return Err(not_allowed(path, format!("`{index}`"), reason.to_string()));
        }
        if taken || !is_name || side_of(index).is_some() {
            let allowed = "a name that nothing else has, and that does not end in `_pre` or `_post`";
            return Err(not_allowed(path, format!("`{index}`"), allowed.to_owned()));
        }
        own.push(whole(index, false));
    }
    for equation in equations.equations() {
        let kept = match equation.kind() {
            EquationKind::Derivative | EquationKind::Parameter => true,
            EquationKind::Subexpression => equation.has(Flag::ConstantOverDt),
        };
        if kept {
            let (values, shared) = (equation.values, equation.has(Flag::Shared));
            own.push(Column { values, shared, ..Column::float(&equation.name) });
        }
    }
    if equations.equations().iter().any(|equation| equation.has(Flag::EventDriven)) {
        if equations.get(LAST_UPDATE).is_some() {
            let path = path.replace("multisynaptic_index", "equations");
            let problem = "with event-driven equations, `lastupdate` is the time of the last event of each synapse";
            return Err(NetworkError::new(path, NetworkProblem::Conflict(problem.to_owned())));
        }
        own.push(Column::float(LAST_UPDATE));
    }
    Ok(own)
}

/// The name of a variable of neurons without its side, and the side.
fn side_of(name: &str) -> Option<(&str, Side)> {
    let pre = name.strip_suffix("_pre").map(|base| (base, Side::Presynaptic));
    pre.or_else(|| name.strip_suffix("_post").map(|base| (base, Side::Postsynaptic)))
}

/// The functions that an expression calls.
fn functions(expression: &Expression) -> Vec<String> {
    let mut functions = Vec::new();
    expression.visit(&mut |part| {
        if let ExpressionKind::Call { function, .. } = &part.kind {
            functions.push(function.clone());
        }
    });
    functions
}
