//! Nanoseconds per step of 4096 neurons: divide by 4096 for those of one neuron and step.

use divan::{Bencher, black_box};
use lapicque_equations::engine::{Column, Graph, Layout, Program, Scope as EngineScope, State};
use lapicque_equations::integrators::step;
use lapicque_equations::language::analysis::integrator::Integrator;
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::fixed_value;
use lapicque_equations::language::equation::{Definition, Flag};
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::scope::Scope;
use lapicque_numerics::random::StreamKey;

const NEURONS: usize = 4096;

const CUBA: &str = "dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt";

const CUBA_FREE: &str = "dv/dt = (ge + gi - (v - El))/taum : volt
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt";

const CUBA_OF_EACH: &str = "dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt
taum : second";

const COBAHH: &str =
    "dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v) - gna*m**3*h*(v - ENa) - gkd*n**4*(v - EK))/Cm : volt
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dge/dt = -ge/taue : siemens
dgi/dt = -gi/taui : siemens
alpha_m = 0.32*4/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
beta_m = 0.28*5/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
beta_h = 4.0/(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
alpha_n = 0.032*5/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
beta_n = 0.5*exp((10*mV - v + VT)/(40*mV))/ms : Hz";

const PARAMETERS: [(&str, &str); 14] = [
    ("taum", "20*ms"),
    ("taue", "5*ms"),
    ("taui", "10*ms"),
    ("El", "-60*mV"),
    ("EK", "-90*mV"),
    ("ENa", "50*mV"),
    ("Ee", "0*mV"),
    ("Ei", "-80*mV"),
    ("VT", "-63*mV"),
    ("area", "20000*um**2"),
    ("Cm", "1*uF*cm**-2*area"),
    ("gl", "5e-5*siemens*cm**-2*area"),
    ("gna", "100*msiemens*cm**-2*area"),
    ("gkd", "30*msiemens*cm**-2*area"),
];

fn main() {
    divan::main();
}

fn program(text: &str, integrator: Integrator) -> Option<(Program, State)> {
    let equations = Equations::parse(text).ok()?;
    let mut names = Scope::neurons(&equations);
    for (name, value) in PARAMETERS {
        let quantity = fixed_value(&parse_expression(value).ok()?, &names).ok()?;
        // Names of variables stay theirs.
        if equations.equations().iter().all(|equation| equation.name != name) {
            names.add_parameter(name, quantity);
        }
    }
    let system = System::clock_driven(&equations).ok()?;
    let mut columns: Vec<Column> = Vec::new();
    for equation in equations.equations() {
        if !matches!(equation.definition, Definition::Subexpression(_)) {
            let unless_refractory = equation.has(Flag::UnlessRefractory);
            columns.push(Column { unless_refractory, ..Column::float(&equation.name) });
        }
    }
    columns.push(Column::float("not_refractory"));
    let layout = Layout::new(NEURONS, columns).ok()?;
    let scope = EngineScope { layout: &layout, names: &names, arrays: &[], dt: 1e-4 };
    let mut graph = Graph::new(&scope);
    let writes = step(&mut graph, &system, &names, integrator).ok()?;
    let program = Program::new(&graph, &writes, &StreamKey::new([0; 16]));
    let mut state = State::new(&layout);
    for (number, column) in layout.columns().iter().enumerate() {
        for (neuron, value) in state.column_mut(number).iter_mut().enumerate() {
            let part = neuron as f64 / NEURONS as f64;
            *value = match column.name.as_str() {
                "v" => -0.06 + 0.01 * part,
                "not_refractory" => 1.0,
                "ge" | "gi" => 1e-9 * part,
                "taum" => 0.01 + 0.02 * part,
                _ => 0.1 + 0.5 * part,
            };
        }
    }
    Some((program, state))
}

fn steps(bencher: Bencher, text: &str, integrator: Integrator) {
    let Some((mut program, mut state)) = program(text, integrator) else { return };
    let mut number = 0;
    // The first step makes propagators.
    if program.run(&mut state, number).is_err() {
        return;
    }
    bencher.bench_local(|| {
        number += 1;
        black_box(&mut program).run(&mut state, number)
    });
}

#[divan::bench]
fn cuba_exact(bencher: Bencher) {
    steps(bencher, CUBA, Integrator::Exact);
}

#[divan::bench]
fn cuba_exact_without_refractoriness(bencher: Bencher) {
    steps(bencher, CUBA_FREE, Integrator::Exact);
}

#[divan::bench]
fn cuba_exact_with_time_constants_of_each(bencher: Bencher) {
    steps(bencher, CUBA_OF_EACH, Integrator::Exact);
}

/// The first step of a program, which makes a propagator for each neuron.
#[divan::bench]
fn cuba_exact_with_time_constants_of_each_first(bencher: Bencher) {
    let made = || program(CUBA_OF_EACH, Integrator::Exact);
    bencher.with_inputs(made).bench_local_refs(|made| made.as_mut().map(|(program, state)| program.run(state, 0)));
}

#[divan::bench]
fn cobahh_exponential_euler(bencher: Bencher) {
    steps(bencher, COBAHH, Integrator::ExponentialEuler);
}

#[divan::bench]
fn compile_cobahh(bencher: Bencher) {
    bencher.bench(|| program(COBAHH, Integrator::ExponentialEuler));
}
