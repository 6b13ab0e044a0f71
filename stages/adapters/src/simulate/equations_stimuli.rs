//! Stimuli of `simulate.equations`: waveforms that equations read as arrays over time.

use std::collections::BTreeMap;

use lapicque_equations::network::Times;
use lapicque_equations::network::description::{Model, TimedValues};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_stimulus::{Evaluator, Grid, Stimulus, StimulusError, Timing};
use lapicque_units::Unit;

use super::equations_config::StimulusOf;
use super::equations_units::into_equations;

/// More steps than that fill the memory with the values of one stimulus.
const MOST_STEPS: f64 = 1e8;

/// A stimulus that is checked.
pub(super) struct ReadyStimulus {
    name: String,
    stimulus: Stimulus,
    /// What its values are multiplied by, and their unit then, in equations.
    factor: f64,
    unit: String,
}

impl ReadyStimulus {
    /// Those of a configuration.
    ///
    /// # Errors
    /// Names that the model has, units that equations do not know, and what is wrong with waveforms.
    pub(super) fn all(of: &BTreeMap<String, StimulusOf>, model: &Model) -> Result<Vec<Self>, Vec<ConfigError>> {
        let (mut ready, mut problems) = (Vec::new(), Vec::new());
        for (name, one) in of {
            match Self::new(name, one, model) {
                Ok(one) => ready.push(one),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(ready) } else { Err(problems) }
    }

    fn new(name: &str, of: &StimulusOf, model: &Model) -> Result<Self, ConfigError> {
        let field = format!("stimuli.{name}");
        if model.timed_arrays.contains_key(name) {
            return Err(ConfigError::at(field, format!("`{name}` is also an array over time of the model")));
        }
        let at = format!("{field}.unit");
        let unit = Unit::parse(&of.unit).map_err(|error| ConfigError::at(&at, error))?;
        let (factor, text) = into_equations(&unit).ok_or_else(|| {
            ConfigError::at(&at, format!("`{unit}` is no decimal multiple of an SI unit, which equations count in"))
        })?;
        let stimulus = of.stimulus.stimulus(&unit, &format!("{field}.stimulus"))?;
        Ok(Self { name: name.to_owned(), stimulus, factor, unit: text })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with it on the steps of a model shows before anything runs.
    ///
    /// # Errors
    /// A grid that is too coarse, a waveform that would never act, and too many steps.
    pub(super) fn check(&self, times: Times) -> Result<(), ConfigError> {
        let checked = self.evaluator(times, &StreamKey::new([0; 16])).map(|_| ());
        checked.map_err(|message| ConfigError::at(format!("stimuli.{}.stimulus", self.name), message))
    }

    /// What a model that is not run yet has in its place.
    pub(super) fn placeholder(&self, model: &Model) -> TimedValues {
        self.array(model, vec![0.0])
    }

    /// Its values at the steps of a model; `key` decides what of it is random.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) fn values(&self, model: &Model, times: Times, key: &StreamKey) -> Result<TimedValues, SampleError> {
        let told = |message: String| SampleError::input(format!("`stimuli.{}`: {message}", self.name));
        let mut evaluator = self.evaluator(times, &key.derive(&format!("stimulus {}", self.name))).map_err(told)?;
        let mut values = vec![0.0; evaluator.steps() as usize];
        evaluator.fill_steps(0, &mut values).map_err(|error| told(error.to_string()))?;
        values.iter_mut().for_each(|value| *value *= self.factor);
        Ok(self.array(model, values))
    }

    fn array(&self, model: &Model, values: Vec<f64>) -> TimedValues {
        let unit = (self.unit != "1").then(|| self.unit.clone());
        TimedValues { values, rows: Vec::new(), time_step: model.time_step.clone(), unit }
    }

    fn evaluator(&self, times: Times, key: &StreamKey) -> Result<Evaluator, String> {
        let dt_ms = milliseconds(times.time_step);
        // A duration between two steps goes on to the next.
        let steps = (times.end / times.time_step - 1e-4).ceil().max(1.0);
        if steps.is_nan() || steps > MOST_STEPS {
            return Err(format!("the model has {steps:.3e} steps; a stimulus has at most {MOST_STEPS:.0e}"));
        }
        let grid = Grid { dt_ms, duration_ms: steps * dt_ms, timing: Timing::Exact };
        Evaluator::new(&self.stimulus, grid, key).map_err(|error: StimulusError| error.to_string())
    }
}

/// A time in ms without what rounding adds: 0.1 for 1e-4 s.
pub(super) fn milliseconds(seconds: f64) -> f64 {
    let product = seconds * 1e3;
    format!("{product:.14e}").parse().unwrap_or(product)
}
