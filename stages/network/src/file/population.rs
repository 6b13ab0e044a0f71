//! The sections of `populations`.

use std::collections::BTreeMap;

use super::node::Node;
use super::problem::{ProblemKind, shortened};
use super::reader::{Reader, Section};
use crate::check::is_name;
use crate::{Distribution, Drive, Network, Neuron, NeuronModel, Population, Range};

pub(super) const POPULATION_KEYS: &[&str] = &["size", "model", "drive", "drives"];
pub(super) const DRIVE_KINDS: &[&str] = &["poisson", "current"];
pub(super) const POISSON_KEYS: &[&str] = &["kind", "rate", "synapses", "weight", "delay"];
pub(super) const CURRENT_KEYS: &[&str] = &["kind", "amplitude"];

/// Of external synapses.
const DEFAULT_DELAY_MS: f64 = 1.0;

impl<'t> Reader<'t> {
    /// Fills `network.populations` with those that have no problem, and notes the names of drives.
    pub(super) fn populations(
        &mut self,
        node: &'t Node,
        network: &mut Network,
        drive_names: &mut BTreeMap<String, Vec<String>>,
    ) {
        let Some(section) = self.section(node, "populations") else {
            return;
        };
        if section.entries.is_empty() {
            self.problem(node.at, "populations", ProblemKind::Network(crate::NetworkProblem::NoPopulation));
        }
        for (key, node) in section.entries {
            let path = format!("populations.{}", shortened(&key.text));
            if !is_name(&key.text) {
                self.problem(key.at, &path, ProblemKind::BadName { name: shortened(&key.text) });
            }
            self.models.insert(&key.text, None);
            if let Some((population, names)) = self.population(&key.text, node, &path) {
                if !names.is_empty() {
                    drive_names.insert(population.name.clone(), names);
                }
                network.populations.push(population);
            }
        }
    }

    fn population(&mut self, name: &'t str, node: &'t Node, path: &str) -> Option<(Population, Vec<String>)> {
        let section = self.section(node, path)?;
        let model = self.model(section, path);
        self.models.insert(name, model);
        let model = model?;
        let symbols = model.parameters().iter().map(|spec| spec.symbol);
        let allowed: Vec<&'static str> = POPULATION_KEYS.iter().copied().chain(symbols).collect();
        self.record(node, path, &allowed);
        let size = self.required_value(section, "size", path, "1", Range::SIZE);
        let mut parameters = BTreeMap::new();
        for spec in model.parameters() {
            let path = format!("{path}.{}", spec.symbol);
            let distribution = match self.field(section, spec.symbol, &path) {
                Some(node) => self.distribution(node, &path, spec.unit, spec.range),
                None => {
                    let value = self.multiplied(&path, spec.default);
                    self.places.insert(path, section.at);
                    Some(Distribution::constant(value))
                }
            };
            if let Some(distribution) = distribution {
                parameters.insert(spec.symbol.to_owned(), distribution);
            }
        }
        let drives = self.drives(section, path, model);
        let complete = parameters.len() == model.parameters().len();
        let (drives, names) = drives?;
        // `Range::SIZE` holds only numbers that fit.
        let size = size? as u32;
        complete.then(|| {
            let neuron = Neuron { model, parameters };
            (Population { name: name.to_owned(), size, neuron, drives }, names)
        })
    }

    fn model(&mut self, section: Section<'t>, path: &str) -> Option<NeuronModel> {
        let path = format!("{path}.model");
        let node = self.required(section, "model", &path, "model: iaf_psc_exp")?;
        let name = self.text(node, &path)?;
        let model = NeuronModel::from_name(name);
        if model.is_none() {
            self.choice(node, &path, name, &NeuronModel::ALL.map(NeuronModel::name));
        }
        model
    }

    /// The drives and, where the file gives them, their names.
    fn drives(&mut self, section: Section<'t>, path: &str, model: NeuronModel) -> Option<(Vec<Drive>, Vec<String>)> {
        match (section.get("drive"), section.get("drives")) {
            (None, None) => Some((Vec::new(), Vec::new())),
            (Some(node), None) => {
                let drive = self.drive(node, &format!("{path}.drive"), model)?;
                Some((vec![drive], Vec::new()))
            }
            (None, Some(node)) => {
                let path = format!("{path}.drives");
                let entries = self.section(node, &path)?.entries;
                let (mut drives, mut names) = (Vec::new(), Vec::new());
                for (key, node) in entries {
                    let path = format!("{path}.{}", shortened(&key.text));
                    if !is_name(&key.text) {
                        self.problem(key.at, &path, ProblemKind::BadName { name: shortened(&key.text) });
                    }
                    drives.extend(self.drive(node, &path, model));
                    names.push(key.text.clone());
                }
                (drives.len() == names.len()).then_some((drives, names))
            }
            (Some(_), Some(node)) => {
                self.problem(node.at, path, ProblemKind::NotWith { key: "drives", with: "`drive`" });
                None
            }
        }
    }

    fn drive(&mut self, node: &'t Node, path: &str, model: NeuronModel) -> Option<Drive> {
        let section = self.section(node, path)?;
        let kind_path = format!("{path}.kind");
        let kind_node = self.required(section, "kind", &kind_path, "kind: poisson")?;
        match self.text(kind_node, &kind_path)? {
            "poisson" => {
                self.record(node, path, POISSON_KEYS);
                let rate_hz = self.required_value(section, "rate", path, "Hz", Range::NonNegative);
                let synapses = self.value_or(section, "synapses", path, "1", Range::NonNegative, 1.0);
                let delay_ms = self.value_or(section, "delay", path, "ms", Range::Positive, DEFAULT_DELAY_MS);
                let path = format!("{path}.weight");
                let unit = model.weight_unit();
                let weight = self
                    .required(section, "weight", &path, &format!("weight: 1 {unit}"))
                    .and_then(|node| self.distribution(node, &path, unit, Range::Any));
                Some(Drive::Poisson { rate_hz: rate_hz?, synapses: synapses?, weight: weight?, delay_ms: delay_ms? })
            }
            "current" => {
                self.record(node, path, CURRENT_KEYS);
                let amplitude_pa = self.required_value(section, "amplitude", path, "pA", Range::Any)?;
                Some(Drive::Current { amplitude_pa })
            }
            found => {
                self.choice(kind_node, &kind_path, found, DRIVE_KINDS);
                None
            }
        }
    }
}
