//! Increments of a parabolic cylinder function of complex order between two points.
//!
//! Psi(x) = exp(x^2/4) U(c - 1/2, -x) is the solution of Psi'' = x Psi' + c Psi that stays bounded
//! (for c = 0) as x -> -infinity. With G = Psi'/c,
//!
//! G' = x G + Psi =: S, Psi' = c G,
//!
//! is regular at c = 0, where Psi = 1. Ratios such as (G(b) - G(a))/(Psi(b) - Psi(a)) are wanted for
//! many c and the same a and b, so what is returned has one unknown factor in common.
//!
//! - Far left, G/Psi = 1/(z + (c+1)/(z + (c+2)/(z + ...))), z = -x, which converges the faster the
//!   larger z is; the tail after N terms is replaced by the fixed point of its recursion.
//!   Between two points there, Psi(b)/Psi(a) = exp(c J) with J = int_a^b G/Psi dx.
//! - Elsewhere Taylor steps to the right, in which direction Psi dominates. Increments are summed,
//!   so that nothing cancels for small c.
//! - For |c| > 1600 G/Psi comes from the Liouville-Green expansion, see `liouville_green`.
//!
//! Many c run side by side. Steps and numbers of terms depend on the size of c alone, so results
//! do not depend on which c are computed together.

mod lanes;
mod liouville_green;
mod side_by_side;

use num_complex::Complex64;

use super::exp_m1_over;
use crate::vectorise::{Kernel, vectorise};
use lanes::Lanes;

/// Psi, G = Psi'/c and S = G' at one point, times a common factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Psi.
    pub psi: Complex64,
    /// G = Psi'/c.
    pub g: Complex64,
    /// S = G'.
    pub s: Complex64,
}

/// The function at both ends of a stretch and how much it grows over it, times a common factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Where the stretch begins.
    pub start: Point,
    /// Where it ends.
    pub end: Point,
    /// G(end) - G(start).
    pub g_increment: Complex64,
    /// (Psi(end) - Psi(start))/c, which is int G dx.
    pub psi_increment_over_c: Complex64,
}

/// The smallest start of a stretch; beyond it the fourth power of x leaves the range of doubles.
pub const SMALLEST_START: f64 = -1e70;

/// The largest |c|; beyond it its third power leaves the range of doubles.
pub const LARGEST_PARAMETER: f64 = 1e100;

/// The largest end of a stretch; beyond it exp(x^2/2) leaves the range of doubles.
pub const LARGEST_END: f64 = 40.0;

/// Psi from `start` to `start` + `length` for each of `parameters` c, Re c > -1, |c| <= [`LARGEST_PARAMETER`].
///
/// Relative error about 1e-14 of the ratio of any two of the results; a growth by exp(z) has that of
/// z. NaN where a c is out of range, and everywhere unless [`SMALLEST_START`] <= `start`,
/// 0 < `length` and the end is at most [`LARGEST_END`]. Work is bounded for any argument.
pub fn stretches(start: f64, length: f64, parameters: &[Complex64]) -> Vec<Stretch> {
    const NAN: Complex64 = Complex64::new(f64::NAN, f64::NAN);
    const UNDEFINED: Point = Point { psi: NAN, g: NAN, s: NAN };
    let undefined = Stretch { start: UNDEFINED, end: UNDEFINED, g_increment: NAN, psi_increment_over_c: NAN };
    let mut results = vec![undefined; parameters.len()];
    if !(SMALLEST_START <= start && length > 0.0 && start + length <= LARGEST_END) {
        return results;
    }
    let allowed = |c: Complex64| c.re > -1.0 && c.norm() <= LARGEST_PARAMETER;
    for (&c, result) in parameters.iter().zip(&mut results) {
        if allowed(c) && Class::of(c).is_none() {
            *result = liouville_green::stretch(start, length, c);
        }
    }
    for class in Class::ALL {
        let members: Vec<usize> = (0..parameters.len())
            .filter(|&i| allowed(parameters[i]) && Class::of(parameters[i]) == Some(class))
            .collect();
        vectorise(Group { start, length, class, members: &members, parameters, results: &mut results });
    }
    results
}

/// Parameters of similar size, |c| <= 6.25 4^level.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Class {
    level: i32,
}

impl Class {
    const ALL: [Self; 5] =
        [Self { level: 0 }, Self { level: 1 }, Self { level: 2 }, Self { level: 3 }, Self { level: 4 }];

    fn of(c: Complex64) -> Option<Self> {
        let size = c.norm();
        Self::ALL.into_iter().find(|class| size <= class.root().powi(2))
    }

    /// The largest sqrt|c|.
    #[inline(always)]
    fn root(self) -> f64 {
        2.5 * f64::from(1 << self.level)
    }

    /// Left of it the continued fraction is used.
    #[inline(always)]
    fn far_left(self) -> f64 {
        -4.0 - f64::from(self.level)
    }

    /// Terms of the continued fraction at z for full precision, found by trial.
    #[inline(always)]
    fn terms(self, z: f64) -> usize {
        4 + ((90.0 + 34.0 * self.root()) / z) as usize
    }

    /// A step for which [`TAYLOR_TERMS`] are enough.
    #[inline(always)]
    fn step(self, x: f64) -> f64 {
        2.5 / self.root().max(x.abs())
    }
}

struct Group<'a> {
    start: f64,
    length: f64,
    class: Class,
    members: &'a [usize],
    parameters: &'a [Complex64],
    results: &'a mut [Stretch],
}

impl Kernel for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        // Padding a group costs less than three of its members one by one.
        for chunk in self.members.chunks(SIDE_BY_SIDE) {
            if chunk.len() > 3 {
                self.compute::<SIDE_BY_SIDE>(chunk);
            } else {
                chunk.chunks(1).for_each(|one| self.compute::<1>(one));
            }
        }
    }
}

/// Enough for loops to stay loops, which is what compilers turn into vector instructions.
const SIDE_BY_SIDE: usize = 32;

impl Group<'_> {
    #[inline(always)]
    fn compute<const W: usize>(&mut self, chunk: &[usize]) {
        let c = Lanes::<W>::from_fn(|lane| self.parameters[chunk[lane.min(chunk.len() - 1)]]);
        let stretch = side_by_side::stretch(self.start, self.length, self.class, c);
        for (lane, &index) in chunk.iter().enumerate() {
            self.results[index] = stretch.get(lane);
        }
    }
}

/// Psi at both ends of a stretch of J = int G/Psi dx, divided by the larger one if that is the end.
pub(super) struct Growth {
    pub(super) start: f64,
    pub(super) end: Complex64,
    pub(super) increment_over_c: Complex64,
}

impl Growth {
    pub(super) fn new(c: Complex64, integral: Complex64) -> Self {
        let exponent = c * integral;
        let start = (-exponent.re.max(0.0)).exp();
        let end = Complex64::from_polar(exponent.re.min(0.0).exp(), exponent.im);
        let increment_over_c =
            if exponent.norm() > 0.5 { (end - start) / c } else { integral * exp_m1_over(exponent) * start };
        Self { start, end, increment_over_c }
    }
}
