//! Stimuli of `simulate.point_process`: what they are, and which neurons they reach.

use std::borrow::Cow;
use std::fmt;

use arrow_array::RecordBatch;
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_pointprocess::inputs::{Input, PoissonPulses, RegularPulses, choose};
use lapicque_pointprocess::models::Compat;
use lapicque_pointprocess::settings::whole_steps;
use lapicque_schemas::tables::{FREE, int_column, text_column};
use lapicque_stimulus::{Evaluator, Grid, Stimulus, Timing};
use lapicque_units::{Time, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::point_process_tables::{Populations, Schedule};
use crate::stimulus_config::StimulusConfig;

/// The input whose rows say which neurons a stimulus reaches.
pub(crate) const MASKS: &str = "masks";

/// One of `regular`, `poisson_pulses` and `waveform`, and the neurons that it reaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StimulusOf {
    /// Pulses at equal distances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    regular: Option<RegularConfig>,
    /// Pulses whose starts are a Poisson process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    poisson_pulses: Option<PoissonConfig>,
    /// Any other waveform, e.g. `{sinusoid: {amplitude: 2, frequency: 10 Hz}}`; noise is the same for all neurons that it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waveform: Option<StimulusConfig>,
    /// Which neurons it reaches: all, a list of numbers (from 0, over all populations), `{population: excitatory}` or `{random: {count: 4, population: excitatory}}`, drawn for each network. Default: those that the input `masks` says, or all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    neurons: Option<Targets>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RegularConfig {
    /// What a pulse adds to the drive.
    strength: f64,
    /// From the start of one to that of the next.
    #[schemars(with = "String")]
    period: Time,
    /// How long a pulse lasts.
    #[schemars(with = "String")]
    width: Time,
    /// When the first begins (default 0 ms).
    #[serde(default = "at_once")]
    #[schemars(with = "String")]
    start: Time,
    /// When they end (default: never).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    end: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PoissonConfig {
    /// What a pulse adds to the drive; pulses that overlap do not add up.
    strength: f64,
    /// Mean time from the start of one to that of the next.
    #[schemars(with = "String")]
    mean_interval: Time,
    /// How long a pulse lasts.
    #[schemars(with = "String")]
    width: Time,
    /// From when on (default 0 ms).
    #[serde(default = "at_once")]
    #[schemars(with = "String")]
    start: Time,
    /// Until when (default: to the end).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    end: Option<Time>,
}

fn at_once() -> Time {
    Time::new(0.0)
}

/// Which neurons a stimulus reaches.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Targets {
    All(&'static str),
    Listed(Vec<u32>),
    Chosen(Chosen),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// All neurons of a population.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    population: Option<String>,
    /// Some neurons at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    random: Option<Random>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Random {
    /// How many.
    count: u32,
    /// Of which population (default: of all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    population: Option<String>,
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TargetsVisitor)
    }
}

struct TargetsVisitor;

