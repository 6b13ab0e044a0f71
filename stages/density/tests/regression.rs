//! Networks that regress.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_density::{Activation, DensityError, EpochLoss, Regression, RegressionSettings, Watch, train_regression};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2, Axis, array};

fn key(number: u8) -> StreamKey {
    StreamKey::new([number; 16])
}

fn rows(count: usize) -> (Array2<f64>, Array2<f64>) {
    let mut generator = key(1).stream("rows", 0);
    let x = Array2::from_shape_simple_fn((count, 3), || generator.normal());
    let y = Array2::from_shape_fn((count, 2), |(row, target)| match target {
        0 => 1e3 * (x[[row, 0]] + x[[row, 1]]).sin() + 5e4,
        _ => 1e-3 * x[[row, 2]].powi(2),
    });
    (x, y)
}

fn fit(settings: &RegressionSettings, x: ArrayView2<'_, f64>, y: ArrayView2<'_, f64>) -> (Regression, Vec<EpochLoss>) {
    train_regression(settings, x, y, key(2), Watch::nobody()).unwrap()
}

/// Unexplained part of the variance of each target on 500 new rows.
fn unexplained(regression: &Regression) -> Vec<f64> {
    let (x, y) = rows(2500);
    let (x, y) = (x.slice(ndarray::s![2000.., ..]), y.slice(ndarray::s![2000.., ..]));
    let errors = (&regression.predict(x) - &y).mapv(|error| error * error).mean_axis(Axis(0)).unwrap();
    errors.iter().zip(y.var_axis(Axis(0), 0.0)).map(|(error, variance)| error / variance).collect()
}

#[test]
fn smooth_functions_are_learned_in_any_unit() {
    let (x, y) = rows(2000);
    for activation in [Activation::Relu, Activation::Tanh] {
        let settings = RegressionSettings { activation, ..Default::default() };
        let (regression, losses) = fit(&settings, x.view(), y.view());
        let unexplained = unexplained(&regression);
        assert!(unexplained.iter().all(|part| *part < 0.02), "{activation:?}: {unexplained:?}");
        assert!(losses.last().unwrap().training < 0.1 * losses[0].training);
    }
}

#[test]
fn early_stopping_keeps_what_did_best_on_rows_set_aside() {
    let (x, y) = rows(2000);
    let settings = RegressionSettings { early_stopping: true, max_epochs: 400, ..Default::default() };
    let (regression, losses) = fit(&settings, x.view(), y.view());
    let unexplained = unexplained(&regression);
    assert!(unexplained.iter().all(|part| *part < 0.02), "{unexplained:?}");
    assert!(losses.iter().all(|loss| loss.validation.is_finite()));
}

/// Without hidden layers it is least squares (with next to no penalty).
#[test]
fn without_hidden_layers_it_is_linear() {
    let (x, _) = rows(300);
    let y = Array2::from_shape_fn((300, 1), |(row, _)| 2.0 + 3.0 * x[[row, 0]] - x[[row, 2]]);
    let settings = RegressionSettings {
        hidden: Vec::new(),
        learning_rate: 0.01,
        max_epochs: 2000,
        tolerance: 1e-9,
        alpha: 0.0,
        ..Default::default()
    };
    let (regression, _) = fit(&settings, x.view(), y.view());
    let found = regression.predict(array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].view());
    for (found, right) in found.iter().zip([2.0, 5.0, 2.0, 1.0]) {
        assert!((found - right).abs() < 1e-3, "{found} {right}");
    }
}

/// The penalty alone, at a point: alpha |W|^2 / (2 rows) is part of the loss that is told.
#[test]
fn the_penalty_shrinks_weights() {
    let (x, y) = rows(200);
    let size = |alpha: f64| {
        let settings = RegressionSettings { alpha, ..Default::default() };
        let (regression, _) = fit(&settings, x.view(), y.view());
        regression.arrays()[2].values.iter().map(|weight| weight * weight).sum::<f64>()
    };
    assert!(size(10.0) < 0.5 * size(1e-4));
}

#[test]
fn few_rows_constant_columns_and_constant_targets_do() {
    let settings = RegressionSettings { max_epochs: 500, ..Default::default() };
    // The penalty of one row is strong, and training ends ten epochs after the loss is next to nothing.
    let (one, _) = fit(&settings, array![[1.0, 2.0]].view(), array![[7.0]].view());
    assert!((one.predict(array![[1.0, 2.0]].view())[[0, 0]] - 7.0).abs() < 0.5);
    let (x, mut y) = rows(150);
    y.column_mut(1).fill(-3.0);
    let (regression, _) = fit(&settings, x.view(), y.view());
    assert!(regression.predict(x.view()).column(1).iter().all(|value| (value + 3.0).abs() < 0.3));
    let constant = Array2::from_elem((150, 3), 2.0);
    let (regression, _) = fit(&settings, constant.view(), y.view());
    let mean = y.column(0).mean().unwrap();
    let found = regression.predict(constant.view())[[0, 0]];
    assert!((found - mean).abs() < 0.1 * y.column(0).std(0.0), "{found} {mean}");
}

