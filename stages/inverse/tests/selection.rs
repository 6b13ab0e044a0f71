//! Steps within folds, comparison of candidates, models of fold fits and learning curves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;

use golden::{assert_close, indices, json, numbers, table};
use lapicque_inverse::selection::{Kept, Score, compare, nested, train_on_folds};
use lapicque_inverse::steps::{LogStep, Missing, QuantileStep, Step};
use lapicque_inverse::validation::{learning_curve, repeated_kfold_of_numpy};
use lapicque_inverse::{
    AnyEstimator, FitContext, InverseError, LeastSquares, Model, Preparation, RandomForest, Ridge, Split, Target,
    TrainingData, Validation, cross_validate, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, Axis};
use proptest::prelude::*;

fn quiet() -> FitContext<'static> {
    FitContext::unwatched(StreamKey::new([5; 16]))
}

fn data_of(features: Array2<f64>, targets: Array2<f64>) -> TrainingData {
    let rows = features.nrows();
    let names = (0..features.ncols()).map(|i| format!("f{i}")).collect();
    let columns = (0..targets.ncols()).map(|i| Target { name: format!("theta{i}"), unit: None, prior: None }).collect();
    TrainingData::new(features, names, targets, columns, (0..rows).collect()).unwrap()
}

fn noise(seed: u8, rows: usize, columns: usize) -> Array2<f64> {
    let mut generator = StreamKey::new([seed; 16]).at(0);
    Array2::from_shape_simple_fn((rows, columns), || generator.normal())
}

/// The second target is in a unit a thousand times smaller than the first.
fn linear_data(rows: usize) -> TrainingData {
    let features = noise(1, rows, 4);
    let error = noise(2, rows, 2);
    let targets = Array2::from_shape_fn((rows, 2), |(row, target)| match target {
        0 => 1e-3 * (features[[row, 0]] - features[[row, 1]] + 0.1 * error[[row, 0]]),
        _ => 2.0 * features[[row, 2]] + error[[row, 1]],
    });
    data_of(features, targets)
}

fn folds(samples: usize, folds: usize, repeats: usize) -> Vec<Split> {
    let alone: Vec<usize> = (0..samples).collect();
    let mut rank = |repeat: usize, sample: usize| ((sample * 7 + repeat * 13) % 1009) as u64;
    Validation::RepeatedKfold { folds, repeats }.splits(&alone, &mut rank).unwrap()
}

fn ridges(alphas: &[f64]) -> Vec<AnyEstimator> {
    alphas.iter().map(|&alpha| Ridge { alpha }.into()).collect()
}

/// `RepeatedKFold(n_splits=5, n_repeats=2, random_state=42)` of twelve, by scikit-learn 1.9.1; 600 in ten folds with the seed 3.
#[test]
fn folds_of_numpy() {
    let last = |samples, folds, repeats, seed| {
        let splits = repeated_kfold_of_numpy(samples, folds, repeats, seed).unwrap();
        assert_eq!(splits.len(), folds * repeats);
        splits.last().unwrap().test_samples.clone()
    };
    assert_eq!(last(7, 3, 2, 0), [2, 5]);
    assert_eq!(last(12, 5, 2, 42), [7, 11]);
    assert_eq!(last(600, 10, 1, 3)[..12], [0, 1, 2, 20, 36, 113, 117, 119, 141, 152, 156, 165]);
    assert!(repeated_kfold_of_numpy(3, 4, 1, 0).is_err() && repeated_kfold_of_numpy(3, 1, 1, 0).is_err());
}

/// The peer's whole procedure: scaled on all rows, a grid over RepeatedKFold(10, 3, seed 0), all fold models of the best candidate averaged.
#[test]
fn what_ncpi_does_is_reproduced() {
    let expected = json("gao_lfp_ridge_expected.json");
    let table = table("gao_lfp_catch22.csv");
    let names: Vec<&str> = table.names[..22].iter().map(String::as_str).collect();
    let (features, targets) = (table.columns(&names), table.columns(&["ei_ratio"]));
    let (training, test) = (indices(&expected["train_idx"]), indices(&expected["test_idx"]));
    let data = data_of(features.select(Axis(0), &training), targets.select(Axis(0), &training));
    let preparation = Preparation { learned_from_all_rows: true, ..Preparation::standardized() };
    let splits = repeated_kfold_of_numpy(training.len(), 10, 3, 0).unwrap();
    for (split, of_peer) in splits.iter().zip(expected["test_folds_of_train_positions"].as_array().unwrap()) {
        assert_eq!(split.test_samples, indices(of_peer));
    }
    let grid = expected["grid"].as_array().unwrap();
    let alphas: Vec<f64> = grid.iter().map(|point| point["alpha"].as_f64().unwrap()).collect();
    let candidates = ridges(&alphas);
    let compared = compare(&data, &candidates, &preparation, &splits, Score::MeanSquaredError, &quiet()).unwrap();
    let means: Vec<f64> = grid.iter().map(|point| point["mean_mse"].as_f64().unwrap()).collect();
    assert_close("scores", &compared.scores, &means, 1e-9);
    assert_eq!(Some(alphas[compared.best]), expected["best_alpha"].as_f64());
    let best = &candidates[compared.best];
    let (model, _) = train_on_folds(&data, best, &preparation, &splits, Kept::All, "v0", &quiet()).unwrap();
    let unseen = features.select(Axis(0), &test);
    let predicted = predict(&model, unseen.view(), data.feature_names()).unwrap().mean;
    let of_peer = numbers(&expected["ensemble_prediction"]);
    assert_close("ensemble", &predicted.column(0).to_vec()[..of_peer.len()], &of_peer, 1e-9);
    assert_eq!(Model::from_json(&model.to_json().unwrap()).unwrap(), model);
}

