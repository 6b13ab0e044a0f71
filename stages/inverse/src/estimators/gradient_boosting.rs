//! Gradient boosting of regression trees under squared error (Friedman 2001, Ann Stat 29:1189, algorithm 1; rows drawn for each tree: Friedman 2002, Comput
//! Stat Data Anal 38:367).
//!
//! F_0 is the mean of the target; tree k is grown on what F_{k-1} leaves of the target, and F_k = F_{k-1} + learning_rate tree_k. For each target by itself.
//!
//! | parameter | symbol | default | meaning | range |
//! |---|---|---|---|---|
//! | trees | M | 100 | number of trees | >= 1 |
//! | learning_rate | nu | 0.1 | part of each tree that is added | above 0, at most 1 |
//! | max_depth | | 3 | most splits between root and leaf; none: no limit | none, or 1 ..= 65534 |
//! | min_samples_leaf | | 1 | fewest rows on each side of a split | >= 1 |
//! | subsample | f | 1 | part of the rows that each tree is grown on, drawn without repeating any; 1 draws nothing | above 0, at most 1 |
//!
//! Names and defaults are those of scikit-learn (`trees`: `n_estimators`).

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::random_forest::{check_data, check_trees};
use super::trees::{self, Bag, Columns, Forest, Rule, Sorted, grow};
use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;
use crate::error::{check_finite, check_length};

/// Parameters of boosting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GradientBoosting {
    /// Number of trees, at least 1.
    pub trees: usize,
    /// Part of each tree that is added, above 0 and at most 1.
    pub learning_rate: f64,
    /// Most splits between root and leaf, 1 to 65534; null: no limit.
    pub max_depth: Option<u16>,
    /// Fewest rows on each side of a split, at least 1.
    pub min_samples_leaf: usize,
    /// Part of the rows that each tree is grown on, above 0 and at most 1.
    pub subsample: f64,
}

impl Default for GradientBoosting {
    fn default() -> Self {
        Self { trees: 100, learning_rate: 0.1, max_depth: Some(3), min_samples_leaf: 1, subsample: 1.0 }
    }
}

/// Start and trees of each target.
#[derive(Debug, Clone, PartialEq)]
pub struct BoostedTrees {
    /// Per target, what the trees are added to.
    pub start: Vec<f64>,
    /// Per target, trees whose values are multiplied by the learning rate.
    pub targets: Vec<Forest>,
}

impl GradientBoosting {
    fn rule(&self) -> Rule {
        Rule { max_depth: self.max_depth, min_samples_leaf: self.min_samples_leaf, features_per_split: None }
    }

    /// The start and the trees of one target.
    fn boosted(
        &self,
        columns: &Columns,
        rows: &[Vec<f64>],
        target: &[f64],
        number: usize,
        context: &FitContext<'_>,
    ) -> Result<(f64, Forest), InverseError> {
        let count = target.len();
        // Of equal values the mean is that value to the last digit, and nothing is left.
        let start = target[0] + target.iter().map(|value| value - target[0]).sum::<f64>() / count as f64;
        let mut left: Vec<f64> = target.iter().map(|value| value - start).collect();
        let drawn_rows = ((self.subsample * count as f64) as usize).max(1);
        let of_rows = context.stream.derive("rows").derive(&number.to_string());
        let mut bag = Bag::new(vec![1; count]);
        let mut sorted = Sorted::new(columns);
        sorted.take(&bag);
        let mut grown = Vec::with_capacity(self.trees);
        for number in 0..self.trees {
            context.look()?;
            if drawn_rows < count {
                let mut counts = vec![0; count];
                for row in of_rows.at(number as u64).permutation(count).into_iter().take(drawn_rows) {
                    counts[row] = 1;
                }
                bag = Bag::new(counts);
                sorted.take(&bag);
            }
            sorted.begin();
            let mut tree = grow(&mut sorted, self.rule(), &left, &bag, None, &|| context.look())?;
            for value in &mut tree.value {
                *value *= self.learning_rate;
            }
            for (left, row) in left.iter_mut().zip(rows) {
                *left -= tree.predict(row);
            }
            grown.push(tree);
        }
        Ok((start, Forest { trees: grown }))
    }
}

