//! CMA-ES: an evolution strategy that learns the shape of the loss.
//!
//! Points of a generation are drawn from a normal distribution, x_k = m + s B D z_k; its mean m, step s and covariance
//! C = B D^2 B^T follow from the ranks of their losses alone.
//!
//! | symbol | field | default | meaning | range |
//! |---|---|---|---|---|
//! | n | `dimensions` | | number of parameters | 1 to 1000 |
//! | lambda | `population` | 4 + floor(3 ln n) | points of a generation | 4 and above |
//! | s_0 | `initial_step` | 0.3 | first step, as a part of the range of each parameter | 0 to 1, without 0 |
//! | m_0 | `initial_mean` | 0.5 each | where the search begins, scaled | 0 to 1 |
//! | | `restarts` | 0 | how often it begins anew, each time with twice the population | |
//! | | `loss_tolerance` | 1e-12 | a generation whose losses, and those of the generations before, differ by less has converged | 0 and above |
//! | | `step_tolerance` | 1e-12 | so has one whose standard deviations are all below this part of `initial_step` | 0 and above |
//!
//! N. Hansen, The CMA Evolution Strategy: A Tutorial, arXiv:1604.00772 (2016), equations 5, 6, 12, 17 and 22 to 28 below,
//! tables 1 and 2: with negative weights. Restarts: A. Auger, N. Hansen, A restart CMA evolution strategy with increasing
//! population size, IEEE CEC 2005, 1769.
//!
//! Bounds: the strategy itself is unbounded; a point outside of the box is reflected into it, as by mirrors at the bounds.
//! A loss that is missing or not a number ranks behind all others, and equal losses rank in the order of their points.

use lapicque_numerics::random::StreamKey;
use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// Largest ratio of the variances along two directions.
const WORST_CONDITION: f64 = 1e14;

/// How a search is made: see the page above.
#[derive(Debug, Clone, PartialEq)]
pub struct CmaEs {
    /// Number of parameters.
    pub dimensions: usize,
    /// Points of a generation of the first start.
    pub population: usize,
    /// First step, as a part of the range.
    pub initial_step: f64,
    /// Where the first start begins: one number between 0 and 1 per parameter.
    pub initial_mean: Vec<f64>,
    /// How often it begins anew once it has converged.
    pub restarts: u32,
    /// Losses that differ by less are equal.
    pub loss_tolerance: f64,
    /// Steps below this part of the first are none.
    pub step_tolerance: f64,
}

/// Where a search stands: what the next generation follows from, as plain numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Number of the start, from 0.
    pub start: u32,
    /// Number of the generation within the start, from 0.
    pub generation: u32,
    /// Losses that were asked for in all starts so far, without the current generation.
    pub evaluations: u64,
    /// m.
    pub mean: Vec<f64>,
    /// s.
    pub step: f64,
    /// p_s.
    pub step_path: Vec<f64>,
    /// p_c.
    pub covariance_path: Vec<f64>,
    /// C, row by row.
    pub covariance: Vec<f64>,
    /// The points of the generation, before they are reflected: one after the other.
    pub samples: Vec<f64>,
    /// Least loss of each of the latest generations of this start.
    pub recent: Vec<f64>,
    /// The best point of all starts, reflected, and behind it its loss; empty where there is none.
    pub found: Vec<f64>,
}

/// What follows from dimension and population (table 1 of the tutorial).
struct Rates {
    weights: Vec<f64>,
    parents: usize,
    effective_parents: f64,
    step_path: f64,
    step_damping: f64,
    covariance_path: f64,
    rank_one: f64,
    rank_parents: f64,
    /// E |N(0, I)|.
    expected_length: f64,
}

impl CmaEs {
    /// The settings of the tutorial.
    pub fn new(dimensions: usize) -> Self {
        let n = dimensions as f64;
        Self {
            dimensions,
            population: 4 + (3.0 * n.ln()).floor() as usize,
            initial_step: 0.3,
            initial_mean: vec![0.5; dimensions],
            restarts: 0,
            loss_tolerance: 1e-12,
            step_tolerance: 1e-12,
        }
    }

    /// Points of a generation of a start.
    fn population_of(&self, start: u32) -> usize {
        self.population.saturating_mul(1_usize.checked_shl(start).unwrap_or(usize::MAX))
    }

