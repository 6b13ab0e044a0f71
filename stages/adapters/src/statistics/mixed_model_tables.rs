//! The tables of `statistics.mixed_model`: coefficients, tests of terms, variances, and what a fit says of itself.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{ArrowError, DataType};
use lapicque_schemas::tables::FREE;
use lapicque_schemas::{Column, TableSchema};
use lapicque_statistics::mixed_model::{Fit, LikelihoodRatio};

/// A model of one channel and value.
pub(super) struct Fitted {
    pub(super) fit: Fit,
    /// By the name of the term.
    pub(super) tests: Vec<(String, LikelihoodRatio)>,
}

pub(super) struct CoefficientRow {
    pub(super) term: String,
    pub(super) channel: Option<String>,
    pub(super) value: String,
    pub(super) estimate: f64,
    pub(super) se: f64,
    pub(super) statistic: f64,
    pub(super) df: Option<f64>,
    pub(super) p: f64,
    pub(super) interval: (f64, f64),
}

pub(super) struct TestRow {
    pub(super) term: String,
    pub(super) channel: Option<String>,
    pub(super) value: String,
    pub(super) df: usize,
    pub(super) own: Option<LikelihoodRatio>,
}

/// Channel and value of each model, and its fit where there is one.
type Named<'a> = (Option<String>, &'a str, Option<&'a Fit>);

fn float(name: &str, description: &str) -> Column {
    Column::new(name, DataType::Float64, description)
}

fn of_model() -> [Column; 2] {
    [
        Column::new("channel", DataType::Utf8, "channel of the features; null where all channels are one model")
            .nullable(),
        Column::new("value", DataType::Utf8, "what is explained: a column of the features, or a target"),
    ]
}

pub(super) fn coefficients_schema() -> TableSchema {
    let [channel, value] = of_model();
    TableSchema::new(
        FREE,
        &["term", "channel", "value"],
        [
            Column::new(
                "term",
                DataType::Utf8,
                "`(Intercept)`, a column of numbers, `column[level]` against the reference, or an interaction",
            ),
            channel,
            value,
            float("estimate", "size of the effect"),
            float("se", "standard error, for known variances"),
            float("statistic", "the estimate over its standard error"),
            float("df", "degrees of freedom of t; null of z").nullable(),
            float("p", "two-sided p value of the statistic"),
            float("p_corrected", "p corrected over the channels and values of the term"),
            float("ci_low", "lower end of the interval of the estimate"),
            float("ci_high", "upper end of the interval of the estimate"),
        ],
    )
}

pub(super) fn tests_schema() -> TableSchema {
    let [channel, value] = of_model();
    TableSchema::new(
        FREE,
        &["term", "channel", "value"],
        [
            Column::new("term", DataType::Utf8, "the term that the other model lacks"),
            channel,
            value,
            float("statistic", "twice the log-likelihood that is lost without the term, both by maximum likelihood"),
            Column::new("df", DataType::UInt32, "columns of the term"),
            float("p", "p value of chi-squared"),
            float("p_corrected", "p corrected over the channels and values of the term"),
        ],
    )
}

pub(super) fn variances_schema() -> TableSchema {
    let [channel, value] = of_model();
    TableSchema::new(
        FREE,
        &["effect", "other", "channel", "value"],
        [
            Column::new("effect", DataType::Utf8, "an effect that varies, or `residual`"),
            Column::new("other", DataType::Utf8, "the effect that it varies with; of variances the same"),
            channel,
            value,
            float("covariance", "their covariance; of an effect with itself its variance"),
            float("correlation", "their correlation; NaN where an effect does not vary"),
        ],
    )
}

pub(super) fn fits_schema() -> TableSchema {
    let [channel, value] = of_model();
    TableSchema::new(
        FREE,
        &["channel", "value"],
        [
            channel,
            value,
            Column::new("n", DataType::UInt32, "values that the model explains"),
            Column::new("levels", DataType::UInt32, "levels of the factor that effects vary by"),
            float("log_likelihood", "maximum of the (restricted) log-likelihood"),
            float("aic", "Akaike's criterion; of REML comparable for equal fixed effects only"),
            float("bic", "Bayesian criterion; of REML comparable for equal fixed effects only"),
            float("bic_without_random", "Bayesian criterion of the model without effects that vary"),
            float("residual_sd", "standard deviation of what the effects leave"),
            Column::new("singular", DataType::Boolean, "whether effects do not vary, or follow from each other"),
        ],
    )
}

