//! `import.spikes`: files of spikes through a pipeline, to what reads simulated ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use support::{bind, floats, ran, ran_on, refused_in, texts};

fn spikes(rest: &str) -> String {
    format!("  x:\n    kind: import.spikes\n    path: s.csv\n{rest}")
}

fn folder(name: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    folder
}

fn whole(table: &RecordBatch, column: &str) -> Vec<i64> {
    let column = arrow_cast::cast(table.column_by_name(column).unwrap(), &arrow_schema::DataType::Int64).unwrap();
    column.as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
}

fn notes(pipeline: &str, folder: &Path) -> String {
    let (_, graph) = bind(pipeline, folder).unwrap_or_else(|error| panic!("{error}"));
    graph.stages[0].bound().notes.join("\n")
}

#[test]
fn spikes_are_steps_of_numbered_neurons() {
    let folder = folder("s.csv", "time_ms,unit_id,population\n0.52,7,E\n0.1,12,E\n3,a,I\n0.31,7,E\n");
    let ran = ran(&spikes("    duration: 5 ms\n"), folder.path());
    let found = ran.output("x", 0);
    assert_eq!(texts(&found, "sample"), ["s"; 4]);
    assert_eq!(texts(&found, "population"), ["E", "E", "E", "I"]);
    assert_eq!((whole(&found, "neuron"), whole(&found, "step")), (vec![1, 0, 0, 0], vec![1, 3, 5, 30]));
    let populations = ran.output("x", 1);
    assert_eq!(
        (texts(&populations, "population"), whole(&populations, "size")),
        (vec!["E".to_owned(), "I".to_owned()], vec![2, 1])
    );
    assert_eq!((floats(&populations, "t_start_ms"), floats(&populations, "t_stop_ms")), (vec![0.0; 2], vec![5.0; 2]));
    assert_eq!(floats(&populations, "rate_hz"), [300.0, 200.0]);
    let neurons = ran.output("x", 2);
    assert_eq!(
        (texts(&neurons, "unit_name"), whole(&neurons, "spikes")),
        (["7", "12", "a"].map(str::to_owned).to_vec(), vec![2, 1, 1])
    );
    let told = notes(&spikes(""), folder.path());
    assert!(told.contains("`s`: times are rounded to steps of 0.1 ms, by up to 0.02 ms"), "{told}");
    assert!(told.contains("is taken to end with the last spike, at 3 ms (`duration` sets it)"), "{told}");
    assert!(!notes(&spikes("    resolution: 0.01 ms\n    duration: 5 ms\n"), folder.path()).contains("rounded"));
}

#[test]
fn what_reads_simulated_spikes_reads_imported_ones() {
    // A regular neuron of 100 Hz and one that is silent; in the other population one of 50 Hz.
    let mut text = String::from("sample,time_s,neuron,population\n");
    for spike in 1..=100 {
        text += &format!("a,{},0,E\n", f64::from(spike) * 0.01);
        if spike % 2 == 0 {
            text += &format!("a,{},3,I\n", f64::from(spike) * 0.01);
        }
    }
    text += "b,0.5,1,E\nb,0.75,0,I\n";
    let folder = folder("s.csv", &text);
    let pipeline = spikes("    duration: 1 s\n    resolution: 0.0625 ms\n    sizes: {E: 2, I: 4}\n")
        + "  features:\n    kind: features.spiking\n    inputs: {spikes: x, populations: x.populations}\n"
        + "  kernels:\n    kind: potential.kernels\n    network: hagen\n    probes: [dipole_z]\n"
        + "  dipole:\n    kind: potential.from_spikes\n    inputs: {spikes: x, populations: x.populations, kernels: kernels}\n";
    let ran = ran(&pipeline, folder.path());
    assert_eq!(ran.failures(), [""; 0]);
    let features = ran.table("features");
    assert_eq!(texts(&features, "population"), ["E", "I", "E", "I"]);
    assert_eq!(floats(&features, "rate_hz"), [50.0, 12.5, 0.5, 0.25]);
    assert!(floats(&features, "isi_cv")[0].abs() < 1e-9);
    assert_eq!(whole(&ran.output("x", 0), "neuron")[100], 3);
    assert_eq!(texts(&ran.table("dipole"), "sample"), ["a", "b"]);
    assert_eq!(texts(&ran.table("dipole"), "unit"), ["nA um"; 2]);
}

