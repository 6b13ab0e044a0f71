//! Blocks of equations: one definition a line, `dx/dt = EXPR : UNIT (flags)`, `x = EXPR : UNIT (flags)` or
//! `x : UNIT (flags)`.
//!
//! An expression may go over several lines, up to the colon; `#` begins a comment.

use std::collections::HashMap;

use super::equation::{Definition, Equation, FLAGS, Flag, Values};
use super::error::{LanguageError, Problem, nearest};
use super::expression::{Expression, ExpressionKind};
use super::lexer::TokenKind;
use super::names::{is_noise, reserved};
use super::order::order;
use super::parser::Parser;
use super::span::Span;
use super::statement::AssignmentOperator;
use super::unit_text::declared_unit;

/// A block of equations that follows the grammar: names are allowed and unique, and no subexpressions go in a circle.
/// What names mean, and whether units fit, is seen by [`check_equations`](super::check::check_equations).
#[derive(Clone, Debug, Default)]
pub struct Equations {
    source: String,
    equations: Vec<Equation>,
    by_name: HashMap<String, usize>,
    order: Vec<usize>,
}

impl Equations {
    /// Reads a block; an empty one has no equations.
    ///
    /// # Errors
    /// The first mistake in grammar, names or units after colons, and circles of subexpressions.
    pub fn parse(source: &str) -> Result<Self, LanguageError> {
        let mut parser = Parser::new(source)?;
        let mut equations: Vec<Equation> = Vec::new();
        let mut by_name: HashMap<String, usize> = HashMap::new();
        loop {
            while parser.take(TokenKind::Newline).is_some() {}
            if parser.take(TokenKind::End).is_some() {
                break;
            }
            let equation = equation(&mut parser)?;
            if let Some(&first) = by_name.get(&equation.name) {
                let problem = Problem::Duplicate { name: equation.name };
                let error = LanguageError::new(problem, equation.name_span);
                return Err(error.with(equations[first].name_span, "first defined here".to_owned()));
            }
            by_name.insert(equation.name.clone(), equations.len());
            equations.push(equation);
        }
        noise_of_one(&equations)?;
        let order = order(&equations, &by_name)?;
        Ok(Self { source: source.to_owned(), equations, by_name, order })
    }

    /// The text that was read.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// All equations in the order in which they were written.
    pub fn equations(&self) -> &[Equation] {
        &self.equations
    }

    /// The equation of a variable.
    pub fn get(&self, name: &str) -> Option<&Equation> {
        self.by_name.get(name).map(|&index| &self.equations[index])
    }

    /// Subexpressions in an order in which each comes after those that it uses.
    pub fn subexpressions(&self) -> impl Iterator<Item = (&Equation, &Expression)> {
        self.order.iter().filter_map(|&index| match &self.equations[index].definition {
            Definition::Subexpression(expression) => Some((&self.equations[index], expression)),
            _ => None,
        })
    }

    /// Equations of derivatives, in the order in which they were written.
    pub fn derivatives(&self) -> impl Iterator<Item = (&Equation, &Expression)> {
        self.equations.iter().filter_map(|equation| match &equation.definition {
            Definition::Derivative(expression) => Some((equation, expression)),
            _ => None,
        })
    }
}

