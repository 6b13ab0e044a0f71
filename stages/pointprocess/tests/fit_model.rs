//! Fits of data of the model: calibration, rescaled intervals, simulation of fits, penalties and held-out likelihood.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::Stream;
use lapicque_pointprocess::fit::{
    Basis, Family, Features, Fit, FitError, FittedNetwork, FittedNeuron, Folds, Penalty, Status, Stimulus, Structure,
    Term, Trains, fit, held_out, kolmogorov_smirnov, rescaled, simulate,
};

const FAMILIES: [Family; 3] = [Family::Bernoulli, Family::Poisson, Family::Hazard];

fn stream(seed: u8) -> Stream {
    Stream::new(&StreamKey::new([seed; 16]), 0)
}

fn structure(family: Family) -> Structure {
    Structure {
        family,
        coupling: Some(Basis::exponential(6, &[3.0]).unwrap()),
        history: Some(Basis::identity(2).unwrap().starting_at(2).unwrap()),
        stimulus: Some(Basis::identity(2).unwrap()),
        dead_bins: 2,
        skipped_bins: 0,
    }
}

/// Two neurons that excite and inhibit each other, and a stimulus that drives the first.
fn neurons() -> Vec<FittedNeuron> {
    let coupling = |weight: f64| Basis::exponential(6, &[3.0]).unwrap().filter(&[weight]);
    let history = vec![0.0, 0.0, -1.0, -0.5];
    vec![
        FittedNeuron {
            intercept: -3.0,
            history: history.clone(),
            couplings: vec![(1, coupling(-0.7))],
            stimuli: vec![vec![1.5, 0.5]],
        },
        FittedNeuron { intercept: -2.5, history, couplings: vec![(0, coupling(0.8))], stimuli: vec![vec![0.0, 0.0]] },
    ]
}

fn network(neurons: Vec<FittedNeuron>, family: Family) -> FittedNetwork {
    FittedNetwork { neurons, family, dead_bins: 2 }
}

const TRUTH: [[f64; 6]; 2] = [[-3.0, -1.0, -0.5, -0.7, 1.5, 0.5], [-2.5, -1.0, -0.5, 0.8, 0.0, 0.0]];

fn light(bins: u32) -> Stimulus {
    Stimulus::of_pulses("light", &(0..bins).filter(|t| t % 13 == 0 || t % 31 == 0).collect::<Vec<_>>())
}

fn recorded(family: Family, bins: u32, seed: u8) -> Trains {
    let stimuli = [light(bins)];
    let events = simulate(&network(neurons(), family), &stimuli, bins, 0.5, &mut stream(seed), &|| true).unwrap();
    let spikes = events
        .iter()
        .flat_map(|event| std::iter::repeat_n((event.neuron as usize, event.step as u32), event.count as usize));
    Trains::new(2, bins, spikes).unwrap()
}

fn fit_both(structure: &Structure, trains: &Trains, penalty: Penalty) -> Vec<Fit> {
    let features = Features::new(structure, trains, &[light(trains.bins())]).unwrap();
    let of = |target| fit(&features.of_target(target).unwrap(), structure.family, penalty, &|| true).unwrap();
    (0..2).map(of).collect()
}

#[test]
fn estimates_of_all_families_scatter_around_the_truth_as_their_errors_say() {
    for family in FAMILIES {
        let mut z = Vec::new();
        for seed in 0..40 {
            for fit in fit_both(&structure(family), &recorded(family, 20_000, seed), Penalty::None) {
                for (coefficient, truth) in fit.coefficients.iter().zip(TRUTH[fit.target]) {
                    assert_eq!(coefficient.status, Status::Estimated);
                    z.push((coefficient.estimate - truth) / coefficient.standard_error);
                }
            }
        }
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        let sd = (z.iter().map(|z| z * z).sum::<f64>() / n).sqrt();
        let outside = z.iter().filter(|z| z.abs() > 1.96).count() as f64 / n;
        // 480 values: standard errors of mean, standard deviation and share are 0.046, 0.032 and 0.010.
        assert!(
            mean.abs() < 0.18 && (sd - 1.0).abs() < 0.13 && (outside - 0.05).abs() < 0.04,
            "{family:?} {mean} {sd} {outside}"
        );
    }
}

