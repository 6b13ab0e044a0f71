//! `pointprocess.connectivity`: which neuron acts on which, from spikes and times of stimuli
//! ([`lapicque_pointprocess::connectivity`]).
//!
//! Estimators of stimuli are functions of sums over trials, which are an output: those of several recordings may be added
//! by SQL and come back as the input `sums`. With weights of the network, all estimates are scored, and those of another
//! stage with them.

use arrow_array::RecordBatch;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, Read, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_pointprocess::connectivity::{Scores, Sums, Trials, scores};
use lapicque_schemas::tables::{FREE, connectivity, events, pairs, populations, signals, spikes};

use super::connectivity_config::{Config, InSteps, Measure, ScoredPairs, ScoredWeights};
use super::connectivity_input::{PairNumbers, Recording, read_estimates, read_sums, read_weights};
use super::connectivity_measures::{Column, Measured, Pairs, all_lags, columns, needs_random, sums_of, told};
use super::connectivity_tables::{
    correlograms_table, pairs_table, scores_schema, scores_table, sums_schema, sums_table,
};
use super::recording::Neurons;
use crate::kind_config::{SimpleKind, bound, read, schema_of};
use crate::spike_tables::{POPULATION_COLUMNS, SPIKE_COLUMNS, time_step_ms};

const REVISION: u32 = 1;
const PORTS: &[PortSpec] = &[
    PortSpec::new("spikes", spikes::TABLE, PortMode::Either, false),
    PortSpec::new("populations", populations::TABLE, PortMode::Either, false),
    PortSpec::new("events", events::TABLE, PortMode::Either, false),
    PortSpec::new("sums", FREE, PortMode::Either, false),
    PortSpec::new("connectivity", connectivity::TABLE, PortMode::Either, false),
    PortSpec::new("estimates", FREE, PortMode::Either, false),
];

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "pointprocess.connectivity",
    summary: "Tell from spikes and stimuli which neurons act on which, and score that against the weights",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

