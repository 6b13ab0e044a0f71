//! What a training tells beside its model: held-out predictions, metrics, candidates, losses and the learning curve.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use lapicque_inverse::estimators::Loss;
use lapicque_inverse::selection::Comparison;
use lapicque_inverse::validation::LearningPoint;
use lapicque_inverse::{AnyEstimator, CrossValidation, Metric};
use lapicque_schemas::tables::held_out::{self, HeldOutRow};
use lapicque_schemas::tables::metrics::MetricsRow;
use lapicque_schemas::{Column, TableSchema, sample_field};

use super::training_rows::TrainingRows;

/// Samples as labels where these are read: there are no positions then.
pub(super) fn held_out_schema(by_label: bool) -> TableSchema {
    let schema = held_out::schema();
    if !by_label {
        return schema;
    }
    let field = |f: &Field| if f.name() == "sample" { sample_field() } else { f.clone() };
    let fields: Vec<Field> = schema.arrow.fields().iter().map(|f| field(f)).collect();
    TableSchema { arrow: Arc::new(Schema::new(fields)), ..schema }
}

pub(super) fn held_out_rows<'a>(
    rows: &'a TrainingRows,
    validated: Option<&'a CrossValidation>,
    targets: &'a [String],
) -> Vec<HeldOutRow<'a>> {
    let held_out = validated.into_iter().flat_map(|validated| validated.held_out(&rows.data));
    let row = |held_out: lapicque_inverse::HeldOut| {
        let key = &rows.keys[held_out.row];
        HeldOutRow {
            sample: key.sample,
            channel: &key.channel,
            epoch: key.epoch,
            target: &targets[held_out.target],
            fold: number(held_out.fold),
            repeat: number(held_out.repeat),
            truth: held_out.truth,
            predicted: held_out.predicted,
        }
    };
    held_out.map(row).collect()
}

/// By fold, then pooled; without a validation the pooled rows say that nothing was held out.
pub(super) fn metrics_rows(
    rows: &TrainingRows,
    validated: Option<&CrossValidation>,
    targets: &[String],
) -> Vec<MetricsRow> {
    let missing_samples = rows.missing_samples;
    let Some(validated) = validated else {
        let none = |target: &String| MetricsRow {
            target: target.clone(),
            repeat: None,
            fold: None,
            n: 0,
            mse: f64::NAN,
            mae: f64::NAN,
            r2: f64::NAN,
            missing_samples,
        };
        return targets.iter().map(none).collect();
    };
    let row = |metric: &Metric| MetricsRow {
        target: targets[metric.target].clone(),
        repeat: metric.split.map(|split| number(split.repeat)),
        fold: metric.split.map(|split| number(split.fold)),
        n: u32::try_from(metric.rows).unwrap_or(u32::MAX),
        mse: metric.mse,
        mae: metric.mae,
        r2: metric.r2,
        missing_samples,
    };
    validated.metrics.iter().chain(&validated.pooled).map(row).collect()
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn number_column(name: &str, description: &str) -> Column {
    Column::new(name, DataType::Float64, description)
}

fn of_split() -> [Column; 3] {
    [
        Column::new("target", DataType::Utf8, "parameter"),
        Column::new("repeat", DataType::Int32, "repeat of the splitting"),
        Column::new("fold", DataType::Int32, "fold that was held out"),
    ]
}

fn errors() -> [Column; 4] {
    [
        Column::new("n", DataType::UInt32, "held-out predictions"),
        number_column("mse", "mean squared error, in the squared unit of the target"),
        number_column("mae", "mean absolute error, in the unit of the target"),
        number_column(
            "r2",
            "1 for right predictions, 0 for no better than the mean; NaN where the true values do not vary",
        ),
    ]
}

/// Columns of [`errors`] of several metrics.
fn errors_of(metrics: &[Metric]) -> [ArrayRef; 4] {
    let floats = |of: fn(&Metric) -> f64| Arc::new(Float64Array::from_iter_values(metrics.iter().map(of))) as ArrayRef;
    let counts = metrics.iter().map(|metric| u32::try_from(metric.rows).unwrap_or(u32::MAX));
    [Arc::new(UInt32Array::from_iter_values(counts)), floats(|m| m.mse), floats(|m| m.mae), floats(|m| m.r2)]
}

fn of_splits(metrics: &[Metric], targets: &[String]) -> [ArrayRef; 3] {
    let split = |metric: &Metric| metric.split.map_or((-1, -1), |split| (number(split.repeat), number(split.fold)));
    [
        Arc::new(StringArray::from_iter_values(metrics.iter().map(|metric| targets[metric.target].as_str()))),
        Arc::new(Int32Array::from_iter_values(metrics.iter().map(|metric| split(metric).0))),
        Arc::new(Int32Array::from_iter_values(metrics.iter().map(|metric| split(metric).1))),
    ]
}

/// **candidates**: how each candidate of a search did on each split.
pub(super) fn candidates_schema() -> TableSchema {
    let head = [
        Column::new("candidate", DataType::Int32, "number of the candidate, from 1"),
        Column::new("estimator", DataType::Utf8, "the estimator with its parameters, as JSON"),
        number_column("score", "what the best has least of, over all splits"),
        Column::new("best", DataType::Boolean, "whether it was taken"),
    ];
    let columns = head.into_iter().chain(of_split()).chain(errors());
    TableSchema::new("candidates", &["candidate", "target", "repeat", "fold"], columns)
}

pub(super) fn candidates(
    compared: &Comparison,
    estimators: &[AnyEstimator],
    targets: &[String],
) -> Result<RecordBatch, ArrowError> {
    let metrics = compared.metrics.concat();
    let of_row: Vec<usize> =
        compared.metrics.iter().enumerate().flat_map(|(n, metrics)| std::iter::repeat_n(n, metrics.len())).collect();
    let written: Vec<String> =
        estimators.iter().map(|estimator| serde_json::to_string(estimator).unwrap_or_default()).collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(of_row.iter().map(|&n| number(n + 1)))),
        Arc::new(StringArray::from_iter_values(of_row.iter().map(|&n| written[n].as_str()))),
        Arc::new(Float64Array::from_iter_values(of_row.iter().map(|&n| compared.scores[n]))),
        Arc::new(BooleanArray::from_iter(of_row.iter().map(|&n| Some(n == compared.best)))),
    ];
    columns.extend(of_splits(&metrics, targets));
    columns.extend(errors_of(&metrics));
    RecordBatch::try_new(candidates_schema().arrow, columns)
}

