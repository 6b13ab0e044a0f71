//! `features.spike_trains` through a pipeline: numbers of elephant, PySpike and SciPy (`tests/golden/spike_trains`), by hand, and what
//! is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use given::tables::{floats, texts};
use given::{Given, Ran, bind, problems, run_stages};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{signals, spectra, spikes};
use serde_json::{Value, json};

/// Name, size, and (neuron, step) of its spikes.
type OfPopulation<'a> = (&'a str, u32, &'a [(u32, u32)]);

/// Populations by name, size and (neuron, step) of their spikes; recorded from `start_ms` to `stop_ms`.
fn tables(dt_ms: f64, (start_ms, stop_ms): (f64, f64), of: &[OfPopulation<'_>]) -> (RecordBatch, RecordBatch) {
    let names: Vec<&str> = of.iter().map(|(name, ..)| *name).collect();
    let (mut population, mut neuron, mut step) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (.., spikes)) in of.iter().enumerate() {
        for (of_neuron, at) in *spikes {
            population.push(number as u16);
            neuron.push(*of_neuron);
            step.push(*at);
        }
    }
    let row = |(name, size, _): &OfPopulation<'_>| PopulationRow {
        population: (*name).to_owned(),
        size: *size,
        t_start_ms: start_ms,
        t_stop_ms: stop_ms,
        rate_hz: f64::NAN,
    };
    let rows: Vec<PopulationRow> = of.iter().map(row).collect();
    (spikes::write(dt_ms, &names, population, neuron, step).unwrap(), populations::write(&rows).unwrap())
}

fn given((spikes, populations): &(RecordBatch, RecordBatch), onsets_s: Option<&[(f64, &str)]>) -> Vec<Given> {
    let mut given = vec![
        Given::whole("given.spikes", "spikes", spikes.clone()),
        Given::whole("given.populations", "populations", populations.clone()),
    ];
    let event = |(onset_s, value): &(f64, &str)| Event {
        onset_s: *onset_s,
        duration_s: None,
        kind: "stimulus".to_owned(),
        value: (*value).to_owned(),
        channel: String::new(),
    };
    given.extend(onsets_s.map(|onsets| {
        let events: Vec<Event> = onsets.iter().map(event).collect();
        Given::whole("given.events", "events", events::write(&events).unwrap())
    }));
    given
}

fn stages(config: &Value, with_events: bool) -> Value {
    let mut stage = json!({"kind": "features.spike_trains", "inputs": {"spikes": "s", "populations": "p"}});
    let mut stages = json!({"s": {"kind": "given.spikes"}, "p": {"kind": "given.populations"}});
    if with_events {
        stages["e"] = json!({"kind": "given.events"});
        stage["inputs"]["events"] = json!("e");
    }
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    stages["y"] = stage;
    stages
}

fn measured(tables: &(RecordBatch, RecordBatch), config: &Value) -> Ran {
    let ran = run_stages(&given(tables, None), &stages(config, false));
    assert!(ran.record.ok, "{}", ran.failures());
    ran
}

fn refused(config: &Value, with_events: bool) -> String {
    let tables = tables(0.1, (0.0, 100.0), &[("E", 2, &[(0, 10)])]);
    problems(&given(&tables, with_events.then_some(&[])), &stages(config, with_events))
}

/// Why the one sample failed.
fn failed(tables: &(RecordBatch, RecordBatch), config: &Value) -> String {
    let ran = run_stages(&given(tables, None), &stages(config, false));
    assert!(!ran.record.ok);
    ran.failures()
}

fn values(table: &RecordBatch) -> Vec<Vec<f64>> {
    signals::read(table).unwrap().into_iter().map(|signal| signal.values.into_owned()).collect()
}

