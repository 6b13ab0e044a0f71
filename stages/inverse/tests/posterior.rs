//! Posteriors beside the analytic answer of a linear Gaussian problem, and where they may lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "posterior/problems.rs"]
mod problems;

use lapicque_density::{DensityKind, MaskedAutoregressiveFlow, MixtureDensityNetwork, NeuralSplineFlow, Training};
use lapicque_inverse::calibration::{Cases, Verdict, calibration};
use lapicque_inverse::estimators::{Abc, AbcMethod, Nle, Npe};
use lapicque_inverse::posterior::Chains;
use lapicque_inverse::{
    AnyEstimator, Draws, Estimator, FitContext, Fitted, InverseError, Posterior, Preparation, Prior, Space, Target,
    TrainingData, cross_validate, explicit_folds,
};
use ndarray::{Array2, array, s};

use problems::{LinearGaussian, key, moments};

fn long() -> bool {
    std::env::var("LAPICQUE_TRAINING_TESTS").is_ok_and(|value| value == "1")
}

fn mdn() -> DensityKind {
    DensityKind::Mdn(MixtureDensityNetwork { components: 2, hidden: vec![20] })
}

fn maf() -> DensityKind {
    DensityKind::Maf(MaskedAutoregressiveFlow { transforms: 2, hidden: 20, blocks: 1 })
}

fn nsf() -> DensityKind {
    DensityKind::Nsf(NeuralSplineFlow { transforms: 2, hidden: 20, blocks: 1, bins: 5, ..NeuralSplineFlow::default() })
}

/// Fast and good enough for small problems.
fn brisk() -> Training {
    Training { learning_rate: 2e-3, batch: 500, max_epochs: 150, ..as_sbi() }
}

fn fit(estimator: &dyn Estimator, problem: &LinearGaussian, rows: usize, seed: u8) -> Box<dyn Fitted> {
    let (features, targets) = problem.samples(rows, seed);
    let context = FitContext { priors: &problem.priors(), ..FitContext::unwatched(key(seed)) };
    estimator.fit(features.view(), targets.view(), &context).unwrap()
}

/// Draws for some observations: the mean within so many standard deviations of the analytic one, the covariance within a part of it.
fn check_moments(name: &str, fitted: &dyn Fitted, problem: &LinearGaussian, (of_mean, of_spread): (f64, f64)) {
    let posterior = fitted.posterior().unwrap();
    let (features, _) = problem.samples(6, 77);
    let (mut worst_mean, mut worst_spread) = (0.0f64, 0.0f64);
    for row in features.rows() {
        let row = row.to_vec();
        let (mean, spread) = moments(&posterior.draw(&row, 10_000, key(5)).unwrap().values);
        let (true_mean, true_spread) = problem.posterior(&row);
        for i in 0..2 {
            worst_mean = worst_mean.max(((mean[i] - true_mean[i]) / true_spread[[i, i]].sqrt()).abs());
            for j in 0..2 {
                let unit = (true_spread[[i, i]] * true_spread[[j, j]]).sqrt();
                worst_spread = worst_spread.max(((spread[[i, j]] - true_spread[[i, j]]) / unit).abs());
            }
        }
    }
    eprintln!("{name}: means within {worst_mean:.3} s.d., covariances within {worst_spread:.3}");
    assert!(worst_mean < of_mean, "{name}: a mean is {worst_mean} s.d. off");
    assert!(worst_spread < of_spread, "{name}: a covariance is {worst_spread} off");
}

#[test]
fn the_analytic_posterior_is_recovered_by_densities_of_targets() {
    let problem = LinearGaussian::of_normal_prior();
    for (density, of_mean, of_spread) in [(mdn(), 0.08, 0.12), (maf(), 0.08, 0.12), (nsf(), 0.12, 0.3)] {
        let name = density.name();
        let npe = Npe { density, training: brisk(), ..Npe::default() };
        check_moments(name, &*fit(&npe, &problem, 20_000, 1), &problem, (of_mean, of_spread));
    }
}

