//! `inverse.train` and `inverse.predict` against scikit-learn, and their messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, UInt32Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use given::{Given, Ran, bind, problems, run_stages, run_with};
use lapicque_inverse::Model;
use lapicque_schemas::tables::{features, model};
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/regression/");

/// Rows of features of one sample: channel, epoch, values.
type Row = (&'static str, i32, Vec<f64>);

fn features_table(names: &[&str], rows: &[Row]) -> RecordBatch {
    let schema = features::schema("catch22 v1", names.iter().map(|&name| (name, "a feature"))).arrow;
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(Int32Array::from_iter_values(rows.iter().map(|r| r.1))),
    ];
    columns.extend(
        (0..names.len()).map(|i| Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.2[i]))) as ArrayRef),
    );
    RecordBatch::try_new(schema, columns).unwrap()
}

fn parameters_row(value: f64) -> RecordBatch {
    let unit =
        Field::new("J_ext", DataType::Float64, false).with_metadata([("unit".to_owned(), "pA".to_owned())].into());
    let fields = vec![unit, Field::new("seed", DataType::UInt64, false), Field::new("note", DataType::Utf8, false)];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![value])),
        Arc::new(arrow_array::UInt64Array::from(vec![1])),
        Arc::new(StringArray::from(vec!["x"])),
    ];
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// Twelve samples of two epochs: J_ext = 26 + i, x = 2 J_ext + noise, flat = 1.
fn small() -> Vec<Given> {
    let noise = |i: usize| ((i * 7919) % 13) as f64 / 100.0;
    let rows = |i: usize| -> Vec<Row> {
        (0..2)
            .map(|e| ("O1", e, vec![2.0 * (26.0 + i as f64) + noise(2 * i + e as usize), noise(i) - 1.0, 1.0]))
            .collect()
    };
    let features = (0..12).map(|i| features_table(&["x", "y", "flat"], &rows(i))).collect();
    let parameters = (0..12).map(|i| parameters_row(26.0 + i as f64)).collect();
    vec![
        Given::samples("given.features", "features", features),
        Given::samples("given.parameters", "parameters", parameters),
    ]
}

fn stages(config: Value) -> Value {
    let mut train =
        json!({"kind": "inverse.train", "inputs": {"features": "f", "parameters": "p"}, "targets": ["J_ext"]});
    train.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({
        "f": {"kind": "given.features"}, "p": {"kind": "given.parameters"}, "train": train,
        "predict": {"kind": "inverse.predict", "inputs": {"model": "train", "features": "f"}},
    })
}

fn trained(ran: &Ran) -> Model {
    Model::from_json(&document(&ran.table("train", 0))).unwrap()
}

fn document(table: &RecordBatch) -> String {
    lapicque_stages::model_document(&model::read(table).unwrap()[0]).unwrap()
}

fn floats(table: &RecordBatch, column: &str) -> Vec<f64> {
    table.column_by_name(column).unwrap().as_primitive::<Float64Type>().values().to_vec()
}

fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    table.column_by_name(column).unwrap().as_string::<i32>().iter().map(|t| t.unwrap().to_owned()).collect()
}

#[test]
fn a_ridge_model_equals_scikit_learn() {
    let text = std::fs::read_to_string(format!("{GOLDEN}gao_lfp_catch22.csv")).unwrap();
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{GOLDEN}gao_lfp_ridge_expected.json")).unwrap())
            .unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').take(22).collect();
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect();
    let numbers = |value: &Value| value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect::<Vec<_>>();
    let train: Vec<&Vec<f64>> = numbers(&expected["train_idx"]).into_iter().map(|i| &rows[i as usize]).collect();
    let given = [
        Given::samples(
            "given.features",
            "features",
            train.iter().map(|row| features_table(&names, &[("0", 0, row[..22].to_vec())])).collect(),
        ),
        Given::samples("given.parameters", "parameters", train.iter().map(|row| parameters_row(row[22])).collect()),
    ];
    let model = trained(&run_stages(&given, &stages(json!({"standardize": true, "validation": "none"}))));
    let stored = model.fitted.store();
    let coefficients = &stored.array("coefficients").unwrap().values;
    let reference = numbers(&expected["single_alpha1"]["coef"]);
    let largest = reference.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
    let mut compared = 0;
    for (name, reference) in names.iter().zip(&reference) {
        match model.features.iter().position(|f| f.name == *name) {
            Some(i) => {
                compared += 1;
                assert!((coefficients[i] - reference).abs() < 1e-9 * largest, "{name}");
            }
            None => assert_eq!(*reference, 0.0, "{name}"),
        }
    }
    assert!(compared > 15);
    assert_eq!((model.feature_definitions.as_str(), model.training_samples), ("catch22 v1", 192));
}

