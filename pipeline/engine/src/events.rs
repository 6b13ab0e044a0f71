//! Events are data: progress bars, messages, run records and tests read one stream.

use serde::{Deserialize, Serialize};

use crate::kind::FailureReason;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// What a stage has to do is known, as far as it can be before its inputs are computed.
    StagePlanned {
        stage: String,
        samples: u64,
        cached: u64,
    },
    BatchFinished {
        stage: String,
        computed: u64,
        cut_off: u64,
        failed: u64,
        seconds: f64,
        bytes: u64,
    },
    SampleFailed {
        stage: String,
        sample: String,
        reason: FailureReason,
        message: String,
        /// Where the stage panicked.
        backtrace: Option<String>,
    },
    /// A result that was computed again has other values than the stored one.
    NotReproduced {
        stage: String,
        sample: String,
    },
    /// Results of a stage were computed again and compared.
    Verified {
        stage: String,
        samples: u64,
        differing: u64,
    },
    /// Another runner computes samples of the stage; this one waits for them.
    Waiting {
        stage: String,
    },
    /// A file of the store is not what was written.
    Damaged {
        message: String,
    },
    StageFinished {
        stage: String,
        cached: u64,
        computed: u64,
        cut_off: u64,
        failed: u64,
    },
    /// A table-grain stage did not run because samples upstream failed.
    StageBlocked {
        stage: String,
        failed_upstream: u64,
    },
    /// Part of a sample is done; never stored.
    Progress {
        stage: String,
        fraction: f64,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimedEvent {
    /// Since the run began.
    pub seconds: f64,
    pub event: Event,
}

/// Hears events, from any thread.
pub type Observer<'a> = &'a (dyn Fn(&Event) + Sync);
