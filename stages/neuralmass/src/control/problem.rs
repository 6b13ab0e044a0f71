//! What is asked for, and what of it is refused.

use std::ops::Range;

use crate::network::{MEMORY_LIMIT_BYTES, Network};
use crate::noise::OrnsteinUhlenbeck;
use crate::simulation::{InputTime, Record, Scheme, Set, Settings, SimulationError, Unpacked, unpack};
use crate::{Description, Model};

/// What is controlled, to what end, and by what means.
#[derive(Debug, Clone)]
pub struct Problem<'a, M> {
    /// Of each node.
    pub model: &'a M,
    /// Of the nodes.
    pub network: &'a Network,
    /// The cost of precision is the mean over these: sets that differ in their noise, their first values or their
    /// parameters. The control is added to their inputs.
    pub sets: &'a [Set],
    /// dt.
    pub time_step_ms: f64,
    /// Of coloured noise.
    pub noise: OrnsteinUhlenbeck,
    /// Of inputs over time that the sets have; the control of step k is always read by step k.
    pub input_time: InputTime,
    /// How many steps.
    pub steps: usize,
    /// To what end.
    pub objective: Objective<'a>,
    /// By what means.
    pub actuators: Actuators<'a>,
}

/// What a control costs.
#[derive(Debug, Clone)]
pub struct Objective<'a> {
    /// `[(output * nodes + node) * steps + k]`, that of time (k + 1) dt; where it does not count it may be anything.
    pub target: &'a [f64],
    /// M, as `[output * nodes + node]`; not below 0.
    pub matrix: &'a [f64],
    /// The k that count.
    pub interval: Range<usize>,
    /// w_p, above 0.
    pub precision: f64,
    /// w_2, not below 0.
    pub energy: f64,
    /// w_1D, not below 0.
    pub sparsity: f64,
}

/// Which inputs are controlled.
#[derive(Debug, Clone)]
pub struct Actuators<'a> {
    /// `[input * nodes + node]`.
    pub matrix: &'a [bool],
    /// The steps in which they are.
    pub interval: Range<usize>,
    /// u_max, in the same order; infinite where there is none.
    pub limits: &'a [f64],
}

impl<'a, M> Problem<'a, M> {
    /// The same with another form of the model.
    pub fn with_model<N>(&self, model: &'a N) -> Problem<'a, N> {
        Problem {
            model,
            network: self.network,
            sets: self.sets,
            time_step_ms: self.time_step_ms,
            noise: self.noise,
            input_time: self.input_time,
            steps: self.steps,
            objective: self.objective.clone(),
            actuators: self.actuators.clone(),
        }
    }
}

/// What is refused or goes wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// In a run.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Nothing to control.
    #[error(
        "optimal control needs at least one set of parameters and one step; there are {sets} sets and {steps} steps"
    )]
    Empty {
        /// How many.
        sets: usize,
        /// How many.
        steps: usize,
    },
    /// Lists that do not fit.
    #[error("`{what}` has {found} values; {expected} are needed")]
    Count {
        /// Which.
        what: &'static str,
        /// What there is.
        found: usize,
        /// What there must be.
        expected: usize,
    },
    /// A number that cannot be meant.
    #[error("`{what}` is {value}: {allowed}")]
    Number {
        /// Which.
        what: &'static str,
        /// What it is.
        value: f64,
        /// In words.
        allowed: &'static str,
    },
    /// Of the precision, or of the control.
    #[error(
        "`{what}` goes from step {} to step {}: it must hold at least one of the {steps} steps and no others",
        .found.start, .found.end
    )]
    Interval {
        /// Which.
        what: &'static str,
        /// What it is.
        found: Range<usize>,
        /// How many there are.
        steps: usize,
    },
    /// A matrix of zeros.
    #[error("`{what}` is 0 everywhere: {meaning}")]
    Nothing {
        /// Which.
        what: &'static str,
        /// In words.
        meaning: &'static str,
    },
    /// Of a target, a control or a gradient.
    #[error("the {what} of `{variable}` of node {node} at step {step} is {value}: {allowed}")]
    Value {
        /// Which.
        what: &'static str,
        /// Of the model.
        variable: &'static str,
        /// Counted from 0.
        node: usize,
        /// Counted from 0.
        step: usize,
        /// What it is.
        value: f64,
        /// In words.
        allowed: String,
    },
    /// All states of a run are kept.
    #[error("{nodes} nodes over {steps} steps need about {gigabytes:.1} GB of memory; the limit is {limit:.1} GB")]
    TooLarge {
        /// How many.
        nodes: usize,
        /// How many.
        steps: usize,
        /// Estimate.
        gigabytes: f64,
        /// Of the estimate.
        limit: f64,
    },
}

/// A problem that has passed the checks.
pub(super) struct Prepared<'a, M> {
    pub problem: &'a Problem<'a, M>,
    pub description: Description,
    pub nodes: usize,
    pub starts: Vec<Unpacked>,
}

impl<M: Model> Prepared<'_, M> {
    /// How many numbers a control has.
    pub(super) fn control_len(&self) -> usize {
        self.description.inputs.len() * self.nodes * self.problem.steps
    }

    pub(super) fn cancelled() -> ControlError {
        SimulationError::Cancelled.into()
    }
}

