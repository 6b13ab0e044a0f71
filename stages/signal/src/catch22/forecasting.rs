//! forecast_error and whiten_timescale: residuals of two naive forecasts.
//!
//! forecast_error: standard deviation of y_(i+3) - (y_i + y_(i+1) + y_(i+2)) / 3 (v1: NaN below
//! five samples).
//! whiten_timescale: how much sooner the ACF of the residuals d of the last-value forecast crosses
//! zero than that of y. v1 interpolates the first crossing below zero (length - 1 if none); v0
//! takes the first lag with ACF <= 0 (length if none).

use super::Definitions;
use super::autocorrelation::{crossing, first_zero};
use super::lag_products::LagProducts;
use super::spectrum::Transforms;
use super::standardise::sum_of;

pub(super) fn forecast_error(values: &[f64], definitions: Definitions, residuals: &mut Vec<f64>) -> f64 {
    if values.len() < 5 && definitions == Definitions::V1 {
        return f64::NAN;
    }
    residuals.clear();
    residuals.extend(values.array_windows().map(|[a, b, c, next]| next - (a + b + c) / 3.0));
    let count = residuals.len() as f64;
    let mean = sum_of(residuals, |r| r) / count;
    (sum_of(residuals, |r| (r - mean) * (r - mean)) / (count - 1.0)).sqrt()
}

/// Ratio of the decorrelation times of the increments and of the series; NaN for fewer than three
/// samples.
pub(super) fn whiten_timescale(
    increments: &mut LagProducts,
    series: &mut LagProducts,
    definitions: Definitions,
    transforms: &mut Transforms,
) -> f64 {
    if series.len() < 3 {
        return f64::NAN;
    }
    let mut time = |products: &mut LagProducts| {
        let n = products.len();
        match definitions {
            Definitions::V1 => crossing(products, 0.0, n, transforms).unwrap_or(n as f64 - 1.0),
            Definitions::V0 => first_zero(products, n, transforms) as f64,
        }
    };
    time(increments) / time(series)
}
