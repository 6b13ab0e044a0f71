//! Fractal dimensions of the graph of a series: Higuchi's, Katz's and Petrosian's.

use super::roughness::line_length;
use super::variance::{all_finite, finite, sum};

/// Higuchi's: how the length of the curve grows with finer steps of 1 to `longest` samples. 1 for a smooth curve, 2 for
/// white noise.
///
/// NaN for fewer than 2 `longest` samples, for `longest` below 2, and for a curve without length at one of the steps.
pub fn higuchi_fd(series: &[f64], longest: usize) -> f64 {
    if longest < 2 || series.len() < 2 * longest || !all_finite(series) {
        return f64::NAN;
    }
    let points: Vec<(f64, f64)> =
        (1..=longest).map(|step| (-(step as f64).ln(), curve_length(series, step).ln())).collect();
    finite(slope(&points))
}

/// Mean over the first sample m of the length of x_m, x_(m+k), .., per step, scaled to the whole series.
fn curve_length(series: &[f64], step: usize) -> f64 {
    let n = series.len();
    let (from, to) = (&series[..n - step], &series[step..]);
    let all = sum(from.len(), |i| (to[i] - from[i]).abs());
    // The first `more` curves have a step more than the others.
    let (steps, more) = ((n - 1) / step, (n - 1) % step + 1);
    let length = |(from, to): (&[f64], &[f64])| from.iter().zip(to).map(|(from, to)| (to - from).abs()).sum::<f64>();
    let shorter: f64 = if more == step {
        0.0
    } else {
        let blocks = from.chunks(step).zip(to.chunks(step));
        blocks
            .map(|(from, to)| length((from.get(more..).unwrap_or_default(), to.get(more..).unwrap_or_default())))
            .sum()
    };
    let k = step as f64;
    let of_shorter = if more == step { 0.0 } else { shorter / (steps - 1) as f64 };
    ((all - shorter) / steps as f64 + of_shorter) * (n - 1) as f64 / (k * k * k)
}

/// Slope of the least-squares line through points.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let (xx, xy) = points
        .iter()
        .fold((0.0, 0.0), |(xx, xy), point| (xx + (point.0 - x).powi(2), xy + (point.0 - x) * (point.1 - y)));
    xy / xx
}

/// Katz's: the length of the curve against how far it gets. NaN for fewer than 3 samples, a constant, and a curve that
/// gets no farther than one step.
pub fn katz_fd(series: &[f64]) -> f64 {
    if series.len() < 3 || !all_finite(series) {
        return f64::NAN;
    }
    let steps = (series.len() - 1) as f64;
    let farthest = series.iter().fold(0.0_f64, |farthest, x| farthest.max((x - series[0]).abs()));
    finite(steps.log10() / (farthest / (line_length(series) / steps)).log10())
}

/// Petrosian's, of how often increments change their sign: 1 if never. NaN for fewer than 2 samples.
pub fn petrosian_fd(series: &[f64]) -> f64 {
    if series.len() < 2 || !all_finite(series) {
        return f64::NAN;
    }
    let n = series.len() as f64;
    let turns = |three: &&[f64]| (three[1] - three[0] < 0.0) != (three[2] - three[1] < 0.0);
    let changes = series.windows(3).filter(turns).count() as f64;
    finite(n.log10() / (n.log10() + (n / (n + 0.4 * changes)).log10()))
}
