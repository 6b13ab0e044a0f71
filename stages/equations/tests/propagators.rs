//! Linear systems whose matrices depend on parameters: against solutions in closed form, against systems of constants, and
//! against the exponential of each neuron by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod models;

use lapicque_equations::engine::{EngineError, State, TimedArray};
use lapicque_equations::integrators::IntegratorError;
use lapicque_equations::language::analysis::integrator::Integrator;
use lapicque_equations::language::scope::Callable;
use lapicque_equations::maths::propagator::propagator;
use lapicque_equations::units::Dimension;
use models::{Model, model};
use proptest::prelude::*;

const SYNAPSE: &str = "dv/dt = (g - v)/tau : 1 (unless refractory)\ndg/dt = -g/tau_g : 1\ndw/dt = (v - w)/tau : 1";

fn set(model: &Model, state: &mut State, name: &str, values: &[f64]) {
    state.column_mut(model.layout.number(name).unwrap()).copy_from_slice(values);
}

fn run(model: &Model, state: &mut State, steps: u64) {
    let mut program = model.program(Integrator::Exact).unwrap();
    for number in 0..steps {
        program.run(state, number).unwrap();
    }
}

#[test]
fn synapses_of_each_neuron_have_their_closed_form() {
    let text = "dv/dt = (g - v)/tau + c*Hz : 1\ndg/dt = -g/tau_g : 1\ntau : second\ntau_g : second\nc : 1";
    let model = model(text, &[], 1e-4, 4);
    let mut state = model.state(&[("v", 0.3), ("g", 2.0)]);
    let (tau, tau_g, c) = ([5e-3, 2e-2, 1e-2, 1e-3], [1e-2, 5e-3, 1e-2, 1e3], [0.0, 20.0, -3.0, 1.0]);
    set(&model, &mut state, "tau", &tau);
    set(&model, &mut state, "tau_g", &tau_g);
    set(&model, &mut state, "c", &c);
    run(&model, &mut state, 200);
    let t = 2e-2;
    for neuron in 0..4 {
        let (a, b): (f64, f64) = (tau[neuron], tau_g[neuron]);
        let kick = if a == b { t / a * (-t / a).exp() } else { b / (b - a) * ((-t / b).exp() - (-t / a).exp()) };
        let v = 0.3 * (-t / a).exp() + 2.0 * kick + c[neuron] * a * (1.0 - (-t / a).exp());
        let found = (model.column(&state, "v")[neuron], model.column(&state, "g")[neuron]);
        assert!((found.0 - v).abs() < 2e-13, "{neuron}: {found:?} {v}");
        assert!((found.1 - 2.0 * (-t / b).exp()).abs() < 2e-13, "{neuron}: {found:?}");
    }
}

#[test]
fn oscillators_of_each_neuron_turn() {
    let model = model("dx/dt = w*y : 1\ndy/dt = -w*x : 1\ndz/dt = x*Hz : 1\nw : Hz", &[], 1e-3, 3);
    let mut state = model.state(&[("x", 1.0)]);
    let w = [0.0, 3.0, 700.0];
    set(&model, &mut state, "w", &w);
    run(&model, &mut state, 500);
    for (neuron, w) in w.into_iter().enumerate() {
        let at = |name: &str| model.column(&state, name)[neuron];
        let z = if w == 0.0 { 0.5 } else { (w * 0.5).sin() / w };
        // Each of 500 steps rounds the same way.
        let allowed = 1e-12;
        assert!((at("x") - (w * 0.5).cos()).abs() < allowed, "{w}: {}", at("x"));
        assert!((at("y") + (w * 0.5).sin()).abs() < allowed, "{w}: {}", at("y"));
        assert!((at("z") - z).abs() < allowed, "{w}: {} {z}", at("z"));
    }
}

/// Variables of neuron 1 after 50 steps, refractory for the first 20.
fn refractory(text: &str, constants: &[(&str, &str)], parameters: &[(&str, f64)]) -> [u64; 3] {
    let model = model(text, constants, 1e-4, 2);
    let mut state = model.state(&[("v", 0.8), ("g", 2.0), ("w", -0.5)]);
    for (name, value) in parameters {
        state.column_mut(model.layout.number(name).unwrap()).fill(*value);
    }
    let mut program = model.program(Integrator::Exact).unwrap();
    for number in 0..50 {
        set(&model, &mut state, "not_refractory", &[1.0, f64::from(u8::from(number >= 20))]);
        program.run(&mut state, number).unwrap();
        if number < 20 {
            assert_eq!(model.column(&state, "v")[1], 0.8);
        }
    }
    ["v", "g", "w"].map(|name| model.column(&state, name)[1].to_bits())
}

