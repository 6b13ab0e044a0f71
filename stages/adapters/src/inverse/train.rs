//! `inverse.train`: a model that infers parameters from features, and how well it does on samples it has not seen ([`lapicque_inverse`]).

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use lapicque_inverse::model::Derived;
use lapicque_inverse::selection::{Comparison, Kept, Score, compare, nested, train_on_folds};
use lapicque_inverse::validation::{LearningPoint, learning_curve, repeated_kfold_of_numpy};
use lapicque_inverse::{
    AnyEstimator, CrossValidation, FitContext, InverseError, Model, Preparation, Split, TrainingData, Validation,
    cross_validate, train,
};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortMode, PortSchema, PortSpec, Read, SampleError,
    SampleInput, SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::{features, held_out, metrics, model, parameters};
use lapicque_schemas::{Digest, DigestBuilder, label_positions};

use super::columns::why_no_feature;
use super::failure::failed;
use super::model_table::rows_of;
use super::priors::priors;
use super::train_columns::{GroupColumn, Targets, group_column, selected_features, targets};
use super::train_config::{Compat, Config, ModelFrom};
use super::train_tables::{
    candidates, candidates_schema, held_out_rows, held_out_schema, learning_curve_schema, losses, losses_schema,
    metrics_rows,
};
use super::training_rows::{Columns, TrainingRows, training_rows};
use super::validation_config::located;
use super::{train_notes, train_tables};
use crate::kind_config::{SimpleKind, bound, read, schema_of};

/// 2: splits follow from the points, not from the features; errors grow with the leverage. 3: the model as a head and named arrays, of the same numbers. 4: forests.
const REVISION: u32 = 4;
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

struct TrainStage {
    bound: Bound,
    config: Config,
    /// Of the search; empty without one.
    candidates: Vec<AnyEstimator>,
    preparation: Preparation,
    features: Vec<String>,
    targets: Targets,
    groups: Option<GroupColumn>,
    definitions: String,
    /// Whether samples are told apart by their labels; else by what they hold.
    by_label: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let missing = |port: &str| vec![ConfigError::at("inputs", format!("the input `{port}` is missing"))];
    let from = request.input("features").ok_or_else(|| missing("features"))?;
    let to = request.input("parameters").ok_or_else(|| missing("parameters"))?;
    let mut problems = config.problems();
    problems.extend(config.estimator.check().map_err(|error| located("estimator", error)).err());
    problems.extend(config.validation.check().err());
    let searched = config.search.as_ref().map_or(Ok(Vec::new()), |search| search.candidates(&config.estimator));
    let candidates = searched.unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    let estimators = if candidates.is_empty() { std::slice::from_ref(&config.estimator) } else { &candidates };
    let by_draws = estimators.iter().all(|estimator| estimator.uses_priors());
    let mut notes = Vec::new();
    let groups = group_column(&config, from, to, &mut problems, &mut notes);
    let features = selected_features(&config, &from.schema, groups.as_ref(), &mut problems, &mut notes);
    let targets = targets(&config, &to.schema, &features, by_draws, &mut problems);
    let preparation = config.preparation();
    problems.extend(preparation.check(&features).map_err(|error| located("transform", error)).err());
    let uses_priors = estimators.iter().any(|estimator| estimator.uses_priors());
    let known = priors(&config.prior, &targets, &to.schema, uses_priors, &mut problems, &mut notes);
    for input in [from, to] {
        if !input.sample_wise && input.schema.column("sample").is_none() {
            let message = "this whole table has no column `sample` that says to which sample a row belongs";
            problems.push(ConfigError::at(format!("inputs.{}", input.port), message));
        }
    }
    // There may be fewer: `where` leaves samples out, and some may fail.
    if let Some(most) = [from, to].into_iter().filter_map(|input| input.samples).min()
        && problems.is_empty()
        && config.compat.is_none()
    {
        problems.extend(config.validation.check_count(most).err());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let by_label = !(from.sample_wise && to.sample_wise);
    let in_steps = estimators.iter().any(|estimator| estimator.is_trained_in_steps());
    let is_random =
        config.validation.validation().is_some() || estimators.iter().any(|estimator| estimator.is_random());
    config.priors = known;
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs(&config, by_label, in_steps))?;
    bound.grain = Grain::Table;
    bound.random = is_random;
    bound.order_sensitive = config.compat.is_some();
    let keys = ["channel", "epoch"].into_iter().filter(|key| from.schema.column(key).is_some()).map(str::to_owned);
    let grouped_by = |table: &'static str| groups.iter().filter(move |g| g.table == table).map(|g| g.name.clone());
    let of_features = keys.chain(features.iter().cloned()).chain(grouped_by(features::TABLE));
    let mut of_parameters = targets.columns();
    of_parameters
        .extend(grouped_by(parameters::TABLE).filter(|group| !of_parameters.contains(group)).collect::<Vec<_>>());
    bound.reads = vec![of_samples(from, of_features, by_label), of_samples(to, of_parameters.into_iter(), by_label)];
    let without_unit = targets.all.iter().filter(|target| target.unit.is_none() && target.expression.is_none());
    notes.extend(without_unit.map(|target| {
        format!("column `{}` of the parameters has no unit: predictions are in whatever unit it is in", target.name)
    }));
    if config.features.is_none() {
        let left_out = from.schema.column_names().filter_map(|name| Some((name, why_no_feature(&from.schema, name)?)));
        notes.extend(left_out.map(|(name, why)| format!("the column `{name}` is no feature: {why}")));
    }
    if !candidates.is_empty() && config.search.as_ref().is_some_and(|search| search.inner().is_none()) {
        notes.push(
            "the best of several candidates looks better on the splits that chose it than it is; `search.inner` tells \
             how good the choice is"
                .to_owned(),
        );
    }
    bound.notes = notes;
    let definitions = from.schema.arrow.metadata().get(features::DEFINITIONS).cloned().unwrap_or_default();
    Ok(Box::new(TrainStage {
        bound,
        config,
        candidates,
        preparation,
        features,
        targets,
        groups,
        definitions,
        by_label,
    }))
}

