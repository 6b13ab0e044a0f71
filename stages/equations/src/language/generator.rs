//! Generators of connections: for each neuron on one side, which neurons on the other it is connected with.
//!
//! `i + 1`, `EXPR if CONDITION`, `EXPR for k in range(low, high, step) if CONDITION`, or with `sample(low, high, step,
//! p=...)` or `sample(low, high, step, size=...)` in the place of the range. Of `low`, `high` and `step`, `high` alone is
//! needed.

use super::check::{check_condition, check_number};
use super::equation::Values;
use super::error::{LanguageError, Problem, ReadOnly};
use super::expression::{Expression, ExpressionKind};
use super::lexer::TokenKind;
use super::names::reserved;
use super::parser::Parser;
use super::scope::{Scope, Variable};
use super::span::Span;
use super::statement::AssignmentOperator;
use crate::units::Dimension;

/// Which neurons a neuron is connected with.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// The number of the neuron on the other side.
    pub value: Expression,
    /// What it is evaluated for; once where there is none.
    pub iteration: Option<Iteration>,
    /// Where there is a connection; everywhere where there is none.
    pub condition: Option<Expression>,
}

/// What an expression is evaluated for.
#[derive(Clone, Debug, PartialEq)]
pub struct Iteration {
    /// The variable that takes the numbers.
    pub variable: String,
    /// The first number.
    pub low: Expression,
    /// Before which number it ends.
    pub high: Expression,
    /// From one number to the next.
    pub step: Expression,
    /// Which of the numbers are taken.
    pub taken: Taken,
}

/// Which numbers of a range are taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// All.
    All,
    /// Each with this probability.
    Probability(Expression),
    /// As many as this, drawn without replacement.
    Size(Expression),
}

/// Reads a generator.
///
/// # Errors
/// What does not follow the grammar, with its place.
pub fn parse_generator(source: &str) -> Result<Generator, LanguageError> {
    let mut parser = Parser::new(source)?;
    parser.over_lines = true;
    let value = parser.expression()?;
    let iteration = if word(&mut parser, "for") { Some(iteration(&mut parser)?) } else { None };
    let condition = if word(&mut parser, "if") { Some(parser.expression()?) } else { None };
    match parser.peek().kind {
        TokenKind::End => Ok(Generator { value, iteration, condition }),
        _ => Err(parser.expected("`for`, `if` or the end")),
    }
}

/// Takes the next token if it is this word.
fn word(parser: &mut Parser<'_>, expected: &str) -> bool {
    let token = parser.peek();
    let found = token.kind == TokenKind::Name && parser.text(token.span) == expected;
    if found {
        parser.next();
    }
    found
}

fn iteration(parser: &mut Parser<'_>) -> Result<Iteration, LanguageError> {
    let Some(token) = parser.take(TokenKind::Name) else { return Err(parser.expected("the name of a variable")) };
    let variable = parser.text(token.span).to_owned();
    if let Some(reason) = reserved(&variable) {
        return Err(LanguageError::new(Problem::Reserved { name: variable, reason }, token.span));
    }
    if !word(parser, "in") {
        return Err(parser.expected("`in`"));
    }
    let samples = word(parser, "sample");
    if !samples && !word(parser, "range") {
        return Err(parser.expected("`range(...)` or `sample(...)`"));
    }
    let name_end = parser.end_of_previous();
    if parser.take(TokenKind::OpenParenthesis).is_none() {
        return Err(parser.expected("`(`"));
    }
    let mut bounds = Vec::new();
    let mut taken = Taken::All;
    loop {
        let argument = parser.expression()?;
        if parser.take(TokenKind::Assign(AssignmentOperator::Assign)).is_some() {
            if !samples {
                return Err(LanguageError::new(named_arguments(), argument.span));
            }
            let value = parser.expression()?;
            taken = match &argument.kind {
                ExpressionKind::Name(name) if name == "p" => Taken::Probability(value),
                ExpressionKind::Name(name) if name == "size" => Taken::Size(value),
                _ => return Err(LanguageError::new(named_arguments(), argument.span)),
            };
            break;
        }
        bounds.push(argument);
        if parser.take(TokenKind::Comma).is_none() {
            break;
        }
    }
    if parser.take(TokenKind::CloseParenthesis).is_none() {
        return Err(parser.expected("`)`"));
    }
    let span = Span::new(token.span.start, parser.end_of_previous());
    if samples && taken == Taken::All {
        let found = "neither".to_owned();
        let problem = Problem::Expected { expected: "`p=...` or `size=...` at the end of `sample(...)`", found };
        return Err(LanguageError::new(problem, Span::new(name_end, span.end)));
    }
    let count = bounds.len();
    let number = |value| Expression::number(value, span);
    let mut bounds = bounds.into_iter();
    let (low, high, step) = match (count, bounds.next(), bounds.next(), bounds.next()) {
        (1, Some(high), _, _) => (number(0.0), high, number(1.0)),
        (2, Some(low), Some(high), _) => (low, high, number(1.0)),
        (3, Some(low), Some(high), Some(step)) => (low, high, step),
        _ => {
            let function = if samples { "sample" } else { "range" }.to_owned();
            let problem = Problem::ArgumentCount { function, expected: 3, found: count };
            return Err(LanguageError::new(problem, span));
        }
    };
    Ok(Iteration { variable, low, high, step, taken })
}

fn named_arguments() -> Problem {
    Problem::Unsupported {
        construct: "an argument of this name",
        instead: "`sample(...)` has `p=...` or `size=...` as its last",
    }
}

/// Whether all parts of a generator are numbers without unit, and its condition is true or false.
///
/// # Errors
/// The first that is not, with its place.
pub fn check_generator(generator: &Generator, scope: &Scope) -> Result<(), LanguageError> {
    let mut inner = scope.clone();
    let check = |part: &Expression, scope: &Scope, what: &str| check_number(part, scope, Dimension::NONE, what);
    if let Some(iteration) = &generator.iteration {
        for (part, what) in [(&iteration.low, "the start"), (&iteration.high, "the end"), (&iteration.step, "the step")]
        {
            check(part, scope, what)?;
        }
        match &iteration.taken {
            Taken::All => {}
            Taken::Probability(probability) => check(probability, scope, "the probability")?,
            Taken::Size(size) => check(size, scope, "the size")?,
        }
        let (values, read_only) = (Values::Integer, Some(ReadOnly::Given));
        let variable = Variable { values, dimension: Dimension::NONE, read_only, shared: false };
        inner.add_variable(&iteration.variable, variable);
    }
    check(&generator.value, &inner, "the number of a neuron")?;
    generator.condition.as_ref().map_or(Ok(()), |condition| check_condition(condition, &inner, "the condition"))
}
