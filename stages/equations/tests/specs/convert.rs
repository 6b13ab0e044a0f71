//! From a specification of a run to a model file: sections and keys have other names, nothing else changes.

use serde_json::{Map, Value as Json, json};

/// The model file of a specification.
pub(crate) fn model(spec: &Json) -> Json {
    let mut model = Map::new();
    model.insert("time_step".to_owned(), spec["dt"].clone());
    for key in ["constants", "duration", "schedule"] {
        rename(spec, &mut model, &[(key, key)]);
    }
    for (name, array) in entries(&spec["timed_arrays"]) {
        let values = if array["values"][0].is_array() { "rows" } else { "values" };
        let value = json!({ values: array["values"], "time_step": array["dt"], "unit": array["unit"] });
        section(&mut model, "timed_arrays").insert(name.clone(), value);
    }
    for group in list(&spec["groups"]) {
        let name = text(&group["name"]).to_owned();
        let (kind, value) = match group["kind"].as_str() {
            None | Some("neurons") => ("neurons", neurons(group)),
            Some("spike_generator") => ("spike_generators", spike_generator(group)),
            Some("spatial") => ("spatial_neurons", spatial(group)),
            Some(other) => panic!("{name} is of the kind {other}"),
        };
        section(&mut model, kind).insert(name, value);
    }
    for described in list(&spec["synapses"]) {
        section(&mut model, "synapses").insert(text(&described["name"]).to_owned(), synapses(described));
    }
    let runs: Vec<Json> = list(&spec["segments"]).iter().map(|segment| run(segment, spec)).collect();
    if !runs.is_empty() {
        model.insert("runs".to_owned(), Json::Array(runs));
    }
    model.insert("monitors".to_owned(), monitors(spec));
    Json::Object(model)
}

/// The name of a monitor: its own, or what it records and of what.
pub(crate) fn monitor_name(monitor: &Json, kind: &str) -> String {
    let of = text(&monitor["of"]).replace(['[', ':'], "_").replace(']', "");
    monitor["name"].as_str().map_or_else(|| format!("{kind}_{of}"), str::to_owned)
}

/// The entries of a list; none where there is no list.
pub(crate) fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("{json} is no text"))
}

fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}

fn section<'a>(model: &'a mut Map<String, Json>, name: &str) -> &'a mut Map<String, Json> {
    model.entry(name).or_insert_with(|| Json::Object(Map::new())).as_object_mut().unwrap()
}

/// Copies what is there under other names.
fn rename(from: &Json, to: &mut Map<String, Json>, keys: &[(&str, &str)]) {
    for (key, name) in keys {
        if !from[*key].is_null() {
            to.insert((*name).to_owned(), from[*key].clone());
        }
    }
}

/// What a group of neurons and spatial neurons have in common.
fn group(group: &Json) -> Map<String, Json> {
    let mut value = Map::new();
    let keys = [
        ("model", "equations"),
        ("method", "integrator"),
        ("threshold", "threshold"),
        ("reset", "reset"),
        ("dt", "time_step"),
    ];
    rename(group, &mut value, &keys);
    match &group["refractory"] {
        Json::Null => {}
        Json::Object(expression) => {
            value.insert("refractory".to_owned(), expression["expr"].clone());
        }
        constant => {
            value.insert("refractory".to_owned(), constant.clone());
        }
    }
    let initial: Map<String, Json> = entries(&group["init"]).map(|(name, v)| (name.clone(), initial(v))).collect();
    value.insert("initial".to_owned(), Json::Object(initial));
    value
}

fn neurons(described: &Json) -> Json {
    let mut value = group(described);
    value.insert("size".to_owned(), described["N"].clone());
    let mut events = Map::new();
    for (name, condition) in entries(&described["events"]) {
        if name == "spike" {
            assert_eq!(condition, &described["threshold"]);
            continue;
        }
        let mut event = Map::from_iter([("condition".to_owned(), condition.clone())]);
        for scheduled in list(&described["event_schedule"]) {
            if text(&scheduled["event"]) == name {
                event.insert("when".to_owned(), scheduled["when"].clone());
            }
        }
        events.insert(name.clone(), Json::Object(event));
    }
    value.insert("events".to_owned(), Json::Object(events));
    let on_event = list(&described["on_event"]).to_vec();
    value.insert("on_event".to_owned(), Json::Array(on_event));
    let regular = |described: &Json| {
        let mut value = Map::new();
        rename(described, &mut value, &[("code", "code"), ("dt", "every"), ("when", "when")]);
        Json::Object(value)
    };
    value.insert("run_regularly".to_owned(), list(&described["run_regularly"]).iter().map(regular).collect());
    Json::Object(value)
}

