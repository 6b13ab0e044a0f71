//! Samples that follow from results: rounds of a toy search, against a plain reference that knows nothing of keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::DataType;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Event, Grain, Kind, Output, PortSchema, Ports, Read, Registry,
    Rounds, RunOptions, SampleError, SampleOutput, Samples, Stage,
};
use lapicque_schemas::{TableSchema, schema::Column};
use lapicque_store::ParquetStore;
use serde_json::{Value, json};

use crate::support::{Chance, Lab, Ran, Settings, numbers};

/// Goes to where `loss` is least, in whole numbers: `points` neighbours of the best x so far that were not there yet.
struct Climb;

struct Climbing {
    bound: Bound,
    start: i64,
    points: usize,
}

impl Kind for Climb {
    fn name(&self) -> &str {
        "test.climb"
    }
    fn summary(&self) -> &str {
        "Go to where the loss is least"
    }
    fn ports(&self) -> Ports<'_> {
        Ports::Named(&[])
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let number = |name: &str| request.config[name].as_i64().unwrap();
        let (start, points) = (number("start"), number("points"));
        let column = |name: &str| Column::new(name, DataType::Int64, name);
        let outputs = vec![
            Output::new("points", TableSchema::new("parameters", &[], [column("x")])),
            Output::new("state", TableSchema::new("table", &[], [column("rounds"), column("best")])),
        ];
        // How many rounds there may be changes none of them.
        let mut bound = Bound::new(1, json!({"start": start, "points": points}), &[], outputs);
        bound.grain = Grain::Table;
        let most_points = request.config["most_points"].as_u64().unwrap_or(1000);
        bound.samples = Samples::Made(Rounds { most_rounds: number("rounds") as u32, most_points, unread: Vec::new() });
        Ok(Box::new(Climbing { bound, start, points: points as usize }))
    }
}

impl Stage for Climbing {
    fn bound(&self) -> &Bound {
        &self.bound
    }
    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        assert_eq!(batch.samples.len(), 1, "a round sees its own history");
        let round = batch.samples[0].point;
        let points = batch.whole("points").unwrap();
        let known = numbers(points, "x");
        let mut losses = Vec::new();
        if let Some(loss) = batch.whole("loss") {
            losses = numbers_of(loss, "sample").into_iter().zip(numbers(loss, "loss")).collect();
        }
        let learnt: Vec<(i64, i64)> = losses.iter().map(|&(position, loss)| (loss, known[position as usize])).collect();
        let before = batch.whole("previous.state").unwrap();
        assert_eq!(before.num_rows(), usize::from(round > 0));
        let rounds = numbers(before, "rounds").first().copied().unwrap_or(0) + 1;
        assert_eq!(rounds, round as i64 + 1);
        assert_eq!(numbers_of(points, "round").last().copied(), (round > 0).then(|| round as i64 - 1));
        let next = next_round(self.start, self.points, &known, &learnt);
        let best = learnt.iter().min().map_or(-1, |&(_, x)| x);
        let int = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        let table = |output: usize, columns: Vec<ArrayRef>| {
            RecordBatch::try_new(self.bound.outputs[output].schema.arrow.clone(), columns).unwrap()
        };
        let tables = vec![table(0, vec![int(next)]), table(1, vec![int(vec![rounds]), int(vec![best])])];
        vec![Ok(SampleOutput { tables, notes: Vec::new() })]
    }
    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        match tables {
            [table] if table.port == "loss" && table.schema.column("loss").is_some() => {
                Ok(vec![Read::columns("loss", ["loss".to_owned()])])
            }
            _ => Err(vec![ConfigError::at("feedback.loss", "a table with a column `loss` is due")]),
        }
    }
}

fn numbers_of(table: &RecordBatch, name: &str) -> Vec<i64> {
    use arrow::array::AsArray;
    let column = table.column_by_name(name).unwrap();
    column.as_primitive::<arrow::datatypes::UInt32Type>().values().iter().map(|&v| i64::from(v)).collect()
}

