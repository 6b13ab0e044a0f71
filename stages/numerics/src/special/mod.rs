//! Special functions of mean-field theory, all of dimensionless numbers.

mod error_functions;
pub mod quadrature;

pub use error_functions::{dawson, erf, erfcx, erfcx_deficit, erfcx_integral, erfcx_integral_over};
