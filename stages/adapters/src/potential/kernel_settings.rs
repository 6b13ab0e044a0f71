//! The numbers of kernels that a configuration or a column of parameters sets by path, and what of them enters keys.

use lapicque_potential::kernels::{Compatibility, KernelParameters, Probe};
use lapicque_potential::membrane::MembraneModel;
use lapicque_units::write_number;
use serde_json::{Map, Value, json};

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
pub(super) fn get(parameters: &KernelParameters, path: &str) -> Option<f64> {
    let parts: Vec<&str> = path.split('.').collect();
    Some(match parts[..] {
        ["populations", name, field] => {
            let population = parameters.population(name)?;
            match field {
                "rate" => population.rate_hz,
                "resting_potential" => population.resting_potential_mv,
                "external_synapses" => match population.external.as_slice() {
                    [external] => external.synapses,
                    _ => return None,
                },
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
        ["populations", name, field] => parameters.population_mut(name).and_then(|population| match field {
            "rate" => Some(&mut population.rate_hz),
            "resting_potential" => Some(&mut population.resting_potential_mv),
            "external_synapses" => match population.external.as_mut_slice() {
                [external] => Some(&mut external.synapses),
                _ => None,
            },
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
        None if path.ends_with(".external_synapses") => {
            Err(format!("`{path}`: the network must have one Poisson drive onto the population, and no other"))
        }
        None => Err(format!("`{path}`: the network has no connection of these populations")),
    }
}

/// What of the parameters differs from the reference model, by path.
pub(super) fn canonical(parameters: &KernelParameters) -> Value {
    let mut canonical = canonical_of_fixed(parameters);
    canonical.extend(canonical_of_cells(parameters));
    let hagen = KernelParameters::hagen();
    let pairs =
        |p: &KernelParameters| p.connections.iter().map(|c| format!("{}->{}", c.pre, c.post)).collect::<Vec<_>>();
    if pairs(parameters) != pairs(&hagen) {
        canonical.insert("connections".to_owned(), json!(pairs(parameters)));
    }
    Value::Object(canonical)
}

/// The numbers of populations and connections that differ from the reference model.
pub(super) fn canonical_of_cells(parameters: &KernelParameters) -> Map<String, Value> {
    let mut canonical = Map::new();
    let hagen = KernelParameters::hagen();
    let entries = [entries(&hagen), entries(parameters)];
    for (path, value) in &entries[1] {
        if entries[0].get(path) != Some(value) {
            canonical.insert(path.clone(), value.clone());
        }
    }
    canonical
}

/// Every number that a network, a configuration or a column may set.
fn entries(parameters: &KernelParameters) -> Map<String, Value> {
    let mut entries = Map::new();
    let with_unit = |value: f64, unit: &str| match unit {
        "1" => json!(value),
        _ => json!(format!("{} {unit}", write_number(value))),
    };
    for population in &parameters.populations {
        entries.insert(format!("populations.{}.size", population.name), json!(population.size));
        let external = population.external.iter().map(|external| {
            json!({
                "synapses": external.synapses,
                "rate": with_unit(external.rate_hz, "Hz"),
                "weight": with_unit(external.peak_conductance_us, "uS"),
                "decay": with_unit(external.time_course.decay_time_ms, "ms"),
            })
        });
        entries.insert(format!("populations.{}.external", population.name), external.collect());
    }
    for connection in &parameters.connections {
        let base = format!("connections.{}->{}", connection.pre, connection.post);
        entries.insert(format!("{base}.probability"), json!(connection.probability));
        let delay = &connection.delay_ms;
        let ends = [delay.limits().0, delay.limits().1].map(|end| end.is_finite().then(|| with_unit(end, "ms")));
        let delay = json!({
            "shape": delay.shape, "mean": with_unit(delay.mean(), "ms"), "sd": with_unit(delay.sd(), "ms"),
            "min": ends[0], "max": ends[1],
        });
        entries.insert(format!("{base}.delay"), delay);
    }
    for setting in settings(parameters) {
        let value = get(parameters, &setting.path);
        // It stands under `external`.
        let value = value.filter(|_| !setting.path.ends_with(".external_synapses"));
        entries.extend(value.map(|value| (setting.path, with_unit(value, setting.unit))));
    }
    entries
}

/// What is the same for all samples.
pub(super) fn canonical_of_fixed(parameters: &KernelParameters) -> Map<String, Value> {
    let hagen = KernelParameters::hagen();
    let mut canonical = Map::new();
    match parameters.membrane {
        MembraneModel::IhLinearized => None,
        MembraneModel::Frozen => canonical.insert("membrane".to_owned(), json!("frozen")),
        MembraneModel::Passive => canonical.insert("membrane".to_owned(), json!("passive")),
    };
    if !parameters.effective_leak {
        canonical.insert("effective_leak".to_owned(), json!(false));
    }
    for (field, value, reference) in
        [("dt", parameters.dt_ms, hagen.dt_ms), ("window", parameters.window_ms, hagen.window_ms)]
    {
        if value != reference {
            canonical.insert(field.to_owned(), json!(format!("{} ms", write_number(value))));
        }
    }
    let channels: Vec<String> = parameters.probes.iter().map(Probe::channel).collect();
    canonical.insert("probes".to_owned(), json!(channels));
    if parameters.compatibility == Compatibility::Lfpykernels {
        canonical.insert("compat".to_owned(), json!("lfpykernels"));
    }
    canonical
}