fn outputs(config: &Config, by_label: bool, in_steps: bool) -> Vec<Output> {
    let mut outputs = vec![
        Output::new("model", model::schema()),
        Output::new("metrics", metrics::schema()),
        Output::new("held_out", held_out_schema(by_label)),
    ];
    if config.search.is_some() {
        outputs.push(Output::new("candidates", candidates_schema()));
    }
    if !config.learning_curve.is_empty() {
        outputs.push(Output::new("learning_curve", learning_curve_schema()));
    }
    if in_steps {
        outputs.push(Output::new("losses", losses_schema()));
    }
    outputs
}

/// Labels are values only where a whole table says by them whose its rows are.
fn of_samples(input: &PortSchema, columns: impl Iterator<Item = String>, by_label: bool) -> Read {
    let sample = (!input.sample_wise).then(|| "sample".to_owned());
    Read { labels: by_label && input.sample_wise, ..Read::columns(&input.port, sample.into_iter().chain(columns)) }
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
            let columns = Columns {
                features: &self.features,
                targets: &self.targets.all,
                priors: &self.config.priors,
                groups: self.groups.as_ref(),
                by_label: self.by_label,
                missing: self.config.missing,
                as_given: self.config.compat.is_some(),
            };
            let rows = training_rows(table("features")?, table("parameters")?, &columns)?;
            self.train(context, input, &rows)
        })
    }
}

/// All that comes of a training.
struct Trained {
    model: Model,
    validation: Option<CrossValidation>,
    compared: Option<Comparison>,
    curve: Vec<LearningPoint>,
}

