//! Eigenvalues and eigenvectors of small matrices without symmetry.
//!
//! A Schur decomposition M = Q T Q^H gives the eigenvalues; eigenvectors are those of the triangular T, found by
//! substitution, and turned back by Q.

use nalgebra::{ComplexField, DMatrix, DVector, Schur};
use num_complex::Complex64;

use super::LinearError;
use super::checks::shape;

/// Eigenvalues with left and right eigenvectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    /// lambda_k.
    pub values: Vec<Complex64>,
    /// Column k: M v_k = lambda_k v_k, of length 1.
    pub right: DMatrix<Complex64>,
    /// Row k: u_k M = lambda_k u_k (already conjugated), with u_k v_k = 1: the inverse of `right`.
    pub left: DMatrix<Complex64>,
}

/// Eigenvalues and eigenvectors of a square matrix, in no particular order.
///
/// # Errors
/// A matrix that is not square or not finite; one without a full set of eigenvectors.
pub fn eigen(matrix: &DMatrix<Complex64>) -> Result<Eigen, LinearError> {
    let (q, t) = schur(matrix)?;
    let n = t.nrows();
    let values: Vec<Complex64> = t.diagonal().iter().copied().collect();
    // Equal eigenvalues are taken apart by rounding, as LAPACK does.
    let least = f64::EPSILON * t.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt();
    let difference = |a: Complex64, b: Complex64| if (a - b).norm() < least { Complex64::from(least) } else { a - b };
    let mut right = DMatrix::zeros(n, n);
    let mut left = DMatrix::zeros(n, n);
    for (k, &value) in values.iter().enumerate() {
        // (T - lambda) x = 0 upwards from x_k = 1, y (T - lambda) = 0 to the right from y_k = 1.
        let (mut x, mut y) = (DVector::zeros(n), DVector::zeros(n));
        x[k] = Complex64::ONE;
        y[k] = Complex64::ONE;
        for i in (0..k).rev() {
            let sum: Complex64 = (i + 1..=k).map(|j| t[(i, j)] * x[j]).sum();
            x[i] = -sum / difference(t[(i, i)], value);
        }
        for i in k + 1..n {
            let sum: Complex64 = (k..i).map(|j| y[j] * t[(j, i)]).sum();
            y[i] = -sum / difference(t[(i, i)], value);
        }
        let length = x.iter().map(|x| x.norm_sqr()).sum::<f64>().sqrt();
        // x_k y_k = 1 is all of y x: x is 0 below k, y above.
        x /= Complex64::from(length);
        y *= Complex64::from(length);
        if !length.is_finite() || y.iter().any(|y| !y.is_finite()) {
            return Err(LinearError::NoEigenvectors { eigenvalue: value });
        }
        right.set_column(k, &(&q * x));
        left.set_row(k, &(y.transpose() * q.adjoint()));
    }
    Ok(Eigen { values, right, left })
}

/// Eigenvalues of a square matrix, in no particular order.
///
/// # Errors
/// A matrix that is not square or not finite.
pub fn eigenvalues(matrix: &DMatrix<Complex64>) -> Result<Vec<Complex64>, LinearError> {
    Ok(schur(matrix)?.1.diagonal().iter().copied().collect())
}

/// Eigenvalues of a real matrix; none if it is not finite.
pub(crate) fn real_eigenvalues(matrix: &DMatrix<f64>) -> Option<Vec<Complex64>> {
    if matrix.iter().any(|x| !x.is_finite()) {
        return None;
    }
    if matrix.is_empty() {
        return Some(Vec::new());
    }
    match Schur::try_new(matrix.clone(), f64::EPSILON, iterations(matrix)) {
        Some(schur) => Some(schur.complex_eigenvalues().iter().copied().collect()),
        None => eigenvalues(&matrix.map(Complex64::from)).ok(),
    }
}

