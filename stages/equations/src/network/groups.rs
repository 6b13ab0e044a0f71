//! Groups of neurons as objects: their variables, those that they have of other groups, and their values at the start.

pub(crate) mod code;

use std::sync::Arc;

use self::code::SPIKE;
use super::context::{Context, not_allowed};
use super::description::{Initial, Link, Neurons, Poisson};
use super::error::{NetworkError, NetworkProblem};
use super::object::{Elements, Object, Remote};
use crate::engine::{Column, EngineError, Layout};
use crate::language::block::Equations;
use crate::language::check::{check_equations, check_number, fixed_value};
use crate::language::equation::{Equation, EquationKind, Flag, Values};
use crate::language::error::nearest;
use crate::language::expression::{Expression, ExpressionKind};
use crate::language::flags::{Model as ModelKind, check_model};
use crate::language::replace_names;
use crate::language::scope::{Meaning, Scope, Variable};
use crate::units::Dimension;

/// Where a condition is written before it is known who fulfils it. No variable of a model can have such a name.
pub(crate) const CONDITION: &str = "_condition";
/// 1 outside of refractoriness, 0 inside.
pub(crate) const NOT_REFRACTORY: &str = "not_refractory";
/// The time of the last spike of a neuron that can be refractory, in s.
pub(crate) const LAST_SPIKE: &str = "lastspike";
/// The time of the last spike of a neuron that has never spiked, in s: longer ago than any refractoriness lasts.
pub(crate) const NEVER: f64 = -1e4;

