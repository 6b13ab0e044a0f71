//! The time-rescaling test: whether intervals between spikes are those that a model allows.
//!
//! Between two spikes the integrated intensity xi is exponential with mean 1 if the model is right, and 1 - exp(-xi) uniform
//! (E. N. Brown et al. 2002, Neural Comput. 14:325). Bins hide when within them a spike came. For none-or-one models the
//! intensity of a silent bin is -log(1 - p), and that of the bin with the spike is cut at -log(1 - r p) with r uniform, which
//! makes the values exactly uniform (R. Haslinger, G. Pipa & E. Brown 2010, Neural Comput. 22:2477); Poisson counts are
//! spread evenly over their bin. Bins that are left out count as having no intensity, and a spike in one of them ends an
//! interval that is not used. The last interval, which no spike ends, is not used either.

use super::design::TargetBins;
use super::error::FitError;
use super::family::Family;

/// Kolmogorov's and Smirnov's test against the uniform distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KolmogorovSmirnov {
    /// The largest distance between distribution functions; NaN without values.
    pub statistic: f64,
    /// The probability of one as large, by the asymptotic distribution with Stephens's correction for few values.
    pub p: f64,
}

/// 1 - exp(-xi) of each interval, in order of time; `drives` are those of the bins, `uniform` gives numbers in [0, 1).
///
/// # Errors
/// Another number of drives than of bins.
pub fn rescaled(
    bins: &TargetBins,
    drives: &[f64],
    family: Family,
    uniform: &mut dyn FnMut() -> f64,
) -> Result<Vec<f64>, FitError> {
    if drives.len() != bins.bins.len() {
        return Err(FitError::Length { field: "drives", found: drives.len(), due: bins.bins.len() });
    }
    let mut values = Vec::new();
    let mut left_out = bins.left_out.iter().map(|(bin, _)| *bin).peekable();
    let mut elapsed = 0.0;
    for ((&bin, &count), &eta) in bins.bins.iter().zip(&bins.counts).zip(drives) {
        while left_out.next_if(|at| *at < bin).is_some() {
            elapsed = 0.0;
        }
        let intensity = family.intensity(eta);
        if count == 0 {
            elapsed += intensity;
        } else if family.is_binary() {
            let xi = elapsed - libm::log1p(-uniform() * family.mean(eta));
            values.push(-libm::expm1(-xi));
            elapsed = 0.0;
        } else {
            let mut places: Vec<f64> = (0..count).map(|_| uniform()).collect();
            places.sort_by(f64::total_cmp);
            let mut before = 0.0;
            for place in places {
                let xi = elapsed + intensity * (place - before);
                values.push(-libm::expm1(-xi));
                (elapsed, before) = (0.0, place);
            }
            elapsed = intensity * (1.0 - before);
        }
    }
    Ok(values)
}

/// Of values in [0, 1], in any order.
pub fn kolmogorov_smirnov(values: &[f64]) -> KolmogorovSmirnov {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    if sorted.is_empty() || sorted.iter().any(|value| value.is_nan()) {
        return KolmogorovSmirnov { statistic: f64::NAN, p: f64::NAN };
    }
    let distance = |(i, &u): (usize, &f64)| ((i + 1) as f64 / n - u).max(u - i as f64 / n);
    let statistic = sorted.iter().enumerate().map(distance).fold(0.0, f64::max);
    KolmogorovSmirnov { statistic, p: beyond((n.sqrt() + 0.12 + 0.11 / n.sqrt()) * statistic) }
}

/// How far from the diagonal the distribution of n uniform values stays with a probability (asymptotic: 1.36 / sqrt(n) for
/// 95 %).
pub fn ks_band(n: usize, confidence: f64) -> f64 {
    (-0.5 * libm::log(0.5 * (1.0 - confidence)) / n as f64).sqrt()
}

/// The probability that Kolmogorov's variable is above x.
fn beyond(x: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    if x < 0.05 {
        return 1.0;
    }
    if x < 1.18 {
        let term = |k: f64| libm::exp(-(2.0 * k - 1.0).powi(2) * PI * PI / (8.0 * x * x));
        return (1.0 - TAU.sqrt() / x * (1..=5).map(|k| term(f64::from(k))).sum::<f64>()).clamp(0.0, 1.0);
    }
    let term = |k: i32| f64::from(1 - 2 * ((k + 1) % 2)) * libm::exp(-2.0 * f64::from(k * k) * x * x);
    (2.0 * (1..=5).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_that_of_kolmogorov() {
        // 2 sum (-1)^(k-1) exp(-2 k^2 x^2), 200 terms in Python.
        for (x, due) in [
            (0.5, 0.9639452436648752),
            (1.0, 0.26999967167735456),
            (1.17, 0.12939004218561927),
            (1.2, 0.11224966667072497),
            (1.36, 0.049485876755377876),
            (2.0, 0.0006709252557796953),
        ] {
            assert!((beyond(x) - due).abs() < 1e-12, "{x}: {} {due}", beyond(x));
        }
    }

    #[test]
    fn the_statistic_is_the_largest_distance() {
        let found = kolmogorov_smirnov(&[0.9, 0.1, 0.4]);
        assert!((found.statistic - (2.0 / 3.0 - 0.4)).abs() < 1e-15);
        assert!(kolmogorov_smirnov(&[]).statistic.is_nan());
        assert!((ks_band(100, 0.95) - 0.1358).abs() < 1e-4);
    }
}
