//! What commands on files of networks and of models are told.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Network {
    #[command(subcommand)]
    pub(crate) action: Option<NetworkAction>,
    /// The shipped network to print
    pub(crate) name: Option<String>,
    /// Print the JSON Schema of network files
    #[arg(long, conflicts_with = "name")]
    pub(crate) schema: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Model {
    #[command(subcommand)]
    pub(crate) action: ModelAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelAction {
    /// Show a model file
    Show {
        /// A model, as `export` and `apply` write it
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum NetworkAction {
    /// Explain a network file: populations, synapses, memory, and what can be swept
    #[command(after_help = "\
Examples:
  lapicque network check mine.yaml
  lapicque network check potjans_diesmann --json")]
    Check {
        /// A network file, or a shipped network
        file: String,
    },
}
