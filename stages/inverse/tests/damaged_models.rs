//! A model file with any byte changed is refused, or predicts: it never panics and never runs for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_inverse::{Estimator, Model, RandomForest, Ridge, Target, TrainingData, predict, train};
use ndarray::Array2;
use proptest::prelude::*;

fn data() -> TrainingData {
    let features = Array2::from_shape_fn((30, 3), |(r, c)| ((r * (c + 2)) as f64 * 0.9).sin());
    let targets = Array2::from_shape_fn((30, 2), |(r, t)| features[[r, t]] + (r as f64).cos());
    let names = ["acf_timescale", "dfa", "mode_5"].map(str::to_owned).to_vec();
    let target_columns = ["J_ext", "ratio"].map(|name| Target { name: name.to_owned(), unit: None }).to_vec();
    TrainingData::new(features, names, targets, target_columns, (0..30).collect()).unwrap()
}

fn model_files() -> Vec<String> {
    let forest = RandomForest { trees: 3, min_samples_leaf: 3, ..RandomForest::default() };
    [Estimator::RandomForest(forest), Estimator::Ridge(Ridge::default())]
        .map(|estimator| {
            let model = train(&data(), &estimator, true, "catch22 v1").unwrap();
            serde_json::to_string(&model).unwrap()
        })
        .to_vec()
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
        if let Ok(model) = serde_json::from_slice::<Model>(&bytes) {
            let data = data();
            let predictions = predict(&model, data.features(), data.feature_names());
            prop_assert_eq!(predictions.is_ok(), model.check().is_ok() && model.features.iter().all(|f| data.feature_names().contains(&f.name)));
        }
    }
}
