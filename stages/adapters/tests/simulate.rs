//! Simulation of a small network, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use arrow_array::RecordBatch;
use lapicque_schemas::TableSchema;
use lapicque_schemas::tables::{populations, spikes};
use support::{Ran, bind, floats, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

const NETWORK: &str = "
network: 1
name: small
populations:
  E:
    size: 40
    model: iaf_psc_exp
    drive: {kind: poisson, rate: 8000 Hz}
  I:
    size: 10
    model: iaf_psc_exp
connections:
  E_to_I:
    pre: E
    post: I
    rule: {probability: 0.3}
    weight: 60 pA
    delay: 1.5 ms
parameters:
  J_ext:
    default: 60 pA
    sets: [populations.E.drive.weight]
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.yaml"), NETWORK).unwrap();
    folder
}

fn stage(rest: &str) -> String {
    format!("  spikes:\n    kind: simulate.spiking\n    network: small.yaml\n    duration: 200 ms\n{rest}")
}

fn swept(sweep: &str, rest: &str) -> String {
    format!(
        "  parameters:\n    kind: parameters.grid\n    sweep: {sweep}\n{}    inputs: {{ parameters: parameters }}\n",
        stage(rest)
    )
}

fn of_sample(table: &RecordBatch, sample: &str) -> RecordBatch {
    let samples = texts(table, "sample");
    let rows: Vec<u32> = (0..table.num_rows() as u32).filter(|&row| samples[row as usize] == sample).collect();
    arrow_select::take::take_record_batch(table, &arrow_array::UInt32Array::from(rows)).unwrap()
}

#[test]
fn a_network_is_simulated_once_without_parameters() {
    let folder = folder();
    let ran = ran(&stage("    transient: 50 ms\n"), folder.path());
    let table = ran.table("spikes");
    assert!(table.num_rows() > 20, "{:?}", ran.failures());
    assert_eq!(spikes::dt_ms(&TableSchema::free(table.schema())), Some(0.0625));
    let (_, steps) = spikes::of_population(&table, "E").unwrap();
    assert!(steps.iter().all(|&step| (800..=3200).contains(&step)));
    let rows = populations::read(&ran.output("spikes", 1)).unwrap();
    assert_eq!(rows.iter().map(|r| (r.population.as_str(), r.size)).collect::<Vec<_>>(), [("E", 40), ("I", 10)]);
    assert_eq!((rows[0].t_start_ms, rows[0].t_stop_ms), (50.0, 200.0));
    assert!((rows[0].rate_hz - steps.len() as f64 / (40.0 * 0.15)).abs() < 1e-9);
}

#[test]
fn more_drive_gives_more_spikes_and_a_cold_network_is_a_result() {
    let folder = folder();
    let ran = ran(&swept("{ J_ext: { values: [0 pA, 40 pA, 0.08 nA] } }", ""), folder.path());
    assert_eq!(ran.counts("spikes"), (3, 0, 0), "{:?}", ran.failures());
    let rates = floats(&ran.output("spikes", 1), "rate_hz");
    assert_eq!((rates[0], rates[1]), (0.0, 0.0));
    assert!(rates[4] > rates[2], "{rates:?}");
}

#[test]
fn results_depend_on_the_seed_and_not_on_the_batch() {
    let folder = folder();
    let sweep = "{ J_ext: { values: [60 pA] }, seed: { values: [1, 2] } }";
    let first = ran(&swept(sweep, ""), folder.path());
    let table = first.table("spikes");
    let labels = texts(&first.output("spikes", 1), "sample");
    assert_ne!(of_sample(&table, &labels[0]).num_rows(), of_sample(&table, &labels[2]).num_rows());
    let again = ran_on(&swept(sweep, "    batch: 2\n"), folder.path(), Default::default(), 1);
    assert_eq!(again.table("spikes"), table);
    // Another column that is not read changes nothing.
    let labelled =
        swept("{ J_ext: { values: [60 pA] }, seed: { values: [1, 2] }, who: { values: [me] } }\n    labels: [who]", "");
    let third: Ran = ran_on(&labelled, folder.path(), first.store, 1);
    assert_eq!(third.counts("spikes"), (0, 2, 0));
}

