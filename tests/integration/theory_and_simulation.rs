//! Theory beside simulation: rates of one network file by both, in one query.

use serde_json::{Value, json};

use crate::support::{Lab, Ran, floats, texts};

/// `rows` are points of parameters; rates are those of `duration` after 200 ms.
fn compared(network: &str, rows: &Value, duration: &str) -> Ran {
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
                "duration": duration,
                "transient": "200 ms",
                "keep": false,
            },
            "rates": {"kind": "features.spiking", "inputs": {"spikes": "spikes", "populations": "spikes.populations"}},
            "compared": {
                "kind": "sql",
                "inputs": {"theory": "theory", "rates": "rates", "points": "points"},
                "query": "SELECT points.*, theory.population, theory.rate_hz AS theory_hz, rates.rate_hz AS simulation_hz \
                          FROM theory JOIN rates USING (sample, population) JOIN points USING (sample) \
                          ORDER BY points.sample, theory.population",
            },
        },
    });
    Lab::new().run(&pipeline)
}

#[test]
fn the_network_of_hagen_fires_as_theory_says() {
    let rows = json!([{"J_ext": "26 pA"}, {"J_ext": "29.89 pA"}, {"J_ext": "31.5 pA"}]);
    let table = compared("hagen", &rows, "2200 ms").table("compared");
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
    let rows = json!([{"nu_ext": "9 Hz"}, {"nu_ext": "20 Hz"}]);
    let table = compared("brunel", &rows, "700 ms").table("compared");
    let [theory, simulation] = ["theory_hz", "simulation_hz"].map(|name| floats(&table, name));
    assert_eq!(theory.len(), 4);
    println!("{theory:?} {simulation:?}");
    for (theory, simulation) in theory.iter().zip(&simulation) {
        assert!((theory / simulation - 1.0).abs() < 0.1, "{theory} and {simulation}");
    }
}
