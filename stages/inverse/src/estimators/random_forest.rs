//! Random forest regression (Breiman 2001, Machine Learning 45:5).
//!
//! Each tree is grown on a bootstrap sample of the rows; a node splits where the summed squared error of its two halves is least, looking at
//! `features_per_split` features drawn at random. A prediction is the mean over trees of the mean target in the leaf reached. One forest per target, all
//! from the same bootstrap samples: a forest of one kind of tree for all targets, as scikit-learn grows it, is less accurate for each of them, and what it finds
//! hangs on the units of targets.
//!
//! | parameter | default | meaning | range |
//! |---|---|---|---|
//! | trees | 100 | number of trees | >= 1 |
//! | max_depth | none | most splits between root and leaf | none, or 1 ..= 65534 |
//! | min_samples_leaf | 1 | fewest different rows on each side of a split | >= 1 |
//! | features_per_split | none | features drawn per split; none is all of them, as in scikit-learn, and so is a number above theirs. Where none of them varies, more are drawn | none, or >= 1 |
//!
//! The first number of the context's stream fixes bootstrap samples and drawn features: the same forest on every machine and for any number of threads.

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::trees::{self, Bag, Columns, Forest, Rule, Sorted, Tree, grow};
use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;

/// Parameters of a random forest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RandomForest {
    /// Number of trees, at least 1.
    pub trees: usize,
    /// Most splits between root and leaf, 1 to 65534; null: no limit.
    pub max_depth: Option<u16>,
    /// Fewest different rows on each side of a split, at least 1.
    pub min_samples_leaf: usize,
    /// Features drawn for each split, 1 to their number; null: all.
    pub features_per_split: Option<usize>,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self { trees: 100, max_depth: None, min_samples_leaf: 1, features_per_split: None }
    }
}

impl Listed for RandomForest {
    const NAME: &'static str = "random_forest";
    const SUMMARY: &'static str = "Means over regression trees.";

    fn restore(stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        Ok(Box::new(Forests::restore(stored)?))
    }
}

impl Estimator for RandomForest {
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
        let rows = features.nrows();
        let columns = Columns::of(features);
        let rule = self.rule();
        let forests = Forests::grown(seed, self.trees, targets, context, |key, tree| {
            let mut drawn = key.stream("bootstrap", tree);
            let mut counts = vec![0; rows];
            for _ in 0..rows {
                counts[drawn.below(rows as u64) as usize] += 1;
            }
            let bag = Bag::new(counts);
            let mut sorted = Sorted::new(&columns);
            sorted.take(&bag);
            move |target: &[f64], random| {
                sorted.begin();
                grow(&mut sorted, rule, target, &bag, Some(random), &|| context.look())
            }
        })?;
        Ok(Box::new(forests))
    }

    fn is_random(&self) -> bool {
        true
    }
}

impl RandomForest {
    fn rule(&self) -> Rule {
        let Self { max_depth, min_samples_leaf, features_per_split, .. } = *self;
        Rule { max_depth, min_samples_leaf, features_per_split }
    }
}