#[test]
fn comments_and_names_of_a_network_change_nothing() {
    let folder = folder();
    let first = ran(&stage(""), folder.path());
    std::fs::write(folder.path().join("small.yaml"), NETWORK.replace("name: small", "name: other # of old")).unwrap();
    let second = ran_on(&stage(""), folder.path(), first.store, 1);
    assert_eq!(second.counts("spikes"), (0, 1, 0));
    std::fs::write(folder.path().join("small.yaml"), NETWORK.replace("size: 10", "size: 11")).unwrap();
    assert_eq!(ran_on(&stage(""), folder.path(), second.store, 1).counts("spikes"), (1, 0, 0));
}

#[test]
fn fixed_values_are_values_of_the_file() {
    let folder = folder();
    let first = ran(&stage("    parameters: { J_ext: 0.07 nA }\n"), folder.path());
    std::fs::write(folder.path().join("small.yaml"), NETWORK.replace("default: 60 pA", "default: 70 pA")).unwrap();
    assert_eq!(ran_on(&stage(""), folder.path(), first.store, 1).counts("spikes"), (0, 1, 0));
}

/// With inhibition of E whose weight is `weight` times g; -60 pA by default.
fn with_ratio(weight: &str, g: &str) -> String {
    let inhibition = format!(
        "  I_to_E: {{pre: I, post: E, rule: {{probability: 0.5}}, weight: {weight}, delay: 1.5 ms}}\nparameters:\n  \
         g: {{default: {g}, scales: [connections.I_*.weight]}}\n"
    );
    NETWORK.replace("parameters:\n", &inhibition)
}

#[test]
fn a_sweep_of_a_factor_depends_on_what_it_multiplies() {
    let folder = folder();
    let write = |weight, g| std::fs::write(folder.path().join("small.yaml"), with_ratio(weight, g)).unwrap();
    let sweep = swept("{ g: { values: [1, 2] }, J_ext: { values: [70 pA] } }", "");
    write("-30 pA", "2");
    let first = ran(&sweep, folder.path());
    assert_eq!(first.counts("spikes"), (2, 0, 0), "{:?}", first.failures());
    // The same network, but its products have other parts.
    write("-60 pA", "1");
    let second = ran_on(&sweep, folder.path(), first.store, 1);
    assert_eq!(second.counts("spikes"), (2, 0, 0));
    let alone = ran_on(&stage(""), folder.path(), second.store, 1);
    write("-30 pA", "2");
    assert_eq!(ran_on(&stage(""), folder.path(), alone.store, 1).counts("spikes"), (0, 1, 0));
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let folder = folder();
    for (text, expected) in [
        (stage("    duration_: 1 s\n"), "did you mean `duration`?"),
        (stage("    transient: 200 ms\n"), "stages.spikes.transient"),
        (stage("    transient: 0.01 ms\n"), "not a whole number of steps"),
        (stage("    time_step: 0 ms\n"), "stages.spikes.time_step"),
        (stage("    parameters: { J_etx: 1 pA }\n"), "did you mean `J_ext`?"),
        (stage("    parameters: { J_ext: 1 }\n"), "has no unit"),
        (stage("    parameters: { J_ext: 1 mV }\n"), "is a voltage"),
        (stage("").replace("small.yaml", "hagne"), "did you mean `hagen`?"),
        (swept("{ J_ext: { values: [1 ms] } }", ""), "a current is expected"),
        (swept("{ J_etx: { values: [1 pA] } }", ""), "did you mean `J_ext`?"),
        (swept("{ time_step: { values: [0.1 ms] } }", ""), "cannot be swept"),
        (swept("{ J_ext: { values: [a] } }", ""), "must hold numbers"),
        (swept("{ J_ext: { values: [1 pA] } }", "    parameters: { populations.E.drive.weight: 2 pA }\n"), "both set"),
    ] {
        let message = refused_in(&text, folder.path());
        assert!(message.contains(expected), "{text}: {message}");
    }
    std::fs::write(folder.path().join("small.yaml"), NETWORK.replace("size: 40", "sizes: 40")).unwrap();
    let message = refused_in(&stage(""), folder.path());
    assert!(message.contains("small.yaml:6:5") || message.contains("small.yaml:6"), "{message}");
    let profile = "{probability: 0.3}\n    profile: {gaussian: {sd: 1 mm}}";
    std::fs::write(folder.path().join("small.yaml"), NETWORK.replace("{probability: 0.3}", profile)).unwrap();
    let message = refused_in(&stage(""), folder.path());
    assert!(message.contains("connections.E_to_I"), "{message}");
}

