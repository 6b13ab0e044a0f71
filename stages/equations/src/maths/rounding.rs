//! Rounding, signs, limits and division with a remainder, as Python has them.

/// -1, 0 or 1; NaN of NaN.
#[inline(always)]
pub fn sign(x: f64) -> f64 {
    let value = if x > 0.0 { 1.0 } else { 0.0 } - if x < 0.0 { 1.0 } else { 0.0 };
    if x.is_nan() { x } else { value }
}

/// The smaller of `high` and the larger of `low` and `x`: `high` where the limits are the wrong way round. NaN in any
/// gives NaN.
#[inline(always)]
pub fn clip(x: f64, low: f64, high: f64) -> f64 {
    let value = if x < low { low } else { x };
    let value = if value > high { high } else { value };
    if low.is_nan() || high.is_nan() { f64::NAN } else { value }
}

/// Quotient rounded down and remainder with the sign of the divisor, of which `quotient * y + remainder` is `x`.
#[inline(always)]
fn divide(x: f64, y: f64) -> (f64, f64) {
    let rest = x % y;
    let quotient = (x - rest) / y;
    let other_sign = rest != 0.0 && (y < 0.0) != (rest < 0.0);
    let quotient = if other_sign { quotient - 1.0 } else { quotient };
    let rest = if other_sign { rest + y } else { rest };
    let rest = if rest == 0.0 { 0.0_f64.copysign(y) } else { rest };
    // The quotient is whole but for its rounding.
    let down = quotient.floor();
    let down = if quotient - down > 0.5 { down + 1.0 } else { down };
    let down = if quotient == 0.0 { 0.0_f64.copysign(x / y) } else { down };
    (down, rest)
}

/// `x % y` with the sign of `y`; NaN where `y` is 0 or `x` infinite.
#[inline(always)]
pub fn remainder(x: f64, y: f64) -> f64 {
    divide(x, y).1
}

/// `x // y`, rounded down; `x/y` where `y` is 0.
#[inline(always)]
pub fn floor_divide(x: f64, y: f64) -> f64 {
    if y == 0.0 { x / y } else { divide(x, y).0 }
}

/// The number of the step at the time `t`: `t/dt` cut off, a thousandth of a step after `t`.
#[inline(always)]
pub fn timestep(t: f64, dt: f64) -> f64 {
    ((t + 1e-3 * dt) / dt).trunc()
}