    fn rates(&self, start: u32) -> Rates {
        let (n, lambda) = (self.dimensions as f64, self.population_of(start));
        let raw: Vec<f64> = (1..=lambda).map(|rank| ((lambda as f64 + 1.0) / 2.0).ln() - (rank as f64).ln()).collect();
        let parents = lambda / 2;
        let effective = |weights: &[f64]| {
            let sum: f64 = weights.iter().sum();
            sum * sum / weights.iter().map(|w| w * w).sum::<f64>()
        };
        let (mu_eff, mu_eff_minus) = (effective(&raw[..parents]), effective(&raw[parents..]));
        let covariance_path = (4.0 + mu_eff / n) / (n + 4.0 + 2.0 * mu_eff / n);
        let step_path = (mu_eff + 2.0) / (n + mu_eff + 5.0);
        let rank_one = 2.0 / ((n + 1.3).powi(2) + mu_eff);
        let rank_parents =
            (1.0 - rank_one).min(2.0 * (0.25 + mu_eff + 1.0 / mu_eff - 2.0) / ((n + 2.0).powi(2) + mu_eff));
        let step_damping = 1.0 + 2.0 * (((mu_eff - 1.0) / (n + 1.0)).sqrt() - 1.0).max(0.0) + step_path;
        let least = (1.0 + rank_one / rank_parents)
            .min(1.0 + 2.0 * mu_eff_minus / (mu_eff + 2.0))
            .min((1.0 - rank_one - rank_parents) / (n * rank_parents));
        let positive: f64 = raw.iter().filter(|w| **w > 0.0).sum();
        let negative: f64 = raw.iter().filter(|w| **w < 0.0).map(|w| -w).sum();
        let weight = |w: &f64| if *w >= 0.0 { w / positive } else { least * w / negative };
        Rates {
            weights: raw.iter().map(weight).collect(),
            parents,
            effective_parents: mu_eff,
            step_path,
            step_damping,
            covariance_path,
            rank_one,
            rank_parents,
            expected_length: n.sqrt() * (1.0 - 1.0 / (4.0 * n) + 1.0 / (21.0 * n * n)),
        }
    }
}

impl Progress {
    /// The first generation.
    pub fn start(settings: &CmaEs, random: &StreamKey) -> Self {
        Self::begin(settings, 0, 0, settings.initial_mean.clone(), Vec::new(), random)
    }

    fn begin(
        settings: &CmaEs,
        start: u32,
        evaluations: u64,
        mean: Vec<f64>,
        found: Vec<f64>,
        random: &StreamKey,
    ) -> Self {
        let n = settings.dimensions;
        let identity = DMatrix::<f64>::identity(n, n);
        let mut progress = Self {
            start,
            generation: 0,
            evaluations,
            mean,
            step: settings.initial_step,
            step_path: vec![0.0; n],
            covariance_path: vec![0.0; n],
            covariance: identity.as_slice().to_vec(),
            samples: Vec::new(),
            recent: Vec::new(),
            found,
        };
        progress.draw(settings, random);
        progress
    }

    /// The points of the generation, each parameter between 0 and 1.
    pub fn points(&self) -> Vec<Vec<f64>> {
        let n = self.mean.len().max(1);
        self.samples.chunks(n).map(|sample| sample.iter().map(|&x| reflected(x)).collect()).collect()
    }

    /// Whether there is no further generation.
    pub fn has_ended(&self) -> bool {
        self.samples.is_empty()
    }

    /// The best point of all, and its loss.
    pub fn best(&self) -> Option<(&[f64], f64)> {
        let (loss, point) = self.found.split_last()?;
        Some((point, *loss))
    }

    /// The next generation, from the losses of this one in the order of its points; the end, without points, once the
    /// search has converged and no start is left.
    pub fn learn(&self, settings: &CmaEs, losses: &[f64], random: &StreamKey) -> Self {
        let mut next = self.clone();
        let order = ranked(losses);
        next.remember(losses, &order);
        next.evaluations += losses.len() as u64;
        let least = order.first().map_or(f64::NAN, |&best| losses[best]);
        next.recent.push(least);
        let converged = next.update(settings, &order).is_none() || next.has_converged(settings, losses);
        if !converged {
            next.generation += 1;
            next.draw(settings, random);
            return next;
        }
        if self.start >= settings.restarts {
            next.samples.clear();
            return next;
        }
        let mut generator = random.stream("restart", 0);
        let mean = (0..settings.dimensions).map(|_| generator.uniform()).collect();
        Self::begin(settings, self.start + 1, next.evaluations, mean, next.found, random)
    }

