//! Ranks, and whether they are uniform.

use std::cmp::Ordering;

use lapicque_numerics::random::Generator;

use super::Cases;
use super::p_values::{chi_square_above, kolmogorov_above};

/// Two tests of numbers that should be uniform on 0 to 1: differences between neighbouring bins, and of the distribution function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Uniformity {
    /// Equal pieces of 0 to 1: 5 numbers for each on average, and from 2 to 20 of them.
    pub bins: usize,
    /// sum (found - expected)^2 / expected over the bins.
    pub chi_square: f64,
    /// The probability of a larger one, if uniform; too small by up to a fifth where bins expect 5.
    pub chi_square_p: f64,
    /// The largest distance of the distribution function from that of a uniform one (Kolmogorov-Smirnov).
    pub ks: f64,
    /// The probability of a larger one, if uniform.
    pub ks_p: f64,
}

/// Of numbers from 0 to 1.
pub fn uniformity(numbers: &[f64]) -> Uniformity {
    let bins = (numbers.len() / 5).clamp(2, 20);
    let mut counts = vec![0.0; bins];
    for number in numbers {
        counts[((number * bins as f64) as usize).min(bins - 1)] += 1.0;
    }
    let expected = numbers.len() as f64 / bins as f64;
    let chi_square: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let distances = sorted.iter().enumerate().map(|(place, number)| {
        (number - place as f64 / count).abs().max((number - (place as f64 + 1.0) / count).abs())
    });
    let ks = distances.fold(0.0, f64::max);
    Uniformity {
        bins,
        chi_square,
        chi_square_p: chi_square_above(chi_square, bins - 1),
        ks,
        ks_p: kolmogorov_above(ks, numbers.len()),
    }
}

/// For each sample how many draws of a target lie below the true value, and the same as a number that is uniform if the posterior is right. Draws that are equal
/// to the true value lie below or above at random.
pub(super) fn ranks(cases: &Cases, target: usize, generator: &mut Generator) -> (Vec<usize>, Vec<f64>) {
    let of_case = |(truth, draws): (&f64, &crate::Draws)| {
        let column = draws.values.column(target);
        rank(column.iter().map(|draw| draw.total_cmp(truth)), generator)
    };
    cases.truth.column(target).iter().zip(&cases.draws).map(of_case).unzip()
}

/// The level of the smallest region of highest density that holds the true values, for each sample.
pub(super) fn levels_of_regions(cases: &Cases, generator: &mut Generator) -> Vec<f64> {
    let of_case = |(draws, at_truth): (&crate::Draws, &f64)| {
        // Denser draws are within all regions that hold the true values.
        rank(draws.log_density.iter().map(|log| at_truth.total_cmp(log)), generator).1
    };
    cases.draws.iter().zip(&cases.truth_log_density).map(of_case).collect()
}

/// How many of these come before, where equal ones are ordered at random, and the place on 0 to 1.
pub(super) fn rank(order: impl Iterator<Item = Ordering>, generator: &mut Generator) -> (usize, f64) {
    let (mut before, mut equal, mut count) = (0usize, 0u64, 0u32);
    for order in order {
        before += usize::from(order == Ordering::Less);
        equal += u64::from(order == Ordering::Equal);
        count += 1;
    }
    let rank = before + generator.below(equal + 1) as usize;
    (rank, (rank as f64 + generator.uniform()) / (f64::from(count) + 1.0))
}
