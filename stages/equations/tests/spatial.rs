//! Morphologies and cables against runs of Brian2 2.9.0 and against solutions in closed form.
//!
//! The runs are under `fixtures/brian` of the folder of LAPICQUE_SHARED; without it those tests say that they skip.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::HashMap;
use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use lapicque_equations::engine::{Bindings, Column, Graph, Layout, Program, Scope as EngineScope, State};
use lapicque_equations::integrators::step;
use lapicque_equations::language::analysis::integrator::Integrator;
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::fixed_value;
use lapicque_equations::language::equation::Definition;
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::scope::{Scope, Variable};
use lapicque_equations::spatial::membrane::membrane_current;
use lapicque_equations::spatial::{Cable, Morphology, Scratch, Section, Shape, swc};
use lapicque_equations::units::Dimension;
use lapicque_numerics::random::StreamKey;
use serde_json::Value as Json;

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or_else(|| PathBuf::from("../../../shared"), PathBuf::from);
    let folder = shared.join("fixtures/brian");
    if !folder.is_dir() {
        println!("skipped: {} is missing (LAPICQUE_SHARED)", folder.display());
        return None;
    }
    Some(folder)
}

/// Columns of a file by their names.
fn table(path: &Path) -> HashMap<String, Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect();
    names.iter().enumerate().map(|(i, name)| ((*name).to_owned(), rows.iter().map(|row| row[i]).collect())).collect()
}

fn number(json: &Json, names: &Scope) -> f64 {
    match json {
        Json::String(text) => fixed_value(&parse_expression(text).unwrap(), names).unwrap().value,
        other => other.as_f64().unwrap(),
    }
}

fn micrometres(json: &Json) -> f64 {
    json.as_f64().unwrap() * 1e-6
}

/// The sections of a morphology of a specification.
fn sections(json: &Json, parent: Option<usize>, to: &mut Vec<Section>) {
    let list = |key: &str| json[key].as_array().unwrap().iter().map(micrometres).collect();
    let shape = match json["type"].as_str().unwrap() {
        "Soma" => Shape::Soma { diameter: micrometres(&json["diameter_um"]) },
        "Cylinder" => Shape::Cylinder {
            compartments: json["n"].as_u64().unwrap() as usize,
            length: micrometres(&json["length_um"]),
            diameter: micrometres(&json["diameter_um"]),
        },
        "Section" => Shape::Cones { lengths: list("length_um"), diameters: list("diameter_um") },
        other => panic!("{other}"),
    };
    let own = to.len();
    to.push(Section { parent, shape });
    // As the specifications have them: `dend` before `axon`, else in the order of the alphabet.
    let mut children: Vec<_> = json["children"].as_object().into_iter().flatten().collect();
    children.sort_by_key(|(name, _)| (*name == "axon", (*name).clone()));
    for (_, child) in children {
        sections(child, Some(own), to);
    }
}

struct Run {
    morphology: Morphology,
    layout: Layout,
    state: State,
    names: Scope,
    capacitance: f64,
    resistivity: f64,
    dt: f64,
    gates: Option<Program>,
    membrane: Program,
    cable: Cable,
    scratch: Scratch,
    steps: u64,
}

