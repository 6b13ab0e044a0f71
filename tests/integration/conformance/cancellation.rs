//! A stage that is cancelled before it runs or while it runs leaves nothing wrong behind.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lapicque_pipeline::execute::execute;
use lapicque_pipeline::shared_tables::SharedTables;
use lapicque_pipeline::{
    Context, Event, FailureReason, MemoryStore, Planner, RunOptions, Stage, Store, Unit, run, tasks,
};

use super::{every_kind, lab, reference};

/// What a stage may look at without end if it never looks whether it is cancelled.
const LOOPS: [usize; 4] = [0, 1, 30, 1000];

#[test]
fn a_stage_that_is_cancelled_gives_what_it_would_have_given_or_nothing() {
    let lab = lab();
    let pipeline = every_kind();
    let reference = reference();
    let (_, graph) = lab.bind(&pipeline).unwrap();
    let mut cancelled_kinds = 0;
    for wait in LOOPS {
        let store = MemoryStore::default();
        for group in graph.groups() {
            let planner = Planner::for_run(&graph, &store, false).unwrap();
            for task in tasks(&planner, group, "memory") {
                let stages: Vec<&dyn Stage> = task
                    .members
                    .iter()
                    .map(|member| &*graph.stages[graph.stage(&member.stage).unwrap()].stage)
                    .collect();
                let cancelled = AtomicBool::new(wait == 0);
                let progress = |_: f64| cancelled.store(true, Ordering::Relaxed);
                let context = Context { threads: 2, cancelled: &cancelled, progress: &progress };
                let report = std::thread::scope(|scope| {
                    scope.spawn(|| {
                        for _ in 0..wait {
                            std::thread::yield_now();
                        }
                        cancelled.store(true, Ordering::Relaxed);
                    });
                    execute(&task, &stages, &store, &SharedTables::default(), &context)
                });
                let report = report.unwrap();
                for unit in report.members.iter().flat_map(|member| member.units.iter().flatten()) {
                    match &unit.outcome {
                        Ok(_) => {}
                        Err(error) => {
                            assert_eq!(error.reason, FailureReason::Cancelled, "{}: {error:?}", task.members[0].stage);
                            cancelled_kinds += 1;
                        }
                    }
                }
                // And then in peace.
                let free = Context { threads: 2, cancelled: &AtomicBool::new(false), progress: &|_| {} };
                execute(&task, &stages, &store, &SharedTables::default(), &free).unwrap();
            }
        }
        let planner = Planner::for_run(&graph, &store, false).unwrap();
        for (number, (stage, state)) in graph.stages.iter().zip(&planner.states).enumerate() {
            let contents = reference.contents(&stage.name);
            for (i, unit) in state.units.iter().enumerate() {
                let label = planner.domain(number).label(i).unwrap_or_default().to_owned();
                let Unit::Done { found, .. } = unit else {
                    panic!("{} {label}: {unit:?}", stage.name);
                };
                let found: Vec<_> = found.outcome().unwrap().iter().map(|output| output.content).collect();
                assert_eq!(Ok(found), contents[&label], "{} {label}, cancelled after {wait} turns", stage.name);
            }
        }
    }
    assert!(cancelled_kinds > 100, "{cancelled_kinds}: nothing was cancelled, so nothing was tested");
}

#[test]
fn a_run_that_is_cancelled_at_any_event_is_finished_by_the_next() {
    let lab = lab();
    let pipeline = every_kind();
    let reference = reference();
    let (parsed, graph) = lab.bind(&pipeline).unwrap();
    let store = MemoryStore::default();
    let go = |wanted: usize| {
        let cancelled = AtomicBool::new(false);
        let heard = AtomicUsize::new(0);
        let options = RunOptions {
            jobs: 2,
            executor: None,
            retry_failed: false,
            verify: None,
            cancelled: &cancelled,
            store_uri: String::new(),
            settings: Vec::new(),
        };
        let observer = |_: &Event| {
            if heard.fetch_add(1, Ordering::Relaxed) >= wanted {
                cancelled.store(true, Ordering::Relaxed);
            }
        };
        run(&parsed, &graph, &store, &options, &observer).unwrap()
    };
    let mut ended = Vec::new();
    // Each goes on where the one before was stopped.
    for round in 0..1000 {
        let record = go(3 * round);
        let failed: u64 = record.stages.iter().map(|stage| stage.failed).sum();
        assert_eq!(failed, 0, "round {round}: what was cancelled has not failed");
        ended.push(record.ok);
        if record.ok {
            break;
        }
    }
    assert!(ended.len() > 5 && ended.last() == Some(&true), "{ended:?}");
    let planner = Planner::new(&graph, &store, false).unwrap();
    for (number, (stage, state)) in graph.stages.iter().zip(&planner.states).enumerate() {
        let contents = reference.contents(&stage.name);
        for (i, unit) in state.units.iter().enumerate() {
            let label = planner.domain(number).label(i).unwrap_or_default().to_owned();
            let Unit::Done { found, .. } = unit else {
                panic!("{} {label}: {unit:?}", stage.name);
            };
            let found: Vec<_> = found.outcome().unwrap().iter().map(|output| output.content).collect();
            assert_eq!(Ok(found), contents[&label], "{} {label}", stage.name);
        }
    }
    assert!(!store.runs().unwrap().is_empty());
}
