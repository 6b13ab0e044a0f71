//! Ridge for many penalties at once: coefficients from the same moments, and errors on held-out rows of many folds.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::{LinearMap, Ridge, Solution};
use crate::moments::{HeldOutErrors, LeaveOut};
use crate::{InverseError, Moments};

impl Ridge {
    /// The map of each penalty, to the last digit what [`Ridge`] with that `alpha` gives; none where the moments do not determine it accurately, and the rows
    /// are needed.
    ///
    /// # Errors
    /// A penalty out of range, no row, sums that overflow.
    pub fn path(moments: &Moments, alphas: &[f64]) -> Result<Option<Vec<LinearMap>>, InverseError> {
        let map = |&alpha: &f64| match (Self { alpha }).solve(moments)? {
            Solution::Accurate(coefficients) => {
                Ok(Some(LinearMap::through_means(&coefficients, &moments.feature_means, &moments.target_means)))
            }
            Solution::Rough { .. } => Ok(None),
        };
        alphas.iter().map(map).collect()
    }

    /// Per fold and penalty, the errors on the rows of the fold of a fit on all others; none for folds that need more than moments. Each fold holds out some
    /// rows, not all, each at most once. Folds run in parallel.
    ///
    /// # Errors
    /// As [`Ridge::path`].
    pub fn errors_of_folds(
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        standardized: bool,
        alphas: &[f64],
        folds: &[Vec<usize>],
    ) -> Result<Vec<Option<Vec<Vec<HeldOutErrors>>>>, InverseError> {
        let leave_out = LeaveOut::new(features, targets);
        folds.par_iter().map(|rows| errors_of_fold(&leave_out, rows, standardized, alphas)).collect()
    }
}

/// Of one fold.
fn errors_of_fold(
    leave_out: &LeaveOut,
    rows: &[usize],
    standardized: bool,
    alphas: &[f64],
) -> Result<Option<Vec<Vec<HeldOutErrors>>>, InverseError> {
    let Some(moments) = leave_out.moments_without(rows) else {
        return Ok(None);
    };
    if !standardized {
        return Ok(Ridge::path(&moments, alphas)?.map(|maps| leave_out.errors(rows, &maps)));
    }
    let (scale, means) = (moments.feature_sd(), moments.feature_means.clone());
    let Some(mut maps) = Ridge::path(&moments.scaled(&scale), alphas)? else {
        return Ok(None);
    };
    // As maps of features as they are.
    for map in &mut maps {
        for (intercept, line) in map.intercept.iter_mut().zip(&mut map.coefficients) {
            for ((weight, scale), mean) in line.iter_mut().zip(&scale).zip(&means) {
                *weight /= scale;
                *intercept -= *weight * mean;
            }
        }
    }
    Ok(Some(leave_out.errors(rows, &maps)))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis};

    use super::*;

    fn data() -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((53, 5), |(r, c)| {
            ((r * (2 * c + 3)) as f64 * 0.37).sin() * 3f64.powi(c as i32) + 50.0
        });
        let y = Array2::from_shape_fn((53, 3), |(r, t)| 3.0 * x[[r, t]] - x[[r, 2]] + ((r * r) as f64).cos() + 9.0);
        (x, y)
    }

    #[test]
    fn errors_are_those_of_fits_on_the_other_rows() {
        let (x, y) = data();
        let folds: Vec<Vec<usize>> = (0..5).map(|fold| (0..53).filter(|row| row * row % 5 == fold).collect()).collect();
        let folds: Vec<Vec<usize>> = folds.into_iter().filter(|fold| !fold.is_empty()).collect();
        // Few and many penalties fill blocks in two ways.
        for alphas in [vec![0.0, 0.1, 10.0], (0..20).map(|k| 0.1 * f64::from(k)).collect()] {
            for standardized in [false, true] {
                let found = Ridge::errors_of_folds(x.view(), y.view(), standardized, &alphas, &folds).unwrap();
                for (rows, found) in folds.iter().zip(found) {
                    let found = found.unwrap();
                    let kept: Vec<usize> = (0..53).filter(|row| !rows.contains(row)).collect();
                    let mut scaled = x.clone();
                    if standardized {
                        let (mean, sd) = (
                            x.select(Axis(0), &kept).mean_axis(Axis(0)),
                            x.select(Axis(0), &kept).std_axis(Axis(0), 0.0),
                        );
                        scaled = (scaled - mean.unwrap()) / sd;
                    }
                    let (train, truth) = (y.select(Axis(0), &kept), y.select(Axis(0), rows));
                    let moments = Moments::of(scaled.select(Axis(0), &kept).view(), train.view());
                    let maps = Ridge::path(&moments, &alphas).unwrap().unwrap();
                    for (map, found) in maps.iter().zip(found) {
                        let predicted = crate::Fitted::predict(map, scaled.select(Axis(0), rows).view());
                        for (target, found) in found.iter().enumerate() {
                            let errors = &predicted.column(target) - &truth.column(target);
                            let squared = errors.mapv(|error| error * error).sum();
                            let absolute = errors.mapv(f64::abs).sum();
                            let mean = truth.column(target).mean().unwrap();
                            let total = truth.column(target).mapv(|value| (value - mean).powi(2)).sum();
                            assert_eq!(found.rows, rows.len());
                            assert!((found.squared / squared - 1.0).abs() < 1e-9, "{found:?} {squared}");
                            assert!((found.absolute / absolute - 1.0).abs() < 1e-10, "{found:?} {absolute}");
                            assert!((found.total - total).abs() < 1e-10 * total.max(1e-300), "{found:?} {total}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_path_is_its_fits_to_the_last_digit() {
        let (x, y) = data();
        let moments = Moments::of(x.view(), y.view());
        for (alpha, map) in [0.01, 1.0, 100.0].iter().zip(Ridge::path(&moments, &[0.01, 1.0, 100.0]).unwrap().unwrap())
        {
            let fitted = crate::estimators::MomentEstimator::fit_moments(&Ridge { alpha: *alpha }, &moments);
            assert_eq!(fitted.unwrap().unwrap().store(), crate::Fitted::store(&map));
        }
        assert!(Ridge::path(&moments, &[1.0, -1.0]).is_err());
    }
}
