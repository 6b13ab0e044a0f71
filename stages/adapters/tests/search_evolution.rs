//! `search.evolution`, with a stage below it that computes objectives.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, Float64Array, RecordBatch};
use arrow_schema::DataType;
use given::{Ran, bind_kinds, run_bound};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, PortMode, PortSpec, Ports, SampleError,
    SampleOutput, Stage, each_sample,
};
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::{Column, UNIT};
use lapicque_schemas::tables::parameters;
use serde_json::{Value, json};

/// Of `a` (mV) and `b`: a bowl, what is best at its ends, and nothing where a is above `most`.
struct Objectives;

const PORTS: &[PortSpec] = &[PortSpec::new("parameters", parameters::TABLE, PortMode::Either, true)];

struct ObjectivesStage {
    bound: Bound,
    most: f64,
}

fn schema() -> TableSchema {
    let column = |name: &str| Column::new(name, DataType::Float64, name);
    TableSchema::new("table", &[], [column("bowl"), column("near_a"), column("near_b"), column("a")])
}

impl Kind for Objectives {
    fn name(&self) -> &str {
        "test.objectives"
    }

    fn summary(&self) -> &str {
        "Compute objectives"
    }

    fn ports(&self) -> Ports<'_> {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        json!({"properties": {"most": {}}})
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let most = request.config["most"].as_f64().unwrap_or(f64::INFINITY);
        let outputs = vec![Output::new("table", schema())];
        let bound = Bound::new(1, json!({"most": most.to_string()}), request.inputs, outputs);
        Ok(Box::new(ObjectivesStage { bound, most }))
    }
}

fn of_point(a: f64, b: f64, most: f64) -> [f64; 4] {
    let bowl = if a > most { f64::NAN } else { (a - 2.0).powi(2) + ((b - 150.0) / 40.0).powi(2) };
    [bowl, a * a + b * b / 1e4, (a - 2.0).powi(2) + b * b / 1e4, a]
}

impl Stage for ObjectivesStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, _| {
            let table = batch.table(number, "parameters").unwrap();
            let found = of_point(floats(table, "a")[0], floats(table, "b")[0], self.most);
            let columns = found.map(|value| Arc::new(Float64Array::from(vec![value])) as _).to_vec();
            let table = RecordBatch::try_new(schema().arrow, columns).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes: Vec::new() })
        })
    }
}

fn floats(table: &RecordBatch, column: &str) -> Vec<f64> {
    table.column_by_name(column).unwrap().as_primitive::<Float64Type>().values().to_vec()
}

