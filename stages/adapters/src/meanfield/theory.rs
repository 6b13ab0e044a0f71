//! What all kinds of theory share: a network in the terms of the theory, sample by sample, and its working point.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_meanfield::network::{
    Delay, DelayDistribution, Parameters, Search, WorkingPoint, effective_connectivity, transfer_function_matrix,
    working_point,
};
use lapicque_meanfield::neuron::{Refractory, Synapses, TransferOptions};
use lapicque_network::Network;
use lapicque_network::file::{AnyNetwork, DelayDistribution as NnmtDelays};
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Output, PortMode, PortSpec, Read, SampleError};
use lapicque_schemas::tables::parameters;
use nalgebra::DMatrix;
use num_complex::Complex64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::swept_network::{SweptNetwork, open_any};

pub(super) const PORTS: &[PortSpec] =
    &[PortSpec { name: "parameters", table: parameters::TABLE, mode: PortMode::Either, required: false }];
/// From V and s to the units of tables.
pub(super) const MV: f64 = 1e3;

/// The theory of the stationary rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Method {
    /// Filtered synapses shift threshold and reset.
    #[default]
    Shift,
    /// First order in the square root of synaptic over membrane time constant.
    Taylor,
    /// Synapses without time constant.
    Delta,
}

/// How delays are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Delays {
    None,
    Gaussian,
    TruncatedGaussian,
    Lognormal,
}

/// A network whose values columns may set, as theory sees it.
pub(super) struct Theory {
    network: SweptNetwork,
    method: Method,
    delays: Option<Delays>,
}

/// A sample's network in the terms of the theory, with its working point.
pub(super) struct Solved {
    pub(super) parameters: Parameters,
    pub(super) synapses: Synapses,
    pub(super) point: WorkingPoint,
    pub(super) notes: Vec<String>,
}

impl Solved {
    /// The effective connectivity at angular frequencies (1/s): targets x sources, one matrix each.
    pub(super) fn effective_connectivity(
        &self,
        omegas: &[f64],
        refractory: Refractory,
    ) -> Result<Vec<DMatrix<Complex64>>, SampleError> {
        let options = TransferOptions { synapses: self.synapses, refractory, synaptic_filter: true };
        transfer_function_matrix(&self.parameters, &self.point, omegas, options)
            .and_then(|transfer| effective_connectivity(&self.parameters, omegas, &transfer))
            .map_err(SampleError::input)
    }
}

impl Theory {
    /// Opens the network and checks it against the theory; remarks go to `notes`.
    pub(super) fn bind(
        request: &BindRequest<'_>,
        network: &str,
        fixed: &BTreeMap<String, Value>,
        method: Method,
        delays: Option<Delays>,
        notes: &mut Vec<String>,
    ) -> Result<Self, Vec<ConfigError>> {
        let opened = open_any(request, "network", network)?;
        let delays = delays.or_else(|| of_nnmt(&opened));
        let table = request.input("parameters").map(|input| &input.schema);
        let network = SweptNetwork::new(opened.into_file(), fixed, table, notes)?;
        let theory = Self { network, method, delays };
        let parameters = theory.parameters(theory.network.base()).map_err(|e| vec![ConfigError::at("network", e)])?;
        theory.synapses(&parameters).map_err(|message| vec![ConfigError::at("method", message)])?;
        Ok(theory)
    }

    /// What the stage declares; `own` are the fields of its configuration that are not those of the theory.
    pub(super) fn bound(
        &self,
        revision: u32,
        request: &BindRequest<'_>,
        own: &[(&str, Value)],
        output: Output,
        notes: Vec<String>,
    ) -> Result<Bound, Vec<ConfigError>> {
        let mut canonical = self.network.canonical().map_err(|error| vec![error])?;
        let method = serde_json::to_value(self.method).unwrap_or_default();
        let delays = self.delays.and_then(|delays| serde_json::to_value(delays).ok());
        let given = (self.method != Method::default()).then_some(("method", method));
        for (name, value) in given.into_iter().chain(delays.map(|d| ("delays", d))).chain(own.iter().cloned()) {
            canonical[name] = value;
        }
        let mut bound = Bound::new(revision, canonical, request.inputs, vec![output]);
        let table = request.input("parameters");
        bound.reads = table.map(|_| Read::columns("parameters", self.network.column_names())).into_iter().collect();
        bound.accepts = self.network.names();
        bound.notes = notes;
        Ok(bound)
    }

    fn parameters(&self, network: &Network) -> Result<Parameters, String> {
        let mut parameters = Parameters::from_network(network).map_err(|error| error.to_string())?;
        if let Some(delays) = self.delays {
            parameters.delay.iter_mut().for_each(|delay| delay.distribution = distribution(delays));
        }
        parameters.check().map_err(|error| error.to_string())?;
        Ok(parameters)
    }

    /// The theory for these neurons: without synaptic time constants all three are one.
    fn synapses(&self, parameters: &Parameters) -> Result<Synapses, String> {
        let instant = |p: &lapicque_meanfield::network::Population| p.neuron.synaptic_time_constant_s == 0.0;
        if parameters.populations.iter().all(instant) {
            return Ok(Synapses::Delta);
        }
        Ok(match self.method {
            Method::Shift => Synapses::Shift,
            Method::Taylor => Synapses::Taylor,
            Method::Delta => Synapses::Delta,
        })
    }

    /// The network of one sample, in the terms of the theory.
    pub(super) fn of_sample(&self, table: Option<&RecordBatch>) -> Result<(Parameters, Synapses), SampleError> {
        let network = self.network.of_sample(table)?;
        let parameters = self.parameters(&network).map_err(SampleError::input)?;
        let synapses = self.synapses(&parameters).map_err(SampleError::input)?;
        Ok((parameters, synapses))
    }

    /// The working point of one sample, reached from silence.
    pub(super) fn solve(&self, table: Option<&RecordBatch>) -> Result<Solved, SampleError> {
        let (parameters, synapses) = self.of_sample(table)?;
        let point = working_point(&parameters, synapses, &Search::default()).map_err(SampleError::input)?;
        let mut notes = Vec::new();
        if !point.is_stable() {
            notes.push("the working point is not stable: its rates are not those of a simulation".to_owned());
        }
        Ok(Solved { parameters, synapses, point, notes })
    }
}

fn of_nnmt(network: &AnyNetwork) -> Option<Delays> {
    match network {
        AnyNetwork::Lapicque(_) => None,
        AnyNetwork::Nnmt(network) => Some(match network.delay_distribution {
            NnmtDelays::None => Delays::None,
            NnmtDelays::Gaussian => Delays::Gaussian,
            NnmtDelays::TruncatedGaussian => Delays::TruncatedGaussian,
            NnmtDelays::Lognormal => Delays::Lognormal,
        }),
    }
}

fn distribution(delays: Delays) -> DelayDistribution {
    match delays {
        Delays::None => Delay::constant(0.0).distribution,
        Delays::Gaussian => DelayDistribution::Gaussian,
        Delays::TruncatedGaussian => DelayDistribution::TruncatedGaussian { min_s: 0.0, max_s: f64::INFINITY },
        Delays::Lognormal => DelayDistribution::Lognormal,
    }
}