#[test]
fn parameters_give_the_bits_of_constants() {
    let constants = refractory(SYNAPSE, &[("tau", "7*ms"), ("tau_g", "3*ms")], &[]);
    for flags in ["", " (shared)", " (constant)"] {
        let text = format!("{SYNAPSE}\ntau : second{flags}\ntau_g : second{flags}");
        assert_eq!(refractory(&text, &[], &[("tau", 7e-3), ("tau_g", 3e-3)]), constants, "{flags}");
    }
    // What does not depend on parameters of each neuron is made apart, so that its last digit may be another.
    let text = format!("{SYNAPSE}\ntau : second");
    let mixed = refractory(&text, &[("tau_g", "3*ms")], &[("tau", 7e-3)]);
    for (found, expected) in mixed.map(f64::from_bits).into_iter().zip(constants.map(f64::from_bits)) {
        assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    }
}

#[test]
fn what_does_not_depend_on_held_variables_has_one_propagator() {
    let held = model(SYNAPSE, &[("tau", "7*ms"), ("tau_g", "3*ms")], 1e-4, 1).program(Integrator::Exact).unwrap();
    let free = SYNAPSE.replace("(unless refractory)", "");
    let free = model(&free, &[("tau", "7*ms"), ("tau_g", "3*ms")], 1e-4, 1).program(Integrator::Exact).unwrap();
    // One for each variable; the other solution of w takes one more, nothing for g.
    assert_eq!((free.instructions(), held.instructions()), (3, 4));
}

#[test]
fn what_does_not_depend_on_parameters_of_neurons_is_the_same_for_all() {
    let model = model(&format!("{SYNAPSE}\ntau : second"), &[("tau_g", "3*ms")], 1e-4, 4);
    let mut state = model.state(&[("v", 0.8), ("g", 2.0)]);
    set(&model, &mut state, "tau", &[1e-7, 1e-3, -1.0, 1e9]);
    run(&model, &mut state, 1);
    let by = propagator(&[-1.0 / 3e-3], 1, 1e-4).unwrap();
    assert_eq!(model.column(&state, "g"), [2.0 * by.state[0]; 4]);
}

#[test]
fn changed_parameters_change_propagators() {
    for flags in ["", " (shared)"] {
        let model = model(&format!("{SYNAPSE}\ntau : second{flags}"), &[("tau_g", "3*ms")], 1e-4, 3);
        let start = model.state(&[("v", 0.8), ("g", 2.0)]);
        let mut kept = start.clone();
        let mut program = model.program(Integrator::Exact).unwrap();
        let mut fresh = start;
        for (number, tau) in (0..).zip([7e-3, 7e-3, 2e-3, 2e-3, 7e-3, -5e-3]) {
            for state in [&mut kept, &mut fresh] {
                let column = state.column_mut(model.layout.number("tau").unwrap());
                for (neuron, value) in column.iter_mut().enumerate() {
                    *value = if neuron == 1 { 1e-2 } else { tau };
                }
            }
            program.run(&mut kept, number).unwrap();
            model.program(Integrator::Exact).unwrap().run(&mut fresh, number).unwrap();
            assert_eq!(kept, fresh);
        }
    }
}

#[test]
fn elements_of_a_list_have_their_propagators() {
    let model = model(&format!("{SYNAPSE}\ntau : second"), &[("tau_g", "3*ms")], 1e-4, 5);
    let mut state = model.state(&[("v", 0.8), ("g", 2.0)]);
    set(&model, &mut state, "tau", &[1e-3, 0.0, 2e-3, 1e-3, 4e-3]);
    let before = state.clone();
    let mut program = model.program(Integrator::Exact).unwrap();
    // Neuron 1 has no solution, but is not asked for.
    program.run_at(&mut state, 0, &[0, 2]).unwrap();
    program.run_at(&mut state, 0, &[4]).unwrap();
    assert!(program.run_at(&mut state, 0, &[1]).is_err());
    let mut all = before.clone();
    set(&model, &mut all, "tau", &[1e-3, 1.0, 2e-3, 1e-3, 4e-3]);
    model.program(Integrator::Exact).unwrap().run(&mut all, 0).unwrap();
    for name in ["v", "g", "w"] {
        for neuron in 0..5 {
            let expected = if [0, 2, 4].contains(&neuron) { &all } else { &before };
            assert_eq!(model.column(&state, name)[neuron], model.column(expected, name)[neuron], "{name} {neuron}");
        }
    }
}

