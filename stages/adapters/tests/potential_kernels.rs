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
fn only_columns_that_name_a_value_are_read() {
    let stages = json!({
        "parameters": {"kind": "given.parameters"},
        "kernels": {"kind": "potential.kernels", "inputs": {"parameters": "parameters"}, "window": "5 ms"},
    });
    let (_, graph) = bind(&[parameters("J_ext", Some("pA"), &[26.0])], &stages).unwrap();
    let bound = graph.stages[1].bound();
    assert_eq!(bound.reads[0].columns, Some(Vec::new()));
    assert!(
        bound.accepts.iter().any(|a| a == "populations.I.rate") && bound.accepts.iter().any(|a| a == "weights.I.E")
    );
    assert!(bound.notes[0].contains("the same for all samples"));
    let (_, graph) = bind(&[parameters("conductivity", None, &[0.2])], &stages).unwrap();
    let bound = graph.stages[1].bound();
    assert_eq!(bound.reads[0].columns, Some(vec!["conductivity".to_owned()]));
    assert!(bound.notes[0].contains("taken in S/m"), "{:?}", bound.notes);
    let wrong = problems(&[parameters("conductivity", Some("mV"), &[0.2])], &stages);
    assert!(wrong.contains("column `conductivity`") && wrong.contains("voltage"), "{wrong}");
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
    assert!(ran.failures().contains("populations.E.rate_hz` is -1"), "{}", ran.failures());
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

#[test]
fn networks_of_files_give_sizes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    let hagen = lapicque_network::shipped("hagen").unwrap();
    let bound = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let stages = json!({"kernels": {"kind": "potential.kernels", "network": path}});
        bind(&[], &stages).map(|(_, graph)| graph.stages[0].bound().clone())
    };
    let of_hagen =
        bind(&[], &json!({"kernels": {"kind": "potential.kernels"}})).unwrap().1.stages[0].bound().config.clone();
    let same = bound(&hagen.replace("29.89 pA", "30 pA")).unwrap();
    assert_eq!((same.config, same.files.len()), (of_hagen, 0));
    let smaller = bound(&hagen.replace("size: 8192", "size: 4096")).unwrap();
    assert_eq!(smaller.config["populations.E.size"], 4096.0);
    let told = bound("network: 1\nname: one\npopulations:\n  X: {size: 10, model: iaf_psc_exp}\n").unwrap_err();
    assert!(
        told.contains("kernels.network") && told.contains("cells for E and I") && told.contains("populations X"),
        "{told}"
    );
    assert!(bound("network: 1\npopulation: {}\n").unwrap_err().contains("mine.yaml"));
}
