//! How long a series remembers: where its autocorrelation falls below 1/e.

use std::f64::consts::E;

use realfft::RealFftPlanner;

use super::variance::{all_finite, finite};

/// Lags that are summed one by one; a transform gives all of them at once where that is not enough.
const DIRECT: usize = 64;

/// Lag in samples, linearly interpolated. NaN for fewer than 2 samples, for a constant, and if it never falls that far.
pub fn autocorrelation_decay(series: &[f64]) -> f64 {
    let n = series.len();
    if n < 2 || !all_finite(series) || series.iter().all(|x| *x == series[0]) {
        return f64::NAN;
    }
    let mean = series.iter().map(|x| x - series[0]).sum::<f64>() / n as f64;
    let values: Vec<f64> = series.iter().map(|x| x - series[0] - mean).collect();
    let product = |lag: usize| values.iter().zip(&values[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let direct: Vec<f64> = (0..n.min(DIRECT)).map(product).collect();
    let found = crossing(&direct);
    if n <= DIRECT || found.is_some() {
        return found.map_or(f64::NAN, finite);
    }
    crossing(&all_products(&values)).map_or(f64::NAN, finite)
}

fn crossing(products: &[f64]) -> Option<f64> {
    let threshold = products[0] / E;
    let lag = products.iter().position(|product| *product < threshold)?;
    let (before, after) = (products[lag - 1], products[lag]);
    Some((lag - 1) as f64 + (before - threshold) / (before - after))
}

/// Lag products of all lags, by transforms with as many zeros behind the values.
fn all_products(values: &[f64]) -> Vec<f64> {
    let len = (2 * values.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
    let (mut time, mut frequency) = (forward.make_input_vec(), forward.make_output_vec());
    time[..values.len()].copy_from_slice(values);
    // The buffers are the plans' own: they cannot refuse.
    let done = forward.process(&mut time, &mut frequency);
    debug_assert!(done.is_ok());
    for bin in &mut frequency {
        *bin = (bin.norm_sqr() / len as f64).into();
    }
    let done = inverse.process(&mut frequency, &mut time);
    debug_assert!(done.is_ok());
    time.truncate(values.len());
    time
}
