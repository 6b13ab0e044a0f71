//! How a run is done; nothing here changes a result.

use std::sync::atomic::AtomicBool;

use crate::executor::Executor;

pub struct RunOptions<'a> {
    /// Threads that compute at the same time.
    pub jobs: usize,
    /// Who computes batches, if not this process.
    pub executor: Option<&'a dyn Executor>,
    /// Failures that are stored are tried again.
    pub retry_failed: bool,
    /// The fraction of results that are computed again, to compare; at least one of each stage.
    pub verify: Option<f64>,
    pub cancelled: &'a AtomicBool,
    /// Where the store is, for batches that run elsewhere.
    pub store_uri: String,
    pub settings: Vec<String>,
}
