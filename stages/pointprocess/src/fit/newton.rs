//! The optimum without a penalty, or with a ridge, by Newton's method.
//!
//! The loss is convex, and steps are halved until it falls enough (Armijo), so it never rises. A fit has converged when the
//! step is shorter than 1e-9 in units of standard errors (Newton's decrement), which further steps square.

use super::error::FitError;
use super::family::Family;
use super::linear::{Dependence, dependent, factorise, inverse, solve};
use super::rows::{Expansion, Rows};
use super::separation::{Direction, screen, separates, stand_in};
use super::{Optimum, Status};

const MOST_ITERATIONS: usize = 200;
/// Newton's decrement at which a fit has converged.
const DECREMENT: f64 = 1e-9;

/// How Newton's method ended.
struct Ended {
    parameters: Vec<f64>,
    iterations: usize,
    converged: bool,
    /// The direction in which it went on without end.
    direction: Option<Direction>,
}

/// Without a penalty: bins and features that leave no finite optimum, and features that say nothing of their own, are found
/// and told.
pub(super) fn unpenalised(all: &Rows, family: Family, go_on: &dyn Fn() -> bool) -> Result<Optimum, FitError> {
    let size = all.columns + 1;
    let mut rows = all.clone();
    let mut status = vec![Status::Estimated; size];
    // Of a neuron that is silent all features separate, which says nothing of any.
    let is_one_sided = one_sided(&rows, family).is_some();
    let mut directions = if is_one_sided { Vec::new() } else { screen(&mut rows, family) };
    let mut parameters = vec![0.0; size];
    let mut iterations = 0;
    let (mut converged, mut free) = (true, Vec::new());
    loop {
        free.clear();
        if let Some(sign) = one_sided(&rows, family) {
            // Nothing is left that could tell of other coefficients.
            let mut along = vec![0.0; size];
            along[0] = sign;
            directions.extend(separates(&mut rows, family, &along));
            status.iter_mut().for_each(|status| *status = Status::Undetermined);
            break;
        }
        if rows.len() == 0 {
            status.iter_mut().for_each(|status| *status = Status::Undetermined);
            break;
        }
        for (column, dependence) in dependent(&rows.moments(), size).into_iter().enumerate() {
            status[column] = match dependence {
                Dependence::Free => Status::Estimated,
                Dependence::Constant => Status::Constant,
                Dependence::Collinear => Status::Collinear,
            };
        }
        free.extend((1..size).filter(|&place| status[place] == Status::Estimated).map(|place| place - 1));
        let mut reduced = rows.of_columns(&free);
        let start = start(&reduced, family);
        let ended = newton(&mut reduced, family, 0.0, start, go_on)?;
        iterations += ended.iterations;
        converged = ended.converged;
        if let Some(direction) = ended.direction {
            let mut along = vec![0.0; size];
            along[0] = direction.along[0];
            free.iter().zip(&direction.along[1..]).for_each(|(&column, d)| along[column + 1] = *d);
            if let Some(found) = separates(&mut rows, family, &along) {
                directions.push(found);
                directions.extend(screen(&mut rows, family));
                continue;
            }
        }
        parameters[0] = ended.parameters[0];
        free.iter().zip(&ended.parameters[1..]).for_each(|(&column, w)| parameters[column + 1] = *w);
        break;
    }
    let mut signs = vec![0.0; size];
    for (place, sign) in directions.iter().flat_map(Direction::coefficients) {
        status[place] = Status::Separated;
        signs[place] = sign;
    }
    let covariance = if free.is_empty() && status[0] != Status::Estimated {
        None
    } else {
        let reduced = rows.of_columns(&free);
        let mut own = vec![parameters[0]];
        own.extend(free.iter().map(|&column| parameters[column + 1]));
        let mut hessian = reduced.expand(family, &own).hessian;
        factorise(&mut hessian, own.len()).then(|| inverse(&hessian, own.len()))
    };
    let mut standard_errors = vec![f64::NAN; size];
    if let Some(covariance) = covariance {
        let places = std::iter::once(0).chain(free.iter().map(|column| column + 1));
        for (i, place) in places.enumerate().filter(|(_, place)| status[*place] == Status::Estimated) {
            standard_errors[place] = covariance[i * (free.len() + 1) + i].sqrt();
        }
    }
    let loss = if rows.len() == 0 { 0.0 } else { rows.loss(family, &parameters) };
    let gradient = rows.expand(family, &parameters).gradient;
    let largest = free.iter().map(|column| column + 1).chain([0]).fold(0.0f64, |most, i| most.max(gradient[i].abs()));
    stand_in(&mut parameters, &directions);
    Ok(Optimum {
        parameters,
        signs,
        standard_errors,
        loss,
        iterations,
        converged,
        kkt_violation: largest / all.total_bins(),
        degrees_of_freedom: status.iter().filter(|s| matches!(s, Status::Estimated | Status::Separated)).count() as f64,
        status,
    })
}

