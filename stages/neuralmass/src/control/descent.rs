//! Descents with a search for the length of each step.

use super::problem::{ControlError, Prepared, Problem, check_control, prepare};
use super::terms::{Costs, Evaluation};
use crate::Model;
use crate::simulation::SimulationError;

/// How often a step is halved, doubled or quartered in one iteration.
const TRIES: usize = 30;

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// At most.
    pub iterations: usize,
    /// Of the first iteration; each other begins with the length that the one before it found.
    pub first_step: f64,
    /// Where to.
    pub along: Along,
    /// It ends with an iteration that lowers the cost by no more than this part of it; 0: by nothing.
    pub tolerance: f64,
}

/// The direction of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Along {
    /// Against the gradient.
    #[default]
    Gradient,
    /// Against the gradient and b times the direction before, b = max(0, g.(g - g_before) / g_before.g_before) (Polak &
    /// Ribiere); against the gradient alone where that would not go down.
    Conjugate,
}

impl Default for Descent {
    fn default() -> Self {
        Self { iterations: 100, first_step: 10.0, along: Along::Gradient, tolerance: 0.0 }
    }
}

/// One iteration; that of number 0 is the begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Iteration {
    /// After it.
    pub costs: Costs,
    /// sqrt(dt sum g^2), after it as well.
    pub gradient: f64,
    /// By which the gradient, or the direction, was multiplied; 0 for the begin.
    pub step: f64,
    /// Runs of all sets that the search took.
    pub tries: usize,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As many iterations as were asked for.
    Iterations,
    /// The last one lowered the cost by less than was asked for.
    Tolerance,
    /// No step along the gradient is better, or the gradient is 0.
    NoImprovement,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Descended {
    /// `[(input * nodes + node) * steps + k]`
    pub control: Vec<f64>,
    /// There, in the same order.
    pub gradient: Vec<f64>,
    /// From the begin on.
    pub history: Vec<Iteration>,
    /// Why there are no more.
    pub ending: Ending,
}

/// Improves a control. Every iteration costs less than the one before it.
///
/// `proceed` says now and then whether to go on.
///
/// # Errors
/// What is refused, a run that fails under the first control, or that it was cancelled.
pub fn descend<M: Model>(
    problem: &Problem<'_, M>,
    first: &[f64],
    descent: Descent,
    proceed: &mut dyn FnMut() -> bool,
) -> Result<Descended, ControlError> {
    if !(descent.first_step.is_finite() && descent.first_step > 0.0) {
        let allowed = "it must be a number above 0";
        return Err(ControlError::Number { what: "first_step", value: descent.first_step, allowed });
    }
    if !(descent.tolerance >= 0.0 && descent.tolerance < 1.0) {
        let allowed = "it must be a number from 0 to below 1";
        return Err(ControlError::Number { what: "tolerance", value: descent.tolerance, allowed });
    }
    let prepared = prepare(problem)?;
    check_control(&prepared, first)?;
    let mut evaluation = Evaluation::new(&prepared);
    let size = |gradient: &[f64]| (problem.time_step_ms * gradient.iter().map(|g| g * g).sum::<f64>()).sqrt();
    let (mut now, mut gradient) = evaluation.gradient(first, proceed)?;
    let mut control = first.to_vec();
    let mut history = vec![Iteration { costs: now, gradient: size(&gradient), step: 0.0, tries: 0 }];
    let mut ending = Ending::Iterations;
    let mut first_step = descent.first_step;
    let mut way = gradient.clone();
    for _ in 0..descent.iterations {
        let (limits, steps) = (problem.actuators.limits, problem.steps);
        let mut direction = Direction { from: &control, way: &way, limits, steps };
        let mut found = search(&mut evaluation, &direction, now.total(), first_step, proceed)?;
        if found.is_none() && way != gradient {
            direction.way = &gradient;
            found = search(&mut evaluation, &direction, now.total(), first_step, proceed)?;
        }
        let Some((step, costs, tries)) = found else {
            ending = Ending::NoImprovement;
            break;
        };
        control = direction.at(step);
        let before = std::mem::replace(&mut gradient, evaluation.gradient(&control, proceed)?.1);
        way = match descent.along {
            Along::Gradient => gradient.clone(),
            Along::Conjugate => conjugate(&gradient, &before, &way),
        };
        history.push(Iteration { costs, gradient: size(&gradient), step, tries });
        let lowered = now.total() - costs.total();
        let least = descent.tolerance * now.total();
        (now, first_step) = (costs, step);
        if lowered <= least {
            ending = Ending::Tolerance;
            break;
        }
    }
    Ok(Descended { control, gradient, history, ending })
}

