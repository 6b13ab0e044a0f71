//! Random edits of a pipeline on one store that loses files between them: gone, flipped, cut short, collected.
//!
//! The oracle is the same pipeline on a fresh store. At any time a table is what it was or an error; after a run all tables
//! are those of the fresh store, as SQL, training and single samples see them, and `plan` said what then ran.
//! The pipeline has what went wrong before: results that samples share, floats of one digest and many forms, NULL, outputs of
//! several tables, rows that are not kept, `where`, types that change, ties.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::array::{ArrayRef, Float64Array, Int64Array, ListBuilder, PrimitiveBuilder, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Graph, Kind, MemoryStore, Output, Planner, PortMode, PortSpec,
    Ports, Registry, RunOptions, RunRecord, SampleError, SampleOutput, Stage, StageRun, Store, audit, each_sample,
    read_output,
};
use lapicque_schemas::{Column, TableSchema, schema::list_of};
use lapicque_store::ParquetStore;
use serde_json::{Value, json};

use crate::support::{Chance, Lab, Settings, numbers};

const EDITS: usize = 9;
/// Further scripts where LAPICQUE_LONG_TESTS is set.
const SCRIPTS: [u64; 2] = [6, 40];

/// Floats that look equal to a digest, and lists; of few different points.
struct Ugly;
struct UglyStage(Bound);

const FLOATS: [u64; 8] = [
    0x0000_0000_0000_0000, // 0
    0x8000_0000_0000_0000, // -0
    0x7ff8_0000_0000_0000, // NaN
    0xfff8_0000_0000_0001, // another NaN
    0x7ff0_0000_0000_0000, // infinity
    0x3ff0_0000_0000_0000, // 1
    0xc000_0000_0000_0000, // -2
    0x0000_0000_0000_0001, // the least number
];

impl Kind for Ugly {
    fn name(&self) -> &str {
        "test.ugly"
    }
    fn summary(&self) -> &str {
        "Values that are hard to store"
    }
    fn ports(&self) -> Ports<'_> {
        const PORTS: &[PortSpec] = &[PortSpec::new("p", "parameters", PortMode::Either, true)];
        Ports::Named(PORTS)
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let first = TableSchema::new(
            "table",
            &[],
            [
                Column::new("k", DataType::Int64, "number"),
                Column::new("power.alpha", DataType::Float64, "a value").unit("mV"),
                Column::new("v", DataType::Float64, "the same, or nothing").nullable(),
            ],
        );
        let parts = TableSchema::new("table", &[], [Column::new("part", list_of(DataType::Float64), "some values")]);
        let mut bound =
            Bound::new(1, json!({}), request.inputs, vec![Output::new("values", first), Output::new("parts", parts)]);
        bound.reads = vec![lapicque_pipeline::Read::columns("p", ["k".to_owned()])];
        Ok(Box::new(UglyStage(bound)))
    }
}

impl Stage for UglyStage {
    fn bound(&self) -> &Bound {
        &self.0
    }
    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |i, _| {
            let k = numbers(batch.table(i, "p").unwrap(), "k")[0];
            let float = |n: i64| f64::from_bits(FLOATS[n.rem_euclid(8) as usize]);
            let rows: Vec<i64> = (0..1 + k % 3).collect();
            let values = Float64Array::from_iter_values(rows.iter().map(|row| float(k + row)));
            let nulls = Float64Array::from_iter(rows.iter().map(|row| (row % 2 == 0).then(|| float(k + row))));
            let of_k = Int64Array::from_iter_values(rows.iter().map(|_| k));
            let mut parts = ListBuilder::new(PrimitiveBuilder::<Float64Type>::new())
                .with_field(Arc::new(arrow::datatypes::Field::new("item", DataType::Float64, false)));
            for part in 0..k % 3 {
                (0..part).for_each(|n| parts.values().append_value(float(k + n)));
                parts.append(true);
            }
            let columns: [Vec<ArrayRef>; 2] =
                [vec![Arc::new(of_k), Arc::new(values), Arc::new(nulls)], vec![Arc::new(parts.finish())]];
            let tables = self.0.outputs.iter().zip(columns).map(|(output, columns)| {
                RecordBatch::try_new(output.schema.arrow.clone(), columns).map_err(SampleError::internal)
            });
            Ok(SampleOutput { tables: tables.collect::<Result<_, _>>()?, notes: Vec::new() })
        })
    }
}

