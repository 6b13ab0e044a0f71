//! Theory beside simulation: rates of one network file by both, in one query.

use arrow::array::RecordBatch;
use serde_json::{Value, json};

use crate::support::{Lab, floats, texts};

/// Rates at each value of a parameter: the simulated ones are those of `duration` after 200 ms.
fn compared(network: &str, parameter: &str, values: &[&str], duration: &str) -> RecordBatch {
    let rows: Vec<Value> = values.iter().map(|value| json!({ parameter: value })).collect();
    compared_with(network, parameter, &rows, &json!({}), duration)
}

/// `spread` is set in the simulation alone.
fn compared_with(network: &str, parameter: &str, rows: &[Value], spread: &Value, duration: &str) -> RecordBatch {
    let query = format!(
        "SELECT points.\"{parameter}\", theory.population, theory.rate_hz AS theory_hz, rates.rate_hz AS simulation_hz \
         FROM theory JOIN rates USING (sample, population) JOIN points USING (sample) ORDER BY 1, 2"
    );
    let pipeline = json!({
        "lapicque": 1,
        "name": "theory-and-simulation",
        "seed": 1,
        "stages": {
            "points": {"kind": "parameters.list", "rows": rows},
            "theory": {"kind": "meanfield.working_point", "inputs": {"parameters": "points"}, "network": network},
            "spikes": {
                "kind": "simulate.spiking",
                "inputs": {"parameters": "points"},
                "network": network,
                "parameters": spread,
                "duration": duration,
                "transient": "200 ms",
                "keep": false,
            },
            "rates": {"kind": "features.spiking", "inputs": {"spikes": "spikes", "populations": "spikes.populations"}},
            "compared": {
                "kind": "sql",
                "inputs": {"theory": "theory", "rates": "rates", "points": "points"},
                "query": query,
            },
        },
    });
    let lab = Lab::new();
    lab.run(&pipeline).table("compared")
}

#[test]
fn the_network_of_hagen_fires_as_theory_says() {
    let table = compared("hagen", "J_ext", &["26 pA", "29.89 pA", "31.5 pA"], "2200 ms");
    assert_eq!(texts(&table, "population"), ["E", "I", "E", "I", "E", "I"]);
    let [theory, simulation] = ["theory_hz", "simulation_hz"].map(|name| floats(&table, name));
    for (theory, simulation) in theory.iter().zip(&simulation).take(2) {
        // Few spikes: single synaptic inputs matter, which the theory replaces by noise.
        assert!(*theory < *simulation && *simulation < 0.1, "{theory} and {simulation}");
    }
    for (theory, simulation) in theory.iter().zip(&simulation).skip(2) {
        assert!((theory / simulation - 1.0).abs() < 0.03, "{theory} and {simulation}");
    }
}

#[test]
fn the_network_of_brunel_fires_as_theory_says() {
    let table = compared("brunel", "nu_ext", &["9 Hz", "20 Hz"], "700 ms");
    let [theory, simulation] = ["theory_hz", "simulation_hz"].map(|name| floats(&table, name));
    assert_eq!(theory.len(), 4);
    // Near the onset of firing the spikes of the network are less like noise.
    for ((theory, simulation), within) in theory.iter().zip(&simulation).zip([0.15, 0.15, 0.03, 0.03]) {
        assert!((theory / simulation - 1.0).abs() < within, "{theory} and {simulation}");
    }
}

#[test]
fn the_microcircuit_fires_as_theory_says() {
    if std::env::var_os("LAPICQUE_LONG_TESTS").is_none() {
        eprintln!("skipped: 77 169 neurons with 3e8 synapses are simulated where LAPICQUE_LONG_TESTS is set");
        return;
    }
    // Weights and delays are drawn as in the publication; the theory has their means.
    let spread = json!({"w_sd": "10 %", "d_sd": "50 %"});
    let rows = [json!({"nu_ext": "8 Hz"})];
    let table = compared_with("potjans_diesmann", "nu_ext", &rows, &spread, "800 ms");
    let [theory, simulation] = ["theory_hz", "simulation_hz"].map(|name| floats(&table, name));
    assert_eq!(theory.len(), 8);
    for (theory, simulation) in theory.iter().zip(&simulation) {
        assert!((theory - simulation).abs() < 0.15 + 0.1 * theory, "{theory} and {simulation}");
    }
}
