//! periodicity: the first clear peak of the autocovariance of the detrended series (Wang et al.
//! 2007).
//!
//! The trend is the least-squares cubic spline with continuous second derivative over [0, n-1] with
//! one knot at floor(n/2) - 1. acf_t = sum_i z_i z_(i+t) / (n - t) for t = 1..ceil(n/3), no mean
//! removed. A trough falls then rises, a peak rises then falls (strictly); the first peak with a
//! trough before it, acf >= 0 and at least 0.01 above the *last* trough before it gives its lag
//! (v0: one less); 0 if there is none.

use super::Definitions;
use super::lag_products::LagProducts;
use super::spectrum::Transforms;

const THRESHOLD: f64 = 0.01;
const PARAMETERS: usize = 5;

type Coefficients = [f64; PARAMETERS];

/// The spline basis of one series length, factorised.
#[derive(Debug, Default)]
pub(super) struct Trend {
    len: usize,
    basis: Basis,
    /// Lower Cholesky factor of the Gram matrix.
    factor: [Coefficients; PARAMETERS],
    detrended: Vec<f64>,
}

/// Legendre polynomials up to degree 3 and the truncated cubic, in u = (i - centre) / scale within
/// [-1, 1].
#[derive(Debug, Clone, Copy, Default)]
struct Basis {
    knot: f64,
    centre: f64,
    scale: f64,
}

impl Basis {
    fn new(n: usize) -> Basis {
        let centre = 0.5 * (n as f64 - 1.0);
        Basis { knot: ((n / 2) as f64 - 1.0 - centre) / centre, centre, scale: centre }
    }

    fn at(self, i: usize) -> Coefficients {
        // Conversions of 32 bits are done several at a time.
        let u = (f64::from(i as u32) - self.centre) / self.scale;
        let beyond = (u - self.knot).max(0.0);
        [1.0, u, 1.5 * u * u - 0.5, (2.5 * u * u - 1.5) * u, beyond * beyond * beyond]
    }
}

pub(super) fn periodicity(
    values: &[f64],
    definitions: Definitions,
    trend: &mut Trend,
    products: &mut LagProducts,
    transforms: &mut Transforms,
) -> f64 {
    let n = values.len();
    let lags = n.div_ceil(3);
    if lags < 3 {
        return 0.0;
    }
    trend.prepare(n);
    trend.remove(values);
    products.load(&trend.detrended, 0.0);
    let mut covariance = |lag: usize| products.at(lag, transforms) / (n - lag) as f64;
    let mut trough = None;
    let (mut before, mut here) = (covariance(1), covariance(2));
    for lag in 2..lags {
        let after = covariance(lag + 1);
        let (slope_in, slope_out) = (here - before, after - here);
        if slope_in < 0.0 && slope_out > 0.0 {
            trough = Some(here);
        } else if slope_in > 0.0 && slope_out < 0.0 {
            let clear = trough.is_some_and(|trough: f64| here - trough >= THRESHOLD && here >= 0.0);
            if clear {
                return match definitions {
                    Definitions::V1 => lag as f64,
                    Definitions::V0 => lag as f64 - 1.0,
                };
            }
        }
        (before, here) = (here, after);
    }
    0.0
}

impl Trend {
    fn prepare(&mut self, n: usize) {
        if self.len == n {
            return;
        }
        self.len = n;
        self.basis = Basis::new(n);
        let mut gram = [[0.0; PARAMETERS]; PARAMETERS];
        for i in 0..n {
            let basis = self.basis.at(i);
            for (row, a) in gram.iter_mut().zip(basis) {
                for (entry, b) in row.iter_mut().zip(basis) {
                    *entry += a * b;
                }
            }
        }
        self.factor = cholesky(&gram);
    }

    fn remove(&mut self, values: &[f64]) {
        let mut moments = [0.0; PARAMETERS];
        for (i, y) in values.iter().enumerate() {
            for (moment, basis) in moments.iter_mut().zip(self.basis.at(i)) {
                *moment += y * basis;
            }
        }
        let weights = self.solve(moments);
        let basis = self.basis;
        self.detrended.clear();
        self.detrended.extend(values.iter().enumerate().map(|(i, y)| {
            let trend: f64 = weights.iter().zip(basis.at(i)).map(|(weight, basis)| weight * basis).sum();
            y - trend
        }));
    }

    fn solve(&self, mut right: Coefficients) -> Coefficients {
        for row in 0..PARAMETERS {
            let known: f64 = (0..row).map(|k| self.factor[row][k] * right[k]).sum();
            right[row] = (right[row] - known) / self.factor[row][row];
        }
        for row in (0..PARAMETERS).rev() {
            let known: f64 = (row + 1..PARAMETERS).map(|k| self.factor[k][row] * right[k]).sum();
            right[row] = (right[row] - known) / self.factor[row][row];
        }
        right
    }
}

fn cholesky(matrix: &[Coefficients; PARAMETERS]) -> [Coefficients; PARAMETERS] {
    let mut factor = [[0.0; PARAMETERS]; PARAMETERS];
    for row in 0..PARAMETERS {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = matrix[row][column] - known;
            factor[row][column] = if row == column { rest.sqrt() } else { rest / factor[column][column] };
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_spline_leaves_nothing() {
        let n = 101;
        let spline = |i: usize| {
            let x = i as f64;
            3.0 - 0.2 * x + 1e-2 * x * x - 1e-4 * x * x * x + 3e-4 * (x - 49.0).max(0.0).powi(3)
        };
        let values: Vec<f64> = (0..n).map(spline).collect();
        let mut trend = Trend::default();
        trend.prepare(n);
        trend.remove(&values);
        assert!(trend.detrended.iter().all(|z| z.abs() < 1e-10));
    }

    #[test]
    fn the_period_of_a_sine_on_a_trend() {
        let values: Vec<f64> =
            (0..1000).map(|i| 1e-3 * f64::from(i) + (std::f64::consts::TAU * f64::from(i) / 25.0).sin()).collect();
        for (definitions, expected) in [(Definitions::V1, 25.0), (Definitions::V0, 24.0)] {
            let (trend, products) = (&mut Trend::default(), &mut LagProducts::default());
            let period = periodicity(&values, definitions, trend, products, &mut Transforms::default());
            assert_eq!(period, expected);
        }
    }
}
