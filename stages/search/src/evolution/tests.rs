use std::collections::HashSet;

use super::*;

fn key(run: u64, generation: u32) -> StreamKey {
    let mut digest = [0; 16];
    digest[..8].copy_from_slice(&run.to_le_bytes());
    digest[8..12].copy_from_slice(&generation.to_le_bytes());
    StreamKey::new(digest)
}

/// The last of so many generations, and whether any point lay outside of the box or came twice.
fn evolved(settings: &Evolution, generations: u32, run: u64, objectives: &dyn Fn(&[f64]) -> Vec<f64>) -> Population {
    let mut seen: HashSet<Vec<u64>> = HashSet::new();
    let mut is_new = |genes: &[f64]| {
        assert!(genes.iter().all(|gene| (0.0..=1.0).contains(gene)));
        seen.insert(genes.iter().map(|gene| gene.to_bits()).collect())
    };
    let mut population = settings.start(&key(run, 0), &mut is_new);
    for generation in 1..=generations {
        let found: Vec<Vec<f64>> = population.offspring.iter().map(|child| objectives(&child.genes)).collect();
        population = settings.next(&population, &found, &key(run, generation), &mut is_new);
    }
    assert_eq!(seen.len() as u64, population.evaluations + population.offspring.len() as u64);
    population
}

fn least(population: &Population) -> f64 {
    loss(&population.survivors[0].objectives)
}

fn median(settings: &Evolution, generations: u32, objective: fn(&[f64]) -> f64) -> f64 {
    let mut found: Vec<f64> =
        (0..11).map(|run| least(&evolved(settings, generations, run, &|x| vec![objective(x)]))).collect();
    found.sort_by(f64::total_cmp);
    found[5]
}

#[test]
fn it_finds_the_least_of_a_sphere_and_follows_a_valley() {
    let sphere = |x: &[f64]| x.iter().map(|x| (x - 0.3).powi(2)).sum::<f64>();
    let valley = |x: &[f64]| {
        let (a, b) = (4.0 * x[0] - 2.0, 4.0 * x[1] - 2.0);
        100.0 * (b - a * a).powi(2) + (1.0 - a).powi(2)
    };
    let at_random = |dimensions: usize, count: u64, objective: fn(&[f64]) -> f64| {
        let mut random = key(0, 0).stream("at random", 0);
        (0..count).map(|_| objective(&uniform(dimensions, &mut random))).fold(f64::INFINITY, f64::min)
    };
    let found = median(&Evolution::new(3), 100, sphere);
    assert!(found < 1e-6 && found < 1e-2 * at_random(3, 2100, sphere), "{found}");
    let found = median(&Evolution::new(2), 200, valley);
    assert!(found < 1e-4 && found < 1e-2 * at_random(2, 4100, valley), "{found}");
}

#[test]
fn it_reaches_a_least_value_at_a_corner() {
    let found = evolved(&Evolution::new(3), 60, 1, &|x| vec![x.iter().sum()]);
    assert!(least(&found) < 0.02, "{}", least(&found));
}

#[test]
fn ranks_are_drawn_by_their_probabilities() {
    let settings = Evolution::new(1);
    // mu = 4, s = 1.5: 1/8 + r/12 for the ranks r = 3, 2, 1, 0.
    let edges = [9.0 / 24.0, 16.0 / 24.0, 21.0 / 24.0];
    for (place, edge) in edges.into_iter().enumerate() {
        assert_eq!(settings.ranked(4, edge - 1e-9), place);
        assert_eq!(settings.ranked(4, edge + 1e-9), place + 1);
    }
    assert_eq!((settings.ranked(4, 1.0), settings.ranked(1, 0.7), settings.ranked(4, 0.0)), (3, 0, 0));
}

#[test]
fn what_has_no_finite_objectives_is_replaced() {
    let settings = Evolution::new(2);
    let mut all = |_: &[f64]| true;
    let first = settings.start(&key(0, 0), &mut all);
    assert_eq!(first.offspring.len(), 100);
    let mut found: Vec<Vec<f64>> = first.offspring.iter().map(|child| vec![child.genes[0]]).collect();
    found[3] = vec![f64::NAN];
    found[5] = vec![f64::INFINITY];
    found[7] = Vec::new();
    let second = settings.next(&first, &found, &key(0, 1), &mut all);
    assert_eq!((second.survivors.len(), second.offspring.len(), second.evaluations), (20, 23, 100));
    assert!(second.survivors.iter().all(|survivor| survivor.objectives[0].is_finite()));
    assert!(second.survivors.windows(2).all(|pair| pair[0].objectives <= pair[1].objectives));
    // Newcomers have first steps, children have others.
    assert!(second.offspring[20..].iter().all(|newcomer| newcomer.steps == [1.0 / 3.0; 2]));
    assert!(second.offspring[..20].iter().all(|child| child.steps != [1.0 / 3.0; 2]));
    // None at all: a population at random.
    let third = settings.next(&first, &vec![vec![f64::NAN]; 100], &key(0, 1), &mut all);
    assert_eq!((third.survivors.len(), third.offspring.len()), (0, 20));
    // Equal keys are equal bits.
    assert_eq!(settings.next(&first, &found, &key(0, 1), &mut all), second);
    assert_ne!(settings.next(&first, &found, &key(1, 1), &mut all), second);
}

#[test]
fn points_that_were_there_do_not_come_again() {
    let settings = Evolution { initial_population: 10, population: 4, ..Evolution::new(1) };
    let first = settings.start(&key(0, 0), &mut |_| true);
    let found = vec![vec![1.0]; 10];
    assert!(settings.next(&first, &found, &key(0, 1), &mut |_| false).offspring.is_empty());
    // A box of ten points in all.
    let mut seen = HashSet::new();
    let mut is_new = |genes: &[f64]| seen.insert((genes[0] * 9.0).round() as i64);
    let mut population = settings.start(&key(0, 0), &mut is_new);
    let mut count = population.offspring.len();
    for generation in 1..20 {
        population = settings.next(&population, &found, &key(0, generation), &mut is_new);
        count += population.offspring.len();
    }
    assert_eq!((count, population.offspring.len()), (10, 0));
}
