//! What expressions give, from what their parts give.

use super::error::{LanguageError, Problem};
use super::evaluate::{Value, evaluate};
use super::expression::{BinaryOperator, ComparisonOperator, Expression, ExpressionKind, UnaryOperator};
use super::functions::Function;
use super::names::is_noise;
use super::scope::{Callable, Meaning, Scope, Type};
use super::span::Span;
use crate::units::{Dimension, PowerError};

/// Where an expression stands.
pub(super) struct Inference<'a> {
    /// What names mean there.
    pub(super) scope: &'a Scope,
    /// Whether white noise is allowed there.
    pub(super) noise: bool,
}

impl Inference<'_> {
    /// What the expression gives.
    pub(super) fn of(&self, expression: &Expression) -> Result<Type, LanguageError> {
        match &expression.kind {
            ExpressionKind::Number(_) => Ok(Type::Number(Dimension::NONE)),
            ExpressionKind::Boolean(_) => Ok(Type::Boolean),
            ExpressionKind::Name(name) => self.name(name, expression.span),
            ExpressionKind::Unary { operator: UnaryOperator::Negative, operand } => {
                self.number(operand, "-").map(Type::Number)
            }
            ExpressionKind::Unary { operator: UnaryOperator::Positive, operand } => {
                self.number(operand, "+").map(Type::Number)
            }
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => self.boolean(operand, "not"),
            ExpressionKind::Binary { operator, left, right } => self.binary(*operator, left, right).map(Type::Number),
            ExpressionKind::Comparison { first, rest } => self.comparison(first, rest),
            ExpressionKind::Logical { operator, operands } => {
                operands.iter().try_for_each(|operand| self.boolean(operand, operator.symbol()).map(|_| ()))?;
                Ok(Type::Boolean)
            }
            ExpressionKind::Call { function, arguments } => self.call(function, arguments, expression.span),
        }
    }

    fn name(&self, name: &str, span: Span) -> Result<Type, LanguageError> {
        if self.noise && is_noise(name) {
            return Ok(Type::Number(Dimension::NOISE));
        }
        match self.scope.meaning(name) {
            Some(Meaning::Variable(variable)) => Ok(variable.gives()),
            Some(Meaning::Fixed(quantity)) => Ok(Type::Number(quantity.dimension)),
            None => {
                let name = name.to_owned();
                let callable = Function::named(&name).is_some() || self.scope.callable(&name).is_some();
                let problem = if callable {
                    Problem::FunctionWithoutCall { name }
                } else {
                    let suggestion = self.scope.like_name(&name);
                    Problem::UnknownName { name, suggestion }
                };
                Err(LanguageError::new(problem, span))
            }
        }
    }

    fn number(&self, operand: &Expression, operator: &'static str) -> Result<Dimension, LanguageError> {
        match self.of(operand)? {
            Type::Number(dimension) => Ok(dimension),
            Type::Boolean => Err(LanguageError::new(Problem::BooleanOperand { operator }, operand.span)),
        }
    }

    fn boolean(&self, operand: &Expression, operator: &'static str) -> Result<Type, LanguageError> {
        match self.of(operand)? {
            Type::Boolean => Ok(Type::Boolean),
            Type::Number(_) => Err(LanguageError::new(Problem::NumberOperand { operator }, operand.span)),
        }
    }

    fn binary(
        &self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
    ) -> Result<Dimension, LanguageError> {
        let symbol = operator.symbol();
        let (left_has, right_has) = (self.number(left, symbol)?, self.number(right, symbol)?);
        let in_range = |result: Result<Dimension, PowerError>| {
            result.map_err(|error| LanguageError::new(Problem::Range(error), left.span.to(right.span)))
        };
        match operator {
            BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Remainder => {
                if left_has == right_has {
                    Ok(left_has)
                } else {
                    Err(sides(symbol, (left, left_has), (right, right_has)))
                }
            }
            BinaryOperator::Multiply => in_range(left_has.times(right_has)),
            BinaryOperator::Divide => in_range(left_has.over(right_has)),
            BinaryOperator::FloorDivide => {
                for (side, found) in [(left, left_has), (right, right_has)] {
                    if !found.is_none() {
                        return Err(LanguageError::new(Problem::Dimensionless { operator: symbol, found }, side.span));
                    }
                }
                Ok(Dimension::NONE)
            }
            BinaryOperator::Power => self.power(left, left_has, right, right_has),
        }
    }

    fn power(
        &self,
        base: &Expression,
        base_has: Dimension,
        exponent: &Expression,
        exponent_has: Dimension,
    ) -> Result<Dimension, LanguageError> {
        if !exponent_has.is_none() {
            return Err(LanguageError::new(Problem::ExponentUnit { found: exponent_has }, exponent.span));
        }
        if base_has.is_none() {
            return Ok(Dimension::NONE);
        }
        let Ok(value) = fixed_number(exponent, self.scope) else {
            let error = LanguageError::new(Problem::ExponentNotFixed { base: base_has }, exponent.span);
            return Err(error.with(base.span, format!("this has the unit {base_has}")));
        };
        base_has.power(value).map_err(|reason| {
            let problem = Problem::Power { base: base_has, exponent: value, reason };
            LanguageError::new(problem, base.span.to(exponent.span))
        })
    }

    fn comparison(&self, first: &Expression, rest: &[(ComparisonOperator, Expression)]) -> Result<Type, LanguageError> {
        let mut left = first;
        let mut left_has = self.of(first)?;
        for (operator, right) in rest {
            let symbol = operator.symbol();
            let right_has = self.of(right)?;
            let equality = matches!(operator, ComparisonOperator::Equal | ComparisonOperator::NotEqual);
            match (left_has, right_has) {
                (Type::Number(left_has), Type::Number(right_has)) if left_has != right_has => {
                    return Err(sides(symbol, (left, left_has), (right, right_has)));
                }
                (Type::Number(_), Type::Number(_)) => {}
                (Type::Boolean, Type::Boolean) if equality => {}
                (Type::Boolean, _) => {
                    return Err(LanguageError::new(Problem::BooleanOperand { operator: symbol }, left.span));
                }
                (Type::Number(_), Type::Boolean) => {
                    return Err(LanguageError::new(Problem::BooleanOperand { operator: symbol }, right.span));
                }
            }
            (left, left_has) = (right, right_has);
        }
        Ok(Type::Boolean)
    }

    fn call(&self, function: &str, arguments: &[Expression], span: Span) -> Result<Type, LanguageError> {
        let gives = arguments.iter().map(|argument| self.of(argument)).collect::<Result<Vec<Type>, _>>()?;
        let call = Call { function, arguments, gives: &gives };
        if let Some(known) = Function::named(function) {
            call.takes(known.arguments(), span)?;
            return call.known(known);
        }
        let none = Type::Number(Dimension::NONE);
        match self.scope.callable(function) {
            Some(Callable::TimedArray { dimension, per_element, .. }) => {
                call.takes(if *per_element { 2 } else { 1 }, span)?;
                call.matches(&[Type::Number(Dimension::SECOND), none])?;
                Ok(Type::Number(*dimension))
            }
            Some(Callable::Function { arguments, result, .. }) => {
                call.takes(arguments.len(), span)?;
                call.matches(arguments)?;
                Ok(*result)
            }
            None => {
                let suggestion = self.scope.like_function(function);
                let problem = Problem::UnknownFunction { name: function.to_owned(), suggestion };
                Err(LanguageError::new(problem, span))
            }
        }
    }
}

