//! Coordinate descent on moments (Friedman, Hastie, Tibshirani 2010, J Stat Softw 33:1, eq. 5 and section 2.2): what lasso and elastic net have in common.
//!
//! For each target by itself, w = argmin |y - Xw|^2 / 2 + l1 |w|_1 + l2 |w|^2 / 2 over n centred rows, with l1 = n alpha l1_ratio and l2 = n alpha (1 -
//! l1_ratio). All that is needed of the rows are G = X^T X, q = X^T y and |y|^2. A pass sets each coefficient to its optimum beside the others,
//! w_j = S(q_j - (G w)_j + G_jj w_j, l1) / (G_jj + l2) with S(z, l) = sign(z) max(|z| - l, 0).
//!
//! Where features are nearly collinear, passes alone come nearer by next to nothing. So now and then the equations of the coefficients that are not zero, their
//! signs held, are solved at once, (G + l2 I) w = q - l1 sign(w), and w moves there or to where the first sign changes on the way: the objective falls.
//!
//! It ends where the duality gap is at most `tolerance` |y|^2 (Kim et al. 2007, IEEE J Sel Top Signal Process 1:606; the dual point is the scaled residual):
//! the objective is then no further than that from its least value, whatever the way there. Without l1 there is no such point, and it ends where no component
//! of the gradient is above `tolerance` times the largest at w = 0.

use ndarray::Array2;

use super::linfa_bridge::{cholesky, solve_cholesky};
use super::{Fitted, LinearMap};
use crate::{InverseError, Moments};

/// The penalty of a target and when to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Descent {
    /// What messages call the estimator.
    pub(super) owner: &'static str,
    pub(super) alpha: f64,
    pub(super) l1_ratio: f64,
    pub(super) tolerance: f64,
    pub(super) most_iterations: usize,
}

/// Passes between two looks at the gap, which costs as much as a pass.
const PASSES_PER_GAP: usize = 4;

/// Passes between two solutions of the equations.
const PASSES_PER_SOLUTION: usize = 16;

impl Descent {
    pub(super) fn check(&self) -> Result<(), InverseError> {
        let wrong = |parameter, value: String, allowed: &str| {
            Err(InverseError::Parameter { owner: self.owner, parameter, value, allowed: allowed.to_owned() })
        };
        if !(self.alpha.is_finite() && self.alpha >= 0.0) {
            return wrong("alpha", self.alpha.to_string(), "a finite number >= 0");
        }
        if !(0.0..=1.0).contains(&self.l1_ratio) {
            return wrong("l1_ratio", self.l1_ratio.to_string(), "0 to 1");
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            return wrong("tolerance", self.tolerance.to_string(), "above 0 and below 1");
        }
        if self.most_iterations == 0 {
            return wrong("most_iterations", "0".to_owned(), "a whole number >= 1");
        }
        Ok(())
    }

    /// `look` is asked between passes whether the fit is still wanted.
    pub(super) fn fit(
        &self,
        moments: &Moments,
        look: &dyn Fn() -> Result<(), InverseError>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        if moments.rows == 0 {
            return Err(InverseError::TooFewRows { estimator: self.owner, needed: 1, found: 0 });
        }
        let sums = moments.gram.iter().chain(&moments.cross).chain(&moments.target_squares);
        if sums.into_iter().any(|value| !value.is_finite()) {
            return Err(InverseError::Overflow);
        }
        let mut coefficients = Array2::zeros(moments.cross.dim());
        for (target, mut place) in coefficients.columns_mut().into_iter().enumerate() {
            let cross = moments.cross.column(target).to_vec();
            let found = self.descend(moments, &cross, moments.target_squares[target], look)?;
            for (slot, value) in place.iter_mut().zip(found) {
                *slot = value;
            }
        }
        Ok(Box::new(LinearMap::through_means(&coefficients, &moments.feature_means, &moments.target_means)))
    }

    fn descend(
        &self,
        moments: &Moments,
        cross: &[f64],
        square: f64,
        look: &dyn Fn() -> Result<(), InverseError>,
    ) -> Result<Vec<f64>, InverseError> {
        let rows = moments.rows as f64;
        let (l1, l2) = (rows * self.alpha * self.l1_ratio, rows * self.alpha * (1.0 - self.l1_ratio));
        let gram: Vec<Vec<f64>> = moments.gram.rows().into_iter().map(|line| line.to_vec()).collect();
        let mut state =
            State { gram: &gram, cross, square, l1, l2, w: vec![0.0; cross.len()], gw: vec![0.0; cross.len()] };
        let mut gap = state.gap();
        for pass in 0..self.most_iterations {
            if gap <= self.tolerance {
                return Ok(state.w);
            }
            if pass % 64 == 0 {
                look()?;
            }
            state.pass();
            if (pass + 1) % PASSES_PER_SOLUTION == 0 {
                state.solve();
            }
            if (pass + 1) % PASSES_PER_GAP == 0 || pass + 1 == self.most_iterations {
                gap = state.gap();
            }
        }
        if gap <= self.tolerance {
            return Ok(state.w);
        }
        Err(InverseError::NotConverged {
            estimator: self.owner,
            iterations: self.most_iterations,
            left: gap,
            tolerance: self.tolerance,
        })
    }
}

