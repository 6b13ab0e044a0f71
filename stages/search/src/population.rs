//! What algorithms that keep a population have in common: individuals, what was found of them, and new ones.

use lapicque_numerics::random::Generator;

/// Attempts at an individual that was not there yet.
const ATTEMPTS: usize = 100;

/// A point with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Individual {
    /// One number between 0 and 1 per parameter.
    pub genes: Vec<f64>,
    /// Step of the mutation of each parameter; empty where the algorithm has none.
    pub steps: Vec<f64>,
    /// What was found, as small as possible each; empty before it is known.
    pub objectives: Vec<f64>,
}

/// Where an evolution stands: what the next generation follows from, as plain numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Population {
    /// Number of the generation, from 0.
    pub generation: u32,
    /// Individuals that were asked for before, without `offspring`.
    pub evaluations: u64,
    /// Individuals of earlier generations that have survived, the best first.
    pub survivors: Vec<Individual>,
    /// Individuals to evaluate, without objectives.
    pub offspring: Vec<Individual>,
}

/// Whether a point, one number between 0 and 1 per parameter, was not there yet; it is from now on.
pub type IsNew<'a> = dyn FnMut(&[f64]) -> bool + 'a;

impl Population {
    /// A first generation: `size` points at random in the box.
    pub(crate) fn random(size: usize, make: &mut dyn FnMut() -> Individual, is_new: &mut IsNew<'_>) -> Self {
        let offspring = (0..size).filter_map(|_| newcomer(make, is_new)).collect();
        Self { offspring, ..Self::default() }
    }

    /// Survivors and offspring with their objectives, and how many of the offspring have none that are all finite.
    pub(crate) fn evaluated(&self, objectives: &[Vec<f64>]) -> (Vec<Individual>, usize) {
        let mut all = self.survivors.clone();
        let mut missing = 0;
        for (i, individual) in self.offspring.iter().enumerate() {
            match objectives.get(i).filter(|found| !found.is_empty() && found.iter().all(|x| x.is_finite())) {
                Some(found) => all.push(Individual { objectives: found.clone(), ..individual.clone() }),
                None => missing += 1,
            }
        }
        (all, missing)
    }
}

/// An individual at random that was not there yet; none where there seem to be no more.
pub(crate) fn newcomer(make: &mut dyn FnMut() -> Individual, is_new: &mut IsNew<'_>) -> Option<Individual> {
    (0..ATTEMPTS).map(|_| make()).find(|individual| is_new(&individual.genes))
}

/// What `vary` makes, again and again until it was not there yet; else a newcomer.
pub(crate) fn varied(
    vary: &mut dyn FnMut() -> Individual,
    make: &mut dyn FnMut() -> Individual,
    is_new: &mut IsNew<'_>,
) -> Option<Individual> {
    let found = (0..ATTEMPTS).map(|_| vary()).find(|individual| is_new(&individual.genes));
    found.or_else(|| newcomer(make, is_new))
}

pub(crate) fn uniform(dimensions: usize, random: &mut Generator) -> Vec<f64> {
    (0..dimensions).map(|_| random.uniform()).collect()
}
