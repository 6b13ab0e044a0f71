//! Mean activities of binary units that reproduce themselves.

use std::convert::Infallible;
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

use nalgebra::{DMatrix, DVector};
use thiserror::Error;

use crate::network::ParameterError;
use crate::network::checks::{finite, not_negative, one_for_each, out_of_range, shape};
use crate::network::relaxation::{Failure, Limits, Map, relax};
use crate::neuron::Input;

/// Populations of binary units. Matrices have a row for each target and a column for each source.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryParameters {
    /// In the order of rows and columns.
    pub populations: Vec<BinaryPopulation>,
    /// Synapses from each source population onto a unit of each target, >= 0.
    pub in_degree: DMatrix<f64>,
    /// Mean weight, V.
    pub weight_v: DMatrix<f64>,
    /// Standard deviation of the weights over synapses.
    pub weight_sd_v: DMatrix<f64>,
}

/// Like units.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryPopulation {
    /// As in the network.
    pub name: String,
    /// A unit is 1 where its summed input is above.
    pub threshold_v: f64,
    /// Units from outside onto each unit.
    pub drives: Vec<BinaryDrive>,
}

/// Binary units outside of the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinaryDrive {
    /// Units onto each unit.
    pub in_degree: f64,
    /// Of each of them, from 0 to 1.
    pub mean_activity: f64,
    /// Mean weight.
    pub weight_v: f64,
    /// Standard deviation of the weights.
    pub weight_sd_v: f64,
}

/// Self-consistent mean activities.
#[derive(Debug, Clone, PartialEq)]
pub struct BinaryWorkingPoint {
    /// From 0 to 1.
    pub mean_activity: Vec<f64>,
    /// Mean and standard deviation of the summed input.
    pub input: Vec<Input>,
    /// Largest difference between an activity and what it causes.
    pub residual: f64,
    /// Largest real part of the eigenvalues of the Jacobian; stable below 1.
    pub growth: f64,
}

/// Why no mean activities were found.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum BinaryFixedPointError {
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error("activities do not come to rest: after {steps} steps they are {residual} away from what they cause")]
    NotConverged { residual: f64, steps: u32 },
}

const LIMITS: Limits = Limits { residual: 1e-12, steps: 10_000, magnitude: f64::INFINITY };

/// The mean activities that the network relaxes to from `initial` (0 by default).
///
/// # Errors
/// Parameters that are not valid; another number of initial activities than of populations; activities that do not come to rest.
pub fn binary_working_point(
    parameters: &BinaryParameters,
    initial: Option<&[f64]>,
) -> Result<BinaryWorkingPoint, BinaryFixedPointError> {
    parameters.check()?;
    let n = parameters.populations.len();
    let initial = match initial {
        None => DVector::zeros(n),
        Some(activity) => {
            check_activity("initial", activity, n)?;
            DVector::from_column_slice(activity)
        }
    };
    match relax(parameters, initial, &LIMITS) {
        Ok(found) => {
            let mean_activity = found.x.as_slice().to_vec();
            let input = (0..n).map(|i| parameters.input(i, &mean_activity)).collect();
            Ok(BinaryWorkingPoint { mean_activity, input, residual: found.residual, growth: found.growth })
        }
        Err(Failure::Map(never)) => match never {},
        // Activities are at most 1.
        Err(Failure::Diverged { value, .. }) => {
            Err(BinaryFixedPointError::NotConverged { residual: value, steps: LIMITS.steps })
        }
        Err(Failure::NotConverged { residual, steps }) => Err(BinaryFixedPointError::NotConverged { residual, steps }),
    }
}

/// Mean and standard deviation of the input of each population at given mean activities.
///
/// # Errors
/// Parameters that are not valid; another number of activities than of populations; activities outside of 0 to 1.
pub fn binary_input(parameters: &BinaryParameters, mean_activity: &[f64]) -> Result<Vec<Input>, ParameterError> {
    parameters.check()?;
    check_activity("mean_activity", mean_activity, parameters.populations.len())?;
    Ok((0..mean_activity.len()).map(|i| parameters.input(i, mean_activity)).collect())
}

/// Thresholds (V) at which excitation and inhibition of a large network balance at given activities: theta = (K o J) m.
///
/// # Errors
/// Parameters that are not valid; another number of activities than of populations; activities outside of 0 to 1.
pub fn balanced_thresholds(parameters: &BinaryParameters, mean_activity: &[f64]) -> Result<Vec<f64>, ParameterError> {
    parameters.check()?;
    let n = parameters.populations.len();
    check_activity("mean_activity", mean_activity, n)?;
    let of =
        |i: usize| (0..n).map(|j| parameters.in_degree[(i, j)] * parameters.weight_v[(i, j)] * mean_activity[j]).sum();
    Ok((0..n).map(of).collect())
}