impl Run {
    fn new(folder: &Path, spec: &Json) -> Self {
        let group = &spec["groups"][0];
        let form = &group["morphology"];
        let morphology = match form["path"].as_str() {
            Some(path) => swc::read(&std::fs::read(folder.join(path)).unwrap()).unwrap(),
            None => {
                let mut list = Vec::new();
                sections(form, None, &mut list);
                Morphology::new(&list).unwrap()
            }
        };
        let equations = Equations::parse(group["model"].as_str().unwrap()).unwrap();
        let mut names = Scope::neurons(&equations);
        for (name, value) in spec["constants"].as_object().unwrap() {
            let value = fixed_value(&parse_expression(value.as_str().unwrap()).unwrap(), &names).unwrap();
            assert!(names.add_parameter(name, value), "{name}");
        }
        let float = lapicque_equations::language::equation::Values::Float;
        let area = Dimension::whole([2, 0, 0, 0, 0, 0, 0]);
        for (name, dimension) in [("v", Dimension::VOLT), ("area", area)] {
            names.add_variable(name, Variable { values: float, dimension, read_only: None, shared: false });
        }
        let mut columns: Vec<Column> = ["v", "area", "gtot", "I0"].iter().map(|name| Column::float(name)).collect();
        for equation in equations.equations() {
            if !matches!(equation.definition, Definition::Subexpression(_)) {
                columns.push(Column::float(&equation.name));
            }
        }
        let geometry = morphology.compartments();
        let layout = Layout::new(geometry.len(), columns).unwrap();
        let dt = number(&spec["dt"], &names);
        let (gates, membrane) = {
            let scope = EngineScope { layout: &layout, names: &names, arrays: &[], dt };
            let system = System::clock_driven(&equations).unwrap();
            let gates = (!system.equations.is_empty()).then(|| {
                let mut graph = Graph::new(&scope);
                let integrator = Integrator::named(group["method"].as_str().unwrap()).unwrap();
                let writes = step(&mut graph, &system, &names, integrator).unwrap();
                Program::new(&graph, &writes, &StreamKey::new([1; 16]))
            });
            let current = membrane_current(&equations).unwrap();
            let mut graph = Graph::new(&scope);
            let writes: Vec<_> = [("gtot", &current.conductance), ("I0", &current.current)]
                .into_iter()
                .map(|(name, expression)| {
                    let value = graph.expression(expression, &Bindings::new(), false).unwrap();
                    graph.write(layout.number(name).unwrap(), value).unwrap()
                })
                .collect();
            (gates, Program::new(&graph, &writes, &StreamKey::new([2; 16])))
        };
        let (capacitance, resistivity) = (number(&group["Cm"], &names), number(&group["Ri"], &names));
        let cable = Cable::new(&morphology, &[capacitance], resistivity, dt).unwrap();
        let mut state = State::new(&layout);
        let areas = state.column_mut(layout.number("area").unwrap());
        areas.iter_mut().zip(geometry).for_each(|(area, own)| *area = own.area);
        let scratch = Scratch::default();
        let (steps, init) = (0, group["init"].as_object().unwrap().clone());
        let mut run = Self {
            morphology,
            layout,
            state,
            names,
            capacitance,
            resistivity,
            dt,
            gates,
            membrane,
            cable,
            scratch,
            steps,
        };
        for (name, value) in &init {
            run.set(name, value);
        }
        run
    }

    fn set(&mut self, name: &str, value: &Json) {
        let column = self.state.column_mut(self.layout.number(name).unwrap());
        if let Some(at) = value["at"].as_array() {
            for at in at {
                column[at.as_u64().unwrap() as usize] = number(&value["value"], &self.names);
            }
        } else if let Some(slice) = value["slice_um"].as_array() {
            let within = micrometres(&slice[0])..micrometres(&slice[1]);
            for (x, own) in column.iter_mut().zip(self.morphology.compartments()) {
                if within.contains(&own.distance) {
                    *x = number(&value["value"], &self.names);
                }
            }
        } else {
            column.fill(number(value, &self.names));
        }
    }

    fn column(&self, name: &str) -> &[f64] {
        self.state.column(self.layout.number(name).unwrap())
    }

    fn step(&mut self) {
        if let Some(gates) = &mut self.gates {
            gates.run(&mut self.state, self.steps).unwrap();
        }
        self.membrane.run(&mut self.state, self.steps).unwrap();
        let (conductance, current) = (self.column("gtot").to_vec(), self.column("I0").to_vec());
        let v = self.state.column_mut(self.layout.number("v").unwrap());
        self.cable.step(v, &conductance, &current, &mut self.scratch).unwrap();
        self.steps += 1;
    }
}