#[test]
fn the_analytic_posterior_is_recovered_to_the_tolerances_of_the_issue() {
    if !long() {
        return;
    }
    let problem = LinearGaussian::of_normal_prior();
    let kinds =
        [mdn(), DensityKind::Maf(MaskedAutoregressiveFlow::default()), DensityKind::Nsf(NeuralSplineFlow::default())];
    for density in kinds {
        let name = density.name();
        let training = Training { members: 3, batch: 500, learning_rate: 1e-3, ..as_sbi() };
        // Splines need more samples for the same accuracy.
        let rows = if name == "nsf" { 60_000 } else { 30_000 };
        let npe = Npe { density: density.clone(), training: training.clone(), ..Npe::default() };
        check_moments(&format!("npe {name}"), &*fit(&npe, &problem, rows, 1), &problem, (0.05, 0.1));
        let nle = Nle { density, training, ..Nle::default() };
        check_moments(&format!("nle {name}"), &*fit(&nle, &problem, rows, 1), &problem, (0.05, 0.1));
    }
}

#[test]
fn the_analytic_posterior_is_recovered_by_slices_of_a_likelihood() {
    let problem = LinearGaussian::of_normal_prior();
    let nle = Nle { density: mdn(), training: brisk(), ..Nle::default() };
    let fitted = fit(&nle, &problem, 20_000, 1);
    check_moments("nle", &*fitted, &problem, (0.1, 0.15));
    // Its density is that of the posterior but for a constant.
    let posterior = fitted.posterior().unwrap();
    assert!(!posterior.is_normalized());
    let row = problem.samples(1, 3).0.row(0).to_vec();
    let draws = posterior.draw(&row, 1000, key(4)).unwrap();
    let joint = draws.values.rows().into_iter().map(|theta| problem.log_joint(&row, &theta.to_vec()));
    let differences: Vec<f64> = draws.log_density.iter().zip(joint).map(|(found, joint)| found - joint).collect();
    let (_, spread) = moments(&Array2::from_shape_fn((1000, 1), |(draw, _)| differences[draw]));
    assert!(spread[[0, 0]].sqrt() < 0.15, "{spread}");
}

#[test]
fn the_nearest_samples_give_the_analytic_posterior_if_they_are_moved_along_a_fit() {
    let problem = LinearGaussian::of_normal_prior();
    let abc = |method| fit(&Abc { method, accepted: 0.02, least: 200 }, &problem, 50_000, 1);
    let regression = abc(AbcMethod::Regression);
    check_moments("abc", &*regression, &problem, (0.15, 0.2));
    // Taken as they are, they are as much too wide as features differ among them, in the direction that features tell most of.
    let (features, _) = problem.samples(1, 77);
    let row = features.row(0).to_vec();
    let spread = |fitted: &dyn Fitted| moments(&fitted.posterior().unwrap().draw(&row, 5000, key(2)).unwrap().values).1;
    let (narrow, wide) = (spread(&*regression), spread(&*abc(AbcMethod::Rejection)));
    assert!(wide[[0, 0]] > 1.02 * narrow[[0, 0]], "{wide} {narrow}");
    let draws = regression.posterior().unwrap().draw(&row, 3, key(2)).unwrap();
    assert!(draws.log_density.iter().all(|log| log.is_nan()));
}

/// Cells of the box, their middles and the logarithm of their area.
fn grid(steps: usize) -> (Array2<f64>, f64) {
    let middle = |place: usize| (place as f64 + 0.5) / steps as f64;
    let points = Array2::from_shape_fn((steps * steps, 2), |(cell, target)| match target {
        0 => -1.0 + 2.0 * middle(cell % steps),
        _ => 10.0 + middle(cell / steps),
    });
    (points, 2.0 / (steps * steps) as f64)
}

