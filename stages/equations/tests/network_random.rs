//! Random small networks against a plain simulation of the same: one neuron, one synapse, one event at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod specs;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use specs::{model, run};

const DT: f64 = 1e-4;
const TAU: f64 = 5e-3;
const TAU_G: f64 = 2e-3;

/// What a reset does.
#[derive(Clone, Copy, Debug)]
enum Reset {
    To(f64),
    By(f64),
}

#[derive(Clone, Debug)]
struct Group {
    input: Vec<f64>,
    start: Vec<f64>,
    reset: Reset,
    /// In units of 0.05 ms.
    refractory: Option<u32>,
    order: i32,
}

/// What a presynaptic spike does.
#[derive(Clone, Copy, Debug)]
enum Code {
    Jump,
    Conductance,
    /// Depends on the order in which events arrive.
    Mixing,
    /// Weights fall, and spikes of the target raise them.
    Plastic,
}

#[derive(Clone, Debug)]
struct Synapses {
    source: usize,
    target: usize,
    pairs: Vec<(usize, usize, f64)>,
    code: Code,
    /// In units of 0.04 ms, of which no number is half a step: one, or one for each.
    delays: Vec<u32>,
    coupling: bool,
}

#[derive(Clone, Debug)]
struct Network {
    groups: Vec<Group>,
    synapses: Vec<Synapses>,
    steps: u64,
}

fn groups() -> impl Strategy<Value = Group> {
    let neuron = (0.0..3.0_f64, -0.5..1.2_f64);
    let reset = prop_oneof![(-0.5..0.6_f64).prop_map(Reset::To), (0.3..1.5_f64).prop_map(Reset::By)];
    let refractory = prop::option::of(0..60_u32);
    (prop::collection::vec(neuron, 1..5), reset, refractory, 0..2_i32).prop_map(
        |(neurons, reset, refractory, order)| {
            let (input, start) = neurons.into_iter().unzip();
            Group { input, start, reset, refractory, order }
        },
    )
}

fn synapses(sizes: Vec<usize>) -> impl Strategy<Value = Synapses> {
    let count = sizes.len();
    let code = prop_oneof![Just(Code::Jump), Just(Code::Conductance), Just(Code::Mixing), Just(Code::Plastic)];
    (0..count, 0..count, code, any::<bool>(), any::<bool>()).prop_flat_map(
        move |(source, target, code, coupling, one_delay)| {
            let pair = (0..sizes[source], 0..sizes[target], -0.4..0.8_f64);
            prop::collection::vec(pair, 1..12).prop_flat_map(move |pairs| {
                let delays = if one_delay { 1 } else { pairs.len() };
                let (code, pairs) = (code, pairs.clone());
                prop::collection::vec(0..100_u32, delays).prop_map(move |delays| Synapses {
                    source,
                    target,
                    pairs: pairs.clone(),
                    code,
                    delays,
                    coupling,
                })
            })
        },
    )
}

fn networks() -> impl Strategy<Value = Network> {
    prop::collection::vec(groups(), 1..4).prop_flat_map(|groups| {
        let sizes: Vec<usize> = groups.iter().map(|group| group.input.len()).collect();
        (prop::collection::vec(synapses(sizes), 0..4), 50..300_u64).prop_map(move |(mut synapses, steps)| {
            // One variable has one sum.
            let mut coupled = vec![false; groups.len()];
            for of in &mut synapses {
                of.coupling &= !coupled[of.target];
                coupled[of.target] |= of.coupling;
            }
            Network { groups: groups.clone(), synapses, steps }
        })
    })
}