#[test]
fn p_values_of_rescaled_intervals_are_uniform_on_data_of_the_model_and_small_on_others() {
    for family in FAMILIES {
        let mut p = Vec::new();
        for seed in 0..60 {
            let trains = recorded(family, 8000, seed);
            let structure = structure(family);
            let features = Features::new(&structure, &trains, &[light(8000)]).unwrap();
            let mut generator = StreamKey::new([seed; 16]).stream("rescaling", 0);
            for (target, truth) in TRUTH.iter().enumerate() {
                let bins = features.of_target(target).unwrap();
                let mut fitted = fit(&bins, family, Penalty::None, &|| true).unwrap();
                // The truth, so that nothing was fitted to the data that are tested.
                fitted.coefficients.iter_mut().zip(truth).for_each(|(c, truth)| c.finite = *truth);
                let drives = fitted.drives(&bins).unwrap();
                let values = rescaled(&bins, &drives, family, &mut || generator.uniform()).unwrap();
                assert!(values.iter().all(|u| (0.0..=1.0).contains(u)));
                p.push(kolmogorov_smirnov(&values).p);
                // A model of rates that are too high by two thirds.
                let higher: Vec<f64> = drives.iter().map(|eta| eta + 0.5).collect();
                let wrong = rescaled(&bins, &higher, family, &mut || generator.uniform()).unwrap();
                assert!(kolmogorov_smirnov(&wrong).p < 1e-3);
            }
        }
        let uniform = kolmogorov_smirnov(&p);
        assert!(uniform.p > 1e-3, "{family:?}: {uniform:?}");
    }
}

#[test]
fn a_fitted_model_simulates_what_it_was_fitted_to() {
    for family in FAMILIES {
        let bins = 60_000;
        let trains = recorded(family, bins, 1);
        let structure = structure(family);
        let fitted: Vec<FittedNeuron> =
            fit_both(&structure, &trains, Penalty::None).iter().map(|fit| FittedNeuron::of(fit, &structure)).collect();
        assert_eq!(fitted[0].history.len(), 4);
        assert_eq!(fitted[0].couplings[0].1.len(), 6);
        let fitted = network(fitted, family);
        let events = simulate(&fitted, &[light(bins)], bins, 0.5, &mut stream(99), &|| true).unwrap();
        for neuron in 0..2 {
            let due: u32 = trains.of(neuron).iter().map(|(_, count)| count).sum();
            let found: u32 = events.iter().filter(|e| e.neuron as usize == neuron).map(|e| e.count).sum();
            // Counts of 60 000 bins vary less than those of a Poisson process, the fit's as well as the simulation's.
            let allowed = 4.0 * (2.0 * f64::from(due)).sqrt();
            assert!((f64::from(found) - f64::from(due)).abs() < allowed, "{family:?} {found} {due}");
        }
        let again = simulate(&fitted, &[light(bins)], bins, 0.5, &mut stream(99), &|| true).unwrap();
        assert_eq!(events, again);
    }
}

#[test]
fn activity_that_feeds_itself_ends_the_simulation() {
    for family in FAMILIES {
        let exciting =
            FittedNeuron { intercept: -2.0, history: vec![3.0; 10], couplings: Vec::new(), stimuli: Vec::new() };
        let alone = |neuron| FittedNetwork { neurons: vec![neuron], family, dead_bins: 0 };
        let run = |neuron: FittedNeuron| simulate(&alone(neuron), &[], 10_000, 0.5, &mut stream(1), &|| true);
        assert!(matches!(run(exciting.clone()), Err(FitError::RunAway { .. })), "{family:?}");
        let infinite = FittedNeuron { intercept: f64::INFINITY, ..exciting.clone() };
        assert!(matches!(run(infinite), Err(FitError::OutOfRange { field: "filter", .. })));
        let foreign = FittedNeuron { couplings: vec![(1, vec![1.0])], ..exciting };
        assert!(matches!(run(foreign), Err(FitError::NoSuchNeuron { found: 1, neurons: 1 })));
    }
    let stopped = simulate(&network(neurons(), Family::Hazard), &[light(10)], 10, 0.5, &mut stream(1), &|| false);
    assert_eq!(stopped, Err(FitError::Cancelled));
}

