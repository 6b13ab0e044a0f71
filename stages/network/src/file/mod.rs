//! Networks as YAML files.
//!
//! ```
//! use lapicque_network::NetworkFile;
//!
//! let text = "
//! network: 1                      # version of the format
//! name: brunel
//! description: What it is, in a sentence
//! reference: Brunel (2000) J Comput Neurosci 8:183    # where it comes from; may be left out
//!
//! populations:
//!   E:
//!     size: 8000
//!     model: iaf_psc_exp          # or iaf_psc_alpha, iaf_psc_delta, iaf_cond_exp, binary
//!     C_m: 250 pF                 # parameters as in NEST; those left out have NEST's defaults
//!     tau_m: 20 ms
//!     V_m: {normal: {mean: -65 mV, sd: 3 mV}}
//!     drive: {kind: poisson, rate: 8 Hz, synapses: 800, delay: 1.5 ms}
//!   I:
//!     size: 2000
//!     model: iaf_psc_exp
//!     tau_m: 20 ms
//!     drives:                     # several, by name
//!       cortex: {kind: poisson, rate: 8 Hz, synapses: 800, weight: 20 pA}
//!       bias: {kind: current, amplitude: 0.1 nA}
//!
//! connections:
//!   E_to_I:
//!     pre: E
//!     post: I
//!     rule: {probability: 0.1}
//!     weight: {normal: {mean: 20 pA, sd: 10 %, keep_sign: true}}
//!     delay: {lognormal: {mean: 1.5 ms, sd: 50 %, min: 0.1 ms}}
//!   I_to_E:
//!     pre: I
//!     post: E
//!     rule: {in_degree: 200}
//!     multapses: false
//!     weight: -100 pA
//!     delay: {uniform: {low: 1 ms, high: 2 ms}}
//!     synapse: {tsodyks_markram: {U: 0.5, tau_rec: 100 ms, tau_fac: 0 ms}}
//!     profile: {gaussian: {sd: 300 um}}
//!
//! parameters:
//!   J_ext:
//!     description: weight of the external synapses onto E
//!     default: 20 pA
//!     sets: [populations.E.drive.weight]
//!   tau_m:
//!     sets: [populations.E.tau_m, populations.I.tau_m]
//! ";
//! let file = NetworkFile::parse(text, "brunel.yaml")?;
//! assert_eq!(file.network().populations.len(), 2);
//! assert_eq!(file.parameter_unit("J_ext"), Some("pA"));
//! assert_eq!(file.parameters()[1].default, 20.0);
//!
//! let stronger = file.with(&[("J_ext", 25.0), ("connections.I_to_E.weight", -125.0)])?;
//! assert_eq!(stronger.get("populations.E.drive.weight").map(|entry| entry.value), Some(25.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`read_network`] also reads the network parameters of NNMT ([`NnmtNetwork`]).
//!
//! # Values
//! Everything with a dimension is written with its unit, in any unit of that dimension: `289.1 pF`, `0.2891 nF`.
//! Weights are in the unit of the postsynaptic model: a current (`iaf_psc_exp`, `iaf_psc_alpha`), a conductance
//! (`iaf_cond_exp`) or a voltage (`iaf_psc_delta`, `binary`). Negative weights inhibit.
//! Neuron parameters, weights and delays (but the delay of a drive) may be distributions:
//!
//! | | |
//! |---|---|
//! | `{normal: {mean: 2 ms, sd: 1 ms}}` | |
//! | `{lognormal: {mean: 2 ms, sd: 50 %}}` | `mean` and `sd` are those of the variable itself; with a negative mean it is mirrored |
//! | `{uniform: {low: 1 ms, high: 2 ms}}` | |
//!
//! `sd` with `%` is relative to |mean| and follows a sweep of the mean. `min`, `max` (inclusive) or `keep_sign: true`
//! truncate: values outside are drawn again, never clipped. Bounds that accept fewer than one draw in a thousand are
//! refused, and so is a distribution that could give a parameter an impossible value (a normal delay without `min`).
//!
//! # Connections
//! `rule` is one of `{probability: 0.1}` (each ordered pair independently), `{in_degree: 200}` (synapses onto each
//! neuron; a whole number is that of each, with `{in_degree: 20.5}` a simulation draws 20.5 N_post among all pairs), `{total: 10000}`,
//! `all_to_all`, `one_to_one`.
//! `autapses` and `multapses` (the latter for `in_degree` and `total`) are allowed unless set to `false`, as in NEST.
//! `synapse` is `static` unless given. `profile` is how the probability of a connection falls with distance:
//! `{boxcar: {width: 500 um}}` (constant up to this distance, 0 beyond), `{gaussian: {sd: 300 um}}`,
//! `{exponential: {length: 300 um}}`.
//!
//! # Where it comes from
//! `reference` is the publication. `fitted_to: hagen2022` says that the point neurons were fitted to the multicompartment
//! neurons of Hagen et al. (2022), as those of the shipped network `hagen`: kernels then take weights, probabilities and
//! delays relative to those of that network. A simulation or a theory depends on neither.
//!
//! # Drives
//! `poisson`: `synapses` (1 unless given) independent trains of `rate` onto each neuron, through synapses of `weight`
//! and `delay` (1 ms unless given). `current`: a constant current of `amplitude` into each neuron.
//!
//! # Paths and parameters
//! A value's path is made of the keys that lead to it, without names of distributions and synapse models:
//! `populations.E.C_m`, `populations.I.drives.cortex.rate`, `connections.E_to_I.weight` (the mean),
//! `connections.E_to_I.weight.sd`, `connections.E_to_I.rule.probability`, `connections.I_to_E.synapse.U`.
//! `parameters` gives short names to them, and each name either `sets` or `scales` values.
//!
//! `sets`: a `default` fills paths that the file leaves open; a path that is written out, or filled by another default,
//! is an error. Without `default` the values of the paths are the default, and must be equal.
//! `scales`: the parameter is a number that multiplies values which are written out or set by other parameters; its
//! `default` is 1 unless given. Several parameters may scale one value.
//!
//! In both lists `{path: connections.I_to_E.weight, factor: -1}` stands for the parameter times a number (with `sets`,
//! a `default` must be given). In the name of a population or connection `*` stands for any letters:
//! `connections.I_to_*.weight`; a path that is written out has precedence over patterns of the same list.
//! So one strength of excitation and one ratio describe all weights:
//!
//! ```yaml
//! parameters:
//!   J: {default: 20 pA, sets: [connections.*.weight]}
//!   g: {default: 5, scales: [{path: connections.I_to_*.weight, factor: -1}]}
//! ```
//!
//! [`NetworkFile::with`] sets by short name or path, in canonical units (ms, mV, pA, pF, nS, Hz, um, 1). A value that
//! is given by its path is not scaled.
//!
//! YAML anchors, aliases and merge keys (`<<: *defaults`) work. Duplicate keys are errors; nesting and sizes are limited.

