//! Connectivity: how two signals go together, by frequency, by phase or by envelope.
//!
//! X_s and Y_s are the Fourier coefficients of the two signals in segment s of S at one frequency, S_s
//! = X_s conj(Y_s) their cross-spectrum, `<>` a mean over segments. A measure is estimated at each
//! frequency of a band, from all segments, and then averaged over the frequencies. z is the analytic
//! signal of an epoch within the band, |z| its envelope, corr Pearson's correlation over the samples
//! of an epoch, averaged over epochs.
//!
//! | measure | equation | range | reference |
//! |---|---|---|---|
//! | coherence | \|<S>\| / sqrt(<\|X\|^2> <\|Y\|^2>) | 0 to 1 | Nunez 1997, eq. 5 (its root) |
//! | squared_coherence | \|<S>\|^2 / (<\|X\|^2> <\|Y\|^2>) | 0 to 1 | Nunez 1997, eq. 5 |
//! | imaginary_coherence | Im <S> / sqrt(<\|X\|^2> <\|Y\|^2>); above 0 where the first signal leads by less than half a period | -1 to 1 | Nolte 2004, eq. 3 |
//! | plv | \|<S / \|S\|>\| | 0 to 1 | Lachaux 1999, eq. 1 |
//! | pli | \|<sign Im S>\| | 0 to 1 | Stam 2007, eq. 8 |
//! | wpli | \|<Im S>\| / <\|Im S\|> | 0 to 1 | Vinck 2011, eq. 8 |
//! | debiased_wpli | (sum Im S)^2 - sum (Im S)^2 over (sum \|Im S\|)^2 - sum (Im S)^2: the square of wpli without its bias by few segments, so it may be below 0 | -1 / (S - 1) to 1 | Vinck 2011, eq. 33 |
//! | correlation | corr(x, y) of the signals as they are, whatever the band | -1 to 1 | |
//! | envelope_correlation | corr(\|z_x\|, \|z_y\|) | -1 to 1 | Hipp 2012 |
//! | orthogonalised_envelope_correlation | half of \|corr(\|z_(x,y)\|, \|z_y\|)\| + \|corr(\|z_(y,x)\|, \|z_x\|)\|, z_(x,y) = Im(z_x conj(z_y) / \|z_y\|): what of x is at right angles to y, moment by moment | 0 to 1 | Hipp 2012, eq. 3 |
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
/// assert_eq!(correlation(&[1.0, 2.0, 3.0], &[5.0, 1.0, -3.0]), -1.0);
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
fn deviations(values: &[f64]) -> Option<Vec<f64>> {
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
