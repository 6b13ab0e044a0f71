//! Extremely randomized trees (Geurts, Ernst, Wehenkel 2006, Machine Learning 63:3).
//!
//! Each tree is grown on all rows. A node looks at `features_per_split` features drawn at random, draws one threshold for each, evenly between its least and
//! largest value in the node, and splits by the one that lowers the summed squared error most. A prediction is the mean over trees of the mean target in the
//! leaf reached. One forest per target.
//!
//! | parameter | symbol | default | meaning | range |
//! |---|---|---|---|---|
//! | trees | M | 100 | number of trees | >= 1 |
//! | max_depth | | none | most splits between root and leaf | none, or 1 ..= 65534 |
//! | min_samples_leaf | | 1 | fewest rows on each side of a split | >= 1 |
//! | features_per_split | K | none | features drawn per split; none is all of them, as in scikit-learn, and so is a number above theirs. Where none of them varies, more are drawn | none, or >= 1 |
//!
//! The first number of the context's stream fixes what is drawn: the same trees on every machine and for any number of threads.

use ndarray::ArrayView2;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::random_forest::{Forests, check_data, check_trees};
use super::trees::{Bag, Drawn, Rule, Table, grow};
use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;

/// Parameters of extremely randomized trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExtraTrees {
    /// Number of trees, at least 1.
    pub trees: usize,
    /// Most splits between root and leaf, 1 to 65534; null: no limit.
    pub max_depth: Option<u16>,
    /// Fewest rows on each side of a split, at least 1.
    pub min_samples_leaf: usize,
    /// Features drawn for each split, 1 to their number; null: all.
    pub features_per_split: Option<usize>,
}

impl Default for ExtraTrees {
    fn default() -> Self {
        Self { trees: 100, max_depth: None, min_samples_leaf: 1, features_per_split: None }
    }
}

impl ExtraTrees {
    fn rule(&self) -> Rule {
        let Self { max_depth, min_samples_leaf, features_per_split, .. } = *self;
        Rule { max_depth, min_samples_leaf, features_per_split }
    }
}

impl Listed for ExtraTrees {
    const NAME: &'static str = "extra_trees";
    const SUMMARY: &'static str = "Means over regression trees with thresholds drawn at random.";

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        Ok(Box::new(Forests::restore(stored)?))
    }
}

impl Estimator for ExtraTrees {
    fn check(&self) -> Result<(), InverseError> {
        check_trees(Self::NAME, self.trees, self.rule())
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
        let seed = context.stream.at(0).next_u64();
        let rule = self.rule();
        let rows = features.nrows();
        let table = Table::of(features);
        let all = Bag::new(vec![1; rows]);
        let forests = Forests::grown(seed, self.trees, targets, context, |_, _| {
            |target: &[f64], random| {
                grow(&mut Drawn::new(&table, rows), rule, target, &all, Some(random), &|| context.look())
            }
        })?;
        Ok(Box::new(forests))
    }

    fn is_random(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::Array2;

    use super::*;

    #[test]
    fn trees_that_are_grown_out_know_their_rows_and_lie_between_them() {
        let x = Array2::from_shape_fn((50, 3), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
        let y = Array2::from_shape_fn((50, 2), |(r, t)| x[[r, t]] * 5.0 + x[[r, 2]].powi(2));
        let context = FitContext::unwatched(StreamKey::new([1; 16]));
        let trees = ExtraTrees { trees: 10, ..ExtraTrees::default() };
        let fitted = trees.fit(x.view(), y.view(), &context).unwrap();
        let predicted = fitted.predict(x.view());
        assert!((&predicted - &y).iter().all(|error| error.abs() < 1e-12));
        let forests = Forests::restore(fitted.store()).unwrap();
        for tree in forests.targets.iter().flat_map(|forest| &forest.trees) {
            // One leaf per row, and thresholds that no row has.
            assert_eq!(tree.value.len(), 2 * 50 - 1);
            assert!(tree.threshold.iter().zip(&tree.feature).zip(&tree.at_most).all(|((threshold, feature), next)| {
                *next == 0 || x.column(*feature as usize).iter().all(|value| value != threshold)
            }));
        }
    }
}
