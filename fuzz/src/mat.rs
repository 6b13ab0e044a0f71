//! MAT files of all versions, and EEGLAB's: a tree of values that fits the file, or an error of bounded length.

use std::io::Cursor;

use lapicque_recording::mat::{MatValue, read_mat};

use super::one_file::holds;

pub fn target(data: &[u8]) {
    match read_mat(&mut Cursor::new(data)) {
        Ok(variables) => variables.iter().for_each(|(_, value)| check(value)),
        Err(error) => assert!(error.to_string().len() < 10_000),
    }
    holds(data, "mat");
    holds(data, "set");
}

/// As many elements as the dimensions say.
fn check(value: &MatValue) {
    assert!(value.told().len() < 10_000);
    match value {
        MatValue::Numbers(numbers) => {
            assert_eq!(numbers.real.as_ref().map(Vec::len), Some(numbers.len()));
            assert!(numbers.imaginary.as_ref().is_none_or(|parts| parts.len() == numbers.len()));
        }
        MatValue::Cell { dims, items } => {
            assert_eq!(items.len(), dims.iter().product::<usize>());
            items.iter().for_each(check);
        }
        MatValue::Struct { dims, fields } => {
            let count = dims.iter().product::<usize>();
            for (_, values) in fields {
                assert_eq!(values.len(), count);
                values.iter().for_each(check);
            }
        }
        MatValue::Sparse(sparse) => {
            assert_eq!(sparse.rows.len(), sparse.real.len());
            assert!(sparse.rows.iter().all(|&row| row < sparse.dims[0]));
            assert!(sparse.column_starts.is_sorted());
        }
        MatValue::Text(_) | MatValue::Other { .. } => {}
    }
}
