//! What can be wrong with equations, and where.

use super::equation::{EquationKind, Flag};
use super::span::Span;
use crate::units::{Dimension, PowerError};

/// A mistake in a text of equations, statements or an expression, with its place in that text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{problem}")]
pub struct LanguageError {
    /// What is wrong.
    pub problem: Problem,
    /// Where.
    pub span: Span,
    /// Other places that have to do with it, and what they are.
    pub related: Vec<(Span, String)>,
}

/// Why a name cannot be that of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reserved {
    /// `t`, `dt`, `i`, `N`, `xi`, ...
    #[error("it has a meaning of its own in equations")]
    Meaning,
    /// `not_refractory`, ...
    #[error("it belongs to refractoriness")]
    Refractoriness,
    /// `if`, `lambda`, ...
    #[error("it is a word of Python")]
    Keyword,
    /// It begins with `_`.
    #[error("names that begin with an underscore are internal")]
    Underscore,
    /// `mV`, ...
    #[error("it is a unit")]
    Unit,
    /// `exp`, ...
    #[error("it is a function")]
    Function,
    /// `pi`, ...
    #[error("it is a constant")]
    Constant,
    /// It ends in `_pre` or `_post`.
    #[error("names that end in `_pre` or `_post` are variables of neurons, seen from a synapse")]
    Side,
}

/// Why a name cannot be written by a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// It is computed from others.
    #[error("it is computed from its equation")]
    Subexpression,
    /// It has the flag `constant`.
    #[error("it is declared `constant`")]
    Constant,
    /// Time, numbers of neurons and the like.
    #[error("it is given by the simulation")]
    Given,
    /// It has the flag `linked`.
    #[error("it is a variable of another group")]
    Linked,
    /// It is a parameter of the whole model.
    #[error("it is a fixed parameter")]
    Fixed,
}

