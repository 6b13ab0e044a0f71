//! The extension point: kinds of stages, and stages bound to a configuration and the schemas of their inputs.
//!
//! A [`Kind`] is checked against its configuration and inputs by [`Kind::bind`]; what comes out is a [`Stage`], whose
//! [`Bound`] says everything that planning needs: what is read, what comes out, what enters the key.
//! A stage never reads clock, environment or files on its own, and its output is the same for any batch, order or number of threads.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, DigestBuilder, Labels, TableSchema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::as_written::Written;
use crate::files::{FileRef, Files};

/// What a stage *is*: a name, the schema of its configuration, and how it is bound.
pub trait Kind: Send + Sync {
    /// As in the pipeline file, e.g. `simulate.spiking`.
    fn name(&self) -> &str;
    /// One line for `lapicque stages`.
    fn summary(&self) -> &str;
    fn ports(&self) -> Ports<'_>;
    /// JSON Schema of the configuration, without the reserved keys.
    fn config_schema(&self) -> Value;
    /// Checks configuration and inputs; reports every problem it finds.
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>>;
}

/// The kinds that pipelines may use.
#[derive(Default)]
pub struct Registry(Vec<Box<dyn Kind>>);

/// Two kinds of one name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is a kind `{0}` already; give this one another name")]
pub struct DuplicateKind(pub String);

impl Registry {
    /// Kinds of different names.
    pub fn new(kinds: Vec<Box<dyn Kind>>) -> Self {
        Self(kinds)
    }

    /// Adds a kind, such as one that a program makes at run time.
    ///
    /// # Errors
    /// There is one of its name.
    pub fn add(&mut self, kind: Box<dyn Kind>) -> Result<(), DuplicateKind> {
        if self.get(kind.name()).is_some() {
            return Err(DuplicateKind(kind.name().to_owned()));
        }
        self.0.push(kind);
        Ok(())
    }

    pub fn get(&self, name: &str) -> Option<&dyn Kind> {
        self.iter().find(|kind| kind.name() == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &dyn Kind> {
        self.0.iter().map(AsRef::as_ref)
    }
}

/// The inputs that a kind takes.
#[derive(Debug, Clone, Copy)]
pub enum Ports<'a> {
    Named(&'a [PortSpec]),
    /// Any names: they are part of the configuration, as the tables of a query.
    Any,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PortSpec {
    pub name: Cow<'static, str>,
    /// The table it takes: a name of `lapicque_schemas::tables`.
    pub table: Cow<'static, str>,
    pub mode: PortMode,
    pub required: bool,
}

impl PortSpec {
    /// A port of a kind that is known when the program is built; one that is made later fills the fields itself.
    pub const fn new(name: &'static str, table: &'static str, mode: PortMode, required: bool) -> Self {
        Self { name: Cow::Borrowed(name), table: Cow::Borrowed(table), mode, required }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PortMode {
    /// The rows of the sample at hand; without a sample-wise source upstream, the whole table.
    Either,
    /// The whole table; a sample-wise table is refused.
    Broadcast,
}

/// What a kind is bound to.
pub struct BindRequest<'a> {
    /// The configuration without the reserved keys: an object.
    pub config: &'a Value,
    /// What numbers of the configuration were written as, by dotted path, where they do not show it: names stay as written.
    pub written: &'a Written,
    pub inputs: &'a [PortSchema],
    /// The reserved key `grain`, where it is given.
    pub grain: Option<Grain>,
    /// The names under the reserved key `feedback`: tables that are bound only after the stage.
    pub feedback: &'a [String],
    pub files: &'a Files<'a>,
}

/// The table at an input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortSchema {
    pub port: String,
    pub schema: TableSchema,
    /// Whether the stage sees the rows of one sample of it, or all.
    pub sample_wise: bool,
    /// How many samples it has at most, where it has any: some may fail or be left out.
    #[serde(default)]
    pub samples: Option<usize>,
}

impl BindRequest<'_> {
    pub fn input(&self, port: &str) -> Option<&PortSchema> {
        self.inputs.iter().find(|p| p.port == port)
    }

    /// The files that the configuration names at `field` by a pattern such as `sub-*/eeg.edf`; a name without one is itself.
    pub fn matching(&self, field: &str, path: &str) -> Result<Vec<String>, ConfigError> {
        self.files.matching(field, path).map_err(|message| ConfigError::at(field, message))
    }

    /// A file that the configuration names at `field`; the engine hashes it, and its digest must go into [`Bound::files`].
    pub fn open(&self, field: &str, path: &str) -> Result<FileRef, ConfigError> {
        self.files.open(field, path).map_err(|message| ConfigError::at(field, message))
    }
}

/// A problem of a configuration or of the inputs of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Path of the field within the stage's configuration, e.g. `populations.E.rate`; `inputs.kernels` for an input.
    pub field: String,
    pub message: String,
}

impl ConfigError {
    pub fn at(field: impl Into<String>, message: impl ToString) -> Self {
        Self { field: field.into(), message: message.to_string() }
    }
}

/// A stage that can run.
pub trait Stage: Send + Sync {
    fn bound(&self) -> &Bound;
    /// One result per sample of the batch, in its order.
    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>>;

