//! Numbers that networks compute with: 32 bits to train, 64 bits to evaluate, and to hold gradients against finite differences.
//!
//! `exp` and `tanh` are own ones, which a loop over a slice does several at a time. With n = round(x / ln 2) and r = x - n ln 2, |r| <= ln(2) / 2,
//! exp(x) = 2^n exp(r), and exp(r) is its Taylor series to the degree whose remainder is below half of the last digit (6 in 32 bits, 13 in 64).
//! tanh(x) = 1 - 2 / (exp(2 x) + 1). Errors, which tests hold: exp within 3 units in the last place wherever it is a normal number (beyond, it is the nearest
//! normal number), tanh within 2 units of the last place of 1.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use lapicque_numerics::vectorise::{Kernel, vectorise};

/// A floating-point number of a network.
pub(crate) trait Number:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + Sum
    + 'static
{
    const ZERO: Self;
    const ONE: Self;
    /// Terms of a series whose terms fall by a factor of nine each.
    const TERMS: usize;

    /// The nearest number of this width.
    fn of(value: f64) -> Self;

    fn wide(self) -> f64;

    fn exp(self) -> Self;

    fn ln(self) -> Self;

    fn sqrt(self) -> Self;

    fn abs(self) -> Self;

    /// The other one if it is NaN.
    fn max(self, other: Self) -> Self;

    fn min(self, other: Self) -> Self;

    #[inline(always)]
    fn tanh(self) -> Self {
        let two = Self::of(2.0);
        Self::ONE - two / ((self * two).exp() + Self::ONE)
    }

    /// `c = a b + beta c`, for matrices of `rows` x `inner` and `inner` x `columns` with these steps between rows and columns.
    ///
    /// # Safety
    /// All places that shapes and steps lead to lie in one allocation each, and those of `c` are nowhere else.
    #[allow(unsafe_code)]
    unsafe fn multiply(
        shape: [usize; 3],
        a: (*const Self, [isize; 2]),
        b: (*const Self, [isize; 2]),
        beta: Self,
        c: (*mut Self, [isize; 2]),
    );
}

/// Replaces each by its hyperbolic tangent.
pub(crate) fn tanh_all<T: Number>(values: &mut [T]) {
    vectorise(Tanh(values));
}

/// Replaces each by its exponential.
pub(crate) fn exp_all<T: Number>(values: &mut [T]) {
    vectorise(Exp(values));
}

struct Tanh<'a, T>(&'a mut [T]);

impl<T: Number> Kernel for Tanh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.0 {
            *value = value.tanh();
        }
    }
}

struct Exp<'a, T>(&'a mut [T]);

impl<T: Number> Kernel for Exp<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for value in self.0 {
            *value = value.exp();
        }
    }
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TERMS: usize = 8;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        // Added to a number below 2^22 it leaves the whole part in the lowest bits.
        const WHOLE: f32 = 12_582_912.0;
        const LN_2_HIGH: f32 = 0.693_359_4;
        const LN_2_LOW: f32 = -2.121_944_4e-4;
        let x = self.clamp(-87.0, 88.0);
        let shifted = x * std::f32::consts::LOG2_E + WHOLE;
        let n = shifted - WHOLE;
        let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
        let mut series = 1.0 / 720.0;
        for coefficient in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            series = series * r + coefficient;
        }
        series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.ln()
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.max(other)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.min(other)
    }

    #[allow(unsafe_code)]
    #[inline]
    unsafe fn multiply(
        [rows, inner, columns]: [usize; 3],
        (a, [a_row, a_column]): (*const Self, [isize; 2]),
        (b, [b_row, b_column]): (*const Self, [isize; 2]),
        beta: Self,
        (c, [c_row, c_column]): (*mut Self, [isize; 2]),
    ) {
        // SAFETY: the caller's promise is the one that `sgemm` asks for.
        unsafe {
            matrixmultiply::sgemm(
                rows, inner, columns, 1.0, a, a_row, a_column, b, b_row, b_column, beta, c, c_row, c_column,
            );
        }
    }
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const TERMS: usize = 17;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn exp(self) -> Self {
        // Added to a number below 2^51 it leaves the whole part in the lowest bits.
        const WHOLE: f64 = 6_755_399_441_055_744.0;
        const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
        const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
        const INVERSE_FACTORIALS: [f64; 13] = [
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
            1.0,
            1.0,
        ];
        let x = self.clamp(-708.0, 709.0);
        let shifted = x * std::f64::consts::LOG2_E + WHOLE;
        let n = shifted - WHOLE;
        let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
        let mut series = 1.0 / 6_227_020_800.0;
        for coefficient in INVERSE_FACTORIALS {
            series = series * r + coefficient;
        }
        series * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.ln()
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.sqrt()
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.abs()
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.max(other)
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.min(other)
    }

    #[allow(unsafe_code)]
    #[inline]
    unsafe fn multiply(
        [rows, inner, columns]: [usize; 3],
        (a, [a_row, a_column]): (*const Self, [isize; 2]),
        (b, [b_row, b_column]): (*const Self, [isize; 2]),
        beta: Self,
        (c, [c_row, c_column]): (*mut Self, [isize; 2]),
    ) {
        // SAFETY: the caller's promise is the one that `dgemm` asks for.
        unsafe {
            matrixmultiply::dgemm(
                rows, inner, columns, 1.0, a, a_row, a_column, b, b_row, b_column, beta, c, c_row, c_column,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_three_units_of_its_last_place() {
        for step in -8_000..8_000 {
            let x = f64::from(step) * 0.0107 + 0.000_3;
            let narrow = x as f32;
            if (-87.0..=88.0).contains(&narrow) {
                let right = f64::from(narrow).exp();
                let error = (f64::from(Number::exp(narrow)) - right).abs() / right;
                assert!(error < 3.0 * f64::from(f32::EPSILON), "exp({narrow}) is off by {error}");
            }
            let right = x.exp();
            let error = (Number::exp(x) - right).abs() / right;
            assert!(error < 3.0 * f64::EPSILON, "exp({x}) is off by {error}");
        }
        assert!(Number::exp(-1e30f32) < 1e-37 && Number::exp(1e300f64) > 1e307);
        assert!(Number::exp(f32::NAN).is_nan() && Number::exp(f64::NAN).is_nan());
    }

    #[test]
    fn tanh_is_within_two_units_of_the_last_place_of_one() {
        let mut narrow: Vec<f32> = (-4_000..4_000).map(|step| step as f32 * 0.0031).collect();
        let wide: Vec<f64> = narrow.iter().map(|&x| f64::from(x)).collect();
        let mut all = wide.clone();
        tanh_all(&mut narrow);
        tanh_all(&mut all);
        for ((x, short), long) in wide.iter().zip(&narrow).zip(&all) {
            assert!((f64::from(*short) - x.tanh()).abs() <= 2.0 * f64::from(f32::EPSILON), "{x}");
            assert!((long - x.tanh()).abs() <= 2.0 * f64::EPSILON, "{x}");
        }
    }

    #[test]
    fn slices_and_single_numbers_give_the_same_bits() {
        let values: Vec<f32> = (0..1003).map(|step| (step as f32 - 500.0) * 0.05).collect();
        let mut all = values.clone();
        exp_all(&mut all);
        assert!(values.iter().zip(&all).all(|(value, exp)| Number::exp(*value).to_bits() == exp.to_bits()));
    }
}
