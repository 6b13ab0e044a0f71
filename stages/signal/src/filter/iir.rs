//! Recursive filters: Butterworth, Chebyshev of the first and the second kind, and the resonator that notches are made of.
//!
//! An analog low-pass filter of order N with edge 1 rad/s is brought to its band by a transform of frequency and to the z
//! plane by the bilinear transform s = 4 (z - 1) / (z + 1), whose edges are warped before by 4 tan(pi f / rate). Poles of
//! the prototypes, m = -N + 1, -N + 3, .., N - 1, theta = pi m / (2 N):
//!
//! | filter | poles | zeros | at its edges | in between |
//! |---|---|---|---|---|
//! | Butterworth | -exp(i theta) | none | -3 dB | monotonic |
//! | Chebyshev 1 | -sinh(mu + i theta), mu = asinh(1 / eps) / N, eps^2 = 10^(ripple / 10) - 1 | none | -ripple | ripples in the pass-band |
//! | Chebyshev 2 | 1 / (-sinh(mu) cos(theta) - i cosh(mu) sin(theta)), mu = asinh(1 / eps) / N, 1 / eps^2 = 10^(attenuation / 10) - 1 | i / sin(theta) | -attenuation (edge of the stop-band) | ripples in the stop-band |
//!
//! | band, edges w, w_1 < w_2, w_0^2 = w_1 w_2, B = w_2 - w_1 | s of the prototype |
//! |---|---|
//! | low-pass | s / w |
//! | high-pass | w / s |
//! | band-pass | (s^2 + w_0^2) / (B s), so the order doubles |
//! | band-stop | B s / (s^2 + w_0^2), so the order doubles |
//!
//! Responses are those of `scipy.signal.butter`, `cheby1` and `cheby2`. Forwards and backwards all decibels double.
//!
//! The resonator is scipy's `iirnotch`: at a frequency w_0 = 2 pi f / rate nothing passes, at f +- width / 2 half of the
//! power does: g (1 - 2 cos(w_0) / z + 1 / z^2) / (1 - 2 g cos(w_0) / z + (2 g - 1) / z^2), g = 1 / (1 + tan(pi width / rate)).
//!
//! References: Oppenheim AV, Schafer RW, Discrete-Time Signal Processing, chapter 7 and appendix B; Orfanidis SJ (1996)
//! Introduction to Signal Processing, section 11.3 (notch).

use std::f64::consts::PI;

use realfft::num_complex::Complex;

use super::sections::{Section, Sections};
use super::{Band, FilterError, MOST_ORDER, check_frequency, check_rate};

/// Sampling rate of the bilinear transform, twice.
const TWICE_RATE: f64 = 4.0;
/// Imaginary parts of poles and zeros that are rounding errors of real ones.
const REAL: f64 = 1e-11;

/// Which filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prototype {
    /// Flat.
    Butterworth,
    /// Steeper, with ripples in the pass-band.
    Chebyshev1 {
        /// Depth of the ripples in dB.
        ripple_db: f64,
    },
    /// Steeper, with ripples in the stop-band. Edges are those of the stop-band.
    Chebyshev2 {
        /// Of the stop-band in dB.
        attenuation_db: f64,
    },
}

/// The filter of a band; `order` is that of the prototype, band-pass and band-stop filters have twice as many poles.
///
/// # Errors
/// An order beyond 1 to [`MOST_ORDER`], edges that are not between 0 and the Nyquist frequency, decibels that are
/// not positive.
pub fn design(prototype: Prototype, order: u32, band: Band, rate_hz: f64) -> Result<Sections, FilterError> {
    if !(1..=MOST_ORDER).contains(&order) {
        return Err(FilterError::Order(order));
    }
    band.check(rate_hz)?;
    if let Prototype::Chebyshev1 { ripple_db: db } | Prototype::Chebyshev2 { attenuation_db: db } = prototype
        && !(db > 0.0 && db.is_finite())
    {
        return Err(FilterError::Decibels(db));
    }
    let warped = |edge_hz: f64| TWICE_RATE * (PI * edge_hz / rate_hz).tan();
    let analog = analog_prototype(prototype, order);
    let analog = match band {
        Band::LowPass(edge) => analog.low_pass(warped(edge)),
        Band::HighPass(edge) => analog.high_pass(warped(edge)),
        Band::BandPass(low, high) => analog.band_pass(warped(low), warped(high)),
        Band::BandStop(low, high) => analog.band_stop(warped(low), warped(high)),
    };
    Ok(analog.bilinear().sections())
}

