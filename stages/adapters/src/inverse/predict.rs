//! `inverse.predict`: parameters from features by a trained model ([`lapicque_inverse::predict`]).

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use lapicque_inverse::{Model, predict_checked};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::predictions::{self, PredictionRow};
use lapicque_schemas::tables::{features, model};
use lapicque_schemas::{TableSchema, sample_field, with_sample};
use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{feature_names, suggestion, why_no_feature};
use super::model_table::model_of;
use super::training_rows::{labels, numbers};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

/// 2: standard deviations grow outside of the training range, or are unknown there.
const REVISION: u32 = 2;
const PORTS: &[PortSpec] = &[
    PortSpec::new("model", model::TABLE, PortMode::Broadcast, true),
    PortSpec::new("features", features::TABLE, PortMode::Either, true),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.predict",
    summary: "Infer parameters from features with a trained model",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {}

struct PredictStage {
    bound: Bound,
    features: Vec<String>,
    /// Columns that are no features, and why.
    others: Vec<(String, String)>,
    definitions: Option<String>,
    /// The features are a whole table with labels of samples, which are kept.
    labelled: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let Some(input) = request.input("features") else {
        return problem("inputs", "the input `features` is missing");
    };
    let features = feature_names(&input.schema);
    if features.is_empty() {
        return problem("inputs.features", "this table has no columns of numbers");
    }
    let labelled = !input.sample_wise && input.schema.column("sample").is_some();
    let output = if labelled { with_labels(predictions::schema()) } else { predictions::schema() };
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![Output::new("predictions", output)])?;
    let keys = ["sample", "channel", "epoch"]
        .into_iter()
        .filter(|&key| input.schema.column(key).is_some() && (key != "sample" || labelled));
    let columns = keys.map(str::to_owned).chain(features.iter().cloned());
    bound.reads = vec![Read::all("model"), Read::columns("features", columns)];
    let definitions = input.schema.arrow.metadata().get(features::DEFINITIONS).cloned();
    let others = input.schema.column_names().filter_map(|n| Some((n.to_owned(), why_no_feature(&input.schema, n)?)));
    let others = others.collect();
    Ok(Box::new(PredictStage { bound, features, others, definitions, labelled }))
}

fn with_labels(schema: TableSchema) -> TableSchema {
    let fields: Vec<Field> =
        std::iter::once(sample_field()).chain(schema.arrow.fields().iter().map(|f| f.as_ref().clone())).collect();
    let key = std::iter::once("sample".to_owned()).chain(schema.key).collect();
    TableSchema { key, arrow: Arc::new(Schema::new(fields)), ..schema }
}

impl Stage for PredictStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let applied = batch
            .whole("model")
            .ok_or_else(|| SampleError::internal("no input `model`"))
            .and_then(|table| self.applied(table));
        each_sample(batch, |sample, _| {
            if context.is_cancelled() {
                return Err(SampleError::cancelled());
            }
            let (model, columns) = applied.as_ref().map_err(Clone::clone)?;
            let table = batch.table(sample, "features").ok_or_else(|| SampleError::internal("no input `features`"))?;
            self.predict(model, columns, table)
        })
    }
}

impl PredictStage {
    /// The model, and the columns that it uses.
    fn applied(&self, table: &RecordBatch) -> Result<(Model, Vec<String>), SampleError> {
        let models = model::read(table).map_err(SampleError::input)?;
        let [rows] = models.as_slice() else {
            return Err(SampleError::input(format!(
                "the table of the input `model` has {} models; it must have one",
                models.len()
            )));
        };
        let model = model_of(rows).map_err(SampleError::input)?;
        if let Some(definitions) = &self.definitions
            && !model.feature_definitions.is_empty()
            && *definitions != model.feature_definitions
        {
            return Err(SampleError::input(format!(
                "the model was trained on features of the definitions `{}`, these are of `{definitions}`",
                model.feature_definitions
            )));
        }
        let columns: Vec<String> = model.features.iter().map(|feature| feature.name.clone()).collect();
        match columns.iter().find(|column| !self.features.contains(column)) {
            Some(lacking) => {
                let why = match self.others.iter().find(|(name, _)| name == lacking) {
                    Some((_, why)) => format!("is no feature here: {why}"),
                    None => format!("is not here{}", suggestion(lacking, &self.features)),
                };
                Err(SampleError::input(format!("the model uses the feature `{lacking}`, which {why}")))
            }
            None => Ok((model, columns)),
        }
    }

