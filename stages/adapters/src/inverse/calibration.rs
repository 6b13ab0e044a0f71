//! `inverse.calibration`: whether the posteriors of a model are what they claim to be, on samples whose parameters are known
//! ([`lapicque_inverse::calibration`]).

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use lapicque_inverse::calibration::{
    Calibration, Cases, Coverage, Edge, Judgement, Uniformity, Verdict, calibration, local_c2st,
};
use lapicque_inverse::{FitContext, Model, Posterior};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_schemas::tables::features;
use lapicque_schemas::{Column, TableSchema, label_positions, sample_column, sample_field};
use ndarray::{Array2, ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::feature_names;
use super::failure::failed;
use super::samples_of_model::{FEATURES, MODEL, PARAMETERS, Tested, reads, tested};
use super::training_rows::{RowKey, TrainingRows, numbers};
use crate::kind_config::{SimpleKind, bound, problem, read, schema_of};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] =
    &[MODEL, FEATURES, PARAMETERS, PortSpec::new("observation", features::TABLE, PortMode::Broadcast, false)];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "inverse.calibration",
    summary: "Test on samples with known parameters whether posteriors are as wide as they should be",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Draws of the posterior of each row, 10 to 100000.
    draws: usize,
    /// Networks that tell draws from true values at the `observation`, and as many for comparison, 10 to 1000: the least p is 1 / (trials + 1).
    trials: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { draws: 500, trials: 50 }
    }
}

struct CalibrationStage {
    bound: Bound,
    config: Config,
    by_label: bool,
    has_observation: bool,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    if !(10..=100_000).contains(&config.draws) {
        return problem("draws", format!("{} draws; 10 to 100000 are allowed", config.draws));
    }
    if !(10..=1000).contains(&config.trials) {
        return problem("trials", format!("{} trials; 10 to 1000 are allowed", config.trials));
    }
    let observation = request.input("observation");
    let by_label = ["features", "parameters"].iter().any(|port| request.input(port).is_some_and(|i| !i.sample_wise));
    let mut outputs = vec![
        Output::new("coverage", coverage_schema()),
        Output::new("ranks", ranks_schema(by_label)),
        Output::new("checks", checks_schema()),
        Output::new("correlations", correlations_schema()),
    ];
    if observation.is_some() {
        outputs.push(Output::new("local", local_schema()));
    }
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    let by_label = reads(request, &mut bound)?;
    bound.random = true;
    if let Some(observation) = observation {
        let keys = ["channel", "epoch"].into_iter().filter(|key| observation.schema.column(key).is_some());
        let columns = keys.map(str::to_owned).chain(feature_names(&observation.schema));
        bound.reads.push(Read::columns("observation", columns));
    }
    let has_observation = observation.is_some();
    Ok(Box::new(CalibrationStage { bound, config, by_label, has_observation }))
}

fn number(name: &str, description: &str) -> Column {
    Column::new(name, DataType::Float64, description)
}

const TARGET: &str = "parameter; `(all)` for all of them together";
const MEASURE: &str =
    "central (interval of one parameter), highest_density (region of all), tarp (distance to random points)";

fn coverage_schema() -> TableSchema {
    TableSchema::new(
        "coverage",
        &["target", "measure", "level"],
        [
            Column::new("target", DataType::Utf8, TARGET),
            Column::new("measure", DataType::Utf8, MEASURE),
            number("level", "probability that the interval or region claims"),
            number("coverage", "part of the true values within it"),
            number("error", "standard error of the coverage"),
        ],
    )
}

fn ranks_schema(by_label: bool) -> TableSchema {
    let schema = TableSchema::new(
        "ranks",
        &["sample", "channel", "epoch", "target"],
        [
            sample_column(),
            Column::new("channel", DataType::Utf8, "channel of the features"),
            Column::new("epoch", DataType::Int32, "epoch of the features"),
            Column::new("target", DataType::Utf8, "parameter"),
            Column::new("rank", DataType::UInt32, "draws below the true value"),
            Column::new("draws", DataType::UInt32, "draws in all"),
        ],
    );
    if !by_label {
        return schema;
    }
    let field = |f: &Field| if f.name() == "sample" { sample_field() } else { f.clone() };
    let fields: Vec<Field> = schema.arrow.fields().iter().map(|f| field(f)).collect();
    TableSchema { arrow: Arc::new(Schema::new(fields)), ..schema }
}

