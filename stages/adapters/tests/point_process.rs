//! Networks of stochastic neurons through a pipeline: drives from spikes, times, stimuli, sweeps and refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use lapicque_pipeline::MemoryStore;
use lapicque_schemas::tables::{populations, spikes};
use support::{Ran, bind, floats, lists, ran, ran_on, refused, texts};
use tempfile::TempDir;

fn simulated(rest: &str) -> String {
    format!("  s:\n    kind: simulate.point_process\n{rest}")
}

fn here() -> &'static Path {
    Path::new(".")
}

fn numbers(table: &RecordBatch, name: &str) -> Vec<u32> {
    table.column_by_name(name).unwrap().as_primitive::<UInt32Type>().values().to_vec()
}

/// Population, neuron, step.
fn spikes_of(ran: &Ran) -> Vec<(String, u32, u32)> {
    let table = ran.output("s", 0);
    let (population, neuron, step) = (texts(&table, "population"), numbers(&table, "neuron"), numbers(&table, "step"));
    (0..step.len()).map(|row| (population[row].clone(), neuron[row], step[row])).collect()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

const LIST: &str = "presynaptic,postsynaptic,weight\n0,1,2.5\n1,0,-1.5\n1,2,3\n2,2,0.5\n";

#[test]
fn drives_follow_from_spikes_and_stimuli() {
    let folder = folder(&[("w.csv", LIST)]);
    let text = "  c: { kind: connectivity.import, path: w.csv }\n".to_owned()
        + &simulated(
            "    inputs: { connectivity: c }
    model: bernoulli_glm
    parameters: { theta: 1, r: 0.5 }
    steps: 3000
    transient: 0 ms
    start: rest
    populations: { E: 2, I: 1 }
    record: [probability, drive]
    stimuli:
      light: { regular: { strength: 2, period: 50 ms, width: 5 ms, start: 7 ms, end: 2 s }, neurons: [1, 2] }
      hum: { waveform: { sinusoid: { amplitude: 0.5, frequency: 20 Hz } }, neurons: { population: E } }
",
        );
    let ran = ran(&text, folder.path());
    assert_eq!(ran.counts("s").2, 0, "{:?}", ran.failures());
    let mut x = vec![vec![0.0; 3000]; 3];
    for (population, neuron, step) in spikes_of(&ran) {
        x[neuron as usize + if population == "I" { 2 } else { 0 }][step as usize - 1] = 1.0;
    }
    assert!(x.iter().all(|one| one.iter().sum::<f64>() > 100.0));
    let drive = ran.output("s", 4);
    assert_eq!(texts(&drive, "channel"), ["E.0", "E.1", "I.0"]);
    assert_eq!((floats(&drive, "t0"), floats(&drive, "dt")), (vec![1.0; 3], vec![1.0; 3]));
    let (drive, probability) = (lists(&drive, "values"), lists(&ran.output("s", 5), "values"));
    let weights = [[0.0, 2.5, 0.0], [-1.5, 0.0, 3.0], [0.0, 0.0, 0.5]];
    let coupling = |k: usize| if k < 5 { (-0.2 * k as f64).exp() } else { 0.0 };
    let refractory = |k: usize| match k {
        0..3 => -100.0,
        3..10 => -30.0 * (-0.5 * (k - 3) as f64).exp(),
        _ => 0.0,
    };
    for i in 0..3 {
        for t in 0..3000 {
            let mut g = 0.0;
            for k in 0..10.min(t) {
                g += 0.5 * refractory(k) * x[i][t - 1 - k];
                g += (0..3).map(|j| 0.5 * weights[j][i] * coupling(k) * x[j][t - 1 - k]).sum::<f64>();
            }
            g += if i > 0 && (7..2000).contains(&t) && (t - 7) % 50 < 5 { 2.0 } else { 0.0 };
            g += if i < 2 { 0.5 * (std::f64::consts::TAU * 0.02 * t as f64).sin() } else { 0.0 };
            assert!((drive[i][t] - g).abs() < 1e-10, "{i} {t}: {} {g}", drive[i][t]);
            assert!((probability[i][t] - 1.0 / (1.0 + (1.0 - g).exp())).abs() < 1e-12, "{i} {t}");
        }
    }
    let rows = populations::read(&ran.output("s", 1)).unwrap();
    let of = |place: usize| {
        (rows[place].population.as_str(), rows[place].size, rows[place].t_start_ms, rows[place].t_stop_ms)
    };
    assert_eq!([of(0), of(1)], [("E", 2, 0.0, 3000.0), ("I", 1, 0.0, 3000.0)]);
    assert!((rows[1].rate_hz - x[2].iter().sum::<f64>() / 3.0).abs() < 1e-9);
    let stimulated = ran.output("s", 2);
    assert_eq!(texts(&stimulated, "stimulus"), ["hum", "hum", "light", "light"]);
    assert_eq!(numbers(&stimulated, "neuron"), [0, 1, 1, 2]);
    assert_eq!(texts(&stimulated, "population"), ["E", "E", "E", "I"]);
    assert_eq!(numbers(&stimulated, "number"), [0, 1, 1, 0]);
    let events = ran.output("s", 3);
    // At 7, 57, ..., 1957 ms.
    assert_eq!(events.num_rows(), 40);
    assert_eq!(floats(&events, "onset_s")[..2], [0.007, 0.057]);
    assert!(texts(&events, "value").iter().all(|name| name == "light"));
}

/// A neuron that spikes where its stimulus is up, and never else.
const CERTAIN: &str = "    model: general
    general: { link: threshold }
    parameters: { theta: 0.5 }
    steps: 40
    transient: 0 ms
    start: rest
";

#[test]
fn steps_count_from_one_and_events_are_where_pulses_begin() {
    let of = |stimulus: &str| {
        let rest = format!("{CERTAIN}    neurons: 1\n    time_step: 0.5 ms\n    stimuli:\n      p: {{ {stimulus} }}\n");
        let ran = ran(&simulated(&rest), here());
        assert_eq!(ran.counts("s").2, 0, "{:?}", ran.failures());
        let steps: Vec<u32> = spikes_of(&ran).into_iter().map(|spike| spike.2).collect();
        let events = ran.output("s", 3);
        (steps, floats(&events, "onset_s"), floats(&events, "duration_s"))
    };
    // Steps 3 and 4 from 0 are driven.
    let one = of("regular: { strength: 1, period: 1 s, width: 1 ms, start: 1.5 ms }");
    assert_eq!(one, (vec![4, 5], vec![0.0015], vec![0.001]));
    let train = of("waveform: { pulses: { amplitude: 1, period: 10 ms, width: 1 ms, start: 1.5 ms } }");
    assert_eq!(train, (vec![4, 5, 24, 25], vec![0.0015, 0.0115], vec![0.001, 0.001]));
    let constant = of("waveform: { step: { amplitude: 1 } }");
    assert_eq!((constant.0.len(), constant.1.len()), (40, 0));
    let random = of("poisson_pulses: { strength: 1, mean_interval: 4 ms, width: 0.5 ms }");
    let onsets: Vec<u32> = random.1.iter().map(|onset| (onset / 0.0005).round() as u32 + 1).collect();
    assert!(!onsets.is_empty() && onsets == random.0, "{random:?}");
    let dt = spikes::dt_ms(
        &bind(&simulated(&format!("{CERTAIN}    neurons: 1\n")), here()).unwrap().1.stages[0].bound().outputs[0].schema,
    );
    assert_eq!(dt, Some(1.0));
}

#[test]
fn compat_counts_periods_from_step_zero() {
    let stimulus = "    neurons: 1
    stimuli:
      p: { regular: { strength: 1, period: 10 ms, width: 2 ms, start: 11 ms } }
";
    let of = |rest: &str| {
        let ran = ran(&simulated(&format!("{CERTAIN}{stimulus}{rest}")), here());
        spikes_of(&ran).into_iter().map(|spike| spike.2).collect::<Vec<_>>()
    };
    assert_eq!(of(""), [12, 13, 22, 23, 32, 33]);
    assert_eq!(of("    compat: spikeometric\n"), [12, 21, 22, 31, 32]);
}

#[test]
fn counts_are_rows() {
    let rest = "    model: rectified_lnp\n    parameters: { theta: -1, lambda0: 20 1/ms, b: 0 }\n    steps: 500\n    neurons: 2\n";
    let ran = ran(&simulated(rest), here());
    let mean = spikes_of(&ran).len() as f64 / 1000.0;
    // Two spikes per step.
    assert!((mean - 2.0).abs() < 4.0 * (2.0 / 1000.0_f64).sqrt(), "{mean}");
    assert!((floats(&ran.output("s", 1), "rate_hz")[0] - mean * 1e4).abs() < 1e-6);
}

#[test]
fn a_hazard_is_right_at_long_steps() {
    let rest = "    model: general\n    general: { link: logit }\n    parameters: { theta: 0 }\n    time_step: 2 ms\n    steps: 20000\n    neurons: 1\n    record: [probability]\n";
    let ran = ran(&simulated(rest), here());
    let p = 1.0 - (-1.0_f64).exp();
    let found = spikes_of(&ran).len() as f64 / 20_000.0;
    assert!((found - p).abs() < 4.0 * (p * (1.0 - p) / 20_000.0).sqrt(), "{found}");
    assert!(lists(&ran.output("s", 4), "values")[0].iter().all(|value| (value - p).abs() < 1e-15));
}

#[test]
fn values_and_strengths_are_swept() {
    let of = |sweep: &str| {
        let points = format!("  p:\n    kind: parameters.grid\n    sweep: {sweep}\n");
        let rest = "    inputs: { parameters: p }
    model: bernoulli_glm
    steps: 4000
    neurons: 20
    stimuli:
      light: { regular: { strength: 0, period: 20 ms, width: 5 ms } }
";
        let ran = ran(&format!("{points}{}", simulated(rest)), here());
        assert_eq!(ran.counts("s").2, 0, "{:?}", ran.failures());
        floats(&ran.output("s", 1), "rate_hz")
    };
    let rates = of("{ theta: { values: [3, 4, 5, 6] } }");
    assert!(rates.is_sorted_by(|one, other| one > other), "{rates:?}");
    let rates = of("{ stimuli.light.strength: { values: [-2, 0, 2, 4] } }");
    assert!(rates.is_sorted_by(|one, other| one < other), "{rates:?}");
    let seeds = of("{ seed: { values: [1, 2] } }");
    assert_ne!(seeds[0], seeds[1]);
    assert_eq!(of("{ abs_ref_scale: { values: [30 ms] } }").len(), 1);
}

#[test]
fn neurons_are_chosen_anew_for_each_network_and_by_masks() {
    let points = "  p:\n    kind: parameters.grid\n    sweep: { seed: { values: [1, 2, 3] } }\n";
    let rest = "    model: bernoulli_glm
    steps: 100
    populations: { E: 25, I: 25 }
    stimuli:
      light: { regular: { strength: 5, period: 20 ms, width: 5 ms }, neurons: { random: { count: 4, population: I } } }
";
    let text = format!("{points}{}", simulated(&format!("    inputs: {{ parameters: p }}\n{rest}")));
    let found = ran(&text, here());
    let of = |ran: &Ran| {
        let table = ran.output("s", 2);
        assert_eq!(table.num_rows(), 12);
        assert!(texts(&table, "population").iter().all(|name| name == "I"));
        numbers(&table, "neuron").chunks(4).map(<[u32]>::to_vec).collect::<Vec<_>>()
    };
    let chosen = of(&found);
    assert!(chosen.iter().flatten().all(|neuron| (25..50).contains(neuron)));
    assert!(chosen[0] != chosen[1] || chosen[1] != chosen[2]);
    // What one run stimulated is a mask of another.
    let again = simulated(&format!(
        "    inputs: {{ parameters: p, masks: m.stimulated }}\n{}",
        rest.replace(", neurons: { random: { count: 4, population: I } }", "")
    ));
    let first = text.replace("  s:\n", "  m:\n");
    assert_eq!(of(&ran(&format!("{first}{again}"), here())), chosen);
}

#[test]
fn results_do_not_depend_on_batches_or_threads() {
    let points = "  p:\n    kind: parameters.grid\n    sweep: { seed: { values: [1, 2, 3, 4, 5, 6, 7] } }\n";
    let networks = "  c:\n    kind: connectivity.generate\n    inputs: { parameters: p }\n    neurons: 20\n    glorot: true\n    parameters: { sd: 5 }\n";
    let rest = "    inputs: { parameters: p, connectivity: c }
    model: bernoulli_glm
    steps: 2000
    stimuli:
      light: { poisson_pulses: { strength: 5, mean_interval: 50 ms, width: 5 ms }, neurons: { random: { count: 3 } } }
";
    let text = format!("{points}{networks}{}", simulated(rest));
    let of = |jobs| {
        let ran = ran_on(&text, here(), MemoryStore::default(), jobs);
        assert_eq!(ran.counts("s"), (7, 0, 0));
        (0..4).map(|output| ran.output("s", output)).collect::<Vec<_>>()
    };
    let alone = of(1);
    assert_eq!(of(4), alone);
    // Alone, a sample is what it is among others.
    let one = ran(&text.replace("[1, 2, 3, 4, 5, 6, 7]", "[4]"), here());
    let label = texts(&one.output("s", 1), "sample")[0].clone();
    let among: Vec<usize> =
        (0..alone[0].num_rows()).filter(|&row| texts(&alone[0], "sample")[row] == label).take(1).collect();
    let length = one.output("s", 0).num_rows();
    assert_eq!(alone[0].slice(among[0], length), one.output("s", 0));
}

#[test]
fn few_and_many_neurons() {
    let folder = folder(&[("one.csv", "presynaptic,postsynaptic,weight\n0,0,-2\n")]);
    let text = "  c: { kind: connectivity.import, path: one.csv }\n".to_owned()
        + &simulated("    inputs: { connectivity: c }\n    model: rectified_sam\n    steps: 50000\n");
    let one = ran(&text, folder.path());
    assert!(one.counts("s").2 == 0 && !spikes_of(&one).is_empty());
    let many = "    model: bernoulli_glm\n    steps: 3\n    transient: 0 ms\n    start: rest\n    neurons: 1000000\n";
    let many = ran(&simulated(many), here());
    let p = 1.0 / (1.0 + 5.0_f64.exp());
    let found = spikes_of(&many).len() as f64 / 3e6;
    assert!((found / p - 1.0).abs() < 0.05, "{found} {p}");
}

#[test]
fn what_cannot_be_is_told_by_field() {
    let mut others = Vec::new();
    let model = "    model: bernoulli_glm\n";
    let sized = format!("{model}    neurons: 10\n");
    let long = format!("{sized}    steps: 100\n");
    let stimulus = |text: &str| format!("{long}    stimuli:\n      light: {{ {text} }}\n");
    let regular = "regular: { strength: 5, period: 100 ms, width: 10 ms }";
    for (rest, expected) in [
        (model.to_owned() + "    steps: 10\n", "how many neurons there are is not known"),
        (sized.clone(), "give `duration`, e.g. `100 s`, or `steps`"),
        (format!("{long}    duration: 1 s\n"), "`duration` says how long it is; leave one of them out"),
        (format!("{sized}    steps: 0\n"), "nothing is recorded; give at least one step"),
        (format!("{sized}    duration: 0.5 ms\n"), "`duration` = 0.5 ms is no whole number of steps of 1 ms"),
        (format!("{sized}    duration: 1\n"), "duration"),
        (format!("{long}    transient: -1 ms\n"), "`transient` = -1 ms is no whole number of steps"),
        (format!("{long}    time_step: 0 ms\n"), "0 ms is not allowed; it must be above 0"),
        (
            format!(
                "{long}    time_step: 2 ms\n    parameters: {{ coupling_window: 6 ms, abs_ref_scale: 4 ms, rel_ref_scale: 6 ms }}\n"
            ),
            "1 ms at most, or probabilities pass 1; a hazard takes any step",
        ),
        (format!("{long}    time_step: 2 ms\n"), "`coupling_window` = 5 ms is no whole number of steps of 2 ms"),
        (format!("{long}    parameters: {{ alpha: -1 1/ms }}\n"), "0 or greater"),
        (format!("{long}    parameters: {{ alpha: 0.2 }}\n"), "has no unit; write e.g. `0.2 1/ms`"),
        (format!("{long}    parameters: {{ tau: 10 ms }}\n"), "the model has no value `tau`"),
        (format!("{long}    parameters: {{ thet: 1 }}\n"), "did you mean `theta`?"),
        (format!("{long}    general: {{ link: logit }}\n"), "it describes the model general"),
        ("    model: general\n    neurons: 1\n    steps: 1\n".to_owned(), "needs its parts, e.g. `{link: logit}`"),
        (
            "    neurons: 1\n    steps: 1\n".to_owned(),
            "missing field `model`; it is one of bernoulli_glm, poisson_glm, rectified_lnp, rectified_sam, threshold_sam, \
             general",
        ),
        ("    model: generalized\n    neurons: 1\n    steps: 1\n".to_owned(), "unknown name `generalized`"),
        (format!("{long}    populations: {{ E: 10 }}\n"), "`populations` say how many there are"),
        (
            format!("{model}    steps: 1\n    populations: {{ E: 0 }}\n"),
            "no neurons; give at least one, or leave it out",
        ),
        (format!("{model}    steps: 1\n    neurons: 0\n"), "no neurons; give at least one"),
        (format!("{long}    largest_mean_count: 0\n"), "0 is not allowed; it must be above 0, and at most 700"),
        (
            format!("{model}    neurons: 1000000\n    duration: 100 s\n    record: [drive]\n"),
            "1 traces of 1000000 neurons and 100000 steps (1.000e11 values each, at most 2147483647) need about 800.0 GB",
        ),
        (
            format!("{model}    neurons: 20000\n    duration: 100 s\n    record: [drive]\n"),
            "1 traces of 20000 neurons and 100000 steps need about 16.0 GB of memory; the limit is 8.0 GB",
        ),
        (stimulus("neurons: all"), "give one of `regular`, `poisson_pulses` and `waveform`"),
        (stimulus(&format!("{regular}, waveform: {{ step: {{ amplitude: 1 }} }}")), "give one of"),
        (stimulus("regular: { strength: 5, period: 100 ms, width: 0 ms }"), "`width_steps` is 0"),
        (stimulus("regular: { strength: 5, period: 10 ms, width: 11 ms }"), "`width_steps` is 11"),
        (stimulus("regular: { strength: 5, period: 10.5 ms, width: 1 ms }"), "`period` = 10.5 ms is no whole number"),
        (stimulus("poisson_pulses: { strength: 5, mean_interval: 0 ms, width: 1 ms }"), "`mean_interval_steps` is 0"),
        (stimulus("waveform: { sinusoid: { amplitude: 1, frequency: 900 Hz } }"), "900"),
        (stimulus("waveform: { step: { amplitude: 1 nA } }"), "nA"),
        (stimulus(&format!("{regular}, neurons: []")), "no neurons; give at least one"),
        (stimulus(&format!("{regular}, neurons: E")), "expected `all`, got `E`; a population is `{population: E}`"),
        (stimulus(&format!("{regular}, neurons: {{ population: E }}")), "there is no population `E`"),
        (stimulus(&format!("{regular}, neurons: {{}}")), "give one of `population` and `random`"),
        (stimulus(&format!("{regular}, neurons: {{ random: {{ count: -1 }} }}")), "count"),
    ] {
        let message = refused(&simulated(&rest));
        if !message.contains(expected) {
            others.push(format!("{rest}: {message}"));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
    let swept = "  p:\n    kind: parameters.grid\n    sweep: { time_step: { values: [1 ms] } }\n";
    let message = refused(&format!("{swept}{}", simulated(&format!("    inputs: {{ parameters: p }}\n{long}"))));
    assert!(message.contains("`time_step` cannot be swept"), "{message}");
}

#[test]
fn samples_without_a_result_say_why() {
    let folder = folder(&[
        ("wild.csv", "presynaptic,postsynaptic,weight\n0,1,1e6\n1,0,1e6\n"),
        ("twice.csv", "presynaptic,postsynaptic,weight\n0,1,1\n0,1,2\n"),
        ("masks.csv", "stimulus,neuron\nlight,7\n"),
        ("names.csv", "stimulus,neuron\nligth,1\n"),
        ("below.csv", "neuron\n-1\n"),
        ("other.csv", "x\n1\n"),
    ]);
    let wild = "  c: { kind: connectivity.import, path: wild.csv }\n";
    let mask = |file: &str| format!("{wild}  m: {{ kind: import.table, path: {file}, table: table }}\n");
    let lit = "    model: bernoulli_glm\n    steps: 5000\n    stimuli: { light: { regular: { strength: 5, period: 100 ms, width: 10 ms } } }\n";
    let masked = format!("    inputs: {{ connectivity: c, masks: m }}\n{lit}");
    let linked = "    inputs: { connectivity: c }\n";
    for (before, rest, expected) in [
        (
            wild.to_owned(),
            format!("{linked}    model: rectified_lnp\n    steps: 5000\n"),
            "the network runs away: the mean count of neuron",
        ),
        (
            wild.to_owned(),
            format!("{linked}    model: rectified_lnp\n    emission: bernoulli\n    steps: 5000\n"),
            "above 1: shorten the step or let the emission be a hazard",
        ),
        (
            wild.to_owned(),
            format!("{linked}    model: bernoulli_glm\n    steps: 10\n    neurons: 3\n"),
            "the network has 2 neurons, and `neurons` is 3",
        ),
        (
            wild.to_owned(),
            format!("{linked}    model: bernoulli_glm\n    steps: 10\n    populations: {{ E: 2, I: 1 }}\n"),
            "`populations` have 3 neurons, the network has 2; a last neuron without connections needs a row",
        ),
        (
            "  c: { kind: import.table, path: twice.csv, table: connectivity }\n".to_owned(),
            format!("{linked}    model: bernoulli_glm\n    steps: 10\n"),
            "`connectivity` has two rows for neuron 0 to 1",
        ),
        (
            wild.to_owned(),
            format!("{linked}{}", lit.replace("width: 10 ms } }", "width: 10 ms }, neurons: [0, 5] }")),
            "is to reach neuron 5; the last is 1",
        ),
        (
            wild.to_owned(),
            format!(
                "{linked}{}",
                lit.replace("width: 10 ms } }", "width: 10 ms }, neurons: { random: { count: 3 } } }")
            ),
            "is to choose 3 of 2 neurons",
        ),
        (mask("masks.csv"), masked.clone(), "the stimulus `light` is to reach neuron 7; the last is 1"),
        (mask("names.csv"), masked.clone(), "masks: there is no stimulus `ligth`; did you mean `light`?"),
        (mask("below.csv"), masked.clone(), "masks: `neuron` is -1 in row 1; expected 0 or above"),
    ] {
        let ran = ran(&format!("{before}{}", simulated(&rest)), folder.path());
        assert_eq!(ran.counts("s").2, 1, "{rest}");
        assert!(ran.failures()[0].contains(expected), "{rest}: {:?}", ran.failures());
    }
    for (file, rest, expected) in [
        ("other.csv", masked.clone(), "the table has no column `neuron` (it has: x)"),
        (
            "masks.csv",
            masked.replace("width: 10 ms } }", "width: 10 ms }, neurons: all }"),
            "no stimulus takes its neurons from it",
        ),
    ] {
        let message = support::refused_in(&format!("{}{}", mask(file), simulated(&rest)), folder.path());
        assert!(message.contains(expected), "{message}");
    }
}
