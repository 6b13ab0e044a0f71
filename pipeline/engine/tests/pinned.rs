//! Keys and digests that stores hold: as they are written here they stay, or results of before are no longer found, or found for something else.
//!
//! A key that changes on purpose raises `FORMAT` of the engine's keys, or the version in the name of the digest.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_pipeline::keys::{Ingredients, action_key, labels_digest, random_key};
use lapicque_pipeline::{Bound, Output, PortSchema, Read};
use lapicque_schemas::{Column, Digest, Labels, TableSchema, content_digest};
use serde_json::json;

fn schema() -> TableSchema {
    TableSchema::new(
        "table",
        &["name"],
        [
            Column::new("name", DataType::Utf8, "a name"),
            Column::new("current", DataType::Float64, "a current").unit("pA"),
        ],
    )
}

fn bound() -> Bound {
    let input = PortSchema { port: "parameters".to_owned(), schema: schema(), sample_wise: true, samples: Some(2) };
    let config = json!({"length": "500 ms", "factor": 5, "nested": {"b": [1, 2.5, null], "a": true}});
    let mut bound = Bound::new(3, config, &[input], vec![Output::new("table", schema())]);
    bound.reads = vec![Read::columns("parameters", ["current".to_owned()])];
    bound
}

fn ingredients(bound: &Bound) -> Digest {
    let whole = BTreeMap::from([("model".to_owned(), Digest([7; 16]))]);
    Ingredients::new("signal.example", 2, bound, 11, whole, vec!["parameters".to_owned()]).digest()
}

#[test]
fn keys_of_actions_are_what_they_were() {
    let deterministic = ingredients(&bound());
    let mut random = bound();
    random.random = true;
    random.files = vec![("path".to_owned(), Digest([9; 16]))];
    let found = [
        action_key(deterministic, &[Digest([1; 16]), Digest([2; 16])]),
        action_key(deterministic, &[]),
        action_key(ingredients(&random), &[Digest([1; 16])]),
    ];
    let pinned =
        ["2321eae41ef86154a18dcbb860219b6b", "7044c202b4e9ad194fd4884e39192b4b", "2860e2935d48c98c862d4936ed63e0dd"];
    assert_eq!(found.map(|key| key.to_string()), pinned);
}

#[test]
fn keys_of_streams_and_labels_are_what_they_were() {
    let found =
        [random_key(11, &[Digest([1; 16])]), random_key(11, &[]), labels_digest(&Labels::from_iter(["a", "b c"]))];
    let pinned =
        ["144511b7c0cd84887b7963411bb8a738", "e1f60f174d49232fff1b0ca0ed56616a", "3191025abe4e65fb41f351c35fa6a3db"];
    assert_eq!(found.map(|key| key.to_string()), pinned);
}

#[test]
fn digests_of_content_are_what_they_were() {
    let plain: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from(vec!["a", "ü", ""])), Arc::new(Float64Array::from(vec![1.5, f64::NAN, -0.0]))];
    let plain = RecordBatch::try_new(schema().arrow, plain).unwrap();
    let lists = TableSchema::new(
        "table",
        &[],
        [
            Column::new("count", DataType::Int32, "a count").nullable(),
            Column::new("values", DataType::new_list(DataType::Float64, true), "values").unit("uV").nullable(),
        ],
    );
    let rows = vec![Some(vec![Some(0.1), None]), None, Some(Vec::new())];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from(vec![Some(-1), None, Some(i32::MAX)])),
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows)),
    ];
    let nested = RecordBatch::try_new(lists.arrow.clone(), columns).unwrap();
    let found = [
        content_digest(&schema().arrow, std::slice::from_ref(&plain)).unwrap(),
        content_digest(&lists.arrow, &[nested.slice(0, 1), nested.slice(1, 2)]).unwrap(),
        content_digest(&schema().arrow, &[plain.slice(0, 0)]).unwrap(),
    ];
    // In one piece or several, a table has one digest.
    assert_eq!(content_digest(&lists.arrow, &[nested]).unwrap(), found[1]);
    let pinned =
        ["f4dfe27ffd2e138f04fd0b125912e7e1", "34b50450208f38fb1c461b745738a488", "eef6c2a40220e4c5f1b4668010de9147"];
    assert_eq!(found.map(|digest| digest.to_string()), pinned);
}
