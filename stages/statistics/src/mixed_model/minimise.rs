//! The least of a smooth function: steps of Broyden, Fletcher, Goldfarb and Shanno with backtracking (Nocedal and Wright 2006,
//! Numerical optimization, algorithms 3.1 and 6.1).

use nalgebra::{DMatrix, DVector};

/// Where it was found.
pub(super) struct Minimum {
    pub(super) at: DVector<f64>,
    pub(super) value: f64,
    /// Largest component of the gradient.
    pub(super) slope: f64,
}

/// From a start where the function is a number. `f` gives value and gradient, none where it is not defined.
pub(super) fn minimise(
    start: DVector<f64>,
    f: impl Fn(&DVector<f64>) -> Option<(f64, DVector<f64>)>,
) -> Option<Minimum> {
    const MOST_STEPS: usize = 500;
    let n = start.len();
    let (mut at, (mut value, mut gradient)) = (start.clone(), f(&start)?);
    let fresh = |gradient: &DVector<f64>| DMatrix::<f64>::identity(n, n) * (0.1 / gradient.norm().max(1e-8));
    let mut inverse = fresh(&gradient);
    let mut idle = 0;
    for _ in 0..MOST_STEPS {
        let mut direction = -(&inverse * &gradient);
        if direction.dot(&gradient) >= 0.0 {
            inverse = fresh(&gradient);
            direction = -(&inverse * &gradient);
        }
        let fall = direction.dot(&gradient);
        let mut length = 1.0;
        let step = loop {
            let there = &at + &direction * length;
            match f(&there) {
                // Below the rounding of the value its slope says whether it fell.
                Some((new, slope))
                    if new <= value + 1e-4 * length * fall
                        || (new - value).abs() <= 1e-13 * value.abs().max(1.0) && slope.norm() < gradient.norm() =>
                {
                    break Some((there, new, slope));
                }
                _ if length < 1e-12 => break None,
                _ => length *= 0.5,
            }
        };
        let Some((there, new, slope)) = step else { break };
        let (moved, turned) = (&there - &at, &slope - &gradient);
        let curvature = moved.dot(&turned);
        if curvature > 1e-12 * moved.norm() * turned.norm() {
            let rho = 1.0 / curvature;
            let left = DMatrix::identity(n, n) - &moved * turned.transpose() * rho;
            inverse = &left * inverse * left.transpose() + &moved * moved.transpose() * rho;
        }
        idle = if value - new <= 1e-14 * value.abs() && moved.norm() < 1e-9 * (1.0 + at.norm()) { idle + 1 } else { 0 };
        (at, value, gradient) = (there, new, slope);
        if idle >= 3 || gradient.amax() == 0.0 {
            break;
        }
    }
    Some(Minimum { at, value, slope: gradient.amax() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (1 - x)^2 + 100 (y - x^2)^2 has its minimum at (1, 1), at the end of a bent valley.
    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        let f = |v: &DVector<f64>| {
            let (x, y) = (v[0], v[1]);
            let gradient = DVector::from_vec(vec![-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)]);
            Some(((1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2), gradient))
        };
        let found = minimise(DVector::from_vec(vec![-1.2, 1.0]), f).unwrap();
        assert!((found.at - DVector::from_vec(vec![1.0, 1.0])).norm() < 1e-7, "{}", found.value);
    }

    #[test]
    fn where_the_function_ends_steps_are_halved() {
        let f = |v: &DVector<f64>| (v[0] > 0.0).then(|| (v[0] - v[0].ln(), DVector::from_vec(vec![1.0 - 1.0 / v[0]])));
        let found = minimise(DVector::from_vec(vec![1e-3]), f).unwrap();
        assert!((found.at[0] - 1.0).abs() < 1e-8);
        assert!(minimise(DVector::from_vec(vec![-1.0]), f).is_none());
    }
}
