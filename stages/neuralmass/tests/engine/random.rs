//! Random networks, parameters, inputs and noise of every model: the engine does what the plain stepper does.

use lapicque_neuralmass::Description;
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::registry::{AnyModel, CouplingForm, ModelName, ModelOptions};
use lapicque_neuralmass::simulation::{Initial, Input, InputTime, Scheme, Set, Settings, Start, Values};
use lapicque_numerics::random::{Generator, StreamKey};
use proptest::prelude::*;

use crate::plain::{Problem, run_any};
use crate::run::{run, settings};

struct Drawn {
    model: AnyModel,
    weights: Vec<f64>,
    lengths: Vec<f64>,
    settings: Settings,
    sets: Vec<Set>,
    nodes: usize,
}

const SPEED: f64 = 10.0;

fn draw(name: ModelName, nodes: usize, sets: usize, steps: usize, seed: u64) -> Drawn {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let random = &mut StreamKey::new(key).stream("engine", 0);
    let two_forms = matches!(name, ModelName::Hopf | ModelName::Fhn);
    let coupling = (two_forms && random.uniform() < 0.5).then_some(CouplingForm::Additive);
    let model = AnyModel::new(name, ModelOptions { coupling, compat: None }, nodes).unwrap();
    let description = model.description();
    let mut settings = settings(description.time_step_ms, 1, &description);
    settings.scheme = if random.uniform() < 0.5 { Scheme::Heun } else { Scheme::Euler };
    settings.noise = if random.uniform() < 0.5 { OrnsteinUhlenbeck::Exact } else { OrnsteinUhlenbeck::EulerMaruyama };
    settings.input_time = if random.uniform() < 0.5 { InputTime::Begin } else { InputTime::End };
    // Sparse, with weights of nodes to themselves; delays from none to more than the run.
    let weights = (0..nodes * nodes)
        .map(|_| if random.uniform() < 0.3 { 0.0 } else { 0.5 * random.uniform() / nodes as f64 })
        .collect();
    let step_mm = SPEED * settings.time_step_ms;
    let longest = [3.0, 12.0, 40.0, 1.5 * steps as f64][(4.0 * random.uniform()) as usize];
    let lengths = (0..nodes * nodes).map(|_| (longest * random.uniform()).floor() * step_mm).collect();
    let sets = (0..sets).map(|_| drawn_set(&description, nodes, steps, random)).collect();
    Drawn { model, weights, lengths, settings, sets, nodes }
}

fn drawn_set(description: &Description, nodes: usize, steps: usize, random: &mut Generator) -> Set {
    let parameters = description.parameters.iter().map(|spec| {
        let value = if matches!(spec.name, "sigma_ou" | "d_phi") { 0.02 } else { spec.default };
        if random.uniform() < 0.3 {
            return Values::Same(value * (0.9 + 0.2 * random.uniform()));
        }
        Values::PerNode((0..nodes).map(|_| value * (0.9 + 0.2 * random.uniform())).collect())
    });
    let parameters = parameters.collect();
    let inputs = description.inputs.iter().map(|spec| {
        let mut row = |length: usize| -> Vec<f64> {
            (0..length).map(|_| spec.default * (0.9 + 0.2 * random.uniform()) + 0.01 * random.uniform()).collect()
        };
        match spec.name.len() % 4 {
            0 => Input::Constant(row(1)[0]),
            1 => Input::PerNode(row(nodes)),
            2 => Input::OverTime(row(steps)),
            _ => Input::PerNodeOverTime((0..nodes).map(|_| row(steps)).collect()),
        }
    });
    let inputs = inputs.collect();
    let mut first = |of: &[lapicque_neuralmass::StateSpec]| -> Vec<Values> {
        of.iter()
            .map(|spec| {
                let [low, high] = spec.initial;
                Values::PerNode((0..nodes).map(|_| low + (high - low) * random.uniform()).collect())
            })
            .collect()
    };
    let (states, algebraic) = (first(&description.states), first(&description.algebraic));
    let processes = description.noise.len() + description.white_noise.len();
    let values = (0..processes).map(|_| (0..nodes * steps).map(|_| random.normal()).collect()).collect();
    Set {
        parameters,
        inputs,
        initial: Initial::Given(Start { states, algebraic, noise: None }),
        normals: Normals::Tape { steps, values },
    }
}

fn agrees(name: ModelName, nodes: usize, sets: usize, steps: usize, seed: u64) {
    let Drawn { model, weights, lengths, settings, sets, nodes } = draw(name, nodes, sets, steps, seed);
    let network = Network::new(nodes, &weights, &lengths, Some(SPEED), settings.time_step_ms).unwrap();
    let delays: Vec<usize> =
        lengths.iter().map(|length| (length / SPEED / settings.time_step_ms).round_ties_even() as usize).collect();
    let (traces, ends) = run(&model, &network, &sets, &settings, steps as u64);
    for (number, set) in sets.iter().enumerate() {
        let problem = Problem { weights: &weights, delays: &delays, set, settings: &settings, steps, nodes };
        let expected = run_any(&model, &problem);
        let end = ends[number].as_ref().unwrap();
        let of = format!("{} set {number} {:?}", name.name(), settings);
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()), "{of}: {found} {expected}");
        };
        for node in 0..nodes {
            for (place, expected) in expected.states[node].iter().enumerate() {
                close(end.states[place * nodes + node], *expected);
            }
            for (step, outputs) in expected.outputs.iter().enumerate() {
                for (output, expected) in outputs[node].iter().enumerate() {
                    close(traces[number][output * nodes + node][step], *expected);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_plain_stepper_does(
        nodes in 1_usize..20,
        sets in 1_usize..4,
        steps in 1_usize..150,
        seed in any::<u64>(),
    ) {
        for name in ModelName::ALL {
            agrees(name, nodes, sets, steps, seed);
        }
    }
}
