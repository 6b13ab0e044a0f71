//! From tokens to expressions, by precedence as in Python.

use super::error::{LanguageError, Problem};
use super::expression::{
    BinaryOperator, ComparisonOperator, Expression, ExpressionKind, LogicalOperator, MAX_HEIGHT, UnaryOperator,
};
use super::functions::Function;
use super::lexer::{Token, TokenKind, tokens};
use super::names::is_keyword;
use super::span::Span;

/// How deep parentheses, signs and powers may be nested.
const MAX_NESTING: u32 = 200;

/// How strongly operators bind; what binds more strongly is read first.
mod binding {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARISON: u8 = 4;
    pub(super) const SUM: u8 = 5;
    pub(super) const PRODUCT: u8 = 6;
    pub(super) const SIGN: u8 = 7;
    pub(super) const POWER: u8 = 8;
}

/// Reads one expression, which may go over several lines.
///
/// # Errors
/// What does not follow the grammar, and what is too long or too deep, with its place.
pub fn parse_expression(source: &str) -> Result<Expression, LanguageError> {
    let mut parser = Parser::new(source)?;
    parser.over_lines = true;
    let expression = parser.expression()?;
    match parser.peek().kind {
        TokenKind::End => Ok(expression),
        _ => Err(parser.expected("an operator or the end")),
    }
}

/// Reads tokens in turn. Line breaks count unless `over_lines` is set or a parenthesis is open.
pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    position: usize,
    last_end: u32,
    nesting: u32,
    parentheses: u32,
    pub(super) over_lines: bool,
    /// Whether comparisons are 1 or 0 in arithmetic, rather than mistakes.
    pub(super) truth_counts: bool,
}

/// An expression with the height of its tree.
type Measured = (Expression, u32);

impl<'a> Parser<'a> {
    pub(super) fn new(source: &'a str) -> Result<Self, LanguageError> {
        Ok(Self {
            source,
            tokens: tokens(source)?,
            position: 0,
            last_end: 0,
            nesting: 0,
            parentheses: 0,
            over_lines: false,
            truth_counts: false,
        })
    }

    /// The next token. Line breaks that do not count are passed.
    pub(super) fn peek(&mut self) -> Token {
        if self.over_lines || self.parentheses > 0 {
            while self.token(self.position).kind == TokenKind::Newline {
                self.position += 1;
            }
        }
        self.token(self.position)
    }

    fn token(&self, position: usize) -> Token {
        let end = self.source.len() as u32;
        let last = Token { kind: TokenKind::End, span: Span::new(end, end) };
        self.tokens.get(position).copied().unwrap_or(last)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek();
        self.position += 1;
        self.last_end = token.span.end;
        token
    }

    /// Takes the next token if it is of this kind.
    pub(super) fn take(&mut self, kind: TokenKind) -> Option<Token> {
        (self.peek().kind == kind).then(|| self.next())
    }

    pub(super) fn text(&self, span: Span) -> &'a str {
        self.source.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Where the last token ended that was taken.
    pub(super) fn end_of_previous(&self) -> u32 {
        self.last_end
    }

    /// Whether a line break lies between the last token that was taken and the next one.
    pub(super) fn after_line_break(&mut self) -> bool {
        let next = self.peek().span.start;
        self.source.get(self.last_end as usize..next as usize).is_some_and(|between| between.contains('\n'))
    }

    /// That something else stands where `expected` should.
    pub(super) fn expected(&mut self, expected: &'static str) -> LanguageError {
        let token = self.peek();
        let unsupported = |construct, instead| Problem::Unsupported { construct, instead };
        let problem = match token.kind {
            TokenKind::OpenBracket => unsupported("indexing with [...]", "a variable is that of the element itself"),
            TokenKind::Dot => unsupported("access with `.`", "variables have plain names"),
            TokenKind::Quote => unsupported("text in quotes", "there are only numbers and truth values"),
            TokenKind::Name if ["if", "else"].contains(&self.text(token.span)) => {
                unsupported("`if` and `else`", "`int(CONDITION)*VALUE` is 0 where the condition does not hold")
            }
            TokenKind::Name if is_keyword(self.text(token.span)) => {
                unsupported("this word of Python", "there are arithmetic, comparisons, `and`, `or`, `not` and calls")
            }
            TokenKind::End => Problem::Expected { expected, found: "the end".to_owned() },
            TokenKind::Newline => Problem::Expected { expected, found: "the end of the line".to_owned() },
            _ => Problem::Expected { expected, found: format!("`{}`", shortened(self.text(token.span))) },
        };
        LanguageError::new(problem, token.span)
    }

