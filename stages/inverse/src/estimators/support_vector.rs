//! Epsilon support vector regression (Vapnik 1995; Smola, Schoelkopf 2004, Stat Comput 14:199, eq. 10 and 16).
//!
//! f(x) = b + sum_i beta_i K(x_i, x), where beta minimises 1/2 beta^T K beta - y^T beta + epsilon |beta|_1 under sum beta_i = 0 and |beta_i| <= c. Errors below
//! epsilon cost nothing, and larger ones by their size. For each target by itself. Rows with beta_i = 0 are not kept.
//!
//! | parameter | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|---|
//! | kernel | K | rbf | | `rbf` exp(-gamma abs(x - z)^2), `linear` x z, `polynomial` (gamma x z + offset)^degree | |
//! | c | C | 1 | unit of the target | cost of an error beyond epsilon: small is smooth | > 0 |
//! | epsilon | epsilon | 0.1 | unit of the target | errors that cost nothing; mind the unit: a target that spans less than 2 epsilon is fitted by a constant | >= 0 |
//! | gamma | gamma | none | 1 / (unit of the features)^2 | none is 1 / (features times the variance of all their values), scikit-learn's `scale` | none, or > 0 |
//! | degree | d | 3 | | of the polynomial | 1 to 20 |
//! | offset | r | 0 | | of the polynomial | finite |
//! | tolerance | | 1e-3 | unit of the target | how far the conditions of the optimum may be violated | > 0 |
//!
//! Standardize features, unless they share a unit. Time grows between the square and the cube of the number of rows.

mod solve;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;
use crate::error::{check_finite, check_length};

/// Parameters of support vector regression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SupportVector {
    /// How alike two rows are.
    pub kernel: KernelShape,
    /// Cost of an error beyond epsilon, above 0.
    pub c: f64,
    /// Errors that cost nothing, in the unit of the target, at least 0.
    pub epsilon: f64,
    /// Of the kernels `rbf` and `polynomial`, above 0; null: 1 / (features times the variance of all their values).
    pub gamma: Option<f64>,
    /// Degree of the polynomial kernel, 1 to 20.
    pub degree: u16,
    /// What the polynomial kernel adds before its power.
    pub offset: f64,
    /// How far the conditions of the optimum may be violated, in the unit of the target, above 0.
    pub tolerance: f64,
}

/// How alike two rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KernelShape {
    /// A Gaussian of their distance.
    #[default]
    Rbf,
    /// Their product.
    Linear,
    /// A power of their product.
    Polynomial,
}

impl Default for SupportVector {
    fn default() -> Self {
        let (c, epsilon, tolerance) = (1.0, 0.1, 1e-3);
        Self { kernel: KernelShape::Rbf, c, epsilon, gamma: None, degree: 3, offset: 0.0, tolerance }
    }
}

/// A kernel with its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Similarity {
    kernel: KernelShape,
    gamma: f64,
    degree: u16,
    offset: f64,
}

