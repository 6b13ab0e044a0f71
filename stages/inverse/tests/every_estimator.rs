//! What every estimator of the list promises.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lapicque_inverse::estimators::EstimatorSpec;
use lapicque_inverse::{
    AnyEstimator, FitContext, InverseError, Model, Preparation, Target, TrainingData, Validation, cross_validate,
    estimators, predict, train,
};
use lapicque_numerics::random::StreamKey;
use ndarray::Array2;

fn quiet() -> FitContext<'static> {
    FitContext::unwatched(StreamKey::new([3; 16]))
}

fn data() -> TrainingData {
    let features =
        Array2::from_shape_fn((48, 3), |(r, c)| ((r * (2 * c + 3)) as f64 * 0.41).sin() * 10f64.powi(c as i32));
    let targets = Array2::from_shape_fn((48, 2), |(r, t)| features[[r, t]] + ((r * r) as f64 * 0.1).cos());
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let columns = ["x", "y"].map(|name| Target { name: name.to_owned(), unit: None, prior: None }).to_vec();
    TrainingData::new(features, names, targets, columns, (0..48).map(|row| row / 2).collect()).unwrap()
}

/// With its default parameters, but for trainings in steps: those are cut short.
fn small(spec: &EstimatorSpec) -> AnyEstimator {
    let density = serde_json::json!({"maf": {"transforms": 2, "hidden": 8, "blocks": 1}});
    let training = serde_json::json!({"max_epochs": 3, "members": 1});
    let chains = serde_json::json!({"count": 8, "warm_up": 3, "thinning": 1});
    let parameters = match spec.name {
        "npe" => serde_json::json!({"density": density, "training": training}),
        "nle" => serde_json::json!({"density": density, "training": training, "chains": chains}),
        _ => return (spec.default)(),
    };
    serde_json::from_value(serde_json::json!({spec.name: parameters})).unwrap()
}

fn splits() -> Vec<lapicque_inverse::Split> {
    let alone: Vec<usize> = (0..24).collect();
    let mut rank = |repeat: usize, sample: usize| ((sample * 7 + repeat) % 24) as u64;
    Validation::RepeatedKfold { folds: 3, repeats: 2 }.splits(&alone, &mut rank).unwrap()
}

/// Trained and validated, as a stage does it.
fn validated(estimator: &AnyEstimator, context: &FitContext<'_>) -> Result<Model, InverseError> {
    let (data, splits) = (data(), splits());
    let model = train(&data, estimator, &Preparation::standardized(), "v1", context)?;
    let validation = cross_validate(&data, &**estimator, &Preparation::standardized(), &splits, context)?;
    model.with_held_out_error(&data, &validation, context)
}

#[test]
fn names_and_summaries_are_there_and_differ() {
    let specs = estimators();
    for (place, spec) in specs.iter().enumerate() {
        assert!(spec.summary.ends_with('.') && spec.summary.lines().count() == 1, "{}", spec.name);
        assert!(specs[..place].iter().all(|other| other.name != spec.name), "{}", spec.name);
        assert_eq!((spec.default)().name(), spec.name);
    }
}

#[test]
fn every_estimator_is_read_as_it_is_written_and_describes_its_parameters() {
    let schema = schemars::schema_for!(AnyEstimator).to_value();
    for spec in estimators() {
        let estimator = (spec.default)();
        estimator.check().unwrap();
        let written = serde_json::to_value(&estimator).unwrap();
        assert_eq!(serde_json::from_value::<AnyEstimator>(written.clone()).unwrap(), estimator);
        // The name alone, or with parameters that are left at their defaults.
        let parameters = &written[spec.name];
        let short = if written.is_string() { written.clone() } else { serde_json::json!({spec.name: {}}) };
        assert_eq!(serde_json::from_value::<AnyEstimator>(short).unwrap(), estimator);
        let alternatives = schema["oneOf"].as_array().unwrap();
        let named = |alternative: &&serde_json::Value| {
            alternative["const"] == spec.name || alternative["required"][0] == spec.name
        };
        let alternative = alternatives.iter().find(named).unwrap();
        assert_eq!(alternative["description"], spec.summary);
        for name in parameters.as_object().into_iter().flat_map(|map| map.keys()) {
            let reference = alternative["properties"][spec.name]["$ref"].as_str().unwrap();
            let described = &schema.pointer(reference.trim_start_matches('#')).unwrap()["properties"][name];
            assert!(!described["description"].as_str().unwrap().is_empty(), "{}: {name}", spec.name);
        }
    }
}