/// Runs a specification; compares geometry at 1e-12, and at `tolerance` the potential (relative to the largest change from
/// the beginning, at least) and other variables.
fn repeats(name: &str, tolerance: f64) -> Option<Run> {
    let folder = folder()?;
    let spec: Json =
        serde_json::from_str(&std::fs::read_to_string(folder.join(format!("{name}.spec.json"))).unwrap()).unwrap();
    let mut run = Run::new(&folder, &spec);
    let rest = run.column("v")[0];
    let expected = table(&folder.join(format!("{name}.state_n.csv")));
    let every = spec["monitors"][0]["every"].as_u64().unwrap();
    let monitored: Vec<usize> =
        (0..run.column("v").len()).filter(|i| expected.contains_key(&format!("v[{i}]"))).collect();
    let largest: f64 =
        monitored.iter().flat_map(|i| &expected[&format!("v[{i}]")]).map(|v| (v - rest).abs()).fold(0.0, f64::max);

    let whole = vec![serde_json::json!({"run": spec["duration"]})];
    let segments = spec["segments"].as_array().unwrap_or(&whole);
    let mut old = run.column("v").to_vec();
    let (mut sample, mut spikes) = (0, Vec::new());
    let mut silent = vec![true; old.len()];
    for segment in segments {
        for (variable, value) in segment["set"].as_object().into_iter().flatten() {
            run.set(variable.strip_prefix("n.").unwrap(), value);
        }
        let steps = (number(&segment["run"], &run.names) / run.dt).round() as u64;
        for _ in 0..steps {
            if run.steps.is_multiple_of(every) {
                assert!((run.steps as f64 * run.dt - expected["t_s"][sample]).abs() < 1e-9, "{name}");
                for i in &monitored {
                    let (found, expected) = (run.column("v")[*i] - rest, expected[&format!("v[{i}]")][sample] - rest);
                    let allowed = tolerance * expected.abs().max(1e-3 * largest);
                    assert!((found - expected).abs() <= allowed, "{name} {i} step {}: {found} {expected}", run.steps);
                }
                sample += 1;
            }
            old.copy_from_slice(run.column("v"));
            run.step();
            // Thresholds of the axons: above 50 mV, refractory above 40 mV.
            for (i, &v) in run.column("v").iter().enumerate() {
                silent[i] |= v <= 0.04;
                if v > 0.05 && silent[i] {
                    spikes.push((i, run.steps - 1));
                    silent[i] = false;
                }
            }
        }
    }
    assert_eq!(sample, expected["t_s"].len(), "{name}");

    for (variable, expected) in table(&folder.join(format!("{name}.final_n.csv"))) {
        let geometry = run.morphology.compartments();
        let found: Vec<f64> = match variable.as_str() {
            "v" => run.column("v").iter().map(|v| v - rest).collect(),
            "Ic" => run.column("v").iter().zip(&old).map(|(new, old)| run.capacitance * (new - old) / run.dt).collect(),
            "distance" => geometry.iter().map(|own| own.distance).collect(),
            "length" => geometry.iter().map(|own| own.length).collect(),
            "diameter" => geometry.iter().map(|own| own.diameter).collect(),
            "area" => geometry.iter().map(|own| own.area).collect(),
            "volume" => geometry.iter().map(|own| own.volume).collect(),
            "r_length_1" => geometry.iter().map(|own| own.r_length_1).collect(),
            "r_length_2" => geometry.iter().map(|own| own.r_length_2).collect(),
            "space_constant" => {
                let pairs = geometry.iter().zip(run.column("gtot"));
                pairs.map(|(own, gtot)| own.space_constant(run.resistivity, *gtot)).collect()
            }
            other => run.column(other).to_vec(),
        };
        assert_eq!(found.len(), expected.len(), "{name} {variable}");
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let (expected, allowed) = match variable.as_str() {
                "v" => (expected - rest, tolerance * (expected - rest).abs().max(1e-3 * largest)),
                "Ic" | "m" | "h" | "n" => (*expected, tolerance * expected.abs()),
                _ => (*expected, 1e-12 * expected.abs()),
            };
            assert!((found - expected).abs() <= allowed, "{name} {variable} {i}: {found} {expected}");
        }
    }
    let file = folder.join(format!("{name}.spike_n.csv"));
    if file.is_file() {
        let expected = table(&file);
        let steps = expected["t_s"].iter().map(|t| (t / run.dt).round() as u64);
        let mut expected: Vec<(usize, u64)> = expected["i"].iter().map(|&i| i as usize).zip(steps).collect();
        expected.sort_unstable();
        spikes.sort_unstable();
        assert_eq!(spikes, expected, "{name}");
    }
    Some(run)
}

