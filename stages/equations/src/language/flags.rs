//! Which flags equations may have, and what follows from them.

use std::collections::HashMap;

use super::block::Equations;
use super::equation::{Equation, EquationKind, Flag};
use super::error::{LanguageError, Problem, Reserved};
use super::expression::{Expression, ExpressionKind};
use super::scope::{Meaning, Scope};
use super::span::Span;

/// What equations describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// A group of neurons.
    Neurons,
    /// Synapses between two groups.
    Synapses,
    /// Compartments of neurons that have a shape.
    Compartments,
}

/// Flags that an equation of this kind may have.
pub fn allowed_flags(model: Model, kind: EquationKind) -> &'static [Flag] {
    match (model, kind) {
        (Model::Neurons | Model::Compartments, EquationKind::Derivative) => &[Flag::UnlessRefractory],
        (Model::Synapses, EquationKind::Derivative) => &[Flag::EventDriven, Flag::ClockDriven],
        (Model::Neurons, EquationKind::Subexpression) => &[Flag::Shared, Flag::ConstantOverDt],
        (Model::Synapses, EquationKind::Subexpression) => &[Flag::Summed, Flag::Shared, Flag::ConstantOverDt],
        (Model::Compartments, EquationKind::Subexpression) => &[Flag::Shared, Flag::ConstantOverDt, Flag::PointCurrent],
        (Model::Compartments, EquationKind::Parameter) => {
            &[Flag::Constant, Flag::Shared, Flag::Linked, Flag::PointCurrent]
        }
        (_, EquationKind::Parameter) => &[Flag::Constant, Flag::Shared, Flag::Linked],
    }
}

/// Whether names and flags of a block are such as neurons or synapses can have.
///
/// # Errors
/// The first mistake, with its place: names with a meaning of their own, flags that are not for such an equation or
/// exclude each other, shared subexpressions of variables that are not, event-driven equations that depend on
/// clock-driven ones or the other way round.
pub fn check_model(equations: &Equations, model: Model) -> Result<(), LanguageError> {
    for equation in equations.equations() {
        check_name(equation, model)?;
        check_flags(equation, model)?;
    }
    let scope = match model {
        Model::Neurons | Model::Compartments => Scope::neurons(equations),
        Model::Synapses => Scope::synapses(equations),
    };
    check_shared(equations, &scope)?;
    check_event_driven(equations)
}

fn check_name(equation: &Equation, model: Model) -> Result<(), LanguageError> {
    let name = equation.name.as_str();
    let side = name.ends_with("_pre") || name.ends_with("_post");
    let reason = match model {
        Model::Neurons | Model::Compartments if side => Some(Reserved::Side),
        // What is summed into a variable of a neuron is named after it.
        Model::Synapses if side && !equation.has(Flag::Summed) => Some(Reserved::Side),
        Model::Synapses if ["j", "delay", "N_pre", "N_post"].contains(&name) => Some(Reserved::Meaning),
        _ => None,
    };
    let problem = |reason| Problem::Reserved { name: name.to_owned(), reason };
    reason.map_or(Ok(()), |reason| Err(LanguageError::new(problem(reason), equation.name_span)))
}

fn check_flags(equation: &Equation, model: Model) -> Result<(), LanguageError> {
    let kind = equation.kind();
    let allowed = allowed_flags(model, kind);
    for &(flag, span) in &equation.flags {
        if !allowed.contains(&flag) {
            let problem = Problem::FlagNotAllowed { flag, kind, allowed: allowed.to_vec() };
            return Err(LanguageError::new(problem, span));
        }
    }
    for (index, &(second, span)) in equation.flags.iter().enumerate() {
        for &(first, first_span) in &equation.flags[..index] {
            if exclude(first, second) {
                let error = LanguageError::new(Problem::FlagsExclude { first, second }, span);
                return Err(error.with(first_span, "the other is here".to_owned()));
            }
        }
    }
    Ok(())
}

/// Whether an equation cannot have both.
fn exclude(first: Flag, second: Flag) -> bool {
    let alone = |flag| matches!(flag, Flag::Summed | Flag::Linked);
    let drives = |flag| matches!(flag, Flag::EventDriven | Flag::ClockDriven);
    alone(first) || alone(second) || (drives(first) && drives(second))
}

fn check_shared(equations: &Equations, scope: &Scope) -> Result<(), LanguageError> {
    for (equation, expression) in equations.subexpressions() {
        if !equation.has(Flag::Shared) {
            continue;
        }
        for name in expression.names() {
            if let Some(Meaning::Variable(variable)) = scope.meaning(name)
                && !variable.shared
            {
                let problem = Problem::SharedUses { name: equation.name.clone(), variable: name.to_owned() };
                return Err(LanguageError::new(problem, place(expression, name)));
            }
        }
    }
    Ok(())
}

/// What is solved from event to event has no value in between, and what is stepped has none at events.
fn check_event_driven(equations: &Equations) -> Result<(), LanguageError> {
    if !equations.equations().iter().any(|equation| equation.has(Flag::EventDriven)) {
        return Ok(());
    }
    // What each subexpression uses of both, by itself and through others; each comes after those that it uses.
    let mut through: HashMap<&str, Reached> = HashMap::new();
    for (equation, expression) in equations.subexpressions() {
        let reached = reached(expression, equations, &through);
        if equation.has(Flag::Summed)
            && let Some(name) = reached.event_driven
        {
            return Err(mixed(name, &equation.name, expression.span));
        }
        let summed = equation.has(Flag::Summed).then_some(equation.name.as_str());
        let clock_driven = summed.or(reached.clock_driven);
        through.insert(&equation.name, Reached { clock_driven, ..reached });
    }
    for (equation, expression) in equations.derivatives() {
        let reached = reached(expression, equations, &through);
        if equation.has(Flag::EventDriven) {
            if let Some(other) = reached.clock_driven {
                return Err(mixed(&equation.name, other, expression.span));
            }
        } else if let Some(name) = reached.event_driven {
            return Err(mixed(name, &equation.name, expression.span));
        }
    }
    Ok(())
}

/// One variable of each sort that an expression depends on.
#[derive(Clone, Copy, Default)]
struct Reached<'a> {
    event_driven: Option<&'a str>,
    clock_driven: Option<&'a str>,
}

fn reached<'a>(
    expression: &'a Expression,
    equations: &'a Equations,
    through: &HashMap<&str, Reached<'a>>,
) -> Reached<'a> {
    let mut all = Reached::default();
    for name in expression.names() {
        let own = match equations.get(name) {
            Some(equation) if equation.kind() == EquationKind::Derivative => {
                let event_driven = equation.has(Flag::EventDriven);
                Reached { event_driven: event_driven.then_some(name), clock_driven: (!event_driven).then_some(name) }
            }
            _ => through.get(name).copied().unwrap_or_default(),
        };
        all.event_driven = all.event_driven.or(own.event_driven);
        all.clock_driven = all.clock_driven.or(own.clock_driven);
    }
    all
}

fn mixed(event_driven: &str, other: &str, span: Span) -> LanguageError {
    LanguageError::new(Problem::EventDrivenMixed { name: event_driven.to_owned(), other: other.to_owned() }, span)
}

/// Where a name occurs first.
fn place(expression: &Expression, name: &str) -> Span {
    let mut found = expression.span;
    expression.any(&mut |part| {
        let here = matches!(&part.kind, ExpressionKind::Name(own) if own == name);
        if here {
            found = part.span;
        }
        here
    });
    found
}
