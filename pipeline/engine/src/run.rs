//! Runs a graph: group after group, batches in parallel, nothing that the store already has.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use lapicque_schemas::DigestBuilder;
use serde::Serialize;

use crate::batches::Batches;
use crate::events::{Event, Observer, TimedEvent};
use crate::execute::{BatchReport, WholeTables, execute};
use crate::graph::{BoundStage, Graph, Port};
use crate::kind::{Context, FailureReason, Grain, Stage};
use crate::pipeline_file::Pipeline;
use crate::plan::{Planner, Unit};
use crate::store::{Action, Binding, RunRecord, StageRun, Store, StoreError};
use crate::tables::input_names;
use crate::task::BatchTask;

pub struct RunOptions<'a> {
    /// Threads that compute at the same time.
    pub jobs: usize,
    /// Failures that are stored are tried again.
    pub retry_failed: bool,
    pub cancelled: &'a AtomicBool,
    /// Where the store is, for batches that run elsewhere.
    pub store_uri: String,
    pub settings: Vec<String>,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagePlan {
    pub stage: String,
    pub kind: String,
    pub samples: u64,
    pub cached: u64,
    pub to_run: u64,
    pub failed: u64,
    pub reason: String,
    /// From the latest run that computed the stage.
    pub estimated_seconds: Option<f64>,
}

/// What a run would do, as far as it is known before anything is computed.
pub fn plan_rows(planner: &Planner<'_>) -> Result<Vec<StagePlan>, StoreError> {
    let history = History::of(planner.store, &planner.graph.name)?;
    let rows = planner.graph.stages.iter().zip(&planner.states).map(|(stage, state)| {
        let count = |of: fn(&Unit) -> bool| state.units.iter().filter(|unit| of(unit)).count() as u64;
        let missing = count(|u| matches!(u, Unit::Missing { .. }));
        let waiting = count(|u| matches!(u, Unit::Waiting));
        let open = |port: &&Port| planner.states[port.stage].units.iter().any(is_open);
        let mut upstream: Vec<&str> =
            stage.ports.iter().filter(open).map(|port| planner.graph.stages[port.stage].name.as_str()).collect();
        upstream.dedup();
        let reason = match (missing, waiting) {
            (0, 0) => String::new(),
            (_, 0) if history.ran(&stage.name) => "inputs, configuration or samples that are new".to_owned(),
            (_, 0) => "never computed".to_owned(),
            _ => format!("waits for {}", upstream.join(", ")),
        };
        let to_run = missing + waiting;
        StagePlan {
            stage: stage.name.clone(),
            kind: stage.spec.kind.clone(),
            samples: state.units.len() as u64,
            cached: count(|u| matches!(u, Unit::Done { .. })),
            to_run,
            failed: count(|u| matches!(u, Unit::Failed { .. } | Unit::Dropped)),
            reason,
            estimated_seconds: history.seconds_per_sample(&stage.name).map(|s| s * to_run as f64),
        }
    });
    Ok(rows.collect())
}