    pub(super) fn expression(&mut self) -> Result<Expression, LanguageError> {
        self.binding(0).map(|(expression, _)| expression)
    }

    /// An expression of operators that bind at least as strongly as `least`.
    fn binding(&mut self, least: u8) -> Result<Measured, LanguageError> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(LanguageError::new(Problem::TooDeep { limit: MAX_NESTING }, self.peek().span));
        }
        let (mut left, mut height) = self.prefix()?;
        loop {
            let token = self.peek();
            let joined = match operator(token.kind, self.text(token.span)) {
                Some(Infix::Arithmetic(operator, strength)) if strength >= least => {
                    self.next();
                    // Powers are read from right to left, and a sign may stand before an exponent.
                    let right_least = if operator == BinaryOperator::Power { binding::SIGN } else { strength + 1 };
                    let (right, right_height) = self.binding(right_least)?;
                    let left = self.number_operand(left, operator.symbol())?;
                    let right = self.number_operand(right, operator.symbol())?;
                    (Expression::binary(operator, left, right), height.max(right_height))
                }
                Some(Infix::Comparison) if binding::COMPARISON >= least => self.comparison(left, height)?,
                Some(Infix::Logical(operator, strength)) if strength >= least => {
                    self.logical(operator, strength, left, height)?
                }
                _ => break,
            };
            left = joined.0;
            height = checked_height(joined.1 + 1, left.span)?;
        }
        self.nesting -= 1;
        Ok((left, height))
    }

    /// The rest of a chain of comparisons.
    fn comparison(&mut self, first: Expression, mut height: u32) -> Result<Measured, LanguageError> {
        let mut rest = Vec::new();
        let mut span = first.span;
        while let Some(operator) = comparison_operator(self.peek().kind) {
            self.next();
            let (operand, operand_height) = self.binding(binding::COMPARISON + 1)?;
            height = height.max(operand_height);
            span = span.to(operand.span);
            rest.push((operator, operand));
        }
        Ok((Expression::new(ExpressionKind::Comparison { first: Box::new(first), rest }, span), height))
    }

    /// The rest of operands between which one operator stands.
    fn logical(
        &mut self,
        operator: LogicalOperator,
        strength: u8,
        first: Expression,
        mut height: u32,
    ) -> Result<Measured, LanguageError> {
        let mut span = first.span;
        let mut operands = vec![first];
        loop {
            let token = self.peek();
            if token.kind != TokenKind::Name || self.text(token.span) != operator.symbol() {
                break;
            }
            self.next();
            let (operand, operand_height) = self.binding(strength + 1)?;
            height = height.max(operand_height);
            span = span.to(operand.span);
            operands.push(operand);
        }
        Ok((Expression::new(ExpressionKind::Logical { operator, operands }, span), height))
    }

    /// A sign, `not`, or what stands between operators.
    fn prefix(&mut self) -> Result<Measured, LanguageError> {
        let token = self.peek();
        let (operator, strength) = match token.kind {
            TokenKind::Minus => (UnaryOperator::Negative, binding::SIGN),
            TokenKind::Plus => (UnaryOperator::Positive, binding::SIGN),
            TokenKind::Name if self.text(token.span) == "not" => (UnaryOperator::Not, binding::NOT),
            _ => return self.atom(),
        };
        self.next();
        let (operand, height) = self.binding(strength)?;
        let operand = match operator {
            UnaryOperator::Negative => self.number_operand(operand, "-")?,
            UnaryOperator::Positive => self.number_operand(operand, "+")?,
            UnaryOperator::Not => operand,
        };
        let span = token.span.to(operand.span);
        Ok((Expression::unary(operator, operand, span), checked_height(height + 1, span)?))
    }

    fn atom(&mut self) -> Result<Measured, LanguageError> {
        let token = self.peek();
        match token.kind {
            TokenKind::Number(value) => {
                self.next();
                Ok((Expression::new(ExpressionKind::Number(value), token.span), 1))
            }
            TokenKind::OpenParenthesis => {
                self.next();
                self.parentheses += 1;
                let (mut inner, height) = self.binding(0)?;
                let close = self.close()?;
                inner.span = token.span.to(close);
                Ok((inner, height))
            }
            TokenKind::Name => {
                let name = self.text(token.span);
                if name == "True" || name == "False" {
                    self.next();
                    return Ok((Expression::new(ExpressionKind::Boolean(name == "True"), token.span), 1));
                }
                if is_keyword(name) {
                    return Err(self.expected("a number, a name or `(`"));
                }
                self.next();
                if self.peek().kind == TokenKind::OpenParenthesis {
                    return self.call(name, token.span);
                }
                Ok((Expression::name(name, token.span), 1))
            }
            _ => Err(self.expected("a number, a name or `(`")),
        }
    }

    /// The arguments of a function.
    fn call(&mut self, function: &str, name_span: Span) -> Result<Measured, LanguageError> {
        self.next();
        self.parentheses += 1;
        let mut arguments = Vec::new();
        let mut height = 0;
        while self.peek().kind != TokenKind::CloseParenthesis {
            let (argument, argument_height) = self.binding(0)?;
            if matches!(self.peek().kind, TokenKind::Assign(_)) {
                let instead = "arguments stand in their order";
                let problem = Problem::Unsupported { construct: "arguments with names", instead };
                return Err(LanguageError::new(problem, argument.span));
            }
            arguments.push(argument);
            height = height.max(argument_height);
            if self.take(TokenKind::Comma).is_none() {
                break;
            }
        }
        let span = name_span.to(self.close()?);
        if let Some(known) = Function::named(function)
            && known.arguments() != arguments.len()
        {
            let (expected, found) = (known.arguments(), arguments.len());
            let problem = Problem::ArgumentCount { function: function.to_owned(), expected, found };
            return Err(LanguageError::new(problem, span));
        }
        Ok((Expression::call(function, arguments, span), checked_height(height + 1, span)?))
    }

    /// What is plainly true or false, whatever its names mean, is no operand of arithmetic; where truth values count, its
    /// `int` is.
    fn number_operand(&self, operand: Expression, operator: &'static str) -> Result<Expression, LanguageError> {
        let boolean = match &operand.kind {
            ExpressionKind::Boolean(_) | ExpressionKind::Comparison { .. } | ExpressionKind::Logical { .. } => true,
            ExpressionKind::Unary { operator, .. } => *operator == UnaryOperator::Not,
            _ => false,
        };
        let span = operand.span;
        if !boolean {
            Ok(operand)
        } else if self.truth_counts {
            Ok(Expression::call("int", vec![operand], span))
        } else {
            Err(LanguageError::new(Problem::BooleanOperand { operator }, span))
        }
    }

    fn close(&mut self) -> Result<Span, LanguageError> {
        match self.take(TokenKind::CloseParenthesis) {
            Some(token) => {
                self.parentheses -= 1;
                Ok(token.span)
            }
            None => Err(self.expected("an operator, `,` or `)`")),
        }
    }
}

