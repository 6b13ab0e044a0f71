//! `simulate` against the equations written out: every step sums over all neurons and all earlier steps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::{
    Draws, Emission, Event, Link, Memory, Model, Network, Noise, PointProcessError, Run, Start, Stream, simulate,
};
use proptest::prelude::*;

/// What a run gives, or the neuron and the step that end it.
type Outcome = Result<(Vec<Event>, Vec<f64>), (usize, u64)>;

#[derive(Debug)]
struct Case {
    model: Model,
    neurons: usize,
    edges: Vec<(usize, usize, f64)>,
    run: Run,
    /// Input of each neuron, in steps whose number is a multiple of 3.
    input: Vec<f64>,
    seed: u8,
}

impl Case {
    fn stream(&self) -> Stream {
        Stream::new(&StreamKey::new([self.seed; 16]), u64::from(self.seed))
    }

    fn add_input(&self, step: u64, drive: &mut [f64]) {
        if step.is_multiple_of(3) {
            drive.iter_mut().zip(&self.input).for_each(|(g, value)| *g += value);
        }
    }

    fn sparse(&self, traces: bool) -> Outcome {
        let network = Network::from_edges(self.neurons, &self.edges).unwrap();
        let run = Run { traces, ..self.run.clone() };
        let mut input = |step: u64, drive: &mut [f64]| self.add_input(step, drive);
        match simulate(&self.model, &network, &run, &mut self.stream(), &mut input, &|| true) {
            Ok(found) => Ok((found.events, found.traces.map_or_else(Vec::new, |traces| traces.drive))),
            Err(
                PointProcessError::RunAway { neuron, step, .. } | PointProcessError::Probability { neuron, step, .. },
            ) => Err((neuron, step)),
            Err(other) => panic!("{other}"),
        }
    }

    fn dense(&self) -> Outcome {
        let (n, model) = (self.neurons, &self.model);
        let mut draws = self.stream();
        let mut weights = vec![vec![0.0; n]; n];
        self.edges.iter().for_each(|&(from, to, weight)| weights[from][to] += weight);
        // History: what was emitted in each step so far, the last step last. Activations: one number for each neuron.
        let (mut emitted, mut activations): (Vec<Vec<f64>>, _) = (Vec::new(), vec![0.0; n]);
        let mut uniforms = vec![0.0; n];
        match &self.run.start {
            Start::Rest => {}
            Start::Random => {
                draws.uniforms(0, &mut uniforms);
                if let Memory::Activation { .. } = model.memory {
                    activations.clone_from(&uniforms);
                } else {
                    let first = |u: &f64| if *u < 0.5 { model.event_scale } else { 0.0 };
                    emitted.push(uniforms.iter().map(first).collect());
                }
            }
            Start::Spikes(spikes) => {
                let longest = spikes.iter().map(|spike| spike.0 + 1).max().unwrap_or(0);
                emitted = vec![vec![0.0; n]; longest];
                spikes.iter().for_each(|&(ago, i, count)| emitted[longest - 1 - ago][i] += count * model.event_scale);
            }
            Start::Activation(values) => activations.clone_from(values),
        }
        let (mut events, mut drives) = (Vec::new(), Vec::new());
        for step in 0..self.run.equilibration_steps + self.run.steps {
            let ago = |k: usize, i: usize| if k < emitted.len() { emitted[emitted.len() - 1 - k][i] } else { 0.0 };
            let mut drive: Vec<f64> = (0..n)
                .map(|i| {
                    let own: f64 = model.refractory.iter().enumerate().map(|(k, value)| value * ago(k, i)).sum();
                    let state = |j: usize| match &model.memory {
                        Memory::History(kernel) => kernel.iter().enumerate().map(|(k, c)| c * ago(k, j)).sum(),
                        Memory::Activation { .. } => activations[j],
                    };
                    let others: f64 = (0..n).map(|j| weights[j][i] * state(j)).sum();
                    model.recurrence * (own + others)
                })
                .collect();
            draws.uniforms(step, &mut uniforms);
            for i in 0..n {
                let deviation = match model.noise {
                    Some(noise) if uniforms[i] < noise.probability => {
                        let value = noise.sigma * draws.normal(step, i);
                        if noise.squared { value * value } else { value }
                    }
                    _ => 0.0,
                };
                drive[i] += model.background * (1.0 + deviation);
            }
            let recorded = step.checked_sub(self.run.equilibration_steps);
            if let Some(recorded) = recorded {
                self.add_input(recorded, &mut drive);
            }
            let mut counts = Vec::new();
            for i in 0..n {
                counts.push(self.count(drive[i], uniforms[i]).ok_or((i, step))?);
            }
            if let Some(step) = recorded {
                drives.extend(&drive);
                let spiking = counts.iter().enumerate().filter(|(_, count)| **count > 0);
                events.extend(spiking.map(|(i, &count)| Event { step, neuron: i as u32, count }));
            }
            let x: Vec<f64> = counts.iter().map(|&count| f64::from(count) * model.event_scale).collect();
            if let Memory::Activation { tau_ms } = model.memory {
                let update = |(s, x): (&mut f64, &f64)| *s = *s * (1.0 - model.dt_ms / tau_ms) + model.dt_ms * x;
                activations.iter_mut().zip(&x).for_each(update);
            }
            emitted.push(x);
        }
        Ok((events, drives))
    }

