//! `lapicque worker`: compute one batch for a run of another process.

use std::path::Path;

use lapicque_pipeline::worker::{Reply, work};
use lapicque_store::ParquetStore;

use crate::arguments::Shared;
use crate::error::CommandError;
use crate::print;
use crate::project::jobs;
use crate::run::{cancelled, interruptible};

pub(crate) fn worker(shared: &Shared) -> Result<(), CommandError> {
    interruptible();
    let open = |place: &str| Ok(Box::new(ParquetStore::open(Path::new(place))?) as Box<dyn lapicque_pipeline::Store>);
    let report = work(std::io::stdin().lock(), &lapicque::registry(), open, jobs(shared), cancelled());
    let reply = Reply::of(report).map_err(|error| CommandError::Input(error.to_string()))?;
    let text = serde_json::to_string(&reply).map_err(|error| CommandError::Output(error.to_string()))?;
    print(&format!("{text}\n"))
}
