//! Sums of Gaussians on a grid of frequencies, as residuals of a fit.
//!
//! r_i = sum_n a_n exp(-u_n^2 / 2) - y_i, u_n = (f_i - c_n) / s_n; derivatives are (a / s) u e, e and (a / s) u^2 e for
//! c, a and s, with e = exp(-u^2 / 2). Beyond nine widths e is below 3e-18 and left out, so that sums over products of
//! derivatives are as short as peaks are narrow.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use super::trust_region::Residuals;

/// Beyond so many widths a Gaussian is nothing.
const REACH: f64 = 9.0;

/// a exp(-(f - c)^2 / (2 s^2)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gaussian {
    pub(super) center_hz: f64,
    pub(super) height: f64,
    pub(super) width_hz: f64,
}

impl Gaussian {
    pub(super) fn of(parameters: &[f64]) -> Vec<Gaussian> {
        let each = parameters.as_chunks::<3>().0.iter();
        each.map(|&[center_hz, height, width_hz]| Gaussian { center_hz, height, width_hz }).collect()
    }

    fn at(&self, frequency_hz: f64) -> f64 {
        let u = (frequency_hz - self.center_hz) / self.width_hz;
        self.height * (-0.5 * u * u).exp()
    }

    /// The rising frequencies that it reaches.
    fn reach(&self, frequencies_hz: &[f64]) -> Range<usize> {
        let reach = REACH * self.width_hz;
        let begin = frequencies_hz.partition_point(|f| *f < self.center_hz - reach);
        let end = frequencies_hz.partition_point(|f| *f <= self.center_hz + reach);
        begin..end.max(begin)
    }

    /// Adds `sign` times it.
    pub(super) fn add(&self, frequencies_hz: &[f64], sign: f64, to: &mut [f64]) {
        let reach = self.reach(frequencies_hz);
        for (value, frequency) in to[reach.clone()].iter_mut().zip(&frequencies_hz[reach]) {
            *value += sign * self.at(*frequency);
        }
    }
}

/// What is left of a spectrum when Gaussians are taken away.
pub(super) struct GaussianResiduals<'a> {
    frequencies_hz: &'a [f64],
    spectrum: &'a [f64],
    rest: Vec<f64>,
    peaks: Vec<Shape>,
}

/// A Gaussian where it reaches.
#[derive(Default)]
struct Shape {
    reach: Range<usize>,
    /// a / s.
    steepness: f64,
    /// e, u e and u^2 e.
    moments: [Vec<f64>; 3],
}

impl<'a> GaussianResiduals<'a> {
    pub(super) fn new(frequencies_hz: &'a [f64], spectrum: &'a [f64], peaks: usize) -> Self {
        let peaks = (0..peaks).map(|_| Shape::default()).collect();
        Self { frequencies_hz, spectrum, rest: Vec::new(), peaks }
    }
}

impl Residuals for GaussianResiduals<'_> {
    fn half_square(&mut self, x: &[f64]) -> f64 {
        self.rest.clear();
        self.rest.extend(self.spectrum.iter().map(|value| -value));
        for (gaussian, shape) in Gaussian::of(x).iter().zip(&mut self.peaks) {
            let Gaussian { center_hz, height, width_hz } = *gaussian;
            shape.reach = gaussian.reach(self.frequencies_hz);
            shape.steepness = height / width_hz;
            shape.moments.iter_mut().for_each(Vec::clear);
            let frequencies = &self.frequencies_hz[shape.reach.clone()];
            for (rest, frequency) in self.rest[shape.reach.clone()].iter_mut().zip(frequencies) {
                let u = (frequency - center_hz) / width_hz;
                let e = (-0.5 * u * u).exp();
                *rest += height * e;
                shape.moments[0].push(e);
                shape.moments[1].push(u * e);
                shape.moments[2].push(u * u * e);
            }
        }
        0.5 * dot(&self.rest, &self.rest)
    }

    fn normal_equations(&mut self, gradient: &mut DVector<f64>, matrix: &mut DMatrix<f64>) {
        // The moment that is the derivative for centre, height and width, and its factor.
        let derivative = |shape: &Shape| [(1, shape.steepness), (0, 1.0), (2, shape.steepness)];
        for (n, shape) in self.peaks.iter().enumerate() {
            let rest = &self.rest[shape.reach.clone()];
            for (i, (moment, factor)) in derivative(shape).into_iter().enumerate() {
                gradient[3 * n + i] = factor * dot(&shape.moments[moment], rest);
            }
            for (m, other) in self.peaks[..=n].iter().enumerate() {
                let begin = shape.reach.start.max(other.reach.start);
                let end = shape.reach.end.min(other.reach.end).max(begin);
                let part =
                    |shape: &Shape| begin.saturating_sub(shape.reach.start)..end.saturating_sub(shape.reach.start);
                let (own, others) = (part(shape), part(other));
                for (i, (moment, factor)) in derivative(shape).into_iter().enumerate() {
                    for (j, (other_moment, other_factor)) in derivative(other).into_iter().enumerate() {
                        let product = match begin == end {
                            true => 0.0,
                            false => {
                                dot(&shape.moments[moment][own.clone()], &other.moments[other_moment][others.clone()])
                            }
                        };
                        let value = factor * other_factor * product;
                        matrix[(3 * n + i, 3 * m + j)] = value;
                        matrix[(3 * m + j, 3 * n + i)] = value;
                    }
                }
            }
        }
    }
}

/// In four parts, which processors add side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for i in 0..4 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_differences() {
        let frequencies: Vec<f64> = (0..80).map(|i| 1.0 + 0.5 * f64::from(i)).collect();
        let spectrum: Vec<f64> = frequencies.iter().map(|f| (0.3 * f).sin()).collect();
        let x = [10.2, 0.7, 1.5, 13.0, 0.4, 2.5, 35.0, 0.2, 0.6];
        let mut residuals = GaussianResiduals::new(&frequencies, &spectrum, 3);
        residuals.half_square(&x);
        let (mut gradient, mut matrix) = (DVector::zeros(9), DMatrix::zeros(9, 9));
        residuals.normal_equations(&mut gradient, &mut matrix);
        let rest_at = |residuals: &mut GaussianResiduals<'_>, i: usize, by: f64| {
            let mut x = x;
            x[i] += by;
            let half = residuals.half_square(&x);
            (half, residuals.rest.clone())
        };
        let step = 1e-5;
        let columns: Vec<Vec<f64>> = (0..9)
            .map(|i| {
                let ((up, above), (down, below)) =
                    (rest_at(&mut residuals, i, step), rest_at(&mut residuals, i, -step));
                assert!(((up - down) / (2.0 * step) - gradient[i]).abs() < 1e-8, "{i}");
                above.iter().zip(&below).map(|(a, b)| (a - b) / (2.0 * step)).collect()
            })
            .collect();
        for (i, own) in columns.iter().enumerate() {
            for (j, other) in columns.iter().enumerate() {
                assert!((dot(own, other) - matrix[(i, j)]).abs() < 1e-8, "{i} {j}");
            }
        }
    }
}
