//! What can be wrong with an NWB file.

use crate::hdf5::Hdf5Error;

/// Why an NWB file cannot be read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
pub enum NwbError {
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),
    #[error("not an NWB file: it has no `nwb_version`")]
    NotNwb,
    #[error("it has no series of numbers at even times{}", reasons(left_out))]
    Nothing { left_out: Vec<String> },
    #[error("it has no series `{wanted}`; it has {}{}", known.join(", "), why.iter().map(|why| format!(" ({why})")).collect::<String>())]
    NoSeries { wanted: String, known: Vec<String>, why: Option<String> },
    #[error(
        "`{first}` begins at {first_s} s and `{other}` at {other_s} s; windows are cut from series that begin together: name one by `variable`"
    )]
    WindowOfSeries { first: String, first_s: f64, other: String, other_s: f64 },
    #[error("it has no table `units`")]
    NoUnits,
    #[error("the table `{table}`: {problem}")]
    Table { table: String, problem: &'static str },
}

fn reasons(left_out: &[String]) -> String {
    left_out.iter().take(6).map(|note| format!("; {note}")).collect()
}
