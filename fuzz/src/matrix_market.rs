//! Matrix Market: entries within the matrix and no more than the file can hold, or an error of bounded length.

use std::io::Cursor;

use lapicque_recording::matrix_market::read_matrix_market;

pub fn target(data: &[u8]) {
    match read_matrix_market(&mut Cursor::new(data)) {
        Ok(found) => {
            // An entry takes two bytes, and may be mirrored.
            assert!(found.entries.len() <= data.len());
            assert!(found.entries.iter().all(|&(row, column, _)| row < found.rows && column < found.columns));
        }
        Err(error) => assert!(error.to_string().len() < 10_000),
    }
}