impl TrainStage {
    fn train(
        &self,
        context: &Context<'_>,
        input: &SampleInput,
        rows: &TrainingRows,
    ) -> Result<SampleOutput, SampleError> {
        let part = 1.0 / self.passes() as f64;
        let context = FitContext {
            threads: context.threads,
            cancelled: &|| context.is_cancelled(),
            progress: &|done| (context.progress)(done * part),
            stream: StreamKey::new(input.stream("fit")),
            priors: &[],
        };
        let folds = Folds { key: StreamKey::new(input.stream("folds")), groups: &rows.groups };
        let trained = context.on_threads(|| self.fit(&context, rows, &folds)).map_err(failed)?;
        let names: Vec<String> = self.targets.all.iter().map(|target| target.name.clone()).collect();
        let held_out = held_out::write(&held_out_rows(rows, trained.validation.as_ref(), &names));
        let held_out = held_out.map_err(SampleError::internal)?;
        let held_out = match self.by_label {
            true => label_positions(&held_out, &rows.labels).map_err(SampleError::internal)?,
            false => held_out,
        };
        let mut tables = vec![
            model::write(&rows_of(&trained.model).map_err(SampleError::input)?).map_err(SampleError::internal)?,
            metrics::write(&metrics_rows(rows, trained.validation.as_ref(), &names)).map_err(SampleError::internal)?,
            held_out,
        ];
        let further = self.bound.outputs[tables.len()..].iter().map(|output| match output.name.as_str() {
            "candidates" => match &trained.compared {
                Some(compared) => candidates(compared, &self.candidates, &names),
                None => Ok(RecordBatch::new_empty(candidates_schema().arrow)),
            },
            "learning_curve" => train_tables::learning_curve(&trained.curve, &names),
            _ => losses(&trained.model.fitted.losses()),
        });
        tables.extend(further.collect::<Result<Vec<_>, ArrowError>>().map_err(SampleError::internal)?);
        let notes = train_notes::notes(&trained.model, rows, &trained.curve, &names);
        Ok(SampleOutput { tables, notes })
    }

    /// How often all splits are gone through, or all samples fitted: each counts the same for progress.
    fn passes(&self) -> usize {
        let validated = usize::from(self.config.validation.validation().is_some());
        1 + validated + usize::from(self.config.search.is_some()) + usize::from(!self.config.learning_curve.is_empty())
    }

    fn fit(&self, context: &FitContext<'_>, rows: &TrainingRows, folds: &Folds<'_>) -> Result<Trained, InverseError> {
        let (data, preparation, config) = (&rows.data, &self.preparation, &self.config);
        let score = config.search.as_ref().map_or_else(Score::default, |search| search.score());
        let splits = self.splits(rows, folds)?;
        let mut estimator = &config.estimator;
        let mut compared = None;
        if let (Some(splits), false) = (&splits, self.candidates.is_empty()) {
            // The splits are those of the whole: also where the choice within each of them is what is validated.
            let found = compare(data, &self.candidates, preparation, splits, score, context)?;
            estimator = &self.candidates[found.best];
            compared = Some(found);
        }
        let (model, validation) = match (&splits, config.model_from) {
            (Some(splits), ModelFrom::FoldEnsemble) => {
                let found = self.of_folds(data, estimator, splits, Kept::All, context)?;
                (found.0, Some(found.1))
            }
            (Some(splits), ModelFrom::BestFold) => {
                let found = self.of_folds(data, estimator, splits, Kept::Best(score), context)?;
                (found.0, Some(found.1))
            }
            (splits, _) => {
                let model = train(data, estimator, preparation, &self.definitions, context)?;
                match splits {
                    None => (model, None),
                    Some(splits) => {
                        let validation = self.validate(data, estimator, splits, score, folds, context)?;
                        (model.with_held_out_error(data, &validation, context)?, Some(validation))
                    }
                }
            }
        };
        let curve = match &splits {
            Some(splits) if !config.learning_curve.is_empty() => {
                let fractions = &config.learning_curve;
                let rank = |repeat: usize, sample: usize| folds.order_of(rows, repeat, sample);
                learning_curve(data, &**estimator, preparation, splits, fractions, &rank, context)?
            }
            _ => Vec::new(),
        };
        let derived = self.targets.derived.iter().map(|(name, expression)| Derived {
            name: name.clone(),
            unit: None,
            expression: expression.text().to_owned(),
        });
        let training_digest = Some(digest_of(data).to_string());
        let model = Model { derived: derived.collect(), training_digest, ..model };
        Ok(Trained { model, validation, compared, curve })
    }

