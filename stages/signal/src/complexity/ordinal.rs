//! Permutation entropy: how often each order of neighbouring values occurs.

use super::variance::all_finite;

/// Values of a pattern at most: 8! patterns are counted.
pub const HIGHEST_ORDER: usize = 8;

/// Vectors of `order` values, `delay` samples apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedding {
    /// Values of each vector, at least 2.
    pub order: usize,
    /// Samples from one to the next, at least 1.
    pub delay: usize,
}

impl Default for Embedding {
    fn default() -> Self {
        Embedding { order: 3, delay: 1 }
    }
}

impl Embedding {
    /// How many vectors a series of n values has.
    pub(super) fn vectors(self, n: usize) -> usize {
        n.saturating_sub((self.order - 1).saturating_mul(self.delay))
    }
}

/// Entropy of the order of values, in bits; divided by its largest value log2(order!) if `normalized`.
///
/// NaN for an order below 2 or above [`HIGHEST_ORDER`], for no delay, and for a series without a pattern.
pub fn permutation_entropy(series: &[f64], embedding: Embedding, normalized: bool) -> f64 {
    let Embedding { order, delay } = embedding;
    if !(2..=HIGHEST_ORDER).contains(&order) || delay == 0 || !all_finite(series) {
        return f64::NAN;
    }
    let vectors = embedding.vectors(series.len());
    if vectors == 0 {
        return f64::NAN;
    }
    let patterns: usize = (1..=order).product();
    let mut counts = vec![0_u32; patterns];
    for i in 0..vectors {
        counts[pattern(&series[i..], order, delay)] += 1;
    }
    let part = |count: &u32| f64::from(*count) / vectors as f64;
    let bits = -counts.iter().filter(|count| **count > 0).map(|c| part(c) * part(c).log2()).sum::<f64>();
    let bits = bits.max(0.0);
    if normalized { (bits / (patterns as f64).log2()).min(1.0) } else { bits }
}

/// The number of a pattern: its Lehmer code. Of equal values the earlier one is the lesser.
fn pattern(values: &[f64], order: usize, delay: usize) -> usize {
    (0..order).fold(0, |code, j| {
        let here = values[j * delay];
        let lesser: usize = (j + 1..order).map(|k| usize::from(values[k * delay] < here)).sum();
        code * (order - j) + lesser
    })
}