impl<'de> Visitor<'de> for TargetsVisitor {
    type Value = Targets;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`all`, a list of numbers of neurons, or a map with `population` or `random`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Targets, E> {
        match text {
            "all" => Ok(Targets::All("all")),
            other => {
                Err(E::custom(format!("expected `all`, got `{other}`; a population is `{{population: {other}}}`")))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Targets, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Targets::Listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Targets, A::Error> {
        Chosen::deserialize(MapAccessDeserializer::new(map)).map(Targets::Chosen)
    }
}

impl JsonSchema for Targets {
    fn schema_name() -> Cow<'static, str> {
        "StimulatedNeurons".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (list, map) = (generator.subschema_for::<Vec<u32>>(), generator.subschema_for::<Chosen>());
        json_schema!({"anyOf": [{"const": "all"}, list, map]})
    }
}

/// What a stimulus adds to drives.
#[derive(Debug, Clone)]
enum Waves {
    Regular(RegularPulses),
    Poisson(PoissonPulses),
    Waveform(Box<Stimulus>),
}

/// A stimulus that fits a run.
#[derive(Debug, Clone)]
pub(crate) struct ReadyStimulus {
    name: String,
    waves: Waves,
    targets: Option<Targets>,
}

impl StimulusOf {
    /// Of pulses, which have one.
    pub(crate) fn strength(&self) -> Option<f64> {
        self.regular.map(|pulses| pulses.strength).or(self.poisson_pulses.map(|pulses| pulses.strength))
    }

    /// # Errors
    /// What is wrong with it, by field.
    pub(crate) fn ready(&self, name: &str, schedule: Schedule, compat: Compat) -> Result<ReadyStimulus, ConfigError> {
        let field = format!("stimuli.{name}");
        let is_peer = compat == Compat::Spikeometric;
        let steps = |of: &str, name: &'static str, time: Time| {
            let steps = whole_steps(name, time.value(), schedule.dt_ms);
            steps.map_err(|error| ConfigError::at(format!("{field}.{of}.{name}"), error))
        };
        let waves = match (&self.regular, &self.poisson_pulses, &self.waveform) {
            (Some(pulses), None, None) => {
                let regular = RegularPulses {
                    strength: pulses.strength,
                    period_steps: steps("regular", "period", pulses.period)?,
                    width_steps: steps("regular", "width", pulses.width)?,
                    start_step: steps("regular", "start", pulses.start)?,
                    stop_step: pulses.end.map(|end| steps("regular", "end", end)).transpose()?,
                    from_zero: is_peer,
                };
                regular.check().map_err(|error| ConfigError::at(format!("{field}.regular"), error))?;
                Waves::Regular(regular)
            }
            (None, Some(pulses), None) => {
                let poisson = PoissonPulses {
                    strength: pulses.strength,
                    mean_interval_steps: pulses.mean_interval.value() / schedule.dt_ms,
                    width_steps: steps("poisson_pulses", "width", pulses.width)?,
                    start_step: steps("poisson_pulses", "start", pulses.start)?,
                    stop_step: pulses.end.map(|end| steps("poisson_pulses", "end", end)).transpose()?,
                    counted: is_peer,
                };
                poisson.check().map_err(|error| ConfigError::at(format!("{field}.poisson_pulses"), error))?;
                Waves::Poisson(poisson)
            }
            (None, None, Some(waveform)) => {
                let at = format!("{field}.waveform");
                let unit = Unit::parse("1").map_err(|error| ConfigError::at(&at, error))?;
                let stimulus = waveform.stimulus(&unit, &at)?;
                let duration_ms = schedule.steps as f64 * schedule.dt_ms;
                let grid = Grid { dt_ms: schedule.dt_ms, duration_ms, timing: Timing::Exact };
                // What it is refused for does not depend on the key.
                Evaluator::new(&stimulus, grid, &StreamKey::new([0; 16]))
                    .map_err(|error| ConfigError::at(at, error))?;
                Waves::Waveform(Box::new(stimulus))
            }
            _ => return Err(ConfigError::at(field, "give one of `regular`, `poisson_pulses` and `waveform`")),
        };
        let wrong = match &self.neurons {
            Some(Targets::Listed(list)) if list.is_empty() => Some("no neurons; give at least one"),
            Some(Targets::Chosen(chosen)) if chosen.population.is_some() == chosen.random.is_some() => {
                Some("give one of `population` and `random`")
            }
            _ => None,
        };
        if let Some(message) = wrong {
            return Err(ConfigError::at(format!("{field}.neurons"), message));
        }
        Ok(ReadyStimulus { name: name.to_owned(), waves, targets: self.neurons.clone() })
    }
}

impl ReadyStimulus {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the input `masks` says which neurons it reaches.
    pub(crate) fn is_masked(&self) -> bool {
        self.targets.is_none()
    }

    /// The population that its configuration names.
    pub(crate) fn population(&self) -> Option<&str> {
        match &self.targets {
            Some(Targets::Chosen(chosen)) => {
                chosen.population.as_deref().or(chosen.random.as_ref().and_then(|random| random.population.as_deref()))
            }
            _ => None,
        }
    }

