//! Neurons with a form in models: many at once, currents through the membrane, places of thresholds, synapses, and what is
//! refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::network::description::Model;
use lapicque_equations::network::{NetworkError, Options, Recording, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::{Value as Json, json};

const CHANNELS: &str = "Im = gl*(El - v) + gNa*m**3*h*(ENa - v) + gK*n**4*(EK - v) : amp/meter**2
I : amp (point current)
g : siemens
Isyn = g*(100*mV - v) : amp (point current)
dm/dt = alpham*(1 - m) - betam*m : 1
dn/dt = alphan*(1 - n) - betan*n : 1
dh/dt = alphah*(1 - h) - betah*h : 1
alpham = (0.1/mV)*10*mV/exprel((-v + 25*mV)/(10*mV))/ms : Hz
betam = 4*exp(-v/(18*mV))/ms : Hz
alphah = 0.07*exp(-v/(20*mV))/ms : Hz
betah = 1/(exp((-v + 30*mV)/(10*mV)) + 1)/ms : Hz
alphan = (0.01/mV)*10*mV/exprel((-v + 10*mV)/(10*mV))/ms : Hz
betan = 0.125*exp(-v/(80*mV))/ms : Hz
gNa : siemens/meter**2";

/// A soma with a dendrite that ends in two branches, and an axon.
fn sections() -> Json {
    json!([
        { "name": "soma", "soma": { "diameter": "20*um" } },
        { "name": "dend", "parent": "soma",
          "cylinder": { "compartments": 6, "length": "100*um", "diameter": "2*um" } },
        { "name": "left", "parent": "dend",
          "cylinder": { "compartments": 4, "length": "150*um", "diameter": "1.2*um" } },
        { "name": "right", "parent": "dend",
          "cones": { "lengths": ["20*um", "30*um"], "diameters": ["1.5*um", "1*um", "0.5*um"] } },
        { "name": "axon", "parent": "soma",
          "cylinder": { "compartments": 10, "length": "400*um", "diameter": "1*um" } },
    ])
}

fn neurons(morphology: Json) -> Json {
    json!({
        "morphology": morphology,
        "equations": CHANNELS,
        "capacitance": "1*uF/cm**2",
        "resistivity": "35.4*ohm*cm",
        "integrator": "exponential_euler",
        "initial": { "h": 0.6, "m": 0.05, "n": 0.32, "gNa": "120*msiemens/cm**2" },
    })
}

/// A model of one group `n`, of which some variables are recorded in each step.
fn model(neurons: Json, variables: &[&str], duration: &str) -> Json {
    let spikes = if neurons["threshold"].is_null() { json!({}) } else { json!({ "spikes": { "of": "n" } }) };
    json!({
        "time_step": "0.01*ms",
        "constants": {
            "El": "10.613*mV", "ENa": "115*mV", "EK": "-12*mV", "gl": "0.3*msiemens/cm**2", "gK": "36*msiemens/cm**2",
        },
        "spatial_neurons": { "n": neurons },
        "monitors": {
            "state": { "trace": { "of": "n", "variables": variables } },
            "spikes": spikes,
        },
        "duration": duration,
    })
}

fn with(mut json: Json, path: &str, value: Json) -> Json {
    *json.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    json
}

fn added(mut json: Json, path: &str, key: &str, value: Json) -> Json {
    json.pointer_mut(path).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    json
}

fn run_model(model: &Model) -> Result<Recording, NetworkError> {
    simulate(model, None, &Options::default(), &StreamKey::new([7; 16]), &|| false, &mut |_| {})
}

fn run(json: Json) -> Result<Recording, NetworkError> {
    run_model(&serde_json::from_value(json).unwrap())
}

/// The values of a variable of the first state monitor, a row per time.
fn rows(recording: &Recording, name: &str) -> Vec<Vec<f64>> {
    let record = &recording.states[0];
    let variable = record.variables.iter().find(|variable| variable.name == name).unwrap();
    variable.values.chunks(variable.values.len() / record.times.len()).map(<[f64]>::to_vec).collect()
}

/// Whether in each step the sum over a neuron of what leaves through the membrane is what electrodes bring in.
fn conserves(recording: &Recording, compartments: usize, electrodes: bool) {
    let (outward, injected) = (rows(recording, "membrane_current"), rows(recording, "I"));
    let mut largest = 0.0_f64;
    // What is recorded in a step is of the one before.
    for (step, (outward, injected)) in outward.iter().skip(1).zip(&injected).enumerate() {
        for (outward, injected) in outward.chunks(compartments).zip(injected.chunks(compartments)) {
            let sum: f64 = outward.iter().sum();
            let scale: f64 = outward.iter().map(|x| x.abs()).sum();
            let expected: f64 = if electrodes { injected.iter().sum() } else { 0.0 };
            assert!((sum - expected).abs() <= 1e-10 * scale, "step {step}: {sum:e} {expected:e} of {scale:e}");
            largest = largest.max(scale);
        }
    }
    assert!(largest > 1e-11, "{largest:e}");
}

#[test]
fn what_leaves_through_the_membrane_is_what_electrodes_bring_in() {
    let mut group = neurons(json!({ "sections": sections() }));
    group["initial"]["I"] = json!({ "at": [3, 12], "value": "0.2*nA" });
    group["initial"]["g"] = json!({ "at": [0, 9], "value": "5*nS" });
    let recorded = ["membrane_current", "I"];
    conserves(&run(model(group.clone(), &recorded, "3*ms")).unwrap(), 23, false);
    let with_electrodes = added(group, "", "electrodes", json!(["I"]));
    conserves(&run(model(with_electrodes.clone(), &recorded, "3*ms")).unwrap(), 23, true);

    // An electrode that holds a voltage has a conductance.
    let clamp = format!("{CHANNELS}\nclamp = (20*mV - v)*int(compartment == 2)*100*nS : amp (point current)");
    let clamped = with(with_electrodes, "/electrodes", json!(["clamp", "I"]));
    let clamped = with(clamped, "/equations", json!(clamp));
    let recording = run(model(clamped, &["membrane_current", "I", "clamp", "v"], "1*ms")).unwrap();
    let (outward, injected, v) = (rows(&recording, "membrane_current"), rows(&recording, "I"), rows(&recording, "v"));
    for step in 1..outward.len() {
        let sum: f64 = outward[step].iter().sum();
        // The clamp at the new potential.
        let expected = injected[step].iter().sum::<f64>() + 100e-9 * (0.02 - v[step][2]);
        let scale: f64 = outward[step].iter().map(|x| x.abs()).sum();
        assert!((sum - expected).abs() <= 1e-10 * scale, "step {step}: {sum:e} {expected:e}");
    }
}

#[test]
fn currents_of_the_membrane_are_those_of_its_equations() {
    let mut group = neurons(json!({ "sections": sections() }));
    group["initial"]["I"] = json!({ "at": [3], "value": "0.2*nA" });
    group["electrodes"] = json!(["I"]);
    let variables = ["v", "Im", "Isyn", "Ic", "membrane_current", "area", "Cm", "m", "h", "n"];
    let recording = run(model(group, &variables, "2*ms")).unwrap();
    let [v, ionic, synaptic, charging, outward, area, capacitance] =
        ["v", "Im", "Isyn", "Ic", "membrane_current", "area", "Cm"].map(|name| rows(&recording, name));
    for step in 1..v.len() {
        for i in 0..23 {
            let expected = capacitance[step][i] * (v[step][i] - v[step - 1][i]) / 1e-5;
            assert!((charging[step][i] - expected).abs() <= 1e-12 * expected.abs() + 1e-12, "{step} {i}");
            let all = area[step][i] * (charging[step][i] - ionic[step][i]) - synaptic[step][i];
            let scale = area[step][i] * (charging[step][i].abs() + ionic[step][i].abs());
            assert!((outward[step][i] - all).abs() <= 1e-9 * scale, "{step} {i}: {} {all}", outward[step][i]);
        }
    }
}

#[test]
fn many_neurons_are_the_same_as_each_alone() {
    // More than go through the solver together, and not a multiple of them.
    let size = 21;
    let input = |number: &str| json!(format!("0.03*nA*{number}*int(compartment == 5)"));
    let mut group = neurons(json!({ "sections": sections() }));
    group["size"] = json!(size);
    group["threshold"] = json!("v > 50*mV");
    group["refractory"] = json!("v > 40*mV");
    group["initial"]["I"] = input("neuron");
    let together = run(model(group.clone(), &["v", "m", "membrane_current"], "4*ms")).unwrap();
    let values = ["v", "m", "membrane_current"].map(|name| rows(&together, name));
    let mut found = 0;
    for number in 0..size {
        group["size"] = json!(1);
        group["initial"]["I"] = input(&number.to_string());
        let alone = run(model(group.clone(), &["v", "m", "membrane_current"], "4*ms")).unwrap();
        let own = number * 23..(number + 1) * 23;
        for (name, values) in ["v", "m", "membrane_current"].iter().zip(&values) {
            for (step, (all, alone)) in values.iter().zip(rows(&alone, name)).enumerate() {
                assert!(all[own.clone()] == alone[..], "{name} of neuron {number} in step {step}");
            }
        }
        let of_all = together.spikes[0].elements.iter().zip(&together.spikes[0].steps);
        let of_all: Vec<(u32, u64)> = of_all
            .filter(|(i, _)| own.contains(&(**i as usize)))
            .map(|(i, step)| (i - own.start as u32, *step))
            .collect();
        let spikes: Vec<(u32, u64)> =
            alone.spikes[0].elements.iter().copied().zip(alone.spikes[0].steps.iter().copied()).collect();
        assert_eq!(of_all, spikes, "neuron {number}");
        found += spikes.len();
    }
    assert!(found > 100, "{found}");
}

#[test]
fn random_trees_conserve_charge_and_come_to_one_potential() {
    let mut seed = 12345_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for tree in 0..12 {
        let count = 1 + random(12);
        let mut list = Vec::new();
        let mut compartments = 0;
        for number in 0..count {
            let mut section = json!({ "name": format!("s{number}") });
            let has_soma = tree % 3 == 0;
            if number > 0 && (has_soma || random(5) > 0) {
                section["parent"] = json!(format!("s{}", random(number)));
            }
            if number == 0 && has_soma {
                section["soma"] = json!({ "diameter": "15*um" });
                compartments += 1;
            } else if random(2) == 0 {
                let parts = 1 + random(5);
                section["cylinder"] = json!({ "compartments": parts, "length": format!("{}*um", 20 + random(200)),
                    "diameter": format!("{}*um", 0.3 + random(20) as f64 / 10.0) });
                compartments += parts;
            } else {
                let parts = 1 + random(3);
                let lengths: Vec<String> = (0..parts).map(|_| format!("{}*um", 5 + random(50))).collect();
                let diameters: Vec<String> =
                    (0..=parts).map(|_| format!("{}*um", 0.2 + random(30) as f64 / 10.0)).collect();
                section["cones"] = json!({ "lengths": lengths, "diameters": diameters });
                compartments += parts;
            }
            list.push(section);
        }
        let mut group = neurons(json!({ "sections": list }));
        group["size"] = json!(2);
        group["initial"]["I"] = json!({ "at": [random(compartments), compartments], "value": "0.1*nA" });
        group["electrodes"] = json!(["I"]);
        let found = run(model(group.clone(), &["membrane_current", "I"], "1*ms")).unwrap();
        conserves(&found, compartments as usize, true);

        // Without channels and input all compartments relax alike to the potential of the leak.
        group["equations"] = json!("Im = gl*(El - v) : amp/meter**2");
        group["initial"] = json!({ "v": "-5*mV" });
        group["electrodes"] = json!([]);
        let found = run(model(group, &["v"], "1*ms")).unwrap();
        let rows = rows(&found, "v");
        for (step, row) in rows.iter().enumerate() {
            let expected = 10.613e-3 - 15.613e-3 * (1.0 + 1e-5 * 3.0 / 0.01_f64).powi(-(step as i32));
            for v in row {
                assert!((v - expected).abs() < 1e-12, "tree {tree} step {step}: {v} {expected}");
            }
        }
    }
}

#[test]
fn a_threshold_counts_at_its_place() {
    let cable = json!([{ "name": "axon",
        "cylinder": { "compartments": 50, "length": "20000*um", "diameter": "476*um" } }]);
    let mut group = neurons(json!({ "sections": cable }));
    group["size"] = json!(2);
    group["threshold"] = json!("v > 50*mV");
    group["refractory"] = json!("v > 40*mV");
    group["initial"]["I"] = json!({ "at": [0], "value": "10*uA" });
    let all = run(model(group.clone(), &["v"], "8*ms")).unwrap();
    let of = |element: u32| -> Vec<u64> {
        let spikes = all.spikes[0].elements.iter().zip(&all.spikes[0].steps);
        spikes.filter(|(i, _)| **i == element).map(|(_, step)| *step).collect()
    };
    // The other neuron has no input.
    assert!(all.spikes[0].elements.iter().all(|&i| i < 50));
    assert!(!of(0).is_empty() && !of(42).is_empty() && of(0)[0] < of(42)[0], "{:?} {:?}", of(0), of(42));
    for (place, element) in [
        (json!({ "compartment": 42 }), 42),
        (json!({ "section": "axon", "distance": "17*mm" }), 42),
        (json!({ "section": "axon", "distance": "20*mm" }), 49),
        (json!({ "section": "axon" }), 0),
    ] {
        let mut placed = model(added(group.clone(), "", "threshold_location", place), &["v"], "8*ms");
        placed["monitors"]["spikes"]["whole"] = json!({ "of": "n.neurons", "variables": ["v", "neuron"] });
        placed["monitors"]["rate"] = json!({ "rate": { "of": "n.neurons" } });
        let at_place = run(placed).unwrap();
        // Neurons have their own numbers.
        let whole = &at_place.spikes[1];
        assert_eq!((whole.size, &whole.steps), (2, &of(element)));
        assert!(whole.elements.iter().all(|&i| i == 0));
        assert!(whole.variables[0].values.iter().all(|&v| v > 0.05), "{:?}", whole.variables[0]);
        assert!(whole.variables[1].values.iter().all(|&number| number == 0.0));
        let counted: f64 = at_place.rates[0].rates.iter().map(|rate| rate * 1e-5 * 2.0).sum();
        assert!((counted - of(element).len() as f64).abs() < 1e-9, "{counted}");
        assert_eq!(at_place.spikes[0].steps, of(element));
        assert!(at_place.spikes[0].elements.iter().all(|&i| i == element));
        assert_eq!(at_place.states, all.states);
    }
}

#[test]
fn values_can_be_of_sections() {
    let mut by_section = neurons(json!({ "sections": sections() }));
    by_section["size"] = json!(2);
    let mut listed = by_section.clone();
    by_section["initial"]["gNa"] = json!({ "sections": { "axon": "120*msiemens/cm**2", "soma": "60*msiemens/cm**2" } });
    by_section["capacitance"] = json!({ "sections": { "soma": "1*uF/cm**2", "dend": "2*uF/cm**2",
        "left": "1*uF/cm**2", "right": "1*uF/cm**2", "axon": "0.5*uF/cm**2" } });
    listed["initial"]["gNa"] = json!("(120*int(compartment >= 13) + 60*int(compartment == 0))*msiemens/cm**2");
    let mut capacitance = vec![1.0; 23];
    capacitance[1..7].fill(2.0);
    capacitance[13..].fill(0.5);
    listed["capacitance"] = json!({ "values": capacitance, "unit": "uF/cm**2" });
    let variables = ["v", "gNa", "Cm"];
    let (a, b) = (run(model(by_section, &variables, "1*ms")).unwrap(), run(model(listed, &variables, "1*ms")).unwrap());
    assert_eq!(rows(&a, "gNa")[0][13], 1200.0);
    assert_eq!(rows(&a, "gNa")[0][23], 600.0);
    assert_eq!(rows(&a, "gNa")[0][5], 0.0);
    for name in variables {
        for (a, b) in rows(&a, name).iter().flatten().zip(rows(&b, name).iter().flatten()) {
            assert!((a - b).abs() <= 1e-9 * b.abs() + 1e-12, "{name}: {a} {b}");
        }
    }
}

#[test]
fn synapses_go_to_compartments_and_come_from_them() {
    let mut group = neurons(json!({ "sections": sections() }));
    group["size"] = json!(2);
    group["threshold"] = json!("v > 50*mV");
    group["threshold_location"] = json!({ "section": "axon", "distance": "400*um" });
    group["refractory"] = json!("v > 40*mV");
    let mut whole = model(group, &["v", "g"], "8*ms");
    whole["spike_generators"] = json!({ "input": { "size": 1, "elements": [0], "times": [1.0] } });
    whole["synapses"] = json!({
        // To the soma of the first neuron.
        "in": { "source": "input", "target": "n", "on_pre": "g_post = 100*nS",
                "connect": [{ "i": [0], "j": [0] }] },
        // From the first neuron to a branch of the second.
        "between": { "source": "n.neurons", "target": "n", "on_pre": "g_post += 3*nS", "delay": "0.5*ms",
                     "connect": [{ "condition": "neuron_pre != neuron_post and compartment_post == 8" }] },
    });
    let found = run(whole).unwrap();
    // Where and when the first neuron spikes.
    let spike = found.spikes[0].steps[0];
    assert_eq!(found.spikes[0].elements[0], 22);
    let g = rows(&found, "g");
    let element = 23 + 8;
    let arrival = g.iter().position(|row| row[element] > 0.0).unwrap() as u64;
    // Written in the step of the arrival, seen at the begin of the next.
    assert_eq!(arrival, spike + 51);
    let touched: Vec<usize> = (23..46).filter(|&i| g[g.len() - 1][i] > 0.0).collect();
    assert_eq!(touched, [element]);
    let v = rows(&found, "v");
    let (before, after) = (arrival as usize, arrival as usize + 30);
    assert!(v[after][element] - v[before][element] > 1e-3);
    assert!(v[after][element] > v[after][element - 2]);
}

#[test]
fn files_give_forms_with_names_of_parts() {
    let swc = "# a soma and two dendrites\n1 1 0 0 0 8 -1\n2 3 8 0 0 1 1\n3 3 40 0 0 1 2\n4 3 0 9 0 0.5 1\n5 2 0 -9 0 0.5 1\n";
    let mut group = neurons(json!({ "swc": "cell.swc" }));
    group["initial"]["gNa"] = json!({ "sections": { "dendrite": "1*siemens/meter**2", "axon": "2*siemens/meter**2" } });
    let mut model: Model = serde_json::from_value(model(group, &["gNa", "length"], "0.1*ms")).unwrap();
    assert_eq!(model.file_names(), ["cell.swc"]);
    let missing = run_model(&model).unwrap_err().to_string();
    assert!(missing.contains("spatial_neurons.n.morphology.swc") && missing.contains("cell.swc"), "{missing}");
    model.files.insert("cell.swc".to_owned(), swc.as_bytes().to_vec());
    let found = run_model(&model).unwrap();
    assert_eq!(rows(&found, "gNa")[0], [0.0, 1.0, 1.0, 1.0, 2.0]);
    let form = &found.forms[0];
    assert_eq!(form.sections, ["soma", "dendrite", "dendrite", "dendrite", "axon"]);
    let ends: Vec<[[f64; 3]; 2]> = form.compartments.iter().map(|own| own.ends.unwrap()).collect();
    let um = |place: [f64; 3]| place.map(|x| (x * 1e6).round());
    assert_eq!(
        ends.iter().map(|[begin, _]| um(*begin)).collect::<Vec<_>>(),
        [[0.0, -8.0, 0.0], [0.0, 0.0, 0.0], [8.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    );
    assert_eq!(
        ends.iter().map(|[_, end]| um(*end)).collect::<Vec<_>>(),
        [[0.0, 8.0, 0.0], [8.0, 0.0, 0.0], [40.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, -9.0, 0.0]]
    );
    for (broken, expected) in [
        ("", "no points"),
        ("1 1 0 0 0 8 -1\n2 3 8 0 0 1 7\n", "line 2: the parent 7 is not there"),
        ("1 1 0 0 0 8 -1\n2 3 0 0 0 1 1\n", "line 2"),
        ("1 1 0 0 0 8 -1\n2 3 8 0 x 1 1\n", "z is `x`"),
        ("1 1 0 0 0 8 -1\n2 3 8 0 0 1 3\n3 3 9 0 0 1 2\n", "line 2"),
        ("1 1 0 0 0 -8 -1\n", "diameter"),
        ("\u{0}\u{1}\u{2}", "line 1"),
    ] {
        model.files.insert("cell.swc".to_owned(), broken.as_bytes().to_vec());
        let message = run_model(&model).unwrap_err().to_string();
        assert!(message.contains("`cell.swc`") && message.contains(expected), "{broken:?}: {message}");
    }
}

#[test]
fn compartments_have_places_from_directions() {
    let pointing = |z: [f64; 5]| {
        let mut sections = sections();
        for (section, z) in sections.as_array_mut().unwrap().iter_mut().zip(z) {
            section["direction"] = json!([0.6, 0.0, 0.8 * z]);
        }
        neurons(json!({ "sections": sections }))
    };
    let mut group = pointing([1.0, 1.0, -1.0, 1.0, -1.0]);
    group["size"] = json!(3);
    let found = run(model(group, &["v"], "0.1*ms")).unwrap();
    let form = &found.forms[0];
    assert_eq!((form.name.as_str(), form.size, form.compartments.len()), ("n", 3, 23));
    assert_eq!(
        (form.sections[0].as_str(), form.sections[6].as_str(), form.sections[22].as_str()),
        ("soma", "dend", "axon")
    );
    let near = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15);
    let ends: Vec<[[f64; 3]; 2]> = form.compartments.iter().map(|own| own.ends.unwrap()).collect();
    for (own, [begin, end]) in form.compartments.iter().zip(&ends) {
        let length = begin.iter().zip(end).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        assert!((length - own.length).abs() < 1e-15, "{own:?}");
        let middle = [0, 1, 2].map(|axis| 0.5 * (begin[axis] + end[axis]));
        assert!(near(own.position.unwrap(), middle));
    }
    // The sphere has its midpoint at 0, where the dendrite and the axon begin; both branches begin at the end of it.
    assert!(near(ends[0][0], [-6e-6, 0.0, -8e-6]) && near(ends[0][1], [6e-6, 0.0, 8e-6]));
    assert!(near(ends[1][0], [0.0; 3]) && near(ends[13][0], [0.0; 3]));
    assert!(near(ends[6][1], [6e-5, 0.0, 8e-5]) && near(ends[7][0], ends[6][1]) && near(ends[11][0], ends[6][1]));
    assert!(near(ends[22][1], [2.4e-4, 0.0, -3.2e-4]));

    let mut without = sections();
    without[2]["direction"] = json!([0, 0, 1]);
    let nowhere = sections();
    for (sections, part) in [(without, "section 0 has no `direction`"), (nowhere, "")] {
        let result = run(model(neurons(json!({ "sections": sections })), &["v"], "0.1*ms"));
        match result {
            Err(error) => assert!(!part.is_empty() && error.to_string().contains(part), "{error}"),
            Ok(found) => assert!(part.is_empty() && found.forms[0].compartments.iter().all(|own| own.ends.is_none())),
        }
    }
    let mut flat = pointing([1.0; 5]);
    flat["morphology"]["sections"][3]["direction"] = json!([0, 0, 0]);
    let error = run(model(flat, &["v"], "0.1*ms")).unwrap_err().to_string();
    assert!(error.contains("section 3 has the direction"), "{error}");
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let good = || neurons(json!({ "sections": sections() }));
    let section = |number: usize, key: &str, value: Json| {
        let mut sections = sections();
        sections[number][key] = value;
        with(good(), "/morphology", json!({ "sections": sections }))
    };
    let cylinder = |length: &str, diameter: &str| json!({ "length": length, "diameter": diameter });
    let field = |key: &str, value: Json| added(good(), "", key, value);
    let equations = |text: &str| field("equations", json!(text));
    let cases = [
        (equations("I : amp (point current)"), "n.equations", "no current of the membrane"),
        (equations("Im : amp/meter**2"), "n.equations", "`Im` is a parameter"),
        (equations("Im = gl*(El - v) : amp"), "n.equations", "unit"),
        (equations("Im = gl*v*v/mV : amp/meter**2"), "n.equations", "linear"),
        (equations("Im = gl*(El - v) : amp/meter**2\narea : 1"), "n.equations", "`area` is given"),
        (equations("Im = gl*(El - v) : amp/meter**2\ndv/dt = 1*mV/ms : volt"), "n.equations", "`v` is given"),
        (equations("Im = gl*(El - v) : amp/meter**2\nI : volt (point current)"), "n.equations", "`I`"),
        (equations("Im = gX*(El - v) : amp/meter**2"), "n.equations", "gX"),
        (field("electrodes", json!(["g"])), "n.electrodes", "`g` is no current"),
        (field("integrator", json!("exponential")), "n.integrator", "exponential"),
        (field("size", json!(0)), "n.size", "from 1"),
        (field("size", json!(4_000_000_000_u32)), "n.size", "from 1 to"),
        (field("capacitance", json!("0*uF/cm**2")), "n.capacitance", "above 0"),
        (field("capacitance", json!("1*uF")), "n.capacitance", "farad"),
        (field("capacitance", json!("(1 + neuron)*uF/cm**2")), "", ""),
        (field("capacitance", json!({ "sections": { "soma": "1*uF/cm**2" } })), "n.capacitance", "compartment 1"),
        (field("capacitance", json!({ "values": [1.0, 2.0], "unit": "uF/cm**2" })), "n.capacitance", "2 values"),
        (
            added(field("size", json!(2)), "", "capacitance", json!("(1 + neuron)*uF/cm**2")),
            "n.capacitance",
            "neuron 1",
        ),
        (field("resistivity", json!("-1*ohm*cm")), "spatial_neurons.n", "resistivity"),
        (field("resistivity", json!("1*ohm")), "n.resistivity", "ohm"),
        (field("threshold_location", json!({ "compartment": 1 })), "n.threshold_location", "`threshold`"),
        (section(1, "parent", json!("left")), "sections[1].parent", "before"),
        (section(1, "parent", json!("dend")), "sections[1].parent", "before"),
        (section(1, "name", json!("soma")), "sections[1].name", "section 0"),
        (section(1, "name", json!("")), "sections[1].name", "a name"),
        (section(1, "parent", json!(null)), "n.morphology.sections", "soma"),
        (section(1, "soma", json!({ "diameter": "1*um" })), "sections[1]", "one of"),
        (section(1, "cylinder", json!(null)), "sections[1]", "one of"),
        (section(1, "cylinder", cylinder("0*um", "1*um")), "n.morphology.sections", "section 1 has the length"),
        (section(1, "cylinder", cylinder("1*um", "-1*um")), "n.morphology.sections", "section 1 has the diameter"),
        (section(1, "cylinder", cylinder("1*ms", "1*um")), "sections[1].cylinder.length", "second"),
        (
            section(1, "cylinder", json!({ "compartments": 0, "length": "1*um", "diameter": "1*um" })),
            "n.morphology.sections",
            "no compartments",
        ),
        (
            section(1, "cylinder", json!({ "compartments": 4_000_000_000_u32, "length": "1*um", "diameter": "1*um" })),
            "n.morphology.sections",
            "at most",
        ),
        (
            section(3, "cones", json!({ "lengths": ["1*um"], "diameters": ["1*um"] })),
            "n.morphology.sections",
            "one diameter more",
        ),
        (with(good(), "/morphology", json!({ "sections": [] })), "n.morphology.sections", "no sections"),
        (
            added(good(), "/initial", "gNa", json!({ "sections": { "axom": "1*siemens/meter**2" } })),
            "n.initial.gNa",
            "`axon`",
        ),
        (added(good(), "/initial", "area", json!("1*um**2")), "n.initial.area", "area"),
        (added(good(), "/initial", "v", json!("1*ms")), "n.initial.v", "volt"),
    ];
    for (number, (group, path, part)) in cases.into_iter().enumerate() {
        let shown = group.to_string();
        let result = run(model(group, &["v"], "0.1*ms"));
        if path.is_empty() {
            result.unwrap();
            continue;
        }
        let error = result.err().unwrap_or_else(|| panic!("{number} is not refused: {shown}")).to_string();
        assert!(error.contains(path) && error.contains(part), "{number}, {path}, {part}: {error}");
    }
    let located = |place: Json| added(field("threshold", json!("v > 50*mV")), "", "threshold_location", place);
    for (place, part) in [
        (json!({ "compartment": 23 }), "below 23"),
        (json!({ "section": "axo" }), "`axon`"),
        (json!({ "section": "axon", "distance": "401*um" }), "400"),
        (json!({ "section": "axon", "distance": "-1*um" }), "400"),
        (json!({ "compartment": 1, "section": "axon" }), "either"),
        (json!({ "distance": "1*um" }), "either"),
        (json!({}), "either"),
    ] {
        let error = run(model(located(place.clone()), &["v"], "0.1*ms")).unwrap_err().to_string();
        assert!(error.contains("n.threshold_location") && error.contains(part), "{place}: {error}");
    }
}

#[test]
fn a_run_that_breaks_says_where_and_when() {
    let mut group = neurons(json!({ "sections": sections() }));
    group["equations"] = json!("Im = gl*(El - v) + x*v : amp/meter**2\nx : siemens/meter**2");
    group["initial"] = json!({ "x": { "at": [4], "value": "1e9*siemens/meter**2" } });
    let error = run(model(group.clone(), &["v"], "1*ms")).unwrap_err().to_string();
    assert!(error.contains("spatial_neurons.n") && error.contains("compartment 4"), "{error}");
    group["equations"] = json!("Im = gl*(El - v) + x : amp/meter**2\ndx/dt = x/(0.001*ms) : amp/meter**2");
    group["initial"] = json!({ "x": { "at": [4], "value": "1*amp/meter**2" } });
    group["integrator"] = json!("euler");
    let error = run(model(group, &["v"], "10*ms")).unwrap_err().to_string();
    assert!(error.contains("spatial_neurons.n") && error.contains("step"), "{error}");
}
