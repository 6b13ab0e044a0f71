//! Hazen quantiles (Hyndman & Fan 1996, definition 5) without sorting the series.
//!
//! With s sorted and p = n q - 1/2: the minimum for q < 1/(2n), the maximum for q > 1 - 1/(2n),
//! else linear between s at floor(p) and ceil(p), counted from 0.

/// Hazen quantiles at two levels, the lower first. `scratch` is overwritten; `values` must hold no
/// NaN and not be empty.
pub(super) fn hazen_pair(values: &[f64], levels: [f64; 2], scratch: &mut Vec<f64>) -> [f64; 2] {
    scratch.clear();
    scratch.extend_from_slice(values);
    let n = scratch.len();
    let [low, high] = levels.map(|level| Rank::of(level, n));
    let first = low.select(scratch, 0);
    // Everything from the lower rank on is at least that large, so the second search can leave out
    // what is before.
    let second = high.select(&mut scratch[low.below..], low.below);
    [first, second]
}

/// The Hazen quantile of `n` values, given their order statistics.
pub(super) fn hazen(level: f64, n: usize, mut order_statistic: impl FnMut(usize) -> f64) -> f64 {
    let rank = Rank::of(level, n);
    let below = order_statistic(rank.below);
    if rank.above == rank.below { below } else { below + rank.weight * (order_statistic(rank.above) - below) }
}

/// Two neighbouring order statistics and the weight of the upper.
struct Rank {
    below: usize,
    above: usize,
    weight: f64,
}

impl Rank {
    fn of(level: f64, n: usize) -> Rank {
        let last = n - 1;
        let half = 0.5 / n as f64;
        if level < half {
            return Rank { below: 0, above: 0, weight: 0.0 };
        }
        if level > 1.0 - half {
            return Rank { below: last, above: last, weight: 0.0 };
        }
        let place = n as f64 * level - 0.5;
        let below = (place.floor().max(0.0) as usize).min(last);
        Rank { below, above: (place.ceil().max(0.0) as usize).min(last), weight: place - below as f64 }
    }

    /// `values` lacks the `skipped` smallest of the whole.
    fn select(&self, values: &mut [f64], skipped: usize) -> f64 {
        let (_, &mut below, rest) = values.select_nth_unstable_by(self.below - skipped, f64::total_cmp);
        if self.above == self.below {
            return below;
        }
        let above = rest.iter().copied().fold(f64::INFINITY, f64::min);
        below + self.weight * (above - below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted_hazen(values: &[f64], level: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len() as f64;
        let place = (n * level - 0.5).clamp(0.0, n - 1.0);
        let below = sorted[place.floor() as usize];
        below + (place - place.floor()) * (sorted[place.ceil() as usize] - below)
    }

    #[test]
    fn agrees_with_sorting() {
        let mut scratch = Vec::new();
        for n in 1..200_u32 {
            let values: Vec<f64> = (0..n).map(|i| f64::from((i * 7919) % 31) - 11.0).collect();
            for levels in [[1.0 / 3.0, 2.0 / 3.0], [0.25, 0.75], [0.0, 1.0]] {
                let got = hazen_pair(&values, levels, &mut scratch);
                let mut sorted = values.clone();
                sorted.sort_by(f64::total_cmp);
                assert_eq!(levels.map(|level| hazen(level, values.len(), |rank| sorted[rank])), got);
                for (got, level) in got.into_iter().zip(levels) {
                    assert!((got - sorted_hazen(&values, level)).abs() < 1e-12, "n = {n}, level = {level}");
                }
            }
        }
    }
}
