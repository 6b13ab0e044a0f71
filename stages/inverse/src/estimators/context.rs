//! What a fit may use beside its data.

use lapicque_numerics::random::StreamKey;

use crate::{InverseError, Prior};

/// Threads, cancellation, progress and random numbers of a fit.
#[derive(Clone, Copy)]
pub struct FitContext<'a> {
    /// Threads that the fit may keep busy; the result is the same for any number.
    pub threads: usize,
    /// Whether the fit is no longer wanted; asked often, from any thread.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told the fraction of the fit that is done since it was last told.
    pub progress: &'a (dyn Fn(f64) + Sync),
    /// Where random numbers come from.
    pub stream: StreamKey,
    /// What is known of each target before, in their order; empty where nobody said. Estimators of posteriors alone look at it.
    pub priors: &'a [Option<Prior>],
}

impl FitContext<'_> {
    /// A fit that nobody watches, on the threads there are.
    pub fn unwatched(stream: StreamKey) -> Self {
        Self { threads: rayon::current_num_threads(), cancelled: &never, progress: &ignored, stream, priors: &[] }
    }

    /// # Errors
    /// [`InverseError::Cancelled`] if the fit is no longer wanted.
    pub fn look(&self) -> Result<(), InverseError> {
        if (self.cancelled)() { Err(InverseError::Cancelled) } else { Ok(()) }
    }

    /// Does a part of the work, whose own fractions count as this fraction of the whole.
    pub(crate) fn part<T>(&self, fraction: f64, work: impl FnOnce(&FitContext<'_>) -> T) -> T {
        work(&FitContext { progress: &|done| (self.progress)(done * fraction), ..*self })
    }

    /// Runs on at most [`FitContext::threads`] threads.
    pub fn on_threads<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if self.threads >= rayon::current_num_threads() {
            return work();
        }
        match rayon::ThreadPoolBuilder::new().num_threads(self.threads.max(1)).build() {
            Ok(pool) => pool.install(work),
            Err(_) => work(),
        }
    }
}

fn never() -> bool {
    false
}

fn ignored(_: f64) {}
