//! Slice sampling (Neal 2003, Ann Stat 31:705) of many chains side by side, so that a density is asked for many points at once.
//!
//! A step draws a height y = ln f(x) - Exp(1), lays an interval of width w = 3 at random around x on a line through x, moves its ends out until both lie below y
//! (at most [`STEPS_OUT`] times, shared out at random between the ends, Neal's figure 3), and draws from it, moving an end to each point that lies below y
//! (figure 5). Lines point along L e: e is standard normal, of length 1, and L L^T is the covariance of the chains' states at one third, and then at two
//! thirds, of the warm-up; before, L is 1. A sweep is as many steps as there are dimensions. After the warm-up nothing adapts, so the density stays exactly
//! invariant.
//!
//! | parameter | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | count | 64 | 1 | chains | 1 to 10,000 |
//! | warm_up | 60 | sweeps | what is left out at the begin of each | 3 to 100,000 |
//! | thinning | 3 | sweeps | from one draw of a chain to the next | 1 to 10,000 |

use lapicque_numerics::random::{Generator, StreamKey};
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::InverseError;
use crate::small_matrix::{cholesky, covariance};

/// How many chains are sampled, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Chains {
    /// Number of chains, 1 to 10,000.
    pub count: usize,
    /// Sweeps that are left out at the begin of each, 3 to 100,000.
    pub warm_up: usize,
    /// Sweeps from one draw of a chain to the next, 1 to 10,000.
    pub thinning: usize,
}

impl Default for Chains {
    fn default() -> Self {
        Self { count: 64, warm_up: 60, thinning: 3 }
    }
}

/// In standard deviations of the chains' states, once these are known.
const WIDTH: f64 = 3.0;
/// How often the ends of an interval move out, both together.
const STEPS_OUT: u64 = 20;
/// How often an interval is made smaller; ends meet long before.
const MOST_SHRINKS: usize = 200;

impl Chains {
    /// # Errors
    /// The first number out of range.
    pub(crate) fn check(&self, owner: &'static str) -> Result<(), InverseError> {
        for (parameter, value, least, most) in [
            ("chains.count", self.count, 1, 10_000),
            ("chains.warm_up", self.warm_up, 3, 100_000),
            ("chains.thinning", self.thinning, 1, 10_000),
        ] {
            if !(least..=most).contains(&value) {
                let allowed = format!("a whole number from {least} to {most}");
                return Err(InverseError::Parameter { owner, parameter, value: value.to_string(), allowed });
            }
        }
        Ok(())
    }

    /// `count` draws x dimensions of the density whose logarithm `log_density` gives for each of several points (minus infinity or NaN where there is none).
    /// Chains begin at the rows of `start`, one each, where the density is above 0. Fewer draws are the first of more: draw after draw of all chains, in
    /// their order.
    pub(crate) fn sample(
        &self,
        log_density: &dyn Fn(ArrayView2<'_, f64>) -> Vec<f64>,
        start: Array2<f64>,
        count: usize,
        stream: StreamKey,
    ) -> Array2<f64> {
        let (chains, dimensions) = start.dim();
        let key = stream.derive("chain");
        let heights = log_density(start.view());
        let mut state = State {
            generators: (0..chains as u64).map(|chain| key.at(chain)).collect(),
            heights,
            points: start,
            lower: Array2::eye(dimensions),
        };
        for sweep in 0..self.warm_up {
            if sweep > 0 && sweep % (self.warm_up / 3).max(1) == 0 {
                state.adapt();
            }
            state.sweep(log_density);
        }
        let mut draws = Array2::zeros((count, dimensions));
        for lot in 0..count.div_ceil(chains.max(1)) {
            for _ in 0..self.thinning {
                state.sweep(log_density);
            }
            for (chain, point) in state.points.rows().into_iter().enumerate().take(count - lot * chains) {
                draws.row_mut(lot * chains + chain).assign(&point);
            }
        }
        draws
    }
}

/// Where all chains are.
struct State {
    generators: Vec<Generator>,
    /// chains x dimensions.
    points: Array2<f64>,
    /// Logarithm of the density at each.
    heights: Vec<f64>,
    /// L.
    lower: Array2<f64>,
}

/// One chain's line, interval and height.
struct Slice {
    direction: Vec<f64>,
    height: f64,
    left: f64,
    right: f64,
    steps_left: u64,
    steps_right: u64,
}

impl State {
    /// Lines follow the covariance of the states from now on; its diagonal alone where the chains are too few to tell more.
    fn adapt(&mut self) {
        let dimensions = self.points.ncols();
        if self.points.nrows() < 4 {
            return;
        }
        let (_, mut spread) = covariance(self.points.view());
        let few = self.points.nrows() < 4 * dimensions;
        for row in 0..dimensions {
            for column in 0..dimensions {
                if few && row != column {
                    spread[[row, column]] = 0.0;
                }
            }
            // Chains that all stand at one place would never leave it.
            spread[[row, row]] = spread[[row, row]] * (1.0 + 1e-6) + 1e-12;
        }
        if let Some(lower) = cholesky(&spread) {
            self.lower = lower;
        }
    }

