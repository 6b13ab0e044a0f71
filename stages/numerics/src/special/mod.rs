//! Special functions of mean-field theory and of statistics, all of dimensionless numbers.

mod error_functions;
mod exponential;
mod lambert;
mod normal;
pub mod parabolic_cylinder;
pub mod quadrature;

pub use error_functions::{dawson, erf, erfcx, erfcx_deficit, erfcx_integral, erfcx_integral_over};
pub use exponential::exp_m1_over;
pub use lambert::lambert_w;
pub use normal::{LOG_SQRT_TWO_PI, normal_below, normal_quantile};
