//! Coefficients without a finite best value, features that say nothing, and spikes that are not there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_pointprocess::fit::{
    Basis, Family, Features, Fit, Penalty, Status, Stimulus, Structure, Term, Trains, fit,
};

const BINS: u32 = 400;
const FAMILIES: [Family; 3] = [Family::Bernoulli, Family::Poisson, Family::Hazard];

/// One neuron and stimuli that act in their own bin.
fn fit_to(family: Family, spikes: &[u32], stimuli: &[Stimulus], penalty: Penalty) -> Fit {
    let structure = Structure {
        family,
        coupling: None,
        history: None,
        stimulus: Some(Basis::identity(1).unwrap()),
        dead_bins: 0,
        skipped_bins: 0,
    };
    let trains = Trains::new(1, BINS, spikes.iter().map(|&bin| (0, bin))).unwrap();
    let features = Features::new(&structure, &trains, stimuli).unwrap();
    fit(&features.of_target(0).unwrap(), family, penalty, &|| true).unwrap()
}

fn statuses(fit: &Fit) -> Vec<Status> {
    fit.coefficients.iter().map(|coefficient| coefficient.status).collect()
}

/// Spikes in one of seven bins.
fn spikes() -> Vec<u32> {
    (0..BINS).filter(|t| t % 7 == 3).collect()
}

#[test]
fn a_feature_of_silent_bins_alone_goes_to_minus_infinity_and_leaves_the_others_exact() {
    let inhibiting =
        Stimulus::of_pulses("inhibiting", &(0..BINS).filter(|t| t % 7 == 1 && t % 2 == 0).collect::<Vec<_>>());
    let other: Vec<f64> = (0..BINS).map(|t| f64::from((t * t) % 5) - 2.0).collect();
    let other = Stimulus::of_values("other", &other).unwrap();
    for family in FAMILIES {
        let found = fit_to(family, &spikes(), &[inhibiting.clone(), other.clone()], Penalty::None);
        assert_eq!(statuses(&found), [Status::Estimated, Status::Separated, Status::Estimated]);
        assert_eq!(found.coefficients[1].estimate, f64::NEG_INFINITY);
        assert!(found.coefficients[1].standard_error.is_nan());
        assert!(found.converged && found.is_separated() && found.iterations < 20, "{}", found.iterations);
        // Without its bins, the others are what they are.
        let drive = found.coefficients[0].finite + found.coefficients[1].finite + 2.0 * found.coefficients[2].finite;
        assert!(family.mean(drive) < 1e-15 && found.coefficients[1].finite > -100.0);
        let kept: Vec<u32> = (0..BINS).filter(|t| !(t % 7 == 1 && t % 2 == 0)).collect();
        let place = |bin: u32| kept.iter().position(|&t| t == bin).unwrap() as u32;
        let structure = Structure {
            family,
            coupling: None,
            history: None,
            stimulus: Some(Basis::identity(1).unwrap()),
            dead_bins: 0,
            skipped_bins: 0,
        };
        let trains = Trains::new(1, kept.len() as u32, spikes().into_iter().map(|bin| (0, place(bin)))).unwrap();
        let values: Vec<f64> = kept.iter().map(|t| f64::from((t * t) % 5) - 2.0).collect();
        let stimulus = Stimulus::of_values("other", &values).unwrap();
        let features = Features::new(&structure, &trains, &[stimulus]).unwrap();
        let without = fit(&features.of_target(0).unwrap(), family, Penalty::None, &|| true).unwrap();
        for (place, other) in [(0, 0), (2, 1)] {
            let (found, due) = (found_at(&found, place), found_at(&without, other));
            assert!((found.0 - due.0).abs() < 1e-9 && (found.1 - due.1).abs() < 1e-9, "{family:?}");
        }
        assert!((found.log_likelihood - without.log_likelihood).abs() < 1e-9);
    }
}

fn found_at(fit: &Fit, place: usize) -> (f64, f64) {
    (fit.coefficients[place].estimate, fit.coefficients[place].standard_error)
}

