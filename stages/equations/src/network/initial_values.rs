//! Values of variables before the first step, or between runs.
//!
//! Values before the first step come in an order in which each comes after those that it uses. Those of a run all see what
//! was there before the run.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, expression, not_allowed};
use super::description::{Initial, Text};
use super::error::{NetworkError, NetworkProblem};
use super::groups::LAST_SPIKE;
use super::object::{Code, Object};
use crate::engine::{Bindings, Graph, State};
use crate::language::check::{check_condition, check_number};
use crate::language::equation::Values;
use crate::language::error::{ReadOnly, nearest};
use crate::language::scope::{Meaning, Variable};

/// Gives variables of object `number` their values, of which `path` is the place in the model.
///
/// # Errors
/// Variables that do not exist or cannot be set, values that are no numbers or do not fit, circles.
pub(crate) fn initialise(
    context: &Context<'_>,
    number: usize,
    states: &mut [State],
    path: &str,
    initial: &BTreeMap<String, Initial>,
) -> Result<(), NetworkError> {
    for name in ordered(&context.objects[number], path, initial)? {
        let Some(values) = initial.get(name) else { continue };
        let (column, values) = values_of(context, number, states, &format!("{path}.{name}"), name, values, 0)?;
        *states[number].whole_column_mut(column) = values;
    }
    Ok(())
}

/// New values of a variable of object `number` at step `step`: the number of its column with all its values. The state
/// stays as it is.
///
/// # Errors
/// Variables that do not exist or cannot be set, values that are no numbers or do not fit.
pub(crate) fn values_of(
    context: &Context<'_>,
    number: usize,
    states: &mut [State],
    path: &str,
    name: &str,
    initial: &Initial,
    step: u64,
) -> Result<(usize, Vec<f64>), NetworkError> {
    let object = &context.objects[number];
    let (column, variable) = settable(object, path, name)?;
    let set = Set { context, object, number, path, column, variable };
    let values = match initial {
        Initial::Expression(text) => set.computed(states, text, None, step)?,
        Initial::At { elements, value } => {
            let elements = set.elements(elements)?;
            set.computed(states, value, Some(&elements), step)?
        }
        Initial::Values { values, unit } => set.listed(values, unit.as_deref())?,
        Initial::Sections(sections) => set.sections(states, sections, step)?,
    };
    if let Some(element) = values.iter().position(|value| value.is_nan()) {
        return Err(not_allowed(path, format!("the value of element {element} is NaN"), "numbers".to_owned()));
    }
    Ok((column, values))
}

/// Names of variables, each after those that its value uses.
fn ordered<'a>(
    object: &Object,
    path: &str,
    initial: &'a BTreeMap<String, Initial>,
) -> Result<Vec<&'a str>, NetworkError> {
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, values) in initial {
        let used = names_of(object, &format!("{path}.{name}"), values)?;
        let known = used.iter().filter_map(|used| initial.get_key_value(used));
        uses.insert(name, known.map(|(used, _)| used.as_str()).collect());
    }
    let mut order = Vec::with_capacity(uses.len());
    while !uses.is_empty() {
        let ready: Vec<&str> = uses
            .iter()
            .filter(|(_, used)| used.iter().all(|used| !uses.contains_key(used)))
            .map(|(&name, _)| name)
            .collect();
        if ready.is_empty() {
            let names: Vec<&str> = uses.keys().copied().collect();
            let problem = NetworkProblem::Conflict(format!("{} are made of each other", names.join(", ")));
            return Err(NetworkError::new(path, problem));
        }
        for name in ready {
            uses.remove(name);
            order.push(name);
        }
    }
    Ok(order)
}

/// All names that values use, with subexpressions put in.
///
/// # Errors
/// What cannot be read.
pub(crate) fn used_names(
    object: &Object,
    path: &str,
    initial: &BTreeMap<String, Initial>,
) -> Result<BTreeSet<String>, NetworkError> {
    let mut all = BTreeSet::new();
    for (name, values) in initial {
        all.append(&mut names_of(object, &format!("{path}.{name}"), values)?);
    }
    Ok(all)
}

fn names_of(object: &Object, path: &str, values: &Initial) -> Result<BTreeSet<String>, NetworkError> {
    let texts: Vec<&Text> = match values {
        Initial::Expression(text) | Initial::At { value: text, .. } => vec![text],
        Initial::Sections(sections) => sections.values().collect(),
        Initial::Values { .. } => Vec::new(),
    };
    let mut all = BTreeSet::new();
    for text in texts {
        let parsed = expression(path, text.as_str())?;
        let inlined = object.inline(&parsed).map_err(|error| NetworkError::language(path, error, text.as_str()))?;
        all.extend(inlined.names().into_iter().map(str::to_owned));
    }
    Ok(all)
}

