//! What equations are, against Brian2 where it is right: noise, linearity, integrators.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_equations::language::analysis::derivative::derivative;
use lapicque_equations::language::analysis::inline::Inliner;
use lapicque_equations::language::analysis::integrator::{Integrator, Note, choose};
use lapicque_equations::language::analysis::linear::{conditionally_linear, linear_system};
use lapicque_equations::language::analysis::simplify::simplify;
use lapicque_equations::language::analysis::system::{NoiseKind, System};
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::{check_equations, fixed_value};
use lapicque_equations::language::error::Problem;
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::scope::{Callable, Scope};
use lapicque_equations::units::Dimension;
use serde_json::Value;

fn rows(file: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/equations/");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}{file}")).unwrap()).unwrap()
}

fn scope_of(equations: &Equations) -> Scope {
    let mut scope = Scope::neurons(equations);
    for (name, text) in [("tau", "10*ms"), ("sigma", "0.5"), ("f", "10*Hz"), ("E0", "2"), ("tau_e", "5*ms")] {
        let quantity = fixed_value(&parse_expression(text).unwrap(), &scope).unwrap();
        scope.add_parameter(name, quantity);
    }
    let array = Callable::TimedArray { dimension: Dimension::NONE, per_element: false, constant_over_step: true };
    scope.add_callable("TA", array);
    scope
}

fn checked(text: &str) -> (System, Scope) {
    let equations = Equations::parse(text).unwrap_or_else(|error| panic!("{}", error.render(text)));
    let scope = scope_of(&equations);
    check_equations(&equations, &scope).unwrap_or_else(|error| panic!("{}", error.render(text)));
    (System::clock_driven(&equations).unwrap(), scope)
}

/// What Brian2 has no solution for, and we have.
const EXACT_HERE: [&str; 2] = [
    // An undamped oscillator: its symbolic solution is complex.
    "dx/dt=y/tau : 1\ndy/dt=-x/tau : 1",
    // M is 0, so there is no b with M b = c.
    "dv/dt=c/tau : 1\nc : 1",
];

/// What Brian2 takes for linear in v: it leaves out v**2, and holds the other functions of v fixed during a step.
const NOT_CONDITIONALLY_LINEAR: [&str; 4] = [
    "dv/dt=(-m-v)/tau : 1\nm=v**2 : 1",
    "dv/dt = (abs(v)-v)/tau : 1",
    "dv/dt=(exp(-v)-v)/tau : 1\n",
    "dv/dt=(-v+int(v>0.5))/tau : 1",
];

#[test]
fn integrators_take_what_those_of_brian2_take() {
    let mut differences = 0;
    for row in rows("method_choice.json") {
        let text = row["equations"].as_str().unwrap();
        let (system, scope) = checked(text);
        for (name, accepts) in row["accepts"].as_object().unwrap() {
            let integrator = Integrator::named(name).unwrap();
            let mut expected = accepts.as_bool().unwrap();
            if integrator == Integrator::Exact && EXACT_HERE.contains(&text) {
                assert!(!expected);
                expected = true;
                differences += 1;
            }
            if integrator == Integrator::ExponentialEuler && NOT_CONDITIONALLY_LINEAR.contains(&text) {
                assert!(expected);
                expected = false;
                differences += 1;
            }
            let found = integrator.takes(&system, &scope);
            assert_eq!(found.is_ok(), expected, "{name}, {text}: {found:?}");
        }
        let expected = if EXACT_HERE.contains(&text) { "exact" } else { row["default"].as_str().unwrap() };
        assert_eq!(choose(&system, &scope).unwrap().integrator.to_string(), expected, "{text}");
    }
    assert_eq!(differences, EXACT_HERE.len() + NOT_CONDITIONALLY_LINEAR.len());
}

#[test]
fn noise_and_default_integrators_are_those_of_brian2() {
    let mut seen = 0;
    for row in rows("equation_cases.json") {
        let text = row["equations"].as_str().unwrap();
        if row.get("stage").is_some() {
            continue;
        }
        let (system, scope) = checked(text);
        let noise = match system.noise_kind(&scope) {
            NoiseKind::None => None,
            NoiseKind::Additive => Some("additive"),
            NoiseKind::Multiplicative => Some("multiplicative"),
        };
        assert_eq!(noise, row["stochastic_type"].as_str(), "{text}");
        let chosen = choose(&system, &scope).map(|choice| choice.integrator.to_string());
        assert_eq!(chosen.as_deref(), row["default_method"].as_str(), "{text}");
        seen += 1;
    }
    assert_eq!(seen, 19);
}

