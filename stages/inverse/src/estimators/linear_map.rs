//! theta = intercept + coefficients x: what ridge and least squares learn.

use ndarray::{Array2, ArrayView2};

use super::{Fitted, Stored};
use crate::InverseError;
use crate::error::{check_finite, check_length};

/// Intercept per target, and coefficients as one list per target in the order of the features.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearMap {
    /// One number per target, in its unit.
    pub intercept: Vec<f64>,
    /// targets x features: by how much a target grows per unit of a feature, as the fit saw it.
    pub coefficients: Vec<Vec<f64>>,
}

impl LinearMap {
    /// The map that takes mean features to mean targets; `coefficients` is features x targets.
    pub(crate) fn through_means(coefficients: &Array2<f64>, feature_means: &[f64], target_means: &[f64]) -> Self {
        let lines: Vec<Vec<f64>> = coefficients.columns().into_iter().map(|line| line.to_vec()).collect();
        let intercept = lines
            .iter()
            .zip(target_means)
            .map(|(line, target_mean)| {
                let offset: f64 = line.iter().zip(feature_means).map(|(c, mean)| c * mean).sum();
                target_mean - offset
            })
            .collect();
        Self { intercept, coefficients: lines }
    }

    /// The map of features x that says what this one says of (x - centre) / scale.
    pub(crate) fn after(&self, centre: &[f64], scale: &[f64]) -> Self {
        let mut map = self.clone();
        for (intercept, line) in map.intercept.iter_mut().zip(&mut map.coefficients) {
            for ((coefficient, centre), scale) in line.iter_mut().zip(centre).zip(scale) {
                *coefficient /= scale;
                *intercept -= *coefficient * centre;
            }
        }
        map
    }

    /// What [`Fitted::store`] kept.
    ///
    /// # Errors
    /// A part that is missing or has another shape.
    pub fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let (_, intercept) = stored.take::<1>("intercept")?;
        let ([_, features], coefficients) = stored.take::<2>("coefficients")?;
        stored.finish()?;
        let coefficients = coefficients.chunks(features.max(1)).map(<[f64]>::to_vec).collect();
        Ok(Box::new(Self { intercept, coefficients }))
    }
}

impl Fitted for LinearMap {
    fn kind(&self) -> &'static str {
        "linear"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let targets = self.intercept.len();
        // Target by target within a feature: the inner loop then runs over independent sums.
        let by_feature: Vec<f64> =
            (0..features.ncols()).flat_map(|feature| self.coefficients.iter().map(move |line| line[feature])).collect();
        let mut predicted = Array2::zeros((features.nrows(), targets));
        for (row, mut place) in features.rows().into_iter().zip(predicted.rows_mut()) {
            let Some(sums) = place.as_slice_mut() else {
                continue;
            };
            sums.copy_from_slice(&self.intercept);
            for (value, line) in row.iter().zip(by_feature.chunks_exact(targets.max(1))) {
                for (sum, coefficient) in sums.iter_mut().zip(line) {
                    *sum += coefficient * value;
                }
            }
            if row.iter().any(|value| !value.is_finite()) {
                sums.fill(f64::NAN);
            }
        }
        predicted
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        check_length("fitted.linear.intercept", self.intercept.len(), targets, "targets")?;
        check_length("fitted.linear.coefficients", self.coefficients.len(), targets, "targets")?;
        for (target, (intercept, line)) in self.intercept.iter().zip(&self.coefficients).enumerate() {
            check_finite(|| format!("fitted.linear.intercept[{target}]"), *intercept)?;
            check_length(&format!("fitted.linear.coefficients[{target}]"), line.len(), features, "features")?;
            for (feature, &coefficient) in line.iter().enumerate() {
                check_finite(|| format!("fitted.linear.coefficients[{target}][{feature}]"), coefficient)?;
            }
        }
        Ok(())
    }

    fn linear(&self) -> Option<&LinearMap> {
        Some(self)
    }

    fn store(&self) -> Stored {
        let (targets, features) = (self.intercept.len(), self.coefficients.first().map_or(0, Vec::len));
        Stored::default().with("intercept", &[targets], self.intercept.clone()).with(
            "coefficients",
            &[targets, features],
            self.coefficients.concat(),
        )
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn predicts_intercept_plus_weighted_features() {
        let map = LinearMap { intercept: vec![1.0, -1.0], coefficients: vec![vec![2.0, 0.5], vec![0.0, 3.0]] };
        let predicted = map.predict(array![[1.0, 2.0], [0.0, f64::NAN], [f64::INFINITY, 0.0]].view());
        assert_eq!(predicted.row(0).to_vec(), vec![4.0, 5.0]);
        assert!(predicted.row(1).iter().chain(predicted.row(2)).all(|value| value.is_nan()));
        assert_eq!(map.predict(Array2::zeros((0, 2)).view()).dim(), (0, 2));
    }
}
