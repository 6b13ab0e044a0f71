//! What happens to features before an estimator sees them, step by step. Each step is learned from training rows alone, within each fold.
//!
//! | step | z = | learned | undefined where |
//! |---|---|---|---|
//! | `standardize` | (x - mean) / s.d. | mean and population s.d. | |
//! | `robust_scale` | (x - median) / (q75 - q25), or / s.d. where the quartiles are equal | quantiles of type 7 | |
//! | `log` | ln x | | x <= 0: a training row is refused, another one has no prediction |
//! | `principal_components` | projections of x - mean on the directions of largest variance | mean and directions | |
//! | `quantile` | place of x among the training rows, 0 to 1, or the normal score of it | `quantiles` quantiles of type 7, evenly spaced | beyond the training rows it is the place of the nearest |
//!
//! `quantile` interpolates between quantiles, and gives a value that stands for several of them the middle of their places; normal scores are cut at
//! +-5.2 (a place within 1e-7 of the ends), all as scikit-learn's QuantileTransformer does.
//!
//! A missing value is no step: [`Missing`] says what is done with it before.

use lapicque_numerics::special::normal_quantile;
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smartcore::decomposition::pca::{PCA, PCAParameters};
use smartcore::error::Failed;

use crate::estimators::Stored;
use crate::{InverseError, Moments};

/// A step, as configurations name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Subtract the mean and divide by the standard deviation.
    Standardize,
    /// Subtract the median and divide by the distance of the quartiles.
    RobustScale,
    /// Take the natural logarithm.
    Log(LogStep),
    /// Replace values by their places among the training rows.
    Quantile(QuantileStep),
    /// Replace features by fewer combinations of them, in which the training rows vary most.
    PrincipalComponents(ComponentsStep),
}

/// How many combinations are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentsStep {
    /// Number of components, from 1; at most that of features is used.
    pub components: usize,
}

/// Of which features the logarithm is taken.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogStep {
    /// Names of features, which must be above 0.
    pub features: Vec<String>,
}

/// How places are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuantileStep {
    /// Number of quantiles that are kept, 2 to 100000; at most the number of training rows is used.
    pub quantiles: usize,
    /// `normal` (scores of a standard normal distribution) or `uniform` (0 to 1).
    pub distribution: Scores,
}

/// What a place among the training rows becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scores {
    /// The value of a standard normal distribution at this place.
    #[default]
    Normal,
    /// The place itself.
    Uniform,
}

impl Default for QuantileStep {
    fn default() -> Self {
        Self { quantiles: 1000, distribution: Scores::Normal }
    }
}

/// What becomes of missing features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Training rows have none, and a row that has one has no prediction.
    #[default]
    Refuse,
    /// The median of the training rows takes the place of a missing value.
    Median,
}

/// All that happens to features before an estimator sees them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preparation {
    /// What becomes of missing features.
    pub missing: Missing,
    /// One after the other.
    pub steps: Vec<Step>,
    /// Steps are learned once from all rows, those that are held out included: what ncpi does, and no more than a reproduction of it.
    pub learned_from_all_rows: bool,
}

impl Preparation {
    /// Features as they are.
    pub fn none() -> Self {
        Self::default()
    }

    /// Features minus their mean, divided by their standard deviation.
    pub fn standardized() -> Self {
        Self { steps: vec![Step::Standardize], ..Self::default() }
    }

    /// Whether the parameters of steps are in range, and name features that there are.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self, feature_names: &[String]) -> Result<(), InverseError> {
        for step in &self.steps {
            match step {
                Step::Standardize | Step::RobustScale => {}
                Step::PrincipalComponents(ComponentsStep { components }) if *components > 0 => {}
                Step::PrincipalComponents(_) => {
                    return out_of_range("principal_components", "components", "0".to_owned(), "1 or more".to_owned());
                }
                Step::Quantile(QuantileStep { quantiles, .. }) if (2..=100_000).contains(quantiles) => {}
                Step::Quantile(QuantileStep { quantiles, .. }) => {
                    return out_of_range("quantile", "quantiles", quantiles.to_string(), "2 to 100000".to_owned());
                }
                Step::Log(LogStep { features }) if features.is_empty() => {
                    return out_of_range("log", "features", "[]".to_owned(), "at least one feature".to_owned());
                }
                Step::Log(LogStep { features }) => {
                    if let Some(unknown) = features.iter().find(|name| !feature_names.contains(name)) {
                        let allowed = format!("features that are used: {}", feature_names.join(", "));
                        return out_of_range("log", "features", unknown.clone(), allowed);
                    }
                }
            }
        }
        Ok(())
    }
}

