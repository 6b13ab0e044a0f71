//! What numbers that should be uniform say, in a word.
//!
//! For n uniform numbers u the mean of u - 1/2 has the standard error sqrt(1 / (12 n)), that of (u - 1/2)^2 - 1/12 sqrt(1 / (180 n)). A verdict needs 3 standard
//! errors and a size that matters: the mean off by 0.02, or a spread off by 5 % (posteriors about 2.5 % too narrow or too wide). Where both are there, the one with
//! more standard errors is told.

use super::uniform::uniformity;

/// In a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Calibrated,
    /// Too narrow: true values lie in the tails too often.
    Overconfident,
    /// Too wide: true values lie in the middle too often.
    Underconfident,
    /// Too high or too low: true values lie on one side too often.
    Biased,
    /// Neither shifted nor too narrow or wide, but of another shape (the tests of uniformity fail at 0.001).
    Misshapen,
    /// Too few samples to say (fewer than [`FEWEST`]).
    Undecided,
}

/// A verdict, with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// In a word.
    pub verdict: Verdict,
    /// Samples.
    pub samples: usize,
    /// Mean of u - 1/2: above 0 where true values are larger than the posterior says.
    pub shift: f64,
    /// That in standard errors.
    pub shift_z: f64,
    /// 12 times the mean of (u - 1/2)^2, less 1: above 0 where the posterior is too narrow. For regions, 2 times the mean of the level, less 1.
    pub spread: f64,
    /// That in standard errors.
    pub spread_z: f64,
}

/// Below, nothing is said.
pub const FEWEST: usize = 30;
const ERRORS: f64 = 3.0;
const LEAST_SHIFT: f64 = 0.02;
const LEAST_SPREAD: f64 = 0.05;
const SMALLEST_P: f64 = 1e-3;

/// Of the places of true values among draws, from 0 (below all) to 1 (above all).
pub fn judge(uniforms: &[f64]) -> Judgement {
    let count = uniforms.len() as f64;
    let mean = |of: &dyn Fn(f64) -> f64| uniforms.iter().map(|u| of(*u)).sum::<f64>() / count;
    let shift = mean(&|u| u - 0.5);
    let shift_z = shift * (12.0 * count).sqrt();
    let square = mean(&|u| (u - 0.5).powi(2));
    let spread_z = (square - 1.0 / 12.0) * (180.0 * count).sqrt();
    decided(
        uniforms,
        Judgement {
            verdict: Verdict::Undecided,
            samples: uniforms.len(),
            shift,
            shift_z,
            spread: 12.0 * square - 1.0,
            spread_z,
        },
    )
}

/// Of the levels of the smallest regions that hold the true values: they know no side.
pub fn judge_regions(levels: &[f64]) -> Judgement {
    let count = levels.len() as f64;
    let mean = levels.iter().map(|level| level - 0.5).sum::<f64>() / count;
    decided(
        levels,
        Judgement {
            verdict: Verdict::Undecided,
            samples: levels.len(),
            shift: 0.0,
            shift_z: 0.0,
            spread: 2.0 * mean,
            spread_z: mean * (12.0 * count).sqrt(),
        },
    )
}

fn decided(numbers: &[f64], judged: Judgement) -> Judgement {
    let shifted = judged.shift_z.abs() > ERRORS && judged.shift.abs() > LEAST_SHIFT;
    let spread = judged.spread_z.abs() > ERRORS && judged.spread.abs() > LEAST_SPREAD;
    let of_width = if judged.spread > 0.0 { Verdict::Overconfident } else { Verdict::Underconfident };
    let test = uniformity(numbers);
    let verdict = if numbers.len() < FEWEST {
        Verdict::Undecided
    } else if shifted && (!spread || judged.shift_z.abs() >= judged.spread_z.abs()) {
        Verdict::Biased
    } else if spread {
        of_width
    } else if test.chi_square_p < SMALLEST_P && test.ks > LEAST_SHIFT {
        Verdict::Misshapen
    } else {
        Verdict::Calibrated
    };
    Judgement { verdict, ..judged }
}
