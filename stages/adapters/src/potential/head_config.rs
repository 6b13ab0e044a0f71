//! Head model, dipoles and electrodes: what `potential.head` and `potential.lead_field` are told.

use lapicque_pipeline::ConfigError;
use lapicque_pipeline::config::nearest;
use lapicque_potential::head::places::{DEFAULT_PLACE, dipole_names, named_dipole, ten_twenty_electrodes};
use lapicque_potential::head::{
    ConcentricSpheres, Dipole, Electrode, HeadError, LeadField, Vector, infinite, infinite_lead_field,
    nearest_electrode, sphere_lead_field,
};
use lapicque_units::{Conductivity, Length, Measured};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// How potentials spread.
    pub(super) model: Model,
    /// Names of places (occipital, calcarine, motor, parietal, or an electrode of the 10-20 system: 1 mm below the surface of the brain,
    /// radial), or `{position: [1 mm, 0 mm, 78 mm]}` with `name` (default `dipole_1`, ...) and `orientation` (default radial). The origin
    /// is the centre of the head, x is right, y front, z up. With the model `lead_field`: names of its dipoles, places or
    /// `{name, orientation}`.
    pub(super) dipoles: Vec<DipoleConfig>,
    /// `nearest` to each dipole (the default), `all` of the 10-20 system, or a list of names and `{name, position}`. With the model
    /// `lead_field`: `all` of its electrodes (the default there), or a list of names.
    pub(super) electrodes: Option<ElectrodesConfig>,
    /// Of the conductor of the model `infinite`, above 0.
    #[schemars(with = "String")]
    pub(super) conductivity: Conductivity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Model {
    /// Brain, cerebrospinal fluid, skull and scalp as concentric spheres of 79, 80, 85 and 90 mm.
    FourSphere,
    /// A homogeneous conductor without bounds.
    Infinite,
    /// The table at the input `lead_field`.
    LeadField,
}

