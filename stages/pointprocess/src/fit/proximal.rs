//! Optima with penalties that have corners: lasso, elastic net and group lasso, by proximal Newton steps.
//!
//! In each step the mean loss is replaced by its expansion to second order, whose penalised optimum is found by descent
//! along coefficients (J. Friedman, T. Hastie & R. Tibshirani 2010, J. Stat. Softw. 33:1) or groups of them (M. Yuan & Y. Lin
//! 2006, J. R. Stat. Soc. B 68:49; curvature of a group bounded by its largest row sum); steps are halved until the objective
//! falls enough (J. D. Lee, Y. Sun & M. A. Saunders 2014, SIAM J. Optim. 24:1420). It ends by the conditions of the optimum
//! (Karush-Kuhn-Tucker), so that its result is known to be one.

use super::error::FitError;
use super::family::Family;
use super::newton::{one_sided, silent, start};
use super::rows::{Expansion, Rows};
use super::{Optimum, Status};

const MOST_ITERATIONS: usize = 200;
const MOST_SWEEPS: usize = 20_000;
/// Largest violation of the conditions at which a fit has converged, as a derivative of the mean loss.
const VIOLATION: f64 = 1e-11;

/// lasso |w|_1 + ridge |w|^2 / 2, or group lasso, added to the mean loss.
#[derive(Debug, Clone)]
pub(super) struct Corners<'a> {
    /// Of each coefficient but the intercept, or of each group: sqrt(size) times this.
    pub(super) lasso: f64,
    pub(super) ridge: f64,
    /// Columns of each group; none: each coefficient by itself.
    pub(super) groups: Option<&'a [Vec<usize>]>,
}

/// The optimum of mean loss and penalty.
pub(super) fn optimum(
    rows: &Rows,
    family: Family,
    penalty: &Corners<'_>,
    start_at: Option<&[f64]>,
    go_on: &dyn Fn() -> bool,
) -> Result<Optimum, FitError> {
    if let Some(sign) = one_sided(rows, family) {
        return Ok(silent(rows, family, sign));
    }
    let mut parameters = start_at.map_or_else(|| start(rows, family), <[f64]>::to_vec);
    let size = parameters.len();
    let n = rows.total_bins();
    let mean = |parameters: &[f64]| {
        let mut found = rows.expand(family, parameters);
        found.loss /= n;
        found.gradient.iter_mut().for_each(|g| *g /= n);
        found.hessian.iter_mut().for_each(|h| *h /= n);
        (0..size).for_each(|i| (0..i).for_each(|j| found.hessian[j * size + i] = found.hessian[i * size + j]));
        found
    };
    let mut here = mean(&parameters);
    let mut violation = penalty.violation(&here.gradient, &parameters);
    let (mut iterations, mut stuck) = (0, false);
    while violation > VIOLATION && iterations < MOST_ITERATIONS && !stuck {
        if !go_on() {
            return Err(FitError::Cancelled);
        }
        iterations += 1;
        let step = penalty.step(&here, &parameters);
        let before = here.loss + penalty.value(&parameters);
        let slope: f64 = step.iter().zip(&here.gradient).map(|(d, g)| d * g).sum();
        let whole: Vec<f64> = parameters.iter().zip(&step).map(|(p, d)| p + d).collect();
        let promised = slope + penalty.value(&whole) - penalty.value(&parameters);
        let mut length = 1.0;
        loop {
            // The whole step has zeros that are exact.
            let moved: Vec<f64> = if length == 1.0 {
                whole.clone()
            } else {
                parameters.iter().zip(&step).map(|(p, d)| p + length * d).collect()
            };
            let there = mean(&moved);
            if there.loss + penalty.value(&moved) <= before + 1e-4 * length * promised + 1e-15 * before.abs() {
                (parameters, here) = (moved, there);
                break;
            }
            length *= 0.5;
            if length < 1e-8 {
                stuck = true;
                break;
            }
        }
        violation = penalty.violation(&here.gradient, &parameters);
    }
    let chosen = parameters[1..].iter().filter(|w| **w != 0.0).count();
    Ok(Optimum {
        signs: vec![0.0; size],
        standard_errors: vec![f64::NAN; size],
        loss: here.loss * n,
        iterations,
        converged: violation <= VIOLATION * 1e3,
        kkt_violation: violation,
        degrees_of_freedom: 1.0 + chosen as f64,
        status: vec![Status::Estimated; size],
        parameters,
    })
}

