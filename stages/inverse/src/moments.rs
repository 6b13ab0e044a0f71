//! First and second moments of features and targets: all that ridge regression sees of its data.
//!
//! For rows x_r (features) and y_r (targets) with means m_x and m_y: gram = sum_r (x_r - m_x)(x_r - m_x)^T and cross = sum_r (x_r - m_x)(y_r - m_y)^T.
//! Sums of products about a common centre c obey S_about_mean = S_about_c - n (m - c)(m - c)^T (Chan, Golub, LeVeque 1983, Am Stat 37:242), so
//! the moments of "all rows but these" follow from those of "all" and "these". [`LeaveOut`] does that only where next to nothing cancels.

mod held_out;

use lapicque_numerics::vectorise::{Kernel, vectorise};
use ndarray::{Array2, ArrayView2};

pub(crate) use held_out::HeldOutErrors;

/// Centred sums over training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Rows that were summed over.
    pub rows: usize,
    /// m_x; zeros for standardized features.
    pub feature_means: Vec<f64>,
    /// m_y.
    pub target_means: Vec<f64>,
    /// features x features, symmetric.
    pub gram: Array2<f64>,
    /// features x targets.
    pub cross: Array2<f64>,
    /// sum_r (y_r - m_y)^2 of each target.
    pub target_squares: Vec<f64>,
}

impl Moments {
    /// Of all rows: rows x features and rows x targets with the same number of rows.
    pub fn of(features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Self {
        let deviations = Deviations::about_means(features, targets);
        let sums = deviations.sums(0..features.nrows());
        sums.moments(&deviations)
    }

    /// Moments of the features divided by `scale`.
    pub(crate) fn scaled(mut self, scale: &[f64]) -> Self {
        for (i, row_scale) in scale.iter().enumerate() {
            for (j, column_scale) in scale.iter().enumerate() {
                self.gram[[i, j]] /= row_scale * column_scale;
            }
            self.cross.row_mut(i).mapv_inplace(|value| value / row_scale);
            // Standardized features have mean zero by definition; what rounding leaves would only add noise to the intercept.
            self.feature_means[i] = 0.0;
        }
        self
    }

    /// Population standard deviation of each feature.
    pub(crate) fn feature_sd(&self) -> Vec<f64> {
        self.gram.diag().iter().map(|sum| (sum / self.rows as f64).sqrt()).collect()
    }
}

/// The moments of all rows but some, without visiting the rows that stay.
pub(crate) struct LeaveOut {
    deviations: Deviations,
    all: Sums,
}

/// A fold is computed by subtraction while each column keeps at least this part of its sum of squares: then at most one digit cancels.
const KEPT_PART: f64 = 0.1;

impl LeaveOut {
    pub(crate) fn new(features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Self {
        let deviations = Deviations::about_means(features, targets);
        let all = deviations.sums(0..features.nrows());
        Self { deviations, all }
    }

    /// The moments of the rows not in `left_out` (each at most once), or none where digits would cancel.
    pub(crate) fn moments_without(&self, left_out: &[usize]) -> Option<Moments> {
        let test = self.deviations.sums(left_out.iter().copied());
        let mut kept = self.all.clone();
        kept.rows -= test.rows;
        for (all, part) in kept.columns.iter_mut().zip(&test.columns) {
            *all -= part;
        }
        for (all, part) in kept.products.iter_mut().zip(&test.products) {
            *all -= part;
        }
        if kept.rows == 0 {
            return None;
        }
        let width = self.deviations.width;
        let keeps_digits = (0..self.deviations.columns()).all(|i| {
            let about_mean = kept.products[i * width + i] - kept.columns[i].powi(2) / kept.rows as f64;
            // Also false for the NaN of an overflow.
            about_mean >= KEPT_PART * self.all.products[i * width + i]
        });
        keeps_digits.then(|| kept.moments(&self.deviations))
    }
}

/// Rows of features and targets side by side minus a centre, padded with zeros to whole vectors of four.
struct Deviations {
    feature_count: usize,
    target_count: usize,
    width: usize,
    centre: Vec<f64>,
    values: Vec<f64>,
}

const LANES: usize = 4;

impl Deviations {
    fn about_means(features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Self {
        let columns = features.ncols() + targets.ncols();
        let width = columns.next_multiple_of(LANES);
        let rows = features.nrows();
        let mut values = vec![0.0; rows * width];
        for (row, place) in values.chunks_exact_mut(width.max(1)).enumerate() {
            let entries = features.row(row).into_iter().chain(targets.row(row));
            for (slot, value) in place.iter_mut().zip(entries) {
                *slot = *value;
            }
        }
        let mut centre = vec![0.0; width];
        // The second pass corrects the rounding of the first.
        for _ in 0..2 {
            let mut residual = vec![0.0; width];
            for row in values.chunks_exact(width.max(1)) {
                for ((sum, value), mean) in residual.iter_mut().zip(row).zip(&centre) {
                    *sum += value - mean;
                }
            }
            for (mean, sum) in centre.iter_mut().zip(&residual) {
                *mean += sum / rows.max(1) as f64;
            }
        }
        for row in values.chunks_exact_mut(width.max(1)) {
            for (value, mean) in row.iter_mut().zip(&centre) {
                *value -= mean;
            }
        }
        Self { feature_count: features.ncols(), target_count: targets.ncols(), width, centre, values }
    }

    fn columns(&self) -> usize {
        self.feature_count + self.target_count
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    fn sums(&self, rows: impl IntoIterator<Item = usize>) -> Sums {
        vectorise(SumRows { deviations: self, rows: rows.into_iter() })
    }
}

struct SumRows<'a, I> {
    deviations: &'a Deviations,
    rows: I,
}

impl<I: Iterator<Item = usize>> Kernel for SumRows<'_, I> {
    type Output = Sums;

