//! Expressions of pairs of neurons, computed for blocks of pairs.

use lapicque_numerics::random::StreamKey;

use super::names::Names;
use crate::engine::{Bindings, Column, Graph, Layout, Program, Scope as EngineScope, State};
use crate::language::expression::Expression;
use crate::language::scope::{Scope, Side};
use crate::network::error::NetworkError;
use crate::network::monitors::Reader;

/// How many pairs are computed together. What is drawn for a pair depends on it.
pub(super) const BLOCK: usize = 4096;

/// Expressions of pairs of neurons, and of a number `k` of each pair.
pub(super) struct PairCode {
    path: String,
    program: Program,
    state: State,
    /// Columns of the numbers `i`, `j` and `k`, where they are used.
    numbers: [Option<usize>; 3],
    /// Columns of variables of neurons, their side and their values for each neuron of it.
    variables: Vec<(usize, Side, Vec<f64>)>,
    /// The first column of the results.
    results: usize,
    /// How many blocks there were.
    blocks: u64,
}

/// Pairs of neurons. Numbers that no expression uses may be left out.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    pub(super) i: &'a [f64],
    pub(super) j: &'a [f64],
    pub(super) k: &'a [f64],
}

impl PairCode {
    /// Of expressions that were checked in `scope`, that of `names` with `iterated` as another variable.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(super) fn new(
        names: &Names<'_>,
        scope: &Scope,
        iterated: Option<&str>,
        expressions: &[&Expression],
        states: &mut [State],
        key: &StreamKey,
    ) -> Result<Self, NetworkError> {
        let mut used: Vec<&str> = expressions.iter().flat_map(|expression| expression.names()).collect();
        used.sort_unstable();
        used.dedup();
        let mut columns = Vec::new();
        let mut numbers = [None; 3];
        let mut variables = Vec::new();
        for name in used {
            let number = ["i", "j"].iter().position(|&index| index == name);
            let number = if Some(name) == iterated { Some(2) } else { number };
            if let Some(number) = number {
                numbers[number] = Some(columns.len());
            } else if let Some((side, own)) = names.variable(name) {
                variables.push((columns.len(), side, values(names, side, own, states)?));
            } else {
                continue;
            }
            columns.push(Column::float(name));
        }
        let results = columns.len();
        columns.extend((0..expressions.len()).map(|result| Column::float(&format!("_result_{result}"))));
        let located = |error| NetworkError::new(&names.path, error);
        let layout = Layout::new(BLOCK, columns).map_err(located)?;
        let arrays = &names.context.arrays;
        let engine_scope = EngineScope { layout: &layout, names: scope, arrays, dt: names.context.dt };
        let mut graph = Graph::new(&engine_scope);
        let mut writes = Vec::with_capacity(expressions.len());
        for (result, expression) in expressions.iter().enumerate() {
            let value = graph.expression(expression, &Bindings::new(), false).map_err(located)?;
            writes.push(graph.write(results + result, value).map_err(located)?);
        }
        let program = Program::new(&graph, &writes, key);
        let state = State::new(&layout);
        Ok(Self { path: names.path.clone(), program, state, numbers, variables, results, blocks: 0 })
    }

    /// Computes a block of at most [`BLOCK`] pairs.
    ///
    /// # Errors
    /// What cannot be computed.
    pub(super) fn run(&mut self, block: Block<'_>) -> Result<(), NetworkError> {
        for (column, numbers) in self.numbers.iter().zip([block.i, block.j, block.k]) {
            if let Some(column) = column {
                self.state.column_mut(*column)[..numbers.len()].copy_from_slice(numbers);
            }
        }
        for (column, side, values) in &self.variables {
            let numbers = match side {
                Side::Presynaptic => block.i,
                Side::Postsynaptic => block.j,
            };
            for (there, &number) in self.state.column_mut(*column).iter_mut().zip(numbers) {
                // A number that no neuron has has no value; who asked for it looks at that.
                *there =
                    if number >= 0.0 { values.get(number as usize).copied().unwrap_or(f64::NAN) } else { f64::NAN };
            }
        }
        let done = self.program.run(&mut self.state, self.blocks);
        self.blocks += 1;
        done.map_err(|error| NetworkError::new(&self.path, error))
    }

    /// Values of an expression for the pairs of the last block.
    pub(super) fn result(&self, number: usize) -> &[f64] {
        self.state.column(self.results + number)
    }
}

/// The values of a variable for each neuron of one side.
fn values(names: &Names<'_>, side: Side, name: &str, states: &mut [State]) -> Result<Vec<f64>, NetworkError> {
    let members = names.members(side);
    let variable = [name.to_owned()];
    let (mut reader, mut records) = Reader::new(names.context, members.object, &names.path, &variable)?;
    let elements: Vec<u32> = (members.start..members.stop).collect();
    let prepared = reader.prepare(states, 0.0, Some(&elements));
    prepared.map_err(|error| NetworkError::new(&names.path, error))?;
    reader.append(states, &elements, true, &mut records);
    Ok(records.pop().map(|record| record.values).unwrap_or_default())
}