enum Infix {
    Arithmetic(BinaryOperator, u8),
    Comparison,
    Logical(LogicalOperator, u8),
}

fn operator(kind: TokenKind, text: &str) -> Option<Infix> {
    Some(match kind {
        TokenKind::Plus => Infix::Arithmetic(BinaryOperator::Add, binding::SUM),
        TokenKind::Minus => Infix::Arithmetic(BinaryOperator::Subtract, binding::SUM),
        TokenKind::Star => Infix::Arithmetic(BinaryOperator::Multiply, binding::PRODUCT),
        TokenKind::Slash => Infix::Arithmetic(BinaryOperator::Divide, binding::PRODUCT),
        TokenKind::DoubleSlash => Infix::Arithmetic(BinaryOperator::FloorDivide, binding::PRODUCT),
        TokenKind::Percent => Infix::Arithmetic(BinaryOperator::Remainder, binding::PRODUCT),
        TokenKind::DoubleStar => Infix::Arithmetic(BinaryOperator::Power, binding::POWER),
        TokenKind::Name if text == "and" => Infix::Logical(LogicalOperator::And, binding::AND),
        TokenKind::Name if text == "or" => Infix::Logical(LogicalOperator::Or, binding::OR),
        _ => return comparison_operator(kind).map(|_| Infix::Comparison),
    })
}

fn comparison_operator(kind: TokenKind) -> Option<ComparisonOperator> {
    Some(match kind {
        TokenKind::Less => ComparisonOperator::Less,
        TokenKind::LessOrEqual => ComparisonOperator::LessOrEqual,
        TokenKind::Greater => ComparisonOperator::Greater,
        TokenKind::GreaterOrEqual => ComparisonOperator::GreaterOrEqual,
        TokenKind::EqualEqual => ComparisonOperator::Equal,
        TokenKind::NotEqual => ComparisonOperator::NotEqual,
        _ => return None,
    })
}

fn checked_height(height: u32, span: Span) -> Result<u32, LanguageError> {
    if height > MAX_HEIGHT {
        return Err(LanguageError::new(Problem::TooDeep { limit: MAX_HEIGHT }, span));
    }
    Ok(height)
}

/// The first characters of what was found.
fn shortened(text: &str) -> String {
    let mut start: String = text.chars().take(30).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    start
}
