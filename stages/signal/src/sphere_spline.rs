//! Spherical splines: potentials between electrodes, and current source densities, from those at electrodes.
//!
//! Potentials V_i at directions E_i are continued over the sphere by
//!
//! V(E) = c_0 + sum_i c_i g(cos(E, E_i)),   g(x) = 1/(4 pi) sum_(n=1)^N (2n+1) / (n^m (n+1)^m) P_n(x)   (eqs 1 and 3),
//!
//! with c from (G + lambda I) c + c_0 = V and sum_i c_i = 0 (eq 2). The surface Laplacian of g on a sphere of radius r is
//! -h/r^2 with h(x) = 1/(4 pi) sum (2n+1) / (n^(m-1) (n+1)^(m-1)) P_n(x) (eq 5), so the current source density is
//!
//! -Laplacian V(E) = sum_i c_i h(cos(E, E_i)) / r^2.
//!
//! | symbol | field | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | m | `stiffness` | 4 | | larger ones are smoother | 2 to 10 |
//! | N | `terms` | 50 | | Legendre polynomials | 1 to 500 |
//! | lambda | `smoothing` | 1e-5 | | how far the spline may miss the potentials | from 0 |
//! | r | `radius_m` | | m | of the head | above 0 |
//!
//! Perrin, Pernier, Bertrand & Echallier 1989 Electroencephalogr Clin Neurophysiol 72:184, with the corrigendum of 1990,
//! 76:565. Perrin et al. take N = 7; with 50, as in MNE, terms that are left out are below 1e-10 for m = 4.

use nalgebra::{DMatrix, DVector};

use crate::electrodes::Direction;

/// How potentials are continued.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spline {
    /// Order of the splines, m.
    pub stiffness: u32,
    /// Legendre polynomials, N.
    pub terms: u32,
    /// What is added to the diagonal, lambda.
    pub smoothing: f64,
}

impl Default for Spline {
    fn default() -> Self {
        Self { stiffness: 4, terms: 50, smoothing: 1e-5 }
    }
}

/// Why there are no weights.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SplineError {
    #[error("stiffness is {0}; it must be from 2 to 10")]
    Stiffness(u32),
    #[error("terms is {0}; it must be from 1 to 500")]
    Terms(u32),
    #[error("smoothing is {0}; it must be finite and not below 0")]
    Smoothing(f64),
    #[error("the radius is {0} m; it must be finite and above 0")]
    Radius(f64),
    #[error("position {index} has no direction: [{}, {}, {}]", place[0], place[1], place[2])]
    Place { index: usize, place: Direction },
    #[error("{0} positions are too few for splines; there must be 4 at least")]
    Few(usize),
    #[error(
        "the positions determine no spline: two of them lie at the same place, or there are more of them than terms"
    )]
    Singular,
}

/// Sums of channels: what each result takes of each channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// A row for each result, in it a number for each channel.
    pub rows: Vec<Vec<f64>>,
}

impl Weights {
    /// All results from equally long channels. A value is NaN where any channel is.
    pub fn apply(&self, channels: &[&[f64]]) -> Vec<Vec<f64>> {
        /// So many samples of all channels stay near the processor while every result takes them.
        const TOGETHER: usize = 512;
        let len = channels.first().map_or(0, |channel| channel.len());
        let mut results = vec![vec![0.0; len]; self.rows.len()];
        for begin in (0..len).step_by(TOGETHER) {
            let range = begin..(begin + TOGETHER).min(len);
            for (weights, result) in self.rows.iter().zip(&mut results) {
                for (weight, channel) in weights.iter().zip(channels) {
                    for (sum, value) in result[range.clone()].iter_mut().zip(&channel[range.clone()]) {
                        *sum += weight * value;
                    }
                }
            }
        }
        results
    }
}

/// Weights that give the potentials at `to` from those at `from`. Only directions matter.
///
/// # Errors
/// Settings out of range, positions without a direction, fewer than 4 of them or two at one place.
pub fn interpolation(from: &[Direction], to: &[Direction], spline: &Spline) -> Result<Weights, SplineError> {
    check(spline)?;
    let (from, to) = (units(from)?, units(to)?);
    let (c, c0) = coefficients(&from, spline)?;
    let g = kernel(&to, &from, spline.stiffness, spline.terms);
    let weights = g * c + DVector::from_element(to.len(), 1.0) * c0.transpose();
    Ok(rows(&weights))
}