#[test]
fn a_feature_of_full_bins_alone_goes_to_infinity_unless_counts_have_no_end() {
    let exciting = Stimulus::of_pulses("exciting", &(0..BINS).filter(|t| t % 14 == 3).collect::<Vec<_>>());
    for family in [Family::Bernoulli, Family::Hazard] {
        let found = fit_to(family, &spikes(), std::slice::from_ref(&exciting), Penalty::None);
        assert_eq!(statuses(&found), [Status::Estimated, Status::Separated]);
        assert_eq!(found.coefficients[1].estimate, f64::INFINITY);
        assert!(family.mean(found.coefficients[0].finite + found.coefficients[1].finite) == 1.0);
    }
    let counts = fit_to(Family::Poisson, &spikes(), &[exciting], Penalty::None);
    assert_eq!(statuses(&counts), [Status::Estimated, Status::Estimated]);
    assert!((counts.coefficients[0].estimate + counts.coefficients[1].estimate).abs() < 1e-9);
}

#[test]
fn perfect_separation_by_a_sum_of_features_and_the_intercept_is_found() {
    // Spikes come if and only if a + b is above 3.
    let a = |t: u32| f64::from(t % 5);
    let b = |t: u32| f64::from((t / 5) % 4);
    let spikes: Vec<u32> = (0..BINS).filter(|&t| a(t) + b(t) > 3.5).collect();
    let stimulus = |name: &str, of: &dyn Fn(u32) -> f64| {
        Stimulus::of_values(name, &(0..BINS).map(of).collect::<Vec<_>>()).unwrap()
    };
    for family in [Family::Bernoulli, Family::Hazard] {
        let found = fit_to(family, &spikes, &[stimulus("a", &a), stimulus("b", &b)], Penalty::None);
        assert_eq!(statuses(&found), [Status::Separated; 3], "{family:?} {found:?}");
        let estimates: Vec<f64> = found.coefficients.iter().map(|coefficient| coefficient.estimate).collect();
        assert_eq!(estimates, [f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY]);
        assert_eq!(found.log_likelihood, 0.0);
        for t in 0..BINS {
            let parameters = found.parameters();
            let mean = family.mean(parameters[0] + a(t) * parameters[1] + b(t) * parameters[2]);
            assert!((mean - f64::from(u8::from(spikes.contains(&t)))).abs() < 1e-12, "{family:?} {t} {mean}");
        }
    }
}

#[test]
fn a_difference_of_features_that_separates_is_found_and_the_rest_is_fitted() {
    // Where b acts without a there is no spike, and a never acts alone.
    let b: Vec<u32> = (0..BINS).filter(|t| t % 3 == 0).collect();
    let a: Vec<u32> = (0..BINS).filter(|t| t % 6 == 0).collect();
    let spikes: Vec<u32> = (0..BINS).filter(|t| t % 12 == 0 || t % 5 == 1).filter(|t| t % 6 != 3).collect();
    for family in FAMILIES {
        let stimuli = [Stimulus::of_pulses("a", &a), Stimulus::of_pulses("b", &b)];
        let found = fit_to(family, &spikes, &stimuli, Penalty::None);
        assert_eq!(statuses(&found), [Status::Estimated, Status::Separated, Status::Separated], "{family:?}");
        assert_eq!(found.coefficients[1].estimate, f64::INFINITY);
        assert_eq!(found.coefficients[2].estimate, f64::NEG_INFINITY);
        // Rates of bins without a stimulus, and with both, are met.
        let rate = |of: &dyn Fn(&u32) -> bool| {
            let bins: Vec<u32> = (0..BINS).filter(of).collect();
            bins.iter().filter(|bin| spikes.contains(bin)).count() as f64 / bins.len() as f64
        };
        let parameters = found.parameters();
        assert!((family.mean(parameters[0]) - rate(&|t| t % 3 != 0)).abs() < 1e-9);
        assert!((family.mean(parameters.iter().sum()) - rate(&|t| t % 6 == 0)).abs() < 1e-9);
        assert!(family.mean(parameters[0] + parameters[2]) < 1e-15);
    }
}