mod assign;
mod connection;
mod declaration;
mod distribution;
mod either;
pub mod nnmt;
mod node;
mod parameters;
mod pattern;
mod population;
mod problem;
mod reader;
mod scaling;
mod schema;

use std::collections::BTreeMap;

pub use assign::AssignmentError;
pub use either::{AnyNetwork, read_network};
pub use nnmt::{DelayDistribution, NnmtNetwork};
pub use parameters::{Parameter, Target};
pub use problem::{NetworkFileError, Problem, ProblemKind};
pub use scaling::{Scale, Scaled};
pub use schema::network_file_schema;

use crate::{Entry, Network};
use node::describe;
use node::{Node, Value, read_nodes};
use problem::At;
use problem::failed;
use reader::{Reader, Section};

pub(crate) const FILE_KEYS: &[&str] =
    &["network", "name", "description", "reference", "fitted_to", "populations", "connections", "parameters"];
const FITTED_TO: &[&str] = &["hagen2022"];

/// A network of multicompartment neurons that the point neurons of a network were fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FittedTo {
    /// Hagen et al. (2022) PLOS Comput Biol 18:e1010353.
    Hagen2022,
}

/// A network with names for some of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkFile {
    description: Option<String>,
    reference: Option<String>,
    fitted_to: Option<FittedTo>,
    network: Network,
    parameters: Vec<Parameter>,
    /// Of the populations that name their drives, in the order of [`crate::Population::drives`].
    drive_names: BTreeMap<String, Vec<String>>,
    /// What parameters multiply, by canonical path.
    scaled: BTreeMap<String, Scaled>,
}

impl NetworkFile {
    /// Reads a network file; `source_name` is what errors call it.
    ///
    /// # Errors
    /// All problems of the file, by line and column.
    pub fn parse(text: &str, source_name: &str) -> Result<Self, NetworkFileError> {
        let root = read_nodes(text).map_err(|problem| failed(source_name, vec![*problem]))?;
        Self::read(&root).map_err(|problems| failed(source_name, problems))
    }