/// Whether the parameters of estimators that grow trees are in range.
pub(super) fn check_trees(owner: &'static str, trees: usize, rule: Rule) -> Result<(), InverseError> {
    let out_of_range = |parameter, value: &str, allowed: &str| {
        Err(InverseError::Parameter { owner, parameter, value: value.to_owned(), allowed: allowed.to_owned() })
    };
    let counts = [
        ("trees", trees),
        ("min_samples_leaf", rule.min_samples_leaf),
        ("features_per_split", rule.features_per_split.unwrap_or(1)),
    ];
    if let Some((parameter, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
        return out_of_range(parameter, "0", "a whole number >= 1");
    }
    match rule.max_depth {
        Some(depth @ (0 | u16::MAX)) => out_of_range("max_depth", &depth.to_string(), "1 to 65534, or none"),
        _ => Ok(()),
    }
}

/// Whether trees can be grown on these rows.
pub(super) fn check_data(
    estimator: &'static str,
    features: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
) -> Result<(), InverseError> {
    let found = features.nrows();
    if found < 2 {
        return Err(InverseError::TooFewRows { estimator, needed: 2, found });
    }
    // What deviations from a mean may sum to is squared.
    let most: f64 = targets.iter().map(|value| 2.0 * value.abs()).sum();
    if (most * most).is_finite() { Ok(()) } else { Err(InverseError::Overflow) }
}

/// A forest for each target.
#[derive(Debug, Clone, PartialEq)]
pub struct Forests {
    /// What all random choices follow from.
    pub seed: u64,
    /// One forest per target, in the order of the model's targets.
    pub targets: Vec<Forest>,
}

impl Forests {
    /// `begin` prepares the tree of a number, which is then grown for each target with random numbers of its own.
    pub(super) fn grown<G>(
        seed: u64,
        trees: usize,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
        begin: impl Fn(&StreamKey, u64) -> G + Sync,
    ) -> Result<Self, InverseError>
    where
        G: FnMut(&[f64], lapicque_numerics::random::Generator) -> Result<Tree, InverseError>,
    {
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&seed.to_le_bytes());
        let key = StreamKey::new(digest);
        let of_splits = key.derive("splits");
        let targets: Vec<Vec<f64>> = targets.columns().into_iter().map(|column| column.to_vec()).collect();
        let grow_for_each = |tree: usize| -> Result<Vec<Tree>, InverseError> {
            context.look()?;
            let mut grow = begin(&key, tree as u64);
            let numbered = targets.iter().enumerate();
            let grown = numbered.map(|(number, target)| {
                context.look()?;
                grow(target, of_splits.at((tree * targets.len() + number) as u64))
            });
            let grown: Vec<Tree> = grown.collect::<Result<_, _>>()?;
            (context.progress)(1.0 / trees as f64);
            Ok(grown)
        };
        let grown: Vec<Vec<Tree>> = (0..trees).into_par_iter().map(grow_for_each).collect::<Result<_, _>>()?;
        let mut forests: Vec<Forest> = targets.iter().map(|_| Forest { trees: Vec::with_capacity(trees) }).collect();
        for of_targets in grown {
            for (forest, tree) in forests.iter_mut().zip(of_targets) {
                forest.trees.push(tree);
            }
        }
        Ok(Self { seed, targets: forests })
    }

    pub(super) fn restore(mut stored: Stored) -> Result<Self, InverseError> {
        let seed = stored.take_setting("seed");
        let Some(seed) = seed.as_ref().and_then(Value::as_u64) else {
            return stored.wrong("seed", "is not a whole number >= 0".to_owned());
        };
        let targets = trees::take(&mut stored)?;
        stored.finish()?;
        Ok(Self { seed, targets })
    }
}

