//! Matrices and lists of connections in files.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_recording::delimited::{Number, Table, number, shortened};
use lapicque_recording::matrix::Matrix;
use lapicque_recording::matrix_market::read_matrix_market;

use super::{Config, Connections, Rows};
use crate::connectome::matrix;
use crate::import::files::text::separator;
use crate::import::files::{has_columns, read_columns};

/// Names of the columns of a list.
const COLUMNS: [&str; 3] = ["presynaptic", "postsynaptic", "weight"];

pub(super) fn read(file: &FileRef, config: &Config) -> Result<Connections, ConfigError> {
    let fail = |message: String| ConfigError::at("path", format!("`{}`: {message}", file.name));
    let extension = file.extension();
    if extension == "mtx" {
        if config.variable.is_some() {
            return Err(ConfigError::at("variable", format!("`{}` holds one matrix; leave this out", file.name)));
        }
        return of_matrix_market(file, config.rows).map_err(fail);
    }
    let listed = if has_columns(&extension) {
        of_columns(file, config.numbered_from)?
    } else {
        of_text(file, &extension, config.numbered_from).map_err(fail)?
    };
    match listed {
        Some(listed) => Ok(listed),
        None => of_matrix(matrix(file, "path", config.variable.as_deref())?, config.rows).map_err(fail),
    }
}

fn of_matrix_market(file: &FileRef, rows: Rows) -> Result<Connections, String> {
    let read = file.read(read_matrix_market).map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    if read.rows != read.columns {
        return Err(not_square(read.rows as usize, read.columns as usize));
    }
    let mut connections = read.entries;
    if rows == Rows::Postsynaptic {
        connections.iter_mut().for_each(|row| std::mem::swap(&mut row.0, &mut row.1));
    }
    Ok(Connections { neurons: read.rows, rows: connections, notes: Vec::new() })
}

fn of_matrix(matrix: Matrix, rows: Rows) -> Result<Connections, String> {
    if matrix.rows != matrix.columns {
        return Err(not_square(matrix.rows, matrix.columns));
    }
    let n = matrix.rows;
    let neurons = u32::try_from(n).map_err(|_| format!("it has {n} neurons; at most {} are allowed", u32::MAX))?;
    let connection = |(place, weight): (usize, &f64)| {
        let (row, column) = ((place / n) as u32, (place % n) as u32);
        let (from, to) = if rows == Rows::Presynaptic { (row, column) } else { (column, row) };
        (*weight != 0.0).then_some((from, to, *weight))
    };
    let rows = matrix.values.iter().enumerate().filter_map(connection).collect();
    let has_names = matrix.row_names.is_some() || matrix.column_names.is_some();
    let notes = has_names.then(|| "names of rows and columns are not kept: neurons have numbers, from 0".to_owned());
    Ok(Connections { neurons, rows, notes: notes.into_iter().collect() })
}

fn not_square(rows: usize, columns: usize) -> String {
    format!(
        "the matrix has {rows} rows and {columns} columns; expected as many of both, or a list with the columns {}",
        COLUMNS.join(", ")
    )
}

/// A list of delimited text; none where the header does not say that it is one.
fn of_text(file: &FileRef, extension: &str, numbered_from: u32) -> Result<Option<Connections>, String> {
    let Some(separator) = separator(extension) else {
        return Ok(None);
    };
    let read = file.read(|reader| {
        let Ok(mut table) = Table::new(reader, separator) else {
            // What is wrong with a matrix is told by who reads it.
            return Ok(None);
        };
        let Some(places) = places(table.names())? else {
            return Ok(None);
        };
        let mut list = List::new(numbered_from);
        while let Some(row) = table.next_row().map_err(|error| error.to_string())? {
            let cells: Vec<&str> = row.cells().map(|cell| cell.text).collect();
            let mut values = [0.0; 3];
            for (value, (&place, name)) in values.iter_mut().zip(places.iter().zip(COLUMNS)) {
                let text = cells.get(place).copied().unwrap_or_default();
                *value = match number(text) {
                    Some(Number::Value(value)) => value,
                    _ => {
                        return Err(format!("line {}: `{name}` is `{}`; expected a number", row.line, shortened(text)));
                    }
                };
            }
            list.push(values).map_err(|message| format!("line {}: {message}", row.line))?;
        }
        Ok(Some(list.finish()))
    });
    read.map_err(|error| error.to_string())?
}

/// A list of a file of columns; none where it has other columns.
fn of_columns(file: &FileRef, numbered_from: u32) -> Result<Option<Connections>, ConfigError> {
    let fail = |message: String| ConfigError::at("path", format!("`{}`: {message}", file.name));
    let chunks = read_columns(file, "path")?;
    let names: Vec<String> = chunks.schema.fields().iter().map(|field| field.name().clone()).collect();
    let Some(places) = places(&names).map_err(fail)? else {
        return Ok(None);
    };
    let mut list = List::new(numbered_from);
    let mut before = 0;
    for batch in &chunks.batches {
        let column = |(&place, name): (&usize, &str)| {
            let array = batch.column(place);
            if array.null_count() > 0 || !array.data_type().is_numeric() {
                let (kind, nulls) = (array.data_type(), array.null_count());
                return Err(format!(
                    "`{name}` is {kind} with {nulls} missing values; expected numbers and none missing"
                ));
            }
            let numbers = arrow_cast::cast(array, &DataType::Float64).map_err(|error| error.to_string())?;
            Ok(numbers.as_primitive::<Float64Type>().values().to_vec())
        };
        let columns: Vec<Vec<f64>> =
            places.iter().zip(COLUMNS).map(column).collect::<Result<_, String>>().map_err(fail)?;
        let [from, to, weight] = &columns[..] else { continue };
        for (row, ((&from, &to), &weight)) in from.iter().zip(to).zip(weight).enumerate() {
            list.push([from, to, weight]).map_err(|message| fail(format!("row {}: {message}", before + row + 1)))?;
        }
        before += batch.num_rows();
    }
    Ok(Some(list.finish()))
}

/// Where the columns of a list are; none where neither end of connections is there.
fn places(names: &[String]) -> Result<Option<[usize; 3]>, String> {
    let found = COLUMNS.map(|wanted| names.iter().position(|name| name == wanted));
    match found {
        [Some(from), Some(to), Some(weight)] => Ok(Some([from, to, weight])),
        [None, None, _] => Ok(None),
        _ => {
            let missing: Vec<&str> =
                COLUMNS.into_iter().zip(found).filter(|(_, place)| place.is_none()).map(|(name, _)| name).collect();
            Err(format!("a list of connections has the columns {}; `{}` is not there", COLUMNS.join(", "), missing[0]))
        }
    }
}

/// Connections, one after the other.
struct List {
    first: f64,
    connections: Connections,
}

impl List {
    fn new(numbered_from: u32) -> Self {
        Self { first: f64::from(numbered_from), connections: Connections::default() }
    }

    fn push(&mut self, [from, to, weight]: [f64; 3]) -> Result<(), String> {
        let neuron = |name: &str, value: f64| {
            let number = value - self.first;
            let is_allowed = number.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&number);
            let allowed = || format!("`{name}` is {value}; expected a whole number from {}", self.first);
            if is_allowed { Ok(number as u32) } else { Err(allowed()) }
        };
        let (from, to) = (neuron(COLUMNS[0], from)?, neuron(COLUMNS[1], to)?);
        self.connections.rows.push((from, to, weight));
        self.connections.neurons = self.connections.neurons.max(from.max(to) + 1);
        Ok(())
    }

    fn finish(self) -> Connections {
        self.connections
    }
}