/// What a [`LanguageError`] is about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Problem {
    // Characters and grammar.
    #[error("`{found}` has no meaning in equations")]
    Character { found: char },
    #[error("a number ends in `{found}`; a unit is multiplied, as in `3*mV`")]
    NumberEnding { found: char },
    #[error("the number is too large (at most 1.8e308)")]
    NumberTooLarge,
    #[error("the text is too long ({bytes} bytes, at most {limit})")]
    TextTooLong { bytes: usize, limit: usize },
    #[error("expected {expected}, found {found}")]
    Expected { expected: &'static str, found: String },
    #[error("{construct} cannot be used in equations; {instead}")]
    Unsupported { construct: &'static str, instead: &'static str },
    #[error("the expression is nested too deeply (at most {limit} levels); parts of it can be subexpressions")]
    TooDeep { limit: u32 },
    #[error("with all subexpressions put in, the equations have too many terms (at most {limit})")]
    TooLarge { limit: usize },
    #[error("`{operator}` works on numbers, and this is true or false; `int(...)` makes 1 or 0 of it")]
    BooleanOperand { operator: &'static str },
    #[error("`{operator}` works on what is true or false, and this is a number")]
    NumberOperand { operator: &'static str },
    #[error("`{function}` takes {expected} argument(s), not {found}")]
    ArgumentCount { function: String, expected: usize, found: usize },

    // Equations and units.
    #[error("derivatives are by time: `d{variable}/dt`, not `d{variable}/{found}`")]
    NotByTime { variable: String, found: String },
    #[error("`{name}` is no name for a variable: {reason}")]
    Reserved { name: String, reason: Reserved },
    #[error("`{name}` is defined twice")]
    Duplicate { name: String },
    #[error("subexpressions go in a circle: {}", .names.join(" -> "))]
    Cycle { names: Vec<String> },
    #[error("`{name}` is no unit{}", suggested(.suggestion.as_deref()))]
    UnknownUnit { name: String, suggestion: Option<String> },
    #[error("variables are kept in SI units: `{instead}`, not `{name}`")]
    ScaledUnit { name: String, instead: Dimension },
    #[error("a unit has no factor; write `volt`, not `1*volt`, and `1` for what has no unit")]
    FactorInUnit,
    #[error("the power of a unit is a number, as in `metre**2`: {0}")]
    UnitPower(PowerError),
    #[error("the unit of what is true or false is `boolean`, not `bool`")]
    Bool,
    #[error("`{name}` has a derivative, so it is a real number and neither integer nor boolean")]
    DerivativeOf { name: String },
    #[error("`{noise}` is white noise, which only derivatives can have, and `{name}` is none")]
    NoiseOutside { noise: String, name: String },
    #[error(
        "`xi` is in the equations of `{first}` and of `{second}`; `xi_NAME` says whether they have one noise or two"
    )]
    NoiseShared { first: String, second: String },
    #[error("noise `{noise}` must be a factor of terms of its own: `f + g*{noise}`")]
    NoiseNotLinear { noise: String },

    // Flags.
    #[error("`{flag}` is no flag{}", suggested(.suggestion.as_deref()))]
    UnknownFlag { flag: String, suggestion: Option<String> },
    #[error("{kind} cannot have the flag `{flag}` here; allowed: {}", listed(.allowed))]
    FlagNotAllowed { flag: Flag, kind: EquationKind, allowed: Vec<Flag> },
    #[error("the flags `{first}` and `{second}` exclude each other")]
    FlagsExclude { first: Flag, second: Flag },
    #[error("the flag `{flag}` stands twice")]
    FlagTwice { flag: Flag },
    #[error("`{name}` is shared, so it can use only shared variables, and `{variable}` has a value for each element")]
    SharedUses { name: String, variable: String },
    #[error("`{name}` uses `{function}`, which gives a new value with each call; add the flag `constant over dt`")]
    Stateful { name: String, function: String },
    #[error("`{name}` is event-driven, and `{other}` is not: neither can depend on the other")]
    EventDrivenMixed { name: String, other: String },

    // Names, types and dimensions.
    #[error("nothing has the name `{name}`{}", suggested(.suggestion.as_deref()))]
    UnknownName { name: String, suggestion: Option<String> },
    #[error("no function has the name `{name}`{}", suggested(.suggestion.as_deref()))]
    UnknownFunction { name: String, suggestion: Option<String> },
    #[error("`{name}` is a function; it needs arguments in parentheses")]
    FunctionWithoutCall { name: String },
    #[error("the sides of `{operator}` have different units: {left} and {right}")]
    Sides { operator: &'static str, left: Dimension, right: Dimension },
    #[error("the sides of `{operator}` must have no unit, and this has {found}")]
    Dimensionless { operator: &'static str, found: Dimension },
    #[error("{what} should have the unit {expected}, and has {found}")]
    Unit { what: String, expected: Dimension, found: Dimension },
    #[error("argument {number} of `{function}` should have the unit {expected}, and has {found}")]
    Argument { function: String, number: usize, expected: Dimension, found: Dimension },
    #[error("argument {number} of `{function}` should be a number, and is true or false")]
    ArgumentBoolean { function: String, number: usize },
    #[error("argument {number} of `{function}` should be true or false, and is a number")]
    ArgumentNumber { function: String, number: usize },
    #[error("an exponent has no unit, and this has {found}")]
    ExponentUnit { found: Dimension },
    #[error(
        "the base has the unit {base}, so the exponent must be a fixed number: the unit of the result depends on it"
    )]
    ExponentNotFixed { base: Dimension },
    #[error("the unit {base} cannot be raised to the power {exponent}: {reason}")]
    Power { base: Dimension, exponent: f64, reason: PowerError },
    #[error("the unit of this is out of range: {0}")]
    Range(PowerError),
    #[error("{what} should be true or false, and is a number")]
    NotBoolean { what: String },
    #[error("{what} should be a number, and is true or false")]
    NotNumber { what: String },
    #[error("{what} has no derivative by `{variable}` everywhere")]
    NoDerivative { what: String, variable: String },
    #[error("this has no fixed value: {reason}")]
    NotFixed { reason: String },
    #[error("`{divisor}` is 0, and nothing can be divided by it")]
    DivisionByZero { divisor: String },

    // Statements.
    #[error("`{name}` cannot be written: {reason}")]
    ReadOnly { name: String, reason: ReadOnly },
    #[error("`{name}` is no variable; a new local variable begins with `{name} = ...`")]
    LocalWithoutValue { name: String },
}

impl LanguageError {
    /// A problem at a place.
    pub fn new(problem: Problem, span: Span) -> Self {
        Self { problem, span, related: Vec::new() }
    }

    /// The same with another place that has to do with it.
    pub fn with(mut self, span: Span, what: String) -> Self {
        self.related.push((span, what));
        self
    }

    /// The same with its places moved by `bytes`, for a text that is part of another.
    pub fn moved(mut self, bytes: u32) -> Self {
        let shift = |span: Span| Span::new(span.start.saturating_add(bytes), span.end.saturating_add(bytes));
        self.span = shift(self.span);
        for (span, _) in &mut self.related {
            *span = shift(*span);
        }
        self
    }

    /// Line and column in the text that was read, both from 1.
    pub fn line_and_column(&self, source: &str) -> (usize, usize) {
        self.span.line_and_column(source)
    }
}

fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn listed(flags: &[Flag]) -> String {
    if flags.is_empty() {
        return "none".to_owned();
    }
    flags.iter().map(|flag| format!("`{flag}`")).collect::<Vec<_>>().join(", ")
}

/// The name among `known` that is nearest to `name`, if one is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    // Comparing is quadratic in the length, and nobody misspells a name of that length.
    if name.len() > 64 {
        return None;
    }
    let allowed = if name.chars().count() <= 4 { 1 } else { 2 };
    known
        .filter(|other| other.len().abs_diff(name.len()) <= allowed)
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|&(distance, _)| distance <= allowed)
        .min()
        .map(|(_, other)| other.to_owned())
}
