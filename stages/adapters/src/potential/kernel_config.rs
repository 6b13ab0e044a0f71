//! The configuration of kernels, and how it, a network and columns of parameters become [`KernelParameters`].

use std::collections::BTreeMap;

use lapicque_network::{NetworkFile, shipped, shipped_names};
use lapicque_pipeline::config::nearest;
use lapicque_pipeline::{BindRequest, ConfigError};
use lapicque_potential::kernels::{Compatibility, KernelParameters, Probe};
use lapicque_potential::membrane::MembraneModel;
use lapicque_units::{CanonicalUnit, Conductivity, Fraction, Frequency, Length, Measured, Time, Voltage, write_number};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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
    /// A shipped network, or the path of a network file: sizes of populations, and which are connected. Its populations are E and I.
    pub(super) network: String,
    /// Of the populations by name (E, I).
    pub(super) populations: BTreeMap<String, PopulationConfig>,
    /// Peak conductance of a synapse, presynaptic population -> postsynaptic population, e.g. `E: {I: 0.000125 uS}`; at least 0.
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
    /// Synapses from outside the network onto each neuron; at least 0. Default: 465 (E), 160 (I).
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

/// A number of [`KernelParameters`] that a column of parameters may set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Setting {
    /// As in the configuration.
    pub(super) path: String,
    pub(super) unit: &'static str,
}

/// All settings, in the order of populations and connections.
pub(super) fn settings(parameters: &KernelParameters) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut add = |path: String, unit| settings.push(Setting { path, unit });
    for population in &parameters.populations {
        let name = &population.name;
        add(format!("populations.{name}.size"), "1");
        add(format!("populations.{name}.rate"), "Hz");
        add(format!("populations.{name}.resting_potential"), "mV");
        add(format!("populations.{name}.external_synapses"), "1");
    }
    for connection in &parameters.connections {
        add(format!("weights.{}.{}", connection.pre, connection.post), "uS");
    }
    for field in ["radius", "mean", "sd"] {
        add(format!("soma_depth.{field}"), "um");
    }
    add("conductivity".to_owned(), "S/m");
    settings
}

/// The value of a setting.
fn get(parameters: &KernelParameters, path: &str) -> Option<f64> {
    let parts: Vec<&str> = path.split('.').collect();
    Some(match parts[..] {
        ["populations", name, field] => {
            let population = parameters.population(name)?;
            match field {
                "size" => f64::from(population.size),
                "rate" => population.rate_hz,
                "resting_potential" => population.resting_potential_mv,
                "external_synapses" => population.external_synapses,
                _ => return None,
            }
        }
        ["weights", pre, post] => parameters.connection(pre, post)?.peak_conductance_us,
        ["soma_depth", "radius"] => parameters.soma_depth.radius_um,
        ["soma_depth", "mean"] => parameters.soma_depth.mean_um,
        ["soma_depth", "sd"] => parameters.soma_depth.sd_um,
        ["conductivity"] => parameters.conductivity_s_per_m,
        _ => return None,
    })
}

/// Changes the value of a setting, in its unit.
pub(super) fn set(parameters: &mut KernelParameters, path: &str, value: f64) -> Result<(), String> {
    let parts: Vec<&str> = path.split('.').collect();
    let slot = match parts[..] {
        ["populations", name, "size"] => {
            let whole = value.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&value);
            return match parameters.population_mut(name) {
                Some(population) if whole => {
                    population.size = value as u32;
                    Ok(())
                }
                Some(_) => Err(format!("`{path}` is {value}; it must be a whole number, at least 1")),
                None => Err(format!("there is no `{path}`")),
            };
        }
        ["populations", name, field] => parameters.population_mut(name).and_then(|population| match field {
            "rate" => Some(&mut population.rate_hz),
            "resting_potential" => Some(&mut population.resting_potential_mv),
            "external_synapses" => Some(&mut population.external_synapses),
            _ => None,
        }),
        ["weights", pre, post] => {
            parameters.connection_mut(pre, post).map(|connection| &mut connection.peak_conductance_us)
        }
        ["soma_depth", "radius"] => Some(&mut parameters.soma_depth.radius_um),
        ["soma_depth", "mean"] => Some(&mut parameters.soma_depth.mean_um),
        ["soma_depth", "sd"] => Some(&mut parameters.soma_depth.sd_um),
        ["conductivity"] => Some(&mut parameters.conductivity_s_per_m),
        _ => None,
    };
    match slot {
        Some(slot) => {
            *slot = value;
            Ok(())
        }
        None => Err(format!("there is no `{path}`")),
    }
}

