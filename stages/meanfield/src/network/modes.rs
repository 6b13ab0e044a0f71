//! Modes of a network over frequency: eigenvalues and eigenvectors that are followed from one frequency to the next.
//!
//! W, the propagator P = W/(1 - W) and its inverse have the same eigenvectors; eigenvalues are lambda, lambda/(1 - lambda)
//! and (1 - lambda)/lambda (Bos et al. 2016).
//! Eigenvalues of neighbouring frequencies are matched by the assignment that makes the sum of |predicted - found|
//! least, predicted along a straight line from the two frequencies before. It is a permutation by construction.

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::assignment::assignment;
use super::checks::{one_for_each, shape};
use super::eigen::{Eigen, eigen};
use super::{LinearError, Parameters};

/// Eigenvalues and eigenvectors at each frequency; mode k at one frequency continues mode k at the one before.
#[derive(Debug, Clone, PartialEq)]
pub struct Modes {
    /// In the order of the frequencies.
    pub at: Vec<Eigen>,
}

/// The matrix that eigenvalues are of; eigenvectors are the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpectrumOf {
    /// W.
    EffectiveConnectivity,
    /// W (1 - W)^-1.
    Propagator,
    /// (1 - W) W^-1.
    InversePropagator,
}

/// Modes of the effective connectivity; frequencies must be ordered, and close enough that eigenvalues move less than their
/// distance from each other.
///
/// At the first frequency modes are ordered by falling |lambda|.
///
/// # Errors
/// Matrices of different shapes; matrices that are not finite or have no full set of eigenvectors.
pub fn modes(effective_connectivity: &[DMatrix<Complex64>]) -> Result<Modes, LinearError> {
    let mut at: Vec<Eigen> = Vec::with_capacity(effective_connectivity.len());
    for matrix in effective_connectivity {
        shape("effective_connectivity", matrix, effective_connectivity[0].nrows())?;
        let found = eigen(matrix)?;
        let order = match at.as_slice() {
            [] => by_falling_magnitude(&found.values),
            [.., before, last] => continued(&found.values, |k| last.values[k] + (last.values[k] - before.values[k])),
            [last] => continued(&found.values, |k| last.values[k]),
        };
        at.push(reordered(&found, &order));
    }
    Ok(Modes { at })
}

impl Modes {
    /// Eigenvalues of a matrix: a row for each frequency, a column for each mode.
    ///
    /// # Errors
    /// Parameters that are not valid or of another number of populations. An infinite eigenvalue: of the propagator if lambda is 1, of its inverse if lambda is 0, as it is if a population has no
    /// outgoing connection.
    pub fn eigenvalues(&self, of: SpectrumOf, parameters: &Parameters) -> Result<DMatrix<Complex64>, LinearError> {
        parameters.check()?;
        let n = parameters.populations.len();
        for eigen in &self.at {
            one_for_each("modes", eigen.values.len(), n)?;
        }
        if of == SpectrumOf::InversePropagator {
            let silent = |j: usize| (0..n).all(|i| parameters.in_degree[(i, j)] * parameters.weight_v[(i, j)] == 0.0);
            if let Some(j) = (0..n).find(|&j| silent(j)) {
                let population = parameters.populations[j].name.clone();
                return Err(LinearError::NoOutgoingConnection { population });
            }
        }
        let mut values = DMatrix::zeros(self.at.len(), n);
        for (frequency, eigen) in self.at.iter().enumerate() {
            let scale = eigen.values.iter().map(|value| value.norm()).fold(0.0, f64::max);
            for (mode, &value) in eigen.values.iter().enumerate() {
                values[(frequency, mode)] = of.eigenvalue(value, scale)?;
            }
        }
        Ok(values)
    }
}

impl SpectrumOf {
    fn eigenvalue(self, lambda: Complex64, scale: f64) -> Result<Complex64, LinearError> {
        let least = f64::EPSILON * scale;
        let one = Complex64::ONE;
        match self {
            Self::EffectiveConnectivity => Ok(lambda),
            Self::Propagator if (one - lambda).norm() <= least => Err(LinearError::Critical),
            Self::Propagator => Ok(lambda / (one - lambda)),
            Self::InversePropagator if lambda.norm() <= least => Err(LinearError::SingularPropagator),
            Self::InversePropagator => Ok((one - lambda) / lambda),
        }
    }
}

/// For each mode, the position of its continuation.
fn continued(found: &[Complex64], predicted: impl Fn(usize) -> Complex64) -> Vec<usize> {
    let n = found.len();
    assignment(&DMatrix::from_fn(n, n, |mode, k| (predicted(mode) - found[k]).norm()))
}

fn by_falling_magnitude(values: &[Complex64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].norm().total_cmp(&values[a].norm()));
    order
}

fn reordered(eigen: &Eigen, order: &[usize]) -> Eigen {
    Eigen {
        values: order.iter().map(|&k| eigen.values[k]).collect(),
        right: eigen.right.select_columns(order),
        left: eigen.left.select_rows(order),
    }
}
