//! mode_5 and mode_10: the centre of the fullest of 5 or 10 equal bins over the range of y,
//! averaged over ties.
//!
//! v1 ("hctsa edges"): w = (hi - lo) / B, tol = 1e-6 w, edge_i = lo + i w - tol for i < B, edge_B =
//! hi + tol; bins are [edge_i, edge_(i+1)). A range within 1e-12 of the magnitude gives the one bin
//! [lo - 1/2, lo + 1/2].
//! v0: edge_i = lo + i w; a value belongs to bin trunc((y - lo) / w), clamped to 0..=B-1.

use super::Definitions;
use super::standardise::Standardised;

/// Values that are looked up together.
const PART: usize = 64;

/// Equal bins with the edges of one of the two definitions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    definitions: Definitions,
    low: f64,
    high: f64,
    width: f64,
    per_unit: f64,
    pub(super) count: usize,
}

impl Bins {
    pub(super) fn new(definitions: Definitions, low: f64, high: f64, count: usize) -> Bins {
        let one_bin = definitions == Definitions::V1 && high - low <= 1e-12 * low.abs().max(high.abs());
        if one_bin {
            // Its tolerance is nil: the edges are exactly half a unit to each side.
            let (low, high) = (low - 0.5, low + 0.5);
            return Bins { definitions: Definitions::V0, low, high, width: 1.0, per_unit: 1.0, count: 1 };
        }
        let width = (high - low) / count as f64;
        Bins { definitions, low, high, width, per_unit: 1.0 / width, count }
    }

    fn tolerance(&self) -> f64 {
        match self.definitions {
            Definitions::V1 => 1e-6 * self.width,
            Definitions::V0 => 0.0,
        }
    }

    pub(super) fn edge(&self, i: usize) -> f64 {
        if i == self.count && self.definitions == Definitions::V1 {
            return self.high + self.tolerance();
        }
        self.low + i as f64 * self.width - self.tolerance()
    }

    pub(super) fn centre(&self, i: usize) -> f64 {
        0.5 * (self.edge(i) + self.edge(i + 1))
    }

    pub(super) fn width_of(&self, i: usize) -> f64 {
        self.edge(i + 1) - self.edge(i)
    }

    /// The bin of a value inside the range.
    pub(super) fn bin_of(&self, value: f64) -> usize {
        let last = self.count - 1;
        // A cast saturates: below 0 and NaN give 0. In v0 the quotient decides, down to its
        // rounding.
        if self.definitions == Definitions::V0 {
            return (((value - self.low) / self.width) as usize).min(last);
        }
        // In v1 the edges decide; the product can be off by one next to them.
        let guess = (((value - self.low) * self.per_unit) as usize).min(last);
        if value < self.edge(guess) {
            guess.saturating_sub(1)
        } else if guess < last && value >= self.edge(guess + 1) {
            guess + 1
        } else {
            guess
        }
    }

    /// The bin of a value by the edges, before it is bounded by the last one.
    #[inline]
    fn nearby_bin(&self, value: f64) -> u32 {
        // The last bits of a sum with 2^52 are the nearest whole number: a cast is slower.
        const WHOLE: f64 = (1_u64 << 52) as f64;
        let tolerance = 1e-6 * self.width;
        let edge = |i: f64| self.low + i * self.width - tolerance;
        let near = ((value - self.low) * self.per_unit + WHOLE) - WHOLE;
        let above = if value >= edge(near + 1.0) { 1.0 } else { 0.0 };
        let below = if value < edge(near) && near > 0.0 { 1.0 } else { 0.0 };
        (near + above - below + WHOLE).to_bits() as u32
    }

    pub(super) fn fill(&self, values: &[f64], counts: &mut Vec<usize>) {
        counts.clear();
        counts.resize(self.count, 0);
        let mut numbers = [0; PART];
        for values in values.chunks(PART) {
            // All numbers of a part first: that is done several at a time.
            for (number, value) in numbers.iter_mut().zip(values) {
                *number = match self.definitions {
                    Definitions::V0 => self.bin_of(*value) as u32,
                    Definitions::V1 => self.nearby_bin(*value),
                };
            }
            for number in &numbers[..values.len()] {
                counts[(*number as usize).min(self.count - 1)] += 1;
            }
        }
    }

    /// Mean of the centres of all bins that share the largest count.
    fn mode(&self, counts: &[usize]) -> f64 {
        let largest = counts.iter().copied().max().unwrap_or(0);
        let tied = || (0..counts.len()).filter(|&i| counts[i] == largest);
        tied().map(|i| self.centre(i)).sum::<f64>() / tied().count() as f64
    }
}

/// Centre of the fullest of `COUNT` bins.
pub(super) fn mode<const COUNT: usize>(series: &Standardised, definitions: Definitions) -> f64 {
    let bins = Bins::new(definitions, series.min, series.max, COUNT);
    let mut counts = [0; COUNT];
    match definitions {
        Definitions::V0 => {
            for &value in &series.values {
                counts[bins.bin_of(value)] += 1;
            }
        }
        Definitions::V1 => {
            // A few comparisons with every edge vectorise; looking up one bin does not.
            let edges: [f64; COUNT] =
                std::array::from_fn(|i| if i < bins.count { bins.edge(i) } else { f64::INFINITY });
            let mut at_or_above = [0; COUNT];
            for value in &series.values {
                for (count, edge) in at_or_above.iter_mut().zip(&edges) {
                    *count += usize::from(value >= edge);
                }
            }
            for i in 0..COUNT {
                counts[i] = at_or_above[i] - at_or_above.get(i + 1).copied().unwrap_or(0);
            }
        }
    }
    bins.mode(&counts[..bins.count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_in_their_bins() {
        for definitions in [Definitions::V0, Definitions::V1] {
            for count in [1, 3, 10, 77] {
                let bins = Bins::new(definitions, -0.3, 12.1, count);
                let edges = (0..=count).map(|i| bins.edge(i).clamp(-0.3, 12.1));
                let values: Vec<f64> = edges
                    .flat_map(|edge| [edge, edge.next_up().min(12.1), edge.next_down().max(-0.3)])
                    .chain((0..500).map(|i| -0.3 + f64::from(i) * 0.0248))
                    .collect();
                let (mut counts, mut expected) = (Vec::new(), vec![0; count]);
                bins.fill(&values, &mut counts);
                values.iter().for_each(|value| expected[bins.bin_of(*value)] += 1);
                assert_eq!(counts, expected, "{definitions:?}, {count} bins");
            }
        }
    }

    #[test]
    fn edges_decide_and_ties_are_averaged() {
        let bins = Bins::new(Definitions::V1, 0.0, 10.0, 5);
        assert_eq!([0.0, 1.999_997, 1.999_999, 2.0, 10.0].map(|v| bins.bin_of(v)), [0, 0, 1, 1, 4]);
        let counts = [3, 1, 3, 0, 2];
        assert!((bins.mode(&counts) - 3.0).abs() < 1e-5);
        let plain = Bins::new(Definitions::V0, 0.0, 10.0, 5);
        assert_eq!([0.0, 1.999_999, 2.0, 10.0].map(|v| plain.bin_of(v)), [0, 0, 1, 4]);
        let single = Bins::new(Definitions::V1, 2.0, 2.0, 5);
        assert_eq!((single.count, single.centre(0), single.bin_of(2.0)), (1, 2.0, 0));
    }
}
