//! Quantities and arrays in the form `{val: ..., unit: ...}`; numbers without dimension stand alone.

use lapicque_units::{Quantity, QuantityError, Unit};

use super::super::node::describe;
use super::super::node::{Node, Value};
use super::super::problem::ProblemKind;
use super::super::reader::{Reader, Section};
use crate::Range;

const QUANTITY_KEYS: &[&str] = &["val", "unit"];

/// What the values of a key must be.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) key: &'static str,
    /// The canonical unit.
    pub(super) unit: &'static str,
    pub(super) range: Range,
}

pub(super) const fn kind(key: &'static str, unit: &'static str, range: Range) -> Kind {
    Kind { key, unit, range }
}

/// Numbers and the unit they are written in.
struct Raw<'t> {
    numbers: &'t Node,
    unit: Unit,
    canonical: Unit,
}

/// What stands for external input.
pub(super) enum Values {
    Number(f64),
    /// One number or more.
    Vector(Vec<f64>),
    /// `[target][source]`; all rows are equally long.
    Matrix(Vec<Vec<f64>>),
}

impl<'t> Reader<'t> {
    /// A single number; `None` if it is missing or wrong, which is reported.
    pub(super) fn nnmt_number(&mut self, section: Section<'t>, kind: Kind) -> Option<f64> {
        let raw = self.nnmt_raw(section, kind)?;
        self.nnmt_element(raw.numbers, kind.key, &raw, kind)
    }

    /// One number for each of `n` populations; a single number is that of all.
    pub(super) fn nnmt_vector(&mut self, section: Section<'t>, kind: Kind, n: usize) -> Option<Vec<f64>> {
        let raw = self.nnmt_raw(section, kind)?;
        match &raw.numbers.value {
            Value::List(_) => self.nnmt_row(raw.numbers, kind.key, Some(n), &raw, kind),
            _ => Some(vec![self.nnmt_element(raw.numbers, kind.key, &raw, kind)?; n]),
        }
    }

    /// `n` rows (targets) of `n` numbers (sources).
    pub(super) fn nnmt_matrix(&mut self, section: Section<'t>, kind: Kind, n: usize) -> Option<Vec<Vec<f64>>> {
        let raw = self.nnmt_raw(section, kind)?;
        self.nnmt_rows(&raw, Some(n), kind, n)
    }

    /// A number, a list of numbers or a list of `n` rows.
    pub(super) fn nnmt_values(&mut self, section: Section<'t>, kind: Kind, n: usize) -> Option<Values> {
        let raw = self.nnmt_raw(section, kind)?;
        match &raw.numbers.value {
            Value::List(items) if items.iter().any(|item| matches!(item.value, Value::List(_))) => {
                self.nnmt_rows(&raw, None, kind, n).map(Values::Matrix)
            }
            Value::List(_) => self.nnmt_row(raw.numbers, kind.key, None, &raw, kind).map(Values::Vector),
            _ => self.nnmt_element(raw.numbers, kind.key, &raw, kind).map(Values::Number),
        }
    }

    pub(super) fn wrong_shape(&mut self, node: &Node, path: &str, expected: String) {
        let found = match &node.value {
            Value::List(items) => format!("a list of {}", items.len()),
            _ => describe(node),
        };
        self.problem(node.at, path, ProblemKind::Shape { expected, found });
    }

    fn nnmt_raw(&mut self, section: Section<'t>, kind: Kind) -> Option<Raw<'t>> {
        let Kind { key, unit, .. } = kind;
        let example = match unit {
            "1" => format!("{key}: 1"),
            _ => format!("{key}: {{val: 1, unit: {unit}}}"),
        };
        let node = self.required(section, key, key, &example)?;
        let canonical = self.nnmt_unit(node, key, unit)?;
        if !matches!(node.value, Value::Map(_)) {
            if unit == "1" {
                return Some(Raw { numbers: node, unit: canonical.clone(), canonical });
            }
            self.wrong_type(node, key, "a mapping of `val` and `unit`");
            return None;
        }
        let fields = self.record(node, key, QUANTITY_KEYS)?;
        let numbers = self.required(fields, "val", &format!("{key}.val"), "val: 1");
        let unit_path = format!("{key}.unit");
        let unit_node = self.required(fields, "unit", &unit_path, &format!("unit: {unit}"));
        let (numbers, unit_node) = (numbers?, unit_node?);
        let text = match &unit_node.value {
            Value::Number(1.0) => "1",
            _ => self.text(unit_node, &unit_path)?,
        };
        let unit = self.nnmt_unit(unit_node, &unit_path, text)?;
        // Once for all numbers.
        let first = if let Value::Number(value) = numbers.value { value } else { 1.0 };
        let value = Quantity::new(if first.is_finite() { first } else { 1.0 }, unit.clone()).to(&canonical);
        if let Err(error @ QuantityError::Dimension { .. }) = value {
            self.problem(unit_node.at, &unit_path, ProblemKind::Quantity(error));
            return None;
        }
        Some(Raw { numbers, unit, canonical })
    }

    fn nnmt_unit(&mut self, node: &Node, path: &str, text: &str) -> Option<Unit> {
        match Unit::parse(text) {
            Ok(unit) => Some(unit),
            Err(error) => {
                self.problem(node.at, path, ProblemKind::Quantity(error.into()));
                None
            }
        }
    }

    /// `n` rows, each of `columns` numbers, or as many as the first.
    fn nnmt_rows(&mut self, raw: &Raw<'t>, columns: Option<usize>, kind: Kind, n: usize) -> Option<Vec<Vec<f64>>> {
        let rows = match &raw.numbers.value {
            Value::List(rows) if rows.len() == n => rows,
            _ => {
                self.wrong_shape(raw.numbers, kind.key, format!("a list of {n} rows, one for each target population,"));
                return None;
            }
        };
        let mut columns = columns;
        let mut matrix = Vec::with_capacity(n);
        for (position, row) in rows.iter().enumerate() {
            let row = self.nnmt_row(row, &format!("{}[{position}]", kind.key), columns, raw, kind)?;
            columns.get_or_insert(row.len());
            matrix.push(row);
        }
        Some(matrix)
    }

    fn nnmt_row(
        &mut self,
        node: &Node,
        path: &str,
        columns: Option<usize>,
        raw: &Raw<'t>,
        kind: Kind,
    ) -> Option<Vec<f64>> {
        let items = match (&node.value, columns) {
            (Value::List(items), Some(columns)) if items.len() == columns => items,
            (Value::List(items), None) if !items.is_empty() => items,
            (_, Some(columns)) => {
                self.wrong_shape(node, path, format!("a list of {columns} numbers"));
                return None;
            }
            (_, None) => {
                self.wrong_shape(node, path, "a list of numbers".to_owned());
                return None;
            }
        };
        let mut row = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            row.extend(self.nnmt_element(item, &format!("{path}[{position}]"), raw, kind));
        }
        (row.len() == items.len()).then_some(row)
    }

    fn nnmt_element(&mut self, node: &Node, path: &str, raw: &Raw<'t>, kind: Kind) -> Option<f64> {
        let Value::Number(number) = node.value else {
            self.wrong_type(node, path, "a number");
            return None;
        };
        let Kind { unit, range, .. } = kind;
        match Quantity::new(number, raw.unit.clone()).to(&raw.canonical) {
            Ok(value) if range.contains(value) => Some(value + 0.0),
            Ok(value) => {
                self.problem(node.at, path, ProblemKind::OutOfRange { value, unit, allowed: range });
                None
            }
            Err(error) => {
                self.problem(node.at, path, ProblemKind::Quantity(error));
                None
            }
        }
    }
}
