//! What all samples of a problem of optimal control share, and what follows from it for each of them.

use std::ops::Range;

use arrow_array::RecordBatch;
use lapicque_neuralmass::Description;
use lapicque_neuralmass::control::{Descended, Descent, Ending, Solved, memory_bytes};
use lapicque_neuralmass::network::MEMORY_LIMIT_BYTES;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::registry::AnyModel;
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{Scheme, Set, Values};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_schemas::tables::TableError;
use lapicque_units::Settable;

use super::control_config::{Actuator, Config, OutputWeight, interval};
use super::control_problem::ControlProblem;
use super::control_tables::{costs, of_nodes};
use super::control_waves::{Known, Waves, check_node};
use crate::kind_config::problem;
use crate::simulate::coupled::Coupled;
use crate::simulate::driven::Stimuli;
use crate::swept::Swept;

/// What all samples share.
pub(super) struct Plan {
    /// Of one node.
    pub(super) model: AnyModel,
    pub(super) description: Description,
    pub(super) grid: TimeGrid,
    pub(super) steps: u32,
    pub(super) noise: OrnsteinUhlenbeck,
    pub(super) noise_start: NoiseStart,
    pub(super) stimuli: Stimuli,
    pub(super) actuators: Vec<Actuator>,
    /// Places of the inputs that are controlled.
    pub(super) controlled: Vec<usize>,
    pub(super) control_interval: Range<usize>,
    pub(super) start: Waves,
    pub(super) targets: Waves,
    pub(super) target_output: usize,
    pub(super) weights: Vec<OutputWeight>,
    pub(super) cost_interval: Range<usize>,
    pub(super) descent: Descent,
    pub(super) realisations: usize,
    pub(super) record: Vec<usize>,
}

pub(super) fn plan(
    config: &Config,
    model: AnyModel,
    has_table: bool,
    values: &Swept<ControlProblem>,
) -> Result<Plan, Vec<ConfigError>> {
    let run = config.of_run()?;
    let description = model.description();
    let times = config.grid(description.time_step_ms)?;
    let (grid, steps) = times;
    let of_grid = (grid.step_ms(), steps);
    let neurolib = config.compat.map(|_| run.model().input_time(run.options().compat));
    let stimuli = Stimuli::new(&config.stimuli, &description, of_grid, Scheme::Euler, neurolib)?;
    let actuators = config.actuators(&description)?;
    let mut controlled: Vec<usize> = actuators.iter().map(|actuator| actuator.input).collect();
    controlled.sort_unstable();
    controlled.dedup();
    let known = |names: Vec<(&'static str, &'static str)>| Known { model: description.name, names };
    let inputs = known(description.inputs.iter().map(|input| (input.name, input.unit)).collect());
    let outputs = known(description.outputs.iter().map(|output| (output.name, output.unit)).collect());
    let start = Waves::of_inputs(&config.start, &inputs, of_grid)?;
    if let Some((number, place)) = start.places().enumerate().find(|(_, place)| !controlled.contains(place)) {
        let message = format!("`{}` is not controlled", description.inputs[place].name);
        return problem(&format!("start.{number}.input"), message);
    }
    let targets = Waves::of_outputs(&config.targets, &outputs, of_grid)?;
    if !has_table && targets.is_empty() {
        return problem("targets", "there is no target; connect an input `target`, or give waveforms here");
    }
    let target_output = match &config.target_output {
        Some(_) if !has_table => {
            return problem("target_output", "the input `target` is not connected; `targets` name their output");
        }
        Some(name) => match outputs.names.iter().position(|(known, _)| known == name) {
            Some(place) => place,
            None => {
                let all: Vec<&str> = outputs.names.iter().map(|(known, _)| *known).collect();
                let message = format!("{} has no output `{name}`; it has {}", description.name, all.join(", "));
                return problem("target_output", message);
            }
        },
        None => 0,
    };
    let weights = config.output_weights(&description)?;
    if !has_table {
        let has_target = |place: usize| targets.places().any(|of| of == place);
        let weighted = |weight: &OutputWeight| weight.of_all.is_some() || !weight.of_nodes.is_empty();
        if let Some(place) = (0..weights.len()).find(|&place| weighted(&weights[place]) && !has_target(place)) {
            let name = description.outputs[place].name;
            return problem(&format!("cost.outputs.{name}"), format!("`{name}` has no target"));
        }
    }
    if config.realisations == 0 {
        return problem("realisations", "0; it must be at least 1");
    }
    let sweeps_noise = values.column_names().any(|name| name.starts_with("sigma_ou"));
    let base = &values.base().model;
    let is_noisy = base.entries().iter().any(|entry| entry.path == "sigma_ou" && entry.value > 0.0)
        || config.parameters.keys().any(|path| path.starts_with("sigma_ou."))
        || !description.white_noise.is_empty();
    if config.realisations > 1 && !is_noisy && !sweeps_noise {
        return problem("realisations", "there is no noise (`sigma_ou` is 0), so that all would be the same");
    }
    Ok(Plan {
        noise: run.process(),
        noise_start: if config.compat.is_some() { NoiseStart::DefaultMean } else { NoiseStart::Mean },
        stimuli,
        actuators,
        controlled,
        control_interval: interval("control_interval", config.control_interval, times)?,
        start,
        targets,
        target_output,
        weights,
        cost_interval: interval("cost.interval", config.cost.interval, times)?,
        descent: config.descent()?,
        realisations: config.realisations as usize,
        record: run.recorded(&description)?,
        model,
        description,
        grid,
        steps,
    })
}

