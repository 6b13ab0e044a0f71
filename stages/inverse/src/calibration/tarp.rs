//! Tests of accuracy with random points (TARP; Lemos, Coogan, Hezaveh, Perreault-Levasseur 2023, ICML, algorithm 2).
//!
//! For each sample a point is drawn, uniform over the range of the true values of all samples. The part f of the draws that lie nearer to it than the true values
//! is uniform if the posterior is right. Distances are Euclidean over targets in units of their range.

use lapicque_numerics::random::Generator;

use super::Cases;
use super::uniform::rank;

/// f of each sample, as a number that is uniform if the posterior is right.
pub fn tarp_ranks(cases: &Cases, generator: &mut Generator) -> Vec<f64> {
    let range = |target: usize| {
        let column = cases.truth.column(target);
        let low = column.iter().copied().fold(f64::INFINITY, f64::min);
        let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (low, high - low)
    };
    let ranges: Vec<(f64, f64)> = (0..cases.truth.ncols()).map(range).collect();
    let of_case = |(truth, draws): (ndarray::ArrayView1<'_, f64>, &crate::Draws)| {
        let point: Vec<f64> = ranges.iter().map(|(low, width)| low + width * generator.uniform()).collect();
        let distance = |values: ndarray::ArrayView1<'_, f64>| -> f64 {
            let parts = values.iter().zip(&point).zip(&ranges);
            // A target that does not vary tells nothing.
            parts.filter(|(_, (_, width))| *width > 0.0).map(|((v, p), (_, width))| ((v - p) / width).powi(2)).sum()
        };
        let of_truth = distance(truth);
        rank(draws.values.rows().into_iter().map(|draw| distance(draw).total_cmp(&of_truth)), generator).1
    };
    cases.truth.rows().into_iter().zip(&cases.draws).map(of_case).collect()
}