    /// None where the probability is above 1, or the mean above what is allowed.
    fn count(&self, g: f64, u: f64) -> Option<u32> {
        let dt = self.model.dt_ms;
        let lambda = match self.model.link {
            Link::Threshold { theta } => return Some(u32::from(g > theta)),
            Link::Logit { theta } => dt / (1.0 + (theta - g).exp()),
            Link::Exponential { alpha_ms, beta } => dt / alpha_ms * (beta * g).exp(),
            Link::Rectified { gain, theta } => dt * gain * (g - theta).max(0.0),
        };
        match self.model.emission {
            Emission::Bernoulli if lambda > 1.0 => None,
            Emission::Bernoulli => Some(u32::from(u < lambda)),
            Emission::Hazard => Some(u32::from(u < 1.0 - (-lambda).exp())),
            Emission::Poisson if lambda > self.run.largest_mean_count => None,
            Emission::Poisson => {
                let probability = |k: u32| (1..=k).fold((-lambda).exp(), |p, i| p * lambda / f64::from(i));
                let (mut k, mut sum) = (0, probability(0));
                while u >= sum {
                    k += 1;
                    sum += probability(k);
                }
                Some(k)
            }
        }
    }

    fn compare(&self) {
        let (sparse, dense) = (self.sparse(true), self.dense());
        assert_eq!(
            self.sparse(false).map(|found| found.0),
            sparse.clone().map(|found| found.0),
            "traces change spikes"
        );
        match (sparse, dense) {
            (Ok((events, drives)), Ok((due, due_drives))) => {
                assert_eq!(drives.len(), due_drives.len());
                let scale = due_drives.iter().fold(1.0, |most: f64, g| most.max(g.abs()));
                for (place, (g, due)) in drives.iter().zip(&due_drives).enumerate() {
                    assert!((g - due).abs() < 1e-10 * scale, "drive {place}: {g}, due {due}");
                }
                assert_eq!(events, due);
            }
            (sparse, dense) => assert_eq!(sparse.map(|found| found.0), dense.map(|found| found.0)),
        }
    }
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![
        (-3.0..6.0).prop_map(|theta| Link::Logit { theta }),
        (1.0..30.0, -3.0..3.0).prop_map(|(alpha_ms, beta)| Link::Exponential { alpha_ms, beta }),
        (0.0..3.0, -1.0..2.0).prop_map(|(gain, theta)| Link::Rectified { gain, theta }),
        (-1.0..2.0).prop_map(|theta| Link::Threshold { theta }),
    ]
}

fn model() -> impl Strategy<Value = Model> {
    let memory = prop_oneof![
        prop::collection::vec(-1.0..1.0, 0..12).prop_map(Memory::History),
        (1.5..20.0).prop_map(|tau_ms| Memory::Activation { tau_ms }),
    ];
    let noise = prop::option::of((0.0..=1.0, 0.0..2.0, any::<bool>()));
    let numbers = (prop::sample::select(vec![0.1, 0.5, 1.0, 2.0]), -1.0..1.0, -1.0..1.0);
    let emission = prop::sample::select(vec![Emission::Bernoulli, Emission::Poisson, Emission::Hazard]);
    let scale = prop::sample::select(vec![1.0, 0.1, 2.0]);
    let refractory = prop::collection::vec(-5.0..1.0, 0..15);
    (memory, refractory, numbers, noise, link(), emission, scale).prop_map(
        |(memory, refractory, (dt_ms, recurrence, background), noise, link, emission, event_scale)| {
            let is_threshold = matches!(link, Link::Threshold { .. });
            let noise = noise.filter(|_| is_threshold);
            let is_logit = matches!(link, Link::Logit { .. });
            Model {
                dt_ms: if is_logit && emission == Emission::Bernoulli { f64::min(dt_ms, 1.0) } else { dt_ms },
                memory,
                refractory,
                recurrence,
                background,
                noise: noise.map(|(probability, sigma, squared)| Noise { probability, sigma, squared }),
                event_scale,
                link,
                emission,
            }
        },
    )
}

fn start(neurons: usize, model: &Model) -> BoxedStrategy<Start> {
    let given = if let Memory::Activation { .. } = model.memory {
        prop::collection::vec(0.0..2.0, neurons).prop_map(Start::Activation).boxed()
    } else if neurons == 0 {
        Just(Start::Spikes(Vec::new())).boxed()
    } else {
        let spike = (0..20_usize, 0..neurons, prop::sample::select(vec![1.0, 2.0, 5.0]));
        prop::collection::vec(spike, 0..10).prop_map(Start::Spikes).boxed()
    };
    prop_oneof![Just(Start::Rest), Just(Start::Random), given].boxed()
}

fn case(neurons: usize) -> impl Strategy<Value = Case> {
    model().prop_flat_map(move |model| {
        let ends = 0..neurons.max(1);
        let edges =
            prop::collection::vec((ends.clone(), ends, -2.0..2.0), 0..=if neurons == 0 { 0 } else { 3 * neurons });
        let most = prop::sample::select(vec![0.3, 5.0, 500.0]);
        let start = start(neurons, &model);
        let input = prop::collection::vec(-2.0..4.0, neurons);
        (edges, (0..40_u64, 0..10_u64, most), start, input, any::<u8>()).prop_map(
            move |(edges, (steps, equilibration_steps, largest_mean_count), start, input, seed)| Case {
                model: model.clone(),
                neurons,
                edges,
                run: Run { steps, equilibration_steps, start, traces: true, largest_mean_count },
                input,
                seed,
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_small_network_is_that_of_the_equations(case in (0..8_usize).prop_flat_map(case)) {
        case.compare();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    // 64 neurons share a bound.
    #[test]
    fn networks_of_several_blocks_are_those_of_the_equations(case in (60..135_usize).prop_flat_map(case)) {
        case.compare();
    }
}
