//! Well-known models of single neurons: the twenty patterns of Izhikevich (2004), the patterns of the adaptive exponential
//! model of Naud et al. (2008), and both classes of Morris & Lecar (1981).
//!
//! Models are in `tests/golden/equations/models`, spikes of other programs in `pattern_spikes.json`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use lapicque_equations::network::description::Model;
use lapicque_equations::network::{EventRecord, Options, Recording, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::Value as Json;

fn golden(file: &str) -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/equations").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn recorded(file: &str) -> Recording {
    let model: Model = serde_json::from_value(golden(file)).unwrap();
    let key = StreamKey::new([1; 16]);
    simulate(&model, None, &Options::default(), &key, &|| false, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"))
}

fn steps(values: &Json) -> Vec<u64> {
    values.as_array().unwrap().iter().map(|step| step.as_u64().unwrap()).collect()
}

/// Times of the spikes of one element, in ms.
fn times(spikes: &EventRecord, element: u32) -> Vec<f64> {
    let own = spikes.elements.iter().zip(&spikes.times).filter(|&(&of, _)| of == element);
    own.map(|(_, time)| time * 1e3).collect()
}

fn intervals(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|two| two[1] - two[0]).collect()
}

#[test]
fn izhikevich_has_twenty_patterns() {
    let recording = recorded("models/izhikevich_patterns.json");
    let expected = golden("pattern_spikes.json")["izhikevich"].clone();
    assert_eq!(recording.spikes.len(), 20);
    let mut patterns = std::collections::BTreeMap::new();
    for spikes in &recording.spikes {
        let expected = &expected[&spikes.name];
        assert_eq!(spikes.dt, expected["dt_ms"].as_f64().unwrap() * 1e-3, "{}", spikes.name);
        let until = expected["until_ms"].as_f64().unwrap();
        let within = spikes.times.iter().filter(|&&time| time * 1e3 < until).count();
        assert_eq!(spikes.steps[..within], steps(&expected["steps"]), "{}", spikes.name);
        patterns.insert(spikes.name.as_str(), times(spikes, 0)[..within].to_vec());
    }
    // What their names say.
    for once in ["phasic_spiking", "spike_latency", "rebound_spike", "threshold_variability"] {
        assert_eq!(patterns[once].len(), 1, "{once}");
    }
    let grow = |name: &str, factor: f64| {
        let intervals = intervals(&patterns[name]);
        assert!(intervals.last().unwrap() > &(factor * intervals[0]), "{name}: {intervals:?}");
    };
    grow("frequency_adaptation", 5.0);
    grow("mixed_mode", 5.0);
    assert!(patterns["resonator"][0] > 320.0, "it fires for two pulses at its own period alone");
    assert!(patterns["integrator"].iter().all(|&time| time < 70.0), "it fires for two pulses that are close");
    assert!(patterns["rebound_burst"][0] > 25.0 && patterns["rebound_burst"].len() > 4);
    assert!(patterns["bistability"].iter().all(|&time| time < 216.0), "the second pulse ends it");
    assert!(patterns["accommodation"].iter().all(|&time| time > 312.5), "a slow ramp has no spike");
    for inhibited in ["inhibition_induced_spiking", "inhibition_induced_bursting"] {
        assert!(patterns[inhibited].iter().all(|time| (50.0..260.0).contains(time)), "{inhibited}");
    }
    let longest = intervals(&patterns["tonic_bursting"]).into_iter().fold(0.0, f64::max);
    assert!(longest > 10.0 * intervals(&patterns["tonic_bursting"])[0]);
}

#[test]
fn the_adaptive_exponential_model_has_its_patterns() {
    let recording = recorded("models/adex_patterns.json");
    let expected = golden("pattern_spikes.json")["adex"].clone();
    let names = [
        "tonic spiking",
        "adaptation",
        "initial burst",
        "regular bursting",
        "delayed accelerating",
        "delayed regular bursting",
        "transient spiking",
        "irregular spiking",
    ];
    let spikes = &recording.spikes[0];
    let mut all = Vec::new();
    for (element, name) in (0..).zip(names) {
        let of = spikes.elements.iter().zip(&spikes.steps).filter(|&(&of, _)| of == element);
        let found: Vec<u64> = of.map(|(_, &step)| step).collect();
        let expected = steps(&expected[name]);
        if name == "irregular spiking" {
            // They are chaotic: the last bit of an exponential makes another pattern in the end.
            assert_eq!(found[..8], expected[..8], "{name}");
        } else {
            assert_eq!(found, expected, "{name}");
        }
        all.push(intervals(&times(spikes, element)));
    }
    let ratio = |of: &[f64]| of.last().unwrap() / of[0];
    assert!((1.0..1.1).contains(&ratio(&all[0])), "tonic");
    assert!(ratio(&all[1]) > 5.0, "adaptation");
    assert!(all[2][0] < 8.0 && all[2][2..].iter().all(|&interval| interval > 50.0), "initial burst");
    let bursts = |of: &[f64], long: f64| of.iter().filter(|&&interval| interval > long).count();
    assert!(bursts(&all[3], 100.0) >= 3 && all[3].iter().any(|&interval| interval < 6.0), "bursting");
    assert!(all[4].windows(2).all(|two| two[1] < two[0] + 0.02), "accelerating");
    assert!(bursts(&all[5], 50.0) >= 5, "delayed bursting");
    assert!(all[6].is_empty() && times(spikes, 6).len() == 1, "transient");
    let irregular = &all[7];
    let mean = irregular.iter().sum::<f64>() / irregular.len() as f64;
    let variance = irregular.iter().map(|interval| (interval - mean).powi(2)).sum::<f64>() / irregular.len() as f64;
    assert!(variance.sqrt() / mean > 0.4, "irregular");
}

/// Rinzel & Ermentrout (1998): with a saddle-node on a circle the rate begins at 0, near 40 uA/cm2; with a Hopf
/// bifurcation it begins above 10 Hz, near 94 uA/cm2. Numbers of spikes in 2 s and last intervals (in ms) are those of a
/// classical Runge-Kutta method of another program.
#[test]
fn morris_lecar_has_two_classes() {
    let recording = recorded("models/morris_lecar.json");
    let expected: [(usize, Option<f64>); 10] = [
        (0, None),
        (0, None),
        (10, Some(195.85)),
        (20, Some(99.3)),
        (34, Some(58.65)),
        (0, None),
        (1, None),
        (22, Some(91.15)),
        (25, Some(81.2)),
        (28, Some(73.5)),
    ];
    for (element, (count, last)) in (0..).zip(expected) {
        let times = times(&recording.spikes[0], element);
        assert_eq!(times.len(), count, "{element}");
        let found = intervals(&times).pop();
        assert!(found.zip(last).is_none_or(|(found, last)| (found - last).abs() < 0.051), "{element}: {found:?}");
        assert_eq!(found.is_some(), last.is_some(), "{element}");
    }
}
