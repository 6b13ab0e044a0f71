//! Poisson counts of one mean, drawn 32 at a time from 16-bit random numbers, yet exact.
//!
//! The 65536 values of a 16-bit number are dealt out: outcome k of probability p_k owns
//! `floor(65536 p_k)` consecutive values. Comparing with the cumulative thresholds gives the count.
//! What the floors leave over, and outcomes with fewer than 64 values, share the values at the top:
//! these (about 3 in 10^4 draws at mean 1) are decided by a 53-bit draw from the residual
//! `65536 p_k - floor(65536 p_k)`, so every p_k is met to 2^-53 (inversion by a table with
//! remainder; cf. Marsaglia, Tsang & Wang 2004, doi:10.18637/jss.v011.i03). The cost grows with the
//! square root of the mean.

use super::{LANES, Lanes, OutOfRange};
use crate::vectorise::{Kernel, vectorise};

/// Poisson distribution of one mean.
#[derive(Debug, Clone, PartialEq)]
pub struct Poisson {
    mean: f64,
    /// The outcome of the values below the first threshold.
    lowest: i16,
    /// Outcome `lowest + j` for 16-bit values (biased to signed) above exactly j thresholds; above
    /// all of them: the residual.
    thresholds: Vec<i16>,
    /// Cumulative probabilities of the residual and the outcomes they belong to.
    residual: Vec<(f64, i16)>,
}

const VALUES: f64 = 65536.0;
/// Outcomes with fewer values cost a comparison for all draws; decide them in the residual.
const FEWEST_VALUES: f64 = 64.0;
/// Outcomes less likely than this are beyond the resolution of the residual's draw.
const NEGLIGIBLE: f64 = 1e-21;

impl Poisson {
    /// Counts fit 16 bits with room for fifteen standard deviations.
    pub const LARGEST_MEAN: f64 = 30_000.0;

    /// # Errors
    /// `mean` negative, not finite or above [`Poisson::LARGEST_MEAN`].
    pub fn new(mean: f64) -> Result<Self, OutOfRange> {
        if !(0.0..=Self::LARGEST_MEAN).contains(&mean) {
            return Err(OutOfRange { parameter: "mean", value: mean, allowed: "a Poisson mean is from 0 to 30000" });
        }
        let probabilities = outcomes(mean);
        let common: Vec<f64> = probabilities
            .iter()
            .map(|&(_, p)| (VALUES * p).floor())
            .map(|values| if values < FEWEST_VALUES { 0.0 } else { values })
            .collect();
        let lowest = probabilities.iter().zip(&common).find(|(_, c)| **c > 0.0).map_or(0, |(&(k, _), _)| k);
        let mut thresholds = Vec::new();
        let mut used = 0.0;
        for &values in common.iter().filter(|&&values| values > 0.0) {
            used += values;
            // `r > threshold` for the signed value means at or beyond the end of this outcome.
            thresholds.push((used - 1.0 - VALUES / 2.0) as i16);
        }
        let left: f64 = VALUES - used;
        let mut cumulative = 0.0;
        let mut residual = Vec::new();
        if left > 0.0 {
            for (&(k, p), values) in probabilities.iter().zip(&common) {
                cumulative += (VALUES * p - values) / left;
                residual.push((cumulative, k));
            }
            if let Some(last) = residual.last_mut() {
                last.0 = f64::INFINITY;
            }
        }
        Ok(Self { mean, lowest, thresholds, residual })
    }

    /// Of a draw.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Fills `counts` with independent draws.
    pub fn fill(&self, lanes: &mut Lanes, counts: &mut [i16]) {
        if self.mean == 0.0 {
            counts.fill(0);
        } else {
            vectorise(Fill { poisson: self, lanes, counts });
        }
    }

    /// The count that marks a draw in the residual.
    #[inline(always)]
    fn undecided(&self) -> i16 {
        self.lowest + self.thresholds.len() as i16
    }

    /// Counts the thresholds below each number; four at a time, as registers are faster than
    /// memory.
    #[inline(always)]
    fn decide(&self, halves: &[i16; CHUNK], counts: &mut [i16]) {
        counts.fill(self.lowest);
        let (fours, rest) = self.thresholds.as_chunks::<4>();
        for thresholds in fours {
            add_exceeded(thresholds, halves, counts);
        }
        for &threshold in rest {
            add_exceeded(&[threshold], halves, counts);
        }
    }

    /// Decides the draws that fell into the residual.
    #[cold]
    #[inline(never)]
    fn settle(&self, lanes: &mut Lanes, counts: &mut [i16]) {
        let undecided = self.undecided();
        for count in counts.iter_mut().filter(|count| **count == undecided) {
            let words = lanes.next_words();
            let bits = u64::from(words[0]) << 32 | u64::from(words[1]);
            let u = (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
            let index = self.residual.partition_point(|&(cumulative, _)| cumulative <= u);
            *count = self.residual[index].1;
        }
    }
}

/// `(k, p_k)` for all k that matter, ascending.
fn outcomes(mean: f64) -> Vec<(i16, f64)> {
    if mean == 0.0 {
        return vec![(0, 1.0)];
    }
    let mode = mean.floor();
    let at_mode = libm::exp(mode * libm::log(mean) - mean - libm::lgamma(mode + 1.0));
    let mut below = Vec::new();
    let (mut k, mut p) = (mode, at_mode);
    while k > 0.0 && p > NEGLIGIBLE {
        p *= k / mean;
        k -= 1.0;
        below.push((k as i16, p));
    }
    below.reverse();
    let mut all = below;
    let (mut k, mut p) = (mode, at_mode);
    while p > NEGLIGIBLE {
        all.push((k as i16, p));
        k += 1.0;
        p *= mean / k;
    }
    // Rounding of lgamma at large means would otherwise be given to the last outcome.
    let total: f64 = all.iter().map(|&(_, p)| p).sum();
    all.iter_mut().for_each(|(_, p)| *p /= total);
    all
}

#[inline(always)]
fn add_exceeded<const N: usize>(thresholds: &[i16; N], halves: &[i16; CHUNK], counts: &mut [i16]) {
    for (count, half) in counts.iter_mut().zip(halves) {
        *count += thresholds.iter().map(|threshold| i16::from(half > threshold)).sum::<i16>();
    }
}

struct Fill<'a> {
    poisson: &'a Poisson,
    lanes: &'a mut Lanes,
    counts: &'a mut [i16],
}

