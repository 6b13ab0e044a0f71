//! Texts of a model, read and checked against what names mean where they stand.

use std::collections::BTreeMap;

use crate::language::block::Equations;
use crate::language::check::{
    check_condition, check_divisors, check_expression, check_number, check_statements, fixed_value,
};
use crate::language::equation::Definition;
use crate::language::error::LanguageError;
use crate::language::expression::Expression;
use crate::language::flags::{Model as Kind, check_model};
use crate::language::scope::{Scope, Type, Variable};
use crate::language::statement::Statement;
use crate::language::{parse_statements, replace_names};
use crate::network::context::{expression, not_allowed};
use crate::network::description::{Initial, Text};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::units::Dimension;

/// Equations with the text that they were read from, which is another where names were replaced.
pub(super) fn equations(
    path: &str,
    text: &str,
    replace: &BTreeMap<String, Text>,
    kind: Kind,
) -> Result<Equations, NetworkError> {
    let at = format!("{path}.equations");
    let replaced = if replace.is_empty() {
        text.to_owned()
    } else {
        let pairs: Vec<(&str, &str)> = replace.iter().map(|(name, new)| (name.as_str(), new.as_str())).collect();
        replace_names(text, &pairs).map_err(|error| NetworkError::language(format!("{path}.replace"), error, text))?
    };
    let located = |error| NetworkError::language(&at, error, &replaced);
    let equations = Equations::parse(&replaced).map_err(located)?;
    check_model(&equations, kind).map_err(located)?;
    Ok(equations)
}

/// Whether nothing in equations is divided by a number that is 0.
pub(super) fn divisors(path: &str, equations: &Equations, names: &Scope) -> Result<(), NetworkError> {
    for equation in equations.equations() {
        if let Definition::Derivative(expression) | Definition::Subexpression(expression) = &equation.definition {
            check_divisors(expression, names)
                .map_err(|error| NetworkError::language(format!("{path}.equations"), error, equations.source()))?;
        }
    }
    Ok(())
}

pub(super) fn statements(path: &str, text: &str, names: &Scope) -> Result<Vec<Statement>, NetworkError> {
    let located = |error| NetworkError::language(path, error, text);
    let statements = parse_statements(text).map_err(located)?;
    check_statements(&statements, names).map_err(located)?;
    // `v /= 0` divides as well.
    statements.iter().try_for_each(|statement| check_divisors(&statement.written(), names)).map_err(located)?;
    Ok(statements)
}

pub(super) fn condition(path: &str, text: &str, names: &Scope, what: &str) -> Result<Expression, NetworkError> {
    let parsed = expression(path, text)?;
    let located = |error: LanguageError| NetworkError::language(path, error, text);
    check_condition(&parsed, names, what).map_err(located)?;
    check_divisors(&parsed, names).map_err(located)?;
    Ok(parsed)
}

/// A number that measures this, whatever it depends on.
pub(super) fn number(
    path: &str,
    text: &Text,
    names: &Scope,
    dimension: Dimension,
    what: &str,
) -> Result<Expression, NetworkError> {
    let parsed = expression(path, text.as_str())?;
    let located = |error: LanguageError| NetworkError::language(path, error, text.as_str());
    check_number(&parsed, names, dimension, what).map_err(located)?;
    check_divisors(&parsed, names).map_err(located)?;
    Ok(parsed)
}

/// The value of an expression, where it is known before the simulation.
pub(super) fn known(expression: &Expression, names: &Scope) -> Option<f64> {
    fixed_value(expression, names).ok().map(|quantity| quantity.value).filter(|value| value.is_finite())
}

/// Values of a variable before the first step: what they are if they are one known number.
pub(super) fn initial(
    path: &str,
    described: &Initial,
    names: &Scope,
    variable: &Variable,
    size: Option<u32>,
) -> Result<Option<f64>, NetworkError> {
    let one = |text: &Text| {
        let parsed = expression(path, text.as_str())?;
        let located = |error: LanguageError| NetworkError::language(path, error, text.as_str());
        match variable.gives() {
            Type::Boolean => check_condition(&parsed, names, "the value").map_err(located)?,
            Type::Number(dimension) => check_number(&parsed, names, dimension, "the value").map_err(located)?,
        }
        check_divisors(&parsed, names).map_err(located)?;
        Ok(known(&parsed, names))
    };
    match described {
        Initial::Expression(text) => one(text),
        Initial::Sections(sections) => sections.values().try_for_each(|text| one(text).map(|_| ())).map(|()| None),
        Initial::At { elements, value } => {
            for (place, element) in elements.iter().enumerate() {
                if size.is_some_and(|size| *element >= size) {
                    let found = format!("element {element} (place {place})");
                    return Err(not_allowed(path, found, format!("numbers below {}", size.unwrap_or_default())));
                }
            }
            one(value).map(|_| None)
        }
        Initial::Values { values, unit } => {
            let dimension = match unit {
                None => Dimension::NONE,
                Some(unit) => {
                    let parsed = expression(path, unit)?;
                    let located = |error: LanguageError| NetworkError::language(path, error, unit);
                    match check_expression(&parsed, &Scope::new()).map_err(located)? {
                        Type::Number(dimension) => dimension,
                        Type::Boolean => {
                            return Err(not_allowed(path, unit.clone(), "a unit, such as `mV`".to_owned()));
                        }
                    }
                }
            };
            if dimension != variable.dimension {
                let found = format!("values in {dimension}");
                return Err(not_allowed(path, found, format!("the variable has the unit {}", variable.dimension)));
            }
            if let Some(size) = size
                && values.len() != size as usize
            {
                let found = format!("{} values", values.len());
                return Err(not_allowed(path, found, format!("one for each of {size} elements")));
            }
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                let found = format!("value {place} is {}", values[place]);
                return Err(not_allowed(path, found, "finite numbers".to_owned()));
            }
            Ok(None)
        }
    }
}

/// A time that is known before the simulation, at least 0.
pub(super) fn duration(path: &str, text: &Text, names: &Scope) -> Result<f64, NetworkError> {
    let parsed = number(path, text, names, Dimension::SECOND, "the time")?;
    let value = fixed_value(&parsed, names).map_err(|error| NetworkError::language(path, error, text.as_str()))?.value;
    if value >= 0.0 && value.is_finite() {
        return Ok(value);
    }
    Err(not_allowed(path, text.as_str().to_owned(), "a finite time of at least 0*second".to_owned()))
}

/// A step or period: a time above 0.
pub(super) fn positive_time(path: &str, text: &Text, names: &Scope) -> Result<f64, NetworkError> {
    let value = duration(path, text, names)?;
    if value > 0.0 {
        return Ok(value);
    }
    Err(not_allowed(path, text.as_str().to_owned(), "a time above 0*second".to_owned()))
}

/// That a name means nothing.
pub(super) fn unknown<'a>(
    path: &str,
    kind: &'static str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> NetworkError {
    let suggestion = crate::language::error::nearest(name, known);
    NetworkError::new(path, NetworkProblem::Unknown { kind, name: name.to_owned(), suggestion })
}

/// Two things that cannot be together.
pub(super) fn conflict(path: &str, message: &str) -> NetworkError {
    NetworkError::new(path, NetworkProblem::Conflict(message.to_owned()))
}
