//! Calls a stage's function so that whatever it does fails samples, never the run: panics, timeouts, broken promises.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use lapicque_schemas::canonical_floats;

use crate::kind::{Batch, Context, FailureReason, Output, SampleError, SampleOutput, Stage};
use crate::panics;

/// How often a watched call looks whether the run was cancelled.
const WATCH: Duration = Duration::from_millis(50);

/// How samples are tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// A sample that takes longer fails.
    pub(crate) timeout: Option<Duration>,
    /// How often a sample is tried again that panicked or took too long.
    pub(crate) retries: u32,
}

/// What became of one sample.
pub(crate) struct Attempt {
    pub(crate) result: Result<SampleOutput, SampleError>,
    /// Where the stage panicked.
    pub(crate) backtrace: Option<String>,
}

/// One attempt per sample of the batch, in its order.
pub(crate) fn attempt(stage: &dyn Stage, context: &Context<'_>, batch: &Batch, patience: Patience) -> Vec<Attempt> {
    let mut attempts = match patience.timeout {
        None => together(stage, context, batch),
        // Where all samples together take no longer than one may, none took longer.
        Some(timeout) => match in_time(stage, context, batch, timeout) {
            Some(attempts) => attempts,
            None => alone(batch, |one| watched(stage, context, one, timeout)),
        },
    };
    for (sample, attempt) in batch.samples.iter().zip(&mut attempts) {
        for _ in 0..patience.retries {
            let again = matches!(&attempt.result, Err(error) if error.reason.may_pass());
            if !again || context.is_cancelled() {
                break;
            }
            let one = Batch { samples: vec![sample.clone()], broadcast: batch.broadcast.clone() };
            let tried = match patience.timeout {
                None => together(stage, context, &one).pop(),
                Some(timeout) => Some(watched(stage, context, &one, timeout)),
            };
            if let Some(tried) = tried {
                *attempt = tried;
            }
        }
    }
    attempts
}

fn alone(batch: &Batch, mut run: impl FnMut(&Batch) -> Attempt) -> Vec<Attempt> {
    let one = |sample: &crate::kind::SampleInput| {
        run(&Batch { samples: vec![sample.clone()], broadcast: batch.broadcast.clone() })
    };
    batch.samples.iter().map(one).collect()
}

/// All samples in one call; after a panic, which says nothing of the other samples, each by itself.
fn together(stage: &dyn Stage, context: &Context<'_>, batch: &Batch) -> Vec<Attempt> {
    let (caught, backtrace) = panics::watch(|| catch_unwind(AssertUnwindSafe(|| stage.run(context, batch))));
    let failed = |reason, message: String| {
        let attempt = || Attempt { result: Err(SampleError::of(reason, &message)), backtrace: backtrace.clone() };
        batch.samples.iter().map(|_| attempt()).collect()
    };
    match caught {
        Ok(results) if results.len() == batch.samples.len() => {
            let outputs = &stage.bound().outputs;
            let checked = results.into_iter().map(|result| result.and_then(|output| checked(outputs, output)));
            checked.map(|result| Attempt { result, backtrace: None }).collect()
        }
        Ok(results) => failed(
            FailureReason::Internal,
            format!("the stage gave {} results for {} samples", results.len(), batch.samples.len()),
        ),
        Err(_) if batch.samples.len() > 1 => {
            let one = |one: &Batch| together(stage, context, one).pop();
            batch
                .samples
                .iter()
                .filter_map(|sample| one(&Batch { samples: vec![sample.clone()], broadcast: batch.broadcast.clone() }))
                .collect()
        }
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            failed(FailureReason::Panic, format!("the stage panicked: {text}"))
        }
    }
}

/// One sample, which fails if it takes longer.
fn watched(stage: &dyn Stage, context: &Context<'_>, one: &Batch, timeout: Duration) -> Attempt {
    let attempt = in_time(stage, context, one, timeout).and_then(|mut attempts| attempts.pop());
    attempt.unwrap_or_else(|| {
        let allowed = humantime::format_duration(timeout);
        let message = format!("it took longer than {allowed}, the `timeout` of the stage");
        Attempt { result: Err(SampleError::of(FailureReason::Timeout, message)), backtrace: None }
    })
}