pub(super) fn coefficients(rows: &[CoefficientRow], corrected: &[f64]) -> Result<RecordBatch, ArrowError> {
    let number = |of: fn(&CoefficientRow) -> f64| floats(rows.iter().map(of));
    RecordBatch::try_new(
        coefficients_schema().arrow,
        vec![
            texts(rows.iter().map(|row| row.term.as_str())),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.channel.as_deref()))),
            texts(rows.iter().map(|row| row.value.as_str())),
            number(|row| row.estimate),
            number(|row| row.se),
            number(|row| row.statistic),
            Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.df))),
            number(|row| row.p),
            floats(corrected.iter().copied()),
            number(|row| row.interval.0),
            number(|row| row.interval.1),
        ],
    )
}

pub(super) fn tests(rows: &[TestRow], corrected: &[f64]) -> Result<RecordBatch, ArrowError> {
    let number = |of: fn(LikelihoodRatio) -> f64| floats(rows.iter().map(|row| row.own.map_or(f64::NAN, of)));
    RecordBatch::try_new(
        tests_schema().arrow,
        vec![
            texts(rows.iter().map(|row| row.term.as_str())),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.channel.as_deref()))),
            texts(rows.iter().map(|row| row.value.as_str())),
            number(|test| test.statistic),
            counts(rows.iter().map(|row| row.df)),
            number(|test| test.p),
            floats(corrected.iter().copied()),
        ],
    )
}

/// How two effects vary together.
struct Varying<'a> {
    effects: [&'a str; 2],
    channel: Option<&'a str>,
    value: &'a str,
    covariance: f64,
    correlation: f64,
}

pub(super) fn variances(fits: &[Named<'_>], varying: &[String]) -> Result<RecordBatch, ArrowError> {
    let mut rows: Vec<Varying<'_>> = Vec::new();
    for (channel, value, fit) in fits {
        let channel = channel.as_deref();
        let of = |i: usize, j: usize| fit.map_or(f64::NAN, |fit| fit.covariance[(i, j)]);
        for (i, j) in (0..varying.len()).flat_map(|i| (0..=i).map(move |j| (i, j))) {
            let both = (of(i, i) * of(j, j)).sqrt();
            let correlation = match both > 0.0 {
                true if i == j => 1.0,
                true => of(i, j) / both,
                false => f64::NAN,
            };
            rows.push(Varying {
                effects: [&varying[i], &varying[j]],
                channel,
                value,
                covariance: of(i, j),
                correlation,
            });
        }
        let covariance = fit.map_or(f64::NAN, |fit| fit.residual_variance);
        let correlation = if fit.is_some() { 1.0 } else { f64::NAN };
        rows.push(Varying { effects: ["residual", "residual"], channel, value, covariance, correlation });
    }
    RecordBatch::try_new(
        variances_schema().arrow,
        vec![
            texts(rows.iter().map(|row| row.effects[0])),
            texts(rows.iter().map(|row| row.effects[1])),
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.channel))),
            texts(rows.iter().map(|row| row.value)),
            floats(rows.iter().map(|row| row.covariance)),
            floats(rows.iter().map(|row| row.correlation)),
        ],
    )
}

pub(super) fn fits(fits: &[Named<'_>]) -> Result<RecordBatch, ArrowError> {
    let number = |of: fn(&Fit) -> f64| floats(fits.iter().map(|row| row.2.map_or(f64::NAN, of)));
    let count = |of: fn(&Fit) -> usize| counts(fits.iter().map(|row| row.2.map_or(0, of)));
    RecordBatch::try_new(
        fits_schema().arrow,
        vec![
            Arc::new(StringArray::from_iter(fits.iter().map(|row| row.0.as_deref()))),
            texts(fits.iter().map(|row| row.1)),
            count(|fit| fit.values),
            count(|fit| fit.levels),
            number(|fit| fit.log_likelihood),
            number(Fit::aic),
            number(Fit::bic),
            number(Fit::bic_without),
            number(|fit| fit.residual_variance.sqrt()),
            Arc::new(fits.iter().map(|row| Some(row.2.is_some_and(|fit| fit.singular))).collect::<BooleanArray>()),
        ],
    )
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

fn counts(values: impl Iterator<Item = usize>) -> ArrayRef {
    Arc::new(UInt32Array::from_iter_values(values.map(|count| u32::try_from(count).unwrap_or(u32::MAX))))
}
