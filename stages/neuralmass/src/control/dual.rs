//! Numbers that carry their derivatives in `K` variables (forward differentiation).

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::{OfTwo, Real};

/// A value and its derivatives.
///
/// Where a function has an infinite derivative (a square root at 0), variables that do not reach it keep the
/// derivative 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dual<const K: usize> {
    /// The number; what `f64` would give, bit for bit.
    pub value: f64,
    /// Its derivatives.
    pub slopes: [f64; K],
}

impl<const K: usize> Dual<K> {
    /// The variable number `place`; beyond `K` a constant.
    pub fn variable(value: f64, place: usize) -> Self {
        Self { value, slopes: std::array::from_fn(|k| if k == place { 1.0 } else { 0.0 }) }
    }

    #[inline(always)]
    fn chain(self, value: f64, derivative: f64) -> Self {
        Self { value, slopes: self.slopes.map(|slope| if slope == 0.0 { 0.0 } else { slope * derivative }) }
    }
}

impl<const K: usize> Add for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let slopes = std::array::from_fn(|k| self.slopes[k] + other.slopes[k]);
        Self { value: self.value + other.value, slopes }
    }
}

impl<const K: usize> Sub for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let slopes = std::array::from_fn(|k| self.slopes[k] - other.slopes[k]);
        Self { value: self.value - other.value, slopes }
    }
}

#[expect(clippy::suspicious_arithmetic_impl, reason = "the product rule")]
impl<const K: usize> Mul for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let slopes = std::array::from_fn(|k| self.slopes[k] * other.value + self.value * other.slopes[k]);
        Self { value: self.value * other.value, slopes }
    }
}

#[expect(clippy::suspicious_arithmetic_impl, reason = "the quotient rule")]
impl<const K: usize> Div for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let slopes = std::array::from_fn(|k| (self.slopes[k] - value * other.slopes[k]) / other.value);
        Self { value, slopes }
    }
}

impl<const K: usize> Neg for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { value: -self.value, slopes: self.slopes.map(|slope| -slope) }
    }
}

impl<const K: usize> AddAssign for Dual<K> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<const K: usize> Add<f64> for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: f64) -> Self {
        Self { value: self.value + other, ..self }
    }
}

impl<const K: usize> Sub<f64> for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: f64) -> Self {
        Self { value: self.value - other, ..self }
    }
}

impl<const K: usize> Mul<f64> for Dual<K> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: f64) -> Self {
        Self { value: self.value * other, slopes: self.slopes.map(|slope| slope * other) }
    }
}

impl<const K: usize> Real for Dual<K> {
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self { value, slopes: [0.0; K] }
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let value = Real::exp(self.value);
        self.chain(value, value)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(Real::ln(self.value), self.value.recip())
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        let root = Real::sqrt(self.value);
        self.chain(root, 0.5 / root)
    }

    #[inline(always)]
    fn sin(self) -> Self {
        self.chain(Real::sin(self.value), Real::cos(self.value))
    }

    #[inline(always)]
    fn cos(self) -> Self {
        self.chain(Real::cos(self.value), -Real::sin(self.value))
    }

    #[inline(always)]
    fn at_least(self, bound: f64) -> Self {
        if self.value <= bound { Self::of(Real::at_least(self.value, bound)) } else { self }
    }

    #[inline(always)]
    fn at_most(self, bound: f64) -> Self {
        if self.value >= bound { Self::of(Real::at_most(self.value, bound)) } else { self }
    }

    #[inline(always)]
    fn wrapped(self, modulus: f64) -> Self {
        Self { value: Real::wrapped(self.value, modulus), ..self }
    }

    #[inline(always)]
    fn of_two<const N: usize>(x: Self, y: Self, functions: impl OfTwo<N>) -> [Self; N] {
        functions.at(x.value, y.value).map(|[value, in_x, in_y]| Self {
            value,
            slopes: std::array::from_fn(|k| x.slopes[k] * in_x + y.slopes[k] * in_y),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Two = Dual<2>;

    fn expression<R: Real>(x: R, y: R) -> R {
        let [bilinear] = R::of_two(x, y, |x, y| [[x * y, y, x]]);
        let waves = (x * y).sin() * (x - y).cos() + (x.powi(3) + 1.0).ln();
        let mut sum = waves + (-x).exp() / (y * y + 0.5).sqrt() - bilinear * 0.3;
        sum += (x * 4.0).wrapped(3.0) + y.at_least(0.1).at_most(0.9) - 1.0;
        sum
    }

    #[test]
    fn derivatives_are_those_of_finite_differences_and_values_those_of_f64() {
        for [x, y] in [[0.3, 0.7], [1.1, 0.2], [0.9, 0.05], [0.4, 1.7]] {
            let found = expression(Two::variable(x, 0), Two::variable(y, 1));
            let at = |dx: f64, dy: f64| expression(x + dx, y + dy);
            assert_eq!(found.value, at(0.0, 0.0));
            let h = 1e-3;
            let slope = |f: &dyn Fn(f64) -> f64| (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
            for (k, expected) in [slope(&|h| at(h, 0.0)), slope(&|h| at(0.0, h))].into_iter().enumerate() {
                assert!((found.slopes[k] - expected).abs() < 1e-9, "{x} {y}: {} not {expected}", found.slopes[k]);
            }
        }
    }

    #[test]
    fn bounds_and_infinite_derivatives() {
        let at = |value| Two::variable(value, 0);
        assert_eq!(at(1.0).at_least(1.0).slopes, [0.0; 2]);
        assert_eq!(at(2.0).at_most(1.0), Two::of(1.0));
        assert_eq!(at(0.5).at_least(0.0).at_most(1.0), at(0.5));
        assert!(at(f64::NAN).at_least(0.0).value.is_nan());
        assert_eq!(at(0.0).sqrt().slopes, [f64::INFINITY, 0.0]);
        assert_eq!(Two::variable(0.3, 2), Two::of(0.3));
    }
}
