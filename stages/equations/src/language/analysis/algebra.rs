//! Expressions put together by the rules of algebra: `0*x` is 0 and `x - x` is 0, whatever `x` is. This is for what is
//! found out about equations; [`simplify`](super::simplify) keeps what a simulation would compute.

use crate::language::evaluate;
use crate::language::expression::{BinaryOperator, Expression, ExpressionKind, UnaryOperator};

/// The number that an expression is, if it is one.
pub(super) fn value(expression: &Expression) -> Option<f64> {
    match &expression.kind {
        ExpressionKind::Number(value) => Some(*value),
        ExpressionKind::Unary { operator: UnaryOperator::Negative, operand } => match operand.kind {
            ExpressionKind::Number(value) => Some(-value),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn is(expression: &Expression, number: f64) -> bool {
    value(expression) == Some(number)
}

/// Both are numbers, and so is the result: it.
pub(super) fn folded(operator: BinaryOperator, left: &Expression, right: &Expression) -> Option<Expression> {
    let result = evaluate::binary(operator, value(left)?, value(right)?);
    result.is_finite().then(|| Expression::number(result, left.span.to(right.span)))
}

pub(super) fn add(left: Expression, right: Expression) -> Expression {
    if let Some(number) = folded(BinaryOperator::Add, &left, &right) {
        return number;
    }
    if is(&left, 0.0) {
        return right;
    }
    if is(&right, 0.0) {
        return left;
    }
    match right.kind {
        ExpressionKind::Unary { operator: UnaryOperator::Negative, operand } => subtract(left, *operand),
        _ => Expression::binary(BinaryOperator::Add, left, right),
    }
}

pub(super) fn subtract(left: Expression, right: Expression) -> Expression {
    if let Some(number) = folded(BinaryOperator::Subtract, &left, &right) {
        return number;
    }
    if is(&left, 0.0) {
        return negate(right);
    }
    if is(&right, 0.0) {
        return left;
    }
    if left == right {
        return Expression::number(0.0, left.span);
    }
    Expression::binary(BinaryOperator::Subtract, left, right)
}

pub(super) fn negate(operand: Expression) -> Expression {
    let span = operand.span;
    match operand.kind {
        ExpressionKind::Unary { operator: UnaryOperator::Negative, operand } => *operand,
        ExpressionKind::Number(0.0) => operand,
        _ => Expression::unary(UnaryOperator::Negative, operand, span),
    }
}

pub(super) fn multiply(left: Expression, right: Expression) -> Expression {
    if let Some(number) = folded(BinaryOperator::Multiply, &left, &right) {
        return number;
    }
    if is(&left, 0.0) || is(&right, 0.0) {
        return Expression::number(0.0, left.span.to(right.span));
    }
    if is(&left, 1.0) {
        return right;
    }
    if is(&right, 1.0) {
        return left;
    }
    if is(&left, -1.0) {
        return negate(right);
    }
    if is(&right, -1.0) {
        return negate(left);
    }
    Expression::binary(BinaryOperator::Multiply, left, right)
}

/// A quotient by 0 stays as it is.
pub(super) fn divide(left: Expression, right: Expression) -> Expression {
    if let Some(number) = folded(BinaryOperator::Divide, &left, &right) {
        return number;
    }
    if is(&left, 0.0) && !is(&right, 0.0) {
        return Expression::number(0.0, left.span.to(right.span));
    }
    if is(&right, 1.0) {
        return left;
    }
    Expression::binary(BinaryOperator::Divide, left, right)
}

pub(super) fn power(base: Expression, exponent: Expression) -> Expression {
    if let Some(number) = folded(BinaryOperator::Power, &base, &exponent) {
        return number;
    }
    if is(&exponent, 0.0) {
        return Expression::number(1.0, exponent.span);
    }
    if is(&exponent, 1.0) {
        return base;
    }
    Expression::binary(BinaryOperator::Power, base, exponent)
}