/// Runs the pipeline and stores the record of the run.
pub fn run(
    pipeline: &Pipeline,
    graph: &Graph,
    store: &dyn Store,
    options: &RunOptions<'_>,
    observer: Observer<'_>,
) -> Result<RunRecord, StoreError> {
    let started = Instant::now();
    let begun = SystemTime::now();
    let events = Mutex::new(Vec::new());
    let observe = |event: &Event| {
        if !matches!(event, Event::Progress { .. }) {
            let event = TimedEvent { seconds: started.elapsed().as_secs_f64(), event: event.clone() };
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        }
        observer(event);
    };
    let history = History::of(store, &graph.name)?;
    let planner = Planner::new(graph, store, options.retry_failed)?;
    for (stage, state) in graph.stages.iter().zip(&planner.states) {
        let cached = state.units.iter().filter(|u| matches!(u, Unit::Done { .. })).count() as u64;
        observe(&Event::StagePlanned { stage: stage.name.clone(), samples: state.units.len() as u64, cached });
    }
    let counts = planner.states.iter().map(|state| Counts {
        cached: state.units.iter().filter(|u| matches!(u, Unit::Done { .. })).count() as u64,
        ..Counts::default()
    });
    let counts = counts.collect();
    let mut running =
        Running { graph, planner, options, observe: &observe, history, counts, whole_tables: WholeTables::default() };
    for group in &graph.groups {
        if options.cancelled.load(Ordering::Relaxed) {
            break;
        }
        running.group(group)?;
    }
    let Running { planner, counts, .. } = running;
    let cancelled = options.cancelled.load(Ordering::Relaxed);
    let mut ok = !cancelled;
    let mut stages = Vec::new();
    for (number, counts) in counts.into_iter().enumerate() {
        let (stage_run, stage_ok) = record(&planner, number, counts)?;
        ok &= stage_ok;
        stages.push(stage_run);
    }
    let run = RunRecord {
        id: run_id(begun),
        pipeline: graph.name.clone(),
        text: pipeline.source.text.clone(),
        settings: options.settings.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: humantime::format_rfc3339_millis(begun).to_string(),
        seconds: started.elapsed().as_secs_f64(),
        ok,
        stages,
        events: events.into_inner().unwrap_or_else(PoisonError::into_inner),
    };
    store.save_run(&run)?;
    Ok(run)
}

#[derive(Debug, Clone, Default)]
struct Counts {
    cached: u64,
    computed: u64,
    cut_off: u64,
    seconds: f64,
    bytes: u64,
}

struct Running<'a> {
    graph: &'a Graph,
    planner: Planner<'a>,
    options: &'a RunOptions<'a>,
    observe: Observer<'a>,
    history: History,
    counts: Vec<Counts>,
    whole_tables: WholeTables,
}

impl Running<'_> {
    fn group(&mut self, members: &[usize]) -> Result<(), StoreError> {
        let seconds_per_sample: Option<f64> =
            members.iter().map(|&m| self.history.seconds_per_sample(&self.graph.stages[m].name)).sum();
        // Samples with equal keys are computed once: the others find the result when they are looked up again.
        loop {
            for &number in members {
                self.settle(number)?;
            }
            let batches = Batches::new(&self.planner, members, self.options.jobs.max(1), seconds_per_sample);
            let open = self.open_units(members);
            if batches.is_empty() || self.options.cancelled.load(Ordering::Relaxed) {
                break;
            }
            self.batches(members, batches)?;
            if self.open_units(members) == open {
                break;
            }
        }
        for &number in members {
            let counts = &self.counts[number];
            (self.observe)(&Event::StageFinished {
                stage: self.graph.stages[number].name.clone(),
                cached: counts.cached + counts.cut_off,
                computed: counts.computed,
                cut_off: counts.cut_off,
                failed: self.failed(number),
            });
        }
        self.whole_tables.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Looks up what has become known since planning.
    fn settle(&mut self, number: usize) -> Result<(), StoreError> {
        let done = |units: &[Unit]| units.iter().filter(|u| matches!(u, Unit::Done { .. })).count() as u64;
        let units = &mut self.planner.states[number].units;
        let before = done(units);
        if !units.iter().any(is_open) {
            return Ok(());
        }
        units.iter_mut().filter(|u| matches!(u, Unit::Missing { .. })).for_each(|u| *u = Unit::Waiting);
        self.planner.settle(number)?;
        let units = &self.planner.states[number].units;
        self.counts[number].cut_off += done(units) - before;
        let stage = &self.graph.stages[number];
        if stage.bound().grain == Grain::Table && matches!(units[0], Unit::Dropped) {
            let failed_upstream = stage.ports.iter().map(|port| self.failed(port.stage)).sum();
            (self.observe)(&Event::StageBlocked { stage: stage.name.clone(), failed_upstream });
        }
        Ok(())
    }

    fn open_units(&self, members: &[usize]) -> usize {
        members.iter().map(|&m| self.planner.states[m].units.iter().filter(|u| is_open(u)).count()).sum()
    }

    fn failed(&self, number: usize) -> u64 {
        self.planner.states[number].units.iter().filter(|u| matches!(u, Unit::Failed { .. } | Unit::Dropped)).count()
            as u64
    }

    /// Computes the batches of a group on all threads; each takes its next batch when it is done with one.
    fn batches(&mut self, members: &[usize], batches: Batches) -> Result<(), StoreError> {
        let graph = self.graph;
        let options = self.options;
        let store = self.planner.store;
        let observe = self.observe;
        let stages: Vec<&dyn Stage> = members.iter().map(|&m| graph.stages[m].stage.as_ref()).collect();
        let workers = batches.workers();
        let threads = options.jobs.max(1) / workers;
        let whole_tables = &self.whole_tables;
        let name = graph.stages[members[0]].name.as_str();
        let planner = &mut self.planner;
        let counts = &mut self.counts;
        let shared = Mutex::new((planner, counts, batches, None::<StoreError>));
        let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
        let work = || {
            loop {
                if options.cancelled.load(Ordering::Relaxed) {
                    return;
                }
                let task: Option<(BatchTask, Vec<Vec<Option<usize>>>)> = {
                    let (planner, _, batches, error) = &mut *lock();
                    if error.is_some() { None } else { batches.next(planner, members, &options.store_uri) }
                };
                let Some((task, units)) = task else {
                    return;
                };
                let progress = |fraction: f64| observe(&Event::Progress { stage: name.to_owned(), fraction });
                let context = Context { threads: threads.max(1), cancelled: options.cancelled, progress: &progress };
                let result = execute(&task, &stages, store, whole_tables, &context);
                let (planner, counts, batches, error) = &mut *lock();
                match result {
                    Ok(report) => {
                        batches.finished(&report);
                        absorb(planner, counts, members, &task, &units, report, observe);
                    }
                    Err(first) => *error = error.take().or(Some(first)),
                }
            }
        };
        rayon::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(|_| work());
            }
            work();
        });
        let (_, _, _, error) = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        error.map_or(Ok(()), Err)
    }
}

