//! `potential.kernels`: dipole moments and potentials that follow one presynaptic spike ([`lapicque_potential::kernels`]).
//!
//! Probabilities, weights, delays and external input are those of the network; what a network of point neurons has not is of
//! Hagen et al. (2022), and a note says so ([`lapicque_potential::kernels::KernelParameters::from_network`]).
//! Without a column of parameters that it reads, a pipeline has one table of kernels; with one, each sample has its own.

use std::collections::BTreeMap;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_potential::kernels::{Kernel, KernelParameters, predict};
use lapicque_schemas::tables::kernels::{self, KernelRow};
use lapicque_schemas::tables::parameters;

use super::kernel_config::{Config, fixed, given};
use super::kernel_model::KernelModel;
use super::kernel_network::{KernelRule, rounded_delays};
use crate::kind_config::{SimpleKind, read, schema_of};
use crate::network_model::{NetworkModel, open};
use crate::swept::{Swept, with_fixed};

const REVISION: u32 = 2;
const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false)];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "potential.kernels",
    summary: "Predict the dipole moment and potential that follow one spike of each population",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct KernelsStage {
    bound: Bound,
    swept: Swept<KernelModel>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut problems = Vec::new();
    let given = given(&config).map_err(|found| problems.extend(found)).unwrap_or_default();
    let fixed = fixed(&config).map_err(|found| problems.extend(found)).unwrap_or_else(|()| KernelParameters::hagen());
    let mut notes = Vec::new();
    let file = open(request, "network", &config.network)?;
    let of_network = |message: String| vec![ConfigError::at("network", message)];
    let rule = KernelRule::new(&file, given, fixed).map_err(of_network)?;
    let network = with_fixed(NetworkModel::new(file), &config.parameters)
        .map_err(|found| problems.extend(found))
        .ok()
        .filter(|_| problems.is_empty());
    let Some(network) = network else {
        return Err(problems);
    };
    let model = KernelModel::new(rule, network).map_err(|message| of_network_or_weight(&message))?;
    let mut swept = Swept::bind(model, &BTreeMap::new(), request, &mut notes)?;
    leave_out_idle_columns(&mut swept, &mut notes);
    if !swept.is_swept() {
        swept.base().parameters().check().map_err(|error| of_network(error.to_string()))?;
    }
    if request.input("parameters").is_some() && !swept.is_swept() {
        notes.push(
            "no column of the input `parameters` is a value of the kernels: they are the same for all samples"
                .to_owned(),
        );
    }
    let outputs = vec![Output::new("kernels", kernels::schema())];
    let mut bound = Bound::new(REVISION, swept.canonical()?, request.inputs, outputs);
    swept.declare(&mut bound);
    notes.extend(remarks(&swept));
    bound.notes = notes;
    Ok(Box::new(KernelsStage { bound, swept }))
}

/// The field that a message begins with, or the network.
fn of_network_or_weight(message: &str) -> Vec<ConfigError> {
    let path = message.strip_prefix('`').and_then(|rest| rest.split_once('`')).map(|(path, _)| path);
    let own = path.filter(|path| path.starts_with("weights.") || path.ends_with(".external_synapses"));
    vec![ConfigError::at(own.unwrap_or("network"), message)]
}

/// A column that changes no kernel is not read, with a remark.
fn leave_out_idle_columns(swept: &mut Swept<KernelModel>, notes: &mut Vec<String>) {
    let model = swept.base();
    let (settings, of_network): (Vec<&str>, Vec<&str>) = swept.column_names().partition(|name| model.is_setting(name));
    let idle = of_network.into_iter().filter(|name| model.is_idle(name, &settings));
    let idle: Vec<String> = idle.map(str::to_owned).collect();
    notes.extend(idle.iter().map(|name| format!("the column `{name}` has no part in the kernels, and is not read")));
    swept.retain_columns(|name| !idle.iter().any(|idle| idle == name));
}

/// What of the kernels is not of the network, and what of the network is not in the kernels.
fn remarks(swept: &Swept<KernelModel>) -> Vec<String> {
    let model = swept.base();
    let settings = swept.column_names().filter(|name| model.is_setting(name));
    let settings: Vec<String> = settings.map(str::to_owned).collect();
    model.rule().remarks(model.network().network(), model.parameters(), &settings)
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
            let model = self.swept.of_sample(batch.table(sample, "parameters"))?;
            let parameters = model.parameters();
            let kernels = predict(parameters).map_err(SampleError::input)?;
            let rows: Vec<KernelRow> = kernels.into_iter().map(row).collect();
            let mut notes = rounded_delays(model.network().network(), parameters.dt_ms);
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
