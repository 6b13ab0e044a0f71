//! Nonlinear least squares within bounds, by a trust region that is reflected at them.
//!
//! Minimises F(x) = 0.5 |r(x)|^2 for low < x < high. With g = J' r, a variable that g pushes towards a finite bound is
//! scaled by its distance v from it, others by 1; in variables divided by d = sqrt(v) a step p minimises
//! 0.5 p' (d J' J d + diag(g dv)) p + (d g)' p for |p| <= Delta (dv is the derivative of v), found by a Newton
//! iteration for the multiplier of the constraint (Moré 1977). A step that would leave the bounds is cut, reflected at
//! the bound or replaced by the steepest descent, whichever promises most. Iterates stay off the bounds.
//!
//! It stops where the scaled gradient is below the tolerance, or a step changes F by less than this part of it
//! (and agrees with the quadratic model), or moves x by less than this part of |x|. The rules, and the order of
//! their evaluation, are those of `scipy.optimize.least_squares(method="trf")`; normal equations stand in for the
//! singular values there.
//!
//! Reference: Branch MA, Coleman TF, Li Y (1999) SIAM J Sci Comput 21:1, sections 2-4; Moré JJ (1977) Lect Notes
//! Math 630:105, section 5.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Residuals that depend on parameters.
pub trait Residuals {
    /// 0.5 |r(x)|^2; not finite where there are none. What else is asked for is at the x of the last call.
    fn half_square(&mut self, x: &[f64]) -> f64;
    /// J' r and J' J, both of them to be filled.
    fn normal_equations(&mut self, gradient: &mut DVector<f64>, matrix: &mut DMatrix<f64>);
}

/// Lowest and highest value of each parameter, which may be infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    /// One for each parameter.
    pub low: Vec<f64>,
    /// Each above the lowest.
    pub high: Vec<f64>,
}

impl Bounds {
    /// No bounds for so many parameters.
    pub fn none(parameters: usize) -> Bounds {
        Bounds { low: vec![f64::NEG_INFINITY; parameters], high: vec![f64::INFINITY; parameters] }
    }
}

/// Evaluations after which it is given up.
pub const MOST_EVALUATIONS: usize = 5000;

/// The minimum near `start`; `None` where it was not found in [`MOST_EVALUATIONS`] or `start` has no residuals.
pub fn minimise(residuals: &mut impl Residuals, start: &[f64], bounds: &Bounds, tolerance: f64) -> Option<Vec<f64>> {
    let n = start.len();
    let mut x = DVector::from_column_slice(start);
    move_inside(&mut x, bounds, 1e-10);
    let mut cost = residuals.half_square(x.as_slice());
    if !cost.is_finite() {
        return None;
    }
    let mut gradient = DVector::zeros(n);
    let mut matrix = DMatrix::zeros(n, n);
    residuals.normal_equations(&mut gradient, &mut matrix);
    let mut evaluations = 1;
    let mut alpha = 0.0;
    let (v, _) = distances(&x, &gradient, bounds);
    let mut radius = x.zip_map(&v, |x, v| x / v.sqrt()).norm();
    if radius == 0.0 {
        radius = 1.0;
    }
    loop {
        let (v, dv) = distances(&x, &gradient, bounds);
        let steepest = gradient.component_mul(&v).amax();
        if steepest < tolerance {
            return Some(x.as_slice().to_vec());
        }
        let d = v.map(f64::sqrt);
        let scaled = Scaled {
            gradient: gradient.component_mul(&d),
            matrix: DMatrix::from_fn(n, n, |i, j| {
                let own = if i == j { gradient[i] * dv[i] } else { 0.0 };
                d[i] * matrix[(i, j)] * d[j] + own
            }),
            d,
        };
        let theta = 0.995_f64.max(1.0 - steepest);
        loop {
            if evaluations == MOST_EVALUATIONS {
                return None;
            }
            let step = scaled.within(radius, &mut alpha)?;
            let (step, scaled_step, predicted) = scaled.kept_inside(&x, step, radius, theta, bounds)?;
            let mut next = &x + &step;
            move_inside(&mut next, bounds, 0.0);
            let next_cost = residuals.half_square(next.as_slice());
            evaluations += 1;
            let scaled_norm = scaled_step.norm();
            if !next_cost.is_finite() {
                radius = 0.25 * scaled_norm;
                continue;
            }
            let reduction = cost - next_cost;
            let ratio = match predicted {
                predicted if predicted > 0.0 => reduction / predicted,
                predicted if predicted == 0.0 && reduction == 0.0 => 1.0,
                _ => 0.0,
            };
            let old_radius = radius;
            if ratio < 0.25 {
                radius = 0.25 * scaled_norm;
            } else if ratio > 0.75 && scaled_norm > 0.95 * old_radius {
                radius *= 2.0;
            }
            let done =
                (reduction < tolerance * cost && ratio > 0.25) || step.norm() < tolerance * (tolerance + x.norm());
            if reduction > 0.0 {
                x = next;
                cost = next_cost;
            }
            if done {
                return Some(x.as_slice().to_vec());
            }
            alpha *= old_radius / radius;
            if reduction > 0.0 {
                residuals.normal_equations(&mut gradient, &mut matrix);
                break;
            }
        }
    }
}

