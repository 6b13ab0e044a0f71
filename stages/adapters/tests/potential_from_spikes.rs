//! `potential.from_spikes` against ncpi, and its messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod given;

use std::path::PathBuf;

use arrow_array::RecordBatch;
use given::{Given, bind, problems, run_stages};
use lapicque_schemas::tables::kernels::{self, KernelRow};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{int_column, spikes, text_column};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

fn kernel(pre: &str, post: &str, dt_ms: f64, values: &[f64]) -> KernelRow {
    KernelRow {
        pre: pre.into(),
        post: post.into(),
        channel: "dipole_z".into(),
        probe: "dipole_z".into(),
        contact_z_um: None,
        unit: "nA um".into(),
        t0_ms: 0.0,
        dt_ms,
        values: values.to_vec(),
    }
}

fn interval(names: &[&str], t_start_ms: f64, t_stop_ms: f64) -> RecordBatch {
    let row =
        |name: &&str| PopulationRow { population: (*name).to_owned(), size: 1, t_start_ms, t_stop_ms, rate_hz: 0.0 };
    populations::write(&names.iter().map(row).collect::<Vec<_>>()).unwrap()
}

fn given(spikes: RecordBatch, populations: RecordBatch, kernels: &[KernelRow]) -> [Given; 3] {
    [
        Given::samples("given.spikes", "spikes", vec![spikes]),
        Given::samples("given.populations", "populations", vec![populations]),
        Given::whole("given.kernels", "kernels", kernels::write(kernels).unwrap()),
    ]
}

fn stages(config: &Value) -> Value {
    let mut stage = json!({
        "kind": "potential.from_spikes",
        "inputs": {"spikes": "spikes", "populations": "populations", "kernels": "kernels"},
    });
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({
        "spikes": {"kind": "given.spikes"}, "populations": {"kind": "given.populations"}, "kernels": {"kind": "given.kernels"},
        "signals": stage,
    })
}

fn failure(given: &[Given], config: &Value) -> String {
    let ran = run_stages(given, &stages(config));
    assert!(!ran.record.ok);
    ran.failures()
}

fn small() -> (RecordBatch, RecordBatch, Vec<KernelRow>) {
    let spikes = spikes::write(0.5, &["A", "B"], vec![0, 0, 1], vec![0, 1, 0], vec![2, 4, 2]).unwrap();
    let kernels = vec![
        kernel("A", "A", 0.5, &[1.0]),
        kernel("A", "B", 0.5, &[0.0, 2.0]),
        kernel("B", "A", 0.5, &[0.0, 0.0, -1.0]),
    ];
    (spikes, interval(&["A", "B"], 1.0, 4.0), kernels)
}

#[test]
fn kernels_follow_their_spikes_and_add_up() {
    let (spikes, populations, kernels) = small();
    let given = given(spikes, populations, &kernels);
    let table = run_stages(&given, &stages(&json!({"edges": "same"}))).result();
    let total = signals::read(&table).unwrap();
    assert_eq!(total.len(), 1);
    assert_eq!(*total[0].values, [1.0, 2.0, 0.0, 2.0, 0.0, 0.0]);
    let Signal { channel, unit, t0_ms, dt_ms, epoch, .. } = &total[0];
    assert_eq!((channel.as_ref(), unit.as_ref(), *t0_ms, *dt_ms, *epoch), ("dipole_z", "nA um", 1.0, 0.5, 0));
    let table = run_stages(&given, &stages(&json!({"by_connection": true, "edges": "same"}))).result();
    let parts = signals::read(&table).unwrap();
    let names: Vec<&str> = parts.iter().map(|p| p.channel.as_ref()).collect();
    assert_eq!(names, ["dipole_z A->A", "dipole_z A->B", "dipole_z B->A"]);
    assert_eq!(*parts[1].values, [0.0, 2.0, 0.0, 2.0, 0.0, 0.0]);
}

#[test]
fn values_that_lack_spikes_from_before_or_after_are_left_out() {
    let (spikes, populations, mut kernels) = small();
    // The longest kernel has three lags: two bins of 0.5 ms go, for all connections.
    let table = run_stages(&given(spikes.clone(), populations.clone(), &kernels), &stages(&json!({}))).result();
    let total = signals::read(&table).unwrap();
    assert_eq!((total[0].t0_ms, total[0].values.as_ref()), (2.0, [0.0, 2.0, 0.0, 0.0].as_slice()));
    let by_connection = stages(&json!({"by_connection": true, "edges": "valid"}));
    let table = run_stages(&given(spikes.clone(), populations.clone(), &kernels), &by_connection).result();
    let parts = signals::read(&table).unwrap();
    assert!(parts.iter().all(|part| part.t0_ms == 2.0 && part.values.len() == 4));
    assert_eq!(*parts[1].values, [0.0, 2.0, 0.0, 0.0]);

    // A kernel that begins before its spike takes a bin from the end.
    kernels[0].t0_ms = -0.5;
    kernels[0].values = vec![5.0, 1.0];
    let given_early = given(spikes.clone(), populations.clone(), &kernels);
    let table = run_stages(&given_early, &stages(&json!({}))).result();
    let early = signals::read(&table).unwrap();
    // A -> A: 5 one bin before the spikes in bins 0 and 2, 1 with them.
    assert_eq!((early[0].t0_ms, early[0].values.as_ref()), (2.0, [0.0, 2.0, 0.0].as_slice()));
    let table = run_stages(&given_early, &stages(&json!({"edges": "same"}))).result();
    let early = signals::read(&table).unwrap();
    assert_eq!((early[0].t0_ms, early[0].values.as_ref()), (1.0, [1.0, 7.0, 0.0, 2.0, 0.0, 0.0].as_slice()));
}

