//! Ornstein-Uhlenbeck processes and the normal numbers that drive them.
//!
//! ```text
//! do = (mean - o) dt / tau + sigma dW         stationary sd sigma sqrt(tau / 2)
//! o(t + dt) = o(t) + k (mean - o(t)) + s xi
//! Euler-Maruyama: k = dt / tau,               s = sigma sqrt(dt)
//! exact:          k = 1 - exp(-dt / tau),     s = sigma sqrt(tau/2 (1 - exp(-2 dt / tau)))
//! ```
//! xi is addressed by key, process, node and step, so that neither chunks nor continuation nor threads change it: steps
//! 512 k .. of a process and node have a stream of their own, sixteen words for each eight steps
//! ([`lapicque_numerics::random::normals`]) and a generator for the few numbers that need more.

use lapicque_numerics::random::{Generator, Lanes, StreamKey, normals};

/// How the process is stepped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrnsteinUhlenbeck {
    /// Euler-Maruyama: its variance is 1/(1 - dt / (2 tau)) of the right one.
    #[default]
    EulerMaruyama,
    /// The right distribution at any step.
    Exact,
}

impl OrnsteinUhlenbeck {
    /// k and s of the page above.
    pub fn factors(self, tau_ms: f64, sigma: f64, time_step_ms: f64) -> [f64; 2] {
        let ratio = time_step_ms / tau_ms;
        match self {
            Self::EulerMaruyama => [ratio, sigma * time_step_ms.sqrt()],
            Self::Exact => [-libm::expm1(-ratio), sigma * (-0.5 * tau_ms * libm::expm1(-2.0 * ratio)).sqrt()],
        }
    }
}

/// Where the normal numbers come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Normals {
    /// From a key.
    Key(StreamKey),
    /// Given: `[process][node * steps + step]`, coloured processes first, then white noise; `steps` from step 0 on.
    Tape {
        /// How many steps there are numbers for.
        steps: usize,
        /// The numbers.
        values: Vec<Vec<f64>>,
    },
}

/// Steps whose numbers are made at once.
pub(crate) const BLOCK: u64 = 64;
/// Blocks per random stream.
const BLOCKS: u64 = 8;
/// Numbers of a step of a stream.
const WIDTH: usize = 8;

/// Fills the numbers of steps `block * BLOCK ..` of one process and node.
pub(crate) fn fill(normals: &Normals, process: usize, node: usize, block: u64, numbers: &mut [f64; BLOCK as usize]) {
    Source::default().fill(normals, process, node, block, numbers);
}

/// Numbers of one process and node, which are made fastest block by block.
#[derive(Default)]
pub(crate) struct Source(Option<Stream>);

struct Stream {
    lanes: Lanes,
    more: Generator,
    block: u64,
}

impl Source {
    /// As [`fill`].
    #[inline(always)]
    pub(crate) fn fill(
        &mut self,
        normals: &Normals,
        process: usize,
        node: usize,
        block: u64,
        numbers: &mut [f64; BLOCK as usize],
    ) {
        match normals {
            Normals::Key(key) => {
                let stream = match &mut self.0 {
                    Some(stream) if stream.block == block && !block.is_multiple_of(BLOCKS) => stream,
                    place => {
                        let stream = place.insert(Stream::new(key, process, node, block / BLOCKS));
                        while stream.block < block {
                            stream.next(numbers);
                        }
                        stream
                    }
                };
                stream.next(numbers);
            }
            Normals::Tape { steps, values } => {
                for (k, number) in numbers.iter_mut().enumerate() {
                    let step = (block * BLOCK) as usize + k;
                    *number = if step < *steps { values[process][node * steps + step] } else { 0.0 };
                }
            }
        }
    }
}

impl Stream {
    #[cold]
    fn new(key: &StreamKey, process: usize, node: usize, number: u64) -> Self {
        let index = ((process as u64) << 56) | ((node as u64) << 32) | number;
        Self { lanes: key.lanes_at(index), more: key.at(index), block: number * BLOCKS }
    }

    #[inline(always)]
    fn next(&mut self, numbers: &mut [f64; BLOCK as usize]) {
        for some in numbers.as_chunks_mut::<WIDTH>().0 {
            *some = normals(self.lanes.next_words(), &mut self.more);
        }
        self.block += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Normals {
        Normals::Key(StreamKey::new([6; 16]))
    }

    #[test]
    fn blocks_are_the_same_in_any_order() {
        let mut source = Source::default();
        for block in [0, 1, 2, 3, 7, 8, 9, 9, 8, 20, 21, 0, 1] {
            let (mut one, mut other) = ([0.0; BLOCK as usize], [0.0; BLOCK as usize]);
            source.fill(&key(), 1, 5, block, &mut one);
            fill(&key(), 1, 5, block, &mut other);
            assert_eq!(one, other, "{block}");
        }
    }

    #[test]
    fn numbers_are_normal_and_those_of_other_steps_nodes_and_processes_others() {
        let (nodes, blocks) = (40, 40);
        let (mut before, mut numbers) = ([0.0; BLOCK as usize], [0.0; BLOCK as usize]);
        // Moments, and products with the step before, eight before, the node before and the other process.
        let (mut moments, mut products, mut n) = ([0.0; 4], [0.0; 4], 0.0);
        for node in 0..nodes {
            let mut sources = [Source::default(), Source::default()];
            let mut beside = Source::default();
            for block in 0..blocks {
                let mut other = numbers;
                sources[0].fill(&key(), 0, node, block, &mut numbers);
                sources[1].fill(&key(), 1, node, block, &mut other);
                beside.fill(&key(), 0, node + 1, block, &mut before);
                for t in 0..BLOCK as usize {
                    let x = numbers[t];
                    let with = [numbers[(t + 1) % 64], numbers[(t + 8) % 64], before[t], other[t]];
                    products.iter_mut().zip(with).for_each(|(sum, other)| *sum += x * other);
                    moments.iter_mut().zip(1..).for_each(|(sum, power)| *sum += x.powi(power));
                    n += 1.0;
                }
            }
        }
        for (sum, (expected, variance)) in moments.into_iter().zip([(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)]) {
            assert!((sum / n - expected).abs() < 4.5 * f64::sqrt(variance / n), "{moments:?} of {n}");
        }
        assert!(products.iter().all(|sum| (sum / n).abs() < 4.5 / n.sqrt()), "{products:?} of {n}");
    }
}
