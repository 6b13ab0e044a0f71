//! Overlap-save convolution: blocks of a power of two, one forward transform per source and one inverse per output.
//!
//! Oppenheim & Schafer, Discrete-Time Signal Processing, section 8.7.3.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::Term;

/// Time of a transform of size n over `n log2 n` multiply-adds of the direct sum, measured.
const BUTTERFLY: f64 = 0.8;

/// How to cut the signal into blocks.
pub(super) struct Plan {
    taps: usize,
    size: usize,
    cost: f64,
}

impl Plan {
    pub(super) fn cheapest(counts: &[Vec<u32>], outputs: &[Vec<Term>], first: usize) -> Self {
        let bins = counts.first().map_or(0, Vec::len);
        // Lags beyond the last bin reach no output.
        let longest = outputs.iter().flatten().map(|t| t.kernel.len()).max();
        let taps = longest.unwrap_or(1).clamp(1, bins.max(1));
        let terms: usize = outputs.iter().map(Vec::len).sum();
        let largest = (bins + taps).next_power_of_two().max(2);
        let mut size = (taps + 1).next_power_of_two().max(2);
        let mut best = Self { taps, size, cost: f64::INFINITY };
        while size <= largest {
            let blocks = bins.saturating_sub(first).div_ceil(size - taps + 1);
            let transforms = blocks * (counts.len() + outputs.len()) + terms;
            let products = blocks * terms;
            let transform = (size * size.ilog2() as usize) as f64 * BUTTERFLY;
            let cost = transforms as f64 * transform + (products * size) as f64;
            if cost < best.cost {
                best = Self { taps, size, cost };
            }
            size *= 2;
        }
        best
    }

    /// Expected time in the unit of [`super::direct::cost`].
    pub(super) fn cost(&self) -> f64 {
        self.cost
    }

    /// The sums from bin `first` on.
    pub(super) fn convolve(&self, counts: &[Vec<u32>], outputs: &[Vec<Term>], first: usize) -> Vec<Vec<f64>> {
        let bins = counts.first().map_or(0, Vec::len);
        let mut transform = Transform::new(self.size);
        let filters: Vec<Vec<Filter>> = outputs
            .iter()
            .map(|terms| {
                let filter = |term: &Term| Filter {
                    source: term.source,
                    spectrum: transform.of_kernel(&term.kernel[..term.kernel.len().min(self.taps)]),
                };
                terms.iter().map(filter).collect()
            })
            .collect();
        let mut signals: Vec<Vec<f64>> =
            outputs.iter().map(|_| Vec::with_capacity(bins.saturating_sub(first))).collect();
        let fresh = self.size - self.taps + 1;
        for begin in (first..bins).step_by(fresh) {
            let spectra: Vec<Option<Vec<Complex<f64>>>> =
                counts.iter().map(|counts| transform.of_block(counts, begin, self.taps - 1)).collect();
            for (signal, filters) in signals.iter_mut().zip(&filters) {
                let length = fresh.min(bins - begin);
                let block = transform.filtered(&spectra, filters);
                match block {
                    Some(block) => {
                        signal.extend_from_slice(&block[self.taps - 1..self.taps - 1 + length]);
                    }
                    None => signal.extend(std::iter::repeat_n(0.0, length)),
                }
            }
        }
        signals
    }
}

struct Filter {
    source: usize,
    /// Divided by the transform's size.
    spectrum: Vec<Complex<f64>>,
}

/// Transforms of one size with their buffers.
struct Transform {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    time: Vec<f64>,
    product: Vec<Complex<f64>>,
    forward_scratch: Vec<Complex<f64>>,
    inverse_scratch: Vec<Complex<f64>>,
}

impl Transform {
    fn new(size: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(size);
        let inverse = planner.plan_fft_inverse(size);
        Self {
            time: forward.make_input_vec(),
            product: forward.make_output_vec(),
            forward_scratch: forward.make_scratch_vec(),
            inverse_scratch: inverse.make_scratch_vec(),
            forward,
            inverse,
        }
    }