/// The column of a variable whose values can be given.
///
/// # Errors
/// Variables that do not exist or cannot be set.
pub(crate) fn settable(object: &Object, path: &str, name: &str) -> Result<(usize, Variable), NetworkError> {
    let meaning = object.names.meaning(name);
    let allowed = match &meaning {
        Some(Meaning::Variable(variable)) => {
            [None, Some(ReadOnly::Constant)].contains(&variable.read_only) || name == LAST_SPIKE
        }
        _ => false,
    };
    let column = object.layout.number(name).filter(|&column| allowed && column < object.own_columns());
    match (column, meaning) {
        (Some(column), Some(Meaning::Variable(variable))) => Ok((column, variable)),
        (_, Some(Meaning::Variable(_))) => {
            let allowed =
                "what can be set are parameters and variables with an equation of their derivative".to_owned();
            Err(not_allowed(path, format!("`{name}`"), allowed))
        }
        _ => {
            let own = &object.layout.columns()[..object.own_columns()];
            let known = own.iter().map(|column| column.name.as_str());
            let suggestion = nearest(name, known);
            Err(NetworkError::new(
                path,
                NetworkProblem::Unknown { kind: "variable", name: name.to_owned(), suggestion },
            ))
        }
    }
}

/// A variable that gets values.
struct Set<'a> {
    context: &'a Context<'a>,
    object: &'a Object,
    number: usize,
    path: &'a str,
    column: usize,
    variable: Variable,
}

impl Set<'_> {
    /// Ascending numbers of elements that exist, each once.
    fn elements(&self, listed: &[u32]) -> Result<Vec<u32>, NetworkError> {
        let mut elements = listed.to_vec();
        elements.sort_unstable();
        let size = self.object.layout.elements();
        if let Some(&last) = elements.last()
            && last as usize >= size
        {
            return Err(not_allowed(self.path, format!("element {last}"), format!("numbers below {size}")));
        }
        if let Some(pair) = elements.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(not_allowed(self.path, format!("element {} twice", pair[0]), "each once".to_owned()));
        }
        if self.variable.shared {
            let problem = "one value is shared by all elements, so none can have its own".to_owned();
            return Err(NetworkError::new(self.path, NetworkProblem::Conflict(problem)));
        }
        Ok(elements)
    }

    /// The values of an expression, for all elements or for some.
    fn computed(
        &self,
        states: &mut [State],
        text: &Text,
        elements: Option<&[u32]>,
        step: u64,
    ) -> Result<Vec<f64>, NetworkError> {
        let (object, path) = (self.object, self.path);
        let located = |error| NetworkError::language(path, error, text.as_str());
        let engine = |error| NetworkError::new(path, error);
        let parsed = expression(path, text.as_str())?;
        match self.variable.values {
            Values::Boolean => check_condition(&parsed, &object.names, "the value").map_err(located)?,
            _ => check_number(&parsed, &object.names, self.variable.dimension, "the value").map_err(located)?,
        }
        let inlined = object.inline(&parsed).map_err(located)?;
        let scope = object.scope(&self.context.arrays);
        let mut graph = Graph::new(&scope);
        let value = graph.expression(&inlined, &Bindings::new(), self.variable.shared).map_err(engine)?;
        let write = graph.write(self.column, value).map_err(engine)?;
        let mut code = Code::new(object, self.number, &graph, &[write], &self.context.key.derive(path));
        let old = states[self.number].column(self.column).to_vec();
        let done = match elements {
            None => code.run(states, step),
            Some(elements) => code.run_at(states, step, elements),
        };
        let new = std::mem::replace(states[self.number].whole_column_mut(self.column), old);
        done.map_err(engine)?;
        Ok(new)
    }

    /// The values of expressions for sections of neurons with a form.
    fn sections(
        &self,
        states: &mut [State],
        sections: &BTreeMap<String, Text>,
        step: u64,
    ) -> Result<Vec<f64>, NetworkError> {
        if self.variable.shared {
            let problem = "one value is shared by all compartments, so no section can have its own".to_owned();
            return Err(NetworkError::new(self.path, NetworkProblem::Conflict(problem)));
        }
        let mut values = states[self.number].column(self.column).to_vec();
        for (section, text) in sections {
            let elements = self.context.section(self.path, self.number, section)?;
            let computed = self.computed(states, text, Some(&elements), step)?;
            for element in elements {
                values[element as usize] = computed[element as usize];
            }
        }
        Ok(values)
    }

    fn listed(&self, values: &[f64], unit: Option<&str>) -> Result<Vec<f64>, NetworkError> {
        let size = if self.variable.shared { 1 } else { self.object.layout.elements() };
        let values = self.context.values(self.path, values, unit, self.variable.dimension, size)?;
        let fits = |value: &f64| match self.variable.values {
            Values::Float => true,
            Values::Integer => value.fract() == 0.0,
            Values::Boolean => [0.0, 1.0].contains(value),
        };
        let allowed = if self.variable.values == Values::Integer { "whole numbers" } else { "0 or 1" };
        if let Some(element) = values.iter().position(|value| !fits(value)) {
            let value = format!("the value of element {element} is {}", values[element]);
            return Err(not_allowed(self.path, value, allowed.to_owned()));
        }
        Ok(values)
    }
}
