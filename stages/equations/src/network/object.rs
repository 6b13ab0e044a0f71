//! Objects: what has variables (groups and synapses), with the variables of others that its code uses.

use std::collections::HashMap;
use std::sync::Arc;

use lapicque_numerics::random::StreamKey;

use crate::engine::{EngineError, Layout, Program, State, Write};
use crate::engine::{Graph, Scope as EngineScope, TimedArray};
use crate::language::analysis::inline::{Inliner, substitute};
use crate::language::block::Equations;
use crate::language::error::LanguageError;
use crate::language::expression::Expression;
use crate::language::scope::Scope;

/// A group or synapses.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// Its name in the model.
    pub name: String,
    /// Its path in the model, `neurons.G`.
    pub path: String,
    /// Its equations.
    pub equations: Equations,
    /// What names mean in its code, constants included.
    pub names: Scope,
    /// Its own variables, then those of others that its code uses.
    pub layout: Layout,
    /// Where the last columns of the layout come from, in their order.
    pub remotes: Vec<Remote>,
    /// Subexpressions of others by their names here (`z_post`), and given ones, as expressions of columns of this object.
    pub remote_subexpressions: HashMap<String, Expression>,
    /// The step of its clock, in s.
    pub dt: f64,
}

/// A variable of another object.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// The number of the object.
    pub object: usize,
    /// The number of the variable there.
    pub column: usize,
    /// Which element's it is for each element here.
    pub elements: Elements,
}

/// Which elements of another object belong to the elements of this one.
#[derive(Clone, Debug)]
pub(crate) enum Elements {
    /// The one value that all share.
    Shared,
    /// These.
    Listed(Arc<[u32]>),
}

impl Object {
    /// The number of the first column that belongs to another object.
    pub(crate) fn own_columns(&self) -> usize {
        self.layout.columns().len() - self.remotes.len()
    }

    /// An expression with all subexpressions put in, its own and those of others.
    ///
    /// # Errors
    /// Expressions that become too large.
    pub(crate) fn inline(&self, expression: &Expression) -> Result<Expression, LanguageError> {
        let own = Inliner::new(&self.equations).inline(expression)?;
        Ok(substitute(&own, &|name| self.remote_subexpressions.get(name).cloned()))
    }

    /// What names mean to the engine.
    pub(crate) fn scope<'a>(&'a self, arrays: &'a [TimedArray]) -> EngineScope<'a> {
        EngineScope { layout: &self.layout, names: &self.names, arrays, dt: self.dt }
    }
}

/// A program of an object that may read and write variables of others.
///
/// Before it runs, what it reads of others is copied to the columns of this object, afterwards what it has written of
/// others is copied back, in the order of elements. Where two elements write to one place, the last counts: code that adds up is
/// not for this.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    /// The number of the object.
    object: usize,
    program: Program,
    /// Columns of others that it reads or writes, by their number here.
    gathered: Vec<(usize, Remote)>,
    /// Columns of others that it writes, by their number here.
    scattered: Vec<(usize, Remote)>,
}

impl Code {
    /// Compiles writes of a graph that was made over `object`, whose number among all objects is `number`.
    pub(crate) fn new(object: &Object, number: usize, graph: &Graph<'_>, writes: &[Write], key: &StreamKey) -> Self {
        Self::apart(object, number, graph, writes, key, &[])
    }

    /// As [`Code::new`], but what is written to the columns `kept` stays there: they are not copied from others or to them.
    pub(crate) fn apart(
        object: &Object,
        number: usize,
        graph: &Graph<'_>,
        writes: &[Write],
        key: &StreamKey,
        kept: &[usize],
    ) -> Self {
        let own = object.own_columns();
        let remote = |column: usize| {
            let remote = object.remotes.get(column.checked_sub(own)?)?;
            (!kept.contains(&column)).then(|| (column, remote.clone()))
        };
        let scattered: Vec<_> = writes.iter().filter_map(|write| remote(write.column)).collect();
        let program = Program::new(graph, writes, key);
        let mut columns: Vec<usize> = program.columns_read();
        // What is written outside of refractoriness alone keeps its value within, so it is read as well.
        columns.extend(scattered.iter().map(|&(column, _)| column));
        columns.sort_unstable();
        columns.dedup();
        let gathered = columns.into_iter().filter_map(remote).collect();
        Self { object: number, program, gathered, scattered }
    }

