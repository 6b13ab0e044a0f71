//! Expressions as polynomials of some variables, exactly: `g*(E - v)` is `E` times `g` and -1 times `g*v`.

use std::collections::{BTreeMap, HashMap};

use super::algebra::{add, divide, is, multiply, negate, power, subtract, value};
use crate::language::expression::{BinaryOperator, Expression, ExpressionKind, UnaryOperator};
use crate::language::span::Span;

/// Products of more variables are not followed.
const MAX_DEGREE: usize = 4;
/// Nodes that may be copied on the way.
const MAX_COPIED: usize = 1_000_000;
/// Terms that a polynomial may have.
const MAX_TERMS: usize = 10_000;
/// Terms that a product may have before like ones are put together, so that sums of them are not too high.
const MAX_PRODUCT: usize = 1_000;

/// Which variables are multiplied, by number, in ascending order.
type Monomial = Vec<u32>;

/// Coefficients by what they are coefficients of. None of them is 0.
pub(super) type Polynomial = BTreeMap<Monomial, Expression>;

/// Why an expression is no polynomial of the variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoPolynomial {
    /// The part that is none.
    pub(super) span: Span,
}

/// The polynomial that an expression is, of the variables that have numbers in `variables`.
pub(super) fn polynomial(expression: &Expression, variables: &HashMap<&str, u32>) -> Result<Polynomial, NoPolynomial> {
    let mut reader = Reader { variables, left: MAX_COPIED };
    reader.of(expression)
}

struct Reader<'a> {
    variables: &'a HashMap<&'a str, u32>,
    left: usize,
}

fn constant(coefficient: Expression) -> Polynomial {
    if is(&coefficient, 0.0) { Polynomial::new() } else { Polynomial::from([(Vec::new(), coefficient)]) }
}

/// The expression that a polynomial is that has no variable; else itself.
fn without_variables(polynomial: Polynomial, span: Span) -> Result<Expression, Polynomial> {
    if polynomial.keys().all(Vec::is_empty) {
        let only = polynomial.into_values().next();
        return Ok(only.unwrap_or_else(|| Expression::number(0.0, span)));
    }
    Err(polynomial)
}

impl Reader<'_> {
    fn of(&mut self, expression: &Expression) -> Result<Polynomial, NoPolynomial> {
        let span = expression.span;
        match &expression.kind {
            ExpressionKind::Name(name) => Ok(match self.variables.get(name.as_str()) {
                Some(&number) => Polynomial::from([(vec![number], Expression::number(1.0, span))]),
                None => constant(expression.clone()),
            }),
            ExpressionKind::Number(_) | ExpressionKind::Boolean(_) => Ok(constant(expression.clone())),
            ExpressionKind::Unary { operator: UnaryOperator::Negative, operand } => {
                Ok(self.of(operand)?.into_iter().map(|(of, coefficient)| (of, negate(coefficient))).collect())
            }
            ExpressionKind::Unary { operator: UnaryOperator::Positive, operand } => self.of(operand),
            ExpressionKind::Binary { operator, left, right } => self.binary(*operator, left, right, span),
            // Whatever else holds a variable is no polynomial of it.
            ExpressionKind::Unary { .. }
            | ExpressionKind::Comparison { .. }
            | ExpressionKind::Logical { .. }
            | ExpressionKind::Call { .. } => {
                let holds = expression.any(&mut |part| match &part.kind {
                    ExpressionKind::Name(name) => self.variables.contains_key(name.as_str()),
                    _ => false,
                });
                if holds { Err(NoPolynomial { span }) } else { Ok(constant(expression.clone())) }
            }
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Expression,
        right: &Expression,
        span: Span,
    ) -> Result<Polynomial, NoPolynomial> {
        let (first, second) = (self.of(left)?, self.of(right)?);
        match operator {
            BinaryOperator::Add => self.sum(first, second, add, |only| only, span),
            BinaryOperator::Subtract => self.sum(first, second, subtract, negate, span),
            BinaryOperator::Multiply => self.product(&first, &second, span),
            BinaryOperator::Divide => {
                let divisor = without_variables(second, span).map_err(|_| NoPolynomial { span })?;
                let mut quotient = Polynomial::new();
                for (of, coefficient) in first {
                    let divisor = self.copy(&divisor, span)?;
                    quotient.insert(of, divide(coefficient, divisor));
                }
                Ok(quotient)
            }
            BinaryOperator::FloorDivide | BinaryOperator::Remainder => {
                let plain =
                    |part, side: &Expression| without_variables(part, side.span).map_err(|_| NoPolynomial { span });
                Ok(constant(Expression::binary(operator, plain(first, left)?, plain(second, right)?)))
            }
            BinaryOperator::Power => {
                let exponent = without_variables(second, span).map_err(|_| NoPolynomial { span })?;
                match (without_variables(first, span), value(&exponent)) {
                    (Ok(base), _) => Ok(constant(power(base, exponent))),
                    (Err(base), Some(times)) if times.fract() == 0.0 && (0.0..=MAX_DEGREE as f64).contains(&times) => {
                        let mut product = constant(Expression::number(1.0, span));
                        for _ in 0..times as usize {
                            product = self.product(&product, &base, span)?;
                        }
                        Ok(product)
                    }
                    _ => Err(NoPolynomial { span }),
                }
            }
        }
    }

    fn sum(
        &mut self,
        mut first: Polynomial,
        second: Polynomial,
        both: fn(Expression, Expression) -> Expression,
        alone: fn(Expression) -> Expression,
        span: Span,
    ) -> Result<Polynomial, NoPolynomial> {
        for (of, coefficient) in second {
            let sum = match first.remove(&of) {
                Some(other) => both(other, coefficient),
                None => alone(coefficient),
            };
            if !is(&sum, 0.0) {
                first.insert(of, sum);
            }
        }
        if first.len() > MAX_TERMS { Err(NoPolynomial { span }) } else { Ok(first) }
    }

    fn product(&mut self, first: &Polynomial, second: &Polynomial, span: Span) -> Result<Polynomial, NoPolynomial> {
        if first.len() > 1 && second.len() > 1 && first.len() * second.len() > MAX_PRODUCT {
            return Err(NoPolynomial { span });
        }
        let mut product = Polynomial::new();
        for (left_of, left) in first {
            for (right_of, right) in second {
                let mut of = left_of.clone();
                of.extend(right_of);
                of.sort_unstable();
                if of.len() > MAX_DEGREE {
                    return Err(NoPolynomial { span });
                }
                let term = multiply(self.copy(left, span)?, self.copy(right, span)?);
                product = self.sum(product, Polynomial::from([(of, term)]), add, |only| only, span)?;
            }
        }
        Ok(product)
    }

    fn copy(&mut self, expression: &Expression, span: Span) -> Result<Expression, NoPolynomial> {
        self.left = self.left.checked_sub(expression.size()).ok_or(NoPolynomial { span })?;
        Ok(expression.clone())
    }
}
