//! Windows that taper a segment before it is transformed.
//!
//! All are periodic, as spectra need them: the symmetric window of L + 1 values without its last one. With
//! t = i / L in [0, 1) and u = |2 t - 1|, for i = 0 .. L - 1:
//!
//! | window | weight | parameter |
//! |---|---|---|
//! | boxcar | 1 | |
//! | triangular | 1 - u L / (L + 1) for odd L, 1 - u L / (L + 2) for even L | |
//! | bartlett | 1 - u | |
//! | hann | 0.5 - 0.5 cos(2 pi t) | |
//! | hamming | 0.54 - 0.46 cos(2 pi t) | |
//! | blackman | 0.42 - 0.5 cos(2 pi t) + 0.08 cos(4 pi t) | |
//! | blackman-harris, nuttall, flat top | sums of cosines with the coefficients below | |
//! | cosine | sin(pi (i + 0.5) / (L + 1)) | |
//! | lanczos | sin(pi u) / (pi u) | |
//! | bohman | (1 - u) cos(pi u) + sin(pi u) / pi | |
//! | parzen | piecewise cubic | |
//! | bartlett-hann | 0.62 - 0.48 u / 2 + 0.38 cos(pi u) | |
//! | tukey | cosine tapers over the fraction a, else 1 | a in 0..=1 |
//! | kaiser | I0(b sqrt(1 - u^2)) / I0(b) | b in 0..=700 |
//! | gaussian | exp(-x^2 / (2 s^2)), x samples from the middle | s > 0, samples |
//! | general gaussian | exp(-0.5 abs(x / s)^(2 p)) | p > 0, s > 0 |
//! | general hamming | a - (1 - a) cos(2 pi t) | a in 0..=1 |
//! | exponential | exp(-abs(x) / tau) | tau > 0, samples |
//! | slepian | the first discrete prolate spheroidal sequence | NW > 0, less than (L + 1) / 2 |
//!
//! The numbers are those of `scipy.signal.get_window`; what a window is multiplied by does not matter to a spectrum.
//!
//! Reference: Harris FJ (1978) Proc IEEE 66:51, section V; Nuttall AH (1981) IEEE Trans ASSP 29:84, table II
//! (4-term, minimum); D'Antona G, Ferrero A (2006) Digital Signal Processing for Measurement Systems, p 70
//! (flat top); Slepian D (1978) Bell Syst Tech J 57:1371.

use std::f64::consts::{PI, TAU};

use crate::dpss::{DpssError, dpss};

/// Taper of a segment, periodic.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[allow(missing_docs, reason = "the table above says what they are")]
pub enum Window {
    #[default]
    Hann,
    Hamming,
    Blackman,
    Boxcar,
    Triangular,
    Bartlett,
    BlackmanHarris,
    Nuttall,
    FlatTop,
    Cosine,
    Lanczos,
    Bohman,
    Parzen,
    BartlettHann,
    /// The fraction of the window that is tapered.
    Tukey(f64),
    /// beta: the larger, the lower the side lobes and the wider the main lobe.
    Kaiser(f64),
    /// Standard deviation in samples.
    Gaussian(f64),
    GeneralGaussian {
        power: f64,
        width: f64,
    },
    GeneralHamming(f64),
    /// Time constant in samples.
    Exponential(f64),
    /// Time-half-bandwidth product NW.
    Slepian(f64),
}

/// A parameter that a window cannot have.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum WindowError {
    /// Out of its range.
    #[error("the parameter of the window {window} is {value}; it must be {allowed}")]
    Parameter {
        /// Its name.
        window: &'static str,
        /// What was given.
        value: f64,
        /// What may be given.
        allowed: &'static str,
    },
    /// A Slepian window that its length does not allow.
    #[error(transparent)]
    Slepian(#[from] DpssError),
}

const BLACKMAN: [f64; 3] = [0.42, 0.5, 0.08];
const BLACKMAN_HARRIS: [f64; 4] = [0.35875, 0.48829, 0.14128, 0.01168];
const NUTTALL: [f64; 4] = [0.3635819, 0.4891775, 0.1365995, 0.0106411];
const FLAT_TOP: [f64; 5] = [0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368];
/// Beyond it the Bessel function has no finite value.
const LARGEST_BETA: f64 = 700.0;

impl Window {
    /// Whether its parameter is one that it can have, for segments of any length.
    ///
    /// # Errors
    /// The parameter and its range.
    pub fn check(&self) -> Result<(), WindowError> {
        let within = |window, value: f64, good: bool, allowed| {
            if good { Ok(()) } else { Err(WindowError::Parameter { window, value, allowed }) }
        };
        let fraction = |window, value: f64| within(window, value, (0.0..=1.0).contains(&value), "from 0 to 1");
        let positive =
            |window, value: f64| within(window, value, value > 0.0 && value.is_finite(), "finite and above 0");
        match *self {
            Window::Tukey(tapered) => fraction("tukey", tapered),
            Window::GeneralHamming(alpha) => fraction("general_hamming", alpha),
            Window::Kaiser(beta) => within("kaiser", beta, (0.0..=LARGEST_BETA).contains(&beta), "from 0 to 700"),
            Window::Gaussian(sd) => positive("gaussian", sd),
            Window::GeneralGaussian { power, width } => {
                positive("general_gaussian", power).and_then(|()| positive("general_gaussian", width))
            }
            Window::Exponential(tau) => positive("exponential", tau),
            Window::Slepian(half_bandwidth) => positive("slepian", half_bandwidth),
            _ => Ok(()),
        }
    }

