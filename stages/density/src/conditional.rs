//! What a conditional density must tell.

use std::fmt::Debug;

use lapicque_numerics::random::Generator;
use ndarray::{Array2, ArrayView2};

/// A normalized density of `value_count` values, given `context_count` numbers. For the posterior of parameters the values are parameters and the context is
/// features; for a likelihood it is the other way round.
pub trait ConditionalDensity: Debug + Send + Sync {
    /// Number of values.
    fn value_count(&self) -> usize;

    /// Number of values of the context.
    fn context_count(&self) -> usize;

    /// The natural logarithm of the density of each row of `values`, given the row of `contexts` of the same number; either may have one row, which then goes
    /// with each row of the other. NaN where a number of the row is not finite.
    fn log_density(&self, values: ArrayView2<'_, f64>, contexts: ArrayView2<'_, f64>) -> Vec<f64>;

    /// `count` draws (draws x values) given one context. Random numbers are taken from `generator` in a fixed order, draw by draw, so fewer draws are the
    /// first of more.
    fn draw(&self, context: &[f64], count: usize, generator: &mut Generator) -> Array2<f64>;
}
