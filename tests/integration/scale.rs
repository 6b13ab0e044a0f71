//! A hundred thousand samples: what is right for a few must neither become slow nor large. Nothing here is timed; what takes the square of the number of
//! samples is noticed by whoever waits for these tests, which take some seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::array::{Int64Array, RecordBatch};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Kind, Output, PortMode, PortSpec, Ports, Read, Registry,
    SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{TableSchema, schema::Column};
use serde_json::{Value, json};

use crate::support::{Lab, Ran, Settings, numbers};

const SAMPLES: i64 = 100_000;
/// What batches are bounded by, as rows lie in memory.
const MOST_MEMORY: u64 = 256_000_000;

/// The number of a point, in as many rows as its configuration asks for; every hundredth fails or panics if that asks for it.
struct Toy;
struct ToyStage {
    bound: Bound,
    name: String,
    every_hundredth: String,
    rows: i64,
}

/// What stages were called with, by the name in their configuration: tests run beside each other.
static SEEN: Mutex<BTreeMap<String, Seen>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy, Default)]
struct Seen {
    calls: u64,
    samples: u64,
    /// Samples of the largest call.
    most: u64,
}

fn seen(name: &str) -> Seen {
    SEEN.lock().unwrap().get(name).copied().unwrap_or_default()
}

impl Kind for Toy {
    fn name(&self) -> &str {
        "test.toy"
    }
    fn summary(&self) -> &str {
        "Count points"
    }
    fn ports(&self) -> Ports<'_> {
        const PORTS: &[PortSpec] = &[PortSpec::new("p", "parameters", PortMode::Either, true)];
        Ports::Named(PORTS)
    }
    fn config_schema(&self) -> Value {
        json!({"type": "object"})
    }
    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let schema = TableSchema::new("table", &[], [Column::new("x", arrow::datatypes::DataType::Int64, "number")]);
        let mut bound = Bound::new(1, request.config.clone(), request.inputs, vec![Output::new("table", schema)]);
        bound.reads = vec![Read::columns("p", ["a".to_owned(), "b".to_owned()])];
        let text = |field: &str| request.config[field].as_str().unwrap_or_default().to_owned();
        let rows = request.config["rows"].as_i64().unwrap_or(1);
        Ok(Box::new(ToyStage { bound, name: text("name"), every_hundredth: text("every_hundredth"), rows }))
    }
}

impl Stage for ToyStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }
    fn run(&self, _: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let samples = batch.samples.len() as u64;
        {
            let mut seen = SEEN.lock().unwrap();
            let seen = seen.entry(self.name.clone()).or_default();
            *seen = Seen { calls: seen.calls + 1, samples: seen.samples + samples, most: seen.most.max(samples) };
        }
        each_sample(batch, |i, _| {
            let table = batch.table(i, "p").unwrap();
            let x = 1000 * numbers(table, "a")[0] + numbers(table, "b")[0];
            match self.every_hundredth.as_str() {
                "fails" if x % 100 == 0 => return Err(SampleError::input("there is no result at such a point")),
                "panics" if x % 100 == 0 => panic!("there is no result at such a point"),
                "panics in its own words" if x % 100 == 0 => panic!("there is no result at {x}"),
                _ => {}
            }
            let column = Arc::new(Int64Array::from_iter_values(x..x + self.rows));
            let table = RecordBatch::try_new(self.bound.outputs[0].schema.arrow.clone(), vec![column]);
            Ok(SampleOutput::of(table.unwrap()))
        })
    }
}

fn registry() -> Registry {
    let mut kinds = lapicque_stages::kinds();
    kinds.extend(lapicque_query::kinds());
    kinds.push(Box::new(Toy));
    Registry::new(kinds)
}

/// Points 0, 1, ..., `thousands` x 1000 - 1, and stages on them.
fn pipeline(thousands: i64, stages: Value) -> Value {
    let all: Vec<i64> = (0..1000).collect();
    let points = json!({"kind": "parameters.grid", "sweep": {
        "a": {"values": all[..thousands as usize]}, "b": {"values": all},
    }});
    with(points, stages)
}

fn with(parameters: Value, stages: Value) -> Value {
    let mut all = json!({"parameters": parameters});
    all.as_object_mut().unwrap().extend(stages.as_object().unwrap().clone());
    json!({"lapicque": 1, "name": "scale", "stages": all})
}

/// Number and sum of what a stage left, as SQL says it.
fn total(of: &str) -> Value {
    json!({"kind": "sql", "inputs": {"t": of}, "query": "SELECT count(*) AS n, sum(x) AS s FROM t"})
}

fn assert_total(ran: &Ran, expected: impl Iterator<Item = i64> + Clone) {
    let table = ran.table("total");
    assert_eq!(numbers(&table, "n"), [expected.clone().count() as i64]);
    assert_eq!(numbers(&table, "s"), [expected.sum::<i64>()]);
}

/// The bytes of the records of runs.
fn records(lab: &Lab) -> Vec<u64> {
    let files = std::fs::read_dir(lab.store_folder().join("runs")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).collect()
}

