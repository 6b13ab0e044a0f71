//! Interpreters that wait for their next call.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::worker::Worker;

/// Interpreters that wait, with the stage that they are of; those that waited longest first.
static IDLE: Mutex<Vec<(u64, Worker)>> = Mutex::new(Vec::new());

static NEXT: AtomicU64 = AtomicU64::new(0);

/// The interpreters of one stage; they end with it.
pub(super) struct Interpreters(u64);

impl Interpreters {
    pub(super) fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// One that waits.
    pub(super) fn take(&self) -> Option<Worker> {
        loop {
            let mut worker = {
                let mut idle = lock();
                let place = idle.iter().rposition(|(stage, _)| *stage == self.0)?;
                idle.remove(place).1
            };
            if worker.is_well() {
                return Some(worker);
            }
        }
    }

    /// Lets one wait. Those of stages that seem to be done make room.
    pub(super) fn put(&self, worker: Worker) {
        let most = std::thread::available_parallelism().map_or(1, usize::from) + 1;
        let mut idle = lock();
        idle.push((self.0, worker));
        let others = idle.iter().filter(|(stage, _)| *stage != self.0).count();
        let place = idle.iter().position(|(stage, _)| *stage != self.0).filter(|_| others > most);
        let ended = place.map(|place| idle.remove(place));
        drop(idle);
        drop(ended);
    }
}

impl Drop for Interpreters {
    fn drop(&mut self) {
        let mut idle = lock();
        let (own, others): (Vec<_>, Vec<_>) = idle.drain(..).partition(|(stage, _)| *stage == self.0);
        *idle = others;
        drop(idle);
        drop(own);
    }
}

fn lock() -> MutexGuard<'static, Vec<(u64, Worker)>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}
