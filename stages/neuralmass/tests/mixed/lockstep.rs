//! Against plain loops, and networks of one model.

use lapicque_neuralmass::mixed::{self, Group, Link, MixedError, Projection, Stepping, Target, coupling_unit};
use lapicque_neuralmass::models::{aln::Aln, hopf::Hopf, thalamus::Thalamus};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::Normals;
use lapicque_neuralmass::registry::ModelName;
use lapicque_neuralmass::simulation::{Block, Initial, Input, InputTime, Record, Scheme, Settings, Start, Values};
use lapicque_neuralmass::{Arriving, Description, Model, StateSpec, Weight};
use lapicque_numerics::random::StreamKey;

use super::{EULER, any, group, run, uncoupled};

const HEUN: Stepping = Stepping { scheme: Scheme::Heun, ..EULER };
/// Everybody to everybody, with delays of a few steps.
fn dense(nodes: usize) -> Network {
    let mut generator = StreamKey::new([9; 16]).stream("network", 0);
    let weights: Vec<f64> = (0..nodes * nodes).map(|_| generator.uniform() / nodes as f64).collect();
    let lengths: Vec<f64> = (0..nodes * nodes).map(|_| 30.0 * generator.uniform()).collect();
    Network::new(nodes, &weights, &lengths, Some(10.0), 0.1).unwrap()
}

fn all_pairs(sources: usize, targets: usize, weight: f64, delay: impl Fn(usize) -> usize) -> Vec<Link> {
    let link = |k: usize| Link {
        source: k % sources,
        target: k / sources,
        weight: weight * (1.0 + k as f64),
        delay: delay(k),
    };
    (0..sources * targets).map(link).collect()
}

/// Three nodes of aln, two of the thalamus, and back.
fn loop_of(delay: usize) -> (Vec<Group>, Vec<Projection>) {
    let (aln, thalamus) = (any(ModelName::Aln), any(ModelName::Thalamus));
    let cortex = group(&aln, dense(3), &[("mue_ext_mean", 1.5), ("sigma_ou", 0.1), ("b", 15.0)], 1);
    let thalamus = group(&thalamus, uncoupled(2), &[("d_phi", 0.002), ("g_LK", 0.03)], 2);
    let to = |input, weight| Projection {
        from: 0,
        output: 0,
        to: 1,
        target: Target::Input(input),
        factor: 1e-3,
        links: all_pairs(3, 2, weight, |k| delay + 3 * k),
    };
    let back = Projection {
        from: 1,
        output: 0,
        to: 0,
        target: Target::Coupling,
        factor: 1.0,
        links: all_pairs(2, 3, 0.05, |k| delay + 40 * k),
    };
    let current = Projection {
        from: 1,
        output: 3,
        to: 0,
        target: Target::Input(0),
        factor: 2.0,
        links: vec![Link { source: 1, target: 2, weight: -1e-4, delay: delay + 7 }],
    };
    (vec![cortex, thalamus], vec![to(2, 0.4), to(3, 0.1), back, current])
}

/// A group as the page of `model.rs` has it: node after node, whole traces.
struct Plain<M> {
    model: M,
    group: Group,
    derived: Vec<Vec<f64>>,
    states: Vec<Vec<f64>>,
    algebraic: Vec<Vec<f64>>,
    noise: Vec<Vec<f64>>,
    /// `[time][node]`
    sent: Vec<Vec<Vec<f64>>>,
    outputs: Vec<Vec<Vec<f64>>>,
    normals: Vec<Vec<Vec<f64>>>,
}

fn value(values: &Values, node: usize) -> f64 {
    match values {
        Values::Same(value) => *value,
        Values::PerNode(values) => values[node],
    }
}

