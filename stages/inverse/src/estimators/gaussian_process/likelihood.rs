//! The marginal likelihood and its gradient (Rasmussen, Williams 2006, eq. 5.8 and 5.9).

use ndarray::{Array1, Array2, ArrayView2};

use super::cholesky;

/// s, l and v.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Covariance {
    pub(super) signal: f64,
    pub(super) lengths: Vec<f64>,
    pub(super) noise: f64,
}

impl Covariance {
    /// s exp(-1/2 sum (a - b)^2 / l^2) between rows, without noise.
    pub(super) fn between(&self, left: ArrayView2<'_, f64>, right: ArrayView2<'_, f64>) -> Array2<f64> {
        let (left, right) = (self.scaled(left), self.scaled(right));
        let mut between = Array2::zeros((left.len(), right.len()));
        for (mut line, left) in between.rows_mut().into_iter().zip(&left) {
            for (slot, right) in line.iter_mut().zip(&right) {
                let squares: f64 = left.iter().zip(right).map(|(a, b)| (a - b) * (a - b)).sum();
                *slot = self.signal * (-0.5 * squares).exp();
            }
        }
        between
    }

    /// K.
    pub(super) fn of_rows(&self, rows: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut of_rows = self.between(rows, rows);
        of_rows.diag_mut().mapv_inplace(|value| value + self.noise);
        of_rows
    }

    fn scaled(&self, rows: ArrayView2<'_, f64>) -> Vec<Vec<f64>> {
        let scaled = |row: ndarray::ArrayView1<'_, f64>| row.iter().zip(&self.lengths).map(|(x, l)| x / l).collect();
        rows.rows().into_iter().map(scaled).collect()
    }
}

/// Rows x features, and the target without its mean in units of its standard deviation.
#[derive(Clone, Copy)]
pub(super) struct Likelihood<'a> {
    pub(super) features: &'a Array2<f64>,
    pub(super) target: &'a Array1<f64>,
}

impl Likelihood<'_> {
    /// K^-1 y, if K can be factored.
    pub(super) fn weights(&self, covariance: &Covariance) -> Option<Array1<f64>> {
        let lower = cholesky::factor(covariance.of_rows(self.features.view()))?;
        let mut weights = self.target.clone().insert_axis(ndarray::Axis(1));
        cholesky::solve_lower(&lower, &mut weights);
        let mut weights = weights.remove_axis(ndarray::Axis(1));
        for row in (0..weights.len()).rev() {
            weights[row] /= lower[[row, row]];
            let known = weights[row];
            weights.slice_mut(ndarray::s![..row]).scaled_add(-known, &lower.slice(ndarray::s![row, ..row]));
        }
        Some(weights)
    }

    /// log p(y), and its derivatives by the logarithms of s, of each length and of v; none where K cannot be factored.
    pub(super) fn at(&self, covariance: &Covariance) -> Option<(f64, Vec<f64>)> {
        let rows = self.target.len();
        let kernel = covariance.between(self.features.view(), self.features.view());
        let mut of_rows = kernel.clone();
        of_rows.diag_mut().mapv_inplace(|value| value + covariance.noise);
        let lower = cholesky::factor(of_rows)?;
        let mut inner = cholesky::inverse(&lower);
        let weights = inner.dot(self.target);
        let log_determinant: f64 = 2.0 * lower.diag().iter().map(|value| value.ln()).sum::<f64>();
        let constant = rows as f64 * (2.0 * std::f64::consts::PI).ln();
        let likelihood = -0.5 * (self.target.dot(&weights) + log_determinant + constant);
        // From here on a a^T - K^-1, of which the derivative by anything is half the trace with that of K.
        for ((i, j), value) in inner.indexed_iter_mut() {
            *value = weights[i] * weights[j] - *value;
        }
        let by_noise = 0.5 * covariance.noise * inner.diag().sum();
        let inner = inner * kernel;
        let sums = inner.sum_axis(ndarray::Axis(1));
        let crossed = inner.dot(self.features);
        let mut gradient = vec![0.5 * sums.sum()];
        for (feature, length) in covariance.lengths.iter().enumerate() {
            let (column, crossed) = (self.features.column(feature), crossed.column(feature));
            // sum_ij M_ij (x_i - x_j)^2 = 2 sum_i x_i (x_i sum_j M_ij - (M x)_i).
            let sum: f64 = column.iter().zip(&sums).zip(crossed).map(|((x, sum), mx)| x * (x * sum - mx)).sum();
            gradient.push(sum / (length * length));
        }
        gradient.push(by_noise);
        let finite = likelihood.is_finite() && gradient.iter().all(|value| value.is_finite());
        finite.then_some((likelihood, gradient))
    }
}
