//! `meanfield.low_pass_fit`: the low-pass filter that is nearest to the transfer function of each population
//! ([`lapicque_meanfield::network::fit_low_pass`]; Senk et al. 2020, Fig 5).
//!
//! Two outputs. `low_pass`, a row for each population, h_0/(1 + i omega tau):
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | population | | in the order of the network |
//! | gain | Hz/mV | h_0 |
//! | time_constant_ms | ms | tau |
//! | gain_error, time_constant_error_ms | | standard errors of the fit |
//! | relative_error | | sqrt((d tau/tau)^2 + (d h_0/h_0)^2) |
//! | mean_input_mV, sd_input_mV | mV | input at the working point |
//!
//! `weights`, a row for each connection: target, source and `weight`, tau_m J K h_0, of the network of low-pass units.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::{LowPass, Parameters, fit_low_pass, low_pass_weights};
use lapicque_meanfield::neuron::{Input, Synapses, firing_rate};
use lapicque_network::Network;
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::imposed_input::ImposedInput;
use super::response::{Fields, RefractoryConfig, Response, yes};
use super::stage::{Rows, numbers, stage, texts};
use super::theory::{MV, Method, PORTS, doubts};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 1;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.low_pass_fit",
    summary: "Fit low-pass filters to the transfer functions of populations",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as senk2020), a network file, or network parameters of NNMT.
    network: String,
    /// Where the filter has to be near: a list such as `[1 Hz, 10 Hz, 100 Hz]`, or `{linspace: [1 Hz, 100 Hz, 100]}`.
    frequencies: Value,
    /// Mean of the input, above the resting potential: `10 mV`, `{E: 10 mV, I: 9 mV}`, or a column of this name (default: that of the network's working point).
    #[serde(default)]
    mean_input: Option<Value>,
    /// Standard deviation of the input, in the same ways.
    #[serde(default)]
    sd_input: Option<Value>,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Whether modulations are those of synaptic input, not of a current (default true).
    #[serde(default = "yes")]
    synaptic_filter: bool,
    /// corrected or nnmt (default corrected).
    #[serde(default)]
    refractory: RefractoryConfig,
    /// Values of the network other than its own, by short name or path, e.g. `J_ext: 29.89 pA`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

impl Config {
    fn fields(&self) -> Fields<'_> {
        Fields {
            network: &self.network,
            parameters: &self.parameters,
            method: self.method,
            delays: None,
            frequencies: &self.frequencies,
            synaptic_filter: self.synaptic_filter,
            refractory: self.refractory,
        }
    }
}

fn outputs() -> Vec<Output> {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    let filters = TableSchema::new(
        "table",
        &["population"],
        [
            Column::new("population", DataType::Utf8, "name in the network file"),
            number("gain", "response of the rate to constant input").unit("Hz/mV"),
            number("time_constant_ms", "time constant of the filter").unit("ms"),
            number("gain_error", "standard error of the gain").unit("Hz/mV"),
            number("time_constant_error_ms", "standard error of the time constant").unit("ms"),
            number("relative_error", "both relative errors, squared, added, and the root of it"),
            number("mean_input_mV", "mean of the input").unit("mV"),
            number("sd_input_mV", "standard deviation of the white noise of the input").unit("mV"),
        ],
    );
    let weights = TableSchema::new(
        "table",
        &["target", "source"],
        [
            Column::new("target", DataType::Utf8, "population that receives"),
            Column::new("source", DataType::Utf8, "population that sends"),
            number("weight", "weight of the connection of low-pass units"),
        ],
    );
    vec![Output::new("low_pass", filters), Output::new("weights", weights)]
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let (mean, sd) = (config.mean_input.as_ref(), config.sd_input.as_ref());
    let fit = Fit::bind(request, &config.fields(), mean, sd, &mut notes)?;
    let mut bound = fit.response.bound(REVISION, request, &[], outputs(), notes)?;
    fit.declare(&mut bound)?;
    Ok(stage(bound, move |table, _| rows(&fit, table)))
}

