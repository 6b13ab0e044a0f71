//! acf_timescale and acf_first_min, and the crossings of the autocorrelation that other features
//! use as a time lag.
//!
//! ACF_k = g(k) / g(0) with the biased lag products g of the z-scored series, mean removed once
//! more.
//!
//! acf_timescale: where the ACF falls below 1/e, linearly interpolated between lags; n - 1 if it
//! never does (v0: lags 1..n-2 are searched, n if never). acf_first_min: the first lag in 1..=n-2
//! below both neighbours; n if none.

use super::Definitions;
use super::lag_products::LagProducts;
use super::spectrum::Transforms;

pub(super) fn timescale(products: &mut LagProducts, definitions: Definitions, transforms: &mut Transforms) -> f64 {
    const THRESHOLD: f64 = 0.36787944117144233; // 1/e
    let n = products.len();
    match definitions {
        Definitions::V1 => crossing(products, THRESHOLD, n, transforms).unwrap_or(n.saturating_sub(1) as f64),
        Definitions::V0 => crossing(products, THRESHOLD, n.saturating_sub(1), transforms).unwrap_or(n as f64),
    }
}

/// NaN for fewer than three samples.
pub(super) fn first_minimum(products: &mut LagProducts, transforms: &mut Transforms) -> f64 {
    let n = products.len();
    if n < 3 {
        return f64::NAN;
    }
    (1..n - 1)
        .find(|&lag| {
            let here = products.correlation(lag, transforms);
            here < products.correlation(lag - 1, transforms) && here < products.correlation(lag + 1, transforms)
        })
        .unwrap_or(n) as f64
}

/// First lag in 1..`end` whose ACF is below `threshold`, interpolated between it and the lag
/// before.
pub(super) fn crossing(
    products: &mut LagProducts,
    threshold: f64,
    end: usize,
    transforms: &mut Transforms,
) -> Option<f64> {
    let lag = (1..end).find(|&lag| products.correlation(lag, transforms) < threshold)?;
    let before = products.correlation(lag - 1, transforms);
    let after = products.correlation(lag, transforms);
    Some((lag - 1) as f64 + (before - threshold) / (before - after))
}

/// Smallest lag with ACF <= 0, looking no further than `limit`, which is the answer if there is
/// none before. 0 for a series of zeros, whose ACF is undefined.
pub(super) fn first_zero(products: &mut LagProducts, limit: usize, transforms: &mut Transforms) -> usize {
    let positive = |lag: usize| products.correlation(lag, transforms) > 0.0;
    (0..limit).map(positive).position(|positive| !positive).unwrap_or(limit)
}

/// Smallest lag >= 1 with ACF < 0, looking no further than `limit`, which is the answer if there is
/// none before.
pub(super) fn first_negative(products: &mut LagProducts, limit: usize, transforms: &mut Transforms) -> usize {
    (1..limit).find(|&lag| products.correlation(lag, transforms) < 0.0).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_cosine_crosses_where_it_should() {
        let mut transforms = Transforms::default();
        let mut products = LagProducts::default();
        let wave: Vec<f64> = (0..40_000).map(|i| (std::f64::consts::TAU * f64::from(i) / 400.0).cos()).collect();
        products.load(&wave, 0.0);
        // The biased estimate is cos(2 pi k / 400) (1 - k / n) but for edge terms.
        let quarter = crossing(&mut products, 0.0, 40_000, &mut transforms).unwrap_or(f64::NAN);
        assert!((quarter - 100.0).abs() < 0.5, "{quarter}");
        assert!((first_minimum(&mut products, &mut transforms) - 200.0).abs() <= 1.0);
        assert_eq!(first_zero(&mut products, 50, &mut transforms), 50);
        assert!(first_negative(&mut products, 40_000, &mut transforms).abs_diff(100) <= 1);
    }
}