    /// What a stage that makes samples in rounds reads of the tables that it learns from, which follow from its own samples.
    ///
    /// # Errors
    /// What is wrong with them: fields are `feedback.PORT`.
    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        let learns_nothing = |table: &PortSchema| {
            ConfigError::at(format!("feedback.{}", table.port), "this kind learns nothing from results; leave it out")
        };
        if tables.is_empty() { Ok(Vec::new()) } else { Err(tables.iter().map(learns_nothing).collect()) }
    }
}

/// Everything about a bound stage that planning needs.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Raised when the numbers of this kind change.
    pub revision: u32,
    /// The configuration as it enters the key: fields equal to their default left out.
    pub config: Value,
    pub grain: Grain,
    /// What is read, per port that is connected.
    pub reads: Vec<Read>,
    /// The first output is the default.
    pub outputs: Vec<Output>,
    /// Where its samples come from.
    pub samples: Samples,
    /// Digests of the files that the configuration names.
    pub files: Vec<(String, Digest)>,
    /// Whether random streams are drawn: then the seed enters the key.
    pub random: bool,
    /// Whether a table-grain stage depends on the order of samples. Others see them in an order that only their content fixes.
    pub order_sensitive: bool,
    /// Columns of a parameters table that would be read if they were there: for suggestions.
    pub accepts: Vec<String>,
    /// What one sample costs beside other configurations of the kind, in any measure: estimates of time and size are scaled by it.
    pub work: Option<f64>,
    /// How many samples are computed together at most, where few of them fill the memory.
    pub most_per_batch: Option<usize>,
    /// How many batches are computed at a time at most, where the rows of a few fill the memory.
    pub most_batches: Option<usize>,
    /// Remarks for the user, such as an assumed unit.
    pub notes: Vec<String>,
}

impl Bound {
    /// A deterministic sample-wise stage that reads all columns of its inputs.
    pub fn new(revision: u32, config: Value, inputs: &[PortSchema], outputs: Vec<Output>) -> Self {
        let reads = inputs.iter().map(|p| Read::all(&p.port)).collect();
        Self {
            revision,
            config,
            grain: Grain::Sample,
            reads,
            outputs,
            samples: Samples::Inherited,
            files: Vec::new(),
            random: false,
            order_sensitive: false,
            accepts: Vec::new(),
            work: None,
            most_per_batch: None,
            most_batches: None,
            notes: Vec::new(),
        }
    }
}

impl Bound {
    /// The samples of a source.
    pub fn points(&self) -> Option<&Points> {
        match &self.samples {
            Samples::Known(points) => Some(points),
            Samples::Inherited | Samples::Made(_) => None,
        }
    }

    /// What a search says of its rounds.
    pub fn rounds(&self) -> Option<&Rounds> {
        match &self.samples {
            Samples::Made(rounds) => Some(rounds),
            Samples::Inherited | Samples::Known(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Output of a sample depends on that sample's rows and on broadcast tables.
    Sample,
    /// Needs whole tables: training, aggregation.
    Table,
}

/// The columns that a stage reads at a port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    pub port: String,
    /// `None`: all.
    pub columns: Option<Vec<String>>,
    /// Whether labels of samples are values to this stage; otherwise it sees positions.
    pub labels: bool,
}

impl Read {
    pub fn all(port: &str) -> Self {
        Self { port: port.to_owned(), columns: None, labels: false }
    }

    pub fn columns(port: &str, columns: impl IntoIterator<Item = String>) -> Self {
        Self { port: port.to_owned(), columns: Some(columns.into_iter().collect()), labels: false }
    }
}

/// One output of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The name behind the dot in `stage.output`.
    pub name: String,
    pub schema: TableSchema,
}

impl Output {
    pub fn new(name: &str, schema: TableSchema) -> Self {
        Self { name: name.to_owned(), schema }
    }
}

/// Where the samples of a stage come from.
#[derive(Debug, Clone)]
pub enum Samples {
    /// Those of its sample-wise inputs; where there are none, it is computed once.
    Inherited,
    /// Known when it is bound: grids, lists, recordings.
    Known(Points),
    /// The rows of its first output are samples, known once they are computed.
    Made(Rounds),
}

/// What is known beforehand of samples that a stage makes, round after round (`search.rs` says how).
#[derive(Debug, Clone, PartialEq)]
pub struct Rounds {
    pub most_rounds: u32,
    /// In all rounds together: for plans, and against a search without end.
    pub most_points: u64,
    /// Columns of the output that no stage need read.
    pub unread: Vec<String>,
}

/// The samples that a source makes: one row each.
#[derive(Debug, Clone)]
pub struct Points {
    /// Labels given by the user; made from `digests` where there are none.
    pub labels: Option<Vec<String>>,
    /// What the result of each point depends on.
    pub digests: Vec<Digest>,
    /// Columns of the output that no stage need read.
    pub unread: Vec<String>,
}

/// The samples that a stage computes together.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub samples: Vec<SampleInput>,
    /// Whole tables, the same for all samples.
    pub broadcast: Vec<(String, RecordBatch)>,
}

