//! The current of the membrane from equations.
//!
//! Equations of compartments define `Im`, in A/m^2, and may have currents in A with the flag `(point current)`, which
//! are divided by the `area` of the compartment. All of them are positive where they depolarise. Their sum is I0 - gtot v.

use crate::language::analysis::inline::Inliner;
use crate::language::analysis::linear::{NotLinear, conditionally_linear};
use crate::language::analysis::system::{System, SystemEquation};
use crate::language::block::Equations;
use crate::language::equation::{EquationKind, Flag};
use crate::language::error::LanguageError;
use crate::language::expression::{BinaryOperator, Expression, UnaryOperator};
use crate::language::span::Span;
use crate::units::Dimension;

/// The name of the membrane potential in equations.
pub const POTENTIAL: &str = "v";
/// The name of the current by area in equations.
pub const CURRENT: &str = "Im";
/// The name of the area of a compartment in equations.
pub const AREA: &str = "area";

const AMPERE: Dimension = Dimension::whole([0, 0, 0, 1, 0, 0, 0]);
const AMPERE_BY_AREA: Dimension = Dimension::whole([-2, 0, 0, 1, 0, 0, 0]);

/// The current of the membrane, with all subexpressions put in.
#[derive(Clone, Debug, PartialEq)]
pub struct MembraneCurrent {
    /// gtot, in S/m^2; it does not depend on `v`.
    pub conductance: Expression,
    /// I0, in A/m^2; it does not depend on `v`.
    pub current: Expression,
}

/// Why equations have no current of the membrane.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MembraneError {
    /// No `Im`.
    #[error("no current of the membrane; write e.g. `Im = gL*(EL - v) : amp/meter**2`")]
    Missing,
    /// A name that is given by the morphology.
    #[error("`{name}` is given by the morphology; remove its equation")]
    Given {
        /// Which.
        name: String,
        /// Where it is defined.
        span: Span,
    },
    /// `Im` as a parameter or a derivative.
    #[error("`Im` is {found}; expected an expression, e.g. `Im = gL*(EL - v) : amp/meter**2`")]
    Kind {
        /// What it is.
        found: EquationKind,
        /// Where it is defined.
        span: Span,
    },
    /// A current in another unit.
    #[error("`{name}` has another unit; expected {expected}")]
    Unit {
        /// Which current.
        name: String,
        /// Its unit.
        expected: &'static str,
        /// Where it is defined.
        span: Span,
    },
    /// A current that depends on `v` other than linearly.
    #[error(
        "the current of the membrane is not linear in `v`; other variables than `v` may be in the way, but not functions of it"
    )]
    NotLinear {
        /// Where the term stands.
        span: Span,
    },
    /// A name of something else than a point current.
    #[error("`{name}` is no current with the flag `(point current)`")]
    NotPoint {
        /// Which.
        name: String,
    },
    /// What is too large.
    #[error(transparent)]
    Language(#[from] LanguageError),
}

/// gtot and I0 of equations.
///
/// # Errors
/// See [`MembraneError`].
pub fn membrane_current(equations: &Equations) -> Result<MembraneCurrent, MembraneError> {
    for name in [POTENTIAL, AREA] {
        if let Some(equation) = equations.get(name) {
            return Err(MembraneError::Given { name: name.to_owned(), span: equation.name_span });
        }
    }
    let own = equations.get(CURRENT).ok_or(MembraneError::Missing)?;
    let span = own.name_span;
    if own.kind() != EquationKind::Subexpression {
        return Err(MembraneError::Kind { found: own.kind(), span });
    }
    let mut terms = vec![Expression::name(CURRENT, span)];
    if own.dimension != AMPERE_BY_AREA {
        return Err(MembraneError::Unit { name: CURRENT.to_owned(), expected: "`amp/meter**2`", span });
    }
    for point in equations.equations().iter().filter(|equation| equation.has(Flag::PointCurrent)) {
        let span = point.name_span;
        if point.dimension != AMPERE {
            return Err(MembraneError::Unit { name: point.name.clone(), expected: "`amp`", span });
        }
        let (current, area) = (Expression::name(&point.name, span), Expression::name(AREA, span));
        terms.push(Expression::binary(BinaryOperator::Divide, current, area));
    }
    split(equations, sum(terms).unwrap_or(Expression::number(0.0, span)))
}

/// Conductance (S) and current at v = 0 (A) of some of the point currents together.
///
/// # Errors
/// [`MembraneError::NotPoint`], and those of [`membrane_current`].
pub fn point_current(equations: &Equations, names: &[String]) -> Result<MembraneCurrent, MembraneError> {
    let mut terms = Vec::with_capacity(names.len());
    for name in names {
        let point = equations.get(name).filter(|equation| equation.has(Flag::PointCurrent));
        let point = point.ok_or_else(|| MembraneError::NotPoint { name: name.clone() })?;
        terms.push(Expression::name(name, point.name_span));
    }
    split(equations, sum(terms).unwrap_or(Expression::number(0.0, Span::default())))
}

/// A current that is linear in `v`.
fn split(equations: &Equations, current: Expression) -> Result<MembraneCurrent, MembraneError> {
    let span = current.span;
    let drift = Inliner::new(equations).inline(&current)?;
    let equation = SystemEquation {
        variable: POTENTIAL.to_owned(),
        dimension: Dimension::VOLT,
        drift,
        noise: Vec::new(),
        unless_refractory: false,
    };
    let split = conditionally_linear(&System { equations: vec![equation] }, 0);
    let split = split.map_err(|error: NotLinear| MembraneError::NotLinear { span: error.span() })?;
    let conductance = Expression::unary(UnaryOperator::Negative, split.slope, span);
    Ok(MembraneCurrent { conductance, current: split.rest })
}

/// The sum of terms, as a tree that is no higher than it must be; none without terms.
fn sum(mut terms: Vec<Expression>) -> Option<Expression> {
    if terms.len() < 2 {
        return terms.pop();
    }
    let second = terms.split_off(terms.len() / 2);
    match (sum(terms), sum(second)) {
        (Some(left), Some(right)) => Some(Expression::binary(BinaryOperator::Add, left, right)),
        (left, right) => left.or(right),
    }
}
