//! Fixed points x = F(x): relaxation along dx/ds = F(x) - x, then Newton's method.
//!
//! The relaxation chooses the branch: the fixed point that the flow from the initial state leads to.
//! It is followed by a linearly implicit scheme of second order with an error estimate (`ode23s`, Shampine & Reichelt
//! 1997, SIAM J Sci Comput 18:1, section 3.1), since strong inhibition makes the flow stiff.
//! Newton's method takes over as soon as it leads from the flow to a fixed point nearby that attracts it.

use nalgebra::{DMatrix, DVector};

use super::eigen::real_eigenvalues;

/// A map with its derivative.
pub(crate) trait Map {
    type Error;
    fn value(&self, x: &[f64], value: &mut [f64]) -> Result<(), Self::Error>;
    fn value_and_jacobian(&self, x: &[f64], value: &mut [f64], jacobian: &mut DMatrix<f64>) -> Result<(), Self::Error>;
}

/// How far to go.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Largest |F(x) - x| of a fixed point. Newton's method goes on to rounding.
    pub(crate) residual: f64,
    /// Steps of the relaxation.
    pub(crate) steps: u32,
    /// Of |x|; the flow diverges beyond.
    pub(crate) magnitude: f64,
}

pub(crate) struct FixedPoint {
    pub(crate) x: DVector<f64>,
    /// Largest |F(x) - x|.
    pub(crate) residual: f64,
    /// Largest real part of the eigenvalues of the Jacobian: stable below 1.
    pub(crate) growth: f64,
}

pub(crate) enum Failure<E> {
    Map(E),
    Diverged { component: usize, value: f64 },
    NotConverged { residual: f64, steps: u32 },
}

impl<E> From<E> for Failure<E> {
    fn from(error: E) -> Self {
        Self::Map(error)
    }
}

/// Local error that a step of the relaxation may have, relative and absolute.
const RELATIVE_ERROR: f64 = 2e-2;
const ABSOLUTE_ERROR: f64 = 1e-2;
/// Newton's method is tried when the residual is below this part of |x|, and again whenever it fell to a third.
const NEAR: f64 = 0.2;
/// Newton's method may move this part of |x|; further away another fixed point could be meant.
const REACH: f64 = 0.3;
const NEWTON_STEPS: u32 = 12;
/// Part of |x| that residuals may have in any case.
const ROUNDING: f64 = 1e-13;

/// The fixed point that the flow leads to from `x`; no component of x goes below 0.
pub(crate) fn relax<M: Map>(map: &M, x: DVector<f64>, limits: &Limits) -> Result<FixedPoint, Failure<M::Error>> {
    let mut point = Point::new(map, x)?;
    let mut length = 0.02;
    let mut next_try = f64::INFINITY;
    for _ in 0..limits.steps {
        let residual = point.flow.amax();
        let scale = point.x.amax().max(ABSOLUTE_ERROR);
        if residual <= next_try.min(NEAR * scale) {
            let found = newton(map, &point, REACH * scale, limits)?;
            if let Some(found) = found.filter(|found| found.growth < 1.0 || residual <= limits.residual) {
                return Ok(found);
            }
            next_try = residual / 3.0;
        }
        point = step(map, &point, &mut length)?;
        if let Some(component) = (0..point.x.len()).find(|&i| point.x[i] > limits.magnitude) {
            return Err(Failure::Diverged { component, value: point.x[component] });
        }
    }
    Err(Failure::NotConverged { residual: point.flow.amax(), steps: limits.steps })
}

/// A state with its flow F(x) - x and the derivative of F.
#[derive(Clone)]
pub(crate) struct Point {
    pub(crate) x: DVector<f64>,
    pub(crate) flow: DVector<f64>,
    jacobian: DMatrix<f64>,
}

impl Point {
    pub(crate) fn new<M: Map>(map: &M, x: DVector<f64>) -> Result<Self, M::Error> {
        let n = x.len();
        let (mut flow, mut jacobian) = (DVector::zeros(n), DMatrix::zeros(n, n));
        map.value_and_jacobian(x.as_slice(), flow.as_mut_slice(), &mut jacobian)?;
        flow -= &x;
        Ok(Self { x, flow, jacobian })
    }
}

