//! Some of the results that the store has are computed again and compared.
//!
//! It finds what keys cannot know: a stage that draws on something outside of its inputs, a change of numbers without a
//! new revision, results from a machine that computes otherwise.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use arrow_array::RecordBatch;
use lapicque_schemas::{Digest, DigestBuilder, TableSchema};
use serde_json::Value;

use crate::action::Action;
use crate::batches::again;
use crate::events::{Event, Observer};
use crate::execute::execute;
use crate::found::Found;
use crate::kind::{Context, Stage};
use crate::options::RunOptions;
use crate::plan::Planner;
use crate::shared_tables::SharedTables;
use crate::states::Unit;
use crate::store::{Binding, NewBatch, RunRecord, Store, StoreError};

/// Samples that are computed together.
const BATCH: usize = 64;

/// Computes a fraction of the results again, at least one of each stage; whether all came out equal.
pub(crate) fn verify(
    planner: &Planner<'_>,
    fraction: f64,
    options: &RunOptions<'_>,
    observe: Observer<'_>,
) -> Result<bool, StoreError> {
    let nonce = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
    let store = Unwritten(planner.store);
    let mut equal = true;
    for members in planner.graph.groups().filter(|members| !planner.graph.stages[members[0]].is_made()) {
        // What a round has seen is its own.
        let is_search = planner.graph.stages[members[0]].bound().rounds().is_some();
        let batch = if is_search { 1 } else { BATCH };
        let stages: Vec<&dyn Stage> = members.iter().map(|&m| planner.graph.stages[m].stage.as_ref()).collect();
        let shared = SharedTables::default();
        for labels in chosen(planner, members, fraction, nonce).chunks(batch) {
            if options.cancelled.load(Ordering::Relaxed) {
                return Ok(equal);
            }
            let Some(batch) = again(planner, members, &options.store_uri, &labels.iter().copied().collect()) else {
                continue;
            };
            let context = Context { threads: options.jobs.max(1), cancelled: options.cancelled, progress: &|_| {} };
            let report = execute(&batch.task, &stages, &store, &shared, &context)?;
            for ((&member, units), report) in members.iter().zip(&batch.units).zip(report.members) {
                let stage = &planner.graph.stages[member].name;
                let (mut samples, mut differing) = (0, 0);
                for ((label, unit), again) in batch.task.labels.iter().zip(units).zip(report.units) {
                    let (Some(unit), Some(again)) = (unit, again) else {
                        continue;
                    };
                    let Unit::Done { found, .. } = &planner.states[member].units[*unit] else {
                        continue;
                    };
                    samples += 1;
                    let contents: Vec<Digest> = again.outcome.iter().flatten().map(|entry| entry.content).collect();
                    if (0..found.outputs()).map(|output| found.content(output)).ne(contents.into_iter().map(Some)) {
                        differing += 1;
                        observe(&Event::NotReproduced { stage: stage.clone(), sample: label.clone() });
                    }
                }
                equal &= differing == 0;
                observe(&Event::Verified { stage: stage.clone(), samples, differing });
            }
        }
    }
    Ok(equal)
}

/// Labels of samples with a result, in an order of chance.
fn chosen<'a>(planner: &'a Planner<'_>, members: &[usize], fraction: f64, nonce: u64) -> Vec<&'a str> {
    let done = |member: usize| {
        let domain = planner.domain(member);
        let units = planner.states[member].units.iter().enumerate();
        units
            .filter(|(_, unit)| matches!(unit, Unit::Done { .. }))
            .map(move |(unit, _)| domain.label(unit).unwrap_or_default())
    };
    let all: HashSet<&str> = members.iter().flat_map(|&member| done(member)).collect();
    let count = ((all.len() as f64 * fraction).ceil() as usize).clamp(1.min(all.len()), all.len());
    let mut drawn: Vec<(Digest, &str)> = all
        .into_iter()
        .map(|label| (DigestBuilder::new("lapicque verify 1").number(nonce).text(label).finish(), label))
        .collect();
    drawn.sort_unstable();
    drawn.into_iter().take(count).map(|(_, label)| label).collect()
}

/// A store that is read only: what is computed again is not stored again.
struct Unwritten<'a>(&'a dyn Store);

impl Store for Unwritten<'_> {
    fn find(&self, keys: &[Digest]) -> Result<Vec<Option<Found>>, StoreError> {
        self.0.find(keys)
    }

    fn actions(&self, keys: &[Digest]) -> Result<Vec<Option<Action>>, StoreError> {
        self.0.actions(keys)
    }

    fn publish(&self, _: &NewBatch<'_>) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn read(
        &self,
        output: usize,
        schema: &TableSchema,
        keys: &[Digest],
        columns: Option<&[String]>,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        self.0.read(output, schema, keys, columns)
    }

    fn ingredients(&self, digest: Digest) -> Result<Option<Value>, StoreError> {
        self.0.ingredients(digest)
    }

    fn save_binding(&self, binding: &Binding) -> Result<Digest, StoreError> {
        Ok(binding.digest())
    }

    fn binding(&self, digest: Digest) -> Result<Binding, StoreError> {
        self.0.binding(digest)
    }

    fn save_run(&self, _: &RunRecord) -> Result<(), StoreError> {
        Ok(())
    }

    fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.0.runs()
    }
}