/// The parameters that a configuration and its network describe.
pub(super) fn resolve(config: &Config, request: &BindRequest<'_>) -> Result<KernelParameters, Vec<ConfigError>> {
    let mut parameters = KernelParameters::hagen();
    network(&mut parameters, &config.network, request)?;
    let mut problems = Vec::new();
    let mut values: Vec<(String, f64)> = Vec::new();
    for (name, population) in &config.populations {
        let path = format!("populations.{name}");
        if parameters.population(name).is_none() {
            problems.push(unknown_population(&parameters, path, name));
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
        if parameters.population(pre).is_none() {
            problems.push(unknown_population(&parameters, format!("weights.{pre}"), pre));
            continue;
        }
        for (post, weight) in posts {
            let path = format!("weights.{pre}.{post}");
            if parameters.population(post).is_none() {
                problems.push(unknown_population(&parameters, path, post));
            } else if parameters.connection(pre, post).is_none() {
                problems.push(ConfigError::at(path, format!("the network has no connection of {pre} onto {post}")));
            } else {
                values.push((path, weight.value()));
            }
        }
    }
    values.push(("soma_depth.radius".to_owned(), config.soma_depth.radius.value()));
    values.push(("soma_depth.mean".to_owned(), config.soma_depth.mean.value()));
    values.push(("soma_depth.sd".to_owned(), config.soma_depth.sd.value()));
    values.push(("conductivity".to_owned(), config.conductivity.value()));
    for (path, value) in values {
        let mut alone = KernelParameters::hagen();
        let problem =
            set(&mut alone, &path, value).err().or_else(|| alone.check().err().map(|error| error.to_string()));
        match problem {
            Some(problem) => problems.push(ConfigError::at(path, problem)),
            None => set(&mut parameters, &path, value).map_err(|error| vec![ConfigError::at(path, error)])?,
        }
    }
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

/// Takes the sizes of populations, and which of them are connected, from a network.
fn network(parameters: &mut KernelParameters, name: &str, request: &BindRequest<'_>) -> Result<(), Vec<ConfigError>> {
    let failed = |message: String| vec![ConfigError::at("network", message)];
    let text = match shipped(name) {
        Some(text) => text.to_owned(),
        None => {
            let opened = request.open("network", name).map_err(|error| {
                failed(format!(
                    "`{name}` is no shipped network ({}), and {}",
                    shipped_names().join(", "),
                    error.message
                ))
            })?;
            opened.text().map_err(|error| failed(format!("cannot read `{name}`: {error}")))?
        }
    };
    let file = NetworkFile::parse(&text, name).map_err(|error| failed(error.to_string()))?;
    let network = file.network();
    let mut names: Vec<&str> = network.populations.iter().map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    if names != ["E", "I"] {
        let message = "kernels need a multicompartment cell for each population; there are cells for E and I of Hagen et al. (2022)";
        return Err(failed(format!("{message}, and this network has the populations {}", names.join(", "))));
    }
    for population in &mut parameters.populations {
        if let Some(described) = network.population(&population.name) {
            population.size = described.size;
        }
    }
    parameters.connections.retain(|c| network.connections.iter().any(|n| n.pre == c.pre && n.post == c.post));
    Ok(())
}

fn unknown_population(parameters: &KernelParameters, path: String, name: &str) -> ConfigError {
    let known: Vec<&str> = parameters.populations.iter().map(|p| p.name.as_str()).collect();
    let near = nearest(name, known.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
    ConfigError::at(path, format!("there is no population `{name}`{near} (there are: {})", known.join(", ")))
}

/// What of the parameters differs from the reference model, by path; settings that columns of parameters set are left out.
pub(super) fn canonical(parameters: &KernelParameters, set_by_columns: &[String]) -> Value {
    let mut canonical = Map::new();
    let hagen = KernelParameters::hagen();
    for setting in settings(parameters).iter().filter(|s| !set_by_columns.contains(&s.path)) {
        if let (Some(value), reference) = (get(parameters, &setting.path), get(&hagen, &setting.path))
            && Some(value) != reference
        {
            let text = if setting.unit == "1" {
                json!(value)
            } else {
                json!(format!("{} {}", write_number(value), setting.unit))
            };
            canonical.insert(setting.path.clone(), text);
        }
    }
    let pairs =
        |p: &KernelParameters| p.connections.iter().map(|c| format!("{}->{}", c.pre, c.post)).collect::<Vec<_>>();
    if pairs(parameters) != pairs(&hagen) {
        canonical.insert("connections".to_owned(), json!(pairs(parameters)));
    }
    match parameters.membrane {
        MembraneModel::IhLinearized => None,
        MembraneModel::Frozen => canonical.insert("membrane".to_owned(), json!("frozen")),
        MembraneModel::Passive => canonical.insert("membrane".to_owned(), json!("passive")),
    };
    if !parameters.effective_leak {
        canonical.insert("effective_leak".to_owned(), json!(false));
    }
    if parameters.dt_ms != hagen.dt_ms {
        canonical.insert("dt".to_owned(), json!(format!("{} ms", write_number(parameters.dt_ms))));
    }
    if parameters.window_ms != hagen.window_ms {
        canonical.insert("window".to_owned(), json!(format!("{} ms", write_number(parameters.window_ms))));
    }
    let channels: Vec<String> = parameters.probes.iter().map(Probe::channel).collect();
    canonical.insert("probes".to_owned(), json!(channels));
    if parameters.compatibility == Compatibility::Lfpykernels {
        canonical.insert("compat".to_owned(), json!("lfpykernels"));
    }
    Value::Object(canonical)
}
