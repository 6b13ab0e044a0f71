//! `inverse.predict`: parameters from features by a trained model ([`lapicque_inverse::predict`]).

use std::sync::Arc;

use arrow_array::{RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use lapicque_inverse::calibration::edge_mass;
use lapicque_inverse::model::{RowPosterior, outside_training};
use lapicque_inverse::posterior::Summary;
use lapicque_inverse::{Draws, InverseError, Model, Posterior, Predictions, predict_checked};
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::posterior::{self, RowDraws};
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

/// 2: standard deviations grow outside of the training range, or are unknown there. 3: quantiles and draws of posteriors.
const REVISION: u32 = 3;
const MOST_DRAWS: usize = 1_000_000;
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

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Draws of each posterior in the output `posterior`, 1 to 1000000; `mean`, quantiles and `sd` are those of the draws. Models that know a value alone have
    /// none.
    draws: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { draws: 1000 }
    }
}

struct PredictStage {
    bound: Bound,
    draws: usize,
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
    if config.draws == 0 || config.draws > MOST_DRAWS {
        return problem("draws", format!("{} draws; 1 to {MOST_DRAWS} are allowed", config.draws));
    }
    let of_rows = |schema: TableSchema| if labelled { with_labels(schema) } else { schema };
    let outputs = vec![
        Output::new("predictions", of_rows(predictions::schema())),
        Output::new("posterior", of_rows(posterior::schema())),
    ];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let keys = ["sample", "channel", "epoch"]
        .into_iter()
        .filter(|&key| input.schema.column(key).is_some() && (key != "sample" || labelled));
    let columns = keys.map(str::to_owned).chain(features.iter().cloned());
    bound.reads = vec![Read::all("model"), Read::columns("features", columns)];
    let definitions = input.schema.arrow.metadata().get(features::DEFINITIONS).cloned();
    let others = input.schema.column_names().filter_map(|n| Some((n.to_owned(), why_no_feature(&input.schema, n)?)));
    let others = others.collect();
    let draws = config.draws;
    Ok(Box::new(PredictStage { bound, draws, features, others, definitions, labelled }))
}

fn with_labels(schema: TableSchema) -> TableSchema {
    let fields: Vec<Field> =
        std::iter::once(sample_field()).chain(schema.arrow.fields().iter().map(|f| f.as_ref().clone())).collect();
    let key = std::iter::once("sample".to_owned()).chain(schema.key).collect();
    TableSchema { key, arrow: Arc::new(Schema::new(fields)), ..schema }
}

/// What is said of one row of features.
struct Predicted {
    /// In the order of [`Model::quantities`].
    quantities: Vec<Quantity>,
    draws: Option<Draws>,
    outside_training: f64,
}

struct Quantity {
    mean: f64,
    sd: Option<f64>,
    posterior: Option<([f64; 5], f64)>,
}

fn of_values(model: &Model, predicted: Predictions, notes: &mut Vec<String>) -> Vec<Predicted> {
    let of_row = |row: usize| {
        let quantity = |target: usize| Quantity {
            mean: predicted.mean[[row, target]],
            sd: Some(predicted.sd[[row, target]]).filter(|sd| sd.is_finite()),
            posterior: None,
        };
        let quantities = (0..model.targets.len()).map(quantity).collect();
        Predicted { quantities, draws: None, outside_training: predicted.outside_training[row] }
    };
    let rows: Vec<Predicted> = (0..predicted.mean.nrows()).map(of_row).collect();
    let of_any =
        |is: &dyn Fn(&Predicted, &Quantity) -> bool| rows.iter().any(|row| row.quantities.iter().any(|q| is(row, q)));
    if of_any(&|row, quantity| !quantity.mean.is_nan() && row.outside_training > 0.0) {
        notes.push(EXTRAPOLATES.to_owned());
    }
    if of_any(&|_, q| !q.mean.is_nan() && q.sd.is_none() && model.held_out_rms_error.is_some()) {
        notes.push(
            "outside the range of the training data this model does not tell its error: `sd` is null there".to_owned(),
        );
    }
    if of_any(&|_, quantity| quantity.mean.is_nan()) {
        notes.push("predictions are NaN where features are".to_owned());
    }
    rows
}

const EXTRAPOLATES: &str = "features lie outside the range of the training data: predictions there extrapolate";

/// An end of a prior with this part of the draws, and this many times what the prior has there, holds a posterior back.
const PILED_PART: f64 = 0.05;
const PILED_TIMES: f64 = 5.0;

