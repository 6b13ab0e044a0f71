//! Who connects to whom.
//!
//! Rules that go by the source give its targets when asked; those that go by the target or by the
//! whole (`in_degree`, `total`) are drawn twice, once to count and once to list, from the same
//! streams, so that nothing but the list is ever stored.

use lapicque_network::{Connection, Rule};
use lapicque_numerics::random::{Bernoulli, Generator, StreamKey};

use crate::error::SimulationError;

/// The targets of every source of one connection.
pub(crate) struct Targets {
    sources: u32,
    targets: u32,
    /// Both ends are one population and a neuron does not connect to itself.
    skip_self: bool,
    kind: Kind,
}

enum Kind {
    Probability { trials: Bernoulli, p: f64, key: StreamKey },
    All,
    Same,
    Listed { first: Vec<usize>, targets: Vec<u32> },
}

impl Targets {
    /// `sources` and `targets` are the sizes of the populations; how many synapses there may be was checked before.
    pub(crate) fn new(
        connection: &Connection,
        sources: u32,
        targets: u32,
        key: &StreamKey,
    ) -> Result<Self, SimulationError> {
        let recurrent = connection.pre == connection.post;
        let path = |part: &str| format!("connections.{}.rule.{part}", connection.name);
        let mut pairs = Pairs { sources, targets, skip_self: false };
        let kind = match connection.rule {
            Rule::Probability { p, autapses } => {
                pairs.skip_self = recurrent && !autapses;
                let trials = Bernoulli::new(p)
                    .map_err(|source| SimulationError::OutOfRange { path: path("probability"), source })?;
                Kind::Probability { trials, p, key: *key }
            }
            Rule::AllToAll { autapses } => {
                pairs.skip_self = recurrent && !autapses;
                Kind::All
            }
            Rule::OneToOne => Kind::Same,
            Rule::InDegree { k, autapses, multapses } if k.fract() == 0.0 => {
                pairs.skip_self = recurrent && !autapses;
                pairs.list(|visit| pairs.in_degree(k as u64, multapses, key, visit))
            }
            // So many on average: a total among all pairs.
            Rule::InDegree { autapses, multapses, .. } | Rule::Total { autapses, multapses, .. } => {
                let n = connection.expected_synapses(sources, targets).round() as u64;
                pairs.skip_self = recurrent && !autapses;
                if multapses {
                    pairs.list(|visit| pairs.total(n, key, visit))
                } else {
                    let codes = distinct(n, pairs.count(), &mut key.at(0));
                    pairs.list(|visit| codes.each(|code| pairs.visit(code, visit)))
                }
            }
        };
        Ok(Self { sources, targets, skip_self: pairs.skip_self, kind })
    }

    /// The number of synapses, or for independent pairs a number that is exceeded once in 10^15.
    pub(crate) fn at_most(&self) -> usize {
        match &self.kind {
            Kind::Probability { p, .. } => {
                let pairs = f64::from(self.sources) * f64::from(self.targets);
                (pairs * p + 8.0 * (pairs * p * (1.0 - p)).sqrt()).min(pairs).ceil() as usize
            }
            Kind::All => self.sources as usize * self.targets as usize,
            Kind::Same => self.sources as usize,
            Kind::Listed { targets, .. } => targets.len(),
        }
    }

    /// Puts the targets of `source` into `found`.
    pub(crate) fn of(&self, source: u32, found: &mut Vec<u32>) {
        found.clear();
        match &self.kind {
            Kind::Probability { trials, key, .. } => {
                trials.successes(&mut key.lanes_at(u64::from(source)), self.targets, found)
            }
            Kind::All => found.extend(0..self.targets),
            Kind::Same => found.push(source),
            Kind::Listed { first, targets } => {
                found.extend_from_slice(&targets[first[source as usize]..first[source as usize + 1]]);
                return;
            }
        }
        if self.skip_self {
            found.retain(|&target| target != source);
        }
    }
}

/// Ordered pairs of neurons that may be connected.
#[derive(Clone, Copy)]
struct Pairs {
    sources: u32,
    targets: u32,
    skip_self: bool,
}

impl Pairs {
    fn sources_of_one(&self) -> u64 {
        u64::from(self.sources).saturating_sub(u64::from(self.skip_self))
    }

    fn count(&self) -> u64 {
        self.sources_of_one() * u64::from(self.targets)
    }

    /// The pair number `code` of `count`.
    fn visit(&self, code: u64, visit: &mut dyn FnMut(u32, u32)) {
        let sources = self.sources_of_one();
        let target = (code / sources) as u32;
        visit(self.beside_self((code % sources) as u32, target), target);
    }

