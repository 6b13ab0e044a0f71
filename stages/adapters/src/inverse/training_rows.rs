//! Rows of features with the targets and the group of their sample.
//!
//! Samples are told apart by what they hold: by their targets, and where these are equal by their features; where a whole table
//! says by labels whose its rows are, by these. Everything here is in that order, then in that of channels and epochs. So nothing that is made of it, splits
//! and bits of a fit alike, depends on the order in which rows come, or on what samples are called where their names are not read.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_cast::cast;
use arrow_schema::DataType;
use arrow_select::filter::filter_record_batch;
use lapicque_inverse::{Prior, Target, TrainingData};
use lapicque_pipeline::SampleError;
use lapicque_schemas::Labels;
use lapicque_schemas::tables::{TableError, features, int_column, parameters, text_column};
use ndarray::Array2;

use super::train_columns::{GroupColumn, Learned};
use super::train_config::MissingConfig;

const SAMPLE: &str = "sample";

/// What a model is trained on.
pub(super) struct TrainingRows {
    pub(super) data: TrainingData,
    /// Of each row.
    pub(super) keys: Vec<RowKey>,
    /// Labels of the samples, or their positions, in the order in which [`TrainingData`] counts them.
    pub(super) labels: Labels,
    pub(super) groups: Groups,
    /// Samples that have features or parameters, but not both.
    pub(super) missing_samples: u32,
    /// Rows that were left out because a feature of theirs is missing.
    pub(super) dropped_rows: usize,
}

pub(super) struct RowKey {
    /// Index into [`TrainingRows::labels`] where samples are told apart by these, else the position.
    pub(super) sample: u32,
    pub(super) channel: String,
    pub(super) epoch: i32,
}

/// What is held out together.
pub(super) struct Groups {
    /// Number of the group of each sample.
    pub(super) of_sample: Vec<usize>,
    pub(super) names: Vec<String>,
}

/// What is read of the two tables.
pub(super) struct Columns<'a> {
    pub(super) features: &'a [String],
    pub(super) targets: &'a [Learned],
    /// What is known of each target.
    pub(super) priors: &'a [Option<Prior>],
    pub(super) groups: Option<&'a GroupColumn>,
    /// Whether samples are told apart by their labels.
    pub(super) by_label: bool,
    pub(super) missing: MissingConfig,
    /// Whether rows stay in the order in which they come, each a sample of its own.
    pub(super) as_given: bool,
}

