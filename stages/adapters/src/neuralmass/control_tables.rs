//! What `neuralmass.optimal_control` gives as tables.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::DataType;
use lapicque_neuralmass::control::Iteration;
use lapicque_schemas::tables::TableError;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::{Column, TableSchema};

pub(super) fn costs_schema() -> TableSchema {
    let whole = |name: &str, meaning: &str| Column::new(name, DataType::Int64, meaning);
    let real = |name: &str, meaning: &str| Column::new(name, DataType::Float64, meaning);
    TableSchema::new(
        "table",
        &["iteration"],
        [
            whole("iteration", "number of the iteration; 0 is the begin"),
            real("cost", "precision + energy + sparsity, after it"),
            real("precision", "weighted square distance from the target, integrated over ms, mean over realisations"),
            real("energy", "weighted square of the control, integrated over ms"),
            real("sparsity", "weighted sum of the roots of these integrals over inputs and nodes"),
            real("gradient", "root of the square of the gradient, integrated over ms, after it"),
            real("step", "by what gradient or direction were multiplied; 0 for the begin"),
            whole("runs", "runs of all realisations that the search for the step took"),
        ],
    )
}

pub(super) fn costs(history: &[Iteration]) -> Result<RecordBatch, TableError> {
    let real =
        |of: fn(&Iteration) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(history.iter().map(of))) };
    let whole = |values: Vec<usize>| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values.into_iter().map(|value| value as i64)))
    };
    Ok(RecordBatch::try_new(
        costs_schema().arrow,
        vec![
            whole((0..history.len()).collect()),
            real(|iteration| iteration.costs.total()),
            real(|iteration| iteration.costs.precision),
            real(|iteration| iteration.costs.energy),
            real(|iteration| iteration.costs.sparsity),
            real(|iteration| iteration.gradient),
            real(|iteration| iteration.step),
            whole(history.iter().map(|iteration| iteration.tries).collect()),
        ],
    )?)
}

/// Signals of all nodes; `values` of each realisation are `[node * steps + step]`.
pub(super) fn of_nodes(
    labels: &[String],
    unit: &str,
    (t0_ms, dt_ms): (f64, f64),
    values: &[&[f64]],
) -> Result<RecordBatch, TableError> {
    let signal = |(epoch, label): (usize, &String)| Signal {
        channel: label.clone().into(),
        epoch: epoch as i32,
        t0_ms,
        dt_ms,
        unit: unit.to_owned().into(),
        values: Vec::new().into(),
    };
    let epochs = (0..values.len()).flat_map(|epoch| labels.iter().map(move |label| (epoch, label)));
    let rows: Vec<Signal<'_>> = epochs.map(signal).collect();
    let all = values.concat();
    let length = all.len() / rows.len().max(1);
    signals::write_joined(&rows, &vec![length; rows.len()], all)
}