#[test]
fn formats_of_the_same_spikes_agree() {
    let folder = folder("s.csv", "spike_time_s,unit\n0.5,3\n0.25,4\n0.75,3\n");
    let at = folder.path();
    std::fs::write(at.join("s.tsv"), "spike_time_s\tunit\n0.5\t3\n0.25\t4\n0.75\t3\n").unwrap();
    let times: ArrayRef = Arc::new(Float64Array::from(vec![500.0, 250.0, 750.0]));
    let write = |name: &str, columns: Vec<(&str, ArrayRef)>| {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(at.join(name)).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    };
    write("rows.parquet", vec![("time_ms", times), ("unit", Arc::new(Int64Array::from(vec![3, 4, 3])))]);
    let mut lists = ListBuilder::new(Float64Builder::new());
    lists.append_value([Some(0.5), Some(0.75)]);
    lists.append_value([Some(0.25)]);
    // A unit without spikes.
    lists.append_value([]);
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["3", "4", "5"]));
    write("units.parquet", vec![("id", ids), ("spike_times", Arc::new(lists.finish()))]);
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    npy.extend([0.5_f64, 0.25, 0.75, 3.0, 4.0, 3.0].iter().flat_map(|value| value.to_le_bytes()));
    std::fs::write(at.join("s.npy"), npy).unwrap();
    let read = |path: &str, rest: &str| {
        let ran = ran(&format!("  x:\n    kind: import.spikes\n    path: {path}\n{rest}"), at);
        let table = ran.output("x", 0);
        (
            (whole(&table, "neuron"), whole(&table, "step")),
            whole(&ran.output("x", 1), "size"),
            texts(&table, "population"),
        )
    };
    let expected = (vec![1, 0, 0], vec![2500, 5000, 7500]);
    for (path, rest) in [
        ("s.csv", ""),
        ("s.tsv", ""),
        ("rows.parquet", ""),
        ("s.npy", "    time_unit: s\n"),
        ("units.parquet", "    time_unit: s\n"),
    ] {
        let (found, size, populations) = read(path, rest);
        assert_eq!(found, expected, "{path}");
        assert_eq!(size, [if path == "units.parquet" { 3 } else { 2 }], "{path}");
        assert_eq!(populations, ["all"; 3]);
    }
}

#[test]
fn a_sample_depends_on_its_own_spikes() {
    let folder = folder("s.csv", "sample,time_ms,unit\na,1,0\nb,2,0\n");
    let first = ran(&spikes("    duration: 5 ms\n"), folder.path());
    assert_eq!(first.counts("x"), (2, 0, 0));
    std::fs::write(folder.path().join("s.csv"), "sample,time_ms,unit\nb,2,0\nc,3,0\na,1,0\n").unwrap();
    let second = ran_on(&spikes("    duration: 5 ms\n"), folder.path(), first.store, 1);
    assert_eq!(second.counts("x"), (1, 2, 0));
    assert_eq!(texts(&second.output("x", 0), "sample"), ["b", "c", "a"]);
}

#[test]
fn what_cannot_be_spikes_is_refused_where_it_stands() {
    let folder = folder("s.csv", "time_ms,unit\n1,0\n1.02,0\n7,1\n");
    let at = folder.path();
    let write = |text: &str| std::fs::write(at.join("s.csv"), text).unwrap();
    for (rest, expected) in [
        ("", "`s.csv`: `s`: unit `0` fires twice in the step of 0.1 ms at 1 ms; a shorter `resolution`"),
        ("    resolution: 0 ms\n", "0 ms: it must be finite and above 0 ms"),
        ("    start: -1 ms\n", "-1 ms: it must be finite and at least 0 ms"),
        ("    duration: 0 s\n", "0 ms: it must be finite and above 0 ms"),
        ("    population: ''\n", "a population has a name"),
        ("    time_unit: s\n", "stages.x.time_unit: `s.csv`: `time_unit` is s, but `time_ms` ends with ms"),
        ("    time_column: when\n", "it has no column `when` (columns: time_ms, unit)"),
        ("    neuron_column: who\n", "it has no column `who`"),
        (
            "    resolution: 0.01 ms\n    sizes: {all: 1}\n",
            "population `all` has 2 units in the file, but its size is 1",
        ),
    ] {
        let error = refused_in(&spikes(rest), at);
        assert!(error.contains(expected), "{expected} in\n{error}");
    }
    assert!(
        notes(&spikes("    same_step: merge\n    duration: 5 ms\n"), at).contains("1 spikes became one with another")
    );
    assert!(notes(&spikes("    resolution: 0.01 ms\n    start: 2 ms\n"), at).contains("2 spikes lie outside"));
    for (text, expected) in [
        ("time_ms,unit\n-1,0\n", "before the recording begins"),
        ("time_ms,unit\n", "has no rows, so no samples"),
        ("when,unit\n1,0\n", "stages.x.time_column: `s.csv`: no column is one of times"),
        ("time,unit\n1,0\n", "stages.x.time_unit: `s.csv`: the times of `time` have no unit"),
        ("time_ms,unit\nx,0\n", "line 2, column `time_ms`: `x`"),
    ] {
        write(text);
        let error = refused_in(&spikes(""), at);
        assert!(error.contains(expected), "{expected} in\n{error}");
    }
    write("time_ms\n1\n2\n");
    assert!(notes(&spikes(""), at).contains("no column says which unit fired: all spikes are of one"));
    std::fs::write(at.join("s.npy"), "x").unwrap();
    let error = refused_in("  x:\n    kind: import.spikes\n    path: s.npy\n", at);
    assert!(error.contains("stages.x.time_unit: `s.npy` does not say its unit of time"), "{error}");
    let error =
        refused_in("  x:\n    kind: import.spikes\n    path: s.npy\n    time_unit: s\n    neuron_column: a\n", at);
    assert!(error.contains("stages.x.neuron_column: `s.npy` is an array and has no columns"), "{error}");
    std::fs::write(at.join("s.txt"), "x").unwrap();
    assert!(refused_in("  x:\n    kind: import.spikes\n    path: s.txt\n", at).contains("`.txt` is not read"));
}
