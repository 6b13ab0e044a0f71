//! Eight complex numbers side by side, in loops that compilers turn into vector instructions.

use num_complex::Complex64;

pub(super) const WIDTH: usize = 8;

/// Real and imaginary parts apart, so that every operation is a plain loop over doubles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes {
    re: [f64; WIDTH],
    im: [f64; WIDTH],
}

impl Lanes {
    pub(super) const ZERO: Self = Self { re: [0.0; WIDTH], im: [0.0; WIDTH] };
    pub(super) const ONE: Self = Self { re: [1.0; WIDTH], im: [0.0; WIDTH] };

    #[inline(always)]
    pub(super) fn from_fn(f: impl Fn(usize) -> Complex64) -> Self {
        let mut lanes = Self::ZERO;
        for i in 0..WIDTH {
            let value = f(i);
            (lanes.re[i], lanes.im[i]) = (value.re, value.im);
        }
        lanes
    }

    #[inline(always)]
    pub(super) fn get(&self, lane: usize) -> Complex64 {
        Complex64::new(self.re[lane], self.im[lane])
    }

    #[inline(always)]
    fn each(self, f: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let mut lanes = self;
        for i in 0..WIDTH {
            (lanes.re[i], lanes.im[i]) = f(self.re[i], self.im[i]);
        }
        lanes
    }

    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(f64, f64, f64, f64) -> (f64, f64)) -> Self {
        let mut lanes = self;
        for i in 0..WIDTH {
            (lanes.re[i], lanes.im[i]) = f(self.re[i], self.im[i], other.re[i], other.im[i]);
        }
        lanes
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        self.with(other, |a, b, c, d| (a + c, b + d))
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        self.with(other, |a, b, c, d| (a - c, b - d))
    }

    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        self.with(other, |a, b, c, d| (a * c - b * d, a * d + b * c))
    }

    #[inline(always)]
    pub(super) fn scale(self, factor: f64) -> Self {
        self.each(|a, b| (a * factor, b * factor))
    }

    #[inline(always)]
    pub(super) fn add_real(self, summand: f64) -> Self {
        self.each(|a, b| (a + summand, b))
    }

    #[inline(always)]
    pub(super) fn recip(self) -> Self {
        self.each(|a, b| {
            let scale = 1.0 / (a * a + b * b);
            (a * scale, -b * scale)
        })
    }

    /// The square root of numbers with a positive real part.
    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        self.each(|a, b| {
            let root = (0.5 * ((a * a + b * b).sqrt() + a)).sqrt();
            (root, 0.5 * b / root)
        })
    }

    /// 2^-256 in lanes above 2^256, else 1: what keeps a growing solution, and its square, within the range of doubles.
    #[inline(always)]
    pub(super) fn rescaling(self) -> [f64; WIDTH] {
        const LARGE: f64 = f64::from_bits((1023 + 256) << 52);
        let is_large = |i: usize| self.re[i].abs().max(self.im[i].abs()) > LARGE;
        std::array::from_fn(|i| if is_large(i) { 1.0 / LARGE } else { 1.0 })
    }

    #[inline(always)]
    pub(super) fn scale_each(self, factors: &[f64; WIDTH]) -> Self {
        self.with(Self { re: *factors, im: [0.0; WIDTH] }, |a, b, factor, _| (a * factor, b * factor))
    }
}
