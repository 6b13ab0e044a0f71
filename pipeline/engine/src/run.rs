//! Runs a graph: group after group, batches in parallel, nothing that the store already has.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rayon::ThreadPoolBuilder;

use crate::batches::Batches;
use crate::dispatch::Dispatch;
use crate::estimate::History;
use crate::events::{Event, Observer, TimedEvent};
use crate::graph::{Component, Graph};
use crate::kind::{Context, Grain, SampleError, Stage};
use crate::local::{Local, with_threads};
use crate::options::RunOptions;
use crate::pipeline_file::Pipeline;
use crate::plan::Planner;
use crate::record::{Counts, run_id, stage_run, unchanged_stage};
use crate::shared_tables::SharedTables;
use crate::states::Unit;
use crate::store::{Cost, RunRecord, Store, StoreError};
use crate::unchanged::unchanged;
use crate::verify::verify;

/// How often a run begins again because of damaged files; each time at least one is gone.
const MOST_DAMAGE: usize = 10_000;
/// How long a run waits at first before it looks again for what another runner computes, and at most.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const LOOK_SELDOM: Duration = Duration::from_secs(1);

/// Runs the pipeline on as many threads as the options say, and stores the record of the run.
pub fn run(
    pipeline: &Pipeline,
    graph: &Graph,
    store: &dyn Store,
    options: &RunOptions<'_>,
    observer: Observer<'_>,
) -> Result<RunRecord, StoreError> {
    let planned = || planned_and_computed(pipeline, graph, store, options, observer);
    match ThreadPoolBuilder::new().num_threads(options.jobs.max(1)).build() {
        Ok(pool) => pool.install(planned),
        // A machine that has no more threads to give.
        Err(_) => planned(),
    }
}

fn planned_and_computed(
    pipeline: &Pipeline,
    graph: &Graph,
    store: &dyn Store,
    options: &RunOptions<'_>,
    observer: Observer<'_>,
) -> Result<RunRecord, StoreError> {
    let started = Instant::now();
    let begun = SystemTime::now();
    let events = Mutex::new(Vec::new());
    let panicked = Mutex::new(HashSet::new());
    let observe = |event: &Event| {
        if !matches!(event, Event::Progress { .. }) {
            let mut event = TimedEvent { seconds: started.elapsed().as_secs_f64(), event: event.clone() };
            forget_equal_backtraces(&mut event.event, &mut panicked.lock().unwrap_or_else(PoisonError::into_inner));
            events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
        }
        observer(event);
    };
    let latest = if options.retry_failed || options.verify.is_some() { None } else { unchanged(graph, store)? };
    let (stages, ok) = match latest {
        Some(latest) => {
            let stages: Vec<_> = latest.stages.iter().map(unchanged_stage).collect();
            for stage in &stages {
                let (name, samples) = (stage.stage.clone(), stage.samples);
                observe(&Event::StagePlanned { stage: name, samples, cached: samples });
            }
            (stages, true)
        }
        None => {
            let result = compute(graph, store, options, &observe)?;
            store.tidy()?;
            result
        }
    };
    let run = RunRecord {
        id: run_id(begun),
        pipeline: graph.name.clone(),
        file: graph.file.clone(),
        identity: graph.identity(),
        inventory: store.inventory()?,
        text: pipeline.source.text.clone(),
        settings: options.settings.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: humantime::format_rfc3339_millis(begun).to_string(),
        seconds: started.elapsed().as_secs_f64(),
        ok,
        interrupted: options.cancelled.load(Ordering::Relaxed),
        stages,
        events: events.into_inner().unwrap_or_else(PoisonError::into_inner),
    };
    store.save_run(&run)?;
    Ok(run)
}

/// A hundred thousand samples may panic at one place, each in its own words: the record tells once how they came there.
fn forget_equal_backtraces(event: &mut Event, told: &mut HashSet<(String, String)>) {
    if let Event::SampleFailed { stage, backtrace, .. } = event
        && let Some(place) = backtrace.as_ref().and_then(|text| text.lines().next())
        && !told.insert((stage.clone(), place.to_owned()))
    {
        *backtrace = None;
    }
}