#[test]
fn passive_runs_of_brian_are_repeated() {
    for name in ["cable_cylinder_a", "cable_infinite_a", "swc_soma1_s", "swc_soma3_s"] {
        repeats(name, 1e-7);
    }
    // See the next test.
    repeats("cable_branched_a", 2e-7);
}

#[test]
fn axons_of_brian_are_repeated_with_all_spikes() {
    for name in ["hh_axon_a", "hh_axon_halfpassive"] {
        repeats(name, 1e-7);
    }
}

#[test]
fn a_cylinder_comes_to_the_steady_state_of_theory() {
    let (n, length, diameter, ri, gl, current) = (200, 300e-6, 1e-6, 1.5, 1.0, 2e-11);
    let shape = Shape::Cylinder { compartments: n, length, diameter };
    let morphology = Morphology::new(&[Section { parent: None, shape }]).unwrap();
    // One step so long that nothing is left of the beginning.
    let cable = Cable::new(&morphology, &[0.01], ri, 1e15).unwrap();
    let mut input = vec![0.0; n];
    input[0] = current / morphology.compartments()[0].area;
    let mut v = vec![0.5; n];
    cable.step(&mut v, &vec![gl; n], &input, &mut Scratch::default()).unwrap();
    let space = morphology.compartments()[0].space_constant(ri, gl);
    assert!((space - (diameter / (4.0 * ri * gl)).sqrt()).abs() < 1e-12 * space);
    let resistance = 4.0 * ri * space / (PI * diameter * diameter);
    for (v, own) in v.iter().zip(morphology.compartments()) {
        let theory = resistance * current * ((length - own.distance) / space).cosh() / (length / space).sinh();
        assert!((v / theory - 1.0).abs() < 2e-5, "{v} {theory}");
    }
    // All current leaves through the membrane.
    let leaving: f64 = v.iter().zip(morphology.compartments()).map(|(v, own)| gl * v * own.area).sum();
    assert!((leaving / current - 1.0).abs() < 1e-12, "{leaving}");
}

#[test]
fn a_pulse_spreads_as_in_an_endless_cable() {
    let (n, diameter, ri, gl, cm, dt, pulse) = (301, 1e-6, 1.0, 1.0, 0.01, 2e-6, 2e-5);
    let shape = Shape::Cylinder { compartments: n, length: 3.01e-3, diameter };
    let morphology = Morphology::new(&[Section { parent: None, shape }]).unwrap();
    let cable = Cable::new(&morphology, &[cm], ri, dt).unwrap();
    let (mut v, mut scratch) = (vec![0.0; n], Scratch::default());
    let mut current = vec![0.0; n];
    current[150] = 1e-9 / morphology.compartments()[0].area;
    let space = (diameter / (4.0 * ri * gl)).sqrt();
    let tau = cm / gl;
    for number in 1..=2000 {
        if number == 11 {
            current.fill(0.0);
        }
        cable.step(&mut v, &vec![gl; n], &current, &mut scratch).unwrap();
        if number >= 250 && number % 250 == 0 {
            // From the middle of the pulse.
            let t = f64::from(number) * dt - 0.5 * pulse;
            let charge = 1e-9 * pulse / (space * cm * PI * diameter);
            let at = |x: f64| {
                charge * (tau / (4.0 * PI * t)).sqrt() * (-t / tau - tau / (4.0 * t) * (x / space).powi(2)).exp()
            };
            let peak = at(0.0);
            let middle = morphology.compartments()[150].distance;
            for (v, own) in v.iter().zip(morphology.compartments()) {
                let expected = at(own.distance - middle);
                assert!((v - expected).abs() < 4e-3 * peak, "{} m at {t} s: {v} {expected}", own.distance);
            }
        }
    }
    // What is left of the charge, by the steps.
    let left: f64 = v.iter().zip(morphology.compartments()).map(|(v, own)| cm * v * own.area).sum();
    let decay = 1.0 / (1.0 + dt * gl / cm);
    let expected: f64 = (1..=10).map(|k| 1e-9 * dt * decay.powi(2001 - k)).sum();
    assert!((left / expected - 1.0).abs() < 1e-10, "{left} {expected}");
}

