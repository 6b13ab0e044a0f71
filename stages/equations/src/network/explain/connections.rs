//! How many synapses a model has, without making them.
//!
//! | way | number |
//! |---|---|
//! | numbers `i`, `j` | as many, times `n` |
//! | condition, `p` | pairs for which it holds, times `p` and `n`: counted where there are few, else by a sample of pairs |
//! | generator | numbers of a sample of neurons, times the neurons |
//!
//! A condition that depends on variables of neurons is taken to hold for all pairs.

use super::Survey;
use super::checks;
use crate::language::check::{check_condition, check_divisors};
use crate::language::error::LanguageError;
use crate::language::evaluate::{Value, evaluate};
use crate::language::expression::{ComparisonOperator, Expression, ExpressionKind};
use crate::language::generator::{Generator, Taken, check_generator, parse_generator};
use crate::language::scope::Scope;
use crate::network::context::{expression, not_allowed};
use crate::network::description::{Connect, Indices, Text};
use crate::network::error::NetworkError;
use crate::units::Dimension;

/// Pairs of a sample along one side.
const SAMPLES: u32 = 128;

/// A number of synapses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Count {
    pub(super) expected: f64,
    /// Whether there are as many, no less and no more.
    pub(super) exact: bool,
}

/// Who can be connected.
pub(super) struct Sides<'a> {
    pub(super) source: u32,
    pub(super) target: u32,
    /// What names mean in synapses.
    pub(super) names: &'a Scope,
}

