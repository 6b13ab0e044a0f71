//! Measures that follow from the Fourier coefficients of segments.
//!
//! A segment loses its mean and is tapered by a Hann window: that of a whole epoch symmetric, 0.5 - 0.5
//! cos(2 pi i / (L - 1)), as MNE has it; those of segments within an epoch periodic, 0.5 - 0.5 cos(2 pi i
//! / L), as scipy. The coefficients of the bins of all bands are kept: channels x bins x segments.
//!
//! A coefficient counts as zero where |X|^2 is less than 1e-28 of the sum of squares of its segment,
//! which is within the rounding of the transform; so does an imaginary part of S where the phases are
//! the same to 1e-12.

use std::f64::consts::TAU;
use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::{Band, ConnectivityError, is_constant, sum, unit_of};
use crate::missing::missing;
use crate::resample::dot;

/// Segments that are summed together; their number is made up to a multiple with zeros, which add nothing.
const LANES: usize = 4;
/// Of the power of a segment: what is less is rounding.
const NEGLIGIBLE: f64 = 1e-28;
/// Of the parts of which an imaginary part is the difference: what is less is rounding, as between a signal and its multiple.
const SAME_PHASE: f64 = 1e-12;

type Lanes = [f64; LANES];

/// Segments of epochs, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segments {
    /// Length of a segment.
    pub length: usize,
    /// From one start to the next; what is left at the end of an epoch is not used.
    pub step: usize,
}

/// Spectral measures of a pair of signals in a band.
#[allow(missing_docs, reason = "the table of the module says what they are")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectralMeasures {
    pub coherence: f64,
    pub squared_coherence: f64,
    pub imaginary_coherence: f64,
    /// NaN without phases.
    pub plv: f64,
    pub pli: f64,
    pub wpli: f64,
    pub debiased_wpli: f64,
}

/// Fourier coefficients of all segments of some signals, within bands.
#[derive(Debug, Clone)]
pub struct CrossSpectra {
    bands: Vec<Range<usize>>,
    channels: Vec<Coefficients>,
    segments: usize,
    /// Rows of `LANES` segments for each bin.
    rows: usize,
}

#[derive(Debug, Clone, Default)]
struct Coefficients {
    real: Vec<Lanes>,
    imaginary: Vec<Lanes>,
    /// Of length 1, or 0 where there is no power; empty without phases.
    phase_real: Vec<Lanes>,
    phase_imaginary: Vec<Lanes>,
    /// Sum over segments of the squared magnitude, for each bin.
    power: Vec<f64>,
}

impl CrossSpectra {
    /// Of `epochs`, each with the same signals in the same order, sampled at `rate_hz`. Without `segments` each epoch is one.
    /// The phase-locking value needs `phases`.
    ///
    /// ```
    /// use lapicque_signal::connectivity::{Band, CrossSpectra};
    ///
    /// // Two signals of 10 Hz; the second follows the first by a varying eighth of a period or so.
    /// let wave = |phase: f64| -> Vec<f64> {
    ///     (0..100).map(|i| (std::f64::consts::TAU * 0.1 * f64::from(i) + phase).sin()).collect()
    /// };
    /// let epochs: Vec<[Vec<f64>; 2]> =
    ///     (0..20).map(|epoch| [wave(f64::from(epoch)), wave(f64::from(epoch) - 0.8 + 0.05 * f64::from(epoch % 3))]).collect();
    /// let epochs: Vec<Vec<&[f64]>> = epochs.iter().map(|epoch| epoch.iter().map(Vec::as_slice).collect()).collect();
    /// let band = Band::Between { low_hz: 9.0, high_hz: 11.0 };
    /// let measures = CrossSpectra::new(&epochs, 100.0, None, &[band], true)?.pair(0, 1, 0);
    /// assert!(measures.coherence > 0.99 && measures.plv > 0.99 && measures.wpli > 0.99);
    /// assert!(measures.imaginary_coherence > 0.6);
    /// # Ok::<(), lapicque_signal::connectivity::ConnectivityError>(())
    /// ```
    ///
    /// # Errors
    /// Lengths that do not fit, or a band without frequencies.
    pub fn new(
        epochs: &[Vec<&[f64]>],
        rate_hz: f64,
        segments: Option<Segments>,
        bands: &[Band],
        phases: bool,
    ) -> Result<CrossSpectra, ConnectivityError> {
        let length = segment_length(epochs, segments)?;
        let all = bands.iter().map(|band| band.bins(rate_hz, length)).collect::<Result<Vec<_>, _>>()?;
        let first = all.iter().map(|bins| bins.start).min().unwrap_or(0);
        let end = all.iter().map(|bins| bins.end).max().unwrap_or(0);
        let step = segments.map_or(length, |segments| segments.step);
        let per_epoch = |epoch: &Vec<&[f64]>| epoch.first().map_or(0, |signal| (signal.len() - length) / step + 1);
        let count = epochs.iter().map(per_epoch).sum();
        let mut transform = Transform::new(length, segments.is_some());
        let channels = epochs.iter().map(Vec::len).min().unwrap_or(0);
        let channels = (0..channels).map(|channel| {
            let stretches: Vec<&[f64]> = epochs.iter().map(|epoch| epoch[channel]).collect();
            transform.coefficients(&stretches, step, count, first..end, phases)
        });
        Ok(CrossSpectra {
            channels: channels.collect(),
            bands: all.into_iter().map(|bins| bins.start - first..bins.end - first).collect(),
            segments: count,
            rows: count.div_ceil(LANES),
        })
    }