/// With a penalty of n strength |w|^2 / 2, n being the number of bins.
pub(super) fn ridge(
    rows: &Rows,
    family: Family,
    strength: f64,
    start_at: Option<&[f64]>,
    go_on: &dyn Fn() -> bool,
) -> Result<Optimum, FitError> {
    if let Some(sign) = one_sided(rows, family) {
        return Ok(silent(rows, family, sign));
    }
    let (size, stiffness) = (rows.columns + 1, strength * rows.total_bins());
    let start = start_at.map_or_else(|| start(rows, family), <[f64]>::to_vec);
    let mut own = rows.clone();
    let ended = newton(&mut own, family, stiffness, start, go_on)?;
    let plain = rows.expand(family, &ended.parameters);
    let penalised = stiffened(&plain, &ended.parameters, stiffness);
    let mut factor = penalised.hessian;
    let mut standard_errors = vec![f64::NAN; size];
    let mut degrees_of_freedom = f64::NAN;
    if factorise(&mut factor, size) {
        let covariance = inverse(&factor, size);
        standard_errors = (0..size).map(|i| covariance[i * size + i].sqrt()).collect();
        // The trace of H (H + n strength)^-1.
        degrees_of_freedom = size as f64 - stiffness * (1..size).map(|i| covariance[i * size + i]).sum::<f64>();
    }
    let largest = penalised.gradient.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
    Ok(Optimum {
        signs: vec![0.0; size],
        standard_errors,
        loss: plain.loss,
        iterations: ended.iterations,
        converged: ended.converged,
        kkt_violation: largest / rows.total_bins(),
        degrees_of_freedom,
        status: vec![Status::Estimated; size],
        parameters: ended.parameters,
    })
}

/// The sign of the intercept's infinity where no bin has a spike, or each has all that it can have.
pub(super) fn one_sided(rows: &Rows, family: Family) -> Option<f64> {
    let (bins, spikes) = (rows.total_bins(), rows.total_spikes());
    if bins == 0.0 {
        None
    } else if spikes == 0.0 {
        Some(-1.0)
    } else {
        (family.is_binary() && spikes == bins).then_some(1.0)
    }
}

/// The optimum of a penalised fit without a spike, or with nothing else.
pub(super) fn silent(rows: &Rows, family: Family, sign: f64) -> Optimum {
    let size = rows.columns + 1;
    let mut along = vec![0.0; size];
    along[0] = sign;
    let mut parameters = vec![0.0; size];
    let mut status = vec![Status::Undetermined; size];
    status[0] = Status::Separated;
    let directions: Vec<Direction> = separates(&mut rows.clone(), family, &along).into_iter().collect();
    stand_in(&mut parameters, &directions);
    Optimum {
        parameters,
        signs: along,
        standard_errors: vec![f64::NAN; size],
        loss: 0.0,
        iterations: 0,
        converged: true,
        kkt_violation: 0.0,
        degrees_of_freedom: 1.0,
        status,
    }
}

