//! What descents reach, and what they respect.

use lapicque_neuralmass::control::{Along, ControlError, Descent, Ending, descend, respond};
use lapicque_neuralmass::models::{fhn::FitzHughNagumo, hopf::Hopf, wc::WilsonCowan};
use lapicque_neuralmass::simulation::SimulationError;

use crate::case::{Case, set};

const FHN: FitzHughNagumo = FitzHughNagumo { diffusive: true };

/// One step: F is a parabola of each input, so its lowest point is known.
#[test]
fn the_lowest_point_of_a_parabola() {
    let mut case = Case::new(FHN, 1, 1, &[]);
    let (precision, energy, dt) = (2.0, 0.5, case.time_step_ms);
    case.weights = [precision, energy, 0.0];
    let reached = respond(&case.problem(), 0, &case.zeros(), &mut || true).unwrap();
    for along in [Along::Gradient, Along::Conjugate] {
        let descent = Descent { iterations: 200, along, ..Descent::default() };
        let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap();
        for ((u, target), reached) in found.control.iter().zip(&case.target).zip(&reached) {
            let expected = precision * dt * (target - reached) / (precision * dt * dt + energy);
            assert!((u - expected).abs() < 1e-7, "{along:?}: {u} {expected}");
        }
    }
}

/// The target is what a known control does, so that its cost is 0.
#[test]
fn a_target_that_can_be_reached() {
    let mut case = Case::new(WilsonCowan::default(), 3, 100, &[("exc_ext_baseline", 0.6)]);
    let known = case.random_control("known", &[0.5, 0.5]);
    case.target = respond(&case.problem(), 0, &known, &mut || true).unwrap();
    assert_eq!(case.costs(&known).total(), 0.0);
    assert_eq!(case.gradient(&known), case.zeros());
    let ends = [Along::Gradient, Along::Conjugate].map(|along| {
        let descent = Descent { iterations: 40, along, ..Descent::default() };
        let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap();
        let costs: Vec<f64> = found.history.iter().map(|iteration| iteration.costs.total()).collect();
        assert!(costs.windows(2).all(|pair| pair[1] < pair[0]), "{costs:?}");
        assert_eq!(case.costs(&found.control), found.history.last().unwrap().costs);
        assert!(found.history[1..].iter().all(|iteration| iteration.step > 0.0 && iteration.tries > 0));
        costs[costs.len() - 1] / costs[0]
    });
    assert!(ends[0] < 0.05 && ends[1] < 0.5 * ends[0], "{ends:?}");
    let found = descend(&case.problem(), &known, Descent::default(), &mut || true).unwrap();
    assert_eq!((found.ending, found.control), (Ending::NoImprovement, known));
}

#[test]
fn limits_matrices_and_intervals_are_kept() {
    let mut case = Case::new(Hopf { diffusive: true }, 3, 120, &[]);
    case.limits = vec![0.05, 0.05, 0.05, 0.05, 0.05, 0.02];
    case.control_matrix = vec![true, false, true, false, false, true];
    case.control_interval = 10..90;
    case.weights = [1.0, 0.01, 0.001];
    for along in [Along::Gradient, Along::Conjugate] {
        let descent = Descent { iterations: 20, along, ..Descent::default() };
        let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap();
        assert!(found.history.last().unwrap().costs.total() < found.history[0].costs.total());
        let greatest = found.control.iter().fold(0.0, |most: f64, u| most.max(u.abs()));
        assert_eq!(greatest, 0.05);
        assert!(found.control[5 * 120..].iter().all(|u| u.abs() <= 0.02));
        for (place, &u) in found.control.iter().enumerate() {
            let controlled = case.control_matrix[place / 120] && (10..90).contains(&(place % 120));
            assert!(controlled || u == 0.0, "{place}: {u}");
        }
    }
}