    /// How many segments there are.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// How many frequencies are in a band.
    pub fn frequencies(&self, band: usize) -> usize {
        self.bands[band].len()
    }

    /// At how many frequencies of a band a signal has power; at none if it has missing values.
    pub fn frequencies_with_power(&self, channel: usize, band: usize) -> usize {
        self.channels[channel].power[self.bands[band].clone()].iter().filter(|power| **power > 0.0).count()
    }

    /// The measures of two signals in a band, averaged over its frequencies. NaN with fewer than two segments, and where there
    /// is no frequency at which both signals have power.
    pub fn pair(&self, one: usize, other: usize, band: usize) -> SpectralMeasures {
        let (one, other, bins) = (&self.channels[one], &self.channels[other], self.bands[band].clone());
        let (sums, frequencies) = sum_over_bins(one, other, bins, self.rows);
        let count = if self.segments < 2 || frequencies == 0.0 { f64::NAN } else { frequencies };
        let segments = self.segments as f64;
        SpectralMeasures {
            coherence: (sums.coherence / count).clamp(0.0, 1.0),
            squared_coherence: (sums.squared_coherence / count).clamp(0.0, 1.0),
            imaginary_coherence: (sums.imaginary_coherence / count).clamp(-1.0, 1.0),
            plv: (sums.plv / segments / count).clamp(0.0, 1.0),
            pli: sums.pli / segments / count,
            wpli: (sums.wpli / count).clamp(0.0, 1.0),
            debiased_wpli: (sums.debiased_wpli / count).clamp(-1.0, 1.0),
        }
    }
}

/// Measures, summed over the frequencies at which both have power, and the number of these.
fn sum_over_bins(one: &Coefficients, other: &Coefficients, bins: Range<usize>, rows: usize) -> (SpectralMeasures, f64) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, which is all that the callee requires.
        #[expect(unsafe_code, reason = "measured: two fifths of the time")]
        return unsafe { sum_over_bins_avx2(one, other, bins, rows) };
    }
    sum_portably(one, other, bins, rows)
}

/// The same operations in the same order, four lanes to a vector instead of two.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn sum_over_bins_avx2(
    one: &Coefficients,
    other: &Coefficients,
    bins: Range<usize>,
    rows: usize,
) -> (SpectralMeasures, f64) {
    sum_portably(one, other, bins, rows)
}

#[inline(always)]
fn sum_portably(one: &Coefficients, other: &Coefficients, bins: Range<usize>, rows: usize) -> (SpectralMeasures, f64) {
    let mut sums = SpectralMeasures {
        coherence: 0.0,
        squared_coherence: 0.0,
        imaginary_coherence: 0.0,
        plv: 0.0,
        pli: 0.0,
        wpli: 0.0,
        debiased_wpli: 0.0,
    };
    let mut frequencies = 0.0;
    for bin in bins {
        // Not a number where values are missing.
        let power = one.power[bin] * other.power[bin];
        if power.is_nan() || power <= 0.0 {
            continue;
        }
        frequencies += 1.0;
        let rows = bin * rows..(bin + 1) * rows;
        let cross = Cross::of(one, other, rows.clone());
        let squared = (cross.real * cross.real + cross.imaginary * cross.imaginary) / power;
        sums.coherence += squared.sqrt();
        sums.squared_coherence += squared;
        sums.imaginary_coherence += cross.imaginary / power.sqrt();
        sums.pli += cross.signs.abs();
        if cross.magnitude > 0.0 {
            sums.wpli += cross.imaginary.abs() / cross.magnitude;
        }
        let others = cross.magnitude * cross.magnitude - cross.squares;
        // One segment alone has an imaginary part: there is no pair of segments to compare.
        if others > 1e-14 * cross.squares {
            sums.debiased_wpli += (cross.imaginary * cross.imaginary - cross.squares) / others;
        }
        sums.plv += phase_locking(one, other, rows);
    }
    (sums, frequencies)
}