fn is_open(unit: &Unit) -> bool {
    matches!(unit, Unit::Waiting | Unit::Missing { .. })
}

/// Takes the results of a batch into the states of the planner.
fn absorb(
    planner: &mut Planner<'_>,
    counts: &mut [Counts],
    members: &[usize],
    task: &BatchTask,
    units: &[Vec<Option<usize>>],
    report: BatchReport,
    observe: Observer<'_>,
) {
    for ((&number, units), report) in members.iter().zip(units).zip(report.members) {
        let stage = &planner.graph.stages[number].name;
        let (mut computed, mut cut_off, mut failed) = (0, 0, 0);
        for ((label, unit), result) in task.labels.iter().zip(units).zip(report.units) {
            let (Some(unit), Some(result)) = (unit, result) else {
                continue;
            };
            let cancelled = matches!(&result.action.outcome, Err(error) if error.reason == FailureReason::Cancelled);
            computed += u64::from(result.computed && !cancelled);
            cut_off += u64::from(!result.computed);
            if !result.reproduced && !cancelled {
                observe(&Event::NotReproduced { stage: stage.clone(), sample: label.clone() });
            }
            let key = result.key;
            planner.states[number].units[*unit] = match &result.action.outcome {
                Ok(_) => Unit::Done { key, action: Arc::new(result.action) },
                Err(_) if cancelled => Unit::Waiting,
                Err(error) => {
                    failed += 1;
                    observe(&Event::SampleFailed {
                        stage: stage.clone(),
                        sample: label.clone(),
                        message: error.message.clone(),
                    });
                    Unit::Failed { key, inputs: result.inputs, error: error.clone() }
                }
            };
        }
        let total = &mut counts[number];
        total.computed += computed;
        total.cut_off += cut_off;
        total.seconds += report.seconds;
        total.bytes += report.bytes;
        let (seconds, bytes) = (report.seconds, report.bytes);
        observe(&Event::BatchFinished { stage: stage.clone(), computed, cut_off, failed, seconds, bytes });
    }
    // What waits on a sample that failed in this batch will not come.
    for &number in members {
        for port in planner.graph.stages[number].ports.iter().filter(|p| p.sample_wise && members.contains(&p.stage)) {
            for (unit, from) in planner.alignment(number, port).into_iter().enumerate() {
                let lost = from.is_some_and(|from| {
                    matches!(planner.states[port.stage].units[from], Unit::Failed { .. } | Unit::Dropped)
                });
                if lost && matches!(planner.states[number].units[unit], Unit::Waiting) {
                    planner.states[number].units[unit] = Unit::Dropped;
                }
            }
        }
    }
}

