//! Building the rows of a population: choose how weights are stored, then draw and sort neuron by
//! neuron.

use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use super::Layout;
use super::projection::{Projection, Row, Source};
use super::rows::{Rows, Weights};
use super::sort::Sorter;
use crate::error::SimulationError;
use crate::population::Population;

/// Weights are stored as 16-bit numbers only if their standard deviation has at least this many
/// steps.
const FEWEST_STEPS: f64 = 1000.0;

/// The rows of the `pre` neurons of a population that all `projections` leave. `cancel` is asked before each connection,
/// and now and then while synapses are drawn.
pub(crate) fn build(
    pre: u32,
    projections: &[&Projection],
    populations: &[Population],
    layout: Layout,
    grid: TimeGrid,
    key: &StreamKey,
    cancel: &dyn Fn() -> bool,
) -> Result<Rows, SimulationError> {
    let mut sources: Vec<Source> = Vec::with_capacity(projections.len());
    for projection in projections {
        if cancel() {
            return Err(SimulationError::Cancelled);
        }
        sources.push(projection.source(populations, key)?);
    }
    let capacity = sources.iter().map(|source| source.targets.at_most()).sum();
    let mut sorter = Sorter::new(layout, capacity, encoding(projections).with_capacity(capacity));
    let mut row = Row::default();
    for neuron in 0..pre {
        if neuron % 64 == 0 && cancel() {
            return Err(SimulationError::Cancelled);
        }
        row.clear();
        for source in &sources {
            source.draw(neuron, grid, layout, &mut row)?;
        }
        sorter.add(&row);
    }
    Ok(sorter.finish())
}

/// What the weight of a synapse that one of `projections` makes takes in memory.
pub(crate) fn bytes_per_weight(projections: &[&Projection]) -> f64 {
    match encoding(projections) {
        Weights::Same(_) => 0.0,
        Weights::Quantised { .. } => 2.0,
        Weights::Each(_) => 4.0,
    }
}