impl Survey<'_> {
    /// How many synapses one way of connecting makes.
    pub(super) fn count(&mut self, path: &str, described: &Connect, sides: &Sides<'_>) -> Result<Count, NetworkError> {
        let at = |field: &str| format!("{path}.{field}");
        let factor = |survey: &mut Self, field: &str, text: Option<&Text>| match text {
            None => Ok(Count { expected: 1.0, exact: true }),
            Some(text) => {
                let what = if field == "p" { "the probability" } else { "the number of synapses" };
                let parsed = checks::number(&at(field), text, sides.names, Dimension::NONE, what)?;
                survey.factor(&at(field), field, text, &parsed, sides)
            }
        };
        if described.table.is_some() {
            // Who has only a table to come gives an empty one.
            let there = self.context.connections.filter(|connections| !connections.sources.is_empty());
            let number = there.map(|connections| connections.sources.len() as f64);
            return Ok(Count { expected: number.unwrap_or(0.0), exact: number.is_some() });
        }
        let p = factor(self, "p", described.p.as_ref())?;
        let n = factor(self, "n", described.n.as_ref())?;
        let times = Count { expected: p.expected * n.expected, exact: p.exact && n.exact };
        let pairs = match (&described.i, &described.j) {
            (None, None) => self.pairs(&at("condition"), described.condition.as_ref(), sides)?,
            (i, j) => {
                let i = self.side(
                    &at("i"),
                    i.as_ref(),
                    sides.source,
                    sides.target,
                    "j",
                    sides.names,
                    described.skip_if_invalid,
                )?;
                let j = self.side(
                    &at("j"),
                    j.as_ref(),
                    sides.target,
                    sides.source,
                    "i",
                    sides.names,
                    described.skip_if_invalid,
                )?;
                match (i, j) {
                    (Some(i), Some(j))
                        if described.i.as_ref().is_some_and(is_listed)
                            && described.j.as_ref().is_some_and(is_listed) =>
                    {
                        if i.expected != j.expected && i.expected != 1.0 && j.expected != 1.0 {
                            let value = format!("{} numbers, and {} of `i`", j.expected, i.expected);
                            return Err(not_allowed(&at("j"), value, "as many as `i`, or one".to_owned()));
                        }
                        Count { expected: i.expected.max(j.expected), exact: true }
                    }
                    (Some(one), _) | (None, Some(one)) => one,
                    (None, None) => Count { expected: 0.0, exact: true },
                }
            }
        };
        Ok(Count { expected: pairs.expected * times.expected, exact: pairs.exact && times.exact })
    }

    /// A probability or a number of synapses, in the mean over pairs where it depends on them.
    fn factor(
        &mut self,
        path: &str,
        field: &str,
        text: &Text,
        parsed: &Expression,
        sides: &Sides<'_>,
    ) -> Result<Count, NetworkError> {
        let Some(value) = checks::known(parsed, sides.names) else {
            let mut sum = 0.0;
            let mut known = 0_u32;
            self.sample(sides, |i, j| {
                if let Some(value) = number_of(parsed, i, j, sides).filter(|value| value.is_finite()) {
                    sum += if field == "p" { value.clamp(0.0, 1.0) } else { value.max(0.0) };
                    known += 1;
                }
            });
            let expected = if known == 0 { 1.0 } else { sum / f64::from(known) };
            return Ok(Count { expected, exact: false });
        };
        let whole = field == "p" || value.fract() == 0.0;
        let allowed = if field == "p" { "a probability from 0 to 1" } else { "a whole number of at least 0" };
        if value < 0.0 || !whole || (field == "p" && value > 1.0) {
            return Err(not_allowed(path, text.as_str().to_owned(), allowed.to_owned()));
        }
        Ok(Count { expected: value, exact: field != "p" || value == 0.0 || value == 1.0 })
    }

    /// Pairs for which a condition holds.
    fn pairs(&mut self, path: &str, condition: Option<&Text>, sides: &Sides<'_>) -> Result<Count, NetworkError> {
        let all = f64::from(sides.source) * f64::from(sides.target);
        let Some(text) = condition else { return Ok(Count { expected: all, exact: true }) };
        let parsed = expression(path, text.as_str())?;
        let located = |error: LanguageError| NetworkError::language(path, error, text.as_str());
        check_condition(&parsed, sides.names, "the condition").map_err(located)?;
        check_divisors(&parsed, sides.names).map_err(located)?;
        if let Some(equal) = compares_i_and_j(&parsed) {
            let diagonal = f64::from(sides.source.min(sides.target));
            return Ok(Count { expected: if equal { diagonal } else { all - diagonal }, exact: true });
        }
        let (mut holds, mut known) = (0_u32, 0_u32);
        let counted = self.sample(sides, |i, j| {
            if let Some(value) = truth_of(&parsed, i, j, sides) {
                known += 1;
                holds += u32::from(value);
            }
        });
        if known == 0 {
            return Ok(Count { expected: all, exact: false });
        }
        let share = f64::from(holds) / f64::from(known);
        Ok(Count { expected: (all * share).round(), exact: counted && f64::from(known) == all })
    }

    /// Calls `visit` with pairs that lie evenly; whether these were all.
    fn sample(&mut self, sides: &Sides<'_>, mut visit: impl FnMut(u32, u32)) -> bool {
        let samples = |size: u32| size.min(if self.evaluations == 0 { 1 } else { SAMPLES });
        let (sources, targets) = (samples(sides.source), samples(sides.target));
        let number =
            |place: u32, samples: u32, size: u32| (u64::from(place) * u64::from(size) / u64::from(samples)) as u32;
        for a in 0..sources {
            for b in 0..targets {
                // Both numbers go through all remainders, so that `i % 2 == j % 2` is not seen for even numbers alone.
                let shift = |number: u32, by: u32, samples: u32, size: u32| {
                    if samples < size { (number + by % (size / samples)) % size } else { number }
                };
                let i = shift(number(a, sources, sides.source), b, sources, sides.source);
                let j = shift(number(b, targets, sides.target), a, targets, sides.target);
                visit(i, j);
            }
        }
        self.evaluations = self.evaluations.saturating_sub(u64::from(sources) * u64::from(targets));
        sources == sides.source && targets == sides.target
    }

    /// Numbers of one side: how many synapses they make.
    #[expect(clippy::too_many_arguments, reason = "each side has the other's name and size")]
    fn side(
        &mut self,
        path: &str,
        described: Option<&Indices>,
        size: u32,
        others: u32,
        other: &str,
        names: &Scope,
        skip: bool,
    ) -> Result<Option<Count>, NetworkError> {
        match described {
            None => Ok(None),
            Some(Indices::Listed(numbers)) => {
                if let Some((place, number)) =
                    numbers.iter().enumerate().find(|(_, number)| !(0..i64::from(size)).contains(number))
                    && !skip
                {
                    let allowed = format!("numbers of neurons from 0 to {}", size.saturating_sub(1));
                    return Err(not_allowed(path, format!("{number} (place {place})"), allowed));
                }
                let count = numbers.iter().filter(|number| (0..i64::from(size)).contains(*number)).count();
                Ok(Some(Count { expected: count as f64, exact: true }))
            }
            Some(Indices::Generated(text)) => {
                let located = |error: LanguageError| NetworkError::language(path, error, text);
                let generator = parse_generator(text).map_err(located)?;
                check_generator(&generator, names).map_err(located)?;
                Ok(Some(self.generated(&generator, size, others, other, names)))
            }
        }
    }

    /// What a generator makes for a sample of the neurons of the other side.
    fn generated(&mut self, generator: &Generator, size: u32, others: u32, other: &str, names: &Scope) -> Count {
        let samples = others.min(if self.evaluations == 0 { 1 } else { SAMPLES });
        let (mut sum, mut known) = (0.0, 0_u32);
        let mut exact = samples == others;
        for place in 0..samples {
            let number = (u64::from(place) * u64::from(others) / u64::from(samples)) as u32;
            let value = |iterated: Option<(&str, f64)>, name: &str| match iterated {
                Some((variable, value)) if variable == name => Some(Value::Number(value)),
                _ if name == other => Some(Value::Number(f64::from(number))),
                _ => side_size(name, other, size, others).or_else(|| fixed(names, name)),
            };
            let (count, is_exact) = match &generator.iteration {
                None => {
                    let holds =
                        generator.condition.as_ref().map(|condition| evaluate(condition, &|name| value(None, name)));
                    match holds {
                        None | Some(Ok(Value::Boolean(true))) => (Some(1.0), true),
                        Some(Ok(_)) => (Some(0.0), true),
                        Some(Err(_)) => (Some(1.0), false),
                    }
                }
                Some(iteration) => {
                    let bound = |part: &Expression| match evaluate(part, &|name| value(None, name)) {
                        Ok(Value::Number(number)) if number.is_finite() => Some(number),
                        _ => None,
                    };
                    let numbers = (bound(&iteration.low), bound(&iteration.high), bound(&iteration.step));
                    let numbers = match numbers {
                        (Some(low), Some(high), Some(step)) if step != 0.0 => {
                            Some(((high - low) / step).ceil().max(0.0))
                        }
                        _ => None,
                    };
                    let taken = match &iteration.taken {
                        Taken::All => numbers,
                        Taken::Probability(p) => numbers.zip(bound(p)).map(|(numbers, p)| numbers * p.clamp(0.0, 1.0)),
                        Taken::Size(size) => numbers.zip(bound(size)).map(|(numbers, size)| size.clamp(0.0, numbers)),
                    };
                    (taken, generator.condition.is_none() && !matches!(iteration.taken, Taken::Probability(_)))
                }
            };
            exact &= is_exact;
            if let Some(count) = count {
                sum += count;
                known += 1;
            }
        }
        self.evaluations = self.evaluations.saturating_sub(u64::from(samples));
        if known == 0 {
            return Count { expected: f64::from(size) * f64::from(others), exact: false };
        }
        let exact = exact && known == others;
        Count { expected: sum / f64::from(known) * f64::from(others), exact }
    }
}

