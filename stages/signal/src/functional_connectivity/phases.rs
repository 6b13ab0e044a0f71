//! Phases of signals, and how they go together.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use crate::connectivity::is_constant;
use crate::missing::missing;

/// Phase of the analytic signal of what is left without the mean, in radians from -pi to pi. All NaN where values are
/// missing or all are equal. It means something where the signal is narrow in frequency; filter it before.
///
/// The Hilbert transform takes the signal to be periodic, as scipy does, so phases near its ends are less sure.
/// Reference: Boashash B (1992) Proc IEEE 80:520, equations 12 and 13.
pub fn hilbert_phase(series: &[f64]) -> Vec<f64> {
    let len = series.len();
    if missing(series).is_some() || is_constant(series) {
        return vec![f64::NAN; len];
    }
    // Phases have no unit: what is huge or tiny is brought near to 1 first.
    let largest = series.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let scaled: Vec<f64> = series.iter().map(|value| value / largest).collect();
    let mean = scaled.iter().sum::<f64>() / len as f64;
    let mut block: Vec<f64> = scaled.iter().map(|value| value - mean).collect();
    let centred = block.clone();
    let mut planner = RealFftPlanner::new();
    let (forward, inverse) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
    let mut spectrum = forward.make_output_vec();
    // Lengths are those of the plan, the only thing that could be wrong.
    let there = forward.process(&mut block, &mut spectrum);
    spectrum.iter_mut().for_each(|value| *value = Complex::new(value.im, -value.re));
    spectrum[0] = Complex::default();
    if len.is_multiple_of(2) {
        spectrum[len / 2] = Complex::default();
    }
    let back = inverse.process(&mut spectrum, &mut block);
    debug_assert!(there.is_ok() && back.is_ok());
    let scale = 1.0 / len as f64;
    centred.iter().zip(&block).map(|(x, h)| (scale * h).atan2(*x)).collect()
}

/// R(t) of phases of nodes: 1 where all are equal, about 1/sqrt(nodes) where they are independent. NaN where a phase is
/// undefined, and without nodes; as long as the shortest.
pub fn order(phases: &[Vec<f64>]) -> Vec<f64> {
    let len = phases.iter().map(Vec::len).min().unwrap_or(0);
    let nodes = phases.len() as f64;
    let mut sums = vec![(0.0_f64, 0.0_f64); len];
    for node in phases {
        for (sum, phase) in sums.iter_mut().zip(node) {
            let (sin, cos) = phase.sin_cos();
            *sum = (sum.0 + cos, sum.1 + sin);
        }
    }
    sums.iter().map(|(cos, sin)| (cos / nodes).hypot(sin / nodes)).collect()
}
