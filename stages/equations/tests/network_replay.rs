//! A whole network with given connections and initial values, spike for spike as Brian2 2.9.0 runs it.
//!
//! The figures are in `tests/golden/equations/replay`: 500 neurons of Hodgkin and Huxley, 39 846 synapses, 200 ms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod specs;

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use specs::compare::{Tolerance, states};
use specs::table::Table;
use specs::{model, run};

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/equations").join(file)
}

#[test]
fn a_network_of_hodgkin_and_huxley_is_repeated() {
    let mut file: Json = serde_json::from_str(&std::fs::read_to_string(golden("models/cobahh.json")).unwrap()).unwrap();
    let targets = std::fs::read_to_string(golden("replay/cobahh_500.targets.txt")).unwrap();
    let rows: Vec<Vec<u64>> =
        targets.lines().map(|line| line.split(' ').map(|number| number.parse().unwrap()).collect()).collect();
    let (size, excitatory) = (500, 400);
    assert_eq!(rows.len(), size);
    file["neurons"]["G"]["size"] = json!(size);
    for (name, begin, end) in [("excitatory", 0, excitatory), ("inhibitory", excitatory, size)] {
        let described = &mut file["synapses"][name];
        described["source"] = json!(format!("G[{begin}:{end}]"));
        let rows = &rows[begin..end];
        let i: Vec<usize> = rows.iter().enumerate().flat_map(|(i, row)| std::iter::repeat_n(i, row.len())).collect();
        described["connect"] = json!([{ "i": i, "j": rows.concat() }]);
    }
    let initial = Table::read(&golden("replay/cobahh_500.initial.csv"));
    for (name, unit) in [("v", "volt"), ("ge", "siemens"), ("gi", "siemens")] {
        file["neurons"]["G"]["initial"][name] = json!({ "values": initial.column(name), "unit": unit });
    }
    file["monitors"]["state"] =
        json!({ "G": { "of": "G", "variables": ["v", "ge", "gi"], "record": [0, 1, 400], "every": "0.5*ms" } });
    file["duration"] = json!("200*ms");
    let recording = run(&model(file), 1).unwrap();

    let spikes = Table::read(&golden("replay/cobahh_500.spikes.csv"));
    let found: Vec<(u32, u64)> =
        recording.spikes[0].elements.iter().copied().zip(recording.spikes[0].steps.iter().copied()).collect();
    let expected: Vec<(u32, u64)> =
        spikes.column("i").iter().zip(spikes.column("step")).map(|(i, step)| (*i as u32, *step as u64)).collect();
    assert_eq!(expected.len(), 4120);
    assert_eq!(found, expected);
    // Spikes are steep: a voltage on one is less exact than elsewhere.
    let traces = Table::read(&golden("replay/cobahh_500.traces.csv"));
    let compared = states(&recording.states[0], &traces, Tolerance { relative: 1e-6, absolute: 0.0 });
    assert!(compared.unwrap() > 3000);
}