fn file(network: &Network) -> Json {
    let mut file = json!({
        "constants": { "tau": "5*ms", "tau_g": "2*ms" },
        "neurons": {}, "synapses": {}, "monitors": { "spikes": {}, "state": {}, "final": {} },
        "duration": format!("{}*0.1*ms", network.steps),
    });
    for (number, group) in network.groups.iter().enumerate() {
        let name = format!("G{number}");
        file["neurons"][&name] = json!({
            "size": group.input.len(),
            "equations": "dv/dt = (x + g + s - v)/tau : 1 (unless refractory)\ndg/dt = -g/tau_g : 1\nx : 1\ns : 1",
            "integrator": "euler",
            "threshold": "v > 1",
            "reset": match group.reset {
                Reset::To(value) => format!("v = {value:?}"),
                Reset::By(value) => format!("v -= {value:?}"),
            },
            "refractory": group.refractory.map(|time| format!("{time}*0.05*ms")),
            "initial": { "v": group.start, "x": group.input },
            "order": group.order,
        });
        file["monitors"]["spikes"][&name] = json!({ "of": name });
        file["monitors"]["state"][&name] = json!({ "of": name, "variables": ["v", "g"] });
    }
    for (number, of) in network.synapses.iter().enumerate() {
        let name = format!("S{number}");
        let column = |value: fn(&(usize, usize, f64)) -> Json| of.pairs.iter().map(value).collect::<Vec<Json>>();
        let coupling = if of.coupling { "\ns_post = 0.1*w*(v_pre - v_post) : 1 (summed)" } else { "" };
        file["synapses"][&name] = json!({
            "source": format!("G{}", of.source),
            "target": format!("G{}", of.target),
            "equations": format!("w : 1{coupling}"),
            "on_pre": match of.code {
                Code::Jump => "v_post += w",
                Code::Conductance => "g_post += w",
                Code::Mixing => "v_post = 0.9*v_post + w",
                Code::Plastic => "g_post += w; w *= 0.95",
            },
            "on_post": matches!(of.code, Code::Plastic).then_some("w += 0.01"),
            "connect": [{ "i": column(|pair| json!(pair.0)), "j": column(|pair| json!(pair.1)) }],
            "initial": { "w": column(|pair| json!(pair.2)) },
            "delay": match of.delays.as_slice() {
                [one] => json!(format!("{one}*0.04*ms")),
                each => json!({ "values": each.iter().map(|one| f64::from(*one) * 0.04).collect::<Vec<f64>>(), "unit": "ms" }),
            },
        });
        file["monitors"]["final"][&name] = json!({ "of": name, "variables": ["w"] });
    }
    file
}

struct Neuron {
    v: f64,
    g: f64,
    s: f64,
    ready: bool,
    last: f64,
    fires: bool,
}

/// Numbers of an event: when it arrives, and in which order.
type Arrival = (u64, u64, usize, usize, usize);

struct Plain<'a> {
    network: &'a Network,
    groups: Vec<Vec<Neuron>>,
    weights: Vec<Vec<f64>>,
    waiting: Vec<Vec<Arrival>>,
}