/// Computes what is missing, and again what turns out to be damaged.
fn compute(
    graph: &Graph,
    store: &dyn Store,
    options: &RunOptions<'_>,
    observe: Observer<'_>,
) -> Result<(Vec<crate::store::StageRun>, bool), StoreError> {
    let _at_work = store.work()?;
    let history = History::of(store, graph)?;
    let mut counts = vec![Counts::default(); graph.stages.len()];
    for _ in 0..MOST_DAMAGE {
        let result = once(graph, store, options, observe, &history, &mut counts);
        let damage = store.take_damage();
        let is_damaged = !damage.is_empty();
        damage.into_iter().for_each(|message| observe(&Event::Damaged { message }));
        match result {
            // Another thread may have met the damage first, and this one what is no longer there.
            Err(StoreError::Damaged { .. } | StoreError::NotStored { .. }) if is_damaged => {}
            other => return other,
        }
    }
    once(graph, store, options, observe, &history, &mut counts)
}

fn once(
    graph: &Graph,
    store: &dyn Store,
    options: &RunOptions<'_>,
    observe: Observer<'_>,
    history: &History,
    counts: &mut [Counts],
) -> Result<(Vec<crate::store::StageRun>, bool), StoreError> {
    let planner = Planner::for_run(graph, store, options.retry_failed)?;
    for ((stage, state), counts) in graph.stages.iter().zip(&planner.states).zip(counts.iter_mut()) {
        let cached = state.count(|unit| matches!(unit, Unit::Done { .. }));
        observe(&Event::StagePlanned { stage: stage.name.clone(), samples: state.units.len() as u64, cached });
        // Where a damaged file made the run begin again, what it computed itself was not there before.
        counts.cached = cached.saturating_sub(counts.computed);
        counts.cut_off = 0;
    }
    let mut planner = planner;
    let searches: Vec<usize> = planner.searches.keys().copied().collect();
    for search in searches {
        tell_search(&mut planner, search, counts, observe);
    }
    let shared = SharedTables::default();
    let mut running = Running { graph, planner, options, observe, history, counts, shared };
    for component in &graph.components {
        if options.cancelled.load(Ordering::Relaxed) {
            break;
        }
        running.component(component)?;
    }
    let mut ok = !options.cancelled.load(Ordering::Relaxed);
    if let Some(fraction) = options.verify.filter(|_| ok) {
        ok &= verify(&running.planner, fraction, options, observe)?;
    }
    let Running { planner, counts, .. } = running;
    let mut stages = Vec::new();
    for (number, counts) in counts.iter().enumerate() {
        let (stage, stage_ok) = stage_run(&planner, number, counts.clone(), history)?;
        ok &= stage_ok;
        stages.push(stage);
    }
    Ok((stages, ok))
}

/// Points that were stored count as computed by this run; what is wrong with them is told.
fn tell_search(planner: &mut Planner<'_>, number: usize, counts: &mut [Counts], observe: Observer<'_>) {
    let stage = &planner.graph.stages[number].name;
    let Some(search) = planner.searches.get_mut(&number) else {
        return;
    };
    let published = std::mem::take(&mut search.published);
    counts[number + 1].computed += published;
    counts[number + 1].cached = counts[number + 1].cached.saturating_sub(published);
    for (round, SampleError { reason, message, .. }) in std::mem::take(&mut search.complaints) {
        observe(&Event::SampleFailed {
            stage: stage.clone(),
            sample: round.to_string(),
            reason,
            message,
            backtrace: None,
        });
    }
}

struct Running<'a> {
    graph: &'a Graph,
    planner: Planner<'a>,
    options: &'a RunOptions<'a>,
    observe: Observer<'a>,
    history: &'a History,
    counts: &'a mut [Counts],
    shared: SharedTables,
}