#[test]
fn no_target_counts_for_more_because_of_its_unit() {
    let data = linear_data(120);
    let candidates = ridges(&[1e-3, 1e3]);
    let of = |score| compare(&data, &candidates, &Preparation::none(), &folds(120, 4, 2), score, &quiet()).unwrap();
    let (relative, absolute) = (of(Score::RelativeError), of(Score::MeanSquaredError));
    assert_eq!(relative.metrics, absolute.metrics);
    let by_hand = |candidate: usize| {
        let variance: Vec<f64> = (0..2).map(|target| data.targets().column(target).var(0.0)).collect();
        let sum: f64 =
            relative.metrics[candidate].iter().map(|metric| metric.mse / variance[metric.target] / 2.0).sum();
        sum / 8.0
    };
    for (candidate, estimator) in candidates.iter().enumerate() {
        assert!((relative.scores[candidate] / by_hand(candidate) - 1.0).abs() < 1e-12);
        let single = cross_validate(&data, &**estimator, &Preparation::none(), &folds(120, 4, 2), &quiet()).unwrap();
        for (a, b) in single.metrics.iter().zip(&relative.metrics[candidate]) {
            assert_eq!((a.split, a.target, a.rows), (b.split, b.target, b.rows));
            for (a, b) in [(a.mse, b.mse), (a.mae, b.mae), (1.0 - a.r2, 1.0 - b.r2)] {
                assert!((a / b - 1.0).abs() < 1e-11, "a comparison says what a cross-validation says: {a} {b}");
            }
        }
    }
}

#[test]
fn candidates_that_cannot_be_fitted_are_named() {
    let data = linear_data(12);
    let candidates = vec![Ridge::default().into(), AnyEstimator::from(LeastSquares)];
    let splits = folds(12, 2, 1);
    let data = data_of(Array2::from_shape_fn((12, 4), |(r, c)| (r * (c + 1)) as f64), data.targets().to_owned());
    let told = compare(&data, &candidates, &Preparation::none(), &splits, Score::default(), &quiet());
    let told = told.unwrap_err().to_string();
    assert!(told.starts_with("candidate 2 (\"least_squares\"): feature `f1` is, to rounding"), "{told}");
    let none = compare(&data, &[], &Preparation::none(), &splits, Score::default(), &quiet());
    assert!(matches!(none, Err(InverseError::Shape { what: "search", .. })));
}

/// Each row is changed by itself: nothing that is learned for a split that holds it out may change.
#[test]
fn no_held_out_row_has_a_say_in_what_is_learned() {
    let steps = |steps: Vec<Step>, missing| Preparation { steps, missing, learned_from_all_rows: false };
    let log = Step::Log(LogStep { features: vec!["f3".to_owned()] });
    let preparations = [
        Preparation::standardized(),
        steps(vec![log.clone(), Step::RobustScale], Missing::Refuse),
        steps(vec![Step::Quantile(QuantileStep::default()), Step::Standardize], Missing::Median),
        steps(vec![], Missing::Median),
    ];
    let rows = 24;
    let mut features = noise(3, rows, 4);
    features.column_mut(3).mapv_inplace(f64::exp);
    let targets = Array2::from_shape_fn((rows, 1), |(row, _)| features[[row, 0]] + features[[row, 3]]);
    let unseen = noise(8, 20, 4).mapv(f64::abs);
    let splits = folds(rows, 3, 1);
    let estimators: [AnyEstimator; 2] =
        [Ridge::default().into(), RandomForest { trees: 5, ..RandomForest::default() }.into()];
    for (preparation, estimator) in preparations.iter().flat_map(|p| estimators.iter().map(move |e| (p, e))) {
        let learned = |features: Array2<f64>, targets: Array2<f64>| {
            let data = data_of(features, targets);
            let fold = &splits[1..2];
            let model = train_on_folds(&data, estimator, preparation, fold, Kept::All, "v1", &quiet()).unwrap().0;
            predict(&model, unseen.view(), data.feature_names()).unwrap().mean
        };
        let reference = learned(features.clone(), targets.clone());
        // Folds by moments are all rows minus those that are held out, to rounding.
        let tolerance = if estimator.name() == "ridge" { 1e-9 } else { 0.0 };
        let same = |other: &Array2<f64>| other.iter().zip(&reference).all(|(a, b)| (a - b).abs() <= tolerance);
        for &row in &splits[1].test_samples {
            let (mut other, mut truth) = (features.clone(), targets.clone());
            other.row_mut(row).mapv_inplace(|value| value.abs() * 100.0 + 1.0);
            truth[[row, 0]] = -1e3;
            assert!(same(&learned(other, truth)), "{} {preparation:?}", estimator.name());
        }
        let (mut other, row) = (features.clone(), splits[0].test_samples[0]);
        other[[row, 0]] += 10.0;
        assert!(!same(&learned(other, targets.clone())), "a training row has a say");
    }
}

