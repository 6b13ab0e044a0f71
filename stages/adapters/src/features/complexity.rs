//! `features.complexity`: entropies, fractal dimensions and other measures of how irregular each signal is
//! ([`lapicque_signal::complexity`]).

use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleOutput,
    Stage, each_sample,
};
use lapicque_schemas::tables::float_column;
use lapicque_schemas::tables::signals::{self, Series};
use lapicque_signal::complexity::{
    autocorrelation_decay, higuchi_fd, hjorth, hurst, katz_fd, lempel_ziv, line_length, multiscale_entropy,
    periodogram_entropy, permutation_entropy, petrosian_fd, sample_and_approximate_entropy, svd_entropy,
    zero_crossings,
};
use lapicque_signal::missing::missing;

use super::by_signal::{Row, each, schema, table, undefined};
use super::complexity_config::{Config, Measure, Templates, embedding};
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::signal::missing::{Remark, described};
use crate::signal::name_of;

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[PortSpec::new("signals", signals::TABLE, PortMode::Either, true)];
const DEFINITIONS: &str = "complexity 1";

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "features.complexity",
    summary: "Measure how irregular, rough and predictable each signal is",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct ComplexityStage {
    bound: Bound,
    config: Config,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let problems = config.problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    let config = config.canonical();
    let output = Output::new("features", schema(DEFINITIONS, &config.features()));
    let mut bound = bound(REVISION, &config, &Config::default(), request, vec![output])?;
    let dt = config.measures.contains(&Measure::AutocorrelationDecay).then_some("dt");
    let columns = ["channel", "epoch", "values"].into_iter().chain(dt);
    bound.reads = vec![Read::columns("signals", columns.map(str::to_owned))];
    Ok(Box::new(ComplexityStage { bound, config }))
}

impl Stage for ComplexityStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |sample, _| {
            let rows = batch.table(sample, "signals").ok_or_else(|| SampleError::internal("no input `signals`"))?;
            let signals = signals::read_series(rows).map_err(SampleError::input)?;
            let intervals_ms = match self.config.measures.contains(&Measure::AutocorrelationDecay) {
                true => float_column(signals::TABLE, rows, "dt").map_err(SampleError::input)?.into_owned(),
                false => vec![f64::NAN; signals.len()],
            };
            let signals: Vec<(Series<'_>, f64)> = signals.into_iter().zip(intervals_ms).collect();
            let rows = each(context, &signals, |(signal, dt_ms)| self.row(context, signal, *dt_ms))?;
            let schema = &self.bound.outputs[0].schema;
            let mut holed = Remark::new("measures of signals with missing values are undefined");
            let mut none =
                Remark::new("measures are undefined where a signal is too short or does not vary enough for them");
            let mut no_interval =
                Remark::new("`autocorrelation_decay_ms` is undefined where the interval between values is unknown");
            for ((signal, dt_ms), row) in signals.iter().zip(&rows) {
                let name = name_of(&signal.channel, signal.epoch);
                match missing(&signal.values) {
                    Some(missing) => holed.of_name(&name, &described(&missing, None)),
                    None => undefined(&mut none, schema, row),
                }
                if self.config.measures.contains(&Measure::AutocorrelationDecay) && !known(*dt_ms) {
                    no_interval.of_name(&name, &format!("{dt_ms} ms"));
                }
            }
            let notes = [holed, none, no_interval].into_iter().filter_map(Remark::note).collect();
            Ok(SampleOutput { tables: vec![table(schema, &rows)?], notes })
        })
    }
}

fn known(dt_ms: f64) -> bool {
    dt_ms > 0.0 && dt_ms.is_finite()
}

impl ComplexityStage {
    fn row(&self, context: &Context<'_>, signal: &Series<'_>, dt_ms: f64) -> Result<Row, SampleError> {
        // What is too large to be used is missing, as everywhere.
        let count = self.bound.outputs[0].schema.arrow.fields().len() - 2;
        let values = match missing(&signal.values) {
            Some(_) => vec![f64::NAN; count],
            None => self.values(context, &signal.values, dt_ms)?,
        };
        Ok(Row { channel: signal.channel.clone(), epoch: signal.epoch, values })
    }