/// A call that is cancelled when its time is over; `None` if it was. A stage that does not look whether it is cancelled ends
/// when it ends, and was late all the same.
fn in_time(stage: &dyn Stage, context: &Context<'_>, batch: &Batch, timeout: Duration) -> Option<Vec<Attempt>> {
    let started = Instant::now();
    let stop = AtomicBool::new(false);
    let (over, ended) = channel::<()>();
    let attempts = std::thread::scope(|scope| {
        scope.spawn(|| {
            // The receiver moves here, so that it is gone with this thread.
            let ended = ended;
            while !stop.load(Ordering::Relaxed) {
                let left = timeout.saturating_sub(started.elapsed());
                match ended.recv_timeout(left.min(WATCH)) {
                    Err(RecvTimeoutError::Timeout) => {
                        stop.store(context.is_cancelled() || started.elapsed() >= timeout, Ordering::Relaxed);
                    }
                    _ => break,
                }
            }
        });
        let watched = Context { threads: context.threads, cancelled: &stop, progress: context.progress };
        let attempts = together(stage, &watched, batch);
        drop(over);
        attempts
    });
    let is_late = started.elapsed() >= timeout && !context.is_cancelled();
    (!is_late).then_some(attempts)
}

/// An output in its canonical form, held against the schema that the stage promised.
fn checked(outputs: &[Output], mut output: SampleOutput) -> Result<SampleOutput, SampleError> {
    if output.tables.len() != outputs.len() {
        return Err(SampleError::internal(format!(
            "{} tables came out, {} were promised",
            output.tables.len(),
            outputs.len()
        )));
    }
    for (promised, table) in outputs.iter().zip(&mut output.tables) {
        let (schema, due) = (table.schema(), &promised.schema.arrow);
        let same = |(a, b): (&std::sync::Arc<arrow_schema::Field>, &std::sync::Arc<arrow_schema::Field>)| {
            a.name() == b.name() && a.data_type() == b.data_type() && a.metadata() == b.metadata()
        };
        let promised_columns = schema.fields().len() == due.fields().len()
            && schema.metadata() == due.metadata()
            && schema.fields().iter().zip(due.fields()).all(same);
        if !std::sync::Arc::ptr_eq(&schema, due) && !promised_columns {
            return Err(SampleError::internal(format!(
                "the table `{}` has not the schema that was promised:\n{schema:?}\n{due:?}",
                promised.name
            )));
        }
        // What a digest takes for equal must be equal to every reader.
        *table = canonical_floats(table).map_err(SampleError::internal)?;
    }
    Ok(output)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use lapicque_schemas::Digest;
    use serde_json::Value;

    use super::*;
    use crate::kind::{Bound, SampleInput};

    /// Counts how many samples each call has; the sample `slow` takes its time.
    struct Counting(Bound, Mutex<Vec<usize>>);

    impl Stage for Counting {
        fn bound(&self) -> &Bound {
            &self.0
        }

        fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
            self.1.lock().unwrap().push(batch.samples.len());
            let wait = |sample: &SampleInput| {
                while sample.label == "slow" && !context.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Ok(SampleOutput { tables: Vec::new(), notes: Vec::new() })
            };
            batch.samples.iter().map(wait).collect()
        }
    }

    fn calls(labels: &[&str], timeout: Duration) -> (Vec<usize>, Vec<bool>) {
        let stage = Counting(Bound::new(1, Value::Null, &[], Vec::new()), Mutex::default());
        let sample = |label: &&str| SampleInput {
            label: (*label).to_owned(),
            tables: Vec::new(),
            random: Digest([0; 16]),
            point: 0,
        };
        let batch = Batch { samples: labels.iter().map(sample).collect(), broadcast: Vec::new() };
        let context = Context { threads: 1, cancelled: &AtomicBool::new(false), progress: &|_| {} };
        let attempts = attempt(&stage, &context, &batch, Patience { timeout: Some(timeout), retries: 0 });
        let late = |a: &Attempt| matches!(&a.result, Err(error) if error.reason == FailureReason::Timeout);
        (stage.1.into_inner().unwrap(), attempts.iter().map(late).collect())
    }

    #[test]
    fn samples_that_are_fast_together_are_not_computed_one_by_one() {
        let (calls, late) = calls(&["a"; 1000], Duration::from_secs(600));
        assert_eq!(calls, [1000]);
        assert!(!late.contains(&true));
    }

    #[test]
    fn one_slow_sample_fails_alone() {
        let (calls, late) = calls(&["a", "slow", "b"], Duration::from_secs(1));
        assert_eq!(calls, [3, 1, 1, 1]);
        assert_eq!(late, [false, true, false]);
    }
}