#[test]
fn nested_selection_is_a_selection_by_hand() {
    let data = linear_data(60);
    let candidates = ridges(&[1e-2, 1e2, 1e4]);
    let outer = folds(60, 3, 1);
    let inner = |samples: &[usize]| Ok(folds(samples.len(), 4, 1));
    let preparation = Preparation::standardized();
    let found = nested(&data, &candidates, &preparation, &outer, &inner, Score::default(), &quiet()).unwrap();
    for (split, (fold, chosen)) in outer.iter().zip(found.validation.folds.iter().zip(&found.chosen)) {
        let rest: Vec<usize> = (0..60).filter(|row| !split.test_samples.contains(row)).collect();
        let rest = data_of(data.features().select(Axis(0), &rest), data.targets().select(Axis(0), &rest));
        let splits = folds(40, 4, 1);
        let compared = compare(&rest, &candidates, &preparation, &splits, Score::default(), &quiet()).unwrap();
        assert_eq!(compared.best, *chosen);
        let model = train(&rest, &candidates[*chosen], &preparation, "v1", &quiet()).unwrap();
        let unseen = data.features().select(Axis(0), &split.test_samples);
        let expected = predict(&model, unseen.view(), data.feature_names()).unwrap().mean;
        let scale = expected.fold(0.0f64, |scale, value| scale.max(value.abs()));
        for (found, expected) in fold.predicted.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-11 * scale);
        }
    }
}

#[test]
fn ensembles_and_best_folds_predict_what_their_fits_predict() {
    let data = linear_data(40);
    let splits = folds(40, 4, 2);
    let unseen = noise(9, 7, 4);
    let estimators: [AnyEstimator; 2] =
        [Ridge::default().into(), RandomForest { trees: 3, ..RandomForest::default() }.into()];
    for (estimator, preparation) in
        estimators.iter().flat_map(|e| [Preparation::none(), Preparation::standardized()].map(|p| (e, p)))
    {
        let of = |splits: &[Split], kept| {
            train_on_folds(&data, estimator, &preparation, splits, kept, "v1", &quiet()).unwrap()
        };
        let predicted = |model: &Model| predict(model, unseen.view(), data.feature_names()).unwrap().mean;
        let (all, validation) = of(&splits, Kept::All);
        let single: Vec<Array2<f64>> =
            splits.iter().map(|split| predicted(&of(std::slice::from_ref(split), Kept::All).0)).collect();
        let mean = single.iter().fold(Array2::<f64>::zeros((7, 2)), |sum, one| sum + one) / splits.len() as f64;
        for (found, expected) in predicted(&all).iter().zip(&mean) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        let (best, _) = of(&splits, Kept::Best(Score::default()));
        let variance = data.targets().var_axis(Axis(0), 0.0);
        let scores: Vec<f64> =
            validation.metrics.chunks(2).map(|m| m[0].mse / variance[0] + m[1].mse / variance[1]).collect();
        let least = (0..scores.len()).min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap();
        assert_eq!(predicted(&best), single[least]);
        let read = Model::from_json(&all.to_json().unwrap()).unwrap();
        assert_eq!(read, all);
        assert_eq!(predicted(&read), predicted(&all));
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(alone.install(|| of(&splits, Kept::All).0), all, "one thread or several: the same model");
    }
}