#[test]
fn a_neuron_without_spikes_has_no_rate_and_tells_of_nothing() {
    let stimulus = Stimulus::of_pulses("light", &[3, 50, 90]);
    let penalties = [Penalty::None, Penalty::Ridge { strength: 0.1 }, Penalty::Lasso { strength: 0.1 }];
    for (family, penalty) in FAMILIES.into_iter().flat_map(|family| penalties.map(|penalty| (family, penalty))) {
        let found = fit_to(family, &[], std::slice::from_ref(&stimulus), penalty);
        assert_eq!(found.coefficients[0].status, Status::Separated);
        assert_eq!(found.coefficients[0].estimate, f64::NEG_INFINITY);
        assert_eq!(found.coefficients[1].status, Status::Undetermined);
        assert!(found.coefficients[1].estimate.is_nan());
        assert_eq!((found.log_likelihood, found.null_log_likelihood, found.deviance), (0.0, 0.0, 0.0));
        assert!(found.pseudo_r2().is_nan() && found.converged);
        assert!(family.mean(found.coefficients[0].finite) < 1e-15);
    }
    let all: Vec<u32> = (0..BINS).collect();
    let found = fit_to(Family::Bernoulli, &all, &[], Penalty::None);
    assert_eq!(found.coefficients[0].estimate, f64::INFINITY);
    let counts = fit_to(Family::Poisson, &all, &[], Penalty::None);
    assert!(counts.coefficients[0].estimate.abs() < 1e-12);
}

#[test]
fn features_that_say_nothing_are_told_and_the_others_are_fitted_without_them() {
    let value = |t: u32| f64::from((t * t + t) % 11) - 4.0;
    let values: Vec<f64> = (0..BINS).map(value).collect();
    let twice: Vec<f64> = values.iter().map(|x| 2.0 * x + 3.0).collect();
    let stimuli = [
        Stimulus::of_values("offset", &vec![1.5; BINS as usize]).unwrap(),
        Stimulus::of_values("nothing", &vec![0.0; BINS as usize]).unwrap(),
        Stimulus::of_values("a", &values).unwrap(),
        Stimulus::of_values("2 a + 3", &twice).unwrap(),
    ];
    for family in FAMILIES {
        let found = fit_to(family, &spikes(), &stimuli, Penalty::None);
        use Status::{Collinear, Constant, Estimated};
        assert_eq!(statuses(&found), [Estimated, Constant, Constant, Estimated, Collinear]);
        let alone = fit_to(family, &spikes(), &stimuli[2..3], Penalty::None);
        assert!((found.coefficients[3].estimate - alone.coefficients[1].estimate).abs() < 1e-9);
        assert!((found.log_likelihood - alone.log_likelihood).abs() < 1e-9);
        assert!(found.coefficients[4].estimate.is_nan() && found.coefficients[4].finite == 0.0);
        // A ridge shares the weight, and leaves what acts nowhere at 0.
        let ridge = fit_to(family, &spikes(), &stimuli, Penalty::Ridge { strength: 1e-3 });
        assert!(ridge.converged && ridge.coefficients[2].estimate == 0.0);
    }
}

#[test]
fn lags_of_absolute_refractoriness_are_told_by_name() {
    // At least 4 bins from spike to spike, sometimes 4, often more.
    let spikes: Vec<(usize, u32)> = (0..900u32)
        .scan(0, |at, i| {
            *at += 4 + (i * i * 7) % 9;
            Some((0, *at))
        })
        .collect();
    let bins = spikes.last().unwrap().1 + 5;
    let trains = Trains::new(1, bins, spikes).unwrap();
    let structure = Structure {
        family: Family::Bernoulli,
        coupling: None,
        history: Some(Basis::identity(5).unwrap()),
        stimulus: None,
        dead_bins: 0,
        skipped_bins: 0,
    };
    let features = Features::new(&structure, &trains, &[]).unwrap();
    let found = fit(&features.of_target(0).unwrap(), Family::Bernoulli, Penalty::None, &|| true).unwrap();
    let separated: Vec<Term> =
        found.coefficients.iter().filter(|c| c.status == Status::Separated).map(|c| c.term).collect();
    assert_eq!(separated, [0, 1, 2].map(|function| Term::History { function }));
    assert!(found.converged);
}