#[test]
fn training_validates_by_sample_and_predicts() {
    let ran = run_stages(&small(), &stages(json!({"validation": {"repeated_kfold": {"folds": 4, "repeats": 3}}})));
    assert!(ran.record.ok, "{}", ran.failures());
    let model = trained(&ran);
    assert_eq!((model.training_rows, model.training_samples), (24, 12));
    assert_eq!((model.targets[0].name.as_str(), model.targets[0].unit.as_deref()), ("J_ext", Some("pA")));
    assert_eq!(model.dropped_features[0].name, "flat");
    assert!(ran.notes().contains("left out: flat"), "{}", ran.notes());

    let metrics = ran.table("train", 1);
    assert_eq!(metrics.num_rows(), 13);
    let fold = metrics.column_by_name("fold").unwrap().as_primitive::<Int32Type>();
    assert_eq!((fold.is_null(12), fold.is_null(0)), (true, false));
    let n = metrics.column_by_name("n").unwrap().as_primitive::<UInt32Type>().values().to_vec();
    assert_eq!((n[0], n[12]), (6, 72));
    let mse = floats(&metrics, "mse");
    assert!(mse[12] > 0.0 && mse[12] < 0.02, "{mse:?}");
    assert_eq!(model.held_out_rms_error, Some(vec![mse[12].sqrt()]));

    let held_out = ran.table("train", 2);
    assert_eq!(held_out.num_rows(), 72);
    let (samples, truth) = (texts(&held_out, "sample"), floats(&held_out, "true"));
    for (sample, truth) in samples.iter().zip(&truth) {
        assert_eq!(sample[1..].parse::<f64>().unwrap() + 26.0, *truth);
    }
    let of = |column: &str| held_out.column_by_name(column).unwrap().as_primitive::<Int32Type>().values().to_vec();
    let (folds, repeats) = (of("fold"), of("repeat"));
    for i in 0..72 {
        for j in 0..i {
            assert!(samples[i] != samples[j] || repeats[i] != repeats[j] || folds[i] == folds[j]);
        }
    }

    let predictions = ran.table("predict", 0);
    assert_eq!(predictions.num_rows(), 24);
    assert_eq!((texts(&predictions, "unit")[0].as_str(), texts(&predictions, "target")[0].as_str()), ("pA", "J_ext"));
    for (i, mean) in floats(&predictions, "mean").iter().enumerate() {
        assert!((mean - 26.0 - (i / 2) as f64).abs() < 0.5);
    }
    // Of the rows of training themselves, the error is a little less than that of rows held out.
    let sd = floats(&predictions, "sd");
    assert!(sd.iter().all(|sd| *sd > 0.8 * mse[12].sqrt() && *sd < 1.2 * mse[12].sqrt()), "{sd:?} {mse:?}");
    assert_eq!(floats(&predictions, "outside_training"), vec![0.0; 24]);
}

#[test]
fn results_do_not_depend_on_threads_or_on_the_order_of_samples() {
    let forest = json!({"estimator": {"random_forest": {"trees": 5}}, "validation": {"shuffle_split": {"repeats": 4, "test_fraction": "25 %"}}});
    for config in [json!({"standardize": true}), forest] {
        let reference = run_with(&small(), &stages(config.clone()), 1);
        assert!(reference.record.ok, "{}", reference.failures());
        let other = run_with(&small(), &stages(config.clone()), 4);
        for output in 0..3 {
            assert_eq!(reference.table("train", output), other.table("train", output));
        }
        let mut shuffled = small();
        for given in &mut shuffled {
            given.reverse();
        }
        let other = run_with(&shuffled, &stages(config), 2);
        for output in 0..3 {
            assert_eq!(reference.table("train", output), other.table("train", output));
        }
    }
}

