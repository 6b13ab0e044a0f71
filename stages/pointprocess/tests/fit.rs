//! Fits against statsmodels 0.15.0 and NeMoS 0.2.8, on spikes of a known network.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use lapicque_pointprocess::fit::{Basis, Family, Features, Fit, Penalty, Status, Structure, Term, Trains, fit};
use serde_json::Value;

/// Folders with spikes and fits, those that are there.
fn cases() -> Vec<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm");
    let names = ["fit_coupled10", "fit_coupled12"];
    let cases: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).filter(|case| case.is_dir()).collect();
    if cases.is_empty() {
        println!("skipped: no fits in {}", folder.display());
    }
    cases
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn table(path: PathBuf) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with("step"));
    rows.map(|row| row.split(',').map(|x| x.parse().unwrap()).collect()).collect()
}

fn trains(case: &Path) -> (Trains, Value) {
    let data = json(case.join("data.json"));
    let spikes = table(case.join("spikes.csv")).into_iter().map(|row| (row[1] as usize, row[0] as u32));
    let count = |field: &str| data[field].as_u64().unwrap();
    (Trains::new(count("n_neurons") as usize, count("n_steps") as u32, spikes).unwrap(), data)
}

/// The model that made the spikes: exponential couplings, lags of relative refractoriness.
fn exact(data: &Value) -> Structure {
    let params = &data["params"];
    let window = params["coupling_window"].as_u64().unwrap() as usize;
    let dead = params["abs_ref_scale"].as_u64().unwrap() as usize + 4;
    let last = (params["abs_ref_scale"].as_u64().unwrap() + params["rel_ref_scale"].as_u64().unwrap()) as usize;
    Structure {
        family: Family::Bernoulli,
        coupling: Some(Basis::exponential(window, &[1.0 / params["alpha"].as_f64().unwrap()]).unwrap()),
        history: Some(Basis::identity(last - dead).unwrap().starting_at(dead).unwrap()),
        stimulus: None,
        dead_bins: dead as u32,
        skipped_bins: 20,
    }
}

fn fit_all(structure: &Structure, trains: &Trains, penalty: Penalty) -> Vec<Fit> {
    let features = Features::new(structure, trains, &[]).unwrap();
    let one = |target| fit(&features.of_target(target).unwrap(), structure.family, penalty, &|| true).unwrap();
    (0..trains.neurons()).map(one).collect()
}

fn raised_cosines(family: Family) -> Structure {
    let basis = Basis::raised_cosine_log(20, 4, 2.0, 50.0).unwrap();
    Structure {
        family,
        coupling: Some(basis.clone()),
        history: Some(basis),
        stimulus: None,
        dead_bins: 0,
        skipped_bins: 20,
    }
}

/// Weights in the order of NeMoS, by source, of which the target is one.
fn by_source(fit: &Fit) -> Vec<f64> {
    let mut found: Vec<((usize, usize), f64)> = Vec::new();
    for coefficient in &fit.coefficients {
        match coefficient.term {
            Term::History { function } => found.push(((fit.target, function), coefficient.estimate)),
            Term::Coupling { source, function } => found.push(((source, function), coefficient.estimate)),
            _ => {}
        }
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, w)| w).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let product =
        |x: &[f64], mx: f64, y: &[f64], my: f64| x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>();
    product(a, mean_a, b, mean_b) / (product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b)).sqrt()
}

#[test]
fn the_basis_is_that_of_nemos() {
    for case in cases() {
        let basis = Basis::raised_cosine_log(20, 4, 2.0, 50.0).unwrap();
        for (lag, row) in table(case.join("raised_cosine_log_4x20.csv")).iter().enumerate() {
            for (found, due) in basis.row(lag).iter().zip(row) {
                assert!((found - due).abs() < 1e-12, "lag {lag}: {found} {due}");
            }
        }
    }
}

#[test]
fn coefficients_errors_and_likelihoods_are_those_of_statsmodels() {
    for case in cases() {
        let (trains, data) = trains(&case);
        let due = json(case.join("fit_statsmodels_logit.json"));
        for (fit, due) in fit_all(&exact(&data), &trains, Penalty::None).iter().zip(due["targets"].as_array().unwrap())
        {
            let target = fit.target;
            assert_eq!(Some(fit.bins), due["n_obs"].as_u64());
            assert!(fit.converged && fit.kkt_violation < 1e-12, "{target}");
            for coefficient in &fit.coefficients {
                let (value, error) = match coefficient.term {
                    Term::Intercept => (due["intercept"].as_f64().unwrap(), due["intercept_se"].as_f64().unwrap()),
                    Term::Coupling { source, .. } => {
                        let pair = numbers(&due["coupling"][source.to_string()]);
                        (pair[0], pair[1])
                    }
                    Term::History { function } => {
                        let lag = exact(&data).dead_bins as usize + function;
                        let pair = numbers(&due["refractory"][lag.to_string()]);
                        (pair[0], pair[1])
                    }
                    Term::Stimulus { .. } => panic!("there is none"),
                };
                if error > 1e4 {
                    // Never followed by a spike: statsmodels stops somewhere on the way to minus infinity.
                    assert_eq!((coefficient.status, coefficient.estimate), (Status::Separated, f64::NEG_INFINITY));
                    continue;
                }
                assert_eq!(coefficient.status, Status::Estimated);
                let term = coefficient.term;
                assert!((coefficient.estimate - value).abs() < 1e-6, "{target} {term:?}");
                assert!((coefficient.standard_error / error - 1.0).abs() < 1e-5, "{target} {term:?}");
            }
            let likelihoods = [("loglik", fit.log_likelihood), ("null_loglik", fit.null_log_likelihood)];
            for (field, found) in likelihoods.into_iter().chain([("deviance", fit.deviance)]) {
                assert!((found / due[field].as_f64().unwrap() - 1.0).abs() < 1e-6, "{target} {field} {found}");
            }
        }
    }
}