fn conjugate(gradient: &[f64], before: &[f64], way: &[f64]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = dot(before, before);
    let factor = if size > 0.0 { ((dot(gradient, gradient) - dot(gradient, before)) / size).max(0.0) } else { 0.0 };
    let bent: Vec<f64> = gradient.iter().zip(way).map(|(g, w)| g + factor * w).collect();
    if dot(&bent, gradient) > 0.0 { bent } else { gradient.to_vec() }
}

struct Direction<'a> {
    from: &'a [f64],
    way: &'a [f64],
    /// By rows of so many steps.
    limits: &'a [f64],
    steps: usize,
}

impl Direction<'_> {
    fn at(&self, step: f64) -> Vec<f64> {
        let limits = self.limits.iter().flat_map(|limit| std::iter::repeat_n(*limit, self.steps));
        let there = self.from.iter().zip(self.way).zip(limits);
        there.map(|((u, w), limit)| (u - step * w).clamp(-limit, limit)).collect()
    }
}

/// The first length along halves that improves, then the last along doubles, or else along halves, that still does;
/// with its costs and the number of tries.
fn search<M: Model>(
    evaluation: &mut Evaluation<'_, M>,
    direction: &Direction<'_>,
    before: f64,
    first_step: f64,
    proceed: &mut dyn FnMut() -> bool,
) -> Result<Option<(f64, Costs, usize)>, ControlError> {
    let mut tries = 0;
    let mut attempt = |step: f64| -> Result<Option<Costs>, ControlError> {
        tries += 1;
        match evaluation.costs(&direction.at(step), proceed) {
            Ok(costs) if costs.total().is_finite() => Ok(Some(costs)),
            Ok(_) | Err(ControlError::Simulation(SimulationError::NotFinite { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    };
    if direction.way.iter().all(|&slope| slope == 0.0) {
        return Ok(None);
    }
    let mut step = first_step;
    let mut found = attempt(step)?;
    for _ in 0..TRIES {
        if found.is_some() {
            break;
        }
        step /= 4.0;
        found = attempt(step)?;
    }
    let improves = |found: &Option<Costs>, than: f64| found.filter(|costs| costs.total() < than);
    for _ in 0..TRIES {
        if improves(&found, before).is_some() {
            break;
        }
        step *= 0.5;
        found = attempt(step)?;
    }
    let Some(mut best) = improves(&found, before) else { return Ok(None) };
    // Either way for as long as it gets better.
    for factor in [2.0, 0.5] {
        let start = step;
        for _ in 0..TRIES {
            let Some(better) = improves(&attempt(factor * step)?, best.total()) else { break };
            (step, best) = (factor * step, better);
        }
        if step != start {
            break;
        }
    }
    Ok(Some((step, best, tries)))
}

/// The costs of a control.
///
/// # Errors
/// What is refused, a run that fails, or that it was cancelled.
pub fn costs<M: Model>(
    problem: &Problem<'_, M>,
    control: &[f64],
    proceed: &mut dyn FnMut() -> bool,
) -> Result<Costs, ControlError> {
    with(problem, control, |evaluation| evaluation.costs(control, proceed))
}

/// The costs of a control, and their derivatives dF/du divided by dt, in the order of the control; 0 where nothing is
/// controlled.
///
/// # Errors
/// What is refused, a run that fails, a derivative that is not finite, or that it was cancelled.
pub fn gradient<M: Model>(
    problem: &Problem<'_, M>,
    control: &[f64],
    proceed: &mut dyn FnMut() -> bool,
) -> Result<(Costs, Vec<f64>), ControlError> {
    with(problem, control, |evaluation| evaluation.gradient(control, proceed))
}

/// What a set does under a control: `[(output * nodes + node) * steps + k]`, that of time (k + 1) dt.
///
/// # Errors
/// What is refused, a run that fails, or that it was cancelled.
pub fn respond<M: Model>(
    problem: &Problem<'_, M>,
    set: usize,
    control: &[f64],
    proceed: &mut dyn FnMut() -> bool,
) -> Result<Vec<f64>, ControlError> {
    if set >= problem.sets.len() {
        return Err(ControlError::Count { what: "sets", found: problem.sets.len(), expected: set + 1 });
    }
    with(problem, control, |evaluation| evaluation.response(set, control, proceed))
}

fn with<M: Model, T>(
    problem: &Problem<'_, M>,
    control: &[f64],
    what: impl FnOnce(&mut Evaluation<'_, M>) -> Result<T, ControlError>,
) -> Result<T, ControlError> {
    let prepared: Prepared<'_, M> = prepare(problem)?;
    check_control(&prepared, control)?;
    what(&mut Evaluation::new(&prepared))
}
