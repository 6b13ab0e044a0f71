//! The classifier two-sample test beside the best score there can be, and beside that of scikit-learn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::PathBuf;

use lapicque_density::{DensityError, c2st};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, array};
use serde_json::Value;

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

/// Two samples of 1000 in two dimensions, the second moved along the first: telling them apart right is Phi(shift / 2) at best.
#[test]
fn scores_lie_near_those_of_the_best_classifier() {
    for (shift, best) in [(0.0, 0.5), (0.5, 0.598_706), (1.0, 0.691_462), (3.0, 0.933_193), (20.0, 1.0)] {
        let mut generator = key(1).stream("samples", 0);
        let first = Array2::from_shape_simple_fn((1000, 2), || generator.normal());
        let mut second = Array2::from_shape_simple_fn((1000, 2), || generator.normal());
        second.column_mut(0).mapv_inplace(|value| value + shift);
        // Scale and place are taken out.
        let scale = array![1e-6, 1e3];
        let score = c2st((&first * &scale + 7.0).view(), (&second * &scale + 7.0).view(), 5, key(2), &|| false);
        let score = score.unwrap();
        assert!((score - best).abs() < 0.04, "{shift}: {score}, at best {best}");
    }
}

/// Pairs with scores of scikit-learn, in the folder that `LAPICQUE_SHARED` names. Stated tolerance: 0.04.
#[test]
fn scores_are_those_of_scikit_learn() {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or_else(default, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("fixtures/features/c2st_calibration.json")) else {
        eprintln!("skipped: fixtures/features/c2st_calibration.json is not in LAPICQUE_SHARED");
        return;
    };
    let pairs: Value = serde_json::from_str(&text).unwrap();
    let table = |value: &Value| {
        let rows = value.as_array().unwrap();
        Array2::from_shape_fn((rows.len(), 2), |(row, column)| rows[row][column].as_f64().unwrap())
    };
    for pair in pairs.as_array().unwrap() {
        let score = c2st(table(&pair["X"]).view(), table(&pair["Y"]).view(), 5, key(3), &|| false).unwrap();
        let theirs = pair["c2st"].as_f64().unwrap();
        assert!((score - theirs).abs() < 0.04, "{score} {theirs}");
    }
}

#[test]
fn threads_change_nothing() {
    let sample = |index: u64| {
        let mut generator = key(4).stream("samples", index);
        Array2::from_shape_simple_fn((101, 3), || generator.normal())
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| c2st(sample(0).view(), sample(1).view(), 5, key(5), &|| false).unwrap())
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn samples_that_cannot_be_compared_are_refused() {
    let score = |a: &Array2<f64>, b: &Array2<f64>, folds: usize| {
        c2st(a.view(), b.view(), folds, key(1), &|| false).unwrap_err().to_string()
    };
    let some = array![[1.0, 2.0], [2.0, 1.0], [0.0, 0.5]];
    assert_eq!(score(&some, &array![[1.0], [2.0]], 2), "the samples have 2 and 1 columns; both need the same");
    assert_eq!(score(&some, &array![[1.0, 2.0]], 2), "1 training rows are too few; at least 2 are needed");
    assert_eq!(score(&some, &some, 1), "`folds` is 1; allowed: 2 to the number of rows of both samples, 6");
    assert_eq!(score(&some, &some, 7), "`folds` is 7; allowed: 2 to the number of rows of both samples, 6");
    let constant = array![[1.0, 2.0], [1.0, 1.0]];
    assert_eq!(score(&constant, &some, 2), "column 0 is the same in the whole first sample, but not in the second");
    assert!(score(&some, &array![[1.0, f64::NAN], [0.0, 0.0]], 2).contains("of the second sample is NaN in row 0"));
    let cancelled = c2st(some.view(), some.view(), 2, key(1), &|| true);
    assert_eq!(cancelled, Err(DensityError::Cancelled));
}
