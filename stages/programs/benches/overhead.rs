//! What a Python stage costs beside the work of its function: calls one by one and in batches, and signals passed through.
//!
//! `LAPICQUE_PYTHON` names a Python with pyarrow and NumPy.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use arrow_array::{Float64Array, RecordBatch};
use lapicque_pipeline::{
    Batch, BindRequest, Context, Files, Grain, PortSchema, SampleInput, SampleOutput, Stage, Written,
};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::{Digest, TableSchema};
use serde_json::{Value, json};

const SAMPLES: usize = 1000;
/// Values of a signals table of 1 GB.
const VALUES: usize = 125_000_000;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trivial.py"), "def run(points):\n    return {'x': points['g']}\n").unwrap();
    let batched = "def run(points):\n    return {'sample': points['sample'], 'x': points['g']}\n";
    std::fs::write(folder.path().join("batched.py"), batched).unwrap();
    std::fs::write(folder.path().join("pass.py"), "def run(signals):\n    return signals\n").unwrap();
    let arrow = Arc::new(arrow_schema::Schema::new(vec![arrow_schema::Field::new(
        "g",
        arrow_schema::DataType::Float64,
        false,
    )]));
    let rows = RecordBatch::try_new(arrow.clone(), vec![Arc::new(Float64Array::from(vec![1.0]))]).unwrap();
    let points = TableSchema::free(arrow);
    let many = batch("points", &vec![rows; SAMPLES]);
    for (name, config) in [
        ("one by one", json!({"script": "trivial.py", "columns": {"x": {}}})),
        ("in a batch", json!({"script": "batched.py", "columns": {"x": {}}, "batched": true})),
    ] {
        let began = Instant::now();
        let stage = bind(folder.path(), &config, "points", points.clone());
        println!("bind: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
        let began = Instant::now();
        compute(stage.as_ref(), &batch("points", &[many.samples[0].tables[0].1.clone()]));
        println!("start and first call: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
        for _ in 0..3 {
            let began = Instant::now();
            compute(stage.as_ref(), &many);
            println!("{name}: {:.4} ms a sample", began.elapsed().as_secs_f64() * 1e3 / SAMPLES as f64);
        }
    }
    let values: Vec<f64> = (0..VALUES).map(|i| i as f64).collect();
    let signal = Signal {
        channel: "Cz".into(),
        epoch: 0,
        t0_ms: 0.0,
        dt_ms: 1.0,
        unit: "mV".into(),
        values: std::borrow::Cow::Owned(values),
    };
    let table = signals::write_owned(vec![signal]).unwrap();
    for library in ["numpy", "pyarrow"] {
        let config = json!({"script": "pass.py", "output": "signals", "as": library});
        let stage = bind(folder.path(), &config, "signals", signals::schema());
        compute(stage.as_ref(), &batch("signals", &[table.slice(0, 0)]));
        for _ in 0..3 {
            let began = Instant::now();
            let results = compute(stage.as_ref(), &batch("signals", std::slice::from_ref(&table)));
            let seconds = began.elapsed().as_secs_f64();
            assert_eq!(results[0].tables[0], table);
            println!("{library}: 1 GB passed through in {seconds:.2} s: {:.0} MB/s", VALUES as f64 * 8e-6 / seconds);
        }
    }
}

fn bind(folder: &Path, config: &Value, port: &str, schema: TableSchema) -> Box<dyn Stage> {
    let kinds = lapicque_programs::kinds();
    let python = kinds.iter().find(|kind| kind.name() == "python").unwrap();
    let inputs = [PortSchema { port: port.to_owned(), schema, sample_wise: true, samples: Some(SAMPLES) }];
    let files = Files::new(folder, Default::default());
    let request = BindRequest {
        config,
        written: &Written::new(),
        inputs: &inputs,
        grain: Some(Grain::Sample),
        feedback: &[],
        files: &files,
    };
    python.bind(&request).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn batch(port: &str, tables: &[RecordBatch]) -> Batch {
    let sample = |table: &RecordBatch| SampleInput {
        label: String::new(),
        tables: vec![(port.to_owned(), table.clone())],
        random: Digest([0; 16]),
        point: 0,
    };
    Batch { samples: tables.iter().map(sample).collect(), broadcast: Vec::new() }
}

fn compute(stage: &dyn Stage, batch: &Batch) -> Vec<SampleOutput> {
    let context = Context { threads: 1, cancelled: &AtomicBool::new(false), progress: &|_| {} };
    stage.run(&context, batch).into_iter().map(|result| result.unwrap_or_else(|error| panic!("{error:?}"))).collect()
}
