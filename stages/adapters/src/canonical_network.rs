//! A network as an ingredient of keys: every value by its path, with its unit, so that two networks are compared by paths
//! (`connections.E_to_I.weight`), and with what no value shows.
//!
//! Two networks have the same text only if they are the same but for their name; the order of populations and connections
//! is part of it.

use lapicque_network::{Bounds, Distribution, Drive, Network, NeuronModel, Rule, Shape, SpatialProfile, Synapse};
use lapicque_units::write_number;
use serde_json::{Map, Value, json};

pub(crate) fn canonical_network(network: &Network) -> Value {
    let mut fields = Map::new();
    fields.insert("populations".to_owned(), json!(names(network.populations.iter().map(|p| &p.name))));
    fields.insert("connections".to_owned(), json!(names(network.connections.iter().map(|c| &c.name))));
    for population in &network.populations {
        let base = format!("populations.{}", population.name);
        let model: NeuronModel = population.neuron.model;
        fields.insert(format!("{base}.model"), json!(model.name()));
        for (symbol, distribution) in &population.neuron.parameters {
            shape(&mut fields, format!("{base}.{symbol}"), distribution);
        }
        let kinds: Vec<&str> = population.drives.iter().map(kind_of_drive).collect();
        if !kinds.is_empty() {
            fields.insert(format!("{base}.drives"), json!(kinds));
        }
        for (position, drive) in population.drives.iter().enumerate() {
            if let Drive::Poisson { weight, .. } = drive {
                let path = match population.drives.len() {
                    1 => format!("{base}.drive.weight"),
                    _ => format!("{base}.drives.{position}.weight"),
                };
                shape(&mut fields, path, weight);
            }
        }
    }
    for connection in &network.connections {
        let base = format!("connections.{}", connection.name);
        fields.insert(format!("{base}.pre"), json!(connection.pre));
        fields.insert(format!("{base}.post"), json!(connection.post));
        fields.insert(format!("{base}.rule"), json!(rule(connection.rule)));
        if connection.synapse != Synapse::Static {
            fields.insert(format!("{base}.synapse"), json!("tsodyks_markram"));
        }
        if let Some(profile) = connection.profile {
            let name = match profile {
                SpatialProfile::Boxcar { .. } => "boxcar",
                SpatialProfile::Gaussian { .. } => "gaussian",
                SpatialProfile::Exponential { .. } => "exponential",
            };
            fields.insert(format!("{base}.profile"), json!(name));
        }
        shape(&mut fields, format!("{base}.weight"), &connection.weight);
        shape(&mut fields, format!("{base}.delay"), &connection.delay_ms);
    }
    for entry in network.paths() {
        let value = match entry.unit {
            // Counts as whole numbers, for people.
            "1" if entry.value.fract() == 0.0 && entry.value.abs() < 1e15 => json!(entry.value as i64),
            "1" => json!(entry.value),
            unit => json!(format!("{} {unit}", write_number(entry.value))),
        };
        fields.insert(entry.path, value);
    }
    Value::Object(fields)
}

fn names<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    names.map(String::as_str).collect()
}

fn kind_of_drive(drive: &Drive) -> &'static str {
    match drive {
        Drive::Poisson { .. } => "poisson",
        Drive::Current { .. } => "current",
    }
}

fn rule(rule: Rule) -> String {
    let without = |autapses: bool, multapses: bool| {
        format!(
            "{}{}",
            if autapses { "" } else { " without autapses" },
            if multapses { "" } else { " without multapses" }
        )
    };
    match rule {
        Rule::Probability { autapses, .. } => format!("probability{}", without(autapses, true)),
        Rule::InDegree { autapses, multapses, .. } => format!("in_degree{}", without(autapses, multapses)),
        Rule::Total { autapses, multapses, .. } => format!("total{}", without(autapses, multapses)),
        Rule::AllToAll { autapses } => format!("all_to_all{}", without(autapses, true)),
        Rule::OneToOne => "one_to_one".to_owned(),
    }
}