    fn read(root: &Node) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::default();
        match read_file(&mut reader, root) {
            Some(file) if reader.problems.is_empty() => Ok(file),
            _ => Err(reader.problems),
        }
    }

    /// The network with all defaults applied.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The short names, in the order of the file.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// What the network is, in a sentence.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The publication that the network comes from.
    pub fn reference(&self) -> Option<&str> {
        self.reference.as_deref()
    }

    /// What its point neurons were fitted to, as the file says. No simulation or theory depends on it.
    pub fn fitted_to(&self) -> Option<FittedTo> {
        self.fitted_to
    }

    /// What the paths of the file call a drive of a population: its name, `drive` if it is the only one, or its position.
    pub fn drive_name(&self, population: &crate::Population, position: usize) -> String {
        let named = self.drive_names.get(&population.name).and_then(|names| names.get(position));
        match (named, population.drives.len()) {
            (Some(name), _) => name.clone(),
            (None, 1) => "drive".to_owned(),
            (None, _) => position.to_string(),
        }
    }

    /// Every value that can be set, by its path in the file.
    pub fn paths(&self) -> Vec<Entry> {
        file_entries(&self.network, &self.drive_names)
    }

    /// The canonical unit of a short name or path; `1` for counts, probabilities and relative spreads.
    pub fn parameter_unit(&self, name: &str) -> Option<&'static str> {
        match self.parameters.iter().find(|parameter| parameter.name == name) {
            Some(parameter) => Some(parameter.unit),
            None => self.network.get(&self.resolved_path(name)).map(|entry| entry.unit),
        }
    }
}

/// `None` only after a problem.
fn read_file<'t>(reader: &mut Reader<'t>, root: &'t Node) -> Option<NetworkFile> {
    let section = reader.record(root, "", FILE_KEYS)?;
    let version = reader.required(section, "network", "network", "network: 1");
    if let Some(node) = version
        && !matches!(node.value, Value::Number(1.0))
    {
        reader.problem(node.at, "network", ProblemKind::Version { found: describe(node) });
    }
    let name = reader.required(section, "name", "name", "name: hagen").and_then(|node| reader.text(node, "name"));
    let description = section.get("description").and_then(|node| reader.text(node, "description"));
    let reference = section.get("reference").and_then(|node| reader.text(node, "reference"));
    let fitted_to = section.get("fitted_to").and_then(|node| {
        let found = reader.text(node, "fitted_to")?;
        match found {
            "hagen2022" => Some(FittedTo::Hagen2022),
            _ => {
                reader.choice(node, "fitted_to", found, FITTED_TO);
                None
            }
        }
    });
    reader.note_names(section.get("populations"), section.get("connections"));
    let declarations = section.get("parameters").map(|node| reader.declarations(node)).unwrap_or_default();
    let mut network =
        Network { name: name.unwrap_or_default().to_owned(), populations: Vec::new(), connections: Vec::new() };
    let mut drive_names = BTreeMap::new();
    if let Some(node) =
        reader.required(section, "populations", "populations", "populations: {E: {size: 100, model: iaf_psc_exp}}")
    {
        reader.populations(node, &mut network, &mut drive_names);
    }
    if let Some(node) = section.get("connections") {
        reader.connections(node, &mut network);
    }
    reader.check_targets(&declarations);
    if !reader.problems.is_empty() {
        return None;
    }
    check_whole(reader, &network, &drive_names, section);
    let parameters = reader.parameters(declarations, &file_entries(&network, &drive_names));
    let (description, reference) = (description.map(str::to_owned), reference.map(str::to_owned));
    let scaled = BTreeMap::new();
    let mut file = NetworkFile { description, reference, fitted_to, network, parameters, drive_names, scaled };
    let scaled = std::mem::take(&mut reader.scaled).into_iter();
    file.scaled = scaled.map(|(path, scaled)| (file.canonical_path(&path), scaled)).collect();
    Some(file)
}

/// What single fields do not show.
fn check_whole(
    reader: &mut Reader<'_>,
    network: &Network,
    drive_names: &BTreeMap<String, Vec<String>>,
    section: Section<'_>,
) {
    let Err(invalid) = network.check() else {
        return;
    };
    for problem in invalid.problems {
        let path = assign::file_path(problem.path(), drive_names);
        let at = place_of(reader, &path).unwrap_or(section.at);
        reader.problem(at, &path, ProblemKind::Network(problem));
    }
}

/// Where a path, or the first of those below it, stands in the file.
fn place_of(reader: &Reader<'_>, path: &str) -> Option<At> {
    let below = reader.places.range(path.to_owned()..).next();
    below.filter(|(found, _)| found.starts_with(path)).map(|(_, at)| *at)
}

fn file_entries(network: &Network, drive_names: &BTreeMap<String, Vec<String>>) -> Vec<Entry> {
    let mut entries = network.paths();
    for entry in &mut entries {
        entry.path = assign::file_path(&entry.path, drive_names);
    }
    entries
}
