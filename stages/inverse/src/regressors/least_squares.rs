//! Ordinary least squares with an intercept, target by target, by the QR decomposition of linfa-linear.
//!
//! min |y - b - X w|^2. It has one answer only if no feature is a linear combination of the others: that is checked first, since QR would return numbers of
//! the order of 1e16 without complaint. No parameters.

use ndarray::ArrayView2;
use rayon::prelude::*;

use super::linfa_bridge::{cholesky, ordinary_least_squares};
use super::{Fitted, LinearMap, Regressor};
use crate::{InverseError, Moments};

/// Linear regression without a penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeastSquares;

/// Part of a feature's sum of squares that must not be explained by the features before it; rounding alone leaves about 1e-15.
const INDEPENDENT_PART: f64 = 1e-13;

impl Regressor for LeastSquares {
    fn fit(&self, features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<Fitted, InverseError> {
        let (rows, columns) = features.dim();
        if rows <= columns {
            return Err(InverseError::TooFewRows { regressor: "least_squares", needed: columns + 1, found: rows });
        }
        check_independent(features, targets)?;
        let fits: Vec<Result<(f64, Vec<f64>), InverseError>> = (0..targets.ncols())
            .into_par_iter()
            .map(|target| ordinary_least_squares(features, &targets.column(target).to_vec()))
            .collect();
        let (intercept, coefficients) = fits.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok(Fitted::Linear(LinearMap { intercept, coefficients }))
    }

    fn penalty(&self) -> Option<f64> {
        Some(0.0)
    }
}

fn check_independent(features: ArrayView2<'_, f64>, targets: ArrayView2<'_, f64>) -> Result<(), InverseError> {
    let gram = Moments::of(features, targets).gram;
    if gram.iter().any(|value| !value.is_finite()) {
        return Err(InverseError::Overflow);
    }
    for leading in 1..=gram.nrows() {
        let block = gram.slice(ndarray::s![..leading, ..leading]).to_owned();
        let last = leading - 1;
        let independent =
            cholesky(&block).is_some_and(|lower| lower[(last, last)].powi(2) > INDEPENDENT_PART * block[[last, last]]);
        if !independent {
            return Err(InverseError::DependentColumn { column: last });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::Ridge;

    #[test]
    fn agrees_with_ridge_without_penalty() {
        let x = Array2::from_shape_fn((30, 4), |(r, c)| ((r * (c + 2)) as f64 * 0.7).sin() + 3.0 * c as f64);
        let y = Array2::from_shape_fn((30, 3), |(r, t)| ((r + t) as f64 * 0.3).cos() + x[[r, t]]);
        let least_squares = LeastSquares.fit(x.view(), y.view()).unwrap().predict(x.view());
        let ridge = Ridge { alpha: 0.0 }.fit(x.view(), y.view()).unwrap().predict(x.view());
        for (a, b) in least_squares.iter().zip(&ridge) {
            assert!((a - b).abs() < 1e-12);
        }
        // A view that is not contiguous goes another way through the bridge.
        let every_other = x.slice(ndarray::s![..;2, ..;-1]);
        let y_other = y.slice(ndarray::s![..;2, ..]);
        let copied = LeastSquares.fit(every_other.to_owned().view(), y_other).unwrap();
        assert_eq!(LeastSquares.fit(every_other, y_other).unwrap(), copied);
    }

    #[test]
    fn dependent_columns_and_too_few_rows_are_refused() {
        let x = array![[1.0, 2.0, 3.0], [2.0, 5.0, 7.0], [4.0, 4.0, 8.0], [0.0, 1.0, 1.0], [9.0, 2.0, 11.0]];
        let y = array![[1.0], [2.0], [3.0], [4.0], [5.0]];
        let dependent = LeastSquares.fit(x.view(), y.view());
        assert_eq!(dependent, Err(InverseError::DependentColumn { column: 2 }));
        let few = LeastSquares.fit(x.slice(ndarray::s![..3, ..]), y.slice(ndarray::s![..3, ..]));
        assert!(matches!(few, Err(InverseError::TooFewRows { needed: 4, found: 3, .. })));
    }
}
