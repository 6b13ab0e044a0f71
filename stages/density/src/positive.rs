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
    let value = x.max(T::ZERO) + ln_1p(small);
    let slope = if x >= T::ZERO { T::ONE } else { small } / (T::ONE + small);
    (value + T::of(LEAST), slope)
}

/// ln(1 + x) for x from 0 to 1: twice the inverse hyperbolic tangent of z = x / (2 + x), which is z (1 + z^2 / 3 + z^4 / 5 + ...). z is at most 1/3, and what is
/// left out is below the last digit of the width.
#[inline(always)]
pub(crate) fn ln_1p<T: Number>(x: T) -> T {
    let two = T::of(2.0);
    let z = x / (two + x);
    let square = z * z;
    let mut series = T::ZERO;
    for term in (0..T::TERMS).rev() {
        series = series * square + T::of(1.0 / (2 * term + 1) as f64);
    }
    two * z * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right_to_the_last_digits() {
        for step in 0..=10_000 {
            let x = f64::from(step) * 1e-4;
            let narrow = x as f32;
            let right = f64::from(narrow).ln_1p();
            assert!((f64::from(ln_1p(narrow)) - right).abs() <= 3.0 * f64::from(f32::EPSILON) * right, "{x}");
            assert!((ln_1p(x) - x.ln_1p()).abs() <= 3.0 * f64::EPSILON * x.ln_1p(), "{x}");
        }
    }

    #[test]
    fn zero_gives_one_and_all_is_above_zero() {
        let value = |x: f64| positive(x).0;
        assert!((value(0.0) - 1.001).abs() < 1e-12);
        assert!(value(-1e300) >= 1e-3 && value(-40.0) < 1.1e-3);
        assert!((value(1e300) / 1e300 - 1.0).abs() < 1e-12);
        for x in [-20.0, -1.0, -SHIFT, 0.0, 3.0, 50.0] {
            let slope = (value(x + 1e-5) - value(x - 1e-5)) / 2e-5;
            assert!((positive(x).1 - slope).abs() < 1e-9, "{x}");
        }
    }
}
