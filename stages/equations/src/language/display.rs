//! Expressions as text. What is printed is read as the same expression.

use std::fmt;

use super::expression::{BinaryOperator, Expression, ExpressionKind, LogicalOperator, UnaryOperator};
use super::statement::Statement;

/// How strongly the outermost operator of an expression binds.
fn strength(expression: &Expression) -> u8 {
    match &expression.kind {
        ExpressionKind::Logical { operator: LogicalOperator::Or, .. } => 1,
        ExpressionKind::Logical { operator: LogicalOperator::And, .. } => 2,
        ExpressionKind::Unary { operator: UnaryOperator::Not, .. } => 3,
        ExpressionKind::Comparison { .. } => 4,
        ExpressionKind::Binary { operator, .. } => binary_strength(*operator),
        ExpressionKind::Unary { .. } => SIGN,
        ExpressionKind::Number(_)
        | ExpressionKind::Boolean(_)
        | ExpressionKind::Name(_)
        | ExpressionKind::Call { .. } => 9,
    }
}

const SUM: u8 = 5;
const SIGN: u8 = 7;
const POWER: u8 = 8;

fn binary_strength(operator: BinaryOperator) -> u8 {
    match operator {
        BinaryOperator::Add | BinaryOperator::Subtract => SUM,
        BinaryOperator::Multiply | BinaryOperator::Divide | BinaryOperator::FloorDivide | BinaryOperator::Remainder => {
            6
        }
        BinaryOperator::Power => POWER,
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExpressionKind::Number(value) => number(*value, formatter),
            ExpressionKind::Boolean(true) => formatter.write_str("True"),
            ExpressionKind::Boolean(false) => formatter.write_str("False"),
            ExpressionKind::Name(name) => formatter.write_str(name),
            ExpressionKind::Unary { operator: UnaryOperator::Not, operand } => {
                formatter.write_str("not ")?;
                within(operand, 3, formatter)
            }
            ExpressionKind::Unary { operator, operand } => {
                formatter.write_str(if *operator == UnaryOperator::Negative { "-" } else { "+" })?;
                within(operand, SIGN, formatter)
            }
            ExpressionKind::Binary { operator, left, right } => {
                let own = binary_strength(*operator);
                let power = *operator == BinaryOperator::Power;
                within(left, if power { POWER + 1 } else { own }, formatter)?;
                if own == SUM {
                    write!(formatter, " {} ", operator.symbol())?;
                } else {
                    formatter.write_str(operator.symbol())?;
                }
                within(right, if power { SIGN } else { own + 1 }, formatter)
            }
            ExpressionKind::Comparison { first, rest } => {
                within(first, SUM, formatter)?;
                for (operator, operand) in rest {
                    write!(formatter, " {} ", operator.symbol())?;
                    within(operand, SUM, formatter)?;
                }
                Ok(())
            }
            ExpressionKind::Logical { operator, operands } => {
                let least = strength(self) + 1;
                for (index, operand) in operands.iter().enumerate() {
                    if index > 0 {
                        write!(formatter, " {} ", operator.symbol())?;
                    }
                    within(operand, least, formatter)?;
                }
                Ok(())
            }
            ExpressionKind::Call { function, arguments } => {
                write!(formatter, "{function}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        formatter.write_str(", ")?;
                    }
                    write!(formatter, "{argument}")?;
                }
                formatter.write_str(")")
            }
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.target, self.operator.symbol(), self.value)
    }
}

/// In parentheses unless it binds at least as strongly as `least`.
fn within(expression: &Expression, least: u8, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if strength(expression) >= least {
        return write!(formatter, "{expression}");
    }
    write!(formatter, "({expression})")
}

/// The shortest text that is read as the same number.
fn number(value: f64, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    if value == 0.0 || (1e-5..1e16).contains(&value) {
        write!(formatter, "{value}")
    } else {
        write!(formatter, "{value:e}")
    }
}