#[test]
fn a_sphere_without_resistance_does_not_spoil_a_thin_branch() {
    // A soma at which two branches begin; both branches alike, so that a branch with twice the coupling is the same.
    let branch = |parent| Section { parent, shape: Shape::Cylinder { compartments: 20, length: 1e-4, diameter: 1e-7 } };
    let soma = Section { parent: None, shape: Shape::Soma { diameter: 1e-6 } };
    let two = Morphology::new(&[soma, branch(Some(0)), branch(Some(0))]).unwrap();
    let cable = Cable::new(&two, &[0.01], 1.0, 1e-5).unwrap();
    let mut v = vec![0.0; 41];
    let current = vec![0.02; 41];
    let mut scratch = Scratch::default();
    for _ in 0..10_000 {
        cable.step(&mut v, &vec![0.5; 41], &current, &mut scratch).unwrap();
    }
    // I0/gtot everywhere, whatever the form is, after ten time constants.
    let expected = 0.04 * (1.0 - (1.0 + 1e-5 * 0.5 / 0.01_f64).powi(-10_000));
    for v in v {
        assert!((v / expected - 1.0).abs() < 1e-12, "{v} {expected}");
    }
}

#[test]
fn a_branched_neuron_has_the_steps_of_exact_arithmetic() {
    let cylinder = |parent, compartments, length, diameter| Section {
        parent: Some(parent),
        shape: Shape::Cylinder { compartments, length, diameter },
    };
    let taper = Shape::Cones { lengths: vec![20e-6; 4], diameters: vec![1.5e-6, 1.3e-6, 1e-6, 0.8e-6, 0.5e-6] };
    let morphology = Morphology::new(&[
        Section { parent: None, shape: Shape::Soma { diameter: 20e-6 } },
        cylinder(0, 10, 100e-6, 2e-6),
        cylinder(1, 5, 150e-6, 1.2e-6),
        Section { parent: Some(1), shape: taper },
        cylinder(0, 10, 200e-6, 1e-6),
    ])
    .unwrap();
    let areas: Vec<f64> = morphology.compartments().iter().map(|own| own.area).collect();
    let mut conductance = vec![1.0; 30];
    conductance[0] += 0.5e-9 / areas[0];
    let mut current = vec![-0.07; 30];
    current[14] += 0.05e-9 / areas[14];

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/spatial/branched.csv");
    let expected = table(&golden);
    let cable = Cable::new(&morphology, &[0.01], 1.0, 25e-6).unwrap();
    let (mut v, mut scratch) = (vec![-0.07; 30], Scratch::default());
    for number in 1..=40 {
        cable.step(&mut v, &conductance, &current, &mut scratch).unwrap();
        let Some(expected) = expected.get(&format!("step_{number}")) else { continue };
        for (i, (v, expected)) in v.iter().zip(expected).enumerate() {
            // v itself is good to about 1e-16 V.
            let allowed = 1e-12 * expected.abs() + 1e-15;
            assert!((v + 0.07 - expected).abs() <= allowed, "{number} {i}: {} {expected}", v + 0.07);
        }
    }
    assert_eq!(expected.len(), 3);
}
