//! Numbers of a model that are set by path.
#![allow(clippy::unwrap_used)]

use lapicque_equations::network::description::{Initial, Model, Text};
use lapicque_equations::network::{ModelValue, group_steps, model_times, model_values, set_model_value};
use lapicque_equations::units::Dimension;
use serde_json::json;

fn model() -> Model {
    serde_json::from_value(json!({
        "time_step": "0.1*ms",
        "constants": {"tau": "10*ms", "twice": "2*tau", "we": "1.5*mV"},
        "neurons": {
            "G": {
                "size": 4,
                "equations": "dv/dt = (v0 - v)/T : volt (unless refractory)\nv0 : volt\nk : integer\nb : boolean\nz = 2*v : volt",
                "replace": {"T": "tau"},
                "threshold": "v > 10*mV",
                "reset": "v = 0*mV",
                "refractory": "tau/5",
                "initial": {"v0": "12*mV", "v": "rand()*mV"}
            }
        },
        "poisson": {"P": {"size": 2, "rates": {"values": [5, 10], "unit": "Hz"}, "time_step": "0.2*ms"}},
        "synapses": {
            "S": {"source": "P", "target": "G", "equations": "w : volt", "on_pre": "v_post += w", "connect": [{"p": 0.5}]}
        },
        "poisson_inputs": {"I": {"target": "G[0:2]", "variable": "v", "processes": 10, "rate": "5*Hz", "weight": "we"}},
        "duration": "100*ms"
    }))
    .unwrap()
}

fn value(path: &str) -> Option<ModelValue> {
    model_values(&model()).into_iter().find(|value| value.path == path)
}

#[test]
fn values_have_the_unit_of_what_they_are_and_their_present_number() {
    let current = Dimension::whole([2, 1, -3, -1, 0, 0, 0]);
    assert_eq!(current, Dimension::VOLT);
    for (path, dimension, expected) in [
        ("constants.tau", Dimension::SECOND, Some(0.01)),
        ("constants.twice", Dimension::SECOND, Some(0.02)),
        ("constants.we", Dimension::VOLT, Some(1.5 * 0.001)),
        ("duration", Dimension::SECOND, Some(100.0 * 0.001)),
        ("neurons.G.size", Dimension::NONE, Some(4.0)),
        ("neurons.G.refractory", Dimension::SECOND, Some(0.01 / 5.0)),
        ("neurons.G.initial.v", Dimension::VOLT, None),
        ("neurons.G.initial.v0", Dimension::VOLT, Some(12.0 * 0.001)),
        ("neurons.G.initial.k", Dimension::NONE, Some(0.0)),
        ("poisson.P.rates", Dimension::HERTZ, None),
        ("synapses.S.initial.w", Dimension::VOLT, Some(0.0)),
        ("synapses.S.delay", Dimension::SECOND, Some(0.0)),
        ("synapses.S.connect.0.p", Dimension::NONE, Some(0.5)),
        ("poisson_inputs.I.processes", Dimension::NONE, Some(10.0)),
        ("poisson_inputs.I.weight", Dimension::VOLT, Some(1.5 * 0.001)),
    ] {
        let found = value(path).unwrap();
        assert_eq!((found.dimension, found.value), (dimension, expected), "{path}");
    }
    for path in ["neurons.G.initial.z", "neurons.G.initial.b", "synapses.S.post_delay", "synapses.S.connect.0.n"] {
        assert_eq!(value(path), None, "{path}");
    }
}

#[test]
fn every_value_can_be_set() {
    let described = model();
    for found in model_values(&described) {
        let mut changed = described.clone();
        assert!(set_model_value(&mut changed, &found.path, &Text::new("7")), "{}", found.path);
        assert!(changed != described, "{}", found.path);
    }
    let mut changed = described.clone();
    assert!(set_model_value(&mut changed, "neurons.G.initial.v", &Text::new("2*mV")));
    assert_eq!(changed.neurons["G"].initial["v"], Initial::Expression(Text::new("2*mV")));
    for path in ["", "constants", "constants.x", "neurons.H.size", "runs.0.duration", "synapses.S.connect.1.p", "t.x"] {
        assert!(!set_model_value(&mut changed, path, &Text::new("1")), "{path}");
    }
    assert!(!set_model_value(&mut changed, "neurons.G.size", &Text::new("1.5")));
}

#[test]
fn times_follow_runs_that_go_back() {
    assert_eq!(model_times(&model()).unwrap().end, 100.0 * 0.001);
    let steps = group_steps(&model()).unwrap();
    assert_eq!((steps["G"], steps["P"]), (0.1 * 0.001, 0.2 * 0.001));
    let mut runs = model();
    runs.duration = None;
    runs.runs = serde_json::from_value(json!([
        {"duration": "tau", "store": "a"},
        {"duration": "5*tau"},
        {"restore": "a", "constants": {"tau": "1*ms"}, "duration": "tau"}
    ]))
    .unwrap();
    assert!((model_times(&runs).unwrap().end - 0.06).abs() < 1e-15);
    runs.runs[1].duration = Some(Text::new("1*mV"));
    let message = model_times(&runs).unwrap_err().to_string();
    assert!(message.contains("runs.1.duration") && message.contains("second"), "{message}");
    runs.time_step = Text::new("0*ms");
    assert!(model_times(&runs).unwrap_err().to_string().contains("a time above 0"));
}
