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
//! - For |c| > 1600 G/Psi comes from the Liouville-Green expansion, see [`super::liouville_green`].
//!
//! Eight c run side by side. Steps and numbers of terms depend on the size of c alone, so results
//! do not depend on which c are computed together.

use num_complex::Complex64;

use super::lanes::{Lanes, WIDTH};
use super::liouville_green;
use super::quadrature::NODES;
use crate::vectorise::{Kernel, vectorise};

/// Psi, G = Psi'/c and S = G' at one point, times a common factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub psi: Complex64,
    pub g: Complex64,
    pub s: Complex64,
}

/// The function at both ends of a stretch and how much it grows over it, times a common factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    pub start: Point,
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
    fn run(self) {
        for chunk in self.members.chunks(WIDTH) {
            let c = Lanes::from_fn(|lane| self.parameters[chunk[lane.min(chunk.len() - 1)]]);
            let stretch = stretch(self.start, self.length, self.class, c);
            for (lane, &index) in chunk.iter().enumerate() {
                self.results[index] = stretch.get(lane);
            }
        }
    }
}

/// [`Stretch`] of eight parameters.
struct LaneStretch {
    start: LanePoint,
    end: LanePoint,
    g_increment: Lanes,
    psi_increment_over_c: Lanes,
}

#[derive(Clone, Copy)]
struct LanePoint {
    psi: Lanes,
    g: Lanes,
    s: Lanes,
}

impl LanePoint {
    #[inline(always)]
    fn scale_each(self, factors: &[f64; WIDTH]) -> Self {
        Self { psi: self.psi.scale_each(factors), g: self.g.scale_each(factors), s: self.s.scale_each(factors) }
    }
}

impl LaneStretch {
    #[inline(always)]
    fn get(&self, lane: usize) -> Stretch {
        let point = |p: &LanePoint| Point { psi: p.psi.get(lane), g: p.g.get(lane), s: p.s.get(lane) };
        Stretch {
            start: point(&self.start),
            end: point(&self.end),
            g_increment: self.g_increment.get(lane),
            psi_increment_over_c: self.psi_increment_over_c.get(lane),
        }
    }

    /// The stretch without extent at a point.
    #[inline(always)]
    fn at(point: LanePoint) -> Self {
        Self { start: point, end: point, g_increment: Lanes::ZERO, psi_increment_over_c: Lanes::ZERO }
    }
}

#[inline(always)]
fn stretch(start: f64, length: f64, class: Class, c: Lanes) -> LaneStretch {
    let far_left = class.far_left();
    if start >= far_left {
        let mut before = LaneStretch::at(continued_fraction(-far_left, class, c));
        march(far_left, start - far_left, class, c, &mut before);
        let mut stretch = LaneStretch::at(before.end);
        march(start, length, class, c, &mut stretch);
        return stretch;
    }
    let remaining = (start + length - far_left).max(0.0);
    let (middle, left_length) = if remaining > 0.0 { (far_left, far_left - start) } else { (start + length, length) };
    let left = continued_fraction(-start, class, c);
    let right = continued_fraction(-middle, class, c);
    let integral = integral_of_log_derivative(middle, left_length, class, c);
    let growths: [Growth; WIDTH] = std::array::from_fn(|lane| Growth::new(c.get(lane), integral.get(lane)));
    let left = left.scale_each(&growths.each_ref().map(|growth| growth.start));
    let psi = Lanes::from_fn(|lane| growths[lane].end);
    let right = LanePoint { psi, g: psi.mul(right.g), s: psi.mul(right.s) };
    let mut stretch = LaneStretch {
        start: left,
        end: right,
        g_increment: right.g.sub(left.g),
        psi_increment_over_c: Lanes::from_fn(|lane| growths[lane].increment_over_c),
    };
    march(middle, remaining, class, c, &mut stretch);
    stretch
}

/// Psi = 1, G and S at -z by the continued fraction; S/Psi = 1 - z G/Psi without cancellation.
#[inline(always)]
fn continued_fraction(z: f64, class: Class, c: Lanes) -> LanePoint {
    let (g, tail) = log_derivative(z, class, c);
    LanePoint { psi: Lanes::ONE, g, s: tail.mul(g) }
}