/// The distance of each variable from the bound that the gradient pushes it to, 1 where there is none, and its derivative.
fn distances(x: &DVector<f64>, gradient: &DVector<f64>, bounds: &Bounds) -> (DVector<f64>, DVector<f64>) {
    let mut v = DVector::from_element(x.len(), 1.0);
    let mut dv = DVector::zeros(x.len());
    for i in 0..x.len() {
        if gradient[i] < 0.0 && bounds.high[i].is_finite() {
            (v[i], dv[i]) = (bounds.high[i] - x[i], -1.0);
        } else if gradient[i] > 0.0 && bounds.low[i].is_finite() {
            (v[i], dv[i]) = (x[i] - bounds.low[i], 1.0);
        }
    }
    (v, dv)
}

/// Takes variables that are at a bound, or within this part of it, off it.
fn move_inside(x: &mut DVector<f64>, bounds: &Bounds, part: f64) {
    for ((x, &low), &high) in x.iter_mut().zip(&bounds.low).zip(&bounds.high) {
        let (to_low, to_high) = (*x - low, high - *x);
        let size = |bound: f64| part * bound.abs().max(1.0);
        if low.is_finite() && to_low <= to_high.min(size(low)) {
            *x = if part == 0.0 { low.next_up() } else { low + size(low) };
        } else if high.is_finite() && to_high <= to_low.min(size(high)) {
            *x = if part == 0.0 { high.next_down() } else { high - size(high) };
        }
        if *x < low || *x > high {
            *x = 0.5 * (low + high);
        }
    }
}

/// How far one can go from x along a step, and whether each variable is then at a bound.
fn to_bound(x: &DVector<f64>, step: &DVector<f64>, bounds: &Bounds) -> (f64, Vec<bool>) {
    let lengths: Vec<f64> = (0..x.len())
        .map(|i| match step[i] {
            0.0 => f64::INFINITY,
            s => ((bounds.low[i] - x[i]) / s).max((bounds.high[i] - x[i]) / s),
        })
        .collect();
    let least = lengths.iter().copied().fold(f64::INFINITY, f64::min);
    (least, lengths.iter().map(|length| *length == least).collect())
}

/// The quadratic model in scaled variables.
struct Scaled {
    d: DVector<f64>,
    gradient: DVector<f64>,
    matrix: DMatrix<f64>,
}

/// A step, the same in scaled variables, and how much less it promises.
type Step = (DVector<f64>, DVector<f64>, f64);

impl Scaled {
    fn value(&self, step: &DVector<f64>) -> f64 {
        0.5 * step.dot(&(&self.matrix * step)) + self.gradient.dot(step)
    }

    fn shifted(&self, alpha: f64) -> Option<Cholesky<f64, Dyn>> {
        let mut matrix = self.matrix.clone();
        for i in 0..matrix.nrows() {
            matrix[(i, i)] += alpha;
        }
        Cholesky::new(matrix)
    }

    /// The minimum of the model within the radius; `alpha` is the multiplier, of the step before and of this one.
    fn within(&self, radius: f64, alpha: &mut f64) -> Option<DVector<f64>> {
        let free = self.shifted(0.0);
        if let Some(free) = &free {
            let step = -free.solve(&self.gradient);
            if step.norm() <= radius {
                *alpha = 0.0;
                return Some(step);
            }
        }
        // Excess of the length over the radius and its derivative.
        let excess = |factor: &Cholesky<f64, Dyn>| {
            let step = factor.solve(&self.gradient);
            let norm = step.norm();
            let half = factor.l_dirty().solve_lower_triangular(&step).map_or(f64::NAN, |half| half.norm_squared());
            (norm - radius, -half / norm)
        };
        let mut high = self.gradient.norm() / radius;
        let mut low = free.as_ref().map_or(0.0, |free| {
            let (phi, slope) = excess(free);
            -phi / slope
        });
        let between = |low: f64, high: f64| (0.001 * high).max((low * high).sqrt());
        if free.is_none() && *alpha == 0.0 {
            *alpha = between(low, high);
        }
        for _ in 0..10 {
            if *alpha < low || *alpha > high {
                *alpha = between(low, high);
            }
            let (phi, slope) = match self.shifted(*alpha) {
                Some(factor) => excess(&factor),
                // Rounding left the matrix indefinite: a longer way from it is needed.
                None => {
                    low = *alpha;
                    *alpha = between(low, high);
                    continue;
                }
            };
            if phi < 0.0 {
                high = *alpha;
            }
            let ratio = phi / slope;
            low = low.max(*alpha - ratio);
            *alpha -= (phi + radius) * ratio / radius;
            if phi.abs() < 0.01 * radius {
                break;
            }
        }
        let factor = match self.shifted(*alpha) {
            Some(factor) => factor,
            None => self.shifted(high)?,
        };
        let step = -factor.solve(&self.gradient);
        let norm = step.norm();
        (norm.is_finite() && norm > 0.0).then(|| step * (radius / norm))
    }

