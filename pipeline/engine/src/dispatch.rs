//! Hands the batches of a group to an executor and takes their results into the plan.
//!
//! One thread owns the plan and hears of finished batches through a channel, so nothing of it is shared or locked.
//! Of a batch that an executor loses, the halves are given out again; a sample that is lost again and again has failed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use crate::action::Action;
use crate::batches::{Batches, NextBatch};
use crate::events::{Event, Observer};
use crate::execute::published;
use crate::executor::{Done, Executor, Outcome};
use crate::found::{ActionColumns, Found};
use lapicque_schemas::Digest;

use crate::keys::ingredients_digest;
use crate::kind::{FailureReason, SampleError, Stage};
use crate::located::Located;
use crate::options::RunOptions;
use crate::plan::Planner;
use crate::record::Counts;
use crate::report::{BatchReport, MemberReport, UnitReport};
use crate::states::Unit;
use crate::store::{Claim, NewAction, NewBatch, Store, StoreError};
use crate::task::{BatchTask, From, UnitTask};
use crate::whole::spots;

/// How often a sample is given out before it counts as failed.
const MOST_LOSSES: u32 = 3;

pub(crate) struct Dispatch<'a, 'p> {
    pub(crate) planner: &'a mut Planner<'p>,
    pub(crate) counts: &'a mut [Counts],
    /// The stages of the group, by number and bound.
    pub(crate) members: &'a [usize],
    pub(crate) stages: &'a [&'a dyn Stage],
    pub(crate) options: &'a RunOptions<'a>,
    pub(crate) observe: Observer<'a>,
}

/// A batch that was not given out yet, or was lost.
struct Waiting {
    batch: NextBatch,
    /// Given up with the last part of the batch that was claimed.
    claim: Rc<Claim>,
    losses: u32,
}

/// A batch that is being computed.
struct Running {
    task: Arc<BatchTask>,
    units: Vec<Vec<Option<usize>>>,
    claim: Rc<Claim>,
    losses: u32,
}

