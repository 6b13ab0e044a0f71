//! `meanfield.spatial`: which patterns in space grow in a network with distance-dependent connections
//! ([`lapicque_meanfield::spatial`]; Senk et al. 2020).
//!
//! Each population is taken for its low-pass filter, whose network has eigenvalues in closed form, one for each branch of
//! Lambert's W function; they are followed to those of spiking neurons where `mixtures` go beyond 0.
//! The closed form holds for one time constant and one delay: populations have to agree in both.
//!
//! | column | unit | meaning |
//! |---|---|---|
//! | branch | | of Lambert's W function |
//! | wavenumber | 1/mm | k, as in exp(i k x) |
//! | mixture | | 0 low-pass units, 1 spiking neurons |
//! | xi_re, xi_im | | effective profile of the low-pass units at k |
//! | re, im | 1/s | eigenvalue: growth, and angular frequency; NULL where there is none, as not every eigenvalue of low-pass units has a counterpart |

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use lapicque_meanfield::network::{Parameters, low_pass_weights};
use lapicque_meanfield::spatial::{
    CharacteristicError, Field, InterpolationError, Profile, effective_profile, eigenvalue, follow, profiles,
};
use lapicque_pipeline::{BindRequest, ConfigError, Context, Output, SampleError, Stage};
use lapicque_schemas::{Column, TableSchema};
use nalgebra::DMatrix;
use num_complex::Complex64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::axis::WAVENUMBERS;
use super::low_pass_fit::{Fit, Fitted};
use super::response::{Fields, RefractoryConfig, yes};
use super::stage::{Rows, integers, known_numbers, numbers, stage};
use super::theory::{Method, PORTS, without_space};
use crate::kind_config::{SimpleKind, problem, read, schema_of};

const REVISION: u32 = 1;
const MOST_ROWS: usize = 1_000_000;
const FARTHEST_BRANCH: i32 = 1000;
/// From 1/mm to 1/m.
const PER_M: f64 = 1e3;
/// Relative difference below which numbers of populations are one.
const SAME: f64 = 1e-6;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "meanfield.spatial",
    summary: "Compute how patterns grow in networks with distance-dependent connections",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// A shipped network (such as senk2020), or a network file; each connection needs a profile.
    network: String,
    /// A list such as `[0 1/mm, 10 1/mm]`, or `{linspace: [0 1/mm, 100 1/mm, 201]}`.
    wavenumbers: Value,
    /// Where low-pass filters are fitted: a list such as `[1 Hz, 10 Hz, 100 Hz]`, or `{linspace: [1 Hz, 100 Hz, 100]}`.
    frequencies: Value,
    /// Branches of Lambert's W function (default [0], which has the fastest growth).
    #[serde(default = "principal")]
    branches: Vec<i32>,
    /// Between low-pass units (0) and spiking neurons (1), in growing order (default [0]).
    #[serde(default = "low_pass")]
    mixtures: Vec<f64>,
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
    /// Values of the network other than its own, by short name or path, e.g. `R_E: 0.2 mm`.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

fn principal() -> Vec<i32> {
    vec![0]
}