    /// The best of the step cut at the bound, reflected there, and steepest descent.
    fn kept_inside(
        &self,
        x: &DVector<f64>,
        scaled_step: DVector<f64>,
        radius: f64,
        theta: f64,
        bounds: &Bounds,
    ) -> Option<Step> {
        let mut step = self.d.component_mul(&scaled_step);
        let (length, hits) = to_bound(x, &step, bounds);
        let inside = (0..x.len()).all(|i| (bounds.low[i]..=bounds.high[i]).contains(&(x[i] + step[i])));
        if inside {
            let promised = -self.value(&scaled_step);
            return Some((step, scaled_step, promised));
        }
        let mut reflected = scaled_step.clone();
        for (value, hit) in reflected.iter_mut().zip(hits) {
            if hit {
                *value = -*value;
            }
        }
        let mut scaled_step = scaled_step * length;
        step *= length;
        let on_bound = x + &step;
        let direction = self.d.component_mul(&reflected);
        let to_radius = leaving(&scaled_step, &reflected, radius);
        let (to_next, _) = to_bound(&on_bound, &direction, bounds);
        let stride = to_next.min(to_radius);
        let reflected = if stride > 0.0 {
            let least = (1.0 - theta) * length / stride;
            let most = if stride == to_next { theta * to_next } else { to_radius };
            (least <= most).then(|| {
                let along = self.along(&scaled_step, &reflected);
                let (stride, value) = least_of(along, least, most);
                (&scaled_step + reflected * stride, value)
            })
        } else {
            None
        };
        scaled_step *= theta;
        let cut_value = self.value(&scaled_step);

        let downhill = -&self.gradient;
        let to_radius = radius / downhill.norm();
        let (to_next, _) = to_bound(x, &self.d.component_mul(&downhill), bounds);
        let most = if to_next < to_radius { theta * to_next } else { to_radius };
        let (stride, descent_value) = least_of(self.along(&DVector::zeros(x.len()), &downhill), 0.0, most);

        let reflected_value = reflected.as_ref().map_or(f64::INFINITY, |(_, value)| *value);
        let (chosen, value) = if cut_value < reflected_value && cut_value < descent_value {
            (scaled_step, cut_value)
        } else if let Some((step, value)) = reflected.filter(|(_, value)| *value < cut_value && *value < descent_value)
        {
            (step, value)
        } else {
            (downhill * stride, descent_value)
        };
        Some((self.d.component_mul(&chosen), chosen, -value))
    }

    /// Coefficients of the model along from + t direction: of t^2, of t, and alone.
    fn along(&self, from: &DVector<f64>, direction: &DVector<f64>) -> [f64; 3] {
        let image = &self.matrix * direction;
        [0.5 * direction.dot(&image), self.gradient.dot(direction) + from.dot(&image), self.value(from)]
    }
}

/// The larger t for which |from + t direction| is the radius.
fn leaving(from: &DVector<f64>, direction: &DVector<f64>, radius: f64) -> f64 {
    let a = direction.norm_squared();
    let b = from.dot(direction);
    let c = (from.norm_squared() - radius * radius).min(0.0);
    let root = (b * b - a * c).sqrt();
    let q = -(b + root.copysign(b));
    if q == 0.0 { 0.0 } else { (q / a).max(c / q) }
}

/// Where between its ends a parabola is least, and its value.
fn least_of([a, b, c]: [f64; 3], low: f64, high: f64) -> (f64, f64) {
    let value = |t: f64| t * (a * t + b) + c;
    let vertex = -0.5 * b / a;
    let mut best = (low, value(low));
    let ends = [high, if low < vertex && vertex < high { vertex } else { high }];
    for t in ends {
        if value(t) < best.1 {
            best = (t, value(t));
        }
    }
    best
}
