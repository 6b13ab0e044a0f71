//! The language of equations: what is written, what it means and whether its units fit.

pub mod expression;
pub mod span;
pub mod statement;
