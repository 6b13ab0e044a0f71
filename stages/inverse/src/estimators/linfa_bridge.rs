//! The one file that knows linfa, which is built on ndarray 0.16 while everything else here is on 0.17.
//!
//! Views cross by pointing at the same numbers; results come back as vectors.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_linalg::cholesky::CholeskyInplace;
use linfa_linalg::eigh::EighInto;
use linfa_linalg::triangular::{SolveTriangularInplace, UPLO};
use linfa_linear::LinearRegression;
use ndarray::{Array2, ArrayView2};

use crate::InverseError;

/// Intercept and coefficients of one target by QR decomposition of [features, 1] (linfa-linear).
pub(super) fn ordinary_least_squares(
    features: ArrayView2<'_, f64>,
    target: &[f64],
) -> Result<(f64, Vec<f64>), InverseError> {
    let reason = |reason: String| InverseError::LeastSquares { reason };
    let standard = features.as_standard_layout();
    let values = standard.as_slice().unwrap_or(&[]);
    let records =
        ndarray16::ArrayView2::from_shape(features.dim(), values).map_err(|error| reason(error.to_string()))?;
    let dataset = DatasetBase::new(records, ndarray16::ArrayView1::from(target));
    let model = LinearRegression::new().fit(&dataset).map_err(|error| reason(error.to_string()))?;
    Ok((model.intercept(), model.params().to_vec()))
}

/// A lower triangular matrix on linfa's side.
pub(super) type CholeskyFactor = ndarray16::Array2<f64>;

/// The lower triangular L with L L^T = matrix; none unless the matrix is positive definite.
pub(super) fn cholesky(matrix: &Array2<f64>) -> Option<CholeskyFactor> {
    across(matrix)?.cholesky_into().ok()
}

/// X with L L^T X = right side (columns are solved together).
pub(super) fn solve_cholesky(lower: &CholeskyFactor, right: &Array2<f64>) -> Option<Array2<f64>> {
    let forward = lower.solve_triangular_into(across(right)?, UPLO::Lower).ok()?;
    let solution = lower.t().solve_triangular_into(forward, UPLO::Upper).ok()?;
    back(&solution)
}

/// Eigenvalues, and eigenvectors as columns, of a symmetric matrix of finite numbers.
pub(super) fn symmetric_eigen(matrix: &Array2<f64>) -> Result<(Vec<f64>, Array2<f64>), InverseError> {
    let failed = |reason: String| InverseError::Eigenvalues { reason };
    let copy = across(matrix).ok_or_else(|| failed("matrix layout".to_owned()))?;
    let (values, vectors) = copy.eigh_into().map_err(|error| failed(error.to_string()))?;
    let vectors = back(&vectors).ok_or_else(|| failed("matrix layout".to_owned()))?;
    Ok((values.to_vec(), vectors))
}

fn across(matrix: &Array2<f64>) -> Option<ndarray16::Array2<f64>> {
    ndarray16::Array2::from_shape_vec(matrix.dim(), matrix.iter().copied().collect()).ok()
}

fn back(matrix: &ndarray16::Array2<f64>) -> Option<Array2<f64>> {
    Array2::from_shape_vec(matrix.dim(), matrix.iter().copied().collect()).ok()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn cholesky_solves_and_refuses() {
        let matrix = array![[4.0, 2.0], [2.0, 3.0]];
        let solution = solve_cholesky(&cholesky(&matrix).unwrap(), &array![[8.0, 4.0], [7.0, 2.0]]).unwrap();
        let back = matrix.dot(&solution);
        for (a, b) in back.iter().zip(&[8.0, 4.0, 7.0, 2.0]) {
            assert!((a - b).abs() < 1e-14);
        }
        assert!(cholesky(&array![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }

    #[test]
    fn eigenvectors_rebuild_singular_matrices_of_any_size() {
        for size in 1..12 {
            for rank in 0..=size {
                let factor = Array2::from_shape_fn((size, rank), |(i, j)| ((3 * i + 5 * j * j + i * j) as f64).sin());
                let matrix = factor.dot(&factor.t());
                let (values, vectors) = symmetric_eigen(&matrix).unwrap();
                let mut scaled = vectors.clone();
                for (mut column, value) in scaled.columns_mut().into_iter().zip(&values) {
                    column *= *value;
                }
                let rebuilt = scaled.dot(&vectors.t());
                let error = (&rebuilt - &matrix).iter().fold(0.0f64, |m, v| m.max(v.abs()));
                assert!(error < 1e-12 * (size * size) as f64, "size {size}, rank {rank}: {error}");
            }
        }
    }
}