fn record(planner: &Planner<'_>, number: usize, counts: Counts) -> Result<(StageRun, bool), StoreError> {
    let stage: &BoundStage = &planner.graph.stages[number];
    let state = &planner.states[number];
    let keys = state.units.iter().map(|unit| match unit {
        Unit::Done { key, .. } | Unit::Failed { key, .. } => Some(*key),
        Unit::Waiting | Unit::Missing { .. } | Unit::Dropped => None,
    });
    let binding =
        Binding { samples: stage.domain.labels().to_vec(), keys: keys.collect(), positions: state.positions.clone() };
    let failed = state.units.iter().filter(|u| matches!(u, Unit::Failed { .. } | Unit::Dropped)).count() as u64;
    let settled = state.units.iter().all(|u| matches!(u, Unit::Done { .. } | Unit::Failed { .. } | Unit::Dropped));
    let all_skipped = failed == 0 || planner.skips(number);
    let mut notes: BTreeMap<String, u64> = BTreeMap::new();
    let actions: Vec<&Arc<Action>> = state
        .units
        .iter()
        .filter_map(|u| if let Unit::Done { action, .. } = u { Some(action) } else { None })
        .collect();
    for note in actions.iter().flat_map(|action| &action.notes) {
        *notes.entry(note.clone()).or_default() += 1;
    }
    let stage_run = StageRun {
        stage: stage.name.clone(),
        kind: stage.spec.kind.clone(),
        inputs: input_names(stage),
        samples: state.units.len() as u64,
        cached: counts.cached + counts.cut_off,
        computed: counts.computed,
        cut_off: counts.cut_off,
        failed,
        seconds: counts.seconds,
        bytes: counts.bytes,
        notes: notes.into_iter().collect(),
        outputs: stage.bound().outputs.clone(),
        binding: planner.store.save_binding(&binding)?,
        sample_wise: stage.domain.is_sample_wise(),
    };
    Ok((stage_run, settled && all_skipped))
}

/// Sorts by time; the tail keeps runs of the same millisecond apart.
fn run_id(begun: SystemTime) -> String {
    let nanos = begun.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    let tail =
        DigestBuilder::new("lapicque run 1").bytes(&nanos.to_le_bytes()).number(u64::from(std::process::id())).finish();
    let time: String =
        humantime::format_rfc3339_millis(begun).to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}_{}", time.to_lowercase(), &tail.to_string()[..6])
}

/// What the latest runs of a pipeline cost.
struct History(BTreeMap<String, (u64, f64)>);

impl History {
    fn of(store: &dyn Store, pipeline: &str) -> Result<Self, StoreError> {
        let latest = store.latest_run(pipeline)?;
        let stages = latest.map(|run| run.stages).unwrap_or_default();
        Ok(Self(stages.into_iter().map(|s| (s.stage, (s.computed, s.seconds))).collect()))
    }

    fn ran(&self, stage: &str) -> bool {
        self.0.contains_key(stage)
    }

    fn seconds_per_sample(&self, stage: &str) -> Option<f64> {
        self.0.get(stage).filter(|(computed, _)| *computed > 0).map(|(computed, seconds)| seconds / *computed as f64)
    }
}