#[test]
fn a_thousand_failures_among_them_are_counted_and_the_record_stays_small() {
    lapicque_pipeline::take_down_backtraces();
    for how in ["fails", "panics", "panics in its own words"] {
        let lab = Lab::with_kinds(registry);
        let toy = json!({
            "kind": "test.toy", "name": how, "every_hundredth": how, "inputs": {"p": "parameters"}, "on_error": "skip",
        });
        let ran = lab.run(&pipeline(100, json!({"toy": toy, "total": total("toy")})));
        assert!(ran.record.ok, "{how}");
        let toy = ran.stage("toy");
        assert_eq!((toy.samples, toy.computed, toy.failed, toy.done), (100_000, 100_000, 1000, 99_000), "{how}");
        assert_eq!(ran.failures().len(), 1000, "{how}");
        assert_total(&ran, (0..SAMPLES).filter(|x| x % 100 != 0));
        let sizes = records(&lab);
        assert!(sizes.len() == 1 && sizes[0] < 1_000_000, "{how}: the record has {sizes:?} bytes");
    }
}

#[test]
fn a_timeout_does_not_make_batches_of_one() {
    let lab = Lab::with_kinds(registry);
    let toy = json!({"kind": "test.toy", "name": "patient", "inputs": {"p": "parameters"}, "timeout": "10 min"});
    let ran = lab.run(&pipeline(100, json!({"toy": toy, "total": total("toy")})));
    assert!(ran.record.ok);
    assert_eq!((ran.stage("toy").computed, ran.stage("toy").failed), (100_000, 0));
    assert_total(&ran, 0..SAMPLES);
    let Seen { calls, samples, .. } = seen("patient");
    assert_eq!(samples, 100_000);
    assert!(calls < 300, "{calls} calls");
}

#[test]
fn half_of_them_are_selected_and_read() {
    let lab = Lab::with_kinds(registry);
    let stages = json!({
        "all": {"kind": "test.toy", "name": "all", "inputs": {"p": "parameters"}},
        "even": {
            "kind": "test.toy", "name": "even", "inputs": {"p": "parameters"}, "where": "b % 2 = 0",
        },
        "both": {
            "kind": "sql", "inputs": {"all": "all", "even": "even"}, "grain": "sample",
            "query": "SELECT even.sample, all.x + even.x AS x FROM \"all\" AS all JOIN even ON all.sample = even.sample",
        },
        "total": total("both"),
    });
    let ran = lab.run(&pipeline(100, stages));
    assert!(ran.record.ok, "{:?}", ran.failures());
    let counts = |stage: &str| (ran.stage(stage).computed, ran.stage(stage).left_out);
    assert_eq!([counts("all"), counts("even"), counts("both")], [(100_000, 0), (50_000, 50_000), (50_000, 50_000)]);
    assert_eq!(seen("even").samples, 50_000);
    assert_total(&ran, (0..SAMPLES).filter(|x| x % 2 == 0).map(|x| 2 * x));
}

#[test]
fn a_second_run_computes_nothing_and_one_point_more_is_one() {
    let lab = Lab::with_kinds(registry);
    let points = |count: i64| {
        let rows: String = (0..count).map(|x| format!("{},{}\n", x / 1000, x % 1000)).collect();
        lab.write("points.csv", format!("a,b\n{rows}"));
        with(
            json!({"kind": "parameters.list", "file": "points.csv"}),
            json!({
                "toy": {"kind": "test.toy", "name": "again", "inputs": {"p": "parameters"}},
                "total": total("toy"),
            }),
        )
    };
    assert_eq!(lab.run(&points(SAMPLES)).stage("toy").computed, 100_000);
    assert!(lab.run(&points(SAMPLES)).computed().is_empty(), "the latest run is recognized");
    let planned = Settings { retry_failed: true, ..Settings::default() };
    let ran = lab.run_with(&points(SAMPLES), planned);
    assert!(ran.computed().is_empty(), "each sample is looked up: {:?}", ran.computed());
    assert_total(&ran, 0..SAMPLES);
    assert_eq!(seen("again").samples, 100_000);
    let more = lab.run(&points(SAMPLES + 1));
    assert_eq!((more.stage("toy").samples, more.stage("toy").computed), (100_001, 1));
    assert_eq!(seen("again").samples, 100_001);
    assert_total(&more, 0..=SAMPLES);
}

/// Two thousand samples of 400 kB each: all together would be 800 MB.
#[test]
fn rows_that_are_not_kept_bound_batches_by_what_they_take_in_memory() {
    let lab = Lab::with_kinds(registry);
    let stages = |name: &str, rows: i64| {
        json!({
            "rows": {"kind": "test.toy", "name": name, "rows": rows, "inputs": {"p": "parameters"}, "keep": false},
            "least": {
                "kind": "sql", "inputs": {"r": "rows"}, "grain": "sample",
                "query": "SELECT sample, min(x) AS x FROM r GROUP BY sample",
            },
            "total": total("least"),
        })
    };
    // One batch could have them all.
    let settings = Settings { jobs: 1, ..Settings::default() };
    // The run before knows of small rows only; then of none but large ones.
    for (name, rows, thousands) in [("small", 10, 2), ("large", 50_000, 2), ("large", 50_000, 4)] {
        let before = seen(name).samples;
        let ran = lab.run_with(&pipeline(thousands, stages(name, rows)), settings);
        assert!(ran.record.ok, "{:?}", ran.failures());
        assert_total(&ran, 0..1000 * thousands);
        let Seen { calls, samples, most } = seen(name);
        assert_eq!(samples - before, 2000, "{name}");
        assert_eq!(ran.stage("rows").computed, 2000, "{name}");
        let of_sample = rows as u64 * 8;
        assert!(
            most * of_sample <= MOST_MEMORY + of_sample,
            "{thousands}: a batch of {most} samples has {} bytes",
            most * of_sample
        );
        assert!(calls < 400, "{calls} calls");
    }
}
