//! `pointprocess.fit` through a pipeline: the numbers of the science and of statsmodels, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod given;
mod support;

use std::path::PathBuf;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use given::{Given, Ran, problems, run_stages, run_with};
use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::Stream;
use lapicque_pointprocess::fit::{
    Basis, Family, Features, Fit, FittedNetwork, FittedNeuron, Penalty, Stimulus, Structure, Trains, fit, simulate,
};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_schemas::tables::{connectivity, spikes};
use serde_json::{Value, json};
use support::{floats, texts};

const STEPS: u32 = 20_000;

/// Two populations, E of two neurons and I of one, steps of 0.5 ms.
fn populations_of(t_stop_ms: f64) -> RecordBatch {
    let row = |name: &str, size: u32| PopulationRow {
        population: name.to_owned(),
        size,
        t_start_ms: 0.0,
        t_stop_ms,
        rate_hz: 1.0,
    };
    populations::write(&[row("E", 2), row("I", 1)]).unwrap()
}

fn pulses(steps: u32) -> Vec<u32> {
    (0..steps).filter(|t| t % 97 == 5).collect()
}

/// (neuron over both populations, step from 0).
fn recorded(seed: u8) -> Vec<(usize, u32)> {
    let exponential = |weight: f64| Basis::exponential(8, &[4.0]).unwrap().filter(&[weight]);
    let neuron = |couplings: Vec<(usize, Vec<f64>)>, light: f64| FittedNeuron {
        intercept: -3.0,
        history: vec![-30.0, -2.0, -1.0],
        couplings,
        stimuli: vec![vec![light]],
    };
    let neurons = vec![
        neuron(vec![(1, exponential(0.9))], 2.0),
        neuron(vec![(2, exponential(-1.2))], 0.0),
        neuron(vec![(0, exponential(0.5)), (1, exponential(0.7))], 0.0),
    ];
    let network = FittedNetwork { neurons, family: Family::Bernoulli, dead_bins: 1 };
    let stimuli = [Stimulus::of_pulses("light", &pulses(STEPS))];
    let mut stream = Stream::new(&StreamKey::new([seed; 16]), 0);
    let events = simulate(&network, &stimuli, STEPS, 0.5, &mut stream, &|| true).unwrap();
    events.into_iter().map(|event| (event.neuron as usize, event.step as u32)).collect()
}

fn spikes_of(spikes: &[(usize, u32)], dt_ms: f64) -> RecordBatch {
    let mut rows: Vec<(u16, u32, u32)> = spikes
        .iter()
        .map(|&(neuron, step)| if neuron < 2 { (0, step + 1, neuron as u32) } else { (1, step + 1, 0) })
        .collect();
    rows.sort_unstable();
    let (population, step, neuron) = (
        rows.iter().map(|row| row.0).collect(),
        rows.iter().map(|row| row.1).collect::<Vec<u32>>(),
        rows.iter().map(|row| row.2).collect::<Vec<u32>>(),
    );
    spikes::write(dt_ms, &["E", "I"], population, neuron, step).unwrap()
}

fn light(steps: u32) -> RecordBatch {
    let event = |t: u32| Event {
        onset_s: f64::from(t) * 0.5e-3,
        duration_s: None,
        kind: "stimulus".to_owned(),
        value: "light".to_owned(),
        channel: String::new(),
    };
    events::write(&pulses(steps).into_iter().map(event).collect::<Vec<_>>()).unwrap()
}

fn given() -> Vec<Given> {
    let samples = |kind, table, of: &dyn Fn(u8) -> RecordBatch| Given::samples(kind, table, (0..2).map(of).collect());
    vec![
        samples("given.spikes", "spikes", &|seed| spikes_of(&recorded(seed), 0.5)),
        samples("given.populations", "populations", &|_| populations_of(f64::from(STEPS) * 0.5)),
        samples("given.events", "events", &|_| light(STEPS)),
    ]
}

