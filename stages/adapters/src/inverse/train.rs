//! `inverse.train`: a model that infers parameters from features, and how well it does on samples it has not seen ([`lapicque_inverse`]).

use std::sync::Arc;

use arrow_schema::{Field, Schema};
use lapicque_inverse::{
    AnyEstimator, CrossValidation, FitContext, InverseError, Model, Preparation, Split, Target, cross_validate, train,
};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortMode, PortSchema, PortSpec, Read, SampleError,
    SampleInput, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::held_out::{self, HeldOutRow};
use lapicque_schemas::tables::metrics::{self, MetricsRow};
use lapicque_schemas::tables::{features, model, parameters};
use lapicque_schemas::{TableSchema, label_positions, sample_field};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{feature_names, suggestion, why_no_feature};
use super::model_table::rows_of;
use super::training_rows::{Columns, GroupColumn, TrainingRows, training_rows};
use super::validation_config::{ValidationConfig, located};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

/// 2: splits follow from the points, not from the features; errors grow with the leverage. 3: the model as a head and named arrays, of the same numbers.
const REVISION: u32 = 3;
const PORTS: &[PortSpec] = &[
    PortSpec::new("features", features::TABLE, PortMode::Either, true),
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, true),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.train",
    summary: "Train a model that infers parameters from features, and validate it on held-out samples",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Columns of `parameters` that the model infers from the features.
    targets: Vec<String>,
    /// Columns of `features` that the model uses. Default: all.
    #[serde(default)]
    features: Option<Vec<String>>,
    /// Whether features are divided by their standard deviation after subtracting their mean, both of the training rows. Default: false.
    #[serde(default)]
    standardize: bool,
    /// `{ridge: {alpha: 1.0}}` (the default), `least_squares` or `{random_forest: {trees: 100}}`.
    #[serde(default)]
    estimator: AnyEstimator,
    /// `{shuffle_split: {repeats: 10, test_fraction: 0.1}}` (the default), `{repeated_kfold: {folds: 10, repeats: 10}}` or `none`.
    #[serde(default)]
    validation: ValidationConfig,
    /// A column of `parameters`, else of `features`, such as `subject`: samples with one value are held out together. Default: each sample is on its own.
    #[serde(default)]
    groups: Option<String>,
}

