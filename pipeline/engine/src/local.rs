//! Computes batches on threads of this process.
//!
//! Each slot has threads of its own, and a stage that divides its work divides it among these: what waits for a part of
//! one batch never computes another, so a batch takes the time of its own work.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::ThreadPoolBuilder;

use crate::execute::execute;
use crate::executor::{Done, Executor, Outcome};
use crate::kind::{Context, Stage};
use crate::shared_tables::SharedTables;
use crate::store::Store;
use crate::task::BatchTask;

/// What the batches of a group of stages have in common.
pub(crate) struct Local<'a> {
    pub(crate) stages: &'a [&'a dyn Stage],
    pub(crate) store: &'a dyn Store,
    pub(crate) shared: &'a SharedTables,
    pub(crate) context: Context<'a>,
}

type Job = (Arc<BatchTask>, Done);

struct LocalExecutor {
    slots: usize,
    jobs: Sender<Job>,
}

impl Executor for LocalExecutor {
    fn slots(&self) -> usize {
        self.slots
    }

    fn is_elsewhere(&self) -> bool {
        false
    }

    fn submit(&self, task: Arc<BatchTask>, done: Done) {
        // Where all threads are gone, the batch is dropped with `done`, which tells that it is lost.
        let _ = self.jobs.send((task, done));
    }
}

/// Lends an executor of so many slots, with the threads of the context in each.
pub(crate) fn with_threads<T>(local: &Local<'_>, slots: usize, work: impl FnOnce(&dyn Executor) -> T) -> T {
    let (jobs, taken) = channel();
    let taken = Mutex::new(taken);
    std::thread::scope(|scope| {
        // A machine that has no more threads to give computes with those that it gave.
        let given = (0..slots).map(|_| std::thread::Builder::new().spawn_scoped(scope, || slot(local, &taken)));
        let slots = given.take_while(Result::is_ok).count();
        // The threads end with the executor, which holds the other end of their channel.
        work(&LocalExecutor { slots, jobs })
    })
}

fn slot(local: &Local<'_>, jobs: &Mutex<Receiver<Job>>) {
    let compute_all = || {
        while let Some((task, done)) = next(jobs) {
            done.tell(match execute(&task, local.stages, local.store, local.shared, &local.context) {
                Ok(report) => Outcome::Computed(report),
                Err(error) => Outcome::Failed(error),
            });
        }
    };
    match ThreadPoolBuilder::new().num_threads(local.context.threads).build() {
        Ok(pool) => pool.install(compute_all),
        Err(_) => compute_all(),
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
