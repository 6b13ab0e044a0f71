//! Powers.

/// The largest whole exponent whose power is multiplied out.
pub const LARGEST_WHOLE: u32 = 16;

/// `base` to a whole power by squaring: `x**3 = (x x) x`, `x**-2 = 1/(x x)`. The same products in the same order for
/// every caller, thus the same bits.
#[inline(always)]
pub fn whole_power(base: f64, exponent: i32) -> f64 {
    let mut left = exponent.unsigned_abs();
    let mut square = base;
    let mut product = 1.0;
    let mut first = true;
    while left > 0 {
        if left & 1 == 1 {
            product = if first { square } else { product * square };
            first = false;
        }
        left >>= 1;
        if left > 0 {
            square *= square;
        }
    }
    if exponent < 0 { 1.0 / product } else { product }
}

/// `exponent` as one that [`whole_power`] serves: whole and at most [`LARGEST_WHOLE`] in size.
pub fn small_whole(exponent: f64) -> Option<i32> {
    let small = exponent.abs() <= f64::from(LARGEST_WHOLE) && exponent.trunc() == exponent;
    small.then_some(exponent as i32)
}

/// `base` to the power `exponent`, as IEEE 754: NaN for a negative base and an exponent that is not whole.
pub fn power(base: f64, exponent: f64) -> f64 {
    match small_whole(exponent) {
        Some(whole) => whole_power(base, whole),
        None => libm::pow(base, exponent),
    }
}
