//! Sine and cosine.
//!
//! `x = k pi/2 + r` with whole `k` and `|r| <= pi/4`, pi/2 in three parts whose products with `k` are exact (Cody & Waite
//! 1980), then the Taylor series of sine to `r^17` or of cosine to `r^18`, whose next terms are below 10^-18. Beyond
//! [`LARGEST`] the parts do not suffice: those lanes are those of `libm`.

use super::exponential::ROUND;
use super::{LANES, lanes};

/// Beyond it, `libm` computes.
pub const LARGEST: f64 = 1e5;

// 33 bits each, so that products with k up to 2^20 are exact.
const HALF_PI: [f64; 3] = [
    f64::from_bits(0x3FF9_21FB_5440_0000),
    f64::from_bits(0x3DD0_B461_1A60_0000),
    f64::from_bits(0x3BA3_198A_2E00_0000),
];
/// What the three parts leave over.
const HALF_PI_REST: f64 = f64::from_bits(0x397B_839A_2520_49C1);

/// Sine of the eight numbers.
#[inline(always)]
pub fn sin(x: [f64; LANES]) -> [f64; LANES] {
    with_large(x, lanes(x, |x| turned(x, 0)), libm::sin)
}

/// Cosine of the eight numbers.
#[inline(always)]
pub fn cos(x: [f64; LANES]) -> [f64; LANES] {
    with_large(x, lanes(x, |x| turned(x, 1)), libm::cos)
}

/// `sin(x + quarters pi/2)` of an `x` up to [`LARGEST`].
#[inline(always)]
fn turned(x: f64, quarters: u64) -> f64 {
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let k = shifted - ROUND;
    let quadrant = shifted.to_bits().wrapping_add(quarters);
    let first = x - k * HALF_PI[0];
    let second = k * HALF_PI[1];
    let high = first - second;
    let lost = (first - high) - second;
    let low = (lost - k * HALF_PI[2]) - k * HALF_PI_REST;
    let r = high + low;
    let low = (high - r) + low;

    let r2 = r * r;
    let sine = -1.0 / 6.0
        + r2 * (1.0 / 120.0
            + r2 * (-1.0 / 5040.0
                + r2 * (1.0 / 362_880.0
                    + r2 * (-1.0 / 39_916_800.0
                        + r2 * (1.0 / 6_227_020_800.0
                            + r2 * (-1.0 / 1_307_674_368_000.0 + r2 * (1.0 / 355_687_428_096_000.0)))))));
    let sine = r + (low * (1.0 - 0.5 * r2) + r * r2 * sine);
    let cosine = 1.0 / 24.0
        + r2 * (-1.0 / 720.0
            + r2 * (1.0 / 40_320.0
                + r2 * (-1.0 / 3_628_800.0
                    + r2 * (1.0 / 479_001_600.0
                        + r2 * (-1.0 / 87_178_291_200.0
                            + r2 * (1.0 / 20_922_789_888_000.0 - r2 * (1.0 / 6_402_373_705_728_000.0)))))));
    let half = 0.5 * r2;
    let near_one = 1.0 - half;
    let cosine = near_one + (((1.0 - near_one) - half) + (r2 * r2 * cosine - r * low));

    let value = if quadrant & 1 == 0 { sine } else { cosine };
    let value = if quadrant & 2 == 0 { value } else { -value };
    // The sign of 0 is kept.
    if quarters == 0 && x == 0.0 { x } else { value }
}

/// `values`, with those of large, infinite or missing `x` by `function`.
#[inline(always)]
fn with_large(x: [f64; LANES], values: [f64; LANES], function: fn(f64) -> f64) -> [f64; LANES] {
    let mut small = true;
    for x in x {
        small &= x.abs() <= LARGEST;
    }
    if small { values } else { corrected(x, values, function) }
}

#[cold]
#[inline(never)]
fn corrected(x: [f64; LANES], mut values: [f64; LANES], function: fn(f64) -> f64) -> [f64; LANES] {
    for (value, x) in values.iter_mut().zip(x) {
        if x.is_nan() || x.abs() > LARGEST {
            *value = function(x);
        }
    }
    values
}