    /// The best point and its loss after the losses of this generation.
    fn remember(&mut self, losses: &[f64], order: &[usize]) {
        let Some(&best) = order.first().filter(|&&best| losses[best].is_finite()) else {
            return;
        };
        if self.best().is_none_or(|(_, least)| losses[best] < least) {
            let point = self.points().swap_remove(best);
            self.found = point.into_iter().chain([losses[best]]).collect();
        }
    }

    fn draw(&mut self, settings: &CmaEs, random: &StreamKey) {
        let n = settings.dimensions;
        let (directions, deviations) = axes(&self.covariance, n);
        let mut generator = random.stream("generation", 0);
        self.samples.clear();
        for _ in 0..settings.population_of(self.start) {
            let z = DVector::from_iterator(n, deviations.iter().map(|d| d * generator.normal()));
            let y = &directions * z;
            self.samples.extend(self.mean.iter().zip(y.iter()).map(|(m, y)| m + self.step * y));
        }
    }

    /// Mean, step and covariance of the next generation; none where they leave what can be computed.
    fn update(&mut self, settings: &CmaEs, order: &[usize]) -> Option<()> {
        let n = settings.dimensions;
        let rates = settings.rates(self.start);
        let (directions, deviations) = axes(&self.covariance, n);
        // C^(-1/2) v.
        let whitened = |v: &DVector<f64>| {
            let along = directions.transpose() * v;
            &directions * DVector::from_iterator(n, along.iter().zip(&deviations).map(|(a, d)| a / d))
        };
        let steps: Vec<DVector<f64>> = order
            .iter()
            .map(|&rank| {
                let sample = &self.samples[rank * n..(rank + 1) * n];
                DVector::from_iterator(n, sample.iter().zip(&self.mean).map(|(x, m)| (x - m) / self.step))
            })
            .collect();
        // Equations 5 and 6.
        let parents = steps.iter().zip(&rates.weights).take(rates.parents);
        let mean_step = parents.fold(DVector::zeros(n), |sum: DVector<f64>, (y, &w)| sum + y * w);
        self.mean.iter_mut().zip(mean_step.iter()).for_each(|(m, y)| *m += self.step * y);
        // Equations 12, 22 and 23.
        let c_s = rates.step_path;
        let step_path = DVector::from_column_slice(&self.step_path) * (1.0 - c_s)
            + whitened(&mean_step) * (c_s * (2.0 - c_s) * rates.effective_parents).sqrt();
        let length = step_path.norm();
        let change = (c_s / rates.step_damping) * (length / rates.expected_length - 1.0);
        // As a stalled path is never this long, a jump by more is not of the search.
        self.step *= change.min(1.0).exp();
        // Equation 24, and h_s of the text before it.
        let n_real = n as f64;
        let settled = (1.0 - (1.0 - c_s).powi(2 * (self.generation as i32 + 1))).sqrt();
        let moves = length / settled < (1.4 + 2.0 / (n_real + 1.0)) * rates.expected_length;
        let c_c = rates.covariance_path;
        let push = if moves { (c_c * (2.0 - c_c) * rates.effective_parents).sqrt() } else { 0.0 };
        let covariance_path = DVector::from_column_slice(&self.covariance_path) * (1.0 - c_c) + &mean_step * push;
        // Equations 25 to 28.
        let lost = if moves { 0.0 } else { c_c * (2.0 - c_c) };
        let (c_1, c_mu) = (rates.rank_one, rates.rank_parents);
        let weight_sum: f64 = rates.weights.iter().sum();
        let kept = 1.0 + c_1 * lost - c_1 - c_mu * weight_sum;
        let mut covariance = DMatrix::from_column_slice(n, n, &self.covariance) * kept
            + &covariance_path * covariance_path.transpose() * c_1;
        for (y, &w) in steps.iter().zip(&rates.weights) {
            let w = if w >= 0.0 { w } else { w * n_real / whitened(y).norm_squared().max(f64::MIN_POSITIVE) };
            covariance += y * y.transpose() * (c_mu * w);
        }
        // Symmetric in its last digits as well.
        let covariance = (&covariance + covariance.transpose()) * 0.5;
        self.step_path = step_path.as_slice().to_vec();
        self.covariance_path = covariance_path.as_slice().to_vec();
        self.covariance = covariance.as_slice().to_vec();
        let (_, deviations) = axes(&self.covariance, n);
        let (least, most) = deviations.iter().fold((f64::INFINITY, 0.0_f64), |(l, m), &d| (l.min(d), m.max(d)));
        let sound = self.step.is_finite() && self.step > 0.0 && least > 0.0 && (most / least).powi(2) < WORST_CONDITION;
        sound.then_some(())
    }

