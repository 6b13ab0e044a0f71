//! The continued fraction and the Taylor steps of [`super`] for several c at once.

use super::lanes::Lanes;
use super::{Class, Growth, Point, Stretch};
use crate::special::quadrature::NODES;

/// [`Stretch`] of `W` parameters.
pub(super) struct LaneStretch<const W: usize> {
    start: LanePoint<W>,
    end: LanePoint<W>,
    g_increment: Lanes<W>,
    psi_increment_over_c: Lanes<W>,
}

#[derive(Clone, Copy)]
struct LanePoint<const W: usize> {
    psi: Lanes<W>,
    g: Lanes<W>,
    s: Lanes<W>,
}

impl<const W: usize> LanePoint<W> {
    #[inline(always)]
    fn scale_each(self, factors: &[f64; W]) -> Self {
        Self { psi: self.psi.scale_each(factors), g: self.g.scale_each(factors), s: self.s.scale_each(factors) }
    }
}

impl<const W: usize> LaneStretch<W> {
    #[inline(always)]
    pub(super) fn get(&self, lane: usize) -> Stretch {
        let point = |p: &LanePoint<W>| Point { psi: p.psi.get(lane), g: p.g.get(lane), s: p.s.get(lane) };
        Stretch {
            start: point(&self.start),
            end: point(&self.end),
            g_increment: self.g_increment.get(lane),
            psi_increment_over_c: self.psi_increment_over_c.get(lane),
        }
    }

    /// The stretch without extent at a point.
    #[inline(always)]
    fn at(point: LanePoint<W>) -> Self {
        Self { start: point, end: point, g_increment: Lanes::ZERO, psi_increment_over_c: Lanes::ZERO }
    }
}

#[inline(always)]
pub(super) fn stretch<const W: usize>(start: f64, length: f64, class: Class, c: Lanes<W>) -> LaneStretch<W> {
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
    let growths: [Growth; W] = std::array::from_fn(|lane| Growth::new(c.get(lane), integral.get(lane)));
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
fn continued_fraction<const W: usize>(z: f64, class: Class, c: Lanes<W>) -> LanePoint<W> {
    let (g, tail) = log_derivative(z, class, c);
    LanePoint { psi: Lanes::ONE, g, s: tail.mul(g) }
}

/// G/Psi = 1/(z + tail), and the tail.
#[inline(always)]
fn log_derivative<const W: usize>(z: f64, class: Class, c: Lanes<W>) -> (Lanes<W>, Lanes<W>) {
    let terms = class.terms(z);
    // The fixed point of t = (c + N)/(z + t).
    let mut tail = c.add_real(terms as f64 + 0.25 * z * z).sqrt().add_real(-0.5 * z);
    for n in (1..terms).rev() {
        tail = c.add_real(n as f64).mul(tail.add_real(z).recip());
    }
    (tail.add_real(z).recip(), tail)
}

/// int G/Psi dx over the stretch of the far left that ends at `end`, by Gauss-Legendre in ln(-x) on
/// pieces of at most a factor of e.
#[inline(always)]
fn integral_of_log_derivative<const W: usize>(end: f64, length: f64, class: Class, c: Lanes<W>) -> Lanes<W> {
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
fn march<const W: usize>(x: f64, length: f64, class: Class, c: Lanes<W>, stretch: &mut LaneStretch<W>) {
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
fn taylor_step<const W: usize>(x: f64, h: f64, c: Lanes<W>, stretch: &mut LaneStretch<W>) {
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
fn rescale<const W: usize>(stretch: &mut LaneStretch<W>) {
    let factors = stretch.end.g.rescaling();
    stretch.start = stretch.start.scale_each(&factors);
    stretch.end = stretch.end.scale_each(&factors);
    stretch.g_increment = stretch.g_increment.scale_each(&factors);
    stretch.psi_increment_over_c = stretch.psi_increment_over_c.scale_each(&factors);
}