impl<M: Model> Plain<M> {
    /// With first values of which the k-th of a node is k + node in its interval of 100.
    fn new(model: M, group: &Group, steps: usize, seed: u8) -> Self {
        let of = model.description();
        let nodes = group.network.nodes();
        let first = |spec: &StateSpec, k: usize, node: usize| {
            spec.initial[0] + (spec.initial[1] - spec.initial[0]) * ((7 * k + 13 * node) % 10) as f64 / 10.0
        };
        let mut group = group.clone();
        let all = |specs: &[StateSpec]| -> Vec<Values> {
            let of_nodes = |(k, spec)| Values::PerNode((0..nodes).map(|node| first(spec, k, node)).collect());
            specs.iter().enumerate().map(of_nodes).collect()
        };
        let start = Start { states: all(&of.states), algebraic: all(&of.algebraic), noise: None };
        let mut generator = StreamKey::new([seed; 16]).stream("tape", 0);
        let processes = of.noise.len() + of.white_noise.len();
        let tape: Vec<Vec<f64>> =
            (0..processes).map(|_| (0..nodes * steps).map(|_| generator.normal()).collect()).collect();
        let normals = tape.iter().map(|tape| tape.chunks(steps).map(<[f64]>::to_vec).collect()).collect();
        group.set.normals = Normals::Tape { steps, values: tape };
        group.set.initial = Initial::Given(start.clone());
        let at = |values: &[Values], node| values.iter().map(|v| value(v, node)).collect::<Vec<f64>>();
        let parameters: Vec<Vec<f64>> = (0..nodes).map(|node| at(&group.set.parameters, node)).collect();
        let derived = parameters.iter().map(|parameters| {
            let mut derived = vec![0.0; of.derived];
            model.derive(parameters, &mut derived);
            derived
        });
        let mut plain = Self {
            derived: derived.collect(),
            states: (0..nodes).map(|node| at(&start.states, node)).collect(),
            algebraic: (0..nodes).map(|node| at(&start.algebraic, node)).collect(),
            noise: parameters.iter().map(|p| of.noise.iter().map(|&mean| p[mean]).collect()).collect(),
            sent: Vec::new(),
            outputs: Vec::new(),
            normals,
            group,
            model,
        };
        plain.observe();
        plain
    }

    fn observe(&mut self) {
        let of = self.model.description();
        let (mut sent, mut outputs) = (Vec::new(), Vec::new());
        for node in 0..self.states.len() {
            let (mut s, mut o) = (vec![0.0; of.sources], vec![0.0; of.outputs.len()]);
            self.model.sources(&self.derived[node], &self.states[node], &self.algebraic[node], &mut s);
            self.model.outputs(&self.derived[node], &self.states[node], &self.algebraic[node], &mut o);
            sent.push(s);
            outputs.push(o);
        }
        self.sent.push(sent);
        self.outputs.push(outputs);
    }

    /// The step after `step` steps; `added` has inputs, couplings and the sum of weights of each node.
    fn step(&mut self, step: usize, added: &[(Vec<f64>, Vec<f64>, f64)]) {
        let of = self.model.description();
        let dt = 0.1;
        let place = |name: &str| of.parameters.iter().position(|p| p.name == name);
        for (node, (inputs, couplings, sum_of_weights)) in added.iter().enumerate() {
            let parameter = |place: usize| value(&self.group.set.parameters[place], node);
            let coupling = |(k, coupling): (usize, &lapicque_neuralmass::Coupling)| {
                let connections = self.group.network.sources_of(node).iter();
                let sum: f64 = connections
                    .map(|c| {
                        let w = if coupling.weight == Weight::Squared { c.weight * c.weight } else { c.weight };
                        w * self.sent[step.saturating_sub(c.delay)][c.source][coupling.source]
                    })
                    .sum();
                sum + couplings[k]
            };
            let constant = |(k, input): (usize, &Input)| match input {
                Input::Constant(value) => value + inputs[k],
                _ => panic!("constant inputs alone"),
            };
            let delayed = |&(source, place): &(usize, usize)| {
                let steps = (parameter(place) / dt).round_ties_even() as usize;
                self.sent[step.saturating_sub(steps)][node][source]
            };
            let arriving = Arriving {
                coupling: &of.couplings.iter().enumerate().map(coupling).collect::<Vec<f64>>(),
                weight_sum: self.group.network.weight_sum(node) + sum_of_weights,
                delayed: &of.delayed.iter().map(delayed).collect::<Vec<f64>>(),
                inputs: &self.group.set.inputs.iter().enumerate().map(constant).collect::<Vec<f64>>(),
                noise: &self.noise[node],
            };
            let mut rates = vec![0.0; of.states.len()];
            let (derived, states) = (&self.derived[node], &mut self.states[node]);
            self.model.derivatives(derived, states, &arriving, &mut rates, &mut self.algebraic[node]);
            states.iter_mut().zip(rates).for_each(|(state, rate)| *state += dt * rate);
            let mut amplitudes = vec![0.0; of.white_noise.len()];
            self.model.white_noise(derived, &mut amplitudes);
            for (k, &state) in of.white_noise.iter().enumerate() {
                states[state] += amplitudes[k] * dt.sqrt() * self.normals[of.noise.len() + k][node][step];
            }
            self.model.constrain(derived, states);
            for (k, &mean) in of.noise.iter().enumerate() {
                let (tau, sigma) = (parameter(place("tau_ou").unwrap()), parameter(place("sigma_ou").unwrap()));
                let o = self.noise[node][k];
                self.noise[node][k] +=
                    (parameter(mean) - o) * dt / tau + sigma * dt.sqrt() * self.normals[k][node][step];
            }
        }
        self.observe();
    }
}

