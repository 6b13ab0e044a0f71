//! Forms of neurons in models: files, places, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cells;

use lapicque_equations::network::description::Model;
use serde_json::{Value as Json, json};

use cells::{added, model, neurons, rows, run, run_model, sections, with};

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