fn integers(table: &RecordBatch, column: &str) -> Vec<i64> {
    table.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn stages(search: &Value, objectives: &Value) -> Value {
    let mut stages = json!({
        "search": {
            "kind": "search.evolution", "feedback": {"o": "objectives"},
            "bounds": {"a": ["-5 mV", "5 mV"], "b": [0, 200]},
        },
        "objectives": {"kind": "test.objectives", "inputs": {"parameters": "search"}},
    });
    stages["search"].as_object_mut().unwrap().extend(search.as_object().unwrap().clone());
    stages["objectives"].as_object_mut().unwrap().extend(objectives.as_object().unwrap().clone());
    stages
}

fn ran_with(search: &Value, objectives: &Value, jobs: usize) -> Ran {
    run_bound(bind_kinds([Box::new(Objectives) as Box<dyn Kind>], &stages(search, objectives)), jobs)
}

fn ran(search: &Value) -> Ran {
    let ran = ran_with(search, &json!({}), 2);
    assert!(ran.record.ok, "{}", ran.failures());
    ran
}

/// The rows of the last round of an output.
fn last(table: &RecordBatch) -> RecordBatch {
    let rounds = arrow_cast::cast(table.column(0), &DataType::Utf8).unwrap();
    let rounds = rounds.as_string::<i32>();
    let last = rounds.value(rounds.len() - 1);
    let first = (0..rounds.len()).find(|&row| rounds.value(row) == last).unwrap();
    table.slice(first, table.num_rows() - first)
}

fn individuals(ran: &Ran) -> RecordBatch {
    last(&ran.table("search__rounds", 1))
}

#[test]
fn one_loss_is_minimised_and_the_best_are_told() {
    let ran = ran(&json!({"minimise": "bowl", "generations": 30}));
    let best = individuals(&ran);
    assert_eq!((best.num_rows(), integers(&best, "rank")), (20, (0..20).collect()));
    let (a, b, bowl) = (floats(&best, "a"), floats(&best, "b"), floats(&best, "bowl"));
    assert!((a[0] - 2.0).abs() < 0.1 && (b[0] - 150.0).abs() < 4.0 && bowl[0] < 0.01, "{} {} {}", a[0], b[0], bowl[0]);
    assert!(bowl.is_sorted());
    let points = ran.table("search", 0);
    assert_eq!(points.num_rows(), 100 + 30 * 20);
    // Individuals are points, and their objectives what was found of these.
    for (row, &point) in integers(&best, "point").iter().enumerate() {
        assert_eq!((floats(&points, "a")[point as usize], floats(&points, "b")[point as usize]), (a[row], b[row]));
        assert_eq!(of_point(a[row], b[row], f64::INFINITY)[0], bowl[row]);
    }
    let progress = ran.table("search__rounds", 2);
    assert_eq!(integers(&progress, "generation"), (0..32).collect::<Vec<i64>>());
    assert_eq!(integers(&progress, "evaluations")[..4], [0, 100, 120, 140]);
    let least = floats(&progress, "least_loss");
    assert!(least[0].is_nan() && least[1..].windows(2).all(|pair| pair[1] <= pair[0]));
    assert_eq!(least[31], bowl[0]);
    // Of all that was computed, none is better.
    let all = floats(&ran.table("objectives", 0), "bowl");
    assert_eq!(all.iter().copied().fold(f64::INFINITY, f64::min), bowl[0]);
    for table in [&points, &best] {
        assert_eq!(table.schema().field_with_name("a").unwrap().metadata()[UNIT], "mV");
    }
}

#[test]
fn weights_and_directions_make_one_loss() {
    // Least of bowl + 3 near_a, and of the same as a maximum of less.
    let settings = json!({"minimise": {"bowl": 1, "near_a": 3}, "generations": 40, "initial_population": 40});
    let best = individuals(&ran(&settings));
    // d/da: 2 (a - 2) + 6 a = 0.
    assert!((floats(&best, "a")[0] - 0.5).abs() < 0.1, "{:?}", floats(&best, "a"));
    let best = individuals(&ran(&json!({"maximise": "near_b", "generations": 20})));
    assert!(floats(&best, "near_b")[0] > 50.0 && !floats(&best, "near_b").is_sorted());
    // At a corner of the box, whose points must not come twice.
    assert!(floats(&best, "a")[0] < -4.5 && floats(&best, "b")[0] > 190.0);
}

#[test]
fn nsga2_gives_the_front_between_two_objectives() {
    let settings = json!({"algorithm": "nsga2", "minimise": {"near_a": 1, "near_b": 1}, "generations": 40});
    let ran = ran(&settings);
    let best = individuals(&ran);
    // The front lies between (0, 0) and (2, 0).
    assert!(integers(&best, "rank").iter().all(|&rank| rank == 0), "{:?}", integers(&best, "rank"));
    let (a, b) = (floats(&best, "a"), floats(&best, "b"));
    assert!(a.iter().zip(&b).all(|(a, b)| *a > -0.1 && *a < 2.1 && *b < 20.0), "{a:?} {b:?}");
    let (low, high) = a.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &a| (l.min(a), h.max(a)));
    assert!(low < 0.2 && high > 1.8, "{low} {high}");
    let progress = ran.table("search__rounds", 2);
    assert_eq!(integers(&progress, "front").last(), Some(&20));
    assert!(floats(&progress, "least_loss").iter().all(|loss| loss.is_nan()));
}

#[test]
fn results_do_not_depend_on_jobs_and_follow_from_the_seed() {
    for settings in [
        json!({"minimise": "bowl", "generations": 4}),
        json!({"algorithm": "nsga2", "minimise": "near_a", "maximise": "near_b", "generations": 4}),
    ] {
        let tables = |jobs: usize| {
            let ran = ran_with(&settings, &json!({}), jobs);
            (ran.table("search", 0), ran.table("search__rounds", 1), ran.table("search__rounds", 3))
        };
        assert_eq!(tables(1), tables(3));
    }
    // More generations begin as fewer do.
    let few = ran(&json!({"minimise": "bowl", "generations": 2})).table("search", 0);
    let many = ran(&json!({"minimise": "bowl", "generations": 4})).table("search", 0);
    assert_eq!(floats(&few, "a"), floats(&many, "a")[..few.num_rows()]);
}