impl Plain<'_> {
    fn new(network: &Network) -> Plain<'_> {
        let neuron = |v: &f64| Neuron { v: *v, g: 0.0, s: 0.0, ready: true, last: -1e4, fires: false };
        Plain {
            network,
            groups: network.groups.iter().map(|group| group.start.iter().map(neuron).collect()).collect(),
            weights: network.synapses.iter().map(|of| of.pairs.iter().map(|pair| pair.2).collect()).collect(),
            waiting: vec![Vec::new(); network.synapses.len()],
        }
    }

    fn step(&mut self, step: u64) {
        let t = step as f64 * DT;
        let in_steps = |time: f64| ((time + 1e-3 * DT) / DT) as i64;
        // Sums come before the group of their target, and groups with a lower order before others.
        for order in 0..2 {
            for of in 0..self.network.synapses.len() {
                if self.network.groups[self.network.synapses[of].target].order == order {
                    self.couple(of);
                }
            }
            for (group, described) in self.groups.iter_mut().zip(&self.network.groups) {
                if described.order != order {
                    continue;
                }
                for (neuron, input) in group.iter_mut().zip(&described.input) {
                    if let Some(refractory) = described.refractory {
                        let time = f64::from(refractory) * 0.05e-3;
                        neuron.ready = in_steps(t - neuron.last) >= in_steps(time);
                    }
                    let slope = (input + neuron.g + neuron.s - neuron.v) / TAU;
                    neuron.g += DT * (-neuron.g / TAU_G);
                    if neuron.ready {
                        neuron.v += DT * slope;
                    }
                }
            }
        }
        for (group, described) in self.groups.iter_mut().zip(&self.network.groups) {
            for neuron in group {
                neuron.fires = neuron.v > 1.0 && neuron.ready;
                if neuron.fires && described.refractory.is_some() {
                    neuron.ready = false;
                    neuron.last = t;
                }
            }
        }
        for of in 0..self.network.synapses.len() {
            self.deliver(of, step);
        }
        for of in 0..self.network.synapses.len() {
            self.raise(of);
        }
        for (group, described) in self.groups.iter_mut().zip(&self.network.groups) {
            for neuron in group.iter_mut().filter(|neuron| neuron.fires) {
                match described.reset {
                    Reset::To(value) => neuron.v = value,
                    Reset::By(value) => neuron.v -= value,
                }
            }
        }
    }

    fn couple(&mut self, of: usize) {
        let described = &self.network.synapses[of];
        if !described.coupling {
            return;
        }
        for neuron in &mut self.groups[described.target] {
            neuron.s = 0.0;
        }
        for (pair, weight) in described.pairs.iter().zip(&self.weights[of]) {
            let difference = self.groups[described.source][pair.0].v - self.groups[described.target][pair.1].v;
            self.groups[described.target][pair.1].s += 0.1 * weight * difference;
        }
    }

    /// Puts spikes of this step among those that wait, and handles what arrives now.
    fn deliver(&mut self, of: usize, step: u64) {
        let described = &self.network.synapses[of];
        for (synapse, pair) in described.pairs.iter().enumerate() {
            if self.groups[described.source][pair.0].fires {
                let delay = described.delays[if described.delays.len() == 1 { 0 } else { synapse }];
                let steps = (f64::from(delay) * 0.04e-3 / DT + 0.5) as u64;
                self.waiting[of].push((step + steps, step, pair.0, synapse, pair.1));
            }
        }
        self.waiting[of].sort_unstable();
        let due = self.waiting[of].partition_point(|arrival| arrival.0 <= step);
        for (_, _, _, synapse, target) in self.waiting[of].drain(..due) {
            let weight = &mut self.weights[of][synapse];
            let neuron = &mut self.groups[described.target][target];
            match described.code {
                Code::Jump if neuron.ready => neuron.v += *weight,
                Code::Mixing if neuron.ready => neuron.v = 0.9 * neuron.v + *weight,
                Code::Jump | Code::Mixing => {}
                Code::Conductance => neuron.g += *weight,
                Code::Plastic => {
                    neuron.g += *weight;
                    *weight *= 0.95;
                }
            }
        }
    }

    /// What spikes of targets do.
    fn raise(&mut self, of: usize) {
        let described = &self.network.synapses[of];
        for (pair, weight) in described.pairs.iter().zip(&mut self.weights[of]) {
            if matches!(described.code, Code::Plastic) && self.groups[described.target][pair.1].fires {
                *weight += 0.01;
            }
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * b.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn networks_do_what_a_plain_simulation_does(network in networks()) {
        let recording = run(&model(file(&network)), 1).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut plain = Plain::new(&network);
        let mut spikes = vec![(Vec::new(), Vec::new()); network.groups.len()];
        for step in 0..network.steps {
            let row = usize::try_from(step).unwrap();
            for (group, record) in plain.groups.iter().zip(&recording.states) {
                for (i, neuron) in group.iter().enumerate() {
                    for (variable, expected) in record.variables.iter().zip([neuron.v, neuron.g]) {
                        let found = variable.values[row * group.len() + i];
                        prop_assert!(near(found, expected), "{} {i} {step}: {found} {expected}", variable.name);
                    }
                }
            }
            plain.step(step);
            for (group, (elements, steps)) in plain.groups.iter().zip(&mut spikes) {
                for (i, _) in (0_u32..).zip(group).filter(|(_, neuron)| neuron.fires) {
                    elements.push(i);
                    steps.push(step);
                }
            }
        }
        for ((elements, steps), record) in spikes.iter().zip(&recording.spikes) {
            prop_assert_eq!(elements, &record.elements);
            prop_assert_eq!(steps, &record.steps);
        }
        for (weights, record) in plain.weights.iter().zip(&recording.last) {
            for (found, expected) in record.variables[0].values.iter().zip(weights) {
                prop_assert!(near(*found, *expected));
            }
        }
    }
}