    fn of_kernel(&mut self, kernel: &[f64]) -> Vec<Complex<f64>> {
        let scale = 1.0 / self.time.len() as f64;
        self.time.fill(0.0);
        for (time, kernel) in self.time.iter_mut().zip(kernel) {
            *time = scale * kernel;
        }
        self.forward_transform()
    }

    /// Spectrum of `counts` from `overlap` bins before `begin` on; nothing if they are all 0.
    fn of_block(&mut self, counts: &[u32], begin: usize, overlap: usize) -> Option<Vec<Complex<f64>>> {
        let missing = overlap.saturating_sub(begin);
        let from = begin.saturating_sub(overlap);
        let available = &counts[from..counts.len().min(from + self.time.len() - missing)];
        if available.iter().all(|&n| n == 0) {
            return None;
        }
        self.time.fill(0.0);
        for (time, &count) in self.time[missing..].iter_mut().zip(available) {
            *time = f64::from(count);
        }
        Some(self.forward_transform())
    }

    fn forward_transform(&mut self) -> Vec<Complex<f64>> {
        let mut spectrum = self.forward.make_output_vec();
        // Fails only for buffers of the wrong length, and the planner made these.
        let _ = self.forward.process_with_scratch(&mut self.time, &mut spectrum, &mut self.forward_scratch);
        spectrum
    }

    /// Sum of filtered sources in the time domain; nothing if all of them are silent.
    fn filtered(&mut self, spectra: &[Option<Vec<Complex<f64>>>], filters: &[Filter]) -> Option<&[f64]> {
        self.product.fill(Complex::default());
        let mut silent = true;
        for filter in filters {
            if let Some(spectrum) = &spectra[filter.source] {
                silent = false;
                for ((product, a), b) in self.product.iter_mut().zip(spectrum).zip(&filter.spectrum) {
                    *product += a * b;
                }
            }
        }
        if silent {
            return None;
        }
        // A real signal has real ends; rounding must not make the inverse transform refuse them.
        if let [first, .., last] = self.product.as_mut_slice() {
            (first.im, last.im) = (0.0, 0.0);
        }
        // Fails only for buffers of the wrong length, and the planner made these.
        let _ = self.inverse.process_with_scratch(&mut self.product, &mut self.time, &mut self.inverse_scratch);
        Some(&self.time)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convolution::direct;

    proptest! {
        #[test]
        fn agrees_with_the_direct_sum(
            counts in (1usize..400).prop_flat_map(|bins| {
                prop::collection::vec(prop::collection::vec(0u32..4, bins), 1..3)
            }),
            kernels in prop::collection::vec((0usize..2, prop::collection::vec(-5.0..5.0, 1..90)), 1..5),
            first in 0usize..420,
        ) {
            let terms: Vec<Term> = kernels
                .into_iter()
                .map(|(source, kernel)| Term { source: source.min(counts.len() - 1), kernel })
                .collect();
            let outputs = [terms];
            let whole = direct::convolve(&counts, &outputs, 0).remove(0);
            let expected = whole.get(first..).unwrap_or_default();
            prop_assert_eq!(&direct::convolve(&counts, &outputs, first)[0], expected);
            let plan = Plan::cheapest(&counts, &outputs, first);
            let signal = &plan.convolve(&counts, &outputs, first)[0];
            prop_assert_eq!(signal.len(), expected.len());
            for (a, b) in signal.iter().zip(expected) {
                prop_assert!((a - b).abs() < 1e-9, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn blocks_without_spikes_are_exactly_silent() {
        let mut counts = vec![0; 10_000];
        counts[3] = 1;
        let outputs = [vec![Term { source: 0, kernel: vec![1.0; 10] }]];
        let plan = Plan { taps: 10, size: 64, cost: 0.0 };
        let signal = plan.convolve(&[counts], &outputs, 0).remove(0);
        assert_eq!(signal.len(), 10_000);
        assert!((signal[12] - 1.0).abs() < 1e-12);
        assert!(signal[200..].iter().all(|&y| y == 0.0));
    }
}
