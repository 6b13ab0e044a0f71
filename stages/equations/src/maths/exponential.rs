//! Exponential functions: `exp`, `expm1`, `exprel`, `tanh`.
//!
//! `x = k ln 2 + r` with whole `k` and `|r| <= ln(2)/2`, in two parts of which the first is exact (Cody & Waite 1980).
//! `e^r - 1` is the Taylor series of degree 14, whose next term is below 10^-18; `2^k` is made from the bits of `k`, in
//! two factors, as one alone would overflow or be subnormal.

/// Added to a number below 2^51, rounds it to a whole number, which stands in the low bits of the sum.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;

const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);

/// 1/2!, 1/3!, ..., 1/14!
const SERIES: [f64; 13] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
    1.0 / 87_178_291_200.0,
];

/// `e^x = 2^first * 2^second * (1 + rest)`, the powers of two as numbers.
struct Parts {
    first: f64,
    second: f64,
    whole: f64,
    rest: f64,
}

#[inline(always)]
fn parts(x: f64) -> Parts {
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let high = x - whole * LN_2_HIGH;
    let low = whole * LN_2_LOW;
    let r = high - low;
    // What the difference has lost.
    let lost = (high - r) - low;
    let r2 = r * r;
    let r4 = r2 * r2;
    let s = &SERIES;
    let a = (s[0] + s[1] * r) + (s[2] + s[3] * r) * r2;
    let b = (s[4] + s[5] * r) + (s[6] + s[7] * r) * r2;
    let c = (s[8] + s[9] * r) + (s[10] + s[11] * r) * r2;
    let series = a + (b + (c + s[12] * r4) * r4) * r4;
    let rest = r + (lost + r2 * series);
    let half = whole * 0.5 + ROUND;
    let rounded = half - ROUND;
    let other = (whole - rounded) + ROUND;
    Parts { first: power_of_two(half), second: power_of_two(other), whole, rest }
}

/// 2^k of a `k` from -1022 to 1023 to which [`ROUND`] was added.
#[inline(always)]
fn power_of_two(shifted: f64) -> f64 {
    f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

/// `x` between two bounds; NaN stays.
#[inline(always)]
fn bounded(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// e to the power of `x`: infinite above 709.8, 0 below -745.2.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let p = parts(bounded(x, -760.0, 760.0));
    (1.0 + p.rest) * p.first * p.second
}

/// `2^second` and the rest of `e^x - 1` before it is multiplied by it.
#[inline(always)]
fn minus_one(x: f64) -> (f64, f64) {
    let p = parts(x);
    // 2^-k, which does not count when k is large.
    let inverse = power_of_two(bounded(-p.whole, -900.0, 900.0) + ROUND);
    ((p.rest + (1.0 - inverse)) * p.first, p.second)
}

/// `exp(x) - 1`, exact near 0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let (value, power) = minus_one(bounded(x, -60.0, 760.0));
    // The sign of 0 is kept.
    if x == 0.0 { x } else { value * power }
}

/// `(exp(x) - 1)/x`, and 1 at 0.
#[inline(always)]
pub fn exprel(x: f64) -> f64 {
    let (value, power) = minus_one(bounded(x, -60.0, 760.0));
    let divisor = if x == 0.0 || x == f64::INFINITY { 1.0 } else { x };
    let value = value / divisor * power;
    if x == 0.0 { 1.0 } else { value }
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let (value, power) = minus_one(bounded(2.0 * x, -50.0, 50.0));
    let value = value * power;
    if x == 0.0 { x } else { value / (value + 2.0) }
}