/// Of all but constants, whose value says it all. Bounds that are numbers have paths of their own.
fn shape(fields: &mut Map<String, Value>, path: String, distribution: &Distribution) {
    let shape = match distribution.shape {
        Shape::Constant { .. } if distribution.bounds == Bounds::None => return,
        Shape::Constant { .. } => "constant",
        Shape::Normal { .. } => "normal",
        Shape::Lognormal { .. } => "lognormal",
        Shape::Uniform { .. } => "uniform",
    };
    let bounds = match distribution.bounds {
        Bounds::None => "",
        Bounds::KeepSign => ", keep_sign",
        Bounds::Between { .. } => ", bounded",
    };
    fields.insert(format!("{path}.distribution"), json!(format!("{shape}{bounds}")));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lapicque_network::{NetworkFile, SpatialProfile, Spread, shipped, shipped_names};

    use super::*;

    fn network(name: &str) -> Network {
        NetworkFile::parse(shipped(name).unwrap(), name).unwrap().network().clone()
    }

    #[test]
    fn values_stand_by_their_paths_with_units() {
        let canonical = canonical_network(&network("hagen"));
        assert_eq!(canonical["connections.E_to_I.weight"], "2.02 pA");
        assert_eq!(canonical["connections.E_to_I.weight.sd"], 0.1);
        assert_eq!(canonical["connections.E_to_I.weight.distribution"], "normal, keep_sign");
        assert_eq!(canonical["populations.E.size"], 8192);
        assert_eq!(canonical["populations"], json!(["E", "I"]));
    }

    /// Whatever changes in the description changes the text, as it does in the full serialisation.
    #[test]
    fn every_change_shows() {
        for name in shipped_names() {
            let base = network(name);
            let mut seen = vec![canonical_network(&base)];
            let mut different = |change: &dyn Fn(&mut Network), what: &str| {
                let mut changed = base.clone();
                change(&mut changed);
                if changed == base {
                    return;
                }
                let canonical = canonical_network(&changed);
                assert!(!seen.contains(&canonical), "{name}: {what}");
                seen.push(canonical);
            };
            for entry in base.paths().into_iter().take(60) {
                different(&|n| drop(n.set(&entry.path, entry.value + 1.0)), &entry.path);
            }
            different(&|n| n.populations.reverse(), "order of populations");
            different(&|n| n.connections.reverse(), "order of connections");
            different(&|n| n.connections[0].name += "x", "name of a connection");
            different(&|n| n.connections[0].post = n.populations[1].name.clone(), "post");
            different(&|n| n.connections[1].pre = n.populations[1].name.clone(), "pre");
            for rule in [
                Rule::AllToAll { autapses: true },
                Rule::AllToAll { autapses: false },
                Rule::OneToOne,
                Rule::Probability { p: 0.5, autapses: true },
                Rule::Probability { p: 0.5, autapses: false },
                Rule::InDegree { k: 1.0, autapses: false, multapses: true },
                Rule::InDegree { k: 1.0, autapses: true, multapses: false },
                Rule::Total { n: 1, autapses: true, multapses: false },
            ] {
                different(&|n| n.connections[0].rule = rule, "rule");
            }
            let plastic = |u| Synapse::TsodyksMarkram { u, tau_rec_ms: 100.0, tau_fac_ms: 0.0 };
            different(&|n| n.connections[0].synapse = plastic(0.5), "synapse");
            different(&|n| n.connections[0].synapse = plastic(0.6), "synapse U");
            for profile in [
                SpatialProfile::Gaussian { sd_um: 7.0 },
                SpatialProfile::Exponential { length_um: 7.0 },
                SpatialProfile::Boxcar { width_um: 7.0 },
            ] {
                different(&|n| n.connections[0].profile = Some(profile), "profile");
            }
            let (mean, sd) = (1.5, Spread::Absolute(0.5));
            for shape in [
                Shape::Constant { value: 1.5 },
                Shape::Normal { mean, sd },
                Shape::Normal { mean, sd: Spread::Relative(0.5) },
                Shape::Lognormal { mean, sd },
                Shape::Uniform { low: 1.5, high: 0.5 },
            ] {
                for bounds in [Bounds::None, Bounds::KeepSign, Bounds::Between { min: 1.0, max: f64::INFINITY }] {
                    let distribution = Distribution { shape, bounds };
                    different(&|n| n.connections[0].delay_ms = distribution, "delay");
                    different(&|n| n.connections[0].weight = distribution, "weight");
                    different(
                        &|n| n.populations[0].neuron.parameters.extend([("tau_m".to_owned(), distribution)]),
                        "tau_m",
                    );
                }
            }
            let poisson =
                |rate_hz| Drive::Poisson { rate_hz, synapses: 1.0, weight: Distribution::constant(1.0), delay_ms: 1.0 };
            for drives in [
                vec![],
                vec![poisson(1.5)],
                vec![poisson(1.5), poisson(2.5)],
                vec![Drive::Current { amplitude_pa: 1.5 }],
            ] {
                different(&|n| n.populations[0].drives = drives.clone(), "drives");
            }
        }
    }
}