fn out_of_range<T>(
    owner: &'static str,
    parameter: &'static str,
    value: String,
    allowed: String,
) -> Result<T, InverseError> {
    Err(InverseError::Parameter { owner, parameter, value, allowed })
}

/// What a step learned of columns.
#[derive(Debug, Clone, PartialEq)]
pub enum LearnedStep {
    /// What takes the place of a missing value, per column.
    Fill(Vec<f64>),
    /// z = (x - centre) / scale.
    Affine {
        /// Per column.
        centre: Vec<f64>,
        /// Per column, above 0.
        scale: Vec<f64>,
    },
    /// z = ln x.
    Log {
        /// Of which columns.
        columns: Vec<u32>,
    },
    /// z = sum over columns of direction x (x - centre), for each direction.
    Project {
        /// Per column.
        centre: Vec<f64>,
        /// Of each component, a unit vector with an entry per column.
        directions: Vec<Vec<f64>>,
    },
    /// Places among the training rows.
    Quantile {
        /// Per column, quantiles at evenly spaced places from 0 to 1, ascending.
        quantiles: Vec<Vec<f64>>,
        /// What a place becomes.
        scores: Scores,
    },
}

/// Learns one step after the other from training rows (rows x columns, whose names these are), and takes the rows through them.
pub(crate) fn learn(
    preparation: &Preparation,
    rows: &mut Array2<f64>,
    names: &[&str],
) -> Result<Vec<LearnedStep>, InverseError> {
    let mut learned = Vec::new();
    if preparation.missing == Missing::Median {
        learned.push(LearnedStep::Fill(rows.columns().into_iter().map(|column| median(&sorted(column))).collect()));
        apply(&learned, rows);
    }
    for step in &preparation.steps {
        let step = match step {
            Step::Standardize => standardization(rows.view()),
            Step::RobustScale => robust_scale(rows.view()),
            Step::Log(LogStep { features }) => log(features, rows.view(), names)?,
            Step::Quantile(step) => quantile(step, rows.view()),
            Step::PrincipalComponents(step) => principal_components(step, rows)?,
        };
        apply(std::slice::from_ref(&step), rows);
        learned.push(step);
    }
    Ok(learned)
}

fn moments(rows: ArrayView2<'_, f64>) -> Moments {
    Moments::of(rows, Array2::zeros((rows.nrows(), 0)).view())
}

fn standardization(rows: ArrayView2<'_, f64>) -> LearnedStep {
    let moments = moments(rows);
    LearnedStep::Affine { scale: moments.feature_sd(), centre: moments.feature_means }
}

fn robust_scale(rows: ArrayView2<'_, f64>) -> LearnedStep {
    let of_column = |(column, sd): (ndarray::ArrayView1<'_, f64>, f64)| {
        let sorted = sorted(column);
        let spread = at(&sorted, 0.75) - at(&sorted, 0.25);
        (median(&sorted), if spread > 0.0 { spread } else { sd })
    };
    let (centre, scale) = rows.columns().into_iter().zip(moments(rows).feature_sd()).map(of_column).unzip();
    LearnedStep::Affine { centre, scale }
}

fn log(features: &[String], rows: ArrayView2<'_, f64>, names: &[&str]) -> Result<LearnedStep, InverseError> {
    let mut columns = Vec::new();
    // A feature that does not vary over these rows is not among them.
    for (column, name) in names.iter().enumerate().filter(|(_, name)| features.iter().any(|feature| feature == *name)) {
        if let Some(value) = rows.column(column).iter().find(|value| **value <= 0.0) {
            return Err(InverseError::NoLogarithm { feature: (*name).to_owned(), value: *value });
        }
        columns.push(column as u32);
    }
    Ok(LearnedStep::Log { columns })
}

fn quantile(step: &QuantileStep, rows: ArrayView2<'_, f64>) -> LearnedStep {
    let count = step.quantiles.min(rows.nrows()).max(2);
    let of_column = |column| {
        let sorted = sorted(column);
        (0..count).map(|place| at(&sorted, place as f64 / (count - 1) as f64)).collect()
    };
    LearnedStep::Quantile { quantiles: rows.columns().into_iter().map(of_column).collect(), scores: step.distribution }
}

