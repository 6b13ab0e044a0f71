//! Linear response at the frequencies of a configuration: what transfer functions, spectra and modes begin with.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use arrow_array::{ArrayRef, RecordBatch};
use lapicque_meanfield::network::{Parameters, Population, effective_connectivity, transfer_function_matrix};
use lapicque_meanfield::neuron::{Input, Refractory, Synapses, TransferOptions};
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Output, SampleError};
use nalgebra::DMatrix;
use num_complex::Complex64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::axis::FREQUENCIES;
use super::stage::{numbers, texts};
use super::theory::{Delays, Method, Solved, Theory};
use crate::kind_config::problem;

/// How the refractory period enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefractoryConfig {
    /// Neurons come back at the reset a refractory period after they fired.
    #[default]
    Corrected,
    /// By the rate alone, as in NNMT.
    Nnmt,
}

/// Of `synaptic_filter`.
pub(super) fn yes() -> bool {
    true
}

/// The configuration of kinds that ask for nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponseConfig {
    /// A shipped network (such as bos2016), a network file, or network parameters of NNMT.
    network: String,
    /// A list such as `[1 Hz, 10 Hz]`, or `{linspace: [0 Hz, 300 Hz, 301]}`.
    frequencies: Value,
    /// Theory of the stationary rate: shift, taylor or delta (default shift; delta where synapses have no time constant).
    #[serde(default)]
    method: Method,
    /// Delays: none, gaussian, truncated_gaussian or lognormal, with means and s.d. of the network (default: the network's).
    #[serde(default)]
    delays: Option<Delays>,
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

impl ResponseConfig {
    pub(super) fn fields(&self) -> Fields<'_> {
        Fields {
            network: &self.network,
            parameters: &self.parameters,
            method: self.method,
            delays: self.delays,
            frequencies: &self.frequencies,
            synaptic_filter: self.synaptic_filter,
            refractory: self.refractory,
        }
    }
}

/// The fields that these kinds share.
pub(super) struct Fields<'a> {
    pub(super) network: &'a str,
    pub(super) parameters: &'a BTreeMap<String, Value>,
    pub(super) method: Method,
    pub(super) delays: Option<Delays>,
    pub(super) frequencies: &'a Value,
    pub(super) synaptic_filter: bool,
    pub(super) refractory: RefractoryConfig,
}

/// A theory, and the frequencies at which its response is due.
pub(super) struct Response {
    pub(super) theory: Theory,
    pub(super) frequencies_hz: Vec<f64>,
    pub(super) omegas: Vec<f64>,
    synaptic_filter: bool,
    refractory: RefractoryConfig,
}

impl Response {
    /// Remarks go to `notes`.
    pub(super) fn bind(
        request: &BindRequest<'_>,
        fields: &Fields<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        let frequencies_hz = FREQUENCIES.read(fields.frequencies)?;
        let theory = Theory::bind(request, fields.network, fields.parameters, fields.method, fields.delays, notes)?;
        let omegas = frequencies_hz.iter().map(|frequency| TAU * frequency).collect();
        let Fields { synaptic_filter, refractory, .. } = *fields;
        Ok(Self { theory, frequencies_hz, omegas, synaptic_filter, refractory })
    }

    /// As [`Self::bind`], for what is followed from one frequency to the next.
    pub(super) fn bind_growing(
        request: &BindRequest<'_>,
        fields: &Fields<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        let response = Self::bind(request, fields, notes)?;
        match response.frequencies_hz.windows(2).find(|pair| pair[1] < pair[0]) {
            None => Ok(response),
            Some(pair) => {
                let message = format!("{} Hz after {} Hz: modes are followed in growing order", pair[1], pair[0]);
                problem("frequencies", message)
            }
        }
    }

    /// What the stage declares; `own` are the fields of its configuration that are not those of a response.
    pub(super) fn bound(
        &self,
        revision: u32,
        request: &BindRequest<'_>,
        own: &[(&str, Value)],
        outputs: Vec<Output>,
        notes: Vec<String>,
    ) -> Result<Bound, Vec<ConfigError>> {
        let mut fields = vec![("frequencies_hz", json!(self.frequencies_hz))];
        if !self.synaptic_filter {
            fields.push(("synaptic_filter", json!(false)));
        }
        if self.refractory != RefractoryConfig::default() {
            fields.push(("refractory", json!(self.refractory)));
        }
        fields.extend_from_slice(own);
        self.theory.bound(revision, request, &fields, outputs, notes)
    }

    pub(super) fn options(&self, synapses: Synapses) -> TransferOptions {
        let refractory = match self.refractory {
            RefractoryConfig::Corrected => Refractory::Corrected,
            RefractoryConfig::Nnmt => Refractory::Nnmt,
        };
        TransferOptions { synapses, refractory, synaptic_filter: self.synaptic_filter }
    }

    /// Transfer functions in Hz/V: populations x frequencies.
    pub(super) fn transfer_functions(
        &self,
        parameters: &Parameters,
        inputs: &[Input],
        synapses: Synapses,
    ) -> Result<DMatrix<Complex64>, SampleError> {
        transfer_function_matrix(parameters, inputs, &self.omegas, self.options(synapses)).map_err(SampleError::input)
    }

    /// The working point of one sample, and the effective connectivity there: targets x sources, one matrix for each frequency.
    pub(super) fn effective_connectivity(
        &self,
        table: Option<&RecordBatch>,
    ) -> Result<(Solved, Vec<DMatrix<Complex64>>), SampleError> {
        let solved = self.theory.solve(table)?;
        let transfer = self.transfer_functions(&solved.parameters, &solved.point.input, solved.synapses)?;
        let effective = effective_connectivity(&solved.parameters, &self.omegas, &transfer);
        Ok((solved, effective.map_err(SampleError::input)?))
    }

    /// All frequencies, as often as there are groups of rows.
    pub(super) fn frequencies(&self, groups: usize) -> ArrayRef {
        numbers((0..groups).flat_map(|_| self.frequencies_hz.iter().copied()))
    }

    /// The columns of a table with a row for each population and frequency.
    pub(super) fn populations_and_frequencies(&self, parameters: &Parameters) -> [ArrayRef; 2] {
        let populations = &parameters.populations;
        let each = |population: &Population| std::iter::repeat_n(population.name.clone(), self.frequencies_hz.len());
        [texts(populations.iter().flat_map(each)), self.frequencies(populations.len())]
    }
}
