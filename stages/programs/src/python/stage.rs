//! Runs samples through interpreters.

use std::path::PathBuf;
use std::sync::OnceLock;

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, Bound, ConfigError, Context, FailureReason, FileRef, PortSchema, Read, SampleError, SampleOutput, Stage,
};
use serde_json::{Value, json};

use super::idle::Interpreters;
use super::worker::{Frame, Start, Worker, load};
use crate::outcome::{Call, Failed, Given, Shape, results};

pub(super) struct PythonStage {
    pub(super) bound: Bound,
    pub(super) shape: Shape,
    pub(super) program: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) threads: usize,
    pub(super) setup: Value,
    /// All that went into the key.
    pub(super) files: Vec<FileRef>,
    pub(super) interpreters: Interpreters,
    /// Of a function that makes samples: what it takes of the rounds before, beside what it learns from.
    pub(super) history: Option<Vec<String>>,
    /// Why the script cannot be loaded, once that was tried.
    pub(super) unloaded: OnceLock<SampleError>,
}

impl Stage for PythonStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        let learns = self.history.is_some();
        let read = |table: &PortSchema| match learns {
            true => Ok(Read::all(&table.port)),
            false => Err(ConfigError::at("feedback", "a function learns from results with `rounds`; give these")),
        };
        tables.iter().map(read).collect::<Result<_, _>>().map_err(|error| vec![error])
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let seen = self.history.as_ref().map(|history| seen(batch, history));
        let batch = seen.as_ref().unwrap_or(batch);
        // The text that runs is the one that was hashed; but what a user has changed meanwhile is not asked for any more.
        for file in &self.files {
            if let Err(error) = file.unchanged() {
                let changed = SampleError::changed(format!("`{}`: {error}", file.name));
                return batch.samples.iter().map(|_| Err(changed.clone())).collect();
            }
        }
        let worker = std::cell::RefCell::new(None);
        let call = |call: &Call<'_>| {
            let mut held = worker.borrow_mut();
            let worker = match held.take() {
                Some(worker) => worker,
                None => self.worker(context, batch)?,
            };
            let (answer, worker) = self.call(worker, call, context);
            *held = worker;
            answer
        };
        let results = results(&self.shape, context, batch, &call);
        if let Some(worker) = worker.into_inner() {
            self.interpreters.put(worker);
        }
        results
    }
}

/// The batch as the function sees it: arguments have no dots in their names, and it need not take all of the history.
fn seen(batch: &Batch, history: &[String]) -> Batch {
    let mut seen = batch.clone();
    for (name, _) in &mut seen.broadcast {
        *name = name.replace('.', "_");
    }
    let is_history = |name: &str| name == "points" || name.starts_with("previous_");
    seen.broadcast.retain(|(name, _)| !is_history(name) || history.contains(name));
    seen
}

impl PythonStage {
    /// An interpreter that has the tables that all samples share.
    fn worker(&self, context: &Context<'_>, batch: &Batch) -> Result<Worker, Failed> {
        let start =
            Start { interpreter: &self.program, folder: &self.folder, threads: self.threads, setup: &self.setup };
        let mut worker = match self.interpreters.take() {
            Some(worker) => worker,
            None => self.load(&start, context)?,
        };
        let (ports, tables): (Vec<&str>, Vec<RecordBatch>) =
            batch.broadcast.iter().map(|(port, table)| (port.as_str(), table.clone())).unzip();
        worker.hold(ports, tables);
        Ok(worker)
    }

    /// What a script raises while it is loaded is not asked for again by each of many samples.
    fn load(&self, start: &Start<'_>, context: &Context<'_>) -> Result<Worker, Failed> {
        if let Some(known) = self.unloaded.get() {
            return Err(known.clone().into());
        }
        load(start, context).map_err(|failed| {
            let error = failed.told();
            if error.reason != FailureReason::Cancelled {
                // Another thread may have found the same.
                let _ = self.unloaded.set(error.clone());
            }
            error.into()
        })
    }

    /// One call; without an interpreter where that did not survive it.
    fn call(
        &self,
        mut worker: Worker,
        call: &Call<'_>,
        context: &Context<'_>,
    ) -> (Result<Given, Failed>, Option<Worker>) {
        let ports: Vec<&str> = call.tables.iter().map(|(port, _)| *port).collect();
        let mut head = json!({"op": "call", "ports": ports});
        match (self.shape.batched, call.seeds.as_slice()) {
            (_, []) => {}
            (false, [seed, ..]) => head["seed"] = json!(seed),
            (true, seeds) => head["seed"] = json!(seeds),
        }
        let tables = call.tables.iter().map(|(_, table)| table.clone()).collect();
        let answer = worker.ask(Frame { head, tables, is_call: true }, context);
        let outputs = self.shape.outputs.len();
        let answer = answer.and_then(|given| match given.tables.len() == outputs {
            true => Ok(given),
            false => Err(SampleError::internal(format!("{} tables came out of {outputs}", given.tables.len())).into()),
        });
        let worker = worker.is_well().then_some(worker);
        (answer, worker)
    }
}
