//! From statements to sums and programs.

use std::collections::BTreeSet;

use super::super::context::Context;
use super::super::object::{Code, Elements, Object, Remote};
use super::super::synapses::event_driven::since_last_event;
use super::super::synapses::sides::{Neighbours, Seen, Sides, suffix};
use super::sum::{Amount, Sum};
use super::{Access, Batches, Effect, Loops};
use crate::engine::{Bindings, EngineError, Graph, Scope as EngineScope, Write};
use crate::language::analysis::inline::substitute;
use crate::language::analysis::linear::LinearSystem;
use crate::language::check::fixed_value;
use crate::language::equation::Values;
use crate::language::expression::{Expression, ExpressionKind, UnaryOperator};
use crate::language::scope::{Scope, Side};
use crate::language::statement::{AssignmentOperator, Statement};

/// Statements whose names are variables of the synapses and of neurons, or fixed, or local.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    /// The statements.
    statements: Vec<Statement>,
    /// What is solved up to the event before they run.
    event_driven: Option<LinearSystem>,
    /// Which of the statements are sums.
    sums: Vec<bool>,
    /// What each adds, where all are sums that need no program.
    simple: Option<Vec<Simple>>,
}

/// What a sum adds that needs no program.
#[derive(Clone, Debug, PartialEq)]
enum Simple {
    Constant(f64),
    Variable(String),
}

/// What code is built with.
pub(crate) struct Built<'a> {
    /// All that objects are built from.
    pub context: &'a Context<'a>,
    /// The synapses.
    pub object: &'a Object,
    /// Their number among all objects.
    pub number: usize,
    /// Both sides.
    pub sides: &'a Sides,
    /// What code sees of them.
    pub neighbours: &'a Neighbours,
    /// The step of the clock of the code, in s.
    pub dt: f64,
}

impl Coded {
    /// Finds the sums among statements. `own` are variables of which each synapse has a real number.
    pub(crate) fn new(
        statements: Vec<Statement>,
        event_driven: Option<LinearSystem>,
        neighbours: &Neighbours,
        names: &Scope,
        own: &dyn Fn(&str) -> bool,
    ) -> Self {
        let place = |name: &str| neighbours.seen.get(name).map(place);
        let mentions = |expression: &Expression, at: (usize, usize)| {
            expression.names().into_iter().any(|name| place(name) == Some(at))
        };
        let is_sum = |number: usize| {
            let statement = &statements[number];
            let adds = matches!(statement.operator, AssignmentOperator::Add | AssignmentOperator::Subtract);
            let Some(at) = place(&statement.target).filter(|_| adds) else { return false };
            let mut others = statements.iter().enumerate().filter(|&(other, _)| other != number);
            let solved = event_driven.as_ref().is_some_and(|system| expressions(system).any(|e| mentions(e, at)));
            !solved
                && !statements.iter().any(|statement| mentions(&statement.value, at))
                && others.all(|(_, other)| place(&other.target) != Some(at))
        };
        let sums: Vec<bool> = (0..statements.len()).map(is_sum).collect();
        let simple = |statement: &Statement| {
            if let (ExpressionKind::Name(name), AssignmentOperator::Add) = (&statement.value.kind, statement.operator)
                && own(name)
            {
                return Some(Simple::Variable(name.clone()));
            }
            let value = fixed_value(&statement.value, names).ok()?.value;
            Some(Simple::Constant(if statement.operator == AssignmentOperator::Subtract { -value } else { value }))
        };
        let all = event_driven.is_none() && sums.iter().all(|&sum| sum);
        let simple = if all { statements.iter().map(simple).collect() } else { None };
        Self { statements, event_driven, sums, simple }
    }

    /// The variables of neurons that need a column.
    pub(crate) fn columns(&self, neighbours: &Neighbours) -> BTreeSet<String> {
        let mut columns = BTreeSet::new();
        if self.simple.is_some() {
            return columns;
        }
        let values = self.statements.iter().map(|statement| &statement.value);
        for expression in values.chain(self.event_driven.iter().flat_map(expressions)) {
            columns.extend(expression.names().into_iter().map(str::to_owned));
        }
        for (statement, &sum) in self.statements.iter().zip(&self.sums) {
            columns.insert(statement.target.clone());
            if !sum {
                columns.extend(neighbours.seen.get(&statement.target).and_then(|seen| seen.free.clone()));
            }
        }
        columns.retain(|name| neighbours.seen.contains_key(name));
        columns
    }

