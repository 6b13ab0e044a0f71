//! Random ranges of files with random row groups, against rows that are numbered.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use proptest::prelude::*;

use super::{Fault, properties, read_ranges};
use crate::checksums::Summing;

/// Rows that say their number; the name of a column is like a path.
fn numbered(rows: u32) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..rows));
    let halves: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(|row| f64::from(row) / 2.0)));
    RecordBatch::try_from_iter([("populations.E.size", halves), ("number", numbers)]).unwrap()
}

struct File {
    _folder: tempfile::TempDir,
    path: std::path::PathBuf,
    sums: Arc<[u64]>,
}

fn file(table: &RecordBatch, rows_per_group: usize) -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows.parquet");
    let mut summing = Summing::new(std::fs::File::create(&path).unwrap());
    let properties = properties(&table.schema(), rows_per_group).build();
    let mut writer = ArrowWriter::try_new(&mut summing, table.schema(), Some(properties)).unwrap();
    writer.write(table).unwrap();
    writer.close().unwrap();
    let (sums, _) = summing.finish();
    File { _folder: folder, path, sums: sums.into() }
}

fn numbers(table: &RecordBatch) -> Vec<u32> {
    table.column_by_name("number").unwrap().as_primitive::<UInt32Type>().values().to_vec()
}

fn ranges(rows: u64) -> impl Strategy<Value = Vec<Range<u64>>> {
    prop::collection::vec((0..=rows, 0..=rows).prop_map(|(a, b)| a.min(b)..a.max(b)), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_range_has_its_rows_whatever_else_is_read(
        (rows, groups, ranges) in (1..200_u64, 1..80_usize).prop_flat_map(|(rows, groups)| (Just(rows), Just(groups), ranges(rows))),
    ) {
        let table = numbered(rows as u32);
        let file = file(&table, groups);
        let tables = read_ranges(&file.path, file.sums.clone(), &table.schema(), &ranges).unwrap();
        prop_assert_eq!(tables.len(), ranges.len());
        for (range, read) in ranges.iter().zip(tables) {
            prop_assert_eq!(numbers(&read), (range.start as u32..range.end as u32).collect::<Vec<_>>());
        }
    }
}

#[test]
fn more_rows_than_the_reader_gives_at_once_come_whole() {
    let table = numbered((1 << 20) + 1000);
    let file = file(&table, 1 << 19);
    let ranges = [(1 << 20) - 5..(1 << 20) + 1000, 0..(1 << 20) + 1000, 7..7];
    let tables = read_ranges(&file.path, file.sums.clone(), &table.schema(), &ranges).unwrap();
    for (range, read) in ranges.iter().zip(tables) {
        assert_eq!(numbers(&read), (range.start as u32..range.end as u32).collect::<Vec<_>>());
    }
}

#[test]
fn a_sound_file_with_other_columns_is_not_called_damaged() {
    let file = file(&numbered(10), 4);
    let ranges = [0..3, 5..6];
    for (name, data_type) in [("number", DataType::Int64), ("absent", DataType::UInt32)] {
        let view = Arc::new(Schema::new(vec![arrow_schema::Field::new(name, data_type, false)]));
        let fault = read_ranges(&file.path, file.sums.clone(), &view, &ranges).unwrap_err();
        assert!(matches!(&fault, Fault::OtherColumns(message) if message.contains(name)), "{fault:?}");
    }
    std::fs::remove_file(&file.path).unwrap();
    let gone = read_ranges(&file.path, file.sums.clone(), &numbered(1).schema(), &ranges).unwrap_err();
    assert_eq!(gone, Fault::Damaged("it is gone".to_owned()));
}