    fn values(&self, context: &Context<'_>, x: &[f64], dt_ms: f64) -> Result<Vec<f64>, SampleError> {
        let config = &self.config;
        let stop = || context.is_cancelled();
        let cancelled = |_| SampleError::cancelled();
        let has = |measure: Measure| config.measures.contains(&measure);
        let several = |one: Measure, other: Measure| has(one) || has(other);
        let hjorth = (several(Measure::HjorthActivity, Measure::HjorthMobility) || has(Measure::HjorthComplexity))
            .then(|| hjorth(x));
        let words = several(Measure::LempelZiv, Measure::LempelZivNormalized).then(|| lempel_ziv(x));
        // Both come in the time of one, where they count the same matches.
        let both =
            |templates: Templates| sample_and_approximate_entropy(x, templates.matching(), &stop).map_err(cancelled);
        let of_sample = config.sample_entropy.unwrap_or_default();
        let of_approximate = config.approximate_entropy.unwrap_or_default();
        let sample = if has(Measure::SampleEntropy) { Some(both(of_sample)?) } else { None };
        let approximate = match sample.filter(|_| of_sample == of_approximate) {
            None if has(Measure::ApproximateEntropy) => Some(both(of_approximate)?),
            shared => shared,
        };
        let mut values = Vec::new();
        for measure in &config.measures {
            if stop() {
                return Err(SampleError::cancelled());
            }
            values.push(match measure {
                Measure::HjorthActivity => hjorth.map_or(f64::NAN, |hjorth| hjorth.activity),
                Measure::HjorthMobility => hjorth.map_or(f64::NAN, |hjorth| hjorth.mobility),
                Measure::HjorthComplexity => hjorth.map_or(f64::NAN, |hjorth| hjorth.complexity),
                Measure::PermutationEntropy => {
                    let of = config.permutation_entropy.unwrap_or_default();
                    permutation_entropy(x, embedding(of.order, of.delay), of.normalized)
                }
                Measure::SampleEntropy => sample.map_or(f64::NAN, |pair| pair.0),
                Measure::ApproximateEntropy => approximate.map_or(f64::NAN, |pair| pair.1),
                Measure::MultiscaleEntropy => {
                    let of = config.multiscale_entropy.unwrap_or_default();
                    let matching = Templates { order: of.order, tolerance: of.tolerance }.matching();
                    values.extend(multiscale_entropy(x, matching, of.scales as usize, &stop).map_err(cancelled)?);
                    continue;
                }
                Measure::SvdEntropy => {
                    let of = config.svd_entropy.unwrap_or_default();
                    svd_entropy(x, embedding(of.order, of.delay), of.normalized)
                }
                Measure::SpectralEntropy => {
                    periodogram_entropy(x, config.spectral_entropy.unwrap_or_default().normalized)
                }
                Measure::LempelZiv => words.map_or(f64::NAN, |words| words.phrases),
                Measure::LempelZivNormalized => words.map_or(f64::NAN, |words| words.normalized),
                Measure::HurstExponent => {
                    let of = config.hurst_exponent.unwrap_or_default();
                    hurst(x, of.shortest_window as usize, of.corrected)
                }
                Measure::HiguchiFd => higuchi_fd(x, config.higuchi_fd.unwrap_or_default().longest_step as usize),
                Measure::KatzFd => katz_fd(x),
                Measure::PetrosianFd => petrosian_fd(x),
                Measure::LineLength => line_length(x),
                Measure::ZeroCrossings => zero_crossings(x),
                Measure::AutocorrelationDecay if known(dt_ms) => autocorrelation_decay(x) * dt_ms,
                Measure::AutocorrelationDecay => f64::NAN,
            });
        }
        Ok(values)
    }
}
