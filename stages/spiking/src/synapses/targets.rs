//! Who connects to whom.
//!
//! Rules that go by the source give its targets when asked; those that go by the target or by the whole (`in_degree`, `total`) are drawn twice,
//! once to count and once to list, from the same streams, so that nothing but the list is ever stored.

use lapicque_network::{Connection, Rule};
use lapicque_numerics::random::{Bernoulli, Generator, StreamKey};

use crate::error::{SimulationError, unsupported};

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
    /// `sources` and `targets` are the sizes of the populations.
    pub(crate) fn new(connection: &Connection, sources: u32, targets: u32, key: &StreamKey) -> Result<Self, SimulationError> {
        let recurrent = connection.pre == connection.post;
        let path = |part: &str| format!("connections.{}.rule.{part}", connection.name);
        let mut pairs = Pairs { sources, targets, skip_self: false };
        let kind = match connection.rule {
            Rule::Probability { p, autapses } => {
                pairs.skip_self = recurrent && !autapses;
                let trials = Bernoulli::new(p).map_err(|source| SimulationError::Drive { path: path("probability"), source })?;
                Kind::Probability { trials, p, key: *key }
            }
            Rule::AllToAll { autapses } => {
                pairs.skip_self = recurrent && !autapses;
                Kind::All
            }
            Rule::OneToOne => Kind::Same,
            Rule::InDegree { k, autapses, multapses } => {
                if k.fract() != 0.0 {
                    return Err(unsupported(path("in_degree"), "a simulation needs a whole number of synapses per neuron"));
                }
                pairs.skip_self = recurrent && !autapses;
                pairs.list(|visit| pairs.in_degree(k as u64, multapses, key, visit))
            }
            Rule::Total { n, autapses, multapses } => {
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
            Kind::Probability { trials, key, .. } => trials.successes(&mut key.lanes_at(u64::from(source)), self.targets, found),
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

/// `n` different numbers in `0..count`, all choices equally likely: the rarer of the chosen and the others are drawn until enough differ.
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