#[test]
fn estimators_and_validations_by_name() {
    let cases = [
        (json!({"estimator": "least_squares", "features": ["x"]}), "LeastSquares"),
        (json!({"estimator": {"ridge": {}}, "validation": "none"}), "Ridge { alpha: 1.0 }"),
        (
            json!({"estimator": {"random_forest": {"trees": 3}}, "validation": {"repeated_kfold": {"folds": 2, "repeats": 1}}}),
            "trees: 3",
        ),
    ];
    for (config, estimator) in cases {
        let ran = run_stages(&small(), &stages(config));
        assert!(ran.record.ok, "{}", ran.failures());
        assert!(format!("{:?}", trained(&ran).estimator).contains(estimator));
    }
    let ran = run_stages(&small(), &stages(json!({"validation": "none"})));
    let metrics = ran.table("train", 1);
    assert_eq!((metrics.num_rows(), ran.table("train", 2).num_rows()), (1, 0));
    assert!(floats(&metrics, "mse")[0].is_nan());
    assert_eq!(ran.table("predict", 0).column_by_name("sd").unwrap().null_count(), 24);
    let random = |config: Value| {
        bind(&small(), &stages(config)).unwrap().1.stages.iter().find(|s| s.name == "train").unwrap().bound().random
    };
    assert!(!random(json!({"validation": "none"})) && random(json!({})));
    assert!(random(json!({"validation": "none", "estimator": {"random_forest": {}}})));
}

#[test]
fn a_whole_table_is_joined_by_the_labels_of_its_samples() {
    let mut given = small();
    let row = |label: &'static str, x: f64| (label, x);
    let rows = [row("s3", 58.0), row("s0", 52.0), row("s7", 66.0), row("s3", 58.1), row("gone", 1.0)];
    let fields = vec![Field::new("sample", DataType::Utf8, false), Field::new("x", DataType::Float64, false)];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.1))),
    ];
    given[0] =
        Given::whole("given.features", "table", RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap());
    let ran = run_stages(&given, &stages(json!({"validation": {"repeated_kfold": {"folds": 3, "repeats": 1}}})));
    assert!(ran.record.ok, "{}", ran.failures());
    let model = trained(&ran);
    assert_eq!((model.training_rows, model.training_samples), (4, 3));
    let held_out = ran.table("train", 2);
    let mut pairs: Vec<(String, f64)> = texts(&held_out, "sample").into_iter().zip(floats(&held_out, "true")).collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        pairs,
        [("s0".to_owned(), 26.0), ("s3".to_owned(), 29.0), ("s3".to_owned(), 29.0), ("s7".to_owned(), 33.0)]
    );
    let missing =
        ran.table("train", 1).column_by_name("missing_samples").unwrap().as_primitive::<UInt32Type>().value(0);
    assert_eq!(missing, 10);
    let predictions = ran.table("predict", 0);
    assert_eq!(texts(&predictions, "sample"), ["s3", "s0", "s7", "s3", "gone"]);
    assert!(ran.notes().contains("outside the range of the training data"), "{}", ran.notes());
}

fn with_value(value: f64) -> Vec<Given> {
    let mut given = small();
    let mut batches: Vec<RecordBatch> = (0..12)
        .map(|i| features_table(&["x", "y", "flat"], &[("O1", 4, vec![f64::from(i), 1.0 / f64::from(i + 1), 0.0])]))
        .collect();
    batches[5] = features_table(&["x", "y", "flat"], &[("O1", 4, vec![3.0, value, 0.0])]);
    given[0] = Given::samples("given.features", "features", batches);
    given
}

#[test]
fn undefined_features_stop_training_by_name() {
    let ran = run_stages(&with_value(f64::NAN), &stages(json!({})));
    assert!(!ran.record.ok);
    let told = ran.failures();
    assert!(
        told.contains("feature `y` is NaN in 1 of 12 rows")
            && told.contains("first in a sample (J_ext = 31 pA), channel O1, epoch 4")
            && told.contains("(sample `s5`)")
            && told.contains("`missing: drop`"),
        "{told}"
    );
    assert!(run_stages(&with_value(f64::NAN), &stages(json!({"features": ["x"]}))).record.ok);
}

