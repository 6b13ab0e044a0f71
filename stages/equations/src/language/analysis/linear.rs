//! Linear systems x' = M x + c, and equations that are linear in their own variable.
//!
//! Both are found exactly: terms of higher order must vanish by the rules of algebra, for all values of all names. What is
//! linear in disguise, as `v*w/w` is, may be refused; what is not linear is never taken for it.

use std::collections::{HashMap, HashSet};

use super::polynomial::{NoPolynomial, Polynomial, polynomial};
use super::system::{System, depends_on_time};
use crate::language::check::stateful;
use crate::language::expression::{Expression, ExpressionKind, MAX_HEIGHT};
use crate::language::scope::Scope;
use crate::language::span::Span;

/// x' = M x + c, with coefficients that are constant during a step.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearSystem {
    /// The variables x.
    pub variables: Vec<String>,
    /// Entries of M that are not 0, ordered by row, then by column.
    pub matrix: Vec<Entry>,
    /// c, one for each variable.
    pub constants: Vec<Expression>,
}

/// An entry of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Number of the variable whose derivative it is in.
    pub row: usize,
    /// Number of the variable that it is multiplied with.
    pub column: usize,
    /// What it is multiplied with.
    pub coefficient: Expression,
}

/// x' = slope x + rest, where neither depends on x.
#[derive(Clone, Debug, PartialEq)]
pub struct ConditionallyLinear {
    /// What x is multiplied with; 0 where x does not occur.
    pub slope: Expression,
    /// The rest.
    pub rest: Expression,
}

/// Why equations are not linear.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotLinear {
    /// A term is of higher order in the state, or a function of it.
    #[error("d{variable}/dt is not linear in {by}")]
    Order {
        /// Whose derivative it is.
        variable: String,
        /// In which variables it is not linear.
        by: String,
        /// Where the term stands.
        span: Span,
    },
    /// A coefficient changes within a step.
    #[error("d{variable}/dt has terms that change within a time step, by {by}")]
    Changing {
        /// Whose derivative it is.
        variable: String,
        /// What changes them.
        by: String,
        /// Where the term stands.
        span: Span,
    },
}

impl NotLinear {
    /// Where the term stands that is not as it should be.
    pub fn span(&self) -> Span {
        match self {
            Self::Order { span, .. } | Self::Changing { span, .. } => *span,
        }
    }
}

/// The linear system that the drift of `system` is.
///
/// # Errors
/// Why it is none.
pub fn linear_system(system: &System, scope: &Scope) -> Result<LinearSystem, NotLinear> {
    let variables: Vec<String> = system.variables().map(str::to_owned).collect();
    let numbers: HashMap<&str, u32> = system.variables().zip(0..).collect();
    let mut matrix = Vec::new();
    let mut constants = Vec::new();
    for (row, equation) in system.equations.iter().enumerate() {
        let variable = &equation.variable;
        let order =
            |span| NotLinear::Order { variable: variable.clone(), by: state_in(&equation.drift, &numbers), span };
        let mut terms = linear_terms(&equation.drift, &numbers).map_err(order)?;
        for coefficient in terms.values() {
            let by = if depends_on_time(coefficient, scope) {
                "`t`".to_owned()
            } else if let Some((function, _)) = stateful(coefficient, scope) {
                format!("`{function}`")
            } else {
                continue;
            };
            return Err(NotLinear::Changing { variable: variable.clone(), by, span: coefficient.span });
        }
        let span = equation.drift.span;
        constants.push(terms.remove(&Vec::new()).unwrap_or_else(|| Expression::number(0.0, span)));
        for (of, coefficient) in terms {
            // All that is left is of order 1.
            matrix.extend(of.first().map(|&column| Entry { row, column: column as usize, coefficient }));
        }
    }
    Ok(LinearSystem { variables, matrix, constants })
}

/// The drift of one equation of a system, as linear in its own variable with all others held fixed.
///
/// # Errors
/// [`NotLinear::Order`].
pub fn conditionally_linear(system: &System, row: usize) -> Result<ConditionallyLinear, NotLinear> {
    let zero = |span| Expression::number(0.0, span);
    let Some(equation) = system.equations.get(row) else {
        return Ok(ConditionallyLinear { slope: zero(Span::default()), rest: zero(Span::default()) });
    };
    let (variable, drift) = (&equation.variable, &equation.drift);
    let own = HashMap::from([(variable.as_str(), 0)]);
    let order = |span| NotLinear::Order { variable: variable.clone(), by: format!("`{variable}`"), span };
    let mut terms = linear_terms(drift, &own).map_err(order)?;
    let slope = terms.remove(&vec![0]).unwrap_or_else(|| zero(drift.span));
    let rest = terms.remove(&Vec::new()).unwrap_or_else(|| zero(drift.span));
    Ok(ConditionallyLinear { slope, rest })
}

/// Terms of order 0 and 1, if there are no others; else the place of one.
fn linear_terms(drift: &Expression, numbers: &HashMap<&str, u32>) -> Result<Polynomial, Span> {
    let terms = polynomial(drift, numbers).map_err(|NoPolynomial { span }| span)?;
    let bad = |(of, coefficient): &(&Vec<u32>, &Expression)| of.len() > 1 || coefficient.height() > MAX_HEIGHT;
    match terms.iter().find(bad) {
        Some((_, coefficient)) => Err(coefficient.span),
        None => Ok(terms),
    }
}

/// The variables of the state that an expression has, for a message.
fn state_in(expression: &Expression, numbers: &HashMap<&str, u32>) -> String {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    expression.visit(&mut |part| {
        if let ExpressionKind::Name(name) = &part.kind
            && numbers.contains_key(name.as_str())
            && seen.insert(name)
        {
            names.push(format!("`{name}`"));
        }
    });
    names.truncate(5);
    names.join(", ")
}
