//! External input: Poisson trains onto each population.

use super::super::node::Value;
use super::super::reader::{Reader, Section};
use super::connections::{G, W};
use super::names::Names;
use super::values::{Kind, Values, kind};
use crate::{Distribution, Drive, Range};

const K_EXT: Kind = kind("K_ext", "1", Range::NonNegative);
const RATE: Kind = kind("nu_ext", "Hz", Range::NonNegative);
const WEIGHT: Kind = kind("w_ext", "pA", Range::Any);
const WEIGHTS: Kind = kind("W_ext", "pA", Range::Any);
const FURTHER: [Kind; 2] = [kind("nu_e_ext", "Hz", Range::NonNegative), kind("nu_i_ext", "Hz", Range::NonNegative)];

/// The files say nothing about it, and stationary input does not depend on it.
const DELAY_MS: f64 = 1.0;

/// External synapses and weights, `[population][source]`.
struct Inputs {
    synapses: Vec<Vec<f64>>,
    weights: Vec<Vec<f64>>,
}

impl<'t> Reader<'t> {
    /// For each population, the input through `K_ext` synapses and where they are given two trains more.
    pub(super) fn microcircuit_drives(
        &mut self,
        section: Section<'t>,
        populations: &[String],
        values: &mut Names,
    ) -> Option<Vec<Vec<Drive>>> {
        let n = populations.len();
        let synapses = self.nnmt_vector(section, K_EXT, n);
        let rate = self.nnmt_number(section, RATE);
        let further = FURTHER.map(|kind| match section.get(kind.key) {
            Some(_) => self.nnmt_vector(section, kind, n),
            None => Some(vec![0.0; n]),
        });
        let (weight_name, weight) = match section.get(WEIGHT.key) {
            Some(_) => ("w_ext", self.nnmt_number(section, WEIGHT)),
            None => ("w", self.nnmt_number(section, W)),
        };
        let (w, g) = (self.nnmt_number(section, W), self.nnmt_number(section, G));
        let [further_e, further_i] = further;
        let (synapses, rate, further_e, further_i) = (synapses?, rate?, further_e?, further_i?);
        let (weight, w, g) = (weight?, w?, g?);
        let of_population = |population: usize| {
            let further = [further_e[population], further_i[population]];
            let base = match further {
                [0.0, 0.0] => vec![format!("populations.{}.drive", populations[population])],
                _ => (0..3).map(|at| format!("populations.{}.drives.{at}", populations[population])).collect(),
            };
            let path = |at: usize| format!("{}.weight", base[at]);
            let rate_hz = values.set("nu_ext", rate, &format!("{}.rate", base[0]), 1.0);
            let weight = values.set(weight_name, weight, &path(0), 1.0);
            let mut drives = vec![poisson(rate_hz, synapses[population], weight)];
            if base.len() == 3 {
                drives.push(poisson(further[0], 1.0, values.set("w", w, &path(1), 1.0)));
                drives.push(poisson(further[1], 1.0, values.set_inhibitory("w", w, &path(2), 1.0, g)));
            }
            drives
        };
        Some((0..n).map(of_population).collect())
    }

    /// For each population, the input from each source; none without `K_ext` and `W_ext`.
    pub(super) fn basic_drives(
        &mut self,
        section: Section<'t>,
        populations: &[String],
        values: &mut Names,
    ) -> Option<Vec<Vec<Drive>>> {
        let n = populations.len();
        if section.get(K_EXT.key).is_none() && section.get(WEIGHTS.key).is_none() {
            return Some(vec![Vec::new(); n]);
        }
        let inputs = self.nnmt_inputs(section, n);
        let rates = match section.get(RATE.key) {
            Some(_) => self.nnmt_values(section, RATE, n),
            None => Some(Values::Number(0.0)),
        };
        let Inputs { synapses, weights } = inputs?;
        let sources = weights.first().map_or(0, Vec::len);
        let (rates, is_one) = match rates? {
            Values::Number(rate) => (vec![rate; sources], true),
            Values::Vector(rates) if rates.len() == sources && sources > 1 => (rates, false),
            _ => {
                let expected = match sources {
                    1 => "a number".to_owned(),
                    _ => format!("a number or a list of {sources} numbers, one for each column of `W_ext`,"),
                };
                self.wrong_shape_of(section, RATE.key, expected);
                return None;
            }
        };
        let of_population = |population: usize| {
            let of_source = |source: usize| {
                let drive = if sources == 1 { "drive".to_owned() } else { format!("drives.{source}") };
                let path = format!("populations.{}.{drive}.rate", populations[population]);
                let rate = rates[source];
                let rate_hz = if is_one { values.set("nu_ext", rate, &path, 1.0) } else { rate };
                poisson(rate_hz, synapses[population][source], weights[population][source])
            };
            (0..sources).map(of_source).collect()
        };
        Some((0..n).map(of_population).collect())
    }

    /// `K_ext` and `W_ext` as matrices of one shape, as the peer multiplies them.
    fn nnmt_inputs(&mut self, section: Section<'t>, n: usize) -> Option<Inputs> {
        let (synapses, weights) = (self.nnmt_values(section, K_EXT, n), self.nnmt_values(section, WEIGHTS, n));
        let column = |values: Vec<f64>| values.into_iter().map(|value| vec![value]).collect();
        let weights: Vec<Vec<f64>> = match weights? {
            Values::Number(weight) => vec![vec![weight]; n],
            Values::Vector(weights) if weights.len() == n => column(weights),
            Values::Vector(_) => {
                self.wrong_shape_of(section, WEIGHTS.key, format!("a number, or a list of {n} numbers or rows,"));
                return None;
            }
            Values::Matrix(weights) => weights,
        };
        let sources = weights.first().map_or(0, Vec::len);
        let synapses = match synapses? {
            Values::Number(k) => vec![vec![k; sources]; n],
            Values::Vector(ks) if sources > 1 && ks.len() == sources => vec![ks; n],
            Values::Vector(ks) if sources == 1 && ks.len() == n => column(ks),
            Values::Matrix(ks) if ks.first().is_some_and(|row| row.len() == sources) => ks,
            Values::Vector(_) | Values::Matrix(_) => {
                let expected = match sources {
                    1 => format!("a number or a list of {n} numbers, one for each population,"),
                    _ => format!("a list of {sources} numbers or {n} such lists, a number for each column of `W_ext`,"),
                };
                self.wrong_shape_of(section, K_EXT.key, expected);
                return None;
            }
        };
        Some(Inputs { synapses, weights })
    }

    fn wrong_shape_of(&mut self, section: Section<'t>, key: &str, expected: String) {
        let Some(node) = section.get(key) else {
            return;
        };
        let numbers = match &node.value {
            Value::Map(entries) => Section { at: node.at, entries }.get("val"),
            _ => None,
        };
        self.wrong_shape(numbers.unwrap_or(node), key, expected);
    }
}

fn poisson(rate_hz: f64, synapses: f64, weight: f64) -> Drive {
    Drive::Poisson { rate_hz, synapses, weight: Distribution::constant(weight), delay_ms: DELAY_MS }
}
