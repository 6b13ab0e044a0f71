//! Statements: what happens on an event, such as the reset of a neuron or the arrival of a spike.

use super::expression::{BinaryOperator, Expression};
use super::span::Span;

/// `target = value` or `target += value`. A target that names no variable of the model is a new variable, local to the
/// statements: the first statement that has it must be `=`.
/// Two statements are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Which variable is written.
    pub target: String,
    /// Where its name stands.
    pub target_span: Span,
    /// How it is written.
    pub operator: AssignmentOperator,
    /// What is written.
    pub value: Expression,
}

/// How a statement writes its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignmentOperator {
    /// `=`
    Assign,
    /// `+=`
    Add,
    /// `-=`
    Subtract,
    /// `*=`
    Multiply,
    /// `/=`
    Divide,
    /// `%=`
    Remainder,
}

impl AssignmentOperator {
    /// The operator between target and value of which the result is written; none for `=`.
    pub fn arithmetic(self) -> Option<BinaryOperator> {
        match self {
            Self::Assign => None,
            Self::Add => Some(BinaryOperator::Add),
            Self::Subtract => Some(BinaryOperator::Subtract),
            Self::Multiply => Some(BinaryOperator::Multiply),
            Self::Divide => Some(BinaryOperator::Divide),
            Self::Remainder => Some(BinaryOperator::Remainder),
        }
    }

    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Assign => "=",
            Self::Add => "+=",
            Self::Subtract => "-=",
            Self::Multiply => "*=",
            Self::Divide => "/=",
            Self::Remainder => "%=",
        }
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target && self.operator == other.operator && self.value == other.value
    }
}

impl Statement {
    /// What the target has afterwards: `x += y` writes `x + y`.
    pub fn written(&self) -> Expression {
        match self.operator.arithmetic() {
            None => self.value.clone(),
            Some(operator) => {
                Expression::binary(operator, Expression::name(&self.target, self.target_span), self.value.clone())
            }
        }
    }
}