impl Corners<'_> {
    /// Of parameters, the intercept first.
    pub(super) fn value(&self, parameters: &[f64]) -> f64 {
        let weights = &parameters[1..];
        let square: f64 = weights.iter().map(|w| w * w).sum();
        let corners = match self.groups {
            None => weights.iter().map(|w| w.abs()).sum::<f64>(),
            Some(groups) => groups.iter().map(|group| scale(group) * norm(group, weights)).sum(),
        };
        self.lasso * corners + 0.5 * self.ridge * square
    }

    /// How far the conditions of the optimum are from being met: the largest distance of a derivative of the mean loss from
    /// what the penalty balances.
    pub(super) fn violation(&self, gradient: &[f64], parameters: &[f64]) -> f64 {
        let (weights, slopes) = (&parameters[1..], &gradient[1..]);
        let mut worst = gradient[0].abs();
        match self.groups {
            None => {
                for (w, g) in weights.iter().zip(slopes) {
                    let slope = g + self.ridge * w;
                    let off = if *w == 0.0 {
                        (slope.abs() - self.lasso).max(0.0)
                    } else {
                        (slope + self.lasso * w.signum()).abs()
                    };
                    worst = worst.max(off);
                }
            }
            Some(groups) => {
                for group in groups {
                    let (norm, most) = (norm(group, weights), self.lasso * scale(group));
                    let of = |&column: &usize| {
                        let pull = if norm > 0.0 { most * weights[column] / norm } else { 0.0 };
                        slopes[column] + self.ridge * weights[column] + pull
                    };
                    let off = group.iter().map(|column| of(column).powi(2)).sum::<f64>().sqrt();
                    worst = worst.max(if norm > 0.0 { off } else { (off - most).max(0.0) });
                }
            }
        }
        worst
    }

    /// To the optimum of the expansion.
    fn step(&self, here: &Expansion, parameters: &[f64]) -> Vec<f64> {
        let size = parameters.len();
        let mut step = vec![0.0; size];
        // Derivatives of the expansion where the step is.
        let mut slopes = here.gradient.clone();
        let singles: Vec<Vec<usize>>;
        let groups = match self.groups {
            Some(groups) => groups,
            None => {
                singles = (0..size - 1).map(|column| vec![column]).collect();
                &singles
            }
        };
        let bounds: Vec<f64> = groups.iter().map(|group| bound(&here.hessian, size, group)).collect();
        let mut active = vec![true; groups.len()];
        for _ in 0..MOST_SWEEPS {
            let mut largest = 0.0f64;
            let curvature = here.hessian[0];
            if curvature > 0.0 {
                let change = -slopes[0] / curvature;
                shift(&here.hessian, size, 0, change, &mut step, &mut slopes);
                largest = largest.max(change.abs() * curvature.sqrt());
            }
            for (number, group) in groups.iter().enumerate() {
                let curvature = bounds[number] + self.ridge;
                if bounds[number] <= 0.0 {
                    // Features that are nowhere: the penalty alone decides.
                    group.iter().for_each(|column| step[column + 1] = -parameters[column + 1]);
                    continue;
                }
                if !active[number] {
                    continue;
                }
                let at = |column: usize| parameters[column + 1] + step[column + 1];
                let aim: Vec<f64> = group
                    .iter()
                    .map(|&column| {
                        let slope = slopes[column + 1] + self.ridge * at(column);
                        at(column) - slope / curvature
                    })
                    .collect();
                let length = aim.iter().map(|x| x * x).sum::<f64>().sqrt();
                let most = self.lasso * scale(group) / curvature;
                let shrink = if length > most { 1.0 - most / length } else { 0.0 };
                let mut is_zero = true;
                for (&column, aim) in group.iter().zip(&aim) {
                    let change = shrink * aim - (parameters[column + 1] + step[column + 1]);
                    if change != 0.0 {
                        shift(&here.hessian, size, column + 1, change, &mut step, &mut slopes);
                        largest = largest.max(change.abs() * curvature.sqrt());
                    }
                    if shrink == 0.0 {
                        step[column + 1] = -parameters[column + 1];
                    }
                    is_zero &= shrink == 0.0;
                }
                // Groups that are 0 are looked at again when the others have settled.
                active[number] = !is_zero;
            }
            if largest < 1e-14 {
                let wakes = |&number: &usize| {
                    let slope = |&column: &usize| slopes[column + 1].powi(2);
                    let pull = groups[number].iter().map(slope).sum::<f64>().sqrt();
                    !active[number] && bounds[number] > 0.0 && pull > self.lasso * scale(&groups[number])
                };
                let woken: Vec<usize> = (0..groups.len()).filter(wakes).collect();
                if woken.is_empty() {
                    break;
                }
                woken.into_iter().for_each(|number| active[number] = true);
            }
        }
        step
    }
}

/// Changes a coefficient of the step, and the derivatives with it.
fn shift(hessian: &[f64], size: usize, place: usize, change: f64, step: &mut [f64], slopes: &mut [f64]) {
    step[place] += change;
    let line = &hessian[place * size..(place + 1) * size];
    slopes.iter_mut().zip(line).for_each(|(slope, h)| *slope += h * change);
}

/// Not below the largest eigenvalue of the second derivatives of a group.
fn bound(hessian: &[f64], size: usize, group: &[usize]) -> f64 {
    let sum = |&i: &usize| group.iter().map(|&j| hessian[(i + 1) * size + j + 1].abs()).sum::<f64>();
    group.iter().map(sum).fold(0.0, f64::max)
}

fn scale(group: &[usize]) -> f64 {
    (group.len() as f64).sqrt()
}

fn norm(group: &[usize], values: &[f64]) -> f64 {
    group.iter().map(|&column| values[column] * values[column]).sum::<f64>().sqrt()
}