fn low_pass() -> Vec<f64> {
    vec![0.0]
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

fn schema() -> TableSchema {
    let number = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        "table",
        &["branch", "wavenumber", "mixture"],
        [
            Column::new("branch", DataType::Int64, "branch of Lambert's W function"),
            number("wavenumber", "angular wavenumber").unit("1/mm"),
            number("mixture", "0 low-pass units, 1 spiking neurons"),
            number("xi_re", "real part of the effective profile"),
            number("xi_im", "imaginary part of the effective profile"),
            number("re", "growth of the pattern").unit("1/s").nullable(),
            number("im", "angular frequency of the pattern").unit("1/s").nullable(),
        ],
    )
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let wavenumbers = WAVENUMBERS.read(&config.wavenumbers)?;
    check_branches(&config.branches)?;
    check_mixtures(&config.mixtures)?;
    let rows = wavenumbers.len() * config.branches.len() * config.mixtures.len();
    if rows > MOST_ROWS {
        return problem(
            "wavenumbers",
            format!("{rows} rows for each sample, with branches and mixtures; at most {MOST_ROWS} are allowed"),
        );
    }
    let mut notes = Vec::new();
    let (mean, sd) = (config.mean_input.as_ref(), config.sd_input.as_ref());
    let fit = Fit::bind(request, &config.fields(), mean, sd, &mut notes)?;
    let of_others = without_space(fit.response.theory.base());
    notes.retain(|note| Some(note) != of_others.as_ref());
    let network = |message: String| vec![ConfigError::at("network", message)];
    profiles(fit.response.theory.base()).map_err(|error| network(error.to_string()))?;
    let (parameters, _) =
        fit.response.theory.terms(fit.response.theory.base()).map_err(|error| network(error.message))?;
    check_delays(&parameters).map_err(network)?;
    let mut own = vec![("wavenumbers_per_mm", json!(wavenumbers))];
    if config.branches != principal() {
        own.push(("branches", json!(config.branches)));
    }
    if config.mixtures != low_pass() {
        own.push(("mixtures", json!(config.mixtures)));
    }
    let mut bound = fit.response.bound(REVISION, request, &own, vec![Output::new("spatial", schema())], notes)?;
    fit.declare(&mut bound)?;
    let patterns = Patterns { fit, wavenumbers, branches: config.branches, mixtures: config.mixtures };
    Ok(stage(bound, move |table, context| patterns.rows(table, context)))
}

fn check_delays(parameters: &Parameters) -> Result<(), String> {
    let name = |i: usize| &parameters.populations[i].name;
    for (j, source) in parameters.delay.column_iter().enumerate() {
        if let Some(i) = (0..source.len()).find(|&i| parameters.in_degree[(i, j)] > 0.0 && !source[i].is_constant()) {
            return Err(format!(
                "delays from {} to {} are distributed; the theory of patterns needs constant ones",
                name(j),
                name(i)
            ));
        }
    }
    Ok(())
}

fn check_branches(branches: &[i32]) -> Result<(), Vec<ConfigError>> {
    let mut sorted = branches.to_vec();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return problem("branches", format!("{} is there twice", twice[0]));
    }
    match branches.iter().find(|branch| !(-FARTHEST_BRANCH..=FARTHEST_BRANCH).contains(*branch)) {
        Some(far) => {
            problem("branches", format!("{far}: branches from -{FARTHEST_BRANCH} to {FARTHEST_BRANCH} are allowed"))
        }
        None if branches.is_empty() => problem("branches", "there is none; at least one is due"),
        None => Ok(()),
    }
}

fn check_mixtures(mixtures: &[f64]) -> Result<(), Vec<ConfigError>> {
    let grow = mixtures.windows(2).all(|pair| pair[0] < pair[1]);
    match !mixtures.is_empty() && grow && mixtures.iter().all(|mixture| (0.0..=1.0).contains(mixture)) {
        true => Ok(()),
        false => {
            problem("mixtures", "numbers from 0 (low-pass units) to 1 (spiking neurons) are due, in growing order")
        }
    }
}

struct Patterns {
    fit: Fit,
    wavenumbers: Vec<f64>,
    branches: Vec<i32>,
    mixtures: Vec<f64>,
}