#[test]
fn a_model_survives_its_parts_and_json_bit_for_bit() {
    let data = data();
    for spec in estimators() {
        let model = validated(&small(spec), &quiet()).unwrap();
        let expected = predict(&model, data.features(), data.feature_names()).unwrap();
        let (head, arrays) = model.parts();
        let by_parts = Model::of_parts(head, arrays).unwrap();
        let by_json = Model::from_json(&model.to_json().unwrap()).unwrap();
        for read in [by_parts, by_json] {
            assert_eq!(read, model, "{}", spec.name);
            let found = predict(&read, data.features(), data.feature_names()).unwrap();
            let bits = |values: &Array2<f64>| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found.mean), bits(&expected.mean), "{}", spec.name);
            assert_eq!(bits(&found.sd), bits(&expected.sd), "{}", spec.name);
        }
    }
}

#[test]
fn a_part_that_is_missing_or_too_much_is_named() {
    for spec in estimators() {
        let (head, arrays) = validated(&small(spec), &quiet()).unwrap().parts();
        for missing in 0..arrays.len() {
            let mut fewer = arrays.clone();
            let name = fewer.remove(missing).name;
            let message = Model::of_parts(head.clone(), fewer).unwrap_err().to_string();
            assert!(message.contains(&name) && message.contains("missing"), "{message}");
            let mut longer = arrays.clone();
            longer[missing].values.push(0.0);
            let message = Model::of_parts(head.clone(), longer).unwrap_err().to_string();
            assert!(message.contains(&name) && message.contains("its shape"), "{message}");
            let mut more = arrays.clone();
            more[missing].name.push('x');
            assert!(Model::of_parts(head.clone(), more).is_err());
        }
    }
}

#[test]
fn a_fit_that_is_no_longer_wanted_ends_and_says_so() {
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for spec in estimators() {
        let reference = validated(&small(spec), &quiet()).unwrap();
        let mut finished = 0;
        let mut wanted = 0;
        while finished == 0 {
            let looks = AtomicUsize::new(0);
            let cancelled = || looks.fetch_add(1, Ordering::Relaxed) >= wanted;
            let context = FitContext { cancelled: &cancelled, ..quiet() };
            match alone.install(|| validated(&small(spec), &context)) {
                Ok(model) => {
                    assert_eq!(model, reference, "{}", spec.name);
                    finished += 1;
                }
                Err(error) => {
                    assert_eq!(error, InverseError::Cancelled, "{} after {wanted} looks", spec.name);
                    // Folds that have begun look once more each.
                    assert!(looks.load(Ordering::Relaxed) <= wanted + 2 + splits().len(), "{}", spec.name);
                }
            }
            wanted += 1 + wanted / 8;
        }
        assert!(wanted > 3, "{} never looks", spec.name);
    }
}

#[test]
fn progress_comes_to_the_whole_and_never_more() {
    for spec in estimators() {
        let told = Mutex::new(0.0);
        let progress = |part: f64| {
            assert!(part >= 0.0);
            *told.lock().unwrap() += part;
        };
        let context = FitContext { progress: &progress, ..quiet() };
        let (data, splits) = (data(), splits());
        train(&data, &small(spec), &Preparation::none(), "v1", &context).unwrap();
        assert!((*told.lock().unwrap() - 1.0f64).abs() < 1e-9, "{}", spec.name);
        cross_validate(&data, &*small(spec), &Preparation::standardized(), &splits, &context).unwrap();
        assert!((*told.lock().unwrap() - 2.0f64).abs() < 1e-9, "{}", spec.name);
    }
}

#[test]
fn the_stream_alone_decides_random_estimators() {
    for spec in estimators() {
        let of = |key: u8| {
            let context = FitContext::unwatched(StreamKey::new([key; 16]));
            train(&data(), &small(spec), &Preparation::standardized(), "v1", &context).unwrap()
        };
        assert_eq!(of(1), of(1), "{}", spec.name);
        assert_eq!(of(1) != of(2), small(spec).is_random(), "{}", spec.name);
    }
}

/// The estimators that there were when models had the second layout.
const OF_FORMAT_2: [&str; 3] = ["ridge", "least_squares", "random_forest"];

