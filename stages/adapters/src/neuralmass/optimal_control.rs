//! `neuralmass.optimal_control`: inputs that bring neural masses close to a target at little cost
//! ([`lapicque_neuralmass::control`]).
//!
//! | output | rows |
//! |---|---|
//! | `control_INPUT` of each controlled input | a signal for each node; its value at k dt acts until (k + 1) dt |
//! | `costs` | a row for each iteration |
//! | `OUTPUT`, each of `record` | what nodes do under control, at (k + 1) dt; realisations of noise are epochs |
//! | `gradient_INPUT` of each controlled input | derivative of the cost by that control, over dt; 0 without control |
//!
//! First values that are not set, and noise, are drawn for each sample, as for any stage from all of its inputs:
//! another target means other ones. The noise of all iterations is the same.

use std::ops::Range;

use lapicque_neuralmass::control::{Actuators, ControlError, Objective, Problem, solve};
use lapicque_neuralmass::delays::rounded_within;
use lapicque_neuralmass::registry::{AnyModel, RegistryError};
use lapicque_neuralmass::settings::ModelSettings;
use lapicque_neuralmass::simulation::SimulationError;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput, Stage,
};
use lapicque_schemas::tables::{connectome, parameters, signals};
use lapicque_units::write_number;
use rayon::prelude::*;
use serde_json::json;

use super::control_config::Config;
use super::control_plan::{Plan, plan};
use super::control_problem::{ControlProblem, WEIGHTS};
use super::control_tables::costs_schema;
use super::control_target::{Aim, Target};
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::simulate::coupled::{Connectome, Coupled};
use crate::simulate::neural_mass::check_coupling;
use crate::simulate::seed::read_seed;
use crate::simulate::stepping::told_with_labels;
use crate::swept::Swept;

const REVISION: u32 = 1;
const PURPOSE: &str = "neuralmass.optimal_control";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectome", connectome::TABLE, PortMode::Either, false),
    PortSpec::new("target", signals::TABLE, PortMode::Either, false),
];
/// Fields of the configuration that cannot be columns.
const CONSTANT: [&str; 2] = ["time_step", "duration"];
/// Nodes of a connectome that is not known yet.
const USUAL_NODES: usize = 100;
/// What the samples of a batch may need.
const BATCH_BYTES: f64 = (2_u64 << 30) as f64;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "neuralmass.optimal_control",
    summary: "Find the inputs that bring neural masses closest to a target at the least cost (exact gradient)",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct ControlStage {
    bound: Bound,
    values: Swept<ControlProblem>,
    plan: Plan,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let run = config.of_run()?;
    let model = AnyModel::new(run.model(), run.options(), 1).map_err(|error| {
        let field = if matches!(error, RegistryError::Coupling(_)) { "coupling" } else { "compat" };
        vec![ConfigError::at(field, error)]
    })?;
    let description = model.description();
    let is_coupled = request.input("connectome").is_some();
    check_coupling(&run, &description, is_coupled)?;
    let fixed = run.fixed(&description)?;
    if let Some(path) = fixed.values.keys().find(|path| WEIGHTS.contains(&path.as_str())) {
        return problem(&format!("parameters.{path}"), format!("it is a field of its own, `{path}`"));
    }
    let mut notes = Vec::new();
    let problem_of = ControlProblem { model: ModelSettings::new(description.clone()), weights: weights(&config)? };
    let values = Swept::bind(problem_of, &fixed.values, request, &mut notes)
        .map_err(|problems| fixed.at_their_fields(problems))?;
    let given = [config.cost.precision, config.cost.energy, config.cost.sparsity];
    let table = request.input("parameters").map(|input| &input.schema);
    for name in table.into_iter().flat_map(|table| table.column_names()) {
        if CONSTANT.contains(&name) {
            let message = format!("`{name}` cannot be swept: it is the same for all samples");
            return problem("inputs.parameters", message);
        }
        if WEIGHTS.iter().zip(given).any(|(weight, given)| *weight == name && given.is_some()) {
            let message = format!("a column and the configuration both set `{name}`; leave one of them out");
            return problem("inputs.parameters", message);
        }
    }
    let plan = plan(&config, model, request.input("target").is_some(), &values)?;
    let nodes = if is_coupled { 2 } else { 1 };
    plan.affordable(nodes, 0).or_else(|message| problem("duration", message))?;

    let name_of_input = |place: &usize| description.inputs[*place].name;
    let controls = plan
        .controlled
        .iter()
        .map(|place| Output::new(&format!("control_{}", name_of_input(place)), signals::schema()));
    let recorded = plan.record.iter().map(|place| Output::new(description.outputs[*place].name, signals::schema()));
    let gradients = plan
        .controlled
        .iter()
        .map(|place| Output::new(&format!("gradient_{}", name_of_input(place)), signals::schema()));
    let outputs: Vec<Output> =
        controls.chain([Output::new("costs", costs_schema())]).chain(recorded).chain(gradients).collect();
    let mut bound = Bound::new(REVISION, canonical(&config, &plan, &values)?, request.inputs, outputs);
    for (port, schema) in [("connectome", connectome::schema()), ("target", signals::schema())] {
        for read in bound.reads.iter_mut().filter(|read| read.port == port) {
            *read = Read::columns(port, schema.column_names().map(str::to_owned));
        }
    }
    values.declare(&mut bound);
    read_seed(&mut bound, table);
    bound.random = true;
    let nodes = if is_coupled { USUAL_NODES } else { 1 };
    let iterations = (plan.descent.iterations + 1) as f64;
    bound.work = Some(f64::from(plan.steps) * nodes as f64 * iterations * plan.realisations as f64);
    bound.most_per_batch = Some((BATCH_BYTES / plan.bytes(nodes, 0).max(1.0)).max(1.0) as usize);
    bound.notes = notes;
    Ok(Box::new(ControlStage { bound, values, plan }))
}

