//! e^x without branches or tables, so that compilers make vectors of it; the same bits at any width.
//!
//! x = k ln 2 + r, |r| <= ln 2 / 2; e^r = 1 + r + r^2 q(r) by its series up to r^13 (the rest is below 5e-18); 2^k in two
//! factors, so that results below the smallest normal number are rounded once. Error below 1.5 units in the last place.

use crate::{Lanes, Real, WIDTH};

/// 1.5 2^52: numbers of less than 2^51 that are added to it are rounded to whole ones, which its last bits then hold.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// ln 2 = HIGH + LOW; HIGH times a whole number below 2^21 is exact.
const HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 1 / 13!, 1 / 12!, ...
const LAST: f64 = 1.0 / 6_227_020_800.0;
const FACTORS: [f64; 11] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
];

#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    // Beyond these the result is infinite or 0; NaN stays.
    let x = if x > 710.0 { 710.0 } else { x };
    let x = if x < -746.0 { -746.0 } else { x };
    let k = (x * std::f64::consts::LOG2_E + SHIFT) - SHIFT;
    let r = (x - k * HIGH) - k * LOW;
    let mut q = LAST;
    for factor in FACTORS {
        q = q * r + factor;
    }
    let shifted = k * 0.5 + SHIFT;
    let rest = k - (shifted - SHIFT);
    (1.0 + (r + r * r * q)) * power_of_two(shifted) * power_of_two(rest + SHIFT)
}

/// The same operations for eight numbers, one operation after the other, so that each is one of vectors.
#[inline(always)]
pub(crate) fn exp_lanes(x: Lanes) -> Lanes {
    let x = x.at_most(710.0).at_least(-746.0);
    let k = (x * std::f64::consts::LOG2_E + SHIFT) - SHIFT;
    let r = (x - k * HIGH) - k * LOW;
    let mut q = Lanes::of(LAST);
    for factor in FACTORS {
        q = q * r + factor;
    }
    let shifted = k * 0.5 + SHIFT;
    let rest = k - (shifted - SHIFT);
    (r + r * r * q + 1.0) * powers_of_two(shifted) * powers_of_two(rest + SHIFT)
}

#[inline(always)]
fn powers_of_two(mut shifted: Lanes) -> Lanes {
    for lane in 0..WIDTH {
        shifted.0[lane] = power_of_two(shifted.0[lane]);
    }
    shifted
}

/// 2^k of k + SHIFT, |k| < 1023.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::vectorise::{Kernel, vectorise};

    use super::exp;
    use crate::{Lanes, Real, WIDTH};

    struct Wide<'a>(&'a mut [Lanes]);

    impl Kernel for Wide<'_> {
        type Output = ();
        #[inline(always)]
        fn run(self) {
            for lanes in self.0 {
                *lanes = lanes.exp();
            }
        }
    }

    #[test]
    fn the_exponential_is_right_everywhere_and_the_same_in_lanes() {
        let x: Vec<f64> = (0..240_000).map(|k| -750.0 + f64::from(k) * (1465.0 / 240_000.0)).collect();
        let near = (0..80_000).map(|k| (f64::from(k) - 40_000.0) * 5.1e-5);
        let x: Vec<f64> = x.into_iter().chain(near).collect();
        let mut wide: Vec<Lanes> = x.chunks(WIDTH).map(|c| Lanes(c.try_into().unwrap())).collect();
        vectorise(Wide(&mut wide));
        for (k, &x) in x.iter().enumerate() {
            let (found, truth) = (exp(x), libm::exp(x));
            assert_eq!(found.to_bits(), wide[k / WIDTH].0[k % WIDTH].to_bits(), "{x}");
            assert_eq!(found.to_bits(), Real::exp(x).to_bits());
            assert!(found.to_bits().abs_diff(truth.to_bits()) <= 2, "exp({x}) = {found:e}, not {truth:e}");
        }
        assert_eq!([exp(0.0), exp(-0.0), exp(f64::INFINITY), exp(f64::NEG_INFINITY)], [1.0, 1.0, f64::INFINITY, 0.0]);
        assert!(exp(f64::NAN).is_nan());
    }
}
