//! What is wrong with a network file, and where.

use std::fmt;

use lapicque_units::QuantityError;
use thiserror::Error;

use crate::network::did_you_mean;
use crate::path::with_unit;
use crate::{InvalidDistribution, NetworkProblem, Range};

/// Line and column, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) line: u64,
    pub(super) column: u64,
}

/// Further problems are not listed.
pub(super) const MOST_PROBLEMS: usize = 100;

/// Everything that is wrong with a network file, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkFileError {
    /// What the caller calls the file.
    pub source_name: String,
    /// At least one, at most 100.
    pub problems: Vec<Problem>,
}

impl std::error::Error for NetworkFileError {}

/// One line per problem: `hagen.yaml:12:10: populations.E.C_m: ...`.
impl fmt::Display for NetworkFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{problem}", self.source_name)?;
        }
        Ok(())
    }
}

/// One problem of a network file. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// From 1.
    pub line: u64,
    /// In characters, from 1.
    pub column: u64,
    /// Of the field, e.g. `populations.E.C_m`; empty for the whole file.
    pub path: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

impl Problem {
    pub(super) fn new(at: At, path: &str, kind: ProblemKind) -> Self {
        Self { line: at.line, column: at.column, path: path.to_owned(), kind }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        // Problems of the resolved network begin with their path.
        if !self.path.is_empty() && !matches!(self.kind, ProblemKind::Network(_)) {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.kind)
    }
}

/// What can be wrong with a field of a network file.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ProblemKind {
    #[error("{message}")]
    Yaml { message: String },
    #[error("the file has {bytes} bytes; {allowed} are allowed")]
    TooLong { bytes: usize, allowed: usize },
    #[error("unknown key `{key}`{}; allowed are {}", did_you_mean(.suggestion), listed(.allowed))]
    UnknownKey { key: String, allowed: Vec<&'static str>, suggestion: Option<String> },
    #[error("`{key}` is missing; write e.g. `{example}`")]
    Missing { key: &'static str, example: String },
    #[error("{expected} is expected, found {found}")]
    WrongType { expected: &'static str, found: String },
    #[error("{expected} is expected, found {found}")]
    Shape { expected: String, found: String },
    #[error("this is format version {found}; version 1 is read")]
    Version { found: String },
    #[error(transparent)]
    Quantity(QuantityError),
    #[error("{} is not allowed; it must be {allowed}", with_unit(*.value, .unit))]
    OutOfRange { value: f64, unit: &'static str, allowed: Range },
    #[error("{0}")]
    Distribution(InvalidDistribution),
    #[error("`{found}` is not known{}; allowed are {}", did_you_mean(.suggestion), listed(.allowed))]
    Choice { found: String, allowed: Vec<&'static str>, suggestion: Option<String> },
    #[error("one of {} is expected, found {}", listed(.allowed), found_keys(.found))]
    NotOne { found: Vec<String>, allowed: Vec<&'static str> },
    #[error("`{key}` has no meaning with {with}")]
    NotWith { key: &'static str, with: &'static str },
    #[error("`{name}` is no name; names are made of letters, digits and `_`, and begin with a letter")]
    BadName { name: String },
    #[error("there is no population `{name}`{}", did_you_mean(.suggestion))]
    UnknownPopulation { name: String, suggestion: Option<String> },
    #[error("the network has no `{path}`{}", did_you_mean(.suggestion))]
    UnknownPath { path: String, suggestion: Option<String> },
    #[error("the paths of all parameters, and the names that patterns are compared with, are more than {allowed}")]
    TooManyPaths { allowed: usize },
    #[error("`{path}` is already set by {by}")]
    SetTwice { path: String, by: String },
    #[error("`{first}` is in {first_unit}, but `{second}` in {second_unit}; one parameter sets values of one unit")]
    MixedUnits { first: String, first_unit: &'static str, second: String, second_unit: &'static str },
    #[error(
        "`{first}` is {}, but `{second}` is {}; make them equal or give a `default`",
        with_unit(*.first_value, .unit), with_unit(*.second_value, .unit)
    )]
    UnequalValues { first: String, first_value: f64, second: String, second_value: f64, unit: &'static str },
    #[error(transparent)]
    Network(NetworkProblem),
}

/// All problems of a file, in its order.
pub(super) fn failed(source_name: &str, mut problems: Vec<Problem>) -> NetworkFileError {
    problems.sort_by_key(|problem| (problem.line, problem.column));
    NetworkFileError { source_name: source_name.to_owned(), problems }
}

fn listed(words: &[&'static str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn found_keys(found: &[String]) -> String {
    match found {
        [] => "nothing".to_owned(),
        _ => found.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and "),
    }
}

/// At most 40 characters of what stands in the file.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
