//! Rows of features with the targets of their sample.

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use lapicque_inverse::{Target, TrainingData};
use lapicque_pipeline::SampleError;
use lapicque_schemas::tables::{TableError, features, float_column, int_column, parameters, text_column};
use ndarray::Array2;

const SAMPLE: &str = "sample";

/// What a model is trained on.
pub(super) struct TrainingRows {
    pub(super) data: TrainingData,
    /// Of each row.
    pub(super) keys: Vec<RowKey>,
    /// Labels of samples, where [`RowKey::sample`] counts these.
    pub(super) labels: Option<Vec<String>>,
    /// Samples that have features or parameters, but not both.
    pub(super) missing_samples: u32,
}

pub(super) struct RowKey {
    pub(super) sample: u32,
    pub(super) channel: String,
    pub(super) epoch: i32,
}

/// Joins features and parameters by sample. `by_label`: samples have labels; otherwise positions.
pub(super) fn training_rows(
    features: &RecordBatch,
    parameters: &RecordBatch,
    names: &[String],
    targets: &[Target],
    by_label: bool,
) -> Result<TrainingRows, SampleError> {
    let (of_features, of_parameters, labels) = match by_label {
        true => labelled(features, parameters)?,
        false => (positions(features::TABLE, features)?, positions(parameters::TABLE, parameters)?, None),
    };
    let mut row_of_sample: BTreeMap<u32, usize> = BTreeMap::new();
    for (row, &sample) in of_parameters.iter().enumerate() {
        if row_of_sample.insert(sample, row).is_some() {
            let name = labels
                .as_ref()
                .and_then(|labels| labels.get(sample as usize))
                .map(|label| format!("`{label}` "))
                .unwrap_or_default();
            return Err(SampleError::input(format!("a sample {name}has more than one row of parameters; one is due")));
        }
    }
    let with_features: BTreeSet<u32> = of_features.iter().copied().collect();
    let common: Vec<u32> = with_features.iter().copied().filter(|sample| row_of_sample.contains_key(sample)).collect();
    let missing = with_features.len() + row_of_sample.len() - 2 * common.len();
    if common.is_empty() {
        return Err(SampleError::input(format!(
            "no sample has both features and parameters ({} samples with features, {} with parameters)",
            with_features.len(),
            row_of_sample.len()
        )));
    }
    let mut rows: Vec<usize> =
        (0..of_features.len()).filter(|&row| row_of_sample.contains_key(&of_features[row])).collect();
    rows.sort_by_key(|&row| of_features[row]);

    let channels = features::keys(features).map_err(SampleError::input)?;
    let keys: Vec<RowKey> = rows
        .iter()
        .map(|&row| RowKey { sample: of_features[row], channel: channels[row].0.clone(), epoch: channels[row].1 })
        .collect();
    let feature_columns = columns(features::TABLE, features, names)?;
    for (name, column) in names.iter().zip(&feature_columns) {
        let undefined: Vec<usize> = (0..rows.len()).filter(|&i| !column[rows[i]].is_finite()).collect();
        if let Some(&first) = undefined.first() {
            let RowKey { sample, channel, epoch } = &keys[first];
            let label = labels.as_ref().and_then(|labels| labels.get(*sample as usize));
            let sample = label.map_or_else(|| format!("row {}", rows[first]), |label| format!("sample `{label}`"));
            return Err(SampleError::input(format!(
                "feature `{name}` is {} in {} of {} rows, first in {sample}, channel {channel}, epoch {epoch}; name the `features` to use \
                 without it, or leave such rows out by a stage of kind `sql` before (WHERE NOT isnan({name}))",
                column[rows[first]],
                undefined.len(),
                rows.len()
            )));
        }
    }
    let target_names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
    let target_columns = columns(parameters::TABLE, parameters, &target_names)?;
    let x = Array2::from_shape_fn((rows.len(), names.len()), |(row, feature)| feature_columns[feature][rows[row]]);
    let y = Array2::from_shape_fn((rows.len(), targets.len()), |(row, target)| {
        target_columns[target][row_of_sample[&keys[row].sample]]
    });
    let numbers: BTreeMap<u32, usize> = common.iter().enumerate().map(|(number, &sample)| (sample, number)).collect();
    let sample_of_row = keys.iter().map(|key| numbers[&key.sample]).collect();
    let data = TrainingData::new(x, names.to_vec(), y, targets.to_vec(), sample_of_row).map_err(SampleError::input)?;
    Ok(TrainingRows { data, keys, labels, missing_samples: u32::try_from(missing).unwrap_or(u32::MAX) })
}

fn columns<'a>(
    table: &'static str,
    batch: &'a RecordBatch,
    names: &[String],
) -> Result<Vec<std::borrow::Cow<'a, [f64]>>, SampleError> {
    names.iter().map(|name| float_column(table, batch, name).map_err(SampleError::input)).collect()
}

fn positions(table: &'static str, batch: &RecordBatch) -> Result<Vec<u32>, SampleError> {
    let positions = int_column(table, batch, SAMPLE).map_err(SampleError::internal)?;
    positions
        .into_iter()
        .map(|p| u32::try_from(p).map_err(|_| SampleError::internal(format!("{p} is no position of a sample"))))
        .collect()
}

type Labelled = (Vec<u32>, Vec<u32>, Option<Vec<String>>);

/// Numbers samples in the order of their labels, so that the order of rows does not matter.
fn labelled(features: &RecordBatch, parameters: &RecordBatch) -> Result<Labelled, SampleError> {
    let of_features = labels(features::TABLE, features).map_err(SampleError::input)?;
    let of_parameters = labels(parameters::TABLE, parameters).map_err(SampleError::input)?;
    let all: BTreeSet<&String> = of_features.iter().chain(&of_parameters).collect();
    let numbers: BTreeMap<&String, u32> = all.iter().zip(0..).map(|(&label, number)| (label, number)).collect();
    let number = |labels: &[String]| labels.iter().map(|label| numbers[label]).collect();
    Ok((number(&of_features), number(&of_parameters), Some(all.into_iter().cloned().collect())))
}

/// The labels of samples, which may be numbers.
pub(super) fn labels(table: &'static str, batch: &RecordBatch) -> Result<Vec<String>, TableError> {
    if let Ok(numbers) = int_column(table, batch, SAMPLE) {
        return Ok(numbers.into_iter().map(|n| n.to_string()).collect());
    }
    let text = text_column(table, batch, SAMPLE)?;
    Ok((0..batch.num_rows()).map(|row| text.value(row).to_owned()).collect())
}