impl Listed for GradientBoosting {
    const NAME: &'static str = "gradient_boosting";
    const SUMMARY: &'static str = "Sums of small regression trees, each grown on what those before it leave.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let (_, start) = stored.take::<1>("start")?;
        let targets = trees::take(&mut stored)?;
        stored.finish()?;
        Ok(Box::new(BoostedTrees { start, targets }))
    }
}

impl Estimator for GradientBoosting {
    fn check(&self) -> Result<(), InverseError> {
        check_trees(Self::NAME, self.trees, self.rule())?;
        for (parameter, value) in [("learning_rate", self.learning_rate), ("subsample", self.subsample)] {
            if !(value > 0.0 && value <= 1.0) {
                let allowed = "above 0 and at most 1".to_owned();
                return Err(InverseError::Parameter {
                    owner: Self::NAME,
                    parameter,
                    value: value.to_string(),
                    allowed,
                });
            }
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
        check_data(Self::NAME, features, targets)?;
        context.look()?;
        let columns = Columns::of(features);
        let rows: Vec<Vec<f64>> = features.rows().into_iter().map(|row| row.to_vec()).collect();
        let boost = |number: usize| {
            let target = targets.column(number).to_vec();
            let boosted = self.boosted(&columns, &rows, &target, number, context)?;
            (context.progress)(1.0 / targets.ncols() as f64);
            Ok(boosted)
        };
        let boosted: Vec<(f64, Forest)> =
            (0..targets.ncols()).into_par_iter().map(boost).collect::<Result<_, InverseError>>()?;
        let (start, targets) = boosted.into_iter().unzip();
        Ok(Box::new(BoostedTrees { start, targets }))
    }

    fn is_random(&self) -> bool {
        self.subsample < 1.0
    }
}

impl Fitted for BoostedTrees {
    fn kind(&self) -> &'static str {
        "boosted_trees"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut sums = trees::sums(&self.targets, features);
        for (mut sums, start) in sums.columns_mut().into_iter().zip(&self.start) {
            sums.mapv_inplace(|sum| start + sum);
        }
        sums
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        check_length("fitted.boosted_trees.start", self.start.len(), targets, "targets")?;
        for (target, &start) in self.start.iter().enumerate() {
            check_finite(|| format!("fitted.boosted_trees.start[{target}]"), start)?;
        }
        trees::check("fitted.boosted_trees", &self.targets, features, targets)
    }

    fn store(&self) -> Stored {
        let stored = Stored::default().with("start", &[self.start.len()], self.start.clone());
        trees::store(&self.targets, stored)
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;

    fn fit(boosting: &GradientBoosting, x: &Array2<f64>, y: &Array2<f64>) -> Result<Box<dyn Fitted>, InverseError> {
        boosting.fit(x.view(), y.view(), &FitContext::unwatched(StreamKey::new([1; 16])))
    }

    #[test]
    fn a_step_is_approached_by_the_learning_rate() {
        let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![[1.0, 7.0], [1.0, 7.0], [5.0, 7.0], [5.0, 7.0]]);
        let boosting = GradientBoosting { trees: 3, learning_rate: 0.5, ..GradientBoosting::default() };
        let predicted = fit(&boosting, &x, &y).unwrap().predict(array![[0.5], [9.0], [f64::NAN]].view());
        // 3 -+ 2 (1 - 0.5^3), and a constant as it is.
        assert_eq!(predicted.row(0).to_vec(), [1.25, 7.0]);
        assert_eq!(predicted.row(1).to_vec(), [4.75, 7.0]);
        assert!(predicted.row(2).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let (x, y) = (array![[0.0], [1.0]], array![[1.0], [2.0]]);
        let base = GradientBoosting::default();
        for (boosting, parameter) in [
            (GradientBoosting { trees: 0, ..base.clone() }, "trees"),
            (GradientBoosting { learning_rate: 0.0, ..base.clone() }, "learning_rate"),
            (GradientBoosting { subsample: 1.5, ..base.clone() }, "subsample"),
            (GradientBoosting { subsample: f64::NAN, ..base.clone() }, "subsample"),
            (GradientBoosting { max_depth: Some(0), ..base.clone() }, "max_depth"),
            (GradientBoosting { min_samples_leaf: 0, ..base }, "min_samples_leaf"),
        ] {
            let message = fit(&boosting, &x, &y).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{parameter}` of gradient_boosting is ")), "{message}");
        }
    }
}