#[test]
fn decimation_begins_where_the_signal_does() {
    // One spike in each bin: a constant, from the third bin on.
    let steps: Vec<u32> = (2..202).collect();
    let spikes = spikes::write(0.5, &["A"], vec![0; 200], vec![0; 200], steps).unwrap();
    let kernels = [kernel("A", "A", 0.5, &[1.0, 2.0, 4.0])];
    let given = given(spikes, interval(&["A"], 1.0, 101.0), &kernels);
    let table = run_stages(&given, &stages(&json!({"decimate": 10}))).result();
    let signal = signals::read(&table).unwrap().remove(0);
    assert_eq!((signal.t0_ms, signal.dt_ms, signal.values.len()), (2.0, 5.0, 20));
    assert!(signal.values.iter().all(|value| (value - 7.0).abs() < 1e-9), "{:?}", signal.values);
    let config = json!({"decimate": 10, "edges": "same", "compat": "scipy"});
    let table = run_stages(&given, &stages(&config)).result();
    let seed = signals::read(&table).unwrap().remove(0);
    assert_eq!((seed.t0_ms, seed.values.len()), (1.0, 20));
    // The step at the beginning, and the ringing after it.
    assert!(seed.values[0] < 2.0 && seed.values[1] > 7.5, "{:?}", seed.values);
}

#[test]
fn spikes_that_are_not_used_are_told() {
    let early = spikes::write(0.5, &["A", "B"], vec![0, 0, 1], vec![0, 1, 0], vec![1, 4, 9]).unwrap();
    let (_, populations, kernels) = small();
    let ran = run_stages(&given(early, populations, &kernels), &stages(&json!({})));
    let notes = ran.notes();
    assert!(notes.contains("1 of 2 spikes of `A` lie outside of the recorded interval, 1 to 4 ms"), "{notes}");
    assert!(notes.contains("1 of 1 spikes of `B`"), "{notes}");
}

#[test]
fn neurons_are_not_read() {
    let (spikes, populations, kernels) = small();
    let (_, graph) = bind(&given(spikes, populations, &kernels), &stages(&json!({}))).unwrap();
    let reads = &graph.stages[3].bound().reads;
    assert_eq!(reads[0].columns, Some(vec!["population".to_owned(), "step".to_owned()]));
}

