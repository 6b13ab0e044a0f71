//! What all parts of a model are built from: constants, arrays over time, and the objects that there are.

use std::collections::BTreeMap;

use lapicque_numerics::random::StreamKey;

use super::description::{Model, Text};
use super::error::{NetworkError, NetworkProblem};
use super::form::Form;
use super::object::{ByName, Object};
use crate::engine::TimedArray;
use crate::language::check::fixed_value;
use crate::language::error::nearest;
use crate::language::expression::Expression;
use crate::language::parse_expression;
use crate::language::scope::{Callable, Quantity, Scope};
use crate::units::Dimension;

/// Connections from outside of the model: what a table `connectivity` has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connections {
    /// Presynaptic neurons.
    pub sources: Vec<u32>,
    /// Postsynaptic neurons.
    pub targets: Vec<u32>,
    /// Weights.
    pub weights: Vec<f64>,
}

/// What objects are built from.
pub(crate) struct Context<'a> {
    /// The model.
    pub model: &'a Model,
    /// Constants, and arrays over time as callables.
    pub constants: Scope,
    /// Arrays over time.
    pub arrays: Vec<TimedArray>,
    /// The step of clocks that have no other, in s.
    pub dt: f64,
    /// From which all streams of random numbers are derived.
    pub key: StreamKey,
    /// Objects that are built already.
    pub objects: Vec<Object>,
    /// Their numbers.
    pub by_name: ByName,
    /// Connections from outside.
    pub connections: Option<&'a Connections>,
    /// Forms of neurons by the numbers of their groups.
    pub forms: BTreeMap<usize, Form>,
}

/// A group or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Members {
    /// The number of the object.
    pub object: usize,
    /// The first element.
    pub start: u32,
    /// Behind the last element.
    pub stop: u32,
}

impl Members {
    /// How many.
    pub(crate) fn size(&self) -> u32 {
        self.stop - self.start
    }
}

impl<'a> Context<'a> {
    /// Reads constants and arrays of a model; constants of `changed` replace those of the model.
    ///
    /// # Errors
    /// Constants that are no numbers or go in a circle, and arrays over time without values.
    pub(crate) fn new(
        model: &'a Model,
        changed: &BTreeMap<String, Text>,
        dt: Option<f64>,
        key: &StreamKey,
        connections: Option<&'a Connections>,
    ) -> Result<Self, NetworkError> {
        let mut constants = constants(&model.constants, changed)?;
        let dt = match dt {
            Some(dt) => dt,
            None => positive_time("time_step", &model.time_step, &constants)?,
        };
        let mut arrays = Vec::new();
        for (name, array) in &model.timed_arrays {
            let path = format!("timed_arrays.{name}");
            let at = |field: &str| format!("{path}.{field}");
            let step = positive_time(&at("time_step"), &array.time_step, &constants)?;
            let unit = match &array.unit {
                None => Quantity { value: 1.0, dimension: Dimension::NONE },
                Some(unit) => unit_of(&at("unit"), unit)?,
            };
            let engine = |error| NetworkError::new(&path, NetworkProblem::Engine(error));
            let scaled = |values: &[f64]| values.iter().map(|value| value * unit.value).collect::<Vec<f64>>();
            let per_element = array.values.is_empty();
            let timed = if per_element {
                let width = array.rows.first().map_or(0, Vec::len);
                if let Some(row) = array.rows.iter().position(|row| row.len() != width) {
                    let value = format!("row {row} has {} values", array.rows[row].len());
                    return Err(not_allowed(&at("rows"), value, format!("{width} values, as the first row")));
                }
                TimedArray::per_element(name, scaled(&array.rows.concat()), width, step)
            } else if array.rows.is_empty() {
                TimedArray::new(name, scaled(&array.values), step)
            } else {
                return Err(NetworkError::new(path, NetworkProblem::Conflict("either `values` or `rows`".to_owned())));
            };
            arrays.push(timed.map_err(engine)?);
            let callable = Callable::TimedArray {
                dimension: unit.dimension,
                per_element,
                // The peer's rule: a value holds for at least the step that reads it.
                constant_over_step: step >= dt,
            };
            constants.add_callable(name, callable);
        }
        let objects = Vec::new();
        let (by_name, forms) = (ByName::new(), BTreeMap::new());
        Ok(Self { model, constants, arrays, dt, key: *key, objects, by_name, connections, forms })
    }

    /// Adds constants and arrays over time to the names of an object whose clock has the step `dt`.
    pub(crate) fn add_constants(&self, names: &mut Scope, dt: f64) {
        names.add_parameters(&self.constants);
        for array in &self.arrays {
            if let Some(&Callable::TimedArray { dimension, per_element, .. }) = self.constants.callable(array.name()) {
                let constant_over_step = array.dt() >= dt;
                names.add_callable(array.name(), Callable::TimedArray { dimension, per_element, constant_over_step });
            }
        }
    }

