//! What all kinds of theory share: a network in the terms of the theory, sample by sample, and its working point.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use lapicque_meanfield::network::{
    Delay, DelayDistribution, Parameters, Population, Search, WorkingPoint, working_point,
};
use lapicque_meanfield::neuron::Synapses;
use lapicque_network::file::{AnyNetwork, DelayDistribution as NnmtDelays};
use lapicque_network::{Network, NetworkFile};
use lapicque_pipeline::{BindRequest, Bound, ConfigError, Output, PortMode, PortSpec, SampleError};
use lapicque_schemas::tables::parameters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::network_model::{NetworkModel, open_any};
use crate::swept::Swept;

pub(super) const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false)];
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
    network: Swept<NetworkModel>,
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
        let of_the_network = of_nnmt(&opened);
        let network = Swept::bind(NetworkModel::new(opened.into_file()), fixed, request, notes)?;
        let mut theory = Self { network, method, delays: of_the_network };
        let parameters = theory.parameters(theory.base()).map_err(|error| vec![ConfigError::at("network", error)])?;
        notes.extend(without_space(theory.base()));
        let is_swept = theory.network.is_swept();
        if method == Method::Taylor && !is_swept && theory.synapses(&parameters) == Synapses::Delta {
            notes.push("`method` says nothing: without synaptic time constant all theories are one".to_owned());
        }
        if delays.is_some() {
            theory.delays = delays;
            theory.parameters(theory.base()).map_err(|error| vec![ConfigError::at("delays", error)])?;
            if !is_swept && parameters.delay.iter().all(|delay| delay.sd_s == 0.0) {
                notes.push("`delays` says nothing: the delays of the network do not vary".to_owned());
            }
        }
        Ok(theory)
    }

    /// What the stage declares; `own` are the fields of its configuration that are not those of the theory.
    pub(super) fn bound(
        &self,
        revision: u32,
        request: &BindRequest<'_>,
        own: &[(&str, Value)],
        outputs: Vec<Output>,
        notes: Vec<String>,
    ) -> Result<Bound, Vec<ConfigError>> {
        let mut fields = Vec::new();
        if self.method != Method::default() {
            fields.push(("method", json!(self.method)));
        }
        fields.extend(self.delays.map(|delays| ("delays", json!(delays))));
        fields.extend_from_slice(own);
        bound(&self.network, revision, request, &fields, outputs, notes)
    }

    /// The network without what columns set.
    pub(super) fn base(&self) -> &Network {
        self.network.base().network()
    }

    pub(super) fn file(&self) -> &NetworkFile {
        self.network.base().file()
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
    fn synapses(&self, parameters: &Parameters) -> Synapses {
        if parameters.populations.iter().all(|population| population.neuron.synaptic_time_constant_s == 0.0) {
            return Synapses::Delta;
        }
        match self.method {
            Method::Shift => Synapses::Shift,
            Method::Taylor => Synapses::Taylor,
            Method::Delta => Synapses::Delta,
        }
    }

    /// The network of one sample.
    pub(super) fn network(&self, table: Option<&RecordBatch>) -> Result<NetworkModel, SampleError> {
        self.network.of_sample(table)
    }

    /// A network in the terms of the theory; [`doubts`] has remarks on them.
    pub(super) fn terms(&self, network: &Network) -> Result<(Parameters, Synapses), SampleError> {
        let parameters = self.parameters(network).map_err(SampleError::input)?;
        let synapses = self.synapses(&parameters);
        Ok((parameters, synapses))
    }

    /// The working point of one sample, reached from silence.
    pub(super) fn solve(&self, table: Option<&RecordBatch>) -> Result<Solved, SampleError> {
        self.solve_network(self.network(table)?.network())
    }

    /// The working point of a network, reached from silence.
    pub(super) fn solve_network(&self, network: &Network) -> Result<Solved, SampleError> {
        let (parameters, synapses) = self.terms(network)?;
        let point = working_point(&parameters, synapses, &Search::default()).map_err(SampleError::input)?;
        let mut notes = doubts(&parameters, synapses);
        if !point.is_stable() {
            notes.push("the working point is not stable: its rates are not those of a simulation".to_owned());
        }
        Ok(Solved { parameters, synapses, point, notes })
    }
}

/// Where the theory is beyond the parameters that it is made for.
pub(super) fn doubts(parameters: &Parameters, synapses: Synapses) -> Vec<String> {
    let slow = parameters.populations.iter().find(|population| population.neuron.has_slow_synapses());
    let slow = slow.filter(|_| synapses != Synapses::Delta);
    let remark = |population: &Population| {
        format!(
            "population `{}`: tau_syn is more than a tenth of tau_m, and the theory an expansion in their ratio",
            population.name
        )
    };
    slow.map(remark).into_iter().collect()
}

/// A remark where connections have profiles, which theory without space does not look at.
pub(super) fn without_space(network: &Network) -> Option<String> {
    let profiles = network.connections.iter().filter(|connection| connection.profile.is_some()).count();
    (profiles > 0).then(|| {
        format!("the profiles of {profiles} connections have no part here: the theory is that of the state without patterns in space")
    })
}

/// What a stage on a swept network declares; `fields` are those of its configuration that say more than the network.
pub(super) fn bound(
    network: &Swept<NetworkModel>,
    revision: u32,
    request: &BindRequest<'_>,
    fields: &[(&str, Value)],
    outputs: Vec<Output>,
    notes: Vec<String>,
) -> Result<Bound, Vec<ConfigError>> {
    let mut canonical = network.canonical()?;
    for (name, value) in fields {
        canonical[name] = value.clone();
    }
    let mut bound = Bound::new(revision, canonical, request.inputs, outputs);
    network.declare(&mut bound);
    bound.notes = notes;
    Ok(bound)
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
