//! `potential.kernels`: dipole moments and potentials that follow one presynaptic spike ([`lapicque_potential::kernels`]).
//!
//! Probabilities, weights, delays and external input are those of the network; what a network of point neurons has not is of
//! Hagen et al. (2022), and a note says so ([`lapicque_potential::kernels::KernelParameters::from_network`]).
//! Without a column of parameters that it reads, a pipeline has one table of kernels; with one, each sample has its own.

use lapicque_network::Network;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, PortMode, PortSpec, Ports, Read, SampleError,
    SampleOutput, Stage, each_sample,
};
use lapicque_potential::kernels::{Kernel, KernelParameters, predict};
use lapicque_schemas::tables::kernels::{self, KernelRow};
use lapicque_schemas::tables::parameters;
use serde_json::{Value, json};

use super::kernel_config::{Config, fixed, given};
use super::kernel_network::{KernelRule, rounded_delays};
use super::kernel_settings::{canonical, canonical_of_cells, canonical_of_fixed, get, set, settings};
use crate::kind_config::{read, schema_of};
use crate::swept_network::{SweptColumn, SweptNetwork, open};

const REVISION: u32 = 2;
const PORTS: &[PortSpec] =
    &[PortSpec { name: "parameters", table: parameters::TABLE, mode: PortMode::Either, required: false }];

pub(super) struct Kernels;

struct KernelsStage {
    bound: Bound,
    rule: KernelRule,
    network: SweptNetwork,
    /// Of settings of the cells.
    columns: Vec<SweptColumn>,
}

impl Kind for Kernels {
    fn name(&self) -> &str {
        "potential.kernels"
    }

    fn summary(&self) -> &str {
        "Predict the dipole moment and potential that follow one spike of each population"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let mut problems = Vec::new();
        let given = given(&config).map_err(|found| problems.extend(found)).unwrap_or_default();
        let fixed =
            fixed(&config).map_err(|found| problems.extend(found)).unwrap_or_else(|()| KernelParameters::hagen());
        let mut notes = Vec::new();
        let table = request.input("parameters").map(|input| &input.schema);
        let file = open(request, "network", &config.network)?;
        let of_network = |message: String| vec![ConfigError::at("network", message)];
        let rule = KernelRule::new(&file, given, fixed).map_err(of_network)?;
        let network = SweptNetwork::new(file, &config.parameters, table, &mut notes)
            .map_err(|found| problems.extend(found))
            .ok()
            .filter(|_| problems.is_empty());
        let Some(mut network) = network else {
            return Err(problems);
        };
        let parameters = rule.parameters(network.base(), &[]).map_err(|message| of_network_or_weight(&message))?;
        let mut columns = Vec::new();
        for setting in settings(&parameters) {
            match SweptColumn::find(table, &setting.path, setting.unit, &mut notes) {
                Ok(column) => columns.extend(column),
                Err(error) => problems.push(error),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let swept: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        leave_out_idle_columns(&mut network, &rule, &parameters, &swept, &mut notes);
        let paths: Vec<String> = network.column_names().chain(swept.iter().cloned()).collect();
        if table.is_some() && paths.is_empty() {
            notes.push(
                "no column of the input `parameters` is a value of the kernels: they are the same for all samples"
                    .to_owned(),
            );
        }
        notes.extend(rule.remarks(network.base(), &parameters, &swept));
        let canonical = match paths.is_empty() {
            true => canonical(&parameters),
            false => canonical_of_sweep(&network, &rule),
        };
        let outputs = vec![Output::new("kernels", kernels::schema())];
        let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
        bound.reads = request.inputs.iter().map(|input| Read::columns(&input.port, paths.iter().cloned())).collect();
        bound.accepts = network.names();
        bound.accepts.extend(settings(&parameters).into_iter().map(|setting| setting.path));
        bound.notes = notes;
        Ok(Box::new(KernelsStage { bound, rule, network, columns }))
    }
}

/// The field that a message begins with, or the network.
fn of_network_or_weight(message: &str) -> Vec<ConfigError> {
    let path = message.strip_prefix('`').and_then(|rest| rest.split_once('`')).map(|(path, _)| path);
    let own = path.filter(|path| path.starts_with("weights.") || path.ends_with(".external_synapses"));
    vec![ConfigError::at(own.unwrap_or("network"), message)]
}

/// A column that changes no kernel is not read, with a remark.
fn leave_out_idle_columns(
    network: &mut SweptNetwork,
    rule: &KernelRule,
    parameters: &KernelParameters,
    swept: &[String],
    notes: &mut Vec<String>,
) {
    // What columns set is given, whatever the network says.
    let set_by_columns: Vec<(String, f64)> =
        swept.iter().filter_map(|path| Some((path.clone(), get(parameters, path)?))).collect();
    let idle = |name: &str| {
        let nudged = network.nudged(name).and_then(|nudged| rule.parameters(&nudged, &set_by_columns).ok());
        nudged.is_some_and(|nudged| nudged == *parameters)
    };
    let idle: Vec<String> = network.column_names().filter(|name| idle(name)).collect();
    notes.extend(idle.iter().map(|name| format!("the column `{name}` has no part in the kernels, and is not read")));
    network.retain_columns(|name| !idle.iter().any(|idle| idle == name));
}

/// Where columns set values: what they are set in.
fn canonical_of_sweep(network: &SweptNetwork, rule: &KernelRule) -> Value {
    let mut canonical = network.canonical();
    let mut cells = KernelParameters::hagen();
    for (path, value) in &rule.given {
        // A setting that only this network lacks was refused before.
        let _ = set(&mut cells, path, *value);
    }
    canonical["given"] = rule.given.iter().map(|(path, _)| json!(path)).collect();
    if rule.is_relative() {
        canonical["fitted_to"] = json!("hagen2022");
    }
    let cells = canonical_of_cells(&cells).into_iter();
    for (field, value) in cells.chain(canonical_of_fixed(&rule.fixed)) {
        canonical[field.as_str()] = value;
    }
    canonical
}

impl KernelsStage {
    /// The network and the settings of one sample.
    fn of_sample(&self, batch: &Batch, sample: usize) -> Result<(Network, Vec<(String, f64)>), SampleError> {
        let table = batch.table(sample, "parameters");
        let network = self.network.of_sample(table)?;
        let mut set = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let table = table.ok_or_else(|| SampleError::internal("no input `parameters`"))?;
            set.push((column.name.clone(), column.value(table)?));
        }
        Ok((network, set))
    }
}

impl Stage for KernelsStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let (network, set_by_columns) = self.of_sample(batch, sample)?;
            let parameters = self.rule.parameters(&network, &set_by_columns).map_err(SampleError::input)?;
            let kernels = predict(&parameters).map_err(SampleError::input)?;
            let rows: Vec<KernelRow> = kernels.into_iter().map(row).collect();
            let mut notes = rounded_delays(&network, parameters.dt_ms);
            notes.retain(|note| !self.bound.notes.contains(note));
            let tables = vec![kernels::write(&rows).map_err(SampleError::internal)?];
            Ok(SampleOutput { tables, notes })
        })
    }
}

fn row(kernel: Kernel) -> KernelRow {
    KernelRow {
        pre: kernel.pre,
        post: kernel.post,
        channel: kernel.probe.channel(),
        probe: kernel.probe.name().to_owned(),
        contact_z_um: kernel.probe.contact_z_um(),
        unit: kernel.probe.unit().to_owned(),
        t0_ms: 0.0,
        dt_ms: kernel.dt_ms,
        values: kernel.values,
    }
}
