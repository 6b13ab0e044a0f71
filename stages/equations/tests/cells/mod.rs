//! Neurons with a form in models as JSON, run.

use lapicque_equations::network::description::Model;
use lapicque_equations::network::{NetworkError, Options, Recording, simulate};
use lapicque_numerics::random::StreamKey;
use serde_json::{Value as Json, json};

pub(crate) const CHANNELS: &str = "Im = gl*(El - v) + gNa*m**3*h*(ENa - v) + gK*n**4*(EK - v) : amp/meter**2
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
pub(crate) fn sections() -> Json {
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

pub(crate) fn neurons(morphology: Json) -> Json {
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
pub(crate) fn model(neurons: Json, variables: &[&str], duration: &str) -> Json {
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

pub(crate) fn with(mut json: Json, path: &str, value: Json) -> Json {
    *json.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
    json
}

pub(crate) fn added(mut json: Json, path: &str, key: &str, value: Json) -> Json {
    json.pointer_mut(path).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    json
}

pub(crate) fn run_model(model: &Model) -> Result<Recording, NetworkError> {
    simulate(model, None, &Options::default(), &StreamKey::new([7; 16]), &|| false, &mut |_| {})
}

pub(crate) fn run(json: Json) -> Result<Recording, NetworkError> {
    run_model(&serde_json::from_value(json).unwrap())
}

/// The values of a variable of the first state monitor, a row per time.
pub(crate) fn rows(recording: &Recording, name: &str) -> Vec<Vec<f64>> {
    let record = &recording.states[0];
    let variable = record.variables.iter().find(|variable| variable.name == name).unwrap();
    variable.values.chunks(variable.values.len() / record.times.len()).map(<[f64]>::to_vec).collect()
}
