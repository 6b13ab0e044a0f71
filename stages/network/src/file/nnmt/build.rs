//! From the keys of the file to populations and connections.

use std::collections::BTreeMap;

use super::super::NetworkFile;
use super::super::node::{Node, Value};
use super::super::problem::{ProblemKind, shortened};
use super::super::reader::{Reader, Section};
use super::DelayDistribution;
use super::names::Names;
use super::values::{Kind, kind};
use crate::check::is_name;
use crate::{Distribution, Network, Neuron, NeuronModel, Population, Range};

/// More populations are not read.
const MOST_POPULATIONS: usize = 100;

#[rustfmt::skip]
const COMMON_KEYS: [&str; 14] = [
    "label", "populations", "N", "C", "tau_m", "tau_s", "tau_r", "V_0_abs", "V_th_abs", "K", "delay_dist", "I_ext",
    "K_ext", "nu_ext",
];
const MICROCIRCUIT_KEYS: [&str; 9] = ["w", "g", "d_e", "d_i", "d_e_sd", "d_i_sd", "w_ext", "nu_e_ext", "nu_i_ext"];
const BASIC_KEYS: [&str; 5] = ["W", "D_mean", "D_std", "W_ext", "width"];

const SIZE: Kind = kind("N", "1", Range::SIZE);
const IN_DEGREES: Kind = kind("K", "1", Range::NonNegative);
const INPUT_CURRENT: Kind = kind("I_ext", "pA", Range::Any);
/// Keys and the symbols of `iaf_psc_exp` that they give values to.
const NEURON: [(Kind, &[&str]); 6] = [
    (kind("C", "pF", Range::Positive), &["C_m"]),
    (kind("tau_m", "ms", Range::Positive), &["tau_m"]),
    (kind("tau_s", "ms", Range::Positive), &["tau_syn_ex", "tau_syn_in"]),
    (kind("tau_r", "ms", Range::NonNegative), &["t_ref"]),
    (kind("V_0_abs", "mV", Range::Any), &["E_L", "V_reset", "V_m"]),
    (kind("V_th_abs", "mV", Range::Any), &["V_th"]),
];

/// Populations that are connected, by position, with the in-degree.
pub(super) struct Pair {
    pub(super) target: usize,
    pub(super) source: usize,
    pub(super) in_degree: f64,
}

impl<'t> Reader<'t> {
    /// The network and names for its values; `None` only after a problem.
    pub(super) fn nnmt_file(&mut self, root: &'t Node, delays: DelayDistribution) -> Option<NetworkFile> {
        let section = self.section(root, "")?;
        let is_basic = section.get("W").is_some();
        let keys: &[&'static str] = if is_basic { &BASIC_KEYS } else { &MICROCIRCUIT_KEYS };
        let allowed: Vec<&'static str> = COMMON_KEYS.iter().chain(keys).copied().collect();
        self.record(root, "", &allowed);
        let label = match section.get("label") {
            Some(node) => self.text(node, "label").map(str::to_owned),
            None => Some("nnmt".to_owned()),
        };
        let names = self.nnmt_names(section)?;
        let n = names.len();
        let populations = self.nnmt_populations(section, &names);
        let in_degrees = self.nnmt_matrix(section, IN_DEGREES, n);
        let pairs = in_degrees.as_deref().map(pairs).unwrap_or_default();
        let mut values = Names::default();
        let (connections, drives) = if is_basic {
            let connections = self.basic_connections(section, &names, &pairs, delays);
            (connections, self.basic_drives(section, &names, &mut values))
        } else {
            let connections = self.microcircuit_connections(section, &names, &pairs, delays, &mut values);
            (connections, self.microcircuit_drives(section, &names, &mut values))
        };
        in_degrees?;
        let populations = populations?.into_iter().zip(drives?);
        let populations = populations.map(|(population, drives)| Population { drives, ..population }).collect();
        Some(values.into_file(Network { name: label?, populations, connections: connections? }))
    }

    /// Without drives.
    fn nnmt_populations(&mut self, section: Section<'t>, names: &[String]) -> Option<Vec<Population>> {
        let n = names.len();
        let sizes = self.nnmt_vector(section, SIZE, n);
        let mut values = Vec::new();
        for (kind, symbols) in NEURON {
            let vector = self.nnmt_vector(section, kind, n);
            values.extend(vector.map(|vector| (symbols, vector)));
        }
        let currents = match section.get(INPUT_CURRENT.key) {
            Some(_) => self.nnmt_vector(section, INPUT_CURRENT, n)?,
            None => vec![0.0; n],
        };
        values.push((&["I_e"], currents));
        let sizes = sizes.filter(|_| values.len() == NEURON.len() + 1)?;
        let model = NeuronModel::IafPscExp;
        let population = |position: usize| {
            let mut parameters = BTreeMap::new();
            for (symbols, vector) in &values {
                let value = Distribution::constant(vector[position]);
                parameters.extend(symbols.iter().map(|symbol| ((*symbol).to_owned(), value)));
            }
            // `Range::SIZE` holds only numbers that fit.
            let (name, size) = (names[position].clone(), sizes[position] as u32);
            Population { name, size, neuron: Neuron { model, parameters }, drives: Vec::new() }
        };
        Some((0..n).map(population).collect())
    }

    fn nnmt_names(&mut self, section: Section<'t>) -> Option<Vec<String>> {
        let node = self.required(section, "populations", "populations", "populations: [E, I]")?;
        let items = match &node.value {
            Value::List(items) if (1..=MOST_POPULATIONS).contains(&items.len()) => items,
            _ => {
                self.wrong_shape(node, "populations", format!("a list of 1 to {MOST_POPULATIONS} names"));
                return None;
            }
        };
        let reset = section.get("V_0_abs").map_or(node.at, |node| node.at);
        let mut names = Vec::new();
        for item in items {
            let text = self.text(item, "populations")?;
            let begins_with_digit = text.starts_with(|c: char| c.is_ascii_digit());
            let name = if begins_with_digit { format!("L{text}") } else { text.to_owned() };
            if !is_name(&name) {
                self.problem(item.at, "populations", ProblemKind::BadName { name: shortened(text) });
                return None;
            }
            self.places.insert(format!("populations.{name}"), item.at);
            self.places.insert(format!("populations.{name}.V_reset"), reset);
            names.push(name);
        }
        Some(names)
    }
}

fn pairs(in_degrees: &[Vec<f64>]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (target, row) in in_degrees.iter().enumerate() {
        let connected = row.iter().enumerate().filter(|(_, k)| **k > 0.0);
        pairs.extend(connected.map(|(source, &in_degree)| Pair { target, source, in_degree }));
    }
    pairs
}
