//! Derivatives of expressions.

use super::algebra::{add, divide, multiply, negate, power, subtract, value};
use crate::language::error::{LanguageError, Problem};
use crate::language::expression::{BinaryOperator, Expression, ExpressionKind, MAX_HEIGHT, UnaryOperator};
use crate::language::functions::Function;
use crate::language::span::Span;

/// Derivatives with more nodes are refused.
const MAX_SIZE: usize = 200_000;

/// The derivative of `expression` by the variable `name`, all other names held fixed.
///
/// # Errors
/// [`Problem::NoDerivative`] where the variable is within something that has none everywhere: `abs`, `sign`, `int`,
/// `floor`, `ceil`, `clip`, `exprel` (at 0), `//`, `%`, comparisons, arrays over time, functions of users.
/// [`Problem::TooLarge`], [`Problem::TooDeep`].
pub fn derivative(expression: &Expression, name: &str) -> Result<Expression, LanguageError> {
    let mut by = By { name, left: MAX_SIZE };
    let Some(found) = by.of(expression)? else { return Ok(Expression::number(0.0, expression.span)) };
    if found.height() > MAX_HEIGHT {
        return Err(LanguageError::new(Problem::TooDeep { limit: MAX_HEIGHT }, expression.span));
    }
    Ok(found)
}

struct By<'a> {
    name: &'a str,
    /// How many more nodes may be copied.
    left: usize,
}

