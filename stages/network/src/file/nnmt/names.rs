//! The parameters that a microcircuit gets: which paths `w`, `g` and the others set or scale.

use std::collections::BTreeMap;

use super::super::NetworkFile;
use super::super::parameters::{Parameter, Target};
use super::super::scaling::{Scale, Scaled};
use crate::Network;

/// Name, unit and description, in the order in which they are listed.
const PARAMETERS: [(&str, &str, &str); 6] = [
    ("w", "pA", "amplitude of excitatory postsynaptic currents"),
    ("g", "1", "strength of inhibitory synapses relative to excitatory ones"),
    ("w_ext", "pA", "amplitude of postsynaptic currents of external synapses"),
    ("nu_ext", "Hz", "rate of each external synapse"),
    ("d_e", "ms", "mean delay of excitatory synapses"),
    ("d_i", "ms", "mean delay of inhibitory synapses"),
];

#[derive(Default)]
pub(super) struct Names {
    values: BTreeMap<&'static str, f64>,
    targets: BTreeMap<&'static str, Vec<Target>>,
    scaled: BTreeMap<String, Scaled>,
}

impl Names {
    /// The value at `path`, which `name` sets to `value` times `factor`.
    pub(super) fn set(&mut self, name: &'static str, value: f64, path: &str, factor: f64) -> f64 {
        self.values.insert(name, value);
        self.targets.entry(name).or_default().push(Target { path: path.to_owned(), factor });
        value * factor + 0.0
    }

    /// As [`Names::set`], multiplied by -g.
    pub(super) fn set_inhibitory(&mut self, name: &'static str, value: f64, path: &str, factor: f64, g: f64) -> f64 {
        let base = self.set(name, value, path, factor);
        self.values.insert("g", g);
        self.targets.entry("g").or_default().push(Target { path: path.to_owned(), factor: -1.0 });
        let scale = Scale { parameter: "g".to_owned(), factor: -1.0, value: g };
        let scaled = Scaled { base, by: vec![scale] };
        let value = scaled.product(base, |_| None) + 0.0;
        self.scaled.insert(path.to_owned(), scaled);
        value
    }

    /// The network with those parameters that set or scale anything.
    pub(super) fn into_file(mut self, network: Network) -> NetworkFile {
        let mut parameters = Vec::new();
        for (name, unit, description) in PARAMETERS {
            let (Some(&default), Some(targets)) = (self.values.get(name), self.targets.remove(name)) else {
                continue;
            };
            let (sets, scales) = if name == "g" { (Vec::new(), targets) } else { (targets, Vec::new()) };
            let (name, description) = (name.to_owned(), Some(description.to_owned()));
            parameters.push(Parameter { name, unit, default, sets, scales, description });
        }
        let (drive_names, scaled) = (BTreeMap::new(), self.scaled);
        NetworkFile { description: None, reference: None, fitted_to: None, network, parameters, drive_names, scaled }
    }
}
