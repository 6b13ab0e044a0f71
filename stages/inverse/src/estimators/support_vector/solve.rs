//! The dual problem by pairs of variables, chosen with second-order information (Fan, Chen, Lin 2005, J Mach Learn Res 6:1889, WSS 2).
//!
//! With e = y - K beta, raising beta_i gains u_i = e_i - epsilon (e_i + epsilon while it is negative), and lowering beta_j gains -v_j with v_j = e_j - epsilon
//! while it is positive, e_j + epsilon otherwise. A step takes the i of largest u and, among the j with v_j < u_i, the one of largest (u_i - v_j)^2 / (K_ii +
//! K_jj - 2 K_ij), and moves both by (u_i - v_j) / (K_ii + K_jj - 2 K_ij) as far as neither passes 0 or c. It ends where max u - min v <= tolerance.

use lapicque_numerics::vectorise::{Kernel, vectorise};

use super::{Similarity, SupportVector};
use crate::InverseError;
use crate::estimators::FitContext;

/// What curvature counts as where two rows are the same.
const LEAST_CURVATURE: f64 = 1e-12;

/// Steps between two looks.
const STEPS_PER_LOOK: usize = 256;

/// Numbers of the kernel that are kept: 128 MB.
const KEPT: usize = 16 << 20;

/// Steps per row that are allowed at least, and in all.
const STEPS_PER_ROW: usize = 1000;
const LEAST_STEPS: usize = 10_000_000;

/// beta and the intercept.
pub(super) fn solve(
    parameters: &SupportVector,
    similarity: Similarity,
    rows: &[Vec<f64>],
    target: &[f64],
    context: &FitContext<'_>,
) -> Result<(Vec<f64>, f64), InverseError> {
    let (c, epsilon) = (parameters.c, parameters.epsilon);
    let diagonal: Vec<f64> = rows.iter().map(|row| similarity.of(row, row)).collect();
    let mut lines = Lines::new(similarity, rows);
    let mut beta = vec![0.0; rows.len()];
    // Of the target about its middle, so that large ones lose no digits.
    let middle = target.iter().sum::<f64>() / target.len() as f64;
    let mut errors: Vec<f64> = target.iter().map(|value| value - middle).collect();
    if errors.iter().any(|error| !error.is_finite()) {
        return Err(InverseError::Overflow);
    }
    let most = LEAST_STEPS.max(STEPS_PER_ROW.saturating_mul(rows.len()));
    let mut left = f64::INFINITY;
    for step in 0..most {
        if step % STEPS_PER_LOOK == 0 {
            context.look()?;
        }
        let (i, up) = highest(&beta, &errors, c, epsilon);
        let lowest = (0..beta.len()).fold(f64::INFINITY, |least, j| least.min(down(beta[j], errors[j], c, epsilon)));
        left = up - lowest;
        // Also where nothing can be raised or lowered.
        if left.is_nan() || left <= parameters.tolerance {
            let intercept = middle + intercept(&beta, &errors, c, epsilon);
            return Ok((beta, intercept));
        }
        let place_i = lines.get(i);
        let line = lines.line(place_i);
        let j = vectorise(Partner { line, diagonal: &diagonal, beta: &beta, errors: &errors, c, epsilon, up, of: i });
        let curvature = (diagonal[i] + diagonal[j] - 2.0 * line[j]).max(LEAST_CURVATURE);
        let room_i = if beta[i] >= 0.0 { c - beta[i] } else { -beta[i] };
        let room_j = if beta[j] > 0.0 { beta[j] } else { c + beta[j] };
        let wanted = (up - down(beta[j], errors[j], c, epsilon)) / curvature;
        let step = wanted.min(room_i).min(room_j);
        // To the bound exactly, so that it is known as one.
        let moved = |beta: f64, step: f64, room: f64, bound: f64| if step == room { bound } else { beta + step };
        beta[i] = moved(beta[i], step, room_i, if beta[i] >= 0.0 { c } else { 0.0 });
        beta[j] = moved(beta[j], -step, -room_j, if beta[j] > 0.0 { 0.0 } else { -c });
        let place_j = lines.get(j);
        vectorise(Update { errors: &mut errors, raised: lines.line(place_i), lowered: lines.line(place_j), step });
    }
    Err(InverseError::NotConverged {
        estimator: "support_vector",
        iterations: most,
        left,
        tolerance: parameters.tolerance,
    })
}

