//! Whether names are known and units fit.

use super::block::Equations;
use super::equation::{Definition, Equation, Flag, Values};
use super::error::{LanguageError, Problem};
use super::expression::{BinaryOperator, Expression, ExpressionKind};
use super::functions::Function;
use super::infer::{Inference, fixed_number};
use super::scope::{Callable, Meaning, Quantity, Scope, Type, Variable};
use super::span::Span;
use super::statement::{AssignmentOperator, Statement};
use crate::units::Dimension;

/// What an expression gives.
///
/// # Errors
/// Names that mean nothing, units that do not fit, numbers where there should be truth values and the other way round.
pub fn check_expression(expression: &Expression, scope: &Scope) -> Result<Type, LanguageError> {
    Inference { scope, noise: false }.of(expression)
}

/// The quantity that an expression stands for, such as `10*ms` or `2*tau`, in SI units.
///
/// # Errors
/// Names that mean nothing, units that do not fit, and [`Problem::NotFixed`] where a name or a function has no value
/// before the simulation.
pub fn fixed_value(expression: &Expression, scope: &Scope) -> Result<Quantity, LanguageError> {
    match (Inference { scope, noise: false }).of(expression)? {
        Type::Boolean => {
            let what = "the value".to_owned();
            Err(LanguageError::new(Problem::NotNumber { what }, expression.span))
        }
        Type::Number(dimension) => fixed_number(expression, scope).map(|value| Quantity { value, dimension }),
    }
}

/// Whether an expression is one of truth values, as thresholds are.
///
/// # Errors
/// As [`check_expression`], and [`Problem::NotBoolean`] with `what` it is.
pub fn check_condition(expression: &Expression, scope: &Scope, what: &str) -> Result<(), LanguageError> {
    match check_expression(expression, scope)? {
        Type::Boolean => Ok(()),
        Type::Number(_) => Err(LanguageError::new(Problem::NotBoolean { what: what.to_owned() }, expression.span)),
    }
}

/// Whether no part of an expression is divided by a number that is known to be 0.
///
/// # Errors
/// [`Problem::DivisionByZero`].
pub fn check_divisors(expression: &Expression, scope: &Scope) -> Result<(), LanguageError> {
    let mut zero = None;
    expression.any(&mut |part| {
        if let ExpressionKind::Binary { operator, right, .. } = &part.kind
            && matches!(operator, BinaryOperator::Divide | BinaryOperator::FloorDivide | BinaryOperator::Remainder)
            && fixed_number(right, scope) == Ok(0.0)
        {
            zero = Some(&**right);
        }
        zero.is_some()
    });
    zero.map_or(Ok(()), |divisor| {
        let mut text = divisor.to_string();
        text.truncate(text.char_indices().nth(40).map_or(text.len(), |(end, _)| end));
        Err(LanguageError::new(Problem::DivisionByZero { divisor: text }, divisor.span))
    })
}

/// How an expression says when a neuron is refractory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refractoriness {
    /// For this time after a spike.
    Time,
    /// After a spike for as long as this holds.
    Condition,
}

/// How an expression says when a neuron is refractory.
///
/// # Errors
/// As [`check_expression`], and [`Problem::Unit`] where it is neither a time nor true or false.
pub fn check_refractory(expression: &Expression, scope: &Scope) -> Result<Refractoriness, LanguageError> {
    let found = check_expression(expression, scope)?;
    if found == Type::Boolean {
        return Ok(Refractoriness::Condition);
    }
    conforms(found, Type::Number(Dimension::SECOND), "the refractory time", expression)?;
    Ok(Refractoriness::Time)
}

/// Whether an expression is a number that measures `expected`.
///
/// # Errors
/// As [`check_expression`], [`Problem::NotNumber`] and [`Problem::Unit`], with `what` it is.
pub fn check_number(
    expression: &Expression,
    scope: &Scope,
    expected: Dimension,
    what: &str,
) -> Result<(), LanguageError> {
    let found = check_expression(expression, scope)?;
    conforms(found, Type::Number(expected), what, expression)
}

/// Whether all equations of a block mean something: each has the unit that its variable is declared with (by second,
/// for derivatives), and what draws random numbers is evaluated once per step.
///
/// # Errors
/// The first that does not, with its place.
pub fn check_equations(equations: &Equations, scope: &Scope) -> Result<(), LanguageError> {
    equations.equations().iter().try_for_each(|equation| check_equation(equation, scope))
}