    fn of_folds(
        &self,
        data: &TrainingData,
        estimator: &AnyEstimator,
        splits: &[Split],
        kept: Kept,
        context: &FitContext<'_>,
    ) -> Result<(Model, CrossValidation), InverseError> {
        let found = train_on_folds(data, estimator, &self.preparation, splits, kept, &self.definitions, context)?;
        // It counts for the fit of all samples as well, which is not made.
        (context.progress)(1.0);
        Ok(found)
    }

    /// The estimator on held-out samples, or the choice of one, where the configuration asks how good that is.
    fn validate(
        &self,
        data: &TrainingData,
        estimator: &AnyEstimator,
        splits: &[Split],
        score: Score,
        folds: &Folds<'_>,
        context: &FitContext<'_>,
    ) -> Result<CrossValidation, InverseError> {
        let inner = self.config.search.as_ref().and_then(|search| search.inner()).and_then(|inner| inner.validation());
        match inner {
            None => cross_validate(data, &**estimator, &self.preparation, splits, context),
            Some(inner) => {
                let splits_of = |samples: &[usize]| folds.of_some(&inner, samples);
                let candidates = &self.candidates;
                let found = nested(data, candidates, &self.preparation, splits, &splits_of, score, context)?;
                Ok(found.validation)
            }
        }
    }

    fn splits(&self, rows: &TrainingRows, folds: &Folds<'_>) -> Result<Option<Vec<Split>>, InverseError> {
        let Some(validation) = self.config.validation.validation() else {
            return Ok(None);
        };
        match (self.config.compat, validation) {
            (Some(Compat::Ncpi), Validation::RepeatedKfold { folds, repeats }) => {
                repeated_kfold_of_numpy(rows.data.row_count(), folds, repeats, self.config.fold_seed).map(Some)
            }
            _ => folds.of_all(&validation).map(Some),
        }
    }
}

/// Which samples are held out together: a number for each group and repeat, whatever the others and the features are.
struct Folds<'a> {
    key: StreamKey,
    groups: &'a super::training_rows::Groups,
}

impl Folds<'_> {
    fn of_all(&self, validation: &Validation) -> Result<Vec<Split>, InverseError> {
        let keys: Vec<StreamKey> = self.groups.names.iter().map(|name| self.key.derive(name)).collect();
        let mut rank = |repeat: usize, group: usize| keys[group].at(repeat as u64).next_u64();
        validation.splits(&self.groups.of_sample, &mut rank)
    }

    /// Splits of some of the samples, which are numbered anew.
    fn of_some(&self, validation: &Validation, samples: &[usize]) -> Result<Vec<Split>, InverseError> {
        let mut groups: Vec<usize> = samples.iter().map(|&sample| self.groups.of_sample[sample]).collect();
        let mut present = groups.clone();
        present.sort_unstable();
        present.dedup();
        for group in &mut groups {
            *group = present.partition_point(|other| other < group);
        }
        let inner = self.key.derive("inner");
        let names = present.iter().map(|&group| inner.derive(&self.groups.names[group]));
        let keys: Vec<StreamKey> = names.collect();
        let mut rank = |repeat: usize, group: usize| keys[group].at(repeat as u64).next_u64();
        validation.splits(&groups, &mut rank)
    }

    /// A number for a sample by which parts of the training samples are taken.
    fn order_of(&self, rows: &TrainingRows, repeat: usize, sample: usize) -> u64 {
        let group = rows.groups.of_sample.get(sample).map_or("", |&group| rows.groups.names[group].as_str());
        let key = self.key.derive("learning curve").derive(group);
        key.at(((repeat as u64) << 32) | sample as u64).next_u64()
    }
}

/// Of features and targets, with their names and units.
fn digest_of(data: &TrainingData) -> Digest {
    let mut digest = DigestBuilder::new("lapicque training data 1");
    for name in data.feature_names() {
        digest.text(name);
    }
    for target in data.target_columns() {
        digest.text(&target.name).text(target.unit.as_deref().unwrap_or_default());
    }
    for values in [data.features(), data.targets()] {
        for value in values {
            digest.number(value.to_bits());
        }
    }
    digest.finish()
}