/// Where a fit begins: the mean count, and no effect of any feature.
pub(super) fn start(rows: &Rows, family: Family) -> Vec<f64> {
    let (bins, spikes) = (rows.total_bins(), rows.total_spikes());
    // Half a spike away from what has no finite drive.
    let most = if family.is_binary() { bins - 0.5 } else { f64::INFINITY };
    let mut start = vec![0.0; rows.columns + 1];
    start[0] = family.link(spikes.clamp(0.5, most.max(0.5)) / bins.max(1.0));
    start
}

/// `stiffness` |w|^2 / 2 is added to the loss.
fn newton(
    rows: &mut Rows,
    family: Family,
    stiffness: f64,
    mut parameters: Vec<f64>,
    go_on: &dyn Fn() -> bool,
) -> Result<Ended, FitError> {
    let size = parameters.len();
    let mut here = stiffened(&rows.expand(family, &parameters), &parameters, stiffness);
    let mut decrement_before = f64::INFINITY;
    for iteration in 1..=MOST_ITERATIONS {
        if !go_on() {
            return Err(FitError::Cancelled);
        }
        let Some(step) = step_of(&here, size) else {
            return Ok(Ended { parameters, iterations: iteration, converged: false, direction: None });
        };
        let slope: f64 = step.iter().zip(&here.gradient).map(|(d, g)| d * g).sum();
        let decrement = (-slope).max(0.0).sqrt();
        // Along a direction that separates, the loss and so the decrement fall by a factor each step, never faster.
        let crawls = iteration > 6 && decrement < 10.0 && decrement > 0.3 * decrement_before;
        if crawls
            && stiffness == 0.0
            && let Some(direction) = separates(rows, family, &step)
        {
            return Ok(Ended { parameters, iterations: iteration, converged: false, direction: Some(direction) });
        }
        decrement_before = decrement;
        let mut length = 1.0;
        let (moved, there) = loop {
            let moved: Vec<f64> = parameters.iter().zip(&step).map(|(p, d)| p + length * d).collect();
            let there = stiffened(&rows.expand(family, &moved), &moved, stiffness);
            // Losses are sums, known to some digits.
            if there.loss <= here.loss + 1e-4 * length * slope + 1e-13 * here.loss.abs() {
                break (moved, there);
            }
            length *= 0.5;
            if length < 1e-10 {
                return Ok(Ended { parameters, iterations: iteration, converged: decrement < 1e-6, direction: None });
            }
        };
        (parameters, here) = (moved, there);
        if decrement < DECREMENT {
            return Ok(Ended { parameters, iterations: iteration, converged: true, direction: None });
        }
    }
    Ok(Ended { parameters, iterations: MOST_ITERATIONS, converged: false, direction: None })
}

fn stiffened(plain: &Expansion, parameters: &[f64], stiffness: f64) -> Expansion {
    let mut found = plain.clone();
    for (place, w) in parameters.iter().enumerate().skip(1) {
        found.loss += 0.5 * stiffness * w * w;
        found.gradient[place] += stiffness * w;
        found.hessian[place * parameters.len() + place] += stiffness;
    }
    found
}

/// Newton's step; where the curvature has vanished in some direction, a little is added.
fn step_of(here: &Expansion, size: usize) -> Option<Vec<f64>> {
    let mut added = 0.0;
    for _ in 0..20 {
        let mut factor = here.hessian.clone();
        (0..size).for_each(|i| factor[i * size + i] *= 1.0 + added);
        if factorise(&mut factor, size) {
            let mut step: Vec<f64> = here.gradient.iter().map(|g| -g).collect();
            solve(&factor, size, &mut step);
            return Some(step);
        }
        added = if added == 0.0 { 1e-14 } else { added * 10.0 };
    }
    None
}