/// What projections bring to a node of a group, from whole traces.
fn added(
    of: &Description,
    projections: &[Projection],
    (to, node, step): (usize, usize, usize),
    traces: [&Vec<Vec<Vec<f64>>>; 2],
) -> (Vec<f64>, Vec<f64>, f64) {
    let (mut inputs, mut couplings, mut weights) = (vec![0.0; of.inputs.len()], vec![0.0; of.couplings.len()], 0.0);
    for projection in projections.iter().filter(|projection| projection.to == to) {
        for link in projection.links.iter().filter(|link| link.target == node) {
            let sent = traces[projection.from][step.saturating_sub(link.delay)][link.source][projection.output];
            let sent = sent * projection.factor;
            match projection.target {
                Target::Input(input) => inputs[input] += link.weight * sent,
                Target::Coupling => {
                    for (sum, coupling) in couplings.iter_mut().zip(&of.couplings) {
                        let power = if coupling.weight == Weight::Squared { 2 } else { 1 };
                        *sum += link.weight.powi(power) * sent;
                    }
                    weights += link.weight;
                }
            }
        }
    }
    (inputs, couplings, weights)
}

fn close(found: &[f64], expected: impl Iterator<Item = f64>, tolerance: f64, what: &str) {
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{what}, step {step}: {found} instead of {expected}");
    }
}

#[test]
fn groups_in_turns_are_all_groups_in_lockstep() {
    const STEPS: usize = 600;
    for delay in [0, 1, 5] {
        let (mut groups, projections) = loop_of(delay);
        let mut cortex = Plain::new(Aln::default(), &groups[0], STEPS, 3);
        let mut thalamus = Plain::new(Thalamus::default(), &groups[1], STEPS, 4);
        (groups[0], groups[1]) = (cortex.group.clone(), thalamus.group.clone());
        let descriptions = [cortex.model.description(), thalamus.model.description()];
        for step in 0..STEPS {
            let of = |to: usize, nodes: usize| -> Vec<_> {
                let traces = [&cortex.outputs, &thalamus.outputs];
                (0..nodes).map(|node| added(&descriptions[to], &projections, (to, node, step), traces)).collect()
            };
            let (to_cortex, to_thalamus) = (of(0, 3), of(1, 2));
            cortex.step(step, &to_cortex);
            thalamus.step(step, &to_thalamus);
        }
        let traces = run(&groups, &projections, &EULER, STEPS as u64);
        for (number, (plain, nodes)) in [(&cortex.outputs, 3), (&thalamus.outputs, 2)].into_iter().enumerate() {
            for (row, found) in traces[number].iter().enumerate() {
                let expected = plain[1..].iter().map(|now| now[row % nodes][row / nodes]);
                close(found, expected, 1e-10, &format!("delay {delay}, group {number}, row {row}"));
                assert_eq!(found.len(), STEPS);
            }
        }
        // Something is at stake: the thalamus does something else alone.
        let alone = run(&groups, &projections[2..], &EULER, STEPS as u64);
        assert!(alone[1][0].iter().zip(&traces[1][0]).any(|(one, other)| (one - other).abs() > 0.1));
    }
}