    /// From now on what it writes to this variable is not kept: [`Code::fulfilled`] says for which elements it is not 0.
    pub(crate) fn find(self, column: usize) -> Self {
        Self { program: self.program.find(column), ..self }
    }

    /// Elements for which what is written to that variable was not 0 when it ran last, ascending.
    pub(crate) fn fulfilled(&self) -> &[u32] {
        self.program.fulfilled()
    }

    /// Runs it for all elements.
    ///
    /// # Errors
    /// Those of [`Program::run`].
    pub(crate) fn run(&mut self, states: &mut [State], step: u64) -> Result<(), EngineError> {
        for (column, remote) in &self.gathered {
            let mut values = std::mem::take(states[self.object].whole_column_mut(*column));
            let there = states[remote.object].column(remote.column);
            match &remote.elements {
                Elements::Shared => values.fill(there.first().copied().unwrap_or(f64::NAN)),
                Elements::Listed(elements) => {
                    for (value, &element) in values.iter_mut().zip(elements.iter()) {
                        *value = there[element as usize];
                    }
                }
            }
            *states[self.object].whole_column_mut(*column) = values;
        }
        self.program.run(&mut states[self.object], step)?;
        for (column, remote) in &self.scattered {
            let values = std::mem::take(states[self.object].whole_column_mut(*column));
            let there = states[remote.object].column_mut(remote.column);
            match &remote.elements {
                Elements::Shared => {
                    if let (Some(there), Some(&value)) = (there.first_mut(), values.last()) {
                        *there = value;
                    }
                }
                Elements::Listed(elements) => {
                    for (&value, &element) in values.iter().zip(elements.iter()) {
                        there[element as usize] = value;
                    }
                }
            }
            *states[self.object].whole_column_mut(*column) = values;
        }
        Ok(())
    }

    /// Runs it for the elements of an ascending list.
    ///
    /// # Errors
    /// Those of [`Program::run_at`].
    pub(crate) fn run_at(&mut self, states: &mut [State], step: u64, list: &[u32]) -> Result<(), EngineError> {
        for (column, remote) in &self.gathered {
            let mut values = std::mem::take(states[self.object].whole_column_mut(*column));
            let there = states[remote.object].column(remote.column);
            match &remote.elements {
                Elements::Shared => {
                    let value = there.first().copied().unwrap_or(f64::NAN);
                    // A shared column has one value here too.
                    if values.len() == 1 {
                        values[0] = value;
                    } else {
                        list.iter().for_each(|&element| values[element as usize] = value);
                    }
                }
                Elements::Listed(elements) => {
                    for &element in list {
                        values[element as usize] = there[elements[element as usize] as usize];
                    }
                }
            }
            *states[self.object].whole_column_mut(*column) = values;
        }
        self.program.run_at(&mut states[self.object], step, list)?;
        for (column, remote) in &self.scattered {
            let values = std::mem::take(states[self.object].whole_column_mut(*column));
            let there = states[remote.object].column_mut(remote.column);
            match &remote.elements {
                Elements::Shared => {
                    if let (Some(there), Some(&value)) = (there.first_mut(), values.last())
                        && !list.is_empty()
                    {
                        *there = value;
                    }
                }
                Elements::Listed(elements) => {
                    for &element in list {
                        there[elements[element as usize] as usize] = values[element as usize];
                    }
                }
            }
            *states[self.object].whole_column_mut(*column) = values;
        }
        Ok(())
    }
}

/// Objects by name.
pub(crate) type ByName = HashMap<String, usize>;