pub(super) fn prepare<'a, M: Model>(problem: &'a Problem<'a, M>) -> Result<Prepared<'a, M>, ControlError> {
    let (description, nodes, steps) = (problem.model.description(), problem.network.nodes(), problem.steps);
    if problem.sets.is_empty() || steps == 0 {
        return Err(ControlError::Empty { sets: problem.sets.len(), steps });
    }
    refuse_memory(&description, nodes, problem.network.longest_delay(), steps)?;
    check_objective(&description, nodes, steps, &problem.objective)?;
    check_actuators(&description, nodes, steps, &problem.actuators)?;
    let settings = Settings {
        time_step_ms: problem.time_step_ms,
        scheme: Scheme::Euler,
        noise: problem.noise,
        input_time: problem.input_time,
        record: Record { outputs: vec![0], every: 1, average: false },
    };
    let unpacked = |set: &Set| unpack(problem.model, problem.network, set, &settings, steps as u64);
    let starts = problem.sets.iter().map(unpacked).collect::<Result<Vec<_>, _>>()?;
    Ok(Prepared { problem, description, nodes, starts })
}

/// What a descent holds: all states of a run, gradients, controls and targets. Inputs over time come on top.
pub fn memory_bytes(description: &Description, nodes: usize, delay_steps: usize, steps: usize) -> f64 {
    let d = description;
    let per_step = d.states.len() + d.algebraic.len() + d.noise.len() + d.white_noise.len() + 2 * d.sources;
    let per_step = (per_step + 2 * d.outputs.len() + 6 * d.inputs.len()) as f64;
    8.0 * nodes as f64 * (per_step * steps as f64 + (d.sources * delay_steps) as f64)
}

fn refuse_memory(description: &Description, nodes: usize, delay: usize, steps: usize) -> Result<(), ControlError> {
    let bytes = memory_bytes(description, nodes, delay, steps);
    let limit = MEMORY_LIMIT_BYTES as f64;
    if bytes > limit {
        return Err(ControlError::TooLarge { nodes, steps, gigabytes: bytes / 1e9, limit: limit / 1e9 });
    }
    Ok(())
}

fn check_objective(
    description: &Description,
    nodes: usize,
    steps: usize,
    objective: &Objective<'_>,
) -> Result<(), ControlError> {
    let rows = description.outputs.len() * nodes;
    counted("target", objective.target.len(), rows * steps)?;
    counted("cost_matrix", objective.matrix.len(), rows)?;
    within("cost_interval", &objective.interval, steps)?;
    if !(objective.precision.is_finite() && objective.precision > 0.0) {
        let allowed = "it must be a number above 0, or no control would be best";
        return Err(ControlError::Number { what: "precision", value: objective.precision, allowed });
    }
    not_negative("energy", objective.energy)?;
    not_negative("sparsity", objective.sparsity)?;
    objective.matrix.iter().try_for_each(|&weight| not_negative("cost_matrix", weight))?;
    if objective.matrix.iter().all(|&weight| weight == 0.0) {
        return Err(ControlError::Nothing {
            what: "cost_matrix",
            meaning: "no output of any node would have a target",
        });
    }
    for row in (0..rows).filter(|&row| objective.matrix[row] > 0.0) {
        for step in objective.interval.clone() {
            let value = objective.target[row * steps + step];
            if !value.is_finite() {
                return Err(ControlError::Value {
                    what: "target",
                    variable: description.outputs[row / nodes].name,
                    node: row % nodes,
                    step,
                    value,
                    allowed: "it must be a number where the cost matrix is above 0".to_owned(),
                });
            }
        }
    }
    Ok(())
}

fn check_actuators(
    description: &Description,
    nodes: usize,
    steps: usize,
    actuators: &Actuators<'_>,
) -> Result<(), ControlError> {
    counted("control_matrix", actuators.matrix.len(), description.inputs.len() * nodes)?;
    within("control_interval", &actuators.interval, steps)?;
    if !actuators.matrix.contains(&true) {
        return Err(ControlError::Nothing {
            what: "control_matrix",
            meaning: "no input of any node would be controlled",
        });
    }
    counted("limits", actuators.limits.len(), actuators.matrix.len())?;
    match actuators.limits.iter().find(|limit| limit.is_nan() || **limit <= 0.0) {
        Some(&value) => Err(ControlError::Number { what: "limit", value, allowed: "it must be a number above 0" }),
        None => Ok(()),
    }
}

/// A control as it may be: of its length, 0 where nothing is controlled, within its limit.
pub(super) fn check_control<M: Model>(prepared: &Prepared<'_, M>, control: &[f64]) -> Result<(), ControlError> {
    counted("control", control.len(), prepared.control_len())?;
    let (steps, nodes, actuators) = (prepared.problem.steps, prepared.nodes, &prepared.problem.actuators);
    for (place, &value) in control.iter().enumerate() {
        let (row, step) = (place / steps, place % steps);
        let limit = actuators.limits[row];
        let controlled = actuators.matrix[row] && actuators.interval.contains(&step);
        let allowed = if !value.is_finite() {
            "it must be a number".to_owned()
        } else if !controlled && value != 0.0 {
            "it must be 0, because it is not controlled".to_owned()
        } else if value.abs() > limit {
            format!("it must lie between -{limit} and {limit}")
        } else {
            continue;
        };
        let variable = prepared.description.inputs[row / nodes].name;
        return Err(ControlError::Value { what: "control", variable, node: row % nodes, step, value, allowed });
    }
    Ok(())
}

fn counted(what: &'static str, found: usize, expected: usize) -> Result<(), ControlError> {
    if found == expected { Ok(()) } else { Err(ControlError::Count { what, found, expected }) }
}

fn within(what: &'static str, found: &Range<usize>, steps: usize) -> Result<(), ControlError> {
    if found.start < found.end && found.end <= steps {
        return Ok(());
    }
    Err(ControlError::Interval { what, found: found.clone(), steps })
}

fn not_negative(what: &'static str, value: f64) -> Result<(), ControlError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(ControlError::Number { what, value, allowed: "it must be a number, not below 0" })
}
