//! The terms of the cost and their derivatives.

use super::adjoint;
use super::forward::{self, Trajectory};
use super::problem::{ControlError, Prepared};
use crate::Model;

/// What a control costs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// w_p/2 dt sum M (x - target)^2, mean over the sets.
    pub precision: f64,
    /// w_2/2 dt sum u^2.
    pub energy: f64,
    /// w_1D sum sqrt(dt sum_t u^2).
    pub sparsity: f64,
}

impl Costs {
    /// F.
    pub fn total(&self) -> f64 {
        self.precision + self.energy + self.sparsity
    }
}

/// Costs and gradients of a problem, with room that is used again.
pub(super) struct Evaluation<'a, M> {
    prepared: &'a Prepared<'a, M>,
    trajectory: Trajectory,
}

impl<'a, M: Model> Evaluation<'a, M> {
    pub(super) fn new(prepared: &'a Prepared<'a, M>) -> Self {
        Self { prepared, trajectory: Trajectory::default() }
    }

    pub(super) fn costs(&mut self, control: &[f64], proceed: &mut dyn FnMut() -> bool) -> Result<Costs, ControlError> {
        let sets = self.prepared.starts.len();
        let mut precision = 0.0;
        for set in 0..sets {
            forward::run(self.prepared, set, control, &mut self.trajectory, proceed)?;
            precision += self.precision();
        }
        Ok(self.with_control(precision / sets as f64, control))
    }

    pub(super) fn gradient(
        &mut self,
        control: &[f64],
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<(Costs, Vec<f64>), ControlError> {
        let sets = self.prepared.starts.len();
        let mut precision = 0.0;
        let mut gradient = vec![0.0; control.len()];
        let mut pull = vec![0.0; self.prepared.problem.objective.target.len()];
        for set in 0..sets {
            forward::run(self.prepared, set, control, &mut self.trajectory, proceed)?;
            precision += self.precision();
            self.pull(&mut pull);
            adjoint::sweep(self.prepared, set, control, &self.trajectory, &pull, &mut gradient, proceed)?;
        }
        gradient.iter_mut().for_each(|slope| *slope /= sets as f64);
        self.finish(control, &mut gradient)?;
        Ok((self.with_control(precision / sets as f64, control), gradient))
    }

    pub(super) fn response(
        &mut self,
        set: usize,
        control: &[f64],
        proceed: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<f64>, ControlError> {
        forward::run(self.prepared, set, control, &mut self.trajectory, proceed)?;
        Ok(self.trajectory.outputs.clone())
    }

    fn precision(&self) -> f64 {
        let problem = self.prepared.problem;
        let (steps, objective) = (problem.steps, &problem.objective);
        let mut sum = 0.0;
        for (row, &weight) in objective.matrix.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            for k in objective.interval.clone() {
                let missed = self.trajectory.outputs[row * steps + k] - objective.target[row * steps + k];
                sum += weight * (missed * missed);
            }
        }
        0.5 * objective.precision * sum * problem.time_step_ms
    }

    /// The derivatives of the precision.
    fn pull(&self, pull: &mut [f64]) {
        let problem = self.prepared.problem;
        let (steps, objective) = (problem.steps, &problem.objective);
        for (row, &weight) in objective.matrix.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            let factor = objective.precision * weight * problem.time_step_ms;
            for k in objective.interval.clone() {
                let at = row * steps + k;
                pull[at] = factor * (self.trajectory.outputs[at] - objective.target[at]);
            }
        }
    }

    fn with_control(&self, precision: f64, control: &[f64]) -> Costs {
        let problem = self.prepared.problem;
        let (dt, objective) = (problem.time_step_ms, &problem.objective);
        let squares: Vec<f64> = control.chunks(problem.steps).map(|u| u.iter().map(|u| u * u).sum::<f64>()).collect();
        Costs {
            precision,
            energy: 0.5 * objective.energy * dt * squares.iter().sum::<f64>(),
            sparsity: objective.sparsity * squares.iter().map(|square| (square * dt).sqrt()).sum::<f64>(),
        }
    }

    /// From dF/du of the precision to 1/dt dF/du of all, where there is control.
    fn finish(&self, control: &[f64], gradient: &mut [f64]) -> Result<(), ControlError> {
        let Prepared { problem, description, nodes, .. } = self.prepared;
        let (steps, dt, objective, actuators) =
            (problem.steps, problem.time_step_ms, &problem.objective, &problem.actuators);
        let rows = gradient.chunks_mut(steps).zip(control.chunks(steps)).enumerate();
        for (row, (slopes, control)) in rows {
            for (k, (slope, u)) in slopes.iter_mut().zip(control).enumerate() {
                let controlled = actuators.matrix[row] && actuators.interval.contains(&k);
                *slope = if controlled { *slope / dt + objective.energy * u } else { 0.0 };
                if !slope.is_finite() {
                    return Err(ControlError::Value {
                        what: "gradient",
                        variable: description.inputs[row / nodes].name,
                        node: row % nodes,
                        step: k,
                        value: *slope,
                        allowed: "the cost has no derivative there that is a number".to_owned(),
                    });
                }
            }
            let size = |values: &[f64]| (dt * values.iter().map(|v| v * v).sum::<f64>()).sqrt();
            let strength = size(control);
            if strength > 0.0 {
                let factor = objective.sparsity / strength;
                slopes.iter_mut().zip(control).for_each(|(slope, u)| *slope += factor * u);
            } else {
                // Of all derivatives that a norm has at 0 the one that makes the gradient shortest.
                let pull = size(slopes);
                let left = if pull > objective.sparsity { 1.0 - objective.sparsity / pull } else { 0.0 };
                let factor = if objective.sparsity == 0.0 { 1.0 } else { left };
                slopes.iter_mut().for_each(|slope| *slope *= factor);
            }
        }
        Ok(())
    }
}