/// A notch: half of the power passes at `frequency_hz` plus and minus half of `width_hz`.
///
/// # Errors
/// A frequency that is not between 0 and the Nyquist frequency, or a width that is not either.
pub fn notch(frequency_hz: f64, width_hz: f64, rate_hz: f64) -> Result<Section, FilterError> {
    check_rate(rate_hz)?;
    check_frequency(frequency_hz, rate_hz)?;
    if !(width_hz > 0.0 && width_hz < 0.5 * rate_hz) {
        return Err(FilterError::Width(width_hz));
    }
    let gain = 1.0 / (1.0 + (PI * width_hz / rate_hz).tan());
    let middle = -2.0 * (2.0 * PI * frequency_hz / rate_hz).cos();
    Ok(Section { b: [gain, gain * middle, gain], a: [gain * middle, 2.0 * gain - 1.0] })
}

/// gain prod (s - zero) / prod (s - pole).
struct Roots {
    zeros: Vec<Complex<f64>>,
    poles: Vec<Complex<f64>>,
    gain: f64,
}

fn analog_prototype(prototype: Prototype, order: u32) -> Roots {
    let n = f64::from(order);
    let angles = (0..order).map(|i| PI * (2.0 * f64::from(i) + 1.0 - n) / (2.0 * n));
    match prototype {
        Prototype::Butterworth => {
            let poles = angles.map(|theta| -Complex::from_polar(1.0, theta)).collect();
            Roots { zeros: Vec::new(), poles, gain: 1.0 }
        }
        Prototype::Chebyshev1 { ripple_db } => {
            let epsilon = (10_f64.powf(0.1 * ripple_db) - 1.0).sqrt();
            let mu = (1.0 / epsilon).asinh() / n;
            let poles: Vec<_> = angles.map(|theta| -Complex::new(mu, theta).sinh()).collect();
            // An even order starts at the bottom of a ripple.
            let bottom = if order.is_multiple_of(2) { (1.0 + epsilon * epsilon).sqrt() } else { 1.0 };
            let gain = negated_product(&poles) / bottom;
            Roots { zeros: Vec::new(), poles, gain }
        }
        Prototype::Chebyshev2 { attenuation_db } => {
            let mu = (10_f64.powf(0.1 * attenuation_db) - 1.0).sqrt().asinh() / n;
            let pole = |theta: f64| -1.0 / Complex::new(mu.sinh() * theta.cos(), mu.cosh() * theta.sin());
            let poles: Vec<_> = angles.clone().map(pole).collect();
            let middle = |i: &usize| 2 * i + 1 != order as usize;
            let angles: Vec<f64> = angles.collect();
            let outer = (0..order as usize).filter(middle);
            let zeros: Vec<_> = outer.map(|i| Complex::new(0.0, 1.0 / angles[i].sin())).collect();
            let gain = negated_product(&poles) / negated_product(&zeros);
            Roots { zeros, poles, gain }
        }
    }
}

/// prod(-root), which is real for conjugate pairs.
fn negated_product(roots: &[Complex<f64>]) -> f64 {
    roots.iter().fold(Complex::from(1.0), |product, root| product * -root).re
}

impl Roots {
    fn excess(&self) -> usize {
        self.poles.len() - self.zeros.len()
    }

    fn low_pass(self, edge: f64) -> Roots {
        let gain = self.gain * edge.powi(self.excess() as i32);
        let scaled = |roots: Vec<Complex<f64>>| roots.into_iter().map(|root| root * edge).collect();
        Roots { zeros: scaled(self.zeros), poles: scaled(self.poles), gain }
    }

    fn high_pass(self, edge: f64) -> Roots {
        let gain = self.gain * negated_product(&self.zeros) / negated_product(&self.poles);
        let excess = self.excess();
        let inverted =
            |roots: Vec<Complex<f64>>| -> Vec<_> { roots.into_iter().map(|root| Complex::from(edge) / root).collect() };
        let (mut zeros, poles) = (inverted(self.zeros), inverted(self.poles));
        zeros.extend(vec![Complex::from(0.0); excess]);
        Roots { zeros, poles, gain }
    }

    fn band_pass(self, low: f64, high: f64) -> Roots {
        let width = high - low;
        let excess = self.excess();
        let gain = self.gain * width.powi(excess as i32);
        let halved = |root: Complex<f64>| root * (0.5 * width);
        let mut zeros = split(&self.zeros, low * high, halved);
        zeros.extend(vec![Complex::from(0.0); excess]);
        Roots { zeros, poles: split(&self.poles, low * high, halved), gain }
    }