struct ConnectivityStage {
    bound: Bound,
    config: Config,
    settings: InSteps,
    /// Of the steps of spikes; 1 without spikes.
    dt_ms: f64,
    measures: Vec<Measure>,
    columns: Vec<Column>,
    /// Columns of `estimates`, behind the own ones.
    others: Vec<String>,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let has = |port: &str| request.input(port).is_some();
    let mut problems = wiring(request);
    let dt_ms = time_step_ms(request, &mut problems).unwrap_or(1.0);
    let settings = config.in_steps(dt_ms, &mut problems);
    let measures = measures(request, &config, &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let columns = columns(&measures, &config);
    let others = columns_of_estimates(request, &columns, &mut problems);
    if columns.is_empty() && others.is_empty() {
        let message = "nothing to estimate from; connect `spikes`, `sums` or `estimates`";
        problems.push(ConfigError::at("inputs", message));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let own = columns.iter().map(|column| (column.name.as_str(), column.description.as_str()));
    let further = others.iter().map(|name| (name.as_str(), "estimate of another stage"));
    let mut outputs = vec![Output::new("pairs", pairs::schema(own.chain(further)))];
    if measures.iter().any(|measure| measure.place().is_some()) {
        outputs.push(Output::new("sums", sums_schema()));
    }
    if config.correlogram.is_some() {
        outputs.push(Output::new("correlograms", signals::schema()));
    }
    if has("connectivity") {
        outputs.push(Output::new("scores", scores_schema()));
    }
    let mut bound = bound(REVISION, &config, &Config::default(), request, outputs)?;
    bound.random = needs_random(&config, &measures);
    for read in &mut bound.reads {
        match read.port.as_str() {
            "sums" => {
                let ends = ["presynaptic", "postsynaptic"];
                *read = Read::columns("sums", ends.iter().chain(&Sums::NAMES).map(|name| (*name).to_owned()));
            }
            "estimates" => {
                let ends = ends_of(request).unwrap_or_default();
                let names = ends.into_iter().map(str::to_owned).chain(others.clone());
                *read = Read::columns("estimates", names);
            }
            "spikes" => *read = columns_of("spikes", &SPIKE_COLUMNS),
            "populations" => *read = columns_of("populations", &POPULATION_COLUMNS),
            "events" => *read = columns_of("events", &["onset_s", "kind", "value"]),
            "connectivity" => *read = columns_of("connectivity", &["presynaptic", "postsynaptic", "weight"]),
            _ => {}
        }
    }
    Ok(Box::new(ConnectivityStage { bound, config, settings, dt_ms, measures, columns, others }))
}

fn columns_of(port: &str, columns: &[&str]) -> Read {
    Read::columns(port, columns.iter().map(|name| (*name).to_owned()))
}

/// Inputs that do not go together, and columns that they lack.
fn wiring(request: &BindRequest<'_>) -> Vec<ConfigError> {
    let has = |port: &str| request.input(port).is_some();
    let mut problems = Vec::new();
    if has("spikes") && !has("populations") {
        problems.push(ConfigError::at("inputs.populations", "spikes need the table of their populations; connect it"));
    }
    if has("spikes") && has("sums") {
        let message = "estimates are from spikes or from sums of earlier recordings; remove one of the inputs";
        problems.push(ConfigError::at("inputs.sums", message));
    }
    if has("events") && !has("spikes") {
        problems.push(ConfigError::at("inputs.events", "stimuli are of use with spikes alone; connect `spikes`"));
    }
    if has("estimates") && !["populations", "sums", "connectivity"].into_iter().any(has) {
        let message = "which neurons there are is not known; connect `populations` or `connectivity`";
        problems.push(ConfigError::at("inputs.estimates", message));
    }
    if let Some(input) = request.input("sums") {
        let missing = |name: &&&str| input.schema.column(name).is_none();
        let due = ["presynaptic", "postsynaptic"];
        for name in due.iter().chain(&Sums::NAMES).filter(missing) {
            problems.push(ConfigError::at("inputs.sums", format!("it has no column `{name}`")));
        }
    }
    problems
}

/// What is estimated: what is asked for, or all that the inputs allow.
fn measures(request: &BindRequest<'_>, config: &Config, problems: &mut Vec<ConfigError>) -> Vec<Measure> {
    let has = |port: &str| request.input(port).is_some();
    let from_stimuli = has("sums") || has("spikes") && has("events");
    let possible = |measure: Measure| if measure.place().is_some() { from_stimuli } else { has("spikes") };
    let all = Measure::OF_STIMULI.into_iter().chain(Measure::OF_SPIKES);
    let mut chosen = Vec::new();
    for &measure in &config.estimators {
        if chosen.contains(&measure) {
            problems.push(ConfigError::at("estimators", format!("`{}` is there twice", measure.name())));
        } else if !possible(measure) {
            let due = if measure.place().is_some() { "`spikes` and `events`, or `sums`" } else { "`spikes`" };
            problems.push(ConfigError::at("estimators", format!("`{}` needs the inputs {due}", measure.name())));
        }
        chosen.push(measure);
    }
    if config.estimators.is_empty() {
        chosen = all.filter(|measure| possible(*measure)).collect();
    }
    let of_stimuli = chosen.iter().any(|measure| measure.place().is_some());
    let unused = [
        ("stimulus", config.stimulus.is_some(), of_stimuli && has("events"), "no stimuli are read"),
        ("windows", config.windows != Default::default(), of_stimuli && has("events"), "no trials are cut"),
        ("bootstrap", config.bootstrap.is_some(), of_stimuli && has("events"), "there are no trials to draw from"),
        ("rectify", config.rectify, of_stimuli, "nothing is estimated from stimuli"),
        ("correlogram", config.correlogram.is_some(), has("spikes"), "there are no spikes"),
        (
            "transfer_entropy",
            config.transfer_entropy.is_some(),
            chosen.contains(&Measure::TransferEntropy),
            "`transfer_entropy` is not among the estimators",
        ),
        ("score", config.score != Default::default(), has("connectivity"), "there is no input `connectivity`"),
    ];
    for (field, is_set, used, why) in unused {
        if is_set && !used {
            problems.push(ConfigError::at(field, format!("{why}; leave this out")));
        }
    }
    if config.score.pairs == Some(ScoredPairs::SourcesToOthers) && config.sources.is_empty() {
        problems.push(ConfigError::at("score.pairs", "all neurons are sources, so there are no others; set `sources`"));
    }
    chosen
}

/// The columns that name the ends of a pair in `estimates`.
fn ends_of(request: &BindRequest<'_>) -> Option<[&'static str; 2]> {
    let input = request.input("estimates")?;
    let has = |name: &str| input.schema.column(name).is_some();
    [["presynaptic", "postsynaptic"], ["channel", "other"]].into_iter().find(|ends| ends.iter().all(|end| has(end)))
}

fn columns_of_estimates(request: &BindRequest<'_>, own: &[Column], problems: &mut Vec<ConfigError>) -> Vec<String> {
    let Some(input) = request.input("estimates") else {
        return Vec::new();
    };
    if ends_of(request).is_none() {
        let there = input.schema.column_names().collect::<Vec<_>>().join(", ");
        let message = format!(
            "it is neither a table of connections (presynaptic, postsynaptic) nor of pairs (channel, other); it has: {there}"
        );
        problems.push(ConfigError::at("inputs.estimates", message));
        return Vec::new();
    }
    let names = pairs::measures(&input.schema);
    if names.is_empty() {
        problems.push(ConfigError::at("inputs.estimates", "it has no column of numbers to score"));
    }
    for name in names.iter().filter(|name| own.iter().any(|column| column.name == **name)) {
        let message = format!("its column `{name}` is estimated here as well; rename it by SQL, or leave it out");
        problems.push(ConfigError::at("inputs.estimates", message));
    }
    names
}

impl Stage for ConnectivityStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        each_sample(batch, |number, sample| self.of_sample(context, batch, number, sample))
    }
}

