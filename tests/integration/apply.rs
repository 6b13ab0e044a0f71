//! `lapicque apply`: one stage on files, for every kind of the contract; rows keep their order and names.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, ListArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use serde_json::{Value, json};

use crate::support::{Lab, lapicque};

/// Applies a kind and reads what comes out.
fn apply(lab: &Lab, arguments: &[&str]) -> Vec<Value> {
    lapicque(lab.folder(), &[["apply"].as_slice(), arguments, &["-o", "out.json"]].concat()).ok();
    let text = std::fs::read_to_string(lab.folder().join("out.json")).unwrap();
    serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone()
}

fn applied_to(lab: &Lab, out: &str, arguments: &[&str]) {
    lapicque(lab.folder(), &[["apply"].as_slice(), arguments, &["-o", out]].concat()).ok();
}

fn columns(rows: &[Value]) -> Vec<&str> {
    rows[0].as_object().unwrap().keys().map(String::as_str).collect()
}

fn column<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    rows.iter().map(|row| &row[name]).collect()
}

/// Whole numbers, in an order of their own for each signal.
fn wave(number: usize, length: usize) -> Vec<f64> {
    (0..length).map(|i| ((i * i * 7 + i * (number + 1) * 13) % 101) as f64 / 8.0).collect()
}

fn signals(lab: &Lab, name: &str, with_names: bool) {
    let waves: Vec<Vec<f64>> = (0..4).map(|number| wave(number, 300)).collect();
    let values = ListArray::new(
        Arc::new(Field::new("item", DataType::Float64, true)),
        OffsetBuffer::from_lengths(waves.iter().map(Vec::len)),
        Arc::new(Float64Array::from(waves.concat())),
        None,
    );
    let mut table: Vec<(&str, ArrayRef)> =
        vec![("values", Arc::new(values)), ("dt", Arc::new(Float64Array::from(vec![4.0; 4])))];
    if with_names {
        table.push(("sample", Arc::new(StringArray::from(vec!["z", "z", "a", "m"]))));
        table.push(("channel", Arc::new(StringArray::from(vec!["Pz", "Cz", "Pz", "Pz"]))));
        table.push(("epoch", Arc::new(Int32Array::from(vec![5, 5, 2, 0]))));
        table.push(("mood", Arc::new(StringArray::from(vec!["good"; 4]))));
    }
    let mut file = Vec::new();
    lapicque_store::write_table(&RecordBatch::try_from_iter(table).unwrap(), &[], &mut file).unwrap();
    lab.write(name, file);
}

#[test]
fn signals_keep_their_order_and_names() {
    let lab = Lab::new();
    signals(&lab, "named.parquet", true);
    let rows = apply(&lab, &["features.catch22", "named.parquet"]);
    assert_eq!(column(&rows, "sample"), ["z", "z", "a", "m"]);
    assert_eq!(column(&rows, "channel"), ["Pz", "Cz", "Pz", "Pz"]);
    assert_eq!(column(&rows, "epoch"), [5, 5, 2, 0]);
    let names = columns(&rows);
    assert_eq!(names[..5], ["sample", "channel", "epoch", "mode_5", "mode_10"]);
    assert_eq!(names.len(), 27);
    assert_eq!(names[25..], ["mean", "std"]);
    assert_eq!(rows[1]["mean"].as_f64().unwrap(), wave(1, 300).iter().sum::<f64>() / 300.0);
    let told = lapicque(lab.folder(), &["apply", "features.catch22", "named.parquet", "-o", "out.csv"]).ok();
    assert!(told.says("mood"), "what is not read is told: {}", told.stderr);

    signals(&lab, "bare.parquet", false);
    let bare = apply(&lab, &["features.catch22", "bare.parquet"]);
    assert_eq!(column(&bare, "sample"), ["0", "1", "2", "3"]);
    assert_eq!(column(&bare, "channel"), ["0"; 4]);
    assert_eq!(column(&bare, "dfa"), column(&rows, "dfa"));
    let published = apply(
        &lab,
        &["features.catch22", "bare.parquet", "--set", "definitions=v0", "--set", "location_and_spread=false"],
    );
    assert_eq!(columns(&published)[3..], names[3..25], "short names, also of the older definitions");
}

