//! Reads variables of some elements of an object, be they its own, of another object, or subexpressions.

use crate::engine::{EngineError, State};
use crate::language::error::nearest;
use crate::language::expression::Expression;
use crate::language::scope::{Meaning, Variable};
use crate::language::span::Span;
use crate::network::context::Context;
use crate::network::error::{NetworkError, NetworkProblem};
use crate::network::evaluate::Derived;
use crate::network::object::Object;
use crate::network::recording::RecordedVariable;

/// Reads variables of an object.
#[derive(Clone, Debug)]
pub(in crate::network) struct Reader {
    object: usize,
    /// The step of the object's clock, in s.
    dt: f64,
    sources: Vec<Source>,
    shared: Vec<bool>,
    derived: Option<Derived>,
}

/// Where the values of a variable are.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// In a column of the object.
    Column(usize),
    /// Among what is computed from columns.
    Computed(usize),
}

impl Reader {
    /// Of the variables `names` of object `number`, with an empty record of each. `path` is that of the list of names.
    ///
    /// # Errors
    /// Names that are no variables of the object, or are there twice.
    pub(in crate::network) fn new(
        context: &Context<'_>,
        number: usize,
        path: &str,
        names: &[String],
    ) -> Result<(Self, Vec<RecordedVariable>), NetworkError> {
        let object = &context.objects[number];
        let own = object.own_columns();
        let mut sources = Vec::with_capacity(names.len());
        let mut shared = Vec::with_capacity(names.len());
        let mut computed = Vec::new();
        let mut records: Vec<RecordedVariable> = Vec::with_capacity(names.len());
        for name in names {
            let Some(Meaning::Variable(variable)) = object.names.meaning(name) else {
                return Err(unknown(object, path, name));
            };
            if records.iter().any(|record| &record.name == name) {
                let problem = NetworkProblem::Conflict(format!("`{name}` is there twice"));
                return Err(NetworkError::new(path, problem));
            }
            let (source, is_shared) = match object.layout.number(name).filter(|&column| column < own) {
                Some(column) => (Source::Column(column), object.layout.columns()[column].shared),
                None => {
                    let expression = Expression::name(name, Span::default());
                    let located = |error| NetworkError::language(path, error, name);
                    computed.push(object.inline(&expression).map_err(located)?);
                    (Source::Computed(computed.len() - 1), variable.shared)
                }
            };
            sources.push(source);
            shared.push(is_shared);
            records.push(empty(name, &variable, is_shared));
        }
        let derived = if computed.is_empty() {
            None
        } else {
            let derived = Derived::new(context, object, number, path, &computed);
            Some(derived.map_err(|error| NetworkError::new(path, error))?)
        };
        Ok((Self { object: number, dt: object.dt, sources, shared, derived }, records))
    }

    /// Computes what is not kept by the object at time `t` (in s), for elements of an ascending list, or for all.
    ///
    /// # Errors
    /// Those of [`Derived::compute`].
    pub(in crate::network) fn prepare(
        &mut self,
        states: &mut [State],
        t: f64,
        list: Option<&[u32]>,
    ) -> Result<(), EngineError> {
        let Some(derived) = &mut self.derived else { return Ok(()) };
        // The step of the object's clock, which need not be that of the recorder.
        let step = (t / self.dt).round() as u64;
        match list {
            Some(list) => derived.compute_at(states, step, list),
            None => derived.compute(states, step),
        }
    }

    /// Appends the values of these elements to the records; of shared variables one value, unless `of_each` is set.
    pub(in crate::network) fn append(
        &self,
        states: &[State],
        elements: &[u32],
        of_each: bool,
        records: &mut [RecordedVariable],
    ) {
        for ((source, &shared), record) in self.sources.iter().zip(&self.shared).zip(records) {
            let values = match (source, &self.derived) {
                (&Source::Column(column), _) => states[self.object].column(column),
                (&Source::Computed(result), Some(derived)) => derived.result(result),
                (Source::Computed(_), None) => &[],
            };
            if !shared {
                record.values.extend(elements.iter().map(|&element| values[element as usize]));
                continue;
            }
            // A shared subexpression has the same value for each element that it was computed for.
            let place = match source {
                Source::Column(_) => 0,
                Source::Computed(_) => elements.first().map_or(0, |&element| element as usize),
            };
            let value = values.get(place).copied().unwrap_or(f64::NAN);
            let count = if of_each { elements.len() } else { 1 };
            record.values.extend(std::iter::repeat_n(value, count));
        }
    }
}

fn empty(name: &str, variable: &Variable, shared: bool) -> RecordedVariable {
    RecordedVariable { name: name.to_owned(), dimension: variable.dimension, shared, values: Vec::new() }
}

fn unknown(object: &Object, path: &str, name: &str) -> NetworkError {
    let columns = object.layout.columns().iter().map(|column| column.name.as_str());
    let equations = object.equations.equations().iter().map(|equation| equation.name.as_str());
    let suggestion = nearest(name, columns.chain(equations));
    NetworkError::new(path, NetworkProblem::Unknown { kind: "variable", name: name.to_owned(), suggestion })
}
