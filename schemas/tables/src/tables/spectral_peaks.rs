//! **spectral_peaks**: the peaks of spectra over their aperiodic component, a row each.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the signal or spectrum |
//! | peak | Int32 | | number of the peak, from 0, in the order of frequencies |
//! | center_frequency_hz | Float64 | Hz | |
//! | power | Float64 | | over the aperiodic component, log10 of power |
//! | bandwidth_hz | Float64 | Hz | two standard deviations of the peak |
//!
//! Key: sample, channel, epoch, peak.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use arrow_schema::DataType;

use super::TableError;
use crate::schema::{Column, TableSchema};

pub const TABLE: &str = "spectral_peaks";

#[derive(Debug, Clone, PartialEq)]
pub struct SpectralPeak {
    pub channel: String,
    pub epoch: i32,
    pub peak: i32,
    pub center_frequency_hz: f64,
    pub power: f64,
    pub bandwidth_hz: f64,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["channel", "epoch", "peak"],
        [
            Column::new("channel", DataType::Utf8, "channel of the signal or spectrum"),
            Column::new("epoch", DataType::Int32, "epoch of the signal or spectrum"),
            Column::new("peak", DataType::Int32, "number of the peak, in the order of frequencies"),
            Column::new("center_frequency_hz", DataType::Float64, "centre of the peak").unit("Hz"),
            Column::new("power", DataType::Float64, "over the aperiodic component, log10 of power"),
            Column::new("bandwidth_hz", DataType::Float64, "two standard deviations of the peak").unit("Hz"),
        ],
    )
}

pub fn write(peaks: &[SpectralPeak]) -> Result<RecordBatch, TableError> {
    let numbers =
        |of: fn(&SpectralPeak) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(peaks.iter().map(of))) };
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(peaks.iter().map(|peak| &peak.channel))),
            Arc::new(Int32Array::from_iter_values(peaks.iter().map(|peak| peak.epoch))),
            Arc::new(Int32Array::from_iter_values(peaks.iter().map(|peak| peak.peak))),
            numbers(|peak| peak.center_frequency_hz),
            numbers(|peak| peak.power),
            numbers(|peak| peak.bandwidth_hz),
        ],
    )?)
}
