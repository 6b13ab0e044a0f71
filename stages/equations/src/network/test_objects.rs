//! Objects for tests of parts of the network.

use std::collections::BTreeMap;

use lapicque_numerics::random::StreamKey;

use super::context::Context;
use super::description::{Model, Text};
use super::object::Object;
use crate::engine::{Column, Layout, State};
use crate::language::block::Equations;
use crate::language::equation::{Definition, Flag, Values};
use crate::language::scope::Scope;

/// A model without anything, with steps of this time.
pub(super) fn model(time_step: &str) -> Model {
    Model { time_step: Text::new(time_step), ..Model::default() }
}

/// The context of a model without changes, under a key of this number.
pub(super) fn context(model: &Model, key: u8) -> Context<'_> {
    Context::new(model, &BTreeMap::new(), None, &StreamKey::new([key; 16]), None).unwrap()
}

/// Adds a group with these equations, of which no element is refractory, to the context, and its state.
pub(super) fn add_group(context: &mut Context<'_>, states: &mut Vec<State>, name: &str, text: &str, size: usize) {
    let equations = Equations::parse(text).unwrap();
    let mut names = Scope::neurons(&equations);
    for constant in context.model.constants.keys() {
        names.add_parameter(constant, context.constants.fixed(constant).unwrap());
    }
    let kept = equations.equations().iter().filter(|e| !matches!(e.definition, Definition::Subexpression(_)));
    let column = |equation: &crate::language::equation::Equation| Column {
        values: equation.values,
        shared: equation.has(Flag::Shared),
        unless_refractory: equation.has(Flag::UnlessRefractory),
        ..Column::float(&equation.name)
    };
    names.add_refractoriness();
    let not_refractory = Column { values: Values::Boolean, ..Column::float("not_refractory") };
    let layout = Layout::new(size, kept.map(column).chain([not_refractory]).collect()).unwrap();
    let mut state = State::new(&layout);
    state.column_mut(layout.columns().len() - 1).fill(1.0);
    states.push(state);
    context.by_name.insert(name.to_owned(), context.objects.len());
    context.objects.push(Object {
        name: name.to_owned(),
        path: format!("neurons.{name}"),
        equations,
        names,
        layout,
        remotes: Vec::new(),
        remote_subexpressions: std::collections::HashMap::new(),
        dt: context.dt,
    });
}

/// The values of a variable of a group.
pub(super) fn column<'a>(context: &Context<'_>, states: &'a mut [State], group: &str, variable: &str) -> &'a mut [f64] {
    let number = context.by_name[group];
    states[number].column_mut(context.objects[number].layout.number(variable).unwrap())
}