/// One step of the flow; `length` is made shorter until the error is small enough, and is the next one's guess afterwards.
fn step<M: Map>(map: &M, from: &Point, length: &mut f64) -> Result<Point, M::Error> {
    let n = from.x.len();
    let d = 1.0 / (2.0 + 2f64.sqrt());
    let e32 = 6.0 + 2f64.sqrt();
    let not_below_zero = |mut x: DVector<f64>| {
        x.apply(|x| *x = x.max(0.0));
        x
    };
    loop {
        let h = *length;
        // 1 - h d (dF/dx - 1): diagonally dominant for short steps, so that shortening ends.
        let mut w = &from.jacobian * (-h * d);
        (0..n).for_each(|i| w[(i, i)] += 1.0 + h * d);
        let w = w.lu();
        let mut k1 = from.flow.clone();
        if !w.solve_mut(&mut k1) {
            *length *= 0.5;
            continue;
        }
        let middle = not_below_zero(&from.x + &k1 * (0.5 * h));
        let mut f1 = DVector::zeros(n);
        map.value(middle.as_slice(), f1.as_mut_slice())?;
        f1 -= &middle;
        let mut k2 = &f1 - &k1;
        w.solve_mut(&mut k2);
        k2 += &k1;
        let to = Point::new(map, not_below_zero(&from.x + &k2 * h))?;
        let mut k3 = &to.flow - (&k2 - &f1) * e32 - (&k1 - &from.flow) * 2.0;
        w.solve_mut(&mut k3);
        let error = (k1 - k2 * 2.0 + k3) * (h / 6.0);
        let allowed = |i: usize| ABSOLUTE_ERROR + RELATIVE_ERROR * from.x[i].max(to.x[i]);
        let error = (0..n).map(|i| error[i].abs() / allowed(i)).fold(0.0, f64::max);
        *length = (h * (0.8 * error.powf(-1.0 / 3.0)).clamp(0.2, 5.0)).min(LONGEST);
        if error <= 1.0 || h <= SHORTEST {
            return Ok(to);
        }
    }
}

/// Of a step of the relaxation. F may have jumps; there the error does not become small.
const SHORTEST: f64 = 1e-6;
/// Of a step of the relaxation; the flow is at rest long before.
const LONGEST: f64 = 1e3;

/// Newton's method from a point; none if it does not converge or leads further than `reach` away.
pub(crate) fn newton<M: Map>(
    map: &M,
    from: &Point,
    reach: f64,
    limits: &Limits,
) -> Result<Option<FixedPoint>, M::Error> {
    let allowed = |point: &Point| limits.residual.max(ROUNDING * point.x.amax());
    let mut point = from.clone();
    for _ in 0..NEWTON_STEPS {
        let Some(change) = newton_change(&point) else {
            return Ok(None);
        };
        let mut next = &point.x + &change;
        next.apply(|x| *x = x.max(0.0));
        if (&next - &from.x).amax() > reach {
            return Ok(None);
        }
        let next = Point::new(map, next)?;
        // Below the tolerance the residual falls until rounding stops it.
        let (before, after) = (point.flow.amax(), next.flow.amax());
        if before <= allowed(&point) && after >= before {
            break;
        }
        point = next;
        if after == 0.0 {
            break;
        }
    }
    if point.flow.amax() > allowed(&point) {
        return Ok(None);
    }
    let growth = largest_real_part(&point.jacobian);
    Ok(Some(FixedPoint { residual: point.flow.amax(), growth, x: point.x }))
}

/// (1 - dF/dx)^-1 (F(x) - x).
pub(crate) fn newton_change(point: &Point) -> Option<DVector<f64>> {
    let n = point.x.len();
    let mut change = point.flow.clone();
    (DMatrix::identity(n, n) - &point.jacobian).lu().solve_mut(&mut change).then_some(change)
}

/// Largest real part of the eigenvalues; NaN if they are not found.
fn largest_real_part(matrix: &DMatrix<f64>) -> f64 {
    real_eigenvalues(matrix)
        .map_or(f64::NAN, |values| values.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max))
}
