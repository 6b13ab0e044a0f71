//! Sums over connections: eight steps ahead where delays allow it, else at each step.
//!
//! The order of each sum is that of [`Network::sources_of`] in all cases. Vectors hold the eight steps of one target or,
//! side by side, the eight sets of one step; several sums grow at once, since each of them alone would wait for its last
//! addition.

use crate::network::{AHEAD, Network};
use crate::real::first;
use crate::{Coupling, Lanes, Real, WIDTH, Weight};

/// Targets whose sums grow at once.
const TARGETS: usize = 4;

/// The connections of a network, with places in a history.
pub(super) struct Links {
    side_by_side: bool,
    /// Of each target: where its connections begin, where its short delays begin, where they end.
    targets: Vec<[usize; 3]>,
    /// Of each connection: where the history of its source has time 0 minus the delay.
    offsets: Vec<usize>,
    /// By coupling.
    weights: Vec<Vec<f64>>,
    /// By coupling: where the history of what is summed begins.
    sources: Vec<usize>,
    /// Long delays of [`TARGETS`] targets after each other: as many as the least of them has.
    groups: Vec<Group>,
}

struct Group {
    offsets: Vec<[usize; TARGETS]>,
    /// By coupling.
    weights: Vec<Vec<[f64; TARGETS]>>,
}

