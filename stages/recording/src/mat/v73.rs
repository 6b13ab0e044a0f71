//! MAT version 7.3: HDF5 with attributes that say what MATLAB had.
//!
//! Arrays are data sets with the attribute `MATLAB_class`; their dimensions stand in reverse order, so their elements stand in MATLAB's. An empty one has
//! the attribute `MATLAB_empty`, and its dimensions as values. Characters are codes of UTF-16. Cells are arrays of references, as are the fields of an array
//! of structs; a single struct is a group. A sparse matrix is a group with `MATLAB_sparse`, its number of rows.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::budget::{Budget, not_read, product};
use super::error::MatError;
use super::text::rows;
use super::value::{MatValue, Numbers, Sparse};
use crate::hdf5::{Array, Attribute, Elements, Group, Hdf5, Node};

pub(super) fn read(file: &Hdf5, budget: &mut Budget<'_>) -> Result<Vec<(String, MatValue)>, MatError> {
    let objects = Objects { file, by_address: OnceCell::new() };
    let mut variables = Vec::new();
    for (name, node) in file.root()?.members()? {
        // What cells and objects refer to.
        if name.starts_with('#') {
            continue;
        }
        let value = budget.within(&name, |budget| objects.value(&node, budget))?;
        variables.push((name, value));
    }
    Ok(variables)
}

/// The objects that references lead to, looked up once there is one.
struct Objects<'a> {
    file: &'a Hdf5,
    by_address: OnceCell<HashMap<u64, Node>>,
}

impl Objects<'_> {
    fn at(&self, address: u64, budget: &Budget<'_>) -> Result<&Node, MatError> {
        let known = match self.by_address.get() {
            Some(known) => known,
            None => {
                let found = self.file.by_address()?;
                self.by_address.get_or_init(|| found)
            }
        };
        let problem = "it refers to an object that is not there";
        known.get(&address).ok_or_else(|| MatError::Damaged { variable: budget.variable(), problem })
    }

    fn value(&self, node: &Node, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        budget.nodes(1)?;
        if !budget.is_read(None) {
            return Ok(not_read());
        }
        match node {
            Node::Group(group) => self.group(group, budget),
            Node::Array(array) => self.array(array, budget),
        }
    }

    fn group(&self, group: &Group, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        if let Some(rows) = group.attribute("MATLAB_sparse")?.and_then(|rows| rows.number()) {
            return sparse(group, rows, budget);
        }
        match group.attribute("MATLAB_class")? {
            Some(Attribute::Texts(class)) if class != ["struct"] => {
                return Ok(MatValue::Other { class: class.concat() });
            }
            _ => {}
        }
        let mut dims = None;
        let mut members = Vec::new();
        for (name, node) in group.members()? {
            if let Node::Array(array) = &node
                && array.elements() == Elements::References
                && array.attribute("MATLAB_class")?.is_none()
            {
                dims = Some(dims_of(array, budget)?);
            }
            members.push((name, node));
        }
        let Some(dims) = dims else {
            let mut fields = Vec::new();
            for (name, node) in members {
                let value = budget.within(&format!(".{name}"), |budget| self.value(&node, budget))?;
                fields.push((name, vec![value]));
            }
            return Ok(MatValue::Struct { dims: vec![1, 1], fields });
        };
        let count = product(&dims).unwrap_or(usize::MAX);
        if !budget.is_read(Some(count)) {
            return Ok(not_read());
        }
        let mut fields = Vec::new();
        for (name, node) in members {
            let elements = match &node {
                Node::Array(array) if array.elements() == Elements::References => array.references()?,
                _ => Vec::new(),
            };
            if elements.len() != count {
                let found = elements.len() as u64;
                return Err(MatError::Length { variable: format!("{}.{name}", budget.variable()), dims, found });
            }
            budget.nodes(count)?;
            let mut values = Vec::with_capacity(count);
            for (number, address) in (1..).zip(elements) {
                let segment = if count == 1 { format!(".{name}") } else { format!("({number}).{name}") };
                values.push(budget.within(&segment, |budget| self.value(self.at(address, budget)?, budget))?);
            }
            fields.push((name, values));
        }
        Ok(MatValue::Struct { dims, fields })
    }

    fn array(&self, array: &Array, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
        let class = match array.attribute("MATLAB_class")? {
            Some(Attribute::Texts(class)) => Some(class.concat()),
            _ => None,
        };
        let class = class.as_deref();
        if array.attribute("MATLAB_empty")?.and_then(|empty| empty.number()).is_some_and(|empty| empty != 0.0) {
            return empty(class, array, budget);
        }
        match (class, array.elements()) {
            (Some("char"), Elements::Numbers { .. }) => {
                let dims = dims_of(array, budget)?;
                budget.values(array.count()?)?;
                let codes: Vec<u16> = array.numbers(None)?.iter().map(|&code| code as u16).collect();
                rows(&codes, &dims, String::from_utf16_lossy, budget)
            }
            (Some("cell") | None, Elements::References) => {
                let dims = dims_of(array, budget)?;
                let references = array.references()?;
                budget.nodes(references.len())?;
                let mut items = Vec::with_capacity(references.len());
                for (number, address) in (1..).zip(references) {
                    let read = |budget: &mut Budget<'_>| self.value(self.at(address, budget)?, budget);
                    items.push(budget.within(&format!("{{{number}}}"), read)?);
                }
                Ok(MatValue::Cell { dims, items })
            }
            (class, Elements::Numbers { is_whole }) if class.is_none_or(is_of_numbers) => {
                let dims = dims_of(array, budget)?;
                let real = numbers(array, &dims, budget)?;
                Ok(MatValue::Numbers(Numbers { dims, is_whole, is_complex: false, real, imaginary: None }))
            }
            (class, Elements::Complex) if class.is_none_or(is_of_numbers) => {
                let dims = dims_of(array, budget)?;
                // Never a signal: all of it or nothing.
                let (real, imaginary) = match budget.span(&dims) {
                    None => (None, None),
                    Some(_) => {
                        budget.values(array.count()?.saturating_mul(2))?;
                        let (real, imaginary) = array.complex()?;
                        (Some(real), Some(imaginary))
                    }
                };
                Ok(MatValue::Numbers(Numbers { dims, is_whole: false, is_complex: true, real, imaginary }))
            }
            (None, Elements::Texts) => {
                budget.values(array.count()?)?;
                Ok(MatValue::Text(array.texts()?))
            }
            (class, _) => Ok(MatValue::Other { class: class.unwrap_or("unknown").to_owned() }),
        }
    }
}