/// Those of the configuration, checked.
fn weights(config: &Config) -> Result<[f64; 3], Vec<ConfigError>> {
    let cost = &config.cost;
    let weights = [cost.precision.unwrap_or(1.0), cost.energy.unwrap_or(0.0), cost.sparsity.unwrap_or(0.0)];
    for (place, field) in WEIGHTS.iter().enumerate() {
        let entry = ControlProblem::entry_of_weight(&weights, place);
        entry.admits(weights[place]).or_else(|error| problem(field, error))?;
    }
    Ok(weights)
}

fn canonical(
    config: &Config,
    plan: &Plan,
    values: &Swept<ControlProblem>,
) -> Result<serde_json::Value, Vec<ConfigError>> {
    let mut canonical = values.canonical()?;
    let span = |range: &Range<usize>| json!([range.start, range.end]);
    let whole = 0..plan.steps as usize;
    let recorded: Vec<&str> = plan.record.iter().map(|place| plan.description.outputs[*place].name).collect();
    canonical["duration_ms"] = config.duration.value().into();
    canonical["time_step_ms"] = plan.grid.step_ms().into();
    canonical["control"] = json!(config.control);
    canonical["record"] = json!(recorded);
    for (name, value, is_default) in [
        ("control_interval", span(&plan.control_interval), plan.control_interval == whole),
        ("start", json!(config.start), config.start.is_empty()),
        ("targets", json!(config.targets), config.targets.is_empty()),
        ("target_output", json!(plan.target_output), plan.target_output == 0),
        ("cost_interval", span(&plan.cost_interval), plan.cost_interval == whole),
        ("outputs", json!(config.cost.outputs), config.cost.outputs.is_empty()),
        ("descent", json!(config.descent), config.descent == Default::default()),
        ("realisations", json!(config.realisations), config.realisations == 1),
        ("stimuli", json!(config.stimuli), config.stimuli.is_empty()),
        ("coupling", json!(config.coupling), config.coupling.is_none()),
        ("noise", json!(config.noise), config.noise == Default::default()),
        ("compat", json!(config.compat), config.compat.is_none()),
    ] {
        if !is_default {
            canonical[name] = value;
        }
    }
    Ok(canonical)
}

