//! Expressions of all elements of an object that are no variables of it: conditions, subexpressions that are recorded,
//! values before the first step.

use super::context::{Context, expression};
use super::error::NetworkError;
use super::object::{Code, Object};
use crate::engine::{Bindings, Column, EngineError, Graph, Layout, State};
use crate::language::check::check_number;
use crate::language::expression::Expression;
use crate::units::Dimension;

/// Values that are computed from the variables of an object without being among them.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    number: usize,
    own: usize,
    /// Columns of the object, with those of the results between its own and those of others.
    state: State,
    code: Code,
    results: usize,
}

impl Derived {
    /// Of expressions without subexpressions (see [`Object::inline`]), over object `number`. `path` tells their draws from
    /// all others of the model.
    ///
    /// # Errors
    /// Names and functions that are unknown.
    pub(crate) fn new(
        context: &Context<'_>,
        object: &Object,
        number: usize,
        path: &str,
        expressions: &[Expression],
    ) -> Result<Self, EngineError> {
        let own = object.own_columns();
        let mut columns = object.layout.columns().to_vec();
        // No variable can have such a name.
        let results = (0..expressions.len()).map(|result| Column::float(&format!("_result_{result}")));
        columns.splice(own..own, results);
        let layout = Layout::new(object.layout.elements(), columns)?;
        let wide = Object { layout, ..object.clone() };
        let scope = wide.scope(&context.arrays);
        let mut graph = Graph::new(&scope);
        let mut writes = Vec::with_capacity(expressions.len());
        for (result, expression) in expressions.iter().enumerate() {
            let value = graph.expression(expression, &Bindings::new(), false)?;
            writes.push(graph.write(own + result, value)?);
        }
        let code = Code::new(&wide, number, &graph, &writes, &context.key.derive(path));
        Ok(Self { number, own, state: State::new(&wide.layout), code, results: expressions.len() })
    }

    /// Computes all for all elements.
    ///
    /// # Errors
    /// Those of [`Code::run`].
    pub(crate) fn compute(&mut self, states: &mut [State], step: u64) -> Result<(), EngineError> {
        self.run(states, |code, states| code.run(states, step))
    }

    /// Computes all for the elements of an ascending list.
    ///
    /// # Errors
    /// Those of [`Code::run_at`].
    pub(crate) fn compute_at(&mut self, states: &mut [State], step: u64, list: &[u32]) -> Result<(), EngineError> {
        self.run(states, |code, states| code.run_at(states, step, list))
    }

    fn run(
        &mut self,
        states: &mut [State],
        run: impl FnOnce(&mut Code, &mut [State]) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        self.exchange(states);
        std::mem::swap(&mut self.state, &mut states[self.number]);
        let done = run(&mut self.code, states);
        std::mem::swap(&mut self.state, &mut states[self.number]);
        self.exchange(states);
        done
    }

    /// What was computed last: a value per element.
    pub(crate) fn result(&self, number: usize) -> &[f64] {
        if number < self.results { self.state.column(self.own + number) } else { &[] }
    }

    /// Lends the columns of the object, or gives them back.
    fn exchange(&mut self, states: &mut [State]) {
        for column in 0..self.own {
            std::mem::swap(self.state.whole_column_mut(column), states[self.number].whole_column_mut(column));
        }
    }
}

/// Where an expression stands and what it must give.
pub(crate) struct Asked<'a> {
    /// Its path in the model.
    pub path: &'a str,
    /// The expression.
    pub text: &'a str,
    /// What it must measure.
    pub expected: Dimension,
}

/// The values of one expression at step `step` for all elements of object `number`.
///
/// # Errors
/// What cannot be read, another dimension than expected, and what cannot be computed.
pub(crate) fn evaluate(
    context: &Context<'_>,
    object: &Object,
    number: usize,
    states: &mut [State],
    asked: &Asked<'_>,
    step: u64,
) -> Result<Vec<f64>, NetworkError> {
    let parsed = checked(object, asked)?;
    let engine = |error: EngineError| NetworkError::new(asked.path, error);
    let mut derived = Derived::new(context, object, number, asked.path, &[parsed]).map_err(engine)?;
    derived.compute(states, step).map_err(engine)?;
    Ok(derived.result(0).to_vec())
}

/// Reads an expression, checks what it gives, and puts subexpressions in.
///
/// # Errors
/// What cannot be read, and another dimension than expected.
pub(crate) fn checked(object: &Object, asked: &Asked<'_>) -> Result<Expression, NetworkError> {
    let parsed = expression(asked.path, asked.text)?;
    let located = |error| NetworkError::language(asked.path, error, asked.text);
    check_number(&parsed, &object.names, asked.expected, "the value").map_err(located)?;
    object.inline(&parsed).map_err(located)
}
