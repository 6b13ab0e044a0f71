//! One file per table: its columns, units and key, and how stages read and write it.

pub mod bifurcation;
pub mod channels;
mod columns;
pub mod connectivity;
pub mod connectome;
pub mod cycles;
pub mod epochs;
pub mod events;
pub mod features;
pub mod held_out;
pub mod kernels;
pub mod lead_field;
mod list;
pub mod metrics;
pub mod model;
pub mod neuron_table;
pub mod nodes;
pub mod pairs;
pub mod parameters;
pub mod populations;
pub mod posterior;
pub mod predictions;
pub mod recordings;
pub mod segments;
pub mod signals;
pub mod spectra;
pub mod spectral_peaks;
pub mod spectrograms;
pub mod spikes;
pub mod spiking_features;

pub use columns::{TextColumn, float_column, int_column, text_column};
pub use list::{ALL, FREE, Further, NAMES, TableSpec};

/// A table that is not what it is said to be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TableError {
    #[error("the {table} table has no column `{column}` (it has: {present})")]
    MissingColumn { table: &'static str, column: String, present: String },
    #[error("column `{column}` is {found}; expected {expected}")]
    WrongType { column: String, expected: &'static str, found: String },
    #[error("column `{column}` has {nulls} null values; none are allowed")]
    Nulls { column: String, nulls: usize },
    #[error("column `{column}` is {value} in row {row}; allowed: {allowed}")]
    OutOfRange { column: String, row: usize, value: i128, allowed: String },
    #[error(
        "row {row} has {} values in `{}` and {} in `{}`; as many are due",
        lengths.0, columns.0, lengths.1, columns.1
    )]
    Lengths { row: usize, columns: (&'static str, &'static str), lengths: (usize, usize) },
    #[error("building a table failed: {0}")]
    Build(String),
}

impl From<arrow_schema::ArrowError> for TableError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self::Build(error.to_string())
    }
}