fn stage(settings: Value) -> Value {
    let mut fit = settings;
    fit["kind"] = json!("pointprocess.fit");
    if fit["inputs"].is_null() {
        fit["inputs"] = json!({"spikes": "s", "populations": "p", "events": "e"});
    }
    json!({
        "s": {"kind": "given.spikes"},
        "p": {"kind": "given.populations"},
        "e": {"kind": "given.events"},
        "f": fit,
    })
}

fn small() -> Value {
    json!({
        "coupling": {"basis": "exponential", "window": "4 ms", "tau": ["2 ms"]},
        "history": {"basis": "identity", "window": "1.5 ms"},
        "stimulus": {"basis": "identity", "window": "0.5 ms"},
        "dead_steps": 1,
    })
}

fn with(mut settings: Value, more: Value) -> Value {
    more.as_object().unwrap().iter().for_each(|(name, value)| settings[name] = value.clone());
    settings
}

fn own_structure() -> Structure {
    Structure {
        family: Family::Bernoulli,
        coupling: Some(Basis::exponential(8, &[4.0]).unwrap()),
        history: Some(Basis::identity(2).unwrap().starting_at(1).unwrap()),
        stimulus: Some(Basis::identity(1).unwrap()),
        dead_bins: 1,
        skipped_bins: 0,
    }
}

fn own_fits(seed: u8) -> Vec<Fit> {
    let structure = own_structure();
    let trains = Trains::new(3, STEPS, recorded(seed)).unwrap();
    let features = Features::new(&structure, &trains, &[Stimulus::of_pulses("light", &pulses(STEPS))]).unwrap();
    let of = |target| fit(&features.of_target(target).unwrap(), Family::Bernoulli, Penalty::None, &|| true).unwrap();
    (0..3).map(of).collect()
}

fn of_sample(ran: &Ran, output: usize, column: &str, sample: &str) -> Vec<f64> {
    let table = ran.table("f", output);
    let labels = texts(&table, "sample");
    floats(&table, column).into_iter().zip(labels).filter(|(_, label)| label == sample).map(|(x, _)| x).collect()
}

#[test]
fn tables_have_the_numbers_of_the_science_for_each_sample() {
    let ran = run_stages(&given(), &stage(small()));
    assert!(ran.record.ok, "{}", ran.failures());
    for (seed, sample) in [(0, "s0"), (1, "s1")] {
        let fits = own_fits(seed);
        let due: Vec<f64> = fits.iter().flat_map(|fit| fit.coefficients.iter().map(|c| c.estimate)).collect();
        assert_eq!(of_sample(&ran, 0, "estimate", sample), due);
        let errors: Vec<f64> = fits.iter().flat_map(|fit| fit.coefficients.iter().map(|c| c.standard_error)).collect();
        let upper = of_sample(&ran, 0, "upper", sample);
        for ((estimate, error), upper) in due.iter().zip(&errors).zip(upper) {
            assert!((upper - (estimate + 1.959963984540054 * error)).abs() < 1e-12);
        }
        let likelihood: Vec<f64> = fits.iter().map(|fit| fit.log_likelihood).collect();
        assert_eq!(of_sample(&ran, 2, "log_likelihood", sample), likelihood);
        let aic: Vec<f64> = fits.iter().map(Fit::aic).collect();
        assert_eq!(of_sample(&ran, 2, "aic", sample), aic);
        assert!(of_sample(&ran, 2, "ks_p", sample).iter().all(|p| *p > 1e-4 && *p <= 1.0));
    }
    let table = ran.table("f", 0);
    let row = |i: usize| ["target", "term", "source", "status"].map(|column| texts(&table, column)[i].clone());
    assert_eq!(row(0), ["E.0", "intercept", "", "estimated"]);
    assert_eq!(row(1), ["E.0", "history", "E.0", "estimated"]);
    assert_eq!(row(3), ["E.0", "coupling", "E.1", "estimated"]);
    assert_eq!(row(4), ["E.0", "coupling", "I.0", "estimated"]);
    assert_eq!(row(5), ["E.0", "stimulus", "light", "estimated"]);
    assert_eq!(row(6)[0], "E.1");
}

