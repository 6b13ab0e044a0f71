//! Connectivity: how two signals go together, by frequency, by phase or by envelope.
//!
//! X and Y are the Fourier coefficients of the two signals in one of n segments at one frequency, S = X
//! conj(Y) is their cross-spectrum, E a mean over segments. A measure is estimated at each frequency of
//! a band, from all segments, and then averaged over the frequencies. z and v are the analytic signals
//! of an epoch within the band, abs(z) is an envelope, corr Pearson's correlation over the samples of an
//! epoch, averaged over epochs.
//!
//! | measure | equation | range | reference |
//! |---|---|---|---|
//! | coherence | `abs(E(S)) / sqrt(E(abs(X)^2) E(abs(Y)^2))` | 0 to 1 | the root of Nunez 1997's |
//! | squared_coherence | `abs(E(S))^2 / (E(abs(X)^2) E(abs(Y)^2))` | 0 to 1 | Nunez 1997 |
//! | imaginary_coherence | `Im(E(S)) / sqrt(E(abs(X)^2) E(abs(Y)^2))`: above 0 where the first signal leads, by less than half a period | -1 to 1 | Nolte 2004 |
//! | plv | `abs(E(S / abs(S)))` | 0 to 1 | Lachaux 1999 |
//! | pli | `abs(E(sign(Im(S))))` | 0 to 1 | Stam 2007 |
//! | wpli | `abs(E(Im(S))) / E(abs(Im(S)))` | 0 to 1 | Vinck 2011 |
//! | debiased_wpli | `sum Im(S_j) Im(S_k) / sum abs(Im(S_j) Im(S_k))` over pairs of segments j, k: the square of wpli without its bias by few segments | -1 / (n - 1) to 1 | Vinck 2011 |
//! | correlation | `corr(x, y)` of the signals as they are, whatever the band | -1 to 1 | |
//! | envelope_correlation | `corr(abs(z), abs(v))` | -1 to 1 | Hipp 2012 |
//! | orthogonalised_envelope_correlation | the mean of `abs(corr(abs(Im(z conj(v)) / abs(v)), abs(v)))` and the same with z and v exchanged: what of one signal is at right angles to the other, moment by moment | 0 to 1 | Hipp 2012 |
//!
//! Measures are the same for both orders of the signals, but for the sign of the imaginary coherence.
//!
//! What is not defined is NaN: spectral measures of a single segment (most would be 1, whatever the
//! signals), of a signal that is constant or has missing values, and of a band in which one of the
//! signals has no power at any frequency; correlations of what is constant in an epoch. Frequencies
//! at which one signal has no power (below the rounding of the transform) are left out of the mean
//! over the band; a segment without power at a frequency has no phase there and adds nothing. Signals
//! without any delay between them have wpli and debiased_wpli 0.
//!
//! Spectral measures and their means over a band, phase by phase, are those of
//! `mne_connectivity.spectral_connectivity_epochs(mode="fourier", faverage=True)`: `coh`, `imcoh`,
//! `plv`, `pli`, `wpli`, `wpli2_debiased`; the squared coherence of the segments of one long signal is
//! `scipy.signal.coherence`; envelope correlations of a given analytic signal are
//! `mne_connectivity.envelope_correlation`.
//!
//! References: Nunez PL et al. (1997) Electroencephalogr Clin Neurophysiol 103:499; Nolte G et al. (2004)
//! Clin Neurophysiol 115:2292; Lachaux JP et al. (1999) Hum Brain Mapp 8:194; Stam CJ et al. (2007) Hum
//! Brain Mapp 28:1178; Vinck M et al. (2011) NeuroImage 55:1548; Hipp JF et al. (2012) Nat Neurosci
//! 15:884.

mod band;
mod cross_spectra;
mod envelopes;

pub use band::Band;
pub use cross_spectra::{CrossSpectra, Segments, SpectralMeasures};
pub use envelopes::{EnvelopeCorrelations, Envelopes, Scale};

use crate::missing::missing;
use crate::resample::dot;