struct TrainStage {
    bound: Bound,
    config: Config,
    features: Vec<String>,
    targets: Vec<Target>,
    groups: Option<GroupColumn>,
    definitions: String,
    /// Whether samples are told apart by their labels; else by what they hold.
    by_label: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let missing = |port: &str| vec![ConfigError::at("inputs", format!("the input `{port}` is missing"))];
    let from = request.input("features").ok_or_else(|| missing("features"))?;
    let to = request.input("parameters").ok_or_else(|| missing("parameters"))?;
    let mut problems: Vec<ConfigError> =
        [config.estimator.check().map_err(|error| located("estimator", error)), config.validation.check()]
            .into_iter()
            .filter_map(Result::err)
            .collect();
    let mut notes = Vec::new();
    let groups = group_column(&config, from, to, &mut problems, &mut notes);
    let features = selected_features(&config, &from.schema, groups.as_ref(), &mut problems, &mut notes);
    let targets = targets(&config, &to.schema, &features, &mut problems);
    for input in [from, to] {
        if !input.sample_wise && input.schema.column("sample").is_none() {
            let message = "this whole table has no column `sample` that says to which sample a row belongs";
            problems.push(ConfigError::at(format!("inputs.{}", input.port), message));
        }
    }
    // There may be fewer: `where` leaves samples out, and some may fail.
    if let Some(most) = [from, to].into_iter().filter_map(|input| input.samples).min()
        && problems.is_empty()
    {
        problems.extend(config.validation.check_count(most).err());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let by_label = !(from.sample_wise && to.sample_wise);
    let outputs = vec![
        Output::new("model", model::schema()),
        Output::new("metrics", metrics::schema()),
        Output::new("held_out", held_out_schema(by_label)),
    ];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.grain = Grain::Table;
    bound.random = config.validation.validation().is_some() || config.estimator.is_random();
    let keys = ["channel", "epoch"].into_iter().filter(|key| from.schema.column(key).is_some()).map(str::to_owned);
    let grouped_by = |table: &'static str| groups.iter().filter(move |g| g.table == table).map(|g| g.name.clone());
    let of_features = keys.chain(features.iter().cloned()).chain(grouped_by(features::TABLE));
    let of_parameters = targets.iter().map(|target| target.name.clone());
    let group = grouped_by(parameters::TABLE).filter(|group| !config.targets.contains(group));
    bound.reads = vec![of_samples(from, of_features, by_label), of_samples(to, of_parameters.chain(group), by_label)];
    notes.extend(targets.iter().filter(|target| target.unit.is_none()).map(|target| {
        format!("column `{}` of the parameters has no unit: predictions are in whatever unit it is in", target.name)
    }));
    if config.features.is_none() {
        let left_out = from.schema.column_names().filter_map(|name| Some((name, why_no_feature(&from.schema, name)?)));
        notes.extend(left_out.map(|(name, why)| format!("the column `{name}` is no feature: {why}")));
    }
    bound.notes = notes;
    let definitions = from.schema.arrow.metadata().get(features::DEFINITIONS).cloned().unwrap_or_default();
    Ok(Box::new(TrainStage { bound, config, features, targets, groups, definitions, by_label }))
}

/// Labels are values only where a whole table says by them whose its rows are.
fn of_samples(input: &PortSchema, columns: impl Iterator<Item = String>, by_label: bool) -> Read {
    let sample = (!input.sample_wise).then(|| "sample".to_owned());
    Read { labels: by_label && input.sample_wise, ..Read::columns(&input.port, sample.into_iter().chain(columns)) }
}

/// The column that `groups` names.
fn group_column(
    config: &Config,
    from: &PortSchema,
    to: &PortSchema,
    problems: &mut Vec<ConfigError>,
    notes: &mut Vec<String>,
) -> Option<GroupColumn> {
    let name = config.groups.as_ref()?;
    let found = |table: &'static str| Some(GroupColumn { table, name: name.clone() });
    match (to.schema.column(name).is_some(), from.schema.column(name).is_some()) {
        (true, both) => {
            if both {
                notes.push(format!("`groups`: both tables have a column `{name}`; that of the parameters is taken"));
            }
            found(parameters::TABLE)
        }
        (false, true) => found(features::TABLE),
        (false, false) => {
            let known: Vec<String> = [to, from]
                .into_iter()
                .flat_map(|input| input.schema.column_names().map(str::to_owned))
                .filter(|known| !config.features.iter().flatten().any(|feature| feature == known))
                .collect();
            let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
            problems.push(ConfigError::at(
                "groups",
                format!("neither parameters nor features have a column `{name}`{}", near.unwrap_or_default()),
            ));
            None
        }
    }
}

fn selected_features(
    config: &Config,
    schema: &TableSchema,
    groups: Option<&GroupColumn>,
    problems: &mut Vec<ConfigError>,
    notes: &mut Vec<String>,
) -> Vec<String> {
    let mut known = feature_names(schema);
    if let Some(GroupColumn { name, .. }) = groups.filter(|group| known.contains(&group.name)) {
        known.retain(|known| known != name);
        match &config.features {
            None => notes.push(format!("`{name}`, by which samples are grouped, is no feature")),
            Some(chosen) => problems.extend(chosen.iter().position(|feature| feature == name).map(|i| {
                ConfigError::at(
                    format!("features.{i}"),
                    format!("samples are grouped by `{name}`, so it is no feature"),
                )
            })),
        }
    }
    let Some(chosen) = &config.features else {
        if known.is_empty() {
            problems.push(ConfigError::at("inputs.features", "this table has no columns of numbers"));
        }
        return known;
    };
    if chosen.is_empty() {
        problems.push(ConfigError::at("features", "no feature is named"));
    }
    for (i, name) in chosen.iter().enumerate().filter(|(_, name)| groups.is_none_or(|group| group.name != **name)) {
        if !known.contains(name) {
            let message = match why_no_feature(schema, name) {
                Some(why) => format!("the column `{name}` is no feature: {why}"),
                None => format!("there is no feature `{name}`{}", suggestion(name, &known)),
            };
            problems.push(ConfigError::at(format!("features.{i}"), message));
        } else if chosen[..i].contains(name) {
            problems.push(ConfigError::at(format!("features.{i}"), format!("`{name}` is named twice")));
        }
    }
    chosen.clone()
}

fn targets(config: &Config, schema: &TableSchema, features: &[String], problems: &mut Vec<ConfigError>) -> Vec<Target> {
    let known = parameters::numeric_names(schema);
    if config.targets.is_empty() {
        problems.push(ConfigError::at(
            "targets",
            format!("no target is named; allowed are columns of numbers: {}", known.join(", ")),
        ));
    }
    for (i, name) in config.targets.iter().enumerate() {
        let message = match schema.column(name) {
            _ if config.targets[..i].contains(name) => format!("`{name}` is named twice"),
            Some(_) if known.contains(name) && features.contains(name) => format!("`{name}` is a feature as well"),
            Some(_) if known.contains(name) => continue,
            Some(field) if field.data_type().is_numeric() => {
                format!("`{name}` only tells replicates apart; it cannot be inferred")
            }
            Some(_) => format!("column `{name}` is not a column of numbers, as a target must be"),
            None => format!("the parameters have no column `{name}`{}", suggestion(name, &known)),
        };
        problems.push(ConfigError::at(format!("targets.{i}"), message));
    }
    config
        .targets
        .iter()
        .map(|name| Target { name: name.clone(), unit: schema.unit_of(name).map(str::to_owned), prior: None })
        .collect()
}

/// Samples as labels where these are read: there are no positions then.
fn held_out_schema(by_label: bool) -> TableSchema {
    let schema = held_out::schema();
    if !by_label {
        return schema;
    }
    let field = |f: &Field| if f.name() == "sample" { sample_field() } else { f.clone() };
    let fields: Vec<Field> = schema.arrow.fields().iter().map(|f| field(f)).collect();
    TableSchema { arrow: Arc::new(Schema::new(fields)), ..schema }
}

impl Stage for TrainStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, input| {
            let table = |port: &str| {
                batch.table(sample, port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")))
            };
            let (features, targets, groups) = (&self.features, &self.targets, self.groups.as_ref());
            let columns = Columns { features, targets, groups, by_label: self.by_label };
            let rows = training_rows(table("features")?, table("parameters")?, &columns)?;
            self.train(context, input, &rows)
        })
    }
}