#[test]
fn with_noise_the_mean_over_its_sets() {
    let noise = [("sigma_ou", 0.05)];
    let mut case = Case::new(Hopf { diffusive: true }, 2, 100, &noise);
    case.weights = [1.0, 0.01, 0.0];
    case.target = (0..400).map(|place| 0.4 * (0.1 * f64::from(place % 100)).sin()).collect();
    case.sets = (1..9).map(|seed| set(&case.model, &noise, seed)).collect();
    let control = case.random_control("control", &[0.1, 0.1]);
    let together = (case.costs(&control), case.gradient(&control));
    let all = std::mem::take(&mut case.sets);
    let (mut precision, mut gradient) = (0.0, case.zeros());
    for one in &all {
        case.sets = vec![one.clone()];
        precision += case.costs(&control).precision / 8.0;
        gradient.iter_mut().zip(case.gradient(&control)).for_each(|(sum, g)| *sum += g / 8.0);
    }
    assert!((precision - together.0.precision).abs() < 1e-13);
    assert!(gradient.iter().zip(&together.1).all(|(a, b)| (a - b).abs() < 1e-12));
    case.sets = all;
    let descent = Descent { iterations: 15, ..Descent::default() };
    let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap();
    // Noise that the descent has not seen; the same first values.
    let initial: Vec<_> = case.sets.iter().map(|set| set.initial.clone()).collect();
    case.sets = initial
        .into_iter()
        .zip(50..)
        .map(|(initial, seed)| {
            let set = set(&case.model, &noise, seed);
            lapicque_neuralmass::simulation::Set { initial, ..set }
        })
        .collect();
    let costs = [&case.zeros(), &found.control].map(|control| case.costs(control).total());
    assert!(costs[1] < 0.7 * costs[0], "{costs:?}");
}

#[test]
fn runs_that_leave_the_numbers_are_too_dear() {
    let case = Case::new(FHN, 1, 100, &[]);
    let descent = Descent { iterations: 1, first_step: 1e9, ..Descent::default() };
    let found = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap();
    assert!(found.history[1].step < 1e3 && found.history[1].tries > 10);
    let unstable = Case::new(FHN, 1, 100, &[("alpha", -1e3)]);
    match descend(&unstable.problem(), &unstable.zeros(), Descent::default(), &mut || true) {
        Err(ControlError::Simulation(SimulationError::NotFinite { .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_ends_where_too_little_is_won_and_knows_its_gradient() {
    let mut case = Case::new(FHN, 2, 60, &[]);
    case.weights = [1.0, 0.02, 0.0];
    let of = |tolerance| {
        let descent = Descent { iterations: 30, tolerance, ..Descent::default() };
        descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap()
    };
    let (all, some) = (of(0.0), of(0.1));
    assert_eq!(some.ending, Ending::Tolerance);
    let last = some.history.len() - 1;
    assert!(last > 0 && last < 30, "{last}");
    assert_eq!(some.history, all.history[..=last]);
    let costs: Vec<f64> = some.history.iter().map(|iteration| iteration.costs.total()).collect();
    let part = |k: usize| (costs[k - 1] - costs[k]) / costs[k - 1];
    assert!(part(last) <= 0.1 && (1..last).all(|k| part(k) > 0.1), "{costs:?}");
    assert_eq!(some.gradient, case.gradient(&some.control));
    let size = (case.time_step_ms * some.gradient.iter().map(|g| g * g).sum::<f64>()).sqrt();
    assert_eq!(some.history[last].gradient, size);
    let none = descend(&case.problem(), &some.control, Descent { iterations: 0, ..Descent::default() }, &mut || true);
    let none = none.unwrap();
    assert_eq!((none.gradient, none.control, none.history.len()), (some.gradient, some.control, 1));
    let descent = Descent { tolerance: 1.0, ..Descent::default() };
    let refused = descend(&case.problem(), &case.zeros(), descent, &mut || true).unwrap_err().to_string();
    assert_eq!(refused, "`tolerance` is 1: it must be a number from 0 to below 1");
}

#[test]
fn it_can_be_cancelled() {
    let case = Case::new(FHN, 2, 100, &[]);
    for after in [0, 1, 2, 5, 20] {
        let mut left = after;
        let mut proceed = || {
            left -= 1;
            left >= 0
        };
        let found = descend(&case.problem(), &case.zeros(), Descent::default(), &mut proceed);
        assert_eq!(found, Err(ControlError::Simulation(SimulationError::Cancelled)), "{after}");
    }
}
