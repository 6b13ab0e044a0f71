//! Eighty coupled oscillators with delays, alone and eight sets side by side: 1000 steps.
#![allow(clippy::unwrap_used)]

use lapicque_neuralmass::Model;
use lapicque_neuralmass::models::hopf::Hopf;
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::simulation::{
    Initial, Input, InputTime, Record, Scheme, Set, Settings, Values, simulate_sets,
};
use lapicque_numerics::random::StreamKey;

const NODES: usize = 80;

fn main() {
    divan::main();
}

#[divan::bench(args = [(1, 0.0), (1, 0.1), (8, 0.0), (8, 0.1)])]
fn hopf(bencher: divan::Bencher<'_, '_>, (sets, sigma): (usize, f64)) {
    let mut generator = StreamKey::new([9; 16]).stream("network", 0);
    let weights: Vec<f64> = (0..NODES * NODES).map(|_| generator.uniform() / NODES as f64).collect();
    let lengths: Vec<f64> = (0..NODES * NODES).map(|_| 10.0 + 240.0 * generator.uniform()).collect();
    let network = Network::new(NODES, &weights, &lengths, Some(20.0), 0.1).unwrap();
    let model = Hopf { diffusive: true };
    let description = model.description();
    let set = Set {
        parameters: description
            .parameters
            .iter()
            .map(|p| Values::Same(if p.name == "sigma_ou" { sigma } else { p.default }))
            .collect(),
        inputs: description.inputs.iter().map(|i| Input::Constant(i.default)).collect(),
        initial: Initial::Drawn(StreamKey::new([1; 16])),
        normals: Normals::Key(StreamKey::new([2; 16])),
    };
    let settings = Settings {
        time_step_ms: 0.1,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: vec![0], every: 10, average: false },
    };
    let sets = vec![set; sets];
    bencher.counter(divan::counter::ItemsCount::new(1000 * NODES * sets.len())).bench(|| {
        simulate_sets(
            &model,
            &network,
            &sets,
            &settings,
            1000,
            &mut |block| {
                divan::black_box(block.values[0]);
            },
            &mut |_| true,
        )
    });
}