    fn beside_self(&self, source: u32, target: u32) -> u32 {
        source + u32::from(self.skip_self && source >= target)
    }

    fn in_degree(&self, k: u64, multapses: bool, key: &StreamKey, visit: &mut dyn FnMut(u32, u32)) {
        let sources = self.sources_of_one();
        let mut order: Vec<u32> = if multapses { Vec::new() } else { (0..sources as u32).collect() };
        for target in 0..self.targets {
            let mut generator = key.at(u64::from(target));
            for i in 0..k {
                let source = if multapses {
                    generator.below(sources) as u32
                } else {
                    // The first k of a shuffle are a fair choice whatever the order before.
                    let chosen = i + generator.below(sources - i);
                    order.swap(i as usize, chosen as usize);
                    order[i as usize]
                };
                visit(self.beside_self(source, target), target);
            }
        }
    }

    fn total(&self, n: u64, key: &StreamKey, visit: &mut dyn FnMut(u32, u32)) {
        let mut generator = key.at(0);
        let count = self.count();
        (0..n).for_each(|_| self.visit(generator.below(count), visit));
    }

    /// Sorts pairs by source; within one they stay in the order of `pairs`, which is called twice.
    fn list(&self, pairs: impl Fn(&mut dyn FnMut(u32, u32))) -> Kind {
        let mut first = vec![0; self.sources as usize + 1];
        pairs(&mut |source, _| first[source as usize + 1] += 1);
        for source in 1..first.len() {
            first[source] += first[source - 1];
        }
        let mut next = first.clone();
        let mut targets = vec![0; first[self.sources as usize]];
        pairs(&mut |source, target| {
            targets[next[source as usize]] = target;
            next[source as usize] += 1;
        });
        Kind::Listed { first, targets }
    }
}

/// Some of the numbers `0..count`.
enum Choice {
    These(Vec<u64>),
    AllBut { count: u64, sorted: Vec<u64> },
}

impl Choice {
    fn each(&self, mut visit: impl FnMut(u64)) {
        match self {
            Self::These(numbers) => numbers.iter().copied().for_each(visit),
            Self::AllBut { count, sorted } => {
                let mut left_out = sorted.iter().peekable();
                for number in 0..*count {
                    if left_out.next_if_eq(&&number).is_none() {
                        visit(number);
                    }
                }
            }
        }
    }
}