    /// `len` weights.
    ///
    /// # Errors
    /// A parameter out of its range, and a Slepian window that is wider than its length allows.
    pub fn weights(&self, len: usize) -> Result<Vec<f64>, WindowError> {
        self.check()?;
        // One sample cannot be tapered.
        if len <= 1 {
            return Ok(vec![1.0; len]);
        }
        if let Window::Slepian(half_bandwidth) = *self {
            let mut weights = dpss(len + 1, half_bandwidth, 1)?.tapers.swap_remove(0);
            weights.pop();
            return Ok(weights);
        }
        let parity = if len % 2 == 1 { 1.0 } else { 2.0 };
        Ok((0..len).map(|i| self.weight(i as f64, len as f64, parity)).collect())
    }

    /// Of sample `i` of `len`; `parity` is 1 for an odd and 2 for an even one.
    fn weight(&self, i: f64, len: f64, parity: f64) -> f64 {
        let t = i / len;
        let from_middle = i - 0.5 * len;
        let u = (from_middle / (0.5 * len)).abs();
        match *self {
            Window::Hann => 0.5 - 0.5 * (TAU * t).cos(),
            Window::Hamming => 0.54 - 0.46 * (TAU * t).cos(),
            Window::GeneralHamming(alpha) => alpha - (1.0 - alpha) * (TAU * t).cos(),
            Window::Blackman => cosines(&BLACKMAN, t),
            Window::BlackmanHarris => cosines(&BLACKMAN_HARRIS, t),
            Window::Nuttall => cosines(&NUTTALL, t),
            Window::FlatTop => cosines(&FLAT_TOP, t),
            Window::Boxcar | Window::Slepian(_) => 1.0,
            Window::Triangular => 1.0 - u * len / (len + parity),
            Window::Bartlett => 1.0 - u,
            Window::Cosine => (PI * (i + 0.5) / (len + 1.0)).sin(),
            Window::Lanczos => sinc(u),
            Window::Bohman if i == 0.0 => 0.0,
            Window::Bohman => (1.0 - u) * (PI * u).cos() + (PI * u).sin() / PI,
            Window::Parzen => {
                // In units of half the symmetric window, which has one value more.
                let n = 2.0 * from_middle.abs() / (len + 1.0);
                if from_middle.abs() <= 0.25 * len { 1.0 - 6.0 * n * n * (1.0 - n) } else { 2.0 * (1.0 - n).powi(3) }
            }
            Window::BartlettHann => 0.62 - 0.24 * u + 0.38 * (PI * u).cos(),
            Window::Tukey(tapered) => {
                let edge = 0.5 * tapered;
                if tapered <= 0.0 || (t >= edge && t <= 1.0 - edge) {
                    1.0
                } else {
                    0.5 * (1.0 + (PI * (t.min(1.0 - t) / edge - 1.0)).cos())
                }
            }
            Window::Kaiser(beta) => bessel_i0(beta * (1.0 - u * u).max(0.0).sqrt()) / bessel_i0(beta),
            Window::Gaussian(sd) => (-0.5 * (from_middle / sd).powi(2)).exp(),
            Window::GeneralGaussian { power, width } => (-0.5 * (from_middle / width).abs().powf(2.0 * power)).exp(),
            Window::Exponential(tau) => (-from_middle.abs() / tau).exp(),
        }
    }
}

/// a0 - a1 cos(2 pi t) + a2 cos(4 pi t) - ...
fn cosines(coefficients: &[f64], t: f64) -> f64 {
    let terms = coefficients.iter().enumerate().map(|(k, a)| {
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        sign * a * (TAU * k as f64 * t).cos()
    });
    terms.sum()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function of order 0: all terms of its series are positive, so that none is lost.
fn bessel_i0(x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn windows_of_one_sample_are_one_and_symmetric_about_their_middle() {
        let all = [
            Window::Hann,
            Window::Triangular,
            Window::Bartlett,
            Window::FlatTop,
            Window::Parzen,
            Window::Bohman,
            Window::Tukey(0.3),
            Window::Kaiser(8.6),
            Window::Gaussian(3.0),
            Window::Exponential(2.0),
            Window::Slepian(2.5),
        ];
        for window in all {
            assert_eq!(window.weights(1).unwrap(), [1.0], "{window:?}");
            assert!(window.weights(0).unwrap().is_empty());
            for len in [10, 11] {
                let weights = window.weights(len).unwrap();
                for i in 1..len {
                    assert!((weights[i] - weights[len - i]).abs() < 1e-14, "{window:?} {len} {i}");
                }
            }
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused_with_what_is_allowed() {
        let told = |window: Window| window.weights(8).unwrap_err().to_string();
        assert_eq!(told(Window::Tukey(1.5)), "the parameter of the window tukey is 1.5; it must be from 0 to 1");
        assert!(told(Window::Kaiser(f64::NAN)).contains("from 0 to 700"));
        assert!(told(Window::Gaussian(0.0)).contains("finite and above 0"));
        assert!(told(Window::GeneralGaussian { power: 1.0, width: -1.0 }).contains("-1"));
        assert!(told(Window::Slepian(4.5)).contains("less than half"));
    }

    #[test]
    fn the_bessel_function_has_its_tabulated_values() {
        // Abramowitz and Stegun, table 9.8 and 9.11.
        for (x, expected) in
            [(0.0, 1.0), (1.0, 1.266065877752008), (5.0, 27.239871823604442), (20.0, 43558282.559553534)]
        {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-14, "{x}: {}", bessel_i0(x));
        }
        assert!(bessel_i0(LARGEST_BETA).is_finite());
    }
}
