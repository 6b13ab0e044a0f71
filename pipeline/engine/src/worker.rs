//! A batch in a process of its own: a task comes in as JSON, its report goes out.
//!
//! The results are published to the store that the task names before the report is written, so a report that gets lost
//! loses nothing.

use std::io;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::execute::execute;
use crate::executor::Outcome;
use crate::keys::Ingredients;
use crate::kind::{ConfigError, Context, Registry, Stage};
use crate::report::BatchReport;
use crate::shared_tables::SharedTables;
use crate::store::{Store, StoreError};
use crate::task::{BatchTask, MemberTask};

#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("the task cannot be read: {0}")]
    Task(serde_json::Error),
    #[error("stage `{stage}` cannot be bound here: {}", problems.iter().map(|p| p.message.as_str()).collect::<Vec<_>>().join("; "))]
    Unbound { stage: String, problems: Vec<ConfigError> },
    #[error(
        "stage `{stage}` is another one here than where the task was made ({field} differs): a file that it reads has changed since, or the versions differ"
    )]
    OtherStage { stage: String, field: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a worker says of its batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Computed(BatchReport),
    /// A file of the store is not what was written; it was put aside.
    Damaged {
        path: String,
        message: String,
    },
}

impl Reply {
    /// What is to be said of a batch; an error where it could not be computed here.
    pub fn of(result: Result<BatchReport, WorkerError>) -> Result<Self, WorkerError> {
        match result {
            Ok(report) => Ok(Self::Computed(report)),
            Err(WorkerError::Store(StoreError::Damaged { path, message })) => Ok(Self::Damaged { path, message }),
            Err(error) => Err(error),
        }
    }

    pub fn outcome(self) -> Outcome {
        match self {
            Self::Computed(report) => Outcome::Computed(report),
            Self::Damaged { path, message } => Outcome::Failed(StoreError::Damaged { path, message }),
        }
    }
}

/// Reads a task, computes it and publishes its results to the store that `open` gives for the task's.
pub fn work(
    task: impl io::Read,
    registry: &Registry,
    open: impl FnOnce(&str) -> Result<Box<dyn Store>, StoreError>,
    threads: usize,
    cancelled: &AtomicBool,
) -> Result<BatchReport, WorkerError> {
    let task: BatchTask = serde_json::from_reader(task).map_err(WorkerError::Task)?;
    let stages = task.members.iter().map(|member| bind(member, registry)).collect::<Result<Vec<_>, _>>()?;
    let stages: Vec<&dyn Stage> = stages.iter().map(AsRef::as_ref).collect();
    let store = open(&task.store)?;
    store.admit(&task.located);
    let context = Context { threads: threads.max(1), cancelled, progress: &|_| {} };
    Ok(execute(&task, &stages, store.as_ref(), &SharedTables::default(), &context)?)
}

/// Binds a member, and makes sure that it is the stage that the keys of the task stand for.
fn bind(member: &MemberTask, registry: &Registry) -> Result<Box<dyn Stage>, WorkerError> {
    let stage = member
        .binding
        .bind(registry)
        .map_err(|problems| WorkerError::Unbound { stage: member.stage.clone(), problems })?;
    let here = Ingredients::new(&member.binding.kind, 0, stage.bound(), member.seed, Default::default(), Vec::new());
    let here = here.to_json();
    // Of a member that waits for the inputs that all its samples share nothing is computed.
    let is_known = |field: &&str| member.common.get(field).is_some();
    let differs = |field: &&str| member.common.get(field) != here.get(field);
    let fields = ["format", "kind", "revision", "config", "seed", "files", "outputs"];
    match fields.iter().filter(|field| is_known(field)).find(|field| differs(field)) {
        Some(field) => Err(WorkerError::OtherStage { stage: member.stage.clone(), field: format!("`{field}`") }),
        None => Ok(stage),
    }
}
