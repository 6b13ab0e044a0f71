//! Convolution as a sum of shifted kernels, one per occupied bin: exact zeros where no kernel reaches.

use super::Term;

/// Expected time in units of one multiply-add of this loop.
pub(super) fn cost(counts: &[Vec<u32>], outputs: &[Vec<Term>]) -> f64 {
    let occupied: Vec<usize> = counts.iter().map(|c| c.iter().filter(|&&n| n != 0).count()).collect();
    outputs.iter().flatten().map(|term| occupied[term.source] as f64 * (term.kernel.len() as f64 + CALL)).sum()
}

/// Multiply-adds that the overhead of one shifted kernel is worth.
const CALL: f64 = 20.0;

/// The sums from bin `first` on.
pub(super) fn convolve(counts: &[Vec<u32>], outputs: &[Vec<Term>], first: usize) -> Vec<Vec<f64>> {
    outputs
        .iter()
        .map(|terms| {
            let bins = counts.first().map_or(0, Vec::len);
            let mut signal = vec![0.0; bins.saturating_sub(first)];
            for term in terms {
                for (bin, &count) in counts[term.source].iter().enumerate() {
                    if count != 0 {
                        let count = f64::from(count);
                        let lags = term.kernel.get(first.saturating_sub(bin)..).unwrap_or_default();
                        for (signal, kernel) in signal[bin.saturating_sub(first)..].iter_mut().zip(lags) {
                            *signal += count * kernel;
                        }
                    }
                }
            }
            signal
        })
        .collect()
}
