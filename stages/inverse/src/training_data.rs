//! Rows of features and targets, checked once so that nothing downstream meets a NaN or a wrong length.

use std::collections::HashSet;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::{InverseError, Prior};

/// A quantity to be inferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What a column of predictions will be called, such as `J_ext`.
    pub name: String,
    /// Unit symbol such as `pA`; none for a pure number.
    pub unit: Option<String>,
    /// What was known of it before, if anybody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<Prior>,
}

/// Checked training data: finite, of equal length, uniquely named.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingData {
    features: Array2<f64>,
    feature_names: Vec<String>,
    targets: Array2<f64>,
    target_columns: Vec<Target>,
    sample_of_row: Vec<usize>,
    rows_of_sample: Vec<Vec<usize>>,
}

impl TrainingData {
    /// Checks and takes rows x features, rows x targets, and the sample index of each row (samples are numbered 0, 1, ... without gaps; a sample's
    /// channels and epochs are rows with the same index).
    ///
    /// # Errors
    /// Lengths that disagree, a name given twice, no row, no feature or no target, a sample index without rows, and any value that is not finite, by row
    /// and column name.
    pub fn new(
        features: Array2<f64>,
        feature_names: Vec<String>,
        targets: Array2<f64>,
        target_columns: Vec<Target>,
        sample_of_row: Vec<usize>,
    ) -> Result<Self, InverseError> {
        let rows = features.nrows();
        check_length("features", "columns", features.ncols(), "feature names", feature_names.len())?;
        check_length("targets", "columns", targets.ncols(), "target names", target_columns.len())?;
        check_length("targets", "rows", targets.nrows(), "rows of features", rows)?;
        check_length("sample indices", "entries", sample_of_row.len(), "rows of features", rows)?;
        for (what, count) in [("features", rows), ("features", features.ncols()), ("targets", targets.ncols())] {
            if count == 0 {
                return Err(InverseError::Shape {
                    what,
                    found: "0 rows or columns".to_owned(),
                    expected: "at least one of each".to_owned(),
                });
            }
        }
        check_unique("feature", feature_names.iter().map(String::as_str))?;
        check_unique("target", target_columns.iter().map(|target| target.name.as_str()))?;
        check_finite("feature", features.view(), |column| feature_names[column].as_str())?;
        check_finite("target", targets.view(), |column| target_columns[column].name.as_str())?;
        let rows_of_sample = rows_by_sample(&sample_of_row)?;
        Ok(Self { features, feature_names, targets, target_columns, sample_of_row, rows_of_sample })
    }

    /// As [`TrainingData::new`], but features may be NaN, which is a missing value.
    ///
    /// # Errors
    /// As [`TrainingData::new`], an infinite feature, or a feature without any value.
    pub fn with_missing_features(
        features: Array2<f64>,
        feature_names: Vec<String>,
        targets: Array2<f64>,
        target_columns: Vec<Target>,
        sample_of_row: Vec<usize>,
    ) -> Result<Self, InverseError> {
        let filled = features.mapv(|value| if value.is_nan() { 0.0 } else { value });
        let empty = features.columns().into_iter().position(|column| column.iter().all(|value| value.is_nan()));
        let data = Self::new(filled, feature_names, targets, target_columns, sample_of_row)?;
        match empty {
            Some(column) => Err(InverseError::NoValue { feature: data.feature_names[column].clone() }),
            None => Ok(Self { features, ..data }),
        }
    }

    /// The rows of some samples (ascending), which are numbered anew in their order.
    pub(crate) fn of_samples(&self, samples: &[usize]) -> Self {
        let rows: Vec<usize> = samples.iter().flat_map(|&sample| self.rows_of_sample(sample)).copied().collect();
        let mut next = 0;
        let of_sample = |&sample: &usize| {
            let first = next;
            next += self.rows_of_sample(sample).len();
            (first..next).collect()
        };
        let rows_of_sample: Vec<Vec<usize>> = samples.iter().map(of_sample).collect();
        let numbers = rows_of_sample.iter().enumerate();
        Self {
            features: self.features.select(Axis(0), &rows),
            targets: self.targets.select(Axis(0), &rows),
            sample_of_row: numbers.flat_map(|(sample, rows)| std::iter::repeat_n(sample, rows.len())).collect(),
            rows_of_sample,
            feature_names: self.feature_names.clone(),
            target_columns: self.target_columns.clone(),
        }
    }

    /// Rows x features.
    pub fn features(&self) -> ArrayView2<'_, f64> {
        self.features.view()
    }

    /// One per column of [`TrainingData::features`].
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// Rows x targets.
    pub fn targets(&self) -> ArrayView2<'_, f64> {
        self.targets.view()
    }

    /// One per column of [`TrainingData::targets`].
    pub fn target_columns(&self) -> &[Target] {
        &self.target_columns
    }

    /// Rows of features, and of targets.
    pub fn row_count(&self) -> usize {
        self.features.nrows()
    }

    /// Samples that the rows belong to: one more than the largest index.
    pub fn sample_count(&self) -> usize {
        self.rows_of_sample.len()
    }

    /// The sample index of each row.
    pub fn sample_of_row(&self) -> &[usize] {
        &self.sample_of_row
    }

    /// The rows of one sample, ascending. Empty for an index that is no sample.
    pub fn rows_of_sample(&self, sample: usize) -> &[usize] {
        self.rows_of_sample.get(sample).map_or(&[], Vec::as_slice)
    }
}