/// What a user should know of posteriors that lean on the ends of their priors.
fn at_edges(model: &Model, posteriors: &[Result<RowPosterior, InverseError>]) -> Vec<String> {
    let Some(prior) = model.posterior().map(Posterior::prior) else {
        return Vec::new();
    };
    let mut leaning = vec![[0usize; 2]; model.targets.len()];
    for row in posteriors.iter().flatten() {
        for (counts, edges) in leaning.iter_mut().zip(edge_mass(&row.draws, prior)) {
            let ends = edges.map(|edges| [edges.low, edges.high]);
            for (count, edge) in counts.iter_mut().zip(ends.into_iter().flatten()) {
                let piled = edge.posterior > PILED_PART && edge.posterior > PILED_TIMES * edge.prior;
                *count += usize::from(piled);
            }
        }
    }
    let of = posteriors.len();
    let mut notes = Vec::new();
    for (target, counts) in model.targets.iter().zip(leaning) {
        for (end, count) in ["lower", "upper"].into_iter().zip(counts).filter(|(_, count)| *count > 0) {
            let name = &target.name;
            notes.push(format!("in {count} of {of} rows draws of `{name}` pile up at the {end} end of its prior"));
        }
    }
    notes
}

/// A row without a posterior has no prediction, and the first reason is told.
fn of_posteriors(
    posteriors: Vec<Result<RowPosterior, InverseError>>,
    outside: Vec<f64>,
    quantities: usize,
    notes: &mut Vec<String>,
) -> Vec<Predicted> {
    let count = posteriors.len();
    let without: Vec<&InverseError> = posteriors.iter().filter_map(|row| row.as_ref().err()).collect();
    if let Some(first) = without.first() {
        notes
            .push(format!("{} of {count} rows have no posterior, so no prediction; the first: {first}", without.len()));
    }
    if posteriors.iter().zip(&outside).any(|(row, outside)| row.is_ok() && *outside > 0.0) {
        notes.push(EXTRAPOLATES.to_owned());
    }
    let undefined: usize = posteriors.iter().flatten().flat_map(|row| &row.summaries).map(|s| s.undefined).sum();
    if undefined > 0 {
        notes.push(format!("{undefined} draws of derived quantities are not finite; summaries leave them out"));
    }
    let of_row = |(row, outside_training): (Result<RowPosterior, InverseError>, f64)| {
        let quantity = |summary: &Summary| Quantity {
            mean: summary.mean,
            sd: Some(summary.sd).filter(|sd| sd.is_finite()),
            posterior: Some((summary.quantiles, summary.map)),
        };
        let none = || Quantity { mean: f64::NAN, sd: None, posterior: None };
        match row {
            Ok(row) => {
                let quantities = row.summaries.iter().map(quantity).collect();
                Predicted { quantities, draws: Some(row.draws), outside_training }
            }
            Err(_) => {
                let quantities = (0..quantities).map(|_| none()).collect();
                Predicted { quantities, draws: None, outside_training }
            }
        }
    };
    posteriors.into_iter().zip(outside).map(of_row).collect()
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
        let mut notes = Vec::new();
        let quantities = model.quantities();
        let predicted = match model.posteriors(matrix, columns, self.draws).map_err(SampleError::input)? {
            Some(posteriors) => {
                let outside = outside_training(model, matrix, columns).map_err(SampleError::input)?;
                notes.extend(at_edges(model, &posteriors));
                of_posteriors(posteriors, outside, quantities.len(), &mut notes)
            }
            None => of_values(model, predict_checked(model, matrix, columns).map_err(SampleError::input)?, &mut notes),
        };
        let (mut rows, mut draws) = (Vec::with_capacity(keys.len() * quantities.len()), Vec::new());
        for ((channel, epoch), predicted) in keys.iter().zip(&predicted) {
            for (described, quantity) in quantities.iter().zip(&predicted.quantities) {
                rows.push(PredictionRow {
                    channel,
                    epoch: *epoch,
                    target: &described.name,
                    unit: described.unit.as_deref().unwrap_or_default(),
                    mean: quantity.mean,
                    sd: quantity.sd,
                    posterior: quantity.posterior,
                    outside_training: predicted.outside_training,
                });
            }
            if let Some(of_row) = &predicted.draws {
                draws.push(RowDraws {
                    channel,
                    epoch: *epoch,
                    values: of_row.values.iter().copied().collect(),
                    log_density: of_row.log_density.clone(),
                });
            }
        }
        notes.extend(self.no_longer_constant(model, table)?);
        let names: Vec<(&str, &str)> =
            quantities.iter().map(|q| (q.name.as_str(), q.unit.as_deref().unwrap_or_default())).collect();
        let mut tables = vec![
            predictions::write(&rows).map_err(SampleError::internal)?,
            posterior::write(&draws, &names).map_err(SampleError::internal)?,
        ];
        if self.labelled {
            let labels = labels(features::TABLE, table).map_err(SampleError::input)?;
            let drawn = |row: usize| predicted[row].draws.as_ref().map_or(0, |draws| draws.log_density.len());
            let once = |_: usize| 1;
            let times: [&dyn Fn(usize) -> usize; 2] = [&once, &drawn];
            for (output, times) in tables.iter_mut().zip(times) {
                let each = |(row, label): (usize, &'_ String)| {
                    std::iter::repeat_n(label.clone(), times(row) * quantities.len()).collect::<Vec<_>>()
                };
                let repeated: Vec<String> = labels.iter().enumerate().flat_map(each).collect();
                *output = with_sample(output, Arc::new(StringArray::from(repeated))).map_err(SampleError::internal)?;
            }
        }
        Ok(SampleOutput { tables, notes })
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
