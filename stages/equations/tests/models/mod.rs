//! Groups of neurons made of equations.

use lapicque_equations::engine::{Column, Graph, Layout, Program, Scope as EngineScope, State, TimedArray};
use lapicque_equations::integrators::{IntegratorError, step};
use lapicque_equations::language::analysis::integrator::Integrator;
use lapicque_equations::language::analysis::system::System;
use lapicque_equations::language::block::Equations;
use lapicque_equations::language::check::fixed_value;
use lapicque_equations::language::equation::{Definition, Flag, Values};
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::scope::Scope;
use lapicque_numerics::random::StreamKey;

/// A group of neurons whose equations are stepped.
pub(crate) struct Model {
    pub(crate) names: Scope,
    pub(crate) system: System,
    pub(crate) layout: Layout,
    pub(crate) dt: f64,
    pub(crate) arrays: Vec<TimedArray>,
}

pub(crate) fn model(text: &str, constants: &[(&str, &str)], dt: f64, elements: usize) -> Model {
    let equations = Equations::parse(text).unwrap();
    let mut names = Scope::neurons(&equations);
    for (name, value) in constants {
        let quantity = fixed_value(&parse_expression(value).unwrap(), &names).unwrap();
        assert!(names.add_parameter(name, quantity), "{name}");
    }
    let system = System::clock_driven(&equations).unwrap();
    let stored = |equation: &&lapicque_equations::language::equation::Equation| {
        !matches!(equation.definition, Definition::Subexpression(_))
    };
    let mut columns: Vec<Column> = equations
        .equations()
        .iter()
        .filter(stored)
        .map(|equation| Column {
            name: equation.name.clone(),
            values: equation.values,
            shared: equation.has(Flag::Shared),
            unless_refractory: equation.has(Flag::UnlessRefractory),
        })
        .collect();
    for name in ["not_refractory", "spiked"] {
        columns.push(Column { values: Values::Boolean, ..Column::float(name) });
    }
    Model { names, system, layout: Layout::new(elements, columns).unwrap(), dt, arrays: Vec::new() }
}

impl Model {
    pub(crate) fn scope(&self) -> EngineScope<'_> {
        EngineScope { layout: &self.layout, names: &self.names, arrays: &self.arrays, dt: self.dt }
    }

    pub(crate) fn program(&self, integrator: Integrator) -> Result<Program, IntegratorError> {
        let scope = self.scope();
        let mut graph = Graph::new(&scope);
        let writes = step(&mut graph, &self.system, &self.names, integrator)?;
        Ok(Program::new(&graph, &writes, &StreamKey::new([1; 16]).derive("step")))
    }

    pub(crate) fn state(&self, values: &[(&str, f64)]) -> State {
        let mut state = State::new(&self.layout);
        state.column_mut(self.layout.number("not_refractory").unwrap()).fill(1.0);
        for (name, value) in values {
            state.column_mut(self.layout.number(name).unwrap()).fill(*value);
        }
        state
    }

    pub(crate) fn column<'a>(&self, state: &'a State, name: &str) -> &'a [f64] {
        state.column(self.layout.number(name).unwrap())
    }
}