fn registry() -> Registry {
    let mut kinds: Vec<Box<dyn Kind>> = lapicque_query::kinds();
    kinds.extend(lapicque_stages::kinds());
    kinds.push(Box::new(Ugly));
    Registry::new(kinds)
}

#[derive(Clone, Debug)]
struct State {
    /// Names of points and the column that stages read; few values, so that points share results.
    points: Vec<(String, i64)>,
    next: u64,
    keep: bool,
    /// The type of a column changes with its name and place unchanged.
    data_type: &'static str,
    threshold: i64,
    revision: u64,
    note: Option<i64>,
}

const TABLES: [&str; 9] = ["parameters", "ugly", "ugly__parts", "typed", "rows", "picked", "ranked", "joined", "total"];

fn pipeline(state: &State) -> Value {
    let row = |(name, k): &(String, i64)| {
        // Points are told apart by a column that no stage reads.
        let mut row = json!({"sample": name, "k": k, "id": name});
        if let Some(note) = state.note {
            row["note"] = json!(note);
        }
        row
    };
    let rows: Vec<Value> = state.points.iter().map(row).collect();
    let labels: Vec<&str> = std::iter::once("id").chain(state.note.iter().map(|_| "note")).collect();
    let State { data_type, threshold, .. } = state;
    json!({
        "lapicque": 1,
        "name": "losses",
        "stages": {
            "parameters": {"kind": "parameters.list", "rows": rows, "labels": labels},
            "ugly": {"kind": "test.ugly", "inputs": {"p": "parameters"}, "batch": 3},
            "typed": {
                "kind": "sql", "inputs": {"u": "ugly"}, "grain": "sample", "batch": 4, "revision": state.revision,
                "query": format!("SELECT sample, k, CAST(k AS {data_type}) AS t, \"power.alpha\" FROM u"),
            },
            "rows": {
                "kind": "sql", "inputs": {"t": "typed"}, "grain": "sample", "keep": state.keep,
                "query": "SELECT sample, t, 2 * t AS double, \"power.alpha\" AS a FROM t",
            },
            "picked": {
                "kind": "sql", "inputs": {"r": "rows"}, "grain": "sample", "where": {"r": format!("t > {threshold}")},
                "query": "SELECT sample, double, a FROM r WHERE a IS NOT NULL",
            },
            "ranked": {
                "kind": "sql", "inputs": {"u": "ugly"},
                "query": "SELECT sample, v, row_number() OVER (ORDER BY v, sample, k) AS n FROM u",
            },
            "joined": {
                "kind": "sql", "inputs": {"u": "ugly", "t": "typed"}, "grain": "sample",
                "query": "SELECT u.sample, count(*) AS n, max(t.t) AS most FROM u JOIN t ON u.sample = t.sample GROUP BY u.sample",
            },
            "total": {"kind": "sql", "inputs": {"p": "picked"}, "query": "SELECT count(*) AS n, sum(double) AS s FROM p"},
        },
    })
}

fn edit(state: &mut State, chance: &mut Chance) -> String {
    match chance.below(9) {
        0 | 1 => {
            let k = chance.below(6) as i64;
            state.next += 1;
            let place = chance.below(state.points.len() as u64 + 1) as usize;
            state.points.insert(place, (format!("{:03}", state.next), k));
            format!("add {k}")
        }
        2 if state.points.len() > 3 => {
            let place = chance.below(state.points.len() as u64) as usize;
            format!("remove {:?}", state.points.remove(place))
        }
        3 => {
            let place = chance.below(state.points.len() as u64) as usize;
            state.points[place].1 = chance.below(6) as i64;
            format!("change {:?}", state.points[place])
        }
        4 => {
            state.points.rotate_left(1);
            "reorder".to_owned()
        }
        5 => {
            state.data_type = chance.pick(&["BIGINT", "DOUBLE", "INT"]);
            format!("type {}", state.data_type)
        }
        6 => {
            state.threshold = chance.below(5) as i64 - 1;
            format!("threshold {}", state.threshold)
        }
        7 => {
            state.keep = !state.keep;
            format!("keep {}", state.keep)
        }
        _ if chance.below(2) == 0 => {
            state.note = if state.note.is_some() { None } else { Some(chance.below(3) as i64) };
            format!("note {:?}", state.note)
        }
        _ => {
            state.revision = chance.below(3);
            format!("revision {}", state.revision)
        }
    }
}

