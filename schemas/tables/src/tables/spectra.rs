//! **spectra**: power over frequency, a spectrum per signal.
//!
//! | column | type | unit | meaning |
//! |---|---|---|---|
//! | channel, epoch | Utf8, Int32 | | of the signal |
//! | unit | Utf8 | | unit of `power`, e.g. `uV^2/Hz` |
//! | frequencies_hz | List(Float64) | Hz | where the spectrum is known, rising |
//! | power | List(Float64) | see `unit` | at each of `frequencies_hz`; as many |
//!
//! Key: sample, channel, epoch.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::builder::{Float64Builder, ListBuilder};
use arrow_array::{ArrayRef, Int32Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field};

use super::columns::{list_column, narrow_column};
use super::{TableError, text_column};
use crate::schema::{Column, TableSchema, list_of};

pub const TABLE: &str = "spectra";

/// The spectrum of one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum<'a> {
    pub channel: Cow<'a, str>,
    pub epoch: i32,
    /// Of `power`.
    pub unit: Cow<'a, str>,
    pub frequencies_hz: Cow<'a, [f64]>,
    pub power: Cow<'a, [f64]>,
}

pub fn schema() -> TableSchema {
    TableSchema::new(
        TABLE,
        &["channel", "epoch"],
        [
            Column::new("channel", DataType::Utf8, "channel of the signal"),
            Column::new("epoch", DataType::Int32, "epoch of the signal"),
            Column::new("unit", DataType::Utf8, "unit of the power"),
            Column::new("frequencies_hz", list_of(DataType::Float64), "where the spectrum is known, rising").unit("Hz"),
            Column::new("power", list_of(DataType::Float64), "at each of the frequencies"),
        ],
    )
}

pub fn write(spectra: &[Spectrum<'_>]) -> Result<RecordBatch, TableError> {
    let lists = |of: &dyn Fn(&Spectrum<'_>) -> Vec<f64>| -> ArrayRef {
        let item = Arc::new(Field::new("item", DataType::Float64, false));
        let mut lists = ListBuilder::new(Float64Builder::new()).with_field(item);
        for spectrum in spectra {
            lists.values().append_slice(&of(spectrum));
            lists.append(true);
        }
        Arc::new(lists.finish())
    };
    Ok(RecordBatch::try_new(
        schema().arrow,
        vec![
            Arc::new(StringArray::from_iter_values(spectra.iter().map(|s| &s.channel))),
            Arc::new(Int32Array::from_iter_values(spectra.iter().map(|s| s.epoch))),
            Arc::new(StringArray::from_iter_values(spectra.iter().map(|s| &s.unit))),
            lists(&|spectrum| spectrum.frequencies_hz.to_vec()),
            lists(&|spectrum| spectrum.power.to_vec()),
        ],
    )?)
}

/// Spectra of files need not tell channel, epoch and unit: they are channel `0`, epoch 0, and of no unit.
pub fn read(batch: &RecordBatch) -> Result<Vec<Spectrum<'_>>, TableError> {
    let there = |name: &str| batch.column_by_name(name).is_some();
    let text = |name: &str| there(name).then(|| text_column(TABLE, batch, name)).transpose();
    let (channel, unit) = (text("channel")?, text("unit")?);
    let epoch: Vec<i32> = match there("epoch") {
        true => narrow_column(TABLE, batch, "epoch")?,
        false => vec![0; batch.num_rows()],
    };
    let frequencies = list_column(TABLE, batch, "frequencies_hz")?;
    let power = list_column(TABLE, batch, "power")?;
    let spectra = frequencies.into_iter().zip(power).enumerate().map(|(row, (frequencies_hz, power))| {
        if frequencies_hz.len() != power.len() {
            return Err(TableError::Lengths {
                row: row + 1,
                columns: ("frequencies_hz", "power"),
                lengths: (frequencies_hz.len(), power.len()),
            });
        }
        let channel = channel.as_ref().map_or("0", |channel| channel.value(row)).to_owned().into();
        let unit = unit.as_ref().map_or("", |unit| unit.value(row)).to_owned().into();
        Ok(Spectrum { channel, epoch: epoch[row], unit, frequencies_hz, power })
    });
    spectra.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn spectra_are_read_as_they_were_written_and_have_a_power_for_each_frequency() {
        let spectrum = |channel: &'static str, frequencies_hz: Vec<f64>, power: Vec<f64>| Spectrum {
            channel: channel.into(),
            epoch: 3,
            unit: "uV^2/Hz".into(),
            frequencies_hz: frequencies_hz.into(),
            power: power.into(),
        };
        let spectra = [spectrum("Cz", vec![0.0, 0.5], vec![2.0, f64::INFINITY]), spectrum("Pz", vec![], vec![])];
        assert_eq!(read(&write(&spectra).unwrap()).unwrap(), spectra);
        let bare = write(&spectra[..1]).unwrap().project(&[3, 4]).unwrap();
        let bare = read(&bare).unwrap();
        assert_eq!((&*bare[0].channel, bare[0].epoch, &*bare[0].unit), ("0", 0, ""));
        let uneven = write(&[spectra[0].clone(), spectrum("Pz", vec![1.0, 2.0], vec![1.0])]).unwrap();
        let message = read(&uneven).unwrap_err().to_string();
        assert_eq!(message, "row 2 has 2 values in `frequencies_hz` and 1 in `power`; as many are due");
    }
}