impl TrainStage {
    fn train(
        &self,
        context: &Context<'_>,
        input: &SampleInput,
        rows: &TrainingRows,
    ) -> Result<SampleOutput, SampleError> {
        let splits = self.splits(input, rows).map_err(failed)?;
        // The model is one fit, as each split is.
        let part = 1.0 / (1 + splits.as_ref().map_or(0, Vec::len)) as f64;
        let context = FitContext {
            threads: context.threads,
            cancelled: &|| context.is_cancelled(),
            progress: &|done| (context.progress)(done * part),
            stream: StreamKey::new(input.stream("fit")),
            priors: &[],
        };
        let (trained, validated) =
            context.on_threads(|| self.fit(&context, rows, splits.as_deref())).map_err(failed)?;
        let held_out =
            held_out::write(&held_out_rows(rows, validated.as_ref(), &self.targets)).map_err(SampleError::internal)?;
        let held_out = match self.by_label {
            true => label_positions(&held_out, &rows.labels).map_err(SampleError::internal)?,
            false => held_out,
        };
        let metrics = metrics_rows(rows, validated.as_ref(), &self.targets);
        let tables = vec![
            model::write(&rows_of(&trained).map_err(SampleError::input)?).map_err(SampleError::internal)?,
            metrics::write(&metrics).map_err(SampleError::internal)?,
            held_out,
        ];
        Ok(SampleOutput { tables, notes: notes(&trained, rows) })
    }

