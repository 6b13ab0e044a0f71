//! Whole networks with given connections and initial values, spike for spike as Brian2 2.9.0 runs them: CUBA and COBA of
//! Brette et al. (2007, J Comput Neurosci 23:349), 4000 neurons, 300 ms.
//!
//! The figures are under `fixtures/brian` of the folder of LAPICQUE_SHARED; without it the tests say that they skip. They
//! are here rather than with the equations since they are Parquet files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_cast::cast;
use arrow_schema::DataType;
use lapicque_equations::network::description::Model;
use lapicque_equations::network::{Connections, Options, Recording, simulate};
use lapicque_numerics::random::StreamKey;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};

const SIZE: usize = 4000;
const EXCITATORY: usize = 3200;

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or_else(|| PathBuf::from("../../../shared"), PathBuf::from);
    let folder = shared.join("fixtures/brian");
    if !folder.is_dir() {
        println!("skipped: {} is missing (LAPICQUE_SHARED)", folder.display());
        return None;
    }
    Some(folder)
}

/// Columns of a file, as numbers.
fn columns<const N: usize>(path: &Path, names: [&str; N]) -> [Vec<f64>; N] {
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap().build().unwrap();
    let mut columns = names.map(|_| Vec::new());
    for batch in reader {
        let batch = batch.unwrap();
        for (name, column) in names.iter().zip(&mut columns) {
            let values = cast(batch.column_by_name(name).unwrap(), &DataType::Float64).unwrap();
            column.extend_from_slice(values.as_primitive::<Float64Type>().values());
        }
    }
    columns
}

fn numbers(column: &[f64]) -> Vec<u32> {
    column.iter().map(|number| *number as u32).collect()
}

/// The model of a benchmark with the initial values of a run.
fn benchmark(folder: &Path, name: &str, units: [&str; 3]) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/equations/models").join(name);
    let mut file: Json = serde_json::from_str(&std::fs::read_to_string(path.with_extension("json")).unwrap()).unwrap();
    let variables = ["v", "ge", "gi"];
    let initial = columns(&folder.join(format!("net_replay_{name}_4000_s.init.parquet")), variables);
    for ((variable, unit), values) in variables.iter().zip(units).zip(initial) {
        file["neurons"]["G"]["initial"][variable] = json!({ "values": values, "unit": unit });
    }
    file["monitors"]["state"] =
        json!({ "G": { "of": "G", "variables": variables, "record": [0, 1, EXCITATORY], "every": "0.5*ms" } });
    file["duration"] = json!("300*ms");
    file
}

fn run(file: Json, connections: Option<&Connections>) -> Recording {
    let model: Model = serde_json::from_value(file).unwrap();
    let key = StreamKey::new([1; 16]);
    simulate(&model, connections, &Options::default(), &key, &|| false, &mut |_| {}).unwrap()
}

/// Spikes exactly, traces to a relative 1e-9.
fn compare(recording: &Recording, folder: &Path, name: &str, count: usize) {
    let [i, step] = columns(&folder.join(format!("net_replay_{name}_4000_s.spikes.parquet")), ["i", "step"]);
    assert_eq!(i.len(), count);
    let spikes = &recording.spikes[0];
    let expected: Vec<(u32, u64)> = i.iter().zip(&step).map(|(i, step)| (*i as u32, *step as u64)).collect();
    let found: Vec<(u32, u64)> = spikes.elements.iter().copied().zip(spikes.steps.iter().copied()).collect();
    let different = found.iter().zip(&expected).position(|(a, b)| a != b);
    assert_eq!(different, None, "{:?}", different.map(|at| (found[at], expected[at])));
    assert_eq!(found.len(), expected.len());

    let text = std::fs::read_to_string(folder.join(format!("net_replay_{name}_4000_s.traces.csv"))).unwrap();
    let record = &recording.states[0];
    let mut compared = 0;
    for (row, line) in text.lines().skip(1).enumerate() {
        let expected: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
        let values = record.variables.iter().flat_map(|variable| &variable.values[3 * row..3 * row + 3]);
        assert!((record.times[row] - expected[0]).abs() < 1e-12);
        for (found, expected) in values.zip(&expected[1..]) {
            assert!((found - expected).abs() <= 1e-9 * expected.abs() + 1e-12, "row {row}: {found} {expected}");
            compared += 1;
        }
    }
    assert_eq!(compared, 9 * 600);
}

/// The connections are a table that comes with the model.
#[test]
fn cuba_is_repeated() {
    let Some(folder) = folder() else { return };
    let [i, j] = columns(&folder.join("net_replay_cuba_4000_s.connectivity.parquet"), ["i", "j"]);
    let weights = i.iter().map(|i| if *i < EXCITATORY as f64 { 1.62 } else { -9.0 }).collect();
    let connections = Connections { sources: numbers(&i), targets: numbers(&j), weights };
    let mut file = benchmark(&folder, "cuba", ["volt", "volt", "volt"]);
    file["synapses"] = json!({
        "S": {
            "source": "G",
            "equations": "w : volt",
            "on_pre": format!("ge_post += w*int(i < {EXCITATORY}); gi_post += w*int(i >= {EXCITATORY})"),
            "connect": [{ "table": { "weight": "w", "unit": "mV" } }],
        },
    });
    compare(&run(file, Some(&connections)), &folder, "cuba", 6941);
}

/// The connections are lists in the model.
#[test]
fn coba_is_repeated() {
    let Some(folder) = folder() else { return };
    let [i, j] = columns(&folder.join("net_replay_coba_4000_s.connectivity.parquet"), ["i", "j"]);
    let mut file = benchmark(&folder, "coba", ["volt", "1", "1"]);
    for (name, begin, end) in [("excitatory", 0, EXCITATORY), ("inhibitory", EXCITATORY, SIZE)] {
        let rows = i.iter().zip(&j).map(|(i, j)| (*i as usize, *j as usize)).filter(|(i, _)| (begin..end).contains(i));
        let (i, j): (Vec<usize>, Vec<usize>) = rows.map(|(i, j)| (i - begin, j)).unzip();
        file["synapses"][name]["connect"] = json!([{ "i": i, "j": j }]);
    }
    compare(&run(file, None), &folder, "coba", 22619);
}
