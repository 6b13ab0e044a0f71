//! Scores of densities on tasks of the simulation-based inference benchmark (Lueckmann et al. 2021): C2ST of 10,000 draws against 10,000 of the exact
//! posterior, for three observations, beside the published scores of neural posterior estimation.
//!
//! ```sh
//! cargo run --release -p lapicque-density --example posterior_scores -- two_moons 1000 '{"nsf": {}}' '{"members": 5}' 1
//! ```
//!
//! Arguments: task (`two_moons`, `gaussian_linear`, `slcp`), simulations, density, training, seeds (each its own simulations and training). What it learned is
//! cut to the prior by drawing again, as everywhere. The loss of new rows costs next to nothing and tells the same; with the environment variables
//! `OBSERVATIONS=0`, `UNSCORED=1` and `DRAWS=2000` there are no scores at all, moments alone, or scores of fewer draws (which are a little lower).
//!
//! Found with `{"members": 5, "batch": 50}`, one set of simulations, three observations (`gaussian_linear`: 3000 draws); published: the mean over ten observations,
//! which for `slcp` are others.
//!
//! | task | simulations | nsf | maf | published |
//! |---|---|---|---|---|
//! | two_moons | 1000 | 0.605 | 0.680 | 0.725 |
//! | two_moons | 10,000 | 0.535 | 0.563 | 0.606 |
//! | gaussian_linear | 1000 | 0.569 | 0.543 | 0.694 |
//! | gaussian_linear | 10,000 | 0.526 | 0.516 | 0.552 |
//! | slcp | 1000 | 0.924 | 0.951 | 0.975 |
//! | slcp | 10,000 | 0.792 | | 0.901 |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod tasks;

use std::time::Instant;

use lapicque_density::{ConditionalDensity, Density, DensityKind, Training, Watch, c2st, train_density};
use lapicque_numerics::random::{Generator, StreamKey};
use ndarray::{Array2, Axis};

use tasks::Task;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, simulations, kind, training, seeds] = arguments.as_slice() else {
        panic!("arguments: TASK SIMULATIONS DENSITY TRAINING SEEDS");
    };
    let task = Task::named(name);
    let simulations: usize = simulations.parse().unwrap();
    let kind: DensityKind = serde_json::from_str(kind).unwrap();
    let training: Training = serde_json::from_str(training).unwrap();
    let draws = std::env::var("DRAWS").map_or(10_000, |text| text.parse().unwrap());
    let observations = std::env::var("OBSERVATIONS").map_or(3, |text| text.parse().unwrap());
    let (mut all, mut losses) = (Vec::new(), Vec::new());
    for seed in 0..seeds.parse().unwrap() {
        let key = StreamKey::new([seed; 16]).derive(name);
        let (values, contexts) = task.simulations(simulations, &mut key.stream("simulations", 0));
        let start = Instant::now();
        let trained =
            train_density(&kind, &training, values.view(), contexts.view(), key.derive("fit"), Watch::nobody())
                .unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let best: Vec<f64> = (0..training.members)
            .map(|member| {
                let of_member = trained.losses.iter().filter(|loss| loss.member == member);
                of_member.map(|loss| loss.validation).fold(f64::INFINITY, f64::min)
            })
            .collect();
        let (test_values, test_contexts) = task.simulations(2000, &mut key.stream("test", 0));
        let test = trained.density.log_density(test_values.view(), test_contexts.view());
        let test = -test.iter().sum::<f64>() / test.len() as f64;
        let mut scores = Vec::new();
        for (number, observation) in task.observations().iter().take(observations).enumerate() {
            let number = number as u64;
            let right = task.posterior(observation, draws, &mut key.stream("posterior", number));
            let start = Instant::now();
            let drawn =
                inside(&task, &trained.density, observation, draws, &mut key.stream("draws of density", number));
            let drawing = start.elapsed().as_secs_f64();
            let (mean, spread) = moments_apart(&right, &drawn);
            let unscored = std::env::var_os("UNSCORED").is_some();
            let score = if unscored {
                Ok(f64::NAN)
            } else {
                c2st(right.view(), drawn.view(), 5, key.derive("score"), &|| false)
            };
            let score = score.unwrap();
            println!(
                "# observation {number}: {score:.3} (means {mean:.3} s.d. apart, variances {spread:.3}; drawn in {drawing:.2} s)"
            );
            scores.push(score);
        }
        println!(
            "seed {seed}: {} epochs in {seconds:.1} s, best validation losses {best:.3?}, loss of 2000 new rows {test:.3}, C2ST {scores:.3?}",
            trained.losses.len()
        );
        all.extend(scores);
        losses.push(test);
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    let loss = losses.iter().sum::<f64>() / losses.len() as f64;
    let published = task.published(simulations);
    println!(
        "{name} {simulations} {} {}: loss of new rows {loss:.3}, C2ST {mean:.3} (published NPE {published:.3})",
        arguments[2], arguments[3]
    );
}

/// Furthest distance of means, in standard deviations of the first, and largest relative difference of variances.
fn moments_apart(first: &Array2<f64>, second: &Array2<f64>) -> (f64, f64) {
    let mean = |table: &Array2<f64>| table.mean_axis(Axis(0)).unwrap();
    let variance = first.var_axis(Axis(0), 0.0);
    let apart = (mean(first) - mean(second)) / variance.mapv(f64::sqrt);
    let ratio = second.var_axis(Axis(0), 0.0) / variance - 1.0;
    let most = |values: ndarray::Array1<f64>| values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    (most(apart), most(ratio))
}

/// Draws where the prior has mass.
fn inside(task: &Task, density: &Density, observation: &[f64], count: usize, generator: &mut Generator) -> Array2<f64> {
    let mut kept = Array2::zeros((0, density.value_count()));
    while kept.nrows() < count {
        let drawn = density.draw(observation, count, generator);
        for row in drawn.rows().into_iter().filter(|row| task.prior_allows(row.as_slice().unwrap())) {
            kept.push(Axis(0), row).unwrap();
        }
    }
    kept.slice_move(ndarray::s![..count, ..])
}
