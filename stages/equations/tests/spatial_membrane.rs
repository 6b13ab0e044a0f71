//! The current of the membrane as conductance and rest.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;

use lapicque_equations::language::block::Equations;
use lapicque_equations::language::evaluate::{Value, evaluate};
use lapicque_equations::language::expression::Expression;
use lapicque_equations::spatial::membrane::{MembraneError, membrane_current};

fn error(text: &str) -> MembraneError {
    membrane_current(&Equations::parse(text).unwrap()).unwrap_err()
}

#[test]
fn currents_are_split_into_conductance_and_rest() {
    let text = "Im = leak + gNa*m**3*h*(ENa - v) : amp/meter**2\nleak = gL*(EL - v) : amp/meter**2\n\
        I : amp (point current)\ng : siemens\nsynapses = g*(Es - v) : amp (point current)\n\
        gNa : siemens/meter**2\nm : 1\nh : 1";
    let found = membrane_current(&Equations::parse(text).unwrap()).unwrap();
    let values = HashMap::from([
        ("gL", 2.0),
        ("EL", -0.07),
        ("gNa", 500.0),
        ("m", 0.5),
        ("h", 0.25),
        ("ENa", 0.05),
        ("I", 3e-10),
        ("g", 4e-9),
        ("Es", -0.01),
        ("area", 2e-9),
    ]);
    // Without a value of v: neither may have it.
    let value = |expression: &Expression| match evaluate(expression, &|name| {
        values.get(name).map(|&value| Value::Number(value))
    })
    .unwrap()
    {
        Value::Number(value) => value,
        Value::Boolean(_) => panic!("a truth value"),
    };
    let sodium = 500.0 * 0.125 * 0.25;
    assert!((value(&found.conductance) - (2.0 + sodium + 2.0)).abs() < 1e-12);
    assert!((value(&found.current) - (-0.14 + sodium * 0.05 + 0.15 - 0.02)).abs() < 1e-12);
    // A current that is stored through the step is all rest.
    let stored = "Im = gL*(EL - v) : amp/meter**2 (constant over dt)";
    let found = membrane_current(&Equations::parse(stored).unwrap()).unwrap();
    assert_eq!(value(&found.conductance), 0.0);
    assert!(found.current.mentions("Im"));
}

#[test]
fn equations_without_a_linear_current_are_refused() {
    assert_eq!(error("I : amp (point current)"), MembraneError::Missing);
    assert!(matches!(error("Im : amp/meter**2"), MembraneError::Kind { .. }));
    assert!(matches!(error("dIm/dt = -Im/tau : amp/meter**2"), MembraneError::Kind { .. }));
    assert!(matches!(error("Im = 0*amp : amp"), MembraneError::Unit { ref name, .. } if name == "Im"));
    let unit = error("Im = 0*amp/meter**2 : amp/meter**2\nI : amp/meter**2 (point current)");
    assert_eq!(unit.to_string(), "`I` has another unit; expected `amp`");
    for given in ["v : volt", "area : meter**2"] {
        let text = format!("Im = 0*amp/meter**2 : amp/meter**2\n{given}");
        assert!(matches!(error(&text), MembraneError::Given { .. }), "{given}");
    }
    for term in ["g*v**2/mV", "g*exp(v/mV)*mV", "g*abs(v)", "g*v/(1 + v/mV)"] {
        let text = format!("Im = g*(EL - v) + {term} : amp/meter**2");
        assert!(matches!(error(&text), MembraneError::NotLinear { .. }), "{term}");
    }
}

#[test]
fn many_point_currents_are_no_trouble() {
    let mut text = String::from("Im = 0*amp/meter**2 : amp/meter**2\n");
    for i in 0..5000 {
        text.push_str(&format!("I{i} : amp (point current)\n"));
    }
    let found = membrane_current(&Equations::parse(&text).unwrap()).unwrap();
    assert!(found.current.mentions("I0") && found.current.mentions("I4999"));
}
