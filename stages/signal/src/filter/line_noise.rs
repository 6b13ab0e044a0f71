//! Removal of line noise that adapts: sinusoids are fitted in sliding windows and taken away; nothing else is touched.
//!
//! Windows of a given span overlap by half; the last one ends with the series. In each of them, with
//! weights w_i = sin^2(pi (i + 1/2) / L) (a Hann taper) and without its weighted mean:
//!
//! 1. The frequency of the line is the f within half a `width` of the nominal one for which the sum over its multiples of
//!    |sum_i w_i x_i exp(-2 pi i k f t_i)|^2 is largest: mains frequencies wander. It is found on a grid of a quarter of
//!    1 / span, then by parabolas through the three best neighbours until they are closer than 1e-4 of 1 / span.
//! 2. At each multiple k f, amplitude and phase are those of the weighted least-squares fit of
//!    a cos(2 pi k f t) + b sin(2 pi k f t).
//!
//! What is taken away at a sample is the mean of the fits of the windows that hold it, weighted by w, so that one
//! window fades into the next. Whatever in the signal is a sinusoid of slowly changing amplitude at the line or a multiple
//! goes with it: of noise, about the power of a band of 1.5 / span at each multiple.
//!
//! This is the regression of Mitra and Bokil with one taper in place of several, and a frequency that is fitted, as
//! CleanLine does; `mne.filter.notch_filter(method="spectrum_fit")` takes away every bin of the spectrum within the width.
//!
//! Reference: Mitra P, Bokil H (2008) Observed Brain Dynamics, section 7.3.4 and 10.4; Thomson DJ (1982) Proc IEEE
//! 70:1055, section XIII.

use std::f64::consts::{PI, TAU};

use realfft::num_complex::Complex;

use super::{FilterError, PERIODS, check_frequency, check_rate};

/// Points of the grid of frequencies in 1 / span.
const GRID: f64 = 4.0;
/// Frequencies are known to this part of 1 / span.
const FINE: f64 = 1e-4;
/// Rotations by steps drift; they begin anew after so many.
const FRESH: usize = 256;

/// Which sinusoids are removed.
#[derive(Debug, Clone, PartialEq)]
pub struct LineNoise {
    /// Of the mains, 50 or 60 Hz.
    pub frequency_hz: f64,
    /// Multiples of the frequency besides itself.
    pub harmonics: u32,
    /// The frequency is looked for within half of this to either side; 0 to take it as it is.
    pub width_hz: f64,
    /// Of a window.
    pub span_s: f64,
}

impl LineNoise {
    /// Checks that all multiples lie below the Nyquist frequency, and that windows hold enough periods.
    ///
    /// # Errors
    /// What does not.
    pub fn check(&self, rate_hz: f64) -> Result<(), FilterError> {
        check_rate(rate_hz)?;
        let highest = (self.frequency_hz + 0.5 * self.width_hz) * (f64::from(self.harmonics) + 1.0);
        check_frequency(self.frequency_hz, rate_hz)?;
        check_frequency(highest, rate_hz)?;
        if !(self.width_hz >= 0.0 && self.width_hz < self.frequency_hz) {
            return Err(FilterError::Width(self.width_hz));
        }
        self.enough(self.window(rate_hz), rate_hz)
    }

    /// Samples of a window.
    pub fn window(&self, rate_hz: f64) -> usize {
        (self.span_s * rate_hz).round() as usize
    }

    fn enough(&self, samples: usize, rate_hz: f64) -> Result<(), FilterError> {
        let span_s = samples as f64 / rate_hz;
        if span_s * self.frequency_hz >= PERIODS {
            return Ok(());
        }
        Err(FilterError::Span { span_s, samples, frequency_hz: self.frequency_hz })
    }
}

/// The series without its sinusoids.
///
/// # Errors
/// As [`LineNoise::check`], and a series that is shorter than five periods.
pub fn remove(series: &[f64], rate_hz: f64, noise: &LineNoise) -> Result<Vec<f64>, FilterError> {
    noise.check(rate_hz)?;
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let window = noise.window(rate_hz).min(series.len());
    noise.enough(window, rate_hz)?;
    let taper: Vec<f64> = (0..window).map(|i| (PI * (i as f64 + 0.5) / window as f64).sin().powi(2)).collect();
    let step = (window / 2).max(1);
    let last = series.len() - window;
    let mut fitted = vec![0.0; series.len()];
    let mut weights = vec![0.0; series.len()];
    let starts = (0..last).step_by(step).chain([last]);
    for start in starts {
        let fit = Fit::of(&series[start..start + window], &taper, rate_hz, noise);
        let (fitted, weights) = (&mut fitted[start..start + window], &mut weights[start..start + window]);
        for (weight, taper) in weights.iter_mut().zip(&taper) {
            *weight += taper;
        }
        for (number, wave) in fit.waves.iter().enumerate() {
            let turn = TAU * fit.frequency_hz * (number + 1) as f64 / rate_hz;
            for_each_turn(turn, window, |i, here| {
                fitted[i] += taper[i] * (wave.re * here.re + wave.im * here.im);
            });
        }
    }
    Ok(series.iter().zip(fitted.iter().zip(&weights)).map(|(x, (fitted, weight))| x - fitted / weight).collect())
}

