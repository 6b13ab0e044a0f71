//! `potential.kernels`: dipole moments and potentials that follow one presynaptic spike ([`lapicque_potential::kernels`]).
//!
//! Without a column of parameters that it reads, a pipeline has one table of kernels; with one, each sample has its own.

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, PortMode, PortSpec, Ports, Read, SampleError,
    SampleOutput, Stage, each_sample,
};
use lapicque_potential::kernels::{Kernel, KernelParameters, predict};
use lapicque_schemas::tables::kernels::{self, KernelRow};
use lapicque_schemas::tables::parameters;
use lapicque_units::{Quantity, Unit};
use serde_json::Value;

use super::kernel_config::{Config, canonical, resolve, set, settings};
use crate::kind_config::{read, schema_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] =
    &[PortSpec { name: "parameters", table: parameters::TABLE, mode: PortMode::Either, required: false }];

pub(super) struct Kernels;

struct KernelsStage {
    bound: Bound,
    parameters: KernelParameters,
    columns: Vec<SetByColumn>,
}

/// A setting that a column of parameters sets.
struct SetByColumn {
    path: String,
    /// Of the column.
    unit: Unit,
    canonical: Unit,
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
        let parameters = resolve(&config, request)?;
        let mut notes = Vec::new();
        let columns = columns(&parameters, request, &mut notes)?;
        let paths: Vec<String> = columns.iter().map(|c| c.path.clone()).collect();
        let mut bound = Bound::new(
            REVISION,
            canonical(&parameters, &paths),
            request.inputs,
            vec![Output::new("kernels", kernels::schema())],
        );
        bound.reads = request.inputs.iter().map(|input| Read::columns(&input.port, paths.iter().cloned())).collect();
        bound.accepts = settings(&parameters).into_iter().map(|s| s.path).collect();
        bound.notes = notes;
        Ok(Box::new(KernelsStage { bound, parameters, columns }))
    }
}

/// The columns of the table of parameters that name a setting.
fn columns(
    parameters: &KernelParameters,
    request: &BindRequest<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<SetByColumn>, Vec<ConfigError>> {
    let Some(input) = request.input("parameters") else {
        return Ok(Vec::new());
    };
    let mut columns = Vec::new();
    let mut problems = Vec::new();
    for setting in settings(parameters) {
        let Some(field) = input.schema.column(&setting.path) else {
            continue;
        };
        if !field.data_type().is_numeric() {
            let message = format!("column `{}` is {}; numbers are due", setting.path, field.data_type());
            problems.push(ConfigError::at("inputs.parameters", message));
            continue;
        }
        let text = input.schema.unit_of(&setting.path).unwrap_or(setting.unit);
        if text == setting.unit && input.schema.unit_of(&setting.path).is_none() && setting.unit != "1" {
            notes.push(format!("column `{}` has no unit: its values are taken in {}", setting.path, setting.unit));
        }
        let units = Unit::parse(text).and_then(|unit| Ok((unit, Unit::parse(setting.unit)?)));
        match units {
            Ok((unit, canonical)) => match Quantity::new(1.0, unit.clone()).to(&canonical) {
                Ok(_) => columns.push(SetByColumn { path: setting.path, unit, canonical }),
                Err(error) => {
                    problems.push(ConfigError::at("inputs.parameters", format!("column `{}`: {error}", setting.path)))
                }
            },
            Err(error) => {
                problems.push(ConfigError::at("inputs.parameters", format!("column `{}`: {error}", setting.path)))
            }
        }
    }
    if columns.is_empty() && problems.is_empty() {
        notes.push(
            "no column of the input `parameters` is a value of the kernels: they are the same for all samples"
                .to_owned(),
        );
    }
    if problems.is_empty() { Ok(columns) } else { Err(problems) }
}

impl KernelsStage {
    fn parameters(&self, batch: &Batch, sample: usize) -> Result<KernelParameters, SampleError> {
        let mut parameters = self.parameters.clone();
        if self.columns.is_empty() {
            return Ok(parameters);
        }
        let table = batch.table(sample, "parameters").ok_or_else(|| SampleError::internal("no input `parameters`"))?;
        if table.num_rows() != 1 {
            return Err(SampleError::input(format!("{} rows of parameters; one is due", table.num_rows())));
        }
        for column in &self.columns {
            let value = parameters::value(table, &column.path).map_err(SampleError::input)?.unwrap_or(f64::NAN);
            let value = Quantity::new(value, column.unit.clone()).to(&column.canonical).map_err(SampleError::input)?;
            set(&mut parameters, &column.path, value).map_err(SampleError::input)?;
        }
        Ok(parameters)
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
            let parameters = self.parameters(batch, sample)?;
            let kernels = predict(&parameters).map_err(SampleError::input)?;
            let rows: Vec<KernelRow> = kernels.into_iter().map(row).collect();
            kernels::write(&rows).map(SampleOutput::of).map_err(SampleError::internal)
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
