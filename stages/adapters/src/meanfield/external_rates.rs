//! `meanfield.external_rates`: rates of the drives that put a network at a given working point
//! ([`lapicque_meanfield::network::external_rates`]; Senk et al. 2020, App F).
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population, drive | | in the order of the network |
//! | rate_hz | Hz | rate of one train of the drive |
//! | population_rate_hz | Hz | rate of the population at the input that is asked for |
//! | mean_input_mV, sd_input_mV | mV | input that is reached if populations have these rates: what is asked for, if there are two free drives of different weights; with one it is the nearest |

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::{ExternalRateError, external_rates};
use lapicque_network::{Drive, Population};
use lapicque_pipeline::{BindRequest, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::imposed_input::ImposedInput;
use super::stage::{Rows, numbers, stage, texts};
use super::theory::{MV, Method, PORTS, Theory, doubts};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.external_rates",
    summary: "Find the rates of external drives that put a network at a given working point",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as senk2020), a network file, or network parameters of NNMT.
    network: String,
    /// Mean of the input that is due, above the resting potential: `10 mV`, `{E: 10 mV, I: 9 mV}`, or a column of this name.
    #[serde(default)]
    mean_input: Option<Value>,
    /// Standard deviation of the input that is due, in the same ways.
    #[serde(default)]
    sd_input: Option<Value>,
    /// Names of drives that keep their rates (default none).
    #[serde(default)]
    fixed_drives: Vec<String>,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["population", "drive"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            Column::new("drive", DataType::Utf8, "name in the network file"),
            number("rate_hz", "rate of one train").unit("Hz"),
            number("population_rate_hz", "stationary rate per neuron at the input that is asked for").unit("Hz"),
            number("mean_input_mV", "mean of the input that is reached").unit("mV"),
            number("sd_input_mV", "standard deviation of the input that is reached").unit("mV"),
        ],
    )
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let theory = Theory::bind(request, &config.network, &config.parameters, config.method, None, &mut notes)?;
    let (mean, sd) = (config.mean_input.as_ref(), config.sd_input.as_ref());
    let Some(target) = ImposedInput::bind(request, mean, sd, theory.base(), &mut notes)? else {
        return problem("mean_input", "with `sd_input` it is the working point that is due, e.g. `10 mV`");
    };
    let drives = trains(&theory);
    if let Some(unknown) = config.fixed_drives.iter().find(|name| drives.iter().flatten().all(|drive| drive != *name)) {
        return problem("fixed_drives", format!("no population has a Poisson drive `{unknown}`"));
    }
    // Networks know their drives by position.
    let mut own = vec![("drives", json!(drives))];
    if !config.fixed_drives.is_empty() {
        own.push(("fixed_drives", json!(config.fixed_drives)));
    }
    let mut bound = theory.bound(REVISION, request, &own, vec![Output::new("external_rates", schema())], notes)?;
    target.declare(&mut bound)?;
    let sought = Sought { theory, target, drives, fixed_drives: config.fixed_drives };
    Ok(stage(bound, move |table, _| sought.rows(table)))
}

/// A working point, and the drives that have to lead to it.
struct Sought {
    theory: Theory,
    target: ImposedInput,
    /// Names of the Poisson drives of each population.
    drives: Vec<Vec<String>>,
    fixed_drives: Vec<String>,
}

/// Names of the Poisson drives of each population.
fn trains(theory: &Theory) -> Vec<Vec<String>> {
    let of = |population: &Population| {
        let drives = population.drives.iter().enumerate();
        let poisson = drives.filter(|(_, drive)| matches!(drive, Drive::Poisson { .. }));
        poisson.map(|(position, _)| theory.file().drive_name(population, position)).collect()
    };
    theory.base().populations.iter().map(of).collect()
}

impl Sought {
    /// With the name that the network file gives a drive.
    fn named(&self, error: ExternalRateError) -> SampleError {
        let ExternalRateError::Negative { population, drive, rate_hz } = &error else {
            return SampleError::input(error);
        };
        let populations = &self.theory.base().populations;
        let names = populations.iter().position(|p| p.name == *population).and_then(|i| self.drives[i].get(*drive));
        match names {
            Some(name) => SampleError::input(format!(
                "the drive `{name}` of `{population}` would need a rate of {rate_hz} Hz: this input cannot be reached so; other `fixed_drives` may help"
            )),
            None => SampleError::input(error),
        }
    }

    fn rows(&self, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
        let (parameters, synapses) = self.theory.terms(self.theory.network(table)?.network())?;
        let target = self.target.of_sample(table)?;
        let is_free = |population: usize, drive: usize| {
            let name = self.drives.get(population).and_then(|names| names.get(drive));
            name.is_none_or(|name| !self.fixed_drives.contains(name))
        };
        let found = external_rates(&parameters, &target, synapses, is_free).map_err(|error| self.named(error))?;
        let mut notes = doubts(&parameters, synapses);
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(b.abs());
        let missed =
            target.iter().zip(&found.input).position(|(a, b)| !near(a.mean_v, b.mean_v) || !near(a.sd_v, b.sd_v));
        if let Some(i) = missed {
            notes.push(format!(
                "population `{}`: its drives cannot reach mean and fluctuation of the input at once",
                parameters.populations[i].name
            ));
        }
        let (mut populations, mut rows) = (Vec::new(), <[Vec<f64>; 4]>::default());
        for (i, population) in parameters.populations.iter().enumerate() {
            for &rate_hz in &found.drives_hz[i] {
                populations.push(&population.name);
                let row = [rate_hz, found.rates_hz[i], found.input[i].mean_v * MV, found.input[i].sd_v * MV];
                rows.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
            }
        }
        let mut columns = vec![texts(populations), texts(self.drives.iter().flatten())];
        columns.extend(rows.map(numbers));
        Ok(Rows::of(columns, notes))
    }
}
