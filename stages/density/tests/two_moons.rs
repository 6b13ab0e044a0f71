//! Posteriors of the task `two_moons` beside the exact one, where `LAPICQUE_TRAINING_TESTS` is 1: two minutes. The example `posterior_scores` has more tasks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, dead_code)]

#[path = "../examples/posterior_scores/tasks.rs"]
mod tasks;

use lapicque_density::{ConditionalDensity, DensityKind, Training, Watch, c2st, train_density};
use lapicque_numerics::random::StreamKey;
use tasks::Task;

/// Mean C2ST over three observations, of 10,000 draws against as many of the exact posterior: no worse than the published score of NPE and 0.02.
fn scores(simulations: usize) {
    if std::env::var("LAPICQUE_TRAINING_TESTS").as_deref() != Ok("1") {
        eprintln!("skipped: posteriors are scored where LAPICQUE_TRAINING_TESTS is 1");
        return;
    }
    let task = Task::TwoMoons;
    for kind in [DensityKind::Maf(Default::default()), DensityKind::Nsf(Default::default())] {
        let key = StreamKey::new([1; 16]);
        let (values, contexts) = task.simulations(simulations, &mut key.stream("simulations", 0));
        let training = Training { members: 3, ..as_sbi() };
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

/// Two walks from other starts are not to be told apart: they are long enough.
#[test]
fn walks_of_slcp_have_forgotten_where_they_began() {
    if std::env::var("LAPICQUE_TRAINING_TESTS").as_deref() != Ok("1") {
        eprintln!("skipped: posteriors are compared where LAPICQUE_TRAINING_TESTS is 1");
        return;
    }
    for (number, observation) in Task::Slcp.observations().iter().enumerate() {
        let key = StreamKey::new([2; 16]).derive(&number.to_string());
        let walk = |index: u64| Task::Slcp.posterior(observation, 4000, &mut key.stream("walks", index));
        let score = c2st(walk(0).view(), walk(1).view(), 5, key, &|| false).unwrap();
        eprintln!("observation {number}: {score:.3}");
        assert!((score - 0.5).abs() < 0.03, "{score}");
    }
}

/// One network, trained as sbi 0.27 does by default.
fn as_sbi() -> Training {
    Training { batch: 200, members: 1, ..Training::default() }
}