#[test]
fn points_without_objectives_are_replaced_and_none_is_an_error() {
    let settings = json!({"minimise": "bowl", "generations": 10, "population": 8, "initial_population": 30});
    let ran = ran_with(&settings, &json!({"most": 1.0}), 2);
    assert!(ran.record.ok, "{}", ran.failures());
    assert!(ran.notes().contains("lack an objective and are replaced"), "{}", ran.notes());
    let best = individuals(&ran);
    assert!(floats(&best, "bowl").iter().all(|bowl| bowl.is_finite()) && floats(&best, "a")[0] > 0.7);
    let missing = integers(&ran.table("search__rounds", 2), "missing");
    assert!(missing[1] > 8, "{missing:?}");
    // Eight of them at most.
    assert_eq!(integers(&ran.table("search__rounds", 2), "evaluations")[1..3], [30, 46]);
    let none = ran_with(&settings, &json!({"most": -9.0}), 2);
    assert!(!none.record.ok);
    assert!(none.failures().contains("none of the 30 samples of round 0 has all objectives"), "{}", none.failures());
}

#[test]
fn wrong_searches_are_refused() {
    let cases = [
        (json!({}), "0 objectives; 1 at least are due"),
        (json!({"minimise": "bwl"}), "no column `bwl`"),
        (json!({"minimise": {"bowl": 0}}), "a finite number above 0"),
        (json!({"minimise": {"bowl": -1}}), "a finite number above 0"),
        (json!({"minimise": 3}), "expected a column"),
        (json!({"minimise": "bowl", "maximise": "bowl"}), "is to be minimised as well"),
        (json!({"minimise": "a"}), "another column `a`"),
        (json!({"minimise": "bowl", "bounds": {"rank": [0, 1]}}), "bounds.rank"),
        (json!({"minimise": "bowl", "bounds": {}}), "no parameter is searched"),
        (json!({"minimise": "bowl", "bounds": {"a": ["5 mV", "-5 mV"]}}), "below the second"),
        (json!({"minimise": "bowl", "algorithm": "nsga2"}), "2 at least are due"),
        (json!({"minimise": {"near_a": 2, "near_b": 1}, "algorithm": "nsga2"}), "weights change nothing"),
        (json!({"minimise": "bowl", "algorithm": "nsga3"}), "nsga3"),
        (json!({"minimise": "bowl", "population": 1}), "2 to 100000"),
        (json!({"minimise": "bowl", "initial_population": 1}), "2 to 100000"),
        (json!({"minimise": "bowl", "generations": 100_001}), "0 to 100000"),
        (json!({"minimise": "bowl", "initial_step": 0}), "above 0 to 1"),
        (json!({"minimise": "bowl", "selection_pressure": 2.5}), "1 to 2"),
        (json!({"minimise": "bowl", "blend": -1}), "0 to 10"),
        (json!({"minimise": "bowl", "crossover_index": 20}), "only `algorithm: nsga2` has this field"),
        (
            json!({"minimise": {"near_a": 1, "near_b": 1}, "algorithm": "nsga2", "blend": 1}),
            "only `algorithm: adaptive`",
        ),
        (json!({"minimise": {"near_a": 1, "near_b": 1}, "algorithm": "nsga2", "mutation_probability": 2}), "0 to 1"),
        (json!({"minimise": "bowl", "feedback": {}}), "learns from results"),
        (json!({"minimise": "bowl", "generation": 3}), "generation"),
    ];
    for (search, due) in cases {
        let problem = bind_kinds([Box::new(Objectives) as Box<dyn Kind>], &stages(&search, &json!({})));
        let problem = problem.map(drop).unwrap_err();
        assert!(problem.contains(due), "{due}: {problem}");
    }
}

#[test]
fn what_cma_es_keeps_is_read_back_by_the_same_code() {
    let cma_es = json!({"kind": "search.cma_es", "minimise": {"bowl": 1, "near_a": 0.5}, "rounds": 12});
    let ran = ran(&cma_es);
    let state = last(&ran.table("search__rounds", 2));
    let parts = arrow_cast::cast(state.column_by_name("part").unwrap(), &DataType::Utf8).unwrap();
    let parts: Vec<&str> = parts.as_string::<i32>().iter().flatten().collect();
    let due = "counts mean step step_path covariance_path covariance samples recent found";
    assert_eq!(parts.join(" "), due);
    let progress = ran.table("search__rounds", 1);
    assert_eq!(integers(&progress, "evaluations"), (0..12).map(|round| 6 * round).collect::<Vec<i64>>());
    let least = floats(&progress, "least_loss");
    assert!(least[11] < least[1], "{least:?}");
}
