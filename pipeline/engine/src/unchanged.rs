//! Whether a run has nothing to do: what is asked for is what the latest run was asked for, and all that it found is there.

use crate::graph::Graph;
use crate::store::{RunRecord, Store, StoreError};

/// The latest run, if nothing has changed since: then a run would compute nothing.
pub fn unchanged(graph: &Graph, store: &dyn Store) -> Result<Option<RunRecord>, StoreError> {
    let Some(latest) = store.latest_run(&graph.name, Some(&graph.file))? else {
        return Ok(None);
    };
    // What panicked or took too long is tried again.
    let to_retry = latest.stages.iter().any(|stage| stage.to_retry > 0);
    let same =
        latest.ok && !to_retry && latest.identity == graph.identity() && latest.inventory == store.inventory()?;
    Ok(same.then_some(latest))
}
