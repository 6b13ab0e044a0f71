//! Waveforms of inputs or outputs, node by node: the first control, and targets.

use lapicque_numerics::random::StreamKey;
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{ConfigError, SampleError};
use lapicque_stimulus::{Evaluator, Grid, Stimulus, Timing};
use lapicque_units::Unit;

use super::control_config::TargetOfOutput;
use crate::simulate::driven::StimulusOfInput;
use crate::stimulus_config::StimulusConfig;

/// Waveforms that stand in one field.
#[derive(Debug)]
pub(super) struct Waves {
    field: &'static str,
    grid: Grid,
    /// First step of the grid that is read.
    first: u64,
    steps: usize,
    all: Vec<Wave>,
}

#[derive(Debug)]
struct Wave {
    /// Of what it is, among those of the model.
    place: usize,
    nodes: Option<Vec<String>>,
    stimulus: Stimulus,
}

/// As it is configured.
struct Given<'a> {
    name: &'a str,
    nodes: &'a Option<Vec<String>>,
    waveform: &'a StimulusConfig,
}

/// A waveform of one node.
pub(super) struct OfNode {
    /// In its field.
    pub(super) number: usize,
    pub(super) place: usize,
    pub(super) node: usize,
    /// Of each step.
    pub(super) values: Vec<f64>,
}

/// What waveforms may be of: names and units.
pub(super) struct Known<'a> {
    pub(super) model: &'static str,
    pub(super) names: Vec<(&'a str, &'static str)>,
}

impl Waves {
    /// Values of step k are those of its begin.
    pub(super) fn of_inputs(
        given: &[StimulusOfInput],
        known: &Known<'_>,
        times: (f64, u32),
    ) -> Result<Self, Vec<ConfigError>> {
        let given = given.iter().map(|one| Given { name: &one.input, nodes: &one.nodes, waveform: &one.waveform });
        Self::new(("start", "input"), given, known, times, 0)
    }

    /// Values of step k are those of its end.
    pub(super) fn of_outputs(
        given: &[TargetOfOutput],
        known: &Known<'_>,
        times: (f64, u32),
    ) -> Result<Self, Vec<ConfigError>> {
        let given = given.iter().map(|one| Given { name: &one.output, nodes: &one.nodes, waveform: &one.waveform });
        Self::new(("targets", "output"), given, known, times, 1)
    }

    fn new<'a>(
        (field, what): (&'static str, &str),
        given: impl Iterator<Item = Given<'a>>,
        known: &Known<'_>,
        (time_step_ms, steps): (f64, u32),
        first: u64,
    ) -> Result<Self, Vec<ConfigError>> {
        let duration_ms = time_step_ms * f64::from(steps);
        let grid = Grid { dt_ms: time_step_ms, duration_ms, timing: Timing::Exact };
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for (number, one) in given.enumerate() {
            match one.wave(&format!("{field}.{number}"), what, known, grid) {
                Ok(wave) => all.push(wave),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self { field, grid, first, steps: steps as usize, all }) } else { Err(problems) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Places that there are waveforms of.
    pub(super) fn places(&self) -> impl Iterator<Item = usize> {
        self.all.iter().map(|wave| wave.place)
    }

    /// All of them; where no node is named, of the nodes of `usual` (by place and node). Noise comes from `stream`.
    pub(super) fn of_nodes(
        &self,
        labels: &[String],
        stream: StreamKey,
        usual: impl Fn(usize, usize) -> bool,
    ) -> Result<Vec<OfNode>, SampleError> {
        let mut found = Vec::new();
        for (number, wave) in self.all.iter().enumerate() {
            for label in wave.nodes.iter().flatten() {
                check_node(&format!("{}.{number}.nodes", self.field), label, labels)?;
            }
            let key = stream.derive(&format!("{} {number}", self.field));
            for (node, label) in labels.iter().enumerate() {
                let named = wave.nodes.as_ref().map(|nodes| nodes.contains(label));
                if !named.unwrap_or_else(|| usual(wave.place, node)) {
                    continue;
                }
                let mut values = vec![0.0; self.steps];
                let mut evaluator =
                    Evaluator::new(&wave.stimulus, self.grid, &key.derive(label)).map_err(SampleError::input)?;
                evaluator.fill_steps(self.first, &mut values).map_err(SampleError::input)?;
                found.push(OfNode { number, place: wave.place, node, values });
            }
        }
        Ok(found)
    }
}

impl Given<'_> {
    fn wave(&self, field: &str, what: &str, known: &Known<'_>, grid: Grid) -> Result<Wave, ConfigError> {
        let Some(place) = known.names.iter().position(|(name, _)| *name == self.name) else {
            let all: Vec<&str> = known.names.iter().map(|(name, _)| *name).collect();
            let message = format!("{} has no {what} `{}`; it has {}", known.model, self.name, all.join(", "));
            return Err(ConfigError::at(format!("{field}.{what}"), message));
        };
        if self.nodes.as_ref().is_some_and(Vec::is_empty) {
            let message = "there is no node in it; leave it out for all nodes";
            return Err(ConfigError::at(format!("{field}.nodes"), message));
        }
        let at = format!("{field}.waveform");
        let unit = Unit::parse(known.names[place].1).map_err(|error| ConfigError::at(&at, error))?;
        let stimulus = self.waveform.stimulus(&unit, &at)?;
        // What it is refused for does not depend on the key.
        Evaluator::new(&stimulus, grid, &StreamKey::new([0; 16])).map_err(|error| ConfigError::at(at, error))?;
        Ok(Wave { place, nodes: self.nodes.clone(), stimulus })
    }
}

/// Refuses a node that is not there.
pub(super) fn check_node(field: &str, label: &String, labels: &[String]) -> Result<(), SampleError> {
    if labels.contains(label) {
        return Ok(());
    }
    let near = nearest(label, labels.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(SampleError::input(format!("`{field}`: there is no node `{label}`{near}")))
}