#[test]
fn connectivity_and_filters_are_those_of_the_fits() {
    let ran = run_stages(&given()[..], &stage(small()));
    let structure = own_structure();
    let neurons: Vec<FittedNeuron> = own_fits(0).iter().map(|fit| FittedNeuron::of(fit, &structure)).collect();
    let table = ran.table("f", 1);
    let first = table.slice(0, 6);
    let read = connectivity::read(&first).unwrap();
    let pairs: Vec<(u32, u32)> = read.presynaptic.iter().copied().zip(read.postsynaptic.iter().copied()).collect();
    assert_eq!(pairs, [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]);
    for ((pre, post), weight) in pairs.into_iter().zip(&read.weight) {
        let filter = &neurons[post as usize].couplings.iter().find(|(source, _)| *source == pre as usize).unwrap().1;
        assert!((weight - filter.iter().sum::<f64>()).abs() < 1e-12);
    }
    let filters = ran.table("f", 4);
    let read = signals::read(&filters).unwrap();
    let channels: Vec<&str> = read[..4].iter().map(|signal| signal.channel.as_ref()).collect();
    assert_eq!(channels, ["E.0->E.0", "E.1->E.0", "I.0->E.0", "light->E.0"]);
    assert_eq!((read[0].t0_ms, read[0].dt_ms, read[3].t0_ms), (0.5, 0.5, 0.0));
    assert_eq!(read[0].values.as_ref(), neurons[0].history);
    assert_eq!(read[1].values.as_ref(), neurons[0].couplings[0].1);
    assert_eq!(read[3].values.as_ref(), neurons[0].stimuli[0]);
}

#[test]
fn quantiles_of_rescaled_intervals_stay_in_their_band() {
    let ran = run_stages(&given(), &stage(small()));
    let table = ran.table("f", 3);
    let column = |name: &str| floats(&table, name);
    let (model, empirical, lower, upper) = (column("model"), column("empirical"), column("lower"), column("upper"));
    assert!(model.len() > 1000);
    let outside = (0..model.len()).filter(|&i| empirical[i] < lower[i] || empirical[i] > upper[i]).count();
    // Six neurons, each of which leaves a band of 95 % somewhere in one of twenty cases.
    assert!(outside * 4 < model.len(), "{outside} of {}", model.len());
    let targets = texts(&table, "target");
    assert_eq!(targets.iter().filter(|target| *target == "I.0").count().min(1), 1);
    assert!(model.windows(2).zip(targets.windows(2)).all(|(m, t)| t[0] != t[1] || m[0] < m[1] || m[1] < 0.01));
}

#[test]
fn results_depend_on_neither_threads_nor_which_neurons_are_fitted() {
    let all = run_with(&given(), &stage(small()), 1);
    let again = run_with(&given(), &stage(small()), 4);
    for output in 0..5 {
        assert_eq!(all.table("f", output), again.table("f", output));
    }
    let one = run_stages(&given(), &stage(with(small(), json!({"targets": ["I"]}))));
    let rows = |ran: &Ran, column: &str| {
        let table = ran.table("f", 2);
        let targets = texts(&table, "target");
        floats(&table, column).into_iter().zip(targets).filter(|(_, t)| t == "I.0").map(|(x, _)| x).collect::<Vec<_>>()
    };
    assert_eq!(one.table("f", 2).num_rows(), 2);
    for column in ["log_likelihood", "ks_statistic", "bic"] {
        assert_eq!(rows(&one, column), rows(&all, column), "{column}");
    }
    let named = run_stages(&given(), &stage(with(small(), json!({"targets": ["I.0", "E.1", "I"]}))));
    assert_eq!(texts(&named.table("f", 2), "target"), ["E.1", "I.0", "E.1", "I.0"]);
}

