//! `inverse.sequential`: simulations where the posterior of one observation has mass (truncated sequential neural posterior estimation, Deistler, Goncalves,
//! Macke 2022, NeurIPS).
//!
//! The first round draws from the prior. Each later one trains the estimator on all samples so far, and draws from the prior where the density of the posterior
//! is at least that of all but a small part of its own draws. So no round needs a correction of its loss, and new samples are simulated only where they tell
//! something of the observation. The search ends when the posteriors of two rounds agree. The model of all samples is trained below, by `inverse.train`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Schema};
use indexmap::IndexMap;
use lapicque_inverse::estimators::Npe;
use lapicque_inverse::posterior::{TRUNCATION, disagreement, draw_truncated, truncation_threshold};
use lapicque_inverse::{Draws, Estimator, FitContext, JointPrior, Preparation, Prior, Target, TrainingData, train};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Grain, Output, PortMode, PortSchema, PortSpec, Read, Rounds,
    SampleError, SampleInput, SampleOutput, Samples, Stage,
};
use lapicque_schemas::schema::Column;
use lapicque_schemas::tables::posterior::{self, RowDraws};
use lapicque_schemas::tables::{features, parameters};
use lapicque_schemas::{TableSchema, tables::parameters::SEED};
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::Deserialize;

use super::columns::{feature_names, suggestion};
use super::failure::failed;
use super::training_rows::numbers;
use super::validation_config::located;
use crate::kind_config::{SimpleKind, problem, read, schema_of};
use crate::parameters::column::{Numbers, check_name, numbers_column};
use crate::parameters::distribution::Distribution;
use crate::search::rounds::{Space, found, read_of};

const REVISION: u32 = 1;
const MOST_POINTS: u64 = 10_000_000;
/// Draws of each posterior that are compared, and that the threshold is found from.
const DRAWS: usize = 10_000;
const PORTS: &[PortSpec] = &[PortSpec::new("observation", features::TABLE, PortMode::Broadcast, true)];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.sequential",
    summary: "Draw points where the posterior of an observation has mass, round by round (TSNPE)",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// What is known of each parameter beforehand, e.g. `J_ext: {uniform: [26 pA, 32 pA]}`; also `normal`, `lognormal` and `tabulated`.
    #[schemars(with = "std::collections::BTreeMap<String, Distribution>")]
    prior: IndexMap<String, Distribution>,
    /// Columns of the table under the key `feedback`, e.g. `feedback: {features: STAGE}`, which the observation has as well. Default: all of the observation.
    #[serde(default)]
    features: Option<Vec<String>>,
    /// Points of a round, 20 to 1,000,000 (default 1000).
    #[serde(default = "default_points")]
    points: u32,
    /// Rounds at most, 1 to 1000 (default 10). A round more computes one round more.
    #[serde(default = "default_rounds")]
    rounds: u32,
    /// The search ends where posteriors of two rounds differ by at most this: the mean over parameters of the distance between their distributions
    /// (Wasserstein) in standard deviations (default 0.1; 0: it goes on for all rounds).
    #[serde(default = "default_stop_at")]
    stop_at: f64,
    /// The part of the posterior that lies outside of where points are drawn, above 0 and below 0.5 (default 0.0001).
    #[serde(default = "default_truncation")]
    truncation: f64,
    /// How the posterior is learned in each round, as the estimator `npe` of `inverse.train`.
    #[serde(default)]
    npe: Npe,
}

fn default_points() -> u32 {
    1000
}

fn default_rounds() -> u32 {
    10
}

fn default_stop_at() -> f64 {
    0.1
}

