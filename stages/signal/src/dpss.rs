//! Discrete prolate spheroidal (Slepian) sequences: the tapers of N samples whose power is most concentrated
//! within -W..W (cycles per sample).
//!
//! They are the eigenvectors of the largest eigenvalues of the symmetric tridiagonal matrix with
//! diagonal ((N - 1 - 2 i) / 2)^2 cos(2 pi W) and off-diagonal i (N - i) / 2, which are well apart, unlike the
//! concentrations themselves. Eigenvalues come from bisection with Sturm sequences, eigenvectors from
//! inverse iteration. The concentration of a taper with autocorrelation r(k) is
//! 2 W r(0) + 2 sum_(k >= 1) r(k) sin(2 pi W k) / (pi k).
//!
//! Tapers have unit energy; those of even order have a positive sum, those of odd order begin with a positive lobe.
//!
//! Reference: Slepian D (1978) Bell Syst Tech J 57:1371, equations 13-14; Percival DB, Walden AT (1993)
//! Spectral Analysis for Physical Applications, section 8.3 and equation 378.

use std::f64::consts::PI;

use realfft::RealFftPlanner;

/// The first sequences of a length and bandwidth, the most concentrated one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Dpss {
    /// Each of unit energy.
    pub tapers: Vec<Vec<f64>>,
    /// The part of the power of each that lies within the band, from 0 to 1.
    pub concentrations: Vec<f64>,
}

/// Why there are no such sequences.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum DpssError {
    #[error(
        "the time-half-bandwidth product is {half_bandwidth}; it must be above 0 and less than half of the {samples} samples"
    )]
    Bandwidth { half_bandwidth: f64, samples: usize },
    #[error("{count} tapers of {samples} samples are asked for; there are as many as samples, and one at least")]
    Count { count: usize, samples: usize },
}

/// The first `count` sequences of `samples` values; `half_bandwidth` is N W.
///
/// # Errors
/// A bandwidth that is not above 0 or is all there is, and more sequences than samples.
pub fn dpss(samples: usize, half_bandwidth: f64, count: usize) -> Result<Dpss, DpssError> {
    if count == 0 || count > samples {
        return Err(DpssError::Count { count, samples });
    }
    if samples == 1 {
        return Ok(Dpss { tapers: vec![vec![1.0]], concentrations: vec![1.0] });
    }
    let n = samples as f64;
    if !(half_bandwidth > 0.0 && half_bandwidth < 0.5 * n) {
        return Err(DpssError::Bandwidth { half_bandwidth, samples });
    }
    let width = half_bandwidth / n;
    let cosine = (2.0 * PI * width).cos();
    let diagonal: Vec<f64> = (0..samples).map(|i| (0.5 * (n - 1.0 - 2.0 * i as f64)).powi(2) * cosine).collect();
    let off: Vec<f64> = (1..samples).map(|i| 0.5 * i as f64 * (n - i as f64)).collect();
    let matrix = Tridiagonal { diagonal, off };
    let tapers: Vec<Vec<f64>> = (0..count).map(|order| matrix.eigenvector(order)).collect();
    let concentrations = concentrations(&tapers, width);
    Ok(Dpss { tapers, concentrations })
}

struct Tridiagonal {
    diagonal: Vec<f64>,
    off: Vec<f64>,
}

impl Tridiagonal {
    /// How many eigenvalues are above `x`: positive terms of the Sturm sequence.
    fn above(&self, x: f64) -> usize {
        let mut pivot = self.diagonal[0] - x;
        let mut count = usize::from(pivot > 0.0);
        for (diagonal, off) in self.diagonal[1..].iter().zip(&self.off) {
            // A pivot of zero stands for one that is too small to matter.
            let divisor = if pivot == 0.0 { f64::MIN_POSITIVE } else { pivot };
            pivot = diagonal - x - off * off / divisor;
            count += usize::from(pivot > 0.0);
        }
        count
    }

