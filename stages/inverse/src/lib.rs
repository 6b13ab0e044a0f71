//! Inverse models: regression, cross-validation, metrics.