fn near(what: &str, found: f64, due: &Value) {
    match due.as_f64() {
        None => assert!(found.is_nan(), "{what}: {found}, but it is undefined"),
        Some(due) => assert!((found - due).abs() <= 1e-9 * due.abs().max(1.0), "{what}: {found}, due {due}"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// The trains of the golden figures as the neurons of a population, in their order; times have six decimals.
fn golden() -> (Value, Vec<String>, (RecordBatch, RecordBatch)) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/spike_trains/measures.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let all = golden["trains"].as_object().unwrap();
    let names: Vec<String> = all.keys().cloned().collect();
    let mut spikes = Vec::new();
    for (neuron, train) in all.values().enumerate() {
        spikes.extend(numbers(&train["times_ms"]).iter().map(|time| (neuron as u32, (time * 1e6).round() as u32)));
    }
    let tables = tables(1e-6, (100.0, 2100.0), &[("N", names.len() as u32, &spikes)]);
    (golden, names, tables)
}

#[test]
fn neurons_have_the_numbers_of_elephant_and_scipy() {
    let (golden, names, tables) = golden();
    let config = json!({
        "level": "neuron", "fewest_spikes": 1, "spectra": {"bin": "1 ms", "segment": "250 ms"},
        "measures": ["rate", "isi_mean", "isi_cv", "isi_cv2", "isi_lv", "isi_lvr", "fano"],
    });
    let ran = measured(&tables, &config);
    let features = ran.table("y", 0);
    assert_eq!(texts(&features, "channel")[3], "N.3");
    for (column, measure) in [
        ("rate_hz", "rate_hz"),
        ("isi_mean_ms", "isi_mean_ms"),
        ("isi_cv", "cv"),
        ("isi_cv2", "cv2"),
        ("isi_lv", "lv"),
        ("isi_lvr", "lvr"),
        ("fano_100ms", "fano"),
    ] {
        for (name, found) in names.iter().zip(floats(&features, column)) {
            near(&format!("{name} {measure}"), found, &golden["trains"][name][measure]);
        }
    }
    let spectra = ran.table("y", 1);
    let spectra = spectra::read(&spectra).unwrap();
    let mut compared = 0;
    for (name, spectrum) in names.iter().zip(&spectra) {
        assert_eq!((&*spectrum.unit, spectrum.frequencies_hz[1]), ("Hz", 4.0));
        // SciPy's bins are closed below, and no spike of these is on an edge.
        let due = &golden["trains"][name]["spectrum"];
        for (bin, due) in due.as_array().into_iter().flatten().enumerate() {
            near(&format!("{name} {bin}"), spectrum.power[bin], due);
            compared += 1;
        }
    }
    assert_eq!(compared, 6 * 126);
}

#[test]
fn pairs_have_the_numbers_of_elephant_and_pyspike() {
    let (golden, names, tables) = golden();
    let measures = [
        "isi_distance",
        "spike_distance",
        "spike_synchronization",
        "van_rossum",
        "victor_purpura",
        "spike_time_tiling",
        "count_correlation",
    ];
    let pairs = json!({
        "measures": measures, "van_rossum_tau": "15 ms", "victor_purpura_cost": "80 Hz", "tiling_window": "5.5 ms",
    });
    let mut config = json!({"level": "neuron", "fewest_spikes": 1, "correlation_bin": "20 ms", "pairs": pairs});
    let ran = measured(&tables, &config);
    assert!(
        ran.notes().contains("neurons with fewer spikes than `fewest_spikes` (1) are in no pair: 1"),
        "{}",
        ran.notes()
    );
    let found = ran.table("y", 1);
    let (from, to) = (texts(&found, "channel"), texts(&found, "other"));
    assert_eq!(from.len(), 11 * 10 / 2);
    let name = |label: &str| names[label.strip_prefix("N.").unwrap().parse::<usize>().unwrap()].clone();
    let mut means = vec![Vec::new(); measures.len()];
    for row in 0..from.len() {
        let between = [name(&from[row]), name(&to[row])];
        let is = |due: &&Value| {
            (between == [due["a"].as_str().unwrap(), due["b"].as_str().unwrap()])
                || (between == [due["b"].as_str().unwrap(), due["a"].as_str().unwrap()])
        };
        let due = golden["pairs"].as_array().unwrap().iter().find(is).unwrap();
        for (number, measure) in measures.iter().enumerate() {
            let column = if *measure == "count_correlation" { "correlation_20ms" } else { measure };
            let value = floats(&found, column)[row];
            means[number].push(value);
            // elephant has no bin for a spike at the very end.
            let at_end = between.iter().any(|name| ["one_at_end", "ends"].contains(&name.as_str()));
            if !(at_end && *measure == "count_correlation") {
                near(&format!("{between:?} {measure}"), value, &due[measure]);
            }
        }
    }
    config["level"] = json!("population");
    let found = measured(&tables, &config).table("y", 1);
    assert_eq!((texts(&found, "channel"), texts(&found, "other")), (vec!["N".to_owned()], vec!["N".to_owned()]));
    for (measure, values) in measures.iter().zip(means) {
        let column = if *measure == "count_correlation" { "correlation_20ms" } else { measure };
        let defined: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        let mean = defined.iter().sum::<f64>() / defined.len() as f64;
        near(measure, floats(&found, column)[0], &json!(mean));
    }
}

/// Steps of 1 ms: a regular neuron every 10 ms, one with two spikes at once, a silent one; and a population that follows 2 ms later.
fn two_populations() -> (RecordBatch, RecordBatch) {
    let mut e: Vec<(u32, u32)> = (1..=10).map(|k| (0, 10 * k)).collect();
    e.extend([(1, 20), (1, 20), (1, 50)]);
    let i: Vec<(u32, u32)> = (1..=9).map(|k| (0, 10 * k + 2)).collect();
    tables(1.0, (0.0, 100.0), &[("E", 3, &e), ("I", 1, &i), ("silent", 2, &[])])
}

#[test]
fn populations_are_means_over_their_neurons() {
    let config = json!({"fewest_spikes": 3, "fano_windows": ["10 ms", "50 ms"]});
    let ran = measured(&two_populations(), &config);
    let features = ran.table("y", 0);
    assert_eq!(texts(&features, "channel"), ["E", "I", "silent"]);
    assert_eq!(features.schema().metadata()["definitions"], "spike_trains 1");
    let column = |name: &str| floats(&features, name);
    // 13 spikes of 3 neurons in 0.1 s.
    assert!((column("rate_hz")[0] - 130.0 / 3.0).abs() < 1e-12 && column("rate_hz")[2] == 0.0);
    // Two spikes at once are one event: intervals of 10 ms, and one of 30 ms.
    assert_eq!(column("isi_mean_ms")[..2], [20.0, 10.0]);
    assert_eq!(column("isi_cv")[..2], [0.0; 2]);
    // Neuron 0 has one spike in each window of 10 ms; neuron 1 has 2 and 1 in ten: (0.5 - 0.09) / 0.3.
    assert!((column("fano_10ms")[0] - 0.5 * (0.5 - 0.09) / 0.3).abs() < 1e-12);
    assert!((column("fano_50ms")[0] - 0.5 * (4.5 - 2.25) / 1.5).abs() < 1e-12, "{:?}", column("fano_50ms"));
    for name in ["isi_mean_ms", "isi_cv", "isi_cv2", "isi_lv", "isi_lvr", "burst_index", "fano_10ms"] {
        assert!(column(name)[2].is_nan(), "{name}");
    }
    assert!(features.column_by_name("population_coupling_hz").is_none());
    assert!(ran.notes().contains("channel silent"), "{}", ran.notes());
}

#[test]
fn histograms_and_correlograms_are_signals() {
    let config = json!({
        "measures": ["rate"], "psth": {"period": "10 ms", "first": "0 ms", "before": "0 ms", "after": "10 ms"},
        "isi_histogram": {"longest": "12 ms"}, "autocorrelograms": {"longest": "10 ms"}, "correlograms": {"longest": "3 ms"},
    });
    let ran = measured(&two_populations(), &config);
    let psth = ran.table("y", 1);
    let rows = signals::read(&psth).unwrap();
    assert_eq!((rows[0].t0_ms, rows[0].dt_ms, &*rows[0].unit), (0.5, 1.0, "Hz"));
    // The last of ten steps of each period has the spikes of E, 13 in 10 periods of 3 neurons; I fires in the second.
    let expected: Vec<f64> = (0..10).map(|bin| if bin == 9 { 1300.0 / 3.0 } else { 0.0 }).collect();
    assert!(rows[0].values.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9), "{:?}", rows[0].values);
    assert!((rows[1].values[1] - 900.0).abs() < 1e-9 && rows[1].values[9] == 0.0);
    assert_eq!(&*rows[2].values, [0.0; 10]);
    let histogram = ran.table("y", 2);
    let rows = signals::read(&histogram).unwrap();
    assert_eq!((rows[0].t0_ms, &*rows[0].unit), (0.5, "1/ms"));
    // Nine intervals of 10 ms in the bin that ends there; one of 30 ms is longer than all.
    assert!((rows[0].values[9] - 0.9).abs() < 1e-12 && rows[0].values.iter().filter(|v| **v != 0.0).count() == 1);
    let auto = ran.table("y", 3);
    let rows = signals::read(&auto).unwrap();
    assert_eq!((rows[0].t0_ms, rows[0].values.len()), (-10.0, 21));
    // Of 13 spikes: nine pairs at 10 ms; two at once are a pair in either direction.
    assert!((rows[0].values[20] - 9000.0 / 13.0).abs() < 1e-9 && (rows[0].values[10] - 2000.0 / 13.0).abs() < 1e-9);
    assert!(rows[2].values.iter().all(|value| value.is_nan()));
    let cross = ran.table("y", 4);
    assert_eq!(texts(&cross, "channel"), ["E>E", "E>I", "E>silent", "I>I", "I>silent", "silent>silent"]);
    let rows = values(&cross);
    // E to E: neuron 1 has three spikes with one of neuron 0 each, either way: 6 pairs of 13 spikes and 2 others.
    assert!((rows[0][3] - 6000.0 / 26.0).abs() < 1e-9, "{:?}", rows[0]);
    // Twelve spikes of E have one of I 2 ms later; the last is at the end of the recording.
    assert!((rows[1][5] - 12_000.0 / 13.0).abs() < 1e-9 && rows[1][1] == 0.0, "{:?}", rows[1]);
}

#[test]
fn events_are_chosen_by_their_value() {
    let tables = two_populations();
    let onsets = [(0.019, "a"), (0.049, "a"), (0.030, "b"), (0.0995, "a")];
    let found = |psth: Value| {
        let config = json!({"measures": ["rate"], "psth": psth});
        let ran = run_stages(&given(&tables, Some(&onsets)), &stages(&config, true));
        assert!(ran.record.ok, "{}", ran.failures());
        (values(&ran.table("y", 1)), ran.notes())
    };
    let (rows, _) = found(json!({"value": "a", "kind": "stimulus", "before": "2 ms", "after": "2 ms"}));
    // Two events, the third is too near to the end; E fires 1 ms after each, five spikes of three neurons.
    assert!((rows[0][2] - 2500.0 / 3.0).abs() < 1e-9, "{:?}", rows[0]);
    assert_eq!([rows[0][0], rows[0][1], rows[0][3]], [0.0; 3]);
    let (rows, notes) = found(json!({"value": "none", "before": "2 ms", "after": "2 ms"}));
    assert!(rows[0][0].is_nan() && notes.contains("no event has its whole window"), "{notes}");
}

#[test]
fn coupling_is_of_a_neuron_with_the_others() {
    let config = json!({"measures": ["population_coupling"], "level": "neuron"});
    let found = floats(&measured(&two_populations(), &config).table("y", 0), "population_coupling_hz");
    assert_eq!(found.len(), 6);
    assert!(found[0].is_finite() && found[1].is_finite());
    // Silent neurons, and one that is alone in its population, have none.
    assert!(found[2..].iter().all(|value| value.is_nan()), "{found:?}");
    let population = floats(
        &measured(&two_populations(), &json!({"measures": ["population_coupling"]})).table("y", 0),
        "population_coupling_hz",
    );
    assert!((population[0] - 0.5 * (found[0] + found[1])).abs() < 1e-12);
    // The only one that fires: the others do nothing at its spikes, as ever.
    let one = tables(1.0, (0.0, 100.0), &[("E", 3, &[(1, 50)])]);
    assert_eq!(floats(&measured(&one, &config).table("y", 0), "population_coupling_hz")[1], 0.0);
}

#[test]
fn the_spectrum_of_a_poisson_process_is_its_rate() {
    // Four neurons, 50 Hz each in steps of 1 ms, from a generator of whole numbers.
    let mut state = 88_172_645_463_325_252_u64;
    let mut spikes = Vec::new();
    for step in 1..=200_000 {
        for neuron in 0..4 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if state % 1000 < 50 {
                spikes.push((neuron, step));
            }
        }
    }
    let rate = spikes.len() as f64 / 4.0 / 200.0;
    let tables = tables(1.0, (0.0, 200_000.0), &[("E", 4, &spikes)]);
    let spectra_table = measured(&tables, &json!({"spectra": {}})).table("y", 1);
    let found = spectra::read(&spectra_table).unwrap();
    let power = &found[0].power[2..500];
    let mean = power.iter().sum::<f64>() / power.len() as f64;
    // At most one spike in a step takes a twentieth off.
    assert!((mean / rate - 0.95).abs() < 0.01, "{mean} {rate}");
}