/// Counts decided from one buffer of random words.
const CHUNK: usize = 512;
/// How many counts one look for undecided draws covers.
const LOOK: usize = 32;

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { poisson, lanes, counts } = self;
        let mut words = [[0; LANES]; CHUNK / (2 * LANES)];
        let mut halves = [0; CHUNK];
        for counts in counts.chunks_mut(CHUNK) {
            let blocks = counts.len().div_ceil(2 * LANES);
            // A copy lives in registers across the loop.
            let mut generator = lanes.clone();
            for block in &mut words[..blocks] {
                *block = generator.next_words();
            }
            *lanes = generator;
            let words = words[..blocks].as_flattened();
            let (low, high) = halves[..2 * words.len()].split_at_mut(words.len());
            for i in 0..words.len() {
                low[i] = words[i] as i16;
                high[i] = (words[i] >> 16) as i16;
            }
            poisson.decide(&halves, counts);
            let undecided = poisson.undecided();
            for counts in counts.chunks_mut(LOOK) {
                if counts.iter().fold(false, |any, &count| any | (count == undecided)) {
                    poisson.settle(lanes, counts);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::StreamKey;
    use super::*;

    fn draws(mean: f64, n: usize) -> Vec<i16> {
        let mut lanes = StreamKey::new([6; 16]).derive("poisson").lanes_at(mean.to_bits());
        let mut counts = vec![-1; n];
        Poisson::new(mean).unwrap().fill(&mut lanes, &mut counts);
        counts
    }

    #[test]
    fn counts_follow_the_distribution_into_the_tails() {
        for mean in [1e-6, 0.01, 0.4, 1.1625, 2.0, 7.3, 50.0, 400.0] {
            let n = 1_000_000;
            let counts = draws(mean, n);
            let mut observed = std::collections::BTreeMap::new();
            counts.iter().for_each(|&k| *observed.entry(k).or_insert(0u32) += 1);
            let (mut chi2, mut bins) = (0.0, 0.0f64);
            let (mut rest_expected, mut rest_observed) = (0.0, 0.0);
            let mut seen = 0;
            for (k, p) in outcomes(mean) {
                let (expected, observed) = (p * n as f64, f64::from(observed.get(&k).copied().unwrap_or(0)));
                seen += observed as usize;
                if expected > 10.0 {
                    chi2 += (observed - expected).powi(2) / expected;
                    bins += 1.0;
                } else {
                    rest_expected += expected;
                    rest_observed += observed;
                }
            }
            assert_eq!(seen, n, "mean {mean}: counts beyond the outcomes");
            let limit = bins + 4.5 * (2.0 * bins).sqrt() + 4.0;
            assert!(chi2 < limit, "mean {mean}: chi2 {chi2} of {bins} bins");
            assert!(
                (rest_observed - rest_expected).abs() < 5.0 * rest_expected.sqrt() + 3.0,
                "mean {mean}: {rest_observed} rare, {rest_expected} expected"
            );
        }
    }

    #[test]
    fn mean_and_variance_of_large_means() {
        for mean in [1e3, 30_000.0] {
            let n = 20_000;
            let counts = draws(mean, n);
            let m = counts.iter().map(|&k| f64::from(k)).sum::<f64>() / n as f64;
            let v = counts.iter().map(|&k| (f64::from(k) - mean).powi(2)).sum::<f64>() / n as f64;
            assert!((m - mean).abs() < 4.5 * (mean / n as f64).sqrt(), "{m}");
            assert!((v / mean - 1.0).abs() < 4.5 * (2.0 / n as f64).sqrt(), "{v}");
        }
    }

    #[test]
    fn every_probability_is_met_by_table_and_residual() {
        for mean in [0.4, 1.1625, 12.0, 300.0] {
            let poisson = Poisson::new(mean).unwrap();
            let mut mass: std::collections::BTreeMap<i16, f64> = std::collections::BTreeMap::new();
            let mut start = -32768.0;
            for (j, &threshold) in poisson.thresholds.iter().enumerate() {
                *mass.entry(poisson.lowest + j as i16).or_default() += (f64::from(threshold) + 1.0 - start) / VALUES;
                start = f64::from(threshold) + 1.0;
            }
            let (left, mut before) = ((32768.0 - start) / VALUES, 0.0);
            for &(cumulative, k) in &poisson.residual {
                *mass.entry(k).or_default() += (cumulative.min(1.0) - before) * left;
                before = cumulative;
            }
            for (k, p) in outcomes(mean) {
                assert!((mass[&k] - p).abs() < 1e-15, "mean {mean}, k {k}: {} instead of {p}", mass[&k]);
            }
        }
    }

    #[test]
    fn edges() {
        assert_eq!(draws(0.0, 5), [0; 5]);
        assert!(draws(1.0, 0).is_empty());
        assert!(draws(3.0, 33).iter().all(|&k| (0..40).contains(&k)));
        for mean in [-1.0, f64::NAN, f64::INFINITY, 30_001.0] {
            assert!(Poisson::new(mean).is_err(), "{mean}");
        }
    }
}
