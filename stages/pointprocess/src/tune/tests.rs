use lapicque_numerics::random::StreamKey;

use super::*;
use crate::{Network, Run, Start, Stream, models, simulate};

fn exact(rate_hz: f64) -> Result<Rate, PointProcessError> {
    Ok(Rate { rate_hz, standard_error_hz: 0.0 })
}

#[test]
fn a_known_rate_is_inverted_with_its_interval() {
    for sign in [1.0, -1.0] {
        let mut measure = |x: f64| Ok(Rate { rate_hz: 10.0 + sign * 2.0 * x, standard_error_hz: 1.0 });
        let found = tune(12.0, (-4.0, 4.0), &mut measure).unwrap();
        // A hundredth of a standard error of the rate is 0.005 of the parameter.
        assert!((found.value - sign).abs() < 0.005 + 1e-9, "{found:?}");
        assert!((found.interval.0 - (sign - 0.98)).abs() < 0.011, "{found:?}");
        assert!((found.interval.1 - (sign + 0.98)).abs() < 0.011, "{found:?}");
        let none = tune(30.0, (-4.0, 4.0), &mut measure);
        assert!(matches!(none, Err(PointProcessError::NotReached { .. })));
    }
}

#[test]
fn rates_without_an_error_are_met_exactly_in_few_runs() {
    let mut runs = 0;
    let mut measure = |x: f64| {
        runs += 1;
        exact(1000.0 / (1.0 + libm::exp(x)))
    };
    let found = tune(50.0, (-5.0, 8.0), &mut measure).unwrap();
    assert!((found.value - 19.0_f64.ln()).abs() < 2e-8, "{found:?}");
    assert_eq!(found.interval, (found.value, found.value));
    assert!(runs < 40, "{runs}");
}

#[test]
fn an_interval_ends_where_the_range_does() {
    let mut measure = |x: f64| Ok(Rate { rate_hz: 10.0 + x, standard_error_hz: 5.0 });
    let found = tune(11.0, (0.0, 2.0), &mut measure).unwrap();
    assert_eq!(found.interval, (0.0, 2.0));
    let at_an_end = tune(10.0, (0.0, 2.0), &mut |x: f64| exact(10.0 + x)).unwrap();
    assert_eq!((at_an_end.value, at_an_end.interval), (0.0, (0.0, 0.0)));
}

#[test]
fn a_range_in_which_the_network_runs_away_is_no_hindrance() {
    let mut measure = |x: f64| {
        if x > 1.0 {
            return Err(PointProcessError::RunAway { neuron: 0, step: 3, found: 1e9, allowed: 500.0 });
        }
        exact(5.0 + x)
    };
    let found = tune(5.5, (-3.0, 40.0), &mut measure).unwrap();
    assert!((found.value - 0.5).abs() < 1e-6, "{found:?}");
    let jump = tune(50.0, (-3.0, 40.0), &mut measure);
    assert!(matches!(jump, Err(PointProcessError::Jump { value, .. }) if (value - 1.0).abs() < 1e-6), "{jump:?}");
    let mut cancelled = |_: f64| Err(PointProcessError::Cancelled);
    assert_eq!(tune(5.0, (0.0, 1.0), &mut cancelled), Err(PointProcessError::Cancelled));
}

#[test]
fn a_rate_that_rises_and_falls_is_refused_and_noise_is_not() {
    let hump = tune(20.0, (-4.0, 4.0), &mut |x: f64| Ok(Rate { rate_hz: 30.0 - x * x, standard_error_hz: 0.5 }));
    assert!(matches!(hump, Err(PointProcessError::NotMonotone { .. })), "{hump:?}");
    let wavy = |x: f64| Ok(Rate { rate_hz: 20.0 + x + libm::sin(9.0 * x), standard_error_hz: 1.0 });
    assert!(tune(21.0, (-4.0, 4.0), &mut { wavy }).is_ok());
}

#[test]
fn a_threshold_is_found_whose_rate_is_known() {
    // Without refractoriness the rate is 1000 / (1 + exp(theta)) Hz: 50 Hz at theta = ln 19.
    let network = Network::from_edges(20, &[]).unwrap();
    let run = Run { steps: 4000, equilibration_steps: 0, start: Start::Rest, traces: false, largest_mean_count: 1.0 };
    let (mut covered, mut runs) = (0, 0);
    for seed in 0..100 {
        let mut measure = |theta: f64| {
            runs += 1;
            let glm = models::BernoulliGlm { theta, absolute_steps: 0, relative_steps: 0, ..Default::default() };
            let mut draws = Stream::new(&StreamKey::new([seed; 16]), 0);
            let model = glm.model(models::Compat::None)?;
            let events = simulate(&model, &network, &run, &mut draws, &mut |_, _| {}, &|| true)?.events;
            Rate::of(&events, 0..20, run.steps, 1.0)
        };
        let found = tune(50.0, (0.0, 8.0), &mut measure).unwrap();
        covered += u32::from((found.interval.0..=found.interval.1).contains(&19.0_f64.ln()));
        assert!((found.rate.rate_hz - 50.0).abs() < 0.1, "{found:?}");
        assert!(found.interval.1 - found.interval.0 < 0.2, "{found:?}");
    }
    // 95 of 100 are due, 2.2 their standard deviation; errors from 20 blocks take one or two from them.
    assert!((85..=100).contains(&covered), "{covered}");
    assert!(runs < 100 * 60, "{runs}");
}

#[test]
fn what_cannot_be_is_refused() {
    let mut measure = |_: f64| exact(1.0);
    for target in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(tune(target, (0.0, 1.0), &mut measure).is_err(), "{target}");
    }
    for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(tune(1.0, range, &mut measure).is_err(), "{range:?}");
    }
    assert!(matches!(tune(1.0, (0.0, 1.0), &mut measure), Err(PointProcessError::NotReached { .. })));
}
