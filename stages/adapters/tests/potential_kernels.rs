//! `potential.kernels` against LFPykernels, and its messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::sync::Arc;

use arrow_array::{Float64Array, RecordBatch};
use arrow_schema::DataType;
use given::{Given, bind, problems, run_stages};
use lapicque_schemas::schema::{Column, TableSchema};
use lapicque_schemas::tables::kernels;
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/kernels/");

fn golden(case: &str) -> Vec<f64> {
    let bytes = std::fs::read(format!("{GOLDEN}{case}.f64le")).unwrap();
    bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

fn kernels_of(mut config: Value) -> Vec<kernels::KernelRow> {
    config["kind"] = json!("potential.kernels");
    kernels::read(&run_stages(&[], &json!({"kernels": config})).result()).unwrap()
}

fn parameters(column: &str, unit: Option<&str>, values: &[f64]) -> Given {
    let column = Column::new(column, DataType::Float64, "swept");
    let column = unit.map_or(column.clone(), |unit| column.unit(unit));
    let schema = TableSchema::new("parameters", &[], [column]);
    let rows = values
        .iter()
        .map(|&v| RecordBatch::try_new(schema.arrow.clone(), vec![Arc::new(Float64Array::from(vec![v]))]).unwrap());
    Given::samples("given.parameters", "parameters", rows.collect())
}

#[test]
fn the_reference_network_gives_the_kernels_of_the_peer() {
    let rows = kernels_of(json!({"compat": "lfpykernels", "probes": ["dipole_z"]}));
    let reference = golden("A_default_ihlin");
    let pairs: Vec<(&str, &str)> = rows.iter().map(|r| (r.pre.as_str(), r.post.as_str())).collect();
    assert_eq!(pairs, [("E", "E"), ("E", "I"), ("I", "E"), ("I", "I")]);
    for (row, reference) in rows.iter().zip(reference.chunks(1601)) {
        assert_eq!((row.channel.as_str(), row.probe.as_str(), row.unit.as_str()), ("dipole_z", "dipole_z", "nA um"));
        assert_eq!((row.contact_z_um, row.t0_ms, row.dt_ms, row.values.len()), (None, 0.0, 0.0625, 1601));
        let largest = reference.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
        assert!(row.values.iter().zip(reference).all(|(a, b)| (a - b).abs() < 1e-9 * largest));
    }
}

#[test]
fn all_fields_of_a_configuration_act() {
    let base = json!({"window": "5 ms", "contacts": ["100 um"]});
    let reference = kernels_of(base.clone());
    assert_eq!(reference.len(), 8);
    for (field, value) in [
        ("populations", json!({"E": {"rate": "9.2 Hz"}})),
        ("populations", json!({"I": {"resting_potential": "-57.1 mV"}})),
        ("populations", json!({"I": {"external_synapses": 210}})),
        ("weights", json!({"E": {"I": "0.09 nS"}})),
        ("membrane", json!("frozen")),
        ("membrane", json!("passive")),
        ("effective_leak", json!(false)),
        ("soma_depth", json!({"sd": "80 um"})),
        ("soma_depth", json!({"radius": "0.2 mm"})),
        ("conductivity", json!("0.4 S/m")),
        ("compat", json!("lfpykernels")),
    ] {
        let mut config = base.clone();
        config[field] = value.clone();
        assert_ne!(kernels_of(config), reference, "{field}: {value}");
    }
    let twice = kernels_of(json!({"window": "5 ms", "contacts": ["100 um"], "conductivity": "0.6 S/m"}));
    let (half, whole) = (&twice[1].values[60], &reference[1].values[60]);
    assert!((half * 2.0 - whole).abs() <= 1e-12 * whole.abs());
    assert_eq!((reference[1].channel.as_str(), reference[1].contact_z_um), ("lfp_100um", Some(100.0)));
}

#[test]
fn what_is_written_out_and_equal_to_the_default_has_the_key_of_the_default() {
    let canonical = |mut config: Value| {
        config["kind"] = json!("potential.kernels");
        bind(&[], &json!({"kernels": config})).unwrap().1.stages[0].bound().config.clone()
    };
    let written = json!({
        "network": "hagen", "populations": {"E": {"rate": "0.006 kHz", "resting_potential": "-65 mV"}},
        "weights": {"E": {"E": "0.15 nS"}}, "membrane": "ih_linearized", "dt": "0.0625 ms", "conductivity": "0.3 S/m",
    });
    assert_eq!(canonical(written), canonical(json!({})));
    let other = canonical(json!({"populations": {"E": {"rate": "9.2 Hz"}}}));
    assert_eq!(other["populations.E.rate"], "9.2 Hz");
}

#[test]
fn columns_of_parameters_set_values_per_sample() {
    let stages = json!({
        "parameters": {"kind": "given.parameters"},
        "kernels": {"kind": "potential.kernels", "inputs": {"parameters": "parameters"}, "window": "5 ms", "probes": ["dipole_z"]},
    });
    let swept = parameters("weights.E.I", Some("nS"), &[0.125, 0.25]);
    let rows = kernels::read(&run_stages(&[swept], &stages).result()).unwrap();
    assert_eq!(rows.len(), 8);
    let same = kernels_of(json!({"window": "5 ms", "probes": ["dipole_z"]}));
    assert_eq!(rows[1], same[1]);
    // The weight scales its own kernel, and loads the cells of I through the effective leak.
    let (one, two) = (&rows[1].values, &rows[5].values);
    let ratio = two[40] / one[40];
    assert!(ratio > 1.5 && ratio < 2.0, "{ratio}");
    assert_eq!(rows[0], rows[4]);
}

#[test]
fn only_columns_that_change_kernels_are_read() {
    let stages = json!({
        "parameters": {"kind": "given.parameters"},
        "kernels": {"kind": "potential.kernels", "inputs": {"parameters": "parameters"}, "window": "5 ms"},
    });
    let bound = |column: &str, unit: Option<&str>, value: f64| {
        bind(&[parameters(column, unit, &[value])], &stages).map(|(_, graph)| graph.stages[1].bound().clone())
    };
    let idle = bound("populations.E.V_th", Some("mV"), -50.0).unwrap();
    assert_eq!(idle.reads[0].columns, Some(Vec::new()));
    assert!(idle.accepts.iter().any(|a| a == "populations.I.rate") && idle.accepts.iter().any(|a| a == "weights.I.E"));
    assert!(idle.accepts.iter().any(|a| a == "J_EI"));
    assert!(idle.notes[0].contains("`populations.E.V_th` has no part in the kernels"), "{:?}", idle.notes);
    assert!(idle.notes[1].contains("the same for all samples"), "{:?}", idle.notes);
    for (column, unit) in [("J_ext", "pA"), ("J_EI", "pA"), ("connections.E_to_E.delay", "ms"), ("tau_syn_I", "ms")] {
        let read = bound(column, Some(unit), 3.0).unwrap();
        assert_eq!(read.reads[0].columns, Some(vec![column.to_owned()]));
        assert!(read.notes.is_empty(), "{:?}", read.notes);
    }
    let bare = bound("conductivity", None, 0.2).unwrap();
    assert_eq!(bare.reads[0].columns, Some(vec!["conductivity".to_owned()]));
    assert!(bare.notes[0].contains("taken to be in S/m"), "{:?}", bare.notes);
    let wrong = problems(&[parameters("conductivity", Some("mV"), &[0.2])], &stages);
    assert!(wrong.contains("column `conductivity`") && wrong.contains("voltage"), "{wrong}");
    // A weight of the network that a conductance replaces.
    let mut given = stages.clone();
    given["kernels"]["weights"] = json!({"E": {"I": "0.1 nS"}});
    let (_, graph) = bind(&[parameters("J_EI", Some("pA"), &[3.0])], &given).unwrap();
    assert_eq!(graph.stages[1].bound().reads[0].columns, Some(Vec::new()));
}

/// A sample with the values of a network has the kernels of that network.
#[test]
fn columns_of_the_network_set_kernels_per_sample() {
    let stages = json!({
        "parameters": {"kind": "given.parameters"},
        "kernels": {"kind": "potential.kernels", "inputs": {"parameters": "parameters"}, "window": "20 ms", "probes": ["dipole_z"]},
    });
    for (column, unit, value, text) in [
        ("J_EI", "nA", 4e-3, "4 pA"),
        ("J_ext", "pA", 60.0, "60 pA"),
        ("connections.I_to_E.delay", "ms", 3.0, "3 ms"),
        ("connections.E_to_E.rule.probability", "1", 0.1, "0.1"),
    ] {
        let swept = parameters(column, Some(unit), &[value]);
        let rows = kernels::read(&run_stages(&[swept], &stages).result()).unwrap();
        let value = if unit == "1" { json!(value) } else { json!(text) };
        let fixed = kernels_of(json!({"window": "20 ms", "probes": ["dipole_z"], "parameters": {column: value}}));
        assert_eq!(rows, fixed, "{column}");
        assert_ne!(fixed, kernels_of(json!({"window": "20 ms", "probes": ["dipole_z"]})), "{column}");
    }
}

/// The key of a sweep holds what columns do not show.
#[test]
fn what_is_swept_around_is_in_the_key() {
    let config = |more: Value| {
        let mut kernels = json!({"kind": "potential.kernels", "inputs": {"parameters": "parameters"}});
        kernels.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let stages = json!({"parameters": {"kind": "given.parameters"}, "kernels": kernels});
        let column = parameters("J_EI", Some("pA"), &[3.0]);
        bind(&[column], &stages).unwrap().1.stages[1].bound().config.clone()
    };
    let all = [
        json!({}),
        json!({"parameters": {"J_EE": "2 pA"}}),
        json!({"populations": {"E": {"rate": "9 Hz"}}}),
        json!({"populations": {"E": {"resting_potential": "-60 mV"}}}),
        json!({"weights": {"E": {"E": "0.2 nS"}}}),
        json!({"weights": {"E": {"E": "0.15 nS"}}}),
        json!({"membrane": "passive"}),
        json!({"window": "5 ms"}),
    ];
    let keys: Vec<Value> = all.iter().map(|more| config(more.clone())).collect();
    for (i, key) in keys.iter().enumerate() {
        assert!(!keys[..i].contains(key), "{}", all[i]);
    }
}

#[test]
fn values_out_of_range_fail_their_sample_alone() {
    let stages = json!({
        "parameters": {"kind": "given.parameters"},
        "kernels": {"kind": "potential.kernels", "inputs": {"parameters": "parameters"}, "window": "5 ms", "probes": ["dipole_z"]},
    });
    let ran = run_stages(&[parameters("populations.E.rate", Some("Hz"), &[6.0, -1.0, f64::NAN])], &stages);
    assert!(!ran.record.ok);
    assert_eq!(ran.record.stages[1].failed, 2);
    assert_eq!(ran.table("kernels", 0).num_rows(), 4);
    assert!(
        ran.failures().contains("`populations.E.rate` = -1 Hz is not allowed; it must be 0 or greater"),
        "{}",
        ran.failures()
    );
}

/// What only the whole model shows fails before anything runs, where no column may mend it.
#[test]
fn a_model_that_cannot_be_is_refused() {
    let told = |config: Value| problems(&[], &json!({"kernels": config}));
    let zero = json!({"kind": "potential.kernels", "parameters": {"connections.E_to_E.rule.probability": 1.5}});
    assert!(told(zero).contains("connections.E_to_E.rule.probability"));
    let folder = tempfile::tempdir().unwrap();
    let swept = |column: &str, value: f64| {
        let path = folder.path().join("mine.yaml");
        std::fs::write(&path, OWN).unwrap();
        let stages = json!({
            "parameters": {"kind": "given.parameters"},
            "kernels": {"kind": "potential.kernels", "network": path, "inputs": {"parameters": "parameters"}},
        });
        problems(&[parameters(column, Some("1"), &[value])], &stages)
    };
    // I has no drive to count the synapses of.
    let none = swept("populations.I.external_synapses", 10.0);
    assert!(
        none.contains("kernels.inputs.parameters: `populations.I.external_synapses`: the network must have"),
        "{none}"
    );
}

#[test]
fn two_ways_to_one_value_are_refused() {
    let stages = json!({
        "parameters": {"kind": "given.parameters"},
        "kernels": {"kind": "potential.kernels", "inputs": {"parameters": "parameters"}, "parameters": {"J_EI": "3 pA"}},
    });
    let told = problems(&[parameters("connections.E_to_I.weight", Some("pA"), &[3.0])], &stages);
    assert!(told.contains("both set `connections.E_to_I.weight`"), "{told}");
}

#[test]
fn all_problems_are_told_at_once() {
    let stages = json!({"kernels": {
        "kind": "potential.kernels", "populations": {"E": {"rate": "-1 Hz"}, "X": {"rate": "1 Hz"}}, "weights": {"E": {"I": "-1 uS"}},
        "conductivity": "0 S/m", "window": "1.03 ms", "probes": ["lfp", "lfp"], "contacts": ["1 mm", "1000 um"],
    }});
    let text = problems(&[], &stages);
    for field in
        ["populations.E.rate", "populations.X", "weights.E.I", "conductivity", "window", "probes.1", "contacts.1"]
    {
        assert!(text.contains(&format!("kernels.{field}")), "{field}: {text}");
    }
    let told = |config: Value| problems(&[], &json!({"kernels": config}));
    assert!(told(json!({"kind": "potential.kernels", "dt": "0.1"})).contains("dt"));
    assert!(told(json!({"kind": "potential.kernels", "membrain": "passive"})).contains("did you mean `membrane`?"));
    let unknown = told(json!({"kind": "potential.kernels", "network": "hagn.yaml"}));
    assert!(unknown.contains("hagn.yaml") && unknown.contains("hagen"), "{unknown}");
}

fn bound_of(folder: &std::path::Path, text: &str, more: &Value) -> Result<lapicque_pipeline::Bound, String> {
    let path = folder.join("mine.yaml");
    std::fs::write(&path, text).unwrap();
    let mut kernels = json!({"kind": "potential.kernels", "network": path});
    kernels.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bind(&[], &json!({"kernels": kernels})).map(|(_, graph)| graph.stages[0].bound().clone())
}

#[test]
fn a_copy_of_the_reference_is_the_reference_and_what_differs_shows() {
    let folder = tempfile::tempdir().unwrap();
    let hagen = lapicque_network::shipped("hagen").unwrap();
    let bound = |text: &str| bound_of(folder.path(), text, &json!({}));
    let of_hagen = bind(&[], &json!({"kernels": {"kind": "potential.kernels"}})).unwrap().1.stages[0].bound().clone();
    assert!(of_hagen.notes.is_empty(), "{:?}", of_hagen.notes);
    let same = bound(&hagen.replace("name: hagen", "name: mine")).unwrap();
    assert_eq!((same.config, same.files.len()), (of_hagen.config.clone(), 0));
    assert!(same.notes.is_empty(), "{:?}", same.notes);
    for (from, to, path, value) in [
        ("size: 8192", "size: 4096", "populations.E.size", json!(4096)),
        ("default: 1.589 pA", "default: 3.178 pA", "weights.E.E", json!("0.0003 uS")),
        ("default: -8.441 pA", "default: -16.882 pA", "weights.I.I", json!("0.004 uS")),
        (
            "I_to_I:\n    pre: I\n    post: I\n    rule: {probability: 0.2}",
            "I_to_I:\n    pre: I\n    post: I\n    rule: {probability: 0.4}",
            "connections.I->I.probability",
            json!(0.1),
        ),
    ] {
        assert!(hagen.contains(from), "{from}");
        let changed = bound(&hagen.replace(from, to)).unwrap();
        assert_eq!(changed.config[path], value, "{:?}", changed.config);
        let differ: Vec<_> = changed.config.as_object().unwrap().keys().filter(|key| *key != "probes").collect();
        assert_eq!(differ, [path]);
        let told = changed.notes.iter().any(|note| note.contains("`fitted_to: hagen2022`"));
        assert_eq!(told, path != "populations.E.size", "{:?}", changed.notes);
    }
    let later = bound(&hagen.replace("mean: 2.520 ms", "mean: 3.520 ms")).unwrap();
    assert_eq!(later.config["connections.E->E.delay"]["mean"], "2.5 ms");
    let driven = bound(&hagen.replace("default: 40 Hz", "default: 20 Hz")).unwrap();
    assert_eq!(driven.config["populations.E.external"][0]["rate"], "20 Hz");
    let idle = bound(&hagen.replace("V_th: -55 mV", "V_th: -50 mV")).unwrap();
    assert_eq!(idle.config, of_hagen.config);
    assert_eq!(
        idle.notes,
        [
            "`populations.E.V_th`, `populations.I.V_th` of the network have no part in kernels: the cells have membranes of their own"
        ]
    );
}

const OWN: &str = "
network: 1
name: own
populations:
  E: {size: 1000, model: iaf_psc_exp, drive: {kind: poisson, rate: 8 Hz, synapses: 100, weight: 20 pA}}
  I: {size: 250, model: iaf_psc_exp}
connections:
  E_to_E: {pre: E, post: E, rule: {probability: 0.1}, weight: 10 pA, delay: 1.52 ms}
  I_to_E: {pre: I, post: E, rule: {in_degree: 50}, weight: -60 pA, delay: {normal: {mean: 1 ms, sd: 0.2 ms, min: 0.1 ms}}}
";

#[test]
fn another_network_is_taken_as_it_is_written_and_notes_say_what_is_not_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let bound = bound_of(folder.path(), OWN, &json!({"populations": {"E": {"rate": "5 Hz"}}})).unwrap();
    assert_eq!(bound.config["connections.E->E.probability"], 0.1);
    assert_eq!(bound.config["connections.I->E.probability"], 0.2);
    assert_eq!(bound.config["connections.E->E.delay"]["mean"], "1.52 ms");
    assert_eq!(bound.config["connections"], json!(["E->E", "I->E"]));
    assert_eq!(bound.config["populations.I.external"], json!([]));
    let notes = bound.notes.join("\n");
    for expected in [
        "of Hagen et al. (2022), as a network of point neurons has none: cells and their channels, places of synapses, contacts per connection (E->E 2, I->E 5)",
        "as the configuration gives none: `populations.E.resting_potential: -65 mV`, `populations.I.rate: 9 Hz`, `populations.I.resting_potential: -65 mV`",
        "weights become peak conductances of a contact by the charge that a connection carries at rest: E->E 10 pA -> 6.4",
        "constant currents and delays of drives have no part in kernels",
        "`connections.E_to_E.delay`: 1.52 ms is no whole number of steps of 0.0625 ms and becomes 1.5 ms (24 steps)",
    ] {
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
    assert!(!notes.contains("`populations.E.rate: "), "{notes}");
    let given = json!({"weights": {"E": {"E": "0.1 nS"}, "I": {"E": "1 nS"}}});
    let notes = bound_of(folder.path(), OWN, &given).unwrap().notes.join("\n");
    assert!(!notes.contains("weights become"), "{notes}");
    for (text, more, expected) in [
        (
            OWN.replace("weight: 10 pA", "weight: -10 pA"),
            json!({}),
            "kernels.network: `connections.E_to_E.weight`: its mean has the wrong sign",
        ),
        (OWN.replace("  I: {", "  X: {").replace("pre: I", "pre: X"), json!({}), "cells for E and I"),
        (
            OWN.to_owned(),
            json!({"weights": {"E": {"I": "1 nS"}}}),
            "kernels.weights.E.I: `weights.E.I`: the network has no connection",
        ),
        (
            OWN.to_owned(),
            json!({"populations": {"I": {"external_synapses": 10}}}),
            "kernels.populations.I.external_synapses",
        ),
        (
            OWN.to_owned(),
            json!({"parameters": {"connections.E_to_E.wight": "1 pA"}}),
            "did you mean `connections.E_to_E.weight`?",
        ),
        ("network: 1\npopulation: {}\n".to_owned(), json!({}), "mine.yaml"),
    ] {
        let told = bound_of(folder.path(), &text, &more).unwrap_err();
        assert!(told.contains(expected), "{expected}: {told}");
    }
}