/// Half of the absolute difference between a density and the analytic one, integrated over the box; and the integral of the density.
fn distance_from_truth(posterior: &dyn Posterior, problem: &LinearGaussian, row: &[f64]) -> (f64, f64) {
    let (points, area) = grid(80);
    let found: Vec<f64> = posterior.log_density(row, points.view()).unwrap().iter().map(|log| log.exp()).collect();
    let truth: Vec<f64> =
        points.rows().into_iter().map(|point| problem.log_joint(row, &point.to_vec()).exp()).collect();
    let total: f64 = truth.iter().sum::<f64>() * area;
    let difference = found.iter().zip(&truth).map(|(found, truth)| (found - truth / total).abs() * area / 2.0).sum();
    (difference, found.iter().sum::<f64>() * area)
}

#[test]
fn under_a_box_no_draw_lies_outside_and_densities_integrate_to_one_in_both_spaces() {
    let problem = LinearGaussian::of_box();
    // How far each is from the truth is why targets are taken to an unbounded space by default.
    for (space, tolerance) in [(Space::Unbounded, 0.12), (Space::Raw, 0.25)] {
        let density = DensityKind::Mdn(MixtureDensityNetwork { components: 4, hidden: vec![20, 20] });
        let npe = Npe { density, space, training: brisk() };
        let fitted = fit(&npe, &problem, 10_000, 1);
        let posterior = fitted.posterior().unwrap();
        // In the middle, and where the posterior leans on a corner.
        for row in [[5.2, 10.5, 0.0], [7.0, 11.8, 0.3], [3.5, 9.0, -0.5]] {
            let draws = posterior.draw(&row, 5000, key(3)).unwrap();
            assert!(draws.values.rows().into_iter().all(|draw| posterior.prior().contains(&draw.to_vec())));
            let (from_truth, integral) = distance_from_truth(posterior, &problem, &row);
            eprintln!("{space:?} {row:?}: distance from the truth {from_truth:.3}, integral {integral:.4}");
            // In the raw space the part within the box is known to about 1 %.
            assert!((integral - 1.0).abs() < 0.03, "{space:?}: {integral}");
            assert!(from_truth < tolerance, "{space:?}: {from_truth}");
            let outside = posterior.log_density(&row, array![[1.001, 10.5], [0.0, 9.9]].view()).unwrap();
            assert_eq!(outside, [f64::NEG_INFINITY; 2]);
            let edges = posterior.log_density(&row, array![[-1.0, 10.5], [1.0, 11.0]].view()).unwrap();
            assert!(edges.iter().all(|log| log.is_finite()), "{edges:?}");
            // What draws say of their density is what the posterior says of it.
            assert_eq!(posterior.log_density(&row, draws.values.view()).unwrap(), draws.log_density);
        }
    }
}

fn coverage_within(fitted: &dyn Fitted, problem: &LinearGaussian, samples: usize, points: f64) -> Vec<Verdict> {
    let (features, truth) = problem.samples(samples, 99);
    let context = FitContext::unwatched(key(8));
    let posterior = fitted.posterior().unwrap();
    let cases = Cases::draw(posterior, features.view(), truth.view(), 200, key(8), &context).unwrap();
    assert!(cases.failed.is_empty());
    let found = calibration(&cases, posterior.prior(), key(8)).unwrap();
    let of_targets = found.targets.iter().map(|target| &target.coverage);
    for coverage in of_targets.chain(found.regions.iter().map(|regions| &regions.coverage)) {
        for wanted in [0.5, 0.8, 0.95] {
            let found = coverage.iter().find(|coverage| (coverage.level - wanted).abs() < 1e-9).unwrap();
            assert!((found.coverage - wanted).abs() < points, "{found:?}");
        }
    }
    found.targets.iter().map(|target| target.judgement.verdict).collect()
}

#[test]
fn regions_of_a_learned_posterior_hold_the_truth_as_often_as_they_say() {
    for (name, problem) in [("normal", LinearGaussian::of_normal_prior()), ("box", LinearGaussian::of_box())] {
        let density = DensityKind::Mdn(MixtureDensityNetwork { components: 3, hidden: vec![20] });
        let npe = Npe { density, training: brisk(), ..Npe::default() };
        let verdicts = coverage_within(&*fit(&npe, &problem, 20_000, 1), &problem, 3000, 0.03);
        assert_eq!(verdicts, [Verdict::Calibrated; 2], "{name}");
    }
}

