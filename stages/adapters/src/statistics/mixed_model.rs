//! `statistics.mixed_model`: linear models whose effects vary by subject ([`lapicque_statistics::mixed_model`]).

use std::collections::BTreeMap;

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_statistics::distributions::{
    two_sided_normal, two_sided_normal_quantile, two_sided_t, two_sided_t_quantile,
};
use lapicque_statistics::mixed_model::{Coefficient, Fit, FitError, Method as Likelihood, fit, likelihood_ratio};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{CHANNEL, PORTS, SAMPLE, Tables, Values};
use super::correction::Correction;
use super::mixed_model_tables::{self as tables_of, CoefficientRow, Fitted, TestRow};
use super::model_rows::{Effects, Random};
use super::rows::{Rows, Series, undefined_note};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 2;
/// Fewer levels make the normal distribution of Wald's statistic a poor guess.
const FEW_LEVELS: usize = 30;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "statistics.mixed_model",
    summary: "Fit linear models whose intercepts and slopes vary, by subject for example, and test their terms",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Fixed effects beside the intercept: columns of `groups` or `features`, and interactions, as in `[group, age, group:age]`. With `channel` all channels are one model.
    fixed: Vec<String>,
    /// Effects that vary: `{by: subject}` for intercepts, `{by: subject, slopes: [age]}` for slopes as well, with all their correlations.
    random: Random,
    /// Fixed effects in columns of numbers whose numbers are names of levels. Default: none.
    #[serde(default)]
    categorical: Vec<String>,
    /// The level that others are compared with, for each fixed effect that has levels: `{group: HC}`. Default: the first in order.
    #[serde(default)]
    reference: BTreeMap<String, String>,
    /// Columns of `features` that are explained, each by a model. Default: all columns of fractional numbers; of predictions, `mean`.
    #[serde(default)]
    values: Option<Vec<String>>,
    /// A column of text of `features` whose names are explained one by one. Default: `target`, of predictions.
    #[serde(default)]
    split: Option<String>,
    /// Which likelihood is maximised: `reml` or `ml`. Likelihood ratios are of `ml` in either case.
    #[serde(default)]
    method: Method,
    /// Distribution of an estimate over its standard error: `z`, or `t` with degrees of freedom between and within levels.
    #[serde(default)]
    wald: Wald,
    /// Probability of the intervals. Default: 0.95.
    #[serde(default = "default_confidence")]
    confidence: f64,
    /// Whether each term is tested by the likelihood ratio against the model without it. Default: true.
    #[serde(default = "default_likelihood_ratio")]
    likelihood_ratio: bool,
    /// Correction of p over channels and values, for each term: `holm`, `fdr` (Benjamini and Hochberg) or `none`.
    #[serde(default)]
    correction: Correction,
}

fn default_confidence() -> f64 {
    0.95
}

fn default_likelihood_ratio() -> bool {
    true
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Method {
    #[default]
    Reml,
    Ml,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Wald {
    #[default]
    Z,
    T,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            fixed: Vec::new(),
            random: Random::default(),
            categorical: Vec::new(),
            reference: BTreeMap::new(),
            values: None,
            split: None,
            method: Method::default(),
            wald: Wald::default(),
            confidence: default_confidence(),
            likelihood_ratio: default_likelihood_ratio(),
            correction: Correction::default(),
        }
    }
}

struct MixedModelStage {
    bound: Bound,
    config: Config,
    values: Values,
    effects: Effects,
    by_label: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let tables = Tables::of(request)?;
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    tables.check_join(&mut problems);
    let Config { fixed, random, categorical, reference, .. } = &config;
    let effects = Effects::bind(&tables, fixed, random, categorical, reference, &mut problems);
    let taken = effects.iter().flat_map(Effects::sources).collect::<Vec<_>>();
    let values = tables.values(config.values.as_deref(), config.split.as_deref(), &taken, (&mut problems, &mut notes));
    if !(config.confidence > 0.0 && config.confidence < 1.0) {
        problems.push(ConfigError::at("confidence", format!("{} is not between 0 and 1", config.confidence)));
    }
    let Some(effects) = effects.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let outputs = vec![
        Output::new("coefficients", tables_of::coefficients_schema()),
        Output::new("tests", tables_of::tests_schema()),
        Output::new("variances", tables_of::variances_schema()),
        Output::new("fits", tables_of::fits_schema()),
    ];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.grain = Grain::Table;
    bound.reads = tables.reads(&values, &effects.sources(), effects.has(SAMPLE));
    bound.notes = notes;
    let by_label = tables.by_label();
    Ok(Box::new(MixedModelStage { bound, config, values, effects, by_label }))
}

impl Stage for MixedModelStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut notes = Vec::new();
            let rows = Rows::read(batch, sample, self.by_label, &mut notes)?;
            let together = self.effects.has(CHANNEL);
            let series = rows.series(&self.values, together, false)?;
            notes.extend(undefined_note(&series));
            let columns = self.effects.columns(&rows, &mut notes)?;
            let part = 1.0 / series.len() as f64;
            let of_series = |series: &Series| {
                if context.is_cancelled() {
                    return Err(SampleError::cancelled());
                }
                let (model, values) = self.effects.model(&columns, series);
                let fitted = self.fit(&model, &values);
                (context.progress)(part);
                Ok(fitted)
            };
            let fitted: Vec<Result<Fitted, FitError>> =
                series.par_iter().map(of_series).collect::<Result<_, SampleError>>()?;
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            self.written(&series, &fitted, notes, together)
        })
    }
}

