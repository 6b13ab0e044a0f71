//! Covariances and triangular factors of matrices as large as there are features, by plain loops: the same bits on every machine.

use ndarray::{Array2, ArrayView2};

/// Means of columns, and covariance with the divisor n - 1 (zero for one row).
pub(crate) fn covariance(rows: ArrayView2<'_, f64>) -> (Vec<f64>, Array2<f64>) {
    let (count, columns) = rows.dim();
    let mean: Vec<f64> = rows.columns().into_iter().map(|column| column.sum() / count as f64).collect();
    let mut sums: Array2<f64> = Array2::zeros((columns, columns));
    let mut deviation = vec![0.0; columns];
    for row in rows.rows() {
        for ((slot, value), mean) in deviation.iter_mut().zip(row).zip(&mean) {
            *slot = value - mean;
        }
        for (i, a) in deviation.iter().enumerate() {
            for (j, b) in deviation[..=i].iter().enumerate() {
                sums[[i, j]] += a * b;
            }
        }
    }
    let divisor = count.saturating_sub(1).max(1) as f64;
    let spread = Array2::from_shape_fn((columns, columns), |(i, j)| sums[[i.max(j), i.min(j)]] / divisor);
    (mean, spread)
}

/// The lower triangular L with L L^T = matrix; none unless the matrix is positive definite.
pub(crate) fn cholesky(matrix: &Array2<f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    let mut lower: Array2<f64> = Array2::zeros((size, size));
    for i in 0..size {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[[i, k]] * lower[[j, k]]).sum();
            let rest = matrix[[i, j]] - known;
            if i != j {
                lower[[i, j]] = rest / lower[[j, j]];
            } else if rest > 0.0 && rest.is_finite() {
                lower[[i, i]] = f64::sqrt(rest);
            } else {
                return None;
            }
        }
    }
    Some(lower)
}

/// x with L x = right side.
pub(crate) fn solve_lower(lower: &Array2<f64>, right: &[f64]) -> Vec<f64> {
    let mut x: Vec<f64> = Vec::with_capacity(right.len());
    for (i, value) in right.iter().enumerate() {
        let known: f64 = x.iter().enumerate().map(|(k, x)| lower[[i, k]] * x).sum();
        x.push((value - known) / lower[[i, i]]);
    }
    x
}

/// x with L L^T x = right side.
pub(crate) fn solve(lower: &Array2<f64>, right: &[f64]) -> Vec<f64> {
    let mut x = solve_lower(lower, right);
    for i in (0..x.len()).rev() {
        let known: f64 = (i + 1..x.len()).map(|k| lower[[k, i]] * x[k]).sum();
        x[i] = (x[i] - known) / lower[[i, i]];
    }
    x
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_factor_solves_and_multiplies_back() {
        let matrix = array![[4.0, 2.0, 0.4], [2.0, 5.0, 1.0], [0.4, 1.0, 3.0]];
        let lower = cholesky(&matrix).unwrap();
        let back = lower.dot(&lower.t());
        assert!((&back - &matrix).iter().all(|difference| difference.abs() < 1e-14));
        let x = solve(&lower, &matrix.dot(&array![1.0, -2.0, 0.5]).to_vec());
        assert!(x.iter().zip([1.0, -2.0, 0.5]).all(|(found, expected)| (found - expected).abs() < 1e-13));
        assert!(cholesky(&array![[1.0, 2.0], [2.0, 1.0]]).is_none());
        assert!(cholesky(&array![[f64::NAN]]).is_none());
    }

    #[test]
    fn covariance_of_a_few_rows() {
        let (mean, spread) = covariance(array![[1.0, 0.0], [2.0, 4.0], [6.0, 2.0]].view());
        assert_eq!(mean, [3.0, 2.0]);
        assert_eq!(spread, array![[7.0, 1.0], [1.0, 4.0]]);
        assert_eq!(covariance(array![[1.0]].view()).1, array![[0.0]]);
    }
}