/// Sums over segments of the cross-spectrum at one frequency.
struct Cross {
    real: f64,
    imaginary: f64,
    magnitude: f64,
    squares: f64,
    signs: f64,
}

impl Cross {
    #[inline(always)]
    fn of(one: &Coefficients, other: &Coefficients, rows: Range<usize>) -> Cross {
        let (a_real, a_imaginary) = (&one.real[rows.clone()], &one.imaginary[rows.clone()]);
        let (b_real, b_imaginary) = (&other.real[rows.clone()], &other.imaginary[rows]);
        let [mut real, mut imaginary, mut magnitude, mut squares, mut signs] = [[0.0; LANES]; 5];
        for (((a, b), c), d) in a_real.iter().zip(a_imaginary).zip(b_real).zip(b_imaginary) {
            // A loop for each sum: all in one are not vectorised.
            let ahead: Lanes = std::array::from_fn(|lane| b[lane] * c[lane]);
            let behind: Lanes = std::array::from_fn(|lane| a[lane] * d[lane]);
            let im: Lanes = std::array::from_fn(|lane| {
                let im = ahead[lane] - behind[lane];
                if im.abs() > SAME_PHASE * (ahead[lane].abs() + behind[lane].abs()) { im } else { 0.0 }
            });
            for lane in 0..LANES {
                real[lane] += a[lane] * c[lane] + b[lane] * d[lane];
            }
            for lane in 0..LANES {
                imaginary[lane] += im[lane];
            }
            for lane in 0..LANES {
                magnitude[lane] += im[lane].abs();
            }
            for lane in 0..LANES {
                squares[lane] += im[lane] * im[lane];
            }
            for lane in 0..LANES {
                signs[lane] += if im[lane] > 0.0 { 1.0 } else { 0.0 } - if im[lane] < 0.0 { 1.0 } else { 0.0 };
            }
        }
        let sum = |lanes: Lanes| lanes.iter().sum();
        Cross {
            real: sum(real),
            imaginary: sum(imaginary),
            magnitude: sum(magnitude),
            squares: sum(squares),
            signs: sum(signs),
        }
    }
}

/// Magnitude of the sum over segments of differences of phase; NaN without phases.
#[inline(always)]
fn phase_locking(one: &Coefficients, other: &Coefficients, rows: Range<usize>) -> f64 {
    if one.phase_real.is_empty() {
        return f64::NAN;
    }
    let (a_real, a_imaginary) = (&one.phase_real[rows.clone()], &one.phase_imaginary[rows.clone()]);
    let (b_real, b_imaginary) = (&other.phase_real[rows.clone()], &other.phase_imaginary[rows]);
    let [mut real, mut imaginary] = [[0.0; LANES]; 2];
    for (((a, b), c), d) in a_real.iter().zip(a_imaginary).zip(b_real).zip(b_imaginary) {
        for lane in 0..LANES {
            real[lane] += a[lane] * c[lane] + b[lane] * d[lane];
            imaginary[lane] += b[lane] * c[lane] - a[lane] * d[lane];
        }
    }
    let (real, imaginary) = (real.iter().sum::<f64>(), imaginary.iter().sum::<f64>());
    (real * real + imaginary * imaginary).sqrt()
}

/// The length of all segments.
fn segment_length(epochs: &[Vec<&[f64]>], segments: Option<Segments>) -> Result<usize, ConnectivityError> {
    let whole = epochs.first().and_then(|epoch| epoch.first()).map_or(0, |signal| signal.len());
    for epoch in epochs {
        // Epochs that are cut may differ from each other.
        let due = if segments.is_some() { epoch.first().map_or(0, |signal| signal.len()) } else { whole };
        if let Some(signal) = epoch.iter().find(|signal| signal.len() != due) {
            return Err(ConnectivityError::Lengths { one: due, other: signal.len() });
        }
    }
    let Some(Segments { length, step }) = segments else {
        return Ok(whole);
    };
    if length == 0 || step == 0 {
        return Err(ConnectivityError::Segments { length, step });
    }
    let shortest = epochs.iter().flatten().map(|signal| signal.len()).min().unwrap_or(length);
    if shortest < length {
        return Err(ConnectivityError::ShortEpoch { length, shortest });
    }
    Ok(length)
}

