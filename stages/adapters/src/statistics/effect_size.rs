//! `statistics.effect_size`: how far groups lie apart, in standard deviations ([`lapicque_statistics::effect_size`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::DataType;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, SampleError, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::FREE;
use lapicque_schemas::{Column, TableSchema};
use lapicque_statistics::effect_size::{EffectSize, effect_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{PORTS, Tables, Values};
use super::correction::Correction;
use super::rows::{Rows, undefined_note};
use super::units::{Aggregate, Grouping, Unit, comparisons};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

const REVISION: u32 = 2;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "statistics.effect_size",
    summary: "Measure how far groups lie apart: Cohen's d, Hedges' g and their intervals",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The column that says to which group a sample belongs: of `groups`, else of `features`.
    group: String,
    /// The group that others are compared with. Default: all pairs of groups.
    #[serde(default)]
    control: Option<String>,
    /// Columns of `features` that are compared. Default: all columns of fractional numbers; of predictions, `mean`.
    #[serde(default)]
    values: Option<Vec<String>>,
    /// A column of text of `features` whose names are compared one by one. Default: `target`, of predictions.
    #[serde(default)]
    split: Option<String>,
    /// What counts as one observation, whose rows are averaged first: `sample`, a column such as `subject`, or `rows`. Default: `subject` where there is such a column, else `sample`.
    #[serde(default)]
    unit: Option<String>,
    /// How rows of one observation are averaged.
    #[serde(default)]
    aggregate: Aggregate,
    /// What `estimate`, `se` and the interval are of.
    #[serde(default)]
    estimate: Estimate,
    /// Probability of the interval. Default: 0.95.
    #[serde(default = "default_confidence")]
    confidence: f64,
    /// Fewer observations in either group give no effect. Default: 2; 3 with `compat: ncpi`.
    #[serde(default)]
    least_observations: Option<usize>,
    /// Correction of p over channels and values, for each comparison: `holm`, `fdr` (Benjamini and Hochberg) or `none`.
    #[serde(default)]
    correction: Correction,
    /// `ncpi`: each row is an observation, values that are zero are left out, and three observations are due.
    #[serde(default)]
    compat: Option<Compat>,
}

fn default_confidence() -> f64 {
    0.95
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Estimate {
    #[default]
    CohensD,
    HedgesG,
}

/// Another program whose numbers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Compat {
    Ncpi,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            group: String::new(),
            control: None,
            values: None,
            split: None,
            unit: None,
            aggregate: Aggregate::default(),
            estimate: Estimate::default(),
            confidence: default_confidence(),
            least_observations: None,
            correction: Correction::default(),
            compat: None,
        }
    }
}

struct EffectSizeStage {
    bound: Bound,
    config: Config,
    values: Values,
    grouping: Grouping,
    by_label: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let tables = Tables::of(request)?;
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    tables.check_join(&mut problems);
    let default = if config.compat.is_some() { Unit::Rows } else { Unit::Sample };
    let grouping =
        Grouping::bind(&tables, &config.group, config.unit.as_deref(), &default, (&mut problems, &mut notes));
    let taken = grouping.iter().flat_map(Grouping::sources).collect::<Vec<_>>();
    let values = tables.values(config.values.as_deref(), config.split.as_deref(), &taken, (&mut problems, &mut notes));
    if !(config.confidence > 0.0 && config.confidence < 1.0) {
        problems.push(ConfigError::at("confidence", format!("{} is not between 0 and 1", config.confidence)));
    }
    if config.least_observations == Some(0) {
        problems.push(ConfigError::at("least_observations", "0; 1 or more are allowed"));
    }
    let Some(grouping) = grouping.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("effects", schema())])?;
    bound.grain = Grain::Table;
    bound.reads = tables.reads(&values, &grouping.sources(), grouping.unit == Unit::Sample);
    bound.notes = notes;
    let by_label = tables.by_label();
    Ok(Box::new(EffectSizeStage { bound, config, values, grouping, by_label }))
}

fn schema() -> TableSchema {
    let float = |name: &str, description: &str| Column::new(name, DataType::Float64, description);
    TableSchema::new(
        FREE,
        &["comparison", "channel", "value"],
        [
            Column::new("comparison", DataType::Utf8, "the two groups: `level vs control`"),
            Column::new("level", DataType::Utf8, "the group that is compared"),
            Column::new("control", DataType::Utf8, "the group that it is compared with"),
            Column::new("channel", DataType::Utf8, "channel of the features"),
            Column::new("value", DataType::Utf8, "what is compared: a column of the features, or a target"),
            Column::new("n", DataType::UInt32, "observations of the group"),
            Column::new("n_control", DataType::UInt32, "observations of the control"),
            float("mean", "mean of the group"),
            float("mean_control", "mean of the control"),
            float("sd", "standard deviation of the group (n - 1)"),
            float("sd_control", "standard deviation of the control (n - 1)"),
            float("cohens_d", "difference of the means over the pooled standard deviation"),
            float("hedges_g", "Cohen's d without its bias"),
            float("estimate", "Cohen's d, or Hedges' g where the configuration says so"),
            float("se", "standard error of the estimate, for large groups (Hedges and Olkin 1985)"),
            float("ci_low", "lower end of the exact interval of the estimate (noncentral t)"),
            float("ci_high", "upper end of the exact interval of the estimate (noncentral t)"),
            float("statistic", "Student's t of the difference of the means"),
            float("df", "degrees of freedom of t"),
            float("p", "two-sided p value of t"),
            float("p_corrected", "p corrected over the channels and values of the comparison"),
        ],
    )
}

