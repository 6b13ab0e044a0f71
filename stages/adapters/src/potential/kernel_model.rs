//! Kernels as a model whose values are set: those of the network by its names and paths, those of the cells by the paths of
//! the configuration.

use std::sync::Arc;

use lapicque_potential::kernels::KernelParameters;
use lapicque_units::{Entry, Settable};
use serde::Serialize;
use serde_json::{Value, json};

use super::kernel_network::KernelRule;
use super::kernel_settings::{canonical, canonical_of_cells, canonical_of_fixed, no_such_number, set, settings, slots};
use crate::network_model::NetworkModel;

#[derive(Clone)]
pub(super) struct KernelModel {
    rule: Arc<KernelRule>,
    network: NetworkModel,
    /// Settings of the cells, by path.
    set: Vec<(String, f64)>,
    parameters: KernelParameters,
}

impl KernelModel {
    pub(super) fn new(rule: KernelRule, network: NetworkModel) -> Result<Self, String> {
        let parameters = rule.parameters(network.network(), &[])?;
        Ok(Self { rule: Arc::new(rule), network, set: Vec::new(), parameters })
    }

    pub(super) fn rule(&self) -> &KernelRule {
        &self.rule
    }

    pub(super) fn network(&self) -> &NetworkModel {
        &self.network
    }

    pub(super) fn parameters(&self) -> &KernelParameters {
        &self.parameters
    }

    /// Whether a path is one of the cells, not of the network.
    pub(super) fn is_setting(&self, path: &str) -> bool {
        settings(&self.parameters).iter().any(|setting| setting.path == path)
    }

    /// Whether a value of the network changes no kernel where columns set these settings.
    pub(super) fn is_idle(&self, name: &str, swept: &[&str]) -> bool {
        // What columns set is given, whatever the network says.
        let settings = settings(&self.parameters).into_iter();
        let given = settings.filter(|setting| swept.contains(&setting.path.as_str()) && setting.value.is_finite());
        let given: Vec<(String, f64)> = given.map(|setting| (setting.path, setting.value)).collect();
        let nudged = self.network.nudged(name).and_then(|nudged| self.rule.parameters(&nudged, &given).ok());
        nudged.is_some_and(|nudged| nudged == self.parameters)
    }
}

impl Settable for KernelModel {
    type Error = String;
    const NAME: &'static str = "the model of the kernels";

    fn entries(&self) -> Vec<Entry> {
        self.network.entries().into_iter().chain(settings(&self.parameters)).collect()
    }

    fn entry(&self, path: &str) -> Option<Entry> {
        let setting = settings(&self.parameters).into_iter().find(|setting| setting.path == path);
        setting.or_else(|| self.network.entry(path))
    }

    fn set(&mut self, path: &str, value: f64) -> Result<(), String> {
        match slots(&mut self.parameters).into_iter().find(|slot| slot.path == path) {
            Some(slot) if slot.value.is_none() => Err(no_such_number(path)),
            Some(_) => {
                self.set.push((path.to_owned(), value));
                Ok(())
            }
            None => self.network.set(path, value).map_err(|error| error.to_string()),
        }
    }

    fn check(&mut self) -> Result<(), String> {
        self.network.check().map_err(|error| error.to_string())?;
        self.parameters = self.rule.parameters(self.network.network(), &self.set)?;
        Ok(())
    }

    /// What differs from the reference model; where columns set values, what they are set in.
    fn canonical(&self, swept: &[&str]) -> impl Serialize {
        match swept {
            [] => canonical(&self.parameters),
            _ => self.canonical_of_sweep(swept),
        }
    }
}

impl KernelModel {
    fn canonical_of_sweep(&self, swept: &[&str]) -> Value {
        let of_network: Vec<&str> = swept.iter().copied().filter(|path| !self.is_setting(path)).collect();
        let mut canonical = self.network.key(&of_network);
        let mut cells = KernelParameters::hagen();
        for (path, value) in &self.rule.given {
            // A setting that only this network lacks was refused before.
            let _ = set(&mut cells, path, *value);
        }
        canonical["given"] = self.rule.given.iter().map(|(path, _)| json!(path)).collect();
        if self.rule.is_relative() {
            canonical["fitted_to"] = json!("hagen2022");
        }
        let cells = canonical_of_cells(&cells).into_iter();
        for (field, value) in cells.chain(canonical_of_fixed(&self.rule.fixed)) {
            canonical[field.as_str()] = value;
        }
        canonical
    }
}
