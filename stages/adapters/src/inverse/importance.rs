//! `inverse.importance`: which features the predictions of a model rest on, and which features follow which parameters
//! ([`lapicque_inverse::importance`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use lapicque_inverse::importance::{correlated_groups, permutation_importance, sensitivity};
use lapicque_inverse::{FitContext, predict_checked};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, SampleError, SampleInput, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::{Column, TableSchema};
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::failure::failed;
use super::samples_of_model::{FEATURES, MODEL, PARAMETERS, Tested, reads, tested};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
/// Rows that a sensitivity is told from.
const FEWEST: usize = 20;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.importance",
    summary: "Tell which features the predictions of a model rest on, and which parameters features follow",
    ports: &[MODEL, FEATURES, PARAMETERS],
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// How often the values of a feature are exchanged between rows, 1 to 10000.
    repeats: usize,
    /// Features whose rank correlation is at least this are exchanged together, 0 to 1; null: each by itself.
    group_correlated: Option<f64>,
}

impl Default for Config {
    fn default() -> Self {
        Self { repeats: 10, group_correlated: Some(0.9) }
    }
}

struct ImportanceStage {
    bound: Bound,
    config: Config,
    by_label: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if !(1..=10_000).contains(&config.repeats) {
        return problem("repeats", format!("{} repeats; 1 to 10000 are allowed", config.repeats));
    }
    if let Some(threshold) = config.group_correlated.filter(|threshold| !(0.0..=1.0).contains(threshold)) {
        return problem("group_correlated", format!("{threshold}: a correlation, 0 to 1, is due"));
    }
    let outputs =
        vec![Output::new("importance", importance_schema()), Output::new("sensitivity", sensitivity_schema())];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let by_label = reads(request, &mut bound)?;
    bound.random = true;
    Ok(Box::new(ImportanceStage { bound, config, by_label }))
}

fn number(name: &str, description: &str) -> Column {
    Column::new(name, DataType::Float64, description)
}

fn importance_schema() -> TableSchema {
    TableSchema::new(
        "importance",
        &["features", "target"],
        [
            Column::new("features", DataType::Utf8, "feature, or features that vary together, joined by +"),
            Column::new("target", DataType::Utf8, "parameter"),
            number("importance", "mean drop of R^2 when their values are exchanged between rows"),
            number("sd", "standard deviation of the drop over the repeats"),
        ],
    )
}

fn sensitivity_schema() -> TableSchema {
    TableSchema::new(
        "sensitivity",
        &["feature", "parameter"],
        [
            Column::new("feature", DataType::Utf8, "feature"),
            Column::new("parameter", DataType::Utf8, "parameter"),
            number("coefficient", "standardized regression coefficient, of a fit to all parameters"),
            number("first_order", "part of the variance of the feature that the parameter explains by itself"),
            number("linear_r2", "R^2 of the fit to all parameters"),
        ],
    )
}

impl Stage for ImportanceStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, input| self.tell(context, input, batch, sample))
    }
}

impl ImportanceStage {
    fn tell(
        &self,
        context: &Context<'_>,
        input: &SampleInput,
        batch: &Batch,
        sample: usize,
    ) -> Result<SampleOutput, SampleError> {
        let Tested { model, rows } = tested(batch, sample, self.by_label)?;
        let (x, y, names) = (rows.data.features(), rows.data.targets(), rows.data.feature_names());
        let fit = FitContext {
            threads: context.threads,
            cancelled: &|| context.is_cancelled(),
            progress: context.progress,
            stream: StreamKey::new(input.stream("importance")),
            priors: &[],
        };
        let groups = match self.config.group_correlated {
            Some(threshold) => correlated_groups(x, threshold),
            None => (0..names.len()).map(|feature| vec![feature]).collect(),
        };
        let predict = |features: ArrayView2<'_, f64>| match predict_checked(&model, features, names) {
            Ok(predicted) => predicted.mean,
            Err(_) => Array2::from_elem((features.nrows(), model.targets.len()), f64::NAN),
        };
        let found =
            fit.on_threads(|| permutation_importance(&predict, (x, y), &groups, self.config.repeats, fit.stream, &fit));
        let found = found.map_err(failed)?;
        let of_group: Vec<String> = groups
            .iter()
            .map(|group| group.iter().map(|&feature| names[feature].as_str()).collect::<Vec<_>>().join(" + "))
            .collect();
        let float = |values: Vec<f64>| Arc::new(Float64Array::from(values)) as ArrayRef;
        let text = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
        let importance = vec![
            text(found.iter().map(|row| of_group[row.group].as_str()).collect()),
            text(found.iter().map(|row| model.targets[row.target].name.as_str()).collect()),
            float(found.iter().map(|row| row.mean).collect()),
            float(found.iter().map(|row| row.sd).collect()),
        ];
        let importance = RecordBatch::try_new(importance_schema().arrow, importance).map_err(SampleError::internal)?;
        let mut notes = Vec::new();
        let follow = if x.nrows() < FEWEST {
            notes.push(format!(
                "{} rows are too few to tell which parameters features follow: {FEWEST} are due",
                x.nrows()
            ));
            Vec::new()
        } else {
            sensitivity(y, x).map_err(failed)?
        };
        let sensitivity = vec![
            text(follow.iter().map(|row| names[row.feature].as_str()).collect()),
            text(follow.iter().map(|row| model.targets[row.parameter].name.as_str()).collect()),
            float(follow.iter().map(|row| row.coefficient).collect()),
            float(follow.iter().map(|row| row.first_order).collect()),
            float(follow.iter().map(|row| row.linear_r2).collect()),
        ];
        let sensitivity =
            RecordBatch::try_new(sensitivity_schema().arrow, sensitivity).map_err(SampleError::internal)?;
        if rows.dropped_rows > 0 {
            notes.push(format!("{} rows with a missing feature are left out", rows.dropped_rows));
        }
        Ok(SampleOutput { tables: vec![importance, sensitivity], notes })
    }
}
