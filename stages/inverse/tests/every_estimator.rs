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

/// Those that there were when documents had format 2.
const WITH_EARLIER_DOCUMENTS: [&str; 3] = ["ridge", "least_squares", "random_forest"];

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
    for spec in estimators().iter().filter(|spec| WITH_EARLIER_DOCUMENTS.contains(&spec.name)) {
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
