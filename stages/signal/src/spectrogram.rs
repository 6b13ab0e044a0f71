//! Power over frequency and time: the spectra of overlapping, tapered segments, one by one.
//!
//! Segment m holds samples m (L - overlap) .. + L; its power is that of Welch's method before the average
//! ([`crate::welch`] has the equations and the settings), and its time is (m (L - overlap) + L / 2) / f_s after the
//! first sample. The same as `scipy.signal.spectrogram(mode="psd")`, whose default window is tukey(0.25), with an
//! eighth of the segment as overlap.
//!
//! Reference: Oppenheim AV, Schafer RW (2010) Discrete-Time Signal Processing, section 10.3.

use crate::welch::{Segments, Welch, WelchError};

/// The power of segments.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram {
    /// The middle of each segment, counted from the first sample.
    pub times_s: Vec<f64>,
    /// k f_s / N, from 0.
    pub frequencies_hz: Vec<f64>,
    /// Of each segment, at each frequency; unit^2 / Hz or unit^2.
    pub power: Vec<Vec<f64>>,
}

/// Power of each segment of `series`, sampled at `rate_hz`; how segments would be averaged plays no role.
///
/// # Errors
/// As [`crate::welch::welch`].
pub fn spectrogram(series: &[f64], rate_hz: f64, method: &Welch) -> Result<Spectrogram, WelchError> {
    let mut segments = Segments::new(method, series.len(), rate_hz)?;
    let middle = 0.5 * segments.segment_len() as f64;
    let (mut times_s, mut powers) = (Vec::new(), Vec::new());
    segments.each(series, |first, power| {
        times_s.push((first as f64 + middle) / rate_hz);
        powers.push(power.to_vec());
    });
    Ok(Spectrogram { times_s, frequencies_hz: segments.frequencies_hz(), power: powers })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::welch::welch;

    #[test]
    fn the_mean_over_time_is_welchs_spectrum() {
        let series: Vec<f64> = (0..1000_u32).map(|i| f64::from(i % 13) + f64::from(i * i % 29)).collect();
        let method = Welch { overlap: 40, ..Welch::new(100) };
        let over_time = spectrogram(&series, 50.0, &method).unwrap();
        let averaged = welch(&series, 50.0, &method).unwrap();
        assert_eq!(over_time.frequencies_hz, averaged.frequencies_hz);
        assert_eq!(over_time.times_s[..2], [1.0, 2.2]);
        assert_eq!(over_time.power.len(), 16);
        for (k, expected) in averaged.power.iter().enumerate() {
            let mean = over_time.power.iter().map(|power| power[k]).sum::<f64>() / 16.0;
            assert!((mean - expected).abs() <= 1e-12 * expected);
        }
        let short = spectrogram(&series[..7], 50.0, &method).unwrap();
        assert_eq!((short.times_s.as_slice(), short.frequencies_hz.len()), ([0.07].as_slice(), 4));
        assert!(spectrogram(&[], 50.0, &method).is_err());
    }
}
