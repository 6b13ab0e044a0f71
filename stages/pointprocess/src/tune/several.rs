//! Several targets with as many parameters.
//!
//! In the unit cube of the ranges, the differences of the square roots of rates and targets are brought to 0: square roots,
//! as the noise of counts is then the same everywhere and a silent network is no special case. The start is the best of
//! some points spread evenly (Halton); Newton's method with differences of 1/50 of a range goes on, halving steps that do
//! not help and keeping to the box. The interval of a parameter is 1.96 times the square root of the diagonal of
//! J^-1 diag(s^2) J^-T, J being the derivatives of the rates, s their standard errors; correlations between rates are
//! left out. There may be other solutions: only one target with one parameter is checked for that.
//!
//! Reference: J. E. Dennis, R. B. Schnabel, Numerical Methods for Unconstrained Optimization and Nonlinear Equations,
//! Prentice-Hall (1983), chapters 5 and 6.

use super::{REACH, Rate, Tuned};
use crate::error::PointProcessError;
use crate::model::{above_zero, due};

/// Points looked at first, for each parameter.
const STARTS: usize = 8;
/// Newton steps.
const STEPS: usize = 30;
/// Length of differences, as a part of a range.
const DIFFERENCE: f64 = 0.02;
/// Rates this near to their targets, in standard errors, are the targets.
const NEAR: f64 = 0.1;
/// Rates that are no further, in standard errors, are the targets where no step helps any more.
const FAR: f64 = 1.0;
/// Bases of the Halton points, one for each parameter.
const BASES: [usize; 6] = [2, 3, 5, 7, 11, 13];

/// Measures the rates of all targets at values of all parameters.
type Measure<'a> = &'a mut dyn FnMut(&[f64]) -> Result<Vec<Rate>, PointProcessError>;

/// Finds values of parameters, each between its ends, at which `measure` gives the targets, one rate for each.
///
/// # Errors
/// No target, more than six, or another number of parameters or rates; a range or a target that cannot be; targets that
/// are not reached; parameters that the rates do not determine; or what `measure` says.
pub fn tune_several(
    targets_hz: &[f64],
    ranges: &[(f64, f64)],
    measure: Measure<'_>,
) -> Result<Vec<Tuned>, PointProcessError> {
    let n = targets_hz.len();
    due("targets", n as f64, (1..=BASES.len()).contains(&n), "expected 1 to 6 targets")?;
    if ranges.len() != n {
        return Err(PointProcessError::Length { field: "parameters", found: ranges.len(), due: n });
    }
    for &(low, high) in ranges {
        due("low", low, true, "expected a finite number")?;
        due("high", high, high > low, "expected a finite number above `low`")?;
    }
    targets_hz.iter().try_for_each(|&target| above_zero("target rate", target))?;
    let mut problem = Problem { targets_hz, ranges, measure };
    let mut best: Option<Point> = None;
    for k in 0..=STARTS * n {
        let place = (0..n).map(|parameter| radical_inverse(k + 1, BASES[parameter])).collect();
        best = nearer(best, problem.at(place)?);
    }
    let Some(mut best) = best else { return Err(problem.not_reached(None)) };
    let mut jacobian = problem.jacobian(&best)?;
    for _ in 0..STEPS {
        if best.is_within(NEAR, targets_hz) {
            break;
        }
        let mut step = best.residuals(targets_hz);
        solve(&mut jacobian.clone(), &mut step)?;
        let Some(next) = problem.along(&best, &step)? else { break };
        best = next;
        jacobian = problem.jacobian(&best)?;
    }
    if !best.is_within(FAR, targets_hz) {
        return Err(problem.not_reached(Some(&best)));
    }
    problem.intervals(&best, &jacobian)
}

/// Values in the unit cube and their rates.
#[derive(Clone)]
struct Point {
    place: Vec<f64>,
    rates: Vec<Rate>,
    /// Sum of the squares of the residuals.
    distance: f64,
}

impl Point {
    fn residuals(&self, targets_hz: &[f64]) -> Vec<f64> {
        self.rates.iter().zip(targets_hz).map(|(rate, target)| rate.rate_hz.sqrt() - target.sqrt()).collect()
    }

    fn is_within(&self, standard_errors: f64, targets_hz: &[f64]) -> bool {
        let is_near = |(rate, target): (&Rate, &f64)| {
            (rate.rate_hz - target).abs() <= (standard_errors * rate.standard_error_hz).max(1e-9 * target)
        };
        self.rates.iter().zip(targets_hz).all(is_near)
    }
}

fn nearer(one: Option<Point>, other: Option<Point>) -> Option<Point> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.distance < one.distance { other } else { one }),
        (one, other) => one.or(other),
    }
}

struct Problem<'a> {
    targets_hz: &'a [f64],
    ranges: &'a [(f64, f64)],
    measure: Measure<'a>,
}