impl Similarity {
    /// Of two rows.
    pub(super) fn of(&self, a: &[f64], b: &[f64]) -> f64 {
        match self.kernel {
            KernelShape::Rbf => {
                let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                (-self.gamma * squares).exp()
            }
            KernelShape::Linear => dot(a, b),
            KernelShape::Polynomial => (self.gamma * dot(a, b) + self.offset).powi(i32::from(self.degree)),
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The rows that count, and by how much.
#[derive(Debug, Clone, PartialEq)]
pub struct SupportVectors {
    similarity: Similarity,
    /// Rows x features, as the fit saw them.
    vectors: Array2<f64>,
    /// Rows x targets: beta.
    weights: Array2<f64>,
    /// Per target.
    intercept: Vec<f64>,
}

impl Listed for SupportVector {
    const NAME: &'static str = "support_vector";
    const SUMMARY: &'static str = "Support vector regression: sums of kernels, where small errors cost nothing.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let mut settings = Map::new();
        for name in ["kernel", "gamma", "degree", "offset"] {
            match stored.take_setting(name) {
                Some(value) => settings.insert(name.to_owned(), value),
                None => return stored.wrong(name, "is missing".to_owned()),
            };
        }
        let similarity = match serde_json::from_value(Value::Object(settings)) {
            Ok(similarity) => similarity,
            Err(error) => return stored.wrong("kernel, gamma, degree or offset", error.to_string()),
        };
        let ([rows, features], vectors) = stored.take::<2>("vectors")?;
        let ([of_rows, targets], weights) = stored.take::<2>("weights")?;
        let (_, intercept) = stored.take::<1>("intercept")?;
        stored.finish()?;
        if rows != of_rows {
            return stored.wrong("weights", format!("has {of_rows} rows; `vectors` has {rows}"));
        }
        let vectors = Array2::from_shape_vec((rows, features), vectors);
        match (vectors, Array2::from_shape_vec((rows, targets), weights)) {
            (Ok(vectors), Ok(weights)) => Ok(Box::new(SupportVectors { similarity, vectors, weights, intercept })),
            _ => stored.wrong("vectors", "has a shape that its values do not have".to_owned()),
        }
    }
}

impl Estimator for SupportVector {
    fn check(&self) -> Result<(), InverseError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let wrong = |parameter, value: String, allowed: &str| {
            Err(InverseError::Parameter { owner: Self::NAME, parameter, value, allowed: allowed.to_owned() })
        };
        for (parameter, value) in [("c", self.c), ("gamma", self.gamma.unwrap_or(1.0)), ("tolerance", self.tolerance)] {
            if !positive(value) {
                return wrong(parameter, value.to_string(), "a finite number above 0");
            }
        }
        if !(self.epsilon >= 0.0 && self.epsilon.is_finite()) {
            return wrong("epsilon", self.epsilon.to_string(), "a finite number >= 0");
        }
        if !(1..=20).contains(&self.degree) {
            return wrong("degree", self.degree.to_string(), "1 to 20");
        }
        if !self.offset.is_finite() {
            return wrong("offset", self.offset.to_string(), "a finite number");
        }
        Ok(())
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        context.look()?;
        if features.nrows() == 0 {
            return Err(InverseError::TooFewRows { estimator: Self::NAME, needed: 1, found: 0 });
        }
        let similarity = self.similarity(features)?;
        let rows: Vec<Vec<f64>> = features.rows().into_iter().map(|row| row.to_vec()).collect();
        let solve = |target: usize| {
            let target = targets.column(target).to_vec();
            let solved = solve::solve(self, similarity, &rows, &target, context)?;
            (context.progress)(1.0 / targets.ncols() as f64);
            Ok(solved)
        };
        let solved: Vec<(Vec<f64>, f64)> =
            (0..targets.ncols()).into_par_iter().map(solve).collect::<Result<_, InverseError>>()?;
        let mut kept: Vec<usize> =
            (0..rows.len()).filter(|&row| solved.iter().any(|(weights, _)| weights[row] != 0.0)).collect();
        if kept.is_empty() {
            // Documents have no table without rows; this one has no weight.
            kept.push(0);
        }
        let vectors = features.select(Axis(0), &kept).as_standard_layout().to_owned();
        let weights = Array2::from_shape_fn((kept.len(), solved.len()), |(row, target)| solved[target].0[kept[row]]);
        let intercept = solved.iter().map(|(_, intercept)| *intercept).collect();
        Ok(Box::new(SupportVectors { similarity, vectors, weights, intercept }))
    }
}

impl SupportVector {
    fn similarity(&self, features: ArrayView2<'_, f64>) -> Result<Similarity, InverseError> {
        let count = features.len() as f64;
        let mean = features.sum() / count;
        let variance = features.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
        let products: f64 = features.iter().map(|value| value * value).sum();
        let scale = if variance > 0.0 { 1.0 / (features.ncols() as f64 * variance) } else { 1.0 };
        let Self { kernel, gamma, degree, offset, .. } = *self;
        let similarity = Similarity { kernel, gamma: gamma.unwrap_or(scale), degree, offset };
        // By Cauchy and Schwarz no kernel is larger than this.
        let most = [products.sqrt()];
        let fits = products.is_finite() && similarity.gamma.is_finite() && similarity.of(&most, &most).is_finite();
        if fits { Ok(similarity) } else { Err(InverseError::Overflow) }
    }
}

/// Predicted rows handed to a thread at once.
const ROWS_PER_PART: usize = 64;

impl Fitted for SupportVectors {
    fn kind(&self) -> &'static str {
        "support_vectors"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let vectors: Vec<Vec<f64>> = self.vectors.rows().into_iter().map(|row| row.to_vec()).collect();
        let sums = |rows: ArrayView2<'_, f64>| -> Vec<f64> {
            let mut predicted = Vec::with_capacity(rows.nrows() * self.intercept.len());
            for row in rows.rows() {
                let row = row.to_vec();
                let finite = row.iter().all(|value| value.is_finite());
                let mut sums = self.intercept.clone();
                for (vector, weights) in vectors.iter().zip(self.weights.rows()) {
                    let alike = self.similarity.of(vector, &row);
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum += weight * alike;
                    }
                }
                // What overflows is not known.
                predicted.extend(sums.into_iter().map(|sum| if finite && sum.is_finite() { sum } else { f64::NAN }));
            }
            predicted
        };
        let parts: Vec<ArrayView2<'_, f64>> = features.axis_chunks_iter(Axis(0), ROWS_PER_PART).collect();
        let parts: Vec<Vec<f64>> = parts.into_par_iter().map(sums).collect();
        let mut predicted = Array2::zeros((features.nrows(), self.intercept.len()));
        for (slot, value) in predicted.iter_mut().zip(parts.into_iter().flatten()) {
            *slot = value;
        }
        predicted
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        let field = |name: &str| format!("fitted.support_vectors.{name}");
        check_length(&field("vectors"), self.vectors.ncols(), features, "features")?;
        check_length(&field("weights"), self.weights.ncols(), targets, "targets")?;
        check_length(&field("intercept"), self.intercept.len(), targets, "targets")?;
        check_finite(|| field("gamma"), self.similarity.gamma)?;
        check_finite(|| field("offset"), self.similarity.offset)?;
        for (target, &intercept) in self.intercept.iter().enumerate() {
            check_finite(|| field(&format!("intercept[{target}]")), intercept)?;
        }
        for (name, values) in [("vectors", &self.vectors), ("weights", &self.weights)] {
            for ((row, column), &value) in values.indexed_iter() {
                check_finite(|| field(&format!("{name}[{row}][{column}]")), value)?;
            }
        }
        Ok(())
    }

    fn store(&self) -> Stored {
        let Similarity { kernel, gamma, degree, offset } = self.similarity;
        let kernel = match kernel {
            KernelShape::Rbf => "rbf",
            KernelShape::Linear => "linear",
            KernelShape::Polynomial => "polynomial",
        };
        Stored::default()
            .with_setting("kernel", kernel)
            .with_setting("gamma", gamma)
            .with_setting("degree", degree)
            .with_setting("offset", offset)
            .with("vectors", self.vectors.shape(), self.vectors.iter().copied().collect())
            .with("weights", self.weights.shape(), self.weights.iter().copied().collect())
            .with("intercept", &[self.intercept.len()], self.intercept.clone())
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;

    use super::*;

    fn fit(parameters: SupportVector, x: &Array2<f64>, y: &Array2<f64>) -> Result<Box<dyn Fitted>, InverseError> {
        parameters.fit(x.view(), y.view(), &FitContext::unwatched(StreamKey::new([0; 16])))
    }

    fn data() -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((60, 2), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
        let y = Array2::from_shape_fn((60, 1), |(r, _)| 3.0 * x[[r, 0]] - x[[r, 1]] + 0.3 * ((r * r) as f64).cos());
        (x, y)
    }

    /// With f the prediction and e = y - f: |e| <= epsilon where beta = 0, e = sign(beta) epsilon where 0 < |beta| < c, and beyond where |beta| = c.
    #[test]
    fn the_solution_meets_the_conditions_of_the_optimum() {
        let (x, y) = data();
        for kernel in [KernelShape::Rbf, KernelShape::Linear, KernelShape::Polynomial] {
            let tolerance = 1e-6;
            let parameters = SupportVector { kernel, c: 0.7, offset: 1.0, tolerance, ..SupportVector::default() };
            let fitted = fit(parameters, &x, &y).unwrap();
            let errors = &y - &fitted.predict(x.view());
            let stored = fitted.store();
            let (vectors, weights) = (stored.array("vectors").unwrap(), stored.array("weights").unwrap());
            let mut free = 0;
            for (row, error) in x.rows().into_iter().zip(&errors) {
                let place = vectors.values.chunks(2).position(|vector| vector == row.to_vec());
                let beta = place.map_or(0.0, |place| weights.values[place]);
                let outwards = error * beta.signum();
                let fine = match beta.abs() {
                    0.0 => error.abs() <= 0.1 + 2.0 * tolerance,
                    size if size < 0.7 => {
                        free += 1;
                        (outwards - 0.1).abs() <= 2.0 * tolerance
                    }
                    _ => outwards >= 0.1 - 2.0 * tolerance,
                };
                assert!(fine, "{kernel:?}: {beta} {error}");
            }
            assert!(free > 2 && weights.values.iter().sum::<f64>().abs() < 1e-9);
        }
    }

    #[test]
    fn targets_within_epsilon_are_fitted_by_a_constant() {
        let (x, _) = data();
        let y = Array2::from_shape_fn((60, 1), |(r, _)| 5.0 + 0.05 * (r as f64).sin());
        let fitted = fit(SupportVector::default(), &x, &y).unwrap();
        let predicted = fitted.predict(x.view());
        assert!(predicted.iter().all(|value| *value == predicted[[0, 0]] && (value - 5.0).abs() < 0.1));
        assert_eq!(fitted.store().array("weights").unwrap().values, [0.0]);
    }

    #[test]
    fn parameters_and_overflow_are_refused() {
        let (x, y) = data();
        let base = SupportVector::default();
        for (parameters, parameter) in [
            (SupportVector { c: 0.0, ..base }, "c"),
            (SupportVector { epsilon: -0.1, ..base }, "epsilon"),
            (SupportVector { gamma: Some(0.0), ..base }, "gamma"),
            (SupportVector { degree: 0, ..base }, "degree"),
            (SupportVector { offset: f64::NAN, ..base }, "offset"),
            (SupportVector { tolerance: 0.0, ..base }, "tolerance"),
        ] {
            let message = fit(parameters, &x, &y).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{parameter}` of support_vector is ")), "{message}");
        }
        let huge = fit(base, &x.mapv(|value| value * 1e200), &y);
        assert_eq!(huge.unwrap_err(), InverseError::Overflow);
    }
}
