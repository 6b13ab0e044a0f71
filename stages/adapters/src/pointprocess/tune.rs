//! `pointprocess.tune`: values of parameters at which a network has given rates ([`lapicque_pointprocess::tune`]).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{
    Batch, BindRequest, Bound, ConfigError, Context, Output, PortMode, PortSpec, SampleError, SampleInput,
    SampleOutput, Stage, each_sample,
};
use lapicque_pointprocess::tune::{Counter, Rate, Tuned, tune, tune_several};
use lapicque_pointprocess::{Network, PointProcessError, Step, Stream, simulate_into};
use lapicque_schemas::TableSchema;
use lapicque_schemas::schema::{Column, UNIT};
use lapicque_schemas::tables::{FREE, connectivity, parameters};
use lapicque_units::{Entry, Frequency, Settable};
use schemars::{JsonSchema, Schema as JsonSchemaOf, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::kind_config::{SimpleKind, read, schema_of};
use crate::simulate::point_process_config::{Config as Simulation, Driven};
use crate::simulate::point_process_network::{Inputs, PointProcess};
use crate::simulate::point_process_stimuli::MASKS;
use crate::simulate::read_seed;
use crate::swept::quantity;

const REVISION: u32 = 1;
const PURPOSE: &str = "pointprocess.tune";
const PORTS: &[PortSpec] = &[
    PortSpec::new("parameters", parameters::TABLE, PortMode::Either, false),
    PortSpec::new("connectivity", connectivity::TABLE, PortMode::Either, false),
    PortSpec::new(MASKS, FREE, PortMode::Either, false),
];
const MOST_PARAMETERS: usize = 6;
const MOST_REPEATS: u32 = 1000;
/// Runs that a parameter takes, about.
const RUNS: f64 = 40.0;

pub(super) const KIND: SimpleKind = SimpleKind {
    name: "pointprocess.tune",
    summary: "Find values of parameters at which a network of stochastic neurons has given firing rates",
    ports: PORTS,
    config_schema: schema_of::<Config>,
    bind,
};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The network, as `simulate.point_process` has it: model, parameters, populations, stimuli, how long a run is. Neurons that stimuli choose at random are others than those of a simulation that follows.
    simulation: Simulation,
    /// What is to be reached.
    targets: Targets,
    /// Lowest and highest value of each parameter, as many as there are targets, six at most, e.g. `theta: [-5, 5]`; any value that a column could set. The rate must only rise or only fall with one parameter.
    tune: BTreeMap<String, (Value, Value)>,
    /// Runs at every point, each with random numbers of its own, 1 to 1000 (default 1).
    #[serde(default = "one")]
    repeats: u32,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Targets {
    /// Spikes per neuron and second, of all neurons, e.g. `8 Hz`, or by population, e.g. `{E: 5 Hz, I: 10 Hz}`.
    rate: Rates,
}

#[derive(Debug, Clone)]
enum Rates {
    OfAll(Frequency),
    ByPopulation(BTreeMap<String, Frequency>),
}

fn one() -> u32 {
    1
}

impl<'de> Deserialize<'de> for Rates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RatesVisitor)
    }
}

struct RatesVisitor;

impl<'de> Visitor<'de> for RatesVisitor {
    type Value = Rates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate such as `8 Hz`, or one for each population")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Rates, E> {
        Frequency::deserialize(serde::de::value::StrDeserializer::new(text)).map(Rates::OfAll)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rates, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(map)).map(Rates::ByPopulation)
    }
}

impl JsonSchema for Rates {
    fn schema_name() -> Cow<'static, str> {
        "TargetRates".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> JsonSchemaOf {
        json_schema!({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]})
    }
}

/// A parameter that is tuned.
struct Parameter {
    entry: Entry,
    range: (f64, f64),
}

