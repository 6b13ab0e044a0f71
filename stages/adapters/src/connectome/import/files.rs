//! Matrices and names in files of users.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_schema::DataType;
use lapicque_neuralmass::connectome::refuse_memory;
use lapicque_pipeline::{ConfigError, FileRef};
use lapicque_recording::mat::{MatValue, Numbers, find, read_mat};
use lapicque_recording::matrix::{Matrix, read_matrix, read_names, read_npz_array, read_tvb};
use lapicque_recording::{NpyError, read_npy};

use super::config::Config;
use crate::import::files::{as_text, has_columns, read_columns};

/// What the files of a subject hold.
pub(super) struct Subject {
    pub(super) weights: Matrix,
    pub(super) lengths_mm: Option<Matrix>,
    pub(super) positions_mm: Option<Matrix>,
    pub(super) is_right: Option<Vec<bool>>,
}

pub(super) fn read_subject(file: &FileRef, lengths: Option<&FileRef>, config: &Config) -> Result<Subject, ConfigError> {
    let subject = if file.extension() == "zip" {
        let given = [
            ("variable", config.variable.is_some()),
            ("lengths", config.lengths.is_some()),
            ("lengths_variable", config.lengths_variable.is_some()),
            ("labels", config.labels.is_some()),
            ("positions", config.positions.is_some()),
        ];
        if let Some((field, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
            let message = format!("`{}` holds what it has; leave this out", file.name);
            return Err(ConfigError::at(field, message));
        }
        let read = file.read(read_tvb).map_err(|error| fail("path", file, error))?;
        let read = read.map_err(|error| fail("path", file, error))?;
        let (lengths_mm, positions_mm) = (read.lengths_mm, read.centres_mm);
        Subject { weights: read.weights, lengths_mm, positions_mm, is_right: read.is_right }
    } else {
        let weights = matrix(file, "path", config.variable.as_deref())?;
        let variable = config.lengths_variable.as_deref();
        let lengths_mm = match lengths {
            Some(file) => Some(matrix(file, "lengths", variable)?),
            None if variable.is_some() => Some(matrix(file, "lengths_variable", variable)?),
            None => None,
        };
        Subject { weights, lengths_mm, positions_mm: None, is_right: None }
    };
    let weights = &subject.weights;
    if weights.rows != weights.columns {
        let message = format!(
            "weights have {} rows and {} columns; a row and a column per node are due",
            weights.rows, weights.columns
        );
        return Err(fail("path", file, message));
    }
    if let Some(found) = subject.lengths_mm.as_ref().filter(|l| (l.rows, l.columns) != (weights.rows, weights.rows)) {
        let message =
            format!("lengths are {} x {}, weights {} x {}", found.rows, found.columns, weights.rows, weights.rows);
        return Err(fail("lengths", lengths.unwrap_or(file), message));
    }
    if let Some(lengths_mm) = &subject.lengths_mm {
        same_names(lengths_mm, weights).map_err(|message| fail("lengths", lengths.unwrap_or(file), message))?;
    }
    Ok(subject)
}

/// Matrices whose files name their nodes otherwise are not of the same nodes.
fn same_names(lengths: &Matrix, weights: &Matrix) -> Result<(), String> {
    for (own, other) in [(&lengths.row_names, &weights.row_names), (&lengths.column_names, &weights.column_names)] {
        let differing = own.iter().flatten().zip(other.iter().flatten()).find(|(own, other)| own != other);
        if let Some((own, other)) = differing {
            return Err(format!("lengths have the node `{own}` where weights have `{other}`"));
        }
    }
    Ok(())
}

/// A number for each node: a row, a column, or the first of several columns.
pub(super) fn divisors(file: &FileRef) -> Result<Vec<f64>, ConfigError> {
    let matrix = matrix(file, "divisors", None)?;
    if matrix.rows == 1 {
        return Ok(matrix.values);
    }
    Ok(matrix.values.iter().copied().step_by(matrix.columns).collect())
}

/// The name in each line.
pub(super) fn names(file: &FileRef) -> Result<Vec<String>, ConfigError> {
    let read = file.read(read_names).map_err(|error| fail("labels", file, error))?;
    read.map_err(|error| fail("labels", file, error))
}

/// The matrix of a file of any format but an archive of several.
pub(crate) fn matrix(file: &FileRef, field: &str, variable: Option<&str>) -> Result<Matrix, ConfigError> {
    let extension = file.extension();
    let wrong = |message: String| fail(field, file, message);
    if let Some(variable) = variable.filter(|_| !matches!(extension.as_str(), "mat" | "npz")) {
        return Err(wrong(format!("there is no array `{variable}` to choose; .mat and .npz files have several")));
    }
    if has_columns(&extension) {
        return of_columns(file, field);
    }
    let read = file.read(|reader| match extension.as_str() {
            "npy" => of_npy(reader),
            "npz" => read_npz_array(reader, variable)
                .map_err(|error| error.to_string())
                .and_then(|bytes| of_npy(&mut std::io::Cursor::new(bytes))),
            "mat" => read_mat(reader).map_err(|error| error.to_string()).and_then(|read| of_mat(&read, variable)),
            "csv" | "tsv" | "txt" | "dat" => read_matrix(reader).map_err(|error| error.to_string()),
            other => Err(format!(
                "`.{other}` is not read here; allowed: .npy, .npz, .csv, .tsv, .txt, .dat, .mat, .parquet, .arrow, .feather, and .zip for weights"
            )),
        }
    );
    read.map_err(|error| wrong(error.to_string()))?.map_err(wrong)
}

fn fail(field: &str, file: &FileRef, message: impl std::fmt::Display) -> ConfigError {
    ConfigError::at(field, format!("`{}`: {message}", file.name))
}

fn plain(rows: usize, columns: usize, values: Vec<f64>) -> Matrix {
    Matrix { rows, columns, values, row_names: None, column_names: None }
}

fn of_npy<R: std::io::Read + std::io::Seek>(reader: &mut R) -> Result<Matrix, String> {
    // An array is channels x samples there, at whatever rate.
    let read = read_npy(reader, 1.0).map_err(|error| match error {
        NpyError::Shape { shape } => format!("shape {shape}; a matrix with a row and a column per node is due"),
        error => error.to_string(),
    })?;
    let columns = read.channels.first().map_or(0, |channel| channel.samples.len());
    let values = read.channels.iter().flat_map(|channel| channel.samples.iter().copied()).collect();
    Ok(plain(read.channels.len(), columns, values))
}

fn of_mat(variables: &[(String, MatValue)], variable: Option<&str>) -> Result<Matrix, String> {
    let is_matrix = |value: &MatValue| match value {
        MatValue::Numbers(numbers) => numbers.len() > 1,
        MatValue::Sparse(_) => true,
        _ => false,
    };
    let listed = || {
        variables
            .iter()
            .take(12)
            .map(|(name, value)| format!("`{name}` ({})", value.told()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let value = match variable {
        Some(path) => {
            find(variables, path).ok_or_else(|| format!("it has no variable `{path}`; in it: {}", listed()))?
        }
        None => {
            let arrays: Vec<&MatValue> =
                variables.iter().map(|(_, value)| value).filter(|value| is_matrix(value)).collect();
            match *arrays.as_slice() {
                [one] => one,
                [] => return Err(format!("it has no matrix; in it: {}", listed())),
                _ => {
                    return Err(format!("it has several matrices, and a variable must be chosen; in it: {}", listed()));
                }
            }
        }
    };
    match value {
        MatValue::Numbers(Numbers { dims, is_complex: false, real: Some(real), .. }) if dims.len() == 2 => {
            let (rows, columns) = (dims[0], dims[1]);
            if real.len() != rows * columns || real.is_empty() {
                return Err(format!("the array has {} numbers", real.len()));
            }
            let values = (0..rows * columns).map(|place| real[place % columns * rows + place / columns]).collect();
            Ok(plain(rows, columns, values))
        }
        MatValue::Sparse(sparse) if sparse.imaginary.is_none() => {
            let [rows, columns] = sparse.dims;
            refuse_memory(rows.max(columns) as u64).map_err(|error| error.to_string())?;
            let mut values = vec![0.0; rows * columns];
            for (column, span) in sparse.column_starts.windows(2).enumerate() {
                for place in span[0]..span[1] {
                    let stored = sparse.rows.get(place).zip(sparse.real.get(place)).filter(|(row, _)| **row < rows);
                    let (row, value) = stored.ok_or("its sparse matrix is damaged")?;
                    *values.get_mut(row * columns + column).ok_or("its sparse matrix is damaged")? = *value;
                }
            }
            Ok(plain(rows, columns, values))
        }
        other => Err(format!("the variable is {}; a matrix of real numbers is due", other.told())),
    }
}

/// Columns of numbers are columns of the matrix; one of text has the names of rows.
fn of_columns(file: &FileRef, field: &str) -> Result<Matrix, ConfigError> {
    let wrong = |message: String| fail(field, file, message);
    let table = read_columns(file, field)?.join().map_err(|error| wrong(error.to_string()))?;
    let rows = table.num_rows();
    let (mut row_names, mut column_names, mut columns) = (None, Vec::new(), Vec::new());
    for (of_column, array) in table.schema().fields().iter().zip(table.columns()) {
        let name = of_column.name();
        if array.null_count() > 0 {
            return Err(wrong(format!(
                "the column `{name}` has {} missing values; none are allowed",
                array.null_count()
            )));
        }
        if array.data_type().is_numeric() {
            let numbers = arrow_cast::cast(array, &DataType::Float64).map_err(|error| wrong(error.to_string()))?;
            columns.push(numbers.as_primitive::<Float64Type>().values().to_vec());
            column_names.push(name.clone());
            continue;
        }
        let text = as_text(array).filter(|_| row_names.is_none());
        let text = text
            .ok_or_else(|| wrong(format!("the column `{name}` holds no numbers, and is not the only one of names")))?;
        let text = text.map_err(|error| wrong(error.to_string()))?;
        row_names = Some(text.as_string::<i32>().iter().map(|name| name.unwrap_or_default().to_owned()).collect());
    }
    if rows == 0 || columns.is_empty() {
        return Err(wrong("it has no numbers".to_owned()));
    }
    let values = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    // With names of rows the others are those of columns; without, they are names of nodes as well.
    Ok(Matrix { rows, columns: columns.len(), values, row_names, column_names: Some(column_names) })
}
