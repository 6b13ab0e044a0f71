//! What can be wrong with settings, training rows, a training, or stored numbers.

/// The error of every function of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DensityError {
    /// A setting is out of range.
    #[error("`{setting}` of {owner} is {value}; allowed: {allowed}")]
    Setting {
        /// Whose it is: `mdn`, `maf`, `nsf`, `mlp` or `training`.
        owner: &'static str,
        /// Its name in configurations.
        setting: &'static str,
        /// What was given.
        value: String,
        /// The range, in words.
        allowed: &'static str,
    },
    /// Two tables differ in what they must share.
    #[error("there are {values} rows of {what}, but {contexts} rows of {other}; each row needs both")]
    Rows {
        /// What one table holds.
        what: &'static str,
        /// Its rows.
        values: usize,
        /// What the other one holds.
        other: &'static str,
        /// Its rows.
        contexts: usize,
    },
    /// A table without columns.
    #[error("{what} have no columns; at least one is needed")]
    NoColumns {
        /// What the table holds.
        what: &'static str,
    },
    /// Too few rows to learn anything from.
    #[error("{rows} training rows are too few; at least {needed} are needed")]
    TooFewRows {
        /// Those there are.
        rows: usize,
        /// The fewest.
        needed: usize,
    },
    /// A number of the training rows is NaN or infinite.
    #[error("column {column} of {what} is {value} in row {row}; training rows must be finite")]
    NotFinite {
        /// What the table holds.
        what: &'static str,
        /// From 0.
        row: usize,
        /// From 0.
        column: usize,
        /// What stands there.
        value: f64,
    },
    /// A quantity that is the same in all rows has no density.
    #[error("value {column} is the same in all training rows of a member; it has no density (leave it out)")]
    ConstantValue {
        /// From 0.
        column: usize,
    },
    /// The spread of a column is beyond what numbers can hold.
    #[error(
        "column {column} of {what} spreads too far or too little for its mean and standard deviation to be computed; use other units"
    )]
    Spread {
        /// What the table holds.
        what: &'static str,
        /// From 0.
        column: usize,
    },
    /// The loss of a training was NaN or infinite.
    #[error(
        "the loss of member {member} became {loss} in epoch {epoch}: the training diverged; a lower learning rate may help, and outliers in the training rows may be the cause"
    )]
    Diverged {
        /// Of the ensemble, from 0.
        member: usize,
        /// From 1.
        epoch: usize,
        /// What it was.
        loss: f64,
    },
    /// Whoever watched the training wanted it no longer.
    #[error("cancelled")]
    Cancelled,
    /// Stored numbers are not what they should be.
    #[error("`{array}` {problem}")]
    Stored {
        /// Its name.
        array: String,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
    /// Samples that cannot be told apart by a classifier.
    #[error("{problem}")]
    Samples {
        /// What is wrong with them.
        problem: String,
    },
}