#[test]
fn undefined_targets_stop_training_by_name() {
    let mut given = small();
    let parameters = (0..12).map(|i| parameters_row(if i == 7 { f64::NAN } else { f64::from(i) })).collect();
    given[1] = Given::samples("given.parameters", "parameters", parameters);
    let told = run_stages(&given, &stages(json!({}))).failures();
    assert!(told.contains("target `J_ext` is NaN for a sample") && told.contains("(sample `s7`)"), "{told}");
}

#[test]
fn errors_grow_outside_of_the_training_range_or_are_unknown_there() {
    let mut given = small();
    given.push(Given::samples(
        "given.new",
        "features",
        vec![features_table(
            &["x", "y", "flat"],
            &[("a", 0, vec![63.0, -0.95, 1.0]), ("b", 0, vec![90.0, -0.95, 1.0]), ("c", 0, vec![900.0, -0.95, 2.0])],
        )],
    ));
    let predicted = |estimator: Value| {
        let mut stages = stages(json!({"estimator": estimator, "standardize": true}));
        stages["new"] = json!({"kind": "given.new"});
        stages["predict"]["inputs"]["features"] = json!("new");
        let ran = run_stages(&given, &stages);
        assert!(ran.record.ok, "{}", ran.failures());
        ran
    };
    let linear = predicted(json!({"ridge": {"alpha": 0.01}}));
    let sd = floats(&linear.table("predict", 0), "sd");
    assert!(sd[1] > 1.1 * sd[0] && sd[2] > 10.0 * sd[1], "{sd:?}");
    let notes = linear.notes();
    assert!(notes.contains("extrapolate") && notes.contains("are not here: flat"), "{notes}");
    assert!(!notes.contains("`sd` is null"), "{notes}");

    let forest = predicted(json!({"random_forest": {"trees": 5}}));
    let table = forest.table("predict", 0);
    let sd = table.column_by_name("sd").unwrap();
    assert_eq!((sd.is_null(0), sd.is_null(1), sd.is_null(2)), (false, true, true));
    assert!(floats(&table, "mean").iter().all(|mean| mean.is_finite()));
    assert!(forest.notes().contains("`sd` is null"), "{}", forest.notes());
}

#[test]
fn undefined_features_predict_nan_and_say_so() {
    let mut given = small();
    given.push(Given::samples(
        "given.new",
        "features",
        vec![
            features_table(&["y", "x", "z"], &[("a", 0, vec![f64::NAN, 53.0, 0.0]), ("b", 1, vec![-0.9, 1e6, 0.0])]),
            features_table(&["y", "x", "z"], &[]),
        ],
    ));
    let mut stages = stages(json!({}));
    stages["new"] = json!({"kind": "given.new"});
    stages["predict"]["inputs"]["features"] = json!("new");
    let ran = run_stages(&given, &stages);
    assert!(ran.record.ok, "{}", ran.failures());
    let predictions = ran.table("predict", 0);
    let mean = floats(&predictions, "mean");
    assert!(mean.len() == 2 && mean[0].is_nan() && mean[1].is_finite());
    assert_eq!(texts(&predictions, "channel"), ["a", "b"]);
    assert_eq!(floats(&predictions, "outside_training"), [0.5, 0.5]);
    assert_eq!(predictions.column_by_name("sd").unwrap().null_count(), 1);
    assert!(
        ran.notes().contains("outside the range") && ran.notes().contains("NaN where features are"),
        "{}",
        ran.notes()
    );
}

#[test]
fn models_and_features_that_do_not_fit_are_refused() {
    let good = document(&run_stages(&small(), &stages(json!({"validation": "none"}))).table("train", 0));
    let predict = |document: &str, given: Given| {
        // A document is a head with all of its arrays within.
        let rows = model::ModelRows { head: document.to_owned(), arrays: Vec::new() };
        let models = Given::whole("given.model", "model", model::write(&rows).unwrap());
        let stages = json!({"m": {"kind": "given.model"}, "f": {"kind": "given.features"}, "predict": {"kind": "inverse.predict", "inputs": {"model": "m", "features": "f"}}});
        run_stages(&[models, given], &stages)
    };
    let features = small().remove(0);
    assert!(predict(&good, features.clone()).record.ok);
    let other = predict(&good.replace("catch22 v1", "catch22 v0"), features.clone());
    assert!(other.failures().contains("`catch22 v0`, these are of `catch22 v1`"), "{}", other.failures());
    let damaged = predict(&good[..good.len() / 2], features.clone());
    assert!(damaged.failures().contains("this is no model: the document is no whole JSON"), "{}", damaged.failures());
    let odd = predict(&good.replace("\"training_rows\":24", "\"training_rows\":\"many\""), features.clone()).failures();
    assert!(odd.contains("this is no model: training_rows: expected a whole number >= 0, got `many`"), "{odd}");
    let without =
        Given::samples("given.features", "features", vec![features_table(&["x", "Y"], &[("a", 0, vec![1.0, 2.0])])]);
    let told = predict(&good, without).failures();
    assert!(told.contains("uses the feature `y`") && told.contains("did you mean `Y`?"), "{told}");
}

