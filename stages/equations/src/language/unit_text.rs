//! Units as they are declared behind the colon of an equation.

use super::equation::Values;
use super::error::{LanguageError, Problem, nearest};
use super::lexer::TokenKind;
use super::parser::Parser;
use super::span::Span;
use crate::units::{self, Dimension};

/// How deep parentheses in a unit may be nested.
const MAX_NESTING: u32 = 50;

/// Reads `1`, `integer`, `boolean` or a product of SI units with their powers: `siemens/metre**2`. A parenthesis behind
/// a whole unit is not taken, as flags begin with one.
///
/// # Errors
/// What is no such unit, with its place.
pub(super) fn declared_unit(parser: &mut Parser<'_>) -> Result<(Values, Dimension, Span), LanguageError> {
    let token = parser.peek();
    let text = parser.text(token.span);
    if token.kind == TokenKind::Name {
        match text {
            "integer" | "boolean" => {
                parser.next();
                let values = if text == "integer" { Values::Integer } else { Values::Boolean };
                return Ok((values, Dimension::NONE, token.span));
            }
            "bool" => return Err(LanguageError::new(Problem::Bool, token.span)),
            _ => {}
        }
    }
    if token.kind == TokenKind::Number(1.0) {
        parser.next();
        // `1/second` is a unit, and `1*volt` is a number.
        if parser.peek().kind != TokenKind::Slash {
            if matches!(parser.peek().kind, TokenKind::Star | TokenKind::DoubleStar) {
                return Err(LanguageError::new(Problem::FactorInUnit, token.span));
            }
            return Ok((Values::Float, Dimension::NONE, token.span));
        }
        let dimension = quotients(parser, Dimension::NONE, 0)?;
        return Ok((Values::Float, dimension, ended(parser, token.span)));
    }
    let dimension = product(parser, 0)?;
    Ok((Values::Float, dimension, ended(parser, token.span)))
}

/// Reads the unit `text` and nothing else, as it may stand behind a colon.
///
/// # Errors
/// What is no such unit, with its place in `text`.
pub fn parse_unit(text: &str) -> Result<(Values, Dimension), LanguageError> {
    let mut parser = Parser::new(text)?;
    let (values, dimension, _) = declared_unit(&mut parser)?;
    match parser.peek().kind {
        TokenKind::End => Ok((values, dimension)),
        _ => Err(parser.expected("`*`, `/`, `**` or the end of the unit")),
    }
}

fn ended(parser: &Parser<'_>, start: Span) -> Span {
    Span::new(start.start, parser.end_of_previous().max(start.end))
}

fn product(parser: &mut Parser<'_>, nesting: u32) -> Result<Dimension, LanguageError> {
    let first = power(parser, nesting)?;
    quotients(parser, first, nesting)
}

/// What `first` is multiplied with and divided by.
fn quotients(parser: &mut Parser<'_>, first: Dimension, nesting: u32) -> Result<Dimension, LanguageError> {
    let mut dimension = first;
    loop {
        let token = parser.peek();
        let divides = match token.kind {
            TokenKind::Star => false,
            TokenKind::Slash => true,
            _ => return Ok(dimension),
        };
        parser.next();
        let factor = power(parser, nesting)?;
        let combined = if divides { dimension.over(factor) } else { dimension.times(factor) };
        dimension = combined.map_err(|error| LanguageError::new(Problem::UnitPower(error), token.span))?;
    }
}

fn power(parser: &mut Parser<'_>, nesting: u32) -> Result<Dimension, LanguageError> {
    let base = factor(parser, nesting)?;
    if parser.take(TokenKind::DoubleStar).is_none() {
        return Ok(base);
    }
    let mut parentheses = 0;
    let mut sign = 1.0;
    while parentheses < MAX_NESTING {
        if parser.take(TokenKind::OpenParenthesis).is_some() {
            parentheses += 1;
        } else if parser.take(TokenKind::Minus).is_some() {
            sign = -sign;
        } else {
            break;
        }
    }
    let token = parser.peek();
    let TokenKind::Number(value) = token.kind else { return Err(parser.expected("a number, the power of the unit")) };
    parser.next();
    let mut exponent = sign * value;
    // A fraction as a power stands in parentheses.
    if parentheses > 0 && parser.take(TokenKind::Slash).is_some() {
        let TokenKind::Number(divisor) = parser.peek().kind else { return Err(parser.expected("a number")) };
        parser.next();
        exponent /= divisor;
    }
    for _ in 0..parentheses {
        if parser.take(TokenKind::CloseParenthesis).is_none() {
            return Err(parser.expected("`)`"));
        }
    }
    base.power(exponent).map_err(|error| LanguageError::new(Problem::UnitPower(error), token.span))
}

fn factor(parser: &mut Parser<'_>, nesting: u32) -> Result<Dimension, LanguageError> {
    let token = parser.peek();
    match token.kind {
        TokenKind::OpenParenthesis if nesting < MAX_NESTING => {
            parser.next();
            let dimension = product(parser, nesting + 1)?;
            match parser.take(TokenKind::CloseParenthesis) {
                Some(_) => Ok(dimension),
                None => Err(parser.expected("`)`")),
            }
        }
        TokenKind::OpenParenthesis => Err(LanguageError::new(Problem::TooDeep { limit: MAX_NESTING }, token.span)),
        TokenKind::Number(_) => Err(LanguageError::new(Problem::FactorInUnit, token.span)),
        TokenKind::Name => {
            let name = parser.text(token.span);
            parser.next();
            if let Some(dimension) = units::base_unit(name) {
                return Ok(dimension);
            }
            let name = name.to_owned();
            let problem = if name == "integer" || name == "boolean" {
                Problem::Expected { expected: "a unit", found: format!("`{name}`, which stands alone") }
            } else if let Some(scaled) = units::unit(&name) {
                Problem::ScaledUnit { name, instead: scaled.dimension }
            } else {
                let suggestion = nearest(&name, units::all_units().map(|(known, _)| known));
                Problem::UnknownUnit { name, suggestion }
            };
            Err(LanguageError::new(problem, token.span))
        }
        _ => Err(parser.expected("a unit (`1` for none)")),
    }
}