impl Fitted for Forests {
    fn kind(&self) -> &'static str {
        "random_forest"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut means = trees::sums(&self.targets, features);
        for (mut means, forest) in means.columns_mut().into_iter().zip(&self.targets) {
            means.mapv_inplace(|sum| sum / forest.trees.len() as f64);
        }
        means
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        trees::check("fitted.random_forest", &self.targets, features, targets)
    }

    fn store(&self) -> Stored {
        trees::store(&self.targets, Stored::default().with_setting("seed", self.seed))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;

    fn wavy(rows: usize) -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((rows, 4), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.37).sin());
        let y = Array2::from_shape_fn((rows, 2), |(r, t)| x[[r, t]] * 5.0 + x[[r, 3]].powi(2));
        (x, y)
    }

    fn fit(
        forest: &RandomForest,
        x: ArrayView2<'_, f64>,
        y: ArrayView2<'_, f64>,
        key: u8,
    ) -> Result<Forests, InverseError> {
        let fitted = forest.fit(x, y, &FitContext::unwatched(StreamKey::new([key; 16])))?;
        Forests::restore(fitted.store())
    }

    fn depth(tree: &Tree, node: usize) -> usize {
        match (tree.at_most[node], tree.above[node]) {
            (0, _) => 0,
            (low, high) => 1 + depth(tree, low as usize).max(depth(tree, high as usize)),
        }
    }

    #[test]
    fn depth_and_leaf_size_are_kept() {
        let (x, y) = wavy(80);
        for limit in 1..5 {
            let forest = RandomForest { trees: 5, max_depth: Some(limit), ..RandomForest::default() };
            for forest in fit(&forest, x.view(), y.view(), 0).unwrap().targets {
                assert!(forest.trees.iter().all(|tree| depth(tree, 0) == limit as usize));
            }
        }
        let coarse = RandomForest { trees: 5, min_samples_leaf: 30, ..RandomForest::default() };
        for forest in fit(&coarse, x.view(), y.view(), 0).unwrap().targets {
            assert!(forest.trees.iter().all(|tree| tree.value.len() <= 3));
        }
    }

    #[test]
    fn a_step_is_learned_and_a_constant_kept() {
        let x = Array2::from_shape_fn((40, 1), |(r, _)| r as f64);
        let y = Array2::from_shape_fn((40, 2), |(r, t)| if t == 0 && r >= 20 { 8.0 } else { 3.0 });
        let fitted = fit(&RandomForest::default(), x.view(), y.view(), 0).unwrap();
        let predicted = fitted.predict(array![[2.0], [37.0], [f64::NAN]].view());
        assert_eq!(predicted.row(0).to_vec(), vec![3.0, 3.0]);
        assert_eq!(predicted.row(1).to_vec(), vec![8.0, 3.0]);
        assert!(predicted.row(2).iter().all(|value| value.is_nan()));
    }

    #[test]
    fn the_stream_decides_and_nothing_else() {
        let (x, y) = wavy(60);
        let forest = RandomForest { trees: 4, ..RandomForest::default() };
        let grown = |key| fit(&forest, x.view(), y.view(), key).unwrap();
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(grown(3), alone.install(|| grown(3)));
        assert_ne!(grown(3), grown(4));
    }

    #[test]
    fn parameters_out_of_range_are_named() {
        let (x, y) = wavy(10);
        let base = RandomForest::default();
        for (forest, parameter) in [
            (RandomForest { trees: 0, ..base.clone() }, "trees"),
            (RandomForest { max_depth: Some(0), ..base.clone() }, "max_depth"),
            (RandomForest { max_depth: Some(u16::MAX), ..base.clone() }, "max_depth"),
            (RandomForest { min_samples_leaf: 0, ..base.clone() }, "min_samples_leaf"),
            (RandomForest { features_per_split: Some(0), ..base.clone() }, "features_per_split"),
        ] {
            let message = fit(&forest, x.view(), y.view(), 0).unwrap_err().to_string();
            assert!(message.starts_with(&format!("`{parameter}` of random_forest")), "{message}");
        }
        assert!(matches!(
            fit(&base, array![[1.0]].view(), array![[1.0]].view(), 0),
            Err(InverseError::TooFewRows { needed: 2, .. })
        ));
    }

    #[test]
    fn a_forest_stops_before_any_of_its_trees() {
        let (x, y) = wavy(80);
        let forest = RandomForest { trees: 6, ..RandomForest::default() };
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for wanted in 0..40 {
            let looks = AtomicUsize::new(0);
            let cancelled = || looks.fetch_add(1, Ordering::Relaxed) >= wanted;
            let told = std::sync::Mutex::new(0.0);
            let context = FitContext {
                threads: 1,
                cancelled: &cancelled,
                progress: &|part| *told.lock().unwrap() += part,
                stream: StreamKey::new([0; 16]),
                priors: &[],
            };
            let grown = alone.install(|| forest.fit(x.view(), y.view(), &context));
            let told = *told.lock().unwrap();
            match grown {
                Ok(_) => {
                    assert!(wanted >= 12, "{wanted} looks at twelve trees");
                    assert!((told - 1.0f64).abs() < 1e-12, "{told}");
                }
                Err(error) => {
                    assert_eq!(error, InverseError::Cancelled);
                    assert!(told < 1.0 && looks.load(Ordering::Relaxed) <= wanted + 3, "{wanted} {told}");
                }
            }
        }
    }
}
