//! `pointprocess.fit`: generalised linear models of spike trains, by maximum likelihood ([`lapicque_pointprocess::fit`]).
//!
//! | output | rows |
//! |---|---|
//! | coefficients | intercepts and weights of the functions that filters are sums of, with errors and intervals |
//! | connectivity | sums over lags of coupling filters |
//! | fit | likelihood, criteria, convergence, time-rescaling test and held-out likelihood of each neuron |
//! | time_rescaling | quantiles of rescaled intervals beside those of a model that is right, and a band: a KS plot |
//! | filters | filters over lags, channels `SOURCE->TARGET` |
//!
//! Where a coefficient has no finite best value, connectivity and filters have one that makes probabilities 0 or 1 to 17
//! digits.

use arrow_array::RecordBatch;
use lapicque_numerics::random::StreamKey;
use lapicque_numerics::special::normal_quantile;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_pointprocess::fit::{
    Features, FitError, Folds, HeldOut, Penalty, Structure, fit, held_out, kolmogorov_smirnov, rescaled,
};
use lapicque_schemas::tables::{connectivity, events, populations, signals, spikes};
use rayon::prelude::*;

use super::fit_config::{Config, HoldOut};
use super::fit_input::Recording;
use super::fit_tables::{self, Fitted, FittedModel, Names};
use super::stimuli::Stimuli;
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::spike_tables::{POPULATION_COLUMNS, SPIKE_COLUMNS, time_step_ms};

const REVISION: u32 = 2;
const PURPOSE: &str = "pointprocess.fit";
const PORTS: &[PortSpec] = &[
    PortSpec::new("spikes", spikes::TABLE, PortMode::Either, true),
    PortSpec::new("populations", populations::TABLE, PortMode::Either, true),
    PortSpec::new("signals", signals::TABLE, PortMode::Either, false),
    PortSpec::new("events", events::TABLE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "pointprocess.fit",
    summary: "Fit generalised linear models to spike trains by maximum likelihood",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct FitStage {
    bound: Bound,
    config: Config,
    structure: Structure,
    /// Of the first strength.
    penalty: Penalty,
    dt_ms: f64,
    steps_per_bin: u32,
    /// Of the normal distribution, at the upper end of intervals.
    quantile: f64,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let mut config: Config = read(request)?;
    let mut problems = Vec::new();
    let dt_ms = time_step_ms(request, &mut problems);
    let has_events = request.input("events").is_some();
    let has_stimuli = has_events || request.input("signals").is_some();
    config.check(has_events, &mut problems);
    let penalty = config.penalty().unwrap_or_else(|found| {
        problems.extend(found);
        Penalty::None
    });
    let Some(dt_ms) = dt_ms else { return Err(problems) };
    config.canonical(dt_ms);
    let steps_per_bin = config.steps_per_bin(dt_ms).unwrap_or_else(|problem| {
        problems.push(problem);
        1
    });
    let structure = config.structure(dt_ms * f64::from(steps_per_bin), has_stimuli, &mut problems);
    let quantile = -normal_quantile(0.5 * (1.0 - config.confidence));
    let Some(structure) = structure.filter(|_| problems.is_empty()) else {
        return Err(problems);
    };
    let validated = config.validation.by != HoldOut::None;
    let model = FittedModel {
        family: structure.family,
        bin_ms: dt_ms * f64::from(steps_per_bin),
        dead_bins: structure.dead_bins,
    };
    let outputs = vec![
        Output::new("coefficients", fit_tables::coefficients_schema(&model)),
        Output::new("connectivity", connectivity::schema()),
        Output::new("fit", fit_tables::fit_schema(validated)),
        Output::new("time_rescaling", fit_tables::rescaling_schema()),
        Output::new("filters", signals::schema()),
    ];
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    for read in &mut bound.reads {
        let columns: Vec<String> = match read.port.as_str() {
            "spikes" => SPIKE_COLUMNS.map(str::to_owned).into(),
            "populations" => POPULATION_COLUMNS.map(str::to_owned).into(),
            "signals" => signals::schema().column_names().map(str::to_owned).collect(),
            "events" => events::schema().column_names().map(str::to_owned).collect(),
            _ => continue,
        };
        *read = Read::columns(&read.port, columns);
    }
    bound.random = true;
    Ok(Box::new(FitStage { bound, config, structure, penalty, dt_ms, steps_per_bin, quantile }))
}

impl Stage for FitStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| {
            let table = |port: &str| batch.table(number, port);
            self.fit(context, sample, &table)
        })
    }
}