/// G/Psi = 1/(z + tail), and the tail.
#[inline(always)]
fn log_derivative(z: f64, class: Class, c: Lanes) -> (Lanes, Lanes) {
    let terms = class.terms(z);
    // The fixed point of t = (c + N)/(z + t).
    let mut tail = c.add_real(terms as f64 + 0.25 * z * z).sqrt().add_real(-0.5 * z);
    for n in (1..terms).rev() {
        tail = c.add_real(n as f64).mul(tail.add_real(z).recip());
    }
    (tail.add_real(z).recip(), tail)
}

/// int G/Psi dx over the stretch of the far left that ends at `end`, by Gauss-Legendre in ln(-x) on pieces of at most a factor of e.
#[inline(always)]
fn integral_of_log_derivative(end: f64, length: f64, class: Class, c: Lanes) -> Lanes {
    // ln(start/end).
    let log_length = (length / -end).ln_1p();
    let pieces = log_length.ceil().max(1.0);
    let half = 0.5 * log_length / pieces;
    let mut integral = Lanes::ZERO;
    for piece in 0..pieces as usize {
        let middle = half * (2 * piece + 1) as f64;
        for (node, weight) in NODES {
            for node in [-node, node] {
                let z = -end * (middle + half * node).exp();
                integral = integral.add(log_derivative(z, class, c).0.scale(weight * half * z));
            }
        }
    }
    integral
}

/// Terms of a Taylor step, the first not counted.
const TAYLOR_TERMS: usize = 34;

/// Moves the end of `stretch` from `x` by `length` in Taylor steps, and adds to its increments.
#[inline(always)]
fn march(x: f64, length: f64, class: Class, c: Lanes, stretch: &mut LaneStretch) {
    let (mut x, mut remaining) = (x, length);
    while remaining > 0.0 {
        // The step at the end of a step may be shorter than at its start.
        let longest = class.step(x).min(class.step(x + class.step(x)));
        let step = remaining / (remaining / longest).ceil();
        taylor_step(x, step, c, stretch);
        x += step;
        remaining = if step < remaining { remaining - step } else { 0.0 };
    }
    stretch.end.s = stretch.end.psi.add(stretch.end.g.scale(x));
}

/// With G(x + h) = sum g_n: g_1 = h (x G + Psi), g_(n+1) = h (x g_n + h g_(n-1) (1 + c/n))/(n + 1).
#[inline(always)]
fn taylor_step(x: f64, h: f64, c: Lanes, stretch: &mut LaneStretch) {
    let mut previous = stretch.end.g;
    let mut term = previous.scale(x).add(stretch.end.psi).scale(h);
    let mut g_increment = term;
    let mut psi_increment = previous.add(term.scale(0.5));
    for n in 1..TAYLOR_TERMS {
        let order = n as f64;
        let factor = c.scale(h * h / (order * (order + 1.0))).add_real(h * h / (order + 1.0));
        let next = term.scale(h * x / (order + 1.0)).add(previous.mul(factor));
        (previous, term) = (term, next);
        g_increment = g_increment.add(term);
        psi_increment = psi_increment.add(term.scale(1.0 / (order + 2.0)));
    }
    let psi_increment = psi_increment.scale(h);
    stretch.g_increment = stretch.g_increment.add(g_increment);
    stretch.psi_increment_over_c = stretch.psi_increment_over_c.add(psi_increment);
    stretch.end.g = stretch.end.g.add(g_increment);
    stretch.end.psi = stretch.end.psi.add(c.mul(psi_increment));
    if x > 0.0 {
        rescale(stretch);
    }
}

#[inline(always)]
fn rescale(stretch: &mut LaneStretch) {
    let factors = stretch.end.g.rescaling();
    stretch.start = stretch.start.scale_each(&factors);
    stretch.end = stretch.end.scale_each(&factors);
    stretch.g_increment = stretch.g_increment.scale_each(&factors);
    stretch.psi_increment_over_c = stretch.psi_increment_over_c.scale_each(&factors);
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
        let increment_over_c = if exponent.norm() > 0.5 {
            (end - start) / c
        } else {
            // (exp(z) - 1)/z as a power series.
            let series = (2..=16).rev().fold(Complex64::ZERO, |sum, n| (sum + 1.0) * exponent / f64::from(n));
            integral * (series + 1.0) * start
        };
        Self { start, end, increment_over_c }
    }
}