fn is_listed(indices: &Indices) -> bool {
    matches!(indices, Indices::Listed(_))
}

/// `i == j` is true, `i != j` false; none of anything else.
fn compares_i_and_j(expression: &Expression) -> Option<bool> {
    let ExpressionKind::Comparison { first, rest } = &expression.kind else { return None };
    let [(operator, second)] = rest.as_slice() else { return None };
    let named = |part: &Expression, name: &str| matches!(&part.kind, ExpressionKind::Name(own) if own == name);
    let both = (named(first, "i") && named(second, "j")) || (named(first, "j") && named(second, "i"));
    match operator {
        ComparisonOperator::Equal if both => Some(true),
        ComparisonOperator::NotEqual if both => Some(false),
        _ => None,
    }
}

fn fixed(names: &Scope, name: &str) -> Option<Value> {
    names.fixed(name).map(|quantity| Value::Number(quantity.value))
}

/// The numbers of neurons on both sides, seen from a neuron of the side `other`.
fn side_size(name: &str, other: &str, size: u32, others: u32) -> Option<Value> {
    let (pre, post) = if other == "i" { (others, size) } else { (size, others) };
    match name {
        "N_pre" => Some(Value::Number(f64::from(pre))),
        "N_post" => Some(Value::Number(f64::from(post))),
        _ => None,
    }
}

fn of_pair(name: &str, i: u32, j: u32, sides: &Sides<'_>) -> Option<Value> {
    let number = match name {
        "i" => i,
        "j" => j,
        "N_pre" => sides.source,
        "N_post" => sides.target,
        _ => return fixed(sides.names, name),
    };
    Some(Value::Number(f64::from(number)))
}

fn number_of(expression: &Expression, i: u32, j: u32, sides: &Sides<'_>) -> Option<f64> {
    match evaluate(expression, &|name| of_pair(name, i, j, sides)) {
        Ok(Value::Number(value)) => Some(value),
        _ => None,
    }
}

fn truth_of(expression: &Expression, i: u32, j: u32, sides: &Sides<'_>) -> Option<bool> {
    match evaluate(expression, &|name| of_pair(name, i, j, sides)) {
        Ok(Value::Boolean(value)) => Some(value),
        _ => None,
    }
}