    /// Whether losses or steps are too small to go on.
    fn has_converged(&self, settings: &CmaEs, losses: &[f64]) -> bool {
        let n = settings.dimensions;
        let lambda = settings.population_of(self.start);
        let length = 10 + (30.0 * n as f64 / lambda as f64).ceil() as usize;
        let recent = &self.recent[self.recent.len().saturating_sub(length)..];
        let spread = |values: &mut dyn Iterator<Item = f64>| {
            let (least, most) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, m), v| (l.min(v), m.max(v)));
            most - least
        };
        let flat = recent.len() == length
            && spread(&mut recent.iter().copied()) < settings.loss_tolerance
            && spread(&mut losses.iter().copied().filter(|loss| loss.is_finite())) < settings.loss_tolerance;
        let least_step = settings.step_tolerance * settings.initial_step;
        let small = (0..n).all(|i| {
            let deviation = self.step * self.covariance[i * n + i].max(0.0).sqrt();
            deviation < least_step && (self.step * self.covariance_path[i]).abs() < least_step
        });
        // Long without any progress: the first and the last of many generations.
        let stalled = {
            let window = (120.0 + 30.0 * n as f64 / lambda as f64).ceil() as usize;
            let history = &self.recent[self.recent.len().saturating_sub(window)..];
            let third = history.len() / 3;
            history.len() == window && median(&history[window - third..]) >= median(&history[..third])
        };
        flat || small || stalled
    }
}

/// Directions B and standard deviations D of a covariance.
fn axes(covariance: &[f64], n: usize) -> (DMatrix<f64>, Vec<f64>) {
    let eigen = SymmetricEigen::new(DMatrix::from_column_slice(n, n, covariance));
    let deviations = eigen.eigenvalues.iter().map(|variance| variance.max(0.0).sqrt()).collect();
    (eigen.eigenvectors, deviations)
}

/// The numbers of points from the least loss to the greatest.
fn ranked(losses: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..losses.len()).collect();
    let rank = |at: usize| if losses[at].is_nan() { f64::INFINITY } else { losses[at] };
    order.sort_by(|&a, &b| rank(a).total_cmp(&rank(b)));
    order
}

