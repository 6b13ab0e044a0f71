//! A content digest names values, not layouts.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use lapicque_schemas::{Digest, content_digest};
use proptest::prelude::*;

type Row = (Option<f64>, Option<String>, Vec<f64>);

fn table(rows: &[Row]) -> RecordBatch {
    let numbers = Float64Array::from_iter(rows.iter().map(|r| r.0));
    let texts = StringArray::from_iter(rows.iter().map(|r| r.1.as_deref()));
    let mut lists = ListBuilder::new(Float64Builder::new());
    for row in rows {
        lists.values().append_slice(&row.2);
        lists.append(true);
    }
    let columns: Vec<(&str, ArrayRef, bool)> = vec![
        ("number", Arc::new(numbers), true),
        ("text", Arc::new(texts), true),
        ("list", Arc::new(lists.finish()), false),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn digest(chunks: &[RecordBatch]) -> Digest {
    content_digest(&chunks[0].schema(), chunks).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), any::<f64>()];
    let row = (
        proptest::option::of(number.clone()),
        proptest::option::of("[a-c]{0,3}"),
        proptest::collection::vec(number, 0..4),
    );
    proptest::collection::vec(row, 0..12)
}

/// A table with other columns in place of some.
fn with_columns(table: &RecordBatch, replace: &[(&str, ArrayRef)]) -> RecordBatch {
    let schema = table.schema();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in schema.fields().iter().zip(table.columns()) {
        let column = replace.iter().find(|(name, _)| name == field.name()).map_or(column, |(_, new)| new);
        fields.push(field.as_ref().clone().with_data_type(column.data_type().clone()));
        columns.push(column.clone());
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

proptest! {
    #[test]
    fn chunks_and_offsets_do_not_matter(rows in rows(), cuts in proptest::collection::vec(0usize..12, 0..3)) {
        let whole = table(&rows);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|&c| c <= rows.len()).collect();
        cuts.extend([0, rows.len()]);
        cuts.sort_unstable();
        let chunks: Vec<RecordBatch> = cuts.windows(2).map(|w| whole.slice(w[0], w[1] - w[0])).collect();
        prop_assert_eq!(digest(&[whole]), digest(&chunks));
    }

    #[test]
    fn encodings_of_text_and_lists_do_not_matter(rows in rows()) {
        let plain = table(&rows);
        let cast = |name: &str, to: DataType| arrow_cast::cast(plain.column_by_name(name).unwrap(), &to).unwrap();
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let large_list = DataType::LargeList(Arc::new(Field::new("item", DataType::Float64, true)));
        let other = with_columns(&plain, &[("text", cast("text", dictionary)), ("list", cast("list", large_list))]);
        prop_assert_eq!(digest(std::slice::from_ref(&plain)), digest(&[other]));
        let views = with_columns(&plain, &[("text", cast("text", DataType::Utf8View))]);
        prop_assert_eq!(digest(&[plain]), digest(&[views]));
    }

    #[test]
    fn a_changed_value_matters(rows in rows(), at in any::<proptest::sample::Index>(), new in -1e3f64..1e3) {
        prop_assume!(!rows.is_empty());
        let at = at.index(rows.len());
        prop_assume!(rows[at].0 != Some(new));
        let mut changed = rows.clone();
        changed[at].0 = Some(new);
        prop_assert_ne!(digest(&[table(&rows)]), digest(&[table(&changed)]));
    }
}

#[test]
fn there_is_one_zero_and_one_nan() {
    let of = |value: f64| digest(&[table(&[(Some(value), None, vec![value])])]);
    assert_eq!(of(0.0), of(-0.0));
    assert_eq!(of(f64::NAN), of(f64::from_bits(0xfff8_0000_0000_0001)));
    assert_ne!(of(0.0), of(f64::NAN));
}

#[test]
fn units_and_definitions_matter_descriptions_do_not() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let with = |key: &str, value: &str| {
        let field = Field::new("x", DataType::Float64, false)
            .with_metadata(HashMap::from([(key.to_owned(), value.to_owned())]));
        digest(&[RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![values.clone()]).unwrap()])
    };
    assert_ne!(with("unit", "ms"), with("unit", "s"));
    assert_ne!(with("dt_ms", "0.1"), with("dt_ms", "0.2"));
    assert_eq!(with("description", "one"), with("description", "other"));
}

#[test]
fn neighbouring_texts_do_not_run_together() {
    let of =
        |a: &str, b: &str| digest(&[table(&[(None, Some(a.to_owned()), vec![]), (None, Some(b.to_owned()), vec![])])]);
    assert_ne!(of("ab", "c"), of("a", "bc"));
    assert_ne!(of("", "a"), of("a", ""));
}

#[test]
fn null_is_neither_empty_nor_zero() {
    let of = |row: Row| digest(&[table(&[row])]);
    assert_ne!(of((None, None, vec![])), of((Some(0.0), None, vec![])));
    assert_ne!(of((None, None, vec![])), of((None, Some(String::new()), vec![])));
}
