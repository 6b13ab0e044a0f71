//! Weights, delays and profiles of connections.

use super::super::reader::{Reader, Section};
use super::DelayDistribution;
use super::build::Pair;
use super::names::Names;
use super::values::{Kind, kind};
use crate::{Bounds, Connection, Distribution, Range, Rule, Shape, SpatialProfile, Spread, Synapse};

pub(super) const W: Kind = kind("w", "pA", Range::Any);
pub(super) const G: Kind = kind("g", "1", Range::NonNegative);
const WEIGHTS: Kind = kind("W", "pA", Range::Any);
const WIDTH: Kind = kind("width", "um", Range::Positive);

const fn delay(key: &'static str) -> Kind {
    kind(key, "ms", Range::Positive)
}

const fn spread(key: &'static str) -> Kind {
    kind(key, "ms", Range::NonNegative)
}

impl<'t> Reader<'t> {
    /// Of populations that are excitatory and inhibitory in turn.
    pub(super) fn microcircuit_connections(
        &mut self,
        section: Section<'t>,
        populations: &[String],
        pairs: &[Pair],
        delays: DelayDistribution,
        values: &mut Names,
    ) -> Option<Vec<Connection>> {
        let (w, g) = (self.nnmt_number(section, W), self.nnmt_number(section, G));
        let (d_e, d_i) = (self.nnmt_number(section, delay("d_e")), self.nnmt_number(section, delay("d_i")));
        let mut sd = |key| match delays == DelayDistribution::None && section.get(key).is_none() {
            true => Some(0.0),
            false => self.nnmt_number(section, spread(key)),
        };
        let (d_e_sd, d_i_sd) = (sd("d_e_sd"), sd("d_i_sd"));
        let (w, g, d_e, d_i, d_e_sd, d_i_sd) = (w?, g?, d_e?, d_i?, d_e_sd?, d_i_sd?);
        let connection = |pair: &Pair| {
            let name = name(populations, pair);
            let (weight, delay) = (format!("connections.{name}.weight"), format!("connections.{name}.delay"));
            // From the excitatory neurons of layer 4 onto those of layer 2/3.
            let factor = if (pair.target, pair.source) == (0, 2) { 2.0 } else { 1.0 };
            let is_excitatory = pair.source.is_multiple_of(2);
            let (weight, mean, sd) = match is_excitatory {
                true => (values.set("w", w, &weight, factor), values.set("d_e", d_e, &delay, 1.0), d_e_sd),
                false => {
                    let weight = values.set_inhibitory("w", w, &weight, factor, g);
                    (weight, values.set("d_i", d_i, &delay, 1.0), d_i_sd)
                }
            };
            connected(populations, pair, weight, distributed(delays, mean, sd), None)
        };
        let connections: Vec<Connection> = pairs.iter().map(connection).collect();
        self.note_places(section, &connections, "w", ["d_e", "d_i"]);
        Some(connections)
    }

    /// With weights and delays that are given one by one.
    pub(super) fn basic_connections(
        &mut self,
        section: Section<'t>,
        populations: &[String],
        pairs: &[Pair],
        delays: DelayDistribution,
    ) -> Option<Vec<Connection>> {
        let n = populations.len();
        let weights = self.nnmt_matrix(section, WEIGHTS, n);
        let means = self.nnmt_matrix(section, delay("D_mean"), n);
        let sds = match delays == DelayDistribution::None && section.get("D_std").is_none() {
            true => Some(vec![vec![0.0; n]; n]),
            false => self.nnmt_matrix(section, spread("D_std"), n),
        };
        let widths = match section.get(WIDTH.key) {
            Some(_) => self.nnmt_vector(section, WIDTH, n).map(Some),
            None => Some(None),
        };
        let (weights, means, sds, widths) = (weights?, means?, sds?, widths?);
        let connection = |pair: &Pair| {
            let Pair { target, source, .. } = *pair;
            let delay = distributed(delays, means[target][source], sds[target][source]);
            let profile = widths.as_ref().map(|widths| SpatialProfile::Boxcar { width_um: widths[source] });
            connected(populations, pair, weights[target][source], delay, profile)
        };
        let connections: Vec<Connection> = pairs.iter().map(connection).collect();
        self.note_places(section, &connections, "W", ["D_mean"; 2]);
        Some(connections)
    }

    /// For problems that only the whole network shows; `delays` are the keys for excitatory and inhibitory sources.
    fn note_places(&mut self, section: Section<'t>, connections: &[Connection], weights: &str, delays: [&str; 2]) {
        let at = |key| section.get(key).map_or(section.at, |node| node.at);
        for connection in connections {
            let delay = delays[usize::from(connection.weight.mean() < 0.0)];
            self.places.insert(format!("connections.{}.delay", connection.name), at(delay));
            self.places.insert(format!("connections.{}.weight", connection.name), at(weights));
        }
    }
}

fn name(populations: &[String], pair: &Pair) -> String {
    format!("{}_to_{}", populations[pair.source], populations[pair.target])
}

fn connected(
    populations: &[String],
    pair: &Pair,
    weight: f64,
    delay_ms: Distribution,
    profile: Option<SpatialProfile>,
) -> Connection {
    Connection {
        name: name(populations, pair),
        pre: populations[pair.source].clone(),
        post: populations[pair.target].clone(),
        rule: Rule::InDegree { k: pair.in_degree, autapses: true, multapses: true },
        weight: Distribution::constant(weight),
        delay_ms,
        synapse: Synapse::Static,
        profile,
    }
}

fn distributed(kind: DelayDistribution, mean: f64, sd: f64) -> Distribution {
    let sd_ms = Spread::Absolute(sd);
    match kind {
        _ if sd == 0.0 => Distribution::constant(mean),
        DelayDistribution::None => Distribution::constant(mean),
        DelayDistribution::Gaussian | DelayDistribution::TruncatedGaussian => {
            Distribution { shape: Shape::Normal { mean, sd: sd_ms }, bounds: Bounds::KeepSign }
        }
        DelayDistribution::Lognormal => {
            Distribution { shape: Shape::Lognormal { mean, sd: sd_ms }, bounds: Bounds::None }
        }
    }
}
