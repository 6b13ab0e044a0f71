//! The configuration of kernels: what it fixes, and what it gives of the cells beside the network.

use std::collections::BTreeMap;

use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::nearest;
use lapicque_potential::kernels::{Compatibility, KernelParameters, Probe};
use lapicque_potential::membrane::MembraneModel;
use lapicque_units::{CanonicalUnit, Conductivity, Fraction, Frequency, Length, Measured, Time, Voltage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kernel_settings::set;

/// Peak conductances of synapses.
#[derive(Debug)]
pub(super) enum Microsiemens {}

impl CanonicalUnit for Microsiemens {
    const UNIT: &'static str = "uS";
    const NAME: &'static str = "conductance";
}

/// Any part may be left out; what is left out has the value of Hagen et al. (2022).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// A shipped network, or the path of a network file, whose populations are E and I: sizes, probabilities, weights, delays and Poisson drives.
    pub(super) network: String,
    /// Values of the network other than its own, by short name or path, e.g. `J_EI: 2.5 pA`.
    pub(super) parameters: BTreeMap<String, Value>,
    /// Of the populations by name (E, I).
    pub(super) populations: BTreeMap<String, PopulationConfig>,
    /// Peak conductance of a synapse, instead of one that follows from the weight of the network; presynaptic population -> postsynaptic population, e.g. `E: {I: 0.000125 uS}`; at least 0.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, String>>")]
    pub(super) weights: BTreeMap<String, BTreeMap<String, Measured<Microsiemens>>>,
    /// Channels of the membrane.
    pub(super) membrane: Membrane,
    /// Whether the mean synaptic conductance is added to the leak.
    pub(super) effective_leak: bool,
    /// Where somas are.
    pub(super) soma_depth: SomaDepthConfig,
    /// Interval of lags: that of the spikes.
    #[schemars(with = "String")]
    pub(super) dt: Time,
    /// Last lag: a whole number of `dt`.
    #[schemars(with = "String")]
    pub(super) window: Time,
    /// What is recorded.
    pub(super) probes: Vec<ProbeName>,
    /// Depths of the contacts of `lfp`, up is positive.
    #[schemars(with = "Vec<String>")]
    pub(super) contacts: Vec<Length>,
    /// Of the tissue around the cells, above 0.
    #[schemars(with = "String")]
    pub(super) conductivity: Conductivity,
    /// Reproduces a peer: `lfpykernels` rounds the ends of segments to 0.001 um.
    pub(super) compat: Option<Compat>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PopulationConfig {
    /// Mean firing rate of a neuron; at least 0. Default: 6 Hz (E), 9 Hz (I).
    #[schemars(with = "Option<String>")]
    rate: Option<Frequency>,
    /// Default: -65 mV.
    #[schemars(with = "Option<String>")]
    resting_potential: Option<Voltage>,
    /// Synapses from outside the network onto each neuron; at least 0. Default: those of the network's Poisson drive.
    #[schemars(with = "Option<f64>")]
    external_synapses: Option<Fraction>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SomaDepthConfig {
    /// Of the disc in which somas lie, above 0.
    #[schemars(with = "String")]
    radius: Length,
    /// Mean depth.
    #[schemars(with = "String")]
    mean: Length,
    /// Standard deviation of depth, at least 0.
    #[schemars(with = "String")]
    sd: Length,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Membrane {
    /// Frozen sodium and potassium channels, Ih to first order.
    IhLinearized,
    /// All channels as conductances that keep their resting value.
    Frozen,
    /// Leak alone.
    Passive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProbeName {
    /// Current dipole moment along depth.
    DipoleZ,
    /// Potential at the contacts.
    Lfp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Compat {
    Lfpykernels,
}

impl Default for Config {
    fn default() -> Self {
        let hagen = KernelParameters::hagen();
        Self {
            network: "hagen".to_owned(),
            parameters: BTreeMap::new(),
            populations: BTreeMap::new(),
            weights: BTreeMap::new(),
            membrane: Membrane::IhLinearized,
            effective_leak: true,
            soma_depth: SomaDepthConfig::default(),
            dt: Time::new(hagen.dt_ms),
            window: Time::new(hagen.window_ms),
            probes: vec![ProbeName::DipoleZ, ProbeName::Lfp],
            contacts: (-2..=10).rev().map(|i| Length::new(100.0 * f64::from(i))).collect(),
            conductivity: Conductivity::new(hagen.conductivity_s_per_m),
            compat: None,
        }
    }
}

impl Default for SomaDepthConfig {
    fn default() -> Self {
        let depth = KernelParameters::hagen().soma_depth;
        Self { radius: Length::new(depth.radius_um), mean: Length::new(depth.mean_um), sd: Length::new(depth.sd_um) }
    }
}

/// What a configuration says of single values of the cells, by the paths of settings.
pub(super) fn given(config: &Config) -> Result<Vec<(String, f64)>, Vec<ConfigError>> {
    let hagen = KernelParameters::hagen();
    let mut problems = Vec::new();
    let mut values: Vec<(String, f64)> = Vec::new();
    for (name, population) in &config.populations {
        let path = format!("populations.{name}");
        if hagen.population(name).is_none() {
            problems.push(unknown_population(&hagen, path, name));
            continue;
        }
        let fields = [
            ("rate", population.rate.map(Measured::value)),
            ("resting_potential", population.resting_potential.map(Measured::value)),
            ("external_synapses", population.external_synapses.map(Measured::value)),
        ];
        values.extend(fields.into_iter().filter_map(|(field, value)| Some((format!("{path}.{field}"), value?))));
    }
    for (pre, posts) in &config.weights {
        if hagen.population(pre).is_none() {
            problems.push(unknown_population(&hagen, format!("weights.{pre}"), pre));
            continue;
        }
        for (post, weight) in posts {
            let path = format!("weights.{pre}.{post}");
            match hagen.population(post) {
                Some(_) => values.push((path, weight.value())),
                None => problems.push(unknown_population(&hagen, path, post)),
            }
        }
    }
    values.push(("soma_depth.radius".to_owned(), config.soma_depth.radius.value()));
    values.push(("soma_depth.mean".to_owned(), config.soma_depth.mean.value()));
    values.push(("soma_depth.sd".to_owned(), config.soma_depth.sd.value()));
    values.push(("conductivity".to_owned(), config.conductivity.value()));
    for (path, value) in &values {
        let mut alone = hagen.clone();
        let problem =
            set(&mut alone, path, *value).err().or_else(|| alone.check().err().map(|error| error.to_string()));
        problems.extend(problem.map(|problem| ConfigError::at(path.clone(), problem)));
    }
    if problems.is_empty() { Ok(values) } else { Err(problems) }
}

/// What is the same for all samples: the membrane, the grid and the probes. The rest is that of the reference.
pub(super) fn fixed(config: &Config) -> Result<KernelParameters, Vec<ConfigError>> {
    let mut parameters = KernelParameters::hagen();
    let mut problems = Vec::new();
    parameters.membrane = match config.membrane {
        Membrane::IhLinearized => MembraneModel::IhLinearized,
        Membrane::Frozen => MembraneModel::Frozen,
        Membrane::Passive => MembraneModel::Passive,
    };
    parameters.effective_leak = config.effective_leak;
    if config.compat.is_some() {
        parameters.compatibility = Compatibility::Lfpykernels;
    }
    grid(&mut parameters, config, &mut problems);
    probes(&mut parameters, config, &mut problems);
    if problems.is_empty() { Ok(parameters) } else { Err(problems) }
}

fn grid(parameters: &mut KernelParameters, config: &Config, problems: &mut Vec<ConfigError>) {
    parameters.dt_ms = config.dt.value();
    parameters.window_ms = config.window.value();
    if let Err(error) = parameters.steps() {
        let field = if parameters.dt_ms > 0.0 { "window" } else { "dt" };
        problems.push(ConfigError::at(field, error));
    }
}

fn probes(parameters: &mut KernelParameters, config: &Config, problems: &mut Vec<ConfigError>) {
    if config.probes.is_empty() {
        problems.push(ConfigError::at("probes", "no probe is named; allowed are dipole_z and lfp"));
    }
    if config.probes.contains(&ProbeName::Lfp) && config.contacts.is_empty() {
        problems.push(ConfigError::at("contacts", "`lfp` needs at least one contact, e.g. `[100 um]`"));
    }
    parameters.probes.clear();
    for (i, probe) in config.probes.iter().enumerate() {
        if config.probes[..i].contains(probe) {
            problems.push(ConfigError::at(format!("probes.{i}"), "this probe is named twice"));
            continue;
        }
        match probe {
            ProbeName::DipoleZ => parameters.probes.push(Probe::DipoleZ),
            ProbeName::Lfp => {
                parameters.probes.extend(config.contacts.iter().map(|z| Probe::Lfp { contact_z_um: z.value() }))
            }
        }
    }
    for (i, contact) in config.contacts.iter().enumerate() {
        if config.contacts[..i].contains(contact) {
            problems.push(ConfigError::at(format!("contacts.{i}"), format!("the contact {contact} is named twice")));
        }
    }
}

fn unknown_population(parameters: &KernelParameters, path: String, name: &str) -> ConfigError {
    let known: Vec<&str> = parameters.populations.iter().map(|p| p.name.as_str()).collect();
    let near = nearest(name, known.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
    ConfigError::at(path, format!("there is no population `{name}`{near} (there are: {})", known.join(", ")))
}
