//! What names mean in a place where an expression or a statement stands.

use std::collections::HashMap;
use std::sync::Arc;

use super::block::Equations;
use super::equation::{Equation, EquationKind, Flag, Values};
use super::error::{ReadOnly, nearest};
use super::functions::FUNCTIONS;
use crate::units::{self, Dimension};

/// A number with what it measures, in SI units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantity {
    /// In SI units.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Boolean,
    /// A number that measures this.
    Number(Dimension),
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Meaning {
    /// Something that may differ between elements or change in time.
    Variable(Variable),
    /// A number that is known before the simulation.
    Fixed(Quantity),
}

/// A variable that expressions can use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variable {
    /// Which values it has.
    pub values: Values,
    /// What it measures.
    pub dimension: Dimension,
    /// Why statements cannot write it; none where they can.
    pub read_only: Option<ReadOnly>,
    /// Whether all elements have one value.
    pub shared: bool,
}

/// Something that is called, other than the functions of [`FUNCTIONS`].
#[derive(Clone, Debug, PartialEq)]
pub enum Callable {
    /// Values over time: `name(t)`, or `name(t, i)` where each element has its own.
    TimedArray {
        /// What the values measure.
        dimension: Dimension,
        /// Whether each element has its own values.
        per_element: bool,
        /// Whether no value begins within a step of the simulation.
        constant_over_step: bool,
    },
    /// A function of the user.
    Function {
        /// What its arguments must be.
        arguments: Vec<Type>,
        /// What it gives.
        result: Type,
        /// Whether each call gives a new value.
        stateful: bool,
    },
}

/// One side of synapses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where spikes come from.
    Presynaptic,
    /// Where they go to.
    Postsynaptic,
}

/// What names mean. Variables come before parameters, these before constants and units.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    names: HashMap<String, Meaning>,
    callables: HashMap<String, Callable>,
    outer: Option<Arc<Self>>,
}

impl Scope {
    /// Constants, units and functions alone, as parameters are written with.
    pub fn new() -> Self {
        Self::default()
    }

    /// The variables of a group of neurons: those of its equations and `t`, `dt`, `t_in_timesteps`, `i`, `N`.
    pub fn neurons(equations: &Equations) -> Self {
        let mut scope = Self::new();
        scope.add_given(&[("i", Values::Integer, Dimension::NONE, false)]);
        scope.add_clock_and_equations(equations);
        scope
    }

    /// The variables of synapses: those of their equations, `t`, `dt`, `t_in_timesteps`, and `i`, `j`, `N`, `N_pre`,
    /// `N_post`. Those of the neurons on both sides are added by [`Scope::add_neurons`].
    pub fn synapses(equations: &Equations) -> Self {
        let mut scope = Self::new();
        scope.add_given(&[
            ("i", Values::Integer, Dimension::NONE, false),
            ("j", Values::Integer, Dimension::NONE, false),
            ("N_pre", Values::Integer, Dimension::NONE, true),
            ("N_post", Values::Integer, Dimension::NONE, true),
        ]);
        scope.add_clock_and_equations(equations);
        scope
    }

    /// Adds what is known in all of a model, such as its constants, below what has its names here. It is shared rather
    /// than copied, so that many objects can have many constants.
    pub fn set_outer(&mut self, outer: Arc<Self>) {
        self.outer = Some(outer);
    }

    fn add_given(&mut self, given: &[(&str, Values, Dimension, bool)]) {
        for &(name, values, dimension, shared) in given {
            self.add_variable(name, Variable { values, dimension, read_only: Some(ReadOnly::Given), shared });
        }
    }

    fn add_clock_and_equations(&mut self, equations: &Equations) {
        self.add_given(&[
            ("t", Values::Float, Dimension::SECOND, true),
            ("dt", Values::Float, Dimension::SECOND, true),
            ("t_in_timesteps", Values::Integer, Dimension::NONE, true),
            ("N", Values::Integer, Dimension::NONE, true),
        ]);
        for equation in equations.equations() {
            self.add_variable(&equation.name, variable(equation));
        }
    }

    /// Adds what a group of neurons has that can be refractory: `not_refractory` and `lastspike`.
    pub fn add_refractoriness(&mut self) {
        let not_refractory =
            Variable { values: Values::Boolean, dimension: Dimension::NONE, read_only: None, shared: false };
        self.add_variable("not_refractory", not_refractory);
        if !self.names.contains_key("lastspike") {
            self.add_given(&[("lastspike", Values::Float, Dimension::SECOND, false)]);
        }
    }