struct Transform {
    plan: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    time: Vec<f64>,
    frequency: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Transform {
    fn new(length: usize, periodic: bool) -> Transform {
        // A transform of nothing is never made, but is planned.
        let plan = RealFftPlanner::<f64>::new().plan_fft_forward(length.max(1));
        Transform {
            window: hann(length, periodic),
            time: plan.make_input_vec(),
            frequency: plan.make_output_vec(),
            scratch: plan.make_scratch_vec(),
            plan,
        }
    }

    /// Coefficients of all segments of one signal, `count` of them, in `bins`.
    fn coefficients(
        &mut self,
        stretches: &[&[f64]],
        step: usize,
        count: usize,
        bins: Range<usize>,
        phases: bool,
    ) -> Coefficients {
        if stretches.iter().any(|stretch| missing(stretch).is_some()) {
            return Coefficients { power: vec![f64::NAN; bins.len()], ..Coefficients::default() };
        }
        let rows = count.div_ceil(LANES);
        let none = vec![[0.0; LANES]; rows * bins.len()];
        let mut coefficients = Coefficients {
            real: none.clone(),
            imaginary: none,
            power: vec![0.0; bins.len()],
            ..Coefficients::default()
        };
        if phases {
            coefficients.phase_real.clone_from(&coefficients.real);
            coefficients.phase_imaginary.clone_from(&coefficients.real);
        }
        // Nothing depends on the scale of a signal: products of four values neither overflow nor vanish.
        let per_unit = 1.0 / unit_of(stretches.iter().copied().flatten());
        let length = self.window.len().max(1);
        let segments = stretches.iter().flat_map(|stretch| stretch.windows(length).step_by(step));
        for (segment, values) in segments.enumerate() {
            if is_constant(values) {
                continue;
            }
            let negligible = NEGLIGIBLE * self.transform(values, per_unit);
            for (bin, coefficient) in self.frequency[bins.clone()].iter().enumerate() {
                let squared = coefficient.norm_sqr();
                if squared <= negligible {
                    continue;
                }
                let (row, lane) = (bin * rows + segment / LANES, segment % LANES);
                coefficients.power[bin] += squared;
                coefficients.real[row][lane] = coefficient.re;
                coefficients.imaginary[row][lane] = coefficient.im;
                if phases {
                    let magnitude = squared.sqrt();
                    coefficients.phase_real[row][lane] = coefficient.re / magnitude;
                    coefficients.phase_imaginary[row][lane] = coefficient.im / magnitude;
                }
            }
        }
        coefficients
    }

    /// Returns the sum of squares of the tapered segment.
    fn transform(&mut self, values: &[f64], per_unit: f64) -> f64 {
        let mean = sum(values) * per_unit / values.len() as f64;
        for ((time, value), weight) in self.time.iter_mut().zip(values).zip(&self.window) {
            *time = (value * per_unit - mean) * weight;
        }
        let squares = dot(&self.time, &self.time);
        // The buffers are the plan's own: it cannot refuse.
        let done = self.plan.process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch);
        debug_assert!(done.is_ok());
        squares
    }
}

fn hann(length: usize, periodic: bool) -> Vec<f64> {
    let period = if periodic { length } else { length.saturating_sub(1) };
    // One sample cannot be tapered.
    let weight = |i: usize| 0.5 - 0.5 * (TAU * i as f64 / period as f64).cos();
    if length == 1 { vec![1.0] } else { (0..length).map(weight).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vector_width_changes_no_bit() {
        let channel = |step: f64| -> Coefficients {
            let wave = |i: usize, phase: f64| (step * i as f64 + phase).sin();
            let lanes =
                |phase: f64| (0..6).map(|row| std::array::from_fn(|lane| wave(LANES * row + lane, phase))).collect();
            let power = vec![7.0, 0.0, 9.0];
            let (real, imaginary, phase_real, phase_imaginary) = (lanes(0.0), lanes(1.0), lanes(2.0), lanes(3.0));
            Coefficients { real, imaginary, phase_real, phase_imaginary, power }
        };
        let (one, other) = (channel(0.7), channel(1.3));
        let bits = |(sums, count): (SpectralMeasures, f64)| {
            let SpectralMeasures { coherence, squared_coherence, imaginary_coherence, plv, pli, wpli, debiased_wpli } =
                sums;
            [count, coherence, squared_coherence, imaginary_coherence, plv, pli, wpli, debiased_wpli].map(f64::to_bits)
        };
        let (dispatched, portable) = (sum_over_bins(&one, &other, 0..3, 2), sum_portably(&one, &other, 0..3, 2));
        assert_eq!(portable.1, 2.0);
        assert_eq!(bits(dispatched), bits(portable));
    }
}