/// Why nothing was estimated.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ConnectivityError {
    #[error("the sampling rate is {0} Hz; it must be finite and above 0")]
    Rate(f64),
    #[error(
        "the band from {low_hz} to {high_hz} Hz; a band begins above 0 Hz and ends at a higher or the same frequency"
    )]
    Limits { low_hz: f64, high_hz: f64 },
    #[error(
        "the band ends at {high_hz} Hz, the spectrum of a signal with {rate_hz} values per second at {} Hz",
        rate_hz / 2.0
    )]
    BeyondSpectrum { high_hz: f64, rate_hz: f64 },
    #[error(
        "no frequency lies in the band: those of {length} values, {rate_hz} per second, are {} Hz apart; \
         widen the band or take longer segments",
        rate_hz / *length as f64
    )]
    NoFrequency { length: usize, rate_hz: f64 },
    #[error("segments of {length} values, each {step} after the one before; both are at least 1")]
    Segments { length: usize, step: usize },
    #[error("a segment has {length} values, but an epoch only {shortest}; segments fit into every epoch")]
    ShortEpoch { length: usize, shortest: usize },
    #[error(
        "one signal has {one} values, another {other}; signals of an epoch are equally long, and so are epochs that \
         are not cut into segments"
    )]
    Lengths { one: usize, other: usize },
}

/// Each pair of `channels` signals once, the earlier one first.
pub fn pairs(channels: usize) -> Vec<(usize, usize)> {
    (0..channels).flat_map(|one| (one + 1..channels).map(move |other| (one, other))).collect()
}

/// Pearson's correlation of two signals of equal length. NaN where one is constant, has missing values or fewer than two.
///
/// ```
/// use lapicque_signal::connectivity::correlation;
///
/// assert!((correlation(&[1.0, 2.0, 3.0], &[5.0, 1.0, -3.0]) + 1.0).abs() < 1e-15);
/// assert!(correlation(&[1.0, 2.0, 3.0], &[0.1; 3]).is_nan());
/// ```
pub fn correlation(one: &[f64], other: &[f64]) -> f64 {
    if one.len() != other.len() {
        return f64::NAN;
    }
    let deviations = (deviations(one), deviations(other));
    match deviations {
        (Some(one), Some(other)) => (dot(&one, &other)).clamp(-1.0, 1.0),
        _ => f64::NAN,
    }
}

/// Distances from the mean, scaled to a sum of squares of 1; none of what is constant or has missing values.
pub(crate) fn deviations(values: &[f64]) -> Option<Vec<f64>> {
    if is_constant(values) || missing(values).is_some() {
        return None;
    }
    // Of values beyond 1e154 squares would overflow, of those below 1e-154 they would vanish.
    let per_unit = 1.0 / unit_of(values.iter());
    let scaled: Vec<f64> = values.iter().map(|value| value * per_unit).collect();
    let mean = sum(&scaled) / scaled.len() as f64;
    let centred: Vec<f64> = scaled.iter().map(|value| value - mean).collect();
    let norm = dot(&centred, &centred).sqrt();
    (norm > 0.0).then(|| centred.iter().map(|value| value / norm).collect())
}

/// Whether all values are equal, as those of no value and of one are.
pub fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

/// Sum in a fixed order that vectorises.
fn sum(values: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut partial = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, value) in partial.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    partial.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

/// A power of two of the order of the largest value, by which all can be divided without rounding; 1 where all are 0.
fn unit_of<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let largest = values.fold(0.0_f64, |largest, value| if value.abs() > largest { value.abs() } else { largest });
    // Beyond these limits the reciprocal would not be a number; within, nothing overflows or vanishes.
    if largest > 0.0 { 2.0_f64.powi((largest.log2() as i32).clamp(-1000, 1000)) } else { 1.0 }
}

/// Mean over epochs of each of some measures, in their order. NaN where one of an epoch is, and without epochs.
pub fn mean_over_epochs<const MEASURES: usize>(epochs: &[[f64; MEASURES]]) -> [f64; MEASURES] {
    std::array::from_fn(|measure| epochs.iter().map(|epoch| epoch[measure]).sum::<f64>() / epochs.len() as f64)
}

#[cfg(test)]
mod tests;