fn check_equation(equation: &Equation, scope: &Scope) -> Result<(), LanguageError> {
    let name = &equation.name;
    match &equation.definition {
        Definition::Parameter => Ok(()),
        Definition::Derivative(expression) => {
            let found = Inference { scope, noise: true }.of(expression)?;
            let expected = equation.dimension.over(Dimension::SECOND);
            let expected = expected.map_err(|error| LanguageError::new(Problem::Range(error), equation.name_span))?;
            conforms(found, Type::Number(expected), &format!("d{name}/dt"), expression)
        }
        Definition::Subexpression(expression) => {
            if !equation.has(Flag::ConstantOverDt)
                && let Some((function, span)) = stateful(expression, scope)
            {
                let problem = Problem::Stateful { name: name.clone(), function };
                return Err(LanguageError::new(problem, span));
            }
            let found = check_expression(expression, scope)?;
            let expected = match equation.values {
                Values::Boolean => Type::Boolean,
                Values::Float | Values::Integer => Type::Number(equation.dimension),
            };
            conforms(found, expected, &format!("`{name}`"), expression)
        }
    }
}

/// The first call in an expression that gives a new value each time.
pub(super) fn stateful(expression: &Expression, scope: &Scope) -> Option<(String, Span)> {
    let mut found = None;
    expression.any(&mut |part| {
        let ExpressionKind::Call { function, .. } = &part.kind else { return false };
        let own = matches!(scope.callable(function), Some(Callable::Function { stateful: true, .. }));
        if own || Function::named(function).is_some_and(Function::is_stateful) {
            found = Some((function.clone(), part.span));
        }
        found.is_some()
    });
    found
}

/// A variable that statements make for themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub gives: Type,
}

/// Whether statements mean something, and which local variables they make, in order.
///
/// # Errors
/// The first mistake, with its place: names that mean nothing or cannot be written, units that do not fit.
pub fn check_statements(statements: &[Statement], scope: &Scope) -> Result<Vec<Local>, LanguageError> {
    let mut scope = scope.clone();
    let mut locals = Vec::new();
    for statement in statements {
        let gives = check_expression(&statement.value, &scope)?;
        let name = &statement.target;
        let target = match scope.meaning(name) {
            Some(Meaning::Variable(variable)) => {
                if let Some(reason) = variable.read_only {
                    let problem = Problem::ReadOnly { name: name.clone(), reason };
                    return Err(LanguageError::new(problem, statement.target_span));
                }
                variable.gives()
            }
            _ => {
                let local = new_local(statement, gives, &scope)?;
                scope.add_variable(name, local);
                locals.push(Local { name: name.clone(), gives });
                gives
            }
        };
        written(statement, target, gives)?;
    }
    Ok(locals)
}

/// The variable that a statement makes, where its name is free for one.
fn new_local(statement: &Statement, gives: Type, scope: &Scope) -> Result<Variable, LanguageError> {
    let name = &statement.target;
    let error = |problem| LanguageError::new(problem, statement.target_span);
    if let Some(reason) = super::names::reserved(name) {
        return Err(error(Problem::Reserved { name: name.clone(), reason }));
    }
    if let Some(Meaning::Fixed(_)) = scope.meaning(name) {
        let reason = super::error::ReadOnly::Fixed;
        return Err(error(Problem::ReadOnly { name: name.clone(), reason }));
    }
    if statement.operator != AssignmentOperator::Assign {
        return Err(error(Problem::LocalWithoutValue { name: name.clone() }));
    }
    let (values, dimension) = match gives {
        Type::Boolean => (Values::Boolean, Dimension::NONE),
        Type::Number(dimension) => (Values::Float, dimension),
    };
    Ok(Variable { values, dimension, read_only: None, shared: false })
}

/// Whether what a statement gives can be written to its target.
fn written(statement: &Statement, target: Type, gives: Type) -> Result<(), LanguageError> {
    let what = format!("what is written to `{}`", statement.target);
    match statement.operator {
        AssignmentOperator::Assign => conforms(gives, target, &what, &statement.value),
        operator => {
            if target == Type::Boolean {
                let operator = operator.symbol();
                return Err(LanguageError::new(Problem::BooleanOperand { operator }, statement.target_span));
            }
            let scales = matches!(operator, AssignmentOperator::Multiply | AssignmentOperator::Divide);
            let expected = if scales { Type::Number(Dimension::NONE) } else { target };
            let what = if scales { format!("the factor of `{}`", statement.target) } else { what };
            conforms(gives, expected, &what, &statement.value)
        }
    }
}

fn conforms(found: Type, expected: Type, what: &str, expression: &Expression) -> Result<(), LanguageError> {
    let what = what.to_owned();
    let problem = match (found, expected) {
        (Type::Boolean, Type::Boolean) => return Ok(()),
        (Type::Number(found), Type::Number(expected)) if found == expected => return Ok(()),
        (Type::Number(found), Type::Number(expected)) => Problem::Unit { what, expected, found },
        (Type::Number(_), Type::Boolean) => Problem::NotBoolean { what },
        (Type::Boolean, Type::Number(_)) => Problem::NotNumber { what },
    };
    Err(LanguageError::new(problem, expression.span))
}