impl Running<'_> {
    /// Computes the groups of a component; with a search, round after round.
    fn component(&mut self, component: &Component) -> Result<(), StoreError> {
        loop {
            for group in &component.groups {
                self.group(group)?;
            }
            let Some(search) = component.search else {
                break;
            };
            if self.options.cancelled.load(Ordering::Relaxed) || !self.next_round(search)? {
                break;
            }
        }
        component.groups.iter().for_each(|group| self.finished(group));
        Ok(())
    }

    /// Takes what a search has found; true where there is something new to compute, or nothing more will come.
    fn next_round(&mut self, search: usize) -> Result<bool, StoreError> {
        let below: Vec<usize> =
            (0..self.graph.stages.len()).filter(|&n| self.graph.stages[n].made_by == Some(search)).collect();
        let done =
            |planner: &Planner<'_>, stage: usize| planner.states[stage].count(|u| matches!(u, Unit::Done { .. }));
        let before: Vec<u64> = below.iter().map(|&stage| done(&self.planner, stage)).collect();
        let moved = self.planner.settle_search(search)?;
        for (&stage, before) in below.iter().zip(before) {
            self.counts[stage].cached += done(&self.planner, stage) - before;
        }
        tell_search(&mut self.planner, search, self.counts, self.observe);
        if moved {
            // What has a result by now is not to do any more.
            for &stage in below.iter().chain([&search]) {
                let (name, samples) = (self.graph.stages[stage].name.clone(), self.planner.states[stage].units.len());
                let cached = done(&self.planner, stage);
                (self.observe)(&Event::StagePlanned { stage: name, samples: samples as u64, cached });
            }
        }
        Ok(moved)
    }

    fn finished(&self, members: &[usize]) {
        for &number in members {
            let counts = &self.counts[number];
            (self.observe)(&Event::StageFinished {
                stage: self.graph.stages[number].name.clone(),
                cached: counts.cached + counts.cut_off,
                computed: counts.computed,
                cut_off: counts.cut_off,
                failed: self.planner.states[number].count(Unit::is_lost),
            });
        }
    }

    fn group(&mut self, members: &[usize]) -> Result<(), StoreError> {
        let costs = members.iter().map(|&m| self.history.sure_cost(self.graph, m));
        let cost = costs.sum::<Option<Cost>>();
        let mut waited = false;
        let mut computed = false;
        let mut pause = LOOK_AGAIN;
        // Samples with equal keys are computed once: the others find the result when they are looked up again.
        loop {
            for &number in members {
                self.settle(number, waited || computed)?;
            }
            let batches = Batches::new(&self.planner, members, self.options.jobs.max(1), cost);
            let open = self.open_units(members);
            if batches.is_empty() || self.options.cancelled.load(Ordering::Relaxed) {
                break;
            }
            computed = true;
            if self.batches(members, batches)? {
                if !waited {
                    (self.observe)(&Event::Waiting { stage: self.graph.stages[members[0]].name.clone() });
                }
                waited = true;
                std::thread::sleep(pause);
                pause = if self.open_units(members) < open { LOOK_AGAIN } else { LOOK_SELDOM.min(pause * 2) };
            } else if self.open_units(members) == open {
                break;
            }
        }
        self.shared.clear();
        Ok(())
    }

    /// Looks up what has become known since planning; `shared` if it is the result of another sample or of another runner.
    fn settle(&mut self, number: usize, shared: bool) -> Result<(), StoreError> {
        let done = |unit: &Unit| matches!(unit, Unit::Done { .. });
        let state = &self.planner.states[number];
        if !state.units.iter().any(Unit::is_open) {
            return Ok(());
        }
        let before = state.count(done);
        self.planner.settle(number)?;
        let state = &self.planner.states[number];
        let found = state.count(done) - before;
        *(if shared { &mut self.counts[number].cached } else { &mut self.counts[number].cut_off }) += found;
        let stage = &self.graph.stages[number];
        if stage.bound().grain == Grain::Table && matches!(state.units[0], Unit::Dropped) {
            let failed_upstream =
                stage.ports.iter().map(|port| self.planner.states[port.stage].count(Unit::is_lost)).sum();
            (self.observe)(&Event::StageBlocked { stage: stage.name.clone(), failed_upstream });
        }
        Ok(())
    }

    fn open_units(&self, members: &[usize]) -> u64 {
        members.iter().map(|&m| self.planner.states[m].count(Unit::is_open)).sum()
    }

    /// Computes the batches of a group; true where another runner computes some of it.
    fn batches(&mut self, members: &[usize], batches: Batches) -> Result<bool, StoreError> {
        let graph = self.graph;
        let stages: Vec<&dyn Stage> = members.iter().map(|&m| graph.stages[m].stage.as_ref()).collect();
        let name = graph.stages[members[0]].name.as_str();
        let dispatch = Dispatch {
            planner: &mut self.planner,
            counts: self.counts,
            members,
            stages: &stages,
            options: self.options,
            observe: self.observe,
        };
        // What a source holds is not told again for each batch.
        let is_source = stages.iter().any(|stage| stage.bound().points().is_some());
        if let Some(executor) = self.options.executor.filter(|_| !is_source) {
            return dispatch.run(batches, executor);
        }
        let slots = batches.workers();
        let progress = |fraction: f64| (self.observe)(&Event::Progress { stage: name.to_owned(), fraction });
        let threads = (self.options.jobs.max(1) / slots).max(1);
        let context = Context { threads, cancelled: self.options.cancelled, progress: &progress };
        let local = Local { stages: &stages, store: dispatch.planner.store, shared: &self.shared, context };
        with_threads(&local, slots, |executor| dispatch.run(batches, executor))
    }
}
