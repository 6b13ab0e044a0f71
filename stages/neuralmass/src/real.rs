//! Numbers that equations are written in.
//!
//! A model is written once for any [`Real`]; with `f64` it is one node, with [`Lanes`] eight of them (nodes of a network
//! or points of a sweep), with numbers that carry derivatives it gives its own Jacobian. All operations are element by
//! element, so what comes out for one node does not depend on what stands beside it.
//!
//! Models and what they call are marked `#[inline(always)]`, down to the operators, and use nested functions rather than
//! closures: what is not inlined into the loop over steps is compiled without wide vectors.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use crate::exponential;

/// How many numbers [`Lanes`] holds.
pub const WIDTH: usize = 8;

/// A number, or several side by side.
pub trait Real:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + Mul<f64, Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
{
    /// The same number everywhere, with no derivative.
    fn of(value: f64) -> Self;
    /// e^x.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Sine.
    fn sin(self) -> Self;
    /// Cosine.
    fn cos(self) -> Self;
    /// The larger of the number and a bound; NaN stays NaN, and the derivative at and beyond the bound is 0.
    fn at_least(self, bound: f64) -> Self;
    /// The smaller of the number and a bound; NaN stays NaN, and the derivative at and beyond the bound is 0.
    fn at_most(self, bound: f64) -> Self;
    /// The number modulo a positive one, in [0, modulus); derivative 1.
    fn wrapped(self, modulus: f64) -> Self;
    /// `N` functions of two variables: a table.
    fn of_two<const N: usize>(x: Self, y: Self, functions: impl OfTwo<N>) -> [Self; N];

    /// x^n by multiplication.
    #[inline(always)]
    fn powi(self, n: u32) -> Self {
        let mut product = Self::of(1.0);
        for _ in 0..n {
            product = product * self;
        }
        product
    }
}

/// `N` functions of two variables.
pub trait OfTwo<const N: usize> {
    /// Each as value, derivative in `x` and derivative in `y`.
    fn at(&self, x: f64, y: f64) -> [[f64; 3]; N];

    /// The values of eight points, with the bits of [`OfTwo::at`].
    #[inline(always)]
    fn in_lanes(&self, x: Lanes, y: Lanes) -> [Lanes; N] {
        let mut values = [Lanes([0.0; WIDTH]); N];
        for lane in 0..WIDTH {
            for (value, [of_lane, _, _]) in values.iter_mut().zip(self.at(x.0[lane], y.0[lane])) {
                value.0[lane] = of_lane;
            }
        }
        values
    }
}

impl<const N: usize, F: Fn(f64, f64) -> [[f64; 3]; N]> OfTwo<N> for F {
    #[inline(always)]
    fn at(&self, x: f64, y: f64) -> [[f64; 3]; N] {
        self(x, y)
    }
}

/// The first `N` of some values, which are not copied; there are as many.
#[inline(always)]
pub(crate) fn first<const N: usize, T>(values: &[T]) -> &[T; N] {
    &values.as_chunks().0[0]
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn exp(self) -> Self {
        exponential::exp(self)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        libm::log(self)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    #[inline(always)]
    fn sin(self) -> Self {
        libm::sin(self)
    }

    #[inline(always)]
    fn cos(self) -> Self {
        libm::cos(self)
    }

    #[inline(always)]
    fn at_least(self, bound: f64) -> Self {
        if self < bound { bound } else { self }
    }

    #[inline(always)]
    fn at_most(self, bound: f64) -> Self {
        if self > bound { bound } else { self }
    }

    #[inline(always)]
    fn wrapped(self, modulus: f64) -> Self {
        self.rem_euclid(modulus)
    }

    #[inline(always)]
    fn of_two<const N: usize>(x: Self, y: Self, functions: impl OfTwo<N>) -> [Self; N] {
        functions.at(x, y).map(|[value, _, _]| value)
    }
}

/// Eight numbers side by side.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Lanes(pub [f64; WIDTH]);

impl Lanes {
    #[inline(always)]
    fn map(mut self, f: impl Fn(f64) -> f64) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] = f(self.0[lane]);
        }
        self
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] += other.0[lane];
        }
        self
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] -= other.0[lane];
        }
        self
    }
}

impl Mul for Lanes {
    type Output = Self;
    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] *= other.0[lane];
        }
        self
    }
}

impl Div for Lanes {
    type Output = Self;
    #[inline(always)]
    fn div(mut self, other: Self) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] /= other.0[lane];
        }
        self
    }
}

impl Neg for Lanes {
    type Output = Self;
    #[inline(always)]
    fn neg(mut self) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] = -self.0[lane];
        }
        self
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Add<f64> for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(mut self, other: f64) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] += other;
        }
        self
    }
}

impl Sub<f64> for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(mut self, other: f64) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] -= other;
        }
        self
    }
}

impl Mul<f64> for Lanes {
    type Output = Self;
    #[inline(always)]
    fn mul(mut self, other: f64) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] *= other;
        }
        self
    }
}

impl Real for Lanes {
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self([value; WIDTH])
    }

    #[inline(always)]
    fn exp(self) -> Self {
        exponential::exp_lanes(self)
    }

    #[inline(always)]
    fn ln(self) -> Self {
        self.map(libm::log)
    }

    #[inline(always)]
    fn sqrt(mut self) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] = f64::sqrt(self.0[lane]);
        }
        self
    }

    #[inline(always)]
    fn sin(self) -> Self {
        self.map(libm::sin)
    }

    #[inline(always)]
    fn cos(self) -> Self {
        self.map(libm::cos)
    }

    #[inline(always)]
    fn at_least(mut self, bound: f64) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] = if self.0[lane] < bound { bound } else { self.0[lane] };
        }
        self
    }

    #[inline(always)]
    fn at_most(mut self, bound: f64) -> Self {
        for lane in 0..WIDTH {
            self.0[lane] = if self.0[lane] > bound { bound } else { self.0[lane] };
        }
        self
    }

    #[inline(always)]
    fn wrapped(self, modulus: f64) -> Self {
        self.map(|a| a.wrapped(modulus))
    }

    #[inline(always)]
    fn of_two<const N: usize>(x: Self, y: Self, functions: impl OfTwo<N>) -> [Self; N] {
        functions.in_lanes(x, y)
    }
}