/// By smartcore, in the order of the variance of the training rows along them; the largest entry of each direction is positive.
fn principal_components(step: &ComponentsStep, rows: &Array2<f64>) -> Result<LearnedStep, InverseError> {
    let failed = |error: Failed| InverseError::Components { reason: error.to_string() };
    let columns = rows.ncols();
    let parameters = PCAParameters::default().with_n_components(columns);
    // Columns are directions.
    let found = PCA::fit(rows, parameters).map_err(failed)?.components().clone();
    let centre = moments(rows.view()).feature_means;
    let mut directions: Vec<(f64, Vec<f64>)> = found
        .columns()
        .into_iter()
        .map(|direction| {
            let largest =
                direction.iter().fold(0.0f64, |most, value| if value.abs() > most.abs() { *value } else { most });
            let direction: Vec<f64> = direction.iter().map(|value| value * largest.signum()).collect();
            (rows.dot(&ndarray::aview1(&direction)).var(0.0), direction)
        })
        .collect();
    if directions.iter().any(|(variance, _)| !variance.is_finite()) {
        return Err(InverseError::Overflow);
    }
    directions.sort_by(|a, b| b.0.total_cmp(&a.0));
    directions.truncate(step.components);
    Ok(LearnedStep::Project { centre, directions: directions.into_iter().map(|(_, direction)| direction).collect() })
}

/// The values that are numbers, ascending.
fn sorted(column: ndarray::ArrayView1<'_, f64>) -> Vec<f64> {
    let mut values: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    at(sorted, 0.5)
}

/// The quantile of type 7 (Hyndman & Fan 1996).
fn at(sorted: &[f64], place: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = place * last as f64;
    let below = position.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    low + (position - below as f64) * (high - low)
}

/// Takes rows through steps, in place.
pub(crate) fn apply(steps: &[LearnedStep], rows: &mut Array2<f64>) {
    for step in steps {
        match step {
            LearnedStep::Fill(values) => {
                for mut row in rows.rows_mut() {
                    row.iter_mut().zip(values).filter(|(value, _)| value.is_nan()).for_each(|(value, fill)| {
                        *value = *fill;
                    });
                }
            }
            LearnedStep::Affine { centre, scale } => {
                for mut row in rows.rows_mut() {
                    for ((value, centre), scale) in row.iter_mut().zip(centre).zip(scale) {
                        *value = (*value - centre) / scale;
                    }
                }
            }
            LearnedStep::Log { columns } => {
                for &column in columns {
                    // The logarithm of 0 would be infinite, which is no value either.
                    rows.column_mut(column as usize)
                        .mapv_inplace(|value| if value > 0.0 { value.ln() } else { f64::NAN });
                }
            }
            LearnedStep::Project { centre, directions } => {
                let mut deviation = vec![0.0; centre.len()];
                let mut projected = Array2::zeros((rows.nrows(), directions.len()));
                for (row, mut place) in rows.rows().into_iter().zip(projected.rows_mut()) {
                    deviation
                        .iter_mut()
                        .zip(row.iter().zip(centre))
                        .for_each(|(slot, (value, mean))| *slot = value - mean);
                    for (slot, direction) in place.iter_mut().zip(directions) {
                        *slot = direction.iter().zip(&deviation).map(|(d, value)| d * value).sum();
                    }
                }
                *rows = projected;
            }
            LearnedStep::Quantile { quantiles, scores } => {
                for (mut column, quantiles) in rows.columns_mut().into_iter().zip(quantiles) {
                    column.mapv_inplace(|value| score(place(quantiles, value), *scores));
                }
            }
        }
    }
}

/// The place of a value among quantiles, 0 to 1; the middle of its places where several have the value.
fn place(quantiles: &[f64], value: f64) -> f64 {
    let last = quantiles.len() - 1;
    if value.is_nan() {
        return f64::NAN;
    }
    let part = |below: usize| {
        let (low, high) = (quantiles[below], quantiles[below + 1]);
        (below as f64 + (value - low) / (high - low)) / last as f64
    };
    // Quantiles below the value, and those up to it.
    let (below, up_to) =
        (quantiles.partition_point(|quantile| *quantile < value), quantiles.partition_point(|q| *q <= value));
    match (below, up_to) {
        (_, 0) => 0.0,
        (below, _) if below > last => 1.0,
        (0, _) if quantiles[0] == value => 0.0,
        (_, up_to) if up_to > last => 1.0,
        (below, up_to) if below == up_to => part(below - 1),
        (below, up_to) => (below + up_to - 1) as f64 / (2 * last) as f64,
    }
}

/// A place nearer to an end than this has the score of this one.
const NEAREST: f64 = 1e-7;

