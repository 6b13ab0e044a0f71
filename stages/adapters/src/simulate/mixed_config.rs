//! The configuration of `simulate.mixed_neural_mass`, and what follows from it alone.

use std::collections::BTreeMap;

use lapicque_neuralmass::Description;
use lapicque_neuralmass::mixed::{Target, coupling_unit};
use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::nearest;
use lapicque_units::{Quantity, Time, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::driven::StimulusOfInput;
use super::neural_mass_config::{self, Coupling, Integration, Name, Noise, Sampling};

/// What a projection reaches where it is no input.
const COUPLING: &str = "coupling";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// Groups of nodes of one model each, by name, e.g. `{cortex: {model: aln}, thalamus: {model: thalamus}}`.
    pub(super) groups: BTreeMap<String, GroupConfig>,
    /// What a group sends to another, by name, e.g. `{down: {from: cortex.rates_exc, to: thalamus.ext_rate_t, weight: 1.2, delay: 13 ms}}`.
    #[serde(default)]
    pub(super) projections: BTreeMap<String, ProjectionConfig>,
    /// Simulated time, e.g. `60 s`; includes the transient.
    #[schemars(with = "String")]
    pub(super) duration: Time,
    /// What comes before it is not recorded (default 0 ms).
    #[serde(default = "no_transient")]
    #[schemars(with = "String")]
    pub(super) transient: Time,
    /// Step of the integration, of all groups (default: the smallest of what the models have alone, 0.1 ms or 0.01 ms). Delays are rounded to steps, halves to the even one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) time_step: Option<Time>,
    /// Time between recorded values, a whole number of time steps (default: as many as come nearest to 1 ms).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) record_dt: Option<Time>,
    /// What is recorded every `record_dt`: last (default), the value at its end, or mean, that of all its steps. Times are those of its end.
    #[serde(default)]
    pub(super) sampling: Sampling,
    /// Speed along the fibres of the connectome, which gives delays (default 20 m/s).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) speed: Option<Value>,
    /// euler (default) or heun (second order where there is no noise; needs delays between groups).
    #[serde(default)]
    pub(super) integration: Integration,
    /// How coloured noise is stepped: euler (default; its variance is too large by 1/(1 - dt/(2 tau_ou))) or exact.
    #[serde(default)]
    pub(super) noise: Noise,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupConfig {
    /// The model of each node: aln, fhn, hopf, jansen_rit, kuramoto, montbrio_pazo_roxin, thalamus, wc or ww.
    pub(super) model: Name,
    /// Labels of its nodes (default: one node with the name of the group). No label is there twice.
    #[serde(default)]
    pub(super) nodes: Option<Vec<String>>,
    /// Which outputs of the model are recorded, each as an output `GROUP_NAME` of the stage (default: the first; `[]`: none).
    #[serde(default)]
    pub(super) record: Option<Vec<String>>,
    /// Values of the model other than its defaults, e.g. `b: 15 pA`; `NAME.NODE` sets that of one node.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Value>,
    /// First values of states, e.g. `V_t: -70 mV`, or by node (default: drawn for each node). Nodes sent them before the begin as well.
    #[serde(default)]
    pub(super) initial: BTreeMap<String, Value>,
    /// Constant inputs by their name, or by node (default: those of the model).
    #[serde(default)]
    pub(super) drive: BTreeMap<String, Value>,
    /// Inputs that change with time, added to the constant ones and to what projections bring.
    #[serde(default)]
    pub(super) stimuli: Vec<StimulusOfInput>,
    /// How other nodes act on a node of fhn and hopf: diffusive (default; by the difference to its own value) or additive.
    #[serde(default)]
    pub(super) coupling: Option<Coupling>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectionConfig {
    /// What is sent: an output of a group, e.g. `cortex.rates_exc`.
    pub(super) from: String,
    /// What it reaches: an input of a group, e.g. `thalamus.ext_rate_t`, or `GROUP.coupling`, as if what sends were a node of that group.
    pub(super) to: String,
    /// By what it is multiplied, e.g. `0.01 mV/ms/Hz`; a number alone where both sides have the same dimension (default 1). Rates in Hz become rates in kHz by themselves.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) weight: Option<Value>,
    /// How long it takes (default 0 ms: what was sent last arrives); with a connectome, beside the delay of the fibres.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) delay: Option<Value>,
    /// Which nodes reach which: all (each to each; default without a connectome), one_to_one (in the order of the nodes) or connectome (by its weights; default with one).
    #[serde(default)]
    pub(super) pairs: Option<Pairs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Pairs {
    All,
    OneToOne,
    Connectome,
}

fn no_transient() -> Time {
    Time::new(0.0)
}

/// Which groups, outputs and inputs a projection joins.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) from: usize,
    pub(super) output: usize,
    pub(super) to: usize,
    pub(super) target: Target,
    /// From the unit of the output to that of the target, or 1 where the weight has the unit of their ratio.
    pub(super) factor: f64,
    /// Of the weight.
    pub(super) unit: String,
    pub(super) pairs: Pairs,
}

impl Config {
    /// A group, as `simulate.neural_mass` would have it.
    pub(super) fn alone(&self, group: &GroupConfig, time_step: Option<Time>) -> neural_mass_config::Config {
        neural_mass_config::Config {
            model: group.model,
            duration: self.duration,
            transient: self.transient,
            time_step,
            record: group.record.clone(),
            record_dt: self.record_dt,
            sampling: self.sampling,
            parameters: group.parameters.clone(),
            speed: None,
            initial: group.initial.clone(),
            drive: group.drive.clone(),
            stimuli: group.stimuli.clone(),
            bold: None,
            coupling: group.coupling,
            integration: self.integration,
            noise: self.noise,
            compat: None,
        }
    }

    /// Nodes of the groups in the order of their names.
    pub(super) fn labels(&self) -> Result<Vec<Vec<String>>, Vec<ConfigError>> {
        let mut problems = Vec::new();
        if self.groups.is_empty() {
            problems.push(ConfigError::at("groups", "there is none; give at least one, e.g. `{cortex: {model: aln}}`"));
        }
        let names = self.groups.keys().map(|name| ("groups", name));
        for (field, name) in names.chain(self.projections.keys().map(|name| ("projections", name))) {
            let at = || format!("{field}.{name}");
            let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_word || name == "speed" {
                let message = "a name begins with a letter, has letters, digits and `_`, and is not `speed`";
                problems.push(ConfigError::at(at(), message));
            } else if field == "projections" && self.groups.contains_key(name) {
                problems.push(ConfigError::at(at(), "a group has this name; paths of values need another"));
            }
        }
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        let mut all = Vec::new();
        for (name, group) in &self.groups {
            let labels = group.nodes.clone().unwrap_or_else(|| vec![name.clone()]);
            if labels.is_empty() {
                problems.push(ConfigError::at(format!("groups.{name}.nodes"), "a group has at least one node"));
            }
            all.push(labels);
        }
        for ((name, _), labels) in self.groups.iter().zip(&all) {
            for label in labels {
                if label.is_empty() {
                    problems.push(ConfigError::at(format!("groups.{name}.nodes"), "a label is empty"));
                }
                if let Some(other) = seen.insert(label, name) {
                    let message = format!("the node `{label}` is there twice, also in the group `{other}`");
                    problems.push(ConfigError::at(format!("groups.{name}.nodes"), message));
                }
            }
        }
        if problems.is_empty() { Ok(all) } else { Err(problems) }
    }

    /// What projections join.
    pub(super) fn ways(
        &self,
        descriptions: &[Description],
        labels: &[Vec<String>],
        has_connectome: bool,
    ) -> Result<Vec<Way>, Vec<ConfigError>> {
        let mut problems = Vec::new();
        let mut ways = Vec::new();
        for (name, projection) in &self.projections {
            match self.way(projection, descriptions, labels, has_connectome) {
                Ok(way) => ways.push(way),
                Err((field, message)) => {
                    problems.push(ConfigError::at(format!("projections.{name}.{field}"), message));
                }
            }
        }
        if problems.is_empty() { Ok(ways) } else { Err(problems) }
    }

    fn way(
        &self,
        projection: &ProjectionConfig,
        descriptions: &[Description],
        labels: &[Vec<String>],
        has_connectome: bool,
    ) -> Result<Way, (&'static str, String)> {
        let (from, sent) = self.of_group(&projection.from).map_err(|message| ("from", message))?;
        let (to, reached) = self.of_group(&projection.to).map_err(|message| ("to", message))?;
        let (source, receiver) = (&descriptions[from], &descriptions[to]);
        let outputs: Vec<&str> = source.outputs.iter().map(|output| output.name).collect();
        let output = place(source.name, "output", sent, &outputs).map_err(|message| ("from", message))?;
        let (target, target_unit) = match (reached, coupling_unit(receiver)) {
            (COUPLING, Some(unit)) => (Target::Coupling, unit),
            (COUPLING, None) => {
                let inputs: Vec<&str> = receiver.inputs.iter().map(|input| input.name).collect();
                let message = format!(
                    "nodes of {} have no coupling that others can be part of; it has the inputs {}",
                    receiver.name,
                    inputs.join(", ")
                );
                return Err(("to", message));
            }
            (name, coupling) => {
                let inputs = receiver.inputs.iter().map(|input| input.name);
                let inputs: Vec<&str> = inputs.chain(coupling.map(|_| COUPLING)).collect();
                let place = place(receiver.name, "input", name, &inputs).map_err(|message| ("to", message))?;
                (Target::Input(place), receiver.inputs[place].unit)
            }
        };
        let (factor, unit) = ratio(source.outputs[output].unit, target_unit).map_err(|message| ("weight", message))?;
        let pairs = projection.pairs.unwrap_or(if has_connectome { Pairs::Connectome } else { Pairs::All });
        match pairs {
            Pairs::Connectome if !has_connectome => {
                return Err(("pairs", "there is no connectome; connect one, or take all or one_to_one".to_owned()));
            }
            Pairs::OneToOne if labels[from].len() != labels[to].len() => {
                let (sources, targets) = (labels[from].len(), labels[to].len());
                return Err(("pairs", format!("{sources} nodes cannot go one by one to {targets}")));
            }
            _ => {}
        }
        Ok(Way { from, output, to, target, factor, unit, pairs })
    }

    fn of_group<'t>(&self, text: &'t str) -> Result<(usize, &'t str), String> {
        let all = || self.groups.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let Some((name, rest)) = text.split_once('.') else {
            return Err(format!("`{text}`; a group and what of it is due, such as `GROUP.NAME`; groups are {}", all()));
        };
        match self.groups.keys().position(|group| group == name) {
            Some(group) => Ok((group, rest)),
            None => {
                let near = nearest(name, self.groups.keys().map(String::as_str));
                let near = near.map(|near| format!("did you mean `{near}`?"));
                Err(format!("there is no group `{name}`; {}", near.unwrap_or_else(|| format!("groups are {}", all()))))
            }
        }
    }
}

fn place(model: &str, what: &str, name: &str, known: &[&str]) -> Result<usize, String> {
    known.iter().position(|known| *known == name).ok_or_else(|| {
        let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let told = near.unwrap_or_else(|| format!("it has {}", known.join(", ")));
        format!("{model} has no {what} `{name}`; {told}")
    })
}

/// The factor between units of one dimension, with a weight that is a number; else 1, with the unit of the ratio.
fn ratio(from: &str, to: &str) -> Result<(f64, String), String> {
    let unit = |text: &str| Unit::parse(text).map_err(|error| error.to_string());
    let (source, target) = (unit(from)?, unit(to)?);
    if source.dimension() == target.dimension() {
        let factor = Quantity::new(1.0, source).to(&target).map_err(|error| error.to_string())?;
        return Ok((factor, "1".to_owned()));
    }
    let text = match from {
        "1" => to.to_owned(),
        _ if from.contains(['/', ' ', '*']) => format!("{to}/({from})"),
        _ => format!("{to}/{from}"),
    };
    unit(&text)?;
    Ok((1.0, text))
}