    /// Of the eigenvalue number `order`, the largest being number 0.
    fn eigenvector(&self, order: usize) -> Vec<f64> {
        let len = self.diagonal.len();
        let radius = |i: usize| {
            let left = if i > 0 { self.off[i - 1] } else { 0.0 };
            left + self.off.get(i).copied().unwrap_or(0.0)
        };
        let bound = |sign: f64| (0..len).map(move |i| sign * self.diagonal[i] + radius(i)).fold(f64::MIN, f64::max);
        let (mut low, mut high) = (-bound(-1.0), bound(1.0));
        // Eigenvalues are one apart or more, whatever the length, so that inverse iteration then gains four digits a step.
        while high - low > 1e-4 {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                break;
            }
            if self.above(middle) > order {
                low = middle;
            } else {
                high = middle;
            }
        }
        // As many changes of sign as the eigenvector.
        let mut vector: Vec<f64> =
            (0..len).map(|i| (PI * order as f64 * (i as f64 + 0.5) / len as f64).cos()).collect();
        let shift = 0.5 * (low + high);
        for _ in 0..4 {
            self.solve(shift, &mut vector);
            let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
            vector.iter_mut().for_each(|v| *v /= norm);
        }
        if !is_positive(&vector, order) {
            vector.iter_mut().for_each(|v| *v = -*v);
        }
        vector
    }

    /// Solves (matrix - shift) x = b in place, with pivoting between neighbouring rows.
    fn solve(&self, shift: f64, b: &mut [f64]) {
        let len = b.len();
        let mut diagonal: Vec<f64> = self.diagonal.iter().map(|d| d - shift).collect();
        let mut upper = self.off.clone();
        let mut second = vec![0.0; len.saturating_sub(2)];
        for i in 0..len - 1 {
            let lower = self.off[i];
            if diagonal[i].abs() >= lower.abs() {
                let factor = lower / diagonal[i];
                diagonal[i + 1] -= factor * upper[i];
                b[i + 1] -= factor * b[i];
            } else {
                let factor = diagonal[i] / lower;
                let below = diagonal[i + 1];
                diagonal[i] = lower;
                diagonal[i + 1] = upper[i] - factor * below;
                upper[i] = below;
                if i + 1 < upper.len() {
                    second[i] = upper[i + 1];
                    upper[i + 1] *= -factor;
                }
                b.swap(i, i + 1);
                b[i + 1] -= factor * b[i];
            }
        }
        for i in (0..len).rev() {
            let mut value = b[i];
            if i + 1 < len {
                value -= upper[i] * b[i + 1];
            }
            if i + 2 < len {
                value -= second[i] * b[i + 2];
            }
            // At an eigenvalue the last pivot is rounding alone.
            b[i] = value / if diagonal[i] == 0.0 { f64::EPSILON * len as f64 } else { diagonal[i] };
        }
    }
}

/// Whether it has the sign that is agreed on: of its sum, or for odd orders of the first lobe.
fn is_positive(taper: &[f64], order: usize) -> bool {
    if order.is_multiple_of(2) {
        return taper.iter().sum::<f64>() >= 0.0;
    }
    // Values at the very ends may be rounding alone.
    let threshold = 1e-7_f64.max(1.0 / taper.len() as f64);
    taper.iter().find(|value| *value * *value > threshold).is_none_or(|value| *value > 0.0)
}

fn concentrations(tapers: &[Vec<f64>], width: f64) -> Vec<f64> {
    let samples = tapers[0].len();
    let padded = (2 * samples).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, backward) = (planner.plan_fft_forward(padded), planner.plan_fft_inverse(padded));
    let kernel = |k: usize| (2.0 * PI * width * k as f64).sin() / (PI * k as f64);
    let mut time = forward.make_input_vec();
    let mut frequency = forward.make_output_vec();
    let of = |taper: &Vec<f64>| {
        time.fill(0.0);
        time[..samples].copy_from_slice(taper);
        // The buffers are the plans' own: they cannot refuse.
        let there = forward.process(&mut time, &mut frequency);
        frequency.iter_mut().for_each(|bin| *bin = bin.norm_sqr().into());
        let back = backward.process(&mut frequency, &mut time);
        debug_assert!(there.is_ok() && back.is_ok());
        let lags = time[1..samples].iter().enumerate().map(|(k, r)| r * kernel(k + 1));
        let sum = 2.0 * width * time[0] + 2.0 * lags.sum::<f64>();
        (sum / padded as f64).clamp(0.0, 1.0)
    };
    tapers.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tapers_are_orthonormal_and_ever_less_concentrated() {
        for (samples, half_bandwidth, count) in
            [(2, 0.9, 2), (3, 0.5, 3), (64, 4.0, 8), (1001, 2.5, 5), (4096, 20.0, 40)]
        {
            let found = dpss(samples, half_bandwidth, count).unwrap();
            for (i, a) in found.tapers.iter().enumerate() {
                for (j, b) in found.tapers.iter().enumerate() {
                    let product: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                    let expected = f64::from(u8::from(i == j));
                    assert!((product - expected).abs() < 1e-10, "{samples} {half_bandwidth}: {i} {j} {product}");
                }
            }
            assert!(found.concentrations.windows(2).all(|pair| pair[0] >= pair[1] - 1e-12), "{found:?}");
        }
    }

    #[test]
    fn two_samples_have_the_sequences_of_paper_and_pencil() {
        // Their matrix of concentrations has 2 W on its diagonal and sin(2 pi W) / pi beside it.
        let found = dpss(2, 0.5, 2).unwrap();
        let half = 0.5_f64.sqrt();
        let off = (2.0 * PI * 0.25).sin() / PI;
        assert!((found.tapers[0][0] - half).abs() < 1e-15 && (found.tapers[0][1] - half).abs() < 1e-15);
        assert!((found.tapers[1][0] - half).abs() < 1e-15 && (found.tapers[1][1] + half).abs() < 1e-15);
        assert!((found.concentrations[0] - (0.5 + off)).abs() < 1e-15);
        assert!((found.concentrations[1] - (0.5 - off)).abs() < 1e-15);
    }

    #[test]
    fn what_is_refused() {
        assert!(dpss(8, 4.0, 1).unwrap_err().to_string().contains("less than half of the 8 samples"));
        assert!(dpss(8, 0.0, 1).is_err() && dpss(8, f64::NAN, 1).is_err());
        assert!(dpss(8, 2.0, 9).is_err() && dpss(8, 2.0, 0).is_err());
        assert_eq!(dpss(1, 4.0, 1).unwrap().tapers, [[1.0]]);
    }
}