struct Fit {
    frequency_hz: f64,
    /// Of cosine and sine, at each multiple.
    waves: Vec<Complex<f64>>,
}

impl Fit {
    fn of(series: &[f64], taper: &[f64], rate_hz: f64, noise: &LineNoise) -> Fit {
        let weight: f64 = taper.iter().sum();
        let mean = series.iter().zip(taper).map(|(x, w)| x * w).sum::<f64>() / weight;
        let tapered: Vec<f64> = series.iter().zip(taper).map(|(x, w)| w * (x - mean)).collect();
        let multiples = 1..=noise.harmonics + 1;
        let turn = |frequency_hz: f64, k: u32| TAU * frequency_hz * f64::from(k) / rate_hz;
        let power = |frequency_hz: f64| -> f64 {
            multiples.clone().map(|k| projected(&tapered, turn(frequency_hz, k)).norm_sqr()).sum()
        };
        let resolution_hz = rate_hz / series.len() as f64;
        let frequency_hz = largest(power, noise.frequency_hz, 0.5 * noise.width_hz, resolution_hz);
        let waves = multiples.clone().map(|k| wave(&tapered, taper, turn(frequency_hz, k))).collect();
        Fit { frequency_hz, waves }
    }
}

/// Where `power` is largest within `reach` of `centre`.
fn largest(power: impl Fn(f64) -> f64, centre: f64, reach: f64, resolution: f64) -> f64 {
    if reach == 0.0 {
        return centre;
    }
    let points = (reach * GRID / resolution).ceil() as i32;
    let mut step = reach / f64::from(points);
    let (mut best, mut most) = (centre, power(centre));
    for i in (1..=points).flat_map(|i| [-i, i]) {
        let place = centre + step * f64::from(i);
        let here = power(place);
        if here > most {
            (best, most) = (place, here);
        }
    }
    while step > FINE * resolution {
        let (below, above) = (power(best - step), power(best + step));
        let bend = below - 2.0 * most + above;
        // Where there is no maximum in between, the edge of the range or a plateau, the neighbours are asked.
        let aside = if bend < 0.0 { (0.5 * step * (below - above) / bend).clamp(-step, step) } else { 0.0 };
        let place = (best + aside).clamp(centre - reach, centre + reach);
        let here = power(place);
        if here > most {
            (best, most) = (place, here);
        }
        step *= 0.25;
    }
    best
}

/// sum x_i exp(-i turn i).
fn projected(series: &[f64], turn: f64) -> Complex<f64> {
    let mut sum = Complex::new(0.0, 0.0);
    for_each_turn(turn, series.len(), |i, here| {
        sum.re += series[i] * here.re;
        sum.im -= series[i] * here.im;
    });
    sum
}

/// Weighted least squares of a cosine and a sine; `tapered` has its weights already.
fn wave(tapered: &[f64], taper: &[f64], turn: f64) -> Complex<f64> {
    let (mut cc, mut cs, mut ss, mut xc, mut xs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for_each_turn(turn, tapered.len(), |i, Complex { re: cosine, im: sine }| {
        cc += taper[i] * cosine * cosine;
        cs += taper[i] * cosine * sine;
        ss += taper[i] * sine * sine;
        xc += tapered[i] * cosine;
        xs += tapered[i] * sine;
    });
    let determinant = cc * ss - cs * cs;
    Complex::new((xc * ss - xs * cs) / determinant, (xs * cc - xc * cs) / determinant)
}

/// Calls with i and exp(i turn i).
#[inline(always)]
fn for_each_turn(turn: f64, len: usize, mut each: impl FnMut(usize, Complex<f64>)) {
    let step = Complex::from_polar(1.0, turn);
    let mut here = Complex::new(1.0, 0.0);
    for i in 0..len {
        if i % FRESH == 0 {
            here = Complex::from_polar(1.0, turn * i as f64);
        }
        each(i, here);
        here *= step;
    }
}

#[cfg(test)]
mod tests;