impl BinaryParameters {
    /// Whether all values are in their ranges and the matrices fit.
    ///
    /// # Errors
    /// The first value that does not.
    pub fn check(&self) -> Result<(), ParameterError> {
        let populations = self.populations.len();
        if populations == 0 {
            return Err(ParameterError::NoPopulation);
        }
        for population in &self.populations {
            finite(population.threshold_v, || format!("{}.threshold_v", population.name))?;
            for (position, drive) in population.drives.iter().enumerate() {
                let name = |parameter: &str| format!("{}.drives[{position}].{parameter}", population.name);
                not_negative(drive.in_degree, || name("in_degree"))?;
                fraction(drive.mean_activity, || name("mean_activity"))?;
                finite(drive.weight_v, || name("weight_v"))?;
                not_negative(drive.weight_sd_v, || name("weight_sd_v"))?;
            }
        }
        let matrices =
            [("in_degree", &self.in_degree), ("weight_v", &self.weight_v), ("weight_sd_v", &self.weight_sd_v)];
        for (parameter, matrix) in matrices {
            shape(parameter, matrix, populations)?;
            for (position, &value) in matrix.iter().enumerate() {
                // Column by column.
                let (i, j) = (position % populations, position / populations);
                let name = || format!("{parameter}[{}, {}]", self.populations[i].name, self.populations[j].name);
                if parameter == "weight_v" { finite(value, name)? } else { not_negative(value, name)? }
            }
        }
        Ok(())
    }

    fn input(&self, population: usize, activity: &[f64]) -> Input {
        let (mut mean_v, mut variance) = (0.0, 0.0);
        let mut add = |in_degree: f64, weight: f64, sd: f64, activity: f64| {
            mean_v += in_degree * weight * activity;
            variance += in_degree * (weight * weight + sd * sd) * activity * (1.0 - activity);
        };
        for (j, &activity) in activity.iter().enumerate() {
            let at = (population, j);
            add(self.in_degree[at], self.weight_v[at], self.weight_sd_v[at], activity);
        }
        for drive in &self.populations[population].drives {
            add(drive.in_degree, drive.weight_v, drive.weight_sd_v, drive.mean_activity);
        }
        Input { mean_v, sd_v: variance.max(0.0).sqrt() }
    }
}

impl Map for BinaryParameters {
    type Error = Infallible;

    fn value(&self, activity: &[f64], value: &mut [f64]) -> Result<(), Infallible> {
        for (i, population) in self.populations.iter().enumerate() {
            value[i] = mean_activity(self.input(i, activity), population.threshold_v);
        }
        Ok(())
    }

    fn value_and_jacobian(
        &self,
        activity: &[f64],
        value: &mut [f64],
        jacobian: &mut DMatrix<f64>,
    ) -> Result<(), Infallible> {
        self.value(activity, value)?;
        for (i, population) in self.populations.iter().enumerate() {
            let Input { mean_v, sd_v } = self.input(i, activity);
            let distance = (mean_v - population.threshold_v) / sd_v;
            // Without noise the activity is a step.
            let by_mean = if sd_v > 0.0 { (-0.5 * distance * distance).exp() / (TAU.sqrt() * sd_v) } else { 0.0 };
            for (j, &activity) in activity.iter().enumerate() {
                let at = (i, j);
                let second_moment = self.weight_v[at].powi(2) + self.weight_sd_v[at].powi(2);
                let variance_by_activity = self.in_degree[at] * second_moment * (1.0 - 2.0 * activity);
                let by_variance = if by_mean > 0.0 { -by_mean * distance / (2.0 * sd_v) } else { 0.0 };
                jacobian[at] = by_mean * self.in_degree[at] * self.weight_v[at] + by_variance * variance_by_activity;
            }
        }
        Ok(())
    }
}

/// Of one unit; without noise 0, 1, or 1/2 at the threshold.
fn mean_activity(input: Input, threshold_v: f64) -> f64 {
    let above = input.mean_v - threshold_v;
    match input.sd_v > 0.0 {
        true => 0.5 * libm::erfc(-above / input.sd_v * FRAC_1_SQRT_2),
        false if above == 0.0 => 0.5,
        false => f64::from(u8::from(above > 0.0)),
    }
}

fn check_activity(parameter: &'static str, activity: &[f64], populations: usize) -> Result<(), ParameterError> {
    one_for_each(parameter, activity.len(), populations)?;
    activity.iter().try_for_each(|&activity| fraction(activity, || parameter.to_owned()))
}

fn fraction(value: f64, name: impl FnOnce() -> String) -> Result<(), ParameterError> {
    if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(out_of_range(name(), value, "from 0 to 1")) }
}
