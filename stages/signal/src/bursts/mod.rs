//! Oscillations cycle by cycle: period, amplitude and symmetry of each, and which of them are bursts.
//!
//! 1. The series without its mean is filtered to the band, in which rising and falling zero crossings are found.
//! 2. In the unfiltered series the largest value between a rising and the next falling crossing is a peak, the
//!    smallest between a falling and the next rising one a trough. The first extremum is a peak, the last a trough.
//! 3. On each flank the point where the series crosses the middle between both extrema is its midpoint: the median
//!    of several; the middle in time, if the flank goes the wrong way.
//! 4. A cycle goes from trough to trough; with [`Center::Trough`] from peak to peak, by the same steps on the
//!    series with its sign changed.
//!
//! With V the values, t the times in samples, T_0 and T_1 the troughs, P the peak, R and D the midpoints of rise and
//! decay, D_0 that of the decay before:
//!
//! | feature | equation | unit |
//! |---|---|---|
//! | period | t(T_1) - t(T_0) | samples |
//! | amplitude | V(P) - (V(T_0) + V(T_1)) / 2: mean of rise and decay | unit |
//! | rise-decay symmetry | (t(P) - t(T_0)) / period: 0.5 for a sine | 1 |
//! | peak-trough symmetry | (t(D) - t(R)) / (t(D) - t(D_0)) | 1 |
//! | amplitude fraction | rank of the amplitude, mean rank of equal ones, over the number of cycles | 1 |
//! | amplitude consistency | least of min / max of: own rise and decay, rise and decay before, decay and next rise; at least 0 | 1 |
//! | period consistency | lesser of min / max of the period with that before and that after | 1 |
//! | monotonicity | mean of the part of steps up in the rise and down in the decay | 1 |
//!
//! A cycle is in a burst if all four exceed their thresholds, and at least `fewest_cycles` in a row do. The first and
//! the last cycle have no neighbour and never do.
//!
//! The filter has the taps h_i = w_i (sin(2 pi f_2 i) - sin(2 pi f_1 i)) / (pi i) about the middle one, w Hamming's
//! window, f over the sampling rate, `filter_cycles` cycles of the lower edge long, scaled to gain 1 in the middle of
//! the band; beyond its ends the series counts as 0.
//!
//! The same as bycycle 1.2.0 on the series minus its mean. A series that is constant, not finite, or no longer than the
//! filter has no cycles.
//!
//! Reference: Cole S & Voytek B (2019) J Neurophysiol 122:849, Methods, "Cycle feature computation" and "Burst
//! detection".

mod band_filter;
mod cycles;
mod landmarks;
mod summary;

pub use cycles::{Cycle, cycles, filter_samples};
pub use summary::{Summary, summary};

/// The extremum in the middle of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Center {
    /// Cycles go from trough to trough.
    #[default]
    Peak,
    /// Cycles go from peak to peak.
    Trough,
}

/// How cycles are found, and which are bursts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// The band in which the rhythm is, from.
    pub low_hz: f64,
    /// To.
    pub high_hz: f64,
    /// Length of the filter in cycles of `low_hz`.
    pub filter_cycles: f64,
    /// What is in the middle of a cycle.
    pub center: Center,
    /// A cycle in a burst has an amplitude fraction above this.
    pub amplitude_fraction: f64,
    /// And an amplitude consistency above this.
    pub amplitude_consistency: f64,
    /// And a period consistency above this.
    pub period_consistency: f64,
    /// And a monotonicity above this.
    pub monotonicity: f64,
    /// Cycles of a burst at least.
    pub fewest_cycles: usize,
}

impl Method {
    /// bycycle's defaults, for a band.
    pub fn new(low_hz: f64, high_hz: f64) -> Method {
        Method {
            low_hz,
            high_hz,
            filter_cycles: 3.0,
            center: Center::default(),
            amplitude_fraction: 0.0,
            amplitude_consistency: 0.5,
            period_consistency: 0.5,
            monotonicity: 0.8,
            fewest_cycles: 3,
        }
    }
}

/// Why there are no cycles.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BurstError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error(
        "the band is {low_hz} to {high_hz} Hz; it must lie above 0 Hz and below half of the sampling rate of {rate_hz} Hz, the lower edge first"
    )]
    Band { low_hz: f64, high_hz: f64, rate_hz: f64 },
    #[error("filter_cycles is {0}; it must be finite and above 0")]
    FilterCycles(f64),
}

#[cfg(test)]
mod tests;