/// What the next round is: none once the loss is 0, or where nothing was learnt.
fn next_round(start: i64, points: usize, known: &[i64], learnt: &[(i64, i64)]) -> Vec<i64> {
    if known.is_empty() {
        return (start..start + points as i64).collect();
    }
    match learnt.iter().min() {
        Some(&(loss, best)) if loss > 0 => {
            let around = (1..).flat_map(|step| [best + step, best - step]);
            around.filter(|x| !known.contains(x)).take(points).collect()
        }
        _ => Vec::new(),
    }
}

pub(crate) fn registry() -> Registry {
    let mut registry = lapicque::registry();
    registry.add(Box::new(Climb)).unwrap();
    registry
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    start: i64,
    points: usize,
    rounds: usize,
    target: i64,
    revision: u64,
    /// What is not computed for every seventh x.
    fails: bool,
}

pub(crate) const PLAIN: State = State { start: 3, points: 2, rounds: 5, target: 60, revision: 0, fails: false };

pub(crate) fn pipeline(state: &State) -> Value {
    let State { start, points, rounds, target, revision, fails } = state;
    let square = format!("(x - {target}) * (x - {target})");
    let lost = if *fails { "x % 7 = 5" } else { "false" };
    json!({
        "lapicque": 1,
        "name": "climb",
        "stages": {
            "climb": {
                "kind": "test.climb", "feedback": {"loss": "loss"},
                "start": start, "points": points, "rounds": rounds,
            },
            "loss": {
                "kind": "sql", "inputs": {"p": "climb"}, "grain": "sample", "on_error": "skip", "revision": revision,
                "query": format!("SELECT sample, CASE WHEN {lost} THEN 9223372036854775807 + x ELSE {square} END AS loss FROM p"),
            },
            "least": {"kind": "sql", "inputs": {"l": "loss"}, "query": "SELECT min(loss) AS m, count(*) AS n FROM l"},
            "end": {"kind": "sql", "inputs": {"s": "climb.state"}, "query": "SELECT rounds, best FROM s"},
        },
    })
}

fn loss_of(state: &State, x: i64) -> Option<i64> {
    (!(state.fails && x % 7 == 5)).then(|| (x - state.target).pow(2))
}

/// The points of each round; the last round may have none.
fn reference(state: &State) -> Vec<Vec<i64>> {
    let mut rounds: Vec<Vec<i64>> = Vec::new();
    while rounds.len() < state.rounds && rounds.last().is_none_or(|last| !last.is_empty()) {
        let known = rounds.concat();
        let learnt: Vec<(i64, i64)> = known.iter().filter_map(|&x| Some((loss_of(state, x)?, x))).collect();
        rounds.push(next_round(state.start, state.points, &known, &learnt));
    }
    rounds
}

fn agrees(ran: &Ran, state: &State, told: &dyn std::fmt::Debug) {
    let rounds = reference(state);
    let points = rounds.concat();
    assert!(ran.record.ok, "{told:?}: {:?}", ran.failures());
    assert_eq!(numbers(&ran.table("climb"), "x"), points, "{told:?}");
    assert_eq!(numbers(&ran.table("climb__rounds"), "x"), points, "{told:?}");
    assert_eq!(ran.stage("climb__rounds").samples, rounds.len() as u64, "{told:?}");
    let losses: Vec<i64> = points.iter().filter_map(|&x| loss_of(state, x)).collect();
    assert_eq!(numbers(&ran.table("loss"), "loss"), losses, "{told:?}");
    assert_eq!(ran.stage("loss").failed as usize, points.len() - losses.len(), "{told:?}");
    let least = ran.table("least");
    assert_eq!(numbers(&least, "n"), [losses.len() as i64], "{told:?}");
    if let Some(&m) = losses.iter().min() {
        assert_eq!(numbers(&least, "m"), [m], "{told:?}");
    }
    assert_eq!(numbers(&ran.table("end"), "rounds"), [rounds.len() as i64], "{told:?}");
}

/// Points and what was found of them.
type History = Vec<(i64, Option<i64>)>;

/// All that was ever computed, by what it was computed from.
#[derive(Default)]
struct Oracle {
    rounds: BTreeSet<(i64, usize, History)>,
    points: BTreeSet<i64>,
    losses: BTreeMap<(u64, i64, bool), BTreeSet<i64>>,
    least: BTreeSet<(Vec<i64>, usize)>,
    ends: BTreeSet<(i64, i64)>,
}