fn score(place: f64, scores: Scores) -> f64 {
    match scores {
        Scores::Uniform => place,
        Scores::Normal if place.is_nan() => f64::NAN,
        Scores::Normal => normal_quantile(place.clamp(NEAREST, 1.0 - NEAREST)),
    }
}

impl LearnedStep {
    /// How many columns come of so many.
    pub(crate) fn width(&self, columns: usize) -> usize {
        if let Self::Project { directions, .. } = self { directions.len() } else { columns }
    }

    /// What is kept of it.
    pub(crate) fn store(&self) -> Stored {
        match self {
            Self::Fill(values) => Stored::default().with("fill", &[values.len()], values.clone()),
            Self::Affine { centre, scale } => Stored::default().with("centre", &[centre.len()], centre.clone()).with(
                "scale",
                &[scale.len()],
                scale.clone(),
            ),
            Self::Log { columns } => {
                let columns: Vec<f64> = columns.iter().map(|&column| f64::from(column)).collect();
                Stored::default().with("logarithm_of", &[columns.len()], columns)
            }
            Self::Project { centre, directions } => Stored::default()
                .with("mean", &[centre.len()], centre.clone())
                .with("directions", &[directions.len(), centre.len()], directions.concat()),
            Self::Quantile { quantiles, scores } => {
                let shape = [quantiles.len(), quantiles.first().map_or(0, Vec::len)];
                let scores = match scores {
                    Scores::Normal => "normal",
                    Scores::Uniform => "uniform",
                };
                Stored::default().with("quantiles", &shape, quantiles.concat()).with_setting("distribution", scores)
            }
        }
    }

    /// The step of what was kept, for so many columns.
    pub(crate) fn restore(mut stored: Stored, columns: usize) -> Result<Self, InverseError> {
        let of_columns = |name: &str, stored: &mut Stored| -> Result<Vec<f64>, InverseError> {
            let (_, values) = stored.take::<1>(name)?;
            match values.len() == columns && values.iter().all(|value| value.is_finite()) {
                true => Ok(values),
                false => stored.wrong(name, format!("must hold a finite number for each of {columns} features")),
            }
        };
        let step = if stored.array("fill").is_some() {
            Self::Fill(of_columns("fill", &mut stored)?)
        } else if stored.array("centre").is_some() {
            let centre = of_columns("centre", &mut stored)?;
            let scale = of_columns("scale", &mut stored)?;
            if let Some(scale) = scale.iter().find(|scale| **scale <= 0.0) {
                return stored.wrong("scale", format!("holds {scale}; it must be above 0"));
            }
            Self::Affine { centre, scale }
        } else if stored.array("directions").is_some() {
            let centre = of_columns("mean", &mut stored)?;
            let ([count, width], directions) = stored.take::<2>("directions")?;
            if width != columns || count == 0 || directions.iter().any(|value| !value.is_finite()) {
                return stored.wrong("directions", format!("must be of {columns} finite numbers each, at least one"));
            }
            Self::Project { centre, directions: directions.chunks(columns).map(<[f64]>::to_vec).collect() }
        } else if stored.array("logarithm_of").is_some() {
            let logarithms = stored.take_whole("logarithm_of")?;
            if let Some(column) = logarithms.iter().find(|column| **column as usize >= columns) {
                return stored.wrong("logarithm_of", format!("names feature {column} of {columns}"));
            }
            Self::Log { columns: logarithms }
        } else {
            Self::restore_quantiles(&mut stored, columns)?
        };
        stored.finish()?;
        Ok(step)
    }

    fn restore_quantiles(stored: &mut Stored, columns: usize) -> Result<Self, InverseError> {
        let ([of_columns, count], values) = stored.take::<2>("quantiles")?;
        let ascending = values.chunks(count.max(1)).all(|of_column| of_column.is_sorted());
        if of_columns != columns || count < 2 || !ascending || values.iter().any(|value| !value.is_finite()) {
            let needed = format!("must hold ascending finite numbers, at least 2 for each of {columns} features");
            return stored.wrong("quantiles", needed);
        }
        let scores = match stored.take_setting("distribution") {
            Some(name) if name == "normal" => Scores::Normal,
            Some(name) if name == "uniform" => Scores::Uniform,
            _ => return stored.wrong("distribution", "must be `normal` or `uniform`".to_owned()),
        };
        Ok(Self::Quantile { quantiles: values.chunks(count).map(<[f64]>::to_vec).collect(), scores })
    }
}

#[cfg(test)]
mod tests;
