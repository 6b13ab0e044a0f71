//! Runs of the engine with all that they record.

use lapicque_neuralmass::Description;
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::simulation::{
    Block, Initial, Input, InputTime, Record, Scheme, Set, Settings, SimulationError, State, Values,
};
use lapicque_numerics::random::StreamKey;

/// Of one set: `[output * nodes + node][record]`.
pub(crate) type Traces = Vec<Vec<f64>>;

pub(crate) fn settings(time_step_ms: f64, every: u64, description: &Description) -> Settings {
    Settings {
        time_step_ms,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: (0..description.outputs.len()).collect(), every, average: false },
    }
}

pub(crate) fn model(name: ModelName, nodes: usize) -> AnyModel {
    AnyModel::new(name, ModelOptions::default(), nodes).unwrap()
}

pub(crate) fn place(description: &Description, parameter: &str) -> usize {
    description.parameters.iter().position(|spec| spec.name == parameter).unwrap()
}

/// Defaults, but for these parameters.
pub(crate) fn set(description: &Description, changes: &[(&str, f64)], seed: u8) -> Set {
    let mut parameters: Vec<Values> = description.parameters.iter().map(|spec| Values::Same(spec.default)).collect();
    changes.iter().for_each(|(name, value)| parameters[place(description, name)] = Values::Same(*value));
    Set {
        parameters,
        inputs: description.inputs.iter().map(|input| Input::Constant(input.default)).collect(),
        initial: Initial::Drawn(StreamKey::new([seed; 16])),
        normals: Normals::Key(StreamKey::new([seed ^ 0x80; 16])),
    }
}

/// Traces and ends of all sets.
pub(crate) fn run(
    model: &AnyModel,
    network: &Network,
    sets: &[Set],
    settings: &Settings,
    steps: u64,
) -> (Vec<Traces>, Vec<Result<State, SimulationError>>) {
    let rows = settings.record.outputs.len() * network.nodes();
    let mut traces = vec![vec![Vec::new(); rows]; sets.len()];
    let mut sink = |block: &Block<'_>| {
        for (place, values) in block.values.chunks(block.records).enumerate() {
            traces[block.first_set + place / rows][place % rows].extend_from_slice(values);
        }
    };
    let ends = model.simulate(network, sets, settings, steps, &mut sink, &mut |_| true).unwrap();
    (traces, ends)
}

pub(crate) fn run_one(
    model: &AnyModel,
    network: &Network,
    set: &Set,
    settings: &Settings,
    steps: u64,
) -> (Traces, State) {
    let (mut traces, mut ends) = run(model, network, std::slice::from_ref(set), settings, steps);
    (traces.remove(0), ends.remove(0).unwrap())
}