impl Oracle {
    fn expect(&mut self, state: &State) -> BTreeMap<&'static str, u64> {
        let mut ran: BTreeMap<&'static str, u64> = BTreeMap::new();
        let rounds = reference(state);
        let mut history = History::new();
        let mut best = -1;
        for round in &rounds {
            best = history.iter().filter_map(|(x, loss)| Some(((*loss)?, *x))).min().map_or(-1, |(_, x)| x);
            let new = self.rounds.insert((state.start, state.points, history.clone()));
            *ran.entry("climb__rounds").or_default() += u64::from(new);
            history.extend(round.iter().map(|&x| (x, loss_of(state, x))));
        }
        for (x, _) in &history {
            *ran.entry("climb").or_default() += u64::from(self.points.insert(*x));
            // The query is what the key knows.
            let of_query = self.losses.entry((state.revision, state.target, state.fails)).or_default();
            *ran.entry("loss").or_default() += u64::from(of_query.insert(*x));
        }
        // Queries see rows in their order.
        let losses: Vec<i64> = history.iter().filter_map(|(_, loss)| *loss).collect();
        let lost = history.len() - losses.len();
        *ran.entry("least").or_default() += u64::from(self.least.insert((losses, lost)));
        *ran.entry("end").or_default() += u64::from(self.ends.insert((rounds.len() as i64, best)));
        ran.retain(|_, runs| *runs > 0);
        ran
    }
}

#[test]
fn a_search_is_computed_round_by_round_and_found_again() {
    let lab = Lab::with_kinds(registry);
    let ran = lab.run(&pipeline(&PLAIN));
    agrees(&ran, &PLAIN, &"first");
    assert_eq!(ran.computed(), Oracle::default().expect(&PLAIN));
    // Nothing to do, for the plan as well.
    assert!(lab.run(&pipeline(&PLAIN)).computed().is_empty());
    assert!(lab.plan(&pipeline(&PLAIN)).iter().all(|stage| stage.to_run == 0));
    // A round more costs one round: its points, and what needs all of them.
    let more = State { rounds: 6, ..PLAIN };
    let again = lab.run(&pipeline(&more));
    agrees(&again, &more, &"one round more");
    assert_eq!(
        again.computed(),
        [("climb__rounds", 1), ("climb", 2), ("loss", 2), ("least", 1), ("end", 1)].into_iter().collect()
    );
    // A body that gives what it gave changes no round.
    let revised = State { revision: 1, ..more.clone() };
    let again = lab.run(&pipeline(&revised));
    agrees(&again, &revised, &"revised");
    assert_eq!(again.computed(), [("loss", 12)].into_iter().collect());
    // One that gives other values changes all rounds but the first.
    let moved = State { target: 50, ..revised };
    let again = lab.run(&pipeline(&moved));
    agrees(&again, &moved, &"moved");
    assert_eq!(again.stage("climb__rounds").computed, reference(&moved).len() as u64 - 1);
}

#[test]
fn random_edits_give_what_runs_from_scratch_give_and_compute_what_an_oracle_says() {
    let scripts = if std::env::var_os("LAPICQUE_LONG_TESTS").is_some() { 20 } else { 6 };
    for script in 0..scripts {
        let mut chance = Chance(script);
        let lab = Lab::with_kinds(registry);
        let (mut oracle, mut state, mut history) = (Oracle::default(), PLAIN, Vec::new());
        for _ in 0..10 {
            match chance.below(6) {
                0 => state.start = chance.below(12) as i64,
                1 => state.points = 1 + chance.below(3) as usize,
                2 => state.rounds = 1 + chance.below(6) as usize,
                3 => state.target = chance.below(14) as i64,
                4 => state.revision = chance.below(3),
                _ => state.fails = !state.fails,
            }
            history.push(state.clone());
            let settings = Settings { jobs: 1 + chance.below(4) as usize, ..Settings::default() };
            let ran = lab.run_with(&pipeline(&state), settings);
            agrees(&ran, &state, &(script, &history));
            assert_eq!(ran.computed(), oracle.expect(&state), "script {script}: {history:?}");
        }
    }
}