/// The narrowest storage that keeps all weights, empty.
fn encoding(projections: &[&Projection]) -> Weights {
    let constants: Vec<Option<f64>> = projections.iter().map(|c| c.weight.constant()).collect();
    if let Some(Some(first)) = constants.first()
        && constants.iter().all(|&weight| weight == Some(*first))
    {
        return Weights::Same(*first as f32);
    }
    let ranges: Option<Vec<(f64, f64, f64)>> = projections.iter().map(|c| c.weight.normal_range()).collect();
    if let Some(ranges) = ranges.filter(|ranges| !ranges.is_empty()) {
        let low = ranges.iter().fold(f64::INFINITY, |low, range| low.min(range.0));
        let high = ranges.iter().fold(f64::NEG_INFINITY, |high, range| high.max(range.1));
        let narrowest = ranges.iter().fold(f64::INFINITY, |sd, range| sd.min(range.2));
        let step = (high - low) / f64::from(u16::MAX);
        if narrowest >= FEWEST_STEPS * step {
            return Weights::Quantised { offset: low as f32, step: step as f32, q: Vec::new() };
        }
    }
    Weights::Each(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synapses::rows::Rows;
    use lapicque_network::{
        Bounds, Connection, Distribution, Neuron, NeuronModel, Population as Description, Rule, Shape, Spread, Synapse,
    };

    fn description(name: &str, size: u32, tau_syn_in: f64) -> Description {
        let model = NeuronModel::IafPscExp;
        let mut parameters: std::collections::BTreeMap<_, _> = model
            .parameters()
            .iter()
            .map(|spec| (spec.symbol.to_owned(), Distribution::constant(spec.default)))
            .collect();
        parameters.insert("tau_syn_in".into(), Distribution::constant(tau_syn_in));
        Description { name: name.into(), size, neuron: Neuron { model, parameters }, drives: Vec::new() }
    }

    fn connection(post: &str, weight: Distribution, delay_ms: Distribution) -> Connection {
        let rule = Rule::Probability { p: 0.5, autapses: true };
        Connection {
            name: format!("A_to_{post}"),
            pre: "A".into(),
            post: post.into(),
            rule,
            weight,
            delay_ms,
            synapse: Synapse::Static,
            profile: None,
        }
    }

    fn normal(mean: f64, sd: f64, bounds: Bounds) -> Distribution {
        Distribution { shape: Shape::Normal { mean, sd: Spread::Absolute(sd) }, bounds }
    }

    fn rows(connections: &[Connection], layout: Layout) -> Rows {
        let grid = TimeGrid::new(0.1).unwrap();
        let key = StreamKey::new([5; 16]);
        let descriptions = [description("A", 40, 2.0), description("B", 30, 1.0)];
        let populations = [
            Population::new(&descriptions[0], 0, grid, &key).unwrap(),
            Population::new(&descriptions[1], 40, grid, &key).unwrap(),
        ];
        let projections: Vec<Projection> =
            connections.iter().map(|c| Projection::new(c, &descriptions, grid).unwrap()).collect();
        let leaving: Vec<&Projection> = projections.iter().collect();
        build(40, &leaving, &populations, layout, grid, &key, &|| false).unwrap()
    }

    /// (input, delay, weight) of every synapse of a neuron, sorted.
    fn decoded(rows: &Rows, layout: Layout, neuron: u32) -> Vec<(u32, u32, f32)> {
        let mut synapses = Vec::new();
        for block in 0..layout.blocks {
            for group in rows.first_group..rows.first_group + rows.groups {
                for at in rows.segment(neuron, block, group) {
                    let address = u32::from(rows.addresses[at]);
                    let weight = match &rows.weights {
                        Weights::Same(weight) => *weight,
                        Weights::Quantised { offset, step, q } => offset + step * f32::from(q[at]),
                        Weights::Each(each) => each[at],
                    };
                    let delay = group * layout.window + address / layout.stride();
                    synapses.push((block * layout.width + address % layout.stride(), delay, weight));
                }
            }
        }
        synapses.sort_by_key(|synapse| (synapse.0, synapse.1));
        synapses
    }

    #[test]
    fn synapses_do_not_depend_on_the_layout() {
        let connections = [
            connection(
                "A",
                normal(2.0, 0.5, Bounds::KeepSign),
                normal(3.0, 1.5, Bounds::Between { min: 0.5, max: f64::INFINITY }),
            ),
            connection("B", normal(-1.0, 1.0, Bounds::None), Distribution::constant(1.2)),
        ];
        let whole = Layout { window: 4, width: 100, blocks: 1 };
        let reference = rows(&connections, whole);
        assert!(matches!(reference.weights, Weights::Quantised { .. }));
        for layout in [Layout { window: 1, width: 100, blocks: 1 }, Layout { window: 2, width: 30, blocks: 4 }] {
            let other = rows(&connections, layout);
            for neuron in 0..40 {
                assert_eq!(decoded(&other, layout, neuron), decoded(&reference, whole, neuron));
            }
        }
        let all: Vec<_> = (0..40).flat_map(|neuron| decoded(&reference, whole, neuron)).collect();
        assert!((1200..1600).contains(&all.len()), "{}", all.len());
        assert!(all.iter().all(|&(input, delay, _)| if input < 40 { delay >= 5 } else { delay == 12 }));
        // Population B has inputs of its own for negative weights: 40..70 and 70..100.
        assert!(all.iter().all(|&(input, _, weight)| (weight < 0.0) == (input >= 70) && input < 100));
        assert!(all.iter().any(|synapse| (40..70).contains(&synapse.0)));
    }

    #[test]
    fn sixteen_bits_keep_a_normal_weight_to_a_thousandth_of_its_spread() {
        let layout = Layout { window: 1, width: 100, blocks: 1 };
        let delay = Distribution::constant(0.1);
        let (wide, narrow) = (normal(-23.84, 2.384, Bounds::KeepSign), normal(1.589, 0.1589, Bounds::KeepSign));
        let both = rows(&[connection("A", narrow, delay), connection("B", narrow, delay)], layout);
        assert!(matches!(both.weights, Weights::Quantised { .. }));
        // A constant beside it would not be exact, a wide one would be all the resolution: 32 bits.
        for other in [Distribution::constant(2.0), normal(900.0, 90.0, Bounds::None)] {
            let exact = rows(&[connection("A", narrow, delay), connection("B", other, delay)], layout);
            assert!(matches!(exact.weights, Weights::Each(_)));
            for neuron in 0..40 {
                let of_a = |rows: &Rows| {
                    decoded(rows, layout, neuron).into_iter().filter(|synapse| synapse.0 < 40).collect::<Vec<_>>()
                };
                for (quantised, exact) in of_a(&both).iter().zip(of_a(&exact)) {
                    assert_eq!((quantised.0, quantised.1), (exact.0, exact.1));
                    assert!((quantised.2 - exact.2).abs() < 1e-3 * 0.1589);
                }
            }
        }
        assert!(matches!(rows(&[connection("A", wide, delay)], layout).weights, Weights::Quantised { .. }));
        let constant = Distribution::constant(0.1);
        let same = rows(&[connection("A", constant, delay), connection("B", constant, delay)], layout);
        assert!(matches!(same.weights, Weights::Same(weight) if weight == 0.1));
    }

    #[test]
    fn delays_shorter_than_a_step_are_refused_where_drawn() {
        let connections = [connection("A", Distribution::constant(1.0), normal(0.5, 0.4, Bounds::KeepSign))];
        let grid = TimeGrid::new(0.1).unwrap();
        let key = StreamKey::new([5; 16]);
        let descriptions = [description("A", 40, 2.0)];
        let populations = [Population::new(&descriptions[0], 0, grid, &key).unwrap()];
        let projection = Projection::new(&connections[0], &descriptions, grid).unwrap();
        assert_eq!(projection.shortest_delay(grid), 0);
        let layout = Layout::new(40, 0);
        let error = build(40, &[&projection], &populations, layout, grid, &key, &|| false).err().unwrap();
        assert!(
            error.to_string().starts_with("`connections.A_to_A.delay`: a delay of 0 ms; it must be from 1 to"),
            "{error}"
        );
        assert_eq!(
            build(40, &[&projection], &populations, layout, grid, &key, &|| { true }).err(),
            Some(SimulationError::Cancelled)
        );
    }
}