#[test]
fn only_outputs_that_are_set_exist() {
    let tables = two_populations();
    let mut stages = stages(&json!({}), false);
    stages["z"] = json!({"kind": "signal.zscore", "inputs": {"signals": "y.psth"}});
    let message = problems(&given(&tables, None), &stages);
    assert!(message.contains("psth"), "{message}");
}

#[test]
fn what_cannot_be_configured_is_told() {
    for (config, expected) in [
        (json!({"measures": []}), "measures: it is empty; name a measure"),
        (json!({"measures": ["rate", "rate"]}), "measures[1]: `rate` is there already"),
        (json!({"level": "neuron", "measures": ["count_correlation"]}), "count_correlation is of a population"),
        (json!({"fano_windows": []}), "fano_windows: it is empty"),
        (json!({"fano_windows": ["0 ms"]}), "fano_windows[0]: 0 ms: it must be finite and above 0 ms"),
        (json!({"fano_windows": ["5 ms", "5 ms"]}), "fano_windows[1]: 5 ms is there already"),
        (json!({"correlation_bin": "-1 ms"}), "correlation_bin: -1 ms: it must be finite and above 0 ms"),
        (json!({"measures": ["rate"], "correlation_bin": "7 ms"}), "correlation_bin: no measure that is asked for"),
        (json!({"measures": ["rate"], "refractory": "7 ms"}), "refractory: no measure that is asked for"),
        (json!({"coupling_sigma": "7 ms"}), "coupling_sigma: no measure that is asked for"),
        (json!({"measures": ["population_coupling"], "coupling_sigma": "0 ms"}), "coupling_sigma: 0 ms: it must be"),
        (json!({"measures": ["rate"], "fano_windows": ["7 ms"]}), "fano_windows: no measure that is asked for"),
        (json!({"refractory": "-1 ms"}), "refractory: -1 ms: it must be finite and at least 0 ms"),
        (json!({"psth": {}}), "psth: no events; connect the input `events` or set `period`"),
        (json!({"psth": {"period": "0 ms"}}), "psth.period: 0 ms: it must be finite and above 0 ms"),
        (json!({"psth": {"period": "9 ms", "kind": "x"}}), "psth: `kind` and `value` choose among the input"),
        (json!({"psth": {"period": "9 ms", "before": "1.5 ms"}}), "a whole number of bins is due"),
        (json!({"psth": {"first": "9 ms"}}), "psth.first: it is when a periodic stimulus begins"),
        (
            json!({"isi_histogram": {"bin": "3 ms"}}),
            "isi_histogram.longest: 200 ms is not a whole number of bins of 3 ms",
        ),
        (json!({"isi_histogram": {"bin": "0 ms"}}), "isi_histogram.bin: 0 ms: it must be finite and above 0 ms"),
        (json!({"autocorrelograms": {"longest": "0.5 ms"}}), "autocorrelograms.longest: 0.5 ms is not a whole number"),
        (json!({"correlograms": {"bin": "1e-9 ms"}}), "correlograms.longest: 50 ms is 5.000e10 bins"),
        (json!({"spectra": {"segment": "0.5 ms"}}), "spectra.segment: 0.5 ms is not a whole number of bins"),
        (json!({"pairs": {"measures": []}}), "pairs.measures: it is empty"),
        (json!({"pairs": {"van_rossum_tau": "0 ms"}}), "pairs.van_rossum_tau: 0 ms: it must be"),
        (json!({"pairs": {"tiling_window": "0 ms"}}), "pairs.tiling_window: 0 ms: it must be"),
        (json!({"pairs": {"coincidence_window": "0 ms"}}), "pairs.coincidence_window: 0 ms: it must be"),
        (json!({"pairs": {"victor_purpura_cost": "-1 Hz"}}), "pairs.victor_purpura_cost: -1 Hz: it must be finite"),
    ] {
        let message = refused(&config, false);
        assert!(message.contains(expected), "{expected} is not in\n{message}");
    }
    let message = refused(&json!({}), true);
    assert!(message.contains("inputs.events: only `psth` is about events"), "{message}");
    let message = refused(&json!({"psth": {"period": "9 ms"}}), true);
    assert!(message.contains("psth.period: there is an input `events`; leave out one of the two"), "{message}");
    let mut stages = stages(&json!({}), false);
    stages["y"]["inputs"] = json!({"spikes": "p", "populations": "s"});
    let other = problems(&given(&two_populations(), None), &stages);
    assert!(!other.is_empty());
}

