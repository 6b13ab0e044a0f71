//! Rows of features with what the groups say of their sample.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use lapicque_pipeline::{Batch, SampleError};

use super::columns::{CHANNEL, EPOCH, FEATURES, GROUPS, SAMPLE, Source, Values};

/// The rows of both tables of one call.
pub(super) struct Rows<'a> {
    features: &'a RecordBatch,
    groups: Option<&'a RecordBatch>,
    /// The sample of each row of features: its label or position; empty where rows do not say.
    samples: Vec<String>,
    /// The row of the groups of each row of features.
    of_groups: Vec<Option<usize>>,
    /// Whether samples are called by their labels.
    by_label: bool,
}

/// The values of one channel and column.
pub(super) struct Series {
    pub(super) channel: String,
    pub(super) value: String,
    /// Row of features and number, which is finite.
    pub(super) numbers: Vec<(usize, f64)>,
    /// How many others there were.
    pub(super) undefined: usize,
}

impl<'a> Rows<'a> {
    /// # Errors
    /// No rows, or a sample with two rows of groups.
    pub(super) fn read(
        batch: &'a Batch,
        sample: usize,
        by_label: bool,
        notes: &mut Vec<String>,
    ) -> Result<Self, SampleError> {
        let features = batch.table(sample, FEATURES).ok_or_else(|| SampleError::internal("no input `features`"))?;
        if features.num_rows() == 0 {
            return Err(SampleError::input("the features have no rows, so there is nothing to compare"));
        }
        let groups = batch.table(sample, GROUPS);
        let samples = match features.column_by_name(SAMPLE) {
            Some(_) => labels(features)?,
            None => vec![String::new(); features.num_rows()],
        };
        let mut row_of: BTreeMap<String, usize> = BTreeMap::new();
        for (row, label) in groups.map(labels).transpose()?.unwrap_or_default().into_iter().enumerate() {
            if row_of.insert(label.clone(), row).is_some() {
                return Err(about(&label, by_label, |sample| {
                    format!("{sample} has more than one row of groups; one is allowed")
                }));
            }
        }
        let of_groups: Vec<Option<usize>> = samples.iter().map(|sample| row_of.get(sample).copied()).collect();
        if groups.is_some() {
            let with_rows: BTreeSet<&String> = samples.iter().collect();
            let of_none = with_rows.iter().filter(|sample| !row_of.contains_key(**sample)).count();
            let without = row_of.keys().filter(|sample| !with_rows.contains(sample)).count();
            if of_none == with_rows.len() {
                return Err(SampleError::input(format!(
                    "no sample has both features and a row of groups ({} samples with features, {} with groups)",
                    with_rows.len(),
                    row_of.len()
                )));
            }
            if of_none > 0 {
                notes.push(format!("{of_none} samples of the features have no row of groups: they are left out"));
            }
            if without > 0 {
                notes.push(format!("{without} samples of the groups have no features"));
            }
        }
        Ok(Self { features, groups, samples, of_groups, by_label })
    }

    /// Number of rows of features.
    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    /// The label or position of the sample of a row.
    pub(super) fn sample(&self, row: usize) -> &str {
        &self.samples[row]
    }

    /// A message about the sample of a row.
    pub(super) fn error(&self, row: usize, message: impl FnOnce(&str) -> String) -> SampleError {
        about(&self.samples[row], self.by_label, message)
    }

    /// A column as text, for each row of features; none where there is no value.
    pub(super) fn texts(&self, source: &Source) -> Result<Vec<Option<String>>, SampleError> {
        if source.name == SAMPLE {
            return Ok(self.samples.iter().cloned().map(Some).collect());
        }
        let table = self.table(source)?;
        let column = column(table, &source.name)?;
        let texts: Vec<Option<String>> = if column.data_type().is_floating() {
            numbers(table, &source.name)?.into_iter().map(|value| (!value.is_nan()).then(|| level(value))).collect()
        } else {
            let text = cast(column, &DataType::Utf8).map_err(SampleError::input)?;
            let text =
                text.as_string_opt::<i32>().ok_or_else(|| SampleError::internal("a cast to text gave no text"))?;
            text.iter().map(|value| value.filter(|text| !text.is_empty()).map(str::to_owned)).collect()
        };
        Ok(self.by_row(source, |row| texts[row].clone()))
    }