fn check_length(
    what: &'static str,
    axis: &str,
    found: usize,
    other: &str,
    expected: usize,
) -> Result<(), InverseError> {
    if found == expected {
        return Ok(());
    }
    Err(InverseError::Shape {
        what,
        found: format!("{found} {axis}"),
        expected: format!("{expected} (the number of {other})"),
    })
}

pub(crate) fn check_unique<'a>(role: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), InverseError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(InverseError::DuplicateName { role, name: name.to_owned() });
        }
    }
    Ok(())
}

fn check_finite<'a>(
    role: &'static str,
    values: ArrayView2<'_, f64>,
    name: impl Fn(usize) -> &'a str,
) -> Result<(), InverseError> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => {
            Err(InverseError::NotFinite { role, name: name(column).to_owned(), row, value: *value })
        }
    }
}

fn rows_by_sample(sample_of_row: &[usize]) -> Result<Vec<Vec<usize>>, InverseError> {
    // Indices without gaps lie below the number of rows, so an index beyond proves a gap before anything is allocated for it.
    let mut rows_of_sample = vec![Vec::new(); sample_of_row.len()];
    let mut count = 0;
    for (row, &sample) in sample_of_row.iter().enumerate() {
        count = count.max(sample.saturating_add(1));
        if let Some(rows) = rows_of_sample.get_mut(sample) {
            rows.push(row);
        }
    }
    rows_of_sample.truncate(count);
    match rows_of_sample.iter().position(Vec::is_empty) {
        Some(sample) => Err(InverseError::SampleWithoutRows { sample }),
        None if count > rows_of_sample.len() => Err(InverseError::SampleWithoutRows { sample: rows_of_sample.len() }),
        None => Ok(rows_of_sample),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn build(
        features: Array2<f64>,
        targets: Array2<f64>,
        sample_of_row: Vec<usize>,
    ) -> Result<TrainingData, InverseError> {
        let names = (0..features.ncols()).map(|i| format!("f{i}")).collect();
        let targets_named =
            (0..targets.ncols()).map(|i| Target { name: format!("theta{i}"), unit: None, prior: None }).collect();
        TrainingData::new(features, names, targets, targets_named, sample_of_row)
    }

    #[test]
    fn a_value_that_is_not_finite_is_named_by_row_and_column() {
        let error = build(array![[1.0, 2.0], [3.0, f64::NAN]], array![[1.0], [2.0]], vec![0, 1]);
        assert!(error.unwrap_err().to_string().starts_with("feature `f1` of row 1 is NaN"));
        let error = build(array![[1.0], [3.0]], array![[1.0], [f64::INFINITY]], vec![0, 1]);
        assert!(error.unwrap_err().to_string().starts_with("target `theta0` of row 1 is inf"));
    }

    #[test]
    fn sample_indices_have_no_gaps() {
        let gap = |samples: Vec<usize>| {
            let rows = samples.len();
            build(Array2::ones((rows, 1)), Array2::ones((rows, 1)), samples)
        };
        assert_eq!(gap(vec![0, 2]), Err(InverseError::SampleWithoutRows { sample: 1 }));
        assert_eq!(gap(vec![1, 1]), Err(InverseError::SampleWithoutRows { sample: 0 }));
        assert_eq!(gap(vec![0, usize::MAX]), Err(InverseError::SampleWithoutRows { sample: 1 }));
        assert_eq!(gap(vec![1, 0, 7]), Err(InverseError::SampleWithoutRows { sample: 2 }));
        let data = gap(vec![1, 0, 1]).unwrap();
        assert_eq!((data.sample_count(), data.rows_of_sample(1)), (2, &[0, 2][..]));
    }

    #[test]
    fn lengths_names_and_emptiness_are_checked() {
        assert!(build(Array2::ones((2, 1)), Array2::ones((3, 1)), vec![0, 1]).is_err());
        assert!(build(Array2::ones((2, 1)), Array2::ones((2, 1)), vec![0]).is_err());
        assert!(build(Array2::ones((0, 1)), Array2::ones((0, 1)), vec![]).is_err());
        assert!(build(Array2::ones((1, 0)), Array2::ones((1, 1)), vec![0]).is_err());
        let twice = TrainingData::new(
            Array2::ones((1, 2)),
            vec!["f".to_owned(), "f".to_owned()],
            Array2::ones((1, 1)),
            vec![Target { name: "theta".to_owned(), unit: None, prior: None }],
            vec![0],
        );
        assert!(matches!(twice, Err(InverseError::DuplicateName { .. })));
    }
}