fn default_truncation() -> f64 {
    TRUNCATION
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    config.prior.sort_keys();
    let Some(observation) = request.input("observation") else {
        return problem("inputs", "the input `observation` is missing");
    };
    let known = feature_names(&observation.schema);
    let chosen = config.features.clone().unwrap_or_else(|| known.clone());
    let mut problems = Vec::new();
    let mut within = |field: &str, ok: bool, message: String| {
        if !ok {
            problems.push(ConfigError::at(field, message));
        }
    };
    let Config { points, rounds, stop_at, truncation, .. } = &config;
    within("points", (20..=1_000_000).contains(points), format!("{points} points; 20 to 1000000 are allowed"));
    within("rounds", (1..=1000).contains(rounds), format!("{rounds} rounds; 1 to 1000 are allowed"));
    within(
        "stop_at",
        *stop_at >= 0.0 && stop_at.is_finite(),
        format!("{stop_at}: a finite number, 0 or above, is due"),
    );
    let message = format!("{truncation}: a part, above 0 and below 0.5, is due");
    within("truncation", *truncation > 0.0 && *truncation < 0.5, message);
    within("features", !chosen.is_empty(), "the observation has no columns of numbers".to_owned());
    for (i, name) in chosen.iter().enumerate().filter(|(_, name)| !known.contains(name)) {
        let message = format!("the observation has no feature `{name}`{}", suggestion(name, &known));
        within(&format!("features.{i}"), false, message);
    }
    problems.extend(config.npe.check().map_err(|error| located("npe", error)).err());
    let (space, priors) = match space_of(&config.prior) {
        Ok(found) => found,
        Err(further) => {
            problems.extend(further);
            return Err(problems);
        }
    };
    if !problems.is_empty() {
        return Err(problems);
    }
    let outputs = vec![
        Output::new("parameters", space.schema.clone()),
        Output::new("progress", progress_schema()),
        Output::new("posterior", posterior::schema()),
    ];
    // A round does not depend on how many follow; names and units of parameters are those of the output.
    let canonical = serde_json::json!({
        "prior": space.by_name(&priors),
        "features": chosen,
        "points": config.points,
        "stop_at": config.stop_at,
        "truncation": config.truncation,
        "npe": config.npe,
    });
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    bound.grain = Grain::Table;
    bound.random = true;
    bound.reads = vec![Read::columns("observation", chosen.iter().cloned())];
    let most_points = u64::from(config.points).saturating_mul(u64::from(config.rounds)).min(MOST_POINTS);
    bound.samples = Samples::Made(Rounds { most_rounds: config.rounds, most_points, unread: Vec::new() });
    Ok(Box::new(Sequential { bound, space, priors, features: chosen, config }))
}