    /// Adds an object whose name no other has; gives its number.
    ///
    /// # Errors
    /// Another object has its name.
    pub(crate) fn add(&mut self, object: Object) -> Result<usize, NetworkError> {
        let number = self.objects.len();
        if let Some(&other) = self.by_name.get(&object.name) {
            let other = self.objects[other].path.clone();
            return Err(NetworkError::new(&object.path, NetworkProblem::Twice { name: object.name.clone(), other }));
        }
        self.by_name.insert(object.name.clone(), number);
        self.objects.push(object);
        Ok(number)
    }

    /// The number of an object.
    ///
    /// # Errors
    /// There is no object of this name.
    pub(crate) fn object(&self, path: &str, name: &str) -> Result<usize, NetworkError> {
        self.by_name.get(name).copied().ok_or_else(|| {
            let suggestion = nearest(name, self.by_name.keys().map(String::as_str));
            NetworkError::new(path, NetworkProblem::Unknown { kind: "group", name: name.to_owned(), suggestion })
        })
    }

    /// A group, `G`, or a part of one, `G[3:6]`, `G[3:]`, `G[:6]`.
    ///
    /// # Errors
    /// Groups that do not exist, and parts that are empty or beyond them.
    pub(crate) fn members(&self, path: &str, text: &str) -> Result<Members, NetworkError> {
        let (name, part) = group_and_part(text);
        let object = self.object(path, name)?;
        let size = self.objects[object].layout.elements() as u32;
        let (start, stop) = bounds(path, text, name, part, size)?;
        Ok(Members { object, start, stop })
    }

    /// The compartments of a section of neurons with a form, in all neurons, ascending.
    ///
    /// # Errors
    /// Groups without a form, and sections that there are not.
    pub(crate) fn section(&self, path: &str, object: usize, name: &str) -> Result<Vec<u32>, NetworkError> {
        let Some(form) = self.forms.get(&object) else {
            let problem = "only neurons with a form, of `spatial_neurons`, have sections".to_owned();
            return Err(NetworkError::new(path, NetworkProblem::Conflict(problem)));
        };
        let part = form.part(path, name)?;
        let begins = (0..self.objects[object].layout.elements() as u32).step_by(form.compartments());
        Ok(begins.flat_map(|begin| part.iter().map(move |compartment| begin + compartment)).collect())
    }

    /// A number with this dimension, known before the simulation.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn fixed(&self, path: &str, text: &Text, dimension: Dimension, what: &str) -> Result<f64, NetworkError> {
        fixed(path, text, dimension, what, &self.constants)
    }

    /// A step or period: a time above 0.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn positive_time(&self, path: &str, text: &Text) -> Result<f64, NetworkError> {
        positive_time(path, text, &self.constants)
    }

    /// The numbers of [`Initial::Values`](super::description::Initial) in SI units, of which there must be `size`.
    ///
    /// # Errors
    /// Another number of values or another dimension, values that are not finite.
    pub(crate) fn values(
        &self,
        path: &str,
        values: &[f64],
        unit: Option<&str>,
        dimension: Dimension,
        size: usize,
    ) -> Result<Vec<f64>, NetworkError> {
        let unit = match unit {
            None => Quantity { value: 1.0, dimension: Dimension::NONE },
            Some(unit) => unit_of(path, unit)?,
        };
        if unit.dimension != dimension {
            let value = format!("values in {}", unit.dimension);
            return Err(not_allowed(path, value, format!("the variable has the unit {dimension}")));
        }
        if values.len() != size {
            let value = format!("{} values", values.len());
            return Err(not_allowed(path, value, format!("one for each of {size} elements")));
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(not_allowed(path, format!("value {place} is {}", values[place]), "finite numbers".to_owned()));
        }
        Ok(values.iter().map(|value| value * unit.value).collect())
    }
}

/// The name of a group, and what stands in brackets behind it.
pub(crate) fn group_and_part(text: &str) -> (&str, Option<&str>) {
    match text.split_once('[') {
        None => (text.trim(), None),
        Some((name, rest)) => (name.trim(), Some(rest)),
    }
}

/// The first element of a part, and the one behind its last; those of all where there is no part.
///
/// # Errors
/// Parts that are empty or beyond the group.
pub(crate) fn bounds(
    path: &str,
    text: &str,
    name: &str,
    part: Option<&str>,
    size: u32,
) -> Result<(u32, u32), NetworkError> {
    let Some(part) = part else { return Ok((0, size)) };
    let bound = |text: &str, otherwise: u32| {
        let text = text.trim();
        if text.is_empty() { Some(otherwise) } else { text.parse::<u32>().ok() }
    };
    let range = part.trim_end().strip_suffix(']').and_then(|range| range.split_once(':'));
    let found = range.and_then(|(start, stop)| Some((bound(start, 0)?, bound(stop, size)?)));
    found.filter(|&(start, stop)| start < stop && stop <= size).ok_or_else(|| {
        let allowed = format!("a part is `{name}[START:STOP]` with START below STOP, and STOP at most {size}");
        not_allowed(path, text.to_owned(), allowed)
    })
}