#[test]
fn of_several_strengths_each_neuron_has_the_best_and_held_out_bins_are_told() {
    let penalty = json!({
        "penalty": "ridge",
        "strengths": [100.0, 0.0001],
        "validation": {"by": "time_blocks", "folds": 3},
    });
    let ran = run_stages(&given(), &stage(with(small(), penalty)));
    assert_eq!(of_sample(&ran, 2, "strength", "s0"), [1e-4; 3]);
    let held_out = of_sample(&ran, 2, "held_out_log_likelihood", "s0");
    let null = of_sample(&ran, 2, "held_out_null_log_likelihood", "s0");
    assert!(held_out.iter().zip(&null).all(|(model, null)| model > null));
    assert!(of_sample(&ran, 2, "held_out_bits_per_spike", "s0").iter().all(|bits| *bits > 0.0 && *bits < 2.0));
    let trials = json!({"validation": {"by": "trials"}});
    let ran = run_stages(&given(), &stage(with(small(), trials)));
    assert!(ran.record.ok, "{}", ran.failures());
    assert!(of_sample(&ran, 2, "held_out_bits_per_spike", "s1").iter().all(|bits| *bits > 0.0 && *bits < 2.0));
}

#[test]
fn bins_of_two_steps_and_a_held_signal_are_those_of_the_science() {
    let level = |t: u32| f64::from(t / 40 % 5) - 2.0;
    let coarse: Vec<f64> = (0..STEPS / 40).map(|i| level(40 * i)).collect();
    let signal =
        Signal { channel: "level".into(), epoch: 0, t0_ms: 0.0, dt_ms: 20.0, unit: "1".into(), values: coarse.into() };
    let mut tables = given();
    tables.truncate(2);
    tables.push(Given::samples("given.events", "signals", vec![signals::write(&[signal]).unwrap(); 2]));
    let settings = json!({
        "inputs": {"spikes": "s", "populations": "p", "signals": "e"},
        "emission": "poisson",
        "bin": "1 ms",
        "coupling": {"basis": "none"},
        "history": {"basis": "raised_cosine_linear", "window": "6 ms", "functions": 3},
        "stimulus": {"basis": "identity", "window": "1 ms"},
        "discard": "50 ms",
    });
    let ran = run_stages(&tables, &stage(settings));
    assert!(ran.record.ok, "{}", ran.failures());
    let structure = Structure {
        family: Family::Poisson,
        coupling: None,
        history: Some(Basis::raised_cosine_linear(6, 3, 2.0).unwrap()),
        stimulus: Some(Basis::identity(1).unwrap()),
        dead_bins: 0,
        skipped_bins: 50,
    };
    let bins = STEPS / 2;
    let trains = Trains::new(3, bins, recorded(1).into_iter().map(|(neuron, step)| (neuron, step / 2))).unwrap();
    let values: Vec<f64> = (0..bins).map(|bin| level(2 * bin)).collect();
    let stimulus = Stimulus::of_values("level", &values).unwrap();
    let features = Features::new(&structure, &trains, &[stimulus]).unwrap();
    let of = |target| fit(&features.of_target(target).unwrap(), Family::Poisson, Penalty::None, &|| true).unwrap();
    let due: Vec<f64> = (0..3).flat_map(|target| of(target).coefficients).map(|c| c.estimate).collect();
    assert_eq!(of_sample(&ran, 0, "estimate", "s1"), due);
}

