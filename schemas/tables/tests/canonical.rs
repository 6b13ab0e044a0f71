//! One zero and one NaN, and nothing else changed.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow_array::builder::{Float32Builder, Float64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, Float32Array, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field};
use lapicque_schemas::{canonical_floats, content_digest};
use proptest::prelude::*;

/// The definition, one value at a time.
fn one(value: f64) -> u64 {
    match value {
        v if v.is_nan() => 0x7ff8_0000_0000_0000,
        0.0 => 0,
        v => v.to_bits(),
    }
}

fn one_of_single(value: f32) -> u32 {
    match value {
        v if v.is_nan() => 0x7fc0_0000,
        0.0 => 0,
        v => v.to_bits(),
    }
}

fn number() -> impl Strategy<Value = f64> {
    let nan = any::<u64>().prop_map(|bits| f64::from_bits(bits | 0x7ff8_0000_0000_0001));
    const EDGES: [f64; 8] = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 5e-324, -5e-324];
    prop_oneof![proptest::sample::select(&EDGES[..]), nan, any::<u64>().prop_map(f64::from_bits)]
}

type Row = (Option<f64>, Option<Vec<Option<f64>>>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let list = proptest::collection::vec(proptest::option::of(number()), 0..4);
    proptest::collection::vec((proptest::option::of(number()), proptest::option::of(list)), 0..12)
}

/// Numbers of both widths, lists of both, lists of lists and a column that has no floats.
fn table(rows: &[Row]) -> RecordBatch {
    let mut lists = ListBuilder::new(Float64Builder::new());
    let mut singles = ListBuilder::new(Float32Builder::new());
    let mut nested = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
    for (number, list) in rows {
        for &item in list.iter().flatten() {
            lists.values().append_option(item);
            singles.values().append_option(item.map(|v| v as f32));
            nested.values().values().append_option(item);
        }
        nested.values().append(true);
        nested.values().values().append_option(*number);
        nested.values().append(true);
        lists.append(list.is_some());
        singles.append(list.is_some());
        nested.append(list.is_some());
    }
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("number", Arc::new(Float64Array::from_iter(rows.iter().map(|r| r.0))), true),
        ("single", Arc::new(Float32Array::from_iter(rows.iter().map(|r| r.0.map(|v| v as f32)))), true),
        ("lists", Arc::new(lists.finish()), true),
        ("singles", Arc::new(singles.finish()), true),
        ("nested", Arc::new(nested.finish()), true),
        ("whole", Arc::new(Int64Array::from_iter_values(0..rows.len() as i64)), false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// All valid floats of a column in their order, as bits; singles in the lower half.
fn bits(column: &ArrayRef) -> Vec<Option<u64>> {
    match column.data_type() {
        DataType::Float64 => column.as_primitive::<Float64Type>().iter().map(|v| v.map(f64::to_bits)).collect(),
        DataType::Float32 => {
            column.as_primitive::<Float32Type>().iter().map(|v| v.map(|v| u64::from(v.to_bits()))).collect()
        }
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            lists.iter().flat_map(|list| list.map_or_else(|| vec![None], |list| bits(&list))).collect()
        }
        DataType::FixedSizeList(..) => {
            let lists = column.as_fixed_size_list();
            lists.iter().flat_map(|list| list.map_or_else(|| vec![None], |list| bits(&list))).collect()
        }
        _ => Vec::new(),
    }
}

fn expected(column: &ArrayRef) -> Vec<Option<u64>> {
    let is_single = format!("{}", column.data_type()).contains("Float32");
    let single = |bits: u64| u64::from(one_of_single(f32::from_bits(bits as u32)));
    bits(column).into_iter().map(|v| v.map(|v| if is_single { single(v) } else { one(f64::from_bits(v)) })).collect()
}

proptest! {
    #[test]
    fn every_float_is_the_one_that_its_digest_stands_for(rows in rows(), from in 0usize..12, length in 0usize..12) {
        let whole = table(&rows);
        let from = from.min(rows.len());
        let part = whole.slice(from, length.min(rows.len() - from));
        let canonical = canonical_floats(&part).unwrap();
        prop_assert_eq!(canonical.schema(), part.schema());
        prop_assert_eq!(canonical.num_rows(), part.num_rows());
        for (new, old) in canonical.columns().iter().zip(part.columns()) {
            prop_assert_eq!(bits(new), expected(old));
            prop_assert_eq!(new.logical_nulls(), old.logical_nulls());
        }
        let digest = |table: &RecordBatch| content_digest(&table.schema(), std::slice::from_ref(table)).unwrap();
        prop_assert_eq!(digest(&canonical), digest(&part));
        // What is canonical is shared, not copied.
        let again = canonical_floats(&canonical).unwrap();
        for (new, old) in again.columns().iter().zip(canonical.columns()) {
            prop_assert!(Arc::ptr_eq(new, old));
        }
    }
}

#[test]
fn lists_of_one_length_are_canonical_too() {
    let cells = vec![Some(vec![Some(-0.0), Some(1.0)]), None, Some(vec![Some(f64::from_bits(!0)), None])];
    let lists = arrow_array::FixedSizeListArray::from_iter_primitive::<Float64Type, _, _>(cells, 2);
    let field = Field::new("pairs", lists.data_type().clone(), true);
    let table =
        RecordBatch::try_new(Arc::new(arrow_schema::Schema::new(vec![field])), vec![Arc::new(lists) as ArrayRef])
            .unwrap();
    let canonical = canonical_floats(&table).unwrap();
    assert_eq!(bits(canonical.column(0)), expected(table.column(0)));
    assert_ne!(bits(canonical.column(0)), bits(table.column(0)));
    assert_eq!(bits(canonical_floats(&table.slice(1, 1)).unwrap().column(0)), [None]);
}

#[test]
fn a_table_without_columns_keeps_its_rows() {
    let rows = arrow_array::RecordBatchOptions::new().with_row_count(Some(3));
    let table = RecordBatch::try_new_with_options(Arc::new(arrow_schema::Schema::empty()), Vec::new(), &rows).unwrap();
    assert_eq!(canonical_floats(&table).unwrap().num_rows(), 3);
}