#[test]
fn rounds_do_not_depend_on_threads_and_batches() {
    let due = |jobs: usize, batch: Option<u64>| {
        let mut pipeline = pipeline(&PLAIN);
        if let Some(batch) = batch {
            pipeline["stages"]["loss"]["batch"] = json!(batch);
        }
        let lab = Lab::with_kinds(registry);
        let ran = lab.run_with(&pipeline, Settings { jobs, ..Settings::default() });
        ["climb__rounds", "climb", "loss", "least"].map(|stage| ran.contents(stage))
    };
    let first = due(1, None);
    assert!(first[0].len() > 3);
    for (jobs, batch) in [(4, None), (2, Some(1)), (3, Some(2))] {
        assert_eq!(due(jobs, batch), first);
    }
}

#[test]
fn what_is_verified_of_a_search_comes_out_equal() {
    let lab = Lab::with_kinds(registry);
    lab.run(&pipeline(&PLAIN));
    let ran = lab.run_with(&pipeline(&PLAIN), Settings { verify: Some(1.0), ..Settings::default() });
    assert!(ran.record.ok);
    let verified: BTreeMap<&str, u64> = ran
        .record
        .events
        .iter()
        .filter_map(|timed| match &timed.event {
            Event::Verified { stage, samples, differing: 0 } => Some((stage.as_str(), *samples)),
            _ => None,
        })
        .fold(BTreeMap::new(), |mut sum, (stage, samples)| {
            *sum.entry(stage).or_default() += samples;
            sum
        });
    assert_eq!(verified.get("climb__rounds"), Some(&(reference(&PLAIN).len() as u64)));
    assert_eq!(verified.get("loss"), Some(&(reference(&PLAIN).concat().len() as u64)));
}

/// Runs until so many batches are finished, and stops there.
fn stopped_after(lab: &Lab, state: &State, batches: u64) -> bool {
    let (pipeline, graph) = lab.bind(&pipeline(state)).unwrap();
    let store = ParquetStore::open(&lab.store_folder()).unwrap();
    let cancelled = AtomicBool::new(false);
    let options = RunOptions {
        jobs: 1,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &cancelled,
        store_uri: lab.store_folder().display().to_string(),
        settings: Vec::new(),
    };
    let finished = std::sync::atomic::AtomicU64::new(0);
    let observe = |event: &Event| {
        if matches!(event, Event::BatchFinished { .. }) && finished.fetch_add(1, Ordering::Relaxed) + 1 == batches {
            cancelled.store(true, Ordering::Relaxed);
        }
    };
    lapicque_pipeline::run(&pipeline, &graph, &store, &options, &observe).unwrap().interrupted
}

#[test]
fn a_search_that_was_stopped_anywhere_goes_on_from_there() {
    let whole: u64 = Oracle::default().expect(&PLAIN).values().sum();
    let mut batches = 1;
    loop {
        let lab = Lab::with_kinds(registry);
        if !stopped_after(&lab, &PLAIN, batches) {
            break;
        }
        let known: u64 = lab.plan(&pipeline(&PLAIN)).iter().map(|stage| stage.cached).sum();
        let ran = lab.run(&pipeline(&PLAIN));
        agrees(&ran, &PLAIN, &batches);
        let computed: u64 = ran.computed().values().sum();
        // Points come with their round, whether it was run before or planned now.
        assert!(computed <= whole - known, "{computed} of {whole} after {known} were known");
        assert!(computed + known + 2 >= whole, "{computed} of {whole} after {known} were known");
        batches += 1;
    }
    assert!(batches > 8, "{batches}");
}

