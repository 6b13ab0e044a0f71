//! Figures from tables: what `lapicque plot` draws, for whoever has a table.
//!
//! ```
//! use std::sync::Arc;
//!
//! use arrow::array::{ArrayRef, Float64Array, RecordBatch};
//! use lapicque_figures::{Choices, FileType, image};
//!
//! let column = |values: Vec<f64>| -> ArrayRef { Arc::new(Float64Array::from(values)) };
//! let table = RecordBatch::try_from_iter([
//!     ("weight", column(vec![26.0, 28.0, 30.0])),
//!     ("rate_hz", column(vec![0.1, 2.9, 6.5])),
//! ])?;
//! let drawn = image(&table, &Choices::default(), FileType::Svg)?;
//! assert_eq!(drawn.left_out, 0);
//! assert!(std::str::from_utf8(&drawn.content)?.starts_with("<svg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Invariant:** knows no store, no pipeline and no file: a table goes in, an image comes out.
#![warn(missing_docs)]

mod drawing;
mod from_table;
mod ticks;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;

/// How rows are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line for each colour.
    Lines,
    /// A point for each row.
    Points,
    /// A bar for each row, in groups by x.
    Bars,
    /// A cell for each row: columns x, y, value and panel; x and y are numbers, or names as of a matrix.
    Heatmap,
}

/// What a figure looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Bars if x holds texts, else lines, where it is not said.
    pub mark: Option<Mark>,
    /// Whether x is logarithmic.
    pub log_x: bool,
    /// Whether y is logarithmic.
    pub log_y: bool,
    /// Text above the figure.
    pub title: Option<String>,
}

/// What an image is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// Text, of any size.
    Svg,
    /// Two pixels per point.
    Png,
}

/// An image of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What goes into the file.
    pub content: Vec<u8>,
    /// Rows that have no place on the axes: missing values, and numbers without a logarithm.
    pub left_out: usize,
}

/// Why a table is not drawn.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum FigureError {
    #[error("the query gives {columns} columns; expected x and y, and then, where there are several, colour and panel")]
    Columns { columns: usize },
    #[error("the query gives {rows} rows; at most {most} are drawn: aggregate, or choose some")]
    Rows { rows: usize, most: usize },
    #[error("{found} {what}; at most {most} can be told apart")]
    Several { what: &'static str, found: usize, most: usize },
    #[error("--log-x: the names under bars have no logarithm")]
    LogarithmOfNames,
    #[error("several rows for the bar `{name}`: aggregate, or give them a colour")]
    SeveralForBar { name: String },
    #[error("several rows for the cell at {x} and {y}: aggregate, or give them a panel")]
    SeveralForCell { x: String, y: String },
    #[error("the query gives no row that has a place on these axes")]
    Nothing,
    #[error("a heatmap has the columns x, y and value, and panel if there are several")]
    HeatmapColumns,
    #[error("a heatmap has no logarithmic axes")]
    HeatmapLogarithm,
    #[error("{found} values of `{column}`; a heatmap has at most {most} each way")]
    Cells { column: String, found: usize, most: usize },
    #[error("the values of `{column}` are not evenly spaced, as those of a heatmap have to be")]
    Uneven { column: String },
    #[error("the column `{column}` holds no numbers")]
    NoNumbers { column: String },
    #[error("the column `{column}` must hold numbers to be drawn; it is {data_type}")]
    NotNumbers { column: String, data_type: DataType },
    #[error("the column `{column}`: {message}")]
    Values { column: String, message: String },
    #[error("the image cannot be made: {message}")]
    Png { message: String },
}

/// Draws a table whose columns are x and y, and then, where there are several, colour and panel; of a heatmap x, y, value
/// and panel, where x and y may be names: the first is leftmost and on top. The unit of a column is the metadata `unit` of its field.
///
/// # Errors
/// Columns, rows or values that cannot be drawn so.
pub fn image(table: &RecordBatch, choices: &Choices, file_type: FileType) -> Result<Image, FigureError> {
    from_table::check_size(table)?;
    let (figure, left_out) = match choices.mark {
        Some(Mark::Heatmap) => from_table::heatmap(table, choices)?,
        _ => from_table::figure(table, choices)?,
    };
    Ok(Image { content: drawing::draw(&figure, file_type)?, left_out })
}