/// A model with many functions, of which few are needed.
fn rich() -> Structure {
    Structure {
        coupling: Some(Basis::raised_cosine_log(12, 5, 2.0, 50.0).unwrap()),
        history: Some(Basis::b_spline(12, 6, 4).unwrap().starting_at(2).unwrap()),
        ..structure(Family::Bernoulli)
    }
}

/// Derivatives of the mean loss by finite differences, from the objective without a penalty.
fn slopes(structure: &Structure, trains: &Trains, fit: &Fit) -> Vec<f64> {
    let features = Features::new(structure, trains, &[light(trains.bins())]).unwrap();
    let bins = features.of_target(fit.target).unwrap();
    let loss = |fit: &Fit| -> f64 {
        let drives = fit.drives(&bins).unwrap();
        let train = trains.of(fit.target);
        let spikes = |bin: &u32| train.binary_search_by_key(bin, |(at, _)| *at).is_ok();
        let of = |(eta, bin): (&f64, &u32)| eta.exp().ln_1p() - if spikes(bin) { *eta } else { 0.0 };
        drives.iter().zip(bins.bins()).map(of).sum::<f64>() / drives.len() as f64
    };
    let slope = |place: usize| {
        let moved = |by: f64| {
            let mut moved = fit.clone();
            moved.coefficients[place].finite += by;
            loss(&moved)
        };
        (moved(1e-5) - moved(-1e-5)) / 2e-5
    };
    (0..fit.coefficients.len()).map(slope).collect()
}

#[test]
fn penalised_optima_meet_their_conditions() {
    let trains = recorded(Family::Bernoulli, 20_000, 5);
    let structure = rich();
    let strength = 2e-3;
    let near = |a: f64, b: f64| (a - b).abs() < 1e-8;
    for (penalty, lasso, ridge) in [
        (Penalty::Ridge { strength }, 0.0, strength),
        (Penalty::Lasso { strength }, strength, 0.0),
        (Penalty::ElasticNet { strength, ratio: 0.3 }, 0.3 * strength, 0.7 * strength),
    ] {
        for fit in fit_both(&structure, &trains, penalty) {
            assert!(fit.converged, "{penalty:?} {}", fit.kkt_violation);
            let slopes = slopes(&structure, &trains, &fit);
            assert!(near(slopes[0], 0.0));
            for (slope, coefficient) in slopes.iter().zip(&fit.coefficients).skip(1) {
                let w = coefficient.estimate;
                if w == 0.0 {
                    assert!(slope.abs() <= lasso + 1e-8, "{penalty:?}");
                } else {
                    assert!(near(*slope, -lasso * w.signum() - ridge * w), "{penalty:?} {slope} {w}");
                }
            }
            let zeros = fit.coefficients.iter().filter(|c| c.estimate == 0.0).count();
            assert!((zeros > 0) == (lasso > 0.0), "{penalty:?}");
        }
    }
    for fit in fit_both(&structure, &trains, Penalty::GroupLasso { strength }) {
        assert!(fit.converged && fit.kkt_violation < 1e-8, "{}", fit.kkt_violation);
        let slopes = slopes(&structure, &trains, &fit);
        let group = |of: &dyn Fn(Term) -> bool| -> Vec<usize> {
            (0..slopes.len()).filter(|&place| of(fit.coefficients[place].term)).collect()
        };
        let groups = [
            group(&|term| matches!(term, Term::History { .. })),
            group(&|term| matches!(term, Term::Coupling { .. })),
            group(&|term| matches!(term, Term::Stimulus { .. })),
        ];
        assert_eq!(groups.each_ref().map(Vec::len), [6, 5, 2]);
        for group in groups {
            let norm = |of: &dyn Fn(usize) -> f64| group.iter().map(|&place| of(place).powi(2)).sum::<f64>().sqrt();
            let weight = |place: usize| fit.coefficients[place].estimate;
            let most = strength * (group.len() as f64).sqrt();
            if norm(&weight) == 0.0 {
                assert!(norm(&|place| slopes[place]) <= most + 1e-8);
            } else {
                group.iter().for_each(|&i| assert!(near(slopes[i], -most * weight(i) / norm(&weight)), "{i}"));
            }
        }
        // The stimulus does nothing to the second neuron.
        let stimulus = fit.coefficients.iter().filter(|c| matches!(c.term, Term::Stimulus { .. }));
        assert_eq!(stimulus.map(|c| c.estimate).all(|w| w == 0.0), fit.target == 1);
    }
}

