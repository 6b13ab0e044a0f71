use lapicque_numerics::random::StreamKey;

use super::*;
use crate::draws::Stream;
use crate::model::Emission;
use crate::models::{BernoulliGlm, Compat, PoissonGlm, RectifiedLnp, ThresholdSam};

fn run(steps: u64) -> Run {
    Run { steps, equilibration_steps: 0, start: Start::Rest, traces: false, largest_mean_count: 500.0 }
}

fn stream(network: u64) -> Stream {
    Stream::new(&StreamKey::new([3; 16]), network)
}

fn go(model: &Model, network: &Network, run: &Run) -> Result<Recording, PointProcessError> {
    simulate(model, network, run, &mut stream(0), &mut |_, _| {}, &|| true)
}

#[test]
fn neurons_without_connections_are_refractory_and_have_their_rate() {
    let model = BernoulliGlm { theta: 0.0, ..BernoulliGlm::default() }.model(Compat::None).unwrap();
    let recording = go(&model, &Network::from_edges(2, &[]).unwrap(), &run(20_000)).unwrap();
    for neuron in 0..2 {
        let steps: Vec<u64> = recording.events.iter().filter(|e| e.neuron == neuron).map(|e| e.step).collect();
        assert!(steps.len() > 1000 && steps.windows(2).all(|pair| pair[1] > pair[0] + 3));
    }
}

#[test]
fn a_hazard_has_its_probability_at_any_step() {
    let mut model =
        BernoulliGlm { theta: 0.0, dt_ms: 2.0, absolute_steps: 0, relative_steps: 0, ..BernoulliGlm::default() };
    assert!(
        matches!(model.model(Compat::None), Err(PointProcessError::OutOfRange { field: "dt", found, .. }) if found == 2.0)
    );
    model.dt_ms = 1.0;
    let hazard = Model { dt_ms: 2.0, emission: Emission::Hazard, ..model.model(Compat::None).unwrap() };
    let n = 100_000;
    let spikes = go(&hazard, &Network::from_edges(1, &[]).unwrap(), &run(n)).unwrap().events.len() as f64;
    let p = 1.0 - (-1.0_f64).exp();
    assert!((spikes / n as f64 - p).abs() < 4.0 * (p * (1.0 - p) / n as f64).sqrt());
}

#[test]
fn streams_are_those_of_their_network() {
    let model = BernoulliGlm::default().model(Compat::None).unwrap();
    let network = Network::from_edges(3, &[(0, 1, 2.0), (1, 1, -1.0), (2, 0, 1.0)]).unwrap();
    let of = |i| simulate(&model, &network, &run(3000), &mut stream(i), &mut |_, _| {}, &|| true).unwrap();
    assert_eq!(of(0), of(0));
    assert_ne!(of(0), of(1));
    let traced = go(&model, &network, &Run { traces: true, ..run(3000) }).unwrap();
    assert_eq!(traced.events, of(0).events);
    assert_eq!(traced.traces.unwrap().drive.len(), 9000);
}

#[test]
fn what_cannot_be_is_refused() {
    let network = Network::from_edges(2, &[(0, 1, 1e6), (1, 0, 1e6)]).unwrap();
    let wild = RectifiedLnp::default().model().unwrap();
    assert!(matches!(go(&wild, &network, &run(5000)), Err(PointProcessError::RunAway { .. })));
    let certain = Model { emission: Emission::Bernoulli, ..wild.clone() };
    assert!(matches!(go(&certain, &network, &run(5000)), Err(PointProcessError::Probability { .. })));
    let input = &mut |step: u64, drive: &mut [f64]| drive[1] = if step == 7 { f64::NAN } else { 0.0 };
    let bernoulli = BernoulliGlm::default().model(Compat::None).unwrap();
    let found = simulate(&bernoulli, &network, &run(10), &mut stream(0), input, &|| true).unwrap_err();
    assert!(matches!(found, PointProcessError::Drive { neuron: 1, step: 7, .. }), "{found}");
    let stopped = simulate(&bernoulli, &network, &run(10), &mut stream(0), &mut |_, _| {}, &|| false);
    assert_eq!(stopped, Err(PointProcessError::Cancelled));
    let other = Run { start: Start::Activation(vec![0.0; 2]), ..run(1) };
    assert!(matches!(go(&bernoulli, &network, &other), Err(PointProcessError::StartOfOtherModel { .. })));
    let sam = ThresholdSam::default().model(Compat::None).unwrap();
    let short = Run { start: Start::Activation(vec![0.0]), ..run(1) };
    assert!(matches!(go(&sam, &network, &short), Err(PointProcessError::Length { found: 1, due: 2, .. })));
    assert!(Model { link: bernoulli.link, ..sam }.check().is_err());
    assert!(PoissonGlm { tau_ms: 0.0, ..PoissonGlm::default() }.model(Compat::None).is_err());
    assert!(Network::from_edges(1, &[(0, 1, 1.0)]).is_err() && Network::from_edges(1, &[(0, 0, f64::NAN)]).is_err());
    assert!(Network::from_matrix(2, &[0.0; 3]).is_err());
    for most in [0.0, 701.0, f64::NAN] {
        assert!(go(&bernoulli, &network, &Run { largest_mean_count: most, ..run(1) }).is_err(), "{most}");
    }
}

#[test]
fn nothing_gives_nothing() {
    let model = BernoulliGlm::default().model(Compat::None).unwrap();
    assert!(go(&model, &Network::from_edges(0, &[]).unwrap(), &run(10)).unwrap().events.is_empty());
    assert!(go(&model, &Network::from_edges(1, &[]).unwrap(), &run(0)).unwrap().events.is_empty());
    let silent = PoissonGlm { window_steps: 0, ..PoissonGlm::default() }.model(Compat::None).unwrap();
    assert!(go(&silent, &Network::from_edges(1, &[(0, 0, 5.0)]).unwrap(), &run(10)).is_ok());
}