/// Weights that give the current source density at electrodes from their potentials: -Laplacian, per m^2.
///
/// # Errors
/// As [`interpolation`]; a radius that is not above 0.
pub fn current_source_density(places: &[Direction], radius_m: f64, spline: &Spline) -> Result<Weights, SplineError> {
    check(spline)?;
    if !(radius_m.is_finite() && radius_m > 0.0) {
        return Err(SplineError::Radius(radius_m));
    }
    let places = units(places)?;
    let (c, _) = coefficients(&places, spline)?;
    let h = kernel(&places, &places, spline.stiffness - 1, spline.terms);
    Ok(rows(&(h * c / (radius_m * radius_m))))
}

fn check(spline: &Spline) -> Result<(), SplineError> {
    let Spline { stiffness, terms, smoothing } = *spline;
    if !(2..=10).contains(&stiffness) {
        return Err(SplineError::Stiffness(stiffness));
    }
    if !(1..=500).contains(&terms) {
        return Err(SplineError::Terms(terms));
    }
    if !(smoothing.is_finite() && smoothing >= 0.0) {
        return Err(SplineError::Smoothing(smoothing));
    }
    Ok(())
}

fn units(places: &[Direction]) -> Result<Vec<Direction>, SplineError> {
    let unit = |(index, place): (usize, &Direction)| {
        let length = place.iter().map(|x| x * x).sum::<f64>().sqrt();
        let good = length.is_finite() && length > 0.0;
        if good { Ok(place.map(|x| x / length)) } else { Err(SplineError::Place { index, place: *place }) }
    };
    places.iter().enumerate().map(unit).collect()
}

/// c as a matrix on the potentials, and c_0 as a vector on them.
fn coefficients(places: &[Direction], spline: &Spline) -> Result<(DMatrix<f64>, DVector<f64>), SplineError> {
    let n = places.len();
    if n < 4 {
        return Err(SplineError::Few(n));
    }
    let g = kernel(places, places, spline.stiffness, spline.terms);
    let mut system = DMatrix::from_element(n + 1, n + 1, 1.0);
    system.view_mut((0, 0), (n, n)).copy_from(&g);
    for i in 0..n {
        system[(i, i)] += spline.smoothing;
    }
    system[(n, n)] = 0.0;
    let scale = system.amax();
    let inverse = system.clone().try_inverse().ok_or(SplineError::Singular)?;
    // Of places that are nearly the same an inverse may be left, of noise.
    let miss = (&system * &inverse - DMatrix::identity(n + 1, n + 1)).amax();
    if !(miss < 1e-6 && inverse.amax() * scale < 1e12) {
        return Err(SplineError::Singular);
    }
    let c0 = inverse.view((n, 0), (1, n)).transpose().column(0).into_owned();
    Ok((inverse.view((0, 0), (n, n)).into_owned(), c0))
}

/// g of these stiffness and terms between all pairs of directions; h is that of a stiffness less by 1.
fn kernel(to: &[Direction], from: &[Direction], stiffness: u32, terms: u32) -> DMatrix<f64> {
    let factor = |n: u32| {
        let n = f64::from(n);
        (2.0 * n + 1.0) / ((n * (n + 1.0)).powi(stiffness as i32) * 4.0 * std::f64::consts::PI)
    };
    let factors: Vec<f64> = (1..=terms).map(factor).collect();
    DMatrix::from_fn(to.len(), from.len(), |i, j| {
        let cosine = to[i].iter().zip(from[j]).map(|(a, b)| a * b).sum::<f64>().clamp(-1.0, 1.0);
        legendre_sum(&factors, cosine)
    })
}

/// The sum of factors times P_1, P_2, ... at x.
fn legendre_sum(factors: &[f64], x: f64) -> f64 {
    let (mut before, mut now, mut sum) = (1.0, x, 0.0);
    for (i, factor) in factors.iter().enumerate() {
        sum += factor * now;
        let n = (i + 1) as f64;
        (before, now) = (now, ((2.0 * n + 1.0) * x * now - n * before) / (n + 1.0));
    }
    sum
}

fn rows(matrix: &DMatrix<f64>) -> Weights {
    Weights { rows: matrix.row_iter().map(|row| row.iter().copied().collect()).collect() }
}

#[cfg(test)]
mod tests;