#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(untagged)]
pub(super) enum DipoleConfig {
    Named(String),
    Placed(PlacedDipole),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacedDipole {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// x, y, z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<[String; 3]>")]
    position: Option<[Length; 3]>,
    /// x, y, z, of any length but 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    orientation: Option<[f64; 3]>,
}

#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(untagged)]
pub(super) enum ElectrodesConfig {
    /// `nearest` or `all`.
    Choice(Choice),
    List(Vec<ElectrodeConfig>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Choice {
    Nearest,
    All,
}

#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(untagged)]
pub(super) enum ElectrodeConfig {
    Named(String),
    Placed(PlacedElectrode),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacedElectrode {
    name: String,
    /// x, y, z.
    #[schemars(with = "[String; 3]")]
    position: [Length; 3],
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: Model::FourSphere,
            dipoles: vec![DipoleConfig::Named(DEFAULT_PLACE.to_owned())],
            electrodes: None,
            conductivity: Conductivity::new(infinite::DEFAULT_CONDUCTIVITY_S_PER_M),
        }
    }
}

/// Dipoles and electrodes with the potentials between them.
#[derive(Debug, Clone)]
pub(super) struct Montage {
    pub(super) dipoles: Vec<Oriented>,
    pub(super) electrodes: Vec<String>,
    pub(super) lead_field: LeadField,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Oriented {
    pub(super) name: String,
    pub(super) orientation: Vector,
}

/// What is taken of a lead field that comes as a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Selection {
    pub(super) dipoles: Vec<Oriented>,
    /// All if none are named.
    pub(super) electrodes: Option<Vec<String>>,
}

/// Dipoles and electrodes of the models that are computed.
pub(super) fn montage(config: &Config) -> Result<Montage, Vec<ConfigError>> {
    let head = ConcentricSpheres::four_sphere();
    let mut problems = Vec::new();
    if config.dipoles.is_empty() {
        problems.push(ConfigError::at("dipoles", "no dipole is given"));
    }
    if config.model != Model::Infinite && config.conductivity != Config::default().conductivity {
        problems.push(ConfigError::at(
            "conductivity",
            "this is of the model `infinite`; the spheres have conductivities of their own",
        ));
    }
    let mut dipoles: Vec<Dipole> = Vec::new();
    for (i, config) in config.dipoles.iter().enumerate() {
        match dipole(config, i, &head) {
            Ok(dipole) => dipoles.push(dipole),
            Err(problem) => problems.push(problem),
        }
    }
    unique("dipoles", dipoles.iter().map(|d| d.name.as_str()), &mut problems);
    let electrodes = electrodes(config.electrodes.as_ref(), &dipoles, &head, &mut problems);
    unique("electrodes", electrodes.iter().map(|e| e.name.as_str()), &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    let from: Vec<Vector> = dipoles.iter().map(|d| d.position_um).collect();
    let to: Vec<Vector> = electrodes.iter().map(|e| e.position_um).collect();
    let lead_field = match config.model {
        Model::Infinite => infinite_lead_field(config.conductivity.value(), &from, &to),
        Model::FourSphere | Model::LeadField => sphere_lead_field(&head, &from, &to),
    };
    let named = |error: HeadError| vec![ConfigError::at(field_of(&error), error)];
    let lead_field = lead_field.map_err(named)?;
    for (i, dipole) in dipoles.iter().enumerate() {
        lead_field.gains_along(i, dipole.orientation).map_err(named)?;
    }
    let dipoles = dipoles.into_iter().map(|d| Oriented { name: d.name, orientation: d.orientation }).collect();
    Ok(Montage { dipoles, electrodes: electrodes.into_iter().map(|e| e.name).collect(), lead_field })
}

/// Dipoles and electrodes by the names that a table has for them.
pub(super) fn selection(config: &Config) -> Result<Selection, Vec<ConfigError>> {
    let head = ConcentricSpheres::four_sphere();
    let mut problems = Vec::new();
    let mut dipoles = Vec::new();
    if config.dipoles.is_empty() {
        problems.push(ConfigError::at("dipoles", "no dipole is given"));
    }
    for (i, dipole) in config.dipoles.iter().enumerate() {
        let (name, given) = match dipole {
            DipoleConfig::Named(name) => (Some(name), None),
            DipoleConfig::Placed(PlacedDipole { position: Some(_), .. }) => {
                problems.push(ConfigError::at(
                    format!("dipoles.{i}.position"),
                    "positions are those of the lead field; name one of its dipoles",
                ));
                continue;
            }
            DipoleConfig::Placed(placed) => (placed.name.as_ref(), placed.orientation),
        };
        let Some(name) = name else {
            problems.push(ConfigError::at(format!("dipoles.{i}"), "give the `name` of a dipole of the lead field"));
            continue;
        };
        match given.or_else(|| named_dipole(&head, name).map(|d| d.orientation)) {
            Some(orientation) => dipoles.push(Oriented { name: name.clone(), orientation }),
            None => {
                let example = format!("{{name: {name}, orientation: [0, 0, 1]}}");
                problems.push(ConfigError::at(
                    format!("dipoles.{i}"),
                    format!("`{name}` is not a named place; give its orientation too, as `{example}`"),
                ));
            }
        }
    }
    for (i, dipole) in dipoles.iter().enumerate() {
        let length = dipole.orientation.iter().map(|x| x * x).sum::<f64>().sqrt();
        if !(length > 0.0 && length.is_finite()) {
            problems.push(ConfigError::at(
                format!("dipoles.{i}.orientation"),
                format!("its length is {length}; it must be finite and above 0"),
            ));
        }
    }
    unique("dipoles", dipoles.iter().map(|d| d.name.as_str()), &mut problems);
    let mut electrodes = None;
    match &config.electrodes {
        None | Some(ElectrodesConfig::Choice(Choice::All)) => {}
        Some(ElectrodesConfig::Choice(Choice::Nearest)) => {
            problems.push(ConfigError::at(
                "electrodes",
                "a lead field has no positions to find the nearest by; allowed are `all` or names",
            ));
        }
        Some(ElectrodesConfig::List(list)) => {
            let mut names = Vec::new();
            for (i, electrode) in list.iter().enumerate() {
                match electrode {
                    ElectrodeConfig::Named(name) => names.push(name.clone()),
                    ElectrodeConfig::Placed(_) => {
                        problems.push(ConfigError::at(
                            format!("electrodes.{i}"),
                            "positions are those of the lead field; name one of its electrodes",
                        ));
                    }
                }
            }
            unique("electrodes", names.iter().map(String::as_str), &mut problems);
            electrodes = Some(names);
        }
    }
    if problems.is_empty() { Ok(Selection { dipoles, electrodes }) } else { Err(problems) }
}

fn dipole(config: &DipoleConfig, number: usize, head: &ConcentricSpheres) -> Result<Dipole, ConfigError> {
    match config {
        DipoleConfig::Named(name) => named_dipole(head, name).ok_or_else(|| {
            let near = nearest(name, dipole_names()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            let known: Vec<&str> = dipole_names().collect();
            ConfigError::at(
                format!("dipoles.{number}"),
                format!("there is no place `{name}`{near} (there are: {})", known.join(", ")),
            )
        }),
        DipoleConfig::Placed(PlacedDipole { name, position: Some(position), orientation }) => {
            let position_um = position.map(Measured::value);
            let name = name.clone().unwrap_or_else(|| format!("dipole_{}", number + 1));
            Ok(Dipole { name, position_um, orientation: orientation.unwrap_or(position_um) })
        }
        DipoleConfig::Placed(_) => {
            Err(ConfigError::at(format!("dipoles.{number}"), "a `position` is due, e.g. `[0 mm, 0 mm, 78 mm]`"))
        }
    }
}

fn electrodes(
    config: Option<&ElectrodesConfig>,
    dipoles: &[Dipole],
    head: &ConcentricSpheres,
    problems: &mut Vec<ConfigError>,
) -> Vec<Electrode> {
    let known = ten_twenty_electrodes(head);
    match config {
        Some(ElectrodesConfig::Choice(Choice::All)) => known,
        None | Some(ElectrodesConfig::Choice(Choice::Nearest)) => {
            let places: Vec<Vector> = known.iter().map(|e| e.position_um).collect();
            let mut found: Vec<usize> =
                dipoles.iter().filter_map(|d| nearest_electrode(d.position_um, &places)).collect();
            found.sort_unstable();
            found.dedup();
            found.into_iter().map(|i| known[i].clone()).collect()
        }
        Some(ElectrodesConfig::List(list)) => {
            if list.is_empty() {
                problems.push(ConfigError::at("electrodes", "no electrode is given"));
            }
            let mut electrodes = Vec::new();
            for (i, electrode) in list.iter().enumerate() {
                match electrode {
                    ElectrodeConfig::Placed(placed) => {
                        electrodes.push(Electrode {
                            name: placed.name.clone(),
                            position_um: placed.position.map(Measured::value),
                        });
                    }
                    ElectrodeConfig::Named(name) => match known.iter().find(|e| e.name == *name) {
                        Some(electrode) => electrodes.push(electrode.clone()),
                        None => {
                            let names: Vec<&str> = known.iter().map(|e| e.name.as_str()).collect();
                            let near = nearest(name, names.iter().copied())
                                .map(|n| format!("; did you mean `{n}`?"))
                                .unwrap_or_default();
                            let message =
                                format!("there is no electrode `{name}`{near} (there are: {})", names.join(", "));
                            problems.push(ConfigError::at(format!("electrodes.{i}"), message));
                        }
                    },
                }
            }
            electrodes
        }
    }
}

fn unique<'a>(field: &str, names: impl Iterator<Item = &'a str>, problems: &mut Vec<ConfigError>) {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            problems.push(ConfigError::at(field, format!("`{name}` is named twice")));
        }
        seen.push(name);
    }
}

fn field_of(error: &HeadError) -> String {
    match error {
        HeadError::ElectrodeOutside { electrode, .. } | HeadError::ElectrodeBelowDipole { electrode, .. } => {
            format!("electrodes.{electrode}")
        }
        HeadError::SamePlace { dipole, .. }
        | HeadError::DipoleOutsideBrain { dipole, .. }
        | HeadError::SlowSeries { dipole, .. } => {
            format!("dipoles.{dipole}")
        }
        HeadError::NoOrientation { dipole, .. } => format!("dipoles.{dipole}.orientation"),
        HeadError::OutOfRange(_) if error.to_string().contains("conductivity") => "conductivity".to_owned(),
        HeadError::OutOfRange(_) | HeadError::Shape { .. } | HeadError::Length { .. } => String::new(),
    }
}