#[test]
fn pieces_of_any_length_give_the_same_bits() {
    for (stepping, delay) in [(EULER, 0), (EULER, 6), (HEUN, 1), (HEUN, 9)] {
        let (groups, projections) = loop_of(delay);
        let whole = run(&groups, &projections, &stepping, 700);
        for most in [1, 2, 3, 5, 7, 100] {
            let stepping = Stepping { most_steps: Some(most), ..stepping };
            assert_eq!(run(&groups, &projections, &stepping, 700), whole, "{most} steps");
        }
    }
}

#[test]
fn what_is_long_ago_is_forgotten_without_a_change() {
    let (groups, projections) = loop_of(0);
    let far = |mut projections: Vec<Projection>, delay| {
        projections[2].links[0].delay = delay;
        projections
    };
    let stepping = Stepping { most_steps: Some(64), ..EULER };
    let traces = run(&groups, &far(projections.clone(), 3000), &stepping, 12_000);
    let later = run(&groups, &far(projections, 3001), &stepping, 12_000);
    // What the first values send is the same for 3000 steps.
    assert_eq!(traces[0][0][..3000], later[0][0][..3000]);
    assert_ne!(traces[0][0][3100..], later[0][0][3100..]);
    assert!(traces.iter().flatten().flatten().all(|value| value.is_finite()));
}

#[test]
fn one_group_is_a_network_of_one_model_bit_for_bit() {
    for name in ModelName::ALL {
        let model = any(name);
        let network = if model.description().couplings.is_empty() { uncoupled(9) } else { dense(9) };
        let noise = [("sigma_ou", 0.01), ("d_phi", 0.001)];
        let group = group(&model, network, &noise, 5);
        for stepping in [EULER, HEUN] {
            let traces = run(std::slice::from_ref(&group), &[], &Stepping { time_step_ms: 0.05, ..stepping }, 500);
            let record = Record { outputs: group.recorded.clone(), every: 1, average: false };
            let Stepping { scheme, noise, .. } = stepping;
            let settings = Settings { time_step_ms: 0.05, scheme, noise, input_time: InputTime::Begin, record };
            let mut expected = vec![Vec::new(); traces[0].len()];
            let mut sink = |block: &Block<'_>| {
                let rows = expected.iter_mut().zip(block.values.chunks(block.records));
                rows.for_each(|(row, values)| row.extend_from_slice(values));
            };
            let sets = [group.set.clone()];
            group.model.simulate(&group.network, &sets, &settings, 500, &mut sink, &mut |_| true).unwrap();
            assert_eq!(traces[0], expected, "{name:?}");
        }
    }
}