struct State<'a> {
    gram: &'a [Vec<f64>],
    cross: &'a [f64],
    square: f64,
    l1: f64,
    l2: f64,
    w: Vec<f64>,
    /// G w, kept up to date.
    gw: Vec<f64>,
}

impl State<'_> {
    fn pass(&mut self) {
        for j in 0..self.w.len() {
            let line = &self.gram[j];
            let curvature = line[j] + self.l2;
            let old = self.w[j];
            let pull = self.cross[j] - self.gw[j] + line[j] * old;
            let new = if curvature > 0.0 { pull.signum() * (pull.abs() - self.l1).max(0.0) / curvature } else { 0.0 };
            if new != old {
                self.w[j] = new;
                for (slot, value) in self.gw.iter_mut().zip(line) {
                    *slot += (new - old) * value;
                }
            }
        }
    }

    /// Towards the solution with these signs, as far as they hold; not at all where that does not lower the objective.
    fn solve(&mut self) {
        for _ in 0..self.w.len() {
            let active: Vec<usize> = (0..self.w.len()).filter(|&j| self.w[j] != 0.0).collect();
            let size = active.len();
            let curvature = Array2::from_shape_fn((size, size), |(a, b)| {
                self.gram[active[a]][active[b]] + if a == b { self.l2 } else { 0.0 }
            });
            let pull = Array2::from_shape_fn((size, 1), |(a, _)| {
                let j = active[a];
                self.cross[j] - self.gw[j] - self.l2 * self.w[j] - self.l1 * self.w[j].signum()
            });
            let Some(step) = cholesky(&curvature).and_then(|lower| solve_cholesky(&lower, &pull)) else {
                return;
            };
            let crossing = |&(a, j): &(usize, usize)| -self.w[j] / step[[a, 0]];
            let places = || active.iter().copied().enumerate();
            let first = places().filter(|place| (0.0..1.0).contains(&crossing(place)));
            let first = first.min_by(|a, b| crossing(a).total_cmp(&crossing(b)));
            let part = first.as_ref().map_or(1.0, crossing);
            let mut w = self.w.clone();
            for (a, j) in places() {
                w[j] = if first.is_some_and(|(_, gone)| gone == j) { 0.0 } else { w[j] + part * step[[a, 0]] };
            }
            let gw: Vec<f64> = self.gram.iter().map(|line| dot(line, &w)).collect();
            if w.iter().any(|w| !w.is_finite()) || self.objective(&w, &gw) > self.objective(&self.w, &self.gw) {
                return;
            }
            (self.w, self.gw) = (w, gw);
            if first.is_none() {
                return;
            }
        }
    }

    /// Without |y|^2 / 2, in which small differences would be lost.
    fn objective(&self, w: &[f64], gw: &[f64]) -> f64 {
        let l1_norm: f64 = w.iter().map(|w| w.abs()).sum();
        0.5 * dot(w, gw) - dot(w, self.cross) + self.l1 * l1_norm + 0.5 * self.l2 * dot(w, w)
    }

    /// What is left to gain, as the part of |y|^2 (or of the gradient at 0) that `tolerance` allows.
    fn gap(&self) -> f64 {
        let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0f64, |most, value| most.max(value.abs()));
        let left = self.cross.iter().zip(&self.gw).zip(&self.w).map(|((q, gw), w)| q - gw - self.l2 * w);
        let steepest = largest(&mut left.into_iter());
        if self.l1 == 0.0 {
            let at_zero = largest(&mut self.cross.iter().copied());
            return if at_zero == 0.0 { 0.0 } else { steepest / at_zero };
        }
        let explained = dot(&self.w, self.cross);
        let residual = self.square + dot(&self.w, &self.gw) - 2.0 * explained;
        let scale = if steepest > self.l1 { self.l1 / steepest } else { 1.0 };
        let l1_norm: f64 = self.w.iter().map(|w| w.abs()).sum();
        let gap = 0.5 * (1.0 + scale * scale) * (residual + self.l2 * dot(&self.w, &self.w)) + self.l1 * l1_norm
            - scale * (self.square - explained);
        if self.square == 0.0 { gap } else { gap / self.square }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
