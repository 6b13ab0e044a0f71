//! `pointprocess.simulate_fit` through a pipeline: a fit that is simulated does what was recorded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;
mod support;

use arrow_array::RecordBatch;
use given::{Given, problems, run_stages, run_with};
use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::Stream;
use lapicque_pointprocess::fit::{Family, FittedNetwork, FittedNeuron, Stimulus, simulate};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::spikes;
use serde_json::{Value, json};
use support::{floats, texts};

const STEPS: u32 = 60_000;

fn onsets() -> Vec<u32> {
    (0..STEPS).filter(|t| t % 200 == 7).collect()
}

/// Two neurons, the first driven by light, the second by the first.
fn recorded() -> Vec<(u32, u32)> {
    let neuron = |couplings: Vec<(usize, Vec<f64>)>, light: f64| FittedNeuron {
        intercept: -4.0,
        history: vec![0.0, -1.0],
        couplings,
        stimuli: vec![vec![light; 5]],
    };
    let neurons = vec![neuron(Vec::new(), 2.5), neuron(vec![(0, vec![1.5; 4])], 0.0)];
    let network = FittedNetwork { neurons, family: Family::Bernoulli, dead_bins: 1 };
    let light = [Stimulus::of_pulses("light", &onsets())];
    let mut stream = Stream::new(&StreamKey::new([3; 16]), 0);
    let events = simulate(&network, &light, STEPS, 0.5, &mut stream, &|| true).unwrap();
    events.into_iter().map(|event| (event.step as u32 + 1, event.neuron)).collect()
}

fn given() -> Vec<Given> {
    let (step, neuron): (Vec<u32>, Vec<u32>) = recorded().into_iter().unzip();
    let spikes = spikes::write(1.0, &["N"], vec![0; step.len()], neuron, step).unwrap();
    let t_stop_ms = f64::from(STEPS);
    let row = PopulationRow { population: "N".to_owned(), size: 2, t_start_ms: 0.0, t_stop_ms, rate_hz: 0.0 };
    let event = |t: u32| Event {
        onset_s: f64::from(t) * 1e-3,
        duration_s: Some(5e-3),
        kind: "stimulus".to_owned(),
        value: "light".to_owned(),
        channel: String::new(),
    };
    let events: Vec<Event> = onsets().into_iter().map(event).collect();
    vec![
        Given::whole("given.spikes", "spikes", spikes),
        Given::whole("given.populations", "populations", populations::write(&[row]).unwrap()),
        Given::whole("given.events", "events", events::write(&events).unwrap()),
    ]
}

fn stages(fit: Value, simulation: Value) -> Value {
    let mut stages = json!({
        "s": {"kind": "given.spikes"},
        "p": {"kind": "given.populations"},
        "e": {"kind": "given.events"},
        "f": {
            "kind": "pointprocess.fit",
            "inputs": {"spikes": "s", "populations": "p", "events": "e"},
            "coupling": {"basis": "identity", "window": "4 ms"},
            "history": {"basis": "identity", "window": "2 ms"},
            "stimulus": {"basis": "identity", "window": "5 ms"},
            "dead_steps": 1,
        },
        "g": {
            "kind": "pointprocess.simulate_fit",
            "inputs": {"coefficients": "f", "filters": "f.filters", "events": "e"},
            "duration": "60 s",
        },
    });
    for (stage, settings) in [("f", fit), ("g", simulation)] {
        settings.as_object().unwrap().iter().for_each(|(name, value)| stages[stage][name] = value.clone());
    }
    stages
}

fn of_neuron(spikes: &RecordBatch, number: u32) -> Vec<u32> {
    let (neuron, step) = spikes::of_population(spikes, "N").unwrap();
    neuron.into_iter().zip(step).filter(|(neuron, _)| *neuron == number).map(|(_, step)| step).collect()
}

#[test]
fn a_simulated_fit_fires_as_the_recording_and_follows_the_stimulus() {
    let ran = run_stages(&given(), &stages(json!({}), json!({})));
    assert!(ran.record.ok, "{}", ran.failures());
    let (before, after) = (ran.table("s", 0), ran.table("g", 0));
    for neuron in 0..2 {
        let (due, found) = (of_neuron(&before, neuron), of_neuron(&after, neuron));
        let allowed = 4.0 * (2.0 * due.len() as f64).sqrt();
        assert!((due.len() as f64 - found.len() as f64).abs() < allowed, "{} {}", due.len(), found.len());
        assert!(found.iter().all(|step| (1..=STEPS).contains(step)));
        assert!(found.windows(2).all(|pair| pair[1] - pair[0] > 1), "no bin after a spike has another");
    }
    // In the five bins of a stimulus the first neuron fires more than ten times as often.
    let lit = |spikes: &RecordBatch| of_neuron(spikes, 0).iter().filter(|step| (**step - 1) % 200 / 7 == 1).count();
    let (due, found) = (lit(&before) as f64, lit(&after) as f64);
    assert!((due - found).abs() < 4.0 * (2.0 * due).sqrt(), "{due} {found}");
    let population = ran.table("g", 1);
    assert_eq!((texts(&population, "population"), floats(&population, "t_stop_ms")), (vec!["N".to_owned()], vec![6e4]));
    let rate = after.num_rows() as f64 / 120.0;
    assert!((floats(&population, "rate_hz")[0] - rate).abs() < 1e-9);
    let again = run_with(&given(), &stages(json!({}), json!({})), 1);
    assert_eq!(again.table("g", 0), after);
}

#[test]
fn bad_durations_and_foreign_tables_are_refused() {
    for (settings, due) in [
        (json!({"duration": "0.5 ms"}), "duration: 0.5 ms: expected a whole number of bins of 1 ms"),
        (json!({"largest_mean": 0.0}), "largest_mean: 0 is not allowed"),
        (json!({"inputs": {"coefficients": "f.fit", "filters": "f.filters"}}), "expected the coefficients of a"),
        (
            json!({"events": ["x"], "inputs": {"coefficients": "f", "filters": "f.filters"}}),
            "events: connect the input `events`",
        ),
    ] {
        let found = problems(&given(), &stages(json!({}), settings.clone()));
        assert!(found.contains(due), "{settings}: {found}");
    }
    for (fit, simulation, due) in [
        (json!({"targets": ["N.1"]}), json!({}), "neuron `N.1` is not the next of its population"),
        (json!({"targets": ["N.0"]}), json!({}), "begins at `N.1`, which is neither a neuron that was fitted"),
        (
            json!({}),
            json!({"inputs": {"coefficients": "f", "filters": "f.filters"}}),
            "begins at `light`, which is neither a neuron that was fitted nor a stimulus",
        ),
        (json!({}), json!({"largest_mean": 0.001}), "the fitted model runs away"),
    ] {
        let ran = run_stages(&given(), &stages(fit, simulation));
        assert!(!ran.record.ok && ran.failures().contains(due), "{due}: {}", ran.failures());
    }
}