/// u; minus infinity where it cannot be raised.
#[inline(always)]
fn up(beta: f64, error: f64, c: f64, epsilon: f64) -> f64 {
    let gain = if beta >= 0.0 { error - epsilon } else { error + epsilon };
    if beta < c { gain } else { f64::NEG_INFINITY }
}

/// v; infinity where it cannot be lowered.
#[inline(always)]
fn down(beta: f64, error: f64, c: f64, epsilon: f64) -> f64 {
    let gain = if beta > 0.0 { error - epsilon } else { error + epsilon };
    if beta > -c { gain } else { f64::INFINITY }
}

fn highest(beta: &[f64], errors: &[f64], c: f64, epsilon: f64) -> (usize, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (row, (beta, error)) in beta.iter().zip(errors).enumerate() {
        let gain = up(*beta, *error, c, epsilon);
        if gain > best.1 {
            best = (row, gain);
        }
    }
    best
}

/// What free rows say, or the middle of what the others allow.
fn intercept(beta: &[f64], errors: &[f64], c: f64, epsilon: f64) -> f64 {
    let (mut sum, mut free) = (0.0, 0usize);
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for (&beta, &error) in beta.iter().zip(errors) {
        if beta != 0.0 && beta.abs() < c {
            sum += error - epsilon * beta.signum();
            free += 1;
        }
        low = low.max(up(beta, error, c, epsilon));
        high = high.min(down(beta, error, c, epsilon));
    }
    if free > 0 {
        return sum / free as f64;
    }
    match (low.is_finite(), high.is_finite()) {
        (true, true) => low / 2.0 + high / 2.0,
        (true, false) => low,
        (false, true) => high,
        (false, false) => 0.0,
    }
}

/// The row that is lowered.
struct Partner<'a> {
    line: &'a [f64],
    diagonal: &'a [f64],
    beta: &'a [f64],
    errors: &'a [f64],
    c: f64,
    epsilon: f64,
    up: f64,
    of: usize,
}

impl Kernel for Partner<'_> {
    type Output = usize;

    #[inline(always)]
    fn run(self) -> usize {
        let own = self.diagonal[self.of];
        let (mut best, mut most) = (self.of, -1.0);
        let states = self.beta.iter().zip(self.errors);
        for (row, ((beta, error), (shared, other))) in states.zip(self.line.iter().zip(self.diagonal)).enumerate() {
            let gap = self.up - down(*beta, *error, self.c, self.epsilon);
            let curvature = own + other - 2.0 * shared;
            let curvature = if curvature > LEAST_CURVATURE { curvature } else { LEAST_CURVATURE };
            let gain = if gap > 0.0 { gap * gap / curvature } else { -2.0 };
            if gain > most {
                (best, most) = (row, gain);
            }
        }
        best
    }
}

struct Update<'a> {
    errors: &'a mut [f64],
    raised: &'a [f64],
    lowered: &'a [f64],
    step: f64,
}

impl Kernel for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (error, (raised, lowered)) in self.errors.iter_mut().zip(self.raised.iter().zip(self.lowered)) {
            *error -= self.step * (raised - lowered);
        }
    }
}

/// Lines of the kernel matrix, as many as there is room for.
struct Lines<'a> {
    similarity: Similarity,
    rows: &'a [Vec<f64>],
    kept: Vec<Vec<f64>>,
    /// Of which row a kept line is, and when it was last asked for.
    of: Vec<(usize, u64)>,
    place: Vec<Option<usize>>,
    time: u64,
}

impl<'a> Lines<'a> {
    fn new(similarity: Similarity, rows: &'a [Vec<f64>]) -> Self {
        Self { similarity, rows, kept: Vec::new(), of: Vec::new(), place: vec![None; rows.len()], time: 0 }
    }

    /// Where the line of a row is, until the one after the next is asked for.
    fn get(&mut self, row: usize) -> usize {
        self.time += 1;
        let place = match self.place[row] {
            Some(place) => place,
            None => {
                let line = self.rows.iter().map(|other| self.similarity.of(&self.rows[row], other)).collect();
                let room = (KEPT / self.rows.len()).max(2);
                let place = if self.kept.len() < room {
                    self.kept.push(line);
                    self.of.push((row, 0));
                    self.kept.len() - 1
                } else {
                    let oldest = (0..self.of.len()).min_by_key(|&place| self.of[place].1).unwrap_or(0);
                    self.place[self.of[oldest].0] = None;
                    self.kept[oldest] = line;
                    oldest
                };
                self.place[row] = Some(place);
                place
            }
        };
        self.of[place] = (row, self.time);
        place
    }

    fn line(&self, place: usize) -> &[f64] {
        &self.kept[place]
    }
}