#[test]
fn silence_gives_zeros_and_a_late_kernel_is_shifted() {
    let (_, populations, mut kernels) = small();
    let silent = spikes::write(0.5, &["A", "B"], vec![], vec![], vec![]).unwrap();
    let same = stages(&json!({"edges": "same"}));
    let table = run_stages(&given(silent, populations.clone(), &kernels), &same).result();
    assert_eq!(*signals::read(&table).unwrap()[0].values, [0.0; 6]);
    let one = spikes::write(0.5, &["A", "B"], vec![0], vec![0], vec![2]).unwrap();
    kernels[0].t0_ms = 1.5;
    let table = run_stages(&given(one.clone(), populations.clone(), &kernels[..1]), &same).result();
    assert_eq!(*signals::read(&table).unwrap()[0].values, [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    kernels[0].t0_ms = 0.7;
    assert!(failure(&given(one, populations, &kernels), &json!({})).contains("begins at lag 0.7 ms"));
}

#[test]
fn what_does_not_fit_is_named() {
    let (spikes, populations, kernels) = small();
    let fails = |populations: &RecordBatch, kernels: &[KernelRow], config: Value| {
        failure(&given(spikes.clone(), populations.clone(), kernels), &config)
    };
    let coarse: Vec<KernelRow> = kernels.iter().map(|k| KernelRow { dt_ms: 0.1, ..k.clone() }).collect();
    let message = fails(&populations, &coarse, json!({}));
    assert!(message.contains("steps of 0.1 ms") && message.contains("0.5 ms"), "{message}");
    let message = fails(&populations, &kernels[..2], json!({}));
    assert!(message.contains("takes the spikes of `B`"), "{message}");
    let message = fails(&interval(&["A"], 1.0, 4.0), &kernels, json!({}));
    assert!(message.contains("spikes of `B`"), "{message}");
    let message = fails(&populations, &kernels, json!({"probe": "lfp"}));
    assert!(message.contains("no kernels of the probe lfp") && message.contains("dipole_z"), "{message}");
    let message = fails(&populations, &kernels, json!({"decimate": 2, "compat": "scipy"}));
    assert!(message.contains("channel dipole_z") && message.contains("too short"), "{message}");
    let message = fails(&interval(&["A", "B"], 1.0, 2.0), &kernels, json!({}));
    assert!(message.contains("recorded for 1 ms") && message.contains("kernels are 1.5 ms long"), "{message}");
    assert!(message.contains("`duration`") && message.contains("`edges: same`"), "{message}");
    let message = fails(&interval(&[], 1.0, 4.0), &kernels, json!({}));
    assert!(message.contains("no rows"), "{message}");
    let given = given(spikes.clone(), populations.clone(), &kernels);
    assert!(problems(&given, &stages(&json!({"decimate": 0}))).contains("0 is no factor"));
    assert!(problems(&given, &stages(&json!({"edges": "full"}))).contains("valid"));
    assert!(problems(&given, &stages(&json!({"probe": "dipole"}))).contains("did you mean `dipole_z`?"));
}

fn fixture(name: &str) -> Option<RecordBatch> {
    let folder = std::env::var("LAPICQUE_SHARED")
        .map_or_else(|_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")), PathBuf::from);
    let path = folder.join("fixtures/ncpi").join(name);
    let Ok(file) = std::fs::File::open(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let batches: Vec<RecordBatch> = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .with_batch_size(1 << 20)
        .build()
        .unwrap()
        .map(Result::unwrap)
        .collect();
    Some(arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap())
}

fn deviation(ours: &[f64], reference: &[f64]) -> f64 {
    assert_eq!(ours.len(), reference.len());
    let largest = reference.iter().fold(0.0, |m: f64, r| m.max(r.abs()));
    ours.iter().zip(reference).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / largest
}

/// Recipe of ncpi 1.0.0b2 on spikes of NEST: convolutions and decimated sum. Its columns are named post:pre.
#[test]
fn the_hagen_network_gives_the_dipole_moment_of_the_peer() {
    let names = [
        "cdm/spikes.parquet",
        "kernels/A_default_ihlin.parquet",
        "cdm/cdm_raw.parquet",
        "cdm/cdm_decimated_q10.parquet",
    ];
    let [Some(recorded), Some(peer), Some(raw), Some(decimated)] = names.map(fixture) else {
        return;
    };
    let names = text_column("spikes", &recorded, "population").unwrap();
    let population = (0..recorded.num_rows()).map(|row| u16::from(names.value(row) == "I")).collect();
    let number = |column| int_column("spikes", &recorded, column).unwrap().into_iter();
    let neuron = number("neuron").map(|v| v as u32).collect();
    // The interval begins at 500 ms; steps of the fixture count from there.
    let step = number("step").map(|v| v as u32 + 8000).collect();
    let spikes = spikes::write(0.0625, &["E", "I"], population, neuron, step).unwrap();
    let column = |table: &RecordBatch, name: &str| {
        lapicque_schemas::tables::float_column("fixture", table, name).unwrap().into_owned()
    };
    let pairs = [("E", "E"), ("E", "I"), ("I", "E"), ("I", "I")];
    let kernels =
        pairs.map(|(pre, post)| kernel(pre, post, 0.0625, &column(&peer, &format!("cdm_z_nAum__{post}:{pre}"))));
    let given = given(spikes, interval(&["E", "I"], 500.0, 1300.0), &kernels);
    let columns: Vec<String> = raw.schema().fields().iter().map(|f| f.name().clone()).collect();
    let named = |post: &str, pre: &str| {
        columns.iter().find(|c| c.ends_with(&format!("{post}:{pre}"))).unwrap_or_else(|| panic!("{columns:?}"))
    };

    let table = run_stages(&given, &stages(&json!({"by_connection": true, "edges": "same"}))).result();
    let parts = signals::read(&table).unwrap();
    let mut sum = vec![0.0; parts[0].values.len()];
    for (part, (pre, post)) in parts.iter().zip(pairs) {
        assert_eq!(part.channel, format!("dipole_z {pre}->{post}"));
        let reference = column(&raw, named(post, pre));
        let error = deviation(&part.values, &reference);
        assert!(error < 1e-9, "{pre} -> {post}: {error:e}");
        sum.iter_mut().zip(reference).for_each(|(sum, value)| *sum += value);
    }
    let table = run_stages(&given, &stages(&json!({"edges": "same"}))).result();
    assert!(deviation(&signals::read(&table).unwrap()[0].values, &sum) < 1e-9);
    let table = run_stages(&given, &stages(&json!({}))).result();
    let valid = signals::read(&table).unwrap();
    assert_eq!((valid[0].t0_ms, valid[0].values.len()), (600.0, 12_800 - 1600));
    assert!(deviation(&valid[0].values, &sum[1600..]) < 1e-9);

    let config = json!({"decimate": 10, "edges": "same", "compat": "scipy"});
    let table = run_stages(&given, &stages(&config)).result();
    let total = signals::read(&table).unwrap();
    assert_eq!((total[0].t0_ms, total[0].dt_ms), (500.0, 0.625));
    let error = deviation(&total[0].values, &column(&decimated, "sum"));
    assert!(error < 1e-9, "{error:e}");
}