/// Joins features and parameters by the label of their sample.
pub(super) fn training_rows(
    features: &RecordBatch,
    parameters: &RecordBatch,
    columns: &Columns<'_>,
) -> Result<TrainingRows, SampleError> {
    let all_rows = features.num_rows();
    let features = match columns.missing {
        MissingConfig::Drop => &without_missing(features, columns.features)?,
        MissingConfig::Refuse | MissingConfig::Median => features,
    };
    let dropped_rows = all_rows - features.num_rows();
    let of_features = labels(features::TABLE, features).map_err(SampleError::input)?;
    let of_parameters = labels(parameters::TABLE, parameters).map_err(SampleError::input)?;
    let whose = Whose { by_label: columns.by_label };
    let row_of_sample = one_row_each(&of_parameters, whose)?;
    let with_features: BTreeSet<&str> = of_features.iter().map(String::as_str).collect();
    let mut common: Vec<&str> =
        with_features.iter().copied().filter(|sample| row_of_sample.contains_key(sample)).collect();
    if common.is_empty() {
        return Err(SampleError::input(format!(
            "no sample has both features and parameters ({} samples with features, {} with parameters)",
            with_features.len(),
            row_of_sample.len()
        )));
    }
    let missing = with_features.len() + row_of_sample.len() - 2 * common.len();
    let values = numbers(features::TABLE, features, columns.features)?;
    let keys = features::keys(features).map_err(SampleError::input)?;
    let truths = truths(parameters, columns.targets)?;
    for (column, target) in truths.iter().zip(columns.targets) {
        if let Some(label) = common.iter().find(|label| !column[row_of_sample[*label]].is_finite()) {
            return Err(whose.error(label, |sample| {
                format!(
                    "target `{}` is {} for {sample}; every sample that is trained on needs a finite value (leave the others out, e.g. by `where`)",
                    target.name,
                    written(column[row_of_sample[label]])
                )
            }));
        }
    }
    let compare = |columns: &[Vec<f64>], a: usize, b: usize| {
        columns
            .iter()
            .map(|column| column[a].total_cmp(&column[b]))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    };
    let mut rows_of_sample: BTreeMap<&str, Vec<usize>> = common.iter().map(|&label| (label, Vec::new())).collect();
    for (row, label) in of_features.iter().enumerate() {
        if let Some(rows) = rows_of_sample.get_mut(label.as_str()) {
            rows.push(row);
        }
    }
    let by_key = |&a: &usize, &b: &usize| keys[a].cmp(&keys[b]).then_with(|| compare(&values, a, b));
    if columns.as_given {
        common.sort_by_key(|label| rows_of_sample[label].first().copied());
    } else {
        rows_of_sample.values_mut().for_each(|rows| rows.sort_by(by_key));
    }
    if !columns.by_label && !columns.as_given {
        common.sort_by(|a, b| {
            let of_rows = || {
                let (a, b) = (&rows_of_sample[a], &rows_of_sample[b]);
                a.iter().zip(b).map(|(a, b)| by_key(a, b)).find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
            };
            compare(&truths, row_of_sample[a], row_of_sample[b]).then_with(of_rows)
        });
    }
    let rows: Vec<usize> = common.iter().flat_map(|label| rows_of_sample[label].iter().copied()).collect();
    let sample_of_row: Vec<usize> =
        common.iter().enumerate().flat_map(|(n, label)| std::iter::repeat_n(n, rows_of_sample[label].len())).collect();
    let to_u32 = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let number_of = |sample: usize| match columns.by_label {
        true => Ok(to_u32(sample)),
        false => common[sample].parse().map_err(|_| SampleError::internal("a position that is no number")),
    };
    let keys = rows.iter().zip(&sample_of_row).map(|(&row, &sample)| {
        let (channel, epoch) = keys[row].clone();
        Ok(RowKey { sample: number_of(sample)?, channel, epoch })
    });
    let keys: Vec<RowKey> = keys.collect::<Result<_, SampleError>>()?;
    let x = Array2::from_shape_fn((rows.len(), values.len()), |(row, feature)| values[feature][rows[row]]);
    let truth_of = |sample: usize, target: usize| truths[target][row_of_sample[common[sample]]];
    let y = Array2::from_shape_fn((rows.len(), truths.len()), |(row, target)| truth_of(sample_of_row[row], target));
    let place = |row: usize| {
        let RowKey { channel, epoch, .. } = &keys[row];
        let sample = sample_of_row[row];
        let of_sample = columns.targets.iter().enumerate().map(|(target, column)| {
            let unit = column.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
            format!("{} = {}{unit}", column.name, truth_of(sample, target))
        });
        let of_sample = of_sample.take(3).collect::<Vec<_>>().join(", ");
        let found = format!("({of_sample}), channel {channel}, epoch {epoch}");
        (common[sample], found)
    };
    let may_be_missing = columns.missing == MissingConfig::Median;
    check_features(&x, columns.features, whose, may_be_missing, place)?;
    let names = match columns.by_label {
        true => common.iter().map(|&label| label.to_owned()).collect(),
        false => names_of_points(&common.iter().map(|label| row_of_sample[label]).collect::<Vec<_>>(), &truths),
    };
    let groups = groups(
        features,
        parameters,
        columns.groups,
        &Joined { common: &common, names, whose, of_features: &of_features, row_of_sample: &row_of_sample },
    )?;
    let described = columns.targets.iter().zip(columns.priors).map(|(learned, prior)| Target {
        name: learned.name.clone(),
        unit: learned.unit.clone(),
        prior: prior.clone(),
    });
    let sample_of_row = if columns.as_given { (0..rows.len()).collect() } else { sample_of_row };
    let make = if may_be_missing { TrainingData::with_missing_features } else { TrainingData::new };
    let data = make(x, columns.features.to_vec(), y, described.collect(), sample_of_row).map_err(SampleError::input)?;
    let labels = common.iter().collect();
    Ok(TrainingRows { data, keys, labels, groups, missing_samples: to_u32(missing), dropped_rows })
}