    /// Adds to the scope of synapses the variables of the neurons on one side, under their names with `_pre` or `_post`;
    /// those of the postsynaptic side also under their plain names, where synapses have no variable of that name.
    pub fn add_neurons(&mut self, neurons: &Equations, side: Side) {
        for equation in neurons.equations() {
            let variable = variable(equation);
            let name = &equation.name;
            match side {
                Side::Presynaptic => self.add_variable(&format!("{name}_pre"), variable),
                Side::Postsynaptic => {
                    self.add_variable(&format!("{name}_post"), variable);
                    if !matches!(self.names.get(name), Some(Meaning::Variable(_))) {
                        self.add_variable(name, variable);
                    }
                }
            }
        }
    }

    /// Adds a variable, in place of what had its name.
    pub fn add_variable(&mut self, name: &str, variable: Variable) {
        self.names.insert(name.to_owned(), Meaning::Variable(variable));
    }

    /// Adds a number that is known before the simulation, unless a variable has the name. Says whether it did.
    pub fn add_parameter(&mut self, name: &str, quantity: Quantity) -> bool {
        if matches!(self.names.get(name), Some(Meaning::Variable(_))) {
            return false;
        }
        self.names.insert(name.to_owned(), Meaning::Fixed(quantity));
        true
    }

    /// Adds what another scope knows before the simulation, numbers and callables, unless a variable has the name.
    pub fn add_parameters(&mut self, other: &Self) {
        for (name, meaning) in &other.names {
            if let Meaning::Fixed(quantity) = meaning {
                self.add_parameter(name, *quantity);
            }
        }
        for (name, callable) in &other.callables {
            self.add_callable(name, callable.clone());
        }
    }

    /// Adds an array over time or a function. The functions of [`FUNCTIONS`] cannot be replaced.
    pub fn add_callable(&mut self, name: &str, callable: Callable) {
        self.callables.insert(name.to_owned(), callable);
    }

    /// What the name means, other than as that of a function.
    pub fn meaning(&self, name: &str) -> Option<Meaning> {
        let fixed = |value, dimension| Meaning::Fixed(Quantity { value, dimension });
        let outer = || self.outer.as_ref().and_then(|outer| outer.names.get(name));
        let known = self.names.get(name).or_else(outer).copied();
        known
            .or_else(|| units::mathematical_constant(name).map(|constant| fixed(constant.value, constant.dimension)))
            .or_else(|| units::unit(name).map(|unit| fixed(unit.scale, unit.dimension)))
            .or_else(|| units::physical_constant(name).map(|constant| fixed(constant.value, constant.dimension)))
    }

    /// The number that the name stands for, where it is known before the simulation.
    pub fn fixed(&self, name: &str) -> Option<Quantity> {
        match self.meaning(name) {
            Some(Meaning::Fixed(quantity)) => Some(quantity),
            _ => None,
        }
    }

    /// The array over time or function of the user that has the name.
    pub fn callable(&self, name: &str) -> Option<&Callable> {
        let outer = || self.outer.as_ref().and_then(|outer| outer.callables.get(name));
        self.callables.get(name).or_else(outer)
    }

    /// A name that is like one that means nothing.
    pub(super) fn like_name(&self, name: &str) -> Option<String> {
        let outer = self.outer.iter().flat_map(|outer| outer.names.keys());
        let own = self.names.keys().chain(outer).map(String::as_str);
        let constants = units::MATHEMATICAL.iter().chain(&units::PHYSICAL).map(|constant| constant.name);
        nearest(name, own.chain(constants)).or_else(|| nearest(name, units::all_units().map(|(known, _)| known)))
    }

    /// A function that is like one that does not exist.
    pub(super) fn like_function(&self, name: &str) -> Option<String> {
        let outer = self.outer.iter().flat_map(|outer| outer.callables.keys());
        let own = self.callables.keys().chain(outer).map(String::as_str);
        nearest(name, own.chain(FUNCTIONS.iter().map(|&(known, _)| known)))
    }
}

impl Variable {
    /// What an expression of its name alone gives.
    pub fn gives(&self) -> Type {
        match self.values {
            Values::Boolean => Type::Boolean,
            Values::Float | Values::Integer => Type::Number(self.dimension),
        }
    }
}

/// The variable that an equation defines.
fn variable(equation: &Equation) -> Variable {
    let read_only = match equation.kind() {
        EquationKind::Subexpression => Some(ReadOnly::Subexpression),
        EquationKind::Parameter if equation.has(Flag::Constant) => Some(ReadOnly::Constant),
        EquationKind::Parameter if equation.has(Flag::Linked) => Some(ReadOnly::Linked),
        EquationKind::Parameter | EquationKind::Derivative => None,
    };
    let shared = equation.has(Flag::Shared);
    Variable { values: equation.values, dimension: equation.dimension, read_only, shared }
}
