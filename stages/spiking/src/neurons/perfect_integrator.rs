//! A toy that shows what a model takes: this file, and its line in the list of `mod.rs`.
//!
//! ```text
//! V jumps by w_j; V >= theta at a step: spike, and V falls by theta
//! ```
//!
//! Weights in mV. Nothing leaks, so the spikes of a neuron are the whole multiples of theta that its input has passed.

use super::coefficients::Coefficients;
use super::drawing::Drawing;
use super::dynamics::{Arriving, Chunk, Dynamics, Receptors};
use crate::error::SimulationError;

pub(crate) fn neurons(drawing: &Drawing<'_>) -> Result<Box<dyn Dynamics>, SimulationError> {
    Ok(Box::new(Neurons { potential: vec![0.0; drawing.size()], threshold: drawing.values("theta")? }))
}

struct Neurons {
    potential: Vec<f64>,
    threshold: Coefficients<f64>,
}

impl Dynamics for Neurons {
    fn receptors(&self) -> Receptors {
        Receptors::One
    }

    fn step(&mut self, chunk: &Chunk, arriving: Arriving<'_>, report: &mut dyn FnMut(u32)) {
        for (neuron, arriving) in chunk.neurons.clone().zip(arriving.at(0)) {
            let threshold = self.threshold.at(neuron);
            self.potential[neuron] += arriving;
            if self.potential[neuron] >= threshold {
                self.potential[neuron] -= threshold;
                report(neuron as u32);
            }
        }
    }

    fn bytes(&self) -> usize {
        size_of_val(self.potential.as_slice()) + self.threshold.bytes()
    }
}

mod tests {
    use std::collections::BTreeMap;

    use lapicque_network::{
        Bounds, Connection, Distribution, Drive, Network, Neuron, NeuronModel, Population, Rule, Shape, Synapse,
    };
    use lapicque_numerics::random::StreamKey;

    use crate::{Options, Recording, simulate};

    /// More neurons than one chunk has.
    const NEURONS: u32 = 600;

    fn population(name: &str, model: NeuronModel, size: u32, values: &[(&str, Distribution)]) -> Population {
        let defaults = model.parameters().iter().map(|spec| (spec.symbol, Distribution::constant(spec.default)));
        let parameters: BTreeMap<String, Distribution> =
            defaults.chain(values.iter().copied()).map(|(symbol, value)| (symbol.to_owned(), value)).collect();
        Population { name: name.into(), size, neuron: Neuron { model, parameters }, drives: Vec::new() }
    }

    /// A pacemaker that spikes in each step, and neurons that integrate its spikes from a delay of 3 steps on.
    fn run(weight_mv: f64, threshold: Distribution, drives: Vec<Drive>) -> Recording {
        let constant = Distribution::constant;
        let values = [("t_ref", 0.0), ("I_e", 1e6), ("C_m", 1.0), ("V_th", -69.0)].map(|(s, x)| (s, constant(x)));
        let mut toys = population("toys", NeuronModel::Binary, NEURONS, &[("theta", threshold)]);
        toys.drives = drives;
        let connection = Connection {
            name: "onto".into(),
            pre: "pacemaker".into(),
            post: "toys".into(),
            rule: Rule::AllToAll { autapses: true },
            weight: constant(weight_mv),
            delay_ms: constant(0.3),
            synapse: Synapse::Static,
            profile: None,
        };
        let network = Network {
            name: "toy".into(),
            populations: vec![population("pacemaker", NeuronModel::IafPscDelta, 1, &values), toys],
            connections: vec![connection],
        };
        let options = Options { time_step_ms: 0.1, duration_ms: 10.3, transient_ms: 0.0 };
        simulate(&network, &options, StreamKey::new([3; 16]), &|| false, &mut |_| {}).unwrap()
    }

    #[test]
    fn a_model_is_its_file_and_a_line_of_the_list() {
        let recording = run(0.75, Distribution::constant(3.0), Vec::new());
        assert!(recording.spikes_of(0).1.iter().copied().eq(1..=103));
        // The first of the pacemaker's spikes arrives in step 4, and every fourth makes up theta.
        let expected: Vec<(u32, u32)> =
            (1..=25).flat_map(|n| (0..NEURONS).map(move |neuron| (neuron, 3 + 4 * n))).collect();
        let (neurons, steps) = recording.spikes_of(1);
        assert!(neurons.iter().copied().zip(steps.iter().copied()).eq(expected));
    }

    #[test]
    fn its_parameters_are_drawn_and_its_drives_arrive() {
        let drive =
            Drive::Poisson { rate_hz: 100.0, synapses: 100.0, weight: Distribution::constant(-0.5), delay_ms: 0.1 };
        let threshold = Distribution { shape: Shape::Uniform { low: 4.0, high: 12.0 }, bounds: Bounds::None };
        let spikes_of = |recording: &Recording| {
            let mut counts = vec![0.0; NEURONS as usize];
            recording.spikes_of(1).0.iter().for_each(|&neuron| counts[neuron as usize] += 1.0);
            counts
        };
        // 100 mV in all, and 50 mV less on average with the drive; a neuron is a fraction of a spike behind.
        let free = spikes_of(&run(1.0, threshold, Vec::new()));
        assert!(free.iter().all(|&n| (8.0..=25.0).contains(&n)) && free.iter().any(|n| !(10.0..=20.0).contains(n)));
        let inhibited = spikes_of(&run(1.0, threshold, vec![drive]));
        let fraction = inhibited.iter().sum::<f64>() / free.iter().sum::<f64>();
        assert!((0.42..0.55).contains(&fraction), "{fraction}");
    }
}