fn rows(fit: &Fit, table: Option<&RecordBatch>) -> Result<Rows, SampleError> {
    let network = fit.response.theory.network(table)?;
    let Fitted { parameters, inputs, filters, notes, .. } = fit.of(table, network.network())?;
    let names = || parameters.populations.iter().map(|population| &population.name);
    let of_filters = |value: fn(&LowPass) -> f64| numbers(filters.iter().map(value));
    let low_pass = vec![
        texts(names()),
        of_filters(|filter| filter.gain_hz_per_v / MV),
        of_filters(|filter| filter.time_constant_s * MS),
        of_filters(|filter| filter.gain_error_hz_per_v / MV),
        of_filters(|filter| filter.time_constant_error_s * MS),
        of_filters(LowPass::relative_error),
        numbers(inputs.iter().map(|input| input.mean_v * MV)),
        numbers(inputs.iter().map(|input| input.sd_v * MV)),
    ];
    let weights = low_pass_weights(&parameters, &filters).map_err(SampleError::input)?;
    let connections = vec![
        texts(names().flat_map(|target| std::iter::repeat_n(target, inputs.len()))),
        texts((0..inputs.len()).flat_map(|_| names())),
        // Row by row: targets first.
        numbers(weights.transpose().iter().copied()),
    ];
    Ok(Rows { tables: vec![low_pass, connections], notes })
}

/// From s to the unit of tables.
const MS: f64 = 1e3;

/// Low-pass filters at the working point of a network, or at an input that is given.
pub(super) struct Fit {
    pub(super) response: Response,
    imposed: Option<ImposedInput>,
}

/// A sample's network with the filters of its populations.
pub(super) struct Fitted {
    pub(super) parameters: Parameters,
    pub(super) synapses: Synapses,
    pub(super) inputs: Vec<Input>,
    pub(super) filters: Vec<LowPass>,
    pub(super) notes: Vec<String>,
}

impl Fit {
    /// Remarks go to `notes`.
    pub(super) fn bind(
        request: &BindRequest<'_>,
        fields: &Fields<'_>,
        mean_input: Option<&Value>,
        sd_input: Option<&Value>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        let response = Response::bind(request, fields, notes)?;
        if response.frequencies_hz.len() < 3 {
            return problem("frequencies", "a fit of two numbers with their errors needs 3 or more");
        }
        let imposed = ImposedInput::bind(request, mean_input, sd_input, response.theory.base(), notes)?;
        Ok(Self { response, imposed })
    }

    /// Adds the imposed input to what a stage declares.
    pub(super) fn declare(&self, bound: &mut Bound) -> Result<(), Vec<ConfigError>> {
        self.imposed.iter().try_for_each(|imposed| imposed.declare(bound))
    }

    /// The filters of one sample.
    pub(super) fn of(&self, table: Option<&RecordBatch>, network: &Network) -> Result<Fitted, SampleError> {
        let (parameters, synapses, inputs, notes) = match &self.imposed {
            Some(imposed) => {
                let (parameters, synapses) = self.response.theory.terms(network)?;
                let inputs = imposed.of_sample(table)?;
                for (population, &input) in parameters.populations.iter().zip(&inputs) {
                    // Not every input has a rate, in particular of a Taylor expansion.
                    firing_rate(&population.neuron, input, synapses)
                        .map_err(|e| SampleError::input(format!("population `{}`: {e}", population.name)))?;
                }
                let notes = doubts(&parameters, synapses);
                (parameters, synapses, inputs, notes)
            }
            None => {
                let solved = self.response.theory.solve_network(network)?;
                (solved.parameters, solved.synapses, solved.point.input, solved.notes)
            }
        };
        let transfer = self.response.transfer_functions(&parameters, &inputs, synapses)?;
        let mut filters = Vec::with_capacity(inputs.len());
        for (population, of_population) in parameters.populations.iter().zip(transfer.row_iter()) {
            let of_population: Vec<_> = of_population.iter().copied().collect();
            let filter = fit_low_pass(&self.response.omegas, &of_population);
            filters.push(filter.map_err(|e| SampleError::input(format!("population `{}`: {e}", population.name)))?);
        }
        Ok(Fitted { parameters, synapses, inputs, filters, notes })
    }
}