fn is_of_numbers(class: &str) -> bool {
    matches!(
        class,
        "double"
            | "single"
            | "logical"
            | "int8"
            | "uint8"
            | "int16"
            | "uint16"
            | "int32"
            | "uint32"
            | "int64"
            | "uint64"
    )
}

/// MATLAB has two dimensions at least.
fn dims_of(array: &Array, budget: &Budget<'_>) -> Result<Vec<usize>, MatError> {
    array.count()?;
    let length = |&length: &u64| usize::try_from(length).ok();
    let mut dims: Vec<usize> = array.shape().iter().rev().map(length).collect::<Option<_>>().unwrap_or_default();
    dims.resize(dims.len().max(2), 1);
    match product(&dims) {
        Some(_) => Ok(dims),
        None => Err(MatError::Dimensions { variable: budget.variable(), dims: crate::hdf5::shape_text(array.shape()) }),
    }
}

fn numbers(array: &Array, dims: &[usize], budget: &mut Budget<'_>) -> Result<Option<Vec<f64>>, MatError> {
    // The first axis of the file is the last dimension; a list of numbers is a column, which has one last place.
    if array.shape().len() < 2 {
        let Some(span) = budget.span(dims) else {
            return Ok(None);
        };
        budget.values(array.count()?)?;
        let all = array.numbers(None)?;
        return Ok(Some(if span.is_empty() { Vec::new() } else { all }));
    }
    let Some(rows) = budget.rows(dims) else {
        return Ok(None);
    };
    let of_row: usize = dims.iter().rev().skip(1).product();
    budget.values((rows.end - rows.start).saturating_mul(of_row as u64))?;
    let is_all = rows == (0..dims.last().copied().unwrap_or(0) as u64);
    Ok(Some(array.numbers((!is_all).then_some(rows))?))
}

/// An array without elements, whose values are its dimensions.
fn empty(class: Option<&str>, array: &Array, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
    budget.values(array.count()?)?;
    let length = |length: &f64| (*length >= 0.0 && *length <= f64::from(i32::MAX)).then_some(*length as usize);
    let dims: Option<Vec<usize>> = array.numbers(None)?.iter().map(length).collect();
    let dims = dims.filter(|dims| product(dims) == Some(0)).unwrap_or_else(|| vec![0, 0]);
    Ok(match class {
        Some("char") => MatValue::Text(Vec::new()),
        Some("cell") => MatValue::Cell { dims, items: Vec::new() },
        Some("struct") => MatValue::Struct { dims, fields: Vec::new() },
        _ => {
            let (real, imaginary) = (Some(Vec::new()), None);
            MatValue::Numbers(Numbers { dims, is_whole: false, is_complex: false, real, imaginary })
        }
    })
}

fn sparse(group: &Group, rows: f64, budget: &mut Budget<'_>) -> Result<MatValue, MatError> {
    let damaged = |budget: &Budget<'_>, problem| MatError::Damaged { variable: budget.variable(), problem };
    let mut part = |name: &str| match group.array(name)? {
        Some(array) if matches!(array.elements(), Elements::Numbers { .. }) => {
            budget.values(array.count()?)?;
            Ok::<_, MatError>(array.numbers(None)?)
        }
        _ => Ok(Vec::new()),
    };
    let starts: Vec<usize> = part("jc")?.iter().map(|&start| start as usize).collect();
    let row_numbers: Vec<usize> = part("ir")?.iter().map(|&row| row as usize).collect();
    let (real, imaginary) = match group.array("data")? {
        None => (Vec::new(), None),
        Some(data) if data.elements() == Elements::Complex => {
            budget.values(data.count()?.saturating_mul(2))?;
            let (real, imaginary) = data.complex()?;
            (real, Some(imaginary))
        }
        Some(_) => (part("data")?, None),
    };
    let stored = starts.last().copied().unwrap_or(0);
    if !starts.is_sorted() || row_numbers.len() != stored || real.len() != stored {
        return Err(damaged(budget, "its columns, rows and values do not fit each other"));
    }
    let dims = [rows.clamp(0.0, f64::from(i32::MAX)) as usize, starts.len().saturating_sub(1)];
    if row_numbers.iter().any(|&row| row >= dims[0]) {
        return Err(damaged(budget, "an element lies below its last row"));
    }
    Ok(MatValue::Sparse(Sparse { dims, rows: row_numbers, column_starts: starts, real, imaginary }))
}