#[test]
fn documents_of_earlier_versions_predict_what_they_did() {
    let golden = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/models/");
        std::fs::read_to_string(format!("{folder}{name}")).unwrap()
    };
    let table = golden("features.csv");
    let mut lines = table.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').skip(1).map(str::to_owned).collect();
    let values: Vec<f64> = lines.flat_map(|line| line.split(',').skip(1).map(|cell| cell.parse().unwrap())).collect();
    let features = Array2::from_shape_vec((values.len() / names.len(), names.len()), values).unwrap();
    for spec in estimators().iter().filter(|spec| OF_FORMAT_2.contains(&spec.name)) {
        let model = Model::from_json(&golden(&format!("{}.format_2.json", spec.name))).unwrap();
        let predicted = predict(&model, features.view(), &names).unwrap();
        let expected: serde_json::Value =
            serde_json::from_str(&golden(&format!("{}.predictions.json", spec.name))).unwrap();
        let rows = expected.as_array().unwrap();
        assert_eq!(rows.len(), predicted.mean.len());
        for ((mean, sd), row) in predicted.mean.iter().zip(&predicted.sd).zip(rows) {
            assert_eq!((Some(*mean), Some(*sd)), (row["mean"].as_f64(), row["sd"].as_f64()), "{}", spec.name);
        }
        // Written anew it is of this version, and the same model.
        let again = model.to_json().unwrap();
        assert!(again.contains("\"format_version\":3"));
        assert_eq!(Model::from_json(&again).unwrap(), model);
    }
    let old = Model::from_json(&golden("ridge.format_1.json")).unwrap();
    let new = Model::from_json(&golden("ridge.format_2.json")).unwrap();
    assert!(old.leverage.is_none() && new.leverage.is_some());
    let of = |model: &Model| predict(model, features.view(), &names).unwrap();
    assert_eq!(of(&old).mean, of(&new).mean);
    assert!(of(&old).sd.column(0).iter().all(|sd| *sd == old.held_out_rms_error.as_ref().unwrap()[0]));
}

fn named(features: Array2<f64>, targets: Array2<f64>) -> TrainingData {
    let names = (0..features.ncols()).map(|column| format!("f{column}")).collect();
    let target = |column| Target { name: format!("t{column}"), unit: None, prior: None };
    let columns = (0..targets.ncols()).map(target).collect();
    let samples = (0..features.nrows()).collect();
    TrainingData::new(features, names, targets, columns, samples).unwrap()
}

fn wavy(rows: usize, columns: usize) -> (Array2<f64>, Array2<f64>) {
    let features = Array2::from_shape_fn((rows, columns), |(r, c)| ((r * (2 * c + 3) + c * c) as f64 * 0.41).sin());
    let targets = Array2::from_shape_fn((rows, 2), |(r, t)| 3.0 * features[[r, t]] + ((r * r) as f64 * 0.1).cos());
    (features, targets)
}

/// Trained without cross-validation, with what it says of its own rows.
fn own(estimator: &AnyEstimator, data: &TrainingData) -> Result<Array2<f64>, InverseError> {
    let model = train(data, estimator, &Preparation::standardized(), "v1", &quiet())?;
    Ok(predict(&model, data.features(), data.feature_names()).unwrap().mean)
}

fn is_finite(values: &Array2<f64>) -> bool {
    values.iter().all(|value| value.is_finite())
}

#[test]
fn fewer_rows_than_features_have_an_answer_or_are_refused_as_too_few() {
    for rows in 1..8 {
        let (features, targets) = wavy(rows, 10);
        for spec in estimators() {
            match own(&small(spec), &named(features.clone(), targets.clone())) {
                Ok(predicted) => assert!(rows > 1 && is_finite(&predicted), "{} of {rows} rows", spec.name),
                Err(InverseError::NoVaryingFeature { rows: 1, .. }) => assert_eq!(rows, 1),
                Err(InverseError::TooFewRows { needed, found, .. }) => {
                    assert!(found == rows && needed > rows, "{} of {rows} rows", spec.name);
                }
                Err(other) => panic!("{} of {rows} rows: {other}", spec.name),
            }
        }
    }
}

#[test]
fn columns_that_say_the_same_have_an_answer_or_are_named() {
    let (mut features, targets) = wavy(40, 4);
    let twin = features.column(1).to_owned();
    features.column_mut(3).assign(&twin);
    for spec in estimators() {
        match own(&small(spec), &named(features.clone(), targets.clone())) {
            Ok(predicted) => assert!(is_finite(&predicted), "{}", spec.name),
            Err(InverseError::DependentFeature { name }) => assert_eq!((spec.name, &*name), ("least_squares", "f3")),
            Err(other) => panic!("{}: {other}", spec.name),
        }
    }
}

#[test]
fn constant_features_change_nothing_and_constant_targets_are_predicted() {
    let (features, mut targets) = wavy(40, 3);
    targets.column_mut(1).fill(0.1);
    let mut with_constant = Array2::from_elem((40, 4), 7.3);
    with_constant.slice_mut(ndarray::s![.., ..3]).assign(&features);
    for spec in estimators() {
        let estimator = small(spec);
        let predicted = match own(&estimator, &named(features.clone(), targets.clone())) {
            Ok(predicted) => predicted,
            // There is no density of what does not vary.
            Err(error) => {
                assert_eq!(error, InverseError::TargetDoesNotVary { name: "`t1`".to_owned() }, "{}", spec.name);
                assert!(estimator.uses_priors());
                continue;
            }
        };
        assert_eq!(
            own(&estimator, &named(with_constant.clone(), targets.clone())).unwrap(),
            predicted,
            "{}",
            spec.name
        );
        assert!(predicted.column(1).iter().all(|value| (value - 0.1).abs() < 1e-12), "{}", spec.name);
        // Handed to it all the same, as estimators may be used without a model.
        let found = estimator.fit(with_constant.view(), targets.view(), &quiet());
        match found {
            Ok(fitted) => assert!(is_finite(&fitted.predict(with_constant.view())), "{}", spec.name),
            Err(error) => {
                assert!(matches!(error, InverseError::DependentColumn { column: 3 }), "{}: {error}", spec.name)
            }
        }
    }
}