/// What a group has besides the variables of its equations.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// What its equations describe.
    pub kind: ModelKind,
    /// Variables that equations can use; they are its first columns.
    pub variables: Vec<(&'static str, Variable)>,
    /// Subexpressions that equations can use.
    pub subexpressions: Vec<(&'static str, Variable)>,
    /// Its last columns, which nothing in a model can name.
    pub hidden: Vec<&'static str>,
}

/// A group of point neurons with its own variables.
///
/// # Errors
/// What is wrong with its equations, and groups of no neurons.
pub(crate) fn object(
    context: &Context<'_>,
    section: &str,
    name: &str,
    described: &Neurons,
) -> Result<Object, NetworkError> {
    let nothing =
        Given { kind: ModelKind::Neurons, variables: Vec::new(), subexpressions: Vec::new(), hidden: Vec::new() };
    object_with(context, section, name, described, &nothing)
}

/// A group with its own variables and given ones.
///
/// # Errors
/// Those of [`object`], and equations of variables that are given.
pub(crate) fn object_with(
    context: &Context<'_>,
    section: &str,
    name: &str,
    described: &Neurons,
    given: &Given,
) -> Result<Object, NetworkError> {
    let path = format!("{section}.{name}");
    let at = |field: &str| format!("{path}.{field}");
    if described.size == 0 {
        return Err(not_allowed(&at("size"), "0".to_owned(), "at least 1".to_owned()));
    }
    if described.events.contains_key(SPIKE) {
        let problem = "spikes are the event of the `threshold`".to_owned();
        return Err(NetworkError::new(at("events.spike"), NetworkProblem::Conflict(problem)));
    }
    let equations = read_equations(&at("equations"), described)?;
    let dt = match &described.time_step {
        None => context.dt,
        Some(step) => context.positive_time(&at("time_step"), step)?,
    };
    let mut names = Scope::neurons(&equations);
    for &(name, variable) in given.variables.iter().chain(&given.subexpressions) {
        if equations.get(name).is_some() {
            let problem = NetworkProblem::Conflict(format!("`{name}` is given; remove its equation"));
            return Err(NetworkError::new(at("equations"), problem));
        }
        names.add_variable(name, variable);
    }
    if described.refractory.is_some() {
        names.add_refractoriness();
    }
    context.add_constants(&mut names, dt);
    let located = |error| NetworkError::language(at("equations"), error, equations.source());
    check_model(&equations, given.kind).map_err(located)?;
    check_equations(&equations, &names).map_err(located)?;
    check_rows(context, &at("equations"), &equations, described.size)?;

    let refracts = described.refractory.is_some();
    let own = equations.equations().iter().filter(|equation| is_own(equation));
    let first = given.variables.iter();
    let mut columns: Vec<Column> =
        first.map(|&(name, Variable { values, .. })| Column { values, ..Column::float(name) }).collect();
    columns.extend(own.map(|equation| column(equation, refracts)));
    if described.refractory.is_some() {
        columns.push(Column { values: Values::Boolean, ..Column::float(NOT_REFRACTORY) });
        match equations.get(LAST_SPIKE) {
            None => columns.push(Column::float(LAST_SPIKE)),
            Some(own) if is_own(own) && own.kind() == EquationKind::Parameter && !own.has(Flag::Shared) => {}
            Some(_) => {
                let problem = "`lastspike` is a parameter in second, or not in the equations".to_owned();
                return Err(NetworkError::new(at("equations"), NetworkProblem::Conflict(problem)));
            }
        }
    }
    if described.threshold.is_some() || !described.events.is_empty() {
        columns.push(Column::float(CONDITION));
    }
    columns.extend(given.hidden.iter().map(|name| Column::float(name)));
    let layout = Layout::new(described.size as usize, columns);
    let layout = layout.map_err(|error| NetworkError::new(&path, error))?;
    Ok(Object {
        name: name.to_owned(),
        path,
        equations,
        names,
        layout,
        remotes: Vec::new(),
        remote_subexpressions: std::collections::HashMap::new(),
        dt,
    })
}

fn read_equations(path: &str, described: &Neurons) -> Result<Equations, NetworkError> {
    let replacements: Vec<(&str, &str)> =
        described.replace.iter().map(|(name, new)| (name.as_str(), new.as_str())).collect();
    let written = &described.equations;
    let text = replace_names(written, &replacements).map_err(|error| NetworkError::language(path, error, written))?;
    Equations::parse(&text).map_err(|error| NetworkError::language(path, error, &text))
}

/// Whether arrays over time have values for all neurons: beyond its rows there is no number, and no condition holds.
fn check_rows(context: &Context<'_>, path: &str, equations: &Equations, size: u32) -> Result<(), NetworkError> {
    let mut short = None;
    let mut look = |part: &Expression| {
        let ExpressionKind::Call { function, arguments } = &part.kind else { return false };
        let own = matches!(arguments.get(1), Some(Expression { kind: ExpressionKind::Name(name), .. }) if name == "i");
        let array = context.arrays.iter().find(|array| array.name() == function && array.arguments() == 2);
        short = array.filter(|array| own && array.width() < size as usize);
        short.is_some()
    };
    if !equations.equations().iter().filter_map(Equation::expression).any(|expression| expression.any(&mut look)) {
        return Ok(());
    }
    let Some(array) = short else { return Ok(()) };
    let value = format!("`{}(t, i)` with {} values for each time", array.name(), array.width());
    Err(not_allowed(path, value, format!("a value for each of {size} neurons")))
}

/// Whether the values of a variable are kept by the object itself.
fn is_own(equation: &Equation) -> bool {
    match equation.kind() {
        EquationKind::Derivative => true,
        EquationKind::Parameter => !equation.has(Flag::Linked),
        EquationKind::Subexpression => equation.has(Flag::ConstantOverDt),
    }
}

fn column(equation: &Equation, refracts: bool) -> Column {
    Column {
        name: equation.name.clone(),
        values: equation.values,
        shared: equation.has(Flag::Shared),
        unless_refractory: refracts && equation.has(Flag::UnlessRefractory),
    }
}

/// Gives a group the variables that it has of other groups. All groups have their own by then.
///
/// # Errors
/// Links without a variable and the other way round; groups, variables and neurons that do not exist; units that differ.
pub(crate) fn link(context: &mut Context<'_>, number: usize, described: &Neurons) -> Result<(), NetworkError> {
    let object = &context.objects[number];
    let linked = |equation: &&Equation| equation.has(Flag::Linked);
    let at = |name: &str| format!("{}.linked.{name}", object.path);
    let mut columns = object.layout.columns().to_vec();
    let mut remotes = Vec::new();
    for equation in object.equations.equations().iter().filter(linked) {
        let name = &equation.name;
        let Some(link) = described.linked.get(name) else {
            let problem = format!("`{name}` is linked, but it is not said to what: {name}: {{group: G, variable: x}}");
            return Err(NetworkError::new(at(name), NetworkProblem::Conflict(problem)));
        };
        let remote = remote(context, &at(name), link, equation, object)?;
        let there = &context.objects[remote.object].layout.columns()[remote.column];
        columns.push(Column {
            shared: matches!(remote.elements, Elements::Shared),
            values: there.values,
            ..Column::float(name)
        });
        remotes.push(remote);
    }
    if let Some(name) =
        described.linked.keys().find(|name| object.equations.get(name).as_ref().is_none_or(|own| !linked(own)))
    {
        let problem = format!("the equations have no `{name} : UNIT (linked)`");
        return Err(NetworkError::new(at(name), NetworkProblem::Conflict(problem)));
    }
    if remotes.is_empty() {
        return Ok(());
    }
    let layout = Layout::new(object.layout.elements(), columns);
    let layout = layout.map_err(|error| NetworkError::new(&object.path, error))?;
    let object = &mut context.objects[number];
    object.layout = layout;
    object.remotes = remotes;
    Ok(())
}

fn remote(
    context: &Context<'_>,
    path: &str,
    link: &Link,
    equation: &Equation,
    object: &Object,
) -> Result<Remote, NetworkError> {
    let number = context.object(&format!("{path}.group"), &link.group)?;
    let there = &context.objects[number];
    let variable = &link.variable;
    let column = there.layout.number(variable);
    let is_linked = there.equations.get(variable).is_some_and(|equation| equation.has(Flag::Linked));
    let (own, column) = match (there.names.meaning(variable), column) {
        (Some(Meaning::Variable(own)), Some(column)) if !is_linked => (own, column),
        (Some(Meaning::Variable(_)), _) => {
            let allowed =
                "the variable of a link is one that its group keeps: no subexpression, and linked to no other";
            return Err(not_allowed(&format!("{path}.variable"), format!("`{variable}`"), allowed.to_owned()));
        }
        _ => {
            let known = there.equations.equations().iter().map(|equation| equation.name.as_str());
            let suggestion = nearest(variable, known);
            let problem = NetworkProblem::Unknown { kind: "variable", name: variable.clone(), suggestion };
            return Err(NetworkError::new(format!("{path}.variable"), problem));
        }
    };
    if own.dimension != equation.dimension || own.values != equation.values {
        let value = format!("`{variable}` of `{}` has the unit {}", link.group, own.dimension);
        return Err(not_allowed(path, value, format!("the linked variable has {}", equation.dimension)));
    }
    let (size, size_there) = (object.layout.elements(), there.layout.elements());
    let elements = match &link.neurons {
        None if own.shared => Elements::Shared,
        None if size_there == size => Elements::Listed((0..size as u32).collect::<Vec<u32>>().into()),
        None if size_there == 1 => Elements::Listed(vec![0; size].into()),
        None => {
            let value = format!("`{}` has {size_there} neurons and this group {size}", link.group);
            return Err(not_allowed(path, value, "`neurons` says which neuron belongs to which".to_owned()));
        }
        Some(_) if own.shared => {
            let problem = format!("`{variable}` is shared by all neurons, so there is none to choose");
            return Err(NetworkError::new(format!("{path}.neurons"), NetworkProblem::Conflict(problem)));
        }
        Some(neurons) => {
            let at = format!("{path}.neurons");
            if neurons.len() != size {
                let value = format!("{} numbers", neurons.len());
                return Err(not_allowed(&at, value, format!("one for each of {size} neurons")));
            }
            if let Some(&beyond) = neurons.iter().find(|&&neuron| neuron as usize >= size_there) {
                return Err(not_allowed(&at, beyond.to_string(), format!("below {size_there}")));
            }
            Elements::Listed(Arc::from(neurons.as_slice()))
        }
    };
    Ok(Remote { object: number, column, elements })
}

/// A group of Poisson processes as neurons whose threshold is a draw.
///
/// # Errors
/// Rates that are no rates.
pub(crate) fn poisson(context: &Context<'_>, name: &str, described: &Poisson) -> Result<Neurons, NetworkError> {
    let path = format!("poisson.{name}.rates");
    let dt = match &described.time_step {
        None => context.dt,
        Some(step) => context.positive_time(&format!("poisson.{name}.time_step"), step)?,
    };
    let possible = |rate: f64| {
        // One spike in each step is all that there can be.
        if rate >= 0.0 && rate * dt <= 1.0 + 1e-9 {
            return Ok(());
        }
        Err(not_allowed(&path, format!("{rate} Hz"), format!("from 0 Hz to one spike in each step, {} Hz", 1.0 / dt)))
    };
    let (equations, initial) = match &described.rates {
        Initial::Expression(text) => {
            let mut names =
                Scope::neurons(&Equations::parse("").map_err(|error| NetworkError::language(&path, error, ""))?);
            context.add_constants(&mut names, dt);
            let parsed = super::context::expression(&path, text.as_str())?;
            let located = |error| NetworkError::language(&path, error, text.as_str());
            check_number(&parsed, &names, Dimension::HERTZ, "the rate").map_err(located)?;
            if let Ok(rate) = fixed_value(&parsed, &names) {
                possible(rate.value)?;
            }
            // In parentheses, so that it may have several lines.
            (format!("rates = ({}) : Hz", text.as_str()), None)
        }
        Initial::Values { values, unit } => {
            let values = context.values(&path, values, unit.as_deref(), Dimension::HERTZ, described.size as usize)?;
            values.into_iter().try_for_each(possible)?;
            ("rates : Hz".to_owned(), Some(described.rates.clone()))
        }
        Initial::At { .. } | Initial::Sections(_) => {
            let allowed = "an expression, or a value for each".to_owned();
            return Err(not_allowed(&path, "rates of some elements".to_owned(), allowed));
        }
    };
    Ok(Neurons {
        size: described.size,
        equations,
        threshold: Some("rand() < rates*dt".to_owned()),
        initial: initial.into_iter().map(|rates| ("rates".to_owned(), rates)).collect(),
        time_step: described.time_step.clone(),
        ..Neurons::default()
    })
}

/// How many bytes the state of an object takes with what its programs keep in between.
pub(crate) fn bytes(layout: &Layout) -> u64 {
    // Values before and after a step, and those in between for elements from lists.
    const COPIES: u64 = 3;
    let each = layout.columns().iter().filter(|column| !column.shared).count() as u64;
    each * layout.elements() as u64 * 8 * COPIES
}

/// The number of a column that an object has for sure.
///
/// # Errors
/// It has none of this name.
pub(crate) fn column_of(object: &Object, name: &str) -> Result<usize, NetworkError> {
    let number = object.layout.number(name);
    number.ok_or_else(|| NetworkError::new(&object.path, EngineError::UnknownName { name: name.to_owned() }))
}
