//! A batch as another process gets it: through JSON, bound anew from what stands in it.

use std::sync::atomic::AtomicBool;

use lapicque_pipeline::execute::execute;
use lapicque_pipeline::shared_tables::SharedTables;
use lapicque_pipeline::task::BatchTask;
use lapicque_pipeline::{Context, Grain, MemoryStore, Planner, Stage, Store, Unit, tasks};
use serde_json::json;

use super::{every_kind, lab, reference};

#[test]
fn a_task_gives_the_same_through_json() {
    let lab = lab();
    let mut pipeline = every_kind();
    pipeline["stages"]["spikes"]["keep"] = json!(false);
    pipeline["stages"]["epochs"]["batch"] = json!(2);
    let reference = reference();
    let (_, graph) = lab.bind(&pipeline).unwrap();
    let store = MemoryStore::default();
    let context = Context { threads: 1, cancelled: &AtomicBool::new(false), progress: &|_| {} };
    let mut executed = 0;
    for group in graph.groups() {
        let planner = Planner::for_run(&graph, &store, false).unwrap();
        for task in tasks(&planner, group, "memory") {
            let text = serde_json::to_string(&task).unwrap();
            let read: BatchTask = serde_json::from_str(&text).unwrap();
            assert_eq!(read, task);
            let bound: Vec<Box<dyn Stage>> = read
                .members
                .iter()
                .map(|member| {
                    member
                        .binding
                        .bind(&lapicque::registry())
                        .unwrap_or_else(|problems| panic!("{}: {problems:?}", member.stage))
                })
                .collect();
            let stages: Vec<&dyn Stage> = bound.iter().map(AsRef::as_ref).collect();
            execute(&read, &stages, &store, &SharedTables::default(), &context).unwrap();
            executed += 1;
        }
    }
    // Points of searches come with their rounds.
    let made = graph.stages.iter().filter(|stage| stage.made_by.is_some()).count();
    assert!(executed > graph.groups().count() - made, "{executed} tasks: some stages have several");
    let planner = Planner::for_run(&graph, &store, false).unwrap();
    for (number, (stage, state)) in graph.stages.iter().zip(&planner.states).enumerate() {
        let contents = reference.contents(&stage.name);
        assert!(stage.bound().grain == Grain::Sample || state.units.len() == 1);
        for (i, unit) in state.units.iter().enumerate() {
            let label = planner.domain(number).label(i).unwrap_or_default().to_owned();
            let Unit::Done { found, .. } = unit else {
                panic!("{} {label}: {unit:?}", stage.name);
            };
            let found: Vec<_> = found.outcome().unwrap().iter().map(|o| o.content).collect();
            assert_eq!(Ok(found), contents[&label], "{} {label}", stage.name);
        }
    }
    assert!(store.runs().unwrap().is_empty());
}
