//! Matrices of text, and archives of them.

use std::io::Cursor;

use lapicque_recording::matrix::{Matrix, read_matrix, read_names, read_tvb};

pub fn target(data: &[u8]) {
    let makes_sense = |matrix: &Matrix| {
        assert_eq!(matrix.values.len(), matrix.rows * matrix.columns);
        assert!(!matrix.values.is_empty());
        assert!(matrix.row_names.as_ref().is_none_or(|names| names.len() == matrix.rows));
        assert!(matrix.column_names.as_ref().is_none_or(|names| names.len() == matrix.columns));
    };
    let _ = read_matrix(&mut &data[..]).map(|matrix| makes_sense(&matrix));
    let _ = read_names(&mut &data[..]);
    if let Ok(tvb) = read_tvb(&mut Cursor::new(data)) {
        [Some(tvb.weights), tvb.lengths_mm, tvb.centres_mm].iter().flatten().for_each(makes_sense);
    }
}
