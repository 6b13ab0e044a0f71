//! Bands of frequencies, and the bins of a transform that lie in them.

use std::ops::Range;

use super::ConnectivityError;

/// A band of frequencies, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Band {
    /// All frequencies between 0 Hz and half the sampling rate. At these two ends there is no phase.
    #[default]
    Whole,
    /// From one frequency to another.
    Between {
        /// Above 0 Hz.
        low_hz: f64,
        /// At most half the sampling rate.
        high_hz: f64,
    },
}

/// A frequency that is as near as this, relative to its own, counts as that of a bin: limits such as 0.1 Hz are rounded.
const SAME: f64 = 1e-9;

impl Band {
    /// The bins k of a transform of `length` values whose frequency, k f_s / length, lies in the band.
    ///
    /// # Errors
    /// A rate or band that is none, a band beyond half the sampling rate, a band between two bins.
    pub fn bins(&self, rate_hz: f64, length: usize) -> Result<Range<usize>, ConnectivityError> {
        if !(rate_hz > 0.0 && rate_hz.is_finite()) {
            return Err(ConnectivityError::Rate(rate_hz));
        }
        let bins = match *self {
            Band::Whole => 1..length.div_ceil(2),
            Band::Between { low_hz, high_hz } => {
                if !(low_hz > 0.0 && low_hz <= high_hz && high_hz.is_finite()) {
                    return Err(ConnectivityError::Limits { low_hz, high_hz });
                }
                let in_bins = length as f64 / rate_hz;
                if high_hz > 0.5 * rate_hz * (1.0 + SAME) {
                    return Err(ConnectivityError::BeyondSpectrum { high_hz, rate_hz });
                }
                let first = (low_hz * in_bins * (1.0 - SAME)).ceil() as usize;
                let last = (high_hz * in_bins * (1.0 + SAME)).floor() as usize;
                first.max(1)..(last.min(length / 2) + 1)
            }
        };
        if bins.is_empty() {
            return Err(ConnectivityError::NoFrequency { length, rate_hz });
        }
        Ok(bins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_a_band() {
        let band = |low_hz, high_hz| Band::Between { low_hz, high_hz };
        assert_eq!(band(8.0, 13.0).bins(256.0, 512), Ok(16..27));
        // 0.1 Hz is bin 1 of 2560 values, 256 per second, but for rounding.
        assert_eq!(band(0.1, 0.3).bins(256.0, 2560), Ok(1..4));
        assert_eq!(band(100.0, 128.0).bins(256.0, 256), Ok(100..129));
        assert_eq!(Band::Whole.bins(1.0, 8), Ok(1..4));
        assert_eq!(Band::Whole.bins(1.0, 7), Ok(1..4));
    }

    #[test]
    fn bands_without_a_frequency_are_refused() {
        let band = |low_hz, high_hz| Band::Between { low_hz, high_hz };
        let none = ConnectivityError::NoFrequency { length: 100, rate_hz: 100.0 };
        assert_eq!(band(8.1, 8.9).bins(100.0, 100), Err(none));
        assert_eq!(
            band(8.0, 51.0).bins(100.0, 100),
            Err(ConnectivityError::BeyondSpectrum { high_hz: 51.0, rate_hz: 100.0 })
        );
        for (low_hz, high_hz) in [(0.0, 8.0), (9.0, 8.0), (f64::NAN, 8.0), (8.0, f64::INFINITY)] {
            assert!(matches!(band(low_hz, high_hz).bins(100.0, 100), Err(ConnectivityError::Limits { .. })));
        }
        assert_eq!(Band::Whole.bins(0.0, 100), Err(ConnectivityError::Rate(0.0)));
        for length in [0, 1, 2] {
            assert!(matches!(Band::Whole.bins(1.0, length), Err(ConnectivityError::NoFrequency { .. })));
        }
    }
}