const CHECKS: [(&str, &str); 15] = [
    ("shift", "mean place of true values among draws, less 1/2: above 0 where they are larger than claimed"),
    ("shift_z", "that in standard errors"),
    ("spread", "above 0 where the posterior is too narrow, below where it is too wide"),
    ("spread_z", "that in standard errors"),
    ("chi_square", "of the histogram of ranks against a flat one"),
    ("chi_square_p", "probability of a larger one, if right"),
    ("ks", "largest distance from a flat distribution (Kolmogorov-Smirnov)"),
    ("ks_p", "probability of a larger one, if right"),
    ("z_mean", "mean of (posterior mean - true value) / posterior s.d."),
    ("z_sd", "s.d. of that"),
    (
        "contraction",
        "1 - variance of the posterior / of the prior: 1 where features determine the parameter, 0 where they say nothing",
    ),
    ("low_edge", "part of the draws within 1 % of the range at its lower end; NaN for a prior without bounds"),
    ("low_edge_of_prior", "what the prior has there"),
    ("high_edge", "part of the draws within 1 % of the range at its upper end"),
    ("high_edge_of_prior", "what the prior has there"),
];

fn checks_schema() -> TableSchema {
    let head = [
        Column::new("target", DataType::Utf8, TARGET),
        Column::new("measure", DataType::Utf8, MEASURE),
        Column::new(
            "verdict",
            DataType::Utf8,
            "calibrated, overconfident, underconfident, biased, misshapen or undecided",
        ),
        Column::new("samples", DataType::UInt32, "rows with known parameters"),
    ];
    let checks = CHECKS.iter().map(|(name, description)| number(name, description));
    TableSchema::new("checks", &["target", "measure"], head.into_iter().chain(checks))
}

fn correlations_schema() -> TableSchema {
    TableSchema::new(
        "correlations",
        &["target", "other"],
        [
            Column::new("target", DataType::Utf8, "parameter"),
            Column::new("other", DataType::Utf8, "another parameter"),
            number(
                "correlation",
                "of their draws, averaged over rows: near 1 or -1 only a combination of both is known",
            ),
        ],
    )
}

fn local_schema() -> TableSchema {
    TableSchema::new(
        "local",
        &["channel", "epoch"],
        [
            Column::new("channel", DataType::Utf8, "channel of the observation"),
            Column::new("epoch", DataType::Int32, "epoch of the observation"),
            number("statistic", "how well true values and draws are told apart there: 0 not at all, 0.25 always"),
            number("null", "mean of it where nothing is to be told"),
            number("p", "probability of at least this, if the posterior is right there"),
        ],
    )
}

impl Stage for CalibrationStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, input| self.calibrate(context, input, batch, sample))
    }
}

impl CalibrationStage {
    fn calibrate(
        &self,
        context: &Context<'_>,
        input: &SampleInput,
        batch: &Batch,
        sample: usize,
    ) -> Result<SampleOutput, SampleError> {
        let Tested { model, rows } = tested(batch, sample, self.by_label)?;
        let Some(posterior) = model.posterior() else {
            let message = format!(
                "`{}` knows a value alone; calibration is of posteriors (npe, nle, abc)",
                model.estimator.name()
            );
            return Err(SampleError::input(message));
        };
        let stream = StreamKey::new(input.stream("calibration"));
        let part = if self.has_observation { 0.5 } else { 1.0 };
        let fit = FitContext {
            threads: context.threads,
            cancelled: &|| context.is_cancelled(),
            progress: &|done| (context.progress)(done * part),
            stream,
            priors: &[],
        };
        let names = rows.data.feature_names();
        let seen = model.seen(rows.data.features(), names).map_err(failed)?;
        let truth = rows.data.targets();
        let cases = Cases::draw(posterior, seen.view(), truth, self.config.draws, stream.derive("draws"), &fit)
            .map_err(failed)?;
        let found = calibration(&cases, posterior.prior(), stream.derive("ranks")).map_err(failed)?;
        let targets: Vec<&str> = model.targets.iter().map(|target| target.name.as_str()).collect();
        let ranks = ranks(&found, &cases, &rows, &targets, self.config.draws)?;
        let ranks = match self.by_label {
            true => label_positions(&ranks, &rows.labels).map_err(SampleError::internal)?,
            false => ranks,
        };
        let mut tables =
            vec![coverage(&found, &targets)?, ranks, checks(&found, &targets)?, correlations(&found, &targets)?];
        let mut notes = notes(&found, &targets);
        if rows.dropped_rows > 0 {
            notes.push(format!("{} rows with a missing feature are left out", rows.dropped_rows));
        }
        if let Some((row, error)) = cases.failed.first() {
            let message = format!("{} rows have no posterior and are left out; the first: {error}", cases.failed.len());
            notes.push(format!("{message} (row {row})"));
        }
        if let Some(observation) = batch.whole("observation") {
            tables.push(self.local(&model, posterior, &cases, &seen, observation, &fit, &mut notes)?);
        }
        Ok(SampleOutput { tables, notes })
    }

