//! lapicque connects parameters of neural circuits with recordings, both ways.
//!
//! This is the facade: the registry of all kinds of stages, and what a Rust program needs to run pipelines ([`prelude`]).
//! The sciences are crates of their own: `lapicque-spiking`, `lapicque-potential`, `lapicque-signal`, `lapicque-inverse`.
//!
//! ```no_run
//! use std::path::Path;
//! use lapicque::prelude::*;
//!
//! let pipeline = Pipeline::read(Path::new("pipeline.yaml"), &[])?;
//! let graph = Graph::bind(&pipeline, &registry())?;
//! let store = ParquetStore::open(Path::new(".lapicque"))?;
//! let record = lapicque::run_to_end(&pipeline, &graph, &store, 2)?;
//! let metrics = query(&store, &record, "SELECT * FROM model__metrics WHERE fold IS NULL")?;
//! println!("{} rows", metrics.num_rows());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::sync::atomic::AtomicBool;

use lapicque_pipeline::{Graph, Pipeline, Registry, RunOptions, RunRecord, Store, StoreError};

/// The names that most programs need.
pub mod prelude {
    pub use lapicque_pipeline::{
        Diagnostics, Graph, MemoryStore, Pipeline, Planner, Registry, RunOptions, RunRecord, Store, read_output,
    };
    pub use lapicque_query::query;
    pub use lapicque_store::ParquetStore;

    pub use crate::registry;
}

/// All kinds of stages.
pub fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(lapicque_query::kinds());
    kinds.extend(lapicque_programs::kinds());
    kinds.sort_by(|a, b| a.name().cmp(b.name()));
    Registry::new(kinds)
}

/// Runs a pipeline on `jobs` threads, telling nobody.
pub fn run_to_end(pipeline: &Pipeline, graph: &Graph, store: &dyn Store, jobs: usize) -> Result<RunRecord, StoreError> {
    let options = RunOptions {
        jobs,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &AtomicBool::new(false),
        store_uri: String::new(),
        settings: Vec::new(),
    };
    lapicque_pipeline::run(pipeline, graph, store, &options, &|_| {})
}