/// A number between 0 and 1: mirrors stand at both.
fn reflected(x: f64) -> f64 {
    let folded = x.rem_euclid(2.0);
    if folded > 1.0 { 2.0 - folded } else { folded }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> StreamKey {
        StreamKey::new([7; 16]).derive(&n.to_string())
    }

    /// Evaluations until the loss is below `target`, from `low` to `high` in each dimension.
    fn evaluations(
        settings: &CmaEs,
        run: u64,
        (low, high): (f64, f64),
        target: f64,
        loss: fn(&[f64]) -> f64,
    ) -> Option<u64> {
        let random = key(run);
        let mut progress = Progress::start(settings, &random.derive("0"));
        for generation in 1..20_000_u64 {
            let scaled = |point: &Vec<f64>| point.iter().map(|x| low + x * (high - low)).collect::<Vec<f64>>();
            let losses: Vec<f64> = progress.points().iter().map(|point| loss(&scaled(point))).collect();
            if let Some(hit) = losses.iter().position(|&loss| loss < target) {
                return Some(progress.evaluations + hit as u64 + 1);
            }
            progress = progress.learn(settings, &losses, &random.derive(&generation.to_string()));
            if progress.has_ended() {
                break;
            }
        }
        None
    }

    fn sphere(x: &[f64]) -> f64 {
        x.iter().map(|x| x * x).sum()
    }

    fn rosenbrock(x: &[f64]) -> f64 {
        x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum()
    }

    fn rastrigin(x: &[f64]) -> f64 {
        10.0 * x.len() as f64 + x.iter().map(|x| x * x - 10.0 * (2.0 * std::f64::consts::PI * x).cos()).sum::<f64>()
    }

    /// Median over 15 runs; a run that fails counts as infinitely many.
    fn median_of_runs(settings: &CmaEs, range: (f64, f64), target: f64, loss: fn(&[f64]) -> f64) -> u64 {
        let mut all: Vec<u64> =
            (0..15).map(|run| evaluations(settings, run, range, target, loss).unwrap_or(u64::MAX)).collect();
        all.sort_unstable();
        all[7]
    }

    /// Medians of 15 runs of pycma 4.5.0 on the same problems (tests/golden/search, where the script is): at most half as
    /// much again.
    #[test]
    fn it_is_as_fast_as_the_reference_implementation() {
        let at = |mean: f64| CmaEs { initial_mean: vec![mean; 10], ..CmaEs::new(10) };
        let sphere = median_of_runs(&at(0.8), (-5.0, 5.0), 1e-9, sphere);
        let valley = median_of_runs(&at(0.5), (-5.0, 5.0), 1e-9, rosenbrock);
        let many = CmaEs { population: 500, ..at(0.8) };
        let hills = median_of_runs(&many, (-5.0, 5.0), 1e-9, rastrigin);
        let found = [(sphere, SPHERE), (valley, ROSENBROCK), (hills, RASTRIGIN)];
        assert!(found.iter().all(|(own, reference)| *own as f64 <= 1.5 * *reference as f64), "{found:?}");
    }

    const SPHERE: u64 = 1691;
    const ROSENBROCK: u64 = 5975;
    const RASTRIGIN: u64 = 38559;

    #[test]
    fn weights_are_those_of_the_tutorial() {
        for (n, population) in [(1, 4), (2, 6), (10, 10), (30, 14), (10, 200)] {
            let rates = CmaEs { population, ..CmaEs::new(n) }.rates(0);
            let positive: f64 = rates.weights.iter().filter(|w| **w > 0.0).sum();
            assert!((positive - 1.0).abs() < 1e-12);
            assert!(rates.weights.windows(2).all(|pair| pair[0] >= pair[1]));
            let squares: f64 = rates.weights[..rates.parents].iter().map(|w| w * w).sum();
            assert!((rates.effective_parents - 1.0 / squares).abs() < 1e-9);
            // C stays positive definite: what is taken away is less than what is there (equation 53).
            let taken: f64 = rates.weights.iter().filter(|w| **w < 0.0).sum();
            assert!(1.0 - rates.rank_one - rates.rank_parents + n as f64 * rates.rank_parents * taken >= -1e-12);
        }
    }

    #[test]
    fn only_ranks_matter() {
        let settings = CmaEs::new(4);
        let run = |change: fn(f64) -> f64| {
            let mut progress = Progress::start(&settings, &key(0));
            for generation in 1..30 {
                let losses: Vec<f64> = progress.points().iter().map(|point| change(sphere(point))).collect();
                progress = progress.learn(&settings, &losses, &key(generation));
            }
            progress.mean
        };
        assert_eq!(run(|loss| loss), run(|loss| 3.0 * loss.sqrt() - 7.0));
    }

    #[test]
    fn points_stay_within_bounds_and_an_optimum_at_a_corner_is_found() {
        let settings = CmaEs::new(3);
        let mut progress = Progress::start(&settings, &key(3));
        for generation in 1..200 {
            let points = progress.points();
            assert!(points.iter().flatten().all(|x| (0.0..=1.0).contains(x)));
            let losses: Vec<f64> = points.iter().map(|point| point.iter().sum()).collect();
            progress = progress.learn(&settings, &losses, &key(100 + generation));
            if progress.has_ended() {
                break;
            }
        }
        assert!(progress.best().unwrap().1 < 1e-6);
        assert_eq!([0.25, -0.25, 1.25, 2.25, -1.75].map(reflected), [0.25, 0.25, 0.75, 0.25, 0.25]);
    }

    #[test]
    fn missing_losses_rank_last_and_a_generation_without_any_goes_on() {
        assert_eq!(ranked(&[f64::NAN, 2.0, f64::INFINITY, -1.0, 2.0]), [3, 1, 4, 0, 2]);
        let settings = CmaEs::new(2);
        let progress = Progress::start(&settings, &key(0));
        let next = progress.learn(&settings, &[f64::NAN; 6], &key(1));
        assert_eq!((next.best(), next.evaluations), (None, 6));
    }

    #[test]
    fn it_begins_anew_with_twice_the_population() {
        let settings = CmaEs { restarts: 2, ..CmaEs::new(2) };
        let mut progress = Progress::start(&settings, &key(0));
        let mut populations = vec![progress.points().len()];
        for generation in 1..5000 {
            let losses: Vec<f64> = progress.points().iter().map(|point| sphere(point)).collect();
            let next = progress.learn(&settings, &losses, &key(generation));
            if next.start != progress.start {
                populations.push(next.points().len());
            }
            progress = next;
            if progress.has_ended() {
                break;
            }
        }
        assert_eq!(populations, [6, 12, 24]);
        assert!(progress.best().unwrap().1 < 1e-12);
    }
}
