use std::collections::{BTreeSet, HashSet};

use super::*;

const GOLDEN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/neuralmass/evolution/nsga2.json"));

fn key(run: u64, generation: u32) -> StreamKey {
    let mut digest = [1; 16];
    digest[..8].copy_from_slice(&run.to_le_bytes());
    digest[8..12].copy_from_slice(&generation.to_le_bytes());
    StreamKey::new(digest)
}

fn slices(objectives: &[Vec<f64>]) -> Vec<&[f64]> {
    objectives.iter().map(Vec::as_slice).collect()
}

#[test]
fn fronts_distances_and_survivors_are_those_of_deap() {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::INFINITY)).collect()
    };
    let whole = |value: &serde_json::Value| -> BTreeSet<usize> {
        value.as_array().unwrap().iter().map(|x| x.as_u64().unwrap() as usize).collect()
    };
    let weights = numbers(&golden["weights"]);
    let objectives: Vec<Vec<f64>> = golden["fitness"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| numbers(row).iter().zip(&weights).map(|(value, weight)| -weight * value).collect())
        .collect();
    let objectives = slices(&objectives);
    let due: Vec<BTreeSet<usize>> = golden["fronts"].as_array().unwrap().iter().map(whole).collect();
    let found: Vec<BTreeSet<usize>> =
        fronts(&objectives).into_iter().map(|front| front.into_iter().collect()).collect();
    assert_eq!(found, due);
    let distances = numbers(&golden["crowding_dist"]);
    for (i, ((_, found), due)) in ranks(&objectives).into_iter().zip(&distances).enumerate() {
        assert!(found == *due || (found - due).abs() < 1e-12, "{i}: {found}, {due} is due");
    }
    let kept: BTreeSet<usize> = survivors(&objectives, 12).into_iter().collect();
    assert_eq!(kept, whole(&golden["selNSGA2_12"]));
}

#[test]
fn fronts_are_those_of_the_definition() {
    let mut random = key(5, 0).stream("points", 0);
    for objectives in [1, 2, 3] {
        // Of five values each, so that many are equal.
        let points: Vec<Vec<f64>> =
            (0..60).map(|_| (0..objectives).map(|_| random.below(5) as f64).collect()).collect();
        let points = slices(&points);
        let mut left: Vec<usize> = (0..points.len()).collect();
        for front in fronts(&points) {
            let free = |&&a: &&usize| !left.iter().any(|&b| dominates(points[b], points[a]));
            assert_eq!(front, left.iter().filter(free).copied().collect::<Vec<_>>());
            left.retain(|i| !front.contains(i));
        }
        assert!(left.is_empty());
    }
    assert!(fronts(&[]).is_empty() && crowding_distances(&[]).is_empty() && survivors(&[], 3).is_empty());
    assert_eq!(crowding_distances(&[&[1.0, 2.0]]), [f64::INFINITY]);
    // All equal: the ends are infinite, nothing is divided by 0.
    let same: &[f64] = &[1.0];
    assert_eq!(crowding_distances(&[same; 3]), [f64::INFINITY, 0.0, f64::INFINITY]);
}

fn evolved(settings: &Nsga2, generations: u32, run: u64, objectives: &dyn Fn(&[f64]) -> Vec<f64>) -> Population {
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
    population
}

fn zdt1(x: &[f64]) -> Vec<f64> {
    let g = 1.0 + 9.0 * x[1..].iter().sum::<f64>() / (x.len() - 1) as f64;
    vec![x[0], g * (1.0 - (x[0] / g).sqrt())]
}

/// The area that points of two objectives dominate below (1, 1).
fn hypervolume(population: &Population) -> f64 {
    let mut points: Vec<(f64, f64)> =
        population.survivors.iter().map(|survivor| (survivor.objectives[0], survivor.objectives[1])).collect();
    points.retain(|point| point.0 < 1.0 && point.1 < 1.0);
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut area, mut height) = (0.0, 1.0);
    for (x, y) in points {
        if y < height {
            area += (1.0 - x) * (height - y);
            height = y;
        }
    }
    area
}

#[test]
fn it_finds_the_front_of_zdt1() {
    // The front f2 = 1 - sqrt(f1) itself dominates 2/3.
    let settings = Nsga2 { population: 100, ..Nsga2::new(30) };
    let found = evolved(&settings, 250, 0, &zdt1);
    let area = hypervolume(&found);
    assert!((0.650..0.6667).contains(&area), "{area}");
    let objectives: Vec<Vec<f64>> = found.survivors.iter().map(|survivor| survivor.objectives.clone()).collect();
    assert!(fronts(&slices(&objectives))[0].len() >= 95);
    // Equal keys are equal bits.
    let again = Nsga2::new(3);
    assert_eq!(evolved(&again, 5, 0, &zdt1), evolved(&again, 5, 0, &zdt1));
    assert_ne!(evolved(&again, 5, 0, &zdt1), evolved(&again, 5, 1, &zdt1));
}

#[test]
fn one_objective_is_minimised_as_well() {
    let found = evolved(&Nsga2::new(3), 100, 2, &|x| vec![x.iter().map(|x| (x - 0.3).powi(2)).sum()]);
    assert!(found.survivors[0].objectives[0] < 1e-4, "{:?}", found.survivors[0]);
}

#[test]
fn what_has_no_finite_objectives_is_replaced() {
    let settings = Nsga2 { initial_population: 10, population: 7, ..Nsga2::new(2) };
    let first = settings.start(&key(0, 0), &mut |_| true);
    let mut found: Vec<Vec<f64>> = first.offspring.iter().map(|child| child.genes.clone()).collect();
    found[1][0] = f64::NAN;
    found[2][1] = f64::NEG_INFINITY;
    let second = settings.next(&first, &found, &key(0, 1), &mut |_| true);
    assert_eq!((second.survivors.len(), second.offspring.len(), second.evaluations), (7, 9, 10));
    let none = settings.next(&first, &[], &key(0, 1), &mut |_| true);
    assert_eq!((none.survivors.len(), none.offspring.len()), (0, 7));
    let one = settings.next(&first, &found[..1], &key(0, 1), &mut |_| true);
    assert_eq!((one.survivors.len(), one.offspring.len()), (1, 14));
}

#[test]
fn children_keep_the_mean_of_their_parents_on_average_and_mutations_keep_theirs() {
    let settings = Nsga2::new(1);
    let mut random = key(0, 0).stream("test", 0);
    let parent = |gene: f64| Individual { genes: vec![gene], steps: Vec::new(), objectives: vec![1.0] };
    let (a, b) = (parent(0.45), parent(0.55));
    let (mut sum, mut squares, mut moved) = (0.0, 0.0, 0.0);
    let n = 20_000;
    for _ in 0..n {
        let children = settings.crossed([&a, &b], &mut random);
        // Bounds are far and equally far: both are as far from the middle.
        assert!((children[0].genes[0] + children[1].genes[0] - 1.0).abs() < 1e-12);
        moved += (children[0].genes[0] - children[1].genes[0]).abs() / 0.1;
        let mutant = settings.mutated(&parent(0.5), &mut random).genes[0];
        sum += mutant - 0.5;
        squares += (mutant - 0.5).powi(2);
    }
    let n = f64::from(n);
    assert!((moved / n - 1.0).abs() < 0.02 && (sum / n).abs() < 1e-3, "{moved} {sum}");
    // Of the polynomial density (eta + 1) / 2 (1 - |d|)^eta: 2 / ((eta + 2) (eta + 3)).
    assert!((squares / n * 253.0 - 1.0).abs() < 0.05, "{}", squares / n * 253.0);
}
