//! Outliers by the generalised extreme studentised deviate test: up to r of them, whose number need not be known.
//!
//! R_i = max |x - mean| / s over the values that are left, of which the most extreme one is taken out then, i = 1 .. r. With n values in all and
//! t = t_(p, n - i - 1), the quantile of Student's distribution at p = 1 - alpha / (2 (n - i + 1)),
//!
//! lambda_i = (n - i) t / sqrt((n - i - 1 + t^2) (n - i + 1))
//!
//! The outliers are the first i values that were taken out, for the largest i with R_i > lambda_i.
//!
//! Reference: Rosner B (1983) Technometrics 25:165, equations 2.5 and 2.6.

use statrs::function::beta::inv_beta_reg;

/// Which standard deviation values are studentised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Deviation {
    /// Of the sample, divided by n - 1, as published.
    #[default]
    Sample,
    /// Of the population, divided by n.
    Population,
}

/// The indices of outliers among `values`, the most extreme first; at most `most` of them, at the level `alpha`.
///
/// Of fewer than three values, or with a level that is not between 0 and 1, none is an outlier. Values are finite.
pub fn outliers(values: &[f64], most: usize, alpha: f64, deviation: Deviation) -> Vec<usize> {
    let n = values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let sorted: Vec<f64> = order.iter().map(|&i| values[i]).collect();
    let (mut left, mut taken, mut count) = (0..n, Vec::new(), 0);
    // There is no distribution of the last two.
    for i in 1..=most.min(n.saturating_sub(2)) {
        let rest = &sorted[left.clone()];
        let (mean, sd) = moments(rest, deviation);
        let (low, high) = (mean - rest[0], rest[rest.len() - 1] - mean);
        if low > high {
            taken.push(order[left.start]);
            left.start += 1;
        } else {
            left.end -= 1;
            taken.push(order[left.end]);
        }
        if low.max(high) / sd > critical_value(n, i, alpha) {
            count = i;
        }
    }
    taken.truncate(count);
    taken
}

/// lambda_i for n values; NaN where there is none.
pub fn critical_value(n: usize, i: usize, alpha: f64) -> f64 {
    if i == 0 || n < i + 2 || !(alpha > 0.0 && alpha < 1.0) {
        return f64::NAN;
    }
    let left = (n - i) as f64;
    let t = upper_t(alpha / (2.0 * (left + 1.0)), left - 1.0);
    left * t / ((left - 1.0 + t * t) * (left + 1.0)).sqrt()
}

/// The t that Student's distribution with `df` degrees of freedom exceeds with probability `p`, which is below one half.
fn upper_t(p: f64, df: f64) -> f64 {
    let part = inv_beta_reg(0.5 * df, 0.5, 2.0 * p);
    (df * (1.0 - part) / part).sqrt()
}

fn moments(values: &[f64], deviation: Deviation) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    let dof = match deviation {
        Deviation::Sample => n - 1.0,
        Deviation::Population => n,
    };
    (mean, (squares / dof).sqrt())
}

#[cfg(test)]
mod tests;
