//! Tables that `pointprocess.connectivity` gives.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use lapicque_pipeline::SampleError;
use lapicque_pointprocess::connectivity::{Correlograms, Scores, Sums};
use lapicque_schemas::tables::FREE;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::{Column, TableSchema};

use super::connectivity_input::PairSums;
use super::connectivity_measures::Pairs;

/// Sums of trials of pairs, which may be added over recordings.
pub(super) fn sums_schema() -> TableSchema {
    let mut columns = vec![
        Column::new("presynaptic", DataType::UInt32, "neuron that sends, from 0 over all populations"),
        Column::new("postsynaptic", DataType::UInt32, "neuron that receives, from 0 over all populations"),
    ];
    let sum = |name: &&str| Column::new(name, DataType::Int64, "trials; may be added over recordings");
    columns.extend(Sums::NAMES.iter().map(sum));
    TableSchema::new(FREE, &["presynaptic", "postsynaptic"], columns)
}

pub(super) fn sums_table(sums: &PairSums) -> Result<RecordBatch, SampleError> {
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(sums.keys().map(|(source, _)| *source as u32))),
        Arc::new(UInt32Array::from_iter_values(sums.keys().map(|(_, target)| *target as u32))),
    ];
    for place in 0..Sums::NAMES.len() {
        let values = sums.values().map(|sums| sums.values()[place] as i64);
        columns.push(Arc::new(Int64Array::from_iter_values(values)));
    }
    RecordBatch::try_new(sums_schema().arrow, columns).map_err(SampleError::internal)
}

pub(super) fn pairs_table(
    schema: &TableSchema,
    pairs: &Pairs,
    labels: &[String],
    columns: Vec<Vec<f64>>,
) -> Result<RecordBatch, SampleError> {
    let text = |of: fn((usize, usize, usize)) -> usize| -> ArrayRef {
        let names: Vec<&str> = pairs.each().map(|pair| labels[of(pair)].as_str()).collect();
        Arc::new(StringArray::from(names))
    };
    let epochs = Int32Array::from_iter_values(pairs.each().map(|_| 0));
    let mut arrays: Vec<ArrayRef> = vec![text(|pair| pair.1), text(|pair| pair.2), Arc::new(epochs)];
    arrays.extend(columns.into_iter().map(|column| Arc::new(Float64Array::from(column)) as ArrayRef));
    RecordBatch::try_new(schema.arrow.clone(), arrays).map_err(SampleError::internal)
}

/// A signal for each pair: the count at each lag, which is the time of the signal.
pub(super) fn correlograms_table(
    found: &Correlograms,
    pairs: &Pairs,
    labels: &[String],
    bin_ms: f64,
) -> Result<RecordBatch, SampleError> {
    let signal = |(place, source, target): (usize, usize, usize)| Signal {
        channel: Cow::Owned(format!("{}->{}", labels[source], labels[target])),
        epoch: 0,
        t0_ms: found.lags().from as f64 * bin_ms,
        dt_ms: bin_ms,
        unit: Cow::Borrowed("1"),
        values: found.counts(place, target).iter().map(|count| *count as f64).collect(),
    };
    signals::write_owned(pairs.each().map(signal).collect()).map_err(SampleError::input)
}

pub(super) fn scores_schema() -> TableSchema {
    let float = |name, description| Column::new(name, DataType::Float64, description);
    let columns = [
        Column::new("measure", DataType::Utf8, "column of the table of pairs"),
        float("correlation", "Pearson's correlation of estimates and weights"),
        float("auroc", "probability that a connected pair has a larger estimate than one that is not"),
        float("average_precision", "area under precision over recall"),
        float("error_through_origin", "of a line through the origin, 0 to 1; 0 is best"),
        Column::new("pairs", DataType::Int64, "pairs that were scored"),
        Column::new("undefined", DataType::Int64, "pairs that were left out, as their estimate is undefined"),
    ];
    TableSchema::new(FREE, &["measure"], columns)
}

pub(super) fn scores_table(scores: &[(&str, Scores)]) -> Result<RecordBatch, SampleError> {
    let float = |of: fn(&Scores) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(scores.iter().map(|(_, scores)| of(scores))))
    };
    let count = |of: fn(&Scores) -> usize| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(scores.iter().map(|(_, scores)| of(scores) as i64)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(scores.iter().map(|(measure, _)| measure))),
        float(|scores| scores.correlation),
        float(|scores| scores.auroc),
        float(|scores| scores.average_precision),
        float(|scores| scores.error_through_origin),
        count(|scores| scores.pairs),
        count(|scores| scores.undefined),
    ];
    RecordBatch::try_new(scores_schema().arrow, columns).map_err(SampleError::internal)
}