/// The rows that have all features.
fn without_missing(features: &RecordBatch, names: &[String]) -> Result<RecordBatch, SampleError> {
    let values = numbers(features::TABLE, features, names)?;
    let whole = (0..features.num_rows()).map(|row| Some(values.iter().all(|column| column[row].is_finite())));
    filter_record_batch(features, &BooleanArray::from_iter(whole)).map_err(SampleError::internal)
}

/// Per target, its value in each row of the parameters.
fn truths(parameters: &RecordBatch, targets: &[Learned]) -> Result<Vec<Vec<f64>>, SampleError> {
    let of_target = |learned: &Learned| {
        let Some(expression) = &learned.expression else {
            let columns = numbers(parameters::TABLE, parameters, std::slice::from_ref(&learned.name))?;
            return columns.into_iter().next().ok_or_else(|| SampleError::internal("no column of a target"));
        };
        let columns = numbers(parameters::TABLE, parameters, expression.names())?;
        let of_row = |row: usize| expression.value(&columns.iter().map(|column| column[row]).collect::<Vec<_>>());
        Ok((0..parameters.num_rows()).map(of_row).collect())
    };
    targets.iter().map(of_target).collect()
}

/// The samples that have both, and where their rows are.
struct Joined<'a> {
    common: &'a [&'a str],
    /// What each is told apart by.
    names: Vec<String>,
    whose: Whose,
    of_features: &'a [String],
    row_of_sample: &'a BTreeMap<&'a str, usize>,
}

/// A name for each point that follows from its targets; those with equal ones, which follow each other, are counted.
fn names_of_points(rows: &[usize], truths: &[Vec<f64>]) -> Vec<String> {
    let mut seen = 0;
    let mut names: Vec<String> = Vec::with_capacity(rows.len());
    let same = |a: usize, b: usize| truths.iter().all(|column| column[a].to_bits() == column[b].to_bits());
    for (i, &row) in rows.iter().enumerate() {
        seen = if i > 0 && same(rows[i - 1], row) { seen + 1 } else { 0 };
        let values: Vec<String> = truths.iter().map(|column| format!("{:016x}", column[row].to_bits())).collect();
        names.push(format!("{} {seen}", values.join(" ")));
    }
    names
}

/// How a sample is told of: by its label, or by its position, which the run that reads the message has a name for.
#[derive(Clone, Copy)]
struct Whose {
    by_label: bool,
}

impl Whose {
    fn error(self, label: &str, message: impl FnOnce(&str) -> String) -> SampleError {
        match label.parse() {
            Ok(position) if !self.by_label => SampleError::input(message("a sample")).about(position),
            _ => SampleError::input(message(&format!("sample `{label}`"))),
        }
    }
}

/// The row of each sample's parameters.
fn one_row_each(labels: &[String], whose: Whose) -> Result<BTreeMap<&str, usize>, SampleError> {
    let mut row_of_sample = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        if row_of_sample.insert(label.as_str(), row).is_some() {
            let told = |sample: &str| format!("{sample} has more than one row of parameters; one is allowed");
            return Err(whose.error(label, told));
        }
    }
    Ok(row_of_sample)
}

/// All values have to be finite; `place` says whose a row is, in the words of the user.
fn check_features<'a>(
    x: &Array2<f64>,
    names: &[String],
    whose: Whose,
    may_be_missing: bool,
    place: impl Fn(usize) -> (&'a str, String),
) -> Result<(), SampleError> {
    let is_wrong = |value: &f64| !(value.is_finite() || may_be_missing && value.is_nan());
    let undefined: Vec<usize> = (0..names.len()).filter(|&feature| x.column(feature).iter().any(is_wrong)).collect();
    let Some((&feature, others)) = undefined.split_first() else {
        return Ok(());
    };
    let name = &names[feature];
    let column = x.column(feature);
    let rows: Vec<usize> = (0..column.len()).filter(|&row| is_wrong(&column[row])).collect();
    let first = rows.first().copied().unwrap_or_default();
    let as_well = match others {
        [] => String::new(),
        others => {
            let names: Vec<String> = others.iter().take(5).map(|&other| format!("`{}`", names[other])).collect();
            let more = if others.len() > 5 { format!(" and {} more", others.len() - 5) } else { String::new() };
            format!("; so are values of {}{more}", names.join(", "))
        }
    };
    let (label, found) = place(first);
    Err(whose.error(label, |sample| {
        format!(
            "feature `{name}` is {} in {} of {} rows, first in {sample} {found}{as_well}; name the `features` to use without it, or say by \
             `missing: drop` that such rows are left out, by `missing: median` that medians take the place of NaN",
            written(column[first]),
            rows.len(),
            column.len(),
        )
    }))
}