#[test]
fn missing_features_are_filled_within_folds_and_in_recordings() {
    let mut features = noise(4, 30, 3);
    let targets = Array2::from_shape_fn((30, 1), |(row, _)| features[[row, 0]]);
    features[[3, 1]] = f64::NAN;
    features[[4, 0]] = f64::NAN;
    let names: Vec<String> = (0..3).map(|i| format!("f{i}")).collect();
    let columns = vec![Target { name: "theta0".to_owned(), unit: None, prior: None }];
    let make = |features: Array2<f64>| {
        let (names, columns, samples) = (names.clone(), columns.clone(), (0..30).collect());
        TrainingData::with_missing_features(features, names, targets.clone(), columns, samples)
    };
    let data = make(features.clone()).unwrap();
    let preparation = Preparation { missing: Missing::Median, ..Preparation::standardized() };
    let model = train(&data, &Ridge::default().into(), &preparation, "v1", &quiet()).unwrap();
    let predicted = predict(&model, data.features(), &names).unwrap();
    assert!(predicted.mean.iter().all(|value| value.is_finite()));
    assert!((predicted.outside_training[3] - 1.0 / 3.0).abs() < 1e-12, "what is missing is not within the range");
    assert!(cross_validate(&data, &Ridge::default(), &preparation, &folds(30, 5, 1), &quiet()).is_ok());
    features[[0, 0]] = f64::INFINITY;
    assert!(matches!(make(features.clone()), Err(InverseError::NotFinite { row: 0, .. })));
    features.column_mut(0).fill(f64::NAN);
    assert_eq!(make(features), Err(InverseError::NoValue { feature: "f0".to_owned() }));
}

#[test]
fn errors_fall_with_the_number_of_samples() {
    let data = linear_data(200);
    let splits = folds(200, 4, 2);
    let rank = |repeat: usize, sample: usize| ((sample * 31 + repeat * 17) % 211) as u64;
    let estimator = AnyEstimator::from(Ridge { alpha: 1e-6 });
    let of = |fractions: &[f64]| {
        learning_curve(&data, &*estimator, &Preparation::none(), &splits, fractions, &rank, &quiet())
    };
    let points = of(&[0.04, 0.2, 1.0]).unwrap();
    assert_eq!(points.len(), 3 * 8 * 2);
    assert_eq!((points[0].samples, points[16].samples, points[32].samples), (6, 30, 150));
    let mean = |from: usize| points[from..from + 16].iter().map(|point| point.metric.mse).sum::<f64>();
    assert!(mean(0) > mean(16) && mean(16) > mean(32));
    let whole = cross_validate(&data, &*estimator, &Preparation::none(), &splits, &quiet()).unwrap();
    for (point, metric) in points[32..].iter().zip(&whole.metrics) {
        assert!((point.metric.mse / metric.mse - 1.0).abs() < 1e-9, "the whole is a cross-validation");
    }
    assert!(of(&[0.0]).is_err() && of(&[1.1]).is_err() && of(&[f64::NAN]).is_err());
}

#[test]
fn each_group_is_left_out_once() {
    let splits = Validation::LeaveOneGroupOut.splits(&[0, 1, 0, 2], &mut |_, group| 9 - group as u64).unwrap();
    let tests: Vec<&[usize]> = splits.iter().map(|split| split.test_samples.as_slice()).collect();
    assert_eq!(tests, [&[0, 2][..], &[1], &[3]]);
    let told = Validation::LeaveOneGroupOut.check_count(1, "groups").unwrap_err().to_string();
    assert!(told.contains("at least 2 groups"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn ugly_data_has_an_answer_or_a_sentence(
        values in prop::collection::vec(prop_oneof![4 => -3.0..3.0f64, 1 => Just(0.0), 1 => Just(1e12), 1 => Just(f64::NAN)], 30),
        step in 0usize..4,
    ) {
        let features = Array2::from_shape_vec((10, 3), values).unwrap();
        let step = [Step::Standardize, Step::RobustScale, Step::Quantile(QuantileStep::default()),
            Step::Log(LogStep { features: vec!["f1".to_owned()] })][step].clone();
        let preparation = Preparation { missing: Missing::Median, steps: vec![step], learned_from_all_rows: false };
        let targets = Array2::from_shape_fn((10, 1), |(row, _)| row as f64);
        let names: Vec<String> = (0..3).map(|i| format!("f{i}")).collect();
        let columns = vec![Target { name: "theta".to_owned(), unit: None, prior: None }];
        let data = TrainingData::with_missing_features(features, names.clone(), targets, columns, (0..10).collect());
        if let Ok(data) = data
            && let Ok(model) = train(&data, &Ridge::default().into(), &preparation, "v1", &quiet())
        {
            let predicted = predict(&model, data.features(), &names).unwrap().mean;
            prop_assert!(predicted.iter().all(|value| value.is_finite()), "{predicted}");
            prop_assert_eq!(&Model::from_json(&model.to_json().unwrap()).unwrap(), &model);
        }
    }
}
