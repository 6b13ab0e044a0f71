//! Complex numbers side by side, in loops that compilers turn into vector instructions.

use num_complex::Complex64;

/// Real and imaginary parts apart, so that every operation is a plain loop over doubles.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lanes<const WIDTH: usize> {
    re: [f64; WIDTH],
    im: [f64; WIDTH],
}

impl<const WIDTH: usize> Lanes<WIDTH> {
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

    /// Real and imaginary parts in a loop each, of independent elements.
    #[inline(always)]
    fn each(re: impl Fn(usize) -> f64, im: impl Fn(usize) -> f64) -> Self {
        let mut lanes = Self::ZERO;
        for i in 0..WIDTH {
            lanes.re[i] = re(i);
        }
        for i in 0..WIDTH {
            lanes.im[i] = im(i);
        }
        lanes
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self::each(|i| self.re[i] + other.re[i], |i| self.im[i] + other.im[i])
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self::each(|i| self.re[i] - other.re[i], |i| self.im[i] - other.im[i])
    }

    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        Self::each(
            |i| self.re[i] * other.re[i] - self.im[i] * other.im[i],
            |i| self.re[i] * other.im[i] + self.im[i] * other.re[i],
        )
    }

    #[inline(always)]
    pub(super) fn scale(self, factor: f64) -> Self {
        Self::each(|i| self.re[i] * factor, |i| self.im[i] * factor)
    }

    #[inline(always)]
    pub(super) fn add_real(self, summand: f64) -> Self {
        Self::each(|i| self.re[i] + summand, |i| self.im[i])
    }

    #[inline(always)]
    pub(super) fn recip(self) -> Self {
        let mut scale = [0.0; WIDTH];
        for (i, scale) in scale.iter_mut().enumerate() {
            *scale = 1.0 / (self.re[i] * self.re[i] + self.im[i] * self.im[i]);
        }
        Self::each(|i| self.re[i] * scale[i], |i| -self.im[i] * scale[i])
    }

    /// The square root of numbers with a positive real part.
    #[inline(always)]
    pub(super) fn sqrt(self) -> Self {
        let mut root = [0.0; WIDTH];
        for (i, root) in root.iter_mut().enumerate() {
            let size = (self.re[i] * self.re[i] + self.im[i] * self.im[i]).sqrt();
            *root = (0.5 * (size + self.re[i])).sqrt();
        }
        Self::each(|i| root[i], |i| 0.5 * self.im[i] / root[i])
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
        Self::each(|i| self.re[i] * factors[i], |i| self.im[i] * factors[i])
    }
}
