//! What the engine asks of a store: results by action key, and records of runs.
//!
//! Two maps, as in Bazel: action key -> entry (rows and content digest, or a failure), and entry -> rows.
//! What was published never changes; publishing an action twice is harmless: the first stays unless the second
//! [replaces](Action::replaces) it.

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, DigestBuilder, Labels, TableSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::Action;
use crate::events::TimedEvent;
use crate::found::Found;
use crate::keys::labels_digest;
use crate::kind::Output;
use crate::located::Located;

pub trait Store: Send + Sync {
    /// What is known of the actions with these keys, in their order; `None` where there is none.
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError>;
    /// All that is stored of these actions, in their order.
    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError>;
    /// All that is stored of one action.
    fn action(&self, key: Digest) -> Result<Option<Action>, StoreError> {
        Ok(self.actions(&[key])?.pop().flatten())
    }
    /// Announces that a run is at work, until what is returned is dropped: so long nothing that it finds is removed.
    fn work(&self) -> Result<Option<Box<dyn Send>>, StoreError> {
        Ok(None)
    }
    /// Announces that these actions are about to be computed here, but for those that are published or that another
    /// runner is computing.
    fn claim(&self, keys: &[Digest]) -> Result<Claim, StoreError> {
        Ok(Claim { granted: keys.to_vec(), guard: None })
    }
    /// Stores the results of one batch; returns the bytes it took. All of it becomes visible, or nothing.
    fn publish(&self, batch: &NewBatch<'_>) -> Result<u64, StoreError>;
    /// The rows of one output of these actions, one table per key; all columns or the named ones, in their order.
    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError>;
    /// As [`Self::read`], but as one table, with the number of rows of each key.
    fn read_joined(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<(RecordBatch, Vec<u64>), StoreError> {
        let tables = self.read(output, schema, keys, columns)?;
        let joined = arrow_select::concat::concat_batches(&schema.view(columns), &tables)
            .map_err(|error| StoreError::Unsupported { message: error.to_string() })?;
        Ok((joined, tables.iter().map(|table| table.num_rows() as u64).collect()))
    }
    /// Where the rows of one output of these actions lie, for stores that other processes open; nothing where they look it
    /// up themselves.
    fn locate(&self, _output: usize, _keys: &[Digest]) -> Result<Located, StoreError> {
        Ok(Located::default())
    }
    /// Takes note of where rows lie, which are then read without looking them up.
    fn admit(&self, _located: &[Located]) {}
    /// Makes visible what other processes have published.
    fn refresh(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// The ingredients that the actions of a stage have in common, as they were published.
    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError>;
    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError>;
    fn binding(&self, digest: Digest) -> Result<Binding, StoreError>;
    fn save_run(&self, run: &RunRecord) -> Result<(), StoreError>;
    /// All runs, oldest first.
    fn runs(&self) -> Result<Vec<RunRecord>, StoreError>;
    /// The latest run of a pipeline that was written, by its name and its file; of whatever file where none is given.
    fn latest_run(&self, pipeline: &str, file: Option<&str>) -> Result<Option<RunRecord>, StoreError> {
        Ok(self.runs()?.into_iter().rev().find(|run| run.is_of(pipeline, file)))
    }
    /// Puts into order what a run has stored, before the inventory is taken.
    fn tidy(&self) -> Result<(), StoreError> {
        Ok(())
    }
    /// Names all that results consist of: while it is equal, what a run found is still there.
    fn inventory(&self) -> Result<Digest, StoreError> {
        Ok(Digest::of("lapicque inventory 1", &[]))
    }
    /// What was found damaged since this was last asked, for messages.
    fn take_damage(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Leave to compute some actions, until it is dropped.
pub struct Claim {
    pub granted: Vec<Digest>,
    /// Gives the claim up when it is dropped.
    pub guard: Option<Box<dyn Send>>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// A file of the store is not what was written; what it held is forgotten, so that it is computed again.
    #[error("{path}: {message}")]
    Damaged { path: String, message: String },
    /// As [`Self::Damaged`], of a file that this process wrote itself: computing it again would not help.
    #[error(
        "{path}: {message}, although this run wrote it: the disk or lapicque is at fault, and computing it again would not help"
    )]
    Unreadable { path: String, message: String },
    /// A sound file that holds another table.
    #[error("{path}: {message}; it is not damaged, but was stored by a version that computed another table")]
    OtherColumns { path: String, message: String },
    /// Rows that are there by the record of a run, and are not.
    #[error(
        "{lost} of {results} results of `{stage}` are no longer in the store; `lapicque run` computes again what the pipeline needs"
    )]
    Lost { stage: String, lost: usize, results: usize },
    #[error(
        "the rows that were read for the result {key} are not those that were stored: the store was read wrongly; `lapicque audit` says where"
    )]
    WrongRows { key: Digest },
    #[error(
        "nothing was removed: what `{stage}` of the latest run of `{pipeline}` needs is not known ({cause}); `lapicque run` writes it again"
    )]
    BindingLost { stage: String, pipeline: String, cause: String },
    #[error("{path}: the store has format {found}, this version reads format {known}; {advice}")]
    Format { path: String, found: String, known: u32, advice: String },
    #[error("the store does not hold the rows of action {key}")]
    NotStored { key: Digest },
    #[error("the rows cannot be stored: {message}")]
    Unsupported { message: String },
}

