//! Connections of neurons that are drawn or read, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, UInt32Array};
use lapicque_schemas::tables::connectivity;
use parquet::arrow::ArrowWriter;
use support::{Ran, bind, floats, ran, refused, refused_in, texts};
use tempfile::TempDir;

fn drawn(rest: &str) -> String {
    format!("  c:\n    kind: connectivity.generate\n{rest}")
}

fn read_from(path: &str, rest: &str) -> String {
    format!("  c:\n    kind: connectivity.import\n    path: {path}\n{rest}")
}

fn here() -> &'static Path {
    Path::new(".")
}

/// Presynaptic, postsynaptic, weight.
fn rows(ran: &Ran) -> Vec<(u32, u32, f64)> {
    let table = ran.output("c", 0);
    let numbers = |name: &str| table.column_by_name(name).unwrap().as_primitive::<UInt32Type>().values().to_vec();
    let (from, to, weight) = (numbers("presynaptic"), numbers("postsynaptic"), floats(&table, "weight"));
    (0..weight.len()).map(|row| (from[row], to[row], weight[row])).collect()
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn npy(shape: &str, values: &[f64]) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

fn parquet(folder: &Path, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(File::create(folder.join(name)).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_network_is_drawn_by_dales_law() {
    let ran =
        ran(&drawn("    neurons: 60\n    parameters: { sd: 5, excitatory_part: 0.8 }\n    glorot: true\n"), here());
    let rows = rows(&ran);
    assert!(rows.is_sorted_by(|one, other| (one.0, one.1) < (other.0, other.1)));
    assert!(rows.iter().all(|&(from, to, weight)| from != to && (weight > 0.0) == (from < 48)));
    let possible = 60.0 * 59.0;
    assert!((rows.len() as f64 - possible / 2.0).abs() < 4.0 * (possible / 4.0_f64).sqrt(), "{}", rows.len());
    let square = rows.iter().map(|row| row.2 * row.2).sum::<f64>() / rows.len() as f64;
    assert!((square / (25.0 / 60.0) - 1.0).abs() < 4.0 * (2.0 / rows.len() as f64).sqrt(), "{square}");
    let populations = texts(&ran.output("c", 1), "population");
    assert_eq!(populations.iter().filter(|name| *name == "excitatory").count(), 48);
    assert_eq!(
        (populations.len(), populations[47].as_str(), populations[48].as_str()),
        (60, "excitatory", "inhibitory")
    );
}

#[test]
fn columns_and_seeds_make_data_sets() {
    let of = |sweep: &str, rest: &str| {
        let points = format!("  p:\n    kind: parameters.grid\n    sweep: {sweep}\n");
        ran(&format!("{points}{}", drawn(&format!("    inputs: {{ parameters: p }}\n{rest}"))), here())
    };
    let set = of("{ seed: { values: [1, 2, 3] } }", "    neurons: 20\n");
    assert_eq!(set.counts("c"), (3, 0, 0));
    let samples = texts(&set.output("c", 0), "sample");
    let rows_of = |label: &String| -> Vec<(u32, u32, f64)> {
        rows(&set).into_iter().zip(&samples).filter(|(_, sample)| *sample == label).map(|(row, _)| row).collect()
    };
    let mut labels = samples.clone();
    labels.dedup();
    assert!(labels.len() == 3 && rows_of(&labels[0]) != rows_of(&labels[1]));
    let again = of("{ seed: { values: [3, 1, 2] } }", "    neurons: 20\n");
    let sorted = |ran: &Ran| {
        let mut rows = rows(ran);
        rows.sort_by(|one, other| one.partial_cmp(other).unwrap());
        rows
    };
    assert_eq!(sorted(&again), sorted(&set));
    let sizes = of("{ neurons: { values: [5, 9] }, density: { values: [0, 1] } }", "    parameters: { sd: 2 }\n");
    // One row keeps the last neuron of a network without connections.
    assert_eq!(sizes.output("c", 0).num_rows(), 1 + 5 * 4 + 1 + 9 * 8);
}

#[test]
fn other_networks() {
    let hat = ran(&drawn("    neurons: 40\n    weights: mexican_hat\n    parameters: { a: 1.0015 }\n"), here());
    let found = rows(&hat);
    assert_eq!(found.len(), 40 * 39);
    let weight = |d: f64| (-d * d / (2.0 * 6.98 * 6.98)).exp() - 1.0015 * (-d * d / (2.0 * 49.0)).exp();
    for (from, to, found) in found {
        let d = f64::from(from.abs_diff(to).min(40 - from.abs_diff(to)));
        assert!((found - weight(d)).abs() < 1e-15, "{from} {to}");
    }
    assert!(texts(&hat.output("c", 1), "population").iter().all(|name| name == "neurons"));
    let peer = ran(&drawn("    neurons: 40\n    compat: spikeometric\n"), here());
    let pairs: std::collections::HashSet<_> = rows(&peer).iter().map(|row| (row.0 % 20, row.1)).collect();
    assert_eq!(pairs.len(), rows(&peer).len());
    assert_eq!(texts(&peer.output("c", 1), "population")[20], "inhibitory");
    let near = ran(
        &drawn(
            "    neurons: 200\n    wiring: distance\n    weights: uniform\n    dale: false\n    parameters: { length: 2, low: -2, high: -1, density: 1 }\n",
        ),
        here(),
    );
    assert!(rows(&near).iter().all(|&(from, to, weight)| {
        from.abs_diff(to).min(200 - from.abs_diff(to)) < 18 && (-2.0..-1.0).contains(&weight)
    }));
}

#[test]
fn what_cannot_be_drawn_is_told_by_field() {
    let mut others = Vec::new();
    for (rest, expected) in [
        ("    neurons: 1000000\n", "about 5.000e11 connections of 1000000 neurons need about 24000.0 GB of memory"),
        ("    neurons: -1\n", "neurons"),
        ("    parameters: { density: 1.5 }\n", "from 0 to 1"),
        ("    parameters: { denstiy: 0.5 }\n", "the network has no value `denstiy`; did you mean `density`?"),
        ("    parameters: { low: 0 }\n", "no value `low`"),
        ("    weights: uniform\n    parameters: { low: 2 }\n", "`high` is 1"),
        ("    weights: mexican_hat\n    dale: true\n", "a Mexican hat has none"),
        ("    weights: mexican_hat\n    wiring: distance\n", "a Mexican hat has none"),
        ("    dale: false\n    parameters: { excitatory_part: 0.8 }\n", "no value `excitatory_part`"),
        ("    compat: spikeometric\n    neurons: 11\n", "complementary targets need an even number"),
        ("    compat: spikeometric\n    parameters: { density: 0.6 }\n", "complementary targets allow 0.5 at most"),
        ("    compat: spikeometric\n    weights: uniform\n", "for normal weights alone"),
        ("    compat: spikeometric\n    dale: true\n    wiring: distance\n", "leave `wiring` and `dale` out"),
        ("    weights: gamma\n", "gamma"),
    ] {
        let message = refused(&drawn(rest));
        if !message.contains(expected) {
            others.push(format!("{rest}: {message}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    let swept = "  p:\n    kind: parameters.grid\n    sweep: { glorot: { values: [0, 1] } }\n";
    let message = refused(&format!("{swept}{}", drawn("    inputs: { parameters: p }\n")));
    assert!(message.contains("`glorot` cannot be swept"), "{message}");
    let points = "  p:\n    kind: parameters.grid\n    sweep: { density: { values: [0.5, 7] } }\n";
    let some = ran(&format!("{points}{}", drawn("    inputs: { parameters: p }\n")), here());
    assert_eq!(some.counts("c"), (2, 0, 1));
    assert!(some.failures()[0].contains("`density` = 7 is not allowed"), "{:?}", some.failures());
}

/// From 0 to 1 1.5, from 1 to 2 -2, from 2 to itself 0.25; nothing from 3.
const ROWS: [(u32, u32, f64); 4] = [(0, 1, 1.5), (1, 2, -2.0), (2, 2, 0.25), (3, 3, 0.0)];

#[test]
fn every_format_gives_the_same_connections() {
    let mut dense = [0.0; 16];
    (dense[1], dense[6], dense[10]) = (1.5, -2.0, 0.25);
    let folder = folder(&[
        ("w.npy", &npy("(4, 4)", &dense)),
        ("w.csv", b"0,1.5,0,0\n0,0,-2,0\n0,0,0.25,0\n0,0,0,0\n"),
        ("w.txt", b"0 1.5 0 0\n0 0 -2 0\n0 0 0.25 0\n0 0 0 0\n"),
        ("list.csv", b"presynaptic,postsynaptic,weight\n2,2,0.25\n0,1,1.5\n1,2,-2\n"),
        ("one.tsv", b"weight\tpresynaptic\tpostsynaptic\n0.25\t3\t3\n1.5\t1\t2\n-2\t2\t3\n"),
        ("w.mtx", b"%%MatrixMarket matrix coordinate real general\n4 4 3\n1 2 1.5\n3 3 0.25\n2 3 -2\n"),
        (
            "a.mtx",
            b"%%MatrixMarket matrix array real general\n4 4\n0\n0\n0\n0\n1.5\n0\n0\n0\n0\n-2\n0.25\n0\n0\n0\n0\n0\n",
        ),
        ("t.mtx", b"%%MatrixMarket matrix coordinate real general\n4 4 3\n2 1 1.5\n3 3 0.25\n3 2 -2\n"),
    ]);
    let column =
        |place: usize| Arc::new(Float64Array::from_iter_values((0..4).map(|row| dense[row * 4 + place]))) as ArrayRef;
    parquet(folder.path(), "w.parquet", vec![("a", column(0)), ("b", column(1)), ("c", column(2)), ("d", column(3))]);
    let numbers = |values: [u32; 3]| Arc::new(UInt32Array::from(values.to_vec())) as ArrayRef;
    let weights = Arc::new(Float64Array::from(vec![1.5, -2.0, 0.25])) as ArrayRef;
    let list = vec![("presynaptic", numbers([0, 1, 2])), ("postsynaptic", numbers([1, 2, 2])), ("weight", weights)];
    parquet(folder.path(), "list.parquet", list);
    for (path, rest) in [
        ("w.npy", ""),
        ("w.csv", ""),
        ("w.txt", ""),
        ("w.mtx", ""),
        ("a.mtx", ""),
        ("w.parquet", ""),
        ("t.mtx", "    rows: postsynaptic\n"),
        ("list.csv", "    neurons: 4\n"),
        ("list.parquet", "    neurons: 4\n"),
        ("one.tsv", "    neurons: 4\n    numbered_from: 1\n"),
    ] {
        let ran = ran(&read_from(path, rest), folder.path());
        assert_eq!(rows(&ran), ROWS, "{path}");
        assert_eq!(connectivity::read(&ran.output("c", 0)).unwrap().neurons(), 4, "{path}");
    }
    // What comes out is what counts.
    let (_, one) = bind(&read_from("w.npy", ""), folder.path()).unwrap();
    let (_, other) = bind(&read_from("list.csv", "    neurons: 4\n"), folder.path()).unwrap();
    assert_eq!(one.stages[0].bound().files, other.stages[0].bound().files);
}

#[test]
fn several_files_are_samples_in_natural_order() {
    let of = |weight: f64| npy("(2, 2)", &[0.0, weight, 0.0, 0.0]);
    let folder = folder(&[("w2.npy", &of(2.0)), ("w10.npy", &of(10.0)), ("w1.npy", &of(1.0))]);
    for path in ["\"w*.npy\"", "[w1.npy, w2.npy, w10.npy]"] {
        let table = ran(&read_from(path, ""), folder.path()).output("c", 0);
        assert_eq!(texts(&table, "sample"), ["w1", "w2", "w10"]);
        assert_eq!(table.column_by_name("weight").unwrap().as_primitive::<Float64Type>().values(), &[1.0, 2.0, 10.0]);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let mut others = Vec::new();
    let folder = folder(&[
        ("wide.txt", b"1 2 3\n4 5 6\n"),
        ("nan.npy", &npy("(2, 2)", &[0.0, f64::NAN, 0.0, 0.0])),
        ("inf.csv", b"presynaptic,postsynaptic,weight\n0,1,inf\n"),
        ("twice.csv", b"presynaptic,postsynaptic,weight\n0,1,1\n0,1,2\n"),
        ("half.csv", b"presynaptic,postsynaptic,weight\n0,1.5,1\n"),
        ("negative.csv", b"presynaptic,postsynaptic,weight\n0,1,1\n-1,1,1\n"),
        ("text.csv", b"presynaptic,postsynaptic,weight\n0,1,strong\n"),
        ("short.csv", b"presynaptic,postsynaptic\n0,1\n"),
        ("none.csv", b"presynaptic,postsynaptic,weight\n"),
        ("empty.txt", b""),
        ("wide.mtx", b"%%MatrixMarket matrix coordinate real general\n2 3 1\n1 1 1\n"),
        ("few.mtx", b"%%MatrixMarket matrix coordinate real general\n2 2 3\n1 1 1.00000000000000\n"),
        ("huge.mtx", b"%%MatrixMarket matrix array real general\n400000 400000\n1\n"),
        ("twice.mtx", b"%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n1 1 1\n"),
        ("w.xyz", b"1"),
        ("w.csv", b"0,1\n1,0\n"),
    ]);
    for (path, rest, told) in [
        ("wide.txt", "", "`wide.txt`: the matrix has 2 rows and 3 columns; expected as many of both"),
        ("nan.npy", "", "the weight from neuron 0 to neuron 1 (from 0) is NaN; it must be a finite number"),
        ("inf.csv", "", "the weight from neuron 0 to neuron 1 (from 0) is inf"),
        ("twice.csv", "", "two connections from 0 to 1"),
        ("half.csv", "", "line 2: `postsynaptic` is 1.5; expected a whole number from 0"),
        ("negative.csv", "", "line 3: `presynaptic` is -1"),
        ("twice.csv", "    numbered_from: 1\n", "line 2: `presynaptic` is 0; expected a whole number from 1"),
        ("text.csv", "", "line 2: `weight` is `strong`; expected a number"),
        ("short.csv", "", "`weight` is not there"),
        ("none.csv", "", "it has no neurons"),
        ("empty.txt", "", "it has no numbers"),
        ("wide.mtx", "", "the matrix has 2 rows and 3 columns"),
        ("few.mtx", "", "the file ends after 1 of 3 entries"),
        ("huge.mtx", "", "160000000000 entries are announced"),
        ("twice.mtx", "", "two connections from 0 to 0"),
        ("w.xyz", "", "`.xyz` is not read here"),
        ("w.csv", "    neurons: 1\n", "it has 2 neurons, and `neurons` is 1"),
        ("w.csv", "    numbered_from: 2\n", "expected 0 or 1, got 2"),
        ("w.csv", "    variable: x\n", "there is no array `x` to choose"),
        ("wide.mtx", "    variable: x\n", "holds one matrix"),
        ("none.npy", "", "there is no file"),
        ("[]", "", "no files; give at least one"),
        ("w.csv", "    rows: across\n", "across"),
        ("3", "", "expected a file, or a list of files, got `3`"),
    ] {
        let message = refused_in(&read_from(path, rest), folder.path());
        if !message.contains(told) {
            others.push(format!("{path} {rest}: {message}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}
