//! Variables of a group of elements and their values.

use std::collections::HashMap;

use super::EngineError;
use crate::language::equation::Values;

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Which values it has: what is written to an integer is cut off towards 0, to a boolean 1 unless it is 0.
    pub values: Values,
    /// Whether there is one value for all elements.
    pub shared: bool,
    /// Whether it is written only where the variable `not_refractory` is 1, unless the code is that of a reset.
    pub unless_refractory: bool,
}

impl Column {
    /// A variable of real numbers, one for each element.
    pub fn float(name: &str) -> Self {
        Self { name: name.to_owned(), values: Values::Float, shared: false, unless_refractory: false }
    }
}

/// The variables of a group and how many elements it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    elements: usize,
    columns: Vec<Column>,
    by_name: HashMap<String, usize>,
}

impl Layout {
    /// Variables of `elements` elements, numbered as they come.
    ///
    /// # Errors
    /// Two of one name; more elements or variables than numbers of 32 bits.
    pub fn new(elements: usize, columns: Vec<Column>) -> Result<Self, EngineError> {
        if elements >= u32::MAX as usize {
            let allowed = "at most 4294967294 elements";
            return Err(EngineError::OutOfRange { field: "elements", value: elements as f64, allowed });
        }
        if columns.len() > usize::from(u16::MAX) {
            let allowed = "at most 65535 variables";
            return Err(EngineError::OutOfRange { field: "columns", value: columns.len() as f64, allowed });
        }
        let mut by_name = HashMap::new();
        for (number, column) in columns.iter().enumerate() {
            if by_name.insert(column.name.clone(), number).is_some() {
                return Err(EngineError::Twice { name: column.name.clone() });
            }
        }
        Ok(Self { elements, columns, by_name })
    }

    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// All variables.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of a variable.
    pub fn number(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}

/// Values of the variables of a [`Layout`].
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    elements: usize,
    pub(super) columns: Vec<Vec<f64>>,
}

impl State {
    /// All values 0.
    pub fn new(layout: &Layout) -> Self {
        let length = |column: &Column| if column.shared { 1 } else { layout.elements };
        let columns = layout.columns.iter().map(|column| vec![0.0; length(column)]).collect();
        Self { elements: layout.elements, columns }
    }

    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.elements
    }

    /// Values of the variable of this number, one for each element, or the one that they share; empty if there is no
    /// such variable.
    pub fn column(&self, number: usize) -> &[f64] {
        self.columns.get(number).map_or(&[], Vec::as_slice)
    }

    /// As [`State::column`], to be written.
    pub fn column_mut(&mut self, number: usize) -> &mut [f64] {
        self.columns.get_mut(number).map_or(&mut [], Vec::as_mut_slice)
    }

    /// The values of a variable as they are kept. Who takes them out puts as many back.
    pub(crate) fn whole_column_mut(&mut self, number: usize) -> &mut Vec<f64> {
        &mut self.columns[number]
    }

    pub(super) fn fits(&self, layout: &Layout) -> Result<(), EngineError> {
        let lengths = |column: &Column| if column.shared { 1 } else { layout.elements };
        let same = self.elements == layout.elements
            && self.columns.len() == layout.columns.len()
            && self.columns.iter().zip(&layout.columns).all(|(values, column)| values.len() == lengths(column));
        if same {
            return Ok(());
        }
        Err(EngineError::OtherLayout {
            found: self.columns.len(),
            elements: self.elements,
            expected: layout.columns.len(),
            of: layout.elements,
        })
    }
}
