//! Functions of equations over many numbers at once, with the same bits on every machine.
//!
//! Each function takes and gives one `f64` and is free of branches, so that a loop over it becomes vectors; [`map`] and
//! [`map_lanes`] are such loops, compiled for several instruction sets. All are made of additions, multiplications,
//! divisions, roots and roundings, each rounded once as IEEE 754 says: **nothing is fused** (no FMA), so that a machine
//! without it gives the same bits as one with it. Functions of little use ([`elementary`]) are those of `libm`, which is
//! written the same way.
//!
//! Largest errors in units in the last place (ulp), as measured by `tests/maths.rs` against twice the precision:
//!
//! | function | largest error | range |
//! |---|---|---|
//! | `exp` | 1 | all, subnormal results too |
//! | `expm1` | 1.5 | all |
//! | `exprel` | 2 | all |
//! | `log` | 1 | all, subnormal ones too |
//! | `sin`, `cos` | 1 | all; `libm` beyond 10^5 |
//! | `tanh` | 2.5 | all |
//! | `power` of whole exponents up to 16 | 1 for each multiplication (2 for exponents to 4) | all |
//! | `sqrt`, `floor`, `ceil`, `sign`, `clip`, `remainder`, `floor_divide` | as Python | all |
//! | those of `elementary` | not measured here; about 1 by `libm` | all |
//!
//! Special values are those of NumPy: NaN gives NaN, `exp(-inf)` = 0, `log(0)` = -inf, `log(-1)` = NaN,
//! `exprel(0)` = 1.

pub mod elementary;
pub mod exponential;
pub mod logarithm;
pub mod power;
pub mod propagator;
pub mod rounding;
pub mod trigonometric;

use lapicque_numerics::vectorise::{Kernel, vectorise};

/// Numbers that are computed side by side.
pub const LANES: usize = 8;

struct Map<'a, F>(&'a mut [f64], &'a [f64], F);

impl<F: Fn([f64; LANES]) -> [f64; LANES]> Kernel for Map<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        each(self.0, self.1, self.2);
    }
}

/// Writes `function` of each number of `values` into `out`; the shorter of the two ends it.
///
/// `function` should be `#[inline(always)]`, or it will not become vectors.
pub fn map(out: &mut [f64], values: &[f64], function: impl Fn(f64) -> f64) {
    vectorise(Map(out, values, move |values: [f64; LANES]| lanes(values, &function)));
}

/// As [`map`], for a function of [`LANES`] numbers at once, such as [`trigonometric::sin`].
pub fn map_lanes(out: &mut [f64], values: &[f64], function: impl Fn([f64; LANES]) -> [f64; LANES]) {
    vectorise(Map(out, values, function));
}

/// `function` of each lane.
#[inline(always)]
pub(crate) fn lanes(values: [f64; LANES], function: impl Fn(f64) -> f64) -> [f64; LANES] {
    let mut out = [0.0; LANES];
    for (out, value) in out.iter_mut().zip(&values) {
        *out = function(*value);
    }
    out
}

/// The loop of [`map_lanes`] without the choice of instructions, to be called inside of a [`Kernel`].
#[inline(always)]
pub(crate) fn each(out: &mut [f64], values: &[f64], function: impl Fn([f64; LANES]) -> [f64; LANES]) {
    let (out, out_rest) = out.as_chunks_mut::<LANES>();
    let (values, values_rest) = values.as_chunks::<LANES>();
    for (out, values) in out.iter_mut().zip(values) {
        *out = function(*values);
    }
    if !out_rest.is_empty() {
        let result = function(filled(values_rest));
        for (out, value) in out_rest.iter_mut().zip(result) {
            *out = value;
        }
    }
}

/// A chunk whose first lanes are `values`.
#[inline(always)]
pub(crate) fn filled(values: &[f64]) -> [f64; LANES] {
    let mut chunk = [0.0; LANES];
    for (lane, value) in chunk.iter_mut().zip(values) {
        *lane = *value;
    }
    chunk
}
