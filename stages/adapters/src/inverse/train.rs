//! `inverse.train`: a model that infers parameters from features, and how well it does on samples it has not seen ([`lapicque_inverse`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_schema::{Field, Schema};
use lapicque_inverse::{
    CrossValidation, Estimator, Fitted, InverseError, Model, Regressor, Target, Validation, cross_validate, train,
};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Kind, Output, PortMode, PortSchema, PortSpec, Ports, Read,
    SampleError, SampleInput, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::held_out::{self, HeldOutRow};
use lapicque_schemas::tables::metrics::{self, MetricsRow};
use lapicque_schemas::tables::{features, model, parameters};
use lapicque_schemas::{TableSchema, label_positions, sample_field};
use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::columns::{feature_names, suggestion, why_no_feature};
use super::estimator_config::{EstimatorConfig, ValidationConfig};
use super::training_rows::{Columns, GroupColumn, TrainingRows, training_rows};
use crate::kind_config::{bound, read, schema_of};

/// 2: splits follow from the points, not from the features; errors grow with the leverage.
const REVISION: u32 = 2;
const PORTS: &[PortSpec] = &[
    PortSpec { name: "features", table: features::TABLE, mode: PortMode::Either, required: true },
    PortSpec { name: "parameters", table: parameters::TABLE, mode: PortMode::Either, required: true },
];

pub(super) struct Train;

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
    estimator: EstimatorConfig,
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

impl Kind for Train {
    fn name(&self) -> &str {
        "inverse.train"
    }

    fn summary(&self) -> &str {
        "Train a model that infers parameters from features, and validate it on held-out samples"
    }

    fn ports(&self) -> Ports {
        Ports::Named(PORTS)
    }

    fn config_schema(&self) -> Value {
        schema_of::<Config>()
    }

    fn bind(&self, request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
        let config: Config = read(request)?;
        let missing = |port: &str| vec![ConfigError::at("inputs", format!("the input `{port}` is missing"))];
        let from = request.input("features").ok_or_else(|| missing("features"))?;
        let to = request.input("parameters").ok_or_else(|| missing("parameters"))?;
        let mut problems: Vec<ConfigError> =
            [config.estimator.check(), config.validation.check()].into_iter().filter_map(Result::err).collect();
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
        bound.reads =
            vec![of_samples(from, of_features, by_label), of_samples(to, of_parameters.chain(group), by_label)];
        notes.extend(targets.iter().filter(|target| target.unit.is_none()).map(|target| {
            format!("column `{}` of the parameters has no unit: predictions are in whatever unit it is in", target.name)
        }));
        if config.features.is_none() {
            let left_out =
                from.schema.column_names().filter_map(|name| Some((name, why_no_feature(&from.schema, name)?)));
            notes.extend(left_out.map(|(name, why)| format!("the column `{name}` is no feature: {why}")));
        }
        bound.notes = notes;
        let definitions = from.schema.arrow.metadata().get(features::DEFINITIONS).cloned().unwrap_or_default();
        Ok(Box::new(TrainStage { bound, config, features, targets, groups, definitions, by_label }))
    }
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
        .map(|name| Target { name: name.clone(), unit: schema.unit_of(name).map(str::to_owned) })
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
            on_threads(context.threads, || self.train(context, input, &rows))
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
        let failed = |error: InverseError| {
            if context.is_cancelled() { SampleError::cancelled() } else { SampleError::input(error) }
        };
        let seed = StreamKey::new(input.stream("fit")).at(0).next_u64();
        let estimator = self.config.estimator.estimator(seed);
        let mut trained = train(&rows.data, &estimator, self.config.standardize, &self.definitions).map_err(failed)?;
        if context.is_cancelled() {
            return Err(SampleError::cancelled());
        }
        let validated = match self.config.validation.validation() {
            None => None,
            Some(validation) => Some(self.validate(context, input, rows, &estimator, validation).map_err(failed)?),
        };
        if let Some(validated) = &validated {
            trained = trained.with_held_out_error(&rows.data, validated).map_err(SampleError::input)?;
        }
        let document = serde_json::to_string(&trained).map_err(SampleError::internal)?;
        let held_out =
            held_out::write(&held_out_rows(rows, validated.as_ref(), &self.targets)).map_err(SampleError::internal)?;
        let held_out = match self.by_label {
            true => label_positions(&held_out, &rows.labels).map_err(SampleError::internal)?,
            false => held_out,
        };
        let metrics = metrics_rows(rows, validated.as_ref(), &self.targets);
        let tables = vec![
            model::write(&document).map_err(SampleError::internal)?,
            metrics::write(&metrics).map_err(SampleError::internal)?,
            held_out,
        ];
        Ok(SampleOutput { tables, notes: notes(&trained, rows) })
    }

    fn validate(
        &self,
        context: &Context<'_>,
        input: &SampleInput,
        rows: &TrainingRows,
        estimator: &Estimator,
        validation: Validation,
    ) -> Result<CrossValidation, InverseError> {
        // A number of its own for each group and repeat, whatever the others and the features are.
        let folds = StreamKey::new(input.stream("folds"));
        let keys: Vec<StreamKey> = rows.groups.names.iter().map(|name| folds.derive(name)).collect();
        let mut rank = |repeat: usize, group: usize| keys[group].at(repeat as u64).next_u64();
        let splits = validation.splits(&rows.groups.of_sample, &mut rank)?;
        let watched = Watched {
            regressor: estimator.regressor(),
            cancelled: context.cancelled,
            progress: context.progress,
            fraction: 1.0 / splits.len() as f64,
        };
        // Fits from moments take no time; those of forests can be stopped.
        let regressor: &dyn Regressor =
            if estimator.regressor().moment_regressor().is_some() { estimator.regressor() } else { &watched };
        cross_validate(&rows.data, regressor, self.config.standardize, &splits)
    }
}

/// A regressor that tells how far it is, and stops when it is told to.
struct Watched<'a> {
    regressor: &'a dyn Regressor,
    cancelled: &'a AtomicBool,
    progress: &'a (dyn Fn(f64) + Sync),
    fraction: f64,
}

impl Regressor for Watched<'_> {
    fn fit(&self, features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<Fitted, InverseError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(InverseError::RandomForest { reason: "cancelled".to_owned() });
        }
        let fitted = self.regressor.fit(features, targets);
        (self.progress)(self.fraction);
        fitted
    }
}

/// Runs on at most this many threads; results are the same on any number.
fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    if threads >= rayon::current_num_threads() {
        return work();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
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