/// `n` different numbers in `0..count`, all choices equally likely: the rarer of the chosen and the
/// others are drawn until enough differ.
fn distinct(n: u64, count: u64, generator: &mut Generator) -> Choice {
    let n = n.min(count);
    let rarer = n.min(count - n);
    let mut numbers: Vec<u64> = Vec::with_capacity(rarer as usize);
    while (numbers.len() as u64) < rarer {
        let missing = rarer - numbers.len() as u64;
        numbers.extend((0..missing).map(|_| generator.below(count)));
        numbers.sort_unstable();
        numbers.dedup();
    }
    if n == rarer { Choice::These(numbers) } else { Choice::AllBut { count, sorted: numbers } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lapicque_network::{Distribution, Synapse};

    fn targets(post: &str, rule: Rule, sources: u32, targets: u32, index: u8) -> Vec<Vec<u32>> {
        let connection = Connection {
            name: "test".into(),
            pre: "A".into(),
            post: post.into(),
            rule,
            weight: Distribution::constant(1.0),
            delay_ms: Distribution::constant(1.0),
            synapse: Synapse::Static,
            profile: None,
        };
        let all = Targets::new(&connection, sources, targets, &StreamKey::new([index; 16])).unwrap();
        let mut found = Vec::new();
        let rows: Vec<Vec<u32>> = (0..sources)
            .map(|source| {
                all.of(source, &mut found);
                found.clone()
            })
            .collect();
        assert!(rows.iter().map(Vec::len).sum::<usize>() <= all.at_most());
        assert!(rows.iter().flatten().all(|&target| target < targets));
        rows
    }

    fn in_degrees(rows: &[Vec<u32>], targets: usize) -> Vec<usize> {
        let mut degrees = vec![0; targets];
        rows.iter().flatten().for_each(|&target| degrees[target as usize] += 1);
        degrees
    }

    fn autapses(rows: &[Vec<u32>]) -> usize {
        rows.iter()
            .enumerate()
            .map(|(source, row)| row.iter().filter(|&&target| target as usize == source).count())
            .sum()
    }

    fn multapses(rows: &[Vec<u32>]) -> usize {
        rows.iter()
            .map(|row| {
                let mut row = row.clone();
                row.sort_unstable();
                row.windows(2).filter(|pair| pair[0] == pair[1]).count()
            })
            .sum()
    }

    #[test]
    fn in_degrees_are_exact_and_sources_fair() {
        for (autapses_allowed, multapses_allowed) in [(true, true), (true, false), (false, true), (false, false)] {
            let rule = Rule::InDegree { k: 20.0, autapses: autapses_allowed, multapses: multapses_allowed };
            let rows = targets("A", rule, 100, 100, 1);
            assert_eq!(in_degrees(&rows, 100), [20; 100]);
            assert_eq!(autapses(&rows) > 0, autapses_allowed);
            assert_eq!(multapses(&rows) > 0, multapses_allowed);
            let chi2: f64 = rows.iter().map(|row| (row.len() as f64 - 20.0).powi(2) / 20.0).sum();
            assert!(chi2 < 99.0 + 4.5 * (2f64 * 99.0).sqrt(), "{chi2}");
        }
        let all = targets("A", Rule::InDegree { k: 4.0, autapses: false, multapses: false }, 5, 5, 1);
        assert_eq!((in_degrees(&all, 5), autapses(&all), multapses(&all)), (vec![4; 5], 0, 0));
        assert!(
            targets("B", Rule::InDegree { k: 0.0, autapses: true, multapses: true }, 5, 3, 1).iter().all(Vec::is_empty)
        );
    }

    #[test]
    fn fractional_in_degrees_hold_on_average() {
        for (autapses_allowed, multapses_allowed) in [(true, true), (true, false), (false, true), (false, false)] {
            let rule = Rule::InDegree { k: 20.47, autapses: autapses_allowed, multapses: multapses_allowed };
            let rows = targets("A", rule, 100, 100, 1);
            let found = in_degrees(&rows, 100);
            assert_eq!(found.iter().sum::<usize>(), 2047);
            assert!(found.iter().any(|&k| k < 20) && found.iter().any(|&k| k > 21), "{found:?}");
            assert_eq!(autapses(&rows) > 0, autapses_allowed);
            assert_eq!(multapses(&rows) > 0, multapses_allowed);
        }
    }

    #[test]
    fn totals_are_exact_and_pairs_fair() {
        for n in [0, 30, 150, 240] {
            for (autapses_allowed, multapses_allowed) in [(true, true), (true, false), (false, true), (false, false)] {
                let rule = Rule::Total { n, autapses: autapses_allowed, multapses: multapses_allowed };
                let mut pairs = vec![0.0; 256];
                for index in 0..50 {
                    let rows = targets("A", rule, 16, 16, index);
                    assert_eq!(rows.iter().map(Vec::len).sum::<usize>() as u64, n);
                    assert!(autapses_allowed || autapses(&rows) == 0);
                    assert!(multapses_allowed || multapses(&rows) == 0);
                    rows.iter()
                        .enumerate()
                        .for_each(|(source, row)| row.iter().for_each(|&t| pairs[source * 16 + t as usize] += 1.0));
                }
                let expected = 50.0 * n as f64 / if autapses_allowed { 256.0 } else { 240.0 };
                let far =
                    pairs.iter().filter(|&&count| f64::abs(count - expected) > 4.5 * expected.sqrt() + 1.0).count();
                assert!(far <= if autapses_allowed { 0 } else { 16 }, "n {n}: {far} pairs far from {expected}");
            }
        }
    }

    #[test]
    fn rules_by_source() {
        let rows = targets("A", Rule::Probability { p: 0.3, autapses: false }, 200, 200, 2);
        let n = rows.iter().map(Vec::len).sum::<usize>() as f64;
        let pairs = 200.0 * 199.0;
        assert!((n - 0.3 * pairs).abs() < 4.5 * (0.21f64 * pairs).sqrt(), "{n}");
        assert_eq!((autapses(&rows), multapses(&rows)), (0, 0));
        assert!(autapses(&targets("A", Rule::Probability { p: 0.3, autapses: true }, 200, 200, 2)) > 20);
        assert_eq!(targets("A", Rule::AllToAll { autapses: false }, 3, 3, 3), [[1, 2], [0, 2], [0, 1]]);
        assert_eq!(targets("B", Rule::AllToAll { autapses: false }, 2, 2, 3), [[0, 1], [0, 1]]);
        assert_eq!(targets("B", Rule::OneToOne, 3, 3, 3), [[0], [1], [2]]);
    }
}
