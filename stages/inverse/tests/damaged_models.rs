//! A model file with any byte changed is refused, or predicts: it never panics and never runs for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_inverse::{
    AnyEstimator, ExtraTrees, FitContext, GaussianProcess, GradientBoosting, KNearestNeighbours, Model, Preparation,
    RandomForest, Ridge, SupportVector, Target, TrainingData, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::Array2;
use proptest::prelude::*;

fn data() -> TrainingData {
    let features = Array2::from_shape_fn((30, 3), |(r, c)| ((r * (c + 2)) as f64 * 0.9).sin());
    let targets = Array2::from_shape_fn((30, 2), |(r, t)| features[[r, t]] + (r as f64).cos());
    let names = ["acf_timescale", "dfa", "mode_5"].map(str::to_owned).to_vec();
    let target_columns =
        ["J_ext", "ratio"].map(|name| Target { name: name.to_owned(), unit: None, prior: None }).to_vec();
    TrainingData::new(features, names, targets, target_columns, (0..30).collect()).unwrap()
}

fn model_files() -> Vec<String> {
    let forest = RandomForest { trees: 3, min_samples_leaf: 3, ..RandomForest::default() };
    let context = FitContext::unwatched(StreamKey::new([7; 16]));
    let trees = ExtraTrees { trees: 3, min_samples_leaf: 3, ..ExtraTrees::default() };
    let boosting = GradientBoosting { trees: 3, ..GradientBoosting::default() };
    [
        AnyEstimator::from(forest),
        Ridge::default().into(),
        trees.into(),
        boosting.into(),
        KNearestNeighbours::default().into(),
        SupportVector::default().into(),
        GaussianProcess { starts: 1, most_iterations: 5 }.into(),
    ]
    .map(|estimator| {
        train(&data(), &estimator, &Preparation::standardized(), "catch22 v1", &context).unwrap().to_json().unwrap()
    })
    .into_iter()
    .chain([
        include_str!("../../../tests/golden/models/random_forest.format_2.json").to_owned(),
        include_str!("../../../tests/golden/models/ridge.format_2.json").to_owned(),
    ])
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_change_is_refused_or_harmless(
        file in prop::sample::select(model_files()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        const SYMBOLS: &[u8] = b"0123456789-.e,[]";
        let mut bytes = file.into_bytes();
        for (place, symbol) in edits {
            let place = place.index(bytes.len());
            bytes[place] = SYMBOLS[symbol as usize % SYMBOLS.len()];
        }
        if let Ok(text) = std::str::from_utf8(&bytes)
            && let Ok(model) = Model::from_json(text)
        {
            let names: Vec<String> = model.features.iter().map(|feature| feature.name.clone()).collect();
            let rows = Array2::from_shape_fn((30, names.len()), |(r, c)| ((r * (c + 2)) as f64 * 0.9).sin());
            prop_assert!(predict(&model, rows.view(), &names).is_ok());
        }
    }
}
