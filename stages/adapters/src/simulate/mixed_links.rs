//! From nodes, values and a connectome to the groups of a network and the pairs of nodes that projections join.

use std::collections::HashMap;

use lapicque_neuralmass::delays;
use lapicque_neuralmass::mixed::{Link, Projection};
use lapicque_neuralmass::network::{Network, NetworkError};
use lapicque_neuralmass::simulation::Scheme;
use lapicque_pipeline::SampleError;
use lapicque_units::write_number;

use super::coupled::{Connectome, Coupled, few_digits};
use super::mixed_config::{Pairs, Way};
use super::mixed_settings::MixedSettings;

/// Parts of a step that two times may differ by and be the same.
const SAME: f64 = 1e-6;

/// Nodes of all groups, and how a run is stepped.
pub(super) struct Nodes<'a> {
    pub(super) labels: &'a [Vec<String>],
    /// Of the models, by group: nothing couples their nodes.
    pub(super) is_uncoupled: &'a [bool],
    pub(super) time_step_ms: f64,
    pub(super) duration_ms: f64,
    pub(super) scheme: Scheme,
}

/// A connectome by group and node of these.
struct Placed<'c> {
    connectome: &'c Connectome,
    /// By group: places in the connectome; none where it does not have a node.
    places: Vec<Vec<Option<usize>>>,
}

impl<'c> Placed<'c> {
    fn new(connectome: &'c Connectome, labels: &[Vec<String>]) -> Result<Self, SampleError> {
        let places: HashMap<&str, usize> =
            connectome.labels.iter().enumerate().map(|(place, label)| (label.as_str(), place)).collect();
        let own = labels.iter().map(|group| group.iter().map(|label| places.get(label.as_str()).copied()).collect());
        let own: Vec<Vec<Option<usize>>> = own.collect();
        let known = own.iter().flatten().flatten().count();
        if known < connectome.labels.len() {
            let is_known = |label: &&String| labels.iter().all(|group| !group.contains(label));
            let label = connectome.labels.iter().find(is_known).map_or("", String::as_str);
            return Err(SampleError::input(format!("the connectome has the node `{label}`, which is in no group")));
        }
        Ok(Self { connectome, places: own })
    }

    /// Weight and length from a node of a group to one of another.
    fn connection(&self, (to, target): (usize, usize), (from, source): (usize, usize)) -> Option<(f64, f64)> {
        let place = self.places[to][target]? * self.connectome.labels.len() + self.places[from][source]?;
        let (weight, length_mm) = (self.connectome.weights[place], self.connectome.lengths_mm[place]);
        (weight != 0.0 || length_mm.is_nan()).then_some((weight, length_mm))
    }
}

/// What couples nodes within groups, and projections between them.
pub(super) fn joined(
    nodes: &Nodes<'_>,
    ways: &[Way],
    values: &MixedSettings,
    connectome: Option<&Connectome>,
) -> Result<(Vec<Coupled>, Vec<Projection>), SampleError> {
    let placed = connectome.map(|connectome| Placed::new(connectome, nodes.labels)).transpose()?;
    let groups: Result<Vec<Coupled>, SampleError> =
        (0..nodes.labels.len()).map(|group| within(nodes, group, values.speed_mm_per_ms, placed.as_ref())).collect();
    let mut groups = groups?;
    if let Some(placed) = &placed {
        refuse_unused(nodes, ways, placed)?;
    }
    let mut projections = Vec::with_capacity(ways.len());
    for (way, (name, of)) in ways.iter().zip(&values.projections) {
        let mut links = Vec::new();
        let (mut rounded, mut largest_ms): (usize, f64) = (0, 0.0);
        for target in 0..nodes.labels[way.to].len() {
            for source in 0..nodes.labels[way.from].len() {
                let connection = match (way.pairs, &placed) {
                    (Pairs::All, _) => Some((1.0, 0.0)),
                    (Pairs::OneToOne, _) => (source == target).then_some((1.0, 0.0)),
                    (Pairs::Connectome, Some(placed)) => placed.connection((way.to, target), (way.from, source)),
                    (Pairs::Connectome, None) => None,
                };
                let Some((weight, length_mm)) = connection else { continue };
                let told = |message: String| {
                    let [source, target] = [&nodes.labels[way.from][source], &nodes.labels[way.to][target]];
                    SampleError::input(format!("the projection `{name}` from `{source}` to `{target}`: {message}"))
                };
                if !(weight.is_finite() && length_mm.is_finite() && length_mm >= 0.0) {
                    return Err(told(format!(
                        "the connectome's weight is {weight} and its length {length_mm} mm; numbers are due, and no length below 0"
                    )));
                }
                let delay_ms = of.delay_ms + length_mm / values.speed_mm_per_ms;
                let steps = (delay_ms / nodes.time_step_ms).round_ties_even();
                let step_ms = write_number(nodes.time_step_ms);
                if steps == 0.0 && delay_ms > 0.0 {
                    let delay_ms = write_number(delay_ms);
                    return Err(told(format!(
                        "its delay of {delay_ms} ms is below the time step of {step_ms} ms; take a shorter step, or no delay"
                    )));
                }
                if steps == 0.0 && nodes.scheme == Scheme::Heun {
                    return Err(told(format!("heun needs a delay of at least the time step of {step_ms} ms")));
                }
                let off_ms = (delay_ms - steps * nodes.time_step_ms).abs();
                if off_ms > SAME * nodes.time_step_ms {
                    rounded += 1;
                    largest_ms = largest_ms.max(off_ms);
                }
                if delay_ms >= nodes.duration_ms {
                    return Err(told(format!(
                        "its delay of {} ms is no shorter than the run of {} ms",
                        write_number(delay_ms),
                        write_number(nodes.duration_ms)
                    )));
                }
                let weight = weight * of.weight;
                // Nothing that is times nothing.
                if weight != 0.0 {
                    links.push(Link { source, target, weight, delay: steps as usize });
                }
            }
        }
        if rounded > 0 {
            groups[way.to].notes.push(format!(
                "delays of {rounded} pairs of the projection `{name}` are no whole number of time steps of {} ms; they are \
                 rounded, by up to {} ms",
                write_number(nodes.time_step_ms),
                few_digits(largest_ms)
            ));
        }
        let Way { from, output, to, target, factor, .. } = *way;
        projections.push(Projection { from, output, to, target, factor, links });
    }
    Ok((groups, projections))
}

