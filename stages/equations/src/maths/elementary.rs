//! Functions that models seldom need, by `libm`, one number after the other.

pub use libm::{acos as arccos, asin as arcsin, atan as arctan, cosh, log1p, log10, sinh, tan};