    /// The model, and what its estimator makes of samples that are held out.
    fn fit(
        &self,
        context: &FitContext<'_>,
        rows: &TrainingRows,
        splits: Option<&[Split]>,
    ) -> Result<(Model, Option<CrossValidation>), InverseError> {
        let Config { estimator, standardize, .. } = &self.config;
        let preparation = if *standardize { Preparation::standardized() } else { Preparation::none() };
        let trained = train(&rows.data, estimator, &preparation, &self.definitions, context)?;
        let Some(splits) = splits else {
            return Ok((trained, None));
        };
        let of_splits = |done: f64| (context.progress)(done * splits.len() as f64);
        let context = FitContext { progress: &of_splits, ..*context };
        let validated = cross_validate(&rows.data, &**estimator, &preparation, splits, &context)?;
        Ok((trained.with_held_out_error(&rows.data, &validated, &context)?, Some(validated)))
    }

    fn splits(&self, input: &SampleInput, rows: &TrainingRows) -> Result<Option<Vec<Split>>, InverseError> {
        let Some(validation) = self.config.validation.validation() else {
            return Ok(None);
        };
        // A number of its own for each group and repeat, whatever the others and the features are.
        let folds = StreamKey::new(input.stream("folds"));
        let keys: Vec<StreamKey> = rows.groups.names.iter().map(|name| folds.derive(name)).collect();
        let mut rank = |repeat: usize, group: usize| keys[group].at(repeat as u64).next_u64();
        validation.splits(&rows.groups.of_sample, &mut rank).map(Some)
    }
}

fn failed(error: InverseError) -> SampleError {
    match error {
        InverseError::Cancelled => SampleError::cancelled(),
        error => SampleError::input(error),
    }
}

fn held_out_rows<'a>(
    rows: &'a TrainingRows,
    validated: Option<&'a CrossValidation>,
    targets: &'a [Target],
) -> Vec<HeldOutRow<'a>> {
    let held_out = validated.into_iter().flat_map(|validated| validated.held_out(&rows.data));
    let row = |held_out: lapicque_inverse::HeldOut| {
        let key = &rows.keys[held_out.row];
        HeldOutRow {
            sample: key.sample,
            channel: &key.channel,
            epoch: key.epoch,
            target: &targets[held_out.target].name,
            fold: number(held_out.fold),
            repeat: number(held_out.repeat),
            truth: held_out.truth,
            predicted: held_out.predicted,
        }
    };
    held_out.map(row).collect()
}

/// By fold, then pooled; without a validation the pooled rows say that nothing was held out.
fn metrics_rows(rows: &TrainingRows, validated: Option<&CrossValidation>, targets: &[Target]) -> Vec<MetricsRow> {
    let missing_samples = rows.missing_samples;
    let Some(validated) = validated else {
        let none = |target: &Target| MetricsRow {
            target: target.name.clone(),
            repeat: None,
            fold: None,
            n: 0,
            mse: f64::NAN,
            mae: f64::NAN,
            r2: f64::NAN,
            missing_samples,
        };
        return targets.iter().map(none).collect();
    };
    let row = |metric: &lapicque_inverse::Metric| MetricsRow {
        target: targets[metric.target].name.clone(),
        repeat: metric.split.map(|split| number(split.repeat)),
        fold: metric.split.map(|split| number(split.fold)),
        n: u32::try_from(metric.rows).unwrap_or(u32::MAX),
        mse: metric.mse,
        mae: metric.mae,
        r2: metric.r2,
        missing_samples,
    };
    validated.metrics.iter().chain(&validated.pooled).map(row).collect()
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn notes(model: &Model, rows: &TrainingRows) -> Vec<String> {
    let mut notes = Vec::new();
    if !model.dropped_features.is_empty() {
        let names: Vec<&str> = model.dropped_features.iter().map(|f| f.name.as_str()).collect();
        notes.push(format!("features that are the same in all rows are left out: {}", names.join(", ")));
    }
    if rows.missing_samples > 0 {
        notes.push(format!(
            "{} samples have features or parameters, but not both: they are left out",
            rows.missing_samples
        ));
    }
    notes
}
