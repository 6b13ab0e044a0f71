//! Poisson groups of rates that do not change: whose spikes come when, without a draw for each element and step.
//!
//! An element spikes in a step with the probability p = rate dt, whatever was before. The steps from one spike to the next
//! are then 1 + g with P(g) = p (1 - p)^g, drawn as floor(ln u / ln(1 - p)) of a uniform number u (Devroye 1986,
//! Non-Uniform Random Variate Generation, X.2). Steps are drawn in windows, each from draws of its own, so that what is
//! drawn depends on the key, the element and the window alone.

use crate::engine::{Distribution, Draws};
use crate::maths::logarithm::log;

/// Spikes of an element in a window, on average of the fastest.
const SPIKES_PER_WINDOW: f64 = 8.0;
/// Steps of the longest window.
const LONGEST_WINDOW: f64 = 1_048_576.0;

/// Who spikes in which step.
#[derive(Clone, Debug)]
pub(crate) struct PoissonTimes {
    key: [u32; 2],
    /// The probability of a spike in a step, the same for all or one for each element.
    probabilities: Vec<f64>,
    elements: u32,
    /// Steps of a window.
    length: u64,
    /// The window that is known.
    window: Option<u64>,
    /// Its spikes, ascending: the step within the window, and who.
    spikes: Vec<(u32, u32)>,
    /// How many of them are in steps before the one that was asked for last.
    passed: usize,
}

impl PoissonTimes {
    /// Of `elements` processes with a probability for all of them, or with one for each. Probabilities are from 0 to 1.
    pub(crate) fn new(elements: u32, probabilities: Vec<f64>, key: [u32; 2]) -> Self {
        let fastest = probabilities.iter().copied().fold(0.0, f64::max);
        let length = (SPIKES_PER_WINDOW / fastest).ceil().clamp(1.0, LONGEST_WINDOW) as u64;
        Self { key, probabilities, elements, length, window: None, spikes: Vec::new(), passed: 0 }
    }

    /// Appends who spikes in a step, ascending.
    pub(crate) fn fired(&mut self, step: u64, out: &mut Vec<u32>) {
        let window = step / self.length;
        let within = (step % self.length) as u32;
        if self.window != Some(window) {
            self.draw(window);
        }
        if self.passed > 0 && self.spikes.get(self.passed - 1).is_some_and(|&(there, _)| there >= within) {
            self.passed = 0;
        }
        while let Some(&(there, element)) = self.spikes.get(self.passed)
            && there <= within
        {
            if there == within {
                out.push(element);
            }
            self.passed += 1;
        }
    }

    fn draw(&mut self, window: u64) {
        (self.window, self.passed) = (Some(window), 0);
        self.spikes.clear();
        let draws = Draws::new(self.key, window);
        let length = self.length as f64;
        for element in 0..self.elements {
            let place = if self.probabilities.len() == 1 { 0 } else { element as usize };
            let Some(&probability) = self.probabilities.get(place) else { continue };
            if probability <= 0.0 {
                continue;
            }
            let rest = libm::log1p(-probability);
            let mut step = 0.0;
            for draw in 0.. {
                // From 0 (excluded) to 1 (included); ln(1 - p) of p = 1 is minus infinity, and all gaps are 0.
                let uniform = 1.0 - draws.one(Distribution::Uniform, draw, element);
                step += (log(uniform) / rest).floor().abs();
                if step >= length {
                    break;
                }
                self.spikes.push((step as u32, element));
                step += 1.0;
            }
        }
        self.spikes.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(times: &mut PoissonTimes, steps: u64) -> Vec<Vec<u32>> {
        let fired = |step| {
            let mut out = Vec::new();
            times.fired(step, &mut out);
            out
        };
        (0..steps).map(fired).collect()
    }

    #[test]
    fn spikes_are_independent_with_their_probability() {
        let probabilities = vec![0.3, 0.05, 0.0, 1.0, 0.9];
        let steps = 200_000;
        let fired = all(&mut PoissonTimes::new(5, probabilities.clone(), [1, 2]), steps);
        let spikes: Vec<Vec<bool>> =
            (0..5).map(|element| fired.iter().map(|fired| fired.contains(&element)).collect()).collect();
        for (own, &p) in spikes.iter().zip(&probabilities) {
            let within = |count: usize, p: f64, n: f64| {
                let z = (count as f64 - n * p) / (n * p * (1.0 - p)).sqrt().max(1e-9);
                assert!(z.abs() < 4.5 || (count as f64 - n * p).abs() < 0.5, "{count} of {n} at {p}");
            };
            within(own.iter().filter(|spike| **spike).count(), p, steps as f64);
            // One step after the other, also over the ends of windows.
            let pairs = own.windows(2).filter(|pair| pair[0] && pair[1]).count();
            within(pairs, p * p, steps as f64 - 1.0);
        }
        let both = (0..steps as usize).filter(|&step| spikes[0][step] && spikes[4][step]).count() as f64;
        let expected = 0.3 * 0.9 * steps as f64;
        assert!((both - expected).abs() < 4.5 * (expected * (1.0 - 0.27)).sqrt(), "{both} {expected}");
    }

    #[test]
    fn any_order_of_steps_gives_the_same() {
        let mut times = PoissonTimes::new(40, vec![0.02], [7, 7]);
        let once = all(&mut times, 3000);
        for step in [2999, 0, 17, 18, 17, 1200, 5] {
            let mut out = Vec::new();
            times.fired(step, &mut out);
            assert_eq!(out, once[step as usize], "{step}");
            assert!(out.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!(once.iter().any(|fired| fired.len() > 1));
    }

    #[test]
    fn nothing_spikes_without_a_rate() {
        assert!(all(&mut PoissonTimes::new(3, vec![0.0], [1, 1]), 100).iter().all(Vec::is_empty));
        assert!(all(&mut PoissonTimes::new(0, vec![0.5], [1, 1]), 100).iter().all(Vec::is_empty));
        let mut tiny = PoissonTimes::new(2, vec![1e-300], [1, 1]);
        let mut out = Vec::new();
        for step in [0, 1_000_000_000, u64::MAX] {
            tiny.fired(step, &mut out);
        }
        assert!(out.is_empty());
    }
}