#[test]
fn forward_euler_comes_with_a_note() {
    let gates = "dv/dt = (g*(E0-v)-v)/tau : 1\ndg/dt = (exp(v)*(1-g) - g)/tau : 1";
    let (system, scope) = checked(gates);
    let choice = choose(&system, &scope).unwrap();
    assert_eq!(choice.integrator, Integrator::Euler);
    assert_eq!(choice.note, Some(Note::ForwardEuler { better: Integrator::ExponentialEuler }));

    let (system, scope) = checked("dv/dt = -v**2/tau : 1");
    assert_eq!(choose(&system, &scope).unwrap().note, Some(Note::ForwardEuler { better: Integrator::Rk4 }));
    let (system, scope) = checked("dv/dt = -v**2/tau + xi*tau**-0.5 : 1");
    assert_eq!(choose(&system, &scope).unwrap().note, None);
}

/// The linear system as text.
fn linear(text: &str) -> (Vec<(usize, usize, String)>, Vec<String>) {
    let (system, scope) = checked(text);
    let linear = linear_system(&system, &scope).unwrap_or_else(|error| panic!("{text}: {error}"));
    let entry = |entry: &lapicque_equations::language::analysis::linear::Entry| {
        (entry.row, entry.column, entry.coefficient.to_string())
    };
    (linear.matrix.iter().map(entry).collect(), linear.constants.iter().map(ToString::to_string).collect())
}

#[test]
fn linear_systems_have_their_coefficients() {
    let (matrix, constants) = linear("dv/dt = (ge - (v - w*E0))/tau : 1\ndge/dt = -ge/tau_e : 1\nw : 1");
    let expected = [(0, 0, "-1/tau"), (0, 1, "1/tau"), (1, 1, "-1/tau_e")];
    assert_eq!(matrix, expected.map(|(row, column, text)| (row, column, text.to_owned())));
    assert_eq!(constants, ["w*E0/tau", "0"]);

    // Terms of higher order that cancel.
    let (matrix, constants) = linear("dv/dt = (v*(1 - v) + v**2 - (v + 1)**2 + v*v)/tau : 1");
    assert_eq!(matrix, [(0, 0, "-1/tau".to_owned())]);
    assert_eq!(constants, ["-1/tau"]);
    // 1 - 2 = -1, as v - 2v.
    let (matrix, _) = linear("dv/dt = (v - v)/tau : 1");
    assert!(matrix.is_empty());
}

#[test]
fn what_is_not_linear_is_refused_with_its_place() {
    for (text, place) in [
        ("dv/dt = (exp(v) - v)/tau : 1", "exp(v)"),
        ("dv/dt = (1/v - v)/tau : 1", "1/v"),
        ("dv/dt = clip(v, 0, 1)/tau : 1", "clip(v, 0, 1)"),
        ("dv/dt = v**0.5/tau : 1", "v**0.5"),
        ("dv/dt = 2**v/tau : 1", "2**v"),
        ("dv/dt = (v % 2)/tau : 1", "(v % 2)"),
        ("dv/dt = (v // 2)/tau : 1", "(v // 2)"),
    ] {
        let (system, scope) = checked(text);
        let error = linear_system(&system, &scope).unwrap_err();
        assert_eq!(error.span().text(text), place);
        assert!(conditionally_linear(&system, 0).is_err(), "{text}");
    }
    // A cycle through another variable is linear in each of them, and not in both.
    let (system, scope) = checked("dv/dt = v*w/tau : 1\ndw/dt = -w/tau : 1");
    assert!(linear_system(&system, &scope).is_err());
    let found = conditionally_linear(&system, 0).unwrap();
    assert_eq!((found.slope.to_string(), found.rest.to_string()), ("w/tau".to_owned(), "0".to_owned()));
}

#[test]
fn coefficients_that_change_within_a_step_are_no_linear_system() {
    for text in [
        "dv/dt = -v*t/tau**2 : 1",
        "dv/dt = (TA(2*t) - v)/tau : 1",
        "dv/dt = (t_in_timesteps - v)/tau : 1",
        "dv/dt = (randn() - v)/tau : 1",
    ] {
        let (system, scope) = checked(text);
        let error = linear_system(&system, &scope).unwrap_err();
        assert!(error.to_string().contains("within a time step"), "{text}: {error}");
        assert!(conditionally_linear(&system, 0).is_ok());
    }
    let (system, mut scope) = checked("dv/dt = (TA(t) - v)/tau : 1");
    assert!(linear_system(&system, &scope).is_ok());
    let array = Callable::TimedArray { dimension: Dimension::NONE, per_element: false, constant_over_step: false };
    scope.add_callable("TA", array);
    assert!(linear_system(&system, &scope).is_err());
}