    /// A column of numbers, for each row of features; NaN where there is no value.
    pub(super) fn numbers(&self, source: &Source) -> Result<Vec<f64>, SampleError> {
        let numbers = numbers(self.table(source)?, &source.name)?;
        Ok(self.by_row(source, |row| Some(numbers[row])).into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
    }

    /// The values by channel, unless the channels are `together`, and column.
    pub(super) fn series(&self, values: &Values, together: bool, drop_zeros: bool) -> Result<Vec<Series>, SampleError> {
        let texts = |name: &str| self.texts(&Source { port: FEATURES, name: name.to_owned(), is_number: false });
        let channels = match self.features.column_by_name(CHANNEL) {
            Some(_) if !together => texts(CHANNEL)?,
            _ => vec![None; self.len()],
        };
        let default = if together { "" } else { "0" };
        let splits = values.split.as_ref().map(|name| texts(name)).transpose()?;
        let mut series: BTreeMap<(String, usize, String), Series> = BTreeMap::new();
        for (number, name) in values.columns.iter().enumerate() {
            for (row, value) in numbers(self.features, name)?.into_iter().enumerate() {
                if self.groups.is_some() && self.of_groups[row].is_none() || drop_zeros && value == 0.0 {
                    continue;
                }
                let channel = channels[row].clone().unwrap_or_else(|| default.to_owned());
                let split = splits.as_ref().map(|splits| splits[row].clone().unwrap_or_default());
                let of = (channel.clone(), number, split.clone().unwrap_or_default());
                let called = match split {
                    None => name.clone(),
                    Some(split) if values.columns.len() == 1 => split,
                    Some(split) => format!("{split}.{name}"),
                };
                let series = series.entry(of).or_insert_with(|| Series {
                    channel,
                    value: called,
                    numbers: Vec::new(),
                    undefined: 0,
                });
                if value.is_finite() {
                    series.numbers.push((row, value));
                } else {
                    series.undefined += 1;
                }
            }
        }
        Ok(series.into_values().collect())
    }

    /// Epochs, 0 where there are none.
    pub(super) fn epochs(&self) -> Result<Vec<f64>, SampleError> {
        match self.features.column_by_name(EPOCH) {
            Some(_) => numbers(self.features, EPOCH),
            None => Ok(vec![0.0; self.len()]),
        }
    }

    fn table(&self, source: &Source) -> Result<&'a RecordBatch, SampleError> {
        let table = if source.port == GROUPS { self.groups } else { Some(self.features) };
        table.ok_or_else(|| SampleError::internal(format!("no input `{}`", source.port)))
    }

    fn by_row<T>(&self, source: &Source, value: impl Fn(usize) -> Option<T>) -> Vec<Option<T>> {
        let row = |row: usize| if source.port == GROUPS { self.of_groups[row] } else { Some(row) };
        (0..self.len()).map(|of_features| row(of_features).and_then(&value)).collect()
    }
}

/// Values that are no numbers, told of together.
pub(super) fn undefined_note(series: &[Series]) -> Option<String> {
    let all: usize = series.iter().map(|series| series.undefined).sum();
    let mut of_value: BTreeMap<&str, usize> = BTreeMap::new();
    for series in series.iter().filter(|series| series.undefined > 0) {
        *of_value.entry(&series.value).or_default() += series.undefined;
    }
    let shown: Vec<String> = of_value.iter().take(5).map(|(name, count)| format!("`{name}`: {count}")).collect();
    let more = if of_value.len() > 5 { format!(", and {} more", of_value.len() - 5) } else { String::new() };
    (all > 0)
        .then(|| format!("{all} values that are missing, NaN or infinite are left out ({}{more})", shown.join(", ")))
}

/// A number as the name of a level: 30, not 30.0.
pub(super) fn level(value: f64) -> String {
    let value = if value == 0.0 { 0.0 } else { value };
    value.to_string()
}

fn about(label: &str, by_label: bool, message: impl FnOnce(&str) -> String) -> SampleError {
    match label.parse() {
        Ok(position) if !by_label => SampleError::input(message("a sample")).about(position),
        _ => SampleError::input(message(&format!("sample `{label}`"))),
    }
}

fn labels(table: &RecordBatch) -> Result<Vec<String>, SampleError> {
    let text = cast(column(table, SAMPLE)?, &DataType::Utf8).map_err(SampleError::input)?;
    let text = text.as_string_opt::<i32>().ok_or_else(|| SampleError::internal("a cast to text gave no text"))?;
    Ok(text.iter().map(|label| label.unwrap_or_default().to_owned()).collect())
}

fn column<'a>(table: &'a RecordBatch, name: &str) -> Result<&'a arrow_array::ArrayRef, SampleError> {
    table.column_by_name(name).ok_or_else(|| SampleError::internal(format!("no column `{name}`")))
}

fn numbers(table: &RecordBatch, name: &str) -> Result<Vec<f64>, SampleError> {
    let numbers = cast(column(table, name)?, &DataType::Float64).map_err(SampleError::input)?;
    let numbers = numbers.as_primitive_opt::<Float64Type>().ok_or_else(|| SampleError::internal("no numbers"))?;
    Ok((0..numbers.len()).map(|row| if numbers.is_null(row) { f64::NAN } else { numbers.value(row) }).collect())
}