impl ConnectivityStage {
    fn of_sample(
        &self,
        context: &Context<'_>,
        batch: &Batch,
        number: usize,
        sample: &SampleInput,
    ) -> Result<SampleOutput, SampleError> {
        let table = |port: &str| batch.table(number, port);
        let mut notes = Vec::new();
        let given = table("sums").map(read_sums).transpose()?;
        let neurons = self.neurons(table("populations"), table("connectivity"), given.as_ref().map(|given| given.1))?;
        if let Some((_, named)) = given.as_ref().filter(|given| given.1 > neurons.count()) {
            let message = format!("the sums name neuron {}, but there are {} neurons", named - 1, neurons.count());
            return Err(SampleError::input(message));
        }
        let pairs = Pairs::new(
            neurons.named("sources", &self.config.sources)?,
            neurons.count(),
            self.columns.len() + self.others.len(),
        )?;
        let recording = table("spikes").map(|spikes| Recording::read(spikes, &neurons, self.dt_ms)).transpose()?;
        let trains = recording.as_ref().map(|recording| &recording.trains);
        let of_stimuli = self.measures.iter().any(|measure| measure.place().is_some());
        let trials = match (&recording, table("events")) {
            (Some(recording), Some(events)) if of_stimuli => Some(self.trials(recording, events, &mut notes)?),
            _ => None,
        };
        let sums = match (&trials, given) {
            (Some(trials), _) => Some(sums_of(trials, &pairs)?),
            (None, given) => given.map(|(sums, _)| sums),
        };
        let measured = Measured {
            config: &self.config,
            settings: &self.settings,
            pairs: &pairs,
            sums: sums.as_ref(),
            trials: trials.as_ref(),
            trains,
        };
        let mut values = measured.values(&self.measures, context, sample)?;
        if let Some(estimates) = table("estimates") {
            let (found, missing) = read_estimates(estimates, &self.others, &neurons)?;
            let column = |of: &PairNumbers| {
                pairs.each().map(|(_, from, to)| of.get(&(from, to)).copied().unwrap_or(missing)).collect()
            };
            values.extend(found.iter().map(column));
        }
        notes.extend(self.undefined(&values));
        let scored =
            table("connectivity").map(|weights| self.scores(weights, &neurons, &pairs, &values)).transpose()?;
        let mut tables = vec![pairs_table(&self.bound.outputs[0].schema, &pairs, &neurons.labels, values)?];
        if let (true, Some(sums)) = (of_stimuli, &sums) {
            tables.push(sums_table(sums)?);
        }
        if let (Some(trains), true) = (trains, self.config.correlogram.is_some()) {
            let found = all_lags(trains, &pairs, &self.settings, &|| !context.is_cancelled())?;
            let bin_ms = self.settings.bin as f64 * self.dt_ms;
            tables.push(correlograms_table(&found, &pairs, &neurons.labels, bin_ms)?);
        }
        tables.extend(scored);
        Ok(SampleOutput { tables, notes })
    }