    /// What the code does. `path` tells its draws from all others.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(crate) fn build(&self, built: &Built<'_>, path: &str) -> Result<Effect, EngineError> {
        let sums = self.statements.iter().enumerate().filter(|&(number, _)| self.sums[number]);
        let sum = |(number, statement): (usize, &Statement)| {
            let amount = match self.simple.as_ref().and_then(|simple| simple.get(number)) {
                Some(Simple::Constant(value)) => Amount::Constant(*value),
                Some(Simple::Variable(name)) => Amount::Column(built.column(name)?),
                None => Amount::Column(built.column(&statement.target)?),
            };
            built.sum(&statement.target, amount)
        };
        let sums = sums.map(sum).collect::<Result<Vec<Sum>, EngineError>>()?;
        if self.simple.is_some() {
            return Ok(Effect::Sums(sums));
        }
        let (accesses, written, loops) = self.accesses(built);
        let of_loops = match loops {
            true => {
                let code = self.joined(built).program(built, path)?;
                Some(Loops { code, pre: built.sides.pre.clone(), post: built.sides.post.clone() })
            }
            false => None,
        };
        Ok(Effect::Program(Box::new(Batches {
            code: self.program(built, path)?,
            of_loops,
            sums,
            accesses,
            written,
            batch: 0,
            ascending: Vec::new(),
        })))
    }

    /// How the code reads and writes what it writes of neurons, other than by sums; for each such variable a number for
    /// each neuron; and whether one of them is read or written under two names.
    fn accesses(&self, built: &Built<'_>) -> (Vec<Access>, Vec<Vec<u64>>, bool) {
        let seen = |name: &str| built.neighbours.seen.get(name);
        let others = self.statements.iter().zip(&self.sums).filter(|&(_, &sum)| !sum);
        let targets: BTreeSet<&str> = others.map(|(statement, _)| statement.target.as_str()).collect();
        let written: BTreeSet<_> = targets.iter().filter_map(|name| seen(name)).map(place).collect();
        let written: Vec<_> = written.into_iter().collect();
        let mut names: BTreeSet<&str> = targets.clone();
        let values = self.statements.iter().map(|statement| &statement.value);
        for expression in values.chain(self.event_driven.iter().flat_map(expressions)) {
            names.extend(expression.names());
        }
        names.extend(targets.iter().filter_map(|name| seen(name)?.free.as_deref()));
        let mut accesses = Vec::new();
        let mut under: Vec<usize> = vec![0; written.len()];
        for name in names {
            let Some(seen) = seen(name) else { continue };
            let variable = written.iter().position(|&other| other == place(seen));
            let (Some(variable), Elements::Listed(elements)) = (variable, &seen.remote.elements) else { continue };
            under[variable] += 1;
            accesses.push(Access { variable, elements: elements.clone(), writes: targets.contains(name) });
        }
        let sizes = written.iter().map(|&(object, _)| built.context.objects[object].layout.elements());
        let numbers = sizes.map(|size| vec![0; size]).collect();
        (accesses, numbers, under.iter().any(|&names| names > 1))
    }

    /// The same for synapses from a neuron to itself: one name for each of its variables.
    fn joined(&self, built: &Built<'_>) -> Self {
        let one = |name: &str| {
            let other = format!("{}{}", name.strip_suffix(suffix(Side::Presynaptic))?, suffix(Side::Postsynaptic));
            let places = (built.neighbours.seen.get(name)?, built.neighbours.seen.get(&other)?);
            (place(places.0) == place(places.1) && built.object.layout.number(&other).is_some()).then_some(other)
        };
        let renamed = |expression: &Expression| {
            substitute(expression, &|name| one(name).map(|other| Expression::name(&other, expression.span)))
        };
        let mut joined = self.clone();
        for (statement, &sum) in joined.statements.iter_mut().zip(&self.sums) {
            statement.value = renamed(&statement.value);
            // What sums add is found under their own name.
            if let Some(other) = one(&statement.target).filter(|_| !sum) {
                statement.target = other;
            }
        }
        if let Some(system) = &mut joined.event_driven {
            let entries = system.matrix.iter_mut().map(|entry| &mut entry.coefficient);
            entries.chain(&mut system.constants).for_each(|expression| *expression = renamed(expression));
        }
        joined
    }

    fn program(&self, built: &Built<'_>, path: &str) -> Result<Code, EngineError> {
        let (object, context) = (built.object, built.context);
        let scope = EngineScope { layout: &object.layout, names: &object.names, arrays: &context.arrays, dt: built.dt };
        let mut graph = Graph::new(&scope);
        let mut bindings = Bindings::new();
        let mut written: Vec<String> = Vec::new();
        let mut kept = Vec::new();
        let mut writes = Vec::new();
        if let Some(system) = &self.event_driven {
            for (variable, value) in since_last_event(&mut graph, system)? {
                written.push(variable.clone());
                bindings.insert(variable, value);
            }
        }
        for (statement, &sum) in self.statements.iter().zip(&self.sums) {
            let name = &statement.target;
            let column = object.layout.number(name);
            if let Some(column) = column.filter(|_| sum) {
                let amount = match statement.operator {
                    AssignmentOperator::Subtract => {
                        Expression::unary(UnaryOperator::Negative, statement.value.clone(), statement.value.span)
                    }
                    _ => statement.value.clone(),
                };
                // As it is, even if the variable is a whole number: that is seen to where it is added.
                writes.push(Write { column, value: graph.expression(&amount, &bindings, false)? });
                kept.push(column);
                continue;
            }
            let mut value = graph.expression(&statement.written(), &bindings, false)?;
            if let Some(column) = column {
                let free = built.neighbours.seen.get(name).and_then(|seen| seen.free.as_ref());
                if let Some(free) = free {
                    let free = graph.expression(&Expression::name(free, statement.value.span), &bindings, false)?;
                    let before = graph.expression(&Expression::name(name, statement.value.span), &bindings, false)?;
                    value = graph.select(free, value, before);
                }
                value = graph.write(column, value)?.value;
                if !written.contains(name) {
                    written.push(name.clone());
                }
            }
            bindings.insert(name.clone(), value);
        }
        for name in &written {
            if let (Some(column), Some(&value)) = (object.layout.number(name), bindings.get(name)) {
                writes.push(Write { column, value });
            }
        }
        if let Some(column) = object.layout.number("lastupdate").filter(|_| self.event_driven.is_some()) {
            let now = graph.time();
            writes.push(graph.write(column, now)?);
        }
        Ok(Code::apart(object, built.number, &graph, &writes, &context.key.derive(path), &kept))
    }
}