    fn predict(&self, model: &Model, columns: &[String], table: &RecordBatch) -> Result<SampleOutput, SampleError> {
        let keys = features::keys(table).map_err(SampleError::input)?;
        let of_columns = numbers(features::TABLE, table, columns)?;
        let values: Vec<f64> = (0..keys.len()).flat_map(|row| of_columns.iter().map(move |c| c[row])).collect();
        let matrix = ArrayView2::from_shape((keys.len(), columns.len()), &values).map_err(SampleError::internal)?;
        let predicted = predict_checked(model, matrix, columns).map_err(SampleError::input)?;
        let mut rows = Vec::with_capacity(keys.len() * model.targets.len());
        let (mut undefined, mut outside, mut unknown_sd) = (false, false, false);
        for (row, (channel, epoch)) in keys.iter().enumerate() {
            for (target, described) in model.targets.iter().enumerate() {
                let mean = predicted.mean[[row, target]];
                let outside_training = predicted.outside_training[row];
                let sd = Some(predicted.sd[[row, target]]).filter(|sd| sd.is_finite());
                undefined |= mean.is_nan();
                outside |= !mean.is_nan() && outside_training > 0.0;
                unknown_sd |= !mean.is_nan() && sd.is_none() && model.held_out_rms_error.is_some();
                rows.push(PredictionRow {
                    channel,
                    epoch: *epoch,
                    target: &described.name,
                    unit: described.unit.as_deref().unwrap_or_default(),
                    mean,
                    sd,
                    outside_training,
                });
            }
        }
        let mut notes = Vec::new();
        if outside {
            notes.push("features lie outside the range of the training data: predictions there extrapolate".to_owned());
        }
        if unknown_sd {
            notes.push(
                "outside the range of the training data this model does not tell its error: `sd` is null there"
                    .to_owned(),
            );
        }
        if undefined {
            notes.push("predictions are NaN where features are".to_owned());
        }
        notes.extend(self.no_longer_constant(model, table)?);
        let mut table_out = predictions::write(&rows).map_err(SampleError::internal)?;
        if self.labelled {
            let labels = labels(features::TABLE, table).map_err(SampleError::input)?;
            let repeated = labels
                .iter()
                .flat_map(|label| std::iter::repeat_n(label.as_str(), model.targets.len()))
                .collect::<Vec<_>>();
            table_out =
                with_sample(&table_out, Arc::new(StringArray::from(repeated))).map_err(SampleError::internal)?;
        }
        Ok(SampleOutput { tables: vec![table_out], notes })
    }

    /// What the model could not learn from: features that had one value in training, and have another here.
    fn no_longer_constant(&self, model: &Model, table: &RecordBatch) -> Result<Option<String>, SampleError> {
        let mut names = Vec::new();
        for dropped in model.dropped_features.iter().filter(|dropped| self.features.contains(&dropped.name)) {
            let values = numbers(features::TABLE, table, std::slice::from_ref(&dropped.name))?;
            let near = 1e-9 * dropped.value.abs();
            if values.iter().flatten().any(|value| (value - dropped.value).abs() > near) {
                names.push(dropped.name.as_str());
            }
        }
        let told = || {
            format!(
                "the model does not use features that were the same in all training rows, and are not here: {}",
                names.join(", ")
            )
        };
        Ok((!names.is_empty()).then(told))
    }
}