struct TuneStage {
    bound: Bound,
    network: PointProcess,
    /// Names of populations, none for all neurons, and their rates (Hz).
    targets: Vec<(Option<String>, f64)>,
    parameters: Vec<Parameter>,
    /// Of the table of parameters.
    schema: Arc<Schema>,
    repeats: u32,
}

fn bind(request: &BindRequest<'_>) -> Result<Box<dyn Stage>, Vec<ConfigError>> {
    let config: Config = read(request)?;
    let mut notes = Vec::new();
    let network = PointProcess::bind(config.simulation.clone(), request, &mut notes).map_err(within_simulation)?;
    let mut problems = Vec::new();
    let targets = targets(&config, &network, &mut problems);
    let parameters = tuned_parameters(&config, &network, &mut problems);
    let (wanted, found) = (targets.len(), config.tune.len());
    if wanted != found {
        let message = format!("{found} parameters; expected as many as targets, {wanted}");
        problems.push(ConfigError::at("tune", message));
    }
    if !(1..=MOST_REPEATS).contains(&config.repeats) {
        let message = format!("{} runs; 1 to {MOST_REPEATS} are allowed", config.repeats);
        problems.push(ConfigError::at("repeats", message));
    }
    if !network.record().is_empty() {
        problems.push(ConfigError::at("simulation.record", "nothing is recorded here; leave it out"));
    }
    if network.schedule().steps < 20 {
        let message = format!("{} steps; a rate with its error needs at least 20", network.schedule().steps);
        problems.push(ConfigError::at("simulation.duration", message));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let of = |parameter: &Parameter| (parameter.entry.path.clone(), json!([parameter.range.0, parameter.range.1]));
    let canonical = json!({
        "simulation": network.canonical()?,
        "targets": targets,
        "tune": parameters.iter().map(of).collect::<serde_json::Map<String, Value>>(),
        "repeats": config.repeats,
    });
    let schema = parameters_schema(request, &network, &parameters);
    let outputs = vec![
        Output::new(
            "parameters",
            TableSchema { table: parameters::TABLE.to_owned(), key: Vec::new(), arrow: schema.clone() },
        ),
        Output::new("rates", rates_schema()),
        Output::new("intervals", intervals_schema()),
    ];
    let mut bound = Bound::new(REVISION, canonical, request.inputs, outputs);
    network.declare(&mut bound, request);
    read_seed(&mut bound, request.input("parameters").map(|input| &input.schema));
    bound.random = true;
    bound.notes = notes;
    bound.work = Some(network.work() * f64::from(config.repeats) * RUNS * parameters.len() as f64);
    Ok(Box::new(TuneStage { bound, network, targets, parameters, schema, repeats: config.repeats }))
}

/// Fields of the network stand within the field `simulation`, inputs do not.
fn within_simulation(problems: Vec<ConfigError>) -> Vec<ConfigError> {
    let placed = |problem: ConfigError| match problem.field.starts_with("inputs.") {
        true => problem,
        false => ConfigError::at(format!("simulation.{}", problem.field), problem.message),
    };
    problems.into_iter().map(placed).collect()
}

fn targets(config: &Config, network: &PointProcess, problems: &mut Vec<ConfigError>) -> Vec<(Option<String>, f64)> {
    let list = match &config.targets.rate {
        Rates::OfAll(rate) => vec![(None, rate.value())],
        Rates::ByPopulation(rates) => rates.iter().map(|(name, rate)| (Some(name.clone()), rate.value())).collect(),
    };
    if list.is_empty() {
        problems.push(ConfigError::at("targets.rate", "no rates; give at least one, e.g. `8 Hz`"));
    }
    for (name, rate_hz) in &list {
        let field = name.as_ref().map_or("targets.rate".to_owned(), |name| format!("targets.rate.{name}"));
        if !(*rate_hz > 0.0 && rate_hz.is_finite()) {
            problems.push(ConfigError::at(&field, format!("{rate_hz} Hz is not allowed; it must be above 0 Hz")));
        }
        if let Some(message) = name.as_ref().and_then(|name| network.unknown_population(name)) {
            problems.push(ConfigError::at(field, message));
        }
    }
    list
}

fn tuned_parameters(config: &Config, network: &PointProcess, problems: &mut Vec<ConfigError>) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    if config.tune.is_empty() || config.tune.len() > MOST_PARAMETERS {
        let message = format!("{} parameters; 1 to {MOST_PARAMETERS} are allowed", config.tune.len());
        problems.push(ConfigError::at("tune", message));
    }
    let model = network.model();
    for (name, ends) in &config.tune {
        let field = format!("tune.{name}");
        let Some(entry) = model.base().entry(name) else {
            let entries = model.base().entries();
            let near = lapicque_pipeline::config::nearest(name, entries.iter().map(|entry| entry.path.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            problems.push(ConfigError::at(field, format!("{} has no value `{name}`{near}", Driven::NAME)));
            continue;
        };
        if config.simulation.parameters.contains_key(name) {
            problems.push(ConfigError::at(field, "`simulation.parameters` sets it; leave one of them out"));
            continue;
        }
        if model.column_names().any(|column| column == name) {
            problems.push(ConfigError::at(field, "a column of the input `parameters` sets it; leave one of them out"));
            continue;
        }
        let end = |value: &Value, number: usize| {
            let value = quantity(value, &entry.unit)
                .and_then(|value| entry.admits(value).map(|()| value).map_err(|error| error.to_string()));
            value.map_err(|message| ConfigError::at(format!("{field}.{number}"), message))
        };
        match (end(&ends.0, 0), end(&ends.1, 1)) {
            (Ok(low), Ok(high)) if low < high => parameters.push(Parameter { entry, range: (low, high) }),
            (Ok(low), Ok(high)) => {
                problems.push(ConfigError::at(field, format!("{high} is not above {low}; give the lower end first")));
            }
            (low, high) => problems.extend([low, high].into_iter().filter_map(Result::err)),
        }
    }
    parameters
}

/// Columns that the input sets, then those that are tuned, each with its unit.
fn parameters_schema(request: &BindRequest<'_>, network: &PointProcess, tuned: &[Parameter]) -> Arc<Schema> {
    let given = request.input("parameters").map(|input| &input.schema);
    let given = network.model().column_names().filter_map(|name| given.and_then(|table| table.column(name)).cloned());
    let field = |parameter: &Parameter| {
        let field = Field::new(&parameter.entry.path, DataType::Float64, false);
        field.with_metadata([(UNIT.to_owned(), parameter.entry.unit.to_string())].into())
    };
    Arc::new(Schema::new(given.chain(tuned.iter().map(field)).collect::<Vec<_>>()))
}

fn rates_schema() -> TableSchema {
    TableSchema::new(
        FREE,
        &["population"],
        [
            Column::new("population", DataType::Utf8, "name of the population; `all` for all neurons"),
            Column::new("target_hz", DataType::Float64, "rate that was asked for").unit("Hz"),
            Column::new("rate_hz", DataType::Float64, "rate at the values found").unit("Hz"),
            Column::new("standard_error_hz", DataType::Float64, "standard error of the rate").unit("Hz"),
        ],
    )
}

fn intervals_schema() -> TableSchema {
    TableSchema::new(
        FREE,
        &["parameter"],
        [
            Column::new("parameter", DataType::Utf8, "name of the parameter"),
            Column::new("value", DataType::Float64, "value found, in the unit of the parameter"),
            Column::new("low", DataType::Float64, "lower end of the interval of 95 %, or of the range"),
            Column::new("high", DataType::Float64, "upper end of the interval of 95 %, or of the range"),
        ],
    )
}

impl Stage for TuneStage {
    fn bound(&self) -> &Bound {
        &self.bound
    }

    fn run(&self, context: &Context<'_>, batch: &Batch) -> Vec<Result<SampleOutput, SampleError>> {
        let whole = batch.whole(connectivity::TABLE).map(|table| self.network.network(Some(table)));
        each_sample(batch, |number, sample| {
            let driven = self.network.model().of_sample(batch.table(number, "parameters"))?;
            let own;
            let network = match &whole {
                Some(whole) => whole.as_ref().map_err(Clone::clone)?,
                None => {
                    own = self.network.network(batch.table(number, connectivity::TABLE))?;
                    &own
                }
            };
            let inputs = self.network.inputs(network, batch.table(number, MASKS))?;
            let found = self.find(context, sample, &driven, network, &inputs)?;
            self.tables(batch.table(number, "parameters"), &found)
        })
    }
}

impl TuneStage {
    fn find(
        &self,
        context: &Context<'_>,
        sample: &SampleInput,
        driven: &Driven,
        network: &Network,
        inputs: &Inputs,
    ) -> Result<Vec<Tuned>, SampleError> {
        let groups = self.groups(inputs)?;
        let key = StreamKey::new(sample.stream(PURPOSE));
        let mut refused = None;
        let mut runs = 0.0;
        let mut rates = |values: &[f64]| {
            let mut driven = driven.clone();
            for (parameter, &value) in self.parameters.iter().zip(values) {
                driven.set(&parameter.entry.path, value)?;
            }
            driven.check()?;
            let mut of_repeats = Vec::new();
            for repeat in 0..self.repeats {
                let key = key.derive("repeat").derive(&repeat.to_string());
                match self.run_once(context, &driven, network, inputs, &groups, &key) {
                    Ok(rates) => of_repeats.push(rates),
                    Err(RunError::Model(error)) => return Err(error),
                    Err(RunError::Sample(error)) => {
                        refused = Some(error);
                        return Err(PointProcessError::Cancelled);
                    }
                }
            }
            runs += 1.0;
            // How many runs there will be is not known.
            if runs <= RUNS * self.parameters.len() as f64 {
                (context.progress)(1.0 / (RUNS * self.parameters.len() as f64));
            }
            let of = |group: usize| Rate::over_runs(&of_repeats.iter().map(|rates| rates[group]).collect::<Vec<_>>());
            (0..groups.len()).map(of).collect::<Result<Vec<Rate>, _>>()
        };
        let found = match (self.targets.as_slice(), self.parameters.as_slice()) {
            ([(_, target)], [parameter]) => {
                let mut measure = |value: f64| rates(&[value]).map(|rates| rates[0]);
                tune(*target, parameter.range, &mut measure).map(|tuned| vec![tuned])
            }
            (targets, parameters) => {
                let targets: Vec<f64> = targets.iter().map(|target| target.1).collect();
                let ranges: Vec<(f64, f64)> = parameters.iter().map(|parameter| parameter.range).collect();
                tune_several(&targets, &ranges, &mut rates)
            }
        };
        found.map_err(|error| match (refused, error) {
            (Some(refused), _) => refused,
            (None, PointProcessError::Cancelled) => SampleError::cancelled(),
            (None, error) => SampleError::input(self.told(&error)),
        })
    }

    fn run_once(
        &self,
        context: &Context<'_>,
        driven: &Driven,
        network: &Network,
        inputs: &Inputs,
        groups: &[Range<u32>],
        key: &StreamKey,
    ) -> Result<Vec<Rate>, RunError> {
        let schedule = self.network.schedule();
        let model = driven.settings.model()?;
        self.network.affordable(&model, network.neurons())?;
        let stimuli = self.network.stimuli(driven, inputs, key).map_err(RunError::Sample)?;
        let mut counter = Counter::new(groups.to_vec(), schedule.steps as u64, schedule.dt_ms)?;
        let mut input = |step: u64, drive: &mut [f64]| stimuli.iter().for_each(|(_, input)| input.add(step, drive));
        let mut take = |step: &Step<'_>| {
            counter.take(step.step, step.spikes);
            Ok(())
        };
        let (mut draws, go_on) = (Stream::new(key, 0), || !context.is_cancelled());
        simulate_into(&model, network, &self.network.run(), &mut draws, &mut input, &go_on, &mut take)?;
        Ok(counter.rates())
    }

    /// Neurons of the targets.
    fn groups(&self, inputs: &Inputs) -> Result<Vec<Range<u32>>, SampleError> {
        let populations = inputs.populations();
        let range = |(name, _): &(Option<String>, f64)| {
            let range = match name {
                None => Some(0..populations.neurons()),
                Some(name) => populations.range(name),
            };
            let range =
                range.ok_or_else(|| SampleError::input(populations.unknown(name.as_deref().unwrap_or_default())))?;
            Ok(range.start as u32..range.end as u32)
        };
        self.targets.iter().map(range).collect()
    }

    /// An error with the names of what it is about.
    fn told(&self, error: &PointProcessError) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|parameter| parameter.entry.path.as_str()).collect();
        match error {
            PointProcessError::TargetsNotReached { number, target_hz, found_hz } => {
                let population = self.targets.get(*number).and_then(|target| target.0.as_deref()).unwrap_or("all");
                format!(
                    "{target_hz} Hz is not reached in `{population}` by `{}`; the nearest rate is {found_hz} Hz, give \
                     other ranges or other targets",
                    names.join("`, `")
                )
            }
            error => format!("`{}`: {error}", names.join("`, `")),
        }
    }

    fn tables(&self, given: Option<&RecordBatch>, found: &[Tuned]) -> Result<SampleOutput, SampleError> {
        let values =
            |of: &dyn Fn(&Tuned) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values(found.iter().map(of))) };
        let column = |field: &Field| -> Result<ArrayRef, SampleError> {
            if let Some(place) = self.parameters.iter().position(|parameter| parameter.entry.path == *field.name()) {
                return Ok(Arc::new(Float64Array::from_iter_values([found[place].value])));
            }
            let column = given.and_then(|table| table.column_by_name(field.name())).cloned();
            column.ok_or_else(|| SampleError::internal(format!("no column `{}`", field.name())))
        };
        let columns = self.schema.fields().iter().map(|field| column(field)).collect::<Result<Vec<_>, _>>()?;
        let parameters = RecordBatch::try_new(self.schema.clone(), columns).map_err(SampleError::internal)?;
        let names = self.targets.iter().map(|(name, _)| name.as_deref().unwrap_or("all"));
        let rates = RecordBatch::try_new(
            rates_schema().arrow,
            vec![
                Arc::new(StringArray::from_iter_values(names)),
                Arc::new(Float64Array::from_iter_values(self.targets.iter().map(|target| target.1))),
                values(&|tuned| tuned.rate.rate_hz),
                values(&|tuned| tuned.rate.standard_error_hz),
            ],
        );
        let paths = self.parameters.iter().map(|parameter| parameter.entry.path.as_str());
        let intervals = RecordBatch::try_new(
            intervals_schema().arrow,
            vec![
                Arc::new(StringArray::from_iter_values(paths)),
                values(&|tuned| tuned.value),
                values(&|tuned| tuned.interval.0),
                values(&|tuned| tuned.interval.1),
            ],
        );
        let tables = vec![parameters, rates.map_err(SampleError::internal)?, intervals.map_err(SampleError::internal)?];
        Ok(SampleOutput { tables, notes: Vec::new() })
    }
}

/// Why a run gives no rates.
enum RunError {
    /// What tuning knows how to take.
    Model(PointProcessError),
    /// What ends it.
    Sample(SampleError),
}

impl From<PointProcessError> for RunError {
    fn from(error: PointProcessError) -> Self {
        Self::Model(error)
    }
}
