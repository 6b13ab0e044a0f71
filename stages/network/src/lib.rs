//! What a network of neurons *is*: populations, their neuron model and parameters, connections and external drive.
//!
//! One description serves simulation, field-potential kernels and theory.
//! Nothing here simulates: a consumer takes what it can do from a [`Network`] and refuses the rest by its path.
//!
//! ```
//! # #[cfg(feature = "file")] {
//! use lapicque_network::{NetworkFile, NeuronModel, shipped};
//!
//! let text = shipped("brunel").ok_or("no such network")?;
//! let mut network = NetworkFile::parse(text, "brunel")?.network().clone();
//! let excitatory = network.population("E").ok_or("no such population")?;
//! assert_eq!((excitatory.size, excitatory.neuron.model), (10_000, NeuronModel::IafPscDelta));
//!
//! // Every value has a path, a unit and a range.
//! let threshold = network.get("populations.E.V_th").ok_or("no such path")?;
//! assert_eq!((threshold.value, threshold.unit), (20.0, "mV"));
//! network.set("populations.E.t_ref", 1.5)?;
//! let refused = network.set("populations.E.t_ref", -1.0).unwrap_err().to_string();
//! assert!(refused.starts_with("`populations.E.t_ref`"), "{refused}");
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Units: ms, mV, pA, pF, nS, Hz, um; weights in the unit of the synapse they act on (pA, nS or mV).
//! With the feature `file`, networks are read from YAML: the module `file` documents the grammar.
//! [`shipped`] networks are such files.
#![warn(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod check;
mod distribution;
#[cfg(feature = "file")]
pub mod file;
mod models;
mod moments;
mod network;
mod path;
mod place;
mod problem;
mod rule;
mod shipped;
mod suggestion;

pub use distribution::{Bounds, Distribution, InvalidDistribution, Shape, Spread};
#[cfg(feature = "file")]
pub use file::{AnyNetwork, FittedTo, NetworkFile, NetworkFileError, NnmtNetwork, network_file_schema, read_network};
pub use lapicque_units::Range;
pub use models::{NeuronModel, ParameterSpec};
pub use network::{Connection, Drive, Network, Neuron, Population, SpatialProfile, Synapse, UnknownPath, Unsupported};
pub use path::SetError;
pub use place::Entry;
pub use problem::{InvalidNetwork, NetworkProblem};
pub use rule::Rule;
pub use shipped::{shipped, shipped_names};
