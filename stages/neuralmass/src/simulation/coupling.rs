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
        Self { side_by_side, targets, offsets, weights, sources }
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
        let mut store = |i: usize, sums: [Lanes; C]| {
            for (k, sums) in sums.into_iter().enumerate() {
                for (t, sum) in sums.0.into_iter().enumerate() {
                    ahead[t * of_step + i / WIDTH * couplings + c + k].0[i % WIDTH] = sum;
                }
            }
        };
        let (groups, rest) = self.targets.as_chunks::<TARGETS>();
        for (group, targets) in groups.iter().enumerate() {
            let starts = targets.map(|[start, ..]| start);
            let sums = self.long_sums(starts, targets.map(|[_, short, _]| short), weights, sent);
            for (t, sums) in sums.into_iter().enumerate() {
                store(group * TARGETS + t, sums);
            }
        }
        for (t, &[start, short, _]) in rest.iter().enumerate() {
            let [sums] = self.long_sums([start], [short], weights, sent);
            store(groups.len() * TARGETS + t, sums);
        }
    }

    #[inline(always)]
    fn long_sums<const C: usize, const T: usize>(
        &self,
        starts: [usize; T],
        ends: [usize; T],
        weights: [&[f64]; C],
        sent: &[f64],
    ) -> [[Lanes; C]; T] {
        let mut sums = [[Lanes::of(0.0); C]; T];
        let mut common = usize::MAX;
        for t in 0..T {
            common = common.min(ends[t] - starts[t]);
        }
        for n in 0..common {
            for t in 0..T {
                let link = starts[t] + n;
                let values = Lanes(*first(&sent[self.offsets[link]..]));
                for k in 0..C {
                    sums[t][k] += values * weights[k][link];
                }
            }
        }
        for t in 0..T {
            for link in starts[t] + common..ends[t] {
                let values = Lanes(*first(&sent[self.offsets[link]..]));
                for k in 0..C {
                    sums[t][k] += values * weights[k][link];
                }
            }
        }
        sums
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
                    for lane in 0..WIDTH {
                        let link = targets[lane][from] + n;
                        sums.0[lane] += weights[link] * sent[self.offsets[link]];
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

fn power(weight: f64, power: Weight) -> f64 {
    match power {
        Weight::Linear => weight,
        Weight::Squared => weight * weight,
    }
}