#[test]
fn the_network_is_recovered_within_its_errors() {
    for case in cases() {
        let (trains, data) = trains(&case);
        let truth = table(case.join("w0_true.csv"));
        let (mut found, mut true_weights, mut z) = (Vec::new(), Vec::new(), Vec::new());
        for fit in fit_all(&exact(&data), &trains, Penalty::None) {
            for coefficient in &fit.coefficients {
                if let Term::Coupling { source, .. } = coefficient.term {
                    let weight = truth[source][fit.target];
                    found.push(coefficient.estimate);
                    true_weights.push(weight);
                    z.push((coefficient.estimate - weight) / coefficient.standard_error);
                }
            }
        }
        let finite: Vec<usize> = (0..z.len()).filter(|&i| z[i].is_finite()).collect();
        let pick = |x: &[f64]| finite.iter().map(|&i| x[i]).collect::<Vec<f64>>();
        let (found, true_weights, z) = (pick(&found), pick(&true_weights), pick(&z));
        let correlation = correlation(&found, &true_weights);
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        let sd = (z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / z.len() as f64).sqrt();
        println!("{}: correlation {correlation:.4}, z {mean:.3} +- {sd:.3}", case.display());
        assert!(correlation >= 0.97, "{correlation}");
        // Four standard errors of a mean and a standard deviation of 90 values of a normal distribution.
        let allowed = 4.0 / (z.len() as f64).sqrt();
        assert!(mean.abs() < allowed && (sd - 1.0).abs() < allowed / 2f64.sqrt(), "{mean} {sd}");
    }
}

#[test]
fn ridge_fits_are_those_of_nemos() {
    for case in cases() {
        let (trains, _) = trains(&case);
        let due = json(case.join("fit_nemos_raised_cosine.json"));
        for (family, name) in [(Family::Bernoulli, "Bernoulli_ridge0.001"), (Family::Poisson, "Poisson_ridge0.001")] {
            let due = &due["fits"][name];
            let fits = fit_all(&raised_cosines(family), &trains, Penalty::Ridge { strength: 1e-3 });
            for fit in fits {
                assert!(fit.converged && fit.kkt_violation < 1e-12);
                let intercept = numbers(&due["newton_intercept"])[fit.target];
                assert!((fit.coefficients[0].estimate - intercept).abs() < 1e-6, "{name} {}", fit.target);
                let weights = numbers(&due["newton_coef_target_by_feature"][fit.target]);
                assert_eq!(weights.len(), by_source(&fit).len());
                for (found, due) in by_source(&fit).iter().zip(&weights) {
                    assert!((found - due).abs() < 1e-6, "{name} {}: {found} {due}", fit.target);
                }
                let likelihood = numbers(&due["total_loglik_per_target"])[fit.target];
                assert!((fit.log_likelihood / likelihood - 1.0).abs() < 1e-6, "{name}: {}", fit.log_likelihood);
            }
        }
    }
}

#[test]
fn lasso_fits_have_the_objective_and_the_support_of_nemos() {
    for case in cases() {
        let (trains, _) = trains(&case);
        let due = json(case.join("fit_nemos_raised_cosine.json"));
        let structure = raised_cosines(Family::Bernoulli);
        let features = Features::new(&structure, &trains, &[]).unwrap();
        for (name, due) in due["fits"].as_object().unwrap().iter().filter(|(name, _)| name.contains("lasso")) {
            let target: usize = name.rsplit("target").next().unwrap().parse().unwrap();
            let bins = features.of_target(target).unwrap();
            let fit = fit(&bins, Family::Bernoulli, Penalty::Lasso { strength: 3e-4 }, &|| true).unwrap();
            assert!(fit.converged && fit.kkt_violation < 1e-10, "{name}: {}", fit.kkt_violation);
            let objective = due["objective_value"].as_f64().unwrap();
            assert!((fit.objective - objective).abs() < 1e-9, "{name}: {} {objective}", fit.objective);
            for (found, due) in by_source(&fit).iter().zip(numbers(&due["coef"])) {
                assert_eq!(*found == 0.0, due == 0.0, "{name}: {found} {due}");
                assert!((found - due).abs() < 1e-4, "{name}: {found} {due}");
            }
        }
    }
}