    fn band_stop(self, low: f64, high: f64) -> Roots {
        let width = high - low;
        let gain = self.gain * negated_product(&self.zeros) / negated_product(&self.poles);
        let inverted = |root: Complex<f64>| Complex::from(0.5 * width) / root;
        let excess = self.excess();
        let mut zeros = split(&self.zeros, low * high, inverted);
        let centre = Complex::new(0.0, (low * high).sqrt());
        zeros.extend((0..excess).flat_map(|_| [centre, -centre]));
        Roots { zeros, poles: split(&self.poles, low * high, inverted), gain }
    }

    fn bilinear(self) -> Roots {
        let rate = Complex::from(TWICE_RATE);
        let product =
            |roots: &[Complex<f64>]| roots.iter().fold(Complex::from(1.0), |product, root| product * (rate - root));
        let gain = self.gain * (product(&self.zeros) / product(&self.poles)).re;
        let excess = self.excess();
        let mapped = |roots: Vec<Complex<f64>>| -> Vec<_> {
            roots.into_iter().map(|root| (rate + root) / (rate - root)).collect()
        };
        let (mut zeros, poles) = (mapped(self.zeros), mapped(self.poles));
        zeros.extend(vec![Complex::from(-1.0); excess]);
        Roots { zeros, poles, gain }
    }

    /// Pairs of poles, those nearest to the unit circle last, where the signal is smallest; each gets the zeros that
    /// are nearest to it.
    fn sections(self) -> Sections {
        let mut zeros = self.zeros;
        let mut pairs = pairs(self.poles);
        pairs.sort_by(|a, b| b[0].norm().total_cmp(&a[0].norm()));
        let of_pair = |pair: [Complex<f64>; 2]| {
            let first = take_nearest(&mut zeros, pair[0], |_| true);
            // A complex zero brings its conjugate along, a real one another real one.
            let second = match is_real(first) {
                true => take_nearest(&mut zeros, pair[1], is_real),
                false => take_nearest(&mut zeros, first.conj(), |_| true),
            };
            let (b, a) = (polynomial([first, second]), polynomial(pair));
            Section { b, a: [a[1], a[2]] }
        };
        let mut sections: Vec<_> = pairs.into_iter().map(of_pair).collect();
        sections.reverse();
        Sections { gain: self.gain, sections }
    }
}

/// Roots s of s^2 - 2 h s + `square` for each h.
fn split(roots: &[Complex<f64>], square: f64, half: impl Fn(Complex<f64>) -> Complex<f64>) -> Vec<Complex<f64>> {
    let both = |root: &Complex<f64>| {
        let middle = half(*root);
        let distance = (middle * middle - square).sqrt();
        [middle + distance, middle - distance]
    };
    roots.iter().flat_map(both).collect()
}

/// Conjugate pairs, then real roots by twos; one that is left over is paired with 0.
fn pairs(roots: Vec<Complex<f64>>) -> Vec<[Complex<f64>; 2]> {
    let (mut real, complex): (Vec<_>, Vec<_>) = roots.into_iter().partition(|root| is_real(*root));
    let upper = complex.into_iter().filter(|root| root.im > 0.0);
    let mut pairs: Vec<_> = upper.map(|root| [root, root.conj()]).collect();
    real.sort_by(|a, b| b.re.abs().total_cmp(&a.re.abs()));
    let of_reals = |two: &[Complex<f64>]| [two[0].re, two.get(1).map_or(0.0, |root| root.re)].map(Complex::from);
    pairs.extend(real.chunks(2).map(of_reals));
    pairs
}

/// Of those that are allowed; 0 where none is left.
fn take_nearest(
    roots: &mut Vec<Complex<f64>>,
    to: Complex<f64>,
    allowed: impl Fn(Complex<f64>) -> bool,
) -> Complex<f64> {
    let distance = |i: &usize| (roots[*i] - to).norm();
    let allowed = (0..roots.len()).filter(|&i| allowed(roots[i]));
    let nearest = allowed.min_by(|i, j| distance(i).total_cmp(&distance(j)));
    nearest.map_or(Complex::from(0.0), |i| roots.swap_remove(i))
}

fn is_real(root: Complex<f64>) -> bool {
    root.im.abs() <= REAL * root.norm()
}

/// 1 - (p + q) / z + p q / z^2.
fn polynomial([p, q]: [Complex<f64>; 2]) -> [f64; 3] {
    [1.0, -(p + q).re, (p * q).re]
}

#[cfg(test)]
mod tests;