/// A network of six nodes in two groups of two and four, whose sums are taken apart.
#[test]
fn two_groups_of_one_model_are_one_network() {
    let six = dense(6);
    for (name, output, factor) in [
        (ModelName::Hopf, 0, 1.0),
        (ModelName::Fhn, 0, 1.0),
        (ModelName::Aln, 0, 1.0),
        (ModelName::Wc, 0, 1.0),
        (ModelName::Ww, 2, 1.0),
        (ModelName::JansenRit, 1, 1e-3),
        (ModelName::MontbrioPazoRoxin, 0, 1e-3),
    ] {
        let model = any(name);
        let whole = group(&model, six.clone(), &[], 5);
        let parts = [0..2, 2..6];
        // First values by node.
        let of = model.description();
        let start = |nodes: std::ops::Range<usize>| {
            let specs = |specs: &[StateSpec]| -> Vec<Values> {
                let of_node = |spec: &StateSpec, node: usize| {
                    spec.initial[0] + (spec.initial[1] - spec.initial[0]) * (node + 1) as f64 / 7.0
                };
                specs
                    .iter()
                    .map(|spec| Values::PerNode(nodes.clone().map(|node| of_node(spec, node)).collect()))
                    .collect()
            };
            Initial::Given(Start { states: specs(&of.states), algebraic: specs(&of.algebraic), noise: None })
        };
        let with_start = |mut group: Group, nodes| {
            group.set.initial = start(nodes);
            group
        };
        let groups: Vec<Group> = parts
            .iter()
            .map(|part| {
                let n = part.len();
                let (mut weights, mut lengths) = (vec![0.0; n * n], vec![0.0; n * n]);
                for target in part.clone() {
                    for c in six.sources_of(target).iter().filter(|c| part.contains(&c.source)) {
                        let at = (target - part.start) * n + c.source - part.start;
                        weights[at] = c.weight;
                        lengths[at] = c.delay as f64;
                    }
                }
                let network = Network::new(n, &weights, &lengths, Some(10.0), 0.1).unwrap();
                with_start(group(&model, network, &[], 5), part.clone())
            })
            .collect();
        let projections: Vec<Projection> = [(0, 1), (1, 0)]
            .map(|(from, to): (usize, usize)| {
                let [sources, targets] = [&parts[from], &parts[to]];
                let to_node = |target: usize| {
                    let all = six.sources_of(target).iter().filter(|c| sources.contains(&c.source));
                    all.map(move |c| Link {
                        source: c.source - sources.start,
                        target: target - targets.start,
                        weight: c.weight,
                        delay: c.delay,
                    })
                };
                let links = targets.clone().flat_map(to_node).collect();
                Projection { from, output, to, target: Target::Coupling, factor, links }
            })
            .to_vec();
        let expected = &run(&[with_start(whole, 0..6)], &[], &EULER, 400)[0];
        let found = run(&groups, &projections, &EULER, 400);
        for (part, traces) in parts.iter().zip(&found) {
            for (row, trace) in traces.iter().enumerate() {
                let other = &expected[row / part.len() * 6 + part.start + row % part.len()];
                close(trace, other.iter().copied(), 1e-11, &format!("{name:?}, row {row}"));
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |groups: &[Group], projections: &[Projection], stepping: &Stepping| {
        mixed::simulate(groups, projections, stepping, 10, &mut |_, _| {}, &mut |_| true).unwrap_err()
    };
    let (groups, projections) = loop_of(0);
    assert_eq!(refused(&[], &[], &EULER), MixedError::NoGroups);
    assert_eq!(refused(&groups, &projections, &HEUN), MixedError::Heun { projection: 0 });
    let message = |change: &dyn Fn(&mut Projection)| {
        let mut all = projections.clone();
        change(&mut all[2]);
        refused(&groups, &all, &EULER).to_string()
    };
    assert!(message(&|p| p.from = 2).contains("projection 2: there is no group 2; there are 2"));
    assert!(message(&|p| p.output = 9).contains("no output 9"));
    assert!(message(&|p| p.target = Target::Input(4)).contains("no input 4; there are 4"));
    assert!(message(&|p| p.to = 1).contains("nodes of thalamus have no coupling"));
    assert!(message(&|p| p.links[0].source = 2).contains("no node 2; there are 2"));
    assert!(message(&|p| p.links[0].delay = 1 << 50).contains("GB of memory; the limit is"));
    assert!(message(&|p| p.links[0].weight = f64::NAN).contains("is not a number"));
    let mut wild = groups.clone();
    wild[1].set.parameters[8] = Values::Same(1e9);
    let failed = refused(&wild, &projections, &EULER).to_string();
    assert!(failed.contains("group 1") && failed.contains("the time step is too long"), "{failed}");
    let stopped = mixed::simulate(&groups, &projections, &EULER, 500, &mut |_, _| {}, &mut |done| done < 200);
    assert!(stopped.unwrap_err().to_string().contains("cancelled"));
    assert_eq!(coupling_unit(&Hopf { diffusive: true }.description()), Some("1"));
    assert_eq!(coupling_unit(&any(ModelName::Kuramoto).description()), None);
    assert_eq!(coupling_unit(&Thalamus::default().description()), None);
}