#[test]
fn samples_that_cannot_be_measured_fail() {
    let recorded = (0.0, 100.0);
    let cases: [(_, Value, &str); 9] = [
        (
            tables(1.0, recorded, &[("E", 1, &[(1, 5)])]),
            json!({}),
            "neuron 1 fires, but neurons are numbered from 0 to 0",
        ),
        (tables(1.0, recorded, &[("E", 1, &[(0, 102)])]), json!({}), "a spike at 102 ms lies outside of 0 to 100 ms"),
        (tables(1.0, (5.0, 5.0), &[("E", 1, &[])]), json!({}), "the end comes after the start"),
        (tables(1.0, recorded, &[("E", 1, &[]), ("E", 1, &[])]), json!({}), "the populations table has `E` twice"),
        (
            tables(1.0, recorded, &[("E", 3, &[(0, 5), (1, 5), (2, 5)])]),
            json!({"fewest_spikes": 1, "pairs": {"most": 2}}),
            "3 neurons make 3 pairs",
        ),
        (
            tables(1.0, recorded, &[("E", 3, &[])]),
            json!({"level": "neuron", "correlograms": {"most": 2}}),
            "3 rows make 3 pairs; `correlograms.most` is 2",
        ),
        (tables(1.0, (0.0, 0.5), &[("E", 1, &[])]), json!({"spectra": {}}), "E: the series is empty"),
        (
            tables(1.0, recorded, &[("E", 1, &[(0, 5)])]),
            json!({"autocorrelograms": {"longest": "100 ms"}}),
            "`autocorrelograms.longest` is 100 ms, but `E` was recorded for 100 ms; it must be shorter",
        ),
        (
            tables(1.0, recorded, &[("E", 1, &[(0, 5)])]),
            json!({"correlograms": {"longest": "1 s"}}),
            "`correlograms.longest` is 1000 ms, but `E` was recorded for 100 ms",
        ),
    ];
    for (tables, config, expected) in cases {
        let message = failed(&tables, &config);
        assert!(message.contains(expected), "{expected} is not in\n{message}");
    }
    let (spikes, _) = tables(1.0, recorded, &[("E", 1, &[(0, 5)])]);
    let (_, others) = tables(1.0, recorded, &[("I", 1, &[])]);
    let message = failed(&(spikes, others), &json!({}));
    assert!(message.contains("the populations table has no `E`, but it has spikes"), "{message}");
}

#[test]
fn a_population_without_neurons_is_undefined() {
    let ran = measured(&tables(1.0, (0.0, 100.0), &[("E", 0, &[])]), &json!({"pairs": {}, "autocorrelograms": {}}));
    let features = ran.table("y", 0);
    let numbers = features.columns().iter().filter_map(|column| column.as_primitive_opt::<Float64Type>());
    assert!(numbers.flat_map(|column| column.values().to_vec()).all(f64::is_nan));
    assert!(floats(&ran.table("y", 2), "spike_distance")[0].is_nan());
}

#[test]
fn bins_between_steps_are_told() {
    let tables = tables(0.4, (0.0, 100.0), &[("E", 1, &[(0, 5)])]);
    let (_, graph) = bind(&given(&tables, None), &stages(&json!({"isi_histogram": {}}), false)).unwrap();
    let notes = graph.stages.iter().flat_map(|stage| stage.bound().notes.clone()).collect::<Vec<_>>().join("\n");
    assert!(notes.contains("`correlation_bin` of 5 ms is no whole number of steps of 0.4 ms"), "{notes}");
    assert!(notes.contains("`isi_histogram.bin` of 1 ms"), "{notes}");
}
