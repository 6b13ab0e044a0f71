//! Ordinary least squares with an intercept, target by target, by the QR decomposition of linfa-linear.
//!
//! min |y - b - X w|^2. It has one answer only if no feature is a linear combination of the others: that is checked first, since QR would return numbers of
//! the order of 1e16 without complaint. No parameters.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::linfa_bridge::{cholesky, ordinary_least_squares};
use super::{Estimator, FitContext, Fitted, Leverage, LinearMap, Listed, Stored};
use crate::{InverseError, Moments};

/// Linear regression without a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LeastSquares;

/// Part of a feature's sum of squares that must not be explained by the features before it; rounding alone leaves about 1e-15.
const INDEPENDENT_PART: f64 = 1e-13;

impl Listed for LeastSquares {
    const NAME: &'static str = "least_squares";
    const SUMMARY: &'static str = "Linear regression without a penalty.";
    const HAS_PARAMETERS: bool = false;

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        LinearMap::restore(stored)
    }
}

impl Estimator for LeastSquares {
    fn check(&self) -> Result<(), InverseError> {
        Ok(())
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        context.look()?;
        let (rows, columns) = features.dim();
        if rows <= columns {
            return Err(InverseError::TooFewRows { estimator: "least_squares", needed: columns + 1, found: rows });
        }
        check_independent(features, targets)?;
        let fits: Vec<Result<(f64, Vec<f64>), InverseError>> = (0..targets.ncols())
            .into_par_iter()
            .map(|target| {
                context.look()?;
                let fit = ordinary_least_squares(features, &targets.column(target).to_vec());
                (context.progress)(1.0 / targets.ncols() as f64);
                fit
            })
            .collect();
        let (intercept, coefficients) = fits.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
        Ok(Box::new(LinearMap { intercept, coefficients }))
    }

    fn leverage(&self, features: ArrayView2<'_, f64>) -> Option<Leverage> {
        Leverage::of(&Moments::of(features, Array2::zeros((features.nrows(), 0)).view()), 0.0)
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
    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;
    use crate::Ridge;

    fn fit(
        estimator: &dyn Estimator,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        estimator.fit(x, y, &FitContext::unwatched(StreamKey::new([0; 16])))
    }

    #[test]
    fn agrees_with_ridge_without_penalty() {
        let x = Array2::from_shape_fn((30, 4), |(r, c)| ((r * (c + 2)) as f64 * 0.7).sin() + 3.0 * c as f64);
        let y = Array2::from_shape_fn((30, 3), |(r, t)| ((r + t) as f64 * 0.3).cos() + x[[r, t]]);
        let least_squares = fit(&LeastSquares, x.view(), y.view()).unwrap().predict(x.view());
        let ridge = fit(&Ridge { alpha: 0.0 }, x.view(), y.view()).unwrap().predict(x.view());
        for (a, b) in least_squares.iter().zip(&ridge) {
            assert!((a - b).abs() < 1e-12);
        }
        // A view that is not contiguous goes another way through the bridge.
        let every_other = x.slice(ndarray::s![..;2, ..;-1]);
        let y_other = y.slice(ndarray::s![..;2, ..]);
        let copied = fit(&LeastSquares, every_other.to_owned().view(), y_other).unwrap();
        assert_eq!(fit(&LeastSquares, every_other, y_other).unwrap().store(), copied.store());
    }

    #[test]
    fn dependent_columns_and_too_few_rows_are_refused() {
        let x = array![[1.0, 2.0, 3.0], [2.0, 5.0, 7.0], [4.0, 4.0, 8.0], [0.0, 1.0, 1.0], [9.0, 2.0, 11.0]];
        let y = array![[1.0], [2.0], [3.0], [4.0], [5.0]];
        let dependent = fit(&LeastSquares, x.view(), y.view());
        assert_eq!(dependent.unwrap_err(), InverseError::DependentColumn { column: 2 });
        let few = fit(&LeastSquares, x.slice(ndarray::s![..3, ..]), y.slice(ndarray::s![..3, ..]));
        assert!(matches!(few, Err(InverseError::TooFewRows { needed: 4, found: 3, .. })));
    }
}