impl Links {
    /// Histories of `capacity` times; time 0 is behind the first `past`.
    pub(super) fn new(
        network: &Network,
        couplings: &[Coupling],
        side_by_side: bool,
        capacity: usize,
        past: usize,
    ) -> Self {
        let nodes = network.nodes();
        let (mut targets, mut offsets) = (Vec::with_capacity(nodes), Vec::new());
        let mut weights = vec![Vec::new(); couplings.len()];
        if !couplings.is_empty() {
            for target in 0..nodes {
                let start = offsets.len();
                for connection in network.sources_of(target) {
                    offsets.push(connection.source * capacity + past - connection.delay);
                    for (weights, coupling) in weights.iter_mut().zip(couplings) {
                        weights.push(power(connection.weight, coupling.weight));
                    }
                }
                targets.push([start, start + network.long_and_short(target).0.len(), offsets.len()]);
            }
        }
        let sources = couplings.iter().map(|coupling| coupling.source * nodes * capacity).collect();
        let group = |targets: &[[usize; 3]; TARGETS]| {
            let common = targets.iter().map(|[start, short, _]| short - start).min().unwrap_or(0);
            let of = |n: usize| targets.map(|[start, ..]| start + n);
            Group {
                offsets: (0..common).map(|n| of(n).map(|link| offsets[link])).collect(),
                weights: weights.iter().map(|w| (0..common).map(|n| of(n).map(|link| w[link])).collect()).collect(),
            }
        };
        let groups = if side_by_side { Vec::new() } else { targets.as_chunks().0.iter().map(group).collect() };
        Self { side_by_side, targets, offsets, weights, sources, groups }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Sums over long delays at `time` and the seven steps after it, each as [`Links::all`] has them.
    #[inline(always)]
    pub(super) fn ahead(&self, history: &[f64], time: usize, ahead: &mut [Lanes]) {
        let mut c = 0;
        while c < self.sources.len() {
            if self.sources.get(c + 1) == Some(&self.sources[c]) {
                self.some_ahead([&self.weights[c], &self.weights[c + 1]], c, history, time, ahead);
                c += 2;
            } else {
                self.some_ahead([&self.weights[c]], c, history, time, ahead);
                c += 1;
            }
        }
    }

    /// Those of couplings from `c` on, which sum the same source.
    #[inline(always)]
    fn some_ahead<const C: usize>(
        &self,
        weights: [&[f64]; C],
        c: usize,
        history: &[f64],
        time: usize,
        ahead: &mut [Lanes],
    ) {
        let (of_step, couplings) = (ahead.len() / AHEAD, self.sources.len());
        if self.side_by_side {
            let sent = &history[(self.sources[c] + time) * WIDTH..];
            for (i, &[start, short, _]) in self.targets.iter().enumerate() {
                let mut sums = [[Lanes::of(0.0); AHEAD]; C];
                for link in start..short {
                    let values: &[f64; AHEAD * WIDTH] = first(&sent[self.offsets[link] * WIDTH..]);
                    for k in 0..C {
                        for t in 0..AHEAD {
                            sums[k][t] += Lanes(*first(&values[t * WIDTH..])) * weights[k][link];
                        }
                    }
                }
                for k in 0..C {
                    for t in 0..AHEAD {
                        ahead[t * of_step + i * couplings + c + k] = sums[k][t];
                    }
                }
            }
            return;
        }
        let sent = &history[self.sources[c] + time..];
        for (number, group) in self.groups.iter().enumerate() {
            let mut sums = [[Lanes::of(0.0); C]; TARGETS];
            let common = group.offsets.len();
            let mut of_group = [&[][..]; C];
            for (of_group, weights) in of_group.iter_mut().zip(&group.weights[c..]) {
                *of_group = &weights[..common];
            }
            for n in 0..common {
                for t in 0..TARGETS {
                    let values = Lanes(*first(&sent[group.offsets[n][t]..]));
                    for k in 0..C {
                        sums[t][k] += values * of_group[k][n][t];
                    }
                }
            }
            for (t, mut sums) in sums.into_iter().enumerate() {
                self.add_long(number * TARGETS + t, common, weights, sent, &mut sums);
                store(number * TARGETS + t, &sums, of_step, couplings, c, ahead);
            }
        }
        for i in self.groups.len() * TARGETS..self.targets.len() {
            let mut sums = [Lanes::of(0.0); C];
            self.add_long(i, 0, weights, sent, &mut sums);
            store(i, &sums, of_step, couplings, c, ahead);
        }
    }

    /// Adds those of one target from the `from`th on.
    #[inline(always)]
    fn add_long<const C: usize>(
        &self,
        target: usize,
        from: usize,
        weights: [&[f64]; C],
        sent: &[f64],
        sums: &mut [Lanes; C],
    ) {
        let [start, short, _] = self.targets[target];
        for link in start + from..short {
            let values = Lanes(*first(&sent[self.offsets[link]..]));
            for k in 0..C {
                sums[k] += values * weights[k][link];
            }
        }
    }

    /// Adds those over short delays at one time.
    #[inline(always)]
    pub(super) fn add_short(&self, history: &[f64], time: usize, coupling: &mut [Lanes]) {
        for c in 0..self.sources.len() {
            self.add(c, 1, history, time, coupling);
        }
    }

    /// Sums over all delays at one time.
    #[inline(always)]
    pub(super) fn all(&self, history: &[f64], time: usize, coupling: &mut [Lanes]) {
        coupling.fill(Lanes::of(0.0));
        for c in 0..self.sources.len() {
            self.add(c, 0, history, time, coupling);
        }
    }

    /// Adds those of a coupling from the begin of a target (0) or from its short delays on (1).
    #[inline(always)]
    fn add(&self, c: usize, from: usize, history: &[f64], time: usize, coupling: &mut [Lanes]) {
        let (couplings, weights) = (self.sources.len(), self.weights[c].as_slice());
        if self.side_by_side {
            let sent = &history[(self.sources[c] + time) * WIDTH..];
            for (i, target) in self.targets.iter().enumerate() {
                let mut sum = coupling[i * couplings + c];
                for link in target[from]..target[2] {
                    sum += Lanes(*first(&sent[self.offsets[link] * WIDTH..])) * weights[link];
                }
                coupling[i * couplings + c] = sum;
            }
            return;
        }
        let sent = &history[self.sources[c] + time..];
        for (block, targets) in self.targets.chunks(WIDTH).enumerate() {
            let sums = &mut coupling[block * couplings + c];
            let mut common = 0;
            if let Ok(targets) = <&[[usize; 3]; WIDTH]>::try_from(targets) {
                common = targets.iter().map(|target| target[2] - target[from]).min().unwrap_or(0);
                for n in 0..common {
                    for (sum, target) in sums.0.iter_mut().zip(targets) {
                        let link = target[from] + n;
                        *sum += weights[link] * sent[self.offsets[link]];
                    }
                }
            }
            for (lane, target) in targets.iter().enumerate() {
                for link in target[from] + common..target[2] {
                    sums.0[lane] += weights[link] * sent[self.offsets[link]];
                }
            }
        }
    }
}

/// Sums of one target over eight steps.
#[inline(always)]
fn store(i: usize, sums: &[Lanes], of_step: usize, couplings: usize, c: usize, ahead: &mut [Lanes]) {
    for (k, sums) in sums.iter().enumerate() {
        for t in 0..AHEAD {
            ahead[t * of_step + i / WIDTH * couplings + c + k].0[i % WIDTH] = sums.0[t];
        }
    }
}

fn power(weight: f64, power: Weight) -> f64 {
    match power {
        Weight::Linear => weight,
        Weight::Squared => weight * weight,
    }
}