impl MixedModelStage {
    fn fit(&self, model: &lapicque_statistics::mixed_model::Model, values: &[f64]) -> Result<Fitted, FitError> {
        let method = match self.config.method {
            Method::Reml => Likelihood::Reml,
            Method::Ml => Likelihood::Ml,
        };
        let chosen = fit(model, values, method)?;
        if !self.config.likelihood_ratio {
            return Ok(Fitted { fit: chosen, tests: Vec::new() });
        }
        let full = match method {
            Likelihood::Ml => chosen.clone(),
            Likelihood::Reml => fit(model, values, Likelihood::Ml)?,
        };
        let mut tests = Vec::new();
        for (number, term) in model.terms.iter().enumerate() {
            // Parts of interactions are not tested while these remain.
            if let Some(reduced) = model.without(number) {
                tests.push((model.term_name(term), likelihood_ratio(&full, &reduced, values)?));
            }
        }
        Ok(Fitted { fit: chosen, tests })
    }

    fn written(
        &self,
        series: &[Series],
        fitted: &[Result<Fitted, FitError>],
        mut notes: Vec<String>,
        together: bool,
    ) -> Result<SampleOutput, SampleError> {
        let place = |series: &Series| match together {
            true => format!("`{}`", series.value),
            false => format!("channel {}, `{}`", series.channel, series.value),
        };
        let failures: Vec<(&Series, &FitError)> =
            series.iter().zip(fitted).filter_map(|(series, fitted)| Some((series, fitted.as_ref().err()?))).collect();
        let Some(example) = fitted.iter().flatten().next() else {
            let (first, error) = failures.first().ok_or_else(|| SampleError::input("no value has a group"))?;
            return Err(SampleError::input(format!("{}: {error}", place(first))));
        };
        if let Some((first, error)) = failures.first() {
            notes.push(format!(
                "{} of {} models are not fitted and NaN; first {}: {error}",
                failures.len(),
                series.len(),
                place(first)
            ));
        }
        let all = || fitted.iter().flatten().map(|fitted| &fitted.fit);
        let singular = all().filter(|fit| fit.singular).count();
        if singular > 0 {
            notes.push(format!(
                "{singular} of {} fits are singular: the data do not show that all of these effects vary by `{}`",
                series.len(),
                self.config.random.by
            ));
        }
        let levels = all().map(|fit| fit.levels).min().unwrap_or_default();
        if self.config.wald == Wald::Z && levels < FEW_LEVELS {
            notes.push(format!(
                "p of z is too small with {levels} levels of `{}`: `wald: t` and likelihood ratios depend less on their number",
                self.config.random.by
            ));
        }
        let channel = |series: &Series| (!together).then(|| series.channel.clone());
        let mut coefficients = Vec::new();
        let mut tests = Vec::new();
        for (series, fitted) in series.iter().zip(fitted) {
            let (channel, value) = (channel(series), series.value.clone());
            for (i, like) in example.fit.coefficients.iter().enumerate() {
                let own = fitted.as_ref().ok().map(|fitted| &fitted.fit.coefficients[i]);
                coefficients.push(self.coefficient(like, own, channel.clone(), value.clone()));
            }
            for (i, (term, like)) in example.tests.iter().enumerate() {
                let own = fitted.as_ref().ok().map(|fitted| fitted.tests[i].1);
                tests.push(TestRow {
                    term: term.clone(),
                    channel: channel.clone(),
                    value: value.clone(),
                    df: like.df,
                    own,
                });
            }
        }
        let p: Vec<f64> = coefficients.iter().map(|row| row.p).collect();
        let terms: Vec<&str> = coefficients.iter().map(|row| row.term.as_str()).collect();
        let of_coefficients = self.config.correction.of_families(&p, &terms);
        let p: Vec<f64> = tests.iter().map(|row| row.own.map_or(f64::NAN, |own| own.p)).collect();
        let terms: Vec<&str> = tests.iter().map(|row| row.term.as_str()).collect();
        let of_tests = self.config.correction.of_families(&p, &terms);
        let named: Vec<(Option<String>, &str, Option<&Fit>)> = series
            .iter()
            .zip(fitted)
            .map(|(series, fitted)| (channel(series), series.value.as_str(), fitted.as_ref().ok().map(|f| &f.fit)))
            .collect();
        let tables = [
            tables_of::coefficients(&coefficients, &of_coefficients),
            tables_of::tests(&tests, &of_tests),
            tables_of::variances(&named, &example.fit.varying),
            tables_of::fits(&named),
        ];
        let tables = tables.into_iter().collect::<Result<_, _>>().map_err(SampleError::internal)?;
        Ok(SampleOutput { tables, notes })
    }

    fn coefficient(
        &self,
        like: &Coefficient,
        own: Option<&Coefficient>,
        channel: Option<String>,
        value: String,
    ) -> CoefficientRow {
        let of = |number: fn(&Coefficient) -> f64| own.map_or(f64::NAN, number);
        let (estimate, se, df) = (of(|c| c.estimate), of(|c| c.se), of(|c| c.df));
        let statistic = estimate / se;
        let outside = 1.0 - self.config.confidence;
        let (p, wide, df) = match self.config.wald {
            Wald::Z => (two_sided_normal(statistic), two_sided_normal_quantile(outside), None),
            Wald::T => (two_sided_t(statistic, df), two_sided_t_quantile(outside, df), Some(df)),
        };
        let interval = (estimate - wide * se, estimate + wide * se);
        CoefficientRow { term: like.name.clone(), channel, value, estimate, se, statistic, df, p, interval }
    }
}
