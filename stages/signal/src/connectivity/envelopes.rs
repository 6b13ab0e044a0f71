//! Correlations of envelopes, with and without the part that two signals share without delay.
//!
//! The analytic signal of an epoch within a band has twice the Fourier coefficients of the band's
//! positive frequencies and no others. The band's edges are sharp and the epoch's ends meet: at the
//! ends of an epoch the envelope is that of a signal that goes on from its beginning.
//!
//! Reference: Hipp JF et al. (2012) Nat Neurosci 15:884.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use super::{Band, ConnectivityError, is_constant, sum, unit_of};
use crate::missing::missing;
use crate::resample::dot;

/// What of an envelope is correlated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scale {
    /// Its amplitude.
    #[default]
    Amplitude,
    /// The logarithm of its square, which is nearer to a normal distribution.
    LogPower,
}

/// Of the envelopes of two signals.
#[allow(missing_docs, reason = "the table of the module above says what they are")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnvelopeCorrelations {
    pub plain: f64,
    pub orthogonalised: f64,
}

/// Analytic signals of one epoch within a band.
#[derive(Debug, Clone)]
pub struct Envelopes {
    scale: Scale,
    channels: Vec<Option<Analytic>>,
}

#[derive(Debug, Clone)]
struct Analytic {
    real: Vec<f64>,
    imaginary: Vec<f64>,
    /// Of length 1; 0 where the signal is.
    phase_real: Vec<f64>,
    phase_imaginary: Vec<f64>,
    /// Deviations of the envelope from its mean, scaled to a sum of squares of 1.
    deviations: Vec<f64>,
}

/// A variation that is less than this part of a sum of squares is rounding.
const NEGLIGIBLE: f64 = 1e-24;

impl Envelopes {
    /// Of the signals of one epoch, all of one length, sampled at `rate_hz`.
    ///
    /// # Errors
    /// Signals of unequal length, or a band without frequencies.
    pub fn new(epoch: &[&[f64]], rate_hz: f64, band: Band, scale: Scale) -> Result<Envelopes, ConnectivityError> {
        let length = epoch.first().map_or(0, |signal| signal.len());
        if let Some(signal) = epoch.iter().find(|signal| signal.len() != length) {
            return Err(ConnectivityError::Lengths { one: length, other: signal.len() });
        }
        let bins = band.bins(rate_hz, length)?;
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let (mut time, mut frequency) = (forward.make_input_vec(), forward.make_output_vec());
        let mut turned = forward.make_output_vec();
        let mut channels = Vec::with_capacity(epoch.len());
        for signal in epoch {
            if is_constant(signal) || missing(signal).is_some() {
                channels.push(None);
                continue;
            }
            let per_unit = 1.0 / unit_of(signal.iter());
            for (time, value) in time.iter_mut().zip(*signal) {
                *time = value * per_unit;
            }
            let total = dot(&time, &time);
            // The buffers are the plan's own, and the ends of the spectrum are real: it cannot refuse.
            let done = forward.process(&mut time, &mut frequency);
            debug_assert!(done.is_ok());
            turned.fill(Complex::default());
            let norm = 1.0 / length as f64;
            for (bin, value) in frequency.iter_mut().enumerate() {
                let edge = bin == 0 || 2 * bin == length;
                let used = if bins.contains(&bin) { *value * norm } else { Complex::default() };
                *value = used;
                // Hilbert's transform: a quarter of a period later.
                turned[bin] = if edge { Complex::default() } else { Complex::new(used.im, -used.re) };
            }
            let (mut real, mut imaginary) = (inverse.make_output_vec(), inverse.make_output_vec());
            let done = inverse.process(&mut frequency, &mut real).and(inverse.process(&mut turned, &mut imaginary));
            debug_assert!(done.is_ok());
            channels.push(Analytic::new(real, imaginary, total, scale));
        }
        Ok(Envelopes { scale, channels })
    }

    /// Whether a signal has an envelope that varies.
    pub fn is_defined(&self, channel: usize) -> bool {
        self.channels[channel].is_some()
    }

    /// Of two signals. NaN where the envelope of one does not vary, and, for the orthogonalised one, where nothing is left of
    /// one signal at right angles to the other.
    pub fn pair(&self, one: usize, other: usize, orthogonalise: bool) -> EnvelopeCorrelations {
        let (Some(one), Some(other)) = (&self.channels[one], &self.channels[other]) else {
            return EnvelopeCorrelations { plain: f64::NAN, orthogonalised: f64::NAN };
        };
        let orthogonalised = if orthogonalise {
            0.5 * (one.without(other, self.scale).abs() + other.without(one, self.scale).abs())
        } else {
            f64::NAN
        };
        EnvelopeCorrelations { plain: dot(&one.deviations, &other.deviations).clamp(-1.0, 1.0), orthogonalised }
    }
}

impl Analytic {
    /// `total` is the sum of squares of the whole signal.
    fn new(real: Vec<f64>, imaginary: Vec<f64>, total: f64, scale: Scale) -> Option<Analytic> {
        let magnitude: Vec<f64> = real.iter().zip(&imaginary).map(|(re, im)| (re * re + im * im).sqrt()).collect();
        if dot(&magnitude, &magnitude) <= NEGLIGIBLE * total {
            return None;
        }
        let phase = |part: &[f64]| -> Vec<f64> {
            part.iter().zip(&magnitude).map(|(part, size)| if *size > 0.0 { part / size } else { 0.0 }).collect()
        };
        let (phase_real, phase_imaginary) = (phase(&real), phase(&imaginary));
        let mut deviations = magnitude;
        let norm = centre(&mut deviations, scale)?;
        deviations.iter_mut().for_each(|deviation| *deviation /= norm);
        Some(Analytic { real, imaginary, phase_real, phase_imaginary, deviations })
    }

    /// Correlation of what of this signal is at right angles to `other` with the envelope of that one.
    fn without(&self, other: &Analytic, scale: Scale) -> f64 {
        let mut rest = Vec::with_capacity(self.real.len());
        let (own, others) =
            (self.real.iter().zip(&self.imaginary), other.phase_real.iter().zip(&other.phase_imaginary));
        rest.extend(own.zip(others).map(|((re, im), (cos, sin))| (im * cos - re * sin).abs()));
        let own_power = dot(&self.real, &self.real) + dot(&self.imaginary, &self.imaginary);
        if dot(&rest, &rest) <= NEGLIGIBLE * own_power {
            return f64::NAN;
        }
        match centre(&mut rest, scale) {
            Some(norm) => (dot(&rest, &other.deviations) / norm).clamp(-1.0, 1.0),
            None => f64::NAN,
        }
    }
}

/// Takes the mean away from an envelope, on its scale. Returns the root of the sum of squares that is left, if it is any.
fn centre(envelope: &mut [f64], scale: Scale) -> Option<f64> {
    if scale == Scale::LogPower {
        envelope.iter_mut().for_each(|value| *value = (*value * *value).ln());
    }
    let total = dot(envelope, envelope);
    let mean = sum(envelope) / envelope.len() as f64;
    envelope.iter_mut().for_each(|value| *value -= mean);
    let squares = dot(envelope, envelope);
    // A logarithm of nothing is infinite, and so is all that follows from it.
    (squares.is_finite() && squares > NEGLIGIBLE * total).then(|| squares.sqrt())
}