#[test]
fn a_model_is_kept_as_a_head_and_named_arrays() {
    let ran = run_stages(&small(), &stages(json!({"validation": "none"})));
    let table = ran.table("train", 0);
    assert_eq!(texts(&table, "part")[0], "head");
    let head: Value =
        serde_json::from_str(table.column_by_name("document").unwrap().as_string::<i32>().value(0)).unwrap();
    assert_eq!((&head["format_version"], &head["targets"][0]["unit"]), (&json!(3), &json!("pA")));
    assert_eq!(head["fitted"], json!({"linear": {}}));
    let place = texts(&table, "part").iter().position(|part| part == "fitted.linear.coefficients").unwrap();
    let list = |column: &str| table.column_by_name(column).unwrap().as_list::<i32>().value(place);
    assert_eq!(list("shape").as_primitive::<UInt32Type>().values().to_vec(), [1, 2]);
    let stored = trained(&ran).fitted.store();
    let coefficients = &stored.array("coefficients").unwrap().values;
    assert_eq!(list("values").as_primitive::<Float64Type>().values().to_vec(), *coefficients);
    let text: Value = serde_json::from_str(&document(&table)).unwrap();
    assert_eq!(text["fitted"]["linear"]["coefficients"][0][1].as_f64(), Some(coefficients[1]));
}

#[test]
fn all_problems_of_a_configuration_are_told() {
    let told = |config: Value| problems(&small(), &stages(config));
    let text = told(json!({
        "targets": ["J_Ext", "note", "seed", "J_ext", "J_ext"], "features": ["X", "x", "x"],
        "estimator": {"ridge": {"alpha": -1}}, "validation": {"shuffle_split": {"test_fraction": 1.5}},
    }));
    for part in [
        "train.targets.0",
        "did you mean `J_ext`?",
        "column `note` is",
        "replicates",
        "train.targets.4",
        "train.features.0",
        "did you mean `x`?",
        "train.features.2",
        "train.estimator.ridge.alpha",
        "train.validation.shuffle_split.test_fraction",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let too_many = told(json!({"validation": {"repeated_kfold": {"folds": 13}}}));
    assert!(
        too_many.contains("train.validation.repeated_kfold.folds")
            && too_many.contains("2 to 12, the number of samples"),
        "{too_many}"
    );
    assert!(
        told(json!({"validation": {"shuffle_split": {"test_fraction": "95 %"}}})).contains("one of the 12 samples")
    );
    let unknown = told(json!({"groups": "nota"}));
    assert!(unknown.contains("train.groups") && unknown.contains("did you mean `note`?"), "{unknown}");
    assert!(told(json!({"groups": "x", "features": ["x"]})).contains("samples are grouped by `x`"));
    assert!(told(json!({"targets": []})).contains("allowed are columns of numbers: J_ext"));
    assert!(told(json!({"estimator": {"rigde": {}}})).contains("did you mean `ridge`?"));
    let mut given = small();
    given[1] = Given::whole("given.parameters", "parameters", parameters_row(1.0));
    assert!(problems(&given, &stages(json!({}))).contains("no column `sample`"));
}

#[test]
fn only_what_is_used_is_read() {
    let (_, graph) = bind(&small(), &stages(json!({"features": ["x"]}))).unwrap();
    let train = graph.stages.iter().find(|s| s.name == "train").unwrap().bound();
    let columns = |port: &str| train.reads.iter().find(|r| r.port == port).unwrap().columns.clone().unwrap();
    assert_eq!(columns("features"), ["channel", "epoch", "x"]);
    assert_eq!(columns("parameters"), ["J_ext"]);
    assert!(!train.order_sensitive);
}
