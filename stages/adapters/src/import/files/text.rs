//! Tables as comma-separated text with a header line.
//!
//! A column is Int64 (or UInt64) if all its cells are whole numbers, Float64 if all are numbers, empty or `nan`, else text.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray, UInt64Array};
use lapicque_pipeline::{ConfigError, FileRef};
use serde_json::Value;

use super::file_error;

/// A column by what its cells are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CsvColumn {
    Integers(Vec<i64>),
    Naturals(Vec<u64>),
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl CsvColumn {
    fn of(cells: Vec<String>) -> Self {
        fn all<T: std::str::FromStr>(cells: &[String]) -> Option<Vec<T>> {
            cells.iter().map(|cell| cell.parse().ok()).collect()
        }
        let number = |cell: &String| {
            if cell.is_empty() { Some(f64::NAN) } else { cell.parse().ok() }
        };
        if cells.iter().all(String::is_empty) {
            return Self::Texts(cells);
        }
        if let Some(integers) = all(&cells) {
            return Self::Integers(integers);
        }
        if let Some(naturals) = all(&cells) {
            return Self::Naturals(naturals);
        }
        match cells.iter().map(number).collect() {
            Some(numbers) => Self::Numbers(numbers),
            None => Self::Texts(cells),
        }
    }

    pub(crate) fn array(self) -> ArrayRef {
        match self {
            Self::Integers(values) => Arc::new(Int64Array::from(values)),
            Self::Naturals(values) => Arc::new(UInt64Array::from(values)),
            Self::Numbers(values) => Arc::new(Float64Array::from(values)),
            Self::Texts(values) => Arc::new(StringArray::from(values)),
        }
    }

    fn values(self) -> Vec<Value> {
        match self {
            Self::Integers(values) => values.into_iter().map(Value::from).collect(),
            Self::Naturals(values) => values.into_iter().map(Value::from).collect(),
            // NaN becomes null, which is no parameter.
            Self::Numbers(values) => values.into_iter().map(Value::from).collect(),
            Self::Texts(values) => values.into_iter().map(Value::from).collect(),
        }
    }
}

/// Names and columns of a CSV file.
pub(crate) fn read_columns(file: &FileRef, field: &str) -> Result<Vec<(String, CsvColumn)>, ConfigError> {
    let fail = |message: String| file_error(field, file, message);
    let reader = file.reader().map_err(|error| fail(error.to_string()))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
    let names: Vec<String> =
        reader.headers().map_err(|error| fail(error.to_string()))?.iter().map(str::to_owned).collect();
    let mut seen = HashSet::new();
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(fail(format!("column {} of the header has no name", i + 1)));
        }
        if !seen.insert(name) {
            return Err(fail(format!("the header has `{name}` twice")));
        }
    }
    if names.is_empty() {
        return Err(fail("it is empty; a header line with the names of the columns is due".to_owned()));
    }
    let mut cells: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record.map_err(|error| fail(error.to_string()))?;
        for (column, cell) in cells.iter_mut().zip(&record) {
            column.push(cell.to_owned());
        }
    }
    Ok(names.into_iter().zip(cells.into_iter().map(CsvColumn::of)).collect())
}

/// Names and cells of a CSV file, as a configuration would have them.
pub(crate) fn read_cells(file: &FileRef, field: &str) -> Result<Vec<(String, Vec<Value>)>, ConfigError> {
    Ok(read_columns(file, field)?.into_iter().map(|(name, column)| (name, column.values())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_follow_from_all_cells() {
        let of = |cells: &[&str]| CsvColumn::of(cells.iter().map(|c| (*c).to_owned()).collect());
        assert_eq!(of(&["1", "-2"]), CsvColumn::Integers(vec![1, -2]));
        assert_eq!(of(&["1", "18446744073709551615"]), CsvColumn::Naturals(vec![1, u64::MAX]));
        assert_eq!(of(&["1", "2.5"]), CsvColumn::Numbers(vec![1.0, 2.5]));
        assert!(matches!(of(&["1", ""]), CsvColumn::Numbers(values) if values[1].is_nan()));
        assert_eq!(of(&["1", "a"]), CsvColumn::Texts(vec!["1".into(), "a".into()]));
        assert_eq!(of(&["", ""]), CsvColumn::Texts(vec![String::new(), String::new()]));
    }
}