impl Dispatch<'_, '_> {
    /// Computes all batches; true where another runner computes some of it.
    pub(crate) fn run(mut self, mut batches: Batches, executor: &dyn Executor) -> Result<bool, StoreError> {
        let (tell, outcomes) = channel();
        let mut running: HashMap<usize, Running> = HashMap::new();
        let mut again: VecDeque<Waiting> = VecDeque::new();
        let mut refused = false;
        let mut number = 0;
        let mut failed = None;
        loop {
            while failed.is_none() && running.len() < executor.slots() && !self.is_cancelled() {
                let next = match again.pop_front() {
                    Some(lost) => Ok(Some(lost)),
                    None => self.claimed(&mut batches, &mut refused),
                };
                let given = next.and_then(|next| next.map(|waiting| self.prepared(waiting, executor)).transpose());
                match given {
                    Ok(None) => break,
                    Ok(Some(batch)) => {
                        number += 1;
                        let (tell, ticket) = (tell.clone(), number);
                        // The receiver is there until all that runs has ended.
                        let done = Done::new(move |outcome| drop(tell.send((ticket, outcome))));
                        let task = batch.task.clone();
                        running.insert(ticket, batch);
                        executor.submit(task, done);
                    }
                    Err(error) => failed = Some(error),
                }
            }
            if running.is_empty() {
                break;
            }
            let Ok((ticket, outcome)) = outcomes.recv() else {
                break;
            };
            let Some(batch) = running.remove(&ticket) else {
                continue;
            };
            let heard = match outcome {
                Outcome::Computed(report) => Ok(Some(report)),
                Outcome::Published => self
                    .planner
                    .store
                    .refresh()
                    .and_then(|()| published(&batch.task, self.stages, self.planner.store).map(Some)),
                Outcome::Lost { message } => self.lost(&batch, &message, &mut again),
                Outcome::Failed(error) => Err(error),
            };
            match heard {
                Ok(Some(report)) => {
                    batches.finished(&report);
                    self.absorb(&batch, report);
                }
                Ok(None) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if executor.is_elsewhere() {
            self.planner.store.refresh()?;
        }
        failed.map_or(Ok(refused), Err)
    }

    fn is_cancelled(&self) -> bool {
        self.options.cancelled.load(Ordering::Relaxed)
    }

    /// The next batch of which this run may compute something.
    fn claimed(&self, batches: &mut Batches, refused: &mut bool) -> Result<Option<Waiting>, StoreError> {
        while let Some(batch) = batches.next(self.planner, self.members, &self.options.store_uri) {
            let keys = batch.keys();
            let claim = self.planner.store.claim(&keys)?;
            *refused |= claim.granted.len() < keys.len();
            if let Some(batch) = batch.only(&claim.granted) {
                return Ok(Some(Waiting { batch, claim: Rc::new(claim), losses: 0 }));
            }
        }
        Ok(None)
    }

    /// A batch as it is given out.
    fn prepared(&self, waiting: Waiting, executor: &dyn Executor) -> Result<Running, StoreError> {
        let Waiting { batch: NextBatch { mut task, units }, claim, losses } = waiting;
        if executor.is_elsewhere() {
            task.located = locate(self.planner.store, &task, self.stages)?;
        }
        Ok(Running { task: Arc::new(task), units, claim, losses })
    }

    /// What is done with a batch that was lost: it is given out again, or its sample has failed.
    fn lost(
        &self,
        batch: &Running,
        message: &str,
        again: &mut VecDeque<Waiting>,
    ) -> Result<Option<BatchReport>, StoreError> {
        // It may have published before it was lost, or found a segment damaged.
        self.planner.store.refresh()?;
        let lost = NextBatch { task: BatchTask::clone(&batch.task), units: batch.units.clone() };
        let losses = batch.losses + u32::from(lost.task.labels.len() == 1);
        if losses >= MOST_LOSSES {
            return self.given_up(&lost.task, message).map(Some);
        }
        let halves = lost.halves().into_iter();
        again.extend(halves.map(|half| Waiting { batch: half, claim: batch.claim.clone(), losses }));
        Ok(None)
    }

    /// The report of a batch of one sample that no executor survives. Its failure is stored, and tried again by the next run.
    fn given_up(&self, task: &BatchTask, message: &str) -> Result<BatchReport, StoreError> {
        let mut report =
            BatchReport { members: vec![MemberReport { units: vec![None], ..Default::default() }; task.members.len()] };
        let missing = task.members.iter().enumerate().find_map(|(number, member)| match &member.units[..] {
            [UnitTask::Missing { key, inputs, .. }] => Some((number, member, *key, inputs.clone())),
            _ => None,
        });
        let Some((number, member, key, inputs)) = missing else {
            return Ok(report);
        };
        let message = format!("it was given out {MOST_LOSSES} times and lost each time: {message}");
        let outcome = Err(SampleError::of(FailureReason::Panic, message));
        let common = ingredients_digest(&member.common);
        let action =
            Action { outcome: outcome.clone(), common, inputs: inputs.clone(), notes: Vec::new(), seconds: 0.0 };
        self.planner.store.publish(&NewBatch {
            outputs: &self.stages[number].bound().outputs,
            common: &member.common,
            actions: vec![NewAction { key, action, tables: Vec::new() }],
        })?;
        report.members[number].units[0] =
            Some(UnitReport { key, inputs, outcome, notes: Vec::new(), computed: true, reproduced: true });
        Ok(report)
    }

    /// Takes the results of a batch into the states of the planner.
    fn absorb(&mut self, batch: &Running, report: BatchReport) {
        let Self { planner, counts, members, observe, .. } = self;
        for ((&number, units), report) in members.iter().zip(&batch.units).zip(report.members) {
            let stage = &planner.graph.stages[number].name;
            let mut backtraces: BTreeMap<usize, String> = report.backtraces.into_iter().collect();
            let (mut computed, mut cut_off, mut failed, mut again) = (0, 0, 0, 0);
            let mut columns = ActionColumns::default();
            let mut done = Vec::new();
            for (label, (unit, result)) in units.iter().zip(report.units).enumerate() {
                let (Some(unit), Some(result)) = (*unit, result) else {
                    continue;
                };
                let sample = &batch.task.labels[label];
                let cancelled = matches!(&result.outcome, Err(error) if error.reason == FailureReason::Cancelled);
                // Rows that were not kept were needed again.
                again += u64::from(result.computed && matches!(planner.states[number].units[unit], Unit::Done { .. }));
                computed += u64::from(result.computed && !cancelled);
                cut_off += u64::from(!result.computed);
                if !result.reproduced && !cancelled {
                    observe(&Event::NotReproduced { stage: stage.clone(), sample: sample.clone() });
                }
                let state = &mut planner.states[number];
                state.set_inputs(unit, &result.inputs);
                let key = result.key;
                state.units[unit] = match &result.outcome {
                    Ok(_) => {
                        done.push((unit, key, columns.push(&result.outcome, &result.notes)));
                        Unit::Waiting
                    }
                    Err(_) if cancelled => Unit::Waiting,
                    Err(error) => {
                        failed += 1;
                        planner.tried.insert(key);
                        let error = error.named(&state.positions);
                        observe(&Event::SampleFailed {
                            stage: stage.clone(),
                            sample: sample.clone(),
                            reason: error.reason,
                            message: error.message.clone(),
                            backtrace: backtraces.remove(&label),
                        });
                        Unit::Failed { key, error: Arc::new(error) }
                    }
                };
            }
            let columns = Arc::new(columns);
            for (unit, key, row) in done {
                planner.states[number].units[unit] = Unit::Done { key, found: Found::new(columns.clone(), row) };
            }
            let total = &mut counts[number];
            total.computed += computed;
            total.cached = total.cached.saturating_sub(again);
            total.cut_off += cut_off;
            total.seconds += report.seconds;
            total.bytes += report.bytes;
            total.memory += report.memory;
            let (seconds, bytes) = (report.seconds, report.bytes);
            observe(&Event::BatchFinished { stage: stage.clone(), computed, cut_off, failed, seconds, bytes });
        }
        // What waits on a sample that failed in this batch will not come.
        for (&number, units) in members.iter().zip(&batch.units) {
            for port in
                planner.graph.stages[number].ports.iter().filter(|p| p.sample_wise && members.contains(&p.stage))
            {
                for &unit in units.iter().flatten() {
                    let from = planner.alignment(number, port).get(unit);
                    let lost = from.is_some_and(|from| planner.states[port.stage].units[from].is_lost());
                    if lost && matches!(planner.states[number].units[unit], Unit::Waiting) {
                        planner.states[number].units[unit] = Unit::Dropped;
                    }
                }
            }
        }
    }
}

/// Where all the stored rows lie that a task may read.
fn locate(store: &dyn Store, task: &BatchTask, stages: &[&dyn Stage]) -> Result<Vec<Located>, StoreError> {
    let mut all = Vec::new();
    for (member, stage) in task.members.iter().zip(stages) {
        for port in &member.ports {
            let (output, keys, checked) = match &port.from {
                From::Member { .. } => continue,
                From::Samples { output, keys } => (*output, keys, false),
                From::Whole { output, keys, .. } | From::History { output, keys, .. } => (*output, keys, true),
            };
            let keys: Vec<Digest> = keys.iter().copied().flatten().collect();
            let mut located = store.locate(output, &keys)?;
            if checked {
                let spots: Vec<Digest> = spots(&keys).into_iter().map(|spot| keys[spot]).collect();
                let found = spots.iter().zip(store.find(&spots)?).filter_map(|(&key, found)| Some((key, found?)));
                let entries = found.filter_map(|(key, found)| Some((key, found.outcome().ok()?)));
                located.results = entries.collect();
            }
            all.push(located);
        }
        if member.keep {
            let done = member.units.iter().filter_map(|unit| match unit {
                UnitTask::Done { key, .. } => Some(*key),
                _ => None,
            });
            let keys: Vec<Digest> = done.collect();
            for output in 0..stage.bound().outputs.len() {
                all.push(store.locate(output, &keys)?);
            }
        }
    }
    all.retain(|located| !located.rows.is_empty());
    Ok(all)
}
