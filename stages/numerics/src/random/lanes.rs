//! Sixteen xoshiro128++ generators side by side, for loops that need billions of draws.
//!
//! One step gives sixteen 32-bit words by operations that are the same in every lane, so the
//! compiler makes vectors of any width from them and the words do not depend on it. Lanes start at
//! points drawn by Philox; period 2^128 - 1 each.
//! Reference: Blackman & Vigna (2021), doi:10.1145/3460772.

/// Words per step.
pub const LANES: usize = 16;

/// A block generator; made by [`super::StreamKey::lanes_at`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lanes {
    state: [[u32; LANES]; 4],
}

impl Lanes {
    pub(super) fn from_state(mut state: [[u32; LANES]; 4]) -> Self {
        for lane in 0..LANES {
            // Zero is the one fixed point of xoshiro.
            if state.iter().all(|words| words[lane] == 0) {
                state[0][lane] = 1 + lane as u32;
            }
        }
        Self { state }
    }

    /// The next word of every lane.
    #[inline(always)]
    pub fn next_words(&mut self) -> [u32; LANES] {
        let [s0, s1, s2, s3] = &mut self.state;
        let mut result = [0; LANES];
        for l in 0..LANES {
            result[l] = s0[l].wrapping_add(s3[l]).rotate_left(7).wrapping_add(s0[l]);
            let t = s1[l] << 9;
            s2[l] ^= s0[l];
            s3[l] ^= s1[l];
            s1[l] ^= s2[l];
            s0[l] ^= s3[l];
            s2[l] ^= t;
            s3[l] = s3[l].rotate_left(11);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::super::StreamKey;

    #[test]
    fn bits_are_balanced_and_lanes_are_uncorrelated() {
        let mut lanes = StreamKey::new([5; 16]).derive("lanes").lanes_at(0);
        let n = 100_000;
        let mut ones = [0u32; 32];
        let mut products = [0.0; 15];
        for _ in 0..n {
            let words = lanes.next_words();
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += (words[0] >> bit) & 1;
            }
            let centred = words.map(|w| f64::from(w) / f64::from(u32::MAX) - 0.5);
            for l in 0..15 {
                products[l] += centred[l] * centred[l + 1] * 12.0;
            }
        }
        for count in ones {
            assert!((f64::from(count) - 0.5 * f64::from(n)).abs() < 4.5 * (0.25 * f64::from(n)).sqrt());
        }
        for product in products {
            assert!(product.abs() < 4.5 * f64::from(n).sqrt(), "{product}");
        }
    }
}
