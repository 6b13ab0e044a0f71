use lapicque_numerics::random::StreamKey;

use super::*;
use crate::{Network, Run, Start, Stream, models, simulate};

fn exact(rates: &[f64]) -> Result<Vec<Rate>, PointProcessError> {
    Ok(rates.iter().map(|&rate_hz| Rate { rate_hz, standard_error_hz: 0.0 }).collect())
}

#[test]
fn rates_that_depend_on_all_parameters_are_inverted() {
    let mut measure = |p: &[f64]| {
        exact(&[
            20.0 * libm::exp(0.5 * p[0] - 0.2 * p[1] + 0.1 * p[2]),
            5.0 * libm::exp(0.1 * p[0] + 0.4 * p[1]),
            (3.0 + p[2] + 0.3 * p[0]).max(0.0),
        ])
    };
    let due = [1.3, -0.7, 0.4];
    let targets: Vec<f64> = measure(&due).unwrap().iter().map(|rate| rate.rate_hz).collect();
    let found = tune_several(&targets, &[(-3.0, 3.0), (-3.0, 3.0), (-5.0, 5.0)], &mut measure).unwrap();
    for (found, (due, target)) in found.iter().zip(due.iter().zip(&targets)) {
        assert!((found.value - due).abs() < 1e-6 && (found.rate.rate_hz / target - 1.0).abs() < 1e-8, "{found:?}");
        assert_eq!(found.interval, (found.value, found.value));
    }
}

#[test]
fn intervals_follow_from_the_errors_of_all_rates() {
    // Rates A p + 10 with A = [[2, 1], [0, 4]] and errors 0.2 and 0.4.
    let mut measure = |p: &[f64]| {
        let rates = [10.0 + 2.0 * p[0] + p[1], 10.0 + 4.0 * p[1]];
        let rate = |(rate_hz, standard_error_hz)| Rate { rate_hz, standard_error_hz };
        Ok(rates.into_iter().zip([0.2, 0.4]).map(rate).collect())
    };
    let found = tune_several(&[13.0, 14.0], &[(-5.0, 5.0), (-5.0, 5.0)], &mut measure).unwrap();
    // Inverse [[0.5, -0.125], [0, 0.25]].
    let due = [(0.1_f64.hypot(0.05)), 0.1].map(|deviation| 1.96 * deviation);
    for (found, due) in found.iter().zip(due) {
        assert!((found.value - 1.0).abs() < 0.02, "{found:?}");
        assert!(((found.interval.1 - found.interval.0) / 2.0 / due - 1.0).abs() < 0.02, "{found:?} {due}");
    }
}

#[test]
fn what_is_not_reached_or_not_determined_is_refused() {
    let ranges = [(0.0, 1.0), (0.0, 1.0)];
    let together = tune_several(&[3.0, 6.0], &ranges, &mut |p: &[f64]| exact(&[p[0] + p[1], 2.0 * (p[0] + p[1])]));
    assert!(matches!(together, Err(PointProcessError::Undetermined)), "{together:?}");
    let far = tune_several(&[0.5, 9.0], &ranges, &mut |p: &[f64]| exact(p));
    assert!(matches!(far, Err(PointProcessError::TargetsNotReached { number: 1, .. })), "{far:?}");
    let away = || PointProcessError::RunAway { neuron: 0, step: 3, found: 1e9, allowed: 500.0 };
    let wild = tune_several(&[0.5, 0.5], &ranges, &mut |_: &[f64]| Err(away()));
    assert!(matches!(wild, Err(PointProcessError::TargetsNotReached { found_hz, .. }) if found_hz == f64::INFINITY));
    let partly = |p: &[f64]| if p[0] > 0.6 { Err(away()) } else { exact(p) };
    assert!((tune_several(&[0.55, 0.5], &ranges, &mut { partly }).unwrap()[0].value - 0.55).abs() < 1e-6);
    let cancelled = tune_several(&[1.0], &[(0.0, 1.0)], &mut |_: &[f64]| Err(PointProcessError::Cancelled));
    assert_eq!(cancelled, Err(PointProcessError::Cancelled));
    let few = tune_several(&[1.0, 1.0], &ranges, &mut |p: &[f64]| exact(&p[..1]));
    assert!(matches!(few, Err(PointProcessError::Length { field: "rates", .. })));
    let measure = &mut |p: &[f64]| exact(p);
    assert!(tune_several(&[], &[], measure).is_err() && tune_several(&[1.0; 7], &[(0.0, 1.0); 7], measure).is_err());
    assert!(tune_several(&[1.0, 1.0], &ranges[..1], measure).is_err());
    assert!(tune_several(&[1.0, 0.0], &ranges, measure).is_err());
    assert!(tune_several(&[1.0, 1.0], &[(0.0, 1.0), (1.0, f64::NAN)], measure).is_err());
}

#[test]
fn two_populations_that_act_on_each_other_get_their_rates() {
    // Ten excitatory and ten inhibitory neurons, each with a background of its own.
    let sign = |i: usize| if i < 10 { 0.4 } else { -0.6 };
    let pairs = (0..20).flat_map(|i| (0..20).filter(move |&j| i != j).map(move |j| (i, j, sign(i))));
    let network = Network::from_edges(20, &pairs.collect::<Vec<_>>()).unwrap();
    let model = models::BernoulliGlm { theta: 0.0, ..Default::default() }.model(models::Compat::None).unwrap();
    let run =
        Run { steps: 20_000, equilibration_steps: 100, start: Start::Rest, traces: false, largest_mean_count: 1.0 };
    let rates = |p: &[f64], seed: u8| {
        let mut draws = Stream::new(&StreamKey::new([seed; 16]), 0);
        let mut input = |_: u64, drive: &mut [f64]| {
            let (excitatory, inhibitory) = drive.split_at_mut(10);
            excitatory.iter_mut().for_each(|g| *g += p[0]);
            inhibitory.iter_mut().for_each(|g| *g += p[1]);
        };
        let events = simulate(&model, &network, &run, &mut draws, &mut input, &|| true)?.events;
        [0..10, 10..20].into_iter().map(|neurons| Rate::of(&events, neurons, run.steps, 1.0)).collect()
    };
    let found = tune_several(&[5.0, 10.0], &[(-8.0, 0.0), (-8.0, 0.0)], &mut |p: &[f64]| rates(p, 1)).unwrap();
    let values = [found[0].value, found[1].value];
    for (found, target) in found.iter().zip([5.0, 10.0]) {
        assert!((found.rate.rate_hz - target).abs() <= found.rate.standard_error_hz, "{found:?}");
        assert!(found.interval.0 < found.value && found.value < found.interval.1, "{found:?}");
        assert!(found.interval.1 - found.interval.0 < 1.0, "{found:?}");
    }
    // Other random numbers give the same rates but for their errors, those of both runs.
    let runs: Vec<Vec<Rate>> = (2..10).map(|seed| rates(&values, seed).unwrap()).collect();
    for (k, (found, target)) in found.iter().zip([5.0, 10.0]).enumerate() {
        let again = Rate::over_runs(&runs.iter().map(|rates| rates[k]).collect::<Vec<_>>()).unwrap();
        let allowed = 4.0 * found.rate.standard_error_hz.hypot(again.standard_error_hz);
        assert!((again.rate_hz - target).abs() < allowed, "{again:?} {target}");
    }
}