#[test]
fn held_out_likelihood_is_that_of_fits_to_the_other_folds_and_prefers_the_right_strength() {
    let trains = recorded(Family::Bernoulli, 12_000, 3);
    let structure = rich();
    let features = Features::new(&structure, &trains, &[light(12_000)]).unwrap();
    let bins = features.of_target(1).unwrap();
    let folds = Folds::time_blocks(features.first_bin(), 12_000, 4).unwrap();
    let strengths = [1e-5, 10.0, 1e-3];
    let ridge = Penalty::Ridge { strength: 1.0 };
    let found = held_out(&bins, Family::Bernoulli, ridge, &strengths, &folds, &|| true).unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|held_out| held_out.spikes == bins.spikes()));
    // So strong a ridge leaves the mean count.
    assert!(found[1].bits_per_spike().abs() < 0.01 && found[1].bits_per_spike() != 0.0);
    assert!(found[2].log_likelihood > found[1].log_likelihood && found[2].bits_per_spike() > 0.01, "{found:?}");
    let alone = held_out(&bins, Family::Bernoulli, ridge, &[1e-5], &folds, &|| true).unwrap();
    assert!((alone[0].log_likelihood - found[0].log_likelihood).abs() < 1e-7);
    let in_sample = fit(&bins, Family::Bernoulli, Penalty::Ridge { strength: 1e-5 }, &|| true).unwrap();
    assert!(found[0].log_likelihood < in_sample.log_likelihood);
    let stopped = held_out(&bins, Family::Bernoulli, ridge, &[1.0], &folds, &|| false);
    assert_eq!(stopped, Err(FitError::Cancelled));
    let bad = held_out(&bins, Family::Bernoulli, ridge, &[0.0], &folds, &|| true);
    assert!(matches!(bad, Err(FitError::OutOfRange { field: "strength", .. })));
}

#[test]
fn criteria_follow_from_the_likelihood() {
    let trains = recorded(Family::Poisson, 5000, 8);
    let fit = &fit_both(&structure(Family::Poisson), &trains, Penalty::None)[0];
    assert_eq!(fit.degrees_of_freedom, 6.0);
    assert!((fit.aic() - (12.0 - 2.0 * fit.log_likelihood)).abs() < 1e-12);
    assert!((fit.bic() - (6.0 * (fit.bins as f64).ln() - 2.0 * fit.log_likelihood)).abs() < 1e-9);
    assert!(fit.pseudo_r2() > 0.0 && fit.pseudo_r2() < 1.0);
    assert!(fit.log_likelihood > fit.null_log_likelihood);
    let ridge = &fit_both(&structure(Family::Poisson), &trains, Penalty::Ridge { strength: 1e-2 })[0];
    assert!(ridge.degrees_of_freedom > 1.0 && ridge.degrees_of_freedom < 6.0);
    assert!(ridge.log_likelihood < fit.log_likelihood);
}