    #[allow(clippy::too_many_arguments)]
    fn local(
        &self,
        model: &Model,
        posterior: &dyn Posterior,
        cases: &Cases,
        seen: &Array2<f64>,
        observation: &RecordBatch,
        fit: &FitContext<'_>,
        notes: &mut Vec<String>,
    ) -> Result<RecordBatch, SampleError> {
        let names: Vec<String> = model.features.iter().map(|feature| feature.name.clone()).collect();
        let columns = numbers(features::TABLE, observation, &names)?;
        let keys = features::keys(observation).map_err(SampleError::input)?;
        let of_cases = seen.select(Axis(0), &cases.rows);
        let mut found = Vec::new();
        for (row, (channel, epoch)) in keys.iter().enumerate() {
            let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
            let view = ArrayView2::from_shape((1, values.len()), &values).map_err(SampleError::internal)?;
            let observed = model.seen(view, &names).map_err(failed)?.into_raw_vec_and_offset().0;
            let stream = fit.stream.derive("local").derive(&row.to_string());
            let draws = posterior.draw(&observed, cases.truth.nrows(), stream.derive("draws")).map_err(failed)?;
            let context = FitContext { progress: &|done| (fit.progress)(done / keys.len() as f64), ..*fit };
            let tested = local_c2st(cases, of_cases.view(), (&observed, &draws), self.config.trials, stream, &context);
            let tested = tested.map_err(failed)?;
            if tested.p < 0.05 {
                notes.push(format!(
                    "at the observation (channel {channel}, epoch {epoch}) draws and true values are told apart (p = {:.3}): the posterior there is not right",
                    tested.p
                ));
            }
            found.push((channel.clone(), *epoch, tested));
        }
        let of = |value: fn(&lapicque_inverse::calibration::LocalC2st) -> f64| {
            Arc::new(Float64Array::from_iter_values(found.iter().map(|(.., local)| value(local)))) as ArrayRef
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(found.iter().map(|(channel, ..)| channel))),
            Arc::new(Int32Array::from_iter_values(found.iter().map(|(_, epoch, _)| *epoch))),
            of(|local| local.statistic),
            of(|local| local.null),
            of(|local| local.p),
        ];
        RecordBatch::try_new(local_schema().arrow, columns).map_err(SampleError::internal)
    }
}

/// What each measure found, in the order of the tables: of each target, then of all together.
fn measures<'a>(
    found: &'a Calibration,
    targets: &[&'a str],
) -> Vec<(&'a str, &'static str, &'a [Coverage], &'a Judgement, &'a Uniformity)> {
    let marginal = targets.iter().zip(&found.targets);
    let mut all: Vec<_> =
        marginal.map(|(name, of)| (*name, "central", of.coverage.as_slice(), &of.judgement, &of.uniformity)).collect();
    let regions = found.regions.iter().map(|regions| ("highest_density", regions));
    for (measure, of) in regions.chain([("tarp", &found.tarp)]) {
        all.push(("(all)", measure, of.coverage.as_slice(), &of.judgement, &of.uniformity));
    }
    all
}

fn coverage(found: &Calibration, targets: &[&str]) -> Result<RecordBatch, SampleError> {
    let measures = measures(found, targets);
    let rows: Vec<(&str, &str, &Coverage)> = measures
        .iter()
        .flat_map(|(target, measure, levels, ..)| levels.iter().map(move |level| (*target, *measure, level)))
        .collect();
    let of = |value: fn(&Coverage) -> f64| {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|(.., level)| value(level)))) as ArrayRef
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(target, ..)| target))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(_, measure, _)| measure))),
        of(|level| level.level),
        of(|level| level.coverage),
        of(|level| level.error),
    ];
    RecordBatch::try_new(coverage_schema().arrow, columns).map_err(SampleError::internal)
}

fn ranks(
    found: &Calibration,
    cases: &Cases,
    rows: &TrainingRows,
    targets: &[&str],
    draws: usize,
) -> Result<RecordBatch, SampleError> {
    let keys: Vec<&RowKey> = cases.rows.iter().map(|&row| &rows.keys[row]).collect();
    let each = |of: fn(&RowKey) -> u32| keys.iter().flat_map(move |key| std::iter::repeat_n(of(key), targets.len()));
    let ranks = (0..keys.len()).flat_map(|case| found.targets.iter().map(move |target| target.ranks[case] as u32));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(each(|key| key.sample))),
        texts(keys.iter().flat_map(|key| std::iter::repeat_n(key.channel.as_str(), targets.len()))),
        Arc::new(Int32Array::from_iter_values(
            keys.iter().flat_map(|key| std::iter::repeat_n(key.epoch, targets.len())),
        )),
        texts(keys.iter().flat_map(|_| targets.iter().copied())),
        Arc::new(UInt32Array::from_iter_values(ranks)),
        Arc::new(UInt32Array::from_iter_values(each(|_| 0).map(|_| draws as u32))),
    ];
    RecordBatch::try_new(ranks_schema(false).arrow, columns).map_err(SampleError::internal)
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from(values.collect::<Vec<_>>()))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Calibrated => "calibrated",
        Verdict::Overconfident => "overconfident",
        Verdict::Underconfident => "underconfident",
        Verdict::Biased => "biased",
        Verdict::Misshapen => "misshapen",
        Verdict::Undecided => "undecided",
    }
}