    /// Four rows a step: the products are the cost, and each load and store of a sum then serves four of them.
    #[inline(always)]
    fn run(self) -> Sums {
        let Self { deviations, mut rows } = self;
        let width = deviations.width;
        let zeros = vec![0.0; width];
        let mut sums = Sums { rows: 0, columns: vec![0.0; width], products: vec![0.0; width * width] };
        while let Some(first) = rows.next() {
            let mut block = [deviations.row(first), &zeros, &zeros, &zeros];
            sums.rows += 1;
            for (slot, row) in block[1..].iter_mut().zip(rows.by_ref()) {
                *slot = deviations.row(row);
                sums.rows += 1;
            }
            let [a, b, c, d] = block;
            for (j, sum) in sums.columns.iter_mut().enumerate() {
                *sum += (a[j] + b[j]) + (c[j] + d[j]);
            }
            for i in 0..deviations.columns() {
                let from = i - i % LANES;
                let (ai, bi, ci, di) = (a[i], b[i], c[i], d[i]);
                let line = &mut sums.products[i * width + from..(i + 1) * width];
                let others = a[from..].iter().zip(&b[from..]).zip(c[from..].iter().zip(&d[from..]));
                for (sum, ((a, b), (c, d))) in line.iter_mut().zip(others) {
                    *sum += (ai * a + bi * b) + (ci * c + di * d);
                }
            }
        }
        sums
    }
}

/// Sums about the centre of [`Deviations`]: of columns, and of products for column j >= i.
#[derive(Clone)]
struct Sums {
    rows: usize,
    columns: Vec<f64>,
    products: Vec<f64>,
}

impl Sums {
    fn moments(&self, deviations: &Deviations) -> Moments {
        let (p, t, width) = (deviations.feature_count, deviations.target_count, deviations.width);
        let n = self.rows.max(1) as f64;
        let about_mean = |i: usize, j: usize| {
            let (low, high) = (i.min(j), i.max(j));
            self.products[low * width + high] - self.columns[low] * self.columns[high] / n
        };
        let mean = |i: usize| deviations.centre[i] + self.columns[i] / n;
        Moments {
            rows: self.rows,
            feature_means: (0..p).map(mean).collect(),
            target_means: (p..p + t).map(mean).collect(),
            gram: Array2::from_shape_fn((p, p), |(i, j)| about_mean(i, j)),
            cross: Array2::from_shape_fn((p, t), |(i, j)| about_mean(i, p + j)),
            // Rounding may leave a constant with less than nothing.
            target_squares: (p..p + t).map(|i| about_mean(i, i).max(0.0)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, array};

    use super::*;

    fn features() -> Array2<f64> {
        Array2::from_shape_fn((23, 5), |(r, c)| ((r * 7 + c * 3) as f64 * 0.61).sin() * 10f64.powi(c as i32) + 1e3)
    }

    fn targets() -> Array2<f64> {
        Array2::from_shape_fn((23, 2), |(r, c)| ((r + 5 * c) as f64).cos())
    }

    #[test]
    fn moments_are_the_textbook_sums() {
        let (x, y) = (features(), targets());
        let moments = Moments::of(x.view(), y.view());
        let (mx, my) = (x.mean_axis(Axis(0)).unwrap(), y.mean_axis(Axis(0)).unwrap());
        let (dx, dy) = (&x - &mx, &y - &my);
        let (gram, cross) = (dx.t().dot(&dx), dx.t().dot(&dy));
        for ((i, j), value) in moments.gram.indexed_iter() {
            let scale = (gram[[i, i]] * gram[[j, j]]).sqrt();
            assert!((value - gram[[i, j]]).abs() < 1e-12 * scale, "gram {i} {j}");
            assert_eq!(*value, moments.gram[[j, i]]);
        }
        for ((i, j), value) in moments.cross.indexed_iter() {
            assert!((value - cross[[i, j]]).abs() < 1e-11 * gram[[i, i]].sqrt(), "cross {i} {j}");
        }
        assert!((moments.feature_means[1] - mx[1]).abs() < 1e-10);
        for (square, column) in moments.target_squares.iter().zip(dy.columns()) {
            assert!((square / column.dot(&column) - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn leaving_out_rows_equals_computing_without_them() {
        let (x, y) = (features(), targets());
        let left_out = [0, 4, 5, 11, 22];
        let stay: Vec<usize> = (0..23).filter(|row| !left_out.contains(row)).collect();
        let direct = Moments::of(x.select(Axis(0), &stay).view(), y.select(Axis(0), &stay).view());
        let by_subtraction = LeaveOut::new(x.view(), y.view()).moments_without(&left_out).unwrap();
        assert_eq!(direct.rows, by_subtraction.rows);
        for ((i, j), value) in by_subtraction.gram.indexed_iter() {
            let scale = (direct.gram[[i, i]] * direct.gram[[j, j]]).sqrt();
            assert!((value - direct.gram[[i, j]]).abs() < 1e-13 * scale, "gram {i} {j}");
        }
        for (a, b) in by_subtraction.feature_means.iter().zip(&direct.feature_means) {
            assert!((a - b).abs() < 1e-12 * b.abs().max(1.0));
        }
    }

    #[test]
    fn subtraction_refuses_where_digits_would_cancel() {
        let x = array![[1.0], [1.0 + 1e-9], [1.0 - 1e-9], [1e6]];
        let y = array![[1.0], [2.0], [3.0], [4.0]];
        let sums = LeaveOut::new(x.view(), y.view());
        assert_eq!(sums.moments_without(&[3]), None);
        assert!(sums.moments_without(&[0]).is_some());
        assert_eq!(sums.moments_without(&[0, 1, 2, 3]), None);
    }

    #[test]
    fn overflow_is_not_mistaken_for_a_number() {
        let x = array![[1e200], [-1e200], [3e200]];
        let y = array![[1.0], [2.0], [3.0]];
        assert_eq!(LeaveOut::new(x.view(), y.view()).moments_without(&[2]), None);
    }
}
