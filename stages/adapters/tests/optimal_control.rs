//! Optimal control of neural masses through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use given::control::{alone, costs, coupled, lists, network, output, ran, stage, texts, values};
use given::tables::floats;
use given::{Ran, bind, run_bound, run_stages, run_with};
use lapicque_neuralmass::registry::{AnyModel, ModelName, ModelOptions};
use lapicque_pipeline::{Batch, Context, Graph, Pipeline, Registry, SampleInput};
use lapicque_schemas::Digest;
use serde_json::{Value, json};

fn integers(table: &RecordBatch, column: &str) -> Vec<i64> {
    table.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn nodes_are_channels_and_times_are_those_of_steps() {
    let ran = ran(&coupled(json!({
        "control": [{"input": "y_ext", "nodes": ["hub"]}, {"input": "x_ext", "nodes": ["left"]}],
        "record": ["y", "x"],
    })));
    let names: Vec<String> = ran.record.stages[1].outputs.iter().map(|output| output.name.clone()).collect();
    assert_eq!(names, ["control_x_ext", "control_y_ext", "costs", "y", "x", "gradient_x_ext", "gradient_y_ext"]);
    for (name, t0, unit) in
        [("control_x_ext", 0.0, "1/ms"), ("control_y_ext", 0.0, "1/ms"), ("y", 0.1, "1"), ("gradient_x_ext", 0.0, "1")]
    {
        let table = output(&ran, name);
        assert_eq!(texts(&table, "channel"), ["left", "right", "hub"]);
        assert_eq!((floats(&table, "t0")[0], floats(&table, "dt")[0]), (t0, 0.1), "{name}");
        assert_eq!(texts(&table, "unit")[0], unit, "{name}");
        assert!(values(&ran, name).iter().all(|values| values.len() == 200));
    }
    let acts = |name: &str| values(&ran, name).iter().map(|u| u.iter().any(|u| *u != 0.0)).collect::<Vec<_>>();
    assert_eq!(acts("control_x_ext"), [true, false, false]);
    assert_eq!(acts("control_y_ext"), [false, false, true]);
    assert_eq!(acts("gradient_x_ext"), [true, false, false]);
}

#[test]
fn costs_fall_and_are_what_their_formula_says() {
    let ran = ran(&coupled(json!({
        "cost": {"precision": 2, "energy": 0.1, "sparsity": 0.01, "interval": ["5 ms", "18 ms"], "outputs": {"x": {"hub": 0, "left": 0.5}}},
    })));
    let table = output(&ran, "costs");
    assert_eq!(integers(&table, "iteration"), (0..=10).collect::<Vec<i64>>());
    let all = costs(&ran);
    assert!(all.windows(2).all(|pair| pair[1] < pair[0]), "{all:?}");
    let last = |name: &str| floats(&table, name)[10];
    assert!((last("cost") - (last("precision") + last("energy") + last("sparsity"))).abs() < 1e-15);
    let squares = |rows: &[Vec<f64>]| rows.iter().map(|row| row.iter().map(|v| v * v).sum::<f64>()).collect::<Vec<_>>();
    let control = squares(&values(&ran, "control_x_ext"));
    assert!((last("energy") - 0.05 * 0.1 * control.iter().sum::<f64>()).abs() < 1e-14);
    let norms: f64 = control.iter().map(|square| (0.1 * square).sqrt()).sum();
    assert!((last("sparsity") - 0.01 * norms).abs() < 1e-14);
    let aim = |k: usize| 0.4 * (2.0 * std::f64::consts::PI * 0.05 * 0.1 * (k + 1) as f64).sin();
    let missed = |row: &Vec<f64>| (50..180).map(|k| (row[k] - aim(k)).powi(2)).sum::<f64>();
    let x = values(&ran, "x");
    let precision = 2.0 / 2.0 * 0.1 * (0.5 * missed(&x[0]) + missed(&x[1]));
    assert!((last("precision") - precision).abs() < 1e-12, "{} {precision}", last("precision"));
    let gradient = squares(&values(&ran, "gradient_x_ext"));
    assert!((last("gradient") - (0.1 * gradient.iter().sum::<f64>()).sqrt()).abs() < 1e-12);
    assert!(floats(&table, "step")[0] == 0.0 && floats(&table, "step")[1..].iter().all(|step| *step > 0.0));
    assert!(integers(&table, "runs")[1..].iter().all(|runs| *runs > 0));
}

#[test]
fn the_gradient_is_the_difference_of_costs() {
    let begin = |amplitude: f64, iterations: u32| {
        let pulse = json!({"step": {"amplitude": amplitude, "start": "4 ms", "end": "9 ms"}});
        ran(&coupled(json!({
            "parameters": {"sigma_ou": "0.05 1/ms^3/2"},
            "realisations": 3,
            "record": ["x"],
            "targets": [
                {"output": "x", "waveform": {"sinusoid": {"amplitude": 0.4, "frequency": "50 Hz"}}},
                {"output": "y", "nodes": ["hub", "right"], "waveform": {"step": {"amplitude": 0.2}}},
            ],
            "cost": {"energy": 0.1, "sparsity": 0.02, "outputs": {"y": 0.3}},
            "start": [
                {"input": "x_ext", "nodes": ["left"], "waveform": pulse},
                {"input": "x_ext", "waveform": {"sinusoid": {"amplitude": 0.05, "frequency": "100 Hz"}}},
            ],
            "descent": {"iterations": iterations},
        })))
    };
    let of = |amplitude| costs(&begin(amplitude, 0))[0];
    let (at, h) = (0.1, 1e-4);
    let difference = (8.0 * (of(at + h) - of(at - h)) - (of(at + 2.0 * h) - of(at - 2.0 * h))) / (12.0 * h);
    let ran = begin(at, 0);
    // Values of the steps from 4 ms to before 9 ms.
    let slope = 0.1 * values(&ran, "gradient_x_ext")[0][40..90].iter().sum::<f64>();
    assert!((slope - difference).abs() < 1e-6 * difference.abs(), "{slope} {difference}");
    assert!(difference.abs() > 1e-2, "{difference}");
    let control = values(&ran, "control_x_ext");
    let wave = |k: usize| 0.05 * (2.0 * std::f64::consts::PI * 0.1 * 0.1 * k as f64).sin();
    assert!((control[0][40] - at - wave(40)).abs() < 1e-15 && (control[0][90] - wave(90)).abs() < 1e-15);
    assert!((control[1][40] - wave(40)).abs() < 1e-15 && control[2].iter().all(|u| *u == 0.0));
    // Realisations are epochs of noise of their own.
    let x = output(&ran, "x");
    assert_eq!(x.num_rows(), 9);
    let x = lists(&x, "values");
    assert!(x[0] != x[3] && x[3] != x[6] && x[0][0].abs() < 1.0);
}

/// From the same first values the activity of a simulation is reached without any control.
#[test]
fn without_control_it_is_what_is_simulated() {
    let masses = |rest: Value| {
        let mut masses = json!({
            "kind": "simulate.neural_mass", "inputs": {"connectome": "c"}, "model": "hopf", "duration": "20 ms",
            "record": ["y", "x"], "record_dt": "0.1 ms", "initial": {"x": {"left": 0.1, "right": -0.2, "hub": 0.3}, "y": 0.2},
        });
        masses.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        masses
    };
    let control = |target: &str| {
        stage(json!({
            "inputs": {"connectome": "c", "target": target}, "targets": null, "target_output": "y",
            "initial": masses(json!({}))["initial"], "record": ["y"],
            "stimuli": [{"input": "y_ext", "nodes": ["hub"], "waveform": {"step": {"amplitude": 0.1, "start": "3 ms"}}}],
        }))
    };
    let stimulus = json!({"stimuli": control("m")["stimuli"]});
    let same = ran(&json!({"c": {"kind": "given.connectome"}, "m": masses(stimulus.clone()), "o": control("m")}));
    assert_eq!(costs(&same), [0.0]);
    assert!(values(&same, "gradient_x_ext").concat().iter().all(|g| *g == 0.0));
    assert!(same.notes().contains("after 0 of 10 iterations: no step along the gradient"), "{}", same.notes());
    assert_eq!(values(&same, "y"), lists(&same.table("m", 0), "values"));
    // The control that was lost is found again.
    let mut lost = stimulus;
    lost["stimuli"].as_array_mut().unwrap().push(
        json!({"input": "x_ext", "nodes": ["left", "right"], "waveform": {"sinusoid": {"amplitude": 0.1, "frequency": "80 Hz"}}}),
    );
    let mut search = control("m");
    search["descent"] = json!({"iterations": 40, "along": "conjugate"});
    let found = ran(&json!({"c": {"kind": "given.connectome"}, "m": masses(lost), "o": search}));
    let all = costs(&found);
    assert!(all.last().unwrap() < &(1e-2 * all[0]), "{all:?}");
}

#[test]
fn limits_and_intervals_are_kept() {
    let ran = ran(&coupled(json!({
        "control": [
            {"input": "x_ext", "nodes": ["left"], "limit": "50 1/s"},
            {"input": "x_ext", "nodes": ["right", "hub"], "limit": 0.02},
        ],
        "control_interval": ["2 ms", "15 ms"],
    })));
    let control = values(&ran, "control_x_ext");
    let greatest: Vec<f64> = control.iter().map(|u| u.iter().fold(0.0, |most: f64, u| most.max(u.abs()))).collect();
    assert_eq!(greatest, [0.05, 0.02, 0.02]);
    for row in &control {
        assert!(row[..20].iter().chain(&row[150..]).all(|u| *u == 0.0));
        assert!(row[20] != 0.0 && row[149] != 0.0);
    }
}

#[test]
fn weights_parameters_and_seeds_are_columns_whatever_batch_order_and_threads() {
    let sweep = |list: Value, batch: u32| {
        let mut swept = stage(json!({"inputs": {"connectome": "c", "parameters": "p"}, "realisations": 2}));
        swept["batch"] = json!(batch);
        swept["descent"] = json!({"iterations": 3});
        json!({
            "c": {"kind": "given.connectome"},
            "p": {"kind": "parameters.grid", "sweep": list},
            "o": swept,
        })
    };
    let list = json!({
        "cost.energy": {"values": [0, 0.5]}, "sigma_ou": {"values": ["0 1/ms^3/2", "0.1 1/ms^3/2"]}, "seed": {"values": [1, 2]},
        "K_gl": {"values": ["0.6 1/ms"]},
    });
    let of = |ran: &Ran| {
        assert!(ran.record.ok, "{}", ran.failures());
        let table = output(ran, "control_x_ext");
        let mut rows: Vec<(String, Vec<f64>)> =
            texts(&table, "sample").into_iter().zip(lists(&table, "values")).collect();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    };
    let together = run_with(&[network()], &sweep(list.clone(), 8), 2);
    let all = of(&together);
    assert_eq!(all.len(), 24);
    let mut different: Vec<&Vec<f64>> =
        all.iter().map(|(_, values)| values).filter(|u| u.iter().any(|u| *u != 0.0)).collect();
    different.sort_by(|one, other| one.partial_cmp(other).unwrap());
    different.dedup();
    assert_eq!(different.len(), 16);
    for (batch, jobs) in [(1, 1), (3, 2)] {
        assert!(of(&run_with(&[network()], &sweep(list.clone(), batch), jobs)) == all, "{batch}");
    }
    let backwards = json!({
        "cost.energy": {"values": [0.5, 0]}, "sigma_ou": {"values": ["0.1 1/ms^3/2", "0 1/ms^3/2"]}, "seed": {"values": [2, 1]},
        "K_gl": {"values": ["0.6 1/ms"]},
    });
    let backwards = of(&run_with(&[network()], &sweep(backwards, 8), 2));
    let mut sorted = [all, backwards].map(|rows| rows.into_iter().map(|(_, values)| values).collect::<Vec<_>>());
    sorted.iter_mut().for_each(|rows| rows.sort_by(|one, other| one.partial_cmp(other).unwrap()));
    assert!(sorted[0] == sorted[1]);
}

#[test]
fn every_model_with_inputs_is_controlled() {
    for name in ModelName::ALL {
        let description = AnyModel::new(name, ModelOptions::default(), 1).unwrap().description();
        let duration = if description.time_step_ms < 0.1 { "2 ms" } else { "20 ms" };
        let stages = alone(json!({
            "model": description.name,
            "duration": duration,
            "control": [{"input": description.inputs[0].name}],
            "targets": [{"output": description.outputs[0].name, "waveform": {"step": {"amplitude": 1}}}],
            "descent": {"iterations": 2, "first_step": 1},
        }));
        let ran = run_stages(&[], &stages);
        assert!(ran.record.ok, "{}: {}", description.name, ran.failures());
        let all = costs(&ran);
        assert!(all.windows(2).all(|pair| pair[1] < pair[0]), "{}: {all:?}", description.name);
        assert_eq!(texts(&output(&ran, description.outputs[0].name), "unit")[0], description.outputs[0].unit);
    }
}

#[test]
fn the_pipeline_of_the_page_runs() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/optimal_control.md");
    let page = std::fs::read_to_string(page).unwrap();
    let text = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap().to_owned();
    let pipeline = Pipeline::parse(text, None, ".".into(), &[]).unwrap();
    let graph = Graph::bind(&pipeline, &Registry::new(lapicque_stages::kinds())).unwrap();
    let place = graph.stages[1].bound().outputs.iter().position(|output| output.name == "costs").unwrap();
    let ran = run_bound(Ok((pipeline, graph)), 2);
    assert!(ran.record.ok, "{}", ran.failures());
    let table = ran.table("rhythm", place);
    let (iterations, all) = (integers(&table, "iteration"), floats(&table, "cost"));
    let begins: Vec<usize> = (0..iterations.len()).filter(|row| iterations[*row] == 0).collect();
    assert_eq!(begins.len(), 3);
    for row in (1..all.len()).filter(|row| iterations[*row] > 0) {
        assert!(all[row] < all[row - 1], "{row}");
    }
    // Without a price the target is reached.
    assert!(all[begins[1] - 1] < 0.1 * all[0], "{all:?}");
}

#[test]
fn a_descent_that_is_cancelled_says_so() {
    let stages = alone(json!({"descent": {"iterations": 1_000_000}}));
    let (_, graph) = bind(&[], &stages).unwrap();
    let stage = &graph.stages[0].stage;
    let sample = SampleInput { label: String::new(), tables: Vec::new(), random: Digest([1; 16]), point: 0 };
    let batch = Batch { samples: vec![sample], broadcast: Vec::new() };
    let cancelled = AtomicBool::new(false);
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(30));
            cancelled.store(true, Ordering::Relaxed);
        });
        let context = Context { threads: 1, cancelled: &cancelled, progress: &|_| {} };
        stage.run(&context, &batch).remove(0)
    });
    let message = format!("{outcome:?}");
    assert!(outcome.is_err() && message.contains("Cancelled"), "{message}");
}
