//! The sequential generator: xoshiro256++ (Blackman & Vigna 2021), seeded from a stream key.
//!
//! Period 2^256 - 1; streams begin at random points, so overlap has a probability below 2^-128 for
//! any use here.

use super::normal;

/// A sequence of random numbers; made by [`super::StreamKey::stream`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    state: [u64; 4],
}

const TWO_POW_MINUS_53: f64 = 1.0 / 9_007_199_254_740_992.0;

impl Generator {
    pub(super) fn from_state(state: [u64; 4]) -> Self {
        // Zero is the one fixed point of xoshiro.
        Self { state: if state == [0; 4] { [1, 2, 3, 4] } else { state } }
    }

    /// 64 uniform bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// 32 uniform bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// Uniform in [0, 1), a multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * TWO_POW_MINUS_53
    }

    /// Uniform in (0, 1], a multiple of 2^-53: safe under a logarithm.
    #[inline]
    pub fn uniform_above_zero(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * TWO_POW_MINUS_53
    }

    /// A whole number in `0..bound`, without bias (Lemire 2019, doi:10.1145/3230636). Zero for
    /// `bound` = 0.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.next_u64()) * u128::from(bound);
        if (product as u64) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// Standard normal, by the ziggurat of 256 layers.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        normal::draw(self)
    }

    /// A permutation of `items` in place, all equally likely (Fisher-Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }

    /// `0..n` in random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::super::StreamKey;

    #[test]
    fn uniforms_have_the_right_moments_and_ends() {
        let mut generator = StreamKey::new([1; 16]).stream("uniform", 0);
        let n = 200_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..n {
            let u = generator.uniform();
            assert!((0.0..1.0).contains(&u));
            let v = generator.uniform_above_zero();
            assert!(v > 0.0 && v <= 1.0);
            sum += u;
            squares += u * u;
        }
        let (mean, square) = (sum / f64::from(n), squares / f64::from(n));
        assert!((mean - 0.5).abs() < 5.0 * (1.0 / 12.0 / f64::from(n)).sqrt(), "{mean}");
        assert!((square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / f64::from(n)).sqrt(), "{square}");
    }

    #[test]
    fn below_is_uniform() {
        let mut generator = StreamKey::new([2; 16]).stream("below", 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[generator.below(7) as usize] += 1;
        }
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 27.9, "chi2 of 6 degrees of freedom {chi2}"); // p = 1e-4
        assert_eq!(generator.below(1), 0);
        assert_eq!(generator.below(0), 0);
        assert!(generator.below(u64::MAX) < u64::MAX);
    }

    #[test]
    fn permutations_are_equally_likely() {
        let mut generator = StreamKey::new([3; 16]).stream("shuffle", 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            *counts.entry(generator.permutation(4)).or_insert(0u32) += 1;
        }
        assert_eq!(counts.len(), 24);
        let chi2: f64 = counts.values().map(|&c| (f64::from(c) - 1e3).powi(2) / 1e3).sum();
        assert!(chi2 < 58.0, "chi2 of 23 degrees of freedom {chi2}"); // p = 1e-4
        assert!(generator.permutation(0).is_empty());
        assert_eq!(generator.permutation(1), [0]);
    }
}
