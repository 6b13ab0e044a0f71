//! Power in frequency bands, and the frequencies that a power spectrum is summarised by.
//!
//! P_k is the power density at f_k, k = 0 .. K, rising frequencies. Sums and maxima are over the bins
//! lo <= f_k <= hi of a band (with one part in 10^9 of tolerance, as frequencies are rounded).
//!
//! | function | equation | unit | reference |
//! |---|---|---|---|
//! | [`band_power`], trapezoid | sum over neighbouring bins of the band of (P_k + P_(k+1)) (f_(k+1) - f_k) / 2 | power density times Hz | trapezoidal rule |
//! | rectangle | sum of P_k df over lo <= f_k < hi, df the distance of bins: bands side by side share no bin | as above | Parseval's theorem, as a sum of bins |
//! | [`quantile_frequency_hz`] | where the trapezoids from lo on reach a part q of those up to hi, linearly interpolated between bins | Hz | Rampil IJ (1998) Anesthesiology 89:980 (q = 0.95: spectral edge; 0.5: median frequency) |
//! | [`peak_frequency_hz`] | f_k of the largest P_k; of equal ones the lowest | Hz | |
//! | [`inner_peak_frequency_hz`] | as above, where P falls on both sides of it | Hz | Klimesch W (1999) Brain Res Rev 29:169, section 2.1 (peak frequency) |
//! | [`band_entropy`] | -sum p_k log2 p_k / log2 K of p_k = P_k / sum P over the K bins of the band | 1 | Inouye T et al. (1991) Electroencephalogr Clin Neurophysiol 79:204 |
//! | [`centre_of_gravity_hz`] | sum P_k f_k / sum P_k | Hz | as above, equation on p. 171 (gravity frequency) |
//!
//! NaN where the band has not two bins (one for rectangles, peaks and centres), where it reaches more than one bin
//! beyond the spectrum, and where power is not finite. Negative power (a spectrum in decibels, say) is the caller's
//! to refuse.

use crate::complexity::spectral_entropy;
use crate::welch::{PowerSpectrum, Scaling, Welch, WelchError, welch};

/// A range of frequencies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// From.
    pub low_hz: f64,
    /// To, above `low_hz`.
    pub high_hz: f64,
}

/// Power density of a series by Welch's method; 0 everywhere where there is no more of it than rounding leaves of a
/// constant (or of a line that is taken off), whose parts would be parts of nothing.
///
/// # Errors
/// As [`welch`].
pub fn density(series: &[f64], rate_hz: f64, method: &Welch) -> Result<PowerSpectrum, WelchError> {
    let mut spectrum = welch(series, rate_hz, &Welch { scaling: Scaling::Density, ..*method })?;
    let largest = series.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let rounding = f64::EPSILON * method.segment.min(series.len()) as f64 * largest;
    let spacing = rate_hz / method.transform.unwrap_or(method.segment.min(series.len())) as f64;
    if spectrum.power.iter().sum::<f64>() * spacing <= rounding * rounding {
        spectrum.power.fill(0.0);
    }
    Ok(spectrum)
}

/// How densities become powers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Integration {
    /// Lines between bins.
    #[default]
    Trapezoid,
    /// Each bin is as wide as the distance of bins; the upper edge belongs to the next band.
    Rectangle,
}

/// Relative rounding of frequencies.
const ROUNDING: f64 = 1e-9;

impl Band {
    /// Bins of the band, the upper edge included or not; none where the spectrum does not reach over it.
    fn bins(self, spectrum: &PowerSpectrum, upper_edge: bool) -> std::ops::Range<usize> {
        let frequencies = &spectrum.frequencies_hz;
        let ([first, .., last], true) = (frequencies.as_slice(), self.low_hz < self.high_hz) else {
            return 0..0;
        };
        let rounding = ROUNDING * self.high_hz.abs();
        let spacing = (last - first) / (frequencies.len() - 1) as f64;
        let beyond = spacing + rounding;
        if self.low_hz < first - beyond || self.high_hz > last + beyond {
            return 0..0;
        }
        let high = if upper_edge { self.high_hz + rounding } else { self.high_hz - rounding };
        let begin = frequencies.partition_point(|f| *f < self.low_hz - rounding);
        let end = frequencies.partition_point(|f| *f < high);
        begin..end.max(begin)
    }
}

