//! Posteriors of the task `two_moons` beside the exact one, where `LAPICQUE_LONG_TESTS` is 1: half a minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, dead_code)]

#[path = "../examples/posterior_scores/tasks.rs"]
mod tasks;

use lapicque_density::{ConditionalDensity, DensityKind, Training, Watch, c2st, train_density};
use lapicque_numerics::random::StreamKey;
use tasks::Task;

/// Mean C2ST over three observations, of 10,000 draws against as many of the exact posterior: no worse than the published score of NPE and 0.02.
fn scores(simulations: usize) {
    if std::env::var("LAPICQUE_LONG_TESTS").as_deref() != Ok("1") {
        eprintln!("skipped: posteriors are scored where LAPICQUE_LONG_TESTS is 1");
        return;
    }
    let task = Task::TwoMoons;
    for kind in [DensityKind::Maf(Default::default()), DensityKind::Nsf(Default::default())] {
        let key = StreamKey::new([1; 16]);
        let (values, contexts) = task.simulations(simulations, &mut key.stream("simulations", 0));
        let training = Training { members: 3, ..Training::default() };
        let trained =
            train_density(&kind, &training, values.view(), contexts.view(), key.derive("fit"), Watch::nobody());
        let density = trained.unwrap().density;
        let mut mean = 0.0;
        for (number, observation) in task.observations().iter().enumerate() {
            let right = task.posterior(observation, 10_000, &mut key.stream("posterior", number as u64));
            let drawn = density.draw(observation, 11_000, &mut key.stream("draws", number as u64));
            let inside = |row: &usize| task.prior_allows(&drawn.row(*row).to_vec());
            let rows: Vec<usize> = (0..drawn.nrows()).filter(inside).take(10_000).collect();
            let drawn = drawn.select(ndarray::Axis(0), &rows);
            mean += c2st(right.view(), drawn.view(), 5, key.derive("score"), &|| false).unwrap() / 3.0;
        }
        eprintln!("{}, {simulations} simulations: C2ST {mean:.3}", kind.name());
        assert!(mean < task.published(simulations) + 0.02, "{kind:?}: {mean}");
    }
}

#[test]
fn a_thousand_simulations_do_as_published() {
    scores(1_000);
}

#[test]
fn ten_thousand_simulations_do_as_published() {
    scores(10_000);
}
