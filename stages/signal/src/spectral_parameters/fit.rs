//! The whole fit of one spectrum.

use super::aperiodic::{Component, Failure, Points, component, robust};
use super::gaussians::Gaussian;
use super::peaks::{Flat, Peak, peaks};
use super::{Aperiodic, Settings};
use crate::power_spectrum::bins_between;

/// A spectrum of fewer bins is not fitted.
pub const FEWEST_BINS: usize = 5;
/// Steps between frequencies may differ by this part, as numbers of single precision do.
const UNEVEN: f64 = 1e-3;

/// The parameters of a spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralParameters {
    /// b, log10 of power.
    pub offset: f64,
    /// k, Hz^chi; `None` without a knee.
    pub knee: Option<f64>,
    /// chi.
    pub exponent: f64,
    /// Rising in frequency.
    pub peaks: Vec<Peak>,
    /// Squared correlation of log10 of power with the model, NaN where one of them is constant.
    pub r_squared: f64,
    /// Mean absolute difference from the model, log10 of power.
    pub mae: f64,
    /// The first and the last frequency that were fitted.
    pub fitted_hz: (f64, f64),
}

/// Why a spectrum has no parameters.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FitError {
    #[error("{frequencies} frequencies and {powers} powers; as many are due")]
    Lengths { frequencies: usize, powers: usize },
    #[error("{bins} of the bins that are to be fitted have power; at least {FEWEST_BINS} are due")]
    FewBins { bins: usize },
    #[error(
        "the power at {frequency_hz} Hz is {power}; between the first and the last bin with power it must be above 0"
    )]
    Power { frequency_hz: f64, power: f64 },
    #[error("the frequency after {before_hz} Hz is {after_hz} Hz, the first step is {step_hz} Hz; steps must be equal")]
    Uneven { before_hz: f64, after_hz: f64, step_hz: f64 },
    #[error("{points} points lie low enough for the aperiodic component; that is too few")]
    FewLow { points: usize },
    #[error("the aperiodic component was not found")]
    Aperiodic,
    #[error("the peaks were not found")]
    Peaks,
}

impl From<Failure> for FitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::FewPoints(points) => FitError::FewLow { points },
            Failure::NotFound => FitError::Aperiodic,
        }
    }
}

/// Parameters of the spectrum of `power` (not its logarithm) at rising `frequencies_hz`.
///
/// Bins at 0 Hz are left out, and bins without power (or a power that is no number) at both ends of the range.
///
/// # Errors
/// Fewer than [`FEWEST_BINS`] bins, bins without power between others, uneven steps, and fits that do not come to an end.
pub fn fit(frequencies_hz: &[f64], power: &[f64], settings: &Settings) -> Result<SpectralParameters, FitError> {
    if frequencies_hz.len() != power.len() {
        return Err(FitError::Lengths { frequencies: frequencies_hz.len(), powers: power.len() });
    }
    let (frequencies_hz, power) = used(frequencies_hz, power, settings.frequency_range_hz)?;
    let log_frequency: Vec<f64> = frequencies_hz.iter().map(|f| f.log10()).collect();
    let log_power: Vec<f64> = power.iter().map(|p| p.log10()).collect();
    let points = Points { log_frequency: &log_frequency, log_power: &log_power };
    let Settings { aperiodic, percentile, definition, .. } = *settings;

    let first = robust(points, aperiodic, percentile, definition)?;
    let height: Vec<f64> = log_frequency.iter().zip(&log_power).map(|(f, p)| p - first.at(*f)).collect();
    let size = log_power.iter().fold(1.0_f64, |size, p| size.max(p.abs()));
    let flat = Flat { frequencies_hz, height: &height, rounding: 1e-12 * size };
    let gaussians = peaks(flat, settings).ok_or(FitError::Peaks)?;

    let mut of_peaks = vec![0.0; log_power.len()];
    gaussians.iter().for_each(|gaussian| gaussian.add(frequencies_hz, 1.0, &mut of_peaks));
    let without: Vec<f64> = log_power.iter().zip(&of_peaks).map(|(power, peaks)| power - peaks).collect();
    let without = Points { log_frequency: &log_frequency, log_power: &without };
    let found = component(without, aperiodic, None, definition)?;
    let model: Vec<f64> = log_frequency.iter().zip(&of_peaks).map(|(f, peaks)| found.at(*f) + peaks).collect();
    let Component { offset, knee, exponent } = found;
    Ok(SpectralParameters {
        offset,
        knee: (aperiodic == Aperiodic::Knee).then_some(knee),
        exponent,
        peaks: gaussians.iter().map(|gaussian| reported(gaussian, frequencies_hz, &of_peaks)).collect(),
        r_squared: squared_correlation(&log_power, &model),
        mae: log_power.iter().zip(&model).map(|(p, m)| (p - m).abs()).sum::<f64>() / log_power.len() as f64,
        fitted_hz: (frequencies_hz[0], frequencies_hz[frequencies_hz.len() - 1]),
    })
}

/// The bins that are fitted.
fn used<'a>(
    frequencies_hz: &'a [f64],
    power: &'a [f64],
    range_hz: Option<(f64, f64)>,
) -> Result<(&'a [f64], &'a [f64]), FitError> {
    let (low, high) = range_hz.unwrap_or((0.0, f64::INFINITY));
    let within = bins_between(frequencies_hz, low.max(f64::MIN_POSITIVE), high);
    let (frequencies_hz, power) = (&frequencies_hz[within.clone()], &power[within]);
    let there = |power: &f64| *power > 0.0 && power.is_finite();
    let begin = power.iter().position(there).unwrap_or(power.len());
    let end = power.iter().rposition(there).map_or(begin, |last| last + 1);
    let (frequencies_hz, power) = (&frequencies_hz[begin..end], &power[begin..end]);
    if power.len() < FEWEST_BINS {
        return Err(FitError::FewBins { bins: power.len() });
    }
    if let Some(hole) = power.iter().position(|power| !there(power)) {
        return Err(FitError::Power { frequency_hz: frequencies_hz[hole], power: power[hole] });
    }
    let step_hz = frequencies_hz[1] - frequencies_hz[0];
    let uneven = |pair: &&[f64]| {
        let differs = (pair[1] - pair[0] - step_hz).abs();
        differs.is_nan() || differs > UNEVEN * step_hz
    };
    if let Some(pair) = frequencies_hz.windows(2).find(uneven) {
        return Err(FitError::Uneven { before_hz: pair[0], after_hz: pair[1], step_hz });
    }
    Ok((frequencies_hz, power))
}

fn reported(gaussian: &Gaussian, frequencies_hz: &[f64], of_peaks: &[f64]) -> Peak {
    let distance = |i: usize| (frequencies_hz[i] - gaussian.center_hz).abs();
    let nearest = (1..frequencies_hz.len()).fold(0, |best, i| if distance(i) < distance(best) { i } else { best });
    Peak { center_frequency_hz: gaussian.center_hz, power: of_peaks[nearest], bandwidth_hz: 2.0 * gaussian.width_hz }
}

fn squared_correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (mean_a, mean_b) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        aa += a * a;
        bb += b * b;
        ab += a * b;
    }
    // What is constant but for rounding has no correlation.
    let nothing = |sum: f64, mean: f64| sum <= n * (4.0 * f64::EPSILON * mean).powi(2);
    if nothing(aa, mean_a) || nothing(bb, mean_b) { f64::NAN } else { ab * ab / (aa * bb) }
}