/// Power in a band.
pub fn band_power(spectrum: &PowerSpectrum, band: Band, integration: Integration) -> f64 {
    match integration {
        Integration::Trapezoid => trapezoids(spectrum, band).last().map_or(f64::NAN, |last| finite(last.1)),
        Integration::Rectangle => {
            let bins = band.bins(spectrum, false);
            let frequencies = &spectrum.frequencies_hz;
            if bins.is_empty() {
                return f64::NAN;
            }
            let spacing = (frequencies[frequencies.len() - 1] - frequencies[0]) / (frequencies.len() - 1) as f64;
            finite(spectrum.power[bins].iter().sum::<f64>() * spacing)
        }
    }
}

/// Frequency below which a part `quantile` of the power of the band lies.
pub fn quantile_frequency_hz(spectrum: &PowerSpectrum, band: Band, quantile: f64) -> f64 {
    let sums = trapezoids(spectrum, band);
    let Some((_, all)) = sums.last().filter(|(_, all)| *all > 0.0 && all.is_finite()) else {
        return f64::NAN;
    };
    let wanted = quantile * all;
    let reached = sums.windows(2).find(|pair| pair[1].1 >= wanted);
    reached.map_or(f64::NAN, |pair| {
        let [(before_hz, before), (after_hz, after)] = [pair[0], pair[1]];
        let part = if after > before { ((wanted - before) / (after - before)).max(0.0) } else { 0.0 };
        before_hz + part * (after_hz - before_hz)
    })
}

/// Frequency of the largest power in the band.
pub fn peak_frequency_hz(spectrum: &PowerSpectrum, band: Band) -> f64 {
    peak(spectrum, band).map_or(f64::NAN, |k| spectrum.frequencies_hz[k])
}

/// As [`peak_frequency_hz`], but NaN where power does not fall on both sides: at an edge of the band to which it rises
/// there is no peak.
pub fn inner_peak_frequency_hz(spectrum: &PowerSpectrum, band: Band) -> f64 {
    let power = &spectrum.power;
    let inner = |k: &usize| *k > 0 && *k + 1 < power.len() && power[k - 1] < power[*k] && power[k + 1] < power[*k];
    peak(spectrum, band).filter(inner).map_or(f64::NAN, |k| spectrum.frequencies_hz[k])
}

/// Mean frequency of the band, weighted by power.
pub fn centre_of_gravity_hz(spectrum: &PowerSpectrum, band: Band) -> f64 {
    let bins = band.bins(spectrum, true);
    let weighted = bins.clone().map(|k| spectrum.power[k] * spectrum.frequencies_hz[k]).sum::<f64>();
    finite(weighted / spectrum.power[bins].iter().sum::<f64>())
}

/// How evenly power is spread over the bins of the band, 0 to 1; NaN for fewer than two bins, and without power.
pub fn band_entropy(spectrum: &PowerSpectrum, band: Band) -> f64 {
    spectral_entropy(&spectrum.power[band.bins(spectrum, true)], true)
}

fn peak(spectrum: &PowerSpectrum, band: Band) -> Option<usize> {
    let bins = band.bins(spectrum, true);
    let power = &spectrum.power;
    if power[bins.clone()].iter().any(|p| !p.is_finite()) {
        return None;
    }
    let highest = bins.reduce(|highest, k| if power[k] > power[highest] { k } else { highest })?;
    (power[highest] > 0.0).then_some(highest)
}

/// Power from the first bin of the band up to each of its bins; empty for fewer than two.
fn trapezoids(spectrum: &PowerSpectrum, band: Band) -> Vec<(f64, f64)> {
    let bins = band.bins(spectrum, true);
    if bins.len() < 2 {
        return Vec::new();
    }
    let (frequencies, power) = (&spectrum.frequencies_hz[bins.clone()], &spectrum.power[bins]);
    let mut sum = 0.0;
    let areas = frequencies.windows(2).zip(power.windows(2)).map(|(f, p)| {
        sum += 0.5 * (p[0] + p[1]) * (f[1] - f[0]);
        (f[1], sum)
    });
    std::iter::once((frequencies[0], 0.0)).chain(areas).collect()
}

fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

#[cfg(test)]
mod tests;