#[test]
fn features_that_are_missing_or_too_many_are_refused_and_predicted_as_nan() {
    let problem = LinearGaussian::of_box();
    let training = Training { max_epochs: 3, ..as_sbi() };
    let chains = Chains { count: 8, warm_up: 3, thinning: 1 };
    let estimators: [Box<dyn Estimator>; 4] = [
        Box::new(Npe { density: mdn(), training: training.clone(), ..Npe::default() }),
        Box::new(Npe { density: mdn(), training: training.clone(), space: Space::Raw }),
        Box::new(Nle { density: mdn(), training, chains }),
        Box::new(Abc::default()),
    ];
    for estimator in &estimators {
        let fitted = fit(&**estimator, &problem, 400, 1);
        let posterior = fitted.posterior().unwrap();
        let missing = posterior.draw(&[1.0, f64::NAN, 0.0], 5, key(1)).unwrap_err();
        assert!(matches!(missing, InverseError::FeatureNotFinite { feature: 1, .. }), "{missing}");
        assert!(posterior.draw(&[1.0], 5, key(1)).is_err() && posterior.draw(&[1.0; 4], 5, key(1)).is_err());
        assert!(posterior.log_density(&[5.0, 10.5, 0.0], Array2::zeros((2, 3)).view()).is_err());
        let nothing = posterior.draw(&[5.0, 10.5, 0.0], 0, key(1)).unwrap();
        assert_eq!((nothing.values.dim(), nothing.log_density.len()), ((0, 2), 0));
        let predicted = fitted.predict(array![[5.0, 10.5, 0.0], [f64::INFINITY, 10.5, 0.0]].view());
        assert!(predicted.row(0).iter().all(|value| value.is_finite()), "{predicted}");
        assert!(predicted.row(1).iter().all(|value| value.is_nan()));
        // A mean of draws within the box is within the box.
        assert!(posterior.prior().contains(&predicted.row(0).to_vec()));
    }
}