fn spike_generator(described: &Json) -> Json {
    let mut value = Map::new();
    let keys =
        [("N", "size"), ("indices", "elements"), ("times_ms", "times"), ("period", "period"), ("dt", "time_step")];
    rename(described, &mut value, &keys);
    Json::Object(value)
}

fn spatial(described: &Json) -> Json {
    let mut value = group(described);
    rename(described, &mut value, &[("Cm", "capacitance"), ("Ri", "resistivity")]);
    let morphology = &described["morphology"];
    let morphology = if text(&morphology["type"]) == "swc" {
        json!({ "swc": morphology["path"] })
    } else {
        let mut to = Vec::new();
        sections("root", morphology, None, &mut to);
        json!({ "sections": to })
    };
    value.insert("morphology".to_owned(), morphology);
    Json::Object(value)
}

/// A section and all that begin at its end, in the order of their names: that of the file.
fn sections(name: &str, described: &Json, parent: Option<&str>, to: &mut Vec<Json>) {
    let um = |value: &Json| Json::from(format!("{value}*um"));
    let mut section = match text(&described["type"]) {
        "Soma" => json!({ "soma": { "diameter": um(&described["diameter_um"]) } }),
        "Cylinder" => {
            let (length, diameter) = (um(&described["length_um"]), um(&described["diameter_um"]));
            json!({ "cylinder": { "compartments": described["n"], "length": length, "diameter": diameter } })
        }
        "Section" => {
            let [lengths, diameters] =
                ["length_um", "diameter_um"].map(|key| list(&described[key]).iter().map(um).collect::<Vec<_>>());
            json!({ "cones": { "lengths": lengths, "diameters": diameters } })
        }
        other => panic!("a section of the type {other}"),
    };
    section["name"] = Json::from(name);
    section["parent"] = json!(parent);
    to.push(section);
    for (child, described) in entries(&described["children"]) {
        sections(child, described, Some(name), to);
    }
}

/// A text that starts with = is an expression; other values are values here too.
fn initial(value: &Json) -> Json {
    match value.as_str().and_then(|text| text.strip_prefix('=')) {
        Some(expression) => Json::from(expression),
        None => value.clone(),
    }
}

fn synapses(described: &Json) -> Json {
    let mut value = Map::new();
    let keys = [
        ("source", "source"),
        ("target", "target"),
        ("model", "equations"),
        ("method", "integrator"),
        ("multisynaptic_index", "multisynaptic_index"),
    ];
    rename(described, &mut value, &keys);
    value.insert("connect".to_owned(), json!([described["connect"]]));
    // Delays of each synapse are among the initial values there, and belong to `pre`.
    let (delays, initials): (Vec<_>, Vec<_>) = entries(&described["init"]).partition(|(name, _)| *name == "delay");
    let initials: Map<String, Json> = initials.into_iter().map(|(name, v)| (name.clone(), initial(v))).collect();
    value.insert("initial".to_owned(), Json::Object(initials));
    let delay = |pathway: &str| match &described["delay"] {
        Json::Object(delays) => delays.get(pathway).cloned(),
        Json::String(delay) if pathway == "pre" => Some(Json::from(delay.as_str())),
        _ => delays.first().filter(|_| pathway == "pre").map(|(_, delay)| initial(delay)),
    };
    for (side, field, delay_field) in [("pre", "on_pre", "delay"), ("post", "on_post", "post_delay")] {
        let event = &described["on_event"][side];
        match &described[field] {
            Json::Null => {}
            Json::String(code) if event.is_null() => {
                value.insert(field.to_owned(), Json::from(code.as_str()));
                if let Some(delay) = delay(side) {
                    value.insert(delay_field.to_owned(), delay);
                }
            }
            Json::String(code) => {
                let pathway = json!({ "spikes": side, "code": code, "event": event });
                section(&mut value, "pathways").insert(side.to_owned(), pathway);
            }
            codes => {
                for (name, code) in entries(codes) {
                    let mut pathway = Map::from_iter([
                        ("spikes".to_owned(), Json::from(side)),
                        ("code".to_owned(), code.clone()),
                        ("order".to_owned(), described["pathway_order"][name].clone()),
                    ]);
                    if let Some(delay) = delay(name) {
                        pathway.insert("delay".to_owned(), delay);
                    }
                    section(&mut value, "pathways").insert(name.clone(), Json::Object(pathway));
                }
            }
        }
    }
    Json::Object(value)
}

