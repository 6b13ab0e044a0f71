//! Scales: positive numbers of any number that a network gives.

use crate::number::Number;

/// Added to every scale, as in sbi: no density is a spike.
const LEAST: f64 = 1e-3;
/// ln(e - 1): zero then gives 1 (and [`LEAST`]).
const SHIFT: f64 = 0.541_324_854_612_918_1;

/// `ln(1 + exp(x + SHIFT)) + LEAST`, and its derivative.
pub(crate) fn positive<T: Number>(x: T) -> (T, T) {
    let x = x + T::of(SHIFT);
    // The exponential of what is not positive cannot overflow.
    let small = (-x.abs()).exp();
    let value = x.max(T::ZERO) + small.ln_1p();
    let slope = if x >= T::ZERO { T::ONE } else { small } / (T::ONE + small);
    (value + T::of(LEAST), slope)
}