#[test]
fn noise_is_split_from_drift() {
    let (system, scope) = checked("dv/dt = -v/tau + (sigma*xi_a - 2*v*xi_b)*tau**-0.5 : 1");
    let equation = &system.equations[0];
    assert_eq!(equation.drift.to_string(), "-v/tau");
    let noise: Vec<(&str, String)> =
        equation.noise.iter().map(|noise| (noise.name.as_str(), noise.factor.to_string())).collect();
    assert_eq!(noise, [("xi_a", "sigma*tau**-0.5".to_owned()), ("xi_b", "-(2*v)*tau**-0.5".to_owned())]);
    assert_eq!(system.noise_kind(&scope), NoiseKind::Multiplicative);
    assert!(Integrator::Milstein.takes(&system, &scope).is_err());

    for text in ["dv/dt = xi**2 : 1", "dv/dt = abs(xi)*tau**-0.5 : 1", "dv/dt = xi_a*xi_b : 1"] {
        let error = System::clock_driven(&Equations::parse(text).unwrap()).unwrap_err();
        assert!(matches!(error.problem, Problem::NoiseNotLinear { .. }), "{text}: {error}");
    }
    // Shared additive noise has no correction, so the two equations need not be apart.
    let (system, scope) = checked("dv/dt = xi_a*tau**-0.5 : 1\ndw/dt = xi_a*tau**-0.5 : 1");
    assert!(Integrator::Milstein.takes(&system, &scope).is_ok());
}

#[test]
fn subexpressions_are_put_in_but_for_stored_ones() {
    let text = "dv/dt = a/tau : 1\na = b + c*2 : 1\nc = v - b : 1\nb = rand() : 1 (constant over dt)";
    let equations = Equations::parse(text).unwrap();
    let inliner = Inliner::new(&equations);
    let found = inliner.inline(&parse_expression("a > 1").unwrap()).unwrap();
    assert_eq!(found.to_string(), "b + (v - b)*2 > 1");
    let order: Vec<&str> = equations.subexpressions().map(|(equation, _)| equation.name.as_str()).collect();
    let place = |name| order.iter().position(|&other| other == name).unwrap();
    assert!(place("b") < place("c") && place("c") < place("a"));
}

#[test]
fn subexpressions_that_double_are_refused_in_little_time() {
    let mut text = "dv/dt = x63/tau : 1\nx0 = v : 1\n".to_owned();
    for index in 1..64 {
        let before = index - 1;
        text.push_str(&format!("x{index} = x{before} + x{before} : 1\n"));
    }
    let equations = Equations::parse(&text).unwrap();
    let error = System::clock_driven(&equations).unwrap_err();
    assert!(matches!(error.problem, Problem::TooLarge { .. }), "{error}");
}

#[test]
fn constants_are_put_in_without_changing_numbers() {
    let equations = Equations::parse("v : volt\nw : 1").unwrap();
    let scope = scope_of(&equations);
    for (text, expected) in [
        ("w*(2 + 3)/tau", "w*5/0.01"),
        ("1*w**1 - 0", "w"),
        ("w*exp(0)", "w"),
        ("-(-w) + w**0", "w + 1"),
        ("0*w + 0", "0*w + 0"),
        ("w/0", "w/0"),
        ("1/0", "1/0"),
        ("inf - inf", "inf - inf"),
        ("v > -70*mV and 1 < 2", "v > -0.07"),
        ("not (1 < 2) or w < 1", "w < 1"),
        ("int(2 > 1)*w", "w"),
        ("TA(1*second)", "TA(1)"),
        ("0*(-1)*w", "0*-1*w"),
        ("-7 // 2 + -7 % 3*w", "-4 + 2*w"),
    ] {
        let found = simplify(parse_expression(text).unwrap(), &scope);
        assert_eq!(found.to_string(), expected, "{text}");
    }
}

#[test]
fn derivatives_are_those_of_algebra() {
    for (text, expected) in [
        ("g*(E - v)", "-g"),
        ("v**3", "3*v**2"),
        ("v*w", "w"),
        ("w/v", "-(w/v**2)"),
        ("exp(-v/k)", "exp(-v/k)*(-1/k)"),
        ("w**2", "0"),
        ("abs(w)*v", "abs(w)"),
        ("sin(2*v)", "cos(2*v)*2"),
        ("v**v", "v*v**(v - 1) + v**v*log(v)"),
    ] {
        assert_eq!(derivative(&parse_expression(text).unwrap(), "v").unwrap().to_string(), expected, "{text}");
    }
    for text in ["abs(v)", "int(v > 1)", "v // 1", "v % 2", "exprel(v)", "clip(v, 0, 1)", "TA(v)", "sign(v)"] {
        let error = derivative(&parse_expression(text).unwrap(), "v").unwrap_err();
        assert!(matches!(error.problem, Problem::NoDerivative { .. }), "{text}: {error}");
    }
}
