//! What can be wrong with training data, an estimator's parameters, a validation scheme or a model document.
//!
//! Messages name the parameter, row or field, its value, and what is allowed.

/// The error of every function of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InverseError {
    #[error(
        "{role} `{name}` of row {row} is {value}; features and targets of training rows must be finite (leave such rows out, and say so, before training)"
    )]
    NotFinite { role: &'static str, name: String, row: usize, value: f64 },
    #[error("{what} has {found}, but {expected} is needed")]
    Shape { what: &'static str, found: String, expected: String },
    #[error("{role} `{name}` is named twice; names must be unique")]
    DuplicateName { role: &'static str, name: String },
    #[error("sample indices must number the samples 0, 1, ... without gaps: sample {sample} has no row")]
    SampleWithoutRows { sample: usize },
    #[error("{estimator} needs at least {needed} training rows, found {found}")]
    TooFewRows { estimator: &'static str, needed: usize, found: usize },
    #[error(
        "no feature varies over the {rows} training rows ({features} features, all constant); there is nothing to regress on"
    )]
    NoVaryingFeature { rows: usize, features: usize },
    #[error(
        "feature `{name}` is, to rounding, a linear combination of the features before it: least squares has no single answer (leave it out, or use ridge with alpha > 0)"
    )]
    DependentFeature { name: String },
    #[error("column {column} of the features is, to rounding, a linear combination of those before it")]
    DependentColumn { column: usize },
    #[error("`{parameter}` of {owner} is {value}; allowed: {allowed}")]
    Parameter { owner: &'static str, parameter: &'static str, value: String, allowed: String },
    #[error(
        "fold {fold} of repeat {repeat} {problem}; every fold needs test samples and leaves others to train on, each sample index below {samples} and at most once"
    )]
    Fold { repeat: usize, fold: usize, problem: String, samples: usize },
    #[error("groups must be numbered 0, 1, ... without gaps; group {group} does not fit for {samples} samples")]
    GroupNumber { group: usize, samples: usize },
    #[error(
        "numbers are too large: sums of squares overflow (largest feature or target must stay well below 1e150); use other units or standardize"
    )]
    Overflow,
    #[error("eigenvalues of the features' covariance could not be computed: {reason}")]
    Eigenvalues { reason: String },
    #[error("least squares failed: {reason}")]
    LeastSquares { reason: String },
    #[error("random forest failed: {reason}")]
    RandomForest { reason: String },
    #[error("cancelled")]
    Cancelled,
    #[error("model field `{field}` {problem}")]
    Document { field: String, problem: String },
    #[error("feature `{name}` of the model is not among the columns given: {given}")]
    MissingFeature { name: String, given: String },
}

/// A number of a model that must be finite.
pub(crate) fn check_finite(field: impl FnOnce() -> String, value: f64) -> Result<(), InverseError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(InverseError::Document { field: field(), problem: format!("is {value}; it must be a finite number") })
}

/// A list of a model that must have as many entries as something else.
pub(crate) fn check_length(field: &str, found: usize, expected: usize, of: &str) -> Result<(), InverseError> {
    if found == expected {
        return Ok(());
    }
    let problem = format!("has {found} entries; the model has {expected} {of}");
    Err(InverseError::Document { field: field.to_owned(), problem })
}