impl Problem<'_> {
    fn value(&self, parameter: usize, place: f64) -> f64 {
        let (low, high) = self.ranges[parameter];
        low + place * (high - low)
    }

    /// None where the run runs away.
    fn at(&mut self, place: Vec<f64>) -> Result<Option<Point>, PointProcessError> {
        let values: Vec<f64> = place.iter().enumerate().map(|(k, &place)| self.value(k, place)).collect();
        let rates = match (self.measure)(&values) {
            Err(PointProcessError::RunAway { .. }) => return Ok(None),
            other => other?,
        };
        if rates.len() != self.targets_hz.len() {
            let due = self.targets_hz.len();
            return Err(PointProcessError::Length { field: "rates", found: rates.len(), due });
        }
        let mut point = Point { place, rates, distance: 0.0 };
        point.distance = point.residuals(self.targets_hz).iter().map(|r| r * r).sum();
        Ok(Some(point))
    }

    /// Derivatives of the residuals, a row for each target.
    fn jacobian(&mut self, point: &Point) -> Result<Vec<Vec<f64>>, PointProcessError> {
        let n = point.place.len();
        let mut rows = vec![vec![0.0; n]; n];
        for k in 0..n {
            let side = |problem: &mut Self, to: f64| {
                let mut place = point.place.clone();
                place[k] = to;
                problem.at(place)
            };
            let below = side(self, (point.place[k] - DIFFERENCE).max(0.0))?;
            let above = side(self, (point.place[k] + DIFFERENCE).min(1.0))?;
            // Where one side runs away the point itself is the other end.
            let (below, above) = (below.unwrap_or_else(|| point.clone()), above.unwrap_or_else(|| point.clone()));
            let length = above.place[k] - below.place[k];
            let (from, to) = (below.residuals(self.targets_hz), above.residuals(self.targets_hz));
            for (row, (from, to)) in rows.iter_mut().zip(from.iter().zip(&to)) {
                row[k] = if length > 0.0 { (to - from) / length } else { 0.0 };
            }
        }
        Ok(rows)
    }

    /// A nearer point against the direction of a step, none where there is none.
    fn along(&mut self, from: &Point, step: &[f64]) -> Result<Option<Point>, PointProcessError> {
        for halvings in 0..8 {
            let part = 0.5_f64.powi(halvings);
            let place = from.place.iter().zip(step).map(|(u, d)| (u - part * d).clamp(0.0, 1.0)).collect();
            if let Some(point) = self.at(place)?
                && point.distance < from.distance
            {
                return Ok(Some(point));
            }
        }
        Ok(None)
    }

    fn intervals(&self, best: &Point, jacobian: &[Vec<f64>]) -> Result<Vec<Tuned>, PointProcessError> {
        let n = best.place.len();
        let mut variances = vec![0.0; n];
        for target in 0..n {
            // The effect of one standard error of this rate on all parameters.
            let rate = best.rates[target];
            let mut effect = vec![0.0; n];
            // A root changes by half of what its square changes, divided by the root.
            effect[target] = rate.standard_error_hz / (2.0 * self.targets_hz[target].sqrt());
            solve(&mut jacobian.to_vec(), &mut effect)?;
            variances.iter_mut().zip(&effect).for_each(|(sum, d)| *sum += d * d);
        }
        let tuned = |k: usize| {
            let (low, high) = self.ranges[k];
            let value = self.value(k, best.place[k]);
            let half = REACH * variances[k].sqrt() * (high - low);
            Tuned { value, rate: best.rates[k], interval: ((value - half).max(low), (value + half).min(high)) }
        };
        Ok((0..n).map(tuned).collect())
    }

    fn not_reached(&self, nearest: Option<&Point>) -> PointProcessError {
        let found = |number: usize| nearest.map_or(f64::INFINITY, |point| point.rates[number].rate_hz);
        let apart = |number: usize| (found(number).sqrt() - self.targets_hz[number].sqrt()).abs();
        let worst = (0..self.targets_hz.len()).max_by(|&a, &b| apart(a).total_cmp(&apart(b))).unwrap_or(0);
        PointProcessError::TargetsNotReached {
            number: worst,
            target_hz: self.targets_hz[worst],
            found_hz: found(worst),
        }
    }
}

/// Digits of a number in a base, behind the point and in reverse.
fn radical_inverse(mut number: usize, base: usize) -> f64 {
    let (mut value, mut weight) = (0.0, 1.0 / base as f64);
    while number > 0 {
        value += (number % base) as f64 * weight;
        number /= base;
        weight /= base as f64;
    }
    value
}

/// Replaces the right side by the solution: elimination with the largest pivot of each column.
fn solve(rows: &mut [Vec<f64>], right: &mut [f64]) -> Result<(), PointProcessError> {
    let n = right.len();
    let scale = rows.iter().flatten().fold(0.0, |most: f64, value| most.max(value.abs()));
    for column in 0..n {
        let largest = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
        let pivot = largest.unwrap_or(column);
        if rows[pivot][column].abs() <= 1e-6 * scale || !scale.is_finite() {
            return Err(PointProcessError::Undetermined);
        }
        rows.swap(column, pivot);
        right.swap(column, pivot);
        let (above, below) = rows.split_at_mut(column + 1);
        let (pivot_row, known) = (&above[column], right[column]);
        for (row, right) in below.iter_mut().zip(&mut right[column + 1..]) {
            let factor = row[column] / pivot_row[column];
            row.iter_mut().zip(pivot_row).for_each(|(value, pivot)| *value -= factor * pivot);
            *right -= factor * known;
        }
    }
    for column in (0..n).rev() {
        let known: f64 = (column + 1..n).map(|k| rows[column][k] * right[k]).sum();
        right[column] = (right[column] - known) / rows[column][column];
    }
    Ok(())
}

#[cfg(test)]
mod tests;