/// A value that is not allowed.
pub(crate) fn not_allowed(path: &str, value: String, allowed: String) -> NetworkError {
    NetworkError::new(path, NetworkProblem::NotAllowed { value, allowed })
}

/// Reads an expression.
///
/// # Errors
/// What does not follow the grammar.
pub(crate) fn expression(path: &str, text: &str) -> Result<Expression, NetworkError> {
    parse_expression(text).map_err(|error| NetworkError::language(path, error, text))
}

/// A unit.
///
/// # Errors
/// What is no unit.
pub(crate) fn unit_of(path: &str, unit: &str) -> Result<Quantity, NetworkError> {
    let parsed = expression(path, unit)?;
    let quantity = fixed_value(&parsed, &Scope::new());
    quantity.map_err(|error| NetworkError::language(path, error, unit))
}

pub(super) fn positive_time(path: &str, text: &Text, constants: &Scope) -> Result<f64, NetworkError> {
    let time = fixed(path, text, Dimension::SECOND, "the time", constants)?;
    if time > 0.0 && time.is_finite() {
        return Ok(time);
    }
    Err(not_allowed(path, text.as_str().to_owned(), "a time above 0*second".to_owned()))
}

pub(super) fn fixed(
    path: &str,
    text: &Text,
    dimension: Dimension,
    what: &str,
    constants: &Scope,
) -> Result<f64, NetworkError> {
    let parsed = expression(path, text.as_str())?;
    let located = |error| NetworkError::language(path, error, text.as_str());
    crate::language::check::check_number(&parsed, constants, dimension, what).map_err(located)?;
    let value = fixed_value(&parsed, constants).map_err(located)?.value;
    if value.is_finite() {
        return Ok(value);
    }
    Err(not_allowed(path, format!("{} is {value}", text.as_str()), "a finite number".to_owned()))
}

/// Constants in an order in which each comes after those that it uses.
pub(super) fn constants(own: &BTreeMap<String, Text>, changed: &BTreeMap<String, Text>) -> Result<Scope, NetworkError> {
    let mut waiting: BTreeMap<&str, &Text> = own.iter().map(|(name, text)| (name.as_str(), text)).collect();
    for (name, text) in changed {
        if waiting.insert(name, text).is_none() {
            let suggestion = nearest(name, own.keys().map(String::as_str));
            let problem = NetworkProblem::Unknown { kind: "constant", name: name.clone(), suggestion };
            return Err(NetworkError::new(format!("constants.{name}"), problem));
        }
    }
    let mut read: BTreeMap<&str, (Expression, usize)> = BTreeMap::new();
    let mut used_by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut ready = Vec::new();
    for (&name, &text) in &waiting {
        let path = format!("constants.{name}");
        if let Some(reason) = crate::language::reserved(name) {
            return Err(not_allowed(&path, format!("`{name}`"), reason.to_string()));
        }
        let parsed = expression(&path, text.as_str())?;
        let mut uses = 0;
        for used in parsed.names() {
            if waiting.contains_key(used) {
                used_by.entry(used.to_owned()).or_default().push(name);
                uses += 1;
            }
        }
        if uses == 0 {
            ready.push(name);
        }
        read.insert(name, (parsed, uses));
    }
    let mut scope = Scope::new();
    let mut next = 0;
    while let Some(&name) = ready.get(next) {
        next += 1;
        let (Some(text), Some((parsed, _))) = (waiting.remove(name), read.get(name)) else { continue };
        let path = format!("constants.{name}");
        let quantity =
            fixed_value(parsed, &scope).map_err(|error| NetworkError::language(&path, error, text.as_str()))?;
        if quantity.value.is_nan() {
            return Err(not_allowed(&path, text.as_str().to_owned(), "a number".to_owned()));
        }
        scope.add_parameter(name, quantity);
        for user in used_by.remove(name).unwrap_or_default() {
            if let Some((_, uses)) = read.get_mut(user) {
                *uses -= 1;
                if *uses == 0 {
                    ready.push(user);
                }
            }
        }
    }
    if waiting.is_empty() {
        return Ok(scope);
    }
    // A circle of thousands is not told in full.
    let names: Vec<&str> = waiting.keys().copied().take(20).collect();
    let problem = NetworkProblem::Conflict(format!("{} are made of each other", names.join(", ")));
    let path = names.first().map_or_else(|| "constants".to_owned(), |name| format!("constants.{name}"));
    Err(NetworkError::new(path, problem))
}
