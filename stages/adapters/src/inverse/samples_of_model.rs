//! Samples with features and true parameters, as a model sees them: what kinds that test a model have in common.

use arrow_array::RecordBatch;
use lapicque_inverse::{Expression, Model};
use lapicque_pipeline::{Batch, BindRequest, Bound, ConfigError, Grain, PortMode, PortSpec, Read, SampleError};
use lapicque_schemas::tables::{features, model, parameters};

use super::columns::{feature_names, suggestion};
use super::model_table::model_of;
use super::train_columns::Learned;
use super::train_config::MissingConfig;
use super::training_rows::{Columns, TrainingRows, training_rows};

pub(super) const MODEL: PortSpec = PortSpec::new("model", model::TABLE, PortMode::Broadcast, true);
pub(super) const FEATURES: PortSpec = PortSpec::new("features", features::TABLE, PortMode::Either, true);
pub(super) const PARAMETERS: PortSpec = PortSpec::new("parameters", parameters::TABLE, PortMode::Either, true);

/// Declares what is read, and whether samples are told apart by their labels.
pub(super) fn reads(request: &BindRequest<'_>, bound: &mut Bound) -> Result<bool, Vec<ConfigError>> {
    let missing = |port: &str| vec![ConfigError::at("inputs", format!("the input `{port}` is missing"))];
    let from = request.input("features").ok_or_else(|| missing("features"))?;
    let to = request.input("parameters").ok_or_else(|| missing("parameters"))?;
    request.input("model").ok_or_else(|| missing("model"))?;
    let by_label = !(from.sample_wise && to.sample_wise);
    let mut problems = Vec::new();
    for input in [from, to] {
        if !input.sample_wise && input.schema.column("sample").is_none() {
            let message = "this whole table has no column `sample` that says to which sample a row belongs";
            problems.push(ConfigError::at(format!("inputs.{}", input.port), message));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let keys = ["channel", "epoch"].into_iter().filter(|key| from.schema.column(key).is_some()).map(str::to_owned);
    let of_features = keys.chain(feature_names(&from.schema)).collect::<Vec<_>>();
    let of_parameters = parameters::numeric_names(&to.schema);
    let mut read = vec![Read::all("model")];
    for (input, columns) in [(from, of_features), (to, of_parameters)] {
        let sample = (!input.sample_wise).then(|| "sample".to_owned());
        let of_input = Read::columns(&input.port, sample.into_iter().chain(columns));
        read.push(Read { labels: by_label && input.sample_wise, ..of_input });
    }
    bound.reads = read;
    bound.grain = Grain::Table;
    Ok(by_label)
}

/// A model, and samples with all that it is of.
pub(super) struct Tested {
    pub(super) model: Model,
    /// Rows without a feature are left out; [`TrainingRows::dropped_rows`] says how many.
    pub(super) rows: TrainingRows,
}

pub(super) fn tested(batch: &Batch, sample: usize, by_label: bool) -> Result<Tested, SampleError> {
    let table =
        |port: &str| batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")));
    let models = model::read(table("model")?).map_err(SampleError::input)?;
    let [rows] = models.as_slice() else {
        let message = format!("the table of the input `model` has {} models; it must have one", models.len());
        return Err(SampleError::input(message));
    };
    let model = model_of(rows).map_err(SampleError::input)?;
    let names: Vec<String> = model.features.iter().map(|feature| feature.name.clone()).collect();
    let (of_features, of_parameters) = (table("features")?, table("parameters")?);
    check_columns("feature", &names, of_features)?;
    let definitions = of_features.schema().metadata().get(features::DEFINITIONS).cloned();
    if let Some(definitions) =
        definitions.filter(|d| !model.feature_definitions.is_empty() && *d != model.feature_definitions)
    {
        let of_model = &model.feature_definitions;
        let message =
            format!("the model was trained on features of the definitions `{of_model}`, these are of `{definitions}`");
        return Err(SampleError::input(message));
    }
    let mut targets = Vec::new();
    for target in &model.targets {
        let derived = model.derived.iter().find(|derived| derived.name == target.name);
        let expression = derived.map(|derived| Expression::parse(&derived.expression)).transpose();
        let expression = expression.map_err(SampleError::input)?;
        let needed = expression.as_ref().map_or(std::slice::from_ref(&target.name), Expression::names);
        check_columns("parameter", needed, of_parameters)?;
        if expression.is_none() {
            check_unit(&target.name, target.unit.as_deref(), of_parameters)?;
        }
        targets.push(Learned { name: target.name.clone(), unit: target.unit.clone(), expression });
    }
    let priors = vec![None; targets.len()];
    let columns = Columns {
        features: &names,
        targets: &targets,
        priors: &priors,
        groups: None,
        by_label,
        missing: MissingConfig::Drop,
        as_given: false,
    };
    let rows = training_rows(of_features, of_parameters, &columns)?;
    Ok(Tested { model, rows })
}

fn check_columns(what: &str, needed: &[String], table: &RecordBatch) -> Result<(), SampleError> {
    let known: Vec<String> = table.schema().fields().iter().map(|field| field.name().clone()).collect();
    match needed.iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(SampleError::input(format!(
            "the model is of the {what} `{name}`, which is not here{}",
            suggestion(name, &known)
        ))),
    }
}

fn check_unit(name: &str, unit: Option<&str>, table: &RecordBatch) -> Result<(), SampleError> {
    let schema = table.schema();
    let found = schema.field_with_name(name).ok().and_then(|field| field.metadata().get("unit").cloned());
    match (unit, found) {
        (Some(unit), Some(found)) if unit != found => Err(SampleError::input(format!(
            "the model was trained on `{name}` in {unit}, here it is in {found}: convert it before, e.g. by a query"
        ))),
        _ => Ok(()),
    }
}