    /// Its values at all steps, and the neurons that it reaches in a network.
    pub(crate) fn input(
        &self,
        strength: Option<f64>,
        populations: &Populations,
        masks: Option<&Masks>,
        schedule: Schedule,
        key: &StreamKey,
    ) -> Result<Input, SampleError> {
        let (n, steps) = (populations.neurons(), schedule.steps);
        let key = key.derive(&format!("stimulus {}", self.name));
        let mask = self.mask(populations, masks, &key)?;
        let input = match &self.waves {
            Waves::Regular(pulses) => {
                let strength = strength.unwrap_or(pulses.strength);
                Input::regular_pulses(RegularPulses { strength, ..*pulses }, &mask, n, steps)
            }
            Waves::Poisson(pulses) => {
                let strength = strength.unwrap_or(pulses.strength);
                Input::poisson_pulses(PoissonPulses { strength, ..*pulses }, &mask, n, steps, &key)
            }
            Waves::Waveform(stimulus) => Input::waveform(stimulus, &mask, n, schedule.dt_ms, steps, &key),
        };
        input.map_err(|error| SampleError::input(format!("`stimuli.{}`: {error}", self.name)))
    }

    fn mask(
        &self,
        populations: &Populations,
        masks: Option<&Masks>,
        key: &StreamKey,
    ) -> Result<Vec<bool>, SampleError> {
        let n = populations.neurons();
        let range = |name: &Option<String>| match name {
            None => Ok(0..n),
            Some(name) => populations.range(name).ok_or_else(|| {
                SampleError::input(format!("`stimuli.{}.neurons`: {}", self.name, populations.unknown(name)))
            }),
        };
        let reached: Vec<usize> = match (&self.targets, masks) {
            (None, Some(masks)) => masks.of(&self.name),
            (None, None) | (Some(Targets::All(_)), _) => (0..n).collect(),
            (Some(Targets::Listed(list)), _) => list.iter().map(|&neuron| neuron as usize).collect(),
            (Some(Targets::Chosen(Chosen { random: Some(random), .. })), _) => {
                let (count, from) = (random.count as usize, range(&random.population)?);
                if count > from.len() {
                    return Err(SampleError::input(format!(
                        "`stimuli.{}.neurons.random` is to choose {count} of {} neurons",
                        self.name,
                        from.len()
                    )));
                }
                choose(count, from, key)
            }
            (Some(Targets::Chosen(Chosen { population, random: None })), _) => range(population)?.collect(),
        };
        let mut mask = vec![false; n];
        for neuron in reached {
            *mask.get_mut(neuron).ok_or_else(|| {
                let last = n.saturating_sub(1);
                SampleError::input(format!(
                    "the stimulus `{}` is to reach neuron {neuron}; the last is {last}",
                    self.name
                ))
            })? = true;
        }
        Ok(mask)
    }
}

/// Rows of the input `masks`.
pub(crate) struct Masks {
    /// Stimulus, if there is such a column, and neuron.
    rows: Vec<(Option<String>, usize)>,
}

impl Masks {
    /// # Errors
    /// Columns of other types, numbers below 0, and names of no stimulus.
    pub(crate) fn read(table: &RecordBatch, stimuli: &[ReadyStimulus]) -> Result<Self, SampleError> {
        let numbers =
            int_column(FREE, table, "neuron").map_err(|error| SampleError::input(format!("masks: {error}")))?;
        let names = table.column_by_name("stimulus").map(|_| text_column(FREE, table, "stimulus"));
        let names = names.transpose().map_err(|error| SampleError::input(format!("masks: {error}")))?;
        let mut rows = Vec::with_capacity(numbers.len());
        for (row, &number) in numbers.iter().enumerate() {
            let neuron = usize::try_from(number).map_err(|_| {
                SampleError::input(format!("masks: `neuron` is {number} in row {}; expected 0 or above", row + 1))
            })?;
            let name = names.as_ref().map(|names| names.value(row).to_owned());
            if let Some(name) = name.as_deref().filter(|name| stimuli.iter().all(|one| one.name != **name)) {
                let near = nearest(name, stimuli.iter().map(|one| one.name.as_str()));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(SampleError::input(format!("masks: there is no stimulus `{name}`{near}")));
            }
            rows.push((name, neuron));
        }
        Ok(Self { rows })
    }

    fn of(&self, stimulus: &str) -> Vec<usize> {
        let of_stimulus = self.rows.iter().filter(|(name, _)| name.as_deref().is_none_or(|name| name == stimulus));
        of_stimulus.map(|(_, neuron)| *neuron).collect()
    }
}
