//! Draws in a few numbers.
//!
//! Quantiles are those of type 7 (Hyndman, Fan 1996, Am Stat 50:361; the default of NumPy and R). The mode of several targets is the draw of highest density; it
//! comes closer to the mode the more draws there are, and in many dimensions slowly. Where no density is known, it is the half-sample mode of each target by
//! itself (Bickel, Fruehwirth 2006, Comput Stat Data Anal 50:3500): the densest half of the draws, the densest half of that, and so on.

use ndarray::ArrayView1;

use super::Draws;

/// What draws say of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Mean of the draws.
    pub mean: f64,
    /// Their standard deviation (divisor n - 1; 0 of one).
    pub sd: f64,
    /// Their 5, 25, 50, 75 and 95 % quantiles.
    pub quantiles: [f64; 5],
    /// Where the density is highest.
    pub map: f64,
    /// Draws that are not finite, and that the other numbers leave out: a ratio by zero is one.
    pub undefined: usize,
}

/// The levels of [`Summary::quantiles`].
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// One per target.
pub fn summaries(draws: &Draws) -> Vec<Summary> {
    let best = draws.log_density.iter().enumerate().filter(|(_, log)| !log.is_nan());
    let best = best.fold(None, |best: Option<(usize, f64)>, (row, &log)| match best {
        Some((_, most)) if most >= log => best,
        _ => Some((row, log)),
    });
    let of_target = |column: ArrayView1<'_, f64>| {
        let summary = summary_of(&column.to_vec());
        best.map_or(summary, |(row, _)| Summary { map: column[row], ..summary })
    };
    draws.values.columns().into_iter().map(of_target).collect()
}

/// Of one value per draw, such as a derived quantity; NaN where no value is finite.
pub fn summary_of(values: &[f64]) -> Summary {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
    Summary {
        mean,
        sd: if sorted.is_empty() { f64::NAN } else { (squares / (count - 1.0).max(1.0)).sqrt() },
        quantiles: QUANTILES.map(|level| quantile(&sorted, level)),
        map: half_sample_mode(&sorted),
        undefined: values.len() - sorted.len(),
    }
}

/// A quantity that follows from the targets, for each draw.
pub fn derived(draws: &Draws, of_targets: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    draws.values.rows().into_iter().map(|row| of_targets(&row.to_vec())).collect()
}

/// The quantile of type 7 of ascending values; NaN of none.
pub(crate) fn quantile(sorted: &[f64], level: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = level * last as f64;
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

fn half_sample_mode(sorted: &[f64]) -> f64 {
    let mut rest = sorted;
    while rest.len() > 3 {
        let half = rest.len().div_ceil(2);
        let width = |start: usize| rest[start + half - 1] - rest[start];
        let narrowest =
            (0..=rest.len() - half).fold(0, |best, start| if width(start) < width(best) { start } else { best });
        rest = &rest[narrowest..narrowest + half];
    }
    match *rest {
        [] => f64::NAN,
        [one] => one,
        [a, b] => (a + b) / 2.0,
        [a, b, c, ..] if b - a < c - b => (a + b) / 2.0,
        [a, b, c, ..] if b - a > c - b => (b + c) / 2.0,
        [_, b, ..] => b,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn quantiles_mean_and_spread_are_those_of_a_calculator() {
        let summary = summary_of(&[3.0, 1.0, 10.0, 2.0]);
        assert_eq!((summary.mean, summary.undefined), (4.0, 0));
        assert!((summary.sd - (50.0f64 / 3.0).sqrt()).abs() < 1e-14);
        // By hand: places 0.15, 0.75, 1.5, 2.25 and 2.85 between the four values.
        for (found, expected) in summary.quantiles.iter().zip([1.15, 1.75, 2.5, 4.75, 8.95]) {
            assert!((found - expected).abs() < 1e-14);
        }
        // 1 and 2 are as close as 2 and 3: the first half counts.
        assert_eq!(summary.map, 1.5);
    }

    #[test]
    fn values_that_are_not_finite_are_counted_and_left_out() {
        let summary = summary_of(&[1.0, f64::NAN, 3.0, f64::INFINITY]);
        assert_eq!((summary.mean, summary.quantiles[2], summary.undefined), (2.0, 2.0, 2));
        let nothing = summary_of(&[f64::NAN]);
        assert!(nothing.mean.is_nan() && nothing.sd.is_nan() && nothing.quantiles[0].is_nan() && nothing.map.is_nan());
        let one = summary_of(&[7.0]);
        assert_eq!((one.mean, one.sd, one.quantiles, one.map), (7.0, 0.0, [7.0; 5], 7.0));
    }

    #[test]
    fn the_mode_is_the_densest_draw_or_the_densest_half() {
        let mut draws =
            Draws { values: array![[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]], log_density: vec![-1.0, 2.0, -3.0] };
        assert_eq!(summaries(&draws).iter().map(|summary| summary.map).collect::<Vec<_>>(), [1.0, 6.0]);
        draws.log_density = vec![f64::NAN; 3];
        assert_eq!(summaries(&draws)[0].map, 1.0);
        let dense: Vec<f64> =
            (0..100).map(|i| f64::from(i) / 10.0).chain((0..100).map(|i| 4.0 + f64::from(i) / 1e4)).collect();
        assert!((summary_of(&dense).map - 4.005).abs() < 0.006);
    }

    #[test]
    fn derived_quantities_follow_draw_by_draw() {
        let draws = Draws { values: array![[1.0, 2.0], [3.0, 0.0]], log_density: vec![0.0; 2] };
        let ratio = derived(&draws, |theta| theta[0] / theta[1]);
        assert_eq!(ratio, [0.5, f64::INFINITY]);
        assert_eq!(summary_of(&ratio).undefined, 1);
    }
}
