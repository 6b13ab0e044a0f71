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
    /// Show a trained model
    Show {
        /// A model, as `export` and `apply` write it
        file: PathBuf,
    },
    /// Explain a model that is written as equations: what is integrated how, synapses, order of a step, memory
    #[command(after_help = "\
What a model file may say is described in docs/equations.md.

Examples:
  lapicque model check mine.yaml                 what it means, or everything that is wrong with it
  lapicque model check mine.yaml --json
  lapicque model check --schema > model.schema.json    for editors")]
    Check {
        /// A model file: YAML that begins with `equations: 1`
        #[arg(required_unless_present = "schema")]
        file: Option<PathBuf>,
        /// Print the JSON Schema of model files
        #[arg(long, conflicts_with = "file")]
        schema: bool,
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