#[test]
fn signals_come_in_four_formats() {
    let lab = Lab::new();
    let values = wave(0, 250);
    let csv: String = values.iter().enumerate().map(|(i, v)| format!("{},{v},{}\n", i as f64 * 0.004, -v)).collect();
    lab.write("r.csv", format!("time_s,Cz,Pz\n{csv}"));
    let npy = |shape: &str, values: &[f64]| {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        let bytes = values.iter().flat_map(|v| v.to_le_bytes());
        [b"\x93NUMPY\x01\x00\x76\x00".as_slice(), format!("{header:<117}\n").as_bytes(), &bytes.collect::<Vec<_>>()]
            .concat()
    };
    lab.write("r.npy", npy("(250,)", &values));
    lab.write("two.npy", npy("(2, 250)", &[values.clone(), values.iter().map(|v| -v).collect()].concat()));
    let from_csv = apply(&lab, &["features.catch22", "r.csv"]);
    assert_eq!(column(&from_csv, "channel"), ["Cz", "Pz"]);
    let rate = ["--set", "sampling_rate=250 Hz"];
    let from_npy = apply(&lab, &[["features.catch22", "r.npy"].as_slice(), &rate].concat());
    assert_eq!((from_npy.len(), &from_npy[0]["channel"], &from_npy[0]["dfa"]), (1, &json!("0"), &from_csv[0]["dfa"]));
    let both = apply(&lab, &[["features.catch22", "two.npy"].as_slice(), &rate].concat());
    assert_eq!(column(&both, "mean"), column(&from_csv, "mean"));

    lab.write("r.edf", include_bytes!("../golden/recordings/human_m1_lfp_1s.edf"));
    let epochs = apply(&lab, &["signal.epochs", "r.edf", "--set", "length=250 ms", "--set", "zscore=true"]);
    assert_eq!(columns(&epochs), ["sample", "channel", "epoch", "t0", "dt", "unit", "values"]);
    assert_eq!(column(&epochs, "epoch"), [0, 1, 2, 3]);
    assert_eq!(column(&epochs, "t0"), [0.0, 250.0, 500.0, 750.0]);
    let slower = apply(&lab, &["signal.resample", "r.edf", "--set", "rate=250 Hz"]);
    assert_eq!((&slower[0]["dt"], slower[0]["values"].as_array().unwrap().len()), (&json!(4.0), 250));
    let fewer = apply(&lab, &["signal.decimate", "r.edf", "--set", "factor=5"]);
    assert_eq!((&fewer[0]["dt"], fewer[0]["values"].as_array().unwrap().len()), (&json!(5.0), 200));
}