#[test]
fn results_that_are_lost_are_computed_again() {
    let lab = Lab::with_kinds(registry);
    lab.run(&pipeline(&PLAIN));
    for folder in ["actions", "segments"] {
        let files: Vec<_> = std::fs::read_dir(lab.store_folder().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect();
        for path in files {
            if path.exists() {
                std::fs::remove_file(&path).unwrap();
                agrees(&lab.run(&pipeline(&PLAIN)), &PLAIN, &path);
            }
        }
    }
}

#[test]
fn two_runners_share_one_search() {
    let lab = Lab::with_kinds(registry);
    let records: Vec<_> = std::thread::scope(|scope| {
        let runner = || {
            let (pipeline, graph) = lab.bind(&pipeline(&PLAIN)).unwrap();
            let store = ParquetStore::open(&lab.store_folder()).unwrap();
            let options = RunOptions {
                jobs: 2,
                executor: None,
                retry_failed: false,
                verify: None,
                cancelled: &AtomicBool::new(false),
                store_uri: lab.store_folder().display().to_string(),
                settings: Vec::new(),
            };
            lapicque_pipeline::run(&pipeline, &graph, &store, &options, &|_| {}).unwrap()
        };
        let runners = [scope.spawn(runner), scope.spawn(runner)];
        runners.into_iter().map(|runner| runner.join().unwrap()).collect()
    });
    assert!(records.iter().all(|record| record.ok));
    for stage in ["climb__rounds", "loss", "least"] {
        let computed: u64 =
            records.iter().flat_map(|record| &record.stages).filter(|s| s.stage == stage).map(|s| s.computed).sum();
        assert_eq!(computed, Oracle::default().expect(&PLAIN)[stage], "{stage}");
    }
    agrees(&lab.run(&pipeline(&PLAIN)), &PLAIN, &"after two");
}

#[test]
fn a_search_whose_results_may_not_be_missing_ends_where_one_is() {
    let lab = Lab::with_kinds(registry);
    let mut failing = pipeline(&State { fails: true, ..PLAIN });
    failing["stages"]["loss"]["on_error"] = json!("fail");
    let ran = lab.run(&failing);
    assert!(!ran.record.ok);
    // x = 5 is in the second round.
    assert_eq!(ran.stage("climb__rounds").samples, 2);
    assert_eq!(ran.stage("least").done, 0);
    assert_eq!(ran.stage("end").done, 0);
}

#[test]
fn points_of_a_search_share_results_with_lists() {
    let lab = Lab::with_kinds(registry);
    let mut listed = pipeline(&PLAIN);
    let rows: Vec<Value> = (0..20).map(|x| json!({"x": x})).collect();
    listed["stages"].as_object_mut().unwrap().retain(|name, _| name == "loss");
    listed["stages"]["climb"] = json!({"kind": "parameters.list", "rows": rows});
    assert_eq!(lab.run(&listed).stage("loss").computed, 20);
    let ran = lab.run(&pipeline(&PLAIN));
    agrees(&ran, &PLAIN, &"after a list");
    assert_eq!(ran.stage("loss").computed, 0);
}

#[test]
fn a_plan_says_how_much_may_come() {
    let lab = Lab::with_kinds(registry);
    let plan = lab.plan(&pipeline(&PLAIN));
    let of = |name: &str| plan.iter().find(|stage| stage.stage == name).unwrap().clone();
    assert_eq!((of("climb__rounds").samples, of("climb__rounds").to_run), (1, 1));
    assert!(of("climb__rounds").reason.contains("round 1 of at most 5"), "{}", of("climb__rounds").reason);
    assert!(of("loss").reason.contains("up to 1000 more"), "{}", of("loss").reason);
    assert!(stopped_after(&lab, &PLAIN, 3));
    let plan = lab.plan(&pipeline(&PLAIN));
    let rounds = plan.iter().find(|stage| stage.stage == "climb__rounds").unwrap();
    assert!(rounds.reason.contains("of at most 5"), "{}", rounds.reason);
}

#[test]
fn too_many_and_equal_points_fail_their_round() {
    let lab = Lab::with_kinds(registry);
    let mut few = pipeline(&PLAIN);
    few["stages"]["climb"]["most_points"] = json!(5);
    let ran = lab.run(&few);
    assert!(!ran.record.ok);
    assert!(ran.failures().iter().any(|f| f.contains("at most 5 are allowed")), "{:?}", ran.failures());
    assert_eq!(ran.stage("least").done, 0);
}