    /// Those of the populations; without, as many as the sums or the weights name.
    fn neurons(
        &self,
        populations: Option<&RecordBatch>,
        weights: Option<&RecordBatch>,
        of_sums: Option<usize>,
    ) -> Result<Neurons, SampleError> {
        if let Some(populations) = populations {
            return Neurons::read(populations);
        }
        let of_weights = weights.map(connectivity::read).transpose().map_err(SampleError::input)?;
        let of_weights = of_weights.map_or(0, |weights| weights.neurons());
        Ok(Neurons::numbered(of_weights.max(of_sums.unwrap_or(0))))
    }

    fn trials(
        &self,
        recording: &Recording,
        events: &RecordBatch,
        notes: &mut Vec<String>,
    ) -> Result<Trials, SampleError> {
        let (onsets, before) = recording.onsets(events, self.config.stimulus.as_deref())?;
        let trials = Trials::new(&recording.trains, &onsets, &self.settings.windows).map_err(told)?;
        let outside = before + trials.outside();
        if outside > 0 {
            notes.push(format!("{outside} stimuli were left out: their windows do not lie within the recording"));
        }
        if trials.repeated() > 0 {
            notes.push(format!("{} stimuli were left out: another begins in the same step", trials.repeated()));
        }
        Ok(trials)
    }

    /// A remark on estimates that are undefined.
    fn undefined(&self, values: &[Vec<f64>]) -> Option<String> {
        let names = self.columns.iter().map(|column| &column.name).chain(&self.others);
        let counted = names.zip(values).map(|(name, values)| (name, values.iter().filter(|v| v.is_nan()).count()));
        let told: Vec<String> =
            counted.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} of {count}")).collect();
        let pairs = values.first().map_or(0, Vec::len);
        (!told.is_empty()).then(|| format!("undefined among {pairs} pairs: {}", told.join(", ")))
    }

    fn scores(
        &self,
        weights: &RecordBatch,
        neurons: &Neurons,
        pairs: &Pairs,
        values: &[Vec<f64>],
    ) -> Result<RecordBatch, SampleError> {
        let weights = read_weights(weights, neurons)?;
        let default = if self.config.sources.is_empty() { ScoredPairs::All } else { ScoredPairs::SourcesToOthers };
        let to_others = self.config.score.pairs.unwrap_or(default) == ScoredPairs::SourcesToOthers;
        let all_weights = self.config.score.weights == ScoredWeights::All;
        let mut is_source = vec![false; pairs.neurons];
        pairs.sources.iter().for_each(|&source| is_source[source] = true);
        let weight = |(_, from, to): (usize, usize, usize)| {
            let weight = weights.get(&(from, to)).copied().unwrap_or(0.0);
            let counts = !(to_others && is_source[to]) && (all_weights || weight >= 0.0);
            counts.then_some(weight)
        };
        let scored: Vec<Option<f64>> = pairs.each().map(weight).collect();
        let truth: Vec<f64> = scored.iter().flatten().copied().collect();
        let own = self.columns.iter().map(|column| (column.name.as_str(), column.scored));
        let names = own.chain(self.others.iter().map(|name| (name.as_str(), true)));
        let mut rows: Vec<(&str, Scores)> = Vec::new();
        for ((name, _), values) in names.zip(values).filter(|((_, scored), _)| *scored) {
            let estimates: Vec<f64> =
                values.iter().zip(&scored).filter(|(_, weight)| weight.is_some()).map(|(value, _)| *value).collect();
            rows.push((name, scores(&estimates, &truth, all_weights).map_err(SampleError::input)?));
        }
        scores_table(&rows)
    }
}
