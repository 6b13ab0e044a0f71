//! The natural logarithm.
//!
//! `x = 2^k m` with `m` between the root of 1/2 and that of 2; `ln m = 2 artanh(s)` with `s = f/(2 + f)`, `f = m - 1`,
//! by its series of odd powers up to `s^23`, whose next term is below 10^-19. The first two terms are split as
//! `f - (f^2/2 - s (f^2/2 + ...))`, so that they lose nothing.

const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3DEA_39EF_3579_3C76);
const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
const MANTISSA: u64 = (1 << 52) - 1;

/// The natural logarithm: -inf at 0, NaN below.
#[inline(always)]
pub fn log(x: f64) -> f64 {
    let subnormal = x < f64::MIN_POSITIVE;
    let scaled = if subnormal { x * (4.0 * TWO_TO_52) } else { x };
    let bits = scaled.to_bits();
    let exponent = f64::from_bits(TWO_TO_52.to_bits() | (bits >> 52)) - (TWO_TO_52 + 1023.0);
    let mantissa = f64::from_bits((bits & MANTISSA) | 1.0_f64.to_bits());
    let large = mantissa > std::f64::consts::SQRT_2;
    let mantissa = if large { mantissa * 0.5 } else { mantissa };
    let k = exponent + if large { 1.0 } else { 0.0 } - if subnormal { 54.0 } else { 0.0 };

    let f = mantissa - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    // 2/3, 2/5, ... in even and odd places.
    let even =
        2.0 / 3.0 + s4 * (2.0 / 7.0 + s4 * (2.0 / 11.0 + s4 * (2.0 / 15.0 + s4 * (2.0 / 19.0 + s4 * (2.0 / 23.0)))));
    let odd = 2.0 / 5.0 + s4 * (2.0 / 9.0 + s4 * (2.0 / 13.0 + s4 * (2.0 / 17.0 + s4 * (2.0 / 21.0))));
    let series = s2 * even + s4 * odd;
    let half_square = 0.5 * f * f;
    let value = k * LN_2_HIGH - ((half_square - (s * (half_square + series) + k * LN_2_LOW)) - f);

    let value = if x == f64::INFINITY { x } else { value };
    let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
    // False for NaN as well.
    if x >= 0.0 { value } else { f64::NAN }
}
