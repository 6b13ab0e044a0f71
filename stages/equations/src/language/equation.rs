//! What an equation is.

use std::fmt;

use super::expression::Expression;
use super::span::Span;
use crate::units::Dimension;

/// One definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// Which variable it defines.
    pub name: String,
    /// Where its name stands.
    pub name_span: Span,
    /// How it defines it.
    pub definition: Definition,
    /// Which values the variable has.
    pub values: Values,
    /// What it measures; that of the variable, not that of its derivative.
    pub dimension: Dimension,
    /// Flags in the order in which they were written, with their places.
    pub flags: Vec<(Flag, Span)>,
}

/// How an [`Equation`] defines its variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// By its derivative by time.
    Derivative(Expression),
    /// By an expression, computed where it is used.
    Subexpression(Expression),
    /// Not: its value is set from outside.
    Parameter,
}

/// Which values a variable has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Values {
    /// Real numbers.
    Float,
    /// Whole numbers.
    Integer,
    /// True and false.
    Boolean,
}

/// The kind of an [`Equation`], for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EquationKind {
    /// See [`Definition::Derivative`].
    Derivative,
    /// See [`Definition::Subexpression`].
    Subexpression,
    /// See [`Definition::Parameter`].
    Parameter,
}

/// A property of an equation, in parentheses behind its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// The derivative is 0, and the variable is not written, while the neuron is refractory.
    UnlessRefractory,
    /// Solved from event to event.
    EventDriven,
    /// Stepped with the clock.
    ClockDriven,
    /// One value for all elements.
    Shared,
    /// Evaluated once per step.
    ConstantOverDt,
    /// Summed over synapses into a variable of the neuron.
    Summed,
    /// Not changed during a run.
    Constant,
    /// A variable of another group.
    Linked,
    /// A current into a compartment as a whole, not by area.
    PointCurrent,
}

/// All flags with their names.
pub const FLAGS: [(&str, Flag); 9] = [
    ("unless refractory", Flag::UnlessRefractory),
    ("event-driven", Flag::EventDriven),
    ("clock-driven", Flag::ClockDriven),
    ("shared", Flag::Shared),
    ("constant over dt", Flag::ConstantOverDt),
    ("summed", Flag::Summed),
    ("constant", Flag::Constant),
    ("linked", Flag::Linked),
    ("point current", Flag::PointCurrent),
];

impl Equation {
    /// The kind of its definition.
    pub fn kind(&self) -> EquationKind {
        match self.definition {
            Definition::Derivative(_) => EquationKind::Derivative,
            Definition::Subexpression(_) => EquationKind::Subexpression,
            Definition::Parameter => EquationKind::Parameter,
        }
    }

    /// What stands behind `=`.
    pub fn expression(&self) -> Option<&Expression> {
        match &self.definition {
            Definition::Derivative(expression) | Definition::Subexpression(expression) => Some(expression),
            Definition::Parameter => None,
        }
    }

    /// Whether it has the flag.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.iter().any(|&(own, _)| own == flag)
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FLAGS.iter().find(|(_, flag)| flag == self).map_or("", |&(name, _)| name);
        formatter.write_str(name)
    }
}

impl fmt::Display for EquationKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Derivative => "an equation of a derivative",
            Self::Subexpression => "a subexpression",
            Self::Parameter => "a parameter",
        })
    }
}
