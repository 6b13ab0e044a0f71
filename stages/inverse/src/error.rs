//! What can be wrong with training data, an estimator's parameters, a validation scheme or a model document.
//!
//! Messages name the parameter, row or field, its value, and what is allowed.

use lapicque_density::DensityError;

/// The error of every function of this crate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InverseError {
    /// A value of the training data is NaN or infinite.
    #[error(
        "{role} `{name}` of row {row} is {value}; features and targets of training rows must be finite (leave such rows out, and say so, before training)"
    )]
    NotFinite {
        /// `feature` or `target`.
        role: &'static str,
        /// Of the column.
        name: String,
        /// Of the data, from 0.
        row: usize,
        /// What stands there.
        value: f64,
    },
    /// A text that is no expression.
    #[error("`{text}` is no expression: at character {character}, {problem}")]
    Expression {
        /// As it was written.
        text: String,
        /// Where it goes wrong, from 1.
        character: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A feature is missing everywhere.
    #[error("feature `{feature}` has no value in any row; leave it out")]
    NoValue {
        /// Its name.
        feature: String,
    },
    /// A candidate of a search that cannot be fitted.
    #[error("candidate {number} ({estimator}): {problem}")]
    Candidate {
        /// From 1.
        number: usize,
        /// As configurations write it.
        estimator: String,
        /// What it refuses.
        problem: Box<InverseError>,
    },
    /// Lengths that must agree do not, or something is empty.
    #[error("{what} has {found}, but {expected} is needed")]
    Shape {
        /// The argument.
        what: &'static str,
        /// Its length, with what is counted.
        found: String,
        /// The length that is needed, and why.
        expected: String,
    },
    /// Columns are found by name, so a name stands for one.
    #[error("{role} `{name}` is named twice; names must be unique")]
    DuplicateName {
        /// `feature` or `target`.
        role: &'static str,
        /// What is named twice.
        name: String,
    },
    /// A gap in the numbers of samples.
    #[error("sample indices must number the samples 0, 1, ... without gaps: sample {sample} has no row")]
    SampleWithoutRows {
        /// The first index without rows.
        sample: usize,
    },
    /// The estimator has no answer for so few rows.
    #[error("{estimator} needs at least {needed} training rows, found {found}")]
    TooFewRows {
        /// Its name.
        estimator: &'static str,
        /// The fewest rows it takes, here with these features.
        needed: usize,
        /// Rows to train on.
        found: usize,
    },
    /// All features are constant over the training rows.
    #[error(
        "no feature varies over the {rows} training rows ({features} features, all constant); there is nothing to regress on"
    )]
    NoVaryingFeature {
        /// Training rows of this fit.
        rows: usize,
        /// Features of the data.
        features: usize,
    },
    /// [`InverseError::DependentColumn`], with the name in place of the position.
    #[error(
        "feature `{name}` is, to rounding, a linear combination of the features before it: least squares has no single answer (leave it out, or use ridge with alpha > 0)"
    )]
    DependentFeature {
        /// Of the feature.
        name: String,
    },
    /// What an estimator says, which knows no names: coefficients are not determined.
    #[error("column {column} of the features is, to rounding, a linear combination of those before it")]
    DependentColumn {
        /// From 0, among the features that it was given.
        column: usize,
    },
    /// A training row has a feature whose logarithm is asked for, and which has none.
    #[error("feature `{feature}` is {value} in a training row; the step `log` needs values above 0")]
    NoLogarithm {
        /// Its name.
        feature: String,
        /// What stands there.
        value: f64,
    },
    /// A parameter is out of range.
    #[error("`{parameter}` of {owner} is {value}; allowed: {allowed}")]
    Parameter {
        /// The estimator or validation scheme.
        owner: &'static str,
        /// Its name in the configuration.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// The range, in words.
        allowed: String,
    },
    /// A split that cannot be used.
    #[error(
        "fold {fold} of repeat {repeat} {problem}; every fold needs test samples and leaves others to train on, each sample index below {samples} and at most once"
    )]
    Fold {
        /// From 0.
        repeat: usize,
        /// From 0 in each repeat.
        fold: usize,
        /// What it does wrong, after the words `fold 1 of repeat 0`.
        problem: String,
        /// Samples of the data.
        samples: usize,
    },
    /// A group without samples, or a number too large for so many samples.
    #[error("groups must be numbered 0, 1, ... without gaps; group {group} does not fit for {samples} samples")]
    GroupNumber {
        /// The first such number.
        group: usize,
        /// Samples of the data.
        samples: usize,
    },
    /// A sum of squares is not finite though each value is.
    #[error(
        "numbers are too large: sums of squares overflow (largest feature or target must stay well below 1e150); use other units or standardize"
    )]
    Overflow,
    /// The decomposition did not converge.
    #[error("eigenvalues of the features' covariance could not be computed: {reason}")]
    Eigenvalues {
        /// As the library says it.
        reason: String,
    },
    /// Principal components could not be found.
    #[error("principal components could not be found: {reason}")]
    Components {
        /// As the library says it.
        reason: String,
    },
    /// The decomposition failed.
    #[error("least squares failed: {reason}")]
    LeastSquares {
        /// As the library says it.
        reason: String,
    },
    /// Steps towards the answer ended before they were near enough.
    #[error(
        "{estimator} did not converge: after {iterations} passes {left:.1e} is left, and `tolerance` is {tolerance:e}; allow more passes (`most_iterations`), a larger `tolerance`, or a stronger penalty"
    )]
    NotConverged {
        /// Its name.
        estimator: &'static str,
        /// As many as were allowed.
        iterations: usize,
        /// How far it is, in what the tolerance is in.
        left: f64,
        /// What was asked for.
        tolerance: f64,
    },
    /// More rows than the estimator can take in reasonable time and memory.
    #[error("{estimator} takes at most {most} training rows, found {found}; {instead}")]
    TooManyRows {
        /// Its name.
        estimator: &'static str,
        /// The most rows it takes.
        most: usize,
        /// Rows to train on.
        found: usize,
        /// What to do, in words.
        instead: &'static str,
    },
    /// What estimators of posteriors say of targets: there is nothing to learn about one.
    #[error(
        "column {target} of the targets (from 0) has one value in all training rows; a posterior needs values that vary (leave the target out)"
    )]
    ConstantTarget {
        /// From 0.
        target: usize,
    },
    /// [`InverseError::ConstantTarget`], with the name in place of the position.
    #[error("the target {name} is the same in all training rows: there is no posterior to learn (leave it out)")]
    TargetDoesNotVary {
        /// Of the target, with its unit.
        name: String,
    },
    /// [`InverseError::OutsidePrior`], with the name in place of the position.
    #[error(
        "the target {name} is {value} in a training row, where its prior (from {low} to {high}) has no mass; so it is in {rows} rows: state the prior that the samples were drawn from, or leave these rows out"
    )]
    TargetOutsidePrior {
        /// Of the target, with its unit.
        name: String,
        /// The first such value.
        value: f64,
        /// Least value of the prior.
        low: f64,
        /// Largest value of the prior.
        high: f64,
        /// How many rows are so.
        rows: usize,
    },
    /// Training samples and prior do not belong together.
    #[error(
        "column {target} of the targets (from 0) is {value} in training row {row}, where its prior (from {low} to {high}) has no mass; so it is in {rows} rows: state the prior that the samples were drawn from, or leave these rows out"
    )]
    OutsidePrior {
        /// From 0.
        target: usize,
        /// The first such row, from 0.
        row: usize,
        /// What stands there.
        value: f64,
        /// Least value of the prior.
        low: f64,
        /// Largest value of the prior.
        high: f64,
        /// How many rows are so.
        rows: usize,
    },
    /// Sampling would take for ever.
    #[error(
        "only {accepted} of {proposed} draws lie where the prior has mass (at least {least} are needed): for these features the estimator puts the parameters outside of the prior; the features may lie far from the training set, or the prior be too narrow"
    )]
    LittleMass {
        /// Draws that lie within.
        accepted: usize,
        /// Draws that were made.
        proposed: usize,
        /// How many must lie within for so many.
        least: usize,
    },
    /// Something asks for the density of a posterior that consists of draws alone.
    #[error("this posterior knows no density, only draws; use npe or nle")]
    NoDensity,
    /// A density could not be learned.
    #[error(transparent)]
    Density(DensityError),
    /// No chain found a place to begin.
    #[error(
        "the likelihood of these features is zero or undefined at each of {tried} draws of the prior: the features lie far from the training set"
    )]
    NoLikelihood {
        /// Draws of the prior that were looked at.
        tried: usize,
    },
    /// A posterior is asked for features that are not there.
    #[error("feature {feature} (from 0) is {value}; a posterior needs finite features (leave the row out)")]
    FeatureNotFinite {
        /// From 0, among the features that the fit saw.
        feature: usize,
        /// What stands there.
        value: f64,
    },
    /// [`InverseError::FeatureNotFinite`], with the name in place of the position.
    #[error("feature `{name}` is {value}; a posterior needs finite features")]
    MissingValue {
        /// Of the feature.
        name: String,
        /// What stands there.
        value: f64,
    },
    /// A network could not be trained.
    #[error("{estimator}: {reason}")]
    Training {
        /// Its name.
        estimator: &'static str,
        /// As the trainer says it.
        reason: String,
    },
    /// [`FitContext::cancelled`](crate::FitContext::cancelled) said so.
    #[error("cancelled")]
    Cancelled,
    /// A model document is not what it should be.
    #[error("model field `{field}` {problem}")]
    Document {
        /// By its path, such as `fitted.linear.intercept`.
        field: String,
        /// What is wrong with it, and what is allowed.
        problem: String,
    },
    /// A table that the model is applied to lacks a column.
    #[error("feature `{name}` of the model is not among the columns given: {given}")]
    MissingFeature {
        /// The feature of the model.
        name: String,
        /// The columns there are, joined by commas.
        given: String,
    },
}

/// What was wrong with a density, as the error of this crate.
pub(crate) fn of_density(error: DensityError) -> InverseError {
    match error {
        DensityError::Cancelled => InverseError::Cancelled,
        other => InverseError::Density(other),
    }
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