#[test]
fn what_has_no_finite_value_is_told_by_neuron_and_coefficient() {
    // Bins after a spike are not left out, though there is never a spike in them; and E.1 never fires.
    let quiet: Vec<(usize, u32)> = recorded(0).into_iter().filter(|(neuron, _)| *neuron != 1).collect();
    let mut tables = given();
    tables[0] = Given::samples("given.spikes", "spikes", vec![spikes_of(&quiet, 0.5); 2]);
    let ran = run_stages(&tables, &stage(with(small(), json!({"dead_steps": 0}))));
    assert!(ran.record.ok, "{}", ran.failures());
    let notes = ran.notes();
    assert!(notes.contains("no finite value is best"), "{notes}");
    assert!(notes.contains("E.0 history E.0 0") && notes.contains("E.1 intercept"), "{notes}");
    assert!(notes.contains("E.0 coupling E.1 0"), "{notes}");
    let table = ran.table("f", 0);
    let status = texts(&table, "status");
    let estimate = floats(&table, "estimate");
    let is_separated = |i: &usize| status[*i] == "separated";
    assert!((0..status.len()).filter(is_separated).all(|i| estimate[i] == f64::NEG_INFINITY));
    assert_eq!(of_sample(&ran, 2, "separated", "s0"), [1.0, 1.0, 1.0]);
    // What follows can compute with filters and weights.
    assert!(signals::read(&ran.table("f", 4)).unwrap().iter().all(|s| s.values.iter().all(|x| x.is_finite())));
    assert!(floats(&ran.table("f", 1), "weight").iter().all(|weight| weight.is_finite()));
    let converged = ran.table("f", 2).column_by_name("converged").unwrap().as_boolean().clone();
    assert!(converged.iter().all(|one| one == Some(true)));
}