fn run(segment: &Json, spec: &Json) -> Json {
    let mut value = Map::new();
    let keys = [("restore", "restore"), ("dt", "time_step"), ("run", "duration"), ("store", "store")];
    rename(segment, &mut value, &keys);
    let set = entries(&segment["set"]).map(|(name, value)| {
        let of_a_slice = || json!({ "at": slice(&value["slice_um"], name, spec), "value": value["value"] });
        (name.clone(), if value["slice_um"].is_null() { initial(value) } else { of_a_slice() })
    });
    let set: Map<String, Json> = set.collect();
    if !set.is_empty() {
        value.insert("set".to_owned(), Json::Object(set));
    }
    Json::Object(value)
}

/// The compartments of a cylinder between two distances in um.
fn slice(bounds: &Json, variable: &str, spec: &Json) -> Vec<u64> {
    let name = variable.split('.').next().unwrap();
    let group = list(&spec["groups"]).iter().find(|group| text(&group["name"]) == name).unwrap();
    let shape = &group["morphology"];
    assert_eq!(text(&shape["type"]), "Cylinder");
    let (n, length) = (shape["n"].as_u64().unwrap(), shape["length_um"].as_f64().unwrap());
    let inside = |number: &u64| {
        let middle = (*number as f64 + 0.5) * length / n as f64;
        middle > bounds[0].as_f64().unwrap() && middle < bounds[1].as_f64().unwrap()
    };
    (0..n).filter(inside).collect()
}

fn monitors(spec: &Json) -> Json {
    let mut sections = Map::new();
    for monitor in list(&spec["monitors"]) {
        let kind = text(&monitor["kind"]);
        let name = monitor_name(monitor, kind);
        let mut value = Map::from_iter([("of".to_owned(), monitor["of"].clone())]);
        rename(
            monitor,
            &mut value,
            &[("vars", "variables"), ("record", "record"), ("when", "when"), ("event", "event")],
        );
        match kind {
            "state" => {
                rename(monitor, &mut value, &[("dt", "every")]);
                match monitor["every"].as_u64() {
                    None | Some(1) => {}
                    Some(every) => {
                        let step = format!("{every}*({})", text(&spec["dt"]));
                        value.insert("every".to_owned(), Json::from(step));
                    }
                }
                section(&mut sections, "state").insert(name, Json::Object(value));
            }
            "spike" => {
                section(&mut sections, "spikes").insert(name, Json::Object(value));
            }
            "event" => {
                section(&mut sections, "events").insert(name, Json::Object(value));
            }
            "rate" => {
                for smooth in list(&monitor["smooth"]) {
                    let (window, width) = (text(&smooth[0]), text(&smooth[1]));
                    let smoothed = json!({ "of": monitor["of"], "smooth": { window: width } });
                    section(&mut sections, "rate").insert(format!("{name}_{window}_{width}"), smoothed);
                }
                section(&mut sections, "rate").insert(name, Json::Object(value));
            }
            other => panic!("a monitor of the kind {other}"),
        }
    }
    for last in list(&spec["final"]) {
        let of_synapses = list(&spec["synapses"]).iter().any(|synapses| synapses["name"] == last["of"]);
        let pair: &[&str] = if of_synapses { &["i", "j"] } else { &[] };
        let variables = pair.iter().copied().chain(list(&last["vars"]).iter().map(text));
        let value = json!({ "of": last["of"], "variables": variables.collect::<Vec<_>>() });
        section(&mut sections, "final").insert(monitor_name(last, "final"), value);
    }
    Json::Object(sections)
}
