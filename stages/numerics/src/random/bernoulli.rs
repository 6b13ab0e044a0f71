//! The successes among n independent trials of probability p.
//!
//! Frequent successes (p >= 1/64): 32 trials at a time from 16-bit random numbers; a number equal
//! to `floor(65536 p)` is decided by further bits, so p is met to 2^-48. Rare ones: the gaps
//! between successes are geometric, `floor(ln U / ln(1 - p))`, U uniform in (0, 1].

use super::{LANES, Lanes, OutOfRange};
use crate::vectorise::{Kernel, vectorise};

/// Trials of one probability of success.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bernoulli {
    probability: f64,
}

const RARE: f64 = 1.0 / 64.0;
const BLOCK: usize = 2 * LANES;

impl Bernoulli {
    /// # Errors
    /// `probability` outside 0..=1.
    pub fn new(probability: f64) -> Result<Self, OutOfRange> {
        if (0.0..=1.0).contains(&probability) {
            Ok(Self { probability })
        } else {
            Err(OutOfRange { parameter: "probability", value: probability, allowed: "a probability is from 0 to 1" })
        }
    }

    /// Appends the indices in `0..trials` that succeed, ascending.
    pub fn successes(&self, lanes: &mut Lanes, trials: u32, indices: &mut Vec<u32>) {
        if self.probability == 1.0 {
            indices.extend(0..trials);
        } else if self.probability >= RARE {
            vectorise(Frequent { probability: self.probability, lanes, trials, indices });
        } else if self.probability > 0.0 {
            rare(self.probability, lanes, trials, indices);
        }
    }
}

struct Frequent<'a> {
    probability: f64,
    lanes: &'a mut Lanes,
    trials: u32,
    indices: &'a mut Vec<u32>,
}

impl Kernel for Frequent<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let scaled = self.probability * 65536.0;
        let limit = scaled.floor() as u16;
        let remainder = scaled - scaled.floor();
        let mut generator = self.lanes.clone();
        let mut first = 0;
        while first < self.trials {
            let words = generator.next_words();
            let (mut success, mut tie) = (0u32, 0u32);
            for (l, word) in words.iter().enumerate() {
                let (low, high) = (*word as u16, (word >> 16) as u16);
                success |= (u32::from(low < limit) | u32::from(high < limit) << LANES) << l;
                tie |= (u32::from(low == limit) | u32::from(high == limit) << LANES) << l;
            }
            while tie != 0 {
                let word = generator.next_words()[0];
                success |= u32::from(f64::from(word) < remainder * 4_294_967_296.0) << tie.trailing_zeros();
                tie &= tie - 1;
            }
            let left = self.trials - first;
            if (left as usize) < BLOCK {
                success &= (1 << left) - 1;
            }
            while success != 0 {
                self.indices.push(first + success.trailing_zeros());
                success &= success - 1;
            }
            first = first.saturating_add(BLOCK as u32);
        }
        *self.lanes = generator;
    }
}

fn rare(probability: f64, lanes: &mut Lanes, trials: u32, indices: &mut Vec<u32>) {
    let per_gap = 1.0 / libm::log1p(-probability);
    let mut next = 0.0;
    loop {
        for pair in lanes.next_words().as_chunks::<2>().0 {
            let bits = u64::from(pair[0]) << 32 | u64::from(pair[1]);
            let u = ((bits >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64);
            next += (libm::log(u) * per_gap).floor();
            if next >= f64::from(trials) {
                return;
            }
            indices.push(next as u32);
            next += 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::StreamKey;
    use super::*;

    fn successes(p: f64, trials: u32, index: u64) -> Vec<u32> {
        let mut indices = Vec::new();
        let mut lanes = StreamKey::new([7; 16]).derive("bernoulli").lanes_at(index);
        Bernoulli::new(p).unwrap().successes(&mut lanes, trials, &mut indices);
        indices
    }

    #[test]
    fn numbers_positions_and_gaps_are_binomial() {
        for p in [1e-4, 0.01, 1.0 / 64.0, 0.2, 0.5, 0.999] {
            let (trials, repeats) = (1000, 2000);
            let (mut total, mut squares, mut neighbours) = (0.0, 0.0, 0.0);
            let mut per_position = vec![0.0; trials as usize];
            for index in 0..repeats {
                let found = successes(p, trials, index);
                assert!(found.windows(2).all(|w| w[0] < w[1]) && found.iter().all(|&i| i < trials));
                let n = found.len() as f64;
                total += n;
                squares += (n - p * f64::from(trials)).powi(2);
                neighbours += found.windows(2).filter(|w| w[1] == w[0] + 1).count() as f64;
                found.iter().for_each(|&i| per_position[i as usize] += 1.0);
            }
            let (n, r) = (f64::from(trials), repeats as f64);
            let variance = n * p * (1.0 - p);
            assert!((total - n * r * p).abs() < 4.5 * (r * variance).sqrt(), "p {p}: {total}");
            // Kurtosis of a binomial with few successes widens the spread of the sample variance.
            let spread = ((2.0 + 1.0 / variance) / r).sqrt();
            assert!((squares / r / variance - 1.0).abs() < 4.5 * spread, "p {p}: variance {}", squares / r);
            let pairs = (n - 1.0) * r * p * p;
            assert!(
                (neighbours - pairs).abs() < 5.0 * (pairs * (1.0 + 2.0 * p)).sqrt() + 3.0,
                "p {p}: {neighbours} neighbours, {pairs} expected"
            );
            let chi2: f64 = per_position.iter().map(|c| (c - r * p).powi(2) / (r * p * (1.0 - p))).sum();
            assert!((chi2 - n).abs() < 5.0 * (n * (2.0 + 1.0 / (r * p * (1.0 - p)))).sqrt(), "p {p}: chi2 {chi2}");
        }
    }

    #[test]
    fn edges() {
        assert!(successes(0.0, 100, 0).is_empty());
        assert_eq!(successes(1.0, 3, 0), [0, 1, 2]);
        for p in [0.001, 0.5] {
            assert!(successes(p, 0, 0).is_empty());
            assert!(successes(p, 1, 0).len() <= 1);
        }
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(Bernoulli::new(p).is_err(), "{p}");
        }
    }
}