fn checks(found: &Calibration, targets: &[&str]) -> Result<RecordBatch, SampleError> {
    let measures = measures(found, targets);
    let edge = |edge: Option<Edge>| edge.map_or([f64::NAN; 2], |edge| [edge.posterior, edge.prior]);
    let numbers_of = |row: usize| -> [f64; CHECKS.len()] {
        let (.., judged, uniform) = &measures[row];
        let of_target = found.targets.get(row).map(|target| &target.widths);
        let width = |of: fn(&lapicque_inverse::calibration::Widths) -> f64| of_target.map_or(f64::NAN, of);
        let [low, low_of_prior] = edge(of_target.and_then(|w| w.edge).map(|edge| edge.low));
        let [high, high_of_prior] = edge(of_target.and_then(|w| w.edge).map(|edge| edge.high));
        [
            judged.shift,
            judged.shift_z,
            judged.spread,
            judged.spread_z,
            uniform.chi_square,
            uniform.chi_square_p,
            uniform.ks,
            uniform.ks_p,
            width(|w| w.z_mean),
            width(|w| w.z_sd),
            width(|w| w.contraction),
            low,
            low_of_prior,
            high,
            high_of_prior,
        ]
    };
    let numbers: Vec<[f64; CHECKS.len()]> = (0..measures.len()).map(numbers_of).collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(measures.iter().map(|(target, ..)| target))),
        Arc::new(StringArray::from_iter_values(measures.iter().map(|(_, measure, ..)| measure))),
        Arc::new(StringArray::from_iter_values(measures.iter().map(|(.., judged, _)| verdict(judged.verdict)))),
        Arc::new(UInt32Array::from_iter_values(measures.iter().map(|(.., judged, _)| judged.samples as u32))),
    ];
    columns.extend(
        (0..CHECKS.len())
            .map(|check| Arc::new(Float64Array::from_iter_values(numbers.iter().map(|row| row[check]))) as ArrayRef),
    );
    RecordBatch::try_new(checks_schema().arrow, columns).map_err(SampleError::internal)
}

fn correlations(found: &Calibration, targets: &[&str]) -> Result<RecordBatch, SampleError> {
    let pairs = || (0..targets.len()).flat_map(|i| (0..targets.len()).filter(move |j| *j != i).map(move |j| (i, j)));
    let columns: Vec<ArrayRef> = vec![
        texts(pairs().map(|(i, _)| targets[i])),
        texts(pairs().map(|(_, j)| targets[j])),
        Arc::new(Float64Array::from_iter_values(pairs().map(|(i, j)| found.correlations[[i, j]]))),
    ];
    RecordBatch::try_new(correlations_schema().arrow, columns).map_err(SampleError::internal)
}

/// Below, features say next to nothing of a parameter.
const LEAST_CONTRACTION: f64 = 0.1;
/// An edge with this many times the prior's mass, and at least this part of the draws.
const PILED: f64 = 5.0;

fn notes(found: &Calibration, targets: &[&str]) -> Vec<String> {
    let mut notes = Vec::new();
    for (target, measure, _, judged, _) in measures(found, targets) {
        let whose = if measure == "central" { format!("of `{target}`") } else { format!("of all targets ({measure})") };
        let told = match judged.verdict {
            Verdict::Calibrated => continue,
            Verdict::Overconfident => "is too narrow: it claims to know more than it does",
            Verdict::Underconfident => "is too wide: more samples or a richer density would make it narrower",
            Verdict::Biased if judged.shift > 0.0 => "is biased: true values are larger than it says",
            Verdict::Biased => "is biased: true values are smaller than it says",
            Verdict::Misshapen => "has another shape than it should: ranks are not flat",
            Verdict::Undecided => "cannot be judged: too few rows",
        };
        notes.push(format!("the posterior {whose} {told}"));
    }
    for (name, target) in targets.iter().zip(&found.targets) {
        if target.widths.contraction < LEAST_CONTRACTION {
            let percent = 100.0 * target.widths.contraction;
            notes.push(format!("features say next to nothing of `{name}`: its variance shrinks by {percent:.0} %"));
        }
        if let Some(edges) = target.widths.edge {
            for (edge, which) in [(edges.low, "lower"), (edges.high, "upper")] {
                if edge.posterior > 0.05 && edge.posterior > PILED * edge.prior {
                    let percent = 100.0 * edge.posterior;
                    notes.push(format!("{percent:.0} % of the draws of `{name}` lie at the {which} end of its prior"));
                }
            }
        }
    }
    notes
}
