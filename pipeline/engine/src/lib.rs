//! Pipelines: read, bound to kinds of stages, planned against a store, and run.
//!
//! A pipeline file names stages and wires them into a graph ([`Pipeline`], [`Graph`]). Every sample of every stage has an
//! action key that covers all that its result depends on ([`keys`]); what is in the [`Store`] is not computed again.
//! Missing samples are computed in batches ([`task`], [`execute`]); what happens is told in [`Event`]s.
//!
//! **Invariant:** the engine knows no science and no file format of tables.

mod as_written;
mod attempt;
mod audit;
mod batches;
pub mod config;
mod diagnostic;
mod differences;
mod estimate;
mod events;
pub mod execute;
mod files;
mod found;
mod glob;
mod graph;
mod groups;
pub mod keys;
mod kind;
mod memory;
mod overlay;
mod panics;
mod pipeline_file;
mod plan;
mod record;
mod run;
mod store;
mod tables;
pub mod task;
mod whole;
mod why;

pub use as_written::{Written, replace_written};
pub use batches::tasks;
pub use diagnostic::{Diagnostic, Diagnostics};
pub use differences::{Change, ColumnChange, Upstream};
pub use estimate::{StagePlan, plan, plan_rows, unchanged};
pub use events::{Event, Observer, TimedEvent};
pub use files::{FileRef, Files};
pub use found::{ActionColumns, Found};
pub use graph::{BoundStage, Domain, Graph, Port, Registry};
pub use kind::{
    Batch, BindRequest, Bound, ConfigError, Context, FailureReason, Grain, Kind, Output, Points, PortMode, PortSchema,
    PortSpec, Ports, Read, SampleError, SampleInput, SampleOutput, Stage, each_sample,
};
pub use memory::MemoryStore;
pub use overlay::Overlay;
pub use pipeline_file::{FORMAT, OnError, Pipeline, RESERVED_KEYS, Source, StageRef, StageSpec, set_field};
pub use plan::{Planner, StageState, Unit};
pub use run::{RunOptions, run};
pub use store::{
    Action, Binding, Claim, Cost, NewAction, NewBatch, OutputEntry, RunRecord, StageRun, Store, StoreError,
};
pub use tables::{output_schema, read_output, read_rows};
pub use whole::{label_positions, sample_field, stage_view, with_sample};
pub use why::{Why, why};
