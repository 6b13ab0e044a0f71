//! Population signals as spike counts convolved with kernels.
//!
//! ```text
//! y[i] = sum over connections X -> Y, lags k:  n_X[i - k] H_XY[k]
//! ```
//!
//! `n_X[i]` counts the spikes of X in bin i ([`BinGrid`]), not a rate: kernels are per spike. Nothing is known of spikes before
//! the first bin and after the last. With [`Edges::Valid`] the signal has a sample for each bin whose sum needs none of them;
//! it equals `numpy.convolve(n, h, 'valid')`. With [`Edges::Same`] it has one for every bin, as if there had been no others, and
//! its first samples, as many as the kernel has lags, are too small; it equals `numpy.convolve(n, h, 'same')` with a kernel `h`
//! whose middle sample is lag 0.
//!
//! Two algorithms give the same numbers to a relative 1e-13 of the signal's maximum: sums over single spikes where these are few,
//! else blocks of fast Fourier transforms. Which one runs depends on sizes and counts alone, never on the machine;
//! the last bits of a transform do depend on the vector instructions that the processor has.

mod bins;
mod direct;
mod fourier;
mod superpose;

pub use bins::{BinGrid, outside, spike_counts};
pub use superpose::{Convolution, ConvolutionError, Edges, PopulationSpikes, Signal, Superposition, superpose};

/// A source of spikes convolved with a kernel; an output is a sum of these.
struct Term {
    source: usize,
    kernel: Vec<f64>,
}