    fn sweep(&mut self, log_density: &dyn Fn(ArrayView2<'_, f64>) -> Vec<f64>) {
        for _ in 0..self.points.ncols() {
            self.step(log_density);
        }
    }

    fn step(&mut self, log_density: &dyn Fn(ArrayView2<'_, f64>) -> Vec<f64>) {
        let mut slices: Vec<Slice> = (0..self.points.nrows()).map(|chain| self.slice(chain)).collect();
        // All slices whose end may move are asked at once.
        let mut active: Vec<usize> = (0..slices.len()).filter(|&chain| slices[chain].steps_left > 0).collect();
        while !active.is_empty() {
            let ends: Vec<f64> = active.iter().map(|&chain| slices[chain].left).collect();
            let found = self.at(log_density, &slices, &active, &ends);
            active = keep(&active, &found, |chain, density| {
                let slice = &mut slices[chain];
                let moves = density > slice.height;
                if moves {
                    slice.left -= WIDTH;
                    slice.steps_left -= 1;
                }
                moves && slice.steps_left > 0
            });
        }
        active = (0..slices.len()).filter(|&chain| slices[chain].steps_right > 0).collect();
        while !active.is_empty() {
            let ends: Vec<f64> = active.iter().map(|&chain| slices[chain].right).collect();
            let found = self.at(log_density, &slices, &active, &ends);
            active = keep(&active, &found, |chain, density| {
                let slice = &mut slices[chain];
                let moves = density > slice.height;
                if moves {
                    slice.right += WIDTH;
                    slice.steps_right -= 1;
                }
                moves && slice.steps_right > 0
            });
        }
        active = (0..slices.len()).collect();
        for _ in 0..MOST_SHRINKS {
            if active.is_empty() {
                break;
            }
            let tried = active.iter().map(|&chain| {
                let slice = &slices[chain];
                slice.left + (slice.right - slice.left) * self.generators[chain].uniform()
            });
            let tried: Vec<f64> = tried.collect();
            let found = self.at(log_density, &slices, &active, &tried);
            let mut along = tried.into_iter();
            active = keep(&active, &found, |chain, density| {
                let (slice, along) = (&mut slices[chain], along.next().unwrap_or(0.0));
                if density > slice.height {
                    for (slot, part) in self.points.row_mut(chain).iter_mut().zip(&slice.direction) {
                        *slot += along * part;
                    }
                    self.heights[chain] = density;
                    return false;
                }
                *(if along < 0.0 { &mut slice.left } else { &mut slice.right }) = along;
                true
            });
        }
    }

    fn slice(&mut self, chain: usize) -> Slice {
        let generator = &mut self.generators[chain];
        let mut e: Vec<f64> = (0..self.lower.nrows()).map(|_| generator.normal()).collect();
        let length = e.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        e.iter_mut().for_each(|value| *value /= length);
        let direction = self.lower.rows().into_iter().map(|row| row.iter().zip(&e).map(|(l, e)| l * e).sum()).collect();
        let height = self.heights[chain] + generator.uniform_above_zero().ln();
        let left = -WIDTH * generator.uniform();
        let steps_left = generator.below(STEPS_OUT);
        Slice { direction, height, left, right: left + WIDTH, steps_left, steps_right: STEPS_OUT - 1 - steps_left }
    }

    /// The logarithm of the density at a distance along the line of each of some chains.
    fn at(
        &self,
        log_density: &dyn Fn(ArrayView2<'_, f64>) -> Vec<f64>,
        slices: &[Slice],
        chains: &[usize],
        along: &[f64],
    ) -> Vec<f64> {
        let points = Array2::from_shape_fn((chains.len(), self.points.ncols()), |(place, dimension)| {
            let chain = chains[place];
            self.points[[chain, dimension]] + along[place] * slices[chain].direction[dimension]
        });
        log_density(points.view())
    }
}

/// The chains for which `stays` says so; a density that is not known is none.
fn keep(chains: &[usize], densities: &[f64], mut stays: impl FnMut(usize, f64) -> bool) -> Vec<usize> {
    let known = |density: f64| if density.is_nan() { f64::NEG_INFINITY } else { density };
    chains
        .iter()
        .zip(densities)
        .filter(|(chain, density)| stays(**chain, known(**density)))
        .map(|(chain, _)| *chain)
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{array, s};

    use super::*;

    /// Strongly correlated, and of very different widths.
    fn narrow(points: ArrayView2<'_, f64>) -> Vec<f64> {
        let of = |x: f64, y: f64| {
            let (u, v) = ((x - 1.0) / 0.01, (y + 2.0) / 3.0);
            -(u * u - 1.8 * u * v + v * v) / (2.0 * (1.0 - 0.81))
        };
        points.rows().into_iter().map(|point| of(point[0], point[1])).collect()
    }

    #[test]
    fn a_narrow_correlated_density_is_sampled_with_its_moments() {
        let chains = Chains::default();
        let start = Array2::from_shape_fn((64, 2), |(chain, dimension)| (chain as f64 * 0.7 + dimension as f64).sin());
        let draws = chains.sample(&narrow, start, 12_800, StreamKey::new([5; 16]));
        let (mean, spread) = covariance(draws.view());
        // About 10,000 independent draws: standard errors are 1 % of the standard deviations.
        assert!((mean[0] - 1.0).abs() < 0.0005 && (mean[1] + 2.0).abs() < 0.15, "{mean:?}");
        for (found, expected) in spread.iter().zip(&array![[1e-4, 0.027], [0.027, 9.0]]) {
            assert!((found / expected - 1.0).abs() < 0.06, "{spread}");
        }
    }

    #[test]
    fn two_modes_keep_the_weights_with_which_chains_begin_and_bounds_are_kept() {
        let halves = |points: ArrayView2<'_, f64>| -> Vec<f64> {
            let inside = |x: f64| (0.0..=1.0).contains(&x) || (1.5..=2.5).contains(&x);
            points.iter().map(|x| if inside(*x) { 0.0 } else { f64::NEG_INFINITY }).collect()
        };
        let start = Array2::from_shape_fn((50, 1), |(chain, _)| if chain < 25 { 0.5 } else { 2.0 });
        let draws =
            Chains { count: 50, warm_up: 20, thinning: 2 }.sample(&halves, start, 5000, StreamKey::new([1; 16]));
        assert!(halves(draws.view()).iter().all(|density| *density == 0.0));
        let lower = draws.iter().filter(|x| **x < 1.2).count();
        assert!((2250..2750).contains(&lower), "{lower}");
    }

    #[test]
    fn fewer_draws_are_the_first_of_more() {
        let chains = Chains { count: 7, warm_up: 5, thinning: 1 };
        let draw = |count| chains.sample(&narrow, Array2::zeros((7, 2)), count, StreamKey::new([2; 16]));
        assert_eq!(draw(30).slice(s![..11, ..]), draw(11));
        assert_eq!(draw(0).nrows(), 0);
    }

    #[test]
    fn counts_out_of_range_are_named() {
        let message = Chains { count: 0, ..Chains::default() }.check("nle").unwrap_err().to_string();
        assert!(message.contains("`chains.count` of nle is 0"), "{message}");
        assert!(Chains { thinning: 0, ..Chains::default() }.check("nle").is_err());
        assert!(Chains { warm_up: 2, ..Chains::default() }.check("nle").is_err());
    }
}
