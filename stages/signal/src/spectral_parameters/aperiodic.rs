//! The aperiodic component: b - chi log10 f in closed form, b - log10(k + f^chi) by iteration.

use std::f64::consts::LN_10;

use nalgebra::{DMatrix, DVector};

use super::Definition;
use super::trust_region::{Bounds, Residuals, minimise};

/// With or without a knee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Aperiodic {
    /// A straight line in double logarithmic axes.
    #[default]
    Fixed,
    /// A line that bends at k^(1 / chi) Hz.
    Knee,
}

/// b, k and chi; k is 0 without a knee.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Component {
    pub(super) offset: f64,
    pub(super) knee: f64,
    pub(super) exponent: f64,
}

impl Component {
    /// At 10^`log_frequency` Hz.
    pub(super) fn at(&self, log_frequency: f64) -> f64 {
        let Component { offset, knee, exponent } = *self;
        if knee == 0.0 {
            return offset - exponent * log_frequency;
        }
        offset - (knee + (exponent * LN_10 * log_frequency).exp()).log10()
    }
}

/// A spectrum in double logarithmic axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) log_frequency: &'a [f64],
    pub(super) log_power: &'a [f64],
}

/// Why there is no component.
pub(super) enum Failure {
    FewPoints(usize),
    NotFound,
}

/// The component of all points; `start` is where the iteration for a knee begins, `None` for the ends of the spectrum.
pub(super) fn component(
    points: Points<'_>,
    mode: Aperiodic,
    start: Option<Component>,
    definition: Definition,
) -> Result<Component, Failure> {
    let needed = match mode {
        Aperiodic::Fixed => 2,
        Aperiodic::Knee => 3,
    };
    if points.log_power.len() < needed {
        return Err(Failure::FewPoints(points.log_power.len()));
    }
    match mode {
        Aperiodic::Fixed => Ok(line(points)),
        Aperiodic::Knee => {
            let start = start.unwrap_or_else(|| by_ends(points));
            let x = [start.offset, start.knee, start.exponent];
            let mut residuals = KneeResiduals::new(points);
            let found = minimise(&mut residuals, &x, &Bounds::none(3), definition.tolerance());
            let [offset, knee, exponent] = found.and_then(|x| x.try_into().ok()).ok_or(Failure::NotFound)?;
            Ok(Component { offset, knee, exponent })
        }
    }
}

/// The component of the points that no peak lifts.
pub(super) fn robust(
    points: Points<'_>,
    mode: Aperiodic,
    percentile: f64,
    definition: Definition,
) -> Result<Component, Failure> {
    let first = component(points, mode, None, definition)?;
    let over: Vec<f64> =
        points.log_frequency.iter().zip(points.log_power).map(|(f, p)| (p - first.at(*f)).max(0.0)).collect();
    let limit = percentile_of(&over, percentile);
    let kept = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(&over).filter(|(_, over)| **over <= limit).map(|(value, _)| *value).collect()
    };
    let (log_frequency, log_power) = (kept(points.log_frequency), kept(points.log_power));
    let kept = Points { log_frequency: &log_frequency, log_power: &log_power };
    component(kept, mode, Some(first), definition)
}

/// Between the two values next to it, linearly.
fn percentile_of(values: &[f64], percentile: f64) -> f64 {
    let mut sorted = values.to_vec();
    let rank = 0.01 * percentile * (sorted.len() - 1) as f64;
    let below = (rank as usize).min(sorted.len() - 1);
    let (_, &mut low, above) = sorted.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * (rank - below as f64)
}

fn line(points: Points<'_>) -> Component {
    let n = points.log_power.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (middle, level) = (mean(points.log_frequency), mean(points.log_power));
    let (mut square, mut product) = (0.0, 0.0);
    for (f, p) in points.log_frequency.iter().zip(points.log_power) {
        square += (f - middle) * (f - middle);
        product += (f - middle) * (p - level);
    }
    let exponent = -product / square;
    Component { offset: level + exponent * middle, knee: 0.0, exponent }
}

/// The slope between the first and the last point.
fn by_ends(points: Points<'_>) -> Component {
    let last = points.log_power.len() - 1;
    let rise = points.log_power[last] - points.log_power[0];
    let exponent = (rise / (points.log_frequency[last] - points.log_frequency[0])).abs();
    Component { offset: points.log_power[0], knee: 0.0, exponent }
}

/// r_i = b - log10(k + f_i^chi) - log10 P_i.
struct KneeResiduals<'a> {
    points: Points<'a>,
    rest: Vec<f64>,
    /// Derivatives for k and chi; that for b is 1.
    by_knee: Vec<f64>,
    by_exponent: Vec<f64>,
}

impl<'a> KneeResiduals<'a> {
    fn new(points: Points<'a>) -> Self {
        Self { points, rest: Vec::new(), by_knee: Vec::new(), by_exponent: Vec::new() }
    }
}

impl Residuals for KneeResiduals<'_> {
    fn half_square(&mut self, x: &[f64]) -> f64 {
        let &[offset, knee, exponent] = x else {
            return f64::NAN;
        };
        self.rest.clear();
        self.by_knee.clear();
        self.by_exponent.clear();
        for (f, p) in self.points.log_frequency.iter().zip(self.points.log_power) {
            let power = (exponent * LN_10 * f).exp();
            let sum = knee + power;
            self.rest.push(offset - sum.log10() - p);
            self.by_knee.push(-1.0 / (sum * LN_10));
            self.by_exponent.push(-power * f / sum);
        }
        0.5 * self.rest.iter().map(|rest| rest * rest).sum::<f64>()
    }

    fn normal_equations(&mut self, gradient: &mut DVector<f64>, matrix: &mut DMatrix<f64>) {
        gradient.fill(0.0);
        matrix.fill(0.0);
        for ((rest, by_knee), by_exponent) in self.rest.iter().zip(&self.by_knee).zip(&self.by_exponent) {
            let row = [1.0, *by_knee, *by_exponent];
            for i in 0..3 {
                gradient[i] += row[i] * rest;
                for j in 0..3 {
                    matrix[(i, j)] += row[i] * row[j];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_numpy() {
        // numpy.percentile([3, 1, 2, 10], q)
        let values = [3.0, 1.0, 2.0, 10.0];
        for (q, expected) in [(0.0, 1.0), (50.0, 2.5), (90.0, 7.9), (100.0, 10.0), (0.025, 1.00075)] {
            assert!((percentile_of(&values, q) - expected).abs() < 1e-12, "{q}");
        }
        assert_eq!(percentile_of(&[4.0], 50.0), 4.0);
    }
}