/// Lets the store lose something; what, and whether it can be seen without reading the file.
fn lose(lab: &Lab, chance: &mut Chance) -> (String, bool) {
    let folder =
        chance.pick(&["segments", "segments", "actions", "actions", "bindings", "labels", "ingredients", "runs"]);
    let mut files: Vec<PathBuf> = std::fs::read_dir(lab.store_folder().join(folder))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    if files.is_empty() {
        return ("nothing".to_owned(), true);
    }
    let path = chance.pick(&files);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let how = chance.pick(&["gone", "flipped", "cut"]);
    match how {
        "flipped" => {
            let mut bytes = bytes;
            let place = chance.below(bytes.len() as u64) as usize;
            bytes[place] ^= 1 << chance.below(8);
            std::fs::write(&path, bytes).unwrap();
        }
        "cut" => std::fs::write(&path, &bytes[..chance.below(bytes.len() as u64) as usize]).unwrap(),
        _ => {}
    }
    (format!("{folder} {how}"), how == "gone" && folder == "segments")
}

/// What is told of each table.
type Answers = BTreeMap<String, Result<RecordBatch, String>>;

/// The tables of a run; errors as they are told.
fn tables(store: &dyn Store, run: &RunRecord) -> Answers {
    let outputs = run.stages.iter().flat_map(|stage| (0..stage.outputs.len()).map(move |output| (stage, output)));
    let table = |(stage, output): (&StageRun, usize)| {
        (stage.table_name(output), read_output(store, stage, output, None).map_err(|error| error.to_string()))
    };
    outputs.map(table).collect()
}

fn run(lab: &Lab, pipeline: &Value, store: &dyn Store) -> RunRecord {
    let (pipeline, graph) = lab.bind(pipeline).unwrap();
    let options = RunOptions {
        jobs: 2,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &AtomicBool::new(false),
        store_uri: "memory".to_owned(),
        settings: Vec::new(),
    };
    lapicque_pipeline::run(&pipeline, &graph, store, &options, &|_| {}).unwrap()
}

fn open(lab: &Lab) -> ParquetStore {
    ParquetStore::open(&lab.store_folder()).unwrap()
}

/// What every command reads of a store as it lies there; none may panic, and `sql` says what `read_output` says.
fn look_around(lab: &Lab, graph: &Graph, chance: &mut Chance) {
    let store = open(lab);
    let planner = Planner::new(graph, &store, false);
    if let Ok(planner) = &planner {
        let _ = lapicque_pipeline::plan_rows(planner);
        for stage in 0..graph.stages.len() {
            let _ = lapicque_pipeline::why(planner, stage, None);
        }
    }
    let runs = store.runs().unwrap();
    if let [.., a, b] = &runs[..] {
        let _ = lapicque_query::diff(&store, a, b, None, &lapicque_query::Tolerance::default());
    }
    match chance.below(6) {
        0 => drop(store.collect(1 + chance.below(2) as usize, false)),
        1 => drop(store.collect(1, true)),
        2 => drop(runs.last().map(|run| store.pin(&format!("pin-{}", runs.len()), &run.id))),
        _ => {}
    }
}