/// The network of a group.
fn within(
    nodes: &Nodes<'_>,
    group: usize,
    speed_mm_per_ms: f64,
    placed: Option<&Placed<'_>>,
) -> Result<Coupled, SampleError> {
    let labels = &nodes.labels[group];
    let n = labels.len();
    let (mut weights, mut lengths_mm) = (vec![0.0; n * n], vec![0.0; n * n]);
    for (place, (weight, length_mm)) in weights.iter_mut().zip(&mut lengths_mm).enumerate() {
        let connection = placed.and_then(|placed| placed.connection((group, place / n), (group, place % n)));
        (*weight, *length_mm) = connection.unwrap_or_default();
    }
    if nodes.is_uncoupled[group]
        && let Some(place) = weights.iter().position(|&weight| weight != 0.0)
    {
        let [source, target] = [place % n, place / n].map(|node| &labels[node]);
        let message =
            format!("nothing couples nodes of the model of `{source}` and `{target}`, but the connectome does");
        return Err(SampleError::input(message));
    }
    let speed = Some(speed_mm_per_ms);
    let network = Network::new(n, &weights, &lengths_mm, speed, nodes.time_step_ms).map_err(|error| match error {
        NetworkError::Value { matrix, source_node, target, value, allowed } => SampleError::input(format!(
            "the connectome's {matrix} from `{}` to `{}` is {value}: {allowed}",
            labels[source_node], labels[target]
        )),
        error => SampleError::input(error),
    })?;
    let delays = delays::of_connections(&weights, &lengths_mm, speed_mm_per_ms, nodes.time_step_ms);
    let mut notes = Vec::new();
    if delays.rounded > 0 {
        notes.push(format!(
            "delays of {} of {} connections within a group are no whole number of time steps of {} ms; they are rounded, by up \
             to {} ms",
            delays.rounded,
            delays.connections,
            write_number(nodes.time_step_ms),
            few_digits(delays.largest_rounding_ms)
        ));
    }
    Ok(Coupled { labels: labels.clone().into(), network, notes })
}

/// Connections between groups that no projection takes.
fn refuse_unused(nodes: &Nodes<'_>, ways: &[Way], placed: &Placed<'_>) -> Result<(), SampleError> {
    for (to, targets) in nodes.labels.iter().enumerate() {
        for (from, sources) in nodes.labels.iter().enumerate().filter(|(from, _)| *from != to) {
            if ways.iter().any(|way| way.from == from && way.to == to && way.pairs == Pairs::Connectome) {
                continue;
            }
            for (target, target_label) in targets.iter().enumerate() {
                for (source, source_label) in sources.iter().enumerate() {
                    if placed.connection((to, target), (from, source)).is_some() {
                        return Err(SampleError::input(format!(
                            "the connectome connects `{source_label}` to `{target_label}`, but no projection with pairs: connectome \
                             goes from the one's group to the other's"
                        )));
                    }
                }
            }
        }
    }
    Ok(())
}
