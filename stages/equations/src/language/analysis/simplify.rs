//! Constants put in and folded, so that an expression computes the same numbers with less work.
//!
//! Only what gives the same bits is done: operations on numbers, and operations that change nothing. Sums are not
//! reordered, and `0*x` stays, as it is not 0 where `x` is infinite. Functions are folded as [`evaluate`] computes them.

use super::algebra::{folded, is, value};
use crate::language::evaluate::{Value, evaluate};
use crate::language::expression::{BinaryOperator, Expression, ExpressionKind, LogicalOperator, UnaryOperator};
use crate::language::scope::Scope;
use crate::language::span::Span;

/// The expression with the numbers of `scope` (parameters, units, constants) in the place of their names, folded.
pub fn simplify(expression: Expression, scope: &Scope) -> Expression {
    let span = expression.span;
    match expression.kind {
        ExpressionKind::Number(_) | ExpressionKind::Boolean(_) => expression,
        ExpressionKind::Name(name) => match scope.fixed(&name) {
            Some(quantity) if quantity.value.is_finite() && is_plain(quantity.value) => {
                Expression::number(quantity.value, span)
            }
            _ => Expression::new(ExpressionKind::Name(name), span),
        },
        ExpressionKind::Unary { operator, operand } => unary(operator, simplify(*operand, scope), span),
        ExpressionKind::Binary { operator, left, right } => {
            binary(operator, simplify(*left, scope), simplify(*right, scope), span)
        }
        ExpressionKind::Comparison { first, rest } => {
            let first = Box::new(simplify(*first, scope));
            let rest = rest.into_iter().map(|(operator, operand)| (operator, simplify(operand, scope))).collect();
            known(Expression::new(ExpressionKind::Comparison { first, rest }, span))
        }
        ExpressionKind::Logical { operator, operands } => {
            logical(operator, operands.into_iter().map(|operand| simplify(operand, scope)).collect(), span)
        }
        ExpressionKind::Call { function, arguments } => {
            let arguments = arguments.into_iter().map(|argument| simplify(argument, scope)).collect();
            // An array over time or a function of the user is known to the scope alone.
            let own = scope.callable(&function).is_some();
            let call = Expression::new(ExpressionKind::Call { function, arguments }, span);
            if own { call } else { known(call) }
        }
    }
}

/// Whether [`Expression::number`] keeps all its bits; the sign of 0 is lost.
fn is_plain(value: f64) -> bool {
    value != 0.0 || value.is_sign_positive()
}

/// The value of an expression of numbers alone, in its place.
fn known(expression: Expression) -> Expression {
    let constant = |child: &&Expression| value(child).is_none() && !matches!(child.kind, ExpressionKind::Boolean(_));
    if expression.children().iter().any(constant) {
        return expression;
    }
    match evaluate(&expression, &|_| None) {
        Ok(Value::Number(number)) if number.is_finite() && is_plain(number) => {
            Expression::number(number, expression.span)
        }
        Ok(Value::Boolean(truth)) => Expression::new(ExpressionKind::Boolean(truth), expression.span),
        _ => expression,
    }
}

fn unary(operator: UnaryOperator, operand: Expression, span: Span) -> Expression {
    match (operator, operand.kind) {
        (UnaryOperator::Positive, kind) => Expression::new(kind, span),
        (UnaryOperator::Negative, ExpressionKind::Unary { operator: UnaryOperator::Negative, operand })
        | (UnaryOperator::Not, ExpressionKind::Unary { operator: UnaryOperator::Not, operand }) => *operand,
        (UnaryOperator::Not, ExpressionKind::Boolean(truth)) => Expression::new(ExpressionKind::Boolean(!truth), span),
        (operator, kind) => Expression::unary(operator, Expression::new(kind, operand.span), span),
    }
}

fn binary(operator: BinaryOperator, left: Expression, right: Expression, span: Span) -> Expression {
    if let Some(number) = folded(operator, &left, &right)
        && !negative_zero(operator, &left, &right)
    {
        return Expression::new(number.kind, span);
    }
    match operator {
        BinaryOperator::Multiply if is(&left, 1.0) => right,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::Power if is(&right, 1.0) => left,
        // 0 behind a minus only: -0 + 0 is 0, and -0 - 0 is -0.
        BinaryOperator::Subtract if is(&right, 0.0) && is_zero(&right) => left,
        BinaryOperator::Power if is(&right, 0.0) => Expression::number(1.0, span),
        _ => {
            let mut whole = Expression::binary(operator, left, right);
            whole.span = span;
            whole
        }
    }
}

/// Whether it is the number 0 without a sign.
fn is_zero(expression: &Expression) -> bool {
    matches!(expression.kind, ExpressionKind::Number(0.0))
}

/// Whether the result is -0, which no number of an expression is.
fn negative_zero(operator: BinaryOperator, left: &Expression, right: &Expression) -> bool {
    match (value(left), value(right)) {
        (Some(left), Some(right)) => !is_plain(crate::language::evaluate::binary(operator, left, right)),
        _ => false,
    }
}

fn logical(operator: LogicalOperator, operands: Vec<Expression>, span: Span) -> Expression {
    let decides = operator == LogicalOperator::Or;
    let mut kept = Vec::new();
    for operand in operands {
        match operand.kind {
            ExpressionKind::Boolean(truth) if truth == decides => {
                return Expression::new(ExpressionKind::Boolean(decides), span);
            }
            ExpressionKind::Boolean(_) => {}
            _ => kept.push(operand),
        }
    }
    match kept.len() {
        0 => Expression::new(ExpressionKind::Boolean(!decides), span),
        1 => kept.remove(0),
        _ => Expression::new(ExpressionKind::Logical { operator, operands: kept }, span),
    }
}