/// A call with what its arguments give.
struct Call<'a> {
    function: &'a str,
    arguments: &'a [Expression],
    gives: &'a [Type],
}

impl Call<'_> {
    fn takes(&self, expected: usize, span: Span) -> Result<(), LanguageError> {
        let found = self.arguments.len();
        if found == expected {
            return Ok(());
        }
        let function = self.function.to_owned();
        Err(LanguageError::new(Problem::ArgumentCount { function, expected, found }, span))
    }

    /// Whether the arguments are as those of the same place in `expected`.
    fn matches(&self, expected: &[Type]) -> Result<(), LanguageError> {
        for (index, (&found, &expected)) in self.gives.iter().zip(expected).enumerate() {
            let function = self.function.to_owned();
            let number = index + 1;
            let problem = match (found, expected) {
                (Type::Boolean, Type::Boolean) => continue,
                (Type::Number(found), Type::Number(expected)) if found == expected => continue,
                (Type::Number(found), Type::Number(expected)) => {
                    Problem::Argument { function, number, expected, found }
                }
                (Type::Boolean, Type::Number(_)) => Problem::ArgumentBoolean { function, number },
                (Type::Number(_), Type::Boolean) => Problem::ArgumentNumber { function, number },
            };
            return Err(LanguageError::new(problem, self.arguments[index].span));
        }
        Ok(())
    }

    fn known(&self, function: Function) -> Result<Type, LanguageError> {
        let none = Type::Number(Dimension::NONE);
        let first = self.gives.first().copied().unwrap_or(none);
        match function {
            Function::Rand | Function::Randn => Ok(none),
            Function::Int => {
                if first != Type::Boolean {
                    self.matches(&[none])?;
                }
                Ok(none)
            }
            Function::Abs | Function::Ceil | Function::Floor | Function::Clip | Function::Sqrt | Function::Sign => {
                let Type::Number(dimension) = first else {
                    // Says that it should be a number.
                    self.matches(&[none])?;
                    return Ok(none);
                };
                match function {
                    Function::Sign => Ok(none),
                    Function::Sqrt => dimension.power(0.5).map(Type::Number).map_err(|reason| {
                        let problem = Problem::Power { base: dimension, exponent: 0.5, reason };
                        LanguageError::new(problem, self.arguments[0].span)
                    }),
                    _ => {
                        self.matches(&[first; 3])?;
                        Ok(first)
                    }
                }
            }
            Function::Timestep => {
                self.matches(&[Type::Number(Dimension::SECOND); 2])?;
                Ok(none)
            }
            _ => {
                self.matches(&[none])?;
                Ok(none)
            }
        }
    }
}

/// That the sides of an operator measure different things.
fn sides(operator: &'static str, left: (&Expression, Dimension), right: (&Expression, Dimension)) -> LanguageError {
    let problem = Problem::Sides { operator, left: left.1, right: right.1 };
    LanguageError::new(problem, left.0.span.to(right.0.span))
        .with(left.0.span, format!("this has the unit {}", left.1))
        .with(right.0.span, format!("this has the unit {}", right.1))
}

/// The number that an expression is before the simulation. Units are not looked at.
pub(super) fn fixed_number(expression: &Expression, scope: &Scope) -> Result<f64, LanguageError> {
    match evaluate(expression, &|name| scope.fixed(name).map(|quantity| Value::Number(quantity.value)))? {
        Value::Number(value) => Ok(value),
        Value::Boolean(_) => {
            let what = "the value".to_owned();
            Err(LanguageError::new(Problem::NotNumber { what }, expression.span))
        }
    }
}
