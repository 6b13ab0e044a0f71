//! Networks to read about: those that are shipped, and what a network file describes.

use std::collections::BTreeMap;

use lapicque_network::file::AnyNetwork;
use lapicque_network::{
    Connection, Drive, FittedTo, Network, NetworkFile, NetworkFileError, Population, Rule, network_file_schema,
    read_network, shipped, shipped_names,
};
use lapicque_spiking::{Options, check, rounded_times};
use lapicque_units::write_number;
use serde::Serialize;
use serde_json::Value;

/// What a network file describes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkReport {
    pub name: String,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub fitted_to: Option<&'static str>,
    pub neurons: u64,
    /// Expected, of all connections.
    pub synapses: f64,
    pub populations: Vec<PopulationReport>,
    pub connections: Vec<ConnectionReport>,
    pub simulation: SimulationReport,
    pub parameters: Vec<ParameterReport>,
    /// Every value that has a path.
    pub paths: Vec<PathReport>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PopulationReport {
    pub name: String,
    pub size: u32,
    pub model: &'static str,
    /// As `poisson 465 x 40 Hz`.
    pub drives: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionReport {
    pub name: String,
    pub pre: String,
    pub post: String,
    /// As `probability 0.2`.
    pub rule: String,
    pub synapses: f64,
    /// Onto each neuron of `post`.
    pub in_degree: f64,
}

/// Whether `simulate.spiking` takes the network, at its default time step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulationReport {
    pub time_step_ms: f64,
    /// Estimated, without recorded spikes; none if it is refused.
    pub memory_bytes: Option<f64>,
    pub refused: Option<String>,
    /// Times that a simulation rounds to its steps.
    pub rounded: Vec<String>,
}

/// A short name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterReport {
    pub name: String,
    pub unit: &'static str,
    pub default: f64,
    pub description: Option<String>,
    pub sets: Vec<String>,
    pub scales: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PathReport {
    pub path: String,
    pub unit: &'static str,
    pub value: f64,
}

/// One thing that is wrong with a network file; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NetworkFault {
    pub line: u64,
    pub column: u64,
    pub field: String,
    pub message: String,
}

/// The names of the shipped networks.
pub fn shipped_networks() -> Vec<&'static str> {
    shipped_names()
}

/// The text of a shipped network.
pub fn shipped_network(name: &str) -> Option<&'static str> {
    shipped(name)
}

/// The JSON Schema of network files.
pub fn network_schema() -> Value {
    network_file_schema().to_value()
}

/// Reads a network file, or network parameters of NNMT.
///
/// # Errors
/// All problems of the file.
pub fn explain_network(text: &str, source_name: &str) -> Result<NetworkReport, Vec<NetworkFault>> {
    read_network(text, source_name).map(AnyNetwork::into_file).map(|file| report(&file)).map_err(faults)
}

fn faults(error: NetworkFileError) -> Vec<NetworkFault> {
    let fault = |problem: lapicque_network::file::Problem| {
        let told = problem.to_string();
        let place = format!("{}:{}: ", problem.line, problem.column);
        let message = told.strip_prefix(&place).unwrap_or(&told);
        let message = message.strip_prefix(&format!("{}: ", problem.path)).unwrap_or(message).to_owned();
        NetworkFault { line: problem.line, column: problem.column, field: problem.path, message }
    };
    error.problems.into_iter().map(fault).collect()
}

fn report(file: &NetworkFile) -> NetworkReport {
    let network = file.network();
    let sizes: BTreeMap<&str, u32> = network.populations.iter().map(|p| (p.name.as_str(), p.size)).collect();
    let size = |name: &str| sizes.get(name).copied().unwrap_or_default();
    let connections: Vec<ConnectionReport> =
        network.connections.iter().map(|c| connection(c, size(&c.pre), size(&c.post))).collect();
    let parameters = file.parameters().iter().map(|parameter| {
        let paths = |targets: &[lapicque_network::file::Target]| targets.iter().map(|t| t.path.clone()).collect();
        ParameterReport {
            name: parameter.name.clone(),
            unit: parameter.unit,
            default: parameter.default,
            description: parameter.description.clone(),
            sets: paths(&parameter.sets),
            scales: paths(&parameter.scales),
        }
    });
    let paths =
        file.paths().into_iter().map(|entry| PathReport { path: entry.path, unit: entry.unit, value: entry.value });
    NetworkReport {
        name: network.name.clone(),
        description: file.description().map(str::to_owned),
        reference: file.reference().map(str::to_owned),
        fitted_to: file.fitted_to().map(|FittedTo::Hagen2022| "hagen2022"),
        neurons: network.populations.iter().map(|p| u64::from(p.size)).sum(),
        synapses: connections.iter().map(|connection| connection.synapses).sum(),
        populations: network.populations.iter().map(population).collect(),
        connections,
        simulation: simulation(network),
        parameters: parameters.collect(),
        paths: paths.collect(),
    }
}

fn population(population: &Population) -> PopulationReport {
    let drives = population.drives.iter().map(|drive| match drive {
        Drive::Poisson { rate_hz, synapses, .. } => {
            format!("poisson {} x {} Hz", write_number(*synapses), write_number(*rate_hz))
        }
        Drive::Current { amplitude_pa } => format!("current {} pA", write_number(*amplitude_pa)),
    });
    PopulationReport {
        name: population.name.clone(),
        size: population.size,
        model: population.neuron.model.name(),
        drives: drives.collect(),
    }
}

fn connection(connection: &Connection, pre_size: u32, post_size: u32) -> ConnectionReport {
    let rule = match connection.rule {
        Rule::Probability { p, .. } => format!("probability {}", write_number(p)),
        Rule::InDegree { k, .. } => format!("in_degree {}", write_number(k)),
        Rule::Total { n, .. } => format!("total {n}"),
        Rule::AllToAll { .. } => "all_to_all".to_owned(),
        Rule::OneToOne => "one_to_one".to_owned(),
    };
    let synapses = connection.expected_synapses(pre_size, post_size);
    ConnectionReport {
        name: connection.name.clone(),
        pre: connection.pre.clone(),
        post: connection.post.clone(),
        rule,
        synapses,
        in_degree: synapses / f64::from(post_size),
    }
}

fn simulation(network: &Network) -> SimulationReport {
    let options = Options::default();
    let checked = check(network, &options);
    let rounded = rounded_times(network, options.time_step_ms).unwrap_or_default().into_iter().map(|time| {
        format!("{}: {} ms becomes {} ms", time.path, write_number(time.time_ms), write_number(time.becomes_ms))
    });
    SimulationReport {
        time_step_ms: options.time_step_ms,
        memory_bytes: checked.as_ref().ok().map(|memory| memory.bytes()),
        refused: checked.err().map(|error| error.to_string()),
        rounded: rounded.collect(),
    }
}
