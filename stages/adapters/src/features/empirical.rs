//! Functional connectivity that a model is compared with: tables of pairs or of signals, one or more data sets in each.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::connectivity::pairs;
use lapicque_signal::functional_connectivity::fc;

use super::connectivity::Recording;

/// Upper triangles of a data set, its nodes in the order of the model's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Empirical {
    pub(super) fc: Vec<f64>,
    /// Of signals alone, and empty from pairs.
    pub(super) fcd: Vec<f64>,
}

/// By pair, its names in alphabetical order.
type Correlations<'a> = BTreeMap<(&'a str, &'a str), f64>;

/// A data set per sample and epoch of the pairs, whose correlations are in a column.
pub(super) fn of_pairs(table: &RecordBatch, column: &str, channels: &[&str]) -> Result<Vec<Empirical>, SampleError> {
    let samples = labels(table)?;
    let (one, other) = (texts(table, "channel")?, texts(table, "other")?);
    let epochs = texts(table, "epoch").unwrap_or_else(|_| vec![String::new(); table.num_rows()]);
    let values = table.column_by_name(column).ok_or_else(|| refused(format!("it has no column `{column}`")))?;
    let values = arrow_cast::cast(values, &DataType::Float64).map_err(|error| refused(error.to_string()))?;
    let values = values.as_primitive::<Float64Type>();
    let mut sets: BTreeMap<(&str, &str), Correlations<'_>> = BTreeMap::new();
    for row in 0..table.num_rows() {
        let set = sets.entry((&samples[row], &epochs[row])).or_default();
        let pair = ordered(&one[row], &other[row]);
        let value = if arrow_array::Array::is_null(values, row) { f64::NAN } else { values.value(row) };
        if one[row] != other[row] && set.insert(pair, value).is_some_and(|before| before.to_bits() != value.to_bits()) {
            return Err(refused(format!("the pair {} and {} has two values", pair.0, pair.1)));
        }
    }
    let of_set = |set: Correlations<'_>| {
        let value = |(i, j): (usize, usize)| {
            let (one, other) = ordered(channels[i], channels[j]);
            set.get(&(one, other)).copied().ok_or_else(|| {
                refused(format!("it has no pair {one} and {other}; it must have each pair of channels of the signals"))
            })
        };
        let fc = pairs(channels.len()).into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
        Ok(Empirical { fc, fcd: Vec::new() })
    };
    sets.into_values().map(of_set).collect()
}

/// A data set per sample and epoch of the signals.
pub(super) fn of_signals(
    table: &RecordBatch,
    channels: &[&str],
    fcd: impl Fn(&[&[f64]], f64) -> Result<Vec<f64>, SampleError>,
) -> Result<Vec<Empirical>, SampleError> {
    let samples = labels(table)?;
    let mut by_sample: BTreeMap<String, Vec<Signal<'_>>> = BTreeMap::new();
    for (sample, signal) in samples.into_iter().zip(signals::read(table).map_err(SampleError::input)?) {
        by_sample.entry(sample).or_default().push(signal);
    }
    let mut sets = Vec::new();
    for signals in by_sample.values() {
        let recording = Recording::of(signals)?;
        let place = |channel: &&str| {
            recording.channels.iter().position(|own| own == channel).ok_or_else(|| {
                refused(format!("it has no channel {channel}; it must have each channel of the signals"))
            })
        };
        let places = channels.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        for epoch in &recording.epochs {
            let nodes: Vec<&[f64]> = places.iter().map(|place| epoch[*place]).collect();
            sets.push(Empirical { fc: fc(&nodes), fcd: fcd(&nodes, recording.rate_hz)? });
        }
    }
    Ok(sets)
}

fn ordered<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    if one <= other { (one, other) } else { (other, one) }
}

fn refused(message: String) -> SampleError {
    SampleError::input(format!("`empirical`: {message}"))
}

fn labels(table: &RecordBatch) -> Result<Vec<String>, SampleError> {
    match table.column_by_name("sample") {
        Some(_) => texts(table, "sample"),
        None => Ok(vec![String::new(); table.num_rows()]),
    }
}

fn texts(table: &RecordBatch, column: &str) -> Result<Vec<String>, SampleError> {
    let values = table.column_by_name(column).ok_or_else(|| refused(format!("it has no column `{column}`")))?;
    let values = arrow_cast::cast(values, &DataType::Utf8).map_err(|error| refused(error.to_string()))?;
    Ok(values.as_string::<i32>().iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}
