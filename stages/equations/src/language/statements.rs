//! Reading statements.

use super::error::{LanguageError, Problem};
use super::lexer::TokenKind;
use super::names::is_keyword;
use super::parser::Parser;
use super::statement::Statement;

/// Reads statements that are separated by line breaks or `;`. Line breaks within parentheses do not count.
///
/// Other than in equations, a comparison may stand in arithmetic, as in `v += w*(rand() < p)`: it is read as its `int`.
///
/// # Errors
/// What does not follow the grammar, with its place.
pub fn parse_statements(source: &str) -> Result<Vec<Statement>, LanguageError> {
    let mut parser = Parser::new(source)?;
    parser.truth_counts = true;
    let mut statements = Vec::new();
    loop {
        while parser.take(TokenKind::Newline).is_some() || parser.take(TokenKind::Semicolon).is_some() {}
        if parser.take(TokenKind::End).is_some() {
            return Ok(statements);
        }
        let token = parser.peek();
        if token.kind != TokenKind::Name || is_keyword(parser.text(token.span)) {
            return Err(parser.expected("the name of a variable"));
        }
        parser.next();
        let TokenKind::Assign(operator) = parser.peek().kind else {
            return Err(parser.expected("`=`, `+=`, `-=`, `*=`, `/=` or `%=`"));
        };
        parser.next();
        let value = parser.expression()?;
        let target = parser.text(token.span).to_owned();
        statements.push(Statement { target, target_span: token.span, operator, value });
        match parser.peek().kind {
            TokenKind::Newline | TokenKind::Semicolon | TokenKind::End => {}
            TokenKind::Assign(_) => {
                let instead = "each variable has a statement of its own";
                let problem = Problem::Unsupported { construct: "assigning to several variables at once", instead };
                return Err(LanguageError::new(problem, parser.peek().span));
            }
            _ => return Err(parser.expected("an operator or the end of the statement")),
        }
    }
}