#[test]
fn what_is_not_finite_is_not_predicted_and_does_not_touch_other_rows() {
    let (x, y) = rows(600);
    let settings = RegressionSettings { max_epochs: 3, ..Default::default() };
    let (regression, _) = fit(&settings, x.view(), y.view());
    let right = regression.predict(x.view());
    let mut gaps = x.clone();
    gaps[[300, 1]] = f64::NAN;
    gaps[[301, 0]] = f64::INFINITY;
    let found = regression.predict(gaps.view());
    for row in 0..600 {
        match row {
            300 | 301 => assert!(found.row(row).iter().all(|value| value.is_nan())),
            _ => assert_eq!(found.row(row), right.row(row)),
        }
    }
    assert!(regression.predict(array![[1.0]].view()).iter().all(|value| value.is_nan()));
}

#[test]
fn features_that_are_far_too_large_end_in_an_error_and_no_model() {
    let (x, y) = rows(50);
    let found = train_regression(&Default::default(), (x * 1e30).view(), y.view(), key(2), Watch::nobody());
    assert!(matches!(found, Err(DensityError::Diverged { epoch: 1, .. })), "{found:?}");
}

#[test]
fn what_is_restored_gives_the_same_bits_and_other_arrays_are_refused() {
    let (x, y) = rows(100);
    let settings = RegressionSettings { max_epochs: 5, ..Default::default() };
    let (regression, _) = fit(&settings, x.view(), y.view());
    let restored = Regression::of_arrays(&settings, 3, 2, regression.arrays()).unwrap();
    assert_eq!(restored, regression);
    assert_eq!(restored.predict(x.view()), regression.predict(x.view()));
    let message = |change: &dyn Fn(&mut Vec<lapicque_density::Array>)| {
        let mut arrays = regression.arrays();
        change(&mut arrays);
        Regression::of_arrays(&settings, 3, 2, arrays).unwrap_err().to_string()
    };
    assert_eq!(message(&|arrays| arrays.truncate(2)), "`parameters` is missing");
    assert_eq!(message(&|arrays| arrays[1].values[0] = -1.0), "`target_scales` holds -1; scales must be above 0");
    assert_eq!(
        message(&|arrays| arrays[0].values[0] = f64::INFINITY),
        "`target_means` holds inf; it must hold finite numbers"
    );
    assert!(Regression::of_arrays(&settings, 4, 2, regression.arrays()).is_err());
    assert!(Regression::of_arrays(&settings, usize::MAX, 2, regression.arrays()).is_err());
}

#[test]
fn settings_and_tables_out_of_range_are_told() {
    let check = |change: &dyn Fn(&mut RegressionSettings)| {
        let mut settings = RegressionSettings::default();
        change(&mut settings);
        settings.check().unwrap_err().to_string()
    };
    assert_eq!(check(&|s| s.hidden = vec![50, 0]), "`hidden` of mlp is 0; allowed: widths of 1 to 10,000");
    assert_eq!(
        check(&|s| s.hidden = vec![1; 21]),
        "`hidden` of mlp is a list of 21 widths; allowed: at most 20 layers"
    );
    assert_eq!(check(&|s| s.alpha = -1.0), "`alpha` of mlp is -1; allowed: a finite number >= 0");
    assert_eq!(check(&|s| s.learning_rate = 0.0), "`learning_rate` of mlp is 0; allowed: above 0, at most 1");
    assert_eq!(check(&|s| s.patience = 0), "`patience` of mlp is 0; allowed: a whole number >= 1");
    let (x, y) = rows(5);
    let fit = |x: &Array2<f64>, y: &Array2<f64>, early_stopping: bool| {
        let settings = RegressionSettings { early_stopping, ..Default::default() };
        train_regression(&settings, x.view(), y.view(), key(2), Watch::nobody()).unwrap_err().to_string()
    };
    assert_eq!(fit(&x, &Array2::zeros((5, 0)), false), "targets have no columns; at least one is needed");
    assert_eq!(
        fit(&Array2::zeros((0, 3)), &Array2::zeros((0, 2)), false),
        "0 training rows are too few; at least 1 are needed"
    );
    let (x, y) = (x.slice(ndarray::s![..1, ..]).to_owned(), y.slice(ndarray::s![..1, ..]).to_owned());
    assert_eq!(fit(&x, &y, true), "1 training rows are too few; at least 2 are needed");
}