#[test]
fn the_kind_gives_the_numbers_of_statsmodels() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm/fit_coupled10");
    if !folder.is_dir() {
        println!("skipped: no folder {}", folder.display());
        return;
    }
    let text = std::fs::read_to_string(folder.join("spikes.csv")).unwrap();
    let mut rows: Vec<(u32, u32)> = text
        .lines()
        .skip(1)
        .map(|row| row.split_once(',').unwrap())
        .map(|(step, neuron)| (step.parse::<u32>().unwrap() + 1, neuron.parse().unwrap()))
        .collect();
    rows.sort_unstable();
    let (step, neuron): (Vec<u32>, Vec<u32>) = rows.into_iter().unzip();
    let population =
        PopulationRow { population: "N".to_owned(), size: 10, t_start_ms: 0.0, t_stop_ms: 40_000.0, rate_hz: 16.0 };
    let tables = [
        Given::whole("given.spikes", "spikes", spikes::write(1.0, &["N"], vec![0; step.len()], neuron, step).unwrap()),
        Given::whole("given.populations", "populations", populations::write(&[population]).unwrap()),
        Given::whole("given.events", "events", light(10)),
    ];
    let settings = json!({
        "inputs": {"spikes": "s", "populations": "p"},
        "coupling": {"basis": "exponential", "window": "5 ms", "tau": ["5 ms"]},
        "history": {"basis": "identity", "window": "10 ms"},
        "dead_steps": 7,
        "discard": "20 ms",
    });
    let ran = run_stages(&tables, &stage(settings));
    assert!(ran.record.ok, "{}", ran.failures());
    let due: Value =
        serde_json::from_slice(&std::fs::read(folder.join("fit_statsmodels_logit.json")).unwrap()).unwrap();
    let table = ran.table("f", 0);
    let column = |name: &str| texts(&table, name);
    let (target, term, source, basis) =
        (column("target"), column("term"), column("source"), table.column_by_name("basis").unwrap().clone());
    let basis = basis.as_primitive::<arrow_array::types::UInt32Type>();
    let (estimate, error, status) = (floats(&table, "estimate"), floats(&table, "standard_error"), column("status"));
    let mut compared = 0;
    for row in 0..table.num_rows() {
        let number = |label: &str| label.trim_start_matches("N.").parse::<usize>().unwrap();
        let fitted = &due["targets"][number(&target[row])];
        let pair = match term[row].as_str() {
            "intercept" => json!([fitted["intercept"], fitted["intercept_se"]]),
            "history" => fitted["refractory"][(basis.value(row) + 7).to_string()].clone(),
            _ => fitted["coupling"][number(&source[row]).to_string()].clone(),
        };
        if status[row] == "estimated" {
            assert!((estimate[row] - pair[0].as_f64().unwrap()).abs() < 1e-6, "{} {}", target[row], term[row]);
            assert!((error[row] / pair[1].as_f64().unwrap() - 1.0).abs() < 1e-5);
            compared += 1;
        } else {
            assert!(pair[1].as_f64().unwrap() > 1e4);
        }
    }
    assert!(compared > 110, "{compared}");
    for (found, due) in floats(&ran.table("f", 2), "log_likelihood").iter().zip(due["targets"].as_array().unwrap()) {
        assert!((found / due["loglik"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    }
}

#[test]
fn configurations_that_cannot_be_are_refused_by_field() {
    let cases = [
        (json!({"bin": "0.7 ms"}), "bin: 0.7 ms: expected a whole number of time steps of the spikes, 0.5 ms"),
        (json!({"coupling": {"window": "0.7 ms"}}), "coupling.window: 0.7 ms: expected a whole number of bins"),
        (json!({"history": {"window": "2 ms"}, "dead_steps": 4}), "history.window: 2 ms is 4 bins of 0.5 ms"),
        (json!({"coupling": {"basis": "exponential"}}), "coupling.tau: the functions named by `basis` need it"),
        (json!({"coupling": {"basis": "exponential", "tau": ["0 ms"]}}), "coupling.tau: `tau` is 0"),
        (json!({"coupling": {"tau": ["1 ms"]}}), "coupling.tau: the functions named by `basis` do not have it"),
        (json!({"coupling": {"functions": 0}}), "coupling.functions: `functions` is 0"),
        (json!({"coupling": {"basis": "b_spline", "functions": 3}}), "at least as many functions as the order"),
        (json!({"coupling": {"basis": "b_spline", "order": 11}}), "coupling.order: `order` is 11"),
        (json!({"coupling": {"width": 0.5}}), "coupling.width: `width` is 0.5"),
        (json!({"coupling": {"time_scaling": 0.0}}), "coupling.time_scaling: `time_scaling` is 0"),
        (json!({"stimulus": {"basis": "tabulated"}}), "stimulus.values: the functions named by `basis` need it"),
        (json!({"stimulus": {"basis": "tabulated", "values": [[1.0], [1.0, 2.0]]}}), "rows have 1 and 2 values"),
        (json!({"discard": "-1 ms"}), "discard: -1 ms: a finite time from 0 ms on is needed"),
        (json!({"strengths": [0.1]}), "strengths: there is no penalty"),
        (json!({"penalty": "ridge"}), "strengths: a penalty needs it"),
        (json!({"penalty": "ridge", "strengths": [0.0]}), "strengths: `strength` is 0"),
        (json!({"penalty": "ridge", "strengths": [0.1, 0.2]}), "strengths: several are chosen from by held-out bins"),
        (json!({"penalty": "ridge", "strengths": [0.1], "ratio": 0.3}), "ratio: only `penalty: elastic_net` has it"),
        (json!({"penalty": "elastic_net", "strengths": [0.1], "ratio": 0.0}), "ratio: `ratio` is 0"),
        (json!({"confidence": 1.0}), "confidence: 1 is no level"),
        (json!({"validation": {"folds": 3}}), "validation.folds: nothing is held out"),
        (json!({"validation": {"by": "time_blocks", "folds": 1}}), "validation.folds: 1; at least 2 are needed"),
        (json!({"targets": [""]}), "targets: a name is empty"),
        (json!({"events": [" "]}), "events: a name is empty"),
    ];
    for (settings, due) in cases {
        let found = problems(&given(), &stage(settings.clone()));
        assert!(found.contains(due), "{settings}: {found}");
    }
    let alone = json!({"spikes": "s", "populations": "p"});
    for (settings, due) in [
        (json!({"events": ["light"]}), "events: connect the input `events`"),
        (json!({"validation": {"by": "trials"}}), "validation.by: connect the input `events`"),
        (json!({"stimulus": {"functions": 3}}), "stimulus: connect the input `signals` or `events`"),
    ] {
        let found = problems(&given(), &stage(with(settings.clone(), json!({"inputs": alone}))));
        assert!(found.contains(due), "{settings}: {found}");
    }
}

#[test]
fn samples_that_cannot_be_fitted_fail_with_a_reason() {
    let fails = |tables: &[Given], settings: Value, due: &str| {
        let ran = run_stages(tables, &stage(with(small(), settings)));
        assert!(!ran.record.ok && ran.failures().contains(due), "{due}: {}", ran.failures());
    };
    let replaced = |place: usize, kind, table: &str, batch: RecordBatch| {
        let mut tables = given();
        tables[place] = Given::samples(kind, table, vec![batch; 2]);
        tables
    };
    let spikes = |spikes: &[(usize, u32)]| replaced(0, "given.spikes", "spikes", spikes_of(spikes, 0.5));
    fails(&given(), json!({"targets": ["X.0"]}), "`targets` names `X.0`, which is neither a population nor a neuron");
    fails(
        &given(),
        json!({"bin": "2 ms", "coupling": {"basis": "none"}, "history": {"basis": "none"}, "stimulus": {"basis": "none"}}),
        "take shorter bins or Poisson counts",
    );
    fails(&given(), json!({"discard": "11 s"}), "the first 22000 are left out");
    fails(&spikes(&[(0, STEPS)]), json!({}), "a spike at step 20001 lies outside of 1 to 20000");
    let rows =
        |rows: &[PopulationRow]| replaced(1, "given.populations", "populations", populations::write(rows).unwrap());
    let row = |name: &str, size: u32, t_stop_ms: f64| PopulationRow {
        population: name.to_owned(),
        size,
        t_start_ms: 0.0,
        t_stop_ms,
        rate_hz: 1.0,
    };
    fails(&rows(&[]), json!({}), "the populations table has no neuron");
    fails(&rows(&[row("E", 2, 1e4)]), json!({}), "the populations table has no `I`, but it has spikes");
    fails(&rows(&[row("E", 1, 1e4), row("I", 1, 1e4)]), json!({}), "population E: neuron 1 fires, but it has 1");
    fails(&rows(&[row("E", 2, 1e4), row("E", 1, 1e4)]), json!({}), "the populations table has `E` twice");
    fails(&rows(&[row("E", 2, 1e4), row("I", 1, 9e3)]), json!({}), "expected the same");
    fails(&rows(&[row("E", 2, -1.0), row("I", 1, -1.0)]), json!({}), "the end must come after the start");
    let event = |onset_s: f64, value: &str| {
        let (kind, value) = ("stimulus".to_owned(), value.to_owned());
        events::write(&[Event { onset_s, duration_s: None, kind, value, channel: String::new() }]).unwrap()
    };
    fails(&replaced(2, "given.events", "events", event(f64::NAN, "light")), json!({}), "a time is finite");
    fails(&replaced(2, "given.events", "events", event(1.0, "E.0")), json!({}), "two sources are called `E.0`");
    fails(&given(), json!({"validation": {"by": "trials", "folds": 1000}}), "from 2 to the number of trials");
    let signal = |dt_ms: f64, values: Vec<f64>| {
        let signal =
            Signal { channel: "level".into(), epoch: 0, t0_ms: 0.0, dt_ms, unit: "1".into(), values: values.into() };
        replaced(2, "given.events", "signals", signals::write(&[signal]).unwrap())
    };
    let inputs = json!({"inputs": {"spikes": "s", "populations": "p", "signals": "e"}});
    fails(&signal(0.1, vec![0.0; 100_000]), inputs.clone(), "expected a bin of 0.5 ms or more");
    fails(
        &signal(10.0, vec![0.0; 999]),
        inputs.clone(),
        "it lasts from 0 to 9990 ms; the recording from 0 to 10000 ms",
    );
    fails(&signal(10.0, vec![f64::NAN; 1000]), inputs, "stimulus `level` is NaN in bin 0");
}
