//! A batch as plain data: all that another process needs to compute it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use lapicque_schemas::{Digest, Labels, TableSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::as_written::Written;
use crate::files::Files;
use crate::kind::{BindRequest, ConfigError, Grain, PortSchema, Read, Registry, Stage};
use crate::located::Located;

/// Samples to compute together, through a chain of stages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BatchTask {
    /// Where inputs are read and results published.
    pub store: String,
    /// The stages, inputs first; more than one where rows between them are not kept.
    pub members: Vec<MemberTask>,
    /// The samples; one empty label for stages that run once.
    pub labels: Vec<String>,
    /// Where the stored rows lie that it reads, if it is computed elsewhere.
    #[serde(default)]
    pub located: Vec<Located>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemberTask {
    pub stage: String,
    pub binding: StageBinding,
    pub keep: bool,
    /// A sample that takes longer fails.
    pub timeout: Option<Duration>,
    /// How often a sample is tried again that panicked or took too long.
    pub retries: u32,
    /// The member whose rows select the samples, where it is one of this task.
    pub selected_by: Option<usize>,
    pub seed: u64,
    pub ports: Vec<PortTask>,
    /// Ingredients that all samples have in common.
    pub common: Value,
    /// One per label of the batch.
    pub units: Vec<UnitTask>,
}

/// What a kind is bound to, to bind it anew elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageBinding {
    pub kind: String,
    pub config: Value,
    /// What its numbers were written as, where they do not show it.
    pub written: Written,
    pub grain: Option<Grain>,
    #[serde(default)]
    pub feedback: Vec<String>,
    pub inputs: Vec<PortSchema>,
    /// Relative paths of files start here, but for fields that were set on the command line.
    pub folder: PathBuf,
    pub set_by_user: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortTask {
    pub name: String,
    pub read: Read,
    pub schema: TableSchema,
    pub from: From,
}

/// Where the table at a port comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// A member before this one.
    Member { member: usize, output: usize },
    /// Stored rows, an action per label of the batch.
    Samples { output: usize, keys: Vec<Option<Digest>> },
    /// A whole table, the same for all samples.
    Whole { output: usize, keys: Vec<Option<Digest>>, labels: WholeLabels },
    /// What a round of a search sees of those before it.
    History { output: usize, keys: Vec<Option<Digest>>, of: HistoryOf },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryOf {
    /// The points of all rounds: a column `round` says of which.
    Rounds,
    /// Rows of all samples: a column `sample` says of which, by its position among the points.
    Samples,
    /// A table of the round before.
    Before,
}

/// The `sample` column of a whole table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WholeLabels {
    /// The table of a stage that runs once has none.
    None,
    /// Positions in the order of the keys.
    Positions,
    /// The labels, in the order of the keys.
    Text(Labels),
    /// The stored column holds positions, which mean these labels.
    Stored(Labels),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitTask {
    /// Nothing to do: not a sample of this stage, or an input failed.
    Absent,
    /// Computed before; computed again only if its rows are needed and were not kept.
    Done {
        key: Digest,
        inputs: Vec<Digest>,
        point: usize,
        contents: Vec<Digest>,
    },
    Missing {
        key: Digest,
        inputs: Vec<Digest>,
        point: usize,
    },
    /// Its key depends on a member before it.
    Waiting {
        inputs: Vec<Option<Digest>>,
        point: usize,
    },
}

impl StageBinding {
    /// Binds the stage, as the graph did.
    pub fn bind(&self, registry: &Registry) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let unknown = || vec![ConfigError::at("kind", format!("there is no kind `{}`", self.kind))];
        let files = Files::new(&self.folder, self.set_by_user.clone());
        let request = BindRequest {
            config: &self.config,
            written: &self.written,
            inputs: &self.inputs,
            grain: self.grain,
            feedback: &self.feedback,
            files: &files,
        };
        registry.get(&self.kind).ok_or_else(unknown)?.bind(&request)
    }
}
