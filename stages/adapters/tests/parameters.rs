//! Sources of points, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;
use std::sync::Arc;

use arrow_array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use lapicque_schemas::schema::UNIT;
use support::{bind, floats, ran, ran_on, refused, refused_in, texts};

fn grid(rest: &str) -> String {
    format!("  points:\n    kind: parameters.grid\n{rest}")
}

#[test]
fn a_linspace_has_the_points_of_numpy() {
    let ran = ran(&grid("    sweep: { J_ext: { linspace: [26 pA, 0.032 nA, 50] } }\n"), Path::new("."));
    let table = ran.table("points");
    assert_eq!(table.schema().field(1).metadata()[UNIT], "pA");
    let values = floats(&table, "J_ext");
    assert_eq!((values[0], values[24], values[49]), (26.0, 26.0 + 24.0 * (6.0 / 49.0), 32.0));
    assert_eq!(ran.counts("points"), (50, 0, 0));
}

#[test]
fn the_first_parameter_varies_slowest_and_seeds_are_unsigned() {
    let sweep = "    sweep: { a: { values: [1, 2] }, b: { logspace: [1 ms, 100 ms, 3] }, seed: { values: [7, 8] }, group: { values: [x] } }\n";
    let table = ran(&grid(sweep), Path::new(".")).table("points");
    assert_eq!(table.num_rows(), 12);
    let types: Vec<_> = table.schema().fields().iter().skip(1).map(|f| f.data_type().clone()).collect();
    assert_eq!(types, [DataType::Int64, DataType::Float64, DataType::UInt64, DataType::Utf8]);
    let b = floats(&table, "b");
    assert_eq!((b[0], b[1], b[4], b[6]), (1.0, 1.0, 100.0, 1.0));
    assert!((b[2] - 10.0).abs() < 1e-12);
}

#[test]
fn zip_pairs_values() {
    let sweep = "    sweep: { a: { values: [1, 2] }, b: { values: [3 mV, 4 mV] } }\n    combine: zip\n";
    assert_eq!(floats(&ran(&grid(sweep), Path::new(".")).table("points"), "b"), [3.0, 4.0]);
    let message = refused(&grid("    sweep: { a: { values: [1, 2] }, b: { values: [3] } }\n    combine: zip\n"));
    assert!(message.contains("a has 2, b has 1"), "{message}");
}

#[test]
fn one_more_point_is_one_more_computation() {
    let first = ran(&grid("    sweep: { J: { values: [29.89 pA, 30 pA] } }\n"), Path::new("."));
    let second =
        ran_on(&grid("    sweep: { J: { values: [31 pA, 30 pA, 29.89 pA] } }\n"), Path::new("."), first.store, 1);
    assert_eq!(second.counts("points"), (1, 2, 0));
}