impl Built<'_> {
    /// The column of a variable.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn column(&self, name: &str) -> Result<usize, EngineError> {
        self.object.layout.number(name).ok_or_else(|| EngineError::UnknownName { name: name.to_owned() })
    }

    /// What adds an amount to a variable of neurons.
    ///
    /// # Errors
    /// There is no such variable.
    pub(crate) fn sum(&self, target: &str, amount: Amount) -> Result<Sum, EngineError> {
        let unknown = || EngineError::UnknownName { name: target.to_owned() };
        let seen = self.neighbours.seen.get(target).ok_or_else(unknown)?;
        let Remote { object, column, elements: Elements::Listed(elements) } = &seen.remote else {
            return Err(unknown());
        };
        let free = seen.free.as_ref().and_then(|free| self.neighbours.seen.get(free)).map(|seen| seen.remote.column);
        Ok(Sum {
            number: self.number,
            object: *object,
            column: *column,
            free,
            whole: seen.column.values == Values::Integer,
            elements: elements.clone(),
            amount,
        })
    }
}

/// Object and column of a variable of neurons.
fn place(seen: &Seen) -> (usize, usize) {
    (seen.remote.object, seen.remote.column)
}

fn expressions(system: &LinearSystem) -> impl Iterator<Item = &Expression> {
    system.matrix.iter().map(|entry| &entry.coefficient).chain(&system.constants)
}