/// One row of the output.
struct Row<'a> {
    level: &'a str,
    control: &'a str,
    channel: &'a str,
    value: &'a str,
    effect: EffectSize,
    /// Too few observations for an effect.
    too_few: bool,
}

impl Stage for EffectSizeStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let mut notes = Vec::new();
            let rows = Rows::read(batch, sample, self.by_label, &mut notes)?;
            let units = self.grouping.units(&rows, &mut notes)?;
            let series = rows.series(&self.values, false, self.config.compat.is_some())?;
            notes.extend(undefined_note(&series));
            let pairs = comparisons(&self.grouping.group.name, &units.levels, self.config.control.as_deref())?;
            let least = self.config.least_observations.unwrap_or(if self.config.compat.is_some() { 3 } else { 2 });
            let of_series: Vec<Vec<Option<f64>>> =
                series.iter().map(|series| units.values(series, self.config.aggregate)).collect();
            let mut found = Vec::with_capacity(pairs.len() * series.len());
            for &(level, control) in &pairs {
                for (series, values) in series.iter().zip(&of_series) {
                    if context.is_cancelled() {
                        return Err(SampleError::cancelled());
                    }
                    let of = |level: usize| -> Vec<f64> {
                        let of_level = values.iter().zip(&units.group).filter(|(_, group)| **group == level);
                        of_level.filter_map(|(value, _)| *value).collect()
                    };
                    let effect = effect_size(&of(level), &of(control), self.config.confidence);
                    found.push(Row {
                        level: &units.levels[level],
                        control: &units.levels[control],
                        channel: &series.channel,
                        value: &series.value,
                        effect,
                        too_few: effect.n.min(effect.n_control) < least,
                    });
                }
            }
            notes.extend(undefined_effects(&found, least));
            let table = self.table(&found).map_err(SampleError::internal)?;
            Ok(SampleOutput { tables: vec![table], notes })
        })
    }
}

impl EffectSizeStage {
    fn table(&self, rows: &[Row<'_>]) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let defined = |row: &Row<'_>, value: f64| if row.too_few { f64::NAN } else { value };
        let p: Vec<f64> = rows.iter().map(|row| defined(row, row.effect.p)).collect();
        let names: Vec<String> = rows.iter().map(|row| format!("{} vs {}", row.level, row.control)).collect();
        let families: Vec<&str> = names.iter().map(String::as_str).collect();
        let corrected = self.config.correction.of_families(&p, &families);
        let text =
            |of: fn(&Row<'_>) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
        let count = |of: fn(&EffectSize) -> usize| -> ArrayRef {
            let count = |row: &Row<'_>| u32::try_from(of(&row.effect)).unwrap_or(u32::MAX);
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(count)))
        };
        let always = |of: fn(&EffectSize) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| of(&row.effect))))
        };
        let number = |of: fn(&EffectSize) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| defined(row, of(&row.effect)))))
        };
        let chosen = |d: fn(&EffectSize) -> f64, g: fn(&EffectSize) -> f64| match self.config.estimate {
            Estimate::CohensD => number(d),
            Estimate::HedgesG => number(g),
        };
        RecordBatch::try_new(
            schema().arrow,
            vec![
                Arc::new(StringArray::from(names.clone())),
                text(|row| row.level.to_owned()),
                text(|row| row.control.to_owned()),
                text(|row| row.channel.to_owned()),
                text(|row| row.value.to_owned()),
                count(|effect| effect.n),
                count(|effect| effect.n_control),
                always(|effect| effect.mean),
                always(|effect| effect.mean_control),
                always(|effect| effect.sd),
                always(|effect| effect.sd_control),
                number(|effect| effect.cohens_d),
                number(|effect| effect.hedges_g),
                chosen(|effect| effect.cohens_d, |effect| effect.hedges_g),
                chosen(|effect| effect.se_of_d, |effect| effect.se_of_g),
                chosen(|effect| effect.interval_of_d.0, |effect| effect.interval_of_g.0),
                chosen(|effect| effect.interval_of_d.1, |effect| effect.interval_of_g.1),
                number(|effect| effect.t),
                number(|effect| effect.df),
                Arc::new(Float64Array::from(p)),
                Arc::new(Float64Array::from(corrected)),
            ],
        )
    }
}

/// Effects that are not defined, and why.
fn undefined_effects(rows: &[Row<'_>], least: usize) -> Vec<String> {
    let told = |why: &str, which: Vec<&Row<'_>>| {
        let first = which.first()?;
        let place = format!("{} vs {}, channel {}, `{}`", first.level, first.control, first.channel, first.value);
        Some(format!("{} of {} effects are NaN, as {why} (first: {place})", which.len(), rows.len()))
    };
    let few = rows.iter().filter(|row| row.too_few).collect();
    let equal = rows.iter().filter(|row| !row.too_few && row.effect.cohens_d.is_nan()).collect();
    [
        told(&format!("a group has fewer than {least} observations"), few),
        told("no value of either group differs from others of it", equal),
    ]
    .into_iter()
    .flatten()
    .collect()
}
