//! All pairs, or those for which a condition holds, thinned at random.

use lapicque_numerics::random::StreamKey;

use super::candidates::{Asked, Candidates, Copies, n_expression};
use super::names::Names;
use super::sampling::each_with_probability;
use super::{Created, MOST_CANDIDATES};
use crate::engine::State;
use crate::language::check::{check_condition, check_number, fixed_value};
use crate::language::expression::{ComparisonOperator, Expression, ExpressionKind};
use crate::language::generator::parse_generator;
use crate::network::context::{expression, not_allowed};
use crate::network::description::{Connect, Text};
use crate::network::error::{NetworkError, NetworkProblem};
use crate::units::Dimension;

/// At least so many pairs have the draws of one stream, and more where few are taken.
const PAIRS_PER_STREAM: u64 = 1 << 20;
/// So many are taken from the pairs of one stream, unless that are more pairs than there can be.
const TAKEN_PER_STREAM: f64 = 1e4;

/// Creates synapses between pairs.
///
/// # Errors
/// Conditions and probabilities that are no such.
pub(super) fn pairwise(
    names: &Names<'_>,
    way: &Connect,
    states: &mut [State],
    key: &StreamKey,
    created: &mut Created,
) -> Result<(), NetworkError> {
    let condition = condition(names, way.condition.as_ref())?;
    let p = probability(names, way.p.as_ref())?;
    let places = Places::new(names, &condition);
    let asked = Asked {
        condition: match &condition {
            Condition::Computed(expression) => Some(expression),
            _ => None,
        },
        p: match &p {
            Probability::Fixed(_) => None,
            Probability::Computed(expression) => Some(expression),
        },
        n: way.n.as_ref(),
        generated: None,
        iterated: None,
    };
    let thinned = match p {
        Probability::Fixed(p) => p,
        Probability::Computed(_) => 1.0,
    };
    let looked_at = places.count as f64 * thinned;
    if looked_at > MOST_CANDIDATES {
        let allowed = format!("at most {MOST_CANDIDATES} pairs are looked at; a generator of `j` needs fewer");
        return Err(not_allowed(&names.path, format!("{looked_at} pairs"), allowed));
    }
    if let (Copies::Fixed(n), None, None) = (n_expression(names, way.n.as_ref())?, asked.condition, asked.p) {
        created.expect(&names.path, looked_at * f64::from(n))?;
    }
    let mut candidates = Candidates::new(names, &names.scope, &asked, states, key)?;
    let key = key.derive("jumps");
    let mut pairs = PAIRS_PER_STREAM;
    while pairs < 1 << 62 && pairs as f64 * thinned < TAKEN_PER_STREAM {
        pairs *= 2;
    }
    for stream in 0..places.count.div_ceil(pairs) {
        let first = stream * pairs;
        let count = pairs.min(places.count - first);
        each_with_probability(count, thinned, &mut key.at(stream), |place| {
            let (i, j) = places.pair(first + place);
            candidates.push(i as f64, j as f64, 0.0, created)
        })?;
    }
    candidates.finish(created)
}

/// Which pairs may be connected.
pub(super) enum Condition {
    /// All.
    Always,
    /// Those with i = j.
    Same,
    /// Those with i != j.
    Different,
    /// Those for which this holds.
    Computed(Expression),
}

/// With which probability a pair is connected.
pub(super) enum Probability {
    Fixed(f64),
    Computed(Expression),
}

/// Reads a condition.
///
/// # Errors
/// What is not true or false for each pair.
pub(super) fn condition(names: &Names<'_>, text: Option<&Text>) -> Result<Condition, NetworkError> {
    let Some(text) = text else { return Ok(Condition::Always) };
    let path = names.at("condition");
    let parsed = match expression(&path, text.as_str()) {
        Ok(parsed) => parsed,
        Err(_) if parse_generator(text.as_str()).is_ok() => {
            let why = "a generator is no condition; it stands at `j`, or at `i`".to_owned();
            return Err(NetworkError::new(path, NetworkProblem::Conflict(why)));
        }
        Err(error) => return Err(error),
    };
    let located = |error| NetworkError::language(&path, error, text.as_str());
    check_condition(&parsed, &names.scope, "the condition").map_err(located)?;
    Ok(match compared(&parsed) {
        Some(ComparisonOperator::Equal) => Condition::Same,
        Some(ComparisonOperator::NotEqual) => Condition::Different,
        _ if parsed.kind == ExpressionKind::Boolean(true) => Condition::Always,
        _ => Condition::Computed(parsed),
    })
}

/// How `i` and `j` are compared, where there is nothing else.
fn compared(expression: &Expression) -> Option<ComparisonOperator> {
    let ExpressionKind::Comparison { first, rest } = &expression.kind else { return None };
    let [(operator, second)] = rest.as_slice() else { return None };
    let is =
        |expression: &Expression, index: &str| matches!(&expression.kind, ExpressionKind::Name(name) if name == index);
    let both = (is(first, "i") && is(second, "j")) || (is(first, "j") && is(second, "i"));
    both.then_some(*operator)
}

/// Reads a probability.
///
/// # Errors
/// What is no number, fixed ones that are not from 0 to 1.
pub(super) fn probability(names: &Names<'_>, text: Option<&Text>) -> Result<Probability, NetworkError> {
    let Some(text) = text else { return Ok(Probability::Fixed(1.0)) };
    let path = names.at("p");
    let parsed = expression(&path, text.as_str())?;
    let located = |error| NetworkError::language(&path, error, text.as_str());
    check_number(&parsed, &names.scope, Dimension::NONE, "the probability").map_err(located)?;
    match fixed_value(&parsed, &names.scope) {
        Err(_) => Ok(Probability::Computed(parsed)),
        Ok(p) if (0.0..=1.0).contains(&p.value) => Ok(Probability::Fixed(p.value)),
        Ok(_) => Err(not_allowed(&path, text.as_str().to_owned(), "a probability from 0 to 1".to_owned())),
    }
}

/// Pairs by their number.
pub(super) struct Places {
    pub(super) count: u64,
    shape: Shape,
}

enum Shape {
    /// `i width + j`
    All { width: u64 },
    /// `i = j`
    Same,
    /// As all, without i = j. Rows from `square` on, which have no such pair, are whole.
    Different { width: u64, square: u64 },
}

impl Places {
    pub(super) fn new(names: &Names<'_>, condition: &Condition) -> Self {
        let (rows, width) = (u64::from(names.source.size()), u64::from(names.target.size()));
        let square = rows.min(width);
        match condition {
            Condition::Always | Condition::Computed(_) => Self { count: rows * width, shape: Shape::All { width } },
            Condition::Same => Self { count: square, shape: Shape::Same },
            Condition::Different => Self { count: rows * width - square, shape: Shape::Different { width, square } },
        }
    }

    #[inline]
    pub(super) fn pair(&self, place: u64) -> (u64, u64) {
        match self.shape {
            Shape::All { width } => (place / width, place % width),
            Shape::Same => (place, place),
            Shape::Different { width, square } => {
                let short = square * (width - 1);
                if place >= short {
                    let place = place - short;
                    return (square + place / width, place % width);
                }
                let (i, j) = (place / (width - 1), place % (width - 1));
                (i, j + u64::from(j >= i))
            }
        }
    }
}
