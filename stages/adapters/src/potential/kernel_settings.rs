//! The numbers of kernels that a configuration or a column of parameters sets by path, and what of them enters keys.

use lapicque_potential::kernels::{Compatibility, KernelParameters, Probe};
use lapicque_potential::membrane::MembraneModel;
use lapicque_units::{Entry, Range, write_number};
use serde_json::{Map, Value, json};

/// A number of [`KernelParameters`] that a configuration or a column of parameters may set.
pub(super) struct Slot<'a> {
    /// As in the configuration.
    pub(super) path: String,
    unit: &'static str,
    range: Range,
    /// None where the network has no such number.
    pub(super) value: Option<&'a mut f64>,
}

/// All of them, in the order of populations and connections.
pub(super) fn slots(parameters: &mut KernelParameters) -> Vec<Slot<'_>> {
    let KernelParameters { populations, connections, soma_depth, conductivity_s_per_m, .. } = parameters;
    let mut slots = Vec::new();
    let mut add = |path: String, unit, range, value| slots.push(Slot { path, unit, range, value });
    for population in populations {
        let base = format!("populations.{}", population.name);
        add(format!("{base}.rate"), "Hz", Range::NonNegative, Some(&mut population.rate_hz));
        add(format!("{base}.resting_potential"), "mV", Range::Any, Some(&mut population.resting_potential_mv));
        let external = match population.external.as_mut_slice() {
            [external] => Some(&mut external.synapses),
            _ => None,
        };
        add(format!("{base}.external_synapses"), "1", Range::NonNegative, external);
    }
    for connection in connections {
        let path = format!("weights.{}.{}", connection.pre, connection.post);
        add(path, "uS", Range::NonNegative, Some(&mut connection.peak_conductance_us));
    }
    add("soma_depth.radius".to_owned(), "um", Range::Positive, Some(&mut soma_depth.radius_um));
    add("soma_depth.mean".to_owned(), "um", Range::Any, Some(&mut soma_depth.mean_um));
    add("soma_depth.sd".to_owned(), "um", Range::NonNegative, Some(&mut soma_depth.sd_um));
    add("conductivity".to_owned(), "S/m", Range::Positive, Some(conductivity_s_per_m));
    slots
}

/// The settings with their values.
pub(super) fn settings(parameters: &KernelParameters) -> Vec<Entry> {
    let entry = |Slot { path, unit, range, value }: Slot<'_>| {
        Entry::new(path, unit, value.map_or(f64::NAN, |value| *value), range)
    };
    slots(&mut parameters.clone()).into_iter().map(entry).collect()
}

/// Changes the value of a setting, in its unit.
pub(super) fn set(parameters: &mut KernelParameters, path: &str, value: f64) -> Result<(), String> {
    match slots(parameters).into_iter().find(|slot| slot.path == path).and_then(|slot| slot.value) {
        Some(slot) => *slot = value,
        None => return Err(no_such_number(path)),
    }
    Ok(())
}

/// Why a setting cannot be set.
pub(super) fn no_such_number(path: &str) -> String {
    match path.ends_with(".external_synapses") {
        true => format!("`{path}`: the network must have one Poisson drive onto the population, and no other"),
        false => format!("`{path}`: the network has no connection of these populations"),
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
    // External synapses stand under `external`.
    for setting in settings(parameters).into_iter().filter(|s| !s.path.ends_with(".external_synapses")) {
        entries.insert(setting.path, with_unit(setting.value, &setting.unit));
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