#[test]
fn numbers_too_large_to_square_are_refused_or_harmless() {
    let (features, targets) = wavy(30, 3);
    for spec in estimators() {
        let estimator = small(spec);
        let huge = (features.mapv(|value| value * 1e200), targets.mapv(|value| value * 1e200));
        for (x, y) in [(&huge.0, &targets), (&features, &huge.1), (&huge.0, &huge.1)] {
            match estimator.fit(x.view(), y.view(), &quiet()) {
                Ok(fitted) => assert!(is_finite(&fitted.predict(x.view())), "{}", spec.name),
                Err(InverseError::Overflow | InverseError::Density(_) | InverseError::Training { .. }) => {}
                Err(error) => panic!("{}: {error}", spec.name),
            }
        }
        assert!(estimator.fit(Array2::zeros((0, 3)).view(), Array2::zeros((0, 2)).view(), &quiet()).is_err());
    }
}

#[test]
fn rows_that_are_not_finite_are_not_predicted_and_spoil_no_others() {
    let (features, targets) = wavy(40, 3);
    for spec in estimators() {
        let fitted = small(spec).fit(features.view(), targets.view(), &quiet()).unwrap();
        let expected = fitted.predict(features.view());
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut rows = features.clone();
            rows[[7, 2]] = wrong;
            let found = fitted.predict(rows.view());
            for (row, (found, expected)) in found.rows().into_iter().zip(expected.rows()).enumerate() {
                match row {
                    7 => assert!(found.iter().all(|value| value.is_nan()), "{}", spec.name),
                    _ => assert_eq!(found, expected, "{}", spec.name),
                }
            }
        }
        assert_eq!(fitted.predict(Array2::zeros((0, 3)).view()).dim(), (0, 2), "{}", spec.name);
    }
}

#[test]
fn threads_change_no_bit() {
    let (features, targets) = wavy(150, 4);
    let data = named(features, targets);
    let splits: Vec<_> = Validation::RepeatedKfold { folds: 3, repeats: 1 }
        .splits(&(0..150).collect::<Vec<usize>>(), &mut |_, sample| (sample * 7 % 150) as u64)
        .unwrap();
    for spec in estimators() {
        let of = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let context = FitContext { threads, ..quiet() };
                let model = train(&data, &small(spec), &Preparation::standardized(), "v1", &context).unwrap();
                let predicted = predict(&model, data.features(), data.feature_names()).unwrap();
                let validation =
                    cross_validate(&data, &*small(spec), &Preparation::standardized(), &splits, &context).unwrap();
                (model, predicted.mean, validation.folds)
            })
        };
        let alone = of(1);
        for threads in [2, 5] {
            let together = of(threads);
            assert!(together == alone, "{} on {threads} threads", spec.name);
        }
    }
}

#[test]
fn what_is_held_out_does_not_reach_the_fit() {
    let (features, targets) = wavy(60, 3);
    let splits: Vec<_> = Validation::RepeatedKfold { folds: 3, repeats: 1 }
        .splits(&(0..60).collect::<Vec<usize>>(), &mut |_, sample| (sample * 7 % 60) as u64)
        .unwrap();
    let fold = &splits[1..2];
    let held_out = fold[0].test_samples.clone();
    let (mut other_features, mut other_targets) = (features.clone(), targets.clone());
    for &row in &held_out {
        other_targets.row_mut(row).fill(50.0);
    }
    // One of them leaves the range; it is not compared.
    other_features.row_mut(held_out[0]).fill(4.0);
    for spec in estimators() {
        let of = |features: &Array2<f64>, targets: &Array2<f64>| {
            let data = named(features.clone(), targets.clone());
            cross_validate(&data, &*small(spec), &Preparation::standardized(), fold, &quiet()).unwrap().folds.remove(0)
        };
        let (before, after) = (of(&features, &targets), of(&other_features, &other_targets));
        assert_eq!(before.test_rows, after.test_rows);
        let lines = before.predicted.rows().into_iter().zip(after.predicted.rows()).zip(&before.test_rows);
        for ((before, after), _) in lines.filter(|(_, row)| **row != held_out[0]) {
            for (before, after) in before.iter().zip(after) {
                // Moments of a fold come from those of all rows, which leaves rounding.
                assert!((before - after).abs() < 1e-7, "{}: {before} {after}", spec.name);
            }
        }
    }
}