impl StoreError {
    /// Whether something of the store is lost, which a run may heal.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::NotStored { .. } | Self::Lost { .. } => true,
            Self::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

/// The results of a batch of one stage, ready to be stored.
pub struct NewBatch<'a> {
    pub outputs: &'a [Output],
    /// Ingredients that the actions have in common.
    pub common: &'a Value,
    pub actions: Vec<NewAction>,
}

pub struct NewAction {
    pub key: Digest,
    pub action: Action,
    /// The rows of each output; empty for failures and where rows are not kept.
    pub tables: Vec<RecordBatch>,
}

/// Which action answers for which sample of a stage.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Binding {
    /// Labels, in order; empty for a stage that runs once.
    pub samples: Labels,
    /// `None` where there is no result.
    pub keys: Vec<Option<Digest>>,
    /// What the positions in the `sample` column of a table-grain output mean.
    pub positions: Labels,
}

/// The record of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Sorts by time.
    pub id: String,
    pub pipeline: String,
    /// [`crate::Graph::file`].
    #[serde(default)]
    pub file: String,
    /// Digest of all that the plan of the run followed from, beside the store: see [`crate::Graph::identity`].
    pub identity: Digest,
    /// [`Store::inventory`] at the end of the run.
    pub inventory: Digest,
    /// The pipeline file as read.
    pub text: String,
    pub settings: Vec<String>,
    pub version: String,
    pub started: String,
    pub seconds: f64,
    pub ok: bool,
    /// Whether it was ended before its time.
    #[serde(default)]
    pub interrupted: bool,
    pub stages: Vec<StageRun>,
    pub events: Vec<TimedEvent>,
}

/// What a run did for one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    pub stage: String,
    pub kind: String,
    pub inputs: Vec<(String, String)>,
    pub samples: u64,
    pub cached: u64,
    pub computed: u64,
    /// Samples whose inputs were computed anew and came out as known.
    pub cut_off: u64,
    pub failed: u64,
    /// Of those that failed: how many panicked or took too long, and are tried again by the next run.
    pub to_retry: u64,
    /// Samples that `where` left out.
    pub left_out: u64,
    /// Samples with a result.
    #[serde(default)]
    pub done: u64,
    pub seconds: f64,
    pub bytes: u64,
    /// What a sample costs, by the latest run that computed any.
    pub cost: Option<Cost>,
    /// What that was measured on.
    #[serde(default)]
    pub measured_on: Option<MeasuredOn>,
    pub notes: Vec<(String, u64)>,
    pub outputs: Vec<Output>,
    pub binding: Digest,
    pub sample_wise: bool,
}

/// What the cost of a stage depends on, beside the values of its samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeasuredOn {
    /// [`crate::Bound::work`] of then.
    pub work: Option<f64>,
    /// Digest of the configuration of the stage, as far as `work` does not tell what it costs, and of all stages above it.
    pub configuration: Digest,
}

/// What a sample costs, on average.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    pub seconds: f64,
    pub bytes: f64,
    /// Bytes of its rows in memory; 0 where that was not taken down.
    #[serde(default)]
    pub memory: f64,
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self { seconds: 0.0, bytes: 0.0, memory: 0.0 }, |sum, cost| Self {
            seconds: sum.seconds + cost.seconds,
            bytes: sum.bytes + cost.bytes,
            memory: sum.memory + cost.memory,
        })
    }
}

impl Binding {
    /// What the binding is stored under: equal bindings of many runs are one.
    pub fn digest(&self) -> Digest {
        let mut builder = DigestBuilder::new("lapicque binding 2");
        builder.digest(labels_digest(&self.samples)).digest(labels_digest(&self.positions));
        for key in &self.keys {
            builder.number(u64::from(key.is_some()));
            if let Some(key) = key {
                builder.digest(*key);
            }
        }
        builder.finish()
    }
}