#[test]
fn bits_are_the_same_for_any_number_of_threads_and_fewer_draws_are_the_first_of_more() {
    let problem = LinearGaussian::of_box();
    let training = Training { max_epochs: 4, members: 3, ..as_sbi() };
    let estimators: [Box<dyn Estimator>; 3] = [
        Box::new(Npe { density: maf(), training: training.clone(), ..Npe::default() }),
        Box::new(Nle { density: maf(), training, chains: Chains { count: 8, warm_up: 4, thinning: 1 } }),
        Box::new(Abc::default()),
    ];
    for estimator in &estimators {
        let run = |threads: usize| -> (Vec<lapicque_inverse::estimators::NamedArray>, Draws, Draws, Array2<f64>) {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let fitted = fit(&**estimator, &problem, 700, 1);
                let draw = |count| fitted.posterior().unwrap().draw(&[5.0, 10.5, 0.1], count, key(3)).unwrap();
                let arrays = ["parameters", "losses", "targets"].map(|name| fitted.store().array(name).cloned());
                let predicted = fitted.predict(problem.samples(5, 9).0.view());
                (arrays.into_iter().flatten().collect(), draw(700), draw(300), predicted)
            })
        };
        let (one, three) = (run(1), run(3));
        assert!(!one.0.is_empty());
        assert_eq!((&one.0, &one.3), (&three.0, &three.3), "{estimator:?}");
        let (more, fewer) = (&one.1, &three.2);
        assert_eq!(more.values.slice(s![..300, ..]), fewer.values);
        assert!(more.log_density.iter().zip(&fewer.log_density).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

#[test]
fn training_rows_outside_of_the_prior_constant_targets_and_too_few_rows_are_refused() {
    let problem = LinearGaussian::of_box();
    let (features, targets) = problem.samples(100, 1);
    let narrow = [Some(Prior::Uniform { low: -0.5, high: 1.0 }), None];
    let estimators: [Box<dyn Estimator>; 3] =
        [Box::new(Npe::default()), Box::new(Nle::default()), Box::new(Abc::default())];
    for estimator in &estimators {
        let context = FitContext { priors: &narrow, ..FitContext::unwatched(key(1)) };
        let outside = estimator.fit(features.view(), targets.view(), &context).unwrap_err();
        assert!(matches!(outside, InverseError::OutsidePrior { target: 0, .. }), "{outside}");
        let context = FitContext::unwatched(key(1));
        let constant = estimator.fit(features.view(), Array2::ones((100, 1)).view(), &context).unwrap_err();
        assert_eq!(constant, InverseError::ConstantTarget { target: 0 });
        let one = estimator.fit(features.slice(s![..1, ..]), targets.slice(s![..1, ..]), &context);
        assert!(one.is_err());
        let cancelled = FitContext { cancelled: &|| true, ..FitContext::unwatched(key(1)) };
        assert_eq!(estimator.fit(features.view(), targets.view(), &cancelled).unwrap_err(), InverseError::Cancelled);
    }
    let few =
        Abc::default().fit(features.slice(s![..5, ..]), targets.slice(s![..5, ..]), &FitContext::unwatched(key(1)));
    assert!(matches!(few.unwrap_err(), InverseError::TooFewRows { needed: 8, found: 5, .. }));
}

#[test]
fn no_row_that_is_held_out_influences_the_posterior_of_a_fold() {
    let problem = LinearGaussian::of_box();
    let (features, mut targets) = problem.samples(120, 1);
    let fit = |targets: &Array2<f64>| {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let columns = ["x", "y"].map(|name| Target { name: name.to_owned(), unit: None, prior: None }).to_vec();
        let data = TrainingData::new(features.clone(), names, targets.clone(), columns, (0..120).collect()).unwrap();
        let splits = explicit_folds(120, &[vec![(80..120).collect()]]).unwrap();
        let training = Training { max_epochs: 5, ..as_sbi() };
        let chains = Chains { count: 8, warm_up: 3, thinning: 1 };
        let estimators: [AnyEstimator; 3] = [
            Npe { density: maf(), training: training.clone(), ..Npe::default() }.into(),
            Nle { density: maf(), training, chains }.into(),
            Abc::default().into(),
        ];
        estimators.map(|estimator| {
            let context = FitContext::unwatched(key(1));
            let found = cross_validate(&data, &*estimator, &Preparation::standardized(), &splits, &context).unwrap();
            found.folds[0].predicted.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
        })
    };
    let before = fit(&targets);
    // Far beyond the range of the training rows, so that a prior from all rows would be another one.
    targets.slice_mut(s![80.., ..]).mapv_inplace(|value| 3.0 * value + 50.0);
    assert_eq!(fit(&targets), before);
    targets.slice_mut(s![..80, ..]).mapv_inplace(|value| 2.0 * value);
    assert_ne!(fit(&targets), before);
}

#[test]
fn settings_that_are_left_out_are_the_defaults() {
    let read = |text: &str| serde_json::from_str::<AnyEstimator>(text);
    assert_eq!(read(r#"{"npe": {"density": {"nsf": {}}}}"#).unwrap(), Npe::default().into());
    let message = read(r#"{"npe": {"density": {"maf": {"hiden": 3}}}}"#).unwrap_err().to_string();
    assert!(message.contains("hiden"), "{message}");
    let expected = Npe { training: Training { patience: 40, ..Training::default() }, ..Npe::default() };
    assert_eq!(read(r#"{"npe": {"training": {"patience": 40}}}"#).unwrap(), expected.into());
}

/// One network, trained as sbi 0.27 does by default.
fn as_sbi() -> Training {
    Training { batch: 200, members: 1, ..Training::default() }
}