impl Plan {
    /// What one sample holds.
    pub(super) fn bytes(&self, nodes: usize, delay_steps: usize) -> f64 {
        let steps = self.steps as usize;
        let recorded = 8.0 * (nodes * self.record.len()) as f64 * f64::from(self.steps);
        let of_each = self.stimuli.bytes(nodes) as f64 + 2.0 * recorded;
        memory_bytes(&self.description, nodes, delay_steps, steps) + self.realisations as f64 * of_each
    }

    /// # Errors
    /// Why a sample of so many nodes would not fit.
    pub(super) fn affordable(&self, nodes: usize, delay_steps: usize) -> Result<(), String> {
        let (bytes, values) = (self.bytes(nodes, delay_steps), nodes as f64 * f64::from(self.steps));
        // Offsets of a table count to 2^31.
        let fits = values * (self.realisations as f64) <= f64::from(i32::MAX);
        if bytes <= MEMORY_LIMIT_BYTES as f64 && fits {
            return Ok(());
        }
        Err(format!(
            "all states of {} steps of {nodes} nodes need about {:.1} GB of memory; the limit is {:.1} GB, and 2147483647 values \
             of a table. A shorter `duration` or a longer `time_step` needs less",
            self.steps,
            bytes / 1e9,
            MEMORY_LIMIT_BYTES as f64 / 1e9
        ))
    }

    /// A set for each realisation.
    pub(super) fn sets(
        &self,
        model: &ModelSettings,
        coupled: &Coupled,
        stream: StreamKey,
    ) -> Result<Vec<Set>, SampleError> {
        let mut set = model.of_network(&coupled.labels, stream, self.noise_start).map_err(SampleError::input)?;
        self.stimuli.add_to(&mut set, &coupled.labels, stream)?;
        // Without noise they would be the same.
        let place = self.description.parameters.iter().position(|parameter| parameter.name == "sigma_ou");
        let is_noisy = !self.description.white_noise.is_empty()
            || place.is_some_and(|place| match &set.parameters[place] {
                Values::Same(sigma) => *sigma > 0.0,
                Values::PerNode(sigmas) => sigmas.iter().any(|sigma| *sigma > 0.0),
            });
        let count = if is_noisy { self.realisations } else { 1 };
        let key = stream.derive("noise");
        let further =
            |number: usize| Set { normals: Normals::Key(key.derive(&format!("realisation {number}"))), ..set.clone() };
        let further: Vec<Set> = (1..count).map(further).collect();
        Ok([set].into_iter().chain(further).collect())
    }

    /// What is controlled, and how strongly it may be.
    pub(super) fn matrix(&self, labels: &[String]) -> Result<(Vec<bool>, Vec<f64>), SampleError> {
        let rows = self.description.inputs.len() * labels.len();
        let (mut matrix, mut limits) = (vec![false; rows], vec![f64::INFINITY; rows]);
        for (number, actuator) in self.actuators.iter().enumerate() {
            for label in actuator.nodes.iter().flatten() {
                check_node(&format!("control.{number}.nodes"), label, labels)?;
            }
            for (node, label) in labels.iter().enumerate() {
                if actuator.nodes.as_ref().is_none_or(|nodes| nodes.contains(label)) {
                    let row = actuator.input * labels.len() + node;
                    (matrix[row], limits[row]) = (true, actuator.limit);
                }
            }
        }
        Ok((matrix, limits))
    }

    pub(super) fn first_control(
        &self,
        labels: &[String],
        stream: StreamKey,
        matrix: &[bool],
    ) -> Result<Vec<f64>, SampleError> {
        let (nodes, steps) = (labels.len(), self.steps as usize);
        let mut control = vec![0.0; matrix.len() * steps];
        for wave in self.start.of_nodes(labels, stream, |input, node| matrix[input * nodes + node])? {
            let row = wave.place * nodes + wave.node;
            let to = &mut control[row * steps..(row + 1) * steps];
            to.iter_mut().zip(wave.values).for_each(|(sum, value)| *sum += value);
        }
        Ok(control)
    }

    /// What is worth knowing of how it ended.
    pub(super) fn remark(&self, descended: &Descended) -> Option<String> {
        let (done, most) = (descended.history.len() - 1, self.descent.iterations);
        match descended.ending {
            Ending::Iterations => None,
            Ending::Tolerance => Some(format!(
                "the descent ended with iteration {done} of {most}, which lowered the cost by less than `tolerance`"
            )),
            Ending::NoImprovement => Some(format!(
                "the descent ended after {done} of {most} iterations: no step along the gradient lowers the cost any further"
            )),
        }
    }

    pub(super) fn tables(&self, labels: &[String], solved: &Solved) -> Result<Vec<RecordBatch>, TableError> {
        let (nodes, steps, step_ms) = (labels.len(), self.steps as usize, self.grid.step_ms());
        let size = nodes * steps;
        let mut tables = Vec::new();
        let descended = &solved.descended;
        for &input in &self.controlled {
            let values = &descended.control[input * size..(input + 1) * size];
            tables.push(of_nodes(labels, self.description.inputs[input].unit, (0.0, step_ms), &[values])?);
        }
        tables.push(costs(&descended.history)?);
        for (place, &output) in self.record.iter().enumerate() {
            let values: Vec<&[f64]> =
                solved.responses.iter().map(|response| &response[place * size..(place + 1) * size]).collect();
            tables.push(of_nodes(labels, self.description.outputs[output].unit, (step_ms, step_ms), &values)?);
        }
        for &input in &self.controlled {
            let values = &descended.gradient[input * size..(input + 1) * size];
            tables.push(of_nodes(labels, "1", (0.0, step_ms), &[values])?);
        }
        Ok(tables)
    }
}