/// One definition with what follows it on its last line.
fn equation(parser: &mut Parser<'_>) -> Result<Equation, LanguageError> {
    let Some(first) = parser.take(TokenKind::Name) else {
        return Err(parser.expected("the name of a variable or `d.../dt`"));
    };
    let first_text = parser.text(first.span);
    let (name, name_span, derivative) = if parser.take(TokenKind::Slash).is_some() {
        let Some(by) = parser.take(TokenKind::Name) else { return Err(parser.expected("`dt`")) };
        let by_text = parser.text(by.span);
        let Some(name) = first_text.strip_prefix('d').filter(|name| !name.is_empty()) else {
            let problem = Problem::Expected { expected: "`d.../dt`", found: format!("`{first_text}/{by_text}`") };
            return Err(LanguageError::new(problem, first.span.to(by.span)));
        };
        if by_text != "dt" {
            let problem = Problem::NotByTime { variable: name.to_owned(), found: by_text.to_owned() };
            return Err(LanguageError::new(problem, by.span));
        }
        (name, Span::new(first.span.start + 1, first.span.end), true)
    } else {
        (first_text, first.span, false)
    };
    if let Some(reason) = reserved(name) {
        return Err(LanguageError::new(Problem::Reserved { name: name.to_owned(), reason }, name_span));
    }

    let expression = if parser.take(TokenKind::Assign(AssignmentOperator::Assign)).is_some() {
        parser.over_lines = true;
        let expression = parser.expression()?;
        if parser.peek().kind != TokenKind::Colon {
            let mut error = parser.expected("`:` and a unit (`: 1` for none)");
            if matches!(error.problem, Problem::Expected { .. }) && parser.after_line_break() {
                // The next line is not what is wrong.
                let end = parser.end_of_previous();
                error.span = Span::new(end, end);
            }
            return Err(error);
        }
        parser.over_lines = false;
        Some(expression)
    } else if derivative {
        return Err(parser.expected("`=`"));
    } else {
        None
    };
    if parser.take(TokenKind::Colon).is_none() {
        return Err(parser.expected(if expression.is_some() { "`:` and a unit" } else { "`=` or `:`" }));
    }
    let (values, dimension, unit_span) = declared_unit(parser)?;
    let flags = flags(parser)?;
    match parser.peek().kind {
        TokenKind::Newline | TokenKind::End => {}
        TokenKind::Semicolon => {
            let instead = "each stands on a line of its own";
            let problem = Problem::Unsupported { construct: "`;` between equations", instead };
            return Err(LanguageError::new(problem, parser.peek().span));
        }
        _ => return Err(parser.expected("the end of the line or flags in parentheses")),
    }

    let definition = match expression {
        Some(expression) if derivative => {
            if values != Values::Float {
                return Err(LanguageError::new(Problem::DerivativeOf { name: name.to_owned() }, unit_span));
            }
            Definition::Derivative(expression)
        }
        Some(expression) => {
            if let Some((noise, span)) = noise(&expression) {
                let problem = Problem::NoiseOutside { noise: noise.to_owned(), name: name.to_owned() };
                return Err(LanguageError::new(problem, span));
            }
            Definition::Subexpression(expression)
        }
        None => Definition::Parameter,
    };
    Ok(Equation { name: name.to_owned(), name_span, definition, values, dimension, flags })
}

/// Flags in parentheses, if there are any.
fn flags(parser: &mut Parser<'_>) -> Result<Vec<(Flag, Span)>, LanguageError> {
    let mut flags: Vec<(Flag, Span)> = Vec::new();
    if parser.take(TokenKind::OpenParenthesis).is_none() {
        return Ok(flags);
    }
    loop {
        let mut words = String::new();
        let mut span: Option<Span> = None;
        while matches!(parser.peek().kind, TokenKind::Name | TokenKind::Minus) {
            let token = parser.next();
            let hyphen = token.kind == TokenKind::Minus || words.ends_with('-');
            if !words.is_empty() && !hyphen {
                words.push(' ');
            }
            words.push_str(parser.text(token.span));
            span = Some(span.map_or(token.span, |start| start.to(token.span)));
        }
        let Some(span) = span else { return Err(parser.expected("a flag")) };
        let Some(&(_, flag)) = FLAGS.iter().find(|(name, _)| *name == words) else {
            let suggestion = nearest(&words, FLAGS.iter().map(|&(name, _)| name));
            return Err(LanguageError::new(Problem::UnknownFlag { flag: words, suggestion }, span));
        };
        if flags.iter().any(|&(other, _)| other == flag) {
            return Err(LanguageError::new(Problem::FlagTwice { flag }, span));
        }
        flags.push((flag, span));
        if parser.take(TokenKind::Comma).is_some() {
            continue;
        }
        if parser.take(TokenKind::CloseParenthesis).is_some() {
            return Ok(flags);
        }
        return Err(parser.expected("`,` or `)`"));
    }
}

/// The first white noise in an expression.
fn noise(expression: &Expression) -> Option<(&str, Span)> {
    let mut found = None;
    expression.any(&mut |part| match &part.kind {
        ExpressionKind::Name(name) if is_noise(name) => {
            found = Some((name.as_str(), part.span));
            true
        }
        _ => false,
    });
    found
}

/// `xi` itself belongs to one equation.
fn noise_of_one(equations: &[Equation]) -> Result<(), LanguageError> {
    let mut first: Option<&Equation> = None;
    for equation in equations {
        let Some(expression) = equation.expression().filter(|expression| expression.mentions("xi")) else { continue };
        if let Some(first) = first {
            let problem = Problem::NoiseShared { first: first.name.clone(), second: equation.name.clone() };
            let error = LanguageError::new(problem, expression.span);
            return Err(error.with(first.name_span, "the first is here".to_owned()));
        }
        first = Some(equation);
    }
    Ok(())
}