impl Patterns {
    fn rows(&self, table: Option<&RecordBatch>, context: &Context<'_>) -> Result<Rows, SampleError> {
        let network = self.fit.response.theory.network(table)?;
        let profiles = profiles(network.network()).map_err(SampleError::input)?;
        let fitted = self.fit.of(table, network.network())?;
        let time_constant_s =
            one("time constants of low-pass filters", fitted.filters.iter().map(|f| f.time_constant_s))?;
        check_delays(&fitted.parameters).map_err(SampleError::input)?;
        let connected = fitted.parameters.in_degree.iter().zip(&fitted.parameters.delay).filter(|(k, _)| **k > 0.0);
        let delay_s = one("delays", connected.map(|(_, delay)| delay.mean_s))?;
        let weights = low_pass_weights(&fitted.parameters, &fitted.filters).map_err(SampleError::input)?;
        let wavenumbers: Vec<f64> = self.wavenumbers.iter().map(|k| k * PER_M).collect();
        let xi = effective_profile(&weights, &profiles, &wavenumbers).map_err(SampleError::input)?;
        let mut notes = fitted.notes.clone();
        let field = self.field(fitted, profiles);
        let mut eigenvalues = Vec::new();
        let mut lost = 0;
        for &branch in &self.branches {
            for (&wavenumber, &xi) in wavenumbers.iter().zip(&xi) {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let from = match eigenvalue(branch, time_constant_s, delay_s, xi) {
                    Ok(eigenvalue) => eigenvalue,
                    Err(CharacteristicError::NoSolution { .. }) => NONE,
                    Err(error) => return Err(SampleError::input(error)),
                };
                let on_the_way = self.on_the_way(&field, wavenumber, from)?;
                lost += usize::from(from.is_finite() && on_the_way.iter().any(|root| !root.is_finite()));
                eigenvalues.extend(on_the_way);
            }
        }
        if lost > 0 {
            notes.push(format!("{lost} eigenvalues could not be followed to the last mixture: they meet others, or have no counterpart there"));
        }
        let (k, m) = (self.wavenumbers.len(), self.mixtures.len());
        let xi_of = |part: fn(&Complex64) -> f64| {
            let of_branch = || xi.iter().flat_map(move |xi| std::iter::repeat_n(part(xi), m));
            numbers(self.branches.iter().flat_map(|_| of_branch()))
        };
        let columns = vec![
            integers(self.branches.iter().flat_map(|&branch| std::iter::repeat_n(i64::from(branch), k * m))),
            numbers(
                self.branches.iter().flat_map(|_| self.wavenumbers.iter().flat_map(|&k| std::iter::repeat_n(k, m))),
            ),
            numbers((0..self.branches.len() * k).flat_map(|_| self.mixtures.iter().copied())),
            xi_of(|xi| xi.re),
            xi_of(|xi| xi.im),
            known_numbers(eigenvalues.iter().map(|value| value.re)),
            known_numbers(eigenvalues.iter().map(|value| value.im)),
        ];
        Ok(Rows::of(columns, notes))
    }

    fn field(&self, fitted: Fitted, profiles: DMatrix<Profile>) -> Field {
        let options = self.fit.response.options(fitted.synapses);
        Field { parameters: fitted.parameters, inputs: fitted.inputs, filters: fitted.filters, profiles, options }
    }

    /// The eigenvalue at each mixture.
    fn on_the_way(&self, field: &Field, wavenumber: f64, from: Complex64) -> Result<Vec<Complex64>, SampleError> {
        if !from.is_finite() {
            return Ok(vec![NONE; self.mixtures.len()]);
        }
        // At 0 it is known, without the error of a correction.
        let is_known = |mixture: &&f64| **mixture == 0.0;
        let known = self.mixtures.iter().take_while(is_known).map(|_| from);
        let mut found: Vec<Complex64> = known.collect();
        let mut last = self.mixtures.len();
        while last > found.len() {
            match follow(field, wavenumber, from, &self.mixtures[found.len()..last]) {
                Ok(roots) => {
                    found.extend(roots.iter().map(|root| root.eigenvalue));
                    break;
                }
                Err(InterpolationError::Lost { .. }) => last -= 1,
                Err(error) => return Err(SampleError::input(error)),
            }
        }
        found.resize(self.mixtures.len(), NONE);
        Ok(found)
    }
}

const NONE: Complex64 = Complex64::new(f64::NAN, f64::NAN);

/// The number that all are.
fn one(what: &str, values: impl Iterator<Item = f64>) -> Result<f64, SampleError> {
    let values: Vec<f64> = values.collect();
    let (least, greatest) = values.iter().fold((f64::INFINITY, 0.0f64), |(a, b), &value| (a.min(value), b.max(value)));
    match values.first() {
        None => Err(SampleError::input("no populations are connected")),
        Some(&first) if greatest - least <= SAME * greatest => Ok(first),
        Some(_) => Err(SampleError::input(format!(
            "{what} are from {least} s to {greatest} s: the closed form of eigenvalues holds for one"
        ))),
    }
}
