//! Pipelines: read, bound to kinds of stages, planned against a store, and run.
//!
//! A pipeline file names stages and wires them into a graph ([`Pipeline`], [`Graph`]). Every sample of every stage has an
//! action key that covers all that its result depends on ([`keys`]); what is in the [`Store`] is not computed again.
//! Missing samples are computed in batches ([`task`], [`execute`]); what happens is told in [`Event`]s.
//!
//! **Invariant:** the engine knows no science and no file format of tables.

mod action;
mod alignment;
mod as_written;
mod attempt;
mod audit;
mod batches;
mod bind;
pub mod config;
mod diagnostic;
mod differences;
mod dispatch;
mod estimate;
mod events;
pub mod execute;
mod executor;
mod feedback;
mod file_memo;
mod files;
mod found;
mod glob;
mod graph;
mod groups;
pub mod keys;
mod kind;
mod local;
mod located;
mod memory;
mod options;
mod overlay;
mod panics;
mod pipeline_file;
mod plan;
mod record;
mod report;
mod rounds;
mod run;
mod search;
mod settings;
pub mod shared_tables;
mod states;
mod store;
mod suggestion;
mod table_inputs;
mod tables;
pub mod task;
mod typed;
mod unchanged;
mod verify;
mod whole;
mod why;
pub mod worker;

pub use action::{Action, OutputEntry};
pub use as_written::{Written, replace_written};
pub use audit::{AuditedTable, Fault, audit};
pub use batches::tasks;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use differences::{Change, ColumnChange, Upstream};
pub use estimate::{StagePlan, plan, plan_rows};
pub use events::{Event, Observer, TimedEvent};
pub use executor::{Done, Executor, Outcome};
pub use file_memo::{FILE_MEMO, FileMemo};
pub use files::{FileRef, Files};
pub use found::{ActionColumns, Found};
pub use graph::{BoundStage, Component, Domain, Graph, Port};
pub use kind::{
    Batch, BindRequest, Bound, ConfigError, Context, DuplicateKind, FailureReason, Grain, Kind, Output, Points,
    PortMode, PortSchema, PortSpec, Ports, Read, Registry, Rounds, SampleError, SampleInput, SampleOutput, Samples,
    Stage, each_sample,
};
pub use located::{Located, RowsOf, Segment};
pub use memory::MemoryStore;
pub use options::RunOptions;
pub use overlay::Overlay;
pub use panics::take_down_backtraces;
pub use pipeline_file::{FORMAT, OnError, Pipeline, RESERVED_KEYS, Source, StageRef, StageSpec};
pub use plan::Planner;
pub use report::{BatchReport, MemberReport, UnitReport};
pub use run::run;
pub use settings::set_field;
pub use states::{StageState, Unit};
pub use store::{Binding, Claim, Cost, MeasuredOn, NewAction, NewBatch, RunRecord, StageRun, Store, StoreError};
pub use tables::{output_schema, read_output, read_rows};
pub use unchanged::unchanged;
pub use why::{Why, why};