impl By<'_> {
    /// The derivative; none where the variable does not occur.
    fn of(&mut self, expression: &Expression) -> Result<Option<Expression>, LanguageError> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Number(_) | ExpressionKind::Boolean(_) => Ok(None),
            ExpressionKind::Name(name) => Ok((name == self.name).then(|| Expression::number(1.0, span))),
            ExpressionKind::Unary { operator: UnaryOperator::Negative, operand } => Ok(self.of(operand)?.map(negate)),
            ExpressionKind::Unary { operator: UnaryOperator::Positive, operand } => self.of(operand),
            ExpressionKind::Unary { operator: UnaryOperator::Not, .. }
            | ExpressionKind::Comparison { .. }
            | ExpressionKind::Logical { .. } => self.none_within(expression, "a comparison"),
            ExpressionKind::Binary { operator, left, right } => self.binary(*operator, left, right, expression),
            ExpressionKind::Call { function, arguments } => self.call(function, arguments, expression),
        }
    }

    /// That the expression has no derivative, unless the variable does not occur in it.
    fn none_within(&self, expression: &Expression, what: &str) -> Result<Option<Expression>, LanguageError> {
        if !expression.mentions(self.name) {
            return Ok(None);
        }
        let problem = Problem::NoDerivative { what: what.to_owned(), variable: self.name.to_owned() };
        Err(LanguageError::new(problem, expression.span))
    }

    fn copy(&mut self, expression: &Expression) -> Result<Expression, LanguageError> {
        match self.left.checked_sub(expression.size()) {
            Some(left) => {
                self.left = left;
                Ok(expression.clone())
            }
            None => Err(LanguageError::new(Problem::TooLarge { limit: MAX_SIZE }, expression.span)),
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        whole: &Expression,
    ) -> Result<Option<Expression>, LanguageError> {
        if matches!(operator, BinaryOperator::FloorDivide | BinaryOperator::Remainder) {
            return self.none_within(whole, "a remainder or a quotient that is rounded");
        }
        let (by_left, by_right) = (self.of(left)?, self.of(right)?);
        if by_left.is_none() && by_right.is_none() {
            return Ok(None);
        }
        let zero = |found: Option<Expression>| found.unwrap_or_else(|| Expression::number(0.0, whole.span));
        Ok(Some(match operator {
            BinaryOperator::Add => add(zero(by_left), zero(by_right)),
            BinaryOperator::Subtract => subtract(zero(by_left), zero(by_right)),
            BinaryOperator::Multiply => {
                let first = by_left.map(|slope| Ok(multiply(slope, self.copy(right)?))).transpose()?;
                let second = by_right.map(|slope| Ok(multiply(self.copy(left)?, slope))).transpose()?;
                add(zero(first), zero(second))
            }
            BinaryOperator::Divide => {
                let first = by_left.map(|slope| Ok(divide(slope, self.copy(right)?))).transpose()?;
                let second = by_right.map(|slope| {
                    let square = power(self.copy(right)?, Expression::number(2.0, right.span));
                    Ok(divide(multiply(self.copy(left)?, slope), square))
                });
                subtract(zero(first), zero(second.transpose()?))
            }
            _ => self.power(left, by_left, right, by_right)?,
        }))
    }

    /// Of `left ** right`, where at least one of both depends on the variable.
    fn power(
        &mut self,
        left: &Expression,
        by_left: Option<Expression>,
        right: &Expression,
        by_right: Option<Expression>,
    ) -> Result<Expression, LanguageError> {
        let mut sum = Expression::number(0.0, left.span.to(right.span));
        if let Some(slope) = by_left {
            let less = subtract(self.copy(right)?, Expression::number(1.0, right.span));
            let reduced = match value(&less) {
                Some(0.0) => Expression::number(1.0, left.span),
                _ => power(self.copy(left)?, less),
            };
            sum = multiply(multiply(self.copy(right)?, reduced), slope);
        }
        if let Some(slope) = by_right {
            let whole = power(self.copy(left)?, self.copy(right)?);
            let logarithm = Expression::call("log", vec![self.copy(left)?], left.span);
            sum = add(sum, multiply(multiply(whole, logarithm), slope));
        }
        Ok(sum)
    }

    fn call(
        &mut self,
        function: &str,
        arguments: &[Expression],
        whole: &Expression,
    ) -> Result<Option<Expression>, LanguageError> {
        let (Some(known), [x]) = (Function::named(function), arguments) else {
            return self.none_within(whole, function);
        };
        if !whole.mentions(self.name) {
            return Ok(None);
        }
        let span = whole.span;
        let Some(outer) = self.outer(known, x, span)? else { return self.none_within(whole, function) };
        Ok(self.of(x)?.map(|inner| multiply(outer, inner)))
    }

    /// The derivative of a function at `x`; none where it has none everywhere.
    fn outer(&mut self, function: Function, x: &Expression, span: Span) -> Result<Option<Expression>, LanguageError> {
        let number = |value| Expression::number(value, span);
        let of = |name: &str, argument| Expression::call(name, vec![argument], span);
        let square = |argument: Expression| power(argument, number(2.0));
        Ok(Some(match function {
            Function::Sin => of("cos", self.copy(x)?),
            Function::Cos => negate(of("sin", self.copy(x)?)),
            Function::Tan => add(number(1.0), square(of("tan", self.copy(x)?))),
            Function::Sinh => of("cosh", self.copy(x)?),
            Function::Cosh => of("sinh", self.copy(x)?),
            Function::Tanh => subtract(number(1.0), square(of("tanh", self.copy(x)?))),
            Function::Arcsin => divide(number(1.0), of("sqrt", subtract(number(1.0), square(self.copy(x)?)))),
            Function::Arccos => divide(number(-1.0), of("sqrt", subtract(number(1.0), square(self.copy(x)?)))),
            Function::Arctan => divide(number(1.0), add(number(1.0), square(self.copy(x)?))),
            Function::Exp | Function::Expm1 => of("exp", self.copy(x)?),
            Function::Log => divide(number(1.0), self.copy(x)?),
            Function::Log10 => divide(number(std::f64::consts::LOG10_E), self.copy(x)?),
            Function::Log1p => divide(number(1.0), add(number(1.0), self.copy(x)?)),
            Function::Sqrt => divide(number(0.5), of("sqrt", self.copy(x)?)),
            _ => return Ok(None),
        }))
    }
}