/// The parameters with their units, and what is known of each.
fn space_of(prior: &IndexMap<String, Distribution>) -> Result<(Space, Vec<Prior>), Vec<ConfigError>> {
    if prior.is_empty() {
        return problem("prior", "no parameter is named; e.g. `prior: { J_ext: { uniform: [26 pA, 32 pA] } }`");
    }
    let (mut fields, mut priors, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (name, distribution) in prior {
        let path = format!("prior.{name}");
        let of_seed = || ConfigError::at(&path, "seeds are not inferred; every point differs already");
        let read = check_name(name, &path)
            .and_then(|()| if name == SEED { Err(of_seed()) } else { Ok(()) })
            .and_then(|()| distribution.read(&path))
            .and_then(|(prior, unit)| Ok((prior, numbers_column(name, Numbers { values: Vec::new(), unit })?.0)));
        match read {
            Ok((prior, field)) => {
                fields.push(field);
                priors.push(prior);
            }
            Err(error) => problems.push(error),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let arrow = Arc::new(Schema::new(fields));
    let schema = TableSchema { table: parameters::TABLE.to_owned(), key: Vec::new(), arrow };
    Ok((Space { schema, bounds: priors.iter().map(Prior::support).collect() }, priors))
}

fn progress_schema() -> TableSchema {
    let whole = |name: &str, meaning: &str| Column::new(name, DataType::Int64, meaning);
    let real = |name: &str, meaning: &str| Column::new(name, DataType::Float64, meaning);
    TableSchema::new(
        "table",
        &[],
        [
            whole("simulations", "points of earlier rounds"),
            whole("trained_on", "those of them with all features"),
            real("part_of_prior", "part of the prior that points are drawn from"),
            real(
                "disagreement",
                "distance from the posterior of the round before, in s.d.; not a number where there is none",
            ),
            real("validation_loss", "least loss on the samples that were set aside; not a number where there is none"),
        ],
    )
}

struct Sequential {
    bound: Bound,
    space: Space,
    priors: Vec<Prior>,
    features: Vec<String>,
    config: Config,
}

/// What a round found before it draws.
struct Progress {
    simulations: usize,
    trained_on: usize,
    part_of_prior: f64,
    disagreement: f64,
    validation_loss: f64,
}

impl Stage for Sequential {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        batch.samples.iter().map(|sample| self.round(context, sample, batch)).collect()
    }

    fn feedback(&self, tables: &[PortSchema]) -> Result<Vec<Read>, Vec<ConfigError>> {
        read_of(tables, self.features.iter().map(String::as_str), "features")
    }
}

impl Sequential {
    fn round(&self, context: &Context<'_>, sample: &SampleInput, batch: &Batch) -> Result<SampleOutput, SampleError> {
        let stream = StreamKey::new(sample.stream("sequential"));
        let observed = self.observed(batch)?;
        if sample.point > 0 {
            return self.next(context, batch, &observed, stream);
        }
        let prior = JointPrior::new(self.priors.clone()).map_err(SampleError::input)?;
        let values = prior.draw(self.config.points as usize, &mut stream.stream("prior", 0));
        let none = f64::NAN;
        let progress =
            Progress { simulations: 0, trained_on: 0, part_of_prior: 1.0, disagreement: none, validation_loss: none };
        self.output(values, &progress, None, Vec::new())
    }

    fn next(
        &self,
        context: &Context<'_>,
        batch: &Batch,
        observed: &[f64],
        stream: StreamKey,
    ) -> Result<SampleOutput, SampleError> {
        let points = self.space.known(batch)?;
        let data = self.data(batch, &points)?;
        let trained_on = data.row_count();
        let fit = FitContext {
            threads: context.threads,
            cancelled: &|| context.is_cancelled(),
            progress: context.progress,
            stream: stream.derive("fit"),
            priors: &[],
        };
        let model =
            fit.on_threads(|| train(&data, &self.config.npe.clone().into(), &Preparation::standardized(), "", &fit));
        let model = model.map_err(failed)?;
        let row = ArrayView2::from_shape((1, observed.len()), observed).map_err(SampleError::internal)?;
        let seen = model.seen(row, &self.features).map_err(SampleError::input)?.into_raw_vec_and_offset().0;
        let posterior = model.posterior().ok_or_else(|| SampleError::internal("there is no posterior"))?;
        let draws = posterior.draw(&seen, DRAWS, stream.derive("posterior")).map_err(failed)?;
        let before = self.previous(batch)?;
        let disagreement = before.map_or(f64::NAN, |before| disagreement(&before, &draws));
        let losses = model.fitted.losses();
        let mut progress = Progress {
            simulations: points.len(),
            trained_on,
            part_of_prior: f64::NAN,
            disagreement,
            validation_loss: losses.iter().map(|loss| loss.validation).fold(f64::NAN, f64::min),
        };
        let mut notes = Vec::new();
        if trained_on < points.len() {
            notes.push(format!(
                "{} of {} samples lack a feature and are left out",
                points.len() - trained_on,
                points.len()
            ));
        }
        if disagreement <= self.config.stop_at {
            let values = Array2::zeros((0, self.priors.len()));
            return self.output(values, &progress, Some(&draws), notes);
        }
        let level = self.config.truncation;
        let threshold =
            truncation_threshold(posterior, &seen, level, DRAWS, stream.derive("threshold")).map_err(failed)?;
        let prior = JointPrior::new(self.priors.clone()).map_err(SampleError::input)?;
        let count = self.config.points as usize;
        let drawn =
            draw_truncated(&prior, posterior, &seen, threshold, count, stream.derive("points")).map_err(failed)?;
        if drawn.resampled {
            notes.push(
                "less than a hundredth of the prior is left: points are draws of the posterior, resampled to the prior"
                    .to_owned(),
            );
        }
        progress.part_of_prior = drawn.part_of_prior;
        self.output(drawn.values, &progress, Some(&draws), notes)
    }

    /// The one row of the observation.
    fn observed(&self, batch: &Batch) -> Result<Vec<f64>, SampleError> {
        let table = batch.whole("observation").ok_or_else(|| SampleError::internal("no input `observation`"))?;
        if table.num_rows() != 1 {
            return Err(SampleError::input(format!(
                "the observation has {} rows; one is due: choose or aggregate them before, e.g. by a query",
                table.num_rows()
            )));
        }
        let values: Vec<f64> = numbers(features::TABLE, table, &self.features)?.concat();
        match values.iter().zip(&self.features).find(|(value, _)| !value.is_finite()) {
            Some((value, name)) => {
                Err(SampleError::input(format!("the feature `{name}` of the observation is {value}")))
            }
            None => Ok(values),
        }
    }

    /// The samples that have all features.
    fn data(&self, batch: &Batch, points: &[Vec<f64>]) -> Result<TrainingData, SampleError> {
        let columns: Vec<Vec<f64>> = self
            .features
            .iter()
            .map(|name| found(batch, &[(name.clone(), 1.0)], points.len()))
            .collect::<Result<_, _>>()?;
        let whole = |point: &usize| columns.iter().all(|column| column[*point].is_finite());
        let rows: Vec<usize> = (0..points.len()).filter(whole).collect();
        if rows.is_empty() {
            return Err(SampleError::input(format!("none of {} samples has all features", points.len())));
        }
        let x = Array2::from_shape_fn((rows.len(), columns.len()), |(row, column)| columns[column][rows[row]]);
        let y = Array2::from_shape_fn((rows.len(), self.priors.len()), |(row, target)| points[rows[row]][target]);
        let names = self.space.schema.column_names();
        let target = |(name, prior): (&str, &Prior)| Target {
            name: name.to_owned(),
            unit: self.space.schema.unit_of(name).map(str::to_owned),
            prior: Some(prior.clone()),
        };
        let targets = names.zip(&self.priors).map(target).collect();
        TrainingData::new(x, self.features.clone(), y, targets, (0..rows.len()).collect()).map_err(SampleError::input)
    }

    /// The draws that the round before left; none in the second round.
    fn previous(&self, batch: &Batch) -> Result<Option<Draws>, SampleError> {
        let Some(table) = batch.whole("previous.posterior").filter(|table| table.num_rows() > 0) else {
            return Ok(None);
        };
        let broken = || SampleError::internal("the posterior of the round before is not that of this search");
        let values =
            table.column_by_name("value").and_then(|c| c.as_primitive_opt::<Float64Type>()).ok_or_else(broken)?;
        let draws = table.column_by_name("draw").and_then(|c| c.as_primitive_opt::<Int32Type>()).ok_or_else(broken)?;
        if !draws.values().is_sorted() {
            return Err(broken());
        }
        let shape = (values.len() / self.priors.len(), self.priors.len());
        let values = Array2::from_shape_vec(shape, values.values().to_vec()).map_err(|_| broken())?;
        let log_density = vec![f64::NAN; shape.0];
        Ok(Some(Draws { values, log_density }))
    }

    fn output(
        &self,
        points: Array2<f64>,
        progress: &Progress,
        draws: Option<&Draws>,
        notes: Vec<String>,
    ) -> Result<SampleOutput, SampleError> {
        let points: Vec<Vec<f64>> = points.rows().into_iter().map(|row| row.to_vec()).collect();
        let whole = |value: usize| -> ArrayRef { Arc::new(Int64Array::from(vec![value as i64])) };
        let real = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![value])) };
        let columns = vec![
            whole(progress.simulations),
            whole(progress.trained_on),
            real(progress.part_of_prior),
            real(progress.disagreement),
            real(progress.validation_loss),
        ];
        let of_progress = RecordBatch::try_new(progress_schema().arrow, columns).map_err(SampleError::internal)?;
        let rows: Vec<RowDraws<'_>> = draws
            .map(|draws| RowDraws {
                channel: "",
                epoch: 0,
                values: draws.values.iter().copied().collect(),
                log_density: draws.log_density.clone(),
            })
            .into_iter()
            .collect();
        let schema = &self.space.schema;
        let names: Vec<(&str, &str)> =
            schema.column_names().map(|name| (name, schema.unit_of(name).unwrap_or_default())).collect();
        let of_posterior = posterior::write(&rows, &names).map_err(SampleError::internal)?;
        Ok(SampleOutput { tables: vec![self.space.table(&points)?, of_progress, of_posterior], notes })
    }
}
