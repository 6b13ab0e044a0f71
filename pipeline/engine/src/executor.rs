//! Who computes batches.
//!
//! A dispatcher hands tasks out and hears what became of them; it alone knows the plan (see `dispatch`). An executor knows
//! single tasks: on threads of this process (see `local`), in other processes or on other machines. There, a task says all
//! that is to be known: a [worker](crate::worker) reads it, publishes to the store and reports.

use std::sync::Arc;

use crate::report::BatchReport;
use crate::store::StoreError;
use crate::task::BatchTask;

pub trait Executor: Sync {
    /// Batches that it computes at the same time.
    fn slots(&self) -> usize;

    /// Whether batches are computed by other processes, which open the store by its place and bind the stages themselves.
    /// Sources of samples are computed here in any case.
    fn is_elsewhere(&self) -> bool {
        true
    }

    /// Takes a batch and returns at once. `done` is told what became of it, from whatever thread.
    fn submit(&self, task: Arc<BatchTask>, done: Done);
}

/// What became of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It was computed, and its results are published.
    Computed(BatchReport),
    /// Its results are published: the store tells which.
    Published,
    /// It was not computed, by no fault of the store. It is tried again.
    Lost { message: String },
    /// The store did not give its inputs or did not take its results.
    Failed(StoreError),
}

/// Tells the dispatcher what became of a batch; a batch of which nothing is told before this is dropped is lost.
pub struct Done(Option<Box<dyn FnOnce(Outcome) + Send>>);

impl Done {
    pub fn new(tell: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    pub fn tell(mut self, outcome: Outcome) {
        if let Some(tell) = self.0.take() {
            tell(outcome);
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Outcome::Lost { message: "whoever computed it ended without a word".to_owned() });
        }
    }
}