#[test]
fn a_column_without_a_unit_is_canonical_with_a_note() {
    let folder = folder();
    let (_, graph) = bind(&swept("{ J_ext: { values: [60.0] } }", ""), folder.path()).unwrap();
    let bound = graph.stages[graph.stage("spikes").unwrap()].bound();
    assert!(bound.notes[0].contains("taken to be in pA"), "{:?}", bound.notes);
    assert!(bound.accepts.contains(&"populations.E.C_m".to_owned()));
}

#[test]
fn a_value_out_of_range_fails_its_sample_alone() {
    let folder = folder();
    let ran = ran(&swept("{ populations.E.C_m: { values: [-1 pF, 250 pF] } }", ""), folder.path());
    assert_eq!(ran.counts("spikes"), (2, 0, 1));
    assert!(ran.failures()[0].contains("populations.E.C_m"), "{:?}", ran.failures());
}

fn note_of(folder: &TempDir, text: &str) -> Vec<String> {
    let (_, graph) = bind(text, folder.path()).unwrap();
    graph.stages[graph.stage("spikes").unwrap()].bound().notes.clone()
}

#[test]
fn times_between_steps_are_rounded_with_a_note() {
    let folder = folder();
    assert_eq!(note_of(&folder, &stage("")), Vec::<String>::new());
    let fixed = stage(
        "    time_step: 0.1 ms\n    parameters: { populations.E.t_ref: 0.35 ms, connections.E_to_I.delay: 1550 us }\n",
    );
    assert_eq!(
        note_of(&folder, &fixed),
        [
            "`populations.E.t_ref`: 0.35 ms is no whole number of time steps of 0.1 ms and becomes 0.4 ms (4 steps); theory takes it as it is",
            "`connections.E_to_I.delay`: 1.55 ms is no whole number of time steps of 0.1 ms and becomes 1.6 ms (16 steps); theory takes it as it is",
        ]
    );
    // The rounded network is the network of the note.
    let rounded = stage(
        "    time_step: 0.1 ms\n    parameters: { populations.E.t_ref: 0.4 ms, connections.E_to_I.delay: 1.6 ms }\n",
    );
    assert_eq!(note_of(&folder, &rounded), Vec::<String>::new());
    // What a column sets is told when it is computed, and once for all samples that share it.
    let sweep = "{ populations.E.t_ref: { values: [0.3 ms, 0.35 ms, 2 ms] }, seed: { values: [1, 2] } }";
    let ran = ran(&swept(sweep, "    time_step: 0.1 ms\n"), folder.path());
    assert_eq!(ran.counts("spikes"), (6, 0, 0), "{:?}", ran.failures());
    let notes = &ran.record.stages.iter().find(|stage| stage.stage == "spikes").unwrap().notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].0.contains("`populations.E.t_ref`: 0.35 ms") && notes[0].1 == 2, "{notes:?}");
    for (parameter, expected) in [
        ("connections.E_to_I.delay: 0.03 ms", "less than half a time step of 0.1 ms"),
        ("connections.E_to_I.delay: 10 s", "from 1 to 65536 steps"),
        ("populations.E.drive.delay: 0.03 ms", "`populations.E.drive.delay` = 0.03 ms is less than half"),
    ] {
        let text = stage(&format!("    time_step: 0.1 ms\n    parameters: {{ {parameter} }}\n"));
        let message = refused_in(&text, folder.path());
        assert!(message.contains(expected), "{parameter}: {message}");
    }
}

/// The network of the page on network files, as it stands there.
#[test]
fn the_example_of_the_page_on_network_files_is_simulated() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/network_files.md")).unwrap();
    let blocks = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let [network, pipeline] = blocks.collect::<Vec<_>>().try_into().unwrap();
    let report = lapicque_stages::networks::explain_network(network, "three_populations.yaml").unwrap();
    assert_eq!(
        report.populations.iter().map(|p| (p.name.as_str(), p.size)).collect::<Vec<_>>(),
        [("E", 400), ("PV", 80), ("SOM", 40)]
    );
    assert_eq!(report.connections[5].synapses, 4000.0);
    assert_eq!(report.simulation.refused, None);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("three_populations.yaml"), network).unwrap();
    let stages = pipeline.strip_prefix("stages:\n").unwrap();
    let ran = ran(stages, folder.path());
    assert_eq!(ran.counts("spikes"), (6, 0, 0), "{:?}", ran.failures());
    let rows = populations::read(&ran.output("spikes", 1)).unwrap();
    // All populations fire, none without bounds; sizes are those of the points.
    assert!(rows.iter().all(|row| (0.1..100.0).contains(&row.rate_hz)), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row.population == "SOM" && row.size == 20).count(), 3);
}