#[test]
fn matrices_may_follow_arrays_over_time() {
    for (per_element, call) in [(false, "rate(t)"), (true, "rate(t, i)")] {
        let text = format!("dv/dt = {call}*(g - v) : 1\ndg/dt = -{call}*g : 1");
        let mut model = model(&text, &[], 1e-4, 2);
        let dimension = Dimension::HERTZ;
        model.names.add_callable("rate", Callable::TimedArray { dimension, per_element, constant_over_step: true });
        let rates = [100.0, 300.0, 50.0];
        model.arrays = vec![if per_element {
            let rows = rates.iter().flat_map(|rate| [*rate, 2.0 * rate]).collect();
            TimedArray::per_element("rate", rows, 2, 1e-3).unwrap()
        } else {
            TimedArray::new("rate", rates.to_vec(), 1e-3).unwrap()
        }];
        let mut state = model.state(&[("v", 0.0), ("g", 1.0)]);
        run(&model, &mut state, 30);
        // v = s e^-s with the rate summed over time.
        for neuron in 0..2 {
            let factor = if per_element && neuron == 1 { 2.0 } else { 1.0 };
            let s: f64 = factor * 0.45;
            let found = model.column(&state, "v")[neuron];
            assert!((found - s * (-s).exp()).abs() < 1e-14, "{call} {neuron}: {found}");
        }
    }
}

#[test]
fn matrices_without_exponential_are_refused() {
    let text = "dv/dt = (g - v)/tau : 1\ndg/dt = -g/ms : 1";
    let constant = model(text, &[("tau", "0*second")], 1e-3, 3).program(Integrator::Exact).unwrap_err();
    let expected = EngineError::NoPropagator { variable: "v".to_owned(), element: None };
    assert_eq!(constant, IntegratorError::Engine(expected.clone()));
    for (flags, element) in [(" (shared)", None), ("", Some(2))] {
        let model = model(&format!("{text}\ntau : second{flags}"), &[], 1e-3, 3);
        let mut program = model.program(Integrator::Exact).unwrap();
        for bad in [0.0, f64::NAN, 1e-300] {
            let mut state = model.state(&[("v", 1.0), ("tau", 1e-2)]);
            program.run(&mut state, 0).unwrap();
            *state.column_mut(model.layout.number("tau").unwrap()).last_mut().unwrap() = bad;
            let v = model.column(&state, "v").to_vec();
            let error = program.run(&mut state, 1).unwrap_err();
            assert_eq!(error, EngineError::NoPropagator { variable: "v".to_owned(), element });
            assert_eq!(error.to_string().contains("of element 2"), element.is_some(), "{error}");
            assert_eq!(model.column(&state, "v"), v);
        }
    }
}

const DENSE: &str = "dx/dt = a*x + b*y + c*z + k*Hz : 1
dy/dt = d*x + p*y + f*z - k*Hz : 1 (unless refractory)
dz/dt = g*x + h*y + l*z : 1
a : Hz\nb : Hz\nc : Hz\nd : Hz\np : Hz\nf : Hz\ng : Hz\nh : Hz\nl : Hz\nk : 1";

/// Rates of very different sizes, and neurons that share them.
fn rates() -> impl Strategy<Value = Vec<[f64; 9]>> {
    let rate = prop_oneof![Just(0.0), -2e4..2e4, -10.0..10.0];
    let set = prop::collection::vec(prop::array::uniform9(rate), 1..6);
    (set, prop::collection::vec(any::<prop::sample::Index>(), 1..20))
        .prop_map(|(sets, neurons)| neurons.into_iter().map(|neuron| *neuron.get(&sets)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_neuron_is_solved_as_by_itself(rates in rates(), k in -5.0..5.0, free in any::<u64>()) {
        let model = model(DENSE, &[], 1e-4, rates.len());
        let start = [0.5, -1.0, 2.0];
        let mut state = model.state(&[("x", start[0]), ("y", start[1]), ("z", start[2]), ("k", k)]);
        for (place, name) in ["a", "b", "c", "d", "p", "f", "g", "h", "l"].into_iter().enumerate() {
            set(&model, &mut state, name, &rates.iter().map(|rates| rates[place]).collect::<Vec<f64>>());
        }
        let is_free = |neuron: usize| free >> neuron & 1 == 1;
        let flags: Vec<f64> = (0..rates.len()).map(|neuron| f64::from(u8::from(is_free(neuron)))).collect();
        set(&model, &mut state, "not_refractory", &flags);
        run(&model, &mut state, 1);
        for (neuron, rates) in rates.iter().enumerate() {
            let mut matrix = *rates;
            let mut c = [k, -k, 0.0];
            if !is_free(neuron) {
                matrix[3..6].fill(0.0);
                c[1] = 0.0;
            }
            let by = propagator(&matrix, 3, 1e-4).unwrap();
            for (row, name) in ["x", "y", "z"].into_iter().enumerate() {
                let own = 3 * row..3 * row + 3;
                let terms = by.input[own.clone()].iter().zip(&c).chain(by.state[own].iter().zip(&start));
                let expected: f64 = terms.map(|(factor, value)| factor * value).sum();
                prop_assert_eq!(model.column(&state, name)[neuron], expected, "{} of {}", name, neuron);
            }
        }
    }
}