#[test]
fn from_points_to_predictions_file_by_file() {
    let lab = Lab::new();
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    lab.write("points.csv", "sample,J_ext,seed\np3,33,1\np1,31,1\np2,32,1\np4,34,1\n");
    let simulate =
        ["simulate.spiking", "parameters=points.csv", "--set", "network=tiny.yaml", "--set", "duration=250 ms"];
    let spikes = apply(&lab, &simulate);
    assert_eq!(columns(&spikes), ["sample", "population", "neuron", "step"]);
    assert_eq!(spikes[0]["sample"], "p3", "samples come in the order of the file");
    applied_to(&lab, "spikes.parquet", &simulate);
    applied_to(&lab, "populations.parquet", &[simulate.as_slice(), &["--output", "populations"]].concat());
    assert_eq!(apply(&lab, &[simulate.as_slice(), &["--jobs", "1"]].concat()), spikes, "threads say nothing");
    assert_ne!(apply(&lab, &[simulate.as_slice(), &["--seed", "9"]].concat()), spikes, "the seed does");

    let rates = apply(&lab, &["features.spiking", "spikes=spikes.parquet", "populations=populations.parquet"]);
    assert_eq!(columns(&rates)[..5], ["sample", "population", "rate_hz", "rate_sd_hz", "isi_cv"]);
    assert!(columns(&rates).contains(&"fano_1ms"));
    assert_eq!(column(&rates, "sample"), ["p3", "p3", "p1", "p1", "p2", "p2", "p4", "p4"]);
    let counted = spikes.iter().filter(|row| row["sample"] == "p3" && row["population"] == "E").count() as f64;
    assert_eq!(rates[0]["rate_hz"].as_f64().unwrap(), counted / (80.0 * 0.25));

    applied_to(&lab, "kernels.parquet", &["potential.kernels", "--set", "network=tiny.yaml"]);
    applied_to(
        &lab,
        "dipole.parquet",
        &[
            "potential.from_spikes",
            "spikes.parquet",
            "populations.parquet",
            "kernels.parquet",
            "--set",
            "probe=dipole_z",
            "--set",
            "decimate=10",
        ],
    );
    let eeg = apply(&lab, &["potential.head", "dipole.parquet"]);
    assert_eq!(column(&eeg, "sample"), ["p3", "p1", "p2", "p4"]);
    assert_eq!((&eeg[0]["dt"], &eeg[0]["unit"]), (&json!(0.625), &json!("mV")));
    applied_to(&lab, "eeg.parquet", &["potential.head", "dipole.parquet"]);
    applied_to(&lab, "features.csv", &["features.catch22", "eeg.parquet"]);
    lab.write("train.yaml", "targets: [J_ext]\nstandardize: true\nestimator: {ridge: {alpha: 1.0}}\nvalidation: {repeated_kfold: {folds: 2, repeats: 2}}\n");
    let train = ["inverse.train", "features=features.csv", "parameters=points.csv", "--config", "train.yaml"];
    applied_to(&lab, "model.json", &train);
    let model: Value = serde_json::from_slice(&std::fs::read(lab.folder().join("model.json")).unwrap()).unwrap();
    assert_eq!(model["targets"][0]["name"], "J_ext");
    let metrics = apply(&lab, &[train.as_slice(), &["--output", "metrics"]].concat());
    assert!(["target", "repeat", "fold", "n", "mse", "mae", "r2"].iter().all(|name| columns(&metrics).contains(name)));
    let predictions = apply(&lab, &["inverse.predict", "model=model.json", "features=features.csv"]);
    assert_eq!(column(&predictions, "sample"), ["p3", "p1", "p2", "p4"]);
    assert_eq!(column(&predictions, "target"), ["J_ext"; 4]);
    let means: BTreeMap<&str, f64> =
        predictions.iter().map(|p| (p["sample"].as_str().unwrap(), p["mean"].as_f64().unwrap())).collect();
    assert!(means["p1"] < means["p4"], "{means:?}");
}

#[test]
fn kernels_and_lead_fields() {
    let lab = Lab::new();
    lab.write(
        "kernels.yaml",
        "network: hagen\npopulations:\n  E: {rate: 9.2 Hz, resting_potential: -58.3 mV, external_synapses: 390}\n  I: {rate: 14.5 Hz}\n\
         weights:\n  E: {E: 0.00021 uS, I: 0.00009 uS}\n  I: {E: 0.0031 uS, I: 0.0027 uS}\nmembrane: ih_linearized\neffective_leak: true\n\
         soma_depth: {radius: 150 um, mean: 0 um, sd: 75 um}\ndt: 0.0625 ms\nwindow: 100 ms\nprobes: [dipole_z, lfp]\n\
         contacts: [1000 um, -100 um]\nconductivity: 0.3 S/m\ncompat: lfpykernels\n",
    );
    let kernels = apply(&lab, &["potential.kernels", "--config", "kernels.yaml"]);
    assert_eq!(columns(&kernels), ["pre", "post", "channel", "probe", "contact_z", "unit", "t0", "dt", "values"]);
    assert_eq!(kernels.len(), 4 * 3, "four connections, a dipole and two contacts");
    assert!(kernels.iter().all(|row| row["values"].as_array().unwrap().len() == 1601));
    assert!(kernels.iter().all(|row| (row["probe"] == "lfp") == row["contact_z"].is_number()));
    let field = apply(&lab, &["potential.lead_field", "--set", "electrodes=all"]);
    assert_eq!(columns(&field), ["electrode", "dipole", "mx", "my", "mz"]);
    assert!(field.len() > 10);

    // Without -o a table for reading, and nothing else, goes to stdout.
    let shown = lapicque(lab.folder(), &["apply", "potential.lead_field"]).ok();
    assert!(shown.stdout.starts_with("electrode") && shown.stdout.lines().count() == 2, "{}", shown.stdout);
    let spoken = lapicque(lab.folder(), &["apply", "potential.lead_field", "--json"]).ok().json();
    assert_eq!(spoken.as_array().unwrap().len(), 1);
}