impl FitStage {
    fn fit<'a>(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        table: &dyn Fn(&str) -> Option<&'a RecordBatch>,
    ) -> Result<SampleOutput, SampleError> {
        let due = |port: &str| table(port).ok_or_else(|| SampleError::internal(format!("no input `{port}`")));
        let recording = Recording::read(due("spikes")?, due("populations")?, self.dt_ms, self.steps_per_bin)?;
        let labels = &recording.neurons.labels;
        let given = Stimuli::read(&recording.bins, table("signals"), table("events"), &self.config.events)?;
        let stimulus_names = given.names(labels)?;
        let targets = recording.neurons.named("targets", &self.config.targets)?;
        let features = Features::new(&self.structure, &recording.trains, &given.stimuli).map_err(sample_error)?;
        let folds = self.folds(features.first_bin(), recording.bins.count, &given.onsets)?;
        let stream = StreamKey::new(sample.stream(PURPOSE)).derive("rescaling");
        // Neurons are fits of their own, each with random numbers of its own.
        let fits: Result<Vec<Fitted>, FitError> = targets
            .par_iter()
            .map(|&target| {
                let fitted = self.fit_one(&features, target, folds.as_ref(), &stream, &|| !context.is_cancelled())?;
                (context.progress)(1.0 / targets.len() as f64);
                Ok(fitted)
            })
            .collect();
        let fits = fits.map_err(sample_error)?;
        let names = Names { neurons: labels, stimuli: &stimulus_names };
        let validated = folds.is_some();
        let mut notes = recording.notes;
        notes.extend(given.notes);
        notes.extend(fit_tables::notes(&fits, &names));
        let tables = vec![
            fit_tables::coefficients(&fits, &names, self.quantile, &self.model()).map_err(SampleError::internal)?,
            fit_tables::connections(&fits, &self.structure, labels.len()).map_err(SampleError::internal)?,
            fit_tables::fit(&fits, &names, validated).map_err(SampleError::internal)?,
            fit_tables::rescaling(&fits, &names, self.config.confidence).map_err(SampleError::internal)?,
            fit_tables::filters(&fits, &self.structure, &names, recording.bins.bin_ms())
                .map_err(SampleError::internal)?,
        ];
        Ok(SampleOutput { tables, notes })
    }

    fn model(&self) -> FittedModel {
        FittedModel {
            family: self.structure.family,
            bin_ms: self.dt_ms * f64::from(self.steps_per_bin),
            dead_bins: self.structure.dead_bins,
        }
    }

    fn folds(&self, first: u32, end: u32, onsets: &[u32]) -> Result<Option<Folds>, SampleError> {
        let count = self.config.validation.folds();
        let folds = match self.config.validation.by {
            HoldOut::None => return Ok(None),
            HoldOut::TimeBlocks => Folds::time_blocks(first, end, count),
            HoldOut::Trials => Folds::trials(onsets, count),
        };
        folds.map(Some).map_err(sample_error)
    }

    fn fit_one(
        &self,
        features: &Features<'_>,
        target: usize,
        folds: Option<&Folds>,
        stream: &StreamKey,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Fitted, FitError> {
        let bins = features.of_target(target)?;
        let family = self.structure.family;
        let none = [0.0];
        let strengths = if self.config.strengths.is_empty() { &none[..] } else { &self.config.strengths };
        let mut best: (f64, Option<HeldOut>) = (strengths[0], None);
        if let Some(folds) = folds {
            let found = held_out(&bins, family, self.penalty, strengths, folds, go_on)?;
            for (&strength, held_out) in strengths.iter().zip(found) {
                let better = |known: HeldOut| held_out.log_likelihood > known.log_likelihood;
                if best.1.is_none_or(better) {
                    best = (strength, Some(held_out));
                }
            }
        }
        let (strength, held_out) = best;
        let fit = fit(&bins, family, self.penalty.with_strength(strength), go_on)?;
        let mut generator = stream.at(target as u64);
        let mut values = rescaled(&bins, &fit.drives(&bins)?, family, &mut || generator.uniform())?;
        values.sort_by(f64::total_cmp);
        Ok(Fitted { ks: kolmogorov_smirnov(&values), rescaled: values, fit, strength, held_out })
    }
}

pub(super) fn sample_error(error: FitError) -> SampleError {
    match error {
        FitError::Cancelled => SampleError::cancelled(),
        error => SampleError::input(error),
    }
}
