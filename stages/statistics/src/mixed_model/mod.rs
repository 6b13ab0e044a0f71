//! Linear mixed models with one grouping factor, such as the subject: intercepts and slopes that vary between its levels.
//!
//! ```text
//! y = X beta + Z b + e,   b_j ~ N(0, s^2 L L'),   e ~ N(0, s^2 I)
//! ```
//!
//! with a lower triangular q x q matrix L for the q effects of a level j. beta and s^2 are known for each L, so that the deviance
//! (minus twice the log-likelihood) is a function of L alone (Bates, Maechler, Bolker and Walker 2015, J Stat Softw 67(1), eqs. 34
//! and 41):
//!
//! ```text
//! ML:    log|V| + n (1 + log(2 pi r^2 / n))
//! REML:  log|V| + log|X' V^-1 X| + (n - p) (1 + log(2 pi r^2 / (n - p)))
//! V = I + Z (L L') Z',   r^2 = min over beta of (y - X beta)' V^-1 (y - X beta)
//! ```
//!
//! It is computed from the cross products of each level (`likelihood.rs`) of orthonormal columns, and minimised with its gradient
//! (`minimise.rs`). Columns of X are those of treatment contrasts (`design.rs`). The covariance of b is not structured.
//!
//! Standard errors are those of beta for known L (Wald). With few levels they are too small: a comparison of two models by their
//! likelihood ([`likelihood_ratio`]) or a permutation of subjects depends on that less.

mod design;
mod fit;
mod likelihood;
mod minimise;

pub use design::{Model, ModelError, Predictor, Term, Values};
pub use fit::{Coefficient, Fit, FitError, LikelihoodRatio, Method, fit, likelihood_ratio};

#[cfg(test)]
mod tests;
