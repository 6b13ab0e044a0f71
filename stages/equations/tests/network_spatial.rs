//! Neurons with a form in models: many at once, currents through the membrane, places of thresholds, synapses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cells;

use lapicque_equations::network::Recording;
use serde_json::json;

use cells::{CHANNELS, added, model, neurons, rows, run, sections, with};

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