impl Stage for ControlStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let one = |sample: usize| {
            let solved = self.solved(context, batch, sample);
            (context.progress)(1.0);
            solved
        };
        match context.threads < 2 {
            true => (0..batch.samples.len()).map(one).collect(),
            false => (0..batch.samples.len()).into_par_iter().map(one).collect(),
        }
    }
}

impl ControlStage {
    fn solved(&self, context: &Context<'_>, batch: &Batch, sample: usize) -> Result<SampleOutput, SampleError> {
        let plan = &self.plan;
        let values = self.values.of_sample(batch.table(sample, "parameters"))?;
        let coupled = match batch.table(sample, "connectome") {
            None => Coupled::single(),
            Some(table) => Connectome::read(table)?.coupled(
                values.model.speed_mm_per_ms(),
                plan.grid.step_ms(),
                plan.grid.time_ms(plan.steps),
            )?,
        };
        let nodes = coupled.labels.len();
        plan.affordable(nodes, coupled.network.longest_delay()).map_err(SampleError::input)?;
        plan.stimuli.check(&coupled.labels)?;
        let stream = StreamKey::new(batch.samples[sample].stream(PURPOSE));
        let sets = plan.sets(&values.model, &coupled, stream)?;
        let mut notes = coupled.notes.clone();
        let step_ms = plan.grid.step_ms();
        for (name, value, becomes) in rounded_within(&plan.description, &sets[0].parameters, step_ms) {
            let (value, step_ms) = (write_number(value), write_number(step_ms));
            let becomes = becomes as f32;
            notes.push(format!(
                "`{name}`: {value} ms is no whole number of time steps of {step_ms} ms and becomes {becomes} ms"
            ));
        }
        let (matrix, limits) = plan.matrix(&coupled.labels)?;
        let first = plan.first_control(&coupled.labels, stream, &matrix)?;
        let aim = Aim {
            description: &plan.description,
            labels: &coupled.labels,
            grid: plan.grid,
            steps: plan.steps,
            interval: plan.cost_interval.clone(),
            output: plan.target_output,
            weights: &plan.weights,
        };
        let waves = plan.targets.of_nodes(&coupled.labels, stream, |_, _| true)?;
        let target: Target = aim.target(batch.table(sample, "target"), &waves)?;
        notes.extend(target.notes);
        let [precision, energy, sparsity] = values.weights;
        let model = plan.model.of_nodes(nodes);
        let problem = Problem {
            model: &model,
            network: &coupled.network,
            sets: &sets,
            time_step_ms: step_ms,
            noise: plan.noise,
            input_time: plan.stimuli.input_time,
            steps: plan.steps as usize,
            objective: Objective {
                target: &target.values,
                matrix: &target.matrix,
                interval: plan.cost_interval.clone(),
                precision,
                energy,
                sparsity,
            },
            actuators: Actuators { matrix: &matrix, interval: plan.control_interval.clone(), limits: &limits },
        };
        let solved = solve(&problem, &first, plan.descent, &plan.record, &mut || !context.is_cancelled())
            .map_err(|error| told(&error, &coupled))?;
        notes.extend(plan.remark(&solved.descended));
        let tables = plan.tables(&coupled.labels, &solved).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables, notes })
    }
}

/// With labels of nodes for their numbers, and fields of the configuration for their names.
fn told(error: &ControlError, coupled: &Coupled) -> SampleError {
    match error {
        ControlError::Simulation(SimulationError::Cancelled) => SampleError::cancelled(),
        ControlError::Simulation(error) => told_with_labels(error, coupled),
        ControlError::Value { what, variable, node, step, value, allowed } => {
            let label = coupled.labels.get(*node).map_or("", String::as_str);
            SampleError::input(format!(
                "the {what} of `{variable}` of node `{label}` at step {step} is {value}: {allowed}"
            ))
        }
        error => SampleError::input(error),
    }
}