fn written(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "infinite"
    } else {
        "minus infinite"
    }
}

/// The group of each sample; each is one of its own where there is no column.
fn groups(
    features: &RecordBatch,
    parameters: &RecordBatch,
    column: Option<&GroupColumn>,
    joined: &Joined<'_>,
) -> Result<Groups, SampleError> {
    let Some(GroupColumn { table, name }) = column else {
        return Ok(Groups { of_sample: (0..joined.common.len()).collect(), names: joined.names.clone() });
    };
    let mut of_label: BTreeMap<&str, String> = BTreeMap::new();
    let missing = |label: &str| {
        let told = |sample: &str| format!("`groups`: {sample} has no value in the column `{name}` of the {table}");
        joined.whose.error(label, told)
    };
    if *table == parameters::TABLE {
        let groups = texts(parameters, name)?;
        for &label in joined.common {
            let group = groups[joined.row_of_sample[label]].clone().ok_or_else(|| missing(label))?;
            of_label.insert(label, group);
        }
    } else {
        let groups = texts(features, name)?;
        for (label, group) in
            joined.of_features.iter().zip(groups).filter(|(label, _)| joined.row_of_sample.contains_key(label.as_str()))
        {
            let group = group.ok_or_else(|| missing(label))?;
            match of_label.get(label.as_str()) {
                Some(other) if *other != group => {
                    return Err(joined.whose.error(label, |sample| {
                        format!(
                            "`groups`: {sample} has rows with `{name}` = `{other}` and with `{group}`; all rows of a sample are held out together, so \
                             they need one group"
                        )
                    }));
                }
                Some(_) => {}
                None => drop(of_label.insert(label, group)),
            }
        }
    }
    let names: BTreeSet<&String> = of_label.values().collect();
    let number: BTreeMap<&String, usize> = names.iter().enumerate().map(|(number, &name)| (name, number)).collect();
    let of_sample = joined.common.iter().map(|label| number[&of_label[label]]).collect();
    Ok(Groups { of_sample, names: names.into_iter().cloned().collect() })
}

/// Values as texts; none where there is no value, no text or no number.
fn texts(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>, SampleError> {
    let column = batch.column_by_name(name).ok_or_else(|| SampleError::internal(format!("no column `{name}`")))?;
    let text = cast(column, &DataType::Utf8).map_err(SampleError::input)?;
    let text = text.as_string_opt::<i32>().ok_or_else(|| SampleError::internal(format!("`{name}` is no text")))?;
    let is_number = column.data_type().is_floating();
    let is_value = |text: &&str| !(text.is_empty() || is_number && *text == "NaN");
    Ok(text.iter().map(|value| value.filter(is_value).map(str::to_owned)).collect())
}

/// Columns of numbers; a value that is missing is NaN.
pub(super) fn numbers(
    table: &'static str,
    batch: &RecordBatch,
    names: &[String],
) -> Result<Vec<Vec<f64>>, SampleError> {
    let column = |name: &String| {
        let column = batch.column_by_name(name).ok_or_else(|| {
            let present: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
            SampleError::input(TableError::MissingColumn { table, column: name.clone(), present: present.join(", ") })
        })?;
        let numbers = cast(column, &DataType::Float64).map_err(SampleError::input)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        Ok((0..numbers.len()).map(|row| if numbers.is_null(row) { f64::NAN } else { numbers.value(row) }).collect())
    };
    names.iter().map(column).collect()
}

/// The labels of samples, which may be numbers.
pub(super) fn labels(table: &'static str, batch: &RecordBatch) -> Result<Vec<String>, TableError> {
    if let Ok(numbers) = int_column(table, batch, SAMPLE) {
        return Ok(numbers.into_iter().map(|n| n.to_string()).collect());
    }
    let text = text_column(table, batch, SAMPLE)?;
    Ok((0..batch.num_rows()).map(|row| text.value(row).to_owned()).collect())
}