fn schur(matrix: &DMatrix<Complex64>) -> Result<(DMatrix<Complex64>, DMatrix<Complex64>), LinearError> {
    shape("matrix", matrix, matrix.nrows())?;
    if matrix.is_empty() {
        return Ok((matrix.clone(), matrix.clone()));
    }
    if let Some(value) = matrix.iter().find(|x| !x.is_finite()) {
        return Err(LinearError::NotFinite { value: *value });
    }
    let most = iterations(matrix);
    let decompose = |matrix| Schur::try_new(matrix, f64::EPSILON, most).map(Schur::unpack);
    if let Some(parts) = decompose(matrix.clone()) {
        return Ok(parts);
    }
    // Shifts of the QR steps can be blind to a symmetry, as of populations in a ring. Seen through a mirror that has
    // nothing to do with the matrix, it has none.
    let mut normal =
        DVector::from_fn(matrix.nrows(), |i, _| Complex64::new(1.0 / (1.0 + i as f64), 0.3 * (i as f64).sin()));
    normal /= Complex64::from(normal.norm());
    let mirror = |m: &DMatrix<Complex64>| m - &normal * (normal.adjoint() * m) * Complex64::from(2.0);
    let seen = mirror(&mirror(matrix).adjoint()).adjoint();
    let (q, t) = decompose(seen).ok_or(LinearError::NoEigenvalues)?;
    Ok((mirror(&q), t))
}

/// QR steps before a decomposition is given up; three for each eigenvalue are common.
fn iterations<T: ComplexField>(matrix: &DMatrix<T>) -> usize {
    100 * (matrix.nrows() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest entry of M - V diag(lambda) V^-1, by the largest of M.
    fn error(matrix: &DMatrix<Complex64>) -> f64 {
        let found = eigen(matrix).unwrap();
        let diagonal = DMatrix::from_diagonal(&DVector::from_vec(found.values.clone()));
        let size = |m: &DMatrix<Complex64>| m.iter().map(|x| x.norm()).fold(0.0, f64::max);
        let lengths = found.right.column_iter().map(|v| (v.norm() - 1.0).abs()).fold(0.0, f64::max);
        lengths + size(&(&found.right * diagonal * &found.left - matrix)) / size(matrix)
    }

    #[test]
    fn full_matrices() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
        };
        for n in [1, 2, 3, 8, 20, 40] {
            for _ in 0..20 {
                let matrix = DMatrix::from_fn(n, n, |_, _| Complex64::new(next(), next()));
                assert!(error(&matrix) < 1e-11, "{n}: {}", error(&matrix));
            }
        }
    }

    /// Common QR shifts do not move a cyclic permutation of an even number of populations.
    #[test]
    fn populations_in_a_ring() {
        for n in [2, 3, 4, 8, 16] {
            let ring = DMatrix::from_fn(n, n, |i, j| Complex64::from(f64::from(u8::from((i + 1) % n == j)) * -3.0));
            assert!(error(&ring) < 1e-13);
            let found = real_eigenvalues(&ring.map(|x| x.re)).unwrap();
            for value in found {
                assert!((value.norm() - 3.0).abs() < 1e-13 && ((value / -3.0).powu(n as u32) - 1.0).norm() < 1e-12);
            }
        }
    }

    #[test]
    fn repeated_eigenvalues() {
        assert_eq!(error(&DMatrix::identity(4, 4)), 0.0);
        // Of rank one, as of neurons that are all alike.
        let alike = DMatrix::from_fn(5, 5, |_, j| Complex64::from([2.0, -3.0, 1.0, 0.5, -0.25][j]));
        assert!(error(&alike) < 1e-13);
        assert_eq!(eigenvalues(&DMatrix::zeros(3, 3)).unwrap(), [Complex64::ZERO; 3]);
        // One eigenvector for two eigenvalues: parallel to rounding.
        let defective = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 0.0, 1.0].map(Complex64::from));
        match eigen(&defective) {
            Ok(found) => assert!(found.left.iter().any(|x| x.norm() > 1e7)),
            Err(error) => assert!(matches!(error, LinearError::NoEigenvectors { .. })),
        }
    }
}
