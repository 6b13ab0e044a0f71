//! Second-order sections: a recursive filter as a chain of short ones, which rounding errors do not grow in.
//!
//! H(z) = g prod_k (b_k0 + b_k1 / z + b_k2 / z^2) / (1 + a_k1 / z + a_k2 / z^2), each section in direct form II
//! transposed: y = b_0 x + s_1, s_1 <- b_1 x - a_1 y + s_2, s_2 <- b_2 x - a_2 y.
//!
//! Forwards and backwards the gain is |H|^2 and nothing is shifted. Beyond its ends the series is reflected through
//! its end points, and each pass begins in the steady state of its first value: the numbers of
//! `scipy.signal.sosfiltfilt` with `padtype="odd"`, whose `padlen` is `padding` here.
//!
//! Reference: Gustafsson F (1996) IEEE Trans Signal Process 44:988 (forward-backward filtering); Oppenheim AV,
//! Schafer RW, Discrete-Time Signal Processing, chapter 6 (cascade form).

use realfft::num_complex::Complex;

use super::{Start, reflected_once};

/// What a response has decayed to, relative to all of it, where it counts as over.
const OUTSIDE: f64 = 0.01;
/// What poles have decayed to where the search for the end of a response stops.
const FORGOTTEN: f64 = 1e-6;
/// Samples of a response that are looked at, at most.
const LONGEST: usize = 1 << 22;

/// (b_0 + b_1 / z + b_2 / z^2) / (1 + a_1 / z + a_2 / z^2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Section {
    /// b_0, b_1, b_2.
    pub b: [f64; 3],
    /// a_1, a_2.
    pub a: [f64; 2],
}

/// A chain of sections.
#[derive(Debug, Clone, PartialEq)]
pub struct Sections {
    /// Of the whole chain; it is applied first.
    pub gain: f64,
    /// One after the other.
    pub sections: Vec<Section>,
}

impl Sections {
    /// Filters forwards and backwards, with at most `padding` reflected values at each end.
    pub fn both_ways(&self, series: &[f64], padding: usize) -> Vec<f64> {
        let padding = padding.min(series.len().saturating_sub(1));
        let mut extended = Vec::with_capacity(series.len() + 2 * padding);
        extended.extend((1..=padding as isize).rev().map(|i| reflected_once(series, -i)));
        extended.extend_from_slice(series);
        let end = series.len() as isize;
        extended.extend((end..end + padding as isize).map(|i| reflected_once(series, i)));
        self.run_both_ways(&mut extended);
        extended.reverse();
        extended.truncate(padding + series.len());
        extended.drain(..padding);
        extended
    }

    /// Filters forwards alone.
    pub fn forwards(&self, series: &[f64], start: Start) -> Vec<f64> {
        let mut filtered = series.to_vec();
        match start {
            Start::Steady => self.run(&mut filtered),
            Start::Rest => self.run_from(&mut vec![[0.0; 2]; self.sections.len()], &mut filtered),
        }
        filtered
    }

    /// H at a frequency.
    pub fn response(&self, frequency_hz: f64, rate_hz: f64) -> Complex<f64> {
        let back = Complex::from_polar(1.0, -std::f64::consts::TAU * frequency_hz / rate_hz);
        self.sections.iter().fold(Complex::from(self.gain), |product, Section { b, a }| {
            product * (back * (back * b[2] + b[1]) + b[0]) / (back * (back * a[1] + a[0]) + 1.0)
        })
    }

    /// Samples after which at most 1 % of the response to one value are still to come, in absolute values.
    pub fn memory(&self) -> usize {
        let len = self.decay(FORGOTTEN).min(LONGEST);
        let mut response = vec![0.0; len];
        if let Some(first) = response.first_mut() {
            *first = 1.0;
        }
        self.run_from(&mut vec![[0.0; 2]; self.sections.len()], &mut response);
        let all: f64 = response.iter().map(|y| y.abs()).sum();
        let mut outside = 0.0;
        for (i, y) in response.iter().enumerate().rev() {
            outside += y.abs();
            if outside > OUTSIDE * all {
                return i + 1;
            }
        }
        0
    }

    /// Samples until the slowest pole has decayed to `rest`.
    pub(crate) fn decay(&self, rest: f64) -> usize {
        let radius = |Section { a: [a1, a2], .. }: &Section| {
            let discriminant = 0.25 * a1 * a1 - a2;
            if discriminant < 0.0 { a2.sqrt() } else { 0.5 * a1.abs() + discriminant.sqrt() }
        };
        let slowest = self.sections.iter().map(radius).fold(0.0, f64::max);
        (rest.ln() / slowest.ln()).ceil() as usize
    }

    /// Filters in place forwards, then backwards. The result is turned round.
    pub(crate) fn run_both_ways(&self, signal: &mut [f64]) {
        self.run(signal);
        signal.reverse();
        self.run(signal);
    }

    /// Filters in place, starting from the steady state of the first sample.
    fn run(&self, signal: &mut [f64]) {
        let mut states = self.steady(signal.first().copied().unwrap_or(0.0));
        self.run_from(&mut states, signal);
    }

    /// The number of sections is known to the compiler where there are few, so that states stay in registers.
    fn run_from(&self, states: &mut [[f64; 2]], signal: &mut [f64]) {
        match self.sections.len() {
            1 => self.run_sections::<1>(states, signal),
            2 => self.run_sections::<2>(states, signal),
            3 => self.run_sections::<3>(states, signal),
            4 => self.run_sections::<4>(states, signal),
            _ => {
                for sample in signal {
                    *sample = step(&self.sections, states, self.gain * *sample);
                }
            }
        }
    }

    fn run_sections<const N: usize>(&self, states: &mut [[f64; 2]], signal: &mut [f64]) {
        let (Some(sections), Some(state)) = (self.sections.first_chunk::<N>(), states.first_chunk_mut::<N>()) else {
            return;
        };
        let (sections, mut own) = (*sections, *state);
        for sample in signal {
            *sample = step(&sections, &mut own, self.gain * *sample);
        }
        *state = own;
    }

    /// Delay elements after an endless input of one value. The gain is that of the first section, as
    /// scipy has it: what follows depends on it to the last bit.
    fn steady(&self, input: f64) -> Vec<[f64; 2]> {
        let (mut gain, mut level) = (self.gain, 1.0);
        let of_section = |Section { b, a: [a1, a2] }: &Section| {
            let b = b.map(|b| gain * b);
            let response = (b[0] + b[1] + b[2]) / (1.0 + a1 + a2);
            let second = b[2] - a2 * response;
            let state = [level * (b[1] - a1 * response + second), level * second];
            level *= response;
            gain = 1.0;
            state.map(|level| level * input)
        };
        self.sections.iter().map(of_section).collect()
    }
}

#[inline(always)]
fn step(sections: &[Section], states: &mut [[f64; 2]], input: f64) -> f64 {
    let mut x = input;
    for (Section { b, a: [a1, a2] }, state) in sections.iter().zip(states) {
        let y = b[0] * x + state[0];
        state[0] = b[1] * x - a1 * y + state[1];
        state[1] = b[2] * x - a2 * y;
        x = y;
    }
    x
}

#[cfg(test)]
mod tests;
