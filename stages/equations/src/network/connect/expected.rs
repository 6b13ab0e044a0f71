//! How many synapses there will be, before any is created.

use lapicque_numerics::random::StreamKey;

use super::candidates::{Copies, n_expression};
use super::generated::generated;
use super::names::{Names, other};
use super::pair_code::{BLOCK, Block, PairCode};
use super::pairwise::{Condition, Places, Probability, condition, probability};
use super::{Created, check_combination};
use crate::language::expression::Expression;
use crate::language::generator::{Taken, parse_generator};
use crate::language::scope::Side;
use crate::language::span::Span;
use crate::network::context::{Context, Members};
use crate::network::description::{Connect, Indices};

/// So many pairs, or neurons that have a generator, are looked at.
const SAMPLED_PAIRS: u64 = 1 << 16;
const SAMPLED_ROWS: u32 = 256;
/// Fewer neurons where each may have many numbers.
const SAMPLED_NUMBERS: u32 = 1 << 22;

/// About how many synapses ways of connecting create; none where it depends on variables of neurons, and where the ways
/// are refused.
///
/// It is exact for lists, tables, all pairs, `i == j` and `i != j`, and for few pairs or neurons; the mean where pairs are
/// taken with a probability; else from a sample of the pairs or neurons.
pub(crate) fn expected_synapses(
    context: &Context<'_>,
    source: Members,
    target: Members,
    described: &[Connect],
) -> Option<f64> {
    described.iter().map(|way| of_way(&Names::new(context, String::new(), source, target), way)).sum()
}

fn of_way(names: &Names<'_>, way: &Connect) -> Option<f64> {
    check_combination(&names.path, way).ok()?;
    if way.table.is_some() {
        return Some(names.context.connections?.sources.len() as f64);
    }
    match (&way.i, &way.j) {
        (Some(Indices::Listed(i)), Some(Indices::Listed(j))) => match n_expression(names, way.n.as_ref()).ok()? {
            Copies::Fixed(n) => Some(i.len().max(j.len()) as f64 * f64::from(n)),
            Copies::Computed(_) => None,
        },
        (None, None) => of_pairs(names, way),
        (Some(Indices::Generated(text)), _) => of_generator(names, way, Side::Presynaptic, text),
        (_, Some(Indices::Generated(text))) => of_generator(names, way, Side::Postsynaptic, text),
        _ => None,
    }
}

fn key() -> StreamKey {
    StreamKey::new([0; 16]).derive("expected synapses")
}

fn of_pairs(names: &Names<'_>, way: &Connect) -> Option<f64> {
    let condition = condition(names, way.condition.as_ref()).ok()?;
    let p = probability(names, way.p.as_ref()).ok()?;
    let n = n_expression(names, way.n.as_ref()).ok()?;
    let places = Places::new(names, &condition);
    let one = Expression::number(1.0, Span::default());
    let condition = match condition {
        Condition::Computed(expression) => Some(expression),
        _ => None,
    };
    let mut factors = [condition, None, None];
    let mut fixed = 1.0;
    match p {
        Probability::Fixed(p) => fixed *= p,
        Probability::Computed(expression) => factors[1] = Some(expression),
    }
    match n {
        Copies::Fixed(n) => fixed *= f64::from(n),
        Copies::Computed(expression) => factors[2] = Some(expression),
    }
    if factors.iter().all(Option::is_none) {
        return Some(places.count as f64 * fixed);
    }
    let expressions: Vec<&Expression> = factors.iter().map(|factor| factor.as_ref().unwrap_or(&one)).collect();
    if expressions.iter().flat_map(|expression| expression.names()).any(|name| names.variable(name).is_some()) {
        return None;
    }
    let mut code = PairCode::new(names, &names.scope, None, &expressions, &mut [], &key()).ok()?;
    let sampled = places.count.min(SAMPLED_PAIRS);
    let mut draws = key().at(0);
    let mut sum = 0.0;
    let mut place = 0;
    while place < sampled {
        let end = sampled.min(place + BLOCK as u64);
        let (i, j): (Vec<f64>, Vec<f64>) = (place..end)
            .map(|place| if sampled == places.count { place } else { draws.below(places.count) })
            .map(|place| places.pair(place))
            .map(|(i, j)| (i as f64, j as f64))
            .unzip();
        code.run(Block { i: &i, j: &j, k: &[] }).ok()?;
        for pair in 0..i.len() {
            if code.result(0)[pair] != 0.0 {
                sum += code.result(1)[pair].clamp(0.0, 1.0) * code.result(2)[pair];
            }
        }
        place = end;
    }
    let mean = sum / sampled.max(1) as f64;
    mean.is_finite().then_some(mean * places.count as f64 * fixed)
}

fn of_generator(names: &Names<'_>, way: &Connect, side: Side, text: &str) -> Option<f64> {
    let parsed = parse_generator(text).ok()?;
    let mut parts = vec![&parsed.value];
    parts.extend(&parsed.condition);
    let copies = n_expression(names, way.n.as_ref()).ok()?;
    if let Copies::Computed(n) = &copies {
        parts.push(n);
    }
    if let Some(iteration) = &parsed.iteration {
        parts.extend([&iteration.low, &iteration.high, &iteration.step]);
        match &iteration.taken {
            Taken::All => {}
            Taken::Probability(taken) | Taken::Size(taken) => parts.push(taken),
        }
    }
    if parts.iter().flat_map(|part| part.names()).any(|name| names.variable(name).is_some()) {
        return None;
    }
    let size = names.members(other(side)).size();
    let sampled = (SAMPLED_NUMBERS / names.members(side).size().max(1)).clamp(1, SAMPLED_ROWS).min(size);
    let rows: Vec<u32> =
        (0..sampled).map(|row| (u64::from(row) * u64::from(size) / u64::from(sampled)) as u32).collect();
    let mut created = Created::default();
    generated(names, way, Some(&rows), &mut [], &key(), &mut created).ok()?;
    Some(created.pairs.i.len() as f64 * f64::from(size) / f64::from(sampled.max(1)))
}
