//! Cholesky decomposition in blocks, whose cost is in matrix products, and what is solved with it.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis, s};

const BLOCK: usize = 64;

/// The lower triangular L with L L^T = matrix, of which the lower triangle is read; none unless it is positive definite.
pub(super) fn factor(mut matrix: Array2<f64>) -> Option<Array2<f64>> {
    let size = matrix.nrows();
    for from in (0..size).step_by(BLOCK) {
        let to = size.min(from + BLOCK);
        // Rows from here on, less what the columns before explain.
        let (before, mut here) = matrix.view_mut().split_at(Axis(1), from);
        let mut here = here.slice_mut(s![from.., ..to - from]);
        let before = before.slice(s![from.., ..]);
        let own = before.slice(s![..to - from, ..]);
        general_mat_mul(-1.0, &before, &own.t(), 1.0, &mut here);
        for row in 0..here.nrows() {
            for column in 0..=row.min(to - from - 1) {
                let mut left = here[[row, column]];
                for k in 0..column {
                    left -= here[[row, k]] * here[[column, k]];
                }
                here[[row, column]] = if row > column {
                    left / here[[column, column]]
                } else if left > 0.0 && left.is_finite() {
                    left.sqrt()
                } else {
                    return None;
                };
            }
        }
    }
    for row in 0..size {
        matrix.slice_mut(s![row, row + 1..]).fill(0.0);
    }
    Some(matrix)
}

/// X with L X = right side, in its place.
pub(super) fn solve_lower(lower: &Array2<f64>, right: &mut Array2<f64>) {
    let size = lower.nrows();
    for from in (0..size).step_by(BLOCK) {
        let to = size.min(from + BLOCK);
        let (before, mut here) = right.view_mut().split_at(Axis(0), from);
        let mut here = here.slice_mut(s![..to - from, ..]);
        general_mat_mul(-1.0, &lower.slice(s![from..to, ..from]), &before, 1.0, &mut here);
        for row in 0..to - from {
            let (known, mut own) = here.view_mut().split_at(Axis(0), row);
            let mut own = own.row_mut(0);
            for (k, known) in known.rows().into_iter().enumerate() {
                own.scaled_add(-lower[[from + row, from + k]], &known);
            }
            own /= lower[[from + row, from + row]];
        }
    }
}

/// (L L^T)^-1.
pub(super) fn inverse(lower: &Array2<f64>) -> Array2<f64> {
    let size = lower.nrows();
    let mut of_lower = Array2::eye(size);
    // Columns of a block are zero above it.
    for from in (0..size).step_by(BLOCK) {
        let to = size.min(from + BLOCK);
        let mut part = of_lower.slice(s![from.., from..to]).to_owned();
        solve_lower(&lower.slice(s![from.., from..]).to_owned(), &mut part);
        of_lower.slice_mut(s![from.., from..to]).assign(&part);
    }
    let mut inverse = Array2::zeros((size, size));
    for from in (0..size).step_by(BLOCK) {
        let to = size.min(from + BLOCK);
        let own = of_lower.slice(s![from.., from..to]);
        let product = of_lower.slice(s![from.., ..to]).t().dot(&own);
        inverse.slice_mut(s![from..to, ..to]).assign(&product.t());
        inverse.slice_mut(s![..to, from..to]).assign(&product);
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_inverses_and_solutions_of_any_size() {
        for size in [1, 2, 63, 64, 65, 150] {
            let root = Array2::from_shape_fn((size, size), |(i, j)| ((3 * i + 5 * j * j + i * j) as f64).sin());
            let matrix = root.dot(&root.t()) + 0.5 * Array2::<f64>::eye(size);
            let lower = factor(matrix.clone()).unwrap();
            let close = |a: &Array2<f64>, b: &Array2<f64>, within: f64| {
                assert!((a - b).iter().all(|error| error.abs() < within), "{size}");
            };
            close(&lower.dot(&lower.t()), &matrix, 1e-11 * size as f64);
            close(&inverse(&lower).dot(&matrix), &Array2::eye(size), 1e-9 * size as f64);
            let mut right = Array2::from_shape_fn((size, 3), |(i, j)| (i + j) as f64);
            let expected = right.clone();
            solve_lower(&lower, &mut right);
            close(&lower.dot(&right), &expected, 1e-10 * size as f64);
            let mut indefinite = matrix;
            indefinite[[size - 1, size - 1]] = -1.0;
            assert!(factor(indefinite).is_none());
        }
    }
}
