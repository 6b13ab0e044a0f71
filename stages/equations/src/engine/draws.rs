//! Random draws that depend on the key, the draw, the step and the element alone.
//!
//! Philox4x32-10 under a key of 64 bits from a [`StreamKey`], counting (element, draw, step). A uniform number takes 53
//! bits; a normal one is `sqrt(-2 ln u1) cos(2 pi u2)` of two (Box & Muller 1958), at most 8.6 in size.

use lapicque_numerics::random::{StreamKey, philox4x32_10};
use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::maths::exponential::exp;
use crate::maths::logarithm::log;
use crate::maths::{LANES, trigonometric};

const TWO_POW_MINUS_53: f64 = 1.0 / 9_007_199_254_740_992.0;
/// Larger means of Poisson counts are refused by NaN.
pub(super) const LARGEST_MEAN: f64 = 1e6;
/// Counts of larger means are sums of counts of smaller ones: above it, exp(-mean) loses its accuracy.
const MEAN_AT_ONCE: f64 = 16.0;
/// The element of draws that are one for all.
pub(super) const SHARED: u32 = u32::MAX;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Distribution {
    /// Uniform from 0 (included) to 1 (excluded).
    Uniform,
    /// Standard normal.
    Normal,
}

/// The draws of one step of one program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws {
    key: [u32; 2],
    step: [u32; 2],
}

impl Draws {
    pub(crate) fn new(key: [u32; 2], step: u64) -> Self {
        Self { key, step: [step as u32, (step >> 32) as u32] }
    }

    /// The key of Philox below a key of streams.
    pub(crate) fn key(key: &StreamKey) -> [u32; 2] {
        let bits = key.stream("draws of a program", 0).next_u64();
        [bits as u32, (bits >> 32) as u32]
    }

    #[inline(always)]
    fn words(&self, draw: u32, element: u32) -> [u32; 4] {
        philox4x32_10([element, draw, self.step[0], self.step[1]], self.key)
    }

    /// One number.
    pub(crate) fn one(&self, distribution: Distribution, draw: u32, element: u32) -> f64 {
        self.lanes(distribution, draw, [element; LANES])[0]
    }

    /// Numbers for eight elements.
    #[inline(always)]
    pub(super) fn lanes(&self, distribution: Distribution, draw: u32, elements: [u32; LANES]) -> [f64; LANES] {
        let words = elements.map(|element| self.words(draw, element));
        let first = words.map(|w| uniform(w[0], w[1]));
        match distribution {
            Distribution::Uniform => first,
            Distribution::Normal => {
                let angle = trigonometric::cos(words.map(|w| std::f64::consts::TAU * uniform(w[2], w[3])));
                let mut out = [0.0; LANES];
                for lane in 0..LANES {
                    out[lane] = (-2.0 * log(1.0 - first[lane])).sqrt() * angle[lane];
                }
                out
            }
        }
    }

    /// Uniform numbers, from 0 (included) to 1 (excluded), of the elements from number `first`.
    pub(crate) fn uniforms(&self, draw: u32, first: u32, out: &mut [f64]) {
        vectorise(Uniforms { draws: *self, draw, first, out });
    }

    /// A count of the Poisson distribution by inversion; NaN for a mean that is negative, NaN or above
    /// [`LARGEST_MEAN`].
    pub(super) fn poisson(&self, mean: f64, draw: u32, element: u32) -> f64 {
        if !(0.0..=LARGEST_MEAN).contains(&mean) {
            return f64::NAN;
        }
        let parts = (mean / MEAN_AT_ONCE).ceil().max(1.0);
        let part = mean / parts;
        let empty = exp(-part);
        let mut count = 0.0;
        for number in 0..parts as u32 {
            // Under a key of its own, as counters are used up.
            let key = [self.key[0] ^ 0x706F_6973, self.key[1].wrapping_add(number)];
            let words = philox4x32_10([element, draw, self.step[0], self.step[1]], key);
            let mut left = uniform(words[0], words[1]);
            let mut probability = empty;
            let mut outcome = 0.0;
            // Beyond 200 no outcome of a mean up to 16 has a probability that a double holds next to 1.
            while left >= probability && outcome < 200.0 {
                left -= probability;
                outcome += 1.0;
                probability *= part / outcome;
            }
            count += outcome;
        }
        count
    }
}

struct Uniforms<'a> {
    draws: Draws,
    draw: u32,
    first: u32,
    out: &'a mut [f64],
}

impl Kernel for Uniforms<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let mut element = self.first;
        for part in self.out.chunks_mut(LANES) {
            let mut elements = [0; LANES];
            for lane in &mut elements {
                *lane = element;
                element = element.wrapping_add(1);
            }
            let numbers = self.draws.lanes(Distribution::Uniform, self.draw, elements);
            part.copy_from_slice(&numbers[..part.len()]);
        }
    }
}

/// From 0 (included) to 1 (excluded), in steps of 2^-53.
#[inline(always)]
fn uniform(high: u32, low: u32) -> f64 {
    let bits = (u64::from(high) << 21) | u64::from(low >> 11);
    bits as f64 * TWO_POW_MINUS_53
}
