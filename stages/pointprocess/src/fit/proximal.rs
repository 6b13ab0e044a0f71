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
        // Far from the optimum the expansion is not worth its last digits.
        let step = penalty.step(&here, &parameters, (1e-3 * violation).max(1e-14));
        let before = here.loss + penalty.value(&parameters);
        let slope: f64 = step.iter().zip(&here.gradient).map(|(d, g)| d * g).sum();
        let whole: Vec<f64> = parameters.iter().zip(&step).map(|(p, d)| p + d).collect();
        let promised = slope + penalty.value(&whole) - penalty.value(&parameters);
        let mut length = 1.0;
        loop {
            // The whole step has zeros that are exact; objectives are sums, known to some digits.
            let moved: Vec<f64> = if length == 1.0 {
                whole.clone()
            } else {
                parameters.iter().zip(&step).map(|(p, d)| p + length * d).collect()
            };
            let there = mean(&moved);
            if there.loss + penalty.value(&moved) <= before + 1e-4 * length * promised + 1e-13 * before.abs() {
                (parameters, here) = (moved, there);
                break;
            }
            length *= 0.5;
            if length < 1e-8 {
                stuck = true;
                break;
            }
        }
        let left = penalty.violation(&here.gradient, &parameters);
        // Digits end before the conditions are met to all of theirs.
        stuck |= left < 1e-9 && left > 0.9 * violation;
        violation = left;
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

    /// To the optimum of the expansion, up to derivatives of `tolerance`.
    fn step(&self, here: &Expansion, parameters: &[f64], tolerance: f64) -> Vec<f64> {
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
        let blocks: Vec<Block<'_>> = groups.iter().map(|group| Block::of(&here.hessian, size, group)).collect();
        let mut active = vec![true; blocks.len()];
        for _ in 0..MOST_SWEEPS {
            let mut largest = 0.0f64;
            let curvature = here.hessian[0];
            if curvature > 0.0 {
                largest = slopes[0].abs();
                let change = -slopes[0] / curvature;
                shift(&here.hessian, size, 0, change, &mut step, &mut slopes);
            }
            for (block, active) in blocks.iter().zip(&mut active).filter(|(_, active)| **active) {
                let from: Vec<f64> =
                    block.columns.iter().map(|&column| parameters[column + 1] + step[column + 1]).collect();
                let to = block.optimum(self, &from, &slopes, 0.1 * tolerance);
                for ((&column, from), to) in block.columns.iter().zip(&from).zip(&to) {
                    if from != to {
                        shift(&here.hessian, size, column + 1, to - from, &mut step, &mut slopes);
                        largest = largest.max((to - from).abs() * block.bound);
                    }
                    if *to == 0.0 {
                        // Exactly.
                        step[column + 1] = -parameters[column + 1];
                    }
                }
                // Those that are 0 are looked at again when the others have settled.
                *active = to.iter().any(|to| *to != 0.0);
            }
            if largest <= tolerance {
                let mut woken = false;
                for (block, active) in blocks.iter().zip(&mut active).filter(|(_, active)| !**active) {
                    *active = norm(block.columns, &slopes[1..]) > self.lasso * block.scale();
                    woken |= *active;
                }
                if !woken {
                    break;
                }
            }
        }
        step
    }
}

/// Coefficients that the penalty takes together.
struct Block<'a> {
    columns: &'a [usize],
    /// Second derivatives by them, row after row.
    hessian: Vec<f64>,
    /// Not below the largest eigenvalue: the largest row sum.
    bound: f64,
}

impl<'a> Block<'a> {
    fn of(hessian: &[f64], size: usize, columns: &'a [usize]) -> Self {
        let entry = |i: usize, j: usize| hessian[(i + 1) * size + j + 1];
        let own: Vec<f64> = columns.iter().flat_map(|&i| columns.iter().map(move |&j| entry(i, j))).collect();
        let sum = |row: &[f64]| row.iter().map(|h| h.abs()).sum::<f64>();
        let bound = own.chunks_exact(columns.len()).map(sum).fold(0.0, f64::max);
        Self { columns, hessian: own, bound }
    }

    fn scale(&self) -> f64 {
        scale(self.columns)
    }

    /// Where the expansion and the penalty are smallest, the others staying where they are; `slopes` are derivatives of the
    /// expansion where they are `from`.
    fn optimum(&self, penalty: &Corners<'_>, from: &[f64], slopes: &[f64], tolerance: f64) -> Vec<f64> {
        const MOST_STEPS: usize = 1000;
        let mut values = from.to_vec();
        if self.bound <= 0.0 {
            // Features that are nowhere: the penalty alone decides.
            values.fill(0.0);
            return values;
        }
        let mut own: Vec<f64> = self.columns.iter().map(|&column| slopes[column + 1]).collect();
        let curvature = self.bound + penalty.ridge;
        let most = penalty.lasso * self.scale() / curvature;
        for _ in 0..MOST_STEPS {
            let aim = values.iter().zip(&own).map(|(value, slope)| value - (slope + penalty.ridge * value) / curvature);
            let aim: Vec<f64> = aim.collect();
            let length = aim.iter().map(|x| x * x).sum::<f64>().sqrt();
            let shrink = if length > most { 1.0 - most / length } else { 0.0 };
            let changes: Vec<f64> = values.iter().zip(&aim).map(|(value, aim)| shrink * aim - value).collect();
            values.iter_mut().zip(&aim).for_each(|(value, aim)| *value = shrink * aim);
            for (slope, row) in own.iter_mut().zip(self.hessian.chunks_exact(self.columns.len())) {
                *slope += row.iter().zip(&changes).map(|(h, change)| h * change).sum::<f64>();
            }
            if changes.iter().all(|change| change.abs() * curvature <= tolerance) {
                break;
            }
        }
        values
    }
}

/// Changes a coefficient of the step, and the derivatives with it.
fn shift(hessian: &[f64], size: usize, place: usize, change: f64, step: &mut [f64], slopes: &mut [f64]) {
    step[place] += change;
    let line = &hessian[place * size..(place + 1) * size];
    slopes.iter_mut().zip(line).for_each(|(slope, h)| *slope += h * change);
}

fn scale(group: &[usize]) -> f64 {
    (group.len() as f64).sqrt()
}

fn norm(group: &[usize], values: &[f64]) -> f64 {
    group.iter().map(|&column| values[column] * values[column]).sum::<f64>().sqrt()
}