#[test]
fn mistakes_of_a_grid_are_found_before_anything_runs() {
    for (config, expected) in [
        ("    sweep: {}\n", "no parameter is swept"),
        ("    sweep: { a: { values: [] } }\n", "0 values"),
        ("    sweep: { a: { linspace: [1, 2, 0] } }\n", "0 values"),
        ("    sweep: { a: { linspace: [1, 2, -1] } }\n", "whole number >= 0"),
        ("    sweep: { a: { linspace: [1 pA, 2 ms, 3] } }\n", "is a time"),
        ("    sweep: { a: { linspace: [1 pA, 2, 3] } }\n", "has no unit"),
        ("    sweep: { a: { linspace: [1, 1, 3] } }\n", "all equal"),
        ("    sweep: { a: { linspace: [-1.7e308, 1.7e308, 3] } }\n", "too far apart"),
        ("    sweep: { a: { logspace: [0, 1, 3] } }\n", "above 0"),
        ("    sweep: { a: { linspaec: [0, 1, 3] } }\n", "linspace"),
        ("    sweep: { a: { values: [1, 2, 1] } }\n", "points 1 and 3 are equal (a = 1)"),
        ("    sweep: { a: { values: [0.02989 nA, 29.89 pA] } }\n", "points 1 and 2 are equal (a = 0.02989 nA)"),
        ("    sweep: { sample: { values: [1] } }\n", "labels of samples"),
        ("    sweep: { seed: { linspace: [1, 3, 3] } }\n", "seeds are listed"),
        ("    sweep: { subject: { values: [1] } }\n    labels: [subjct]\n", "did you mean `subject`?"),
        ("    sweep: { a: { linspace: [1, 2, 100000] }, b: { linspace: [1, 2, 101] } }\n", "100000 x 101 points"),
    ] {
        let message = refused(&grid(config));
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn lists_have_labels_of_samples() {
    let rows = "  points:\n    kind: parameters.list\n    labels: [subject]\n    rows:\n      - {sample: s1, J_ext: 26 pA, subject: 01a}\n      - {sample: s2, J_ext: 0.027 nA, subject: 02b}\n";
    let table = ran(rows, Path::new(".")).table("points");
    assert_eq!(texts(&table, "sample"), ["s1", "s2"]);
    assert_eq!(floats(&table, "J_ext"), [26.0, 27.0]);
    for (rows, expected) in [
        ("    rows: []\n", "no point"),
        ("    rows: [{a: 1}, {b: 2}]\n", "it has no `a`"),
        ("    rows: [{a: 1}, {a: 2, b: 2}]\n", "row 1 has no `b`"),
        ("    rows: [{a: 1}, {a: 1}]\n", "points 1 and 2 are equal"),
        ("    rows: [{sample: x, a: 1}, {sample: x, a: 2}]\n", "rows 1 and 2 have the same `sample`, `x`"),
        ("    rows: [{sample: x}]\n", "no column of parameters"),
        ("    rows: [{a: 1}]\n    file: x.csv\n", "either `rows` or `file`"),
        ("    file: missing.csv\n", "there is no file"),
    ] {
        let message = refused(&format!("  points:\n    kind: parameters.list\n{rows}"));
        assert!(message.contains(expected), "{rows}: {message}");
    }
}

#[test]
fn tables_of_points_come_from_csv_and_parquet() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("points.csv"), "sample,J_ext,seed,group\n1,26,3,a\n2,27.5,4,b\n").unwrap();
    let list = |file: &str| format!("  points:\n    kind: parameters.list\n    file: {file}\n");
    let table = ran(&list("points.csv"), folder.path()).table("points");
    assert_eq!(
        (texts(&table, "sample"), floats(&table, "J_ext")),
        (vec!["1".to_owned(), "2".to_owned()], vec![26.0, 27.5])
    );
    let types: Vec<_> = table.schema().fields().iter().map(|f| f.data_type().clone()).collect();
    assert_eq!(types, [DataType::Utf8, DataType::Float64, DataType::UInt64, DataType::Utf8]);

    let unit = Field::new("J_ext", DataType::Float64, true).with_metadata([(UNIT.to_owned(), "nA".to_owned())].into());
    let schema = Arc::new(Schema::new(vec![
        unit,
        Field::new("seed", DataType::Int64, true),
        Field::new("who", DataType::Utf8, true),
    ]));
    let columns: Vec<arrow_array::ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![0.026, 0.027])),
        Arc::new(Int64Array::from(vec![1, 2])),
        Arc::new(StringArray::from(vec!["a", "b"])),
    ];
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let file = std::fs::File::create(folder.path().join("points.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let table = ran(&list("points.parquet"), folder.path()).table("points");
    assert_eq!(table.schema().field(1).metadata()[UNIT], "nA");
    assert_eq!(table.schema().field(2).data_type(), &DataType::UInt64);

    std::fs::write(folder.path().join("gap.csv"), "J_ext,seed\n26,3\n,4\n").unwrap();
    let message = refused_in(&list("gap.csv"), folder.path());
    assert!(message.contains("row 2, column `J_ext`"), "{message}");
    std::fs::write(folder.path().join("broken.parquet"), "PAR1 nothing").unwrap();
    assert!(refused_in(&list("broken.parquet"), folder.path()).contains("cannot be read as Parquet"));
}

#[test]
fn more_random_points_keep_the_earlier_ones() {
    let random = |count: u32, more: &str| {
        let bounds = format!("{{J: [26 pA, 32 pA]{more}}}");
        let text = format!("  points:\n    kind: parameters.random\n    bounds: {bounds}\n    count: {count}\n");
        floats(&ran(&text, Path::new(".")).table("points"), "J")
    };
    let few = random(5, "");
    assert_eq!(random(9, ", tau: [1 ms, 2 ms]")[..5], few);
    assert!(few.iter().all(|v| (26.0..=32.0).contains(v)));
    let mean = random(2000, "").iter().sum::<f64>() / 2000.0;
    assert!((mean - 29.0).abs() < 0.2, "{mean}");
    for (config, expected) in [
        ("bounds: {}\n    count: 1", "no parameter is drawn"),
        ("bounds: {J: [2, 1]}\n    count: 1", "below the second"),
        ("bounds: {J: [1, 2]}\n    count: 0", "0 points"),
        ("bounds: {seed: [1, 2]}\n    count: 1", "seeds are not drawn"),
        ("bounds: {J: [1, 2 pA]}\n    count: 1", "has a unit"),
    ] {
        let message = refused(&format!("  points:\n    kind: parameters.random\n    {config}\n"));
        assert!(message.contains(expected), "{config}: {message}");
    }
    assert!(
        bind(
            "  points:\n    kind: parameters.random\n    bounds: {J: [1, 2]}\n    count: 3\n    draw_seed: 5\n",
            Path::new(".")
        )
        .is_ok()
    );
}