#[test]
fn whatever_is_lost_tables_are_right_or_refused_and_the_next_run_brings_them_back() {
    let long = usize::from(std::env::var_os("LAPICQUE_LONG_TESTS").is_some());
    for script in 0..SCRIPTS[long] {
        let mut chance = Chance(script);
        let lab = Lab::with_kinds(registry);
        let mut state = State {
            points: (0..6).map(|n| (format!("{n:03}"), (n % 3) as i64)).collect(),
            next: 10,
            keep: true,
            data_type: "BIGINT",
            threshold: 0,
            revision: 0,
            note: None,
        };
        let mut history: Vec<String> = Vec::new();
        // What the latest run gave, by its id.
        let mut before: Option<(String, Answers)> = None;
        for _ in 0..EDITS {
            let mut seen = true;
            for _ in 0..chance.below(3) {
                let (loss, is_seen) = lose(&lab, &mut chance);
                history.push(loss);
                seen &= is_seen;
            }
            if chance.below(3) > 0 {
                history.push(edit(&mut state, &mut chance));
            }
            let told = || format!("script {script}: {history:?}\n{state:?}");
            let now = pipeline(&state);
            let (_, graph) = lab.bind(&now).unwrap();
            // A table is what it was, or an error.
            if let (Some((id, before)), Some(latest)) = (&before, open(&lab).latest_run("losses", None).unwrap())
                && *id == latest.id
            {
                for (name, table) in tables(&open(&lab), &latest) {
                    assert!(table.is_err() || table == before[&name], "{name}\n{}", told());
                }
            }
            look_around(&lab, &graph, &mut chance);
            let plan = lab.plan(&now);
            let jobs = 1 + chance.below(2) as usize;
            let mut record = lab.run_with(&now, Settings { jobs, ..Settings::default() }).record;
            assert!(record.ok, "{}", told());
            for (stage, planned) in record.stages.iter().zip(&plan).filter(|_| seen) {
                let (ran, to_run) = (stage.computed, planned.to_run);
                assert!(ran <= to_run, "{}: {to_run} to run, {ran} ran\n{}", stage.stage, told());
                // What waits may turn out to be known, or to be left out.
                let is_known = !planned.reason.contains("waits for");
                assert!(!is_known || (ran > 0) == (to_run > 0), "{}: {planned:?}\n{}", stage.stage, told());
            }
            // Whether rows are kept changes no value.
            let kept = pipeline(&State { keep: true, ..state.clone() });
            let fresh = MemoryStore::default();
            let due = tables(&fresh, &run(&lab, &kept, &fresh));
            // Flipped bytes are found by who reads them; then the next run brings back what was lost.
            let is_dropped = |name: &str| name == "rows" && !state.keep;
            for again in 0.. {
                let store = open(&lab);
                let found = tables(&store, &record);
                let faults = audit(&store, std::slice::from_ref(&record), &mut |_| {}).unwrap();
                let faults: Vec<_> = faults.iter().flat_map(|table| &table.faults).collect();
                for (name, table) in &found {
                    match table {
                        Ok(table) => assert_eq!(Some(table), due[name].as_ref().ok(), "{name}\n{}", told()),
                        Err(error) => assert!(again < 4 || is_dropped(name), "{name}: {error}\n{}", told()),
                    }
                }
                let is_whole = found.iter().all(|(name, table)| table.is_ok() || is_dropped(name));
                if is_whole && faults.is_empty() {
                    break;
                }
                assert!(again < 4, "{faults:?}\n{}", told());
                record = lab.run_with(&now, Settings { jobs, ..Settings::default() }).record;
                assert!(record.ok, "{}", told());
            }
            // SQL says the same.
            let table = chance.pick(&TABLES);
            if !is_dropped(table) {
                let store = open(&lab);
                let answer = lapicque_query::query(&store, "losses", &format!("SELECT * FROM {table}")).unwrap();
                let due = due[table].as_ref().unwrap();
                assert_eq!(answer.num_rows(), due.num_rows(), "{table}\n{}", told());
                for (field, column) in due.schema().fields().iter().zip(due.columns()) {
                    let answered = answer.column_by_name(field.name()).unwrap();
                    let answered = arrow::compute::cast(answered, field.data_type()).unwrap();
                    assert_eq!(answered.to_data(), column.to_data(), "{table}.{}\n{}", field.name(), told());
                }
            }
            assert!(lab.run(&now).computed().is_empty(), "{}", told());
            before = open(&lab).latest_run("losses", None).unwrap().map(|latest| {
                let tables = tables(&open(&lab), &latest);
                (latest.id, tables)
            });
        }
    }
}