#[derive(Debug, Clone)]
pub struct SampleInput {
    /// For messages only.
    pub label: String,
    /// This sample's rows of the sample-wise ports.
    pub tables: Vec<(String, RecordBatch)>,
    /// Key of this sample's random streams.
    pub random: Digest,
    /// Number of the point, in a source.
    pub point: usize,
}

impl Batch {
    /// The rows that a sample sees at a port, sample-wise or broadcast.
    pub fn table(&self, sample: usize, port: &str) -> Option<&RecordBatch> {
        let own = self.samples.get(sample).and_then(|s| s.tables.iter().find(|(name, _)| name == port));
        own.or_else(|| self.broadcast.iter().find(|(name, _)| name == port)).map(|(_, table)| table)
    }

    /// The table at a port if it is the same for all samples.
    pub fn whole(&self, port: &str) -> Option<&RecordBatch> {
        self.broadcast.iter().find(|(name, _)| name == port).map(|(_, table)| table)
    }
}

impl SampleInput {
    /// Key of an independent family of random streams for one purpose, e.g. `connectivity`.
    pub fn stream(&self, purpose: &str) -> [u8; 16] {
        DigestBuilder::new("lapicque stream 1").digest(self.random).text(purpose).finish().0
    }
}

/// What a stage made of one sample.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleOutput {
    /// One table per output, in the order of [`Bound::outputs`].
    pub tables: Vec<RecordBatch>,
    /// Remarks; equal ones of many samples are told once, with their number.
    pub notes: Vec<String>,
}

impl SampleOutput {
    pub fn of(table: RecordBatch) -> Self {
        Self { tables: vec![table], notes: Vec::new() }
    }
}

/// Why a sample has no result. Stored, so that it is not tried again unless asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleError {
    pub reason: FailureReason,
    pub message: String,
    /// The position of the sample that it is about, in a stage that sees many and not their names: the message leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The input has no result in this stage, e.g. a signal that is too short.
    Input,
    /// The stage was cancelled; never stored.
    Cancelled,
    /// The stage panicked, or its program crashed.
    Panic,
    /// It took longer than the `timeout` of the stage.
    Timeout,
    /// A file that it reads is not what it was when the run began.
    Changed,
    /// The stage broke its promise, e.g. an output that does not have its schema.
    Internal,
}

impl FailureReason {
    /// Whether the same inputs may give a result another time.
    pub(crate) fn may_pass(self) -> bool {
        matches!(self, Self::Panic | Self::Timeout | Self::Changed)
    }
}

impl SampleError {
    pub(crate) fn of(reason: FailureReason, message: impl ToString) -> Self {
        Self { reason, message: message.to_string(), about: None }
    }

    /// The error, of the sample at this position of a whole input.
    pub fn about(self, position: u32) -> Self {
        Self { about: Some(position), ..self }
    }

    /// The error with the name of the sample that it is about, where these are the names of positions.
    pub(crate) fn named(&self, names: &Labels) -> Self {
        let name = self.about.and_then(|position| names.get(position as usize));
        let message = name.map(|name| format!("{} (sample `{name}`)", self.message));
        Self { message: message.unwrap_or_else(|| self.message.clone()), ..self.clone() }
    }

    pub fn input(message: impl ToString) -> Self {
        Self::of(FailureReason::Input, message)
    }

    pub fn internal(message: impl ToString) -> Self {
        Self::of(FailureReason::Internal, message)
    }

    pub fn changed(message: impl ToString) -> Self {
        Self::of(FailureReason::Changed, message)
    }

    /// A program that computed the sample ended: the same inputs may give a result another time.
    pub fn crashed(message: impl ToString) -> Self {
        Self::of(FailureReason::Panic, message)
    }

    pub fn cancelled() -> Self {
        Self::of(FailureReason::Cancelled, "cancelled")
    }
}

/// What a running stage may use beside its inputs.
pub struct Context<'a> {
    /// Threads that this call may keep busy.
    pub threads: usize,
    pub cancelled: &'a AtomicBool,
    /// Told the fraction of one sample that is done since it was last told.
    pub progress: &'a (dyn Fn(f64) + Sync),
}

impl Context<'_> {
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Runs a function on every sample of a batch: the shape of most stages.
pub fn each_sample(
    batch: &Batch,
    mut run: impl FnMut(usize, &SampleInput) -> Result<SampleOutput, SampleError>,
) -> Vec<Result<SampleOutput, SampleError>> {
    batch.samples.iter().enumerate().map(|(i, sample)| run(i, sample)).collect()
}
