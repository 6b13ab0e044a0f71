//! What can be wrong with a text that should be a unit or a quantity.

use thiserror::Error;

use crate::Dimension;

/// A text that is no unit. Columns count characters from 1.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    #[error("a unit such as `mV` is expected, the text is empty")]
    Empty,
    #[error("`{start}...` has {length} characters; a unit has at most {allowed}")]
    TooLong { start: String, length: usize, allowed: usize },
    #[error("`{text}`: unknown unit `{symbol}` at column {column}{}", did_you_mean(.suggestion))]
    UnknownSymbol { text: String, column: usize, symbol: String, suggestion: Option<String> },
    #[error("`{text}`: {expected} is expected at column {column}, found {}", found_text(.found))]
    Unexpected {
        text: String,
        column: usize,
        /// `None` at the end of the text.
        found: Option<char>,
        expected: &'static str,
    },
    #[error("`{text}`: the power at column {column} is not a whole number from -{allowed} to {allowed} other than 0")]
    Power { text: String, column: usize, allowed: i32 },
    #[error(
        "`{text}`: the power at column {column} is a fraction other than a half; write a whole number or a half such as `-1/2`"
    )]
    Fraction { text: String, column: usize },
    #[error("`{text}`: the powers multiply to quarters; a unit has whole powers and halves")]
    Root { text: String },
    #[error("`{text}`: what follows the quotient at column {column} is ambiguous; write `a c/b` or `a/(b c)`")]
    AmbiguousQuotient { text: String, column: usize },
    #[error("`{text}`: the powers add up to more than a unit can have")]
    TooLarge { text: String },
}

/// A text that is no quantity, or a quantity of another dimension than expected.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum QuantityError {
    #[error("a number with a unit such as `{example}` is expected, the text is empty")]
    Empty { example: String },
    #[error("`{start}...` has {length} characters; a quantity has at most {allowed}")]
    TooLong { start: String, length: usize, allowed: usize },
    #[error("`{text}`: {expected} is expected at column {column}, found {}", found_text(.found))]
    NotANumber { text: String, column: usize, found: Option<char>, expected: &'static str },
    #[error("`{text}` has no unit; write e.g. `{example}`")]
    NoUnit { text: String, example: String },
    #[error("`{text}` does not fit a 64-bit float{}", in_unit(.unit))]
    OutOfRange {
        text: String,
        /// The unit it was to be converted to.
        unit: Option<String>,
    },
    #[error(transparent)]
    Unit(#[from] UnitError),
    #[error(
        "`{text}` is {}; {} such as `{example}` is expected{}",
        .found.with_article(), .expected.with_article(), did_you_mean(.suggestion)
    )]
    Dimension { text: String, found: Dimension, expected: Dimension, example: String, suggestion: Option<String> },
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(suggestion) => format!("; did you mean `{suggestion}`?"),
        None => String::new(),
    }
}

fn found_text(found: &Option<char>) -> String {
    match found {
        Some(character) => format!("`{}`", character.escape_debug()),
        None => "the end".to_owned(),
    }
}

fn in_unit(unit: &Option<String>) -> String {
    match unit {
        Some(unit) => format!(" in {unit}"),
        None => String::new(),
    }
}