/// **losses**: how a training that goes step by step went.
pub(super) fn losses_schema() -> TableSchema {
    TableSchema::new(
        "losses",
        &["member", "epoch"],
        [
            Column::new("member", DataType::Int32, "member of the ensemble, from 1"),
            Column::new("epoch", DataType::Int32, "pass over the training rows, from 1"),
            number_column("training", "mean loss per training row"),
            number_column("validation", "mean loss per row that was set aside; NaN where none was"),
        ],
    )
}

pub(super) fn losses(losses: &[Loss]) -> Result<RecordBatch, ArrowError> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int32Array::from_iter_values(losses.iter().map(|loss| number(loss.member + 1)))),
        Arc::new(Int32Array::from_iter_values(losses.iter().map(|loss| number(loss.epoch)))),
        Arc::new(Float64Array::from_iter_values(losses.iter().map(|loss| loss.training))),
        Arc::new(Float64Array::from_iter_values(losses.iter().map(|loss| loss.validation))),
    ];
    RecordBatch::try_new(losses_schema().arrow, columns)
}

/// **learning_curve**: how the error falls with the number of samples that are trained on.
pub(super) fn learning_curve_schema() -> TableSchema {
    let head = [
        number_column("fraction", "part of the training samples of a split"),
        Column::new("samples", DataType::UInt32, "samples that were trained on"),
    ];
    let columns = head.into_iter().chain(of_split()).chain(errors());
    TableSchema::new("learning_curve", &["fraction", "target", "repeat", "fold"], columns)
}

pub(super) fn learning_curve(points: &[LearningPoint], targets: &[String]) -> Result<RecordBatch, ArrowError> {
    let metrics: Vec<Metric> = points.iter().map(|point| point.metric).collect();
    let samples = points.iter().map(|point| u32::try_from(point.samples).unwrap_or(u32::MAX));
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from_iter_values(points.iter().map(|point| point.fraction))),
        Arc::new(UInt32Array::from_iter_values(samples)),
    ];
    columns.extend(of_splits(&metrics, targets));
    columns.extend(errors_of(&metrics));
    RecordBatch::try_new(learning_curve_schema().arrow, columns)
}
